# Written beside the target and renamed: who reads the target sees the old content or the new one, whole. m is the mode that is
# asked for; without one a new file is changed by a, one that is there by s, so that nobody may more than in the source.
# The connection may end in the middle, which looks like the end of the input; hence the length l.
make= z= me=
arrive
if [ -z "$b" ] || [ -d "./$b" ]; then fail "is a directory"; fi
old= owner=
of() { stat -c "$1" "$3" 2>/dev/null || stat -f "$2" "$3" 2>/dev/null; }
if [ -e "./$b" ]; then
  if [ ! -f "./$b" ]; then fail "is not a regular file"; fi
  look "./$b"
  if [ -z "$f" ] || [ "$u" = "${me:=$(id -u)}" ]; then
    owner=$u:$g
    old=$(of %a %Lp "./$b")
  fi
fi
hide
set -C
cat > "./$i" || exit 1
set +C
if [ "$(($(wc -c < "./$i")))" -ne "$l" ]; then fail "not all of the content arrived"; fi
if [ -n "$owner" ]; then
  look "./$i"
  if [ "$owner" != "$u:$g" ]; then chown "$owner" "./$i" 2>/dev/null || chgrp "${owner#*:}" "./$i" 2>/dev/null; fi
fi
case $m in
  '' | *[!0-7]*)
    if [ -n "$old" ]; then
      chmod -- "$old" "./$i" || exit 1
      a=$s
    fi
    if [ -n "$a" ]; then chmod -- "$a" "./$i" || exit 1; fi
    ;;
esac
if [ -n "$m" ]; then chmod -- "$m" "./$i" || exit 1; fi
place
