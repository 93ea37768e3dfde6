#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rustix::process::Rlimit;

use super::LocalConnector;
use crate::configuration::Server;
use crate::exit::{Exit, Stream};
use crate::session::{
    Command, Connector, Destination, Input, JobId, JobSignal, Report, Session, SessionId, SshOptions,
};
use crate::source::Source;

const BOUND: Duration = Duration::from_secs(20);

fn session() -> (Box<dyn Session>, Receiver<Report>) {
    session_of(&LocalConnector::default())
}

fn session_of(connector: &LocalConnector) -> (Box<dyn Session>, Receiver<Report>) {
    let (sender, reports) = channel();
    let destination = Destination {
        server: Server::host("localhost"),
        options: SshOptions::default(),
    };
    let session = connector.connect(SessionId(0), &destination, sender);
    assert!(matches!(reports.recv_timeout(BOUND).unwrap(), Report::Connected(..)));
    (session, reports)
}

fn command(line: &str, input: &[u8], then_end: bool, timeout: Option<Duration>) -> Command {
    Command {
        line: line.to_owned(),
        is_plain: false,
        terminal: None,
        input: Input {
            then_end,
            ..Input::text(input)
        },
        timeout,
        sudo: None,
        meant: None,
    }
}

#[test]
fn the_limit_for_core_files_holds_for_the_first_command_of_a_line() {
    for (bytes, told) in [(4096, "8\n"), (0, "0\n")] {
        let core_files = Some(Rlimit {
            current: Some(bytes),
            maximum: None,
        });
        let (session, reports) = session_of(&LocalConnector { core_files });
        for job in 0..20 {
            session.start(JobId(job), command("ulimit -Sc; echo \"$0\" >&2", b"", true, None));
            let ended = await_end(&reports);
            assert_eq!(String::from_utf8_lossy(&ended.out), told);
            assert_eq!(String::from_utf8_lossy(&ended.err), "/bin/sh\n");
            assert_eq!(ended.exit, Exit::Status(0));
        }
    }
}

/// A file of which only the beginning can be read.
#[derive(Debug)]
struct Torn;

impl Source for Torn {
    fn length(&self) -> u64 {
        9
    }

    fn chunk(&self, at: u64) -> std::io::Result<Arc<[u8]>> {
        match at {
            0 => Ok(Arc::from(*b"half")),
            _ => Err(std::io::Error::other("torn")),
        }
    }
}

#[test]
fn a_command_whose_input_cannot_be_read_to_its_end_is_ended_and_does_not_take_it_for_the_whole() {
    let (session, reports) = session();
    let input = Input::told(Arc::new(Torn));
    let command = Command {
        input,
        ..command("cat; echo whole", b"", true, None)
    };
    session.start(JobId(1), command);
    let ended = await_end(&reports);
    assert_eq!(ended.exit, Exit::Unsent("torn".to_owned()));
    assert!(!String::from_utf8_lossy(&ended.out).contains("whole"));
}

struct Ended {
    out: Vec<u8>,
    err: Vec<u8>,
    exit: Exit,
}

fn await_end(reports: &Receiver<Report>) -> Ended {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    loop {
        match reports.recv_timeout(BOUND).unwrap() {
            Report::Output(_, _, Stream::Out, bytes) => out.extend(bytes),
            Report::Output(_, _, Stream::Err, bytes) => err.extend(bytes),
            Report::Finished(_, _, exit, _) => return Ended { out, err, exit },
            other => panic!("{other:?}"),
        }
    }
}

/// Waits until the command has printed the number of its process group, and returns that.
fn await_group(reports: &Receiver<Report>) -> i32 {
    match reports.recv_timeout(BOUND).unwrap() {
        Report::Output(_, _, Stream::Out, bytes) => String::from_utf8(bytes).unwrap().trim().parse().unwrap(),
        other => panic!("{other:?}"),
    }
}

/// Returns true if any process, including zombies, is still in this group.
fn group_lives(group: i32) -> bool {
    let group = rustix::process::Pid::from_raw(group).unwrap();
    rustix::process::test_kill_process_group(group).is_ok()
}

fn await_group_gone(group: i32) {
    let deadline = Instant::now() + BOUND;
    while group_lives(group) {
        assert!(Instant::now() < deadline, "group {group} still lives");
        std::thread::yield_now();
    }
}

#[test]
fn both_streams_and_the_status_arrive() {
    let (session, reports) = session();
    session.start(JobId(1), command("echo one; echo two >&2; exit 7", b"", true, None));
    let ended = await_end(&reports);
    assert_eq!(ended.out, b"one\n");
    assert_eq!(ended.err, b"two\n");
    assert_eq!(ended.exit, Exit::Status(7));
}

#[test]
fn a_signal_is_not_a_status() {
    let (session, reports) = session();
    session.start(JobId(1), command("kill -TERM $$", b"", true, None));
    assert_eq!(await_end(&reports).exit, Exit::Signal("TERM".to_owned()));
}

#[test]
fn input_larger_than_a_pipe_comes_through() {
    let (session, reports) = session();
    let input = vec![b'x'; 3_000_000];
    session.start(JobId(1), command("cat", &input, false, None));
    session.write(JobId(1), b"end".to_vec());
    session.end_input(JobId(1));
    let ended = await_end(&reports);
    assert_eq!(ended.exit, Exit::Status(0));
    assert_eq!(ended.out.len(), input.len() + 3);
    assert!(ended.out.ends_with(b"xend"));
}

#[test]
fn a_command_that_reads_nothing_does_not_hang_on_its_input() {
    let (session, reports) = session();
    session.start(JobId(1), command("exit 3", &vec![b'x'; 1_000_000], true, None));
    assert_eq!(await_end(&reports).exit, Exit::Status(3));
}

#[test]
fn a_signal_reaches_the_whole_group_and_leaves_no_zombie() {
    let (session, reports) = session();
    session.start(
        JobId(1),
        command(
            "(trap '' TERM; sleep 100) & sleep 100 | cat & echo $$; wait",
            b"",
            true,
            None,
        ),
    );
    let group = await_group(&reports);
    // A process that ignores TERM is killed when the leader of its group has died of it.
    session.signal(JobId(1), JobSignal::Term);
    assert_eq!(await_end(&reports).exit, Exit::Signal("TERM".to_owned()));
    await_group_gone(group);
}

#[test]
fn a_timeout_ends_even_what_ignores_term() {
    let (session, reports) = session();
    let timeout = Duration::from_millis(50);
    session.start(
        JobId(1),
        command(
            "trap '' TERM; echo $$; while :; do sleep 1; done",
            b"",
            true,
            Some(timeout),
        ),
    );
    let group = await_group(&reports);
    assert_eq!(await_end(&reports).exit, Exit::TimedOut(timeout));
    await_group_gone(group);
}

#[test]
fn abandoning_ends_everything_and_is_told_after_the_commands() {
    let (session, reports) = session();
    session.start(
        JobId(1),
        command("trap '' INT TERM; echo $$; sleep 100", b"", true, None),
    );
    let group = await_group(&reports);
    session.abandon();
    session.abandon();
    assert_eq!(await_end(&reports).exit, Exit::Cancelled);
    assert!(matches!(reports.recv_timeout(BOUND).unwrap(), Report::Lost(..)));
    await_group_gone(group);
    session.start(JobId(2), command("true", b"", true, None));
    assert!(matches!(await_end(&reports).exit, Exit::Lost(_)));
}

#[test]
fn dropping_the_session_ends_its_commands() {
    let (session, reports) = session();
    session.start(JobId(1), command("echo $$; sleep 100", b"", true, None));
    let group = await_group(&reports);
    drop(session);
    await_group_gone(group);
}

#[test]
fn something_that_left_the_group_does_not_hold_an_ended_command() {
    let (session, reports) = session();
    session.start(JobId(1), command("setsid sleep 5 & echo $$; wait", b"", true, None));
    await_group(&reports);
    let started = Instant::now();
    session.signal(JobId(1), JobSignal::Kill);
    assert_eq!(await_end(&reports).exit, Exit::Signal("KILL".to_owned()));
    assert!(started.elapsed() < Duration::from_secs(4));
}

#[test]
fn a_flood_that_nobody_takes_is_not_read_on() {
    let (session, reports) = session();
    let total = 30_000_000;
    session.start(
        JobId(1),
        command(&format!("head -c {total} /dev/zero; echo end >&2"), b"", true, None),
    );
    let deadline = Instant::now() + BOUND;
    let mut waiting: usize = 0;
    let mut seen: usize = 0;
    loop {
        // Silence while there is more to come means that reading has stopped.
        match reports.recv_timeout(Duration::from_millis(300)) {
            Ok(Report::Output(_, _, _, bytes)) => {
                waiting += bytes.len();
                seen += bytes.len();
                assert!(waiting <= 9_000_000, "{waiting} bytes wait");
            }
            Ok(Report::Finished(_, _, exit, _)) => {
                assert_eq!(exit, Exit::Status(0));
                break;
            }
            Ok(other) => panic!("{other:?}"),
            Err(_) => {
                assert!(Instant::now() < deadline, "nothing more comes after {seen} bytes");
                session.drained(std::mem::take(&mut waiting));
            }
        }
    }
    assert_eq!(seen, total + 4);
}
