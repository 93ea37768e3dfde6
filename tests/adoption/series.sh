#!/bin/bash
# Deploys with a real Capistrano and with capr by turns onto the same two servers, and tells after each step what is current there.
# The record in this folder was made by it; tests/deploy/adopted.rs builds what Capistrano leaves on a server from that.
#
# usage: tests/adoption/series.sh CAP [ARGUMENT...]     for example  tests/adoption/series.sh cap production
#        (3.x; a directory with Capfile and stages is made), or  tests/adoption/series.sh ruby -I lib bin/cap  (2.15)
# Needs the fleet (scripts/fleet up --hosts app1,app2), a debug build, and Capistrano; nothing of it is part of the tests.
set -u
checkout=$(cd "$(dirname "$0")/../.." && pwd)
fleet=$checkout/target/debug/examples/fleet
cap=("$@")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
. "$(cd "$checkout" && "$fleet" env)"
clone=$(dirname "$CAPR_SSH_CONFIG")/flipper
export HOME=$work/home
mkdir -p "$HOME/.ssh" "$work/cap/config/deploy" "$work/capr"
cp "$CAPR_SSH_CONFIG" "$HOME/.ssh/config"

case " ${cap[*]} " in
  *' production '*)
    version=3
    cat > "$work/cap/Capfile" <<END
require "capistrano/setup"
require "capistrano/deploy"
require "capistrano/scm/git"
install_plugin Capistrano::SCM::Git
END
    cat > "$work/cap/config/deploy.rb" <<END
set :application, "shop"
set :repo_url, "$FLEET_GIT"
set :deploy_to, "/u/apps/shop"
set :linked_dirs, ["log", "public/uploads"]
set :keep_releases, 3
set :branch, "main"
END
    cat > "$work/cap/config/deploy/production.rb" <<END
server "app1", user: "deploy", roles: %w{app web}, ssh_options: {port: 2222}
server "app2", user: "deploy", roles: %w{app web}, ssh_options: {port: 2222}
END
    ;;
  *)
    version=2
    cat > "$work/cap/Capfile" <<END
load "deploy"
set :application, "shop"
set :repository, "$FLEET_GIT"
set :scm, :git
set :deploy_to, "/u/apps/shop"
set :deploy_via, :remote_cache
set :branch, "main"
set :use_sudo, false
set :user, "deploy"
set :normalize_asset_timestamps, false
set :keep_releases, 3
set :shared_children, %w(log public/uploads)
role :app, "app1:2222", "app2:2222"
role :web, "app1:2222", "app2:2222"
role :db, "app1:2222", :primary => true
namespace :deploy do
  task :restart, :roles => :app do
  end
end
END
    ;;
esac
cat > "$work/capr/Caprfile" <<END
set :application, "shop";
set :repository, "$FLEET_GIT";
set :branch, "main";
set :keep_releases, 3;
set :dialect, $version;
set :restart_via, :none;
set :linked_dirs, ["log", "public/uploads"];
role :app, "app1", "app2";
role :web, "app1", "app2";
END
echo 'after "deploy:published" { run "[ $(hostname) = app1 ]"; }' > "$work/fail.rhai"
if [ "$version" = 2 ]; then
  # Its shared directories go by their last part.
  sed -i 's/^set :linked_dirs.*/set :shared_children, ["log", "public\/uploads"];/' "$work/capr/Caprfile"
fi

other() { (cd "$work/cap" && timeout 120 "${cap[@]}" "$@"); }
capr() { (cd "$work/capr" && timeout 60 "$checkout/target/debug/capr" "$@"); }
on() { (cd "$checkout" && timeout 20 "$fleet" exec "$1" sh -c "$2"); }
all() { for host in app1 app2; do on "$host" "$1"; done; }
commit() {
  (cd "$clone" && echo "$1" > VERSION && git -c user.name=Tester -c user.email=tester@example.com commit -qam "version $1" &&
    git push -q origin HEAD)
  sleep 1 # A release is named by its second.
}

steps=0 good=0 code=0
# step TEXT VERSION COMMAND...: the version must be current on both servers then, with the file that a user has uploaded.
step() {
  steps=$((steps + 1))
  local text=$1 wanted=$2
  shift 2
  "$@" > "$work/log" 2>&1
  local ended=$? found photo
  found=$(all 'cat /u/apps/shop/current/VERSION' 2>&1 | sort -u)
  photo=$(all 'cat /u/apps/shop/current/public/uploads/photo' 2>&1 | sort -u)
  if [ "$found" = "$wanted" ] && [ "$photo" = photo ] && [ "$ended" = "$code" ]; then
    good=$((good + 1))
    echo "$steps good: $text (version $found)"
  else
    echo "$steps BAD: $text: exit $ended, version $found instead of $wanted, upload: $photo"
    tail -n 5 "$work/log" | sed 's/^/    /'
  fi
  code=0
}

all "rm -rf /u/apps/shop; mkdir -p /u/apps/shop/shared/uploads /u/apps/shop/shared/public/uploads
  for place in uploads public/uploads; do echo photo > /u/apps/shop/shared/\$place/photo; done; chown -R deploy: /u/apps/shop"
commit 1
[ "$version" = 3 ] || other deploy:setup > /dev/null 2>&1
step "Capistrano deploys" 1 other deploy
step "capr tells what is where" 1 capr deploy:status
commit 2
step "capr deploys over Capistrano's" 2 capr deploy
commit 3
step "Capistrano deploys over capr's" 3 other deploy
step "capr rolls Capistrano's back" 2 capr rollback
commit 4
step "capr deploys" 4 capr deploy
step "Capistrano rolls capr's back" 2 other deploy:rollback
step "capr rolls back once more" 1 capr rollback
commit 5
step "capr deploys by remote_cache, beside or from Capistrano's" 5 capr deploy -s deploy_via=remote_cache
commit 6
step "Capistrano deploys from its cache" 6 other deploy
commit 7
step "capr deploys by remote_cache again" 7 capr deploy -s deploy_via=remote_cache
step "Capistrano removes old releases" 7 other deploy:cleanup
step "capr removes old releases" 7 capr cleanup
step "capr rolls back" 6 capr rollback
commit 8
code=1
step "capr's deploy fails on one server and is undone" 6 capr -f Caprfile -f ../fail.rhai deploy
step "Capistrano deploys after that" 8 other deploy
all 'mkdir -p /u/apps/shop/releases/20300101000000; chown deploy: /u/apps/shop/releases/20300101000000'
step "capr rolls back past what a broken-off deploy of Capistrano has left" 6 capr rollback
all 'rmdir /u/apps/shop/releases/20300101000000'
commit 9
step "capr deploys" 9 capr deploy
name=$(on app1 'ls -r /u/apps/shop/releases' | sed -n 2p)
wanted=$(on app1 "cat /u/apps/shop/releases/$name/VERSION")
step "capr rolls back to a release that is named" "$wanted" capr "ROLLBACK_RELEASE=$name" rollback
commit 10
step "Capistrano deploys" 10 other deploy
all 'cd /u/apps/shop && ln -sfn "releases/$(basename "$(readlink current)")" current'
step "capr tells what is where, by a relative link" 10 capr deploy:status
commit 11
step "capr deploys over a relative link" 11 capr deploy
step "capr rolls back to it" 10 capr rollback
step "capr tells the history" 10 capr deploy:history
echo "$good of $steps"
