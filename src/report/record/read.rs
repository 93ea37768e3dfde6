//! The objects of the JSON log as they are read back; members that are not needed here are left out.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;

/// A line of the log, with its time.
#[derive(Debug, Deserialize)]
pub(super) struct LogLine {
    pub(super) time: Option<String>,
    #[serde(flatten)]
    pub(super) told: Told,
}

/// The first line, which names the format.
#[derive(Debug, Deserialize)]
pub(super) struct LogVersion {
    pub(super) log_format: String,
}

/// One handler of a rollback, with its end on each server.
#[derive(Debug, Deserialize)]
pub(super) struct LoggedUndoneStep {
    pub(super) task: String,
    pub(super) servers: Vec<LoggedUndoneOn>,
}

/// The end of a handler on one server.
#[derive(Debug, Deserialize)]
pub(super) struct LoggedUndoneOn {
    pub(super) server: String,
    pub(super) end: String,
    #[serde(default)]
    pub(super) reason: String,
}

/// The content of a line, by its type.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Told {
    Version {
        capr: String,
        run: String,
    },
    RunStarted(LoggedRun),
    Deployed {
        facts: BTreeMap<String, String>,
    },
    TaskStarted {
        task: String,
        depth: usize,
    },
    TaskFinished {
        depth: usize,
        ok: bool,
    },
    ActionStarted(LoggedAction),
    Output(LoggedOutput),
    Captured(LoggedCapture),
    ServerFinished(LoggedEnd),
    ActionFinished {
        action: u64,
    },
    ConnectFailed {
        server: String,
        reason: String,
    },
    RollbackStarted {
        task: String,
    },
    RollingBack {
        task: String,
    },
    RollbackSkipped {
        task: String,
        server: String,
        reason: String,
    },
    RollbackFailed {
        task: String,
        reason: String,
    },
    RollbackFinished(LoggedRollback),
    Interrupted {
        signal: String,
    },
    Message {
        level: String,
        tag: Option<String>,
        text: String,
    },
    Printed {
        text: String,
    },
    Error(LoggedError),
    Summary(LoggedSummary),
    #[serde(other)]
    Other,
}

/// The beginning of a run.
#[derive(Debug, Deserialize)]
pub(super) struct LoggedRun {
    pub(super) recipes: Vec<String>,
    pub(super) words: Vec<String>,
    pub(super) directory: String,
    pub(super) user: String,
}

/// The beginning of an action.
#[derive(Debug, Deserialize)]
pub(super) struct LoggedAction {
    pub(super) action: u64,
    pub(super) verb: String,
    pub(super) command: String,
    #[serde(default)]
    pub(super) options: BTreeMap<String, String>,
    pub(super) local: bool,
    pub(super) servers: Vec<String>,
}

/// A line of output.
#[derive(Debug, Deserialize)]
pub(super) struct LoggedOutput {
    pub(super) action: u64,
    pub(super) server: String,
    pub(super) stream: String,
    pub(super) line: String,
}

/// A line that the recipe took, or the number of those that were left out.
#[derive(Debug, Deserialize)]
pub(super) struct LoggedCapture {
    pub(super) action: u64,
    pub(super) server: String,
    #[serde(default)]
    pub(super) stream: String,
    pub(super) line: Option<String>,
    pub(super) left_out: Option<u64>,
}

/// The end of an action on a server.
#[derive(Debug, Deserialize)]
pub(super) struct LoggedEnd {
    pub(super) action: u64,
    pub(super) server: String,
    pub(super) how: String,
    pub(super) status: Option<i64>,
    pub(super) signal: Option<String>,
    pub(super) reason: Option<String>,
    pub(super) elapsed_ms: u64,
    pub(super) failed: bool,
}

/// The end of a rollback.
#[derive(Debug, Deserialize)]
pub(super) struct LoggedRollback {
    pub(super) complete: bool,
    /// Logs of earlier versions have none.
    #[serde(default)]
    pub(super) steps: Vec<LoggedUndoneStep>,
}

/// The error of a run.
#[derive(Debug, Deserialize)]
pub(super) struct LoggedError {
    pub(super) message: String,
    pub(super) file: Option<String>,
    pub(super) line: Option<u64>,
    #[serde(default)]
    pub(super) hints: Vec<String>,
    #[serde(default)]
    pub(super) servers: Vec<FailedServer>,
    #[serde(default)]
    pub(super) tasks: Vec<String>,
}

/// The numbers of a run.
#[derive(Debug, Deserialize)]
pub(super) struct LoggedSummary {
    pub(super) ok: bool,
    pub(super) rolled_back: Option<bool>,
    pub(super) tasks: u64,
    pub(super) commands: u64,
    pub(super) servers: u64,
    pub(super) failed: u64,
    pub(super) elapsed_ms: u64,
}

/// A server in an error.
#[derive(Debug, Deserialize)]
pub(super) struct FailedServer {
    pub(super) server: String,
    pub(super) reason: String,
    #[serde(default)]
    pub(super) stderr: Vec<String>,
    #[serde(default)]
    pub(super) stdout: Vec<String>,
}

/// Returns a time of the log in milliseconds since 1970.
pub(super) fn milliseconds(time: &str) -> Option<u64> {
    let time: Timestamp = time.parse().ok()?;
    u64::try_from(time.as_millisecond()).ok()
}
