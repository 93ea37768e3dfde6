//! The lines of a journal.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::exit::Stream;

/// The version of the format. A journal of another one is not read.
pub(super) const VERSION: u32 = 1;

/// The first line: the run as it was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The version of the format.
    #[serde(rename = "capr_journal")]
    pub version: u32,
    /// The version of capr.
    pub capr: String,
    /// Tells runs apart, here and on the servers.
    pub run: String,
    /// When it began, RFC 3339.
    pub time: String,
    /// The process that began it.
    pub process: u32,
    /// The recipes, from the root of this machine.
    pub recipes: Vec<PathBuf>,
    /// The directory that it ran in.
    pub directory: PathBuf,
    /// Stage and tasks, as typed.
    pub words: Vec<String>,
    /// `-S`.
    pub set_before: Vec<(String, String)>,
    /// `-s`.
    pub set_after: Vec<(String, String)>,
    /// `NAME=value`, and what narrows the servers.
    pub environment: Vec<(String, String)>,
    /// What was given and is a secret: it has to be given again.
    pub secrets: Vec<String>,
    /// `-r`.
    pub preserve_roles: bool,
    /// What was read before the first task, with a digest of each: a record of its own, since it is known later.
    #[serde(skip)]
    pub texts: Vec<(String, String)>,
}

impl Head {
    /// That of a run which begins now, in this process.
    pub fn begun() -> Self {
        Self {
            version: VERSION,
            time: jiff::Timestamp::now().to_string(),
            process: std::process::id(),
            ..Self::default()
        }
    }
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub(super) enum Record {
    /// All that was read before the first task, with a digest of each.
    Texts { texts: Vec<(String, String)> },
    /// Servers that steps name by the number.
    Servers { set: usize, servers: Vec<String> },
    /// The release that the steps from here on are about.
    Release { name: String },
    /// A step is about to be started on all these servers; nothing of it has been before. Where it is run again, on those of
    /// them alone whose places are named.
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
    /// Of so much output not all is kept.
    Dropped { step: u64 },
    /// It has ended on the server of this place.
    Ended {
        step: u64,
        place: usize,
        #[serde(flatten)]
        end: Ended,
    },
    /// It has ended everywhere, or was started nowhere.
    Done {
        step: u64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<Failure>,
    },
    /// A rollback could not reach this server.
    Skipped { server: String, reason: String },
    /// Something that may be another thing the next time: the time, a file, what a person says.
    Answer {
        what: String,
        of: String,
        value: Value,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        failed: bool,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        is_secret: bool,
    },
    /// A transaction ended well.
    Committed,
    /// A rollback begins.
    RollingBack,
    /// A rollback has ended.
    RolledBack { complete: bool, left: Vec<String> },
    /// Another process goes on from here.
    Resumed { time: String, process: u32 },
}

/// How a step ended on one server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// The exit status, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<i32>,
    /// What was captured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stdout: Option<String>,
    /// It has a secret in it, and is not kept.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_secret: bool,
    /// It was ended, since the run was stopped.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_stopped: bool,
    /// Why it has failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<Failed>,
}

/// Why a step failed on one server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failed {
    /// Which.
    pub server: String,
    /// As it was told.
    pub reason: String,
    /// The last lines of its standard error.
    pub stderr: Vec<String>,
    /// The last lines of its standard output.
    pub stdout: Vec<String>,
}

/// Why a step failed as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The exit code that belongs to it.
    pub code: u8,
    /// As it was told.
    pub message: String,
    /// The servers that it failed on.
    pub servers: Vec<Failed>,
    /// True if it was started on any server.
    pub was_started: bool,
    /// True if a recipe can catch it.
    pub is_caught: bool,
    /// Whether the run was stopped in it.
    pub is_stopped: bool,
}
