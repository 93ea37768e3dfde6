//! Tests on scripted servers.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::mpsc::Sender;
use std::time::Duration;

use super::{Arrival, Fanout, NotConnected};
use crate::configuration::Server;
use crate::exit::Exit;
use crate::interrupt::{Interrupt, Signal};
use crate::session::scripted::{Answer, Script};
use crate::session::{
    Command, Connector, Destination, Input, JobId, JobSignal, Phase, Report, Session, SessionId, SshOptions,
};

fn destinations(hosts: &[&str]) -> Vec<Destination> {
    let destination = |host: &&str| Destination {
        server: Server::host(*host),
        options: SshOptions::default(),
    };
    hosts.iter().map(destination).collect()
}

fn jobs(hosts: &[&str]) -> Vec<(Server, Command)> {
    let job = |host: &&str| {
        let command = Command {
            line: "work".to_owned(),
            is_plain: false,
            terminal: None,
            input: Input::none(),
            timeout: None,
            sudo: None,
            meant: None,
        };
        (Server::host(*host), command)
    };
    hosts.iter().map(job).collect()
}

fn fanout(script: &Script) -> (Fanout, Interrupt) {
    let interrupt = Interrupt::default();
    (Fanout::new(Box::new(script.clone()), interrupt.clone()), interrupt)
}

#[test]
fn k1_a_server_is_connected_once() {
    let script = Script::new();
    let (mut fanout, _) = fanout(&script);
    for _ in 0..2 {
        fanout.connect(&destinations(&["a", "b"]), &mut |_| {}).unwrap();
    }
    assert_eq!(script.connections().len(), 2);
}

#[test]
fn k2_k3_every_server_that_refuses_is_named_in_order_and_the_others_stay_connected() {
    let script = Script::new();
    script.refuse("c", Phase::Connect, "connection refused");
    script.refuse("a", Phase::Authentication, "authentication failed");
    let (mut fanout, _) = fanout(&script);
    let Err(NotConnected::Servers(failed)) = fanout.connect(&destinations(&["a", "b", "c", "d"]), &mut |_| {}) else {
        panic!("all connected");
    };
    let named: Vec<String> = failed
        .iter()
        .map(|(server, error)| format!("{server}: {error}"))
        .collect();
    assert_eq!(named, ["a: authentication failed", "c: connection refused"]);
    assert!(fanout.is_connected(&Server::host("b")) && fanout.is_connected(&Server::host("d")));
    script.accept("a").accept("c");
    fanout
        .connect(&destinations(&["a", "b", "c", "d"]), &mut |_| {})
        .unwrap();
    assert_eq!(script.connections().len(), 6);
}

#[test]
fn k5_every_server_ends_exactly_once_also_one_that_is_not_connected_or_lost() {
    let script = Script::new();
    script.on("b", "work", Answer::new().loses_connection("reset"));
    let (mut fanout, _) = fanout(&script);
    fanout.connect(&destinations(&["a", "b"]), &mut |_| {}).unwrap();
    let mut flight = fanout.start(jobs(&["a", "b", "never"]));
    let mut ends = vec![0; 3];
    while let Some(arrival) = fanout.next(&mut flight) {
        if let Arrival::Finished(index, exit, _) = arrival {
            *ends.get_mut(index).unwrap() += 1;
            assert_eq!(matches!(exit, Exit::Lost(_)), index > 0, "{index}: {exit}");
        }
    }
    assert_eq!(ends, [1, 1, 1]);
    fanout.connect(&destinations(&["b"]), &mut |_| {}).unwrap();
    assert_eq!(script.connections().len(), 3);
}

#[test]
fn a_stop_request_is_seen_once_and_the_ladder_ends_what_runs() {
    let script = Script::new();
    script.on("a", "work", Answer::new().hangs());
    let (mut fanout, interrupt) = fanout(&script);
    fanout.connect(&destinations(&["a"]), &mut |_| {}).unwrap();
    let mut flight = fanout.start(jobs(&["a"]));
    interrupt.raise(Signal::Int);
    assert!(matches!(
        fanout.next(&mut flight),
        Some(Arrival::Interrupted(Signal::Int))
    ));
    assert_eq!(interrupt.pending(), None);
    assert_eq!(fanout.cancel(flight, &mut |_, _, _| {}).len(), 1);
    let signals: Vec<JobSignal> = script
        .commands()
        .into_iter()
        .flat_map(|record| record.signals)
        .collect();
    assert_eq!(signals, [JobSignal::Term]);
}

#[test]
fn b3_a_stop_request_does_not_wait_for_what_servers_said_before() {
    let script = Script::new();
    script.on("a", "work", Answer::new().out("one\n").out("two\n").hangs());
    let (mut fanout, interrupt) = fanout(&script);
    fanout.connect(&destinations(&["a"]), &mut |_| {}).unwrap();
    let mut flight = fanout.start(jobs(&["a"]));
    assert!(matches!(fanout.next(&mut flight), Some(Arrival::Output(..))));
    interrupt.raise(Signal::Int);
    let next = fanout.next(&mut flight);
    assert!(matches!(next, Some(Arrival::Interrupted(Signal::Int))), "{next:?}");
    // The second piece of output is not lost.
    let mut said = Vec::new();
    fanout.cancel(flight, &mut |_, _, bytes| said.extend(bytes.to_vec()));
    assert_eq!(said, b"two\n");
}

#[test]
fn a_second_stop_request_goes_one_step_further_at_once() {
    let script = Script::new();
    script.on("a", "work", Answer::new().hangs().dies_only_of(JobSignal::Kill));
    let (mut fanout, interrupt) = fanout(&script);
    fanout.connect(&destinations(&["a"]), &mut |_| {}).unwrap();
    let flight = fanout.start(jobs(&["a"]));
    interrupt.raise(Signal::Int);
    fanout.cancel(flight, &mut |_, _, _| {});
    let signals: Vec<JobSignal> = script
        .commands()
        .into_iter()
        .flat_map(|record| record.signals)
        .collect();
    assert_eq!(signals, [JobSignal::Term, JobSignal::Kill]);
}

#[test]
fn a_stop_request_while_connecting_gives_up_on_those_under_way() {
    let script = Script::new();
    script.stall("b");
    let (mut fanout, interrupt) = fanout(&script);
    let result = fanout.connect(&destinations(&["a", "b"]), &mut |_| interrupt.raise(Signal::Term));
    assert!(matches!(result, Err(NotConnected::Interrupted(Signal::Term))));
    assert!(script.abandoned().contains(&Server::host("b")));
}

#[test]
fn c14_commands_may_run_while_the_output_of_others_is_handled() {
    let script = Script::new();
    script.on("a", "work", Answer::new().out("one\n").exits(3));
    script.on("b", "work", Answer::new().loses_connection("reset"));
    let (mut fanout, _) = fanout(&script);
    fanout.connect(&destinations(&["a", "b"]), &mut |_| {}).unwrap();
    let mut outer = fanout.start(jobs(&["a", "b"]));
    fanout.connect(&destinations(&["c"]), &mut |_| {}).unwrap();
    let mut inner = fanout.start(jobs(&["c"]));
    let mut ends = Vec::new();
    while let Some(arrival) = fanout.next(&mut inner) {
        assert!(
            matches!(arrival, Arrival::Finished(0, Exit::Status(0), _)),
            "{arrival:?}"
        );
    }
    while let Some(arrival) = fanout.next(&mut outer) {
        match arrival {
            Arrival::Output(index, _, bytes) => assert_eq!((index, bytes), (0, b"one\n".to_vec())),
            Arrival::Finished(index, exit, _) => ends.push((index, exit)),
            Arrival::Tick => {}
            Arrival::Before(..) | Arrival::Sent(..) | Arrival::Lingers(_) => panic!("nobody asked"),
            Arrival::Interrupted(_) => panic!("nobody said stop"),
        }
    }
    ends.sort_by_key(|(index, _)| *index);
    assert_eq!(ends, [(0, Exit::Status(3)), (1, Exit::Lost("reset".to_owned()))]);
}

#[test]
fn a_server_that_is_named_twice_is_connected_once() {
    let script = Script::new();
    let (mut fanout, _) = fanout(&script);
    fanout.connect(&destinations(&["a", "a"]), &mut |_| {}).unwrap();
    assert_eq!(script.connections().len(), 1);
}

/// Answers logins only when `at_once` of them are waiting, or when all have begun.
struct Slow {
    at_once: usize,
    all: usize,
    begun: Cell<usize>,
    waiting: RefCell<Vec<(SessionId, Sender<Report>)>>,
    most: Rc<Cell<usize>>,
}

struct Nothing;

impl Session for Nothing {
    fn start(&self, _job: JobId, _command: Command) {}
    fn write(&self, _job: JobId, _bytes: Vec<u8>) {}
    fn feed(&self, _job: JobId, _source: std::sync::Arc<dyn crate::source::Source>) {}
    fn end_input(&self, _job: JobId) {}
    fn signal(&self, _job: JobId, _signal: JobSignal) {}
    fn abandon(&self) {}
}

impl Connector for Slow {
    fn connect(&self, id: SessionId, _destination: &Destination, reports: Sender<Report>) -> Box<dyn Session> {
        let mut waiting = self.waiting.borrow_mut();
        waiting.push((id, reports));
        self.begun.set(self.begun.get() + 1);
        self.most.set(self.most.get().max(waiting.len()));
        if waiting.len() == self.at_once || self.begun.get() == self.all {
            for (id, reports) in waiting.drain(..) {
                reports.send(Report::Connected(id, Duration::ZERO)).unwrap();
            }
        }
        Box::new(Nothing)
    }
}

#[test]
fn k10_no_more_than_so_many_of_sixty_servers_are_logged_in_to_at_once() {
    let most = Rc::new(Cell::new(0));
    let connector = Slow {
        at_once: 7,
        all: 60,
        begun: Cell::new(0),
        waiting: RefCell::default(),
        most: Rc::clone(&most),
    };
    let mut fanout = Fanout::new(Box::new(connector), Interrupt::default());
    let destination = |number| Destination {
        server: Server::host(format!("h{number}")),
        options: SshOptions {
            max_logins: 7,
            ..SshOptions::default()
        },
    };
    let wanted: Vec<_> = (0..60).map(destination).collect();
    fanout.connect(&wanted, &mut |_| {}).unwrap();
    assert_eq!(most.get(), 7);
    assert!(wanted.iter().all(|wanted| fanout.is_connected(&wanted.server)));
}
