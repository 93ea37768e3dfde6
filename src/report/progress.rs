//! The servers of a long action, one below the other: how far each is, the slowest first.

use std::time::Duration;

use super::broken::{columns_of, cut_to, padded};
use super::text::{duration, progress};
use crate::listed::and_more;
use crate::sort;

/// The most columns of a name.
const NAME: usize = 24;
/// The columns of a bar, and the least columns of a terminal that has room for one.
const BAR: (usize, usize) = (16, 72);

/// The part of one server.
pub(super) struct ServerProgress {
    pub(super) name: String,
    /// The number of bytes copied so far, and the total if it is known; `None` if nothing is copied.
    pub(super) copied: Option<(u64, Option<u64>)>,
    /// Its last line, and the time since then.
    pub(super) said: Option<(String, Duration)>,
}

/// Returns at most `most` lines. A server has none if nothing is known of it but that it runs.
pub(super) fn rows(mut parts: Vec<ServerProgress>, elapsed: Duration, columns: usize, most: usize) -> Vec<String> {
    parts.retain(|part| part.copied.is_some() || part.said.is_some());
    // Servers that copy come first, those that have copied least in front; then the others, the longest silent in front.
    sort::by_key(&mut parts, |part| {
        let copied = part.copied.map(|(bytes, total)| (thousandths(bytes, total), bytes));
        let silent = part.said.as_ref().map(|(_, since)| since.as_secs());
        (copied.is_none(), copied, std::cmp::Reverse(silent))
    });
    let shown = if parts.len() > most {
        most.saturating_sub(1)
    } else {
        parts.len()
    };
    let more = parts.len() - shown;
    parts.truncate(shown);
    let width = parts
        .iter()
        .map(|part| columns_of(&part.name))
        .max()
        .unwrap_or(0)
        .min(NAME);
    let mut lines: Vec<String> = parts.iter().map(|part| row(part, width, elapsed, columns)).collect();
    if more > 0 && most > 0 {
        lines.push(cut_to(and_more(more, "").trim_start(), columns));
    }
    lines
}

fn row(part: &ServerProgress, width: usize, elapsed: Duration, columns: usize) -> String {
    let name = padded(&cut_to(&part.name, width), width);
    let state = match (part.copied, &part.said) {
        (Some((bytes, total)), _) => {
            let bar = total.filter(|_| columns >= BAR.1).map(|total| bar(bytes, total));
            let percent = total.map(|total| format!("{:3}%  ", thousandths(bytes, Some(total)) / 10));
            let progress = progress(bytes, total, elapsed);
            format!("{}{}{progress}", bar.unwrap_or_default(), percent.unwrap_or_default())
        }
        (None, Some((line, since))) => {
            let since = match since.as_secs() {
                0 => String::new(),
                seconds => format!("  {} ago", duration(Duration::from_secs(seconds))),
            };
            let room = columns.saturating_sub(width + 2 + since.len());
            format!("{}{since}", cut_to(line, room))
        }
        (None, None) => String::new(),
    };
    cut_to(&format!("{name}  {state}"), columns)
}

/// Returns the part that is done, in thousandths; 0 if the total is not known.
fn thousandths(bytes: u64, total: Option<u64>) -> u64 {
    match total {
        None => 0,
        Some(0) => 1000,
        Some(total) => u64::try_from(u128::from(bytes.min(total)) * 1000 / u128::from(total)).unwrap_or(1000),
    }
}

fn bar(bytes: u64, total: u64) -> String {
    let full = usize::try_from(thousandths(bytes, Some(total))).unwrap_or(0) * BAR.0 / 1000;
    format!("{}{}  ", "█".repeat(full), "░".repeat(BAR.0 - full))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use insta::assert_snapshot;

    use super::{ServerProgress, rows};
    use crate::report::broken::columns_of;

    const MIB: u64 = 1 << 20;

    fn copying(number: u64) -> ServerProgress {
        ServerProgress {
            name: format!("web{number:03}"),
            copied: Some((number * MIB, Some(200 * MIB))),
            said: None,
        }
    }

    fn shown(parts: Vec<ServerProgress>, columns: usize, most: usize) -> String {
        rows(parts, Duration::from_secs(10), columns, most).join("\n")
    }

    #[test]
    fn the_slowest_of_many_servers_are_named_with_rate_and_time_left() {
        let all = || (0..200).rev().map(copying).collect();
        assert_snapshot!(shown(all(), 100, 5), @r"
        web000  ░░░░░░░░░░░░░░░░    0%  0 B of 200.0 MiB
        web001  ░░░░░░░░░░░░░░░░    0%  1.0 MiB of 200.0 MiB, 102.4 KiB/s, 33m10s left
        web002  ░░░░░░░░░░░░░░░░    1%  2.0 MiB of 200.0 MiB, 204.8 KiB/s, 16m30s left
        web003  ░░░░░░░░░░░░░░░░    1%  3.0 MiB of 200.0 MiB, 307.2 KiB/s, 10m57s left
        and 196 more
        ");
        let half = vec![copying(100), copying(200), copying(50)];
        assert_snapshot!(shown(half, 59, 5), @r"
        web050   25%  50.0 MiB of 200.0 MiB, 5.0 MiB/s, 30.0s left
        web100   50%  100.0 MiB of 200.0 MiB, 10.0 MiB/s, 10.0s...
        web200  100%  200.0 MiB of 200.0 MiB, 20.0 MiB/s
        ");
    }

    #[test]
    fn of_commands_the_last_lines_are_shown_the_oldest_first() {
        let said = |name: &str, line: &str, seconds| ServerProgress {
            name: name.to_owned(),
            copied: None,
            said: Some((line.to_owned(), Duration::from_secs(seconds))),
        };
        let silent = ServerProgress {
            name: "db9".to_owned(),
            copied: None,
            said: None,
        };
        let parts = vec![
            said("app1", "== 20261128 AddIndex: migrating ====", 0),
            said(
                "application2",
                "compiling assets, which takes a while on this server",
                71,
            ),
            silent,
        ];
        assert_snapshot!(shown(parts, 60, 5), @r"
        application2  compiling assets, which takes a...  1m11s ago
        app1          == 20261128 AddIndex: migrating ====
        ");
    }

    #[test]
    fn there_are_never_more_lines_or_columns_than_there_is_room_for() {
        for most in 0..12 {
            for columns in [0, 1, 20, 59, 79, 119] {
                let lines = rows((0..200).map(copying).collect(), Duration::from_secs(3), columns, most);
                assert!(lines.len() <= most, "{most}");
                assert!(lines.iter().all(|line| columns_of(line) <= columns), "{columns}");
            }
        }
    }
}
