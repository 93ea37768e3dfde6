//! The keepalive questions to a server that says nothing.

use std::time::{Duration, Instant};

use super::connection::Keepalive;

pub(super) struct ServerSilence {
    keepalive: Keepalive,
    /// The questions since the server was last heard; `None` while it is not listened to.
    asked: Option<Asked>,
}

struct Asked {
    /// The number of questions sent.
    count: u32,
    /// The time of the next one.
    next: Instant,
}

/// The things to do about a silent server.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Due {
    /// True if it is asked now.
    pub(super) asks: bool,
    /// The time at which to look again.
    pub(super) next: Option<Instant>,
}

impl ServerSilence {
    pub(super) fn new(keepalive: Keepalive) -> Self {
        Self { keepalive, asked: None }
    }

    /// Notes that the server was heard, or is not listened to.
    pub(super) fn end(&mut self) {
        self.asked = None;
    }

    /// Returns the things to do now; it is an error if too many questions had no answer. The limit is a number of questions, not
    /// a time: capr itself may have been stopped meanwhile.
    pub(super) fn due(&mut self, now: Instant) -> Result<Due, String> {
        let Keepalive { interval, count } = self.keepalive;
        if interval.is_zero() {
            return Ok(Due {
                asks: false,
                next: None,
            });
        }
        let asked = self.asked.get_or_insert(Asked {
            count: 0,
            next: now + interval,
        });
        let asks = now >= asked.next;
        if asks {
            asked.count += 1;
            asked.next = now + interval;
            if asked.count > count {
                let waited: Duration = interval.saturating_mul(asked.count);
                return Err(format!("no sign of life for {} s", waited.as_secs_f64()));
            }
        }
        Ok(Due {
            asks,
            next: Some(asked.next),
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{Due, ServerSilence};
    use crate::session::ssh::connection::Keepalive;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_silent_server_is_asked_as_often_as_allowed_and_then_counts_as_lost() {
        let mut silence = ServerSilence::new(Keepalive {
            interval: SECOND,
            count: 2,
        });
        let start = Instant::now();
        let due = |asks, next| {
            Ok(Due {
                asks,
                next: Some(start + next * SECOND),
            })
        };
        assert_eq!(silence.due(start), due(false, 1));
        assert_eq!(silence.due(start + SECOND), due(true, 2));
        // However long capr was stopped, that counts as one unanswered question.
        assert_eq!(silence.due(start + 60 * SECOND), due(true, 61));
        let lost = silence.due(start + 61 * SECOND).unwrap_err();
        assert_eq!(lost, "no sign of life for 3 s");
        silence.end();
        assert_eq!(silence.due(start + 100 * SECOND), due(false, 101));
    }

    #[test]
    fn no_interval_means_no_questions() {
        let mut silence = ServerSilence::new(Keepalive {
            interval: Duration::ZERO,
            count: 2,
        });
        let now = Instant::now();
        let nothing = Ok(Due {
            asks: false,
            next: None,
        });
        assert_eq!(silence.due(now), nothing);
        assert_eq!(silence.due(now + SECOND), nothing);
    }
}
