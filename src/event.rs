//! Everything that can be told to a person or a machine while tasks run. Code that acts emits events; only `report` prints.

use std::time::Duration;

use serde::{Serialize, Serializer};

use crate::configuration::Server;
use crate::exit::{Exit, Phase, Stream, milliseconds};
use crate::interrupt::Signal;

/// Capistrano's levels: a message is shown when its level is at or under the chosen one, which is `Info` where nothing is said.
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

/// Tells the actions of one run apart; counts up from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct ActionId(pub u64);

/// Something that happened. In JSON it is an object with its name as `type`.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// A task was entered. `depth` 0 is a task of the command line.
    TaskStarted {
        /// Full name.
        task: String,
        /// How many tasks are around it.
        depth: usize,
    },
    /// A task was left, well or not.
    TaskFinished {
        /// Full name.
        task: String,
        /// As in `TaskStarted`.
        depth: usize,
        /// Time since it started.
        #[serde(rename = "elapsed_ms", serialize_with = "as_milliseconds")]
        elapsed: Duration,
        /// Whether its body ended without an error.
        ok: bool,
    },
    /// Hooks are about to run.
    HooksTriggered {
        /// `before`, `after`, `start`, ….
        event: String,
        /// The hooked task, where there is one.
        #[serde(skip_serializing_if = "Option::is_none")]
        task: Option<String>,
    },

    /// Connections are being made to these servers.
    Connecting {
        /// In server order.
        servers: Vec<Server>,
    },
    /// A session is ready.
    Connected {
        /// Which.
        server: Server,
        /// Connect and login together.
        #[serde(rename = "elapsed_ms", serialize_with = "as_milliseconds")]
        elapsed: Duration,
    },
    /// A session could not be made.
    ConnectFailed {
        /// Which.
        server: Server,
        /// The step that failed.
        phase: Phase,
        /// Phase and cause.
        reason: String,
        /// The same without what is this server's alone, where the reason has some.
        #[serde(skip)]
        common: Option<String>,
    },
    /// A host key was met for the first time and was added to a known-hosts file.
    HostKeyAdded {
        /// Whose.
        server: Server,
        /// `ssh-ed25519`.
        key_type: String,
        /// `SHA256:…`.
        fingerprint: String,
        /// Where it was written.
        file: String,
    },

    /// A host key has changed or is revoked, and the configuration wants to go on (`StrictHostKeyChecking no`).
    HostKeyUntrusted {
        /// Whose.
        server: Server,
        /// What is wrong, and what does not go there.
        reason: String,
    },
    /// Keys were exchanged.
    Negotiated {
        /// With which server, or gateway.
        server: Server,
        /// `mlkem768x25519-sha256`.
        key_exchange: String,
        /// `ssh-ed25519`.
        host_key: String,
        /// `chacha20-poly1305@openssh.com`.
        cipher: String,
        /// Where the cipher does not do it.
        #[serde(skip_serializing_if = "Option::is_none")]
        mac: Option<String>,
    },

    /// An action starts on all its servers.
    ActionStarted {
        /// Its number.
        action: ActionId,
        /// `run`, `sudo`, `put`, `run_locally`, ….
        verb: &'static str,
        /// The command as written in the recipe, or what a transfer does; secrets redacted.
        command: String,
        /// What was said about how it runs: `dir`, `env`, `shell`, `as` and the like, each as a person reads it; secrets redacted.
        #[serde(serialize_with = "as_map")]
        options: Vec<(&'static str, String)>,
        /// On this machine, which is then the only server.
        #[serde(rename = "local")]
        is_local: bool,
        /// In server order.
        servers: Vec<Server>,
    },
    /// Whole lines of output that have come together, without their line ends; bytes that are not UTF-8 are replaced, control
    /// characters still there. JSON has an object for each line, which `report` makes.
    #[serde(skip_serializing)]
    Output {
        /// Of which action.
        action: ActionId,
        /// From which server.
        server: Server,
        /// Which stream.
        stream: Stream,
        /// At least one.
        lines: Vec<String>,
    },
    /// So much was copied to or from one server so far. Told at times, and at the end.
    Transferred {
        /// By which action.
        action: ActionId,
        /// Which server.
        server: Server,
        /// Bytes so far.
        bytes: u64,
        /// Of how many; unknown for a directory that comes from a server.
        #[serde(skip_serializing_if = "Option::is_none")]
        total: Option<u64>,
    },
    /// Servers have said nothing for long, and run on.
    Silent {
        /// Of which action.
        action: ActionId,
        /// The command as written in the recipe; secrets redacted.
        command: String,
        /// In server order; none where it runs on this machine.
        servers: Vec<Server>,
        /// Since it started.
        #[serde(rename = "elapsed_ms", serialize_with = "as_milliseconds")]
        elapsed: Duration,
        /// What they wrote last, where that line has no end: it may be a question.
        #[serde(skip_serializing_if = "Option::is_none")]
        line: Option<String>,
    },
    /// An action ended on one server.
    ServerFinished {
        /// Of which action.
        action: ActionId,
        /// Which.
        server: Server,
        /// How.
        #[serde(flatten, serialize_with = "with_reason")]
        exit: Exit,
        /// Since it started there.
        #[serde(rename = "elapsed_ms", serialize_with = "as_milliseconds")]
        elapsed: Duration,
        /// Whether that is a failure: it is none where only the exit status was asked for.
        failed: bool,
    },
    /// An action ended on all its servers.
    ActionFinished {
        /// Which.
        action: ActionId,
        /// Since it started.
        #[serde(rename = "elapsed_ms", serialize_with = "as_milliseconds")]
        elapsed: Duration,
        /// On how many servers it failed.
        failed: usize,
    },

    /// A transaction was opened.
    TransactionStarted,
    /// A transaction ended well.
    TransactionCommitted,
    /// A transaction failed, its handlers run next. Task: the one entered last.
    RollbackStarted {
        /// Full name, or `transaction start`.
        task: String,
    },
    /// One task's handler runs.
    RollingBack {
        /// Whose.
        task: String,
    },
    /// A server that a handler should have reached could not be reached.
    RollbackSkipped {
        /// Whose handler.
        task: String,
        /// Which server.
        server: Server,
        /// Why.
        reason: String,
    },
    /// A handler failed; the next one runs.
    RollbackFailed {
        /// Whose.
        task: String,
        /// Why, with every server.
        reason: String,
    },
    /// The person stopped the rollback; these tasks were not rolled back.
    RollbackStopped {
        /// Full names, in the order their handlers would have run.
        left: Vec<String>,
    },
    /// All handlers were tried.
    RollbackFinished {
        /// False when a handler failed or a server was not reached.
        complete: bool,
    },

    /// A stop request arrived; remote commands are being ended.
    Interrupted {
        /// Which signal.
        #[serde(serialize_with = "as_string")]
        signal: Signal,
    },
    /// Something to say at a level.
    Message {
        /// How important.
        level: Level,
        /// In brackets before the text: a task or a host.
        #[serde(skip_serializing_if = "Option::is_none")]
        tag: Option<String>,
        /// May have several lines.
        text: String,
    },
    /// `puts`: data for standard output.
    Printed {
        /// Without the line end.
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

/// The members of an `Exit`, and where they do not tell all, the words that a person reads.
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

/// A verb and its command as a person reads them: `run uptime`. A command that begins with its verb, as those of `sudo` and
/// `upload`, says it once.
pub fn worded(verb: &str, command: &str) -> String {
    match command.strip_prefix(verb) {
        Some(rest) if rest.is_empty() || rest.starts_with(' ') => command.to_owned(),
        _ => format!("{verb} {command}"),
    }
}

/// Receives events, in order, on the main thread.
pub trait Reporter {
    /// Tells one event.
    fn report(&mut self, event: &Event);
    /// Nothing happened for a second while something is waited for: how long is shown anew.
    fn tick(&mut self) {}
    /// Whether nobody takes output any more: what servers write to standard output or error, or, as `data`, what is printed.
    fn is_unread(&self, _data: bool) -> bool {
        false
    }
}
