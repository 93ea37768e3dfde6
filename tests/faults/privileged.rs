//! Commands of another user are ended like any other (case B3), though the login may not signal what sudo has started.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::fleet::{Fleet, PASSWORD, SSH_PORT};
use crate::harness::{Case, Running};
use crate::proxy::{CIPHERS, Fault, Phase, Proxy};

/// Two servers, on one of which sudo runs commands on a terminal of its own, as Debian's does.
fn fleet() -> Fleet {
    let fleet = Fleet::start(&["app1", "app2"]);
    configure(&fleet, "app2", "Defaults use_pty");
    fleet
}

/// Sudo heeds only what belongs to root.
fn configure(fleet: &Fleet, host: &str, line: &str) {
    let word = line.rsplit(' ').find(|word| *word != "ALL").unwrap();
    fleet.sh(
        host,
        &format!("echo '{line}' >>/etc/sudoers.d/line && sudo -l -U deploy | grep -q '{word}'"),
    );
}

fn start(fleet: &Fleet, body: &str) -> Running {
    Case::new()
        .recipe(&format!("role :app, \"app1\", \"app2\";\ntask :t {{ {body} }}"))
        .args(["t", "-s", &format!("password={PASSWORD}")])
        .on(fleet)
        .start()
}

/// Everything that was started has `sleep`, `cat` or `sudo` for its name. What was killed may still have to be reaped.
fn await_nothing_left(fleet: &Fleet, what: &str) {
    for host in ["app1", "app2"] {
        let begin = Instant::now();
        loop {
            let left = fleet.sh(
                host,
                "ps -A -o stat=,user=,args= | grep -E ' (sleep|cat|sudo|sh -c)' | grep -v '^Z' | grep -v 'ps -A'; true",
            );
            if left.is_empty() {
                break;
            }
            assert!(begin.elapsed() < Duration::from_secs(3), "{what}: {host}: {left}");
        }
    }
}

/// Stops capr when the command has begun on both servers, which it says; says how long that took.
fn stop(fleet: &Fleet, body: &str) -> Duration {
    stop_all(fleet, body, &["begun"])
}

/// The same for commands each of which says something else.
fn stop_all(fleet: &Fleet, body: &str, said: &[&str]) -> Duration {
    let mut running = start(fleet, body);
    for host in ["app1", "app2"] {
        for said in said {
            running.wait_for(&format!("[out :: {host}] {said}"));
        }
    }
    let begin = Instant::now();
    running.signal(Signal::INT);
    let finished = running.finish().code(130);
    let took = begin.elapsed();
    await_nothing_left(fleet, &format!("{body}\n{}", finished.stderr));
    took
}

#[test]
fn b3_a_stop_request_ends_what_sudo_has_started() {
    let fleet = fleet();
    for command in [
        "sh -c 'echo begun; exec sleep 300'",
        // Children in the background are told by their shell to ignore INT.
        "sh -c '(sleep 300; true) | cat & sleep 300 & echo begun; wait'",
        "sh -c 'trap \"\" INT; echo begun; sleep 300; sleep 300'",
        // In raw mode a terminal makes no signals.
        "sh -c 'stty raw -isig; echo begun; sleep 300'",
    ] {
        let command = format!("{command:?}");
        assert!(
            stop(&fleet, &format!("sudo {command};")) < Duration::from_secs(4),
            "{command}"
        );
        // The login's own shell makes way for sudo, or another process stands between.
        stop(&fleet, &format!("sudo {command}, :shell => false;"));
    }
    stop(&fleet, r#"sudo "sh -c 'echo begun; sleep 300'", :as => "bob";"#);
    stop(&fleet, "run `${sudo()} sh -c 'echo begun; sleep 300' | cat`;");
}

#[test]
fn b3_what_has_lost_a_term_under_sudo_is_told_again() {
    let fleet = fleet();
    // What comes after the first TERM leaves a mark, and KILL would leave none. A second TERM alone would not do: to a shell, two that
    // come within one `sleep' are one, and sudo passes on the one that it gets. What comes 2 s later is INT, from the terminal.
    let command = "sh -c 'again() { echo again >/tmp/again; exit 1; }; first() { trap again TERM; }; trap : HUP; trap again INT; \
                   trap first TERM; echo begun; while :; do sleep 0.1; done'";
    stop(&fleet, &format!("sudo \"{command}\";"));
    for host in ["app1", "app2"] {
        assert_eq!(fleet.sh(host, "cat /tmp/again"), "again", "{host}");
    }
}

#[test]
fn b3_what_ignores_term_and_int_under_sudo_is_hung_up() {
    let fleet = fleet();
    let command = "sh -c 'trap \\\"\\\" INT TERM; echo begun; sleep 300; sleep 300'";
    assert!(stop(&fleet, &format!("sudo \"{command}\", :shell => false;")) < Duration::from_secs(8));
}

#[test]
fn b3_a_stop_request_ends_several_commands_of_sudo_on_one_connection() {
    let fleet = fleet();
    let body = r#"parallel |session| {
        session.when(:app, sudo() + " sh -c 'echo one begun; sleep 300 & sleep 300'");
        session.when(:app, sudo() + " sh -c 'echo two begun; sleep 300 | cat'");
        session.when(:app, "echo three begun; sleep 300");
    }"#;
    stop_all(&fleet, body, &["one begun", "two begun", "three begun"]);
    // Some of them are just starting.
    stop_all(&fleet, body, &["three begun"]);
}

#[test]
fn b3_a_stop_request_ends_sudo_at_its_question() {
    let fleet = fleet();
    stop(&fleet, r#"run "echo begun; sudo -k; exec sudo id", :pty => true;"#);
}

#[test]
fn b3_a_command_with_a_terminal_is_ended_without_sudo_too() {
    let fleet = fleet();
    stop(&fleet, r#"run "echo begun; sleep 300 & sleep 300", :pty => true;"#);
    stop(
        &fleet,
        r#"run "trap '' TERM; echo begun; sleep 300; true", :pty => true;"#,
    );
}

#[test]
fn c30_a_command_of_sudo_that_takes_too_long_ends_with_its_children() {
    let fleet = fleet();
    let finished = start(&fleet, r#"sudo "sh -c 'sleep 300 & sleep 300'", :timeout => 1;"#).finish();
    finished.code(1).says("app2: timed out after 1 s");
    await_nothing_left(&fleet, "timeout");
}

#[test]
fn b3_what_sudo_has_started_ends_with_a_lost_connection() {
    let fleet = fleet();
    fleet.configure("app2", CIPHERS);
    let link = Proxy::failing(
        SocketAddr::from((fleet.address("app2"), SSH_PORT)),
        Phase::Told,
        Fault::Reset,
        1,
    );
    let mut running = Case::new()
        .recipe(r#"role :app, "app2"; task :t { sudo "sh -c 'echo begun; sleep 300 & sleep 300'"; }"#)
        .args(["t", "-s", &format!("password={PASSWORD}")])
        .through(&fleet, [("app2", link.address)])
        .start();
    running.wait_for("[out :: app2] begun");
    link.fail_now();
    running.finish().code(1).says("connection lost");
    await_nothing_left(&fleet, "lost");
}

#[test]
fn b3_the_rollback_waits_for_what_sudo_has_started_to_clean_up() {
    let fleet = fleet();
    let body = r#"transaction {
        on_rollback { run "echo undone; test -e /tmp/cleaned"; }
        sudo "sh -c 'trap \"sleep 1; : >/tmp/cleaned; exit 1\" TERM HUP; echo begun; sleep 300 & wait'";
    }"#;
    let mut running = start(&fleet, body);
    for host in ["app1", "app2"] {
        running.wait_for(&format!("[out :: {host}] begun"));
    }
    running.signal(Signal::INT);
    running.finish().code(130).says("undone");
    await_nothing_left(&fleet, body);
}

/// Ignores everything but KILL, which the login may not send it.
const STUBBORN: &str = "sh -c 'trap \\\"\\\" INT TERM HUP; echo begun; sleep 300; sleep 300'";

#[test]
fn b3_what_ends_of_nothing_but_kill_is_killed_by_sudo_where_that_asks_for_no_password() {
    let fleet = fleet();
    for host in ["app1", "app2"] {
        configure(&fleet, host, "deploy ALL = NOPASSWD: ALL");
    }
    for pty in ["true", "false"] {
        let took = stop(&fleet, &format!("sudo \"{STUBBORN}\", :pty => {pty};"));
        assert!(took < Duration::from_secs(9), "{took:?}");
    }
    // Without a terminal sudo tells the shell alone, and not what that has in the background.
    let took = stop(
        &fleet,
        r#"sudo "sh -c 'sleep 300 & sleep 300 >/dev/null 2>&1 & echo begun; wait'", :pty => false;"#,
    );
    assert!(took < Duration::from_secs(4), "{took:?}");
}

#[test]
fn b3_what_cannot_be_ended_is_told_of() {
    let fleet = fleet();
    let mut running = start(&fleet, &format!("sudo \"{STUBBORN}\";"));
    for host in ["app1", "app2"] {
        running.wait_for(&format!("[out :: {host}] begun"));
    }
    running.signal(Signal::INT);
    let finished = running.finish().code(130);
    finished
        .says("[app1] could not be ended and may still run")
        .says("[app2] could not be ended and may still run");
    let finished = start(&fleet, &format!("sudo \"{STUBBORN}\", :timeout => 1;"))
        .finish()
        .code(1);
    finished.says("app1, app2: timed out after 1 s, could not be ended and may still run");
}
