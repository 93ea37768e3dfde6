//! The form for terminals: the tree of tasks, one line per action with the state of its servers, its output under it, and last
//! lines that show the servers that are waited for.
//!
//! `pretty_action.rs` shows an action, `pretty_output.rs` its output; `pretty_lines.rs` fills lines.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use indexmap::IndexMap;

use crate::configuration::Server;
use crate::event::{ActionId, Event, Level};
use crate::exit::Exit;

use super::clean::Cleaner;
use super::connecting::Connecting;
use super::gather::Gathering;
use super::live::Waiting;
use super::names::Names;
use super::options::Size;
use super::palette::{Label, Look};
use super::pretty_action::copied;
use super::progress::{ServerProgress, rows};
use super::text::{brief, duration, negotiated, still_running, waiting};
use super::undone::rollback_end;

/// The time after which an action shows the progress of each server.
const LONG: Duration = Duration::from_secs(2);
/// The most last lines.
const LAST_LINES: usize = 10;

/// The pretty form.
#[derive(Debug)]
pub(super) struct Pretty {
    pub(super) cleaner: Cleaner,
    pub(super) look: Look,
    pub(super) threshold: Level,
    pub(super) is_rehearsal: bool,
    held: Duration,
    /// The indentation of the next lines, in steps of two columns.
    pub(super) indent: usize,
    pub(super) connecting: Connecting,
    pub(super) running: IndexMap<ActionId, ShownAction>,
    pub(super) names: Names,
}

/// An action as it is shown while it runs.
#[derive(Debug)]
pub(super) struct ShownAction {
    pub(super) gathering: Gathering,
    pub(super) verb: &'static str,
    pub(super) command: Vec<String>,
    pub(super) options: Vec<(&'static str, String)>,
    pub(super) is_local: bool,
    pub(super) started: Instant,
    pub(super) servers: Vec<Server>,
    /// The servers on which the action has not ended.
    left: Vec<Server>,
    pub(super) indent: usize,
    /// The servers on which the action has ended, each with an exit if it failed there, and with the time that it took.
    pub(super) ended: Vec<(Server, Option<Exit>, Duration)>,
    /// The number of bytes copied so far, and the total if it is known.
    pub(super) copied: HashMap<Server, (u64, Option<u64>)>,
    /// The last line of each server, and when it came.
    pub(super) last: HashMap<Server, (String, Instant)>,
    /// True if the command has been shown already.
    pub(super) is_shown: bool,
}

impl ShownAction {
    /// Returns an action that begins now on these servers, with nothing known of it; its output is held back for `held`.
    fn on(servers: &[Server], held: Duration) -> Self {
        Self {
            gathering: Gathering::new(servers, held),
            verb: "",
            command: Vec::new(),
            options: Vec::new(),
            is_local: false,
            started: Instant::now(),
            servers: servers.to_vec(),
            left: servers.to_vec(),
            indent: 0,
            ended: Vec::new(),
            copied: HashMap::new(),
            last: HashMap::new(),
            is_shown: false,
        }
    }
}

impl Pretty {
    /// Makes the form. Output is held back for `held`, so that equal output of several servers is shown once.
    pub(super) fn new(cleaner: Cleaner, look: Look, threshold: Level, is_rehearsal: bool, held: Duration) -> Self {
        Self {
            held,
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
            // Output that servers wrote before the event is shown before it.
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
            Event::Printed { .. } | Event::RunStarted { .. } | Event::Deployed { .. } | Event::Captured { .. } => {}
            Event::Interrupted { signal } => {
                let failed = self.connecting.stopped();
                self.new_keys(&mut text);
                self.not_connected(&mut text, &failed);
                let said = format!("{signal}, ending the remote commands");
                self.marked(&mut text, Label::Notice, "!", &said);
            }
            Event::Message { level, tag, text: said } => {
                self.say(&mut text, *level, tag.as_deref(), &self.names.in_sentence(said));
            }
            Event::Connecting { .. }
            | Event::Connected { .. }
            | Event::ConnectFailed { .. }
            | Event::HostKeyAdded { .. }
            | Event::HostKeyUntrusted { .. }
            | Event::Negotiated { .. } => self.connection(&mut text, event),
            Event::ActionStarted { .. }
            | Event::Output { .. }
            | Event::Silent { .. }
            | Event::Transferred { .. }
            | Event::ServerFinished { .. }
            | Event::ActionFinished { .. } => self.action_event(&mut text, event),
            Event::TransactionStarted
            | Event::TransactionCommitted
            | Event::RollbackStarted { .. }
            | Event::RollingBack { .. }
            | Event::RollbackSkipped { .. }
            | Event::RollbackFailed { .. }
            | Event::RollbackStopped { .. }
            | Event::RollbackFinished { .. } => self.transaction(&mut text, event),
        }
        text
    }

    /// Adds an event of connecting.
    fn connection(&mut self, text: &mut String, event: &Event) {
        match event {
            Event::Connecting { servers } => {
                self.names.meet(servers);
                self.connecting.started(servers);
            }
            Event::Connected { server, elapsed } => {
                let said = format!("{}: connected in {}", self.names.of(server), duration(*elapsed));
                self.aside(text, Level::Debug, &said);
                let failed = self.connecting.connected(server);
                self.new_keys_unless_more_come(text);
                self.not_connected(text, &failed);
            }
            Event::ConnectFailed {
                server, reason, common, ..
            } => {
                let failed = self.connecting.failed(server, reason, common.as_deref());
                self.new_keys_unless_more_come(text);
                self.not_connected(text, &failed);
            }
            Event::HostKeyAdded {
                server,
                key_type,
                fingerprint,
                file,
            } => {
                self.connecting.added(server, key_type, fingerprint, file);
                self.new_keys_unless_more_come(text);
            }
            Event::HostKeyUntrusted { server, reason } => {
                let said = format!("{server}: WARNING: {}", self.cleaner.lines(reason).join("; "));
                self.marked(text, Label::Bad, "✗", &said);
            }
            Event::Negotiated {
                server,
                key_exchange,
                host_key,
                cipher,
                mac,
            } => {
                let said = negotiated(key_exchange, host_key, cipher, mac.as_deref());
                self.aside(text, Level::Debug, &format!("{server}: {said}"));
            }
            _ => {}
        }
    }

    /// Adds an event of an action.
    fn action_event(&mut self, text: &mut String, event: &Event) {
        match event {
            Event::ActionStarted {
                action,
                verb,
                command,
                options,
                is_local,
                servers,
            } => {
                self.names.meet(servers);
                let running = ShownAction {
                    verb,
                    command: brief(self.cleaner.lines(command), self.threshold),
                    options: options.clone(),
                    is_local: *is_local,
                    indent: self.indent,
                    ..ShownAction::on(servers, self.held)
                };
                self.running.insert(*action, running);
                // Without a last line that shows what runs, the command is shown at once.
                if !self.look.live {
                    self.show_command(text, *action);
                }
            }
            Event::Output {
                action,
                server,
                stream,
                lines,
            } => self.output(text, *action, server, *stream, lines),
            Event::Silent {
                action,
                command,
                servers,
                elapsed,
                line,
            } => {
                let said = match line {
                    Some(line) => format!("{}: {}", self.names.list(servers), waiting(line)),
                    None if self.look.live => return,
                    None => self.names.in_sentence(&still_running(command, servers, *elapsed)),
                };
                self.show_command(text, *action);
                let level = if line.is_some() { Level::Important } else { Level::Info };
                self.say(text, level, None, &said);
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
            Event::ActionFinished { action, elapsed, .. } => self.finish(text, *action, *elapsed),
            _ => {}
        }
    }

    /// Adds an event of a transaction or a rollback.
    fn transaction(&mut self, text: &mut String, event: &Event) {
        match event {
            Event::TransactionStarted => self.aside(text, Level::Info, "transaction: start"),
            Event::TransactionCommitted => self.aside(text, Level::Info, "transaction: commit"),
            Event::RollbackStarted { task } => {
                let said = format!("{task} failed, rolling back");
                self.marked(text, Label::Notice, "↩", &said);
                self.indent += 1;
            }
            Event::RollingBack { task } => self.marked(text, Label::Notice, "↩", task),
            Event::RollbackSkipped { task, server, reason } => {
                let said = format!("{task} on {} not rolled back: {reason}", self.names.of(server));
                self.marked(text, Label::Bad, "✗", &said);
            }
            Event::RollbackFailed { task, reason } => {
                let said = format!("{task} not rolled back: {}", self.names.in_sentence(reason));
                self.marked(text, Label::Bad, "✗", &said);
            }
            Event::RollbackStopped { left } => {
                let said = format!("rollback stopped, not rolled back: {}", left.join(", "));
                self.marked(text, Label::Bad, "✗", &said);
            }
            Event::RollbackFinished { complete, steps } => {
                self.indent = self.indent.saturating_sub(1);
                let (label, mark) = match complete {
                    true => (Label::Good, "✓"),
                    false => (Label::Bad, "✗"),
                };
                self.marked(text, label, mark, rollback_end(*complete, steps.len()));
            }
            _ => {}
        }
    }

    /// Returns the last lines for a terminal of this size: the action that is waited for and, if it takes long, the progress of
    /// its servers.
    pub(super) fn live(&self, size: Size) -> Option<String> {
        let columns = size.columns.saturating_sub(1);
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
        let mut lines = Vec::new();
        if let Some(running) = self.running.values().next() {
            let command = running.command.first().map(String::as_str).unwrap_or_default();
            waiting.what = (running.verb, command);
            waiting.copied = copied(running, columns);
            waiting.since = running.started;
            waiting.left = if running.is_local { &[] } else { &running.left };
            waiting.all = running.servers.len();
            let most = LAST_LINES.min(size.rows / 2).saturating_sub(1);
            lines = self.progress(running, columns, most);
        } else if self.connecting.left.is_empty() {
            return None;
        }
        lines.insert(0, waiting.line(columns));
        let painted: Vec<String> = lines.iter().map(|line| self.look.paint(Label::Aside, line)).collect();
        Some(painted.join("\n"))
    }

    /// Makes running actions older.
    #[cfg(test)]
    pub(super) fn begun_earlier(&mut self, time: Duration) {
        for running in self.running.values_mut() {
            running.started -= time;
        }
    }

    /// Returns a line for each server on which a long action has not ended, as many as there is room for.
    fn progress(&self, running: &ShownAction, columns: usize, most: usize) -> Vec<String> {
        let elapsed = running.started.elapsed();
        if running.servers.len() < 2 || elapsed < LONG || most == 0 {
            return Vec::new();
        }
        let largest = running.copied.values().filter_map(|(_, total)| *total).max();
        let of = |server: &Server| ServerProgress {
            name: self.names.of(server),
            copied: match running.copied.get(server) {
                None if !running.copied.is_empty() => Some((0, largest)),
                known => known.copied(),
            },
            said: running.last.get(server).map(|(line, at)| (line.clone(), at.elapsed())),
        };
        let parts = running.left.iter().map(of).collect();
        let indent = (2 * running.indent + 2).min(columns / 4);
        let lines = rows(parts, elapsed, columns - indent, most);
        lines
            .iter()
            .map(|line| format!("{}{line}", " ".repeat(indent)))
            .collect()
    }
}
