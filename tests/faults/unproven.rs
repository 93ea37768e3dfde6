//! Where a server does not let anybody see what a command has started, that is told of the command; nothing else is signalled.

use rustix::process::Signal;

use crate::fleet::{Fleet, PASSWORD};
use crate::harness::{Case, Finished};

/// The message about a command whose processes are not known.
pub(super) const BLIND: &str = "what it started could not be looked for and may still run";

/// A login as root with the key of `deploy`.
pub(super) const ROOT: &str =
    "mkdir -p /root/.ssh && cp /home/deploy/.ssh/authorized_keys /root/.ssh/ && chown -R root /root";

fn fleet(name: &str, before: &str) -> Fleet {
    let fleet = Fleet::start(&[name]);
    fleet.configure(name, "PermitRootLogin yes");
    fleet.sh(name, &format!("{ROOT}; {before}"));
    fleet
}

/// Stops capr when a command of `user` has begun.
pub(super) fn stopped(fleet: &Fleet, name: &str, user: &str, verb: &str) -> Finished {
    let mut running = Case::new()
        .recipe(&format!("role :app, \"{user}@{name}\"; task :t {{ {verb}; }}"))
        .args(["t", "-s", &format!("password={PASSWORD}")])
        .on(fleet)
        .start();
    running.wait_for("] begun");
    running.signal(Signal::INT);
    running.finish().code(130)
}

pub(super) const PLAIN: &str = r#"run "echo begun; sleep 300; true""#;
pub(super) const TERMINAL: &str = r#"run "echo begun; sleep 300; true", :pty => true"#;
pub(super) const SUDO: &str = r#"sudo "sh -c 'echo begun; sleep 300; true'""#;

#[test]
fn b3_where_processes_are_hidden_from_the_login_a_command_with_a_terminal_or_sudo_says_so() {
    let fleet = fleet("app1", "mount -o remount,hidepid=2 /proc");
    assert_eq!(fleet.sh("app1", "sudo -u deploy ls -d /proc/1 2>/dev/null || true"), "");
    for (user, verb, is_blind) in [
        ("deploy", PLAIN, false),
        ("deploy", TERMINAL, true),
        ("deploy", SUDO, true),
        ("root", PLAIN, false),
        ("root", TERMINAL, false),
        ("root", SUDO, false),
    ] {
        let finished = stopped(&fleet, "app1", user, verb);
        let shown = format!("{user} {verb}: {}", finished.stderr);
        assert_eq!(finished.stderr.contains(BLIND), is_blind, "{shown}");
        assert!(!finished.stderr.contains("could not be ended"), "{shown}");
        if !is_blind {
            assert_eq!(fleet.sh("app1", "pgrep -fx 'sleep 300' || true"), "", "{shown}");
        }
        fleet.sh("app1", "pkill -KILL -fx 'sleep 300'; true");
    }
    let verb = TERMINAL.replace(":pty", ":timeout => 1, :pty");
    let finished = Case::new()
        .recipe(&format!("role :app, \"app1\"; task :t {{ {verb}; }}"))
        .args(["t"])
        .on(&fleet)
        .run()
        .code(1);
    finished.says(&format!("app1: timed out after 1 s; {BLIND}"));
}

#[test]
fn b3_where_there_is_no_proc_nothing_is_signalled_and_that_is_told() {
    let fleet = fleet("app1", "true");
    let hide = "mount -t tmpfs none /proc";
    for (user, verb, said) in [
        ("deploy", PLAIN, ""),
        ("deploy", TERMINAL, BLIND),
        ("deploy", SUDO, BLIND),
        ("root", PLAIN, "could not be ended and may still run"),
        ("root", TERMINAL, BLIND),
        ("root", SUDO, BLIND),
    ] {
        fleet.sh("app1", hide);
        let finished = stopped(&fleet, "app1", user, verb);
        fleet.sh("app1", "umount /proc");
        let shown = format!("{user} {verb}: {}", finished.stderr);
        match said {
            "" => assert!(!finished.stderr.contains("may still run"), "{shown}"),
            said => assert!(finished.stderr.contains(said), "{shown}"),
        }
        fleet.sh("app1", "pkill -KILL -fx 'sleep 300'; true");
    }
}

#[test]
fn b3_root_by_another_name_is_root() {
    let fleet = fleet(
        "app1",
        "useradd -o -u 0 -g 0 -d /root -s /bin/bash toor || echo 'toor:x:0:0:root:/root:/bin/bash' >>/etc/passwd; id -u toor",
    );
    for verb in [PLAIN, TERMINAL, SUDO] {
        let finished = stopped(&fleet, "app1", "toor", verb);
        let shown = format!("{verb}: {}", finished.stderr);
        assert!(!finished.stderr.contains("may still run"), "{shown}");
        assert_eq!(fleet.sh("app1", "pgrep -fx 'sleep 300' || true"), "", "{shown}");
    }
    // One that is told to end by TERM may clean up.
    let verb = r#"run "trap 'touch /tmp/cleaned; exit' TERM; echo begun; while :; do sleep 0.1; done""#;
    stopped(&fleet, "app1", "toor", verb);
    assert!(fleet.exists("app1", "/tmp/cleaned"));
}
