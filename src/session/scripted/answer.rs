//! The answer of a scripted server to a command.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::exit::{Exit, Stream};
use crate::session::scripted::ScriptRecord;
use crate::session::{JobSignal, Opening};

pub(super) type RecordCondition = Arc<dyn Fn(&[ScriptRecord]) -> bool + Send + Sync>;
pub(super) type SideEffect = Arc<dyn Fn() + Send + Sync>;

#[derive(Clone)]
pub(super) enum ScriptStep {
    Output(Stream, Vec<u8>),
    /// Acts like sudo: prints the prompt and reads a line, up to three times.
    Password {
        prompt: String,
        password: String,
        tries: usize,
        prompted: bool,
    },
    Begin,
    Start,
    ReadLine,
    ReadAll,
    When(RecordCondition),
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
pub struct Answer {
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
    pub fn new() -> Self {
        Self {
            steps: VecDeque::new(),
            dies_of: Some(JobSignal::Term),
        }
    }

    fn then(mut self, step: ScriptStep) -> Self {
        self.steps.push_back(step);
        self
    }

    /// Prints these bytes as one chunk of standard output; no newline is added.
    pub fn out(self, bytes: impl AsRef<[u8]>) -> Self {
        self.then(ScriptStep::Output(Stream::Out, bytes.as_ref().to_vec()))
    }

    /// Prints these bytes as one chunk of standard error.
    pub fn err(self, bytes: impl AsRef<[u8]>) -> Self {
        self.then(ScriptStep::Output(Stream::Err, bytes.as_ref().to_vec()))
    }

    /// Prints the mark of the command line, like the script in front of a command that calls sudo, with the word `sudo asks: `.
    pub fn begins(self) -> Self {
        self.then(ScriptStep::Begin)
    }

    /// Prints the marks first: the command begins, and sudo, if it is called, starts its own without a question.
    pub(super) fn behind(mut self, opening: &Opening) -> Self {
        if opening.started.is_some() {
            self.steps.push_front(ScriptStep::Start);
        }
        self.steps.push_front(ScriptStep::Begin);
        self
    }

    /// Prints the mark with which sudo's command starts.
    pub fn starts(self) -> Self {
        self.then(ScriptStep::Start)
    }

    /// Asks for a password like sudo: prints the prompt without a newline on standard output, and waits for a line of input.
    /// After a wrong one it prints `Sorry, try again.` and the prompt again; the third wrong one ends the command with status 1.
    pub fn asks_password(self, prompt: &str, password: &str) -> Self {
        self.then(ScriptStep::Password {
            prompt: prompt.to_owned(),
            password: password.to_owned(),
            tries: 3,
            prompted: false,
        })
    }

    /// Waits for a line of input.
    pub fn reads_line(self) -> Self {
        self.then(ScriptStep::ReadLine)
    }

    /// Waits for the end of input.
    pub fn reads_all(self) -> Self {
        self.then(ScriptStep::ReadAll)
    }

    /// Waits until the commands so far meet a condition, which is checked after everything that happens.
    pub fn when(self, condition: impl Fn(&[ScriptRecord]) -> bool + Send + Sync + 'static) -> Self {
        self.then(ScriptStep::When(Arc::new(condition)))
    }

    /// Waits until a command whose line contains `part` has been started on `host`.
    pub fn once_started(self, host: &str, part: &str) -> Self {
        let (host, part) = (host.to_owned(), part.to_owned());
        self.when(move |records| records.iter().any(|record| record.is(&host, &part)))
    }

    /// Waits until a command whose line contains `part` has ended on `host`.
    pub fn once_ended(self, host: &str, part: &str) -> Self {
        let (host, part) = (host.to_owned(), part.to_owned());
        self.when(move |records| {
            records
                .iter()
                .any(|record| record.exit.is_some() && record.is(&host, &part))
        })
    }

    /// Calls a function: it may raise an interrupt or change the script, since nothing is locked meanwhile.
    pub fn calls(self, action: impl Fn() + Send + Sync + 'static) -> Self {
        self.then(ScriptStep::Call(Arc::new(action)))
    }

    /// Never ends by itself. Here the timeout of a command takes effect at once.
    pub fn hangs(self) -> Self {
        self.then(ScriptStep::Hang)
    }

    /// Ends with a status.
    pub fn exits(self, status: i32) -> Self {
        self.ends(Exit::Status(status))
    }

    /// Ends in another way: by a signal, or refused.
    pub fn ends(self, exit: Exit) -> Self {
        self.then(ScriptStep::End(exit))
    }

    /// Loses the server's connection, with everything that runs on it.
    pub fn loses_connection(self, reason: &str) -> Self {
        self.then(ScriptStep::Lose(reason.to_owned()))
    }

    /// Ignores signals weaker than this one.
    pub fn dies_only_of(mut self, signal: JobSignal) -> Self {
        self.dies_of = Some(signal);
        self
    }

    /// Ignores all signals, as if the server were frozen.
    pub fn ignores_signals(mut self) -> Self {
        self.dies_of = None;
        self
    }
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Answer({} steps)", self.steps.len())
    }
}
