//! Reads lines from a terminal, where they can be edited, or from whatever standard input is. Reading has a thread of its own:
//! a stop request must find somebody who is awake.

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
use super::words::Words;
use crate::interrupt::{Interrupt, Signal};
use crate::io_error::plain;

/// What comes when a line is waited for.
#[derive(Debug)]
pub(super) enum Read {
    Line(String),
    /// Ctrl-C: what was typed does not count.
    Discarded,
    /// Nothing more comes.
    End,
    /// It cannot be read.
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
pub(super) struct Reader {
    orders: Sender<Order>,
    found: Receiver<Read>,
    interrupt: Interrupt,
    /// The terminal and how it was before.
    terminal: Option<(File, Termios)>,
}

impl Reader {
    /// Lines of the terminal that standard input is, with these words to complete and these lines to go back to; or else of
    /// standard input.
    pub(super) fn start(words: Words, lines: Vec<String>, interrupt: &Interrupt) -> io::Result<Self> {
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
        interrupt.on_raise(move |signal| drop(raised.send(Read::Stopped(signal))));
        let is_terminal = terminal.is_some();
        thread::Builder::new().name("lines".to_owned()).spawn(move || {
            let result = match is_terminal {
                true => edit(words, lines, &taken, &finder),
                false => take(&taken, &finder),
            };
            if let Err(error) = result {
                let _ = finder.send(Read::Failed(error));
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

    /// The next line.
    pub(super) fn line(&self, prompt: &str) -> Read {
        if self.orders.send(Order::Read(prompt.to_owned())).is_err() {
            return self.found.try_recv().unwrap_or(Read::End);
        }
        loop {
            match self.found.recv() {
                // Whoever took the request has dealt with it; and at a terminal that asks for a line there is nothing to stop.
                Ok(Read::Stopped(_)) => match self.interrupt.take() {
                    Some(Signal::Int) if self.is_terminal() => {}
                    Some(signal) => {
                        self.restore();
                        return Read::Stopped(signal);
                    }
                    None => {}
                },
                Ok(read) => return read,
                Err(_) => return Read::End,
            }
        }
    }

    /// Keeps a line to go back to.
    pub(super) fn keep(&self, line: &str) {
        let _ = self.orders.send(Order::Keep(line.to_owned()));
    }

    /// Lines are edited by these keys.
    pub(super) fn edit_by(&self, keys: Keys) {
        let _ = self.orders.send(Order::Keys(keys));
    }

    /// The terminal is given back as it was, in the midst of a line.
    fn restore(&self) {
        if let Some((terminal, before)) = &self.terminal {
            let _ = tcsetattr(terminal, OptionalActions::Now, before);
            // What is pasted is not bracketed any more.
            let mut terminal: &File = terminal;
            let _ = terminal.write_all(b"\x1b[?2004l\r\n");
        }
    }
}

/// Lines of standard input.
fn take(orders: &Receiver<Order>, finder: &Sender<Read>) -> Result<(), String> {
    let mut input = io::stdin().lock();
    for order in orders {
        if !matches!(order, Order::Read(_)) {
            continue;
        }
        let mut line = Vec::new();
        let read = input.read_until(b'\n', &mut line).map_err(|error| plain(&error))?;
        let line = String::from_utf8(line).map_err(|_| "a line is not UTF-8".to_owned())?;
        let line = line.strip_suffix('\n').unwrap_or(&line);
        let found = match read {
            0 => Read::End,
            _ => Read::Line(line.strip_suffix('\r').unwrap_or(line).to_owned()),
        };
        if finder.send(found).is_err() {
            break;
        }
    }
    Ok(())
}

/// Lines of a terminal.
fn edit(mut words: Words, lines: Vec<String>, orders: &Receiver<Order>, finder: &Sender<Read>) -> Result<(), String> {
    let config = Config::builder()
        .behavior(Behavior::PreferTerm)
        .completion_type(CompletionType::List)
        .build();
    let history = MemHistory::with_config(&config);
    let mut editor: Editor<Words, MemHistory> =
        Editor::with_history(config, history).map_err(|error| error.to_string())?;
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
                Ok(line) => Read::Line(line),
                Err(ReadlineError::Interrupted) => Read::Discarded,
                Err(ReadlineError::Eof) => Read::End,
                Err(ReadlineError::Io(error)) => Read::Failed(plain(&error)),
                Err(error) => Read::Failed(error.to_string()),
            },
        };
        if finder.send(found).is_err() {
            break;
        }
    }
    Ok(())
}
