//! Asks the person on the terminal itself, whatever the streams are redirected to.

use std::fs::File;
use std::io::{self, IsTerminal, Read, Write};
use std::os::fd::AsFd;
use std::sync::Arc;

use rustix::event::PollFlags;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

use crate::interrupt::Interrupt;
use crate::recipe::Prompts;
use crate::report::{Clean, Console};
use crate::secret::{Redactor, Secret};
use crate::unanswered::Unanswered;
use crate::wake::Wake;

const NO_TERMINAL: &str = "no terminal to ask on; set the variable in the recipe, from a file or ENV";

/// The most bytes of a line that a terminal gives.
const LONGEST_LINE: usize = 4096;

/// Prompts on `/dev/tty`.
pub(super) struct TerminalPrompts {
    console: Console,
    redactor: Redactor,
    interrupt: Interrupt,
    /// Rings when a stop request is raised.
    woken: Arc<Wake>,
}

impl TerminalPrompts {
    pub(super) fn new(console: Console, redactor: Redactor, interrupt: Interrupt) -> io::Result<Self> {
        let woken = Arc::new(Wake::new()?);
        let waker = Arc::clone(&woken);
        interrupt.on_raise(move |_| waker.ring());
        Ok(Self {
            console,
            redactor,
            interrupt,
            woken,
        })
    }

    fn ask_silently(&self, prompt: &str) -> Result<Secret, Unanswered> {
        let terminal = File::options()
            .read(true)
            .write(true)
            .open("/dev/tty")
            .map_err(|_| Unanswered::nobody(NO_TERMINAL))?;
        let silence = Silence::begin(&terminal).map_err(|_| Unanswered::nobody(NO_TERMINAL))?;
        let answer = self.ask(&terminal, &self.console.cleaned(prompt));
        drop(silence);
        // The line end was not shown, either.
        let _ = (&terminal).write_all(b"\n");
        answer.map(Secret::new)
    }

    fn ask(&self, mut terminal: &File, prompt: &Clean) -> Result<String, Unanswered> {
        terminal.write_all(prompt.as_str().as_bytes())?;
        let line = self.read_line(terminal)?;
        let answer = std::str::from_utf8(&line).map_err(|_| Unanswered::nobody("the answer is not UTF-8"))?;
        Ok(answer.to_owned())
    }

    /// Reads up to a line end; a stop request ends it.
    fn read_line(&self, terminal: &File) -> Result<Zeroizing<Vec<u8>>, Unanswered> {
        // A line of a terminal fits into this buffer, so it never moves; a move would leave a copy of the secret.
        let mut line = Zeroizing::new(Vec::with_capacity(LONGEST_LINE));
        let mut bytes = Zeroizing::new([0; 256]);
        loop {
            if let Some(signal) = self.interrupt.pending() {
                return Err(Unanswered::Interrupted(signal));
            }
            let terminal_fd = (terminal.as_fd(), PollFlags::IN);
            let woken = self.woken.wait(Some(terminal_fd), std::iter::empty(), None);
            if !woken.socket || self.interrupt.pending().is_some() {
                continue;
            }
            let read = match (&*terminal).read(&mut *bytes) {
                Ok(read) => bytes.get(..read).unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error.into()),
            };
            line.extend_from_slice(read);
            if line.pop_if(|last| *last == b'\n').is_some() {
                return Ok(line);
            }
            if read.is_empty() {
                return if line.is_empty() {
                    Err(Unanswered::nobody("no answer"))
                } else {
                    Ok(line)
                };
            }
        }
    }
}

impl Prompts for TerminalPrompts {
    fn secret(&mut self, prompt: &str) -> Result<Secret, Unanswered> {
        self.console.make_room();
        let secret = self.ask_silently(prompt)?;
        self.redactor.add(&secret);
        Ok(secret)
    }

    fn can_ask(&self) -> bool {
        File::options().read(true).write(true).open("/dev/tty").is_ok()
    }

    fn question(&mut self, prompt: &str) -> Result<Option<String>, Unanswered> {
        // If the input is redirected, nobody may be there to answer.
        if !io::stdin().is_terminal() {
            return Ok(None);
        }
        let Ok(terminal) = File::options().read(true).write(true).open("/dev/tty") else {
            return Ok(None);
        };
        self.console.make_room();
        let answer = self.ask(&terminal, &self.console.cleaned(prompt));
        if answer.is_err() {
            // Nobody has ended the line of the question.
            let _ = (&terminal).write_all(b"\n");
        }
        answer.map(Some)
    }
}

/// A terminal that does not show what is typed, as long as this value lives.
struct Silence<'a> {
    terminal: &'a File,
    before: Termios,
}

impl<'a> Silence<'a> {
    fn begin(terminal: &'a File) -> io::Result<Self> {
        let before = tcgetattr(terminal)?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO | LocalModes::ECHONL);
        silent.local_modes.insert(LocalModes::ICANON | LocalModes::ISIG);
        tcsetattr(terminal, OptionalActions::Flush, &silent)?;
        Ok(Self { terminal, before })
    }
}

impl Drop for Silence<'_> {
    fn drop(&mut self) {
        let _ = tcsetattr(self.terminal, OptionalActions::Now, &self.before);
    }
}
