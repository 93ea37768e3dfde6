//! What an action is, and what comes of it.

use std::collections::HashMap;
use std::time::Duration;

use indexmap::IndexMap;

use crate::configuration::{BlockId, Server};
use crate::exit::Stream;
use crate::secret::Secret;
use crate::session::{Command, Destination};

/// One command for each of its servers, started together.
#[derive(Clone, Debug)]
pub struct Action {
    /// `run`, `sudo`, `put`, `run_locally`, ….
    pub verb: &'static str,
    /// The command as written in the recipe, or what a transfer does.
    pub shown: String,
    /// Options of the command (`dir`, `env`, …), each with its value as it is shown.
    pub options: Vec<(&'static str, String)>,
    /// On this machine instead of the servers.
    pub local: bool,
    /// In server order.
    pub jobs: Vec<(Destination, Command)>,
    /// Where servers have different commands: their lines, and each as written in the recipe.
    pub parts: HashMap<String, String>,
    /// The use that is made of the output.
    pub output: Output,
    /// Captured output that is longer, in bytes, is an error, and the commands are ended.
    pub most_captured: usize,
    /// Time between two messages that a silent command still runs; `None` where there are none.
    pub heartbeat: Option<Duration>,
    /// Not announced, and its end is not told; output and errors are.
    pub silent: bool,
    /// Its exit status is an answer, whatever it is, and no failure.
    pub asks: bool,
    /// It is the run's own and no task's: no task has touched the servers by it, and nobody is asked whether it may be run.
    pub is_apart: bool,
}

/// What becomes of the output of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// Told line by line.
    Report,
    /// Handed out piece by piece by [`super::Actor::next`], not told.
    Handler,
    /// Standard output is kept as it came, standard error is told.
    Capture,
    /// Standard output is handed out as it came, byte for byte, by [`super::Actor::next`]; standard error is told.
    Bytes,
    /// The lines of standard output go to our own, each after its server's name; standard error is told.
    Stream,
}

impl Output {
    /// Whoever takes it sees lines before they have an end.
    pub(super) fn is_handed_out(self) -> bool {
        matches!(self, Self::Handler | Self::Bytes)
    }
}

/// A piece of output, handed out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Position of the server in the action; what [`super::Actor::write`] takes.
    pub index: usize,
    /// Where it came from.
    pub server: Server,
    /// Which stream.
    pub stream: Stream,
    /// For [`Output::Handler`]: as it came, but never cut inside a character; bytes that are not UTF-8 are replaced.
    pub text: String,
    /// For [`Output::Bytes`]: exactly what came.
    pub bytes: Vec<u8>,
}

/// What an action that went well on all servers leaves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Standard output of each server, for [`Output::Capture`] alone.
    pub stdout: IndexMap<Server, String>,
    /// The exit status on each server, where it was asked for.
    pub statuses: IndexMap<Server, i32>,
}

/// The person, where one is there: gives the password that logins and sudo ask for, asked once and kept until it is to be
/// forgotten, and consents to commands.
pub trait Passwords {
    /// The password. `why` says what for: `sudo on app1`. An error says why there is none.
    fn password(&mut self, why: &str) -> Result<Secret, String>;
    /// The passphrase of a key file; `again` after one that was wrong. An error says why there is none.
    fn passphrase(&mut self, key: &str, again: bool) -> Result<Secret, String>;
    /// What a server asks in its own words, and nobody else does: never kept. An error says why there is no answer.
    fn answer(&mut self, question: &str, hidden: bool) -> Result<Secret, String>;
    /// The password was refused: the next one is asked for again.
    fn forget(&mut self);
    /// Whether a command is to be run; asked before each. An error says why the person cannot be asked.
    fn consent(&mut self, _command: &str, _servers: &[&Server]) -> Result<Consent, String> {
        Ok(Consent::Run)
    }
}

/// What the person says to a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consent {
    /// Run it.
    Run,
    /// Go on as if it had been run and had written nothing.
    Skip,
    /// End the run.
    Abort,
}

/// One handler of a rollback.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RollbackStep {
    /// Full name of the task that registered it.
    pub task: String,
    /// What is to be run.
    pub handler: BlockId,
}
