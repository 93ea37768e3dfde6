//! Tests of the actor on scripted servers. The bench does what the recipe layer does with tasks, transactions and handlers.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod commands;
mod connections;
mod interrupts;
mod rollback;
mod sudo;
mod transactions;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use super::{Accepts, Action, ActionError, Actor, Outcome, Output, Passwords};
use crate::configuration::{BlockId, Server};
use crate::event::{Event, Reporter, UndoneOn, UndoneStep};
use crate::exit::Exit;
use crate::interrupt::Interrupt;
use crate::secret::{Redactor, Secret};
use crate::session::scripted::Script;
use crate::session::{Command, Destination, Input, SshOptions};
use crate::unanswered::Unanswered;

const SIX: [&str; 6] = ["www1", "www2", "app1", "app2", "db1", "db2"];

type Undo = Rc<dyn Fn(&mut Bench) -> Result<(), ActionError>>;

struct Bench {
    actor: Actor,
    remote: Script,
    local: Script,
    interrupt: Interrupt,
    told: Told,
    person: Person,
    undo: Vec<Undo>,
}

/// The events that were reported, one line for each.
#[derive(Clone, Default)]
struct Told(Rc<RefCell<Vec<String>>>);

impl Told {
    fn lines(&self) -> Vec<String> {
        self.0.borrow().clone()
    }

    /// Returns the lines that begin with `start`.
    fn of(&self, start: &str) -> Vec<String> {
        self.lines()
            .into_iter()
            .filter(|line| line.starts_with(start))
            .collect()
    }
}

impl Reporter for Told {
    fn report(&mut self, event: &Event) {
        let line = match event {
            Event::TaskStarted { task, depth } => format!("task {depth} {task}"),
            Event::TaskFinished { task, ok, .. } => format!("end {task} {ok}"),
            Event::Connecting { servers } => format!("connecting {}", names(servers)),
            Event::Connected { server, .. } => format!("connected {server}"),
            Event::ConnectFailed { server, reason, .. } => format!("no connection {server}: {reason}"),
            Event::HostKeyAdded { server, key_type, .. } => format!("host key {server} {key_type}"),
            Event::HostKeyUntrusted { server, reason } => format!("host key of {server} not trusted: {reason}"),
            Event::Negotiated { server, cipher, .. } => format!("agreed with {server} on {cipher}"),
            Event::ActionStarted {
                verb, command, servers, ..
            } => format!("{verb} `{command}' on {}", names(servers)),
            Event::Output {
                server, stream, lines, ..
            } => {
                let told = |line: &String| format!("{stream} {server}: {line}");
                return self.0.borrow_mut().extend(lines.iter().map(told));
            }
            Event::Silent { servers, line, .. } => {
                format!("silent {}: {}", names(servers), line.as_deref().unwrap_or("-"))
            }
            Event::Transferred { server, bytes, .. } => format!("transferred {server}: {bytes}"),
            Event::ServerFinished { server, exit, .. } => format!("finished {server}: {exit}"),
            Event::ActionFinished { failed, .. } => format!("all finished, {failed} failed"),
            Event::RollbackStarted { task } => format!("rollback after {task}"),
            Event::RollingBack { task } => format!("rolling back {task}"),
            Event::RollbackSkipped { task, server, reason } => format!("skipped {server} for {task}: {reason}"),
            Event::RollbackFailed { task, reason } => format!("rollback of {task} failed: {reason}"),
            Event::RollbackStopped { left } => format!("rollback stopped, left: {}", left.join(" ")),
            Event::RollbackFinished { complete, steps } => {
                let on = |on: &UndoneOn| format!("{} {}", on.server, on.end.word());
                let told = |step: &UndoneStep| {
                    let servers: Vec<String> = step.servers.iter().map(on).collect();
                    format!("{}: {}", step.task, servers.join(", "))
                };
                let steps: Vec<String> = steps.iter().map(told).collect();
                format!("rollback finished, complete: {complete}; {}", steps.join("; "))
            }
            Event::Message { tag, text, .. } => format!("message {}: {text}", tag.as_deref().unwrap_or("")),
            Event::Printed { text } => format!("printed {text}"),
            Event::TransactionStarted => "transaction".to_owned(),
            Event::TransactionCommitted => "commit".to_owned(),
            Event::Interrupted { signal } => signal.to_string(),
            Event::HooksTriggered { .. }
            | Event::RunStarted { .. }
            | Event::Deployed { .. }
            | Event::Captured { .. } => return,
        };
        self.0.borrow_mut().push(line);
    }
}

fn names(servers: &[Server]) -> String {
    let names: Vec<_> = servers.iter().map(Server::to_string).collect();
    names.join(" ")
}

/// Answers with these passwords, one after the other, and keeps the last until it has to be forgotten.
#[derive(Default)]
struct Person {
    answers: VecDeque<&'static str>,
    kept: Option<&'static str>,
    asked: Vec<String>,
}

impl Person {
    fn knows(&mut self, answers: &[&'static str]) {
        self.answers = answers.iter().copied().collect();
    }
}

impl Passwords for Person {
    fn password(&mut self, why: &str) -> Result<Secret, Unanswered> {
        if self.kept.is_none() {
            self.asked.push(why.to_owned());
            self.kept = self.answers.pop_front();
        }
        self.kept
            .map(Secret::new)
            .ok_or_else(|| Unanswered::nobody("no terminal"))
    }

    fn passphrase(&mut self, key: &str, again: bool) -> Result<Secret, Unanswered> {
        self.asked.push(format!("{key} {again}"));
        Err(Unanswered::nobody("no terminal"))
    }

    fn answer(&mut self, question: &str, hidden: bool) -> Result<Secret, Unanswered> {
        self.asked.push(format!("{question}{hidden}"));
        Err(Unanswered::nobody("no terminal"))
    }

    fn forget(&mut self) {
        self.kept = None;
    }
}

impl Bench {
    fn new() -> Self {
        let (remote, local) = (Script::new(), Script::new());
        let (told, interrupt) = (Told::default(), Interrupt::default());
        let actor = Actor::new(
            Box::new(remote.clone()),
            Box::new(local.clone()),
            Box::new(told.clone()),
            Redactor::default(),
            interrupt.clone(),
        );
        Self {
            actor,
            remote,
            local,
            interrupt,
            told,
            person: Person::default(),
            undo: Vec::new(),
        }
    }

    /// Performs `run` on these hosts.
    fn run(&mut self, hosts: &[&str], text: &str) -> Result<Outcome, ActionError> {
        self.perform(action(hosts, text))
    }

    fn perform(&mut self, action: Action) -> Result<Outcome, ActionError> {
        let mut running = self.actor.start(action, &mut self.person)?;
        while self.actor.next(&mut running, &mut self.person)?.is_some() {}
        self.actor.finish(running)
    }

    fn task(&mut self, name: &str, body: impl FnOnce(&mut Self) -> Result<(), ActionError>) -> Result<(), ActionError> {
        self.actor.enter(name, false);
        let result = body(self);
        self.actor.leave(result.is_ok());
        result
    }

    fn on_rollback(&mut self, undo: impl Fn(&mut Self) -> Result<(), ActionError> + 'static) -> bool {
        self.undo.push(Rc::new(undo));
        self.actor.on_rollback(BlockId(self.undo.len() - 1))
    }

    /// Registers a handler that runs one command on these hosts.
    fn undo_by(&mut self, hosts: &'static [&'static str], text: &'static str) -> bool {
        self.on_rollback(move |bench| bench.run(hosts, text).map(drop))
    }

    fn transaction(&mut self, body: impl FnOnce(&mut Self) -> Result<(), ActionError>) -> Result<(), ActionError> {
        if !self.actor.begin_transaction() {
            return body(self);
        }
        let result = body(self);
        if result.is_ok() {
            self.actor.commit_transaction();
            return result;
        }
        self.actor.start_rollback(0, true);
        while let Some(step) = self.actor.next_handler() {
            let undone = self.undo[step.handler.0].clone()(self);
            let stopped = matches!(undone, Err(ActionError::Interrupted(_)));
            self.actor.handler_done(undone.map_err(|error| error.to_string()));
            if stopped {
                self.actor.stop_rollback();
            }
        }
        self.actor.finish_rollback(true);
        result
    }

    /// Returns `host: line` for every command, in order.
    fn commands(&self) -> Vec<String> {
        let commands = self.remote.commands();
        commands
            .iter()
            .map(|record| format!("{}: {}", record.server, record.line))
            .collect()
    }

    /// Returns how every command on this host ended.
    fn exits(&self, host: &str) -> Vec<Option<Exit>> {
        let commands = self.remote.commands();
        let here = commands.into_iter().filter(|record| record.is(host, ""));
        here.map(|record| record.exit).collect()
    }
}

fn action(hosts: &[&str], text: &str) -> Action {
    let command = Command {
        line: text.to_owned(),
        is_plain: false,
        terminal: None,
        input: Input::none(),
        timeout: None,
        sudo: None,
        meant: None,
    };
    let jobs = hosts.iter().map(|host| {
        let destination = Destination {
            server: host.parse().unwrap(),
            options: SshOptions::default(),
        };
        (destination, command.clone())
    });
    Action {
        verb: "run",
        shown: text.to_owned(),
        options: Vec::new(),
        local: false,
        jobs: jobs.collect(),
        parts: Default::default(),
        output: Output::Report,
        most_captured: usize::MAX,
        heartbeat: None,
        silent: false,
        accepts: Accepts::Success,
        is_apart: false,
        gate: None,
    }
}

/// Returns `server: reason` for every server in an error, in its order.
fn reasons(error: &ActionError) -> Vec<String> {
    let diagnostic = error.diagnostic();
    let servers = diagnostic.servers.iter();
    servers
        .map(|failure| format!("{}: {}", failure.server, failure.reason))
        .collect()
}
