# Where a file or a directory goes, without passing through what others put in the way. The path is in p.
# A directory that all may write to, and what others made in it, is shared: a link is followed there only if it is ours or
# root's, and nothing is taken over from a file that is not ours.
fail() { echo "$p: $1" >&2; exit 1; }

# Of $1 itself: kind and permissions in k, the numbers of owner and group in u and g.
look() { seen=$(ls -ldn "$1") || exit 1; set -f; set -- $seen; set +f; k=$1 u=$3 g=$4; }
is_trusted() { [ "$u" = 0 ] || [ "$u" = "${me:=$(id -u)}" ]; }

# The link $1 in the current directory: where it leads is in n.
follow() {
  h=$((h + 1))
  if [ "$h" -gt 40 ]; then fail "the link leads nowhere"; fi
  look .
  case $f$k in y* | ????????w*) look "$1"; is_trusted || fail "leads through the link ${PWD%/}/${1#./}, which belongs to another user" ;; esac
  n=$(readlink "$1") || fail "the link leads nowhere"
}

# Goes into the directory $1, step by step. f says whether it is one that somebody else made where all may write.
enter() {
  r=$1
  case $r in /*) cd -P / || exit 1; f= ;; esac
  while [ -n "$r" ]; do
    case $r in */*) c=${r%%/*} r=${r#*/} ;; *) c=$r r= ;; esac
    case $c in
      '' | .) ;;
      ..) cd -P .. || exit 1 ;;
      *)
        if [ -h "./$c" ]; then
          follow "./$c"
          r=$n/$r
          case $n in /*) cd -P / || exit 1; f= ;; esac
        else
          if [ ! -d "./$c" ]; then
            if [ -z "$make" ]; then fail "there is no directory $d"; fi
            mkdir "./$c" || fail "cannot make the directory ${PWD%/}/$c"
          fi
          w=${PWD%/}
          if [ -n "$f" ] || [ -k . ]; then
            cd -P "./$c" || exit 1
            if [ "$PWD" != "$w/$c" ]; then fail "$w/$c has just been replaced"; fi
            look .
            if is_trusted; then f=; else f=y; fi
          else
            cd -P "./$c" || exit 1
          fi
        fi
        ;;
    esac
  done
}

# Goes to where the path ends, links followed; its name there is in b.
arrive() {
  cd -P . || exit 1
  h=0 f= q=$p
  while :; do
    case $q in */*) d=${q%/*}/ b=${q##*/} ;; *) d= b=$q ;; esac
    enter "$d"
    if [ ! -h "./$b" ]; then break; fi
    follow "./$b"
    q=$n
  done
  look .
  case $k in ????????w*) f=y ;; esac
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
