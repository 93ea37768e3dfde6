//! Reads lines from a terminal, where they can be edited, or from whatever standard input is. Reading has a thread of its own, so
//! that a stop request reaches a thread that is not waiting for input.

use std::fs::File;
use std::io::{self, BufRead, IsTerminal, Write};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};
use rustyline::config::{Behavior, CompletionType, Configurer, EditMode};
use rustyline::error::ReadlineError;
use rustyline::history::{History as _, MemHistory};
use rustyline::{Config, Editor};

use super::line::Keys;
use super::words::ShellNames;
use crate::interrupt::{Interrupt, Signal};
use crate::io_error::plain;

/// The outcome of waiting for a line.
#[derive(Debug)]
pub(super) enum LineRead {
    Line(String),
    /// Ctrl-C: the typed text is discarded.
    Discarded,
    /// The end of the input.
    End,
    /// The line cannot be read.
    Failed(String),
    /// capr is to stop.
    Stopped(Signal),
}

enum Order {
    Read(String),
    Keep(String),
    Keys(Keys),
}

/// Reads lines, one whenever it is asked to.
pub(super) struct LineReader {
    orders: Sender<Order>,
    found: Receiver<LineRead>,
    interrupt: Interrupt,
    /// The terminal, and its settings before.
    terminal: Option<(File, Termios)>,
}

impl LineReader {
    /// Starts reading lines: from the terminal, with these words to complete and these earlier lines, or else from standard
    /// input.
    pub(super) fn start(words: ShellNames, lines: Vec<String>, interrupt: &Interrupt) -> io::Result<Self> {
        let terminal = match io::stdin().is_terminal() {
            true => {
                let terminal = File::options().read(true).write(true).open("/dev/tty")?;
                let before = tcgetattr(&terminal)?;
                Some((terminal, before))
            }
            false => None,
        };
        let (orders, taken) = channel();
        let (finder, found) = channel();
        let raised = finder.clone();
        interrupt.on_raise(move |signal| drop(raised.send(LineRead::Stopped(signal))));
        let is_terminal = terminal.is_some();
        thread::Builder::new().name("lines".to_owned()).spawn(move || {
            let result = match is_terminal {
                true => edit(words, lines, &taken, &finder),
                false => take(&taken, &finder),
            };
            if let Err(error) = result {
                let _ = finder.send(failed(&error));
            }
        })?;
        Ok(Self {
            orders,
            found,
            interrupt: interrupt.clone(),
            terminal,
        })
    }

    pub(super) fn is_terminal(&self) -> bool {
        self.terminal.is_some()
    }

    /// Returns the next line.
    pub(super) fn line(&self, prompt: &str) -> LineRead {
        if self.orders.send(Order::Read(prompt.to_owned())).is_err() {
            return self.found.try_recv().unwrap_or(LineRead::End);
        }
        loop {
            match self.found.recv() {
                // The request may have been handled already; and a terminal that waits for a line has nothing to stop.
                Ok(LineRead::Stopped(_)) => match self.interrupt.take() {
                    Some(Signal::Int) if self.is_terminal() => {}
                    Some(signal) => {
                        self.restore();
                        return LineRead::Stopped(signal);
                    }
                    None => {}
                },
                Ok(read) => return read,
                Err(_) => return LineRead::End,
            }
        }
    }

    /// Keeps a line as an earlier one.
    pub(super) fn keep(&self, line: &str) {
        let _ = self.orders.send(Order::Keep(line.to_owned()));
    }

    /// Edits lines by these keys from now on.
    pub(super) fn edit_by(&self, keys: Keys) {
        let _ = self.orders.send(Order::Keys(keys));
    }

    /// Restores the terminal's settings in the midst of a line.
    fn restore(&self) {
        if let Some((terminal, before)) = &self.terminal {
            let _ = tcsetattr(terminal, OptionalActions::Now, before);
            // Turns bracketed paste off.
            let mut terminal: &File = terminal;
            let _ = terminal.write_all(b"\x1b[?2004l\r\n");
        }
    }
}

/// Returns what is reported when no line can be read any more.
fn failed(error: &ReadlineError) -> LineRead {
    LineRead::Failed(match error {
        ReadlineError::Io(error) => plain(error),
        error => error.to_string(),
    })
}

/// Reads lines of standard input.
fn take(orders: &Receiver<Order>, finder: &Sender<LineRead>) -> Result<(), ReadlineError> {
    let mut input = io::stdin().lock();
    for order in orders {
        if !matches!(order, Order::Read(_)) {
            continue;
        }
        let mut line = Vec::new();
        let read = input.read_until(b'\n', &mut line)?;
        let line =
            String::from_utf8(line).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "a line is not UTF-8"))?;
        let line = line.strip_suffix('\n').unwrap_or(&line);
        let found = match read {
            0 => LineRead::End,
            _ => LineRead::Line(line.strip_suffix('\r').unwrap_or(line).to_owned()),
        };
        if finder.send(found).is_err() {
            break;
        }
    }
    Ok(())
}

/// Reads lines of a terminal, which can be edited.
fn edit(
    mut words: ShellNames,
    lines: Vec<String>,
    orders: &Receiver<Order>,
    finder: &Sender<LineRead>,
) -> Result<(), ReadlineError> {
    let config = Config::builder()
        .behavior(Behavior::PreferTerm)
        .completion_type(CompletionType::List)
        .build();
    let history = MemHistory::with_config(&config);
    let mut editor: Editor<ShellNames, MemHistory> = Editor::with_history(config, history)?;
    for line in lines {
        words.remember(&line);
        let _ = editor.history_mut().add(&line);
    }
    editor.set_helper(Some(words));
    for order in orders {
        let found = match order {
            Order::Keep(line) => {
                let _ = editor.history_mut().add(&line);
                if let Some(words) = editor.helper_mut() {
                    words.remember(&line);
                }
                continue;
            }
            Order::Keys(keys) => {
                editor.set_edit_mode(match keys {
                    Keys::Emacs => EditMode::Emacs,
                    Keys::Vi => EditMode::Vi,
                });
                continue;
            }
            Order::Read(prompt) => match editor.readline(&prompt) {
                Ok(line) => LineRead::Line(line),
                Err(ReadlineError::Interrupted) => LineRead::Discarded,
                Err(ReadlineError::Eof) => LineRead::End,
                Err(error) => failed(&error),
            },
        };
        if finder.send(found).is_err() {
            break;
        }
    }
    Ok(())
}
