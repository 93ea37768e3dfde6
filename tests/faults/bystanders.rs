//! Processes that do not belong to a command survive, whatever happens to the command. Here the login shell takes so long that
//! the connection is gone, or the run about to end, when it begins the command of capr.

use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::fleet::{Fleet, SSH_PORT};
use crate::harness::{Case, Finished, Running};
use crate::proxy::{CIPHERS, Fault, Phase, Proxy};

/// Servers of these names: who logs in there, and what runs.
const HOSTS: [&str; 4] = ["root-plain", "root-sudo", "deploy-plain", "deploy-sudo"];

/// Daemons of the system and of the login: children of PID 1, each in a session of its own.
pub(super) const DAEMONS: &str = "echo 'deploy ALL = NOPASSWD: ALL' >>/etc/sudoers.d/line
    for user in root root deploy deploy; do sudo -u $user setsid -f sleep 4242 >/dev/null 2>&1 </dev/null; done
    until [ $(pgrep -c -P 1 -x sleep) = 4 ]; do sleep 0.05; done";

/// Lets the first login shell pass. Each later one does `WAIT` first, and does not die of an error that nobody is there to read.
const SLOW: &str = "mkdir /tmp/first 2>/dev/null || { echo $$ >>/tmp/waiting; WAIT; exec 2>/dev/null; }";

fn fleet(hosts: &[&str], wait: &str) -> Fleet {
    let fleet = Fleet::start(hosts);
    for host in hosts {
        fleet.configure(host, &format!("{CIPHERS}\nPermitRootLogin yes"));
        fleet.sh(
            host,
            "mkdir -p /root/.ssh && cp /home/deploy/.ssh/authorized_keys /root/.ssh/ && chown -R root /root",
        );
        for home in ["root", "home/deploy"] {
            fleet.write(host, &format!("/{home}/.bashrc"), &SLOW.replace("WAIT", wait));
        }
        fleet.sh(host, DAEMONS);
    }
    fleet
}

/// Runs a command there that goes on until it is ended; says so when it has begun.
fn begin(fleet: &Fleet, host: &str, options: &str, link: Option<&Proxy>) -> Running {
    let (user, kind) = host.split_once('-').unwrap();
    let verb = if kind == "sudo" {
        "sudo \"sh -c 'echo begun; sleep 300; true'\""
    } else {
        "run \"echo begun; sleep 300; true\""
    };
    Case::new()
        .recipe(&format!("role :app, \"{user}@{host}\"; task :t {{ {verb}{options}; }}"))
        .args(["t"])
        .through(fleet, link.map(|link| (host, link.address)))
        .start()
}

pub(super) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !is_so() {
        assert!(begin.elapsed() < Duration::from_secs(20), "{what}");
        thread::park_timeout(Duration::from_millis(20));
    }
}

/// A shell of capr's own waits where the login may not simply be left to end what it has started.
fn await_slow_shell(fleet: &Fleet, host: &str) {
    if host != "deploy-plain" {
        until("a second shell", || fleet.exists(host, "/tmp/waiting"));
    }
}

/// Now that capr is gone, its shells may go on: nothing of others ends, and what has not ended is told of.
fn check(fleet: &Fleet, host: &str, finished: &Finished) {
    fleet.sh(host, "touch /tmp/go");
    until("the shells end", || {
        let left = "for pid in $(cat /tmp/waiting 2>/dev/null); do [ ! -e /proc/$pid ] || echo $pid; done";
        fleet.sh(host, left).is_empty()
    });
    let shown = format!("{host}: {}", finished.stderr);
    assert_daemons(fleet, host, &shown);
    let is_told = finished.stderr.contains("may still run") || finished.stderr.contains("connection lost");
    if !is_told {
        until(&shown, || fleet.sh(host, "pgrep -fx 'sleep 300' || true").is_empty());
    }
}

/// All daemons live.
pub(super) fn assert_daemons(fleet: &Fleet, host: &str, shown: &str) {
    assert_eq!(fleet.sh(host, "pgrep -c -P 1 -fx 'sleep 4242' || true"), "4", "{shown}");
}

/// Does this on all servers at the same time.
fn everywhere(options: &str, act: impl Fn(&Fleet, &str, &Running, &Proxy) + Sync) {
    let fleet = fleet(&HOSTS, "until [ -e /tmp/go ]; do sleep 0.05; done");
    thread::scope(|scope| {
        for host in HOSTS {
            let (fleet, act) = (&fleet, &act);
            scope.spawn(move || {
                let address = SocketAddr::from((fleet.address(host), SSH_PORT));
                let link = Proxy::failing(address, Phase::Told, Fault::Reset, 1);
                let mut running = begin(fleet, host, options, Some(&link));
                running.wait_for("] begun");
                act(fleet, host, &running, &link);
                let finished = running.finish();
                drop(link);
                check(fleet, host, &finished);
            });
        }
    });
}

fn interrupt(times: usize) {
    everywhere("", |fleet, host, running, _| {
        running.signal(Signal::INT);
        await_slow_shell(fleet, host);
        for _ in 1..times {
            running.signal(Signal::INT);
            thread::park_timeout(Duration::from_millis(100));
        }
    });
}

#[test]
fn b3_term_ends_nothing_of_others_however_slow_the_login_shell() {
    everywhere("", |_, _, running, _| running.signal(Signal::TERM));
}

#[test]
fn c30_a_timeout_ends_nothing_of_others_however_slow_the_login_shell() {
    everywhere(", :timeout => 2", |_, _, _, _| {});
}

#[test]
fn b3_one_stop_request_ends_nothing_of_others_however_slow_the_login_shell() {
    interrupt(1);
}

#[test]
fn b4_two_stop_requests_end_nothing_of_others_however_slow_the_login_shell() {
    interrupt(2);
}

#[test]
fn b4_three_stop_requests_end_nothing_of_others_however_slow_the_login_shell() {
    interrupt(3);
}

#[test]
fn b3_a_connection_that_is_lost_meanwhile_ends_nothing_of_others() {
    everywhere("", |fleet, host, running, link| {
        running.signal(Signal::INT);
        await_slow_shell(fleet, host);
        // KILL is on its way as well.
        running.signal(Signal::INT);
        thread::park_timeout(Duration::from_millis(300));
        link.fail_now();
    });
}

/// With a login shell that takes so many seconds, the command of root ends.
fn ends(seconds: &str, options: &str, act: impl Fn(&Running)) {
    let host = "root-plain";
    let fleet = fleet(&[host], &format!("sleep {seconds}"));
    let mut running = begin(&fleet, host, options, None);
    running.wait_for("] begun");
    act(&running);
    let finished = running.finish();
    check(&fleet, host, &finished);
    finished.silent_on("may still run");
}

#[test]
fn b3_a_command_of_root_ends_though_the_login_shell_takes_four_seconds() {
    ends("4", "", |running| running.signal(Signal::TERM));
}

#[test]
fn c30_a_command_of_root_ends_though_the_login_shell_takes_longer_than_it() {
    ends("5", ", :timeout => 4", |_| {});
}

#[test]
fn b4_stop_requests_one_after_the_other_end_a_command_of_root_whose_login_shell_is_slow() {
    for (times, apart, seconds) in [
        (2, 300, "3"),
        (3, 50, "1"),
        (3, 300, "0.1; date; date"),
        (3, 200, "0.5"),
    ] {
        ends(seconds, "", |running| {
            for _ in 0..times {
                running.signal(Signal::INT);
                thread::park_timeout(Duration::from_millis(apart));
            }
        });
    }
}
