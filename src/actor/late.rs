//! Output that is still waiting to be shown when an action is ended. Megabytes of short lines take far longer to show than a
//! person who has pressed Ctrl-C waits.

use std::time::{Duration, Instant};

use indexmap::IndexMap;

/// The time for which such output is shown, in all. The output of commands that are ending takes a small part of it.
const SHOWN: Duration = Duration::from_secs(1);

/// The output of an action that is being ended.
#[derive(Debug)]
pub(super) struct Late {
    left: Duration,
    left_out: IndexMap<usize, u64>,
}

impl Default for Late {
    fn default() -> Self {
        Self::lasting(SHOWN)
    }
}

impl Late {
    fn lasting(left: Duration) -> Self {
        Self {
            left,
            left_out: IndexMap::new(),
        }
    }

    /// Shows a piece of the output of the job with this index, or leaves it out if the time for that is over.
    pub(super) fn show(&mut self, index: usize, bytes: usize, show: impl FnOnce()) {
        if self.left.is_zero() {
            *self.left_out.entry(index).or_default() += bytes as u64;
            return;
        }
        let begun = Instant::now();
        show();
        self.left = self.left.saturating_sub(begun.elapsed());
    }

    /// Returns the jobs whose output was not shown to its end, and the number of missing bytes of each.
    pub(super) fn left_out(self) -> impl Iterator<Item = (usize, u64)> {
        self.left_out.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Late;

    #[test]
    fn what_takes_too_long_to_show_is_left_out_and_counted() {
        let mut shown = Vec::new();
        let mut late = Late::lasting(Duration::from_nanos(1));
        for (index, bytes) in [(0, 10), (1, 5), (0, 20), (1, 6)] {
            late.show(index, bytes, || shown.push((index, bytes)));
            // The clock has moved on by more than that.
            late.left = Duration::ZERO;
        }
        assert_eq!(shown, [(0, 10)]);
        assert_eq!(late.left_out().collect::<Vec<_>>(), [(1, 11), (0, 20)]);
        let mut late = Late::default();
        for _ in 0..100 {
            late.show(0, 10, || shown.push((2, 0)));
        }
        assert_eq!((shown.len(), late.left_out().count()), (101, 0));
    }
}
