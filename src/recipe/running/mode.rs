//! The mode of a run, set by the command line.

use super::surroundings::Options;

/// Facts that hold for the whole run.
#[derive(Clone, Copy, Debug)]
pub(in crate::recipe) struct RunMode {
    /// True if nothing is changed and no server is connected to.
    pub(in crate::recipe) dry_run: bool,
    /// True if the recipe is only examined: no server, no local command, no file that is written, no question.
    pub(in crate::recipe) only_looks: bool,
    /// True if the person is asked before each command: `-d`.
    pub(in crate::recipe) asks_consent: bool,
    /// True if the run puts the leftovers of a dead run in order: hooks do not run.
    pub(in crate::recipe) recovers: bool,
}

impl RunMode {
    pub(super) fn of(options: &Options) -> Self {
        Self {
            dry_run: options.dry_run,
            only_looks: options.only_looks,
            asks_consent: options.asks_consent,
            recovers: options.recovers,
        }
    }

    /// Returns true if nothing happens outside of this process.
    pub(in crate::recipe) fn is_idle(self) -> bool {
        self.dry_run || self.only_looks
    }
}
