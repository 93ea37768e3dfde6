//! The JSON form: one object per line, for programs. A version line comes first; readers ignore what they do not know.

use std::fmt::Write;
use std::io;

use serde::Serialize;
use serde_json::ser::{CharEscape, Formatter};

use crate::configuration::Server;
use crate::diagnostic::Diagnostic;
use crate::event::{ActionId, Event};
use crate::exit::Stream;
use crate::run_id::RunId;

use super::clean::{Clean, Cleaner, is_hidden};
use super::clock::Clock;

/// The JSON form.
#[derive(Debug)]
pub(super) struct Json {
    cleaner: Cleaner,
    /// The clock; only a log has one.
    clock: Option<Clock>,
}

/// The first line of a log.
#[derive(Serialize)]
#[serde(tag = "type", rename = "version")]
struct Version<'a> {
    capr: &'static str,
    log_format: &'static str,
    run: &'a RunId,
}

/// One line of [`Event::Output`].
#[derive(Serialize)]
#[serde(tag = "type", rename = "output")]
struct Line<'a> {
    action: &'a ActionId,
    server: &'a Server,
    stream: &'a Stream,
    line: &'a str,
}

/// One line of [`Event::Captured`], or the number of lines that were left out after them.
#[derive(Serialize)]
#[serde(tag = "type", rename = "captured")]
struct Captured<'a> {
    action: &'a ActionId,
    server: &'a Server,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream: Option<&'a Stream>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    left_out: Option<usize>,
}

/// An object on its line; in a log it has its time.
#[derive(Serialize)]
struct Timed<'a, T> {
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<String>,
    #[serde(flatten)]
    told: &'a T,
}

impl Json {
    /// Returns the form of a log, in which each object has its time.
    pub(super) fn log(cleaner: Cleaner, clock: Clock) -> Self {
        Self {
            cleaner,
            clock: Some(clock),
        }
    }

    /// Returns the form of data that was asked for, which has no times.
    pub(super) fn data(cleaner: Cleaner) -> Self {
        Self { cleaner, clock: None }
    }

    /// Returns an object on a line of its own; every string in it is cleaned.
    pub(super) fn line<T: Serialize>(&self, told: &T) -> String {
        let mut line = Vec::new();
        let mut serializer = serde_json::Serializer::with_formatter(&mut line, Escaped::new(&self.cleaner));
        let timed = Timed {
            time: self.clock.as_ref().map(Clock::utc),
            told,
        };
        // The keys of all maps are strings, and this writer cannot fail.
        if timed.serialize(&mut serializer).is_err() {
            return String::new();
        }
        line.push(b'\n');
        String::from_utf8_lossy(&line).into_owned()
    }

    /// Returns the first line of a log.
    pub(super) fn version(&self, run: &RunId) -> String {
        self.line(&Version {
            capr: env!("CARGO_PKG_VERSION"),
            log_format: "2.1",
            run,
        })
    }

    /// Returns the line of a failure.
    pub(super) fn diagnostic(&self, diagnostic: &Diagnostic) -> String {
        self.line(diagnostic)
    }

    /// Returns the lines of an event.
    pub(super) fn tell(&self, event: &Event) -> String {
        match event {
            Event::Output {
                action,
                server,
                stream,
                lines,
            } => lines
                .iter()
                .map(|line| {
                    self.line(&Line {
                        action,
                        server,
                        stream,
                        line,
                    })
                })
                .collect(),
            Event::Captured {
                action,
                server,
                lines,
                left_out,
            } => {
                let object = |stream, line, left_out| {
                    self.line(&Captured {
                        action,
                        server,
                        stream,
                        line,
                        left_out,
                    })
                };
                let mut told: String = lines
                    .iter()
                    .map(|(stream, line)| object(Some(stream), Some(line.as_str()), None))
                    .collect();
                if *left_out > 0 {
                    told.push_str(&object(None, None, Some(*left_out)));
                }
                told
            }
            event => self.line(event),
        }
    }
}

/// Writes cleaned strings. Control characters, and those that a terminal would obey, are escaped even if JSON does not ask for
/// it.
struct Escaped<'a> {
    cleaner: &'a Cleaner,
    /// The string that is being written; it is cleaned as a whole.
    string: String,
}

impl<'a> Escaped<'a> {
    fn new(cleaner: &'a Cleaner) -> Self {
        Self {
            cleaner,
            string: String::new(),
        }
    }
}

impl Formatter for Escaped<'_> {
    fn begin_string<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.string.clear();
        Ok(())
    }

    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, _: &mut W, fragment: &str) -> io::Result<()> {
        self.string.push_str(fragment);
        Ok(())
    }

    fn write_char_escape<W: ?Sized + io::Write>(&mut self, _: &mut W, escape: CharEscape) -> io::Result<()> {
        self.string.push(match escape {
            CharEscape::Quote => '"',
            CharEscape::ReverseSolidus => '\\',
            CharEscape::Solidus => '/',
            CharEscape::Backspace => '\u{8}',
            CharEscape::FormFeed => '\u{c}',
            CharEscape::LineFeed => '\n',
            CharEscape::CarriageReturn => '\r',
            CharEscape::Tab => '\t',
            CharEscape::AsciiControl(byte) => byte.into(),
        });
        Ok(())
    }

    fn end_string<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        let clean = self.cleaner.json(&self.string);
        let mut written = String::with_capacity(clean.as_str().len() + 2);
        escape(&mut written, &clean);
        writer.write_all(written.as_bytes())
    }
}

/// Escapes control characters, and those that a terminal would obey, even if JSON does not ask for it.
fn escape(into: &mut String, text: &Clean) {
    into.push('"');
    for c in text.as_str().chars() {
        match c {
            '"' | '\\' => into.extend(['\\', c]),
            '\n' => into.push_str("\\n"),
            '\t' => into.push_str("\\t"),
            '\r' => into.push_str("\\r"),
            _ if c.is_control() || is_hidden(c) => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    // Writing to a String cannot fail.
                    let _ = write!(into, "\\u{unit:04x}");
                }
            }
            _ => into.push(c),
        }
    }
    into.push('"');
}
