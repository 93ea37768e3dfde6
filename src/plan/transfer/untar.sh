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

# Merges what is below $1, a directory of what was unpacked, into the same directory of the target: first what is a directory on
# both sides, then all that is left at once. All calls of a function share the variables of the shell, but $1 belongs to each call.
merge() {
  [ -w "$1" ] || chmod u+w "$1" || exit 1
  for e in "$1"/*/ "$1"/.[!.]*/ "$1"/..?*/; do
    e=${e%/}
    if [ ! -d "$e" ] || [ -h "$e" ]; then continue; fi
    x=../$b${e#./$i}
    if [ -d "$x" ]; then
      if is_shared "$1"; then
        look "$x"
        is_trusted || fail "${e#./$i/} belongs to another user, in a directory that all may write to"
      fi
      merge "$e"
    elif [ ! -w "$e" ]; then
      chmod u+w "$e" && mv -f "$e" "../$b${1#./$i}/" && chmod u-w "$x" || exit 1
    fi
  done
  move "$1" "../$b${1#./$i}"
}
# Which directories of the target all may write to, one a line. To look at each by itself would take two processes for each.
list() {
  cd -P "./$i" || exit 1
  find . -type d -exec sh -c 'cd -P "../../$0" && exec find "$@" -prune -perm -0002' "$b" {} + 2>/dev/null
}
is_shared() {
  if [ -n "$find" ]; then
    case $n$shared$n in *"$n.${1#./$i}$n"*) return 0 ;; esac
    return 1
  fi
  look "../$b${1#./$i}"
  case $k in ????????w*) return 0 ;; esac
  return 1
}
# Moves all that is in $1 into $2. No tool moves files into many directories but perl, which is nearly everywhere: it is told the
# directories, and the rest is for mv, with a process for each of them.
move() {
  if [ -n "$perl" ]; then
    printf '%s\0' "$1" "$2"
    return
  fi
  from=$1 to=$2
  some "$from"/*
  some "$from"/.[!.]*
  some "$from"/..?*
  rmdir "$from" || exit 1
}
# What mv can do and rename cannot, above all to copy to another file system, is left to mv, and so is what fails.
rename() {
  LC_ALL=C perl -e '
    $/ = "\0";
    while (defined(my $from = <STDIN>)) {
      my $to = <STDIN>;
      chomp($from, $to);
      opendir(my $all, $from) or die "$from: $!\n";
      for (readdir $all) {
        next if /^\.\.?\z/ or rename("$from/$_", "$to/$_");
        system("mv", "-f", "$from/$_", "$to/") and exit 1;
      }
      rmdir $from or die "$from: $!\n";
    }'
}
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
  n='
'
  find= perl= shared=
  if command -v find > /dev/null; then
    find=y
    shared=$(list)
  fi
  if perl -e 1 2> /dev/null; then
    perl=y
    merge "./$i" | rename || exit 1
  else
    merge "./$i"
  fi
  # Each directory was removed once it was empty.
  if [ -d "./$i" ]; then exit 1; fi
elif [ -w "./$i" ]; then
  place
else
  chmod u+w "./$i" && place && chmod u-w "../$b" || exit 1
fi
