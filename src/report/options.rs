//! The settings of a console, and the ways a run may have ended.

use std::fs::File;
use std::io::Write;
use std::time::Duration;

use crate::event::{Level, Rollback};
use crate::interrupt::Interrupt;
use crate::run_id::RunId;

use super::ci::Ci;
use super::outlet::{Outlet, Room};
use super::palette::Look;

/// The forms of `--log-format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// For terminals.
    Pretty,
    /// Capistrano's prefixes.
    Plain,
    /// One JSON object per line.
    Json,
}

/// The ways in which a run may end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Everything went well.
    Done,
    /// Something failed.
    Failed {
        /// The end of its rollback.
        rollback: Rollback,
    },
}

/// A file for the log.
pub(crate) struct Log {
    /// The name that the person gave.
    pub name: String,
    /// The file, opened for appending.
    pub file: Box<dyn Write>,
}

impl Log {
    /// Returns a log that goes to a file, or to a pipe that may be read slowly.
    pub(crate) fn to(name: String, file: File, interrupt: Interrupt) -> Self {
        let file = Box::new(Outlet::new(file, Room::default(), interrupt));
        Self { name, file }
    }
}

/// The size of a terminal, in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size {
    /// The width.
    pub columns: usize,
    /// The height; 0 if it is not known.
    pub rows: usize,
}

/// The times that decide when a terminal shows something.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    /// The least time between two drawings of the last lines that show nothing new but progress.
    pub redrawn: Duration,
    /// The longest time for which output is held back, so that equal output of several servers is shown once.
    pub held: Duration,
}

/// The settings of a console.
pub(crate) struct ConsoleOptions {
    /// The form of messages.
    pub format: Format,
    /// The level up to which events are shown.
    pub threshold: Level,
    /// The look of standard error: colours, width.
    pub look: Look,
    /// Returns the size of standard error at this moment, if it is a terminal.
    pub size: fn() -> Option<Size>,
    /// The times of a terminal.
    pub times: Times,
    /// The width of standard output; `None` if it is no terminal.
    pub data_columns: Option<usize>,
    /// True in a dry run, which reports no connections, as there are none.
    pub is_rehearsal: bool,
    /// True if lines on standard error begin with the time.
    pub stamps: bool,
    /// The log, to which events are appended in the plain form, each line after a time: those up to the threshold, and at least
    /// up to `Level::Info` until the threshold is changed.
    pub log: Option<Log>,
    /// The stop request: once it is raised, the run no longer waits for somebody to read its output.
    pub interrupt: Interrupt,
    /// The name of this run.
    pub run: RunId,
    /// True if a record of the run is kept.
    pub records: bool,
    /// The log of a CI service, in the plain form, if the run is in one.
    pub ci: Option<Ci>,
}
