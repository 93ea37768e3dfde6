# What proves whose a process is, for any POSIX shell; no quotes but double ones, since it stands between single ones.

# Learns of process $1 what the kernel tells: state, parent, session, start, name. It fails where that cannot be told exactly. A
# process chooses its own name, with spaces, parentheses and line ends in it: what follows the last parenthesis is not its choice.
tell() {
  line= lines=0
  while IFS= read -r next; do line=$next lines=$((lines + 1)); done 2>/dev/null <"$proc/$1/stat" || return 1
  case $line in *\)*) ;; *) return 1 ;; esac
  rest=${line##*\)}
  set -- "$1" $rest
  [ $# -ge 21 ] || return 1
  case $3,$5,${21} in *[!0-9,]*) return 1 ;; esac
  state=$2 parent=$3 session=$5 start=${21} name=other
  [ "$lines" = 1 ] || return 0
  case $line in
  "$1 (sudo)$rest") name=sudo ;;
  "$1 (sshd)$rest" | "$1 (sshd-session)$rest" | "$1 (dropbear)$rest" | "$1 (dropbearmulti)$rest") name=sshd ;;
  esac
}

# Succeeds where mark $1, a process and its start, is one that lives.
lives() { tell "${1%:*}" && [ "$start" = "${1#*:}" ] && [ "$state" != Z ]; }

# Succeeds while the process that serves the connection lives and is the parent of the shell that it has started, if this is that one.
served() { { [ -z "$own" ] || { tell "$own" && [ "$parent" = "${server%:*}" ]; }; } && lives "$server"; }

# Sends signal $1 to those of the marks $2, which commas separate, that are still what they were. What it may not do is `denied`.
strike() {
  signal=$1 denied=
  IFS=,
  set -- $2
  unset IFS
  for mark; do
    served || return 1
    lives "$mark" || continue
    kill -s "$signal" "${mark%:*}" 2>/dev/null || denied=$denied,$mark
  done
}
