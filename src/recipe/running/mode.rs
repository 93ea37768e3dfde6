//! The way in which a run is done, as the command line says.

use super::surroundings::Options;

/// Facts that hold for the whole run.
#[derive(Clone, Copy, Debug)]
pub(in crate::recipe) struct Mode {
    /// Nothing is changed and nobody is connected to.
    pub(in crate::recipe) dry_run: bool,
    /// The recipe is only looked at: no server, no command of this machine, no file that is written, no question.
    pub(in crate::recipe) only_looks: bool,
    /// `-d`: the person is asked before each command.
    pub(in crate::recipe) asks_consent: bool,
    /// True if the run puts in order what one that died has left: hooks do not run.
    pub(in crate::recipe) recovers: bool,
}

impl Mode {
    pub(super) fn of(options: &Options) -> Self {
        Self {
            dry_run: options.dry_run,
            only_looks: options.only_looks,
            asks_consent: options.asks_consent,
            recovers: options.recovers,
        }
    }

    /// Tells whether nothing happens outside of this process.
    pub(in crate::recipe) fn is_idle(self) -> bool {
        self.dry_run || self.only_looks
    }
}
