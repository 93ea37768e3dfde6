//! The plain form: one line per event, with Capistrano's prefixes; for files, pipes, and people who know them.

use std::cell::RefCell;
use std::collections::HashMap;

use crate::configuration::Server;
use crate::event::{ActionId, Event, Level};
use crate::exit::{Exit, Stream};

use super::clean::Cleaner;
use super::connecting::{Connecting, FailedTogether};
use super::text::{brief, duration, names, negotiated, quoted, said, still_running, waiting};
use super::undone::rollback_end;

/// An end that was reported, and the other servers that ended in the same way.
type Alike = (Level, String, Vec<Server>);

/// The plain form.
#[derive(Debug)]
pub(super) struct Plain {
    cleaner: Cleaner,
    threshold: Level,
    is_rehearsal: bool,
    /// The ends of commands under way that did not go well, and the other servers that ended in the same way.
    ended: RefCell<HashMap<ActionId, Vec<Alike>>>,
    connecting: RefCell<Connecting>,
}

impl Plain {
    pub(super) fn new(cleaner: Cleaner, threshold: Level, is_rehearsal: bool) -> Self {
        Self {
            cleaner,
            threshold,
            is_rehearsal,
            ended: RefCell::default(),
            connecting: RefCell::default(),
        }
    }

    pub(super) fn show_up_to(&mut self, threshold: Level) {
        self.threshold = threshold;
    }

    /// Returns an event as whole lines; empty if there is nothing to show at the chosen level.
    pub(super) fn tell(&self, event: &Event) -> String {
        let mut lines = Lines {
            plain: self,
            text: String::new(),
        };
        lines.event(event);
        lines.text
    }

    /// Returns a message as whole lines.
    pub(super) fn message(&self, level: Level, tag: Option<&str>, text: &str) -> String {
        let mut lines = Lines {
            plain: self,
            text: String::new(),
        };
        lines.say(level, tag, text);
        lines.text
    }
}

struct Lines<'a> {
    plain: &'a Plain,
    text: String,
}

impl Lines<'_> {
    fn say(&mut self, level: Level, tag: Option<&str>, text: &str) {
        self.marked(level, level, tag, text);
    }

    /// Adds lines that have Capistrano's prefix for the level `marks`, but are shown from `level` on.
    fn marked(&mut self, level: Level, marks: Level, tag: Option<&str>, text: &str) {
        if level > self.plain.threshold {
            return;
        }
        let stars = match marks {
            Level::Important => "***",
            Level::Info => " **",
            Level::Debug => "  *",
            Level::Trace => "   ",
        };
        let tag = tag
            .map(|tag| format!(" [{}]", self.plain.cleaner.line(tag)))
            .unwrap_or_default();
        for line in self.plain.cleaner.lines(text) {
            let begin = self.text.len();
            for part in [stars, &tag, " ", &line] {
                self.text.push_str(part);
            }
            let end = self.text.trim_end().len();
            self.text.truncate(end.max(begin));
            self.text.push('\n');
        }
    }

    fn event(&mut self, event: &Event) {
        match event {
            Event::TaskStarted { task, .. } => {
                self.marked(Level::Info, Level::Debug, None, &format!("executing `{task}'"))
            }
            Event::TaskFinished { .. }
            | Event::Transferred { .. }
            | Event::Printed { .. }
            | Event::RunStarted { .. }
            | Event::Captured { .. }
            | Event::Deployed { .. } => {}
            Event::HooksTriggered { event, task } => {
                let of = task.as_ref().map(|task| format!(" for `{task}'")).unwrap_or_default();
                self.marked(
                    Level::Info,
                    Level::Debug,
                    None,
                    &format!("triggering {event} callbacks{of}"),
                );
            }
            Event::Interrupted { signal } => {
                let failed = self.plain.connecting.borrow_mut().stopped();
                self.not_connected(&failed);
                self.say(Level::Important, None, &format!("{signal}, ending the remote commands"));
            }
            Event::Message { level, tag, text } => self.say(*level, tag.as_deref(), text),
            Event::Connecting { .. }
            | Event::Connected { .. }
            | Event::ConnectFailed { .. }
            | Event::HostKeyAdded { .. }
            | Event::HostKeyUntrusted { .. }
            | Event::Negotiated { .. } => self.connection(event),
            Event::ActionStarted { .. }
            | Event::Output { .. }
            | Event::Silent { .. }
            | Event::ServerFinished { .. }
            | Event::ActionFinished { .. } => self.action_event(event),
            Event::TransactionStarted
            | Event::TransactionCommitted
            | Event::RollbackStarted { .. }
            | Event::RollingBack { .. }
            | Event::RollbackSkipped { .. }
            | Event::RollbackFailed { .. }
            | Event::RollbackStopped { .. }
            | Event::RollbackFinished { .. } => self.transaction(event),
        }
    }

    /// Adds an event of connecting.
    fn connection(&mut self, event: &Event) {
        match event {
            Event::Connecting { servers } => {
                self.plain.connecting.borrow_mut().started(servers);
                let servers = list(servers);
                self.marked(Level::Info, Level::Trace, None, &format!("connecting to: {servers}"));
            }
            Event::Connected { server, elapsed } => {
                let text = format!("connected in {}", duration(*elapsed));
                self.marked(Level::Debug, Level::Trace, Some(&server.to_string()), &text);
                let failed = self.plain.connecting.borrow_mut().connected(server);
                self.not_connected(&failed);
            }
            Event::ConnectFailed {
                server, reason, common, ..
            } => {
                let failed = self
                    .plain
                    .connecting
                    .borrow_mut()
                    .failed(server, reason, common.as_deref());
                self.not_connected(&failed);
            }
            Event::HostKeyAdded {
                server,
                key_type,
                fingerprint,
                file,
            } => {
                let text = format!("new host key {key_type} {fingerprint} added to {file}");
                self.say(Level::Important, Some(&server.to_string()), &text);
            }
            Event::HostKeyUntrusted { server, reason } => {
                let text = format!("WARNING: {reason}");
                self.say(Level::Important, Some(&server.to_string()), &text);
            }
            Event::Negotiated {
                server,
                key_exchange,
                host_key,
                cipher,
                mac,
            } => {
                let text = negotiated(key_exchange, host_key, cipher, mac.as_deref());
                self.marked(Level::Debug, Level::Info, Some(&server.to_string()), &text);
            }
            _ => {}
        }
    }

    /// Adds an event of an action.
    fn action_event(&mut self, event: &Event) {
        match event {
            Event::ActionStarted {
                verb,
                command,
                options,
                is_local,
                servers,
                ..
            } => {
                self.action(verb, command, *is_local);
                self.circumstances(options, if *is_local { &[] } else { servers });
            }
            Event::Output {
                server, stream, lines, ..
            } => {
                let level = match stream {
                    Stream::Out => Level::Info,
                    Stream::Err => Level::Important,
                };
                let text: String = lines.iter().flat_map(|line| [line, "\n"]).collect();
                self.say(level, Some(&format!("{stream} :: {server}")), &text);
            }
            Event::Silent {
                command,
                servers,
                elapsed,
                line,
                ..
            } => match line {
                Some(line) => self.say(Level::Important, Some(&names(servers)), &waiting(line)),
                None => self.say(Level::Info, None, &still_running(command, servers, *elapsed)),
            },
            Event::ServerFinished { .. } | Event::ActionFinished { .. } if self.plain.is_rehearsal => {}
            Event::ServerFinished {
                action,
                server,
                exit,
                elapsed,
                ..
            } => match exit {
                Exit::Status(0) => {
                    let text = format!("finished in {}", duration(*elapsed));
                    self.marked(Level::Trace, Level::Trace, Some(&server.to_string()), &text);
                }
                Exit::Status(_) => self.ended(*action, Level::Info, server, exit),
                _ => self.ended(*action, Level::Important, server, exit),
            },
            Event::ActionFinished { action, elapsed, .. } => {
                let alike = self.plain.ended.borrow_mut().remove(action).unwrap_or_default();
                for (level, exit, servers) in alike.iter().filter(|(.., servers)| !servers.is_empty()) {
                    self.say(*level, Some(&names(servers)), exit);
                }
                let text = format!("command finished in {}", duration(*elapsed));
                self.marked(Level::Info, Level::Trace, None, &text);
            }
            _ => {}
        }
    }

    /// Adds an event of a transaction or a rollback.
    fn transaction(&mut self, event: &Event) {
        match event {
            Event::TransactionStarted => self.say(Level::Info, None, "transaction: start"),
            Event::TransactionCommitted => self.say(Level::Info, None, "transaction: commit"),
            Event::RollbackStarted { task } => self.say(Level::Important, Some(task), "transaction: rollback"),
            Event::RollingBack { task } => self.say(Level::Important, Some(task), "rolling back"),
            Event::RollbackSkipped { task, server, reason } => {
                let text = format!("not rolled back on {server}: {reason}");
                self.say(Level::Important, Some(task), &text);
            }
            Event::RollbackFailed { task, reason } => {
                self.say(Level::Important, Some(task), &format!("rollback failed: {reason}"));
            }
            Event::RollbackStopped { left } => {
                let text = format!("rollback stopped, not rolled back: {}", left.join(", "));
                self.say(Level::Important, None, &text);
            }
            Event::RollbackFinished { complete, steps } => {
                let level = if *complete { Level::Info } else { Level::Important };
                let text = format!("transaction: {}", rollback_end(*complete, steps.len()));
                self.say(level, None, &text);
            }
            _ => {}
        }
    }

    fn not_connected(&mut self, failed: &[FailedTogether]) {
        for (servers, reason) in failed {
            let text = format!("connection failed: {reason}");
            self.say(Level::Important, Some(&names(servers)), &text);
        }
    }

    /// Reports the first end of a kind at once. Other servers that ended in the same way are reported when all have ended.
    fn ended(&mut self, action: ActionId, level: Level, server: &Server, exit: &Exit) {
        let exit = exit.to_string();
        let mut ended = self.plain.ended.borrow_mut();
        let alike = ended.entry(action).or_default();
        match alike.iter_mut().find(|(_, known, _)| *known == exit) {
            Some((.., servers)) => servers.push(server.clone()),
            None => {
                alike.push((level, exit.clone(), Vec::new()));
                self.say(level, Some(&server.to_string()), &exit);
            }
        }
    }

    fn action(&mut self, verb: &str, command: &str, is_local: bool) {
        let executing = if is_local { "executing locally:" } else { "executing" };
        let script: Vec<String> = command.lines().map(str::to_owned).collect();
        let text = match verb {
            "put" | "get" | "upload" | "download" => command.to_owned(),
            _ if script.len() > 1 => {
                let lines = brief(script, self.plain.threshold);
                let between = if lines.len() > 1 { "\n    " } else { " " };
                format!("{executing}{between}{}", lines.join("\n    "))
            }
            _ => format!("{executing} {}", quoted(command)),
        };
        self.marked(Level::Info, Level::Debug, None, &text);
    }

    /// Adds the options of a command and its servers.
    fn circumstances(&mut self, options: &[(&str, String)], servers: &[Server]) {
        if let Some(said) = said(options, self.plain.threshold, self.plain.is_rehearsal) {
            self.marked(Level::Info, Level::Trace, None, &format!("options: {said}"));
        }
        if servers.is_empty() {
            return;
        }
        self.marked(Level::Info, Level::Trace, None, &format!("servers: {}", list(servers)));
        if !self.plain.is_rehearsal {
            for server in servers {
                self.marked(
                    Level::Trace,
                    Level::Trace,
                    Some(&server.to_string()),
                    "executing command",
                );
            }
        }
    }
}

/// Returns a list of servers: `["h1", "h2"]`.
fn list(servers: &[Server]) -> String {
    let servers: Vec<String> = servers.iter().map(|server| quoted(&server.to_string())).collect();
    format!("[{}]", servers.join(", "))
}
