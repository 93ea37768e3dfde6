//! The result of a run: counted as the events pass, reported when it is over.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::time::{Duration, Instant};

use crate::configuration::Server;
use crate::diagnostic::ServerFailure;
use crate::event::{ActionId, Event, UndoneStep};
use crate::exit::{Cause, Stream};

/// The number of last lines of standard error that are kept for each server.
const KEPT_LINES: usize = 5;

/// The counts of a run.
#[derive(Debug)]
pub(super) struct Tally {
    started: Instant,
    pub(super) tasks: usize,
    pub(super) commands: usize,
    servers: BTreeSet<Server>,
    /// Every failure on a server, in the order in which they came.
    pub(super) failures: Vec<ServerFailure>,
    /// The parts that the rollback could not undo: the server if one is known, and the reason.
    pub(super) left: Vec<String>,
    /// The handlers of incomplete rollbacks.
    pub(super) undone: Vec<UndoneStep>,
    running: HashMap<ActionId, CountedAction>,
}

/// An action that runs, as far as its failures need it.
#[derive(Debug, Default)]
struct CountedAction {
    /// True if a stop request came while the action ran: its end is then not a failure of its own.
    is_stopped: bool,
    /// The last lines of each server's standard output and standard error.
    last: HashMap<Server, [VecDeque<String>; 2]>,
}

impl Tally {
    pub(super) fn new() -> Self {
        Self {
            started: Instant::now(),
            tasks: 0,
            commands: 0,
            servers: BTreeSet::new(),
            failures: Vec::new(),
            left: Vec::new(),
            undone: Vec::new(),
            running: HashMap::new(),
        }
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    pub(super) fn servers(&self) -> usize {
        self.servers.len()
    }

    pub(super) fn count(&mut self, event: &Event) {
        match event {
            Event::TaskStarted { .. } => self.tasks += 1,
            Event::ActionStarted {
                action,
                is_local,
                servers,
                ..
            } => {
                self.commands += 1;
                if !is_local {
                    self.servers.extend(servers.iter().cloned());
                }
                self.running.insert(*action, CountedAction::default());
            }
            Event::Output {
                action,
                server,
                stream,
                lines,
            } => {
                if let Some(running) = self.running.get_mut(action) {
                    let [out, err] = running.last.entry(server.clone()).or_default();
                    let kept = match stream {
                        Stream::Out => out,
                        Stream::Err => err,
                    };
                    for line in lines.iter().skip(lines.len().saturating_sub(KEPT_LINES)) {
                        if kept.len() == KEPT_LINES {
                            kept.pop_front();
                        }
                        kept.push_back(line.clone());
                    }
                }
            }
            Event::ServerFinished {
                action,
                server,
                exit,
                failed,
                ..
            } => {
                let running = self.running.get_mut(action);
                let is_stopped = running.as_ref().is_some_and(|running| running.is_stopped);
                let [out, err] = running
                    .and_then(|running| running.last.remove(server))
                    .unwrap_or_default();
                if *failed && !is_stopped {
                    self.failures.push(ServerFailure {
                        common: None,
                        server: server.clone(),
                        cause: Some(Cause::Exit(exit.clone())),
                        reason: exit.to_string(),
                        stdout: if err.is_empty() { out.into() } else { Vec::new() },
                        stderr: err.into(),
                    });
                }
            }
            Event::Interrupted { .. } => {
                for running in self.running.values_mut() {
                    running.is_stopped = true;
                }
            }
            Event::ActionFinished { action, .. } => {
                self.running.remove(action);
            }
            Event::RollbackSkipped { task, server, reason } => {
                self.left.push(format!("{task} on {server}: {reason}"));
            }
            Event::RollbackFailed { task, reason } => self.left.push(format!("{task}: {reason}")),
            Event::RollbackStopped { left } => {
                self.left
                    .extend(left.iter().map(|task| format!("{task}: rollback was stopped")));
            }
            Event::RollbackFinished { complete: false, steps } => self.undone.extend(steps.iter().cloned()),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Tally;
    use crate::configuration::Server;
    use crate::event::{ActionId, Event};
    use crate::exit::{Exit, Stream};
    use std::time::Duration;

    #[test]
    fn a_failure_keeps_the_last_lines_of_that_server() {
        let (app, db) = (Server::host("app"), Server::host("db"));
        let action = ActionId(1);
        let mut tally = Tally::new();
        tally.count(&Event::ActionStarted {
            action,
            verb: "run",
            command: "x".to_owned(),
            options: Vec::new(),
            is_local: false,
            servers: vec![app.clone(), db.clone()],
        });
        for number in 0..8 {
            tally.count(&Event::Output {
                action,
                server: db.clone(),
                stream: Stream::Err,
                lines: vec![format!("line {number}")],
            });
        }
        for (server, status) in [(app, 0), (db.clone(), 3)] {
            tally.count(&Event::ServerFinished {
                action,
                server,
                exit: Exit::Status(status),
                failed: status != 0,
                elapsed: Duration::ZERO,
            });
        }
        assert_eq!((tally.commands, tally.servers(), tally.failures.len()), (1, 2, 1));
        let failure = tally.failures.first();
        assert_eq!(failure.map(|failure| &failure.server), Some(&db));
        let lines = failure.map(|failure| failure.stderr.join(",")).unwrap_or_default();
        assert_eq!(lines, "line 3,line 4,line 5,line 6,line 7");
    }
}
