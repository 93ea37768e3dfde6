//! The six-server recipe of the manual, as written, from the first command to the last.

use std::thread;
use std::time::{Duration, Instant};

use crate::fleet::place::checkout;
use crate::fleet::{Fleet, SIX};
use crate::harness::{Case, Finished};

const APP: [&str; 2] = ["app1", "app2"];
const CURRENT: &str = "/u/apps/flipper/current";

fn capr(fleet: &Fleet, task: &str) -> Finished {
    let recipe = checkout().join("scripts/flipper.rhai");
    Case::new().args([recipe.to_str().unwrap(), task]).on(fleet).run()
}

/// The release that `current` names, which is the same on all six.
fn release(fleet: &Fleet) -> String {
    let releases = SIX.map(|host| fleet.read_link(host, CURRENT).unwrap());
    assert!(releases.iter().all(|release| *release == releases[0]), "{releases:?}");
    assert!(releases[0].starts_with("/u/apps/flipper/releases/"), "{releases:?}");
    releases[0].clone()
}

/// Returns the answers of the five listeners of a server, as soon as all of them answer with this version.
fn listeners(fleet: &Fleet, host: &str, version: &str) -> Vec<String> {
    let begin = Instant::now();
    loop {
        let answers: Vec<_> = (7000..7005).filter_map(|port| fleet.listener(host, port)).collect();
        if answers.len() == 5
            && answers
                .iter()
                .all(|answer| answer.starts_with(&format!("flipper {version},")))
        {
            return answers;
        }
        assert!(
            begin.elapsed() < Duration::from_secs(20),
            "{host}: {answers:?}\n{}",
            fleet.sh(host, "ps ax")
        );
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn the_chapter_of_the_manual() {
    let fleet = Fleet::six();
    let repository = fleet.subversion();

    capr(&fleet, "setup").ok();
    for host in SIX {
        let made = ["releases", "shared", "shared/log", "shared/pids", "shared/system"];
        assert!(
            made.iter()
                .all(|name| fleet.exists(host, &format!("/u/apps/flipper/{name}"))),
            "{host}"
        );
        assert_eq!(fleet.list(host, "/u/apps/flipper/releases"), Vec::<String>::new());
    }

    capr(&fleet, "cold_deploy").ok();
    let first = release(&fleet);
    for host in SIX {
        assert_eq!(fleet.read(host, &format!("{CURRENT}/VERSION")), "1.0", "{host}");
        let spinners = fleet.sh(host, "ps -e -o args | grep -c '[s]cript/process/spinner' || true");
        assert_eq!(
            spinners != "0",
            host.starts_with("app"),
            "{host} has {spinners} spinners"
        );
    }
    for host in APP {
        listeners(&fleet, host, "1.0");
    }

    fleet.sh("app1", "kill -KILL $(pgrep -f dispatch.fcgi | head -n 1)");
    listeners(&fleet, "app1", "1.0");

    repository.commit("VERSION", "1.1\n").unwrap();
    let before = APP.map(|host| listeners(&fleet, host, "1.0"));
    capr(&fleet, "deploy").ok();
    let second = release(&fleet);
    assert_ne!(first, second);
    let after = APP.map(|host| listeners(&fleet, host, "1.1"));
    assert_ne!(before, after);

    // On db2 `current` belongs to another user now, in a directory where that matters: it cannot be switched.
    repository.commit("VERSION", "1.2\n").unwrap();
    fleet.sh("db2", "cd /u/apps/flipper && chown -h root . current && chmod 1777 .");
    capr(&fleet, "deploy")
        .code(1)
        .says("db2.capistrano.com: exit status")
        .says("rolling back");
    assert_eq!(release(&fleet), second);
    for host in SIX {
        assert_eq!(fleet.list(host, "/u/apps/flipper/releases").len(), 2, "{host}");
    }
    fleet.sh("db2", "cd /u/apps/flipper && chown -h deploy . current && chmod 755 .");

    capr(&fleet, "rollback").ok();
    assert_eq!(release(&fleet), first);
    for host in APP {
        listeners(&fleet, host, "1.0");
    }
}
