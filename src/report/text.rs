//! Small rules of writing that all reports share.

use std::time::Duration;

use crate::configuration::Server;
use crate::event::Level;
use crate::listed::{and_more, listed};

/// Returns a time as people read it: `12ms`, `3.4s`, `2m05s`, `1h02m`.
pub(super) fn duration(elapsed: Duration) -> String {
    // The time is rounded first, so that 59.96 s is a minute and not 60.0s.
    let tenths = (elapsed.as_millis() + 50) / 100;
    let seconds = (elapsed.as_millis() + 500) / 1000;
    match elapsed.as_millis() {
        milliseconds @ 0..1000 => format!("{milliseconds}ms"),
        _ if tenths < 600 => format!("{}.{}s", tenths / 10, tenths % 10),
        _ if seconds < 3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h{:02}m", seconds / 3600, seconds % 3600 / 60),
    }
}

/// Returns the algorithms of a connection: `curve25519-sha256, ssh-ed25519, aes256-ctr, hmac-sha2-256-etm@openssh.com`.
pub(super) fn negotiated(key_exchange: &str, host_key: &str, cipher: &str, mac: Option<&str>) -> String {
    let mac = mac.map(|mac| format!(", {mac}")).unwrap_or_default();
    format!("{key_exchange}, {host_key}, {cipher}{mac}")
}

/// Returns a number of bytes as people read it: `512 B`, `1.5 MiB`.
pub(super) fn size(bytes: u64) -> String {
    let mut amount = bytes as f64;
    let mut units = ["B", "KiB", "MiB", "GiB"].into_iter();
    let mut unit = units.next().unwrap_or_default();
    for larger in units {
        if amount < 1023.95 {
            break;
        }
        amount /= 1024.0;
        unit = larger;
    }
    match unit {
        "B" => format!("{bytes} B"),
        _ => format!("{amount:.1} {unit}"),
    }
}

/// Returns the options of a command that are to be shown: `:dir /srv/app, :env A=1`. `-v` shows all of them; a dry run shows
/// those that do not apply to all commands.
pub(super) fn said(options: &[(&str, String)], threshold: Level, is_rehearsal: bool) -> Option<String> {
    let is_shown = |name: &str| threshold >= Level::Debug || is_rehearsal && name != "default_environment";
    let shown = options.iter().filter(|(name, _)| is_shown(name));
    let shown: Vec<String> = shown.map(|(name, value)| format!(":{name} {value}")).collect();
    (!shown.is_empty()).then(|| shown.join(", "))
}

/// Returns the names of servers: `app1, app2`; empty for a local command.
pub(super) fn names(servers: &[Server]) -> String {
    let names: Vec<String> = servers.iter().map(ToString::to_string).collect();
    match names.is_empty() {
        true => "localhost".to_owned(),
        false => names.join(", "),
    }
}

/// The number of servers that a message about a silent command names: it comes again and again.
const LISTED: usize = 12;

/// Returns the message about a command that is silent.
pub(super) fn still_running(command: &str, servers: &[Server], elapsed: Duration) -> String {
    let servers: Vec<String> = servers.iter().map(ToString::to_string).collect();
    let place = match servers.is_empty() {
        true => String::new(),
        false => format!(" on {}", listed(&servers, LISTED)),
    };
    let command = brief(command.trim().lines().map(str::to_owned).collect(), Level::Info).join("; ");
    format!("still running after {} s{place}: {command}", elapsed.as_secs())
}

/// Returns the message about an unfinished line of output; it follows the name of the server.
pub(super) fn waiting(line: &str) -> String {
    format!("waits, and wrote last: {}", line.trim_end())
}

/// The most lines of a script that is shown whole while it runs.
const SHOWN_LINES: usize = 3;

/// Returns the lines of a command. A long script is shown by its first line, which names it if it is a comment; all of it is
/// shown with `-v`.
pub(super) fn brief(mut command: Vec<String>, threshold: Level) -> Vec<String> {
    let more = command.len().saturating_sub(1);
    if threshold < Level::Debug && command.len() > SHOWN_LINES {
        command.truncate(1);
        if let Some(first) = command.first_mut() {
            first.push_str(&format!(" …{}", and_more(more, "line")));
        }
    }
    command
}

/// Returns the progress of a transfer: the size that is done and the total; after a second also the speed, and the time that is
/// left at that speed.
pub(super) fn progress(bytes: u64, total: Option<u64>, elapsed: Duration) -> String {
    let mut text = size(bytes);
    if let Some(total) = total {
        text.push_str(&format!(" of {}", size(total)));
    }
    let seconds = elapsed.as_secs_f64();
    if seconds < 1.0 || bytes == 0 {
        return text;
    }
    let speed = bytes as f64 / seconds;
    text.push_str(&format!(", {}/s", size(speed as u64)));
    if let Some(left) = total.and_then(|total| time_left(bytes, total, elapsed)) {
        text.push_str(&format!(", {} left", duration(left)));
    }
    text
}

/// Returns the progress of a transfer in few columns: `25%, 15.0s left`.
pub(super) fn progress_in_short(bytes: u64, total: u64, elapsed: Duration) -> String {
    let percent = u128::from(bytes.min(total)) * 100 / u128::from(total.max(1));
    match time_left(bytes, total, elapsed) {
        Some(left) => format!("{percent}%, {} left", duration(left)),
        None => format!("{percent}%"),
    }
}

/// Returns the time that a transfer still takes at its speed, once a second has passed.
fn time_left(bytes: u64, total: u64, elapsed: Duration) -> Option<Duration> {
    let left = total.checked_sub(bytes).filter(|left| *left > 0 && bytes > 0)?;
    let seconds = Some(elapsed.as_secs_f64()).filter(|seconds| *seconds >= 1.0)?;
    // The time is at most a day.
    let left = (left as f64 * seconds / bytes as f64).ceil().min(86_400.0) as u64;
    Some(Duration::from_secs(left.max(1)))
}

/// Returns a string in double quotes on one line.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            _ => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// Returns the first `columns` characters; `...` stands for what is cut off.
pub(super) fn cut(text: &str, columns: usize) -> String {
    if text.chars().count() <= columns {
        return text.to_owned();
    }
    let kept: String = text.chars().take(columns.saturating_sub(3)).collect();
    let dots: String = "...".chars().take(columns).collect();
    format!("{}{dots}", kept.trim_end())
}

/// Fills words into lines of at most `columns` characters; a longer word has a line of its own.
pub(super) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut used = 0;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if used > 0 && used + 1 + length > columns {
            lines.push(std::mem::take(&mut line));
            used = 0;
        }
        if used > 0 {
            line.push(' ');
            used += 1;
        }
        line.push_str(word);
        used += length;
    }
    if used > 0 {
        lines.push(line);
    }
    lines
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{cut, duration, progress, quoted, still_running, wrap};
    use std::time::Duration;

    #[test]
    fn a_heartbeat_names_the_first_of_many_servers() {
        let servers: Vec<_> = (1..=200).map(|number| format!("h{number}").parse().unwrap()).collect();
        let told = still_running("make", &servers, Duration::from_secs(60));
        assert_eq!(
            told,
            "still running after 60 s on h1, h2, h3, h4, h5, h6, h7, h8, h9, h10, h11, h12 and 188 more: make"
        );
    }

    #[test]
    fn a_transfer_tells_how_fast_it_is_and_how_long_it_takes() {
        let mib = 1 << 20;
        for (bytes, total, milliseconds, told) in [
            (mib, Some(40 * mib), 500, "1.0 MiB of 40.0 MiB"),
            (
                10 * mib,
                Some(40 * mib),
                5000,
                "10.0 MiB of 40.0 MiB, 2.0 MiB/s, 15.0s left",
            ),
            (40 * mib, Some(40 * mib), 20_000, "40.0 MiB of 40.0 MiB, 2.0 MiB/s"),
            (10 * mib, None, 5000, "10.0 MiB, 2.0 MiB/s"),
            (0, Some(mib), 5000, "0 B of 1.0 MiB"),
            (1, Some(u64::MAX), 5000, "1 B of 17179869184.0 GiB, 0 B/s, 24h00m left"),
        ] {
            assert_eq!(progress(bytes, total, Duration::from_millis(milliseconds)), told);
        }
    }

    #[test]
    fn times_are_short_and_rounded() {
        for (milliseconds, shown) in [
            (0, "0ms"),
            (999, "999ms"),
            (1000, "1.0s"),
            (3440, "3.4s"),
            (59_960, "1m00s"),
            (125_000, "2m05s"),
            (3_720_000, "1h02m"),
        ] {
            assert_eq!(duration(Duration::from_millis(milliseconds)), shown);
        }
    }

    #[test]
    fn texts_are_quoted_cut_and_wrapped() {
        assert_eq!(quoted("a \"b\" \\ \n"), r#""a \"b\" \\ \n""#);
        assert_eq!(cut("abcdefgh", 8), "abcdefgh");
        assert_eq!(cut("abcd efgh", 8), "abcd...");
        assert_eq!(cut("abcd efgh", 2), "..");
        assert_eq!(wrap("one two  three\nfour", 8), ["one two", "three", "four"]);
        assert_eq!(wrap("a extraordinarily b", 5), ["a", "extraordinarily", "b"]);
    }
}
