//! The work that scripts may still do while recipes are loaded.

use std::cell::Cell;
use std::time::{Duration, Instant};

use rhai::Position;
use rustix::time::{ClockId, clock_gettime};

use super::stops::Stops;
use crate::diagnostic::{Diagnostic, Fault};
use crate::recipe::language::origin::{Fallible, terminate};

/// The most steps of a script while recipes are loaded, and the most time for computing; tasks have no such limits. Steps take
/// different times: one that changes a long list goes through all of it.
const MAX_STEPS: u64 = 3_000_000;
const MAX_TIME: Duration = Duration::from_secs(5);

/// The work that scripts may still do before they are ended.
pub(in crate::recipe) struct Budget {
    /// The number of script functions around the current place.
    level: Cell<usize>,
    steps: Cell<u64>,
    /// The computing time of this thread at which scripts are ended.
    until: Cell<Option<Duration>>,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            level: Cell::default(),
            steps: Cell::new(u64::MAX),
            until: Cell::default(),
        }
    }
}

impl Budget {
    /// Does work that comes before any task runs, and that must come to an end.
    pub(in crate::recipe) fn bounded<T>(&self, work: impl FnOnce() -> T) -> T {
        self.steps.set(MAX_STEPS);
        self.until.set(Some(computed() + MAX_TIME));
        let result = work();
        self.until.set(None);
        self.steps.set(u64::MAX);
        result
    }

    /// Returns the number of script functions around the current place.
    pub(super) fn level(&self) -> usize {
        self.level.get()
    }

    /// Notes the number of script functions around the current place.
    pub(in crate::recipe) fn set_level(&self, level: usize) {
        self.level.set(level);
    }

    /// Returns true while recipes are loaded, or are examined in another way that must come to an end: no server is contacted.
    pub(in crate::recipe) fn is_loading(&self) -> bool {
        self.until.get().is_some()
    }

    /// Takes one step; returns false if there is none left.
    pub(super) fn take_step(&self) -> bool {
        let left = self.steps.get().checked_sub(1);
        self.steps.set(left.unwrap_or(0));
        left.is_some()
    }

    /// Returns true if the time is over.
    pub(super) fn is_late(&self) -> bool {
        self.until.get().is_some_and(|until| computed() > until)
    }

    /// Does the same as `goes_on` for a function that has waited for another thread or a program since `begun`. Their computing
    /// time is not counted as this thread's, so the time that has passed is.
    pub(super) fn goes_on_since(&self, stops: &Stops, begun: Instant) -> Fallible<()> {
        if self.is_loading() && begun.elapsed() > MAX_TIME {
            return Err(terminate(endless(), Position::NONE));
        }
        self.goes_on(stops)
    }

    /// Returns an error if a script would be ended now. Functions that may take long call it from time to time.
    pub(super) fn goes_on(&self, stops: &Stops) -> Fallible<()> {
        if self.is_late() {
            return Err(terminate(endless(), Position::NONE));
        }
        stops.check(Position::NONE)
    }
}

/// Returns this thread's computing time; waiting for a person or a command does not count.
fn computed() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// Returns the error for a recipe whose loading does not end.
pub(super) fn endless() -> Diagnostic {
    Diagnostic::new(Fault::Recipe, "the recipe does not come to an end while it is loaded")
        .hint("is this a loop without an end? what is to be waited for belongs in a task")
}
