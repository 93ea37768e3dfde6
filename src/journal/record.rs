//! The lines of a journal.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::exit::Stream;

/// The version of the format. A journal of another version is not read.
pub(super) const VERSION: u32 = 1;

/// The first line: the run as it was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The version of the format.
    #[serde(rename = "capr_journal")]
    pub version: u32,
    /// The version of capr.
    pub capr: String,
    /// The name of the run, which is unique here and on the servers.
    pub run: String,
    /// The time when it began (RFC 3339).
    pub time: String,
    /// The process that began it.
    pub process: u32,
    /// The absolute paths of the recipes.
    pub recipes: Vec<PathBuf>,
    /// The directory that it ran in.
    pub directory: PathBuf,
    /// The stage and the tasks, as they were typed.
    pub words: Vec<String>,
    /// The settings of `-S`.
    pub set_before: Vec<(String, String)>,
    /// The settings of `-s`.
    pub set_after: Vec<(String, String)>,
    /// The settings `NAME=value`, and the conditions that narrow the servers.
    pub environment: Vec<(String, String)>,
    /// The names of secrets that were given: they have to be given again.
    pub secrets: Vec<String>,
    /// True for `-r`.
    pub preserve_roles: bool,
    /// The strings that were read before the first task, each with its digest. They are in a record of their own, since they are
    /// known later.
    #[serde(skip)]
    pub texts: Vec<(String, String)>,
}

impl Head {
    /// Returns the head for a run that begins now in this process.
    pub fn begun() -> Self {
        Self {
            version: VERSION,
            time: jiff::Timestamp::now().to_string(),
            process: std::process::id(),
            ..Self::default()
        }
    }
}

/// An event of the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub(super) enum Record {
    /// The strings that were read before the first task, each with its digest.
    Texts { texts: Vec<(String, String)> },
    /// A list of servers, which steps name by its number.
    Servers { set: usize, servers: Vec<String> },
    /// The release that the following steps are about.
    Release { name: String },
    /// A step is about to be started on all these servers, for the first time. If `again` is there, it is repeated only on the
    /// servers at these places.
    Step {
        step: u64,
        verb: String,
        command: String,
        task: String,
        is_local: bool,
        set: usize,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        again: Option<Vec<usize>>,
    },
    /// Output that a block of the recipe was given.
    Piece {
        step: u64,
        place: usize,
        stream: Stream,
        text: String,
    },
    /// There was so much output that not all of it is kept.
    Dropped { step: u64 },
    /// The step has ended on the server at this place.
    Ended {
        step: u64,
        place: usize,
        #[serde(flatten)]
        end: Ended,
    },
    /// The step has ended on all servers, or was not started at all.
    Done {
        step: u64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<Failure>,
    },
    /// A rollback could not reach this server.
    Skipped { server: String, reason: String },
    /// An answer that may be another one the next time: the time, a file, a person's answer.
    Answer {
        what: String,
        of: String,
        value: Value,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        failed: bool,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        is_secret: bool,
    },
    /// A transaction has succeeded.
    Committed,
    /// A rollback begins.
    RollingBack,
    /// A rollback has ended.
    RolledBack { complete: bool, left: Vec<String> },
    /// The run has ended in order and has freed its locks, although something is left to be resumed.
    Stopped,
    /// Another process continues from here.
    Resumed { time: String, process: u32 },
}

/// The end of a step on one server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// The exit status, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<i32>,
    /// The captured output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stdout: Option<String>,
    /// True if the output contains a secret, so that it is not kept.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_secret: bool,
    /// True if the command was ended because the run was stopped.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_stopped: bool,
    /// The reason why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<Failed>,
}

/// The reason why a step failed on one server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failed {
    /// The server.
    pub server: String,
    /// The reason as it was reported.
    pub reason: String,
    /// The last lines of its standard error.
    pub stderr: Vec<String>,
    /// The last lines of its standard output.
    pub stdout: Vec<String>,
}

/// The reason why a step failed as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The exit code that belongs to it.
    pub code: u8,
    /// The message as it was reported.
    pub message: String,
    /// The servers on which it failed.
    pub servers: Vec<Failed>,
    /// True if it was started on any server.
    pub was_started: bool,
    /// True if a recipe can catch it.
    pub is_caught: bool,
    /// True if the run was stopped during the step.
    pub is_stopped: bool,
}
