//! An action, and the result of it.

use std::collections::HashMap;
use std::time::Duration;

use indexmap::IndexMap;

use crate::configuration::{BlockId, Server};
use crate::exit::{Exit, Stream};
use crate::secret::Secret;
use crate::session::{Command, Destination};
use crate::unanswered::Unanswered;

/// One command for each of its servers, started together.
#[derive(Clone, Debug)]
pub(crate) struct Action {
    /// The verb: `run`, `sudo`, `put`, `run_locally`, ….
    pub verb: &'static str,
    /// The command as it is written in the recipe, or the description of a transfer.
    pub shown: String,
    /// The options of the command (`dir`, `env`, …), each with its value as it is shown.
    pub options: Vec<(&'static str, String)>,
    /// True if the action runs on this machine instead of the servers.
    pub local: bool,
    /// The servers with their commands, in server order.
    pub jobs: Vec<(Destination, Command)>,
    /// The command of each line as it is written in the recipe, if the servers have different commands.
    pub parts: HashMap<String, String>,
    /// The use that is made of the output.
    pub output: Output,
    /// The most output that is captured, in bytes. More is an error, and the commands are ended.
    pub most_captured: usize,
    /// The time between two messages that a silent command still runs; `None` if there are none.
    pub heartbeat: Option<Duration>,
    /// True if the action and its end are not reported; its output and its errors are.
    pub silent: bool,
    /// The ends of the command that are no failure.
    pub accepts: Accepts,
    /// True if the action belongs to the run itself and not to a task: it touches no servers for a task, and needs no consent.
    pub is_apart: bool,
    /// The line that a script in front of the command prints first on a server where it does not let the command begin; its
    /// reason and its exit status follow. The output has to be captured.
    pub gate: Option<String>,
}

/// The ends of a command that are no failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Accepts {
    /// Status 0 alone.
    Success,
    /// Status 0, and a signal: the command kills processes, of which its own shell may be one.
    OwnSignal,
    /// Every status: it is an answer.
    AnyStatus,
    /// Every status, and a signal as well, which is none that is 0: the command asks, and kills processes.
    AnyEnd,
}

impl Accepts {
    /// Returns true if this end is no failure.
    pub(super) fn has(self, exit: &Exit) -> bool {
        match exit {
            Exit::Status(0) => true,
            Exit::Status(_) => self.asks(),
            Exit::Signal(_) => self.kills(),
            _ => false,
        }
    }

    /// Returns true if the end of the command is an answer.
    pub(crate) fn asks(self) -> bool {
        matches!(self, Self::AnyStatus | Self::AnyEnd)
    }

    /// Returns true if the command kills processes, of which its own shell may be one.
    pub(super) fn kills(self) -> bool {
        matches!(self, Self::OwnSignal | Self::AnyEnd)
    }

    /// Returns the same for a command that kills processes.
    pub(crate) fn killing(self) -> Self {
        if self.asks() { Self::AnyEnd } else { Self::OwnSignal }
    }

    /// Returns the status that is the answer of a command with this end. A signal has none: it is what a shell makes of one.
    pub(super) fn answer(self, exit: &Exit) -> Option<i32> {
        match exit {
            Exit::Status(status) => Some(*status),
            Exit::Signal(_) if self.kills() => Some(128),
            _ => None,
        }
        .filter(|_| self.asks())
    }
}

/// The use of the output of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Output {
    /// It is reported line by line.
    Report,
    /// [`super::Actor::next`] hands it out piece by piece; it is not reported.
    Handler,
    /// Standard output is kept unchanged, standard error is reported.
    Capture,
    /// [`super::Actor::next`] hands out standard output, byte for byte; standard error is reported.
    Bytes,
    /// The lines of standard output go to capr's own, each after its server's name; standard error is reported.
    Stream,
}

impl Output {
    /// Returns true if output is handed out before its line has ended.
    pub(super) fn is_handed_out(self) -> bool {
        matches!(self, Self::Handler | Self::Bytes)
    }
}

/// A piece of output that is handed out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    /// The position of the server in the action, which [`super::Actor::write`] takes.
    pub index: usize,
    /// The server that it came from.
    pub server: Server,
    /// The stream that it came from.
    pub stream: Stream,
    /// The piece for [`Output::Handler`]. It is never cut inside a character; bytes that are not UTF-8 are replaced.
    pub text: String,
    /// The piece for [`Output::Bytes`], exactly as it came.
    pub bytes: Vec<u8>,
}

/// The result of an action that succeeded on all servers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// The standard output of each server, for [`Output::Capture`] alone.
    pub stdout: IndexMap<Server, String>,
    /// The exit status on each server, if it was asked for.
    pub statuses: IndexMap<Server, i32>,
}

/// The person, if one is there. The person gives the password for logins and sudo, which is kept until it is refused, and
/// consents to commands.
pub(crate) trait Passwords {
    /// Returns the password. `why` says what it is for: `sudo on app1`. An error is the reason why there is none.
    fn password(&mut self, why: &str) -> Result<Secret, Unanswered>;
    /// Returns the passphrase of a key file; `again` is true after a wrong one. An error is the reason why there is none.
    fn passphrase(&mut self, key: &str, again: bool) -> Result<Secret, Unanswered>;
    /// Returns the answer to a question that a server asks in its own words; it is never kept. An error is the reason why there
    /// is none.
    fn answer(&mut self, question: &str, hidden: bool) -> Result<Secret, Unanswered>;
    /// Forgets the password, which was refused, so that the person is asked for the next one.
    fn forget(&mut self);
    /// Asks before each command if it is to be run. An error is the reason why the person cannot be asked.
    fn consent(&mut self, _command: &str, _servers: &[&Server]) -> Result<Consent, Unanswered> {
        Ok(Consent::Run)
    }
}

/// The person's answer to a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Consent {
    /// The command is run.
    Run,
    /// The run continues as if the command had been run and had printed nothing.
    Skip,
    /// The run ends.
    Abort,
}

/// One handler of a rollback.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RollbackStep {
    /// The full name of the task that registered it.
    pub task: String,
    /// The block that is to be run.
    pub handler: BlockId,
}
