//! A server never answers the questions about its processes: it allows no second channel, or a login shell hangs. This is
//! reported for commands that need the answer; nothing else is signalled, and no run waits for it longer than a few seconds.

use std::thread;
use std::time::{Duration, Instant};

use super::bystanders::{DAEMONS, assert_daemons, until};
use super::unproven::{BLIND, PLAIN, ROOT, SUDO, TERMINAL, stopped};
use crate::fleet::Fleet;
use crate::harness::Case;

const TOOR: &str = "echo 'toor:x:0:0:root:/root:/bin/bash' >>/etc/passwd";

/// The first login shell on a server passes, each later one hangs.
const HANGS: &str = "mkdir /tmp/first 2>/dev/null || exec sleep 3000";

/// Each user's commands run on a server of their own, at the same time as those of the others.
const USERS: [&str; 3] = ["deploy", "root", "toor"];

fn fleet() -> Fleet {
    let fleet = Fleet::start(&USERS);
    for host in USERS {
        fleet.configure(host, "PermitRootLogin yes");
        fleet.sh(host, &format!("{ROOT}; {TOOR}"));
    }
    fleet
}

/// Stops each kind of command of each user, and holds what is told against what is left.
fn all(fleet: &Fleet) {
    thread::scope(|scope| {
        for host in USERS {
            scope.spawn(move || [PLAIN, TERMINAL, SUDO].map(|verb| one(fleet, host, verb)));
        }
    });
}

fn one(fleet: &Fleet, host: &str, verb: &str) {
    fleet.sh(host, "rm -rf /tmp/first");
    let begin = Instant::now();
    let finished = stopped(fleet, host, host, verb);
    let took = begin.elapsed();
    let shown = format!("{host} {verb}, {took:?}: {}", finished.stderr);
    // The server itself ends a command of anybody but root with all that is in its session.
    let is_told = (host, verb) != ("deploy", PLAIN);
    assert_eq!(finished.stderr.contains("may still run"), is_told, "{shown}");
    if !is_told {
        until(&shown, || fleet.sh(host, "pgrep -fx 'sleep 300' || true").is_empty());
    }
    assert!(took < Duration::from_secs(30), "{shown}");
    assert_daemons(fleet, host, &shown);
    fleet.sh(host, "pkill -KILL -fx 'sleep 300'; pkill -KILL -fx 'sleep 3000'; true");
}

#[test]
fn b3_where_a_server_allows_no_second_channel_that_is_told_and_nothing_of_others_ends() {
    let fleet = fleet();
    for host in USERS {
        fleet.configure(host, "MaxSessions 1");
        fleet.sh(host, DAEMONS);
    }
    all(&fleet);
}

#[test]
fn b3_where_a_login_shell_hangs_when_it_is_asked_that_is_told_and_nothing_of_others_ends() {
    let fleet = fleet();
    for host in USERS {
        for home in ["root", "home/deploy"] {
            fleet.write(host, &format!("/{home}/.bashrc"), HANGS);
        }
        fleet.sh(host, DAEMONS);
    }
    all(&fleet);
    let verb = TERMINAL.replace(":pty", ":timeout => 1, :pty");
    fleet.sh("deploy", "rm -rf /tmp/first");
    let finished = Case::new()
        .recipe(&format!("role :app, \"deploy\"; task :t {{ {verb}; }}"))
        .args(["t"])
        .on(&fleet)
        .run()
        .code(1);
    finished.says(&format!("deploy: timed out after 1 s; {BLIND}"));
}
