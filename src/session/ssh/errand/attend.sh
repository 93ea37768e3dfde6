# Takes orders from its input and answers them, until that ends.

# Tells of the processes whose number or session is one of $1, which commas separate; with `-` of all that have a session. Then it
# tells which of those that prove something are still what they were: what was seen in between is proven as well.
look() {
  IFS=,
  set -- $1
  unset IFS
  wanted=" $* " again=
  for directory in "$proc"/[0-9]*; do
    pid=${directory##*/}
    tell "$pid" && [ "$session" != 0 ] || continue
    case $wanted in
    " - ") case $parent,$name in "${server%:*},"* | *,sudo) again="$again $pid" ;; esac ;;
    *" $pid "* | *" $session "*) again="$again $pid" ;;
    *) continue ;;
    esac
    echo "$pid $parent $session $start $state $name"
  done
  for pid in $again; do
    tell "$pid" && echo "still $pid $start"
  done
}

# A line is the nonce, then what to do. It is read only after this has spoken: the input of a connection that ended before never has
# one. And whoever has sent it was there when the parent was looked at, which therefore is what serves the connection.
attend() {
  own=$$ self=
  echo "capr $nonce user $(id -u 2>/dev/null)"
  read -r self rest 2>/dev/null <"$proc/self/stat"
  if [ "$self" = "$own" ] && tell "$own" && [ "$parent" -gt 1 ] && server=$parent && tell "$server" && [ "$name" = sshd ]; then
    server=$server:$start
    echo "capr $nonce ready $own ${server%:*}"
    while read -r word verb signal sessions marks sudo && [ "$word" = "$nonce" ] && served; do
      if [ "$verb" = kill ]; then
        strike "$signal" "$marks"
        [ -z "$denied" ] || [ -z "$sudo" ] || as_root
      fi
      look "$sessions"
      echo "capr $nonce done"
    done
  fi
  echo "capr $nonce unproven"
}

# Does what the login may not, with the same proofs: sudo may take its time.
as_root() {
  script="$proof
proc=$proc own= server=$server
strike $signal ${denied#,}"
  eval "$sudo -n sh -c \"\$script\"" </dev/null >/dev/null 2>&1
}

# What else comes is no part of this text.
attend; exit
