//! A deploy on two real servers of which one has a full disk, one that can only be read, or whose run is killed: what it was before
//! is current, and what is left is told and put in order.

use std::fs;

use rustix::process::Signal;

use crate::fleet::Fleet;
use crate::harness::Case;

const BASE: &str = "/u/apps/shop";
const FIRST: &str = "20260101000001";
const RECIPE: &str = r#"
set :restart_via, :none;
role :app, "app1", "app2";
after "deploy:updating" { run fetch(:trouble, "true"); }
"#;

/// Waits on app2 for the test.
const GATE: &str = "[ $(hostname) = app1 ] || { touch /tmp/at; n=0; until [ -e /tmp/go ] || [ $n = 300 ]; do n=$((n + 1)); sleep 0.1; done; }";

struct Site {
    fleet: Fleet,
    place: tempfile::TempDir,
}

impl Site {
    /// The directory of app2 is a small disk of its own.
    fn new() -> Self {
        let fleet = Fleet::start(&["app1", "app2"]);
        fleet.sh(
            "app2",
            &format!("mkdir -p {BASE} && mount -t tmpfs -o size=4m tmpfs {BASE} && chown deploy: {BASE}"),
        );
        let place = tempfile::tempdir().unwrap();
        let recipe = format!(
            "set :application, \"shop\";\nset :repository, \"{}\";\n{RECIPE}",
            fleet.git().url
        );
        fs::write(place.path().join("deploy.rhai"), recipe).unwrap();
        let site = Self { fleet, place };
        site.case(&["setup"]).run().ok();
        site.case(&["-s", &format!("release_name=\"{FIRST}\""), "deploy"])
            .run()
            .ok();
        site
    }

    fn case(&self, words: &[&str]) -> Case {
        let recipe = self.place.path().join("deploy.rhai").display().to_string();
        Case::new()
            .args([recipe])
            .args(words)
            .env("XDG_STATE_HOME", self.place.path().display())
            .on(&self.fleet)
    }

    /// A deploy that has this trouble once its release is made.
    fn deploy(&self, trouble: &str) -> Case {
        self.case(&["-s", &format!("trouble={trouble}"), "deploy"])
    }

    fn both(&self, command: &str) -> [String; 2] {
        ["app1", "app2"].map(|host| self.fleet.sh(host, command).trim().to_owned())
    }

    fn current(&self) -> [String; 2] {
        self.both(&format!("basename $(readlink {BASE}/current)"))
    }

    fn until_app2_waits(&self) {
        let waits = "n=0; until [ -e /tmp/at ]; do n=$((n + 1)); [ $n -lt 300 ] || exit 1; sleep 0.1; done; rm /tmp/at";
        self.fleet.sh("app2", waits);
    }

    /// The lock is free, and a further deploy succeeds.
    fn goes_on(&self, before: [String; 2]) {
        self.case(&["deploy"]).run().ok();
        let [one, two] = self.current();
        assert!(one == two && [one.clone(), two] != before, "{one} {before:?}");
        assert_eq!(
            self.both(&format!("ls {BASE}/.capr/lock 2>/dev/null || true")),
            ["", ""]
        );
    }
}

#[test]
fn b6_a_deploy_that_is_killed_or_meets_a_full_disk_or_one_that_can_only_be_read_leaves_servers_alike() {
    let site = Site::new();
    // A full disk: what was made is removed all the same.
    let full = format!("[ $(hostname) = app1 ] || dd if=/dev/zero of={BASE}/full bs=1k count=8192 2>/dev/null; true");
    site.deploy(&full).run().code(1).silent_on("could not be freed");
    assert_eq!(site.current(), [FIRST, FIRST]);
    assert_eq!(site.both(&format!("ls {BASE}/releases")), [FIRST, FIRST]);
    site.fleet.sh("app2", &format!("rm {BASE}/full"));
    site.goes_on([FIRST.into(), FIRST.into()]);

    // A disk that can only be read from now on: it is told what is left there.
    let before = site.current();
    let running = site.deploy(GATE).start();
    site.until_app2_waits();
    site.fleet
        .sh("app2", &format!("mount -o remount,ro {BASE}; touch /tmp/go"));
    running
        .finish()
        .code(5)
        .says("not rolled back:")
        .says("the lock could not be freed on app2");
    assert_eq!(site.current(), before);
    site.fleet
        .sh("app2", &format!("mount -o remount,rw {BASE}; rm /tmp/go"));
    site.case(&["deploy"]).run().code(6).says("recover");
    site.case(&["recover"]).run().ok();
    site.case(&["recover"]).run().ok().says("nothing was left half done");
    assert_eq!(site.current(), before);
    let releases = site.both(&format!("ls {BASE}/releases"));
    assert_eq!(releases[0], releases[1]);
    site.case(&["resume", "--forget"]).run().ok();
    site.goes_on(before);

    // Killed: the resumed run takes its lock again and frees it at its end.
    let before = site.current();
    let killed = site.deploy(GATE).start();
    site.until_app2_waits();
    killed.signal(Signal::KILL);
    let killed = killed.finish();
    assert_eq!(site.current(), before);
    site.fleet.sh("app2", "touch /tmp/go");
    site.case(&["deploy"])
        .run()
        .code(6)
        .says("was broken off")
        .says("abandoned");
    site.case(&["resume", "--redo"])
        .run()
        .ok()
        .silent_on("could not be freed");
    drop(killed);
    let [one, two] = site.current();
    assert!(one == two && one != before[0], "{one} {two} {before:?}");
    site.goes_on([one, two]);
}
