//! Releases that are not complete, on real servers: none is counted, made current or gone back to, whoever has left it.

use rustix::process::Signal;

use crate::releases_keep::Site;

const RELEASES: &str = "/u/apps/flipper/releases";
const CURRENT: &str = "/u/apps/flipper/current";
const NAMES: [&str; 4] = ["20260101000001", "20260101000002", "20260101000003", "20260101000004"];

impl Site {
    /// Makes these releases as Capistrano does; the last one is current.
    fn made_by_capistrano(&self, names: &[&str]) {
        for name in names {
            self.sh(&format!(
                "mkdir -p {RELEASES}/{name} && echo 1 > {RELEASES}/{name}/REVISION"
            ));
            self.sh(&format!(
                "ln -sfn {RELEASES}/{name} {CURRENT} && chown -hR deploy /u/apps"
            ));
        }
    }

    fn is_current(&self, name: &str) -> bool {
        self.current() == Some(format!("{RELEASES}/{name}"))
    }

    /// Waits for what a command tells on the server.
    fn until(&self, condition: &str) {
        self.sh(&format!(
            "n=0; until {condition}; do n=$((n + 1)); [ $n -lt 300 ] || {{ echo still not: '{condition}' >&2; exit 1; }}; sleep 0.1; done"
        ));
    }

    fn names(&self) -> Vec<String> {
        self.fleet.list("app1", RELEASES)
    }
}

#[test]
fn b8_a_run_that_was_killed_leaves_nothing_that_counts() {
    let site = Site::new();
    site.update(NAMES[0]);
    let hangs = format!(
        "set :release_name, \"{}\"; set :git_checkout_command, \"touch $release/half /tmp/here; sleep 300\";",
        NAMES[1]
    );
    let running = site.start(&hangs, ["update"]);
    site.until("[ -e /tmp/here ]");
    running.signal(Signal::KILL);
    let _ = running.finish();
    assert_eq!(site.names(), [NAMES[0], NAMES[1]]);
    // Not by `recover', which would remove it.
    site.run("", ["deploy:unlock", "FORCE=yes"]).ok();
    site.run("", ["rollback"]).code(1).says("there is no prior release");
    site.run("", ["symlink"]).ok();
    assert!(site.is_current(NAMES[0]));
    site.update(NAMES[2]);
    site.run("", ["rollback"]).ok();
    assert!(site.is_current(NAMES[0]));
}

#[test]
fn a_mark_without_a_directory_is_no_release_and_its_name_is_not_taken_twice() {
    let site = Site::new();
    site.update(NAMES[0]);
    site.sh(&format!("echo other > /u/apps/flipper/.capr/{}.run", NAMES[1]));
    site.run(&format!("set :release_name, \"{}\";", NAMES[1]), ["update"])
        .code(1)
        .says(&format!(
            "there is a release {} already, or another run is making it",
            NAMES[1]
        ));
    assert_eq!(site.sh(&format!("cat /u/apps/flipper/.capr/{}.run", NAMES[1])), "other");
    site.run("", ["symlink"]).ok();
    assert!(site.is_current(NAMES[0]));
    assert_eq!(site.names(), [NAMES[0]]);
}

#[test]
fn a_deploy_within_the_second_of_another_takes_the_next_name() {
    let site = Site::new();
    site.update(NAMES[0]);
    let names = format!(
        "set :tried, 0; set :release_name {{ set :tried, tried + 1; [\"\", \"{}\", \"{}\"][tried] }}",
        NAMES[0], NAMES[1]
    );
    site.run(&names, ["update"]).ok();
    assert!(site.is_current(NAMES[1]));
    assert_eq!(site.names(), [NAMES[0], NAMES[1]]);
    site.run("", ["rollback"]).ok();
    assert!(site.is_current(NAMES[0]));
    assert_eq!(site.names(), [NAMES[0]]);
}

#[test]
fn half_made_releases_of_capistrano_do_not_count() {
    let site = Site::new();
    site.made_by_capistrano(&[NAMES[0], NAMES[3]]);
    site.sh(&format!("mkdir {RELEASES}/{} {RELEASES}/{}", NAMES[1], NAMES[2]));
    site.sh(&format!("chown -R deploy {RELEASES}"));
    site.run("set :keep_releases, 2;", ["cleanup"]).ok();
    assert_eq!(site.names(), [NAMES[0], NAMES[3]], "the good older one stays");
    site.sh(&format!("mkdir {RELEASES}/{} && chown deploy {RELEASES}/*", NAMES[2]));
    site.run("", ["rollback"]).ok();
    assert!(site.is_current(NAMES[0]));
}

#[test]
fn what_capistrano_3_never_said_was_deployed_does_not_count() {
    let site = Site::new();
    site.made_by_capistrano(&NAMES);
    let line = |name: &str| format!("Branch main (at 19bf03d) deployed as release {name} by ann\\n");
    site.sh(&format!(
        "printf '{}{}' > /u/apps/flipper/revisions.log && chown deploy /u/apps/flipper/revisions.log",
        line(NAMES[1]),
        line(NAMES[3])
    ));
    site.run("", ["rollback"]).ok();
    assert!(site.is_current(NAMES[1]));
    // Before the first of its lines another version may have deployed.
    site.run("", ["rollback"]).ok();
    assert!(site.is_current(NAMES[0]));
}

#[test]
fn a_script_that_hung_while_its_run_was_undone_switches_no_more() {
    let site = Site::new();
    site.update(NAMES[0]);
    // The link is made only when somebody says so, whatever has become of the connection.
    site.sh(
        "mkdir /srv/bin; printf '#!/bin/sh\\ntrap \"\" HUP TERM\\ncase $4 in */current.*) [ -e /tmp/once ] || { : >/tmp/once; \
         n=0; until [ -e /tmp/go ] || [ $n = 600 ]; do n=$((n + 1)); sleep 0.1; done; }; esac\\nexec /bin/ln \"$@\"\\n' > /srv/bin/ln; \
         chmod 755 /srv/bin/ln",
    );
    let hangs = format!(
        "set :release_name, \"{}\"; default_environment[\"PATH\"] = \"/srv/bin:/usr/bin:/bin\";",
        NAMES[1]
    );
    let running = site.start(&hangs, ["deploy"]);
    site.until("[ -e /tmp/once ]");
    site.sh("pkill -KILL -f 'sshd[:] deploy' || true");
    let finished = running.finish();
    assert!(!finished.status.success());
    assert!(site.is_current(NAMES[0]), "{}", finished.stderr);
    site.sh("touch /tmp/go");
    site.until("! pgrep -x ln && ! pgrep -x sh -u deploy");
    assert!(site.is_current(NAMES[0]), "{}", finished.stderr);
    assert_eq!(site.names(), [NAMES[0]]);
}
