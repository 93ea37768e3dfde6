//! One run, reported in every form.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod ending;
mod hostile;
mod json;
mod levels;
mod plain;
mod pretty;
mod widths;

use std::cell::RefCell;
use std::io::Write;
use std::rc::Rc;
use std::time::Duration;

use jiff::tz::TimeZone;
use regex::Regex;

use super::clock::Clock;
use super::{Console, ConsoleOptions, Format, Look, Times};
use crate::configuration::Server;
use crate::event::{ActionId, Event, Level, Reporter, UndoneEnd, UndoneOn, UndoneStep};
use crate::exit::{Exit, Stream};
use crate::interrupt::Interrupt;
use crate::interrupt::Signal;
use crate::run_id::RunId;
use crate::secret::{Redactor, Secret};

#[derive(Clone, Default)]
struct Paper(Rc<RefCell<Vec<u8>>>);

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Paper {
    /// Returns what was written, with escape characters made visible and the run's own time made constant.
    fn text(&self) -> String {
        let text = String::from_utf8(self.0.borrow().clone()).unwrap();
        let text = text.replace('\u{1b}', "␛").replace('\r', "␍\n");
        let time = Regex::new(r" (servers?|commands?) in [0-9.]+m?s").unwrap();
        let text = time.replace_all(&text, " $1 in TIME");
        let time = Regex::new(r#"("type":"summary".*"elapsed_ms":)[0-9]+"#).unwrap();
        time.replace_all(&text, "${1}0").into_owned()
    }
}

/// Returns a clock that stands still at 2026-01-02 03:04:05.006.
fn clock() -> Clock {
    Clock::still(TimeZone::UTC)
}

fn look(live: bool) -> Look {
    Look {
        color: false,
        many: false,
        columns: live.then_some(100),
        live,
    }
}

fn options(format: Format, threshold: Level, look: Look) -> ConsoleOptions {
    ConsoleOptions {
        format,
        threshold,
        look,
        data_columns: None,
        is_rehearsal: false,
        stamps: false,
        size: || None,
        times: Times {
            redrawn: Duration::ZERO,
            held: Duration::from_secs(3600),
        },
        log: None,
        records: false,
        interrupt: Interrupt::default(),
        run: RunId::default(),
        ci: None,
    }
}

/// Returns the standard error and standard output of a console that received these events.
fn told(options: ConsoleOptions, events: &[Event]) -> (String, String) {
    let (messages, data) = (Paper::default(), Paper::default());
    let redactor = Redactor::default();
    redactor.add(&Secret::new("hunter2"));
    let mut console = Console::on(
        options,
        redactor,
        clock(),
        Box::new(messages.clone()),
        Box::new(data.clone()),
    );
    for event in events {
        console.report(event);
    }
    (messages.text(), data.text())
}

/// Returns a console, and its standard error.
fn console(options: ConsoleOptions) -> (Console, Paper) {
    let messages = Paper::default();
    let console = Console::on(
        options,
        Redactor::default(),
        clock(),
        Box::new(messages.clone()),
        Box::new(Paper::default()),
    );
    (console, messages)
}

fn started(action: u64, verb: &'static str, command: &str, servers: &[&Server]) -> Event {
    Event::ActionStarted {
        action: ActionId(action),
        verb,
        command: command.to_owned(),
        options: Vec::new(),
        is_local: verb == "run_locally",
        servers: servers.iter().map(|server| (*server).clone()).collect(),
    }
}

fn output(action: u64, server: &Server, stream: Stream, line: &str) -> Event {
    Event::Output {
        action: ActionId(action),
        server: server.clone(),
        stream,
        lines: vec![line.to_owned()],
    }
}

fn ended(action: u64, server: &Server, exit: Exit) -> Event {
    Event::ServerFinished {
        action: ActionId(action),
        server: server.clone(),
        failed: !exit.is_success(),
        exit,
        elapsed: Duration::from_millis(12),
    }
}

fn finished(action: u64, failed: usize) -> Event {
    Event::ActionFinished {
        action: ActionId(action),
        elapsed: Duration::from_millis(15),
        failed,
    }
}

fn task(name: &str, depth: usize) -> Event {
    Event::TaskStarted {
        task: name.to_owned(),
        depth,
    }
}

fn left(name: &str, depth: usize) -> Event {
    Event::TaskFinished {
        task: name.to_owned(),
        depth,
        elapsed: Duration::from_millis(20),
        ok: false,
    }
}

fn message(level: Level, tag: Option<&str>, text: &str) -> Event {
    Event::Message {
        level,
        tag: tag.map(str::to_owned),
        text: text.to_owned(),
    }
}

fn undone(task: &str, servers: &[(&Server, UndoneEnd)]) -> UndoneStep {
    let on = |(server, end): &(&Server, UndoneEnd)| UndoneOn {
        server: (*server).clone(),
        end: end.clone(),
    };
    UndoneStep {
        task: task.to_owned(),
        servers: servers.iter().map(on).collect(),
    }
}

/// Returns a deployment that fails on one of two servers and is rolled back on the other.
fn run() -> Vec<Event> {
    let (app, db) = (Server::host("app1"), Server::host("db1.example.com"));
    let unreached = db.clone();
    let reason = |reason: &str| reason.to_owned();
    let (killed, lost) = (
        UndoneEnd::Failed {
            reason: reason("killed by signal KILL"),
        },
        UndoneEnd::Unreachable {
            reason: reason("connection lost, hunter2"),
        },
    );
    vec![
        Event::HooksTriggered {
            event: "start".to_owned(),
            task: None,
        },
        task("deploy", 0),
        Event::TransactionStarted,
        task("deploy:update_code", 1),
        Event::Connecting {
            servers: vec![app.clone(), db.clone()],
        },
        Event::HostKeyAdded {
            server: app.clone(),
            key_type: "ssh-ed25519".to_owned(),
            fingerprint: "SHA256:abc".to_owned(),
            file: "~/.ssh/known_hosts".to_owned(),
        },
        Event::Connected {
            server: app.clone(),
            elapsed: Duration::from_millis(30),
        },
        Event::Connected {
            server: db.clone(),
            elapsed: Duration::from_millis(31),
        },
        started(1, "run", "mkdir -p /u/apps", &[&app, &db]),
        ended(1, &db, Exit::Status(0)),
        ended(1, &app, Exit::Status(0)),
        finished(1, 0),
        started(2, "run", "svn co \\\n  -q --password hunter2", &[&app, &db]),
        output(2, &app, Stream::Out, "  A  trunk\u{1b}[0m"),
        output(2, &db, Stream::Err, "svn: hunter2 is wrong"),
        ended(2, &app, Exit::Status(0)),
        ended(2, &db, Exit::Status(1)),
        finished(2, 1),
        left("deploy:update_code", 1),
        Event::RollbackStarted {
            task: "deploy:update_code".to_owned(),
        },
        Event::RollingBack {
            task: "deploy:update_code".to_owned(),
        },
        started(3, "run", "rm -rf /u/apps/x", &[&app]),
        ended(3, &app, Exit::Signal("KILL".to_owned())),
        finished(3, 1),
        Event::RollbackFailed {
            task: "deploy:update_code".to_owned(),
            reason: "command failed on app1".to_owned(),
        },
        Event::RollbackSkipped {
            task: "deploy:update_code".to_owned(),
            server: db,
            reason: "connection lost".to_owned(),
        },
        Event::RollbackFinished {
            complete: false,
            steps: vec![
                undone(
                    "deploy:create_symlink",
                    &[(&app, UndoneEnd::Undone), (&unreached, lost.clone())],
                ),
                undone("deploy:update_code", &[(&app, killed), (&unreached, lost)]),
            ],
        },
        left("deploy", 0),
        message(Level::Important, Some("app1"), "two\nlines"),
        Event::Printed {
            text: "data hunter2".to_owned(),
        },
        Event::Interrupted { signal: Signal::Int },
    ]
}
