//! The progress of a run that resumes an earlier one.

use std::cell::Cell;

use crate::journal::Journal;

/// The journal of the run, and its progress if it resumes an earlier one.
pub(in crate::recipe) struct Resumption {
    journal: Journal,
    /// True until the recipe has reached the end of the earlier run.
    is_replaying: Cell<bool>,
    was_undone: Cell<bool>,
}

impl Resumption {
    pub(super) fn of(journal: Journal) -> Self {
        Self {
            is_replaying: Cell::new(journal.is_replaying()),
            was_undone: Cell::default(),
            journal,
        }
    }

    /// Returns the journal.
    pub(super) fn journal(&self) -> &Journal {
        &self.journal
    }

    /// Returns true while the results of the earlier run are returned and not reported.
    pub(super) fn is_replaying(&self) -> bool {
        self.is_replaying.get()
    }

    /// Returns true, once, when the recipe has reached the end of the earlier run.
    pub(super) fn wakes(&self) -> bool {
        !self.journal.is_replaying() && self.is_replaying.replace(false)
    }

    /// Notes that the run is rolled back because the person wanted it.
    pub(super) fn note_undone(&self) {
        self.was_undone.set(true);
    }

    /// Returns true if the run is rolled back because the person wanted it.
    pub(in crate::recipe) fn was_undone(&self) -> bool {
        self.was_undone.get()
    }
}
