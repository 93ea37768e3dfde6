//! The times in reports.

use std::cell::OnceCell;

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Gives the time in each form that reports write.
#[derive(Clone, Debug)]
pub(super) struct Clock {
    now: fn() -> Timestamp,
    /// The zone, which is read only when the first local time is written: finding it lists every file of the system's zones.
    zone: OnceCell<TimeZone>,
}

impl Default for Clock {
    fn default() -> Self {
        Self {
            now: Timestamp::now,
            zone: OnceCell::new(),
        }
    }
}

impl Clock {
    /// Returns a clock that stands still at 2026-01-02 03:04:05.006 UTC.
    #[cfg(test)]
    pub(super) fn still(zone: TimeZone) -> Self {
        Self {
            now: || Timestamp::from_millisecond(1_767_323_045_006).unwrap_or_default(),
            zone: OnceCell::from(zone),
        }
    }

    /// Returns the time for programs: `2026-01-02T03:04:05.006Z`.
    pub(super) fn utc(&self) -> String {
        self.written("%Y-%m-%dT%H:%M:%S%.3fZ", TimeZone::UTC)
    }

    /// Returns the time for files: `2026-01-02T04:04:05.006+01:00`.
    pub(super) fn local(&self) -> String {
        self.written("%Y-%m-%dT%H:%M:%S%.3f%:z", self.zone())
    }

    /// Returns the time for a person: `04:04:05`.
    pub(super) fn of_day(&self) -> String {
        self.written("%H:%M:%S", self.zone())
    }

    fn zone(&self) -> TimeZone {
        self.zone.get_or_init(TimeZone::system).clone()
    }

    fn written(&self, format: &str, zone: TimeZone) -> String {
        (self.now)().to_zoned_datetime(zone).strftime(format).to_string()
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::{Offset, TimeZone};

    use super::Clock;

    #[test]
    fn a_time_is_written_for_programs_files_and_people() {
        let clock = Clock::still(TimeZone::fixed(Offset::constant(2)));
        assert_eq!(clock.utc(), "2026-01-02T03:04:05.006Z");
        assert_eq!(clock.local(), "2026-01-02T05:04:05.006+02:00");
        assert_eq!(clock.of_day(), "05:04:05");
        let utc = Clock::still(TimeZone::UTC);
        assert_eq!(utc.local(), "2026-01-02T03:04:05.006+00:00");
    }
}
