//! The last line of a terminal: the action that is waited for, the time since it began, and the servers that have not ended.

use std::time::{Duration, Instant};

use crate::configuration::Server;
use crate::event::worded;
use crate::listed::and_more;

use super::names::Names;
use super::text::{cut, duration};

/// The most servers that are shown by name.
const NAMED_SERVERS: usize = 4;
/// The room that is kept for the action before names of servers are shown.
const LEAST_WHAT: usize = 20;

/// The action that is waited for.
pub(super) struct Waiting<'a> {
    /// The number of blanks in front of the line.
    pub(super) indent: usize,
    /// Its verb and its command.
    pub(super) what: (&'a str, &'a str),
    /// The number of other actions that run at the same time.
    pub(super) others: usize,
    /// The progress of a transfer; empty if it is not known.
    pub(super) copied: String,
    pub(super) since: Instant,
    /// The servers that have not ended.
    pub(super) left: &'a [Server],
    /// Their short names.
    pub(super) names: &'a Names,
    /// The number of servers in all.
    pub(super) all: usize,
}

impl Waiting<'_> {
    /// Returns the line, at most this many columns wide.
    pub(super) fn line(&self, columns: usize) -> String {
        let mut tail = format!("{}{}", and_more(self.others, ""), self.copied);
        if let Some(time) = seconds(self.since.elapsed()) {
            tail.push_str(&format!("  {time}"));
        }
        let indent = self.indent.min(columns / 4);
        let room = columns.saturating_sub(indent + "… ".chars().count() + tail.chars().count());
        let waiting = self.waiting(room.saturating_sub(LEAST_WHAT));
        let room = room.saturating_sub(waiting.chars().count());
        let (verb, command) = self.what;
        let what = worded(verb, command);
        let line = format!("{}… {}{tail}{waiting}", " ".repeat(indent), cut(what.trim_end(), room));
        cut(&line, columns)
    }

    /// Returns the servers that are left, by name as far as there is room.
    fn waiting(&self, room: usize) -> String {
        let left = self.left.len();
        if left == 0 {
            return String::new();
        }
        let counted = match self.all {
            all if left < all => format!("  waiting for {left} of {all}"),
            _ => format!("  waiting for {left}"),
        };
        let names: Vec<String> = self
            .left
            .iter()
            .take(NAMED_SERVERS)
            .map(|server| self.names.of(server))
            .collect();
        for named in (1..=names.len()).rev() {
            let more = if named < left { ", …" } else { "" };
            let names = names.get(..named).unwrap_or_default().join(", ");
            let text = format!("{counted}: {names}{more}");
            if text.chars().count() <= room {
                return text;
            }
        }
        counted
    }
}

/// Returns a time in whole seconds; `None` before the first second has passed.
fn seconds(elapsed: Duration) -> Option<String> {
    match elapsed.as_secs() {
        0 => None,
        seconds @ 1..60 => Some(format!("{seconds}s")),
        seconds => Some(duration(Duration::from_secs(seconds))),
    }
}

#[cfg(test)]
#[allow(clippy::indexing_slicing)]
mod tests {
    use std::time::{Duration, Instant};

    use super::super::names::Names;
    use super::{Waiting, seconds};
    use crate::configuration::Server;

    fn waiting(left: &[Server], columns: usize) -> String {
        let waiting = Waiting {
            indent: 4,
            what: ("run", "chmod -R g+w -- /u/apps/flipper/releases/20261128193918"),
            others: 0,
            copied: String::new(),
            since: Instant::now() - Duration::from_millis(12_400),
            left,
            names: &Names::default(),
            all: 6,
        };
        waiting.line(columns)
    }

    #[test]
    fn the_last_line_counts_seconds_and_names_who_is_left_as_there_is_room() {
        let all: Vec<Server> = ["www1", "www2", "app1", "app2", "db1", "db2"].map(Server::host).into();
        for (left, columns, line) in [
            (
                &all[..],
                120,
                "    … run chmod -R g+w -- /u/apps/flipper/releases/20261128193918  12s  waiting for 6: www1, www2, app1, app2, …",
            ),
            (
                &all[4..],
                79,
                "    … run chmod -R g+w -- /u/apps/flipper...  12s  waiting for 2 of 6: db1, db2",
            ),
            (
                &all[..],
                59,
                "    … run chmod -R g+w -- /...  12s  waiting for 6: www1, …",
            ),
            (&all[5..], 39, "    … run c...  12s  waiting for 1 of 6"),
            (&[], 59, "    … run chmod -R g+w -- /u/apps/flipper/releases/...  12s"),
        ] {
            let told = waiting(left, columns);
            assert_eq!(told, line, "{columns}");
            assert!(told.chars().count() <= columns, "{columns}");
        }
        for columns in 1..100 {
            assert!(waiting(&all, columns).chars().count() <= columns, "{columns}");
        }
    }

    #[test]
    fn seconds_are_counted_from_the_first_on() {
        for (milliseconds, shown) in [
            (999, None),
            (1999, Some("1s")),
            (59_999, Some("59s")),
            (61_000, Some("1m01s")),
        ] {
            assert_eq!(seconds(Duration::from_millis(milliseconds)).as_deref(), shown);
        }
    }
}
