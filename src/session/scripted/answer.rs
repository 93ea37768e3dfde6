//! The answer of a scripted server to a command.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::exit::{Exit, Stream};
#[cfg(test)]
use crate::session::scripted::ScriptRecord;
use crate::session::{JobSignal, Opening};

#[cfg(test)]
pub(super) type RecordCondition = Arc<dyn Fn(&[ScriptRecord]) -> bool + Send + Sync>;
pub(super) type SideEffect = Arc<dyn Fn() + Send + Sync>;

#[derive(Clone)]
pub(super) enum ScriptStep {
    Output(Stream, Vec<u8>),
    /// Acts like sudo: prints the prompt and reads a line, up to three times.
    #[cfg(test)]
    Password {
        prompt: String,
        password: String,
        tries: usize,
        prompted: bool,
    },
    Begin,
    Start,
    #[cfg(test)]
    ReadLine,
    #[cfg(test)]
    ReadAll,
    #[cfg(test)]
    When(RecordCondition),
    #[cfg(test)]
    Call(SideEffect),
    Hang,
    End(Exit),
    Lose(String),
}

/// The steps with which a scripted server answers a command. They are taken one after the other; after the last the command ends
/// with status 0.
///
/// A signal ends the command wherever it waits, like a program that does not catch signals.
#[derive(Clone)]
pub(crate) struct Answer {
    pub(super) steps: VecDeque<ScriptStep>,
    /// The weakest signal that ends the command.
    pub(super) dies_of: Option<JobSignal>,
}

impl Default for Answer {
    fn default() -> Self {
        Self::new()
    }
}

impl Answer {
    /// Returns an answer that ends with status 0 at once.
    pub(crate) fn new() -> Self {
        Self {
            steps: VecDeque::new(),
            dies_of: Some(JobSignal::Term),
        }
    }

    pub(super) fn then(mut self, step: ScriptStep) -> Self {
        self.steps.push_back(step);
        self
    }

    /// Prints these bytes as one chunk of standard output; no newline is added.
    pub(crate) fn out(self, bytes: impl AsRef<[u8]>) -> Self {
        self.then(ScriptStep::Output(Stream::Out, bytes.as_ref().to_vec()))
    }

    /// Prints these bytes as one chunk of standard error.
    pub(crate) fn err(self, bytes: impl AsRef<[u8]>) -> Self {
        self.then(ScriptStep::Output(Stream::Err, bytes.as_ref().to_vec()))
    }

    /// Prints the marks first, as if the command had begun, and sudo, where it is called, had started its own without a question.
    pub(super) fn behind(mut self, opening: &Opening) -> Self {
        if opening.started.is_some() {
            self.steps.push_front(ScriptStep::Start);
        }
        self.steps.push_front(ScriptStep::Begin);
        self
    }

    /// Never ends by itself. Here the timeout of a command takes effect at once.
    pub(crate) fn hangs(self) -> Self {
        self.then(ScriptStep::Hang)
    }

    /// Ends with a status.
    pub(crate) fn exits(self, status: i32) -> Self {
        self.ends(Exit::Status(status))
    }

    /// Ends in another way: by a signal, or refused.
    pub(crate) fn ends(self, exit: Exit) -> Self {
        self.then(ScriptStep::End(exit))
    }

    /// Loses the server's connection, with everything that runs on it.
    pub(crate) fn loses_connection(self, reason: &str) -> Self {
        self.then(ScriptStep::Lose(reason.to_owned()))
    }
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Answer({} steps)", self.steps.len())
    }
}
