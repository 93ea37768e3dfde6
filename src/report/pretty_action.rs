//! The part of the form for terminals about an action: its command, its servers, and how it ended.

use std::time::Duration;

use crate::configuration::Server;
use crate::event::{ActionId, Level, worded};
use crate::exit::Exit;
use crate::listed::{and_more, counted};
use crate::sort;

use super::broken::{broken, columns_of, padded};
use super::clean::shown;
use super::palette::Label;
use super::pretty::{Pretty, ShownAction};
use super::pretty_lines::LinePrefix;
use super::text::{duration, progress, progress_in_short, said};

/// The most servers that are shown by name if all went well; more are counted.
const NAMED_SERVERS: usize = 4;
/// The most servers that are shown by name in a plan, and of those that have failed alike.
const LISTED_SERVERS: usize = 12;

/// The least columns of a terminal on which the progress of a transfer is shown with all its numbers.
const ROOMY: usize = 100;

/// The columns of a mark and the blank after it.
const MARK: usize = 2;

impl Pretty {
    pub(super) fn show_command(&mut self, text: &mut String, action: ActionId) {
        let Some(running) = self.running.get_mut(&action) else {
            return;
        };
        if std::mem::replace(&mut running.is_shown, true) || self.threshold < Level::Info {
            return;
        }
        let Some(running) = self.running.get(&action) else {
            return;
        };
        let servers = match self.is_rehearsal && !running.is_local {
            true => self.listed(running.servers.iter(), self.threshold >= Level::Debug),
            false => String::new(),
        };
        let mark = self.look.paint(Label::Aside, "›");
        self.whole(text, running, &mark, &servers);
    }

    pub(super) fn finish(&mut self, text: &mut String, action: ActionId, elapsed: Duration) {
        self.gathered(text, action);
        let Some(mut running) = self.running.shift_remove(&action) else {
            return;
        };
        // A dry run reports only what would be done.
        if self.is_rehearsal {
            return;
        }
        let position = |server: &Server| running.servers.iter().position(|other| other == server);
        sort::by_key(&mut running.ended, |(server, ..)| position(server));
        let (good, bad): (Vec<_>, Vec<_>) = running.ended.iter().partition(|(_, exit, _)| exit.is_none());
        if self.threshold >= Level::Info {
            let state = self.state(&running, &good, elapsed);
            if !running.is_shown {
                let (label, mark) = match bad.is_empty() {
                    true => (Label::Good, "✓"),
                    false => (Label::Bad, "✗"),
                };
                self.whole(text, &running, &self.look.paint(label, mark), &state);
            } else if !good.is_empty() || bad.is_empty() {
                let mark = self.look.paint(Label::Good, "✓");
                self.filled(text, running.indent, &front(&mark), (&state, Some(Label::Aside)));
            }
        }
        self.failed(text, &running, bad);
    }

    /// Adds the servers on which an action has failed, with its end; those with the same end together.
    fn failed(&self, text: &mut String, running: &ShownAction, bad: Vec<&(Server, Option<Exit>, Duration)>) {
        let width = self.names.widest(&running.servers);
        let mut groups: Vec<(String, Vec<&Server>, Duration)> = Vec::new();
        for (server, exit, elapsed) in bad {
            let exit = exit.as_ref().map(Exit::to_string).unwrap_or_default();
            match groups.iter_mut().find(|(known, ..)| *known == exit) {
                Some((_, servers, longest)) => {
                    servers.push(server);
                    *longest = (*longest).max(*elapsed);
                }
                None => groups.push((exit, vec![server], *elapsed)),
            }
        }
        for (exit, servers, elapsed) in groups {
            let mark = self.look.paint(Label::Bad, "✗");
            let hosts = padded(&self.listed(servers.into_iter(), false), width);
            let (exit, time) = (self.cleaner.line(&exit), duration(elapsed));
            let columns = columns_of(&hosts) + columns_of(&exit) + columns_of(&time) + 2;
            let time = self.look.paint(Label::Aside, &time);
            if self.room(running.indent, MARK).is_none_or(|room| columns <= room) {
                let hosts = self.look.paint(Label::Bad, &hosts);
                self.line(text, running.indent, &format!("{mark} {hosts} {exit} {time}"));
            } else {
                self.filled(text, running.indent, &front(&mark), (&hosts, Some(Label::Bad)));
                self.line(text, running.indent, &format!("  {exit} {time}"));
            }
        }
    }

    /// Returns the names of servers; if there are many, only the first of them unless `all` is true.
    fn listed<'a>(&self, servers: impl ExactSizeIterator<Item = &'a Server>, all: bool) -> String {
        let number = servers.len();
        let most = if all { number } else { LISTED_SERVERS };
        let names: Vec<String> = servers.take(most).map(|server| self.names.of(server)).collect();
        format!("{}{}", names.join(", "), and_more(number - names.len(), ""))
    }

    /// Returns the servers on which an action went well: by name with the time of each if they are few, else their number and the
    /// time of the slowest. If the slowest held up the others, it is named, and the time of the others is the median.
    fn state(&self, running: &ShownAction, good: &[&(Server, Option<Exit>, Duration)], elapsed: Duration) -> String {
        if running.is_local {
            return duration(elapsed);
        }
        if good.len() <= NAMED_SERVERS || self.threshold >= Level::Trace {
            let servers: Vec<String> = good
                .iter()
                .map(|(server, _, elapsed)| format!("{} {}", self.names.of(server), duration(*elapsed)))
                .collect();
            return servers.join(", ");
        }
        let mut times: Vec<(Duration, &Server)> = good.iter().map(|(server, _, elapsed)| (*elapsed, server)).collect();
        sort::by(&mut times, Ord::cmp);
        let middle = times.get(times.len() / 2).map_or(Duration::ZERO, |(time, _)| *time);
        let counted = counted(good.len(), "server");
        match times.last() {
            Some((slowest, server)) if *slowest >= Duration::from_secs(1) && *slowest >= middle * 2 => format!(
                "{counted} {}, slowest {} {}",
                duration(middle),
                self.names.of(server),
                duration(*slowest)
            ),
            Some((slowest, _)) => format!("{counted} {}", duration(*slowest)),
            None => String::new(),
        }
    }

    /// Adds a command after a mark, the words about its servers, on the same line if there is room, and its options, if they are
    /// to be shown.
    fn whole(&self, text: &mut String, running: &ShownAction, mark: &str, servers: &str) {
        let mut lines = self.headed(running);
        if !servers.is_empty() {
            let room = self.room(running.indent, MARK);
            // The width without styles.
            let used = lines.last().map_or(0, |line| columns_of(&shown(line)) + 2) + columns_of(servers);
            match lines.as_mut_slice() {
                [line] if room.is_none_or(|room| used <= room) => {
                    line.push_str(&format!("  {}", self.look.paint(Label::Aside, servers)));
                }
                _ => lines.extend(self.below(running, servers)),
            }
        }
        if let Some(said) = said(&running.options, self.threshold, self.is_rehearsal) {
            lines.extend(self.below(running, &said));
        }
        for (index, line) in lines.iter().enumerate() {
            let mark = if index == 0 { mark } else { " " };
            self.line(text, running.indent, &format!("{mark} {line}"));
        }
    }

    /// Returns the verb and the lines of its command.
    fn headed(&self, running: &ShownAction) -> Vec<String> {
        let room = self.room(running.indent, MARK);
        let verb = self.look.paint(Label::Aside, running.verb);
        let mut headed = Vec::new();
        let words = worded(running.verb, running.command.first().map_or("", String::as_str));
        for (index, line) in std::iter::once(words.trim_end())
            .chain(rest(&running.command))
            .enumerate()
        {
            let before = if index == 0 { 0 } else { 2 };
            let parts = match room {
                Some(room) => broken(line, room.saturating_sub(before), room.saturating_sub(4)),
                None => vec![line.to_owned()],
            };
            headed.extend(parts.iter().enumerate().map(|(part, line)| match (index, part) {
                (0, 0) => line.replacen(running.verb, &verb, 1),
                (_, 0) => format!("  {line}"),
                _ => format!("    {line}"),
            }));
        }
        headed
    }

    /// Returns a side remark below a command.
    fn below(&self, running: &ShownAction, said: &str) -> Vec<String> {
        let said = self.cleaner.line(said);
        let lines = match self.room(running.indent, MARK + 2) {
            Some(room) => broken(&said, room, room),
            None => vec![said],
        };
        lines
            .iter()
            .map(|line| format!("  {}", self.look.paint(Label::Aside, line)))
            .collect()
    }
}

/// Returns all lines of a command but the first.
fn rest(command: &[String]) -> impl Iterator<Item = &str> {
    command.iter().skip(1).map(String::as_str)
}

/// Returns a mark for the front of a line, and blanks for the lines on which it goes on.
fn front(mark: &str) -> LinePrefix {
    LinePrefix {
        first: (format!("{mark} "), MARK),
        rest: ("  ".to_owned(), MARK),
    }
}

/// Returns the progress of a transfer, of all servers together; in few columns only the part that is done and the time that is
/// left.
pub(super) fn copied(running: &ShownAction, columns: usize) -> String {
    if running.copied.is_empty() {
        return String::new();
    }
    let bytes = running.copied.values().map(|(bytes, _)| bytes).sum();
    let totals: Option<Vec<u64>> = running.copied.values().map(|(_, total)| *total).collect();
    let total = totals.map(|totals| {
        // Servers that have not reported yet count as much as the largest of the others.
        let unheard = running.servers.len().saturating_sub(totals.len()) as u64;
        let most = totals.iter().max().copied().unwrap_or_default();
        totals.iter().sum::<u64>() + unheard * most
    });
    let elapsed = running.started.elapsed();
    match total.filter(|_| columns < ROOMY) {
        Some(total) => format!("  {}", progress_in_short(bytes, total, elapsed)),
        None => format!("  {}", progress(bytes, total, elapsed)),
    }
}
