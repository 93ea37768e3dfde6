//! A script in front of an action's command, which decides on each server if the command begins there. An action that is not let
//! in everywhere counts as not begun, so it is written into the journal only after it was let in.

use indexmap::IndexMap;

use super::running::{RunningAction, ServerJob};
use super::{ActionError, Actor};
use crate::configuration::Server;
use crate::exit::Exit;
use crate::journal::Asked;

/// The gate of an action in flight, and the facts about the action for the journal.
#[derive(Debug)]
pub(super) struct Gate {
    /// The first line of its output where it does not let the command begin.
    mark: String,
    verb: &'static str,
    task: String,
}

impl Gate {
    pub(super) fn new(mark: String, verb: &'static str, task: String) -> Self {
        Self { mark, verb, task }
    }

    /// Returns true if a job that has ended like this was not let in.
    pub(super) fn has_closed(&self, job: &ServerJob, exit: &Exit) -> bool {
        matches!(exit, Exit::Status(_)) && self.reason(job).is_some()
    }

    /// Returns what the script has printed, if it has not let the command begin.
    fn reason(&self, job: &ServerJob) -> Option<String> {
        let text = job.text();
        let reason = text.strip_prefix(&self.mark)?.strip_prefix('\n')?;
        Some(reason.to_owned())
    }
}

impl RunningAction {
    /// Returns true if a script in front of the command decides if it begins.
    pub(crate) fn has_gate(&self) -> bool {
        self.gate.is_some()
    }

    /// Returns the servers of which nobody knows if the command was let in, when all have ended.
    pub(crate) fn lost(&self) -> Vec<Server> {
        let is_lost = |job: &&ServerJob| !matches!(job.exit, Some(Exit::Status(_)));
        self.jobs.iter().filter(is_lost).map(|job| job.server.clone()).collect()
    }

    /// Returns the servers whose command was let in, when all have ended.
    pub(crate) fn let_in(&self) -> Vec<Server> {
        let is_in = |job: &&ServerJob| matches!(job.exit, Some(Exit::Status(_))) && !job.is_turned_away;
        self.jobs.iter().filter(is_in).map(|job| job.server.clone()).collect()
    }
}

impl Actor {
    /// Writes an action with a gate into the journal, with its ends, if it was let in everywhere.
    ///
    /// # Errors
    ///
    /// When it was not let in everywhere and no connection was lost, or when no journal can be made.
    pub(crate) fn admit(&mut self, running: &mut RunningAction) -> Result<(), ActionError> {
        let Some(gate) = &running.gate else { return Ok(()) };
        let away = running.jobs.iter().filter(|job| job.is_turned_away);
        let answers: IndexMap<Server, (i32, String)> = away
            .filter_map(|job| match job.exit {
                Some(Exit::Status(status)) => Some((job.server.clone(), (status, gate.reason(job)?))),
                _ => None,
            })
            .collect();
        if !answers.is_empty() {
            return match running.lost().is_empty() {
                false => Ok(()),
                true => Err(ActionError::TurnedAway {
                    shown: running.shown.clone(),
                    answers,
                }),
            };
        }
        let step = Asked {
            verb: gate.verb,
            command: &running.shown,
            task: gate.task.clone(),
            servers: running.jobs.iter().map(|job| job.server.to_string()).collect(),
            ..Asked::default()
        };
        let begun = self.journal.begin(&step).map_err(ActionError::Journal)?;
        if let Some(begun) = &begun {
            for (index, job) in running.jobs.iter().enumerate() {
                self.journal
                    .ended(begun, index, job.kept(running.output, running.accepts));
            }
        }
        running.begun = begun;
        Ok(())
    }
}
