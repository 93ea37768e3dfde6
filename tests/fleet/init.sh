# PID 1 of one server: makes its view of the file system, runs one program, and ends with everything on this server when its
# standard input does, so that nothing outlives the owner of the fleet.
# usage: sh init ROOT NAME SOURCES PROGRAM [ARGUMENT...]
set -eu
root=$1 name=$2 sources=$3
shift 3

# The old /proc still tells the pid outside.
read -r pid _ </proc/self/stat
exec 3<&0 </dev/null
echo "$name" >/proc/sys/kernel/hostname

# Deployed programs run, whatever the options of the mount around them are.
mount --bind -o exec,suid,dev "$root" "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs -o mode=1777 shm "$root/dev/shm"
mount -t tmpfs -o mode=755 run "$root/run"
mount --bind -o ro /etc "$root/.machine/etc"
for directory in usr opt bin sbin lib lib32 lib64 libx32; do
  if [ -d "$root/$directory" ] && [ ! -L "$root/$directory" ]; then
    mount --bind -o ro "/$directory" "$root/$directory"
  fi
done
mount --bind -o ro "$sources" "$root$sources"

cd "$root"
pivot_root . .old
cd /
umount -l /.old
mkdir -p /run/sshd /run/lock /run/fleet

trap 'exit 0' TERM
"$@" 3<&- >&2 &
program=$!
(while read -r _ <&3; do :; done; kill -TERM 1) >&2 &
echo "$!" >/run/fleet/watcher
echo "$pid"
exec >&2
wait "$program"
