//! The form for terminals: the tree of tasks, one line per action with the state of its servers, output under it, and a
//! last line that shows who is still being waited for.

use std::collections::HashMap;
use std::time::Duration;

use indexmap::IndexMap;

use crate::configuration::Server;
use crate::event::{ActionId, Event, Level};
use crate::exit::{Exit, Stream};

use super::clean::Cleaner;
use super::palette::{Label, Look};
use super::text::{brief, count, cut, duration, negotiated, size};

/// So many servers are shown by name when all went well; more are counted.
const NAMED_SERVERS: usize = 4;

/// The pretty form.
#[derive(Debug)]
pub(super) struct Pretty {
    cleaner: Cleaner,
    look: Look,
    threshold: Level,
    is_rehearsal: bool,
    /// Of the lines to come, in steps of two columns.
    indent: usize,
    connecting: Vec<Server>,
    running: IndexMap<ActionId, Running>,
}

#[derive(Debug)]
struct Running {
    verb: &'static str,
    command: Vec<String>,
    servers: Vec<Server>,
    /// Those on which it has not ended.
    left: Vec<Server>,
    indent: usize,
    /// How it failed there, if it did.
    ended: Vec<(Server, Option<Exit>, Duration)>,
    /// How much was copied so far, and of how much.
    copied: HashMap<Server, (u64, Option<u64>)>,
    /// Whether the command has been shown already.
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
            connecting: Vec::new(),
            running: IndexMap::new(),
        }
    }

    pub(super) fn threshold(&self) -> Level {
        self.threshold
    }

    /// An event as whole lines; may be empty.
    pub(super) fn tell(&mut self, event: &Event) -> String {
        let mut text = String::new();
        match event {
            Event::TaskStarted { task, depth } => {
                self.indent = *depth;
                if self.threshold >= Level::Debug {
                    let task = self.cleaner.line(task);
                    self.line(&mut text, self.indent, &self.look.paint(Label::Task, &task));
                }
                self.indent += 1;
            }
            Event::TaskFinished { depth, .. } => self.indent = *depth,
            Event::HooksTriggered { .. } | Event::Printed { .. } => {}
            Event::Connecting { servers } => self.connecting.extend(servers.iter().cloned()),
            Event::Connected { server, .. } => self.connecting.retain(|other| other != server),
            Event::ConnectFailed { server, reason } => {
                self.connecting.retain(|other| other != server);
                let text_of = format!("{server}: {}", self.cleaner.lines(reason).join("; "));
                self.marked(&mut text, Label::Bad, "✗", &text_of);
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
                self.say(&mut text, Level::Info, None, &format!("{server}: {said}"));
            }
            Event::ActionStarted {
                action,
                verb,
                command,
                servers,
            } => {
                let running = Running {
                    verb,
                    command: brief(self.cleaner.lines(command), self.is_rehearsal),
                    servers: servers.clone(),
                    left: servers.clone(),
                    indent: self.indent,
                    ended: Vec::new(),
                    copied: HashMap::new(),
                    is_shown: false,
                };
                self.running.insert(*action, running);
                // Where the last line cannot show what runs, it is shown at once.
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
            Event::TransactionStarted => self.say(&mut text, Level::Debug, None, "transaction: start"),
            Event::TransactionCommitted => self.say(&mut text, Level::Debug, None, "transaction: commit"),
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
            Event::RollbackFinished { complete } => {
                self.indent = self.indent.saturating_sub(1);
                match complete {
                    true => self.marked(&mut text, Label::Good, "✓", "rolled back"),
                    false => self.marked(&mut text, Label::Bad, "✗", "rollback incomplete"),
                }
            }
            Event::Interrupted { signal } => {
                let said = format!("{signal}, ending the remote commands");
                self.marked(&mut text, Label::Notice, "!", &said);
            }
            Event::Message { level, tag, text: said } => self.say(&mut text, *level, tag.as_deref(), said),
        }
        text
    }

    /// The last line: what is being waited for.
    pub(super) fn live(&self) -> Option<String> {
        let running = self.running.values().next();
        let left = running.map_or(&self.connecting, |running| &running.left);
        let what = match running {
            Some(running) => {
                let command = running.command.first().map(String::as_str).unwrap_or_default();
                let more = match self.running.len() {
                    1 => String::new(),
                    running => format!(" and {} more", running - 1),
                };
                format!("{} {}{}{more}", running.verb, cut(command, 40), copied(running))
            }
            None if left.is_empty() => return None,
            None => "connecting".to_owned(),
        };
        let mut line = format!("{}… {what}", "  ".repeat(self.indent));
        if !left.is_empty() {
            let names: Vec<String> = left.iter().take(NAMED_SERVERS).map(ToString::to_string).collect();
            let more = if left.len() > NAMED_SERVERS { ", …" } else { "" };
            line.push_str(&format!("  waiting for {}: {}{more}", left.len(), names.join(", ")));
        }
        let columns = self.look.columns.unwrap_or(80).saturating_sub(1);
        Some(self.look.paint(Label::Aside, &cut(&line, columns)))
    }

    fn line(&self, text: &mut String, indent: usize, line: &str) {
        text.push_str(&"  ".repeat(indent));
        text.push_str(line);
        text.push('\n');
    }

    /// A line with a mark in front, shown at every level.
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

    fn show_command(&mut self, text: &mut String, action: ActionId) {
        let Some(running) = self.running.get_mut(&action) else {
            return;
        };
        if std::mem::replace(&mut running.is_shown, true) || self.threshold < Level::Debug {
            return;
        }
        let (indent, lines) = (running.indent, headed(running, self.look));
        for (index, line) in lines.iter().enumerate() {
            let mark = if index == 0 {
                self.look.paint(Label::Aside, "›")
            } else {
                " ".to_owned()
            };
            self.line(text, indent, &format!("{mark} {line}"));
        }
    }

    fn output(&mut self, text: &mut String, action: ActionId, server: &Server, stream: Stream, lines: &[String]) {
        let (level, label, bar) = match stream {
            Stream::Out => (Level::Info, Label::Host, '│'),
            Stream::Err => (Level::Important, Label::ErrorHost, '!'),
        };
        if level > self.threshold {
            return;
        }
        self.show_command(text, action);
        let host = server.to_string();
        let (indent, width) = match self.running.get(&action) {
            Some(running) => (running.indent, widest(&running.servers)),
            None => (self.indent, 0),
        };
        let label = self.look.paint(label, &format!("{host:width$} {bar}"));
        for line in lines {
            let line = format!("{label} {}", self.cleaner.line(line));
            self.line(text, indent + 1, line.trim_end());
        }
    }

    fn finish(&mut self, text: &mut String, action: ActionId, elapsed: Duration) {
        let Some(mut running) = self.running.shift_remove(&action) else {
            return;
        };
        let position = |server: &Server| running.servers.iter().position(|other| other == server);
        running.ended.sort_by_cached_key(|(server, ..)| position(server));
        let (good, bad): (Vec<_>, Vec<_>) = running.ended.iter().partition(|(_, exit, _)| exit.is_none());
        if self.threshold >= Level::Debug {
            let state = state(&running, &good, elapsed);
            if !running.is_shown {
                self.whole(text, &running, &state, bad.is_empty());
            } else if !good.is_empty() || bad.is_empty() {
                let mark = self.look.paint(Label::Good, "✓");
                let state = self.look.paint(Label::Aside, &state);
                self.line(text, running.indent, &format!("{mark} {state}"));
            }
        }
        let width = widest(&running.servers);
        for (server, exit, elapsed) in bad {
            let mark = self.look.paint(Label::Bad, "✗");
            let host = self.look.paint(Label::Bad, &format!("{:width$}", server.to_string()));
            let time = self.look.paint(Label::Aside, &duration(*elapsed));
            let exit = exit.as_ref().map(Exit::to_string).unwrap_or_default();
            let exit = self.cleaner.line(&exit);
            self.line(text, running.indent, &format!("{mark} {host} {exit} {time}"));
        }
    }

    /// A command that gave no output, with its end: on one line where there is room.
    fn whole(&self, text: &mut String, running: &Running, state: &str, is_good: bool) {
        let mark = match is_good {
            true => self.look.paint(Label::Good, "✓"),
            false => self.look.paint(Label::Bad, "✗"),
        };
        let mut lines = headed(running, self.look);
        if !state.is_empty() {
            let last = running.command.last().map_or(0, |line| line.chars().count());
            let used = 2 * running.indent + running.verb.len() + last + 5 + state.chars().count();
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
}

/// Servers on which an action went well: by name with the time of each where that is short, else counted, with the time of
/// the slowest, which is named where it held up the others.
fn state(running: &Running, good: &[&(Server, Option<Exit>, Duration)], elapsed: Duration) -> String {
    if running.verb == "run_locally" {
        return duration(elapsed);
    }
    if good.len() <= NAMED_SERVERS {
        let servers: Vec<String> = good
            .iter()
            .map(|(server, _, elapsed)| format!("{server} {}", duration(*elapsed)))
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
                "{counted} {}, slowest {server} {}",
                duration(middle),
                duration(*slowest)
            )
        }
        Some((slowest, _)) => format!("{} {}", count(good.len(), "server"), duration(*slowest)),
        None => String::new(),
    }
}

/// How far the copying of files has come, on all servers together.
fn copied(running: &Running) -> String {
    if running.copied.is_empty() {
        return String::new();
    }
    let bytes = running.copied.values().map(|(bytes, _)| bytes).sum();
    let totals: Option<Vec<u64>> = running.copied.values().map(|(_, total)| *total).collect();
    let of = totals.map(|totals| {
        // Those that nothing was told of yet have as much to come as the others.
        let unheard = running.servers.len().saturating_sub(totals.len()) as u64;
        let most = totals.iter().max().copied().unwrap_or_default();
        format!(" of {}", size(totals.iter().sum::<u64>() + unheard * most))
    });
    format!("  {}{}", size(bytes), of.unwrap_or_default())
}

/// The verb and the lines of its command.
fn headed(running: &Running, look: Look) -> Vec<String> {
    let verb = look.paint(Label::Aside, running.verb);
    let mut lines = running.command.iter();
    let mut headed = vec![match lines.next() {
        Some(first) => format!("{verb} {first}"),
        None => verb,
    }];
    headed.extend(lines.map(|line| format!("  {line}")));
    headed
}

fn widest(servers: &[Server]) -> usize {
    servers
        .iter()
        .map(|server| server.to_string().chars().count())
        .max()
        .unwrap_or(0)
}
