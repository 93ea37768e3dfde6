//! Output that was reported and that the main thread has not taken yet. If there is too much of it, reading stops until half of
//! what is allowed was taken, so that a slow reader of capr's output slows the commands and memory stays bounded.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// The bytes that may wait, over all sessions that have an equal share of them.
#[derive(Clone, Debug)]
pub(super) struct Space(Arc<Shares>);

#[derive(Debug)]
struct Shares {
    all: usize,
    /// The share of a session is within these limits, whatever the number of sessions.
    limits: RangeInclusive<usize>,
    sessions: AtomicUsize,
}

impl Space {
    /// Makes a space of this many bytes. `limits` are the smallest and the largest share of a session.
    pub(super) fn new(all: usize, limits: RangeInclusive<usize>) -> Self {
        Self(Arc::new(Shares {
            all,
            limits,
            sessions: AtomicUsize::new(0),
        }))
    }

    fn share(&self) -> usize {
        let Shares { all, limits, sessions } = &*self.0;
        let equal = all / sessions.load(Ordering::SeqCst).max(1);
        equal.clamp(*limits.start(), *limits.end())
    }
}

/// The waiting output of one session. One side takes it; one or more threads add to it, and stop reading while it is full.
#[derive(Debug)]
pub(super) struct Backlog {
    waiting: AtomicUsize,
    /// True if a thread has stopped reading.
    paused: AtomicBool,
    space: Space,
}

impl Backlog {
    /// Makes an empty backlog, which has a share of the space as long as it exists.
    pub(super) fn new(space: &Space) -> Self {
        space.0.sessions.fetch_add(1, Ordering::SeqCst);
        Self {
            waiting: AtomicUsize::new(0),
            paused: AtomicBool::new(false),
            space: space.clone(),
        }
    }

    fn waiting(&self) -> usize {
        self.waiting.load(Ordering::SeqCst)
    }

    /// Adds bytes that are reported.
    pub(super) fn put(&self, bytes: usize) {
        self.waiting.fetch_add(bytes, Ordering::SeqCst);
    }

    /// Returns true if the thread that asks has to stop reading. `paused` is the answer that it was given before.
    pub(super) fn is_full(&self, paused: bool) -> bool {
        let share = self.space.share();
        let limit = if paused { share / 2 } else { share };
        if self.waiting() <= limit {
            return false;
        }
        // The flag is set before the amount is read again: if output is taken meanwhile, one of the two threads notices.
        self.paused.store(true, Ordering::SeqCst);
        self.waiting() > self.space.share() / 2
    }

    /// Removes bytes that were taken. Returns true if the threads that have stopped reading are to be woken.
    pub(super) fn take(&self, bytes: usize) -> bool {
        let less = |waiting: usize| Some(waiting.saturating_sub(bytes));
        let _ = self.waiting.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less);
        self.paused.load(Ordering::SeqCst)
            && self.waiting() <= self.space.share() / 2
            && self.paused.swap(false, Ordering::SeqCst)
    }
}

impl Drop for Backlog {
    fn drop(&mut self) {
        self.space.0.sessions.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::{Backlog, Space};

    #[test]
    fn reading_stops_above_the_share_and_goes_on_at_half_of_it() {
        let backlog = Backlog::new(&Space::new(1000, 10..=100));
        backlog.put(100);
        assert!(!backlog.is_full(false));
        backlog.put(1);
        assert!(backlog.is_full(false));
        assert!(!backlog.take(50), "51 are more than half");
        assert!(backlog.is_full(true));
        assert!(backlog.take(1), "the reader is woken");
        assert!(!backlog.is_full(true));
        assert!(!backlog.take(1), "nobody waits any more");
    }

    #[test]
    fn output_that_nobody_waits_for_wakes_nobody() {
        let backlog = Backlog::new(&Space::new(1000, 10..=100));
        backlog.put(100);
        assert!(!backlog.take(100));
        assert!(!backlog.take(100), "more than was put");
        assert!(!backlog.is_full(false));
    }

    #[test]
    fn sessions_have_equal_shares_within_limits() {
        let space = Space::new(1000, 10..=400);
        let first = Backlog::new(&space);
        assert_eq!(space.share(), 400);
        let others: Vec<_> = (0..3).map(|_| Backlog::new(&space)).collect();
        assert_eq!(space.share(), 250);
        first.put(300);
        assert!(first.is_full(false));
        drop(others);
        assert!(!first.is_full(false), "an ended session leaves its share to the others");
        let _crowd: Vec<_> = (0..1000).map(|_| Backlog::new(&space)).collect();
        assert_eq!(space.share(), 10);
    }
}
