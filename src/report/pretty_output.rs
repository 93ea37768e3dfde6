//! Output of servers in the form for terminals: each line behind its server, and once what several have said alike.

use super::gather::{Gathering, Said};
use super::palette::Label;
use super::pretty::Pretty;
use super::text::count;
use crate::configuration::Server;
use crate::event::{ActionId, Level};
use crate::exit::Stream;

/// The most servers that are named if they said the same; more, or all of an action, are counted.
const NAMED_TOGETHER: usize = 3;

impl Pretty {
    /// Returns what was held back for long enough.
    pub(super) fn due(&mut self) -> String {
        let mut text = String::new();
        self.release(&mut text, Gathering::is_due);
        text
    }

    /// Shows what is held back of the actions that are meant, as it came.
    pub(super) fn release(&mut self, text: &mut String, is_meant: fn(&Gathering) -> bool) {
        let meant = self
            .running
            .iter_mut()
            .filter(|(_, running)| is_meant(&running.gathering));
        let held: Vec<(ActionId, Vec<Said>)> = meant
            .map(|(action, running)| (*action, running.gathering.release()))
            .collect();
        for (action, said) in held {
            self.said(text, action, said);
        }
    }

    pub(super) fn output(
        &mut self,
        text: &mut String,
        action: ActionId,
        server: &Server,
        stream: Stream,
        lines: &[String],
    ) {
        if level(stream) > self.threshold {
            return;
        }
        let said = (server.clone(), stream, lines.to_vec());
        let now = match self.running.get_mut(&action) {
            Some(running) => running.gathering.take(said),
            None => vec![said],
        };
        self.said(text, action, now);
    }

    /// Shows output as it came.
    fn said(&mut self, text: &mut String, action: ActionId, said: Vec<Said>) {
        if said.is_empty() {
            return;
        }
        self.show_command(text, action);
        let (indent, width) = match self.running.get(&action) {
            Some(running) => (running.indent, self.names.widest(&running.servers)),
            None => (self.indent, 0),
        };
        for (server, stream, lines) in said {
            let host = self.names.of(&server);
            for line in lines {
                self.output_line(text, indent, (&host, width), stream, &line);
            }
        }
    }

    fn output_line(&self, text: &mut String, indent: usize, (host, width): (&str, usize), stream: Stream, line: &str) {
        let (label, bar) = match stream {
            Stream::Out => (Label::Host, '│'),
            Stream::Err => (Label::ErrorHost, '!'),
        };
        let label = self.look.paint(label, &format!("{host:width$} {bar}"));
        let line = format!("{label} {}", self.cleaner.line(line));
        self.line(text, indent + 1, line.trim_end());
    }

    /// Shows what is held back at the end of an action: once what several servers said alike.
    pub(super) fn gathered(&mut self, text: &mut String, action: ActionId) {
        let Some(running) = self.running.get_mut(&action) else {
            return;
        };
        let order = running.servers.clone();
        let groups = running.gathering.gather(&order);
        if groups.is_empty() {
            return;
        }
        self.show_command(text, action);
        let indent = self.running.get(&action).map_or(self.indent, |running| running.indent);
        let label = |servers: &[Server]| match servers.len() {
            1..=NAMED_TOGETHER if servers.len() < order.len() || servers.len() == 1 => self.names.list(servers),
            number => count(number, "server"),
        };
        let labels: Vec<String> = groups.iter().map(|(servers, _)| label(servers)).collect();
        let width = labels.iter().map(|label| label.chars().count()).max().unwrap_or(0);
        let width = width.max(self.names.widest(&order));
        for ((_, lines), label) in groups.iter().zip(&labels) {
            for (stream, line) in lines {
                self.output_line(text, indent, (label, width), *stream, line);
            }
        }
    }
}

/// Returns the level at which a stream is shown.
fn level(stream: Stream) -> Level {
    match stream {
        Stream::Out => Level::Info,
        Stream::Err => Level::Important,
    }
}
