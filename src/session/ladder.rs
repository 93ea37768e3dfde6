//! The steps by which a command is ended against its will, and the time that it has after each.

use std::time::{Duration, Instant};

use super::JobSignal;

/// A step against a command that is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rung {
    /// It is sent a signal.
    Signal(JobSignal),
    /// No signal has helped: capr lets go of it, and drops what connects it with the command.
    LetGo,
}

/// The steps, in their order. INT is not among them: a shell's background processes ignore it, and a server no longer knows their
/// group once the shell has died of it.
const RUNGS: [Rung; 3] = [
    Rung::Signal(JobSignal::Term),
    Rung::Signal(JobSignal::Kill),
    Rung::LetGo,
];

impl Rung {
    /// Returns the time that a command has after this step before the next one is taken.
    fn patience(self) -> Duration {
        match self {
            Self::Signal(JobSignal::Term) => Duration::from_secs(5),
            Self::Signal(JobSignal::Kill) => Duration::from_secs(2),
            // While a signal is still on its way, a session keeps its connection for up to three seconds of this time.
            Self::LetGo => Duration::from_secs(4),
        }
    }
}

/// The steps that were taken against a command so far, and the time of the next one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ladder {
    taken: usize,
    next: Option<Instant>,
}

impl Ladder {
    /// Returns a ladder whose first step is due at this time; without one it is taken only on demand.
    pub(crate) fn due_at(first: Option<Instant>) -> Self {
        Self { taken: 0, next: first }
    }

    /// Returns the next step, whatever the time is; the one after it is due when the patience with this one ends. `None` if all
    /// were taken.
    pub(crate) fn step(&mut self, now: Instant) -> Option<Rung> {
        let rung = RUNGS.get(self.taken).copied();
        self.taken += usize::from(rung.is_some());
        self.next = rung.map(|rung| now + rung.patience());
        rung
    }

    /// Returns the step that is to be taken now, if one is due.
    pub(crate) fn due(&mut self, now: Instant) -> Option<Rung> {
        if self.next.is_none_or(|next| now < next) {
            return None;
        }
        self.step(now)
    }

    /// Makes the first step due at this time, unless it was taken already.
    pub(crate) fn begin(&mut self, now: Instant) {
        if !self.has_begun() {
            self.next = Some(now);
        }
    }

    /// Returns true once a step was taken.
    pub(crate) fn has_begun(&self) -> bool {
        self.taken > 0
    }

    /// Returns the time at which the next step is due, or at which the last one has not helped either.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.next
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{Ladder, Rung};
    use crate::session::JobSignal;

    #[test]
    fn a_command_has_time_after_each_signal_and_is_let_go_at_last() {
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let mut ladder = Ladder::due_at(Some(after(1)));
        assert_eq!((ladder.due(start), ladder.has_begun()), (None, false));
        assert_eq!(ladder.due(after(1)), Some(Rung::Signal(JobSignal::Term)));
        assert_eq!((ladder.due(after(5)), ladder.has_begun()), (None, true));
        assert_eq!(ladder.due(after(6)), Some(Rung::Signal(JobSignal::Kill)));
        assert_eq!(ladder.next(), Some(after(8)));
        assert_eq!(ladder.due(after(8)), Some(Rung::LetGo));
        assert_eq!(ladder.next(), Some(after(12)));
        assert_eq!(ladder.due(after(12)), None);
        assert_eq!(ladder.next(), None);
    }

    #[test]
    fn who_does_not_want_to_wait_takes_the_next_step_at_once() {
        let now = Instant::now();
        let mut ladder = Ladder::default();
        assert_eq!(ladder.due(now), None, "nothing is due without an order");
        ladder.begin(now);
        assert_eq!(ladder.due(now), Some(Rung::Signal(JobSignal::Term)));
        ladder.begin(now);
        assert_eq!(ladder.due(now), None, "it has begun already");
        assert_eq!(ladder.step(now), Some(Rung::Signal(JobSignal::Kill)));
        assert_eq!(ladder.step(now), Some(Rung::LetGo));
        assert_eq!(ladder.step(now), None);
    }
}
