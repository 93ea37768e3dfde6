//! Output of servers in the form for terminals: each line after its server, and equal lines of several servers once.

use std::time::Instant;

use super::broken::{columns_of, padded};
use super::gather::{Gathering, Together};
use super::palette::Label;
use super::pretty::Pretty;
use super::pretty_lines::LinePrefix;
use crate::configuration::Server;
use crate::event::{ActionId, Level};
use crate::exit::Stream;
use crate::listed::counted;

/// The most servers that are named if they said the same; more, or all of an action, are counted.
const NAMED_TOGETHER: usize = 3;
/// The most columns that are kept free for a name: a longer one shifts only its own lines.
const NAME: usize = 24;

impl Pretty {
    /// Returns the output that was held back for long enough.
    pub(super) fn due(&mut self) -> String {
        let mut text = String::new();
        self.release(&mut text, Gathering::is_due);
        text
    }

    /// Shows the output that is held back, of the actions that `is_meant` picks.
    pub(super) fn release(&mut self, text: &mut String, is_meant: fn(&Gathering) -> bool) {
        let meant = self
            .running
            .iter_mut()
            .filter(|(_, running)| is_meant(&running.gathering));
        let held: Vec<(ActionId, Vec<Together>)> = meant
            .map(|(action, running)| (*action, running.gathering.release()))
            .collect();
        for (action, said) in held {
            self.together(text, action, &said);
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
        let last = lines.last().map(|line| self.cleaner.line(line)).unwrap_or_default();
        let said = (server.clone(), stream, lines.to_vec());
        let now = match self.running.get_mut(&action) {
            Some(running) => {
                running.last.insert(server.clone(), (last, Instant::now()));
                running.gathering.take(said)
            }
            None => {
                let lines = said.2.into_iter().map(|line| (stream, line)).collect();
                vec![(vec![said.0], lines)]
            }
        };
        self.together(text, action, &now);
    }

    /// Shows the output that is still held back at the end of an action.
    pub(super) fn gathered(&mut self, text: &mut String, action: ActionId) {
        let Some(running) = self.running.get_mut(&action) else {
            return;
        };
        let said = running.gathering.gather();
        self.together(text, action, &said);
    }

    /// Shows lines after the servers that said them.
    fn together(&mut self, text: &mut String, action: ActionId, said: &[Together]) {
        if said.is_empty() {
            return;
        }
        self.show_command(text, action);
        let (indent, all, widest) = match self.running.get(&action) {
            Some(running) => (
                running.indent,
                running.servers.len(),
                self.names.widest(&running.servers),
            ),
            None => (self.indent, 0, 0),
        };
        let label = |servers: &[Server]| match servers.len() {
            1 => self.names.list(servers),
            2..=NAMED_TOGETHER if servers.len() < all => self.names.list(servers),
            number => counted(number, "server"),
        };
        let labels: Vec<String> = said.iter().map(|(servers, _)| label(servers)).collect();
        let width = labels.iter().map(|label| columns_of(label)).max().unwrap_or(0);
        let width = width.max(widest).min(NAME);
        for ((_, lines), label) in said.iter().zip(&labels) {
            for (stream, line) in lines {
                self.output_line(text, indent, (label, width), (*stream, line));
            }
        }
    }

    fn output_line(
        &self,
        text: &mut String,
        indent: usize,
        (host, width): (&str, usize),
        (stream, line): (Stream, &str),
    ) {
        let (label, bar) = match stream {
            Stream::Out => (Label::Host, '│'),
            Stream::Err => (Label::ErrorHost, '!'),
        };
        let host = padded(host, width);
        let columns = columns_of(&host) + 3;
        let blank = " ".repeat(columns_of(&host));
        let front = |host: &str| {
            (
                format!("{} ", self.look.paint(label, &format!("{host} {bar}"))),
                columns,
            )
        };
        let front = LinePrefix {
            first: front(&host),
            rest: front(&blank),
        };
        self.filled(text, indent + 1, &front, (&self.cleaner.line(line), None));
    }
}

/// Returns the level at which a stream is shown.
fn level(stream: Stream) -> Level {
    match stream {
        Stream::Out => Level::Info,
        Stream::Err => Level::Important,
    }
}
