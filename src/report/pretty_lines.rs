//! The lines of the form for terminals: indented, painted, and broken at their words where they have no room.

use super::broken::broken;
use super::connecting::FailedTogether;
use super::palette::Label;
use super::pretty::Pretty;
use super::text::names;
use crate::event::Level;

/// Strings in front of the lines into which one is broken, each with its width in columns.
pub(super) struct LinePrefix {
    /// Stands in front of the first line.
    pub(super) first: (String, usize),
    /// Stands in front of all others.
    pub(super) rest: (String, usize),
}

impl LinePrefix {
    /// Returns the strings in front of a message: nothing, and two blanks where it goes on.
    fn none() -> Self {
        Self {
            first: (String::new(), 0),
            rest: ("  ".to_owned(), 2),
        }
    }
}

impl Pretty {
    pub(super) fn line(&self, text: &mut String, indent: usize, line: &str) {
        text.push_str(&"  ".repeat(indent));
        text.push_str(line);
        text.push('\n');
    }

    /// Returns the room of a line after its indentation and these columns; `None` if the width of the terminal is not known.
    pub(super) fn room(&self, indent: usize, taken: usize) -> Option<usize> {
        self.look
            .columns
            .map(|columns| columns.saturating_sub(2 * indent + taken))
    }

    /// Adds a cleaned line, broken at its words if it has no room after the string in front of it.
    pub(super) fn filled(
        &self,
        text: &mut String,
        indent: usize,
        front: &LinePrefix,
        (said, label): (&str, Option<Label>),
    ) {
        let lines = match (self.room(indent, front.first.1), self.room(indent, front.rest.1)) {
            (Some(first), Some(rest)) => broken(said, first, rest),
            _ => vec![said.to_owned()],
        };
        for (index, line) in lines.iter().enumerate() {
            let (front, _) = if index == 0 { &front.first } else { &front.rest };
            let line = match label {
                Some(label) => self.look.paint(label, line),
                None => line.clone(),
            };
            self.line(text, indent, format!("{front}{line}").trim_end());
        }
    }

    /// Adds lines with a mark in front, shown at every level.
    pub(super) fn marked(&self, text: &mut String, label: Label, mark: &str, said: &str) {
        let mut front = LinePrefix {
            first: (format!("{} ", self.look.paint(label, mark)), 2),
            rest: ("  ".to_owned(), 2),
        };
        for line in self.cleaner.lines(said) {
            self.filled(text, self.indent, &front, (&line, None));
            front.first = front.rest.clone();
        }
    }

    /// Adds a side remark.
    pub(super) fn aside(&self, text: &mut String, level: Level, said: &str) {
        if level > self.threshold {
            return;
        }
        for line in self.cleaner.lines(said) {
            self.filled(text, self.indent, &LinePrefix::none(), (&line, Some(Label::Aside)));
        }
    }

    pub(super) fn say(&self, text: &mut String, level: Level, tag: Option<&str>, said: &str) {
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
            self.filled(text, self.indent, &LinePrefix::none(), (&line, label));
        }
    }

    /// Adds the new host keys, unless servers are being connected that may show more.
    pub(super) fn new_keys_unless_more_come(&mut self, text: &mut String) {
        if !self.connecting.is_under_way() {
            self.new_keys(text);
        }
    }

    /// Adds the new host keys that were not shown yet: a line for each key, so that it can be compared.
    pub(super) fn new_keys(&mut self, text: &mut String) {
        for keys in self.connecting.take_added() {
            let (key_type, file) = (&keys.key_type, &keys.file);
            if let Some((fingerprint, servers)) = keys.servers.first().filter(|_| keys.servers.len() == 1) {
                let said = format!(
                    "{}: new host key {key_type} {fingerprint} added to {file}",
                    names(servers)
                );
                self.say(text, Level::Important, None, &said);
                continue;
            }
            let said = format!("new host keys {key_type} added to {file}");
            self.say(text, Level::Important, None, &said);
            for (fingerprint, servers) in &keys.servers {
                let said = format!("  {} {fingerprint}", self.names.list(servers));
                self.say(text, Level::Important, None, &said);
            }
        }
    }

    /// Adds servers that could not be connected; by their whole names, which say where to look.
    pub(super) fn not_connected(&self, text: &mut String, failed: &[FailedTogether]) {
        for (servers, reason) in failed {
            let said = format!("{}: {}", names(servers), self.cleaner.lines(reason).join("; "));
            self.marked(text, Label::Bad, "✗", &said);
        }
    }
}
