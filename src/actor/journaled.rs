//! The records of an action in the journal, and the results of an action of an earlier run.

use super::error::ActionError;
use super::running::ServerJob;
use super::{Accepts, Action, Actor, Output};
use crate::configuration::Server;
use crate::diagnostic::{Diagnostic, Fault, ServerFailure};
use crate::exit::Exit;
use crate::journal::{Asked, Ended, Failed, Failure, Journal, Replayed};

/// Verbs that put a whole file into its place, or only fetch one: repeating them changes nothing more.
const REPEATABLE: [&str; 4] = ["put", "upload", "get", "download"];

impl Action {
    /// Returns the action as a step of the journal.
    pub(crate) fn asked(&self, task: String, is_rolling_back: bool) -> Asked<'_> {
        Asked {
            verb: self.verb,
            command: &self.shown,
            task,
            is_local: self.local,
            servers: self.jobs.iter().map(|(job, _)| job.server.to_string()).collect(),
            is_repeatable: REPEATABLE.contains(&self.verb),
            is_captured: self.accepts.asks() || !matches!(self.output, Output::Report | Output::Stream),
            is_rolling_back,
        }
    }
}

impl ServerJob {
    /// Returns how the job ended, for the journal.
    pub(super) fn kept(&self, output: Output, accepts: Accepts) -> Ended {
        let status = match &self.exit {
            Some(Exit::Status(status)) => Some(*status),
            Some(exit) => accepts.answer(exit),
            None => None,
        };
        Ended {
            status,
            stdout: (output == Output::Capture).then(|| self.text()),
            failed: self.failure(accepts).as_ref().map(failed),
            ..Ended::default()
        }
    }
}

fn failed(failure: &ServerFailure) -> Failed {
    Failed {
        server: failure.server.to_string(),
        reason: failure.reason.clone(),
        stderr: failure.stderr.clone(),
        stdout: failure.stdout.clone(),
    }
}

/// Returns one server's failure in an earlier run.
pub(crate) fn failure_of(failed: &Failed) -> ServerFailure {
    let server = failed.server.parse().unwrap_or_else(|_| Server::host(&failed.server));
    ServerFailure {
        stderr: failed.stderr.clone(),
        stdout: failed.stdout.clone(),
        ..ServerFailure::new(server, &failed.reason)
    }
}

impl ActionError {
    /// Returns the error as the journal keeps it.
    pub(crate) fn kept(&self) -> Failure {
        let diagnostic = self.diagnostic();
        Failure {
            code: diagnostic.fault.exit_code(),
            message: diagnostic.message,
            servers: diagnostic.servers.iter().map(failed).collect(),
            was_started: !matches!(self, Self::NotConnected { .. }),
            is_caught: self.can_be_caught(),
            is_stopped: matches!(self, Self::Interrupted(_)),
        }
    }

    /// Returns the error of an earlier run.
    pub(crate) fn replayed(failure: &Failure) -> Self {
        let fault = match failure.code {
            2 => Fault::Usage,
            3 => Fault::Recipe,
            4 => Fault::Connection,
            code if failure.is_stopped => Fault::Signal(code),
            _ => Fault::Failed,
        };
        let mut diagnostic = Diagnostic::new(fault, failure.message.clone());
        diagnostic.servers = failure.servers.iter().map(failure_of).collect();
        Self::Replayed {
            diagnostic: Box::new(diagnostic),
            was_started: failure.was_started,
            is_caught: failure.is_caught && !failure.is_stopped,
        }
    }
}

impl Actor {
    /// Keeps the steps of the run in this journal.
    pub(crate) fn keep_journal(&mut self, journal: Journal) {
        self.teller.mute(journal.is_replaying());
        self.journal = journal;
    }

    /// Reports events again from here on.
    pub(crate) fn unmute(&mut self) {
        self.teller.mute(false);
    }

    /// Takes over the effects of a step that an earlier run has started on these servers of the action.
    pub(crate) fn replayed(&mut self, action: &Action, step: &Replayed) {
        for (server, reason) in &step.skipped {
            self.skip(server.parse().unwrap_or_else(|_| Server::host(server)), reason.clone());
        }
        if action.local {
            return;
        }
        for job in &step.jobs {
            if let Some((destination, _)) = action.jobs.get(*job) {
                self.frames.touch(&destination.server);
            }
        }
    }

    /// Returns the name of the running task, or an empty string.
    pub(crate) fn task(&self) -> String {
        self.frames
            .innermost()
            .map(|frame| frame.task.clone())
            .unwrap_or_default()
    }
}
