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
    fleet.write("app2", "/etc/sudoers.d/terminal", "Defaults use_pty\n");
    fleet
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
    let mut running = start(fleet, body);
    for host in ["app1", "app2"] {
        running.wait_for(&format!("[out :: {host}] begun"));
    }
    let begin = Instant::now();
    running.signal(Signal::INT);
    running.finish().code(130);
    let took = begin.elapsed();
    await_nothing_left(fleet, body);
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
        stop(&fleet, &format!("sudo {command}, :as => \"bob\";"));
    }
    stop(&fleet, "run `${sudo()} sh -c 'echo begun; sleep 300' | cat`;");
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
        session.when(:app, sudo() + " sh -c 'echo begun; sleep 300 & sleep 300'");
        session.when(:app, sudo() + " sh -c 'echo begun; sleep 300 | cat'");
        session.when(:app, "echo begun; sleep 300");
    }"#;
    stop(&fleet, body);
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
    let fleet = Fleet::start(&["app1", "app2"]);
    fleet.write("app2", "/etc/sudoers.d/terminal", "Defaults use_pty\n");
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
