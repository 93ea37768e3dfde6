//! The form for terminals: the tree of tasks, one line per action with the state of its servers, its output under it, and a last
//! line that shows the servers that are waited for.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use indexmap::IndexMap;

use crate::configuration::Server;
use crate::event::{ActionId, Event, Level, worded};
use crate::exit::Exit;

use super::clean::{Cleaner, shown};
use super::connecting::{Connecting, Failed};
use super::gather::Gathering;
use super::live::Waiting;
use super::names::Names;
use super::palette::{Label, Look};
use super::text::{brief, count, duration, names, negotiated, progress, said, still_running, waiting, wrap};

/// The most servers that are shown by name if all went well; more are counted.
const NAMED_SERVERS: usize = 4;
/// The most servers that are shown by name in a plan.
const PLANNED_SERVERS: usize = 12;
/// The least width of what is filled into lines, however narrow the terminal is.
const LEAST_COLUMNS: usize = 30;

/// The pretty form.
#[derive(Debug)]
pub(super) struct Pretty {
    pub(super) cleaner: Cleaner,
    pub(super) look: Look,
    pub(super) threshold: Level,
    is_rehearsal: bool,
    /// The indentation of the next lines, in steps of two columns.
    pub(super) indent: usize,
    connecting: Connecting,
    pub(super) running: IndexMap<ActionId, Running>,
    pub(super) names: Names,
}

#[derive(Debug)]
pub(super) struct Running {
    pub(super) gathering: Gathering,
    verb: &'static str,
    command: Vec<String>,
    options: Vec<(&'static str, String)>,
    is_local: bool,
    started: Instant,
    pub(super) servers: Vec<Server>,
    /// The servers on which it has not ended.
    left: Vec<Server>,
    pub(super) indent: usize,
    /// The servers on which it has ended; with an exit if it failed there.
    ended: Vec<(Server, Option<Exit>, Duration)>,
    /// The number of bytes copied so far, and the total if it is known.
    copied: HashMap<Server, (u64, Option<u64>)>,
    /// True if the command has been shown already.
    is_shown: bool,
}

impl Pretty {
    pub(super) fn new(cleaner: Cleaner, look: Look, threshold: Level, is_rehearsal: bool) -> Self {
        Self {
            cleaner,
            look,
            threshold,
            is_rehearsal,
            indent: 0,
            connecting: Connecting::default(),
            running: IndexMap::new(),
            names: Names::default(),
        }
    }

    pub(super) fn threshold(&self) -> Level {
        self.threshold
    }

    pub(super) fn show_up_to(&mut self, threshold: Level) {
        self.threshold = threshold;
    }

    /// Returns an event as whole lines; may be empty.
    pub(super) fn tell(&mut self, event: &Event) -> String {
        let mut text = String::new();
        if !matches!(
            event,
            Event::Output { .. }
                | Event::Transferred { .. }
                | Event::ServerFinished { .. }
                | Event::ActionFinished { .. }
        ) {
            // What is told next comes behind what servers have said before.
            self.release(&mut text, |_| true);
        } else {
            self.release(&mut text, Gathering::is_due);
        }
        match event {
            Event::TaskStarted { task, depth } => {
                self.indent = *depth;
                if self.threshold >= Level::Info {
                    let task = self.cleaner.line(task);
                    self.line(&mut text, self.indent, &self.look.paint(Label::Task, &task));
                }
                self.indent += 1;
            }
            Event::TaskFinished { depth, .. } => self.indent = *depth,
            Event::HooksTriggered { event, task } => {
                let of = task.as_ref().map(|task| format!(" {task}")).unwrap_or_default();
                self.aside(&mut text, Level::Debug, &format!("hooks: {event}{of}"));
            }
            Event::Printed { .. } | Event::RunStarted { .. } | Event::Deployed { .. } => {}
            Event::Connecting { servers } => {
                self.names.meet(servers);
                self.connecting.started(servers);
            }
            Event::Connected { server, elapsed } => {
                let said = format!("{server}: connected in {}", duration(*elapsed));
                self.aside(&mut text, Level::Debug, &said);
                let failed = self.connecting.connected(server);
                self.not_connected(&mut text, &failed);
            }
            Event::ConnectFailed {
                server, reason, common, ..
            } => {
                let failed = self.connecting.failed(server, reason, common.as_deref());
                self.not_connected(&mut text, &failed);
            }
            Event::HostKeyAdded {
                server,
                key_type,
                fingerprint,
                file,
            } => {
                let said = format!("{server}: new host key {key_type} {fingerprint} added to {file}");
                self.say(&mut text, Level::Important, None, &said);
            }
            Event::HostKeyUntrusted { server, reason } => {
                let said = format!("{server}: WARNING: {}", self.cleaner.lines(reason).join("; "));
                self.marked(&mut text, Label::Bad, "✗", &said);
            }
            Event::Negotiated {
                server,
                key_exchange,
                host_key,
                cipher,
                mac,
            } => {
                let said = negotiated(key_exchange, host_key, cipher, mac.as_deref());
                self.aside(&mut text, Level::Debug, &format!("{server}: {said}"));
            }
            Event::ActionStarted {
                action,
                verb,
                command,
                options,
                is_local,
                servers,
            } => {
                self.names.meet(servers);
                let running = Running {
                    gathering: Gathering::new(servers.len()),
                    verb,
                    command: brief(self.cleaner.lines(command), self.threshold),
                    options: options.clone(),
                    is_local: *is_local,
                    started: Instant::now(),
                    servers: servers.clone(),
                    left: servers.clone(),
                    indent: self.indent,
                    ended: Vec::new(),
                    copied: HashMap::new(),
                    is_shown: false,
                };
                self.running.insert(*action, running);
                // Without a last line that shows what runs, the command is shown at once.
                if !self.look.live {
                    self.show_command(&mut text, *action);
                }
            }
            Event::Output {
                action,
                server,
                stream,
                lines,
            } => self.output(&mut text, *action, server, *stream, lines),
            Event::Silent {
                action,
                command,
                servers,
                elapsed,
                line,
            } => {
                let said = match line {
                    Some(line) => format!("{}: {}", self.names.list(servers), waiting(line)),
                    None if self.look.live => return text,
                    None => still_running(command, servers, *elapsed),
                };
                self.show_command(&mut text, *action);
                let level = if line.is_some() { Level::Important } else { Level::Info };
                self.say(&mut text, level, None, &said);
            }
            Event::Transferred {
                action,
                server,
                bytes,
                total,
            } => {
                if let Some(running) = self.running.get_mut(action) {
                    running.copied.insert(server.clone(), (*bytes, *total));
                }
            }
            Event::ServerFinished {
                action,
                server,
                exit,
                elapsed,
                failed,
            } => {
                if let Some(running) = self.running.get_mut(action) {
                    running.left.retain(|other| other != server);
                    let exit = failed.then(|| exit.clone());
                    running.ended.push((server.clone(), exit, *elapsed));
                }
            }
            Event::ActionFinished { action, elapsed, .. } => self.finish(&mut text, *action, *elapsed),
            Event::TransactionStarted => self.aside(&mut text, Level::Info, "transaction: start"),
            Event::TransactionCommitted => self.aside(&mut text, Level::Info, "transaction: commit"),
            Event::RollbackStarted { task } => {
                let said = format!("{task} failed, rolling back");
                self.marked(&mut text, Label::Notice, "↩", &said);
                self.indent += 1;
            }
            Event::RollingBack { task } => self.marked(&mut text, Label::Notice, "↩", task),
            Event::RollbackSkipped { task, server, reason } => {
                let said = format!("{task} on {server} not rolled back: {reason}");
                self.marked(&mut text, Label::Bad, "✗", &said);
            }
            Event::RollbackFailed { task, reason } => {
                self.marked(&mut text, Label::Bad, "✗", &format!("{task} not rolled back: {reason}"));
            }
            Event::RollbackStopped { left } => {
                let said = format!("rollback stopped, not rolled back: {}", left.join(", "));
                self.marked(&mut text, Label::Bad, "✗", &said);
            }
            Event::RollbackFinished { complete, .. } => {
                self.indent = self.indent.saturating_sub(1);
                match complete {
                    true => self.marked(&mut text, Label::Good, "✓", "rolled back"),
                    false => self.marked(&mut text, Label::Bad, "✗", "rollback incomplete"),
                }
            }
            Event::Interrupted { signal } => {
                let failed = self.connecting.stopped();
                self.not_connected(&mut text, &failed);
                let said = format!("{signal}, ending the remote commands");
                self.marked(&mut text, Label::Notice, "!", &said);
            }
            Event::Message { level, tag, text: said } => self.say(&mut text, *level, tag.as_deref(), said),
        }
        text
    }

    /// Returns the last line for a terminal with this many columns: the action that is waited for.
    pub(super) fn live(&self, columns: usize) -> Option<String> {
        let mut waiting = Waiting {
            indent: 2 * self.indent,
            what: ("connecting", ""),
            others: self.running.len().saturating_sub(1),
            copied: String::new(),
            since: self.connecting.since,
            left: &self.connecting.left,
            names: &self.names,
            all: self.connecting.all,
        };
        if let Some(running) = self.running.values().next() {
            let command = running.command.first().map(String::as_str).unwrap_or_default();
            waiting.what = (running.verb, command);
            waiting.copied = copied(running);
            waiting.since = running.started;
            waiting.left = if running.is_local { &[] } else { &running.left };
            waiting.all = running.servers.len();
        } else if self.connecting.left.is_empty() {
            return None;
        }
        Some(self.look.paint(Label::Aside, &waiting.line(columns.saturating_sub(1))))
    }

    fn not_connected(&self, text: &mut String, failed: &[Failed]) {
        for (servers, reason) in failed {
            let said = format!("{}: {}", names(servers), self.cleaner.lines(reason).join("; "));
            self.marked(text, Label::Bad, "✗", &said);
        }
    }

    pub(super) fn line(&self, text: &mut String, indent: usize, line: &str) {
        text.push_str(&"  ".repeat(indent));
        text.push_str(line);
        text.push('\n');
    }

    /// Adds a line with a mark in front, shown at every level.
    fn marked(&self, text: &mut String, label: Label, mark: &str, said: &str) {
        for (index, line) in self.cleaner.lines(said).iter().enumerate() {
            let mark = if index == 0 {
                self.look.paint(label, mark)
            } else {
                " ".to_owned()
            };
            self.line(text, self.indent, &format!("{mark} {line}"));
        }
    }

    /// Adds a side remark.
    fn aside(&self, text: &mut String, level: Level, said: &str) {
        if level > self.threshold {
            return;
        }
        for line in self.cleaner.lines(said) {
            self.line(text, self.indent, &self.look.paint(Label::Aside, &line));
        }
    }

    fn say(&self, text: &mut String, level: Level, tag: Option<&str>, said: &str) {
        if level > self.threshold {
            return;
        }
        let label = match level {
            Level::Important => Some(Label::Notice),
            Level::Info => None,
            Level::Debug | Level::Trace => Some(Label::Aside),
        };
        for line in self.cleaner.lines(said) {
            let line = match tag {
                Some(tag) => format!("[{}] {line}", self.cleaner.line(tag)),
                None => line,
            };
            let line = match label {
                Some(label) => self.look.paint(label, &line),
                None => line,
            };
            self.line(text, self.indent, &line);
        }
    }

    pub(super) fn show_command(&mut self, text: &mut String, action: ActionId) {
        let Some(running) = self.running.get_mut(&action) else {
            return;
        };
        if std::mem::replace(&mut running.is_shown, true) || self.threshold < Level::Info {
            return;
        }
        let indent = running.indent;
        let Some(running) = self.running.get(&action) else {
            return;
        };
        let lines = self.headed(running);
        for (index, line) in lines.iter().enumerate() {
            let mark = if index == 0 {
                self.look.paint(Label::Aside, "›")
            } else {
                " ".to_owned()
            };
            self.line(text, indent, &format!("{mark} {line}"));
        }
    }

    fn finish(&mut self, text: &mut String, action: ActionId, elapsed: Duration) {
        self.gathered(text, action);
        let Some(mut running) = self.running.shift_remove(&action) else {
            return;
        };
        // A rehearsal only reports what would be done.
        if self.is_rehearsal {
            return;
        }
        let position = |server: &Server| running.servers.iter().position(|other| other == server);
        running.ended.sort_by_cached_key(|(server, ..)| position(server));
        let (good, bad): (Vec<_>, Vec<_>) = running.ended.iter().partition(|(_, exit, _)| exit.is_none());
        if self.threshold >= Level::Info {
            let state = self.state(&running, &good, elapsed);
            if !running.is_shown {
                self.whole(text, &running, &state, bad.is_empty());
            } else if !good.is_empty() || bad.is_empty() {
                let mark = self.look.paint(Label::Good, "✓");
                let state = self.look.paint(Label::Aside, &state);
                self.line(text, running.indent, &format!("{mark} {state}"));
            }
        }
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
            let names: Vec<String> = servers.iter().map(|server| self.names.of(server)).collect();
            let hosts = self.look.paint(Label::Bad, &format!("{:width$}", names.join(", ")));
            let time = self.look.paint(Label::Aside, &duration(elapsed));
            let exit = self.cleaner.line(&exit);
            self.line(text, running.indent, &format!("{mark} {hosts} {exit} {time}"));
        }
    }

    /// Returns the servers on which an action went well: by name with the time of each if they are few, else their number and the
    /// time of the slowest. If the slowest held up the others, it is named, and the time of the others is the median.
    fn state(&self, running: &Running, good: &[&(Server, Option<Exit>, Duration)], elapsed: Duration) -> String {
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
        times.sort();
        let middle = times.get(times.len() / 2).map_or(Duration::ZERO, |(time, _)| *time);
        match times.last() {
            Some((slowest, server)) if *slowest >= Duration::from_secs(1) && *slowest >= middle * 2 => {
                let counted = count(good.len(), "server");
                format!(
                    "{counted} {}, slowest {} {}",
                    duration(middle),
                    self.names.of(server),
                    duration(*slowest)
                )
            }
            Some((slowest, _)) => format!("{} {}", count(good.len(), "server"), duration(*slowest)),
            None => String::new(),
        }
    }

    /// Adds a command that gave no output, and its end: on one line if there is room.
    fn whole(&self, text: &mut String, running: &Running, state: &str, is_good: bool) {
        let mark = match is_good {
            true => self.look.paint(Label::Good, "✓"),
            false => self.look.paint(Label::Bad, "✗"),
        };
        let mut lines = self.headed(running);
        if !state.is_empty() {
            // The width without styles.
            let last = lines.last().map_or(0, |line| shown(line).chars().count());
            let used = 2 * running.indent + last + 4 + state.chars().count();
            let state = self.look.paint(Label::Aside, state);
            match lines.last_mut() {
                Some(line) if self.look.columns.is_none_or(|columns| used <= columns) => {
                    line.push_str("  ");
                    line.push_str(&state);
                }
                _ => lines.push(state),
            }
        }
        for (index, line) in lines.iter().enumerate() {
            let mark = if index == 0 { mark.as_str() } else { " " };
            self.line(text, running.indent, &format!("{mark} {line}"));
        }
    }

    /// Returns the verb and the lines of its command; its options, if they are wanted; its servers, if nothing else will follow.
    fn headed(&self, running: &Running) -> Vec<String> {
        let verb = self.look.paint(Label::Aside, running.verb);
        let mut lines = running.command.iter();
        let mut headed = vec![match lines.next() {
            Some(first) => worded(running.verb, first).replacen(running.verb, &verb, 1),
            None => verb,
        }];
        headed.extend(lines.map(|line| format!("  {line}")));
        let columns = self.look.columns.unwrap_or(usize::MAX);
        let room = columns.saturating_sub(2 * running.indent + 4).max(LEAST_COLUMNS);
        let mut aside = |said: &str| {
            let lines = wrap(&self.cleaner.line(said), room);
            headed.extend(
                lines
                    .iter()
                    .map(|line| format!("  {}", self.look.paint(Label::Aside, line))),
            );
        };
        if let Some(said) = said(&running.options, self.threshold, self.is_rehearsal) {
            aside(&said);
        }
        if self.is_rehearsal && !running.is_local {
            let names = match self.threshold >= Level::Debug {
                true => running.servers.len(),
                false => PLANNED_SERVERS,
            };
            let mut servers: Vec<String> = running.servers.iter().take(names).map(ToString::to_string).collect();
            let left = running.servers.len() - servers.len();
            if left > 0 {
                servers.push(format!("and {left} more"));
            }
            aside(&format!("on {}", servers.join(", ")));
        }
        headed
    }
}

/// Returns the progress of a transfer, of all servers together.
fn copied(running: &Running) -> String {
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
    format!("  {}", progress(bytes, total, running.started.elapsed()))
}
