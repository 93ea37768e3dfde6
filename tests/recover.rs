//! Tests of `recover` on two real servers, after a run that was killed in the switch, and a sample of `scripts/sweep`: the faults in the
//! switch that have found mistakes.

use std::time::Instant;

use rustix::process::Signal;

use crate::deadline::LIMIT;
use crate::fleet::Fleet;
use crate::harness::{Case, Finished, Running};

const BASE: &str = "/u/apps/shop";
const FIRST: &str = "20260101000001";
const SECOND: &str = "20260101000002";

/// A program in the place of `mv` that does not come to the rename of `current` while /tmp/hang is there, and then fails.
const MV: &str = r#"mkdir -p /srv/bin; cat > /srv/bin/mv <<'END'
#!/bin/sh
case "$*" in */current)
  if [ -e /tmp/hang ]; then
    touch /tmp/hangs; n=0
    while [ -e /tmp/hang ] && [ $n -lt 300 ]; do n=$((n + 1)); sleep 0.1; done
    exit 1
  fi ;;
esac
exec /bin/mv "$@"
END
chmod +x /srv/bin/mv"#;

struct Site(Fleet);

impl Site {
    fn new() -> Self {
        let fleet = Fleet::start(&["app1", "app2"]);
        fleet.sh("app2", MV);
        fleet.configure("app2", "SetEnv PATH=/srv/bin:/usr/bin:/bin");
        let site = Self(fleet);
        site.run(&["setup"]).ok();
        site.run(&["-s", &format!("release_name=\"{FIRST}\""), "deploy"]).ok();
        site
    }

    fn case(&self, arguments: &[&str]) -> Case {
        // What is silent is noticed soon.
        let limits = ["keepalive_interval", "timeout", "login_timeout"];
        let limits: String = limits
            .iter()
            .map(|name| format!("ssh_options[\"{name}\"] = 2;\n"))
            .collect();
        let recipe = format!(
            "set :application, \"shop\";\nset :repository, \"{}\";\nrole :app, \"app1\", \"app2\";\nset :restart_via, :none;\n{limits}",
            self.0.git().url
        );
        Case::new().recipe(&recipe).args(arguments).on(&self.0)
    }

    fn run(&self, arguments: &[&str]) -> Finished {
        self.case(arguments).run()
    }

    /// Starts a deploy; returns it when app1 has switched and app2 has not.
    fn in_the_switch(&self) -> Running {
        self.0.sh("app2", "rm -f /tmp/hangs; touch /tmp/hang");
        let running = self
            .case(&["-s", &format!("release_name=\"{SECOND}\""), "deploy"])
            .start();
        let waited = "n=0; until [ -e /tmp/hangs ]; do n=$((n + 1)); [ $n -lt 300 ] || exit 1; sleep 0.1; done";
        self.0.sh("app2", waited);
        let waited = format!(
            "n=0; until readlink {BASE}/current | grep -q {SECOND}; do n=$((n + 1)); [ $n -lt 300 ] || exit 1; sleep 0.1; done"
        );
        self.0.sh("app1", &waited);
        running
    }

    /// Kills a deploy when app1 has switched and app2 has not.
    fn killed_in_the_switch(&self) {
        let killed = self.in_the_switch();
        killed.signal(Signal::KILL);
        let _ = killed.finish();
        self.0.sh("app2", "rm /tmp/hang");
        assert_eq!(self.current(), [SECOND, FIRST]);
    }

    /// Kills a recovery on its way when it is about to switch app2.
    fn killed_in_the_recovery(&self) {
        self.0.sh("app2", "rm -f /tmp/hangs; touch /tmp/hang");
        let killed = self.case(&["recover", "--finish"]).start();
        let waited = "n=0; until [ -e /tmp/hangs ]; do n=$((n + 1)); [ $n -lt 300 ] || exit 1; sleep 0.1; done";
        self.0.sh("app2", waited);
        killed.signal(Signal::KILL);
        let _ = killed.finish();
        self.0.sh("app2", "rm /tmp/hang");
        assert_eq!(self.current(), [SECOND, FIRST]);
    }

    /// Recovers, once the server has noticed that the connection of the run has ended.
    fn recovered(&self) {
        let limit = Instant::now() + LIMIT;
        while self.run(&["recover", "--undo"]).status.code() != Some(0) {
            assert!(Instant::now() < limit, "{:?}", self.current());
        }
    }

    fn current(&self) -> [String; 2] {
        ["app1", "app2"].map(|host| {
            let target = self.0.read_link(host, &format!("{BASE}/current")).unwrap_or_default();
            target.rsplit('/').next().unwrap_or_default().to_owned()
        })
    }
}

#[test]
fn a_switch_that_reached_only_some_servers_is_undone_or_finished_on_all() {
    let site = Site::new();
    // A script that hung on app1 while the run was undone on app2: nothing is to be chosen, it is undone.
    site.killed_in_the_switch();
    let run = site.0.sh("app1", &format!("sed -n 1p {BASE}/.capr/{SECOND}.run"));
    let undone = format!(
        "cd {BASE} && rm -rf releases/{SECOND} .capr/{SECOND}.* .capr/lock && echo '{}' > .capr/undone && chown deploy: .capr/undone",
        run.trim()
    );
    site.0.sh("app2", &undone);
    site.run(&["recover"]).ok();
    assert_eq!(site.current(), [FIRST, FIRST]);
    assert_eq!(site.0.list("app1", &format!("{BASE}/releases")), [FIRST]);
    for (way, current, releases) in [("--undo", FIRST, &[FIRST][..]), ("--finish", SECOND, &[FIRST, SECOND])] {
        site.killed_in_the_switch();
        // Nobody else deploys over it, and nobody guesses.
        site.run(&["deploy"]).code(6).says("recover");
        site.run(&["recover"])
            .code(1)
            .says(&format!("{SECOND} is current on app1, not on app2"))
            .says("recover --finish")
            .says("recover --undo");
        site.killed_in_the_recovery();
        site.run(&["deploy"]).code(6).says("recover");
        site.run(&["-n", "recover", way]).ok();
        assert_eq!(site.current(), [SECOND, FIRST], "{way}: a dry run");
        site.run(&["recover", way]).ok();
        assert_eq!(site.current(), [current, current], "{way}");
        for host in ["app1", "app2"] {
            assert_eq!(
                site.0.list(host, &format!("{BASE}/releases")),
                releases,
                "{host}: {way}"
            );
        }
        // Done twice it finds nothing.
        site.run(&["recover", way]).ok();
        assert_eq!(site.current(), [current, current], "{way}");
    }
    // The lock is free: who comes next deploys.
    site.run(&["deploy"]).ok();
    let [one, two] = site.current();
    assert!(one == two && one != SECOND, "{one} {two}");
}

#[test]
fn faults_in_the_switch_leave_all_servers_alike() {
    let site = Site::new();
    let is_as_before = |fault: &str| {
        assert_eq!(site.current(), [FIRST, FIRST], "{fault}");
        for host in ["app1", "app2"] {
            assert_eq!(
                site.0.list(host, &format!("{BASE}/releases")),
                [FIRST],
                "{host}: {fault}"
            );
        }
    };
    let deploy = site.in_the_switch();
    site.0.sh("app2", "pkill -KILL -f 'sshd[^ ]*: deploy'; rm /tmp/hang");
    deploy.finish().code(1).says("rolled back");
    is_as_before("the connection is lost");
    let deploy = site.in_the_switch();
    site.0.freeze("app2");
    deploy.finish().code(5).says("unreachable");
    site.0.thaw("app2");
    // What was on its way there when it froze goes on, and ends.
    let waited = "rm /tmp/hang; n=0; while pgrep -u deploy -x mv >/dev/null; do n=$((n + 1)); [ $n -lt 300 ] || exit 1; sleep 0.1; done";
    site.0.sh("app2", waited);
    site.recovered();
    is_as_before("it was frozen");
    site.run(&["deploy"]).ok();
}
