#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use super::{Answer, Script};
use crate::configuration::Server;
use crate::exit::Stream;
use crate::interrupt::{Interrupt, Signal};
use crate::secret::Secret;
use crate::session::{
    Command, Connector, Destination, Input, JobId, JobSignal, LoginReport, Phase, Report, Session, SessionId,
    SshOptions,
};

fn connect(script: &Script, id: usize, server: &str, reports: &Sender<Report>) -> Box<dyn Session> {
    let destination = Destination {
        server: server.parse().unwrap(),
        options: SshOptions::default(),
    };
    script.connect(SessionId(id), &destination, reports.clone())
}

fn command(line: &str) -> Command {
    Command {
        line: line.to_owned(),
        is_plain: false,
        terminal: None,
        input: Input::open(),
        timeout: None,
        sudo: None,
        meant: None,
    }
}

/// Returns everything that was reported so far, one string for each report.
fn told(reports: &Receiver<Report>) -> Vec<String> {
    reports
        .try_iter()
        .map(|report| match report {
            Report::Connected(id, _) => format!("{} connected", id.0),
            Report::ConnectFailed(id, error) => format!("{} not connected: {error}", id.0),
            Report::Login(id, LoginReport::HostKeyAdded(key)) => format!("{} host key {}", id.0, key.key_type),
            Report::Login(id, LoginReport::Banner(banner)) => format!("{} says {}", id.0, banner.text),
            Report::Login(id, LoginReport::Negotiated(algorithms)) => {
                format!("{} agreed on {}", id.0, algorithms.cipher)
            }
            Report::Login(id, LoginReport::HostKeyUntrusted(warning) | LoginReport::KeyLeftOut(warning)) => {
                format!("{} {}", id.0, warning.text)
            }
            Report::PasswordWanted(id, question) => {
                format!("{} password of {} wanted", id.0, question.user)
            }
            Report::Output(id, job, Stream::Out, bytes) => {
                format!("{}.{} out {}", id.0, job.0, String::from_utf8_lossy(&bytes))
            }
            Report::Output(id, job, Stream::Err, bytes) => {
                format!("{}.{} err {}", id.0, job.0, String::from_utf8_lossy(&bytes))
            }
            Report::Before(id, job, bytes) => {
                format!("{}.{} before {}", id.0, job.0, String::from_utf8_lossy(&bytes))
            }
            Report::Lingers(id, job) => format!("{}.{} lingers", id.0, job.0),
            Report::Sent(id, job, bytes) => format!("{}.{} sent {bytes}", id.0, job.0),
            Report::Finished(id, job, exit, _) => format!("{}.{} {exit}", id.0, job.0),
            Report::Lost(id, reason) => format!("{} lost: {reason}", id.0),
            Report::Interrupted(signal) => signal.to_string(),
            Report::Login(id, LoginReport::Step(step)) => format!("{} {:?}", id.0, step.kind),
        })
        .collect()
}

#[test]
fn the_first_fitting_rule_answers_and_the_rest_ends_well() {
    let script = Script::new();
    script
        .on_next("app1", "svn", Answer::new().err("locked\n").exits(1))
        .on("*", "svn", Answer::new().out("Checked ").out("out\n"));
    let (sender, reports) = channel();
    let app1 = connect(&script, 1, "deploy@app1:2222", &sender);
    app1.start(JobId(1), command("svn co x"));
    app1.start(JobId(2), command("svn co x"));
    app1.start(JobId(3), command("true"));
    assert_eq!(
        told(&reports),
        [
            "1 connected",
            "1.1 err locked\n",
            "1.1 exit status 1",
            "1.2 out Checked ",
            "1.2 out out\n",
            "1.2 exit status 0",
            "1.3 exit status 0",
        ]
    );
    assert_eq!(script.lines_on("app1"), ["svn co x", "svn co x", "true"]);
    assert_eq!(script.commands()[0].server.to_string(), "deploy@app1:2222");
}

#[test]
fn a_strict_script_refuses_what_it_has_no_answer_for() {
    let script = Script::new();
    script.strict();
    let (sender, reports) = channel();
    connect(&script, 1, "app1", &sender).start(JobId(1), command("ls"));
    assert_eq!(
        told(&reports)[1],
        "1.1 could not start: the script has no answer for app1: ls"
    );
}

#[test]
fn a_password_is_asked_for_as_sudo_does() {
    let script = Script::new();
    script.on(
        "*",
        "sudo",
        Answer::new().asks_password("sudo password: ", "secret").out("root\n"),
    );
    let (sender, reports) = channel();
    let session = connect(&script, 1, "app1", &sender);
    session.start(JobId(1), command("sudo whoami"));
    assert_eq!(told(&reports), ["1 connected", "1.1 out sudo password: "]);
    session.write(JobId(1), b"wro".to_vec());
    assert!(told(&reports).is_empty());
    session.write(JobId(1), b"ng\n".to_vec());
    assert_eq!(
        told(&reports),
        ["1.1 err Sorry, try again.\n", "1.1 out sudo password: "]
    );
    session.write(JobId(1), b"secret\n".to_vec());
    assert_eq!(told(&reports), ["1.1 out root\n", "1.1 exit status 0"]);
    assert_eq!(script.commands()[0].input, b"wrong\nsecret\n");

    session.start(JobId(2), command("sudo whoami"));
    session.write(JobId(2), b"a\nb\nc\n".to_vec());
    assert_eq!(told(&reports).last().unwrap(), "1.2 exit status 1");
}

#[test]
fn one_server_can_wait_for_another() {
    let script = Script::new();
    script
        .on("app1", "work", Answer::new().once_ended("app2", "work").out("first\n"))
        .on("app2", "work", Answer::new().once_started("app1", "work").exits(3));
    let (sender, reports) = channel();
    let (app1, app2) = (
        connect(&script, 1, "app1", &sender),
        connect(&script, 2, "app2", &sender),
    );
    told(&reports);
    app1.start(JobId(1), command("work"));
    assert!(told(&reports).is_empty());
    app2.start(JobId(2), command("work"));
    assert_eq!(
        told(&reports),
        ["2.2 exit status 3", "1.1 out first\n", "1.1 exit status 0"]
    );
}

#[test]
fn signals_end_what_runs_unless_it_resists() {
    let script = Script::new();
    script
        .on("*", "soft", Answer::new().hangs())
        .on("*", "hard", Answer::new().hangs().dies_only_of(JobSignal::Kill))
        .on("*", "frozen", Answer::new().hangs().ignores_signals());
    let (sender, reports) = channel();
    let session = connect(&script, 1, "app1", &sender);
    for (job, line) in [(1, "soft"), (2, "hard"), (3, "frozen")] {
        session.start(JobId(job), command(line));
        for signal in [JobSignal::Term, JobSignal::Kill] {
            session.signal(JobId(job), signal);
        }
    }
    session.abandon();
    session.start(JobId(4), command("soft"));
    assert_eq!(
        told(&reports),
        [
            "1 connected",
            "1.1 killed by signal TERM",
            "1.2 killed by signal KILL",
            "1.3 stopped",
            "1 lost: stopped",
            "1.4 connection lost: not connected",
        ]
    );
    assert_eq!(script.commands()[1].signals.len(), 2);
    assert_eq!(script.abandoned(), [Server::host("app1")]);
    assert_eq!(script.open_sessions(), 0);
}

#[test]
fn a_timeout_strikes_at_once_where_a_command_hangs() {
    let script = Script::new();
    script.on("*", "slow", Answer::new().hangs());
    let (sender, reports) = channel();
    connect(&script, 1, "app1", &sender).start(
        JobId(1),
        Command {
            timeout: Some(Duration::from_secs(60)),
            ..command("slow")
        },
    );
    assert_eq!(told(&reports)[1], "1.1 timed out after 60 s");
}

#[test]
fn connections_are_refused_stalled_and_lost() {
    let script = Script::new();
    script
        .refuse("app1", Phase::Connect, "connection refused")
        .stall("app2");
    let (sender, reports) = channel();
    let _app1 = connect(&script, 1, "app1", &sender);
    let app2 = connect(&script, 2, "app2", &sender);
    assert_eq!(told(&reports), ["1 not connected: connection refused"]);
    script.accept("*");
    let _again = connect(&script, 3, "app1", &sender);
    assert_eq!(told(&reports), ["2 connected", "3 connected"]);
    script.on("*", "work", Answer::new().hangs());
    app2.start(JobId(1), command("work"));
    script.lose("app2", "connection reset");
    assert_eq!(
        told(&reports),
        ["2.1 connection lost: connection reset", "2 lost: connection reset"]
    );
    assert_eq!(script.connections().len(), 3);
    assert_eq!(script.open_sessions(), 1);
}

#[test]
fn a_login_password_is_wanted_until_it_is_right() {
    let script = Script::new();
    script.wants_password("app1", "secret");
    let (sender, reports) = channel();
    let session = connect(&script, 1, "bob@app1", &sender);
    session.answer(Some(Secret::new("wrong")));
    session.answer(Some(Secret::new("secret")));
    assert_eq!(
        told(&reports),
        ["1 password of bob wanted", "1 password of bob wanted", "1 connected"]
    );
    let session = connect(&script, 2, "bob@app1", &sender);
    session.answer(None);
    assert_eq!(
        told(&reports),
        ["2 password of bob wanted", "2 not connected: authentication failed"]
    );
}

#[test]
fn an_answer_can_raise_an_interrupt_and_change_the_script() {
    let script = Script::new();
    let interrupt = Interrupt::default();
    let (sender, reports) = channel();
    let waker = sender.clone();
    interrupt.on_raise(move |signal| drop(waker.send(Report::Interrupted(signal))));
    let (raised, changed) = (interrupt.clone(), script.clone());
    script.on(
        "*",
        "work",
        Answer::new()
            .out("begun\n")
            .calls(move || {
                raised.raise(Signal::Int);
                changed.lose("app2", "gone");
            })
            .hangs(),
    );
    let (app1, _app2) = (
        connect(&script, 1, "app1", &sender),
        connect(&script, 2, "app2", &sender),
    );
    app1.start(JobId(1), command("work"));
    assert_eq!(
        told(&reports),
        [
            "1 connected",
            "2 connected",
            "1.1 out begun\n",
            "interrupted",
            "2 lost: gone"
        ]
    );
    assert_eq!(interrupt.pending(), Some(Signal::Int));
}
