# Unpacked beside the target. Where there is nothing yet, it is renamed; into a directory everything is moved, as large as it
# comes, and many pieces at a time.
make=y z= me=
while :; do case $p in ?*/) p=${p%/} ;; *) break ;; esac; done
if [ -e "$p" ] || [ -h "$p" ]; then [ -d "$p" ] || fail "is not a directory"; fi
arrive
b=${b:-.}
if [ -e "./$b" ]; then
  [ -d "./$b" ] || fail "is not a directory"
  if [ -n "$f" ]; then
    look "./$b"
    is_trusted || fail "belongs to another user, in a directory that all may write to"
  fi
fi

# Moves what is in $1 into $2: first what is a directory on both sides, then all that is left at once. A shell has one set of
# variables for all calls of a function, hence a shell for each.
merge() (
  from=$1 to=$2 shared=
  look "$to"
  case $k in ????????w*) shared=y ;; esac
  [ -w "$from" ] || chmod u+w "$from"
  for e in "$from"/*/ "$from"/.[!.]*/ "$from"/..?*/; do
    e=${e%/}
    if [ ! -d "$e" ] || [ -h "$e" ]; then continue; fi
    x=$to/${e##*/}
    if [ -d "$x" ]; then
      if [ -n "$shared" ]; then
        look "$x"
        is_trusted || fail "$x belongs to another user, in a directory that all may write to"
      fi
      merge "$e" "$x" && rmdir "$e" || exit 1
    elif [ ! -w "$e" ]; then
      chmod u+w "$e" && mv -f "$e" "$to/" && chmod u-w "$x" || exit 1
    fi
  done
  some "$from"/*
  some "$from"/.[!.]*
  some "$from"/..?*
)
# Moves these where there are any; where there are many, all that is in the directory, as many at a time as a command takes.
some() {
  if [ ! -e "$1" ] && [ ! -h "$1" ]; then return; fi
  if [ "$#" -gt 300 ]; then
    find "$from/." ! -name . -prune -exec sh -c 'mv -f "$@" "$0/"' "$to" {} + || exit 1
  else
    mv -f "$@" "$to/" || exit 1
  fi
}

hide
mkdir "./$i" || exit 1
tar -xof - -C "./$i" || exit 1
if [ ! -f "./$i/$end" ]; then fail "not all of the content arrived"; fi
rm -f "./$i/$end"
# Some tars, and all that root runs, set the modes that are in the archive, whatever the umask.
cut=
IFS=,
for x in $(umask -S); do
  case $x in u*) continue ;; esac
  for y in r w x; do case ${x#*=} in *$y*) ;; *) cut=$cut,${x%%=*}-$y ;; esac; done
done
unset IFS
if [ -n "$cut" ]; then chmod -R "${cut#,}" "./$i" || exit 1; fi
if [ -d "../$b" ]; then
  merge "./$i" "../$b" || exit 1
elif [ -w "./$i" ]; then
  place
else
  chmod u+w "./$i" && place && chmod u-w "../$b" || exit 1
fi
