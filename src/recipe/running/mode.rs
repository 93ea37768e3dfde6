//! The mode of a run, set by the command line.

use jiff::Timestamp;

use super::counter::Counter;
use super::surroundings::Options;
use super::trial::Trial;

/// Facts that hold for the whole run.
#[derive(Debug)]
pub(in crate::recipe) struct RunMode {
    dry_run: bool,
    only_looks: bool,
    asks_consent: bool,
    recovers: bool,
    words: Vec<String>,
    trial: Option<Trial>,
}

impl RunMode {
    pub(super) fn of(options: &Options) -> Self {
        Self {
            dry_run: options.dry_run,
            only_looks: options.only_looks,
            asks_consent: options.asks_consent,
            recovers: options.recovers,
            words: options.words.clone(),
            trial: options.trial.clone(),
        }
    }

    /// Returns true if nothing is changed and no server is connected to.
    pub(in crate::recipe) fn is_dry_run(&self) -> bool {
        self.dry_run
    }

    /// Returns true if the recipe is only examined: no server, no local command, no file that is written, no question.
    pub(in crate::recipe) fn only_looks(&self) -> bool {
        self.only_looks
    }

    /// Returns true if nothing happens outside of this process.
    pub(in crate::recipe) fn is_idle(&self) -> bool {
        self.dry_run || self.only_looks
    }

    /// Returns true if the person is asked before each command: `-d`.
    pub(super) fn asks_consent(&self) -> bool {
        self.asks_consent
    }

    /// Returns true if the run puts the leftovers of a dead run in order: hooks do not run.
    pub(super) fn recovers(&self) -> bool {
        self.recovers
    }

    /// Returns the words of the command line that name the stage and the tasks.
    pub(super) fn words(&self) -> &[String] {
        &self.words
    }

    /// Returns the world of a test, if one is run.
    pub(in crate::recipe) fn trial(&self) -> Option<&Trial> {
        self.trial.as_ref()
    }

    /// Returns true in a test whose servers do nothing, and answer as the test says.
    pub(super) fn has_scripted_servers(&self) -> bool {
        self.trial().is_some_and(|trial| trial.servers().is_some())
    }

    /// Returns the counter of lines, if a test counts them.
    pub(in crate::recipe) fn counter(&self) -> Option<Counter> {
        self.trial().and_then(Trial::counter)
    }

    /// Returns the time as recipes see it.
    pub(in crate::recipe) fn now(&self) -> Timestamp {
        self.trial().map_or_else(Timestamp::now, Trial::now)
    }
}
