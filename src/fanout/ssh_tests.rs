//! Tests on real sshds, for what only several connections at once can show.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::time::{Duration, Instant};

use super::{Arrival, Fanout, NotConnected};
use crate::configuration::Server;
use crate::exit::{Exit, Stream};
use crate::interrupt::{Interrupt, Signal};
use crate::session::ssh::testing::{Sshd, command};
use crate::session::ssh::{SshConnector, SshEnvironment};
use crate::session::{Destination, SshOptions};

/// Returns six addresses of one sshd.
fn servers() -> Vec<Server> {
    (1..=6).map(|n| Server::host(format!("127.0.0.{n}"))).collect()
}

fn destinations(servers: &[Server], options: &SshOptions) -> Vec<Destination> {
    let destination = |server: &Server| Destination {
        server: server.clone(),
        options: options.clone(),
    };
    servers.iter().map(destination).collect()
}

fn fanout() -> (Fanout, Interrupt) {
    let interrupt = Interrupt::default();
    let connector = SshConnector::new(SshEnvironment::default());
    (Fanout::new(Box::new(connector), interrupt.clone()), interrupt)
}

fn run(fanout: &mut Fanout, line: &str) -> Vec<(Vec<u8>, Exit)> {
    let mut flight = fanout.start(servers().into_iter().map(|server| (server, command(line))).collect());
    let mut ended = vec![(Vec::new(), Exit::Cancelled); servers().len()];
    while let Some(arrival) = fanout.next(&mut flight) {
        match arrival {
            Arrival::Output(index, _, bytes) => ended[index].0.extend(bytes),
            Arrival::Finished(index, exit, _) => ended[index].1 = exit,
            Arrival::Tick => {}
            Arrival::Before(..) | Arrival::Sent(..) | Arrival::Lingers(_) => panic!("nobody asked"),
            Arrival::Interrupted(signal) => panic!("{signal}"),
        }
    }
    ended
}

#[test]
fn c1_six_servers_work_at_the_same_time_and_keep_their_connections() {
    let sshd = Sshd::start();
    let (mut fanout, _) = fanout();
    fanout
        .connect(&destinations(&servers(), &sshd.options()), &mut |_| {})
        .unwrap();
    let started = Instant::now();
    let first = run(&mut fanout, "sleep 2; echo $SSH_CONNECTION");
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    assert!(first.iter().all(|(_, exit)| exit.is_success()), "{first:?}");
    assert_eq!(run(&mut fanout, "echo $SSH_CONNECTION"), first);
}

#[test]
fn c2_a_server_that_fails_at_once_does_not_end_the_others() {
    let sshd = Sshd::start();
    let (mut fanout, _) = fanout();
    fanout
        .connect(&destinations(&servers(), &sshd.options()), &mut |_| {})
        .unwrap();
    let ended = run(
        &mut fanout,
        "case $SSH_CONNECTION in *' 127.0.0.2 '*) exit 7;; esac; sleep 1; echo done",
    );
    for (index, (output, exit)) in ended.iter().enumerate() {
        let expected = if index == 1 { (&b""[..], 7) } else { (&b"done\n"[..], 0) };
        assert_eq!(
            (output.as_slice(), exit),
            (expected.0, &Exit::Status(expected.1)),
            "{index}"
        );
    }
}

#[test]
fn c28_ten_megabytes_of_each_of_six_servers_arrive_whole() {
    let sshd = Sshd::start();
    let (mut fanout, _) = fanout();
    fanout
        .connect(&destinations(&servers(), &sshd.options()), &mut |_| {})
        .unwrap();
    for (output, exit) in run(&mut fanout, "head -c 10000000 /dev/zero") {
        assert_eq!((output.len(), exit), (10_000_000, Exit::Status(0)));
    }
}

#[test]
fn k2_k3_two_of_six_refuse_and_are_named_and_the_four_stay_connected() {
    let sshd = Sshd::with("Match LocalAddress 127.0.0.2,127.0.0.5\nAuthorizedKeysFile none\nMatch all");
    let (mut fanout, _) = fanout();
    let wanted = destinations(&servers(), &sshd.options());
    let Err(NotConnected::Servers(failed)) = fanout.connect(&wanted, &mut |_| {}) else {
        panic!("all connected");
    };
    let named: Vec<_> = failed.keys().map(|server| server.host.as_str()).collect();
    assert_eq!(named, ["127.0.0.2", "127.0.0.5"]);
    assert!(
        failed
            .values()
            .all(|error| error.reason.starts_with("authentication failed for `"))
    );
    let connected: Vec<_> = servers().iter().map(|server| fanout.is_connected(server)).collect();
    assert_eq!(connected, [true, false, true, true, false, true]);
}

#[test]
fn k5_a_connection_that_dropped_while_idle_is_made_again() {
    let sshd = Sshd::start();
    let (mut fanout, _) = fanout();
    let wanted = destinations(&servers(), &sshd.options());
    fanout.connect(&wanted, &mut |_| {}).unwrap();
    sshd.drop_connections();
    for (_, exit) in run(&mut fanout, "true") {
        assert!(matches!(exit, Exit::Lost(_)), "{exit:?}");
    }
    fanout.connect(&wanted, &mut |_| {}).unwrap();
    assert!(run(&mut fanout, "true").iter().all(|(_, exit)| exit.is_success()));
}

#[test]
fn b3_a_stop_request_ends_the_commands_on_every_server() {
    let sshd = Sshd::start();
    let (mut fanout, interrupt) = fanout();
    fanout
        .connect(&destinations(&servers(), &sshd.options()), &mut |_| {})
        .unwrap();
    let mut flight = fanout.start(
        servers()
            .into_iter()
            .map(|server| (server, command("echo $$; exec sleep 300")))
            .collect(),
    );
    let mut processes = Vec::new();
    while processes.len() < 6 {
        match fanout.next(&mut flight) {
            Some(Arrival::Output(_, Stream::Out, bytes)) => {
                processes.push(String::from_utf8(bytes).unwrap().trim().to_owned());
            }
            other => panic!("unexpected {other:?}"),
        }
    }
    interrupt.raise(Signal::Int);
    assert!(matches!(
        fanout.next(&mut flight),
        Some(Arrival::Interrupted(Signal::Int))
    ));
    let started = Instant::now();
    let ended = fanout.cancel(flight, &mut |_, _, _| {});
    assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
    assert!(
        ended
            .iter()
            .all(|(_, exit, _)| *exit == Exit::Signal("TERM".to_owned())),
        "{ended:?}"
    );
    assert_eq!(ended.len(), 6);
    for process in processes {
        assert!(!std::path::Path::new(&format!("/proc/{process}")).exists(), "{process}");
    }
    // The connections are as good as before: a rollback needs them.
    assert!(run(&mut fanout, "true").iter().all(|(_, exit)| exit.is_success()));
}
