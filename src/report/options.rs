//! The settings of a console, and the ways a run may have ended.

use std::fs::File;
use std::io::Write;

use crate::event::{Level, Rollback};
use crate::interrupt::Interrupt;
use crate::run_id::RunId;

use super::ci::Ci;
use super::outlet::{Outlet, Room};
use super::palette::Look;

/// The forms of `--log-format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For terminals.
    Pretty,
    /// Capistrano's prefixes.
    Plain,
    /// One JSON object per line.
    Json,
}

/// The end of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Well.
    Done,
    /// Not well.
    Failed {
        /// How its rollback ended.
        rollback: Rollback,
    },
}

/// A file for the log.
pub struct Log {
    /// As the person named it.
    pub name: String,
    /// Opened for appending.
    pub file: Box<dyn Write>,
}

impl Log {
    /// A log that goes to a file, or to a pipe that may be read slowly.
    pub fn to(name: String, file: File, interrupt: Interrupt) -> Self {
        let file = Box::new(Outlet::new(file, Room::default(), interrupt));
        Self { name, file }
    }
}

/// Everything that a console is made of.
pub struct Options {
    /// The form.
    pub format: Format,
    /// The level up to which events are shown.
    pub threshold: Level,
    /// The look of standard error: colours, width.
    pub look: Look,
    /// Gives the width of standard error at this moment, where it is a terminal.
    pub width: fn() -> Option<usize>,
    /// Width of standard output; `None` where it is no terminal.
    pub data_columns: Option<usize>,
    /// True in a dry run; connections are not told then, as there are none.
    pub is_rehearsal: bool,
    /// True where lines on standard error begin with the time.
    pub stamps: bool,
    /// Where everything is appended in the plain form, each line behind its time; at least what is shown where nothing is said
    /// about the threshold.
    pub log: Option<Log>,
    /// Once it is raised, output that nobody reads is not waited for.
    pub interrupt: Interrupt,
    /// The name of this run.
    pub run: RunId,
    /// Where it is told in the log of a CI service, in the plain form.
    pub ci: Option<Ci>,
}
