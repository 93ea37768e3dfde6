//! The times at which the last lines of a terminal are redrawn: not at every step of many servers, and while output scrolls only
//! the first of them.

use std::time::{Duration, Instant};

/// The length of a pause in the output, as a multiple of the least time between two drawings.
const CALM: u32 = 5;

/// The pace.
#[derive(Debug)]
pub(super) struct Pace {
    /// The least time between two drawings that show nothing but progress.
    least: Duration,
    drawn: Option<Instant>,
    /// The last time at which lines were written above the last lines.
    told: Option<Instant>,
    is_busy: bool,
}

impl Pace {
    pub(super) fn new(least: Duration) -> Self {
        Self {
            least,
            drawn: None,
            told: None,
            is_busy: false,
        }
    }

    /// Returns true if progress is not shown now, since it was drawn a moment ago.
    pub(super) fn can_wait(&self, now: Instant) -> bool {
        self.drawn.is_some_and(|drawn| now.duration_since(drawn) < self.least)
    }

    /// Notes a drawing; `is_told` is true if lines were written above it. Returns true if lines follow each other so quickly that
    /// only the first of the last lines is drawn: the others would jump.
    pub(super) fn draws(&mut self, now: Instant, is_told: bool) -> bool {
        self.drawn = Some(now);
        let is_calm = self
            .told
            .is_none_or(|told| now.duration_since(told) >= self.least * CALM);
        if is_told {
            self.told = Some(now);
            self.is_busy = !is_calm;
        } else {
            self.is_busy &= !is_calm;
        }
        self.is_busy
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::Pace;

    #[test]
    fn progress_waits_a_moment_and_only_the_first_line_is_drawn_while_output_scrolls() {
        let (least, begin) = (Duration::from_millis(50), Instant::now());
        let at = |milliseconds| begin + Duration::from_millis(milliseconds);
        let mut pace = Pace::new(least);
        assert!(!pace.can_wait(at(0)));
        assert!(!pace.draws(at(0), true));
        assert!(pace.can_wait(at(49)) && !pace.can_wait(at(50)));
        // A second line follows at once: from now on the pace is busy, until there is a pause.
        assert!(pace.draws(at(30), true));
        assert!(pace.draws(at(90), false));
        assert!(pace.draws(at(270), true));
        assert!(!pace.draws(at(520), false));
        assert!(!pace.draws(at(530), false));
        assert!(!pace.draws(at(800), true));
        // Without a least time nothing waits.
        let mut pace = Pace::new(Duration::ZERO);
        assert!(!pace.draws(at(0), true) && !pace.draws(at(0), true) && !pace.can_wait(at(0)));
    }
}
