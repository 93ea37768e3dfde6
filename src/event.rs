//! Everything that can be reported to a person or a program while tasks run. Code that acts emits events; only `report` prints.

use std::time::Duration;

use serde::{Serialize, Serializer};

use crate::configuration::Server;
use crate::exit::{Exit, Phase, Stream, milliseconds};
use crate::interrupt::Signal;

/// Capistrano's levels. A message is shown if its level is at or below the chosen one, which is `Info` by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// `***`, shown even with `-q`.
    Important = 0,
    /// ` **`
    Info = 1,
    /// `  *`, shown with `-v`.
    Debug = 2,
    /// Four blanks, shown with `-vv`.
    Trace = 3,
}

/// The number of an action in a run, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct ActionId(pub u64);

/// The end of the rollbacks of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rollback {
    /// There was none, or there was nothing to undo.
    #[default]
    None,
    /// Everything was undone.
    Complete,
    /// A handler failed, or a server was not reached.
    Incomplete,
}

/// One handler of a rollback, and the end that it has found on its servers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UndoneStep {
    /// The task of the handler.
    pub task: String,
    /// The servers on which the task had started something.
    pub servers: Vec<UndoneOn>,
}

/// The end of a handler on one server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UndoneOn {
    /// The server.
    pub server: Server,
    /// The end.
    #[serde(flatten)]
    pub end: UndoneEnd,
}

/// The ends that a handler can find on a server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "end", rename_all = "snake_case")]
pub enum UndoneEnd {
    /// The handler has succeeded.
    Undone,
    /// It has failed there.
    Failed {
        /// The reason.
        reason: String,
    },
    /// It has failed elsewhere; what it had done here by then has succeeded.
    BrokenOff,
    /// The server could not be reached.
    Unreachable {
        /// The reason.
        reason: String,
    },
    /// Nothing was done there: the handler has failed before, or the rollback was stopped.
    NotTried,
}

impl UndoneEnd {
    /// Returns the word for a person.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Undone => "undone",
            Self::Failed { .. } => "failed",
            Self::BrokenOff => "broken off",
            Self::Unreachable { .. } => "unreachable",
            Self::NotTried => "not tried",
        }
    }
}

/// The variables that tell of a release, in the order in which people read them.
pub(crate) const RELEASE_FACTS: [&str; 7] = [
    "application",
    "stage",
    "branch",
    "revision",
    "real_revision",
    "release_path",
    "current_path",
];

/// Something that happened. In JSON it is an object with its name as `type`.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// A run begins.
    RunStarted {
        /// The recipes, as they were named or found.
        recipes: Vec<String>,
        /// The words of the command line: stage and tasks.
        words: Vec<String>,
        /// The directory that the recipe works in.
        directory: String,
        /// The user on this machine.
        user: String,
    },
    /// A run that has made a release ends; it may have been undone.
    Deployed {
        /// Those of [`RELEASE_FACTS`] that have a value.
        #[serde(serialize_with = "as_map")]
        facts: Vec<(&'static str, String)>,
    },
    /// A task was entered. For a task of the command line `depth` is 0.
    TaskStarted {
        /// The full name.
        task: String,
        /// The number of tasks around it.
        depth: usize,
    },
    /// A task was left, with or without an error.
    TaskFinished {
        /// The full name.
        task: String,
        /// The number of tasks around it, as in `TaskStarted`.
        depth: usize,
        /// The time since it started.
        #[serde(rename = "elapsed_ms", serialize_with = "as_milliseconds")]
        elapsed: Duration,
        /// True if its body ended without an error.
        ok: bool,
    },
    /// Hooks are about to run.
    HooksTriggered {
        /// `before`, `after`, `start`, ….
        event: String,
        /// The hooked task, if there is one.
        #[serde(skip_serializing_if = "Option::is_none")]
        task: Option<String>,
    },

    /// Connections are being made to these servers.
    Connecting {
        /// The servers, in server order.
        servers: Vec<Server>,
    },
    /// A session is ready.
    Connected {
        /// The server.
        server: Server,
        /// The time for connecting and the login together.
        #[serde(rename = "elapsed_ms", serialize_with = "as_milliseconds")]
        elapsed: Duration,
    },
    /// A session could not be made.
    ConnectFailed {
        /// The server.
        server: Server,
        /// The step that failed.
        phase: Phase,
        /// The phase and the cause.
        reason: String,
        /// The same reason without this server's name and address, if the reason contains them.
        #[serde(skip)]
        common: Option<String>,
    },
    /// A host key was met for the first time and was added to a known-hosts file.
    HostKeyAdded {
        /// The server of the key.
        server: Server,
        /// `ssh-ed25519`.
        key_type: String,
        /// `SHA256:…`.
        fingerprint: String,
        /// The file that it was written to.
        file: String,
    },

    /// A host key has changed or is revoked, but the configuration continues (`StrictHostKeyChecking no`).
    HostKeyUntrusted {
        /// The server of the key.
        server: Server,
        /// The problem, and what the server does not get.
        reason: String,
    },
    /// The keys of a connection were exchanged.
    Negotiated {
        /// The server or gateway.
        server: Server,
        /// `mlkem768x25519-sha256`.
        key_exchange: String,
        /// `ssh-ed25519`.
        host_key: String,
        /// `chacha20-poly1305@openssh.com`.
        cipher: String,
        /// The message authentication code, if the cipher has none of its own.
        #[serde(skip_serializing_if = "Option::is_none")]
        mac: Option<String>,
    },

    /// An action starts on all its servers.
    ActionStarted {
        /// Its number.
        action: ActionId,
        /// `run`, `sudo`, `put`, `run_locally`, ….
        verb: &'static str,
        /// The command as it is written in the recipe, or the description of a transfer; secrets are redacted.
        command: String,
        /// The options for how it runs: `dir`, `env`, `shell`, `as` and others, each as a person can read it; secrets are
        /// redacted.
        #[serde(serialize_with = "as_map")]
        options: Vec<(&'static str, String)>,
        /// True for an action on this machine, which is then the only server.
        #[serde(rename = "local")]
        is_local: bool,
        /// The servers, in server order.
        servers: Vec<Server>,
    },
    /// Whole lines of output that have arrived together, without their newlines. Bytes that are not UTF-8 are replaced, control
    /// characters are still there. In JSON each line is an object, which `report` makes.
    #[serde(skip_serializing)]
    Output {
        /// The action.
        action: ActionId,
        /// The server.
        server: Server,
        /// The stream.
        stream: Stream,
        /// The lines; at least one.
        lines: Vec<String>,
    },
    /// Lines of output that the recipe took (`capture`, `run_locally`, an output block), so that nobody saw them. They are reported when
    /// the task of the command line ends, since the recipe may have made a secret of them by then. In JSON each line is an object,
    /// which `report` makes.
    #[serde(skip_serializing)]
    Captured {
        /// The action.
        action: ActionId,
        /// The server.
        server: Server,
        /// The lines, each with its stream.
        lines: Vec<(Stream, String)>,
        /// The number of lines after them that were not kept.
        left_out: usize,
    },
    /// The amount that was copied to or from one server so far. It is reported from time to time, and at the end.
    Transferred {
        /// The action.
        action: ActionId,
        /// The server.
        server: Server,
        /// The number of bytes so far.
        bytes: u64,
        /// The number of bytes in all; unknown for a directory that comes from a server.
        #[serde(skip_serializing_if = "Option::is_none")]
        total: Option<u64>,
    },
    /// Servers have printed nothing for long, and still run.
    Silent {
        /// The action.
        action: ActionId,
        /// The command as it is written in the recipe; secrets are redacted.
        command: String,
        /// The servers, in server order; none if it runs on this machine.
        servers: Vec<Server>,
        /// The time since it started.
        #[serde(rename = "elapsed_ms", serialize_with = "as_milliseconds")]
        elapsed: Duration,
        /// Their last line, if it has not ended: it may be a question.
        #[serde(skip_serializing_if = "Option::is_none")]
        line: Option<String>,
    },
    /// An action ended on one server.
    ServerFinished {
        /// The action.
        action: ActionId,
        /// The server.
        server: Server,
        /// The way in which it ended.
        #[serde(flatten, serialize_with = "with_reason")]
        exit: Exit,
        /// The time since it started there.
        #[serde(rename = "elapsed_ms", serialize_with = "as_milliseconds")]
        elapsed: Duration,
        /// True if that is a failure; it is none if only the exit status was asked for.
        failed: bool,
    },
    /// An action ended on all its servers.
    ActionFinished {
        /// The action.
        action: ActionId,
        /// The time since it started.
        #[serde(rename = "elapsed_ms", serialize_with = "as_milliseconds")]
        elapsed: Duration,
        /// The number of servers on which it failed.
        failed: usize,
    },

    /// A transaction was opened.
    TransactionStarted,
    /// A transaction has succeeded.
    TransactionCommitted,
    /// A transaction failed, and its handlers run next.
    RollbackStarted {
        /// The full name of the task that was entered last, or `transaction start`.
        task: String,
    },
    /// One task's handler runs.
    RollingBack {
        /// The task of the handler.
        task: String,
    },
    /// A server that a handler should have reached could not be reached.
    RollbackSkipped {
        /// The task of the handler.
        task: String,
        /// The server.
        server: Server,
        /// The reason.
        reason: String,
    },
    /// A handler failed; the next one runs.
    RollbackFailed {
        /// The task of the handler.
        task: String,
        /// The reason, with all servers.
        reason: String,
    },
    /// The person stopped the rollback; these tasks were not rolled back.
    RollbackStopped {
        /// The full names, in the order in which their handlers would have run.
        left: Vec<String>,
    },
    /// All handlers were tried.
    RollbackFinished {
        /// False if a handler failed or a server was not reached.
        complete: bool,
        /// The handlers, in the order in which they ran or would have run.
        steps: Vec<UndoneStep>,
    },

    /// A stop request arrived; remote commands are being ended.
    Interrupted {
        /// The signal.
        #[serde(serialize_with = "as_string")]
        signal: Signal,
    },
    /// A message at a level.
    Message {
        /// The importance.
        level: Level,
        /// The words in brackets before the message: a task or a host.
        #[serde(skip_serializing_if = "Option::is_none")]
        tag: Option<String>,
        /// The message, which may have several lines.
        text: String,
    },
    /// The output of `puts`, for standard output.
    Printed {
        /// The output without the newline at its end.
        text: String,
    },
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn as_milliseconds<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(milliseconds(*time))
}

fn as_map<S: Serializer>(options: &[(&'static str, String)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(options.iter().map(|(name, value)| (name, value)))
}

fn as_string<S: Serializer>(signal: &Signal, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(signal)
}

/// Serializes an `Exit`, with the words for a person if its members do not contain everything.
fn with_reason<S: Serializer>(exit: &Exit, serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Told<'a> {
        #[serde(flatten)]
        exit: &'a Exit,
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    }
    let says_all = matches!(exit, Exit::Status(_) | Exit::Signal(_));
    Told {
        exit,
        reason: (!says_all).then(|| exit.to_string()),
    }
    .serialize(serializer)
}

/// Returns a verb and its command for a person: `run uptime`. If the command begins with its verb, as those of `sudo` and
/// `upload` do, the verb is not repeated.
pub(crate) fn worded(verb: &str, command: &str) -> String {
    match command.strip_prefix(verb) {
        Some(rest) if rest.is_empty() || rest.starts_with(' ') => command.to_owned(),
        _ => format!("{verb} {command}"),
    }
}

/// Receives events, in order, on the main thread.
pub trait Reporter {
    /// Reports one event.
    fn report(&mut self, event: &Event);
    /// Updates the elapsed time that is shown: nothing has happened for a second while something is waited for.
    fn tick(&mut self) {}
    /// Returns true if output that the recipe has taken is wanted, too ([`Event::Captured`]).
    fn takes_captured(&self) -> bool {
        false
    }
    /// Returns true if nobody reads the output any more: lines from servers or, if `data`, printed data.
    fn is_unread(&self, _data: bool) -> bool {
        false
    }
}
