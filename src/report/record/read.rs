//! The objects of the JSON log as they are read back; members that are not needed here are left out.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;

/// One line.
#[derive(Debug, Deserialize)]
pub(super) struct LogLine {
    pub(super) time: Option<String>,
    #[serde(flatten)]
    pub(super) told: Told,
}

/// The first line.
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

/// An object by its type.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Told {
    Version {
        capr: String,
        run: String,
    },
    RunStarted {
        recipes: Vec<String>,
        words: Vec<String>,
        directory: String,
        user: String,
    },
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
    ActionStarted {
        action: u64,
        verb: String,
        command: String,
        #[serde(default)]
        options: BTreeMap<String, String>,
        local: bool,
        servers: Vec<String>,
    },
    Output {
        action: u64,
        server: String,
        stream: String,
        line: String,
    },
    Captured {
        action: u64,
        server: String,
        #[serde(default)]
        stream: String,
        line: Option<String>,
        left_out: Option<u64>,
    },
    ServerFinished {
        action: u64,
        server: String,
        how: String,
        status: Option<i64>,
        signal: Option<String>,
        reason: Option<String>,
        elapsed_ms: u64,
        failed: bool,
    },
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
    RollbackFinished {
        complete: bool,
        /// Logs of earlier versions have none.
        #[serde(default)]
        steps: Vec<LoggedUndoneStep>,
    },
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
    Error {
        message: String,
        file: Option<String>,
        line: Option<u64>,
        #[serde(default)]
        hints: Vec<String>,
        #[serde(default)]
        servers: Vec<FailedServer>,
        #[serde(default)]
        tasks: Vec<String>,
    },
    Summary {
        ok: bool,
        rolled_back: Option<bool>,
        tasks: u64,
        commands: u64,
        servers: u64,
        failed: u64,
        elapsed_ms: u64,
    },
    #[serde(other)]
    Other,
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
