# Where a file or a directory goes, without passing through what others put in the way. The path is in p.
# A directory that all may write to, and what others made in it, is shared: a link is followed there only if it is ours or
# root's, and nothing is taken over from a file that is not ours.
fail() { echo "$p: $1" >&2; exit 1; }

# Of $1 itself: kind and permissions in k, the numbers of owner and group in u and g.
look() { seen=$(ls -ldn "$1") || exit 1; set -f; set -- $seen; set +f; k=$1 u=$3 g=$4; }
is_trusted() { [ "$u" = 0 ] || [ "$u" = "${me:=$(id -u)}" ]; }

# Says in f whether the directory $1 is shared, where $2 is its path without links: going up from it, all may write to one before
# there comes one that is ours or root's.
judge() {
  f= up=$1 above=$2
  while :; do
    look "$up"
    case $k in ????????w*) f=y; return ;; esac
    if [ -O "$up" ] 2>/dev/null || is_trusted; then return; fi
    case $above in / | '') return ;; esac
    up=$up/..
    above=${above%/*}
  done
}

# The link $1 in the current directory: where it leads is in n.
follow() {
  h=$((h + 1))
  if [ "$h" -gt 40 ]; then fail "the link leads nowhere"; fi
  judge . "$PWD"
  if [ -n "$f" ]; then
    look "$1"
    is_trusted || fail "leads through the link ${PWD%/}/${1#./}, which belongs to another user"
  fi
  n=$(readlink "$1") || fail "the link leads nowhere"
}

# Goes into the directory $1, step by step.
enter() {
  r=$1
  case $r in /*) cd -P / || exit 1 ;; esac
  while [ -n "$r" ]; do
    case $r in */*) c=${r%%/*} r=${r#*/} ;; *) c=$r r= ;; esac
    case $c in
      '' | .) ;;
      ..) cd -P .. || exit 1 ;;
      *)
        if [ -h "./$c" ]; then
          follow "./$c"
          r=$n/$r
          case $n in /*) cd -P / || exit 1 ;; esac
        else
          if [ ! -d "./$c" ]; then
            if [ -z "$make" ]; then fail "there is no directory $d"; fi
            mkdir "./$c" || fail "cannot make the directory ${PWD%/}/$c"
          fi
          w=${PWD%/}
          cd -P "./$c" || exit 1
          # A link by now, or only written otherwise.
          if [ "$PWD" != "$w/$c" ]; then
            judge "${w:-/}" "$w"
            if [ -n "$f" ]; then fail "$w/$c has just been replaced"; fi
          fi
        fi
        ;;
    esac
  done
}

# Goes to where the path ends, links followed; its name there is in b, and f says whether that directory is shared.
arrive() {
  cd -P . || exit 1
  h=0 q=$p
  while :; do
    case $q in */*) d=${q%/*}/ b=${q##*/} ;; *) d= b=$q ;; esac
    enter "$d"
    if [ ! -h "./$b" ]; then break; fi
    follow "./$b"
    q=$n
  done
  judge . "$PWD"
}

# Makes a directory that nobody else can look into and goes there. What is made in it has the name i. Whatever happens,
# nothing is left of it.
hide() {
  t=
  trap clean EXIT
  trap 'exit 1' HUP INT PIPE TERM
  t=$(mktemp -d ./.capr.XXXXXXXX 2>/dev/null) || { t=./.capr.$$; (umask 077; mkdir "$t") || { t=; fail "cannot write in its directory, $PWD"; }; }
  i=${t#./}
  cd -P "$t" || exit 1
  z=y
  if [ -n "$f" ] && [ ! -k .. ] && [ ! -O . ]; then fail "its directory is not safe: all may write to it"; fi
}
clean() {
  if [ -n "$z" ]; then
    rm -rf "./$i" 2>/dev/null || { chmod -R u+rwx "./$i"; rm -rf "./$i"; }
    cd -P ..
  fi
  if [ -n "$t" ]; then rmdir "$t"; fi
}

# Renames what was made. Where others may write, what they make in its place meanwhile must not be moved into.
place() {
  v=-f
  if [ -n "$f" ]; then
    for x in -fT -fh; do
      : > ./one
      if mv "$x" ./one ./two 2>/dev/null; then v=$x; break; fi
    done
    rm -f ./one ./two
  fi
  mv "$v" "./$i" "../$b" || exit 1
}
