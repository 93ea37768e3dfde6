//! The lock of the servers, on real ones: who is refused, who waits, who takes it back, and that no way out leaves it.

use rustix::process::Signal;

use crate::fleet::Fleet;
use crate::harness::{Case, Finished, Running};

const STATE: &str = "/u/apps/flipper/.capr";
const RECIPE: &str = r#"
set :application, "flipper";
role :app, "app1", "app2";
task :works, :lock => true { run "touch /tmp/works; n=0; until [ -e /tmp/go ] || [ $n = 300 ]; do n=$((n + 1)); sleep 0.1; done"; }
task :hooked, :lock => true { invoke "works"; }
task :ends, :lock => true { run "true"; }
task :fails, :lock => true { transaction { on_rollback { run "true"; } run "false"; } }
task :aborts, :lock => true { abort "no"; }
task :leaves, :lock => true { exit(3); }
task :away, :lock => true {
  run "true";
  run_locally "touch away; n=0; until [ -e back ] || [ $n = 300 ]; do n=$((n + 1)); sleep 0.1; done";
  run "echo again";
}
task :late, :lock => true {
  run "true";
  run_locally "touch away; n=0; until [ -e back ] || [ $n = 300 ]; do n=$((n + 1)); sleep 0.1; done";
}
"#;

struct Two(Fleet);

impl Two {
    fn new() -> Self {
        let two = Self(Fleet::start(&["app1", "app2"]));
        two.all("mkdir -p /u/apps/flipper && chown -R deploy /u");
        two
    }

    fn all(&self, command: &str) -> [String; 2] {
        ["app1", "app2"].map(|server| self.0.sh(server, command))
    }

    fn case(&self, arguments: &[&str]) -> Case {
        Case::new().recipe(RECIPE).args(arguments).on(&self.0)
    }

    fn run(&self, arguments: &[&str]) -> Finished {
        self.case(arguments).run()
    }

    fn start(&self, arguments: &[&str]) -> Running {
        self.case(arguments).start()
    }

    fn until(&self, condition: &str) {
        self.all(&format!(
            "n=0; until {condition}; do n=$((n + 1)); [ $n -lt 300 ] || exit 1; sleep 0.1; done"
        ));
    }

    /// Nobody holds the lock, and nothing of it is left.
    #[track_caller]
    fn is_free(&self) {
        assert_eq!(self.all(&format!("ls {STATE}")), ["", ""]);
    }
}

#[test]
fn b11_who_comes_second_is_told_who_holds_the_lock_or_waits_for_it() {
    let two = Two::new();
    let first = two.start(&["hooked"]);
    two.until("[ -e /tmp/works ]");
    two.run(&["ends"])
        .code(6)
        .says("the servers are locked by tester on ")
        .says(" UTC, hooked")
        .says(", at work")
        .says("--lock-wait");
    two.run(&["ends", "HOSTS=app2"])
        .code(6)
        .says("app2 is locked by tester");
    two.run(&["deploy:unlock"]).code(1).says("FORCE=yes");
    two.run(&["-n", "ends"]).ok();
    two.run(&["deploy:lock:status"]).ok().says("app1  tester on ");
    let mut waits = two.start(&["ends", "--lock-wait", "1m"]);
    waits.wait_for("waiting: ");
    two.all("touch /tmp/go");
    first.finish().ok();
    waits.finish().ok();
    two.is_free();
    // Of several at once one goes on at least, and none is left with a part of the servers.
    let all: Vec<Running> = (0..4).map(|_| two.start(&["ends"])).collect();
    let codes: Vec<_> = all.into_iter().map(|run| run.finish().status.code()).collect();
    assert!(codes.contains(&Some(0)), "{codes:?}");
    assert!(codes.iter().all(|code| [Some(0), Some(6)].contains(code)), "{codes:?}");
    two.is_free();
}

#[test]
fn the_lock_is_freed_on_every_way_out_and_a_filter_locks_what_it_touches() {
    let two = Two::new();
    for (task, code) in [("ends", 0), ("fails", 1), ("aborts", 1), ("leaves", 3)] {
        two.run(&[task]).code(code);
        two.is_free();
    }
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)] {
        let run = two.start(&["works", "HOSTS=app1"]);
        two.0.sh(
            "app1",
            "n=0; until [ -e /tmp/works ]; do n=$((n + 1)); [ $n -lt 300 ] || exit 1; sleep 0.1; done",
        );
        two.run(&["ends", "HOSTS=app2"]).ok();
        run.signal(signal);
        run.finish().code(code);
        two.is_free();
        two.0.sh("app1", "rm /tmp/works");
    }
}

#[test]
fn a_lock_that_cannot_be_freed_is_told() {
    let two = Two::new();
    let recipe =
        format!("{RECIPE}task :shuts, :lock => true {{ run \"[ $(hostname) = app1 ] || chmod 500 {STATE}\"; }}");
    let finished = Case::new().recipe(&recipe).args(["shuts"]).on(&two.0).run();
    finished.says("the lock could not be freed on app2: cannot write to /u/apps/flipper/.capr");
    two.0.sh("app2", &format!("chmod 700 {STATE}"));
    two.run(&["ends"]).code(6).says("abandoned");
}

#[test]
fn b12_a_lock_of_a_dead_client_is_known_and_a_lost_connection_takes_its_own_back() {
    let two = Two::new();
    let killed = two.start(&["works"]);
    two.until("[ -e /tmp/works ]");
    killed.signal(Signal::KILL);
    let _ = killed.finish();
    // Its connections end a moment later.
    two.until("! pgrep -f 'sshd[^ ]*: deploy'");
    two.run(&["ends"])
        .code(6)
        .says("abandoned: the connection of run ")
        .says("and frees the lock: capr ")
        .silent_on("capr RECIPE ");
    two.run(&["deploy:lock:status"]).ok().says(", works, abandoned");
    two.run(&["deploy:unlock"]).ok().says("was broken off there");
    two.is_free();
    let mut away = two.start(&["away"]);
    away.wait_for("touch away");
    two.0.sh("app1", "pkill -KILL -f 'sshd[^ ]*: deploy' || true");
    two.run(&["ends"]).code(6).says("abandoned").says("at work");
    std::fs::write(away.path("back"), "").unwrap();
    away.finish().ok().says("again");
    two.is_free();
    // So does one that has only to free it.
    let mut late = two.start(&["late"]);
    late.wait_for("touch away");
    two.0.sh("app1", "pkill -KILL -f 'sshd[^ ]*: deploy' || true");
    std::fs::write(late.path("back"), "").unwrap();
    late.finish().ok().silent_on("could not be freed");
    two.is_free();
    // Who has lost it meanwhile goes no further.
    let mut away = two.start(&["away"]);
    away.wait_for("touch away");
    two.0.sh("app1", "pkill -KILL -f 'sshd[^ ]*: deploy' || true");
    two.run(&["deploy:unlock", "FORCE=yes"]).ok();
    two.run(&["deploy:lock", "migration of the host", "HOSTS=app1"]).ok();
    std::fs::write(away.path("back"), "").unwrap();
    away.finish()
        .code(6)
        .says("the lock was lost on app1")
        .says("migration of the host");
    two.run(&["ends"])
        .code(6)
        .says("tester on ")
        .says(": migration of the host");
    two.run(&["deploy:unlock"]).ok();
    two.is_free();
}

/// As in Capistrano 2, where a hook of the deploy chooses the place.
#[test]
fn a_hook_of_a_deploy_may_say_the_servers_and_the_directory() {
    let fleet = Fleet::start(&["app1"]);
    fleet.sh("app1", "mkdir -p /u/apps && chown -R deploy /u");
    let recipe = format!(
        r#"set :application, "flipper"; set :repository, "{}"; set :dialect, 2; set :use_sudo, false; set :restart_via, :reaper;
        task :pick {{ set :deploy_to, "/u/apps/picked"; role :app, "app1"; role :web, "app1"; role :db, "app1", :primary => true; }}
        task :held {{ run `grep -q "^task deploy" ${{deploy_to}}/.capr/lock`; }}
        namespace :deploy {{ task :restart, :roles => :app {{ run "true"; }} }}
        before "deploy:check", "never"; task :never {{ abort "a deploy of Capistrano 2 checks nothing"; }}
        after "deploy:update_code", "held";"#,
        fleet.git().url
    );
    let run = |more: &str, task: &str| {
        Case::new()
            .recipe(&format!("{recipe}{more}"))
            .args([task])
            .on(&fleet)
            .run()
    };
    run("before \"deploy:setup\", \"pick\";", "deploy:setup").ok();
    let known = "role :app, \"app1\"; role :web, \"app1\"; role :db, \"app1\", :primary => true;";
    for task in ["deploy", "deploy:update", "deploy:update_code"] {
        let hook = format!("before \"{task}\", \"pick\";");
        run(&hook, "deploy").ok();
        run(&format!("{known}{hook}"), "deploy").ok();
    }
    assert_eq!(fleet.sh("app1", "ls /u/apps").trim(), "picked");
    assert_eq!(fleet.sh("app1", "ls /u/apps/picked/releases | wc -l").trim(), "6");
    assert!(!fleet.exists("app1", "/u/apps/picked/.capr/lock"));
}

/// A deploy of the library, which takes the lock with its first question.
fn deploys(two: &Two, more: &str, arguments: &[&str]) -> Case {
    let recipe = format!(
        "{RECIPE}set :repository, \"{}\"; set :restart_via, :none;\n{more}",
        two.0.git().url
    );
    Case::new().recipe(&recipe).args(arguments).on(&two.0)
}

#[test]
fn b11_a_deploy_takes_the_lock_with_its_first_question_and_before_anything_of_the_recipe() {
    let two = Two::new();
    two.0.configure(
        "app1",
        r#"ForceCommand echo >> /tmp/commands; eval "$SSH_ORIGINAL_COMMAND""#,
    );
    let current = || two.all("readlink /u/apps/flipper/current || true");
    // Where it cannot be taken nothing is asked, and where it could be it is freed.
    two.0.sh("app2", "mv /u/apps/flipper /u/apps/other");
    deploys(&two, "", &["deploy"])
        .run()
        .code(1)
        .says("not all servers could be locked, so nothing was done")
        .says("there is no /u/apps/flipper: do setup first");
    two.0.sh("app2", "mv /u/apps/other /u/apps/flipper");
    assert_eq!(two.0.sh("app1", &format!("ls {STATE}")), "");
    deploys(&two, "", &["setup"]).run().ok();
    // Four commands: the lock and the question, the release, the switch, and to free it.
    two.0.sh("app1", "rm /tmp/commands");
    deploys(&two, "", &["deploy"]).run().ok();
    assert_eq!(two.0.sh("app1", "wc -l < /tmp/commands").trim(), "4");
    let first = current();
    // What a recipe does before the question is done under the lock.
    let held = format!("grep -q '^task deploy' {STATE}/lock && grep -q '^connection [^ ]* [^ ]* - [1-9]' {STATE}/lock");
    let before = format!("before \"deploy\" {{ run \"{held}\"; }}");
    deploys(&two, &before, &["deploy"]).run().ok();
    assert_ne!(current(), first);
    let second = current();
    // A connection that is lost meanwhile: nothing was done, and the lock that was taken there is freed on a new one.
    let id = "[ ! -e /tmp/lose ] || { rm /tmp/lose; pkill -KILL -f 'sshd[^ ]*: deploy'; }; exec /usr/bin/id \"$@\"";
    two.0.sh(
        "app2",
        &format!("mkdir -p /srv/bin; cat > /srv/bin/id <<'END'\n#!/bin/sh\n{id}\nEND\nchmod +x /srv/bin/id; touch /tmp/lose; chown deploy /tmp/lose"),
    );
    two.0.configure("app2", "SetEnv PATH=/srv/bin:/usr/bin:/bin");
    deploys(&two, "", &["deploy"])
        .run()
        .code(1)
        .says("connection")
        .silent_on("could not be freed");
    assert_eq!(two.all(&format!("ls {STATE}/lock 2>/dev/null || true")), ["", ""]);
    // Held by another on one server alone: who it is is told, nothing is done, and the other server is free again.
    let first = two.start(&["works", "HOSTS=app2"]);
    two.0.sh(
        "app2",
        "n=0; until [ -e /tmp/works ]; do n=$((n + 1)); [ $n -lt 300 ] || exit 1; sleep 0.1; done",
    );
    deploys(&two, "", &["deploy"])
        .run()
        .code(6)
        .says("app2 is locked by tester on ")
        .says(" UTC, works; run ")
        .silent_on("<stdlib>")
        .silent_on("rolled back");
    // A recipe that catches that goes no further without the lock.
    let catches = "set :max_hosts { try { run \"true\"; } catch (error) { puts \"caught\"; } () }";
    deploys(&two, catches, &["deploy"]).run().code(6).says("caught");
    assert_eq!(two.0.sh("app1", &format!("cat {STATE}/lock || true")), "");
    assert_eq!(current(), second);
    let mut waits = deploys(&two, "", &["deploy", "--lock-wait", "1m"]).start();
    waits.wait_for("waiting: app2 is locked by tester");
    two.all("touch /tmp/go");
    first.finish().ok();
    waits.finish().ok();
    assert_ne!(current(), second);
    // Of several at once one goes on at least, and they do not mix.
    let all: Vec<Running> = (0..2).map(|_| deploys(&two, "", &["deploy"]).start()).collect();
    let codes: Vec<_> = all.into_iter().map(|run| run.finish().status.code()).collect();
    assert!(codes.contains(&Some(0)), "{codes:?}");
    assert!(codes.iter().all(|code| [Some(0), Some(6)].contains(code)), "{codes:?}");
    let [one, other] = current();
    assert_eq!(one, other);
    assert_eq!(two.all(&format!("ls {STATE}/lock 2>/dev/null || true")), ["", ""]);
}
