#!/bin/bash
# Deploys six recipes twice: with the real Capistrano, and with what `capr port` has made of them. Compares what both have left on the
# servers. Only the names of releases and revisions of the caches may differ, and what each tool keeps for itself.
#
# usage: tests/port/side_by_side.sh CAPISTRANO2      (a checkout of v2.15.11; `cap` of the PATH is 3.17.2)
# Needs the fleet (scripts/fleet up --hosts app1,app2), a debug build and Debian's ruby-net-ssh, -scp, -sftp, -ssh-gateway and
# ruby-highline. It is no part of the tests; side_by_side.txt is its record.
set -u
checkout=$(cd "$(dirname "$0")/../.." && pwd)
here=$checkout/tests/port/side
fleet=$checkout/target/debug/examples/fleet
two=${1:?the checkout of Capistrano 2.15.11}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
. "$(cd "$checkout" && "$fleet" env)"
export HOME=$work/home
mkdir -p "$HOME/.ssh"
cp "$CAPR_SSH_CONFIG" "$HOME/.ssh/config"

on() { (cd "$checkout" && timeout 20 "$fleet" exec "$1" sh -c "$2"); }
all() { for host in app1 app2; do on "$host" "$1"; done; }

# Prints kind, mode, path and content of everything below a directory. The names of releases are replaced by R1, R2…
# Left out is what each tool keeps for itself: .capr, REVISION_TIME and revisions.log (of 3.x and capr), the copy of the repository
# (shared/cached-copy of 2.x, which a release has with its .git; repo), the archive that a rollback of 3.x makes. Directories are compared without the group's right to
# write, which capr gives to those that it makes for links, too.
tree() {
  on "$1" "cd $2 || exit 1
    find . \\( -name .capr -o -name .git -o -path './repo*' -o -path ./shared/cached-copy -o -name REVISION_TIME -o -name revisions.log \
      -o -name 'rolled-back-release-*' \\) -prune -o -print | LC_ALL=C sort | while read -r path; do
      if [ -L \"\$path\" ]; then echo \"l \$path -> \$(readlink \"\$path\")\"
      elif [ -d \"\$path\" ]; then echo \"d \$(stat -c %A \"\$path\" | sed 's/^\(.....\)w/\1-/') \$path\"
      else echo \"f \$(stat -c %a \"\$path\") \$path \$(sed s#$2#ROOT#g \"\$path\" | sha256sum | cut -c1-12)\"; fi
    done" | sed "s#$2#ROOT#g" | number
}

number() {
  awk '{ while (match($0, /20[0-9][0-9][0-1][0-9][0-3][0-9][0-9][0-9][0-9][0-9][0-9][0-9]/)) {
    name = substr($0, RSTART, 14); if (!(name in names)) names[name] = "R" ++count
    $0 = substr($0, 1, RSTART - 1) names[name] substr($0, RSTART + 14) } print }'
}

good=0 count=0
for recipe in "$here"/*/; do
  name=$(basename "$recipe")
  count=$((count + 1))
  root=/u/apps/$name
  all "rm -rf $root.real $root.port; mkdir -p $root.real $root.port; chown deploy: $root.real $root.port"
  # Capistrano 3 makes its directories when it deploys; capr wants to be asked for that.
  case $name in 3*) echo 'production setup' ;; esac >"$work/first"
  for way in real port; do
    rm -rf "$work/project"
    cp -R "$recipe" "$work/project"
    find "$work/project" -type f -exec sed -i "s#@REPOSITORY@#$FLEET_GIT#; s#@ROOT@#$root.$way#" {} +
    cd "$work/project" || exit 1
    { [ $way = real ] || cat "$work/first"; cat steps; } >"$work/steps"
    while read -r line; do
      if [ "${line%% *}" = servers ]; then
        all "cd $root.$way && ${line#servers }" || exit 1
        continue
      fi
      # shellcheck disable=SC2086
      case $way-$name in
        real-2*) timeout 120 ruby -I "$two/lib" "$two/bin/cap" $line ;;
        real-3*) timeout 120 cap $line ;;
        port-*)
          [ -e Caprfile ] || timeout 60 "$checkout/target/debug/capr" port . || echo "port: exit $?"
          timeout 120 "$checkout/target/debug/capr" ${line/deploy:setup/setup}
          ;;
      esac >>"$work/$name.$way.log" 2>&1 </dev/null || { echo "$name: $way: \`$line' failed"; tail -n 15 "$work/$name.$way.log" | sed 's/^/    /'; }
      sleep 1 # A release is named by its second.
    done <"$work/steps"
    cd "$checkout" || exit 1
    for host in app1 app2; do tree "$host" "$root.$way"; done >"$work/$name.$way.tree"
  done
  if diff "$work/$name.real.tree" "$work/$name.port.tree" >"$work/$name.diff"; then
    good=$((good + 1))
    echo "$name: the same, $(wc -l <"$work/$name.real.tree") entries on two servers"
  else
    echo "$name: differs"
    sed 's/^/    /' "$work/$name.diff" | head -n 40
  fi
done
echo "$good of $count"
[ "$good" = "$count" ]
