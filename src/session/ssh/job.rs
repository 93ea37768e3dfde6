//! One command on a session: what it still has to be sent, what it has said, how it ended.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::exit::{Exit, Stream};
use crate::io_error::plain;
use crate::session::feed::Feed;
use crate::session::{Command, JobId, JobSignal, Report, SessionId};
use crate::source::{Source, text};

use super::beginning::{Beginning, Sorted};
use super::channel::{Channel, Trouble};
use super::ending::{Ending, Step};
use super::errand::Errand;

/// What a terminal takes for Ctrl-C.
const ETX: &[u8] = b"\x03";

/// How often it is told how much was sent.
const TELLING: Duration = Duration::from_millis(500);

/// When a connection was lost: this command has done nothing.
pub(super) const NOT_STARTED: &str = "before the command was started";

/// How far a command has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// It has no channel yet.
    Waiting,
    /// A terminal was asked for.
    Terminal,
    /// It was sent.
    Sent,
    /// The server has started it.
    Running,
}

/// How long the output of a command that has ended may go on in silence before that is told.
const LINGERING: Duration = Duration::from_secs(3);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Lingers {
    No,
    Since(Instant),
    Told,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum EndOfInput {
    No,
    Wanted,
    Sent,
}

pub(super) struct Job {
    /// None: a command of our own, of which nothing is told.
    pub(super) id: Option<JobId>,
    /// What a command of our own is for.
    pub(super) errand: Option<Errand>,
    line: String,
    /// What tells that it has begun; None: nothing does.
    beginning: Option<Beginning>,
    terminal: Option<crate::session::Terminal>,
    stage: Stage,
    channel: Option<Channel>,
    started: Instant,
    input: Feed,
    end_of_input: EndOfInput,
    /// Why not all of the input was sent.
    unsent: Option<String>,
    /// How much of the input was told to be sent, and when more is to be told; None: nothing is told.
    told: Option<(u64, Instant)>,
    pub(super) ending: Ending,
    timeout: Option<Duration>,
    /// The command has ended but not its output: when that is to be told.
    lingers: Lingers,
    /// When the next step against a command that is to end is due.
    next_step: Option<Instant>,
    steps: usize,
}

impl Job {
    pub(super) fn new(id: Option<JobId>, command: Command, is_root: Option<bool>) -> Self {
        let started = Instant::now();
        let is_on_terminal = command.terminal.is_some();
        let reads = command.input.source.length() > 0 || !command.input.then_end;
        let beginning = (!command.is_plain).then(|| Beginning::new(reads, is_on_terminal));
        let mut input = Feed::new(command.input.source);
        if let Some(guard) = beginning.as_ref().and_then(Beginning::guard) {
            input.guard(text(guard.into_bytes()));
        }
        let mut job = Self {
            id,
            errand: None,
            line: match &beginning {
                Some(beginning) => beginning.line(&command.line, is_on_terminal),
                None => command.line,
            },
            beginning,
            terminal: command.terminal,
            stage: Stage::Waiting,
            channel: None,
            started,
            input,
            end_of_input: EndOfInput::No,
            unsent: None,
            told: command.input.is_told.then_some((0, started + TELLING)),
            ending: Ending::new(is_on_terminal, command.sudo, is_root),
            lingers: Lingers::No,
            timeout: command.timeout,
            next_step: command.timeout.and_then(|timeout| started.checked_add(timeout)),
            steps: 0,
        };
        if command.input.then_end {
            job.end_input();
        }
        job
    }

    pub(super) fn give_input(&mut self, source: Arc<dyn Source>) {
        if self.end_of_input == EndOfInput::No {
            self.input.push(source);
        }
    }

    /// How much of the input was sent, where that is to be told now.
    pub(super) fn progress(&mut self, now: Instant) -> Option<u64> {
        let (told, next) = self.told.as_mut()?;
        let given = self.input.given();
        let ended = self.end_of_input == EndOfInput::Sent;
        if given == *told || (now < *next && !ended) {
            return None;
        }
        (*told, *next) = (given, now + TELLING);
        Some(given)
    }

    /// A terminal knows no end of input, and what it is to be told later must still reach it.
    pub(super) fn end_input(&mut self) {
        if self.end_of_input == EndOfInput::No {
            self.end_of_input = match self.terminal {
                Some(_) => EndOfInput::Sent,
                None => EndOfInput::Wanted,
            };
        }
    }

    /// What one of our own says.
    pub(super) fn hear(&mut self, bytes: &[u8]) {
        if let Some(errand) = &mut self.errand {
            errand.hear(bytes);
        }
    }

    /// Whether the process that the server has started for it lives, as far as is known.
    pub(super) fn leads(&self) -> bool {
        let channel = self.channel.as_ref();
        channel.is_some_and(|channel| channel.exit_status().is_none() && channel.exit_signal().is_none())
    }

    pub(super) fn needs_channel(&self) -> bool {
        self.channel.is_none()
    }

    pub(super) fn is_running(&self) -> bool {
        self.stage == Stage::Running
    }

    /// How far it has come, to be told with the reason why it will come no further.
    pub(super) fn moment(&self) -> &'static str {
        match self.stage {
            Stage::Waiting => NOT_STARTED,
            Stage::Terminal | Stage::Sent => "while the command was started",
            Stage::Running => "while the command ran",
        }
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    pub(super) fn give(&mut self, channel: Channel) {
        self.channel = Some(channel);
        self.stage = if self.terminal.is_some() {
            Stage::Terminal
        } else {
            Stage::Sent
        };
    }

    pub(super) fn take_channel(&mut self) -> Option<Channel> {
        self.channel.take()
    }

    /// Asks for what is missing until the command runs. `Err(Ok(reason))`: the server does not want to.
    pub(super) fn start(&mut self) -> Result<(), Result<&'static str, Trouble>> {
        let Some(channel) = &mut self.channel else {
            return Err(Err(Trouble::WouldBlock));
        };
        if self.stage == Stage::Terminal {
            if let Some(terminal) = self.terminal {
                channel.request_terminal(terminal).map_err(|trouble| match trouble {
                    Trouble::Denied(_) => Ok("the server gives no terminal"),
                    trouble => Err(trouble),
                })?;
            }
            self.stage = Stage::Sent;
        }
        if self.stage == Stage::Sent {
            channel.exec(&self.line).map_err(|trouble| match trouble {
                Trouble::Denied(code) if code == libssh2_sys::LIBSSH2_ERROR_CHANNEL_REQUEST_DENIED => {
                    Ok("the server refused the command")
                }
                Trouble::Denied(_) => Ok("the command line is longer than a server takes (32 KB); send it as input"),
                trouble => Err(trouble),
            })?;
            self.stage = Stage::Running;
            self.ending.begin(Instant::now());
        }
        Ok(())
    }

    /// Sends signals and input, as much as goes out now.
    pub(super) fn feed(&mut self) -> Result<(), Trouble> {
        // Input first where a part of it is already under way, since that has to be completed.
        let sent = self.send();
        let is_interrupted = self.end(Instant::now())?;
        if is_interrupted && sent.is_ok() {
            self.send()
        } else {
            sent
        }
    }

    /// Takes the steps to its end that are due; true where there is new input.
    fn end(&mut self, now: Instant) -> Result<bool, Trouble> {
        let leads = self.leads();
        let Some(channel) = &mut self.channel else {
            return Ok(false);
        };
        let mut is_interrupted = false;
        while let Some(step) = self.ending.due(now) {
            let sent = match step {
                Step::Signal(_) | Step::HangUp | Step::Interrupt if !leads => Ok(()),
                Step::Signal(signal) => channel.signal(signal.name()),
                Step::HangUp => channel.signal("HUP"),
                Step::Interrupt => {
                    self.input.cut();
                    self.input.push(text(ETX));
                    is_interrupted = true;
                    Ok(())
                }
                Step::Again => Ok(()),
                Step::Close => break,
            };
            if let Err(trouble @ (Trouble::WouldBlock | Trouble::Broken(_))) = sent {
                self.ending.block();
                return Err(trouble);
            }
            self.ending.done(leads);
        }
        Ok(is_interrupted)
    }

    fn send(&mut self) -> Result<(), Trouble> {
        let Some(channel) = &mut self.channel else {
            return Ok(());
        };
        // It must not take what it has for the whole.
        if self.unsent.is_some() && self.terminal.is_none() {
            return Ok(());
        }
        match send_input(channel, &mut self.input, &mut self.end_of_input) {
            Ok(None) => Ok(()),
            Ok(Some(reason)) => {
                self.unsent = Some(reason);
                self.input.clear();
                self.next_step = Some(Instant::now());
                Ok(())
            }
            // It reads no more; what is left of its input is of no use.
            Err(Trouble::Denied(_)) => {
                self.input.clear();
                self.end_of_input = EndOfInput::Sent;
                Ok(())
            }
            Err(trouble) => Err(trouble),
        }
    }

    /// Reads both streams until there is no more for now, or until `take` says stop. What was said before the command began goes
    /// to `before`.
    pub(super) fn read(
        &mut self,
        buffer: &mut [u8],
        before: &mut dyn FnMut(Vec<u8>),
        take: &mut dyn FnMut(Stream, &[u8]) -> bool,
    ) -> Result<(), Trouble> {
        let Some(channel) = &mut self.channel else {
            return Ok(());
        };
        loop {
            let mut read = false;
            for stream in [Stream::Out, Stream::Err] {
                match channel.read(stream, buffer) {
                    Ok(0) => {}
                    Ok(count) => {
                        read = true;
                        if let Lingers::Since(_) = self.lingers {
                            self.lingers = Lingers::No;
                        }
                        let bytes = buffer.get(..count).unwrap_or_default();
                        let sorted = match &mut self.beginning {
                            Some(beginning) => beginning.take(stream, bytes),
                            None => Sorted::own(bytes),
                        };
                        if !sorted.before.is_empty() {
                            before(sorted.before);
                        }
                        if !sorted.own.is_empty() && !take(stream, sorted.own) {
                            return Err(Trouble::WouldBlock);
                        }
                    }
                    Err(Trouble::WouldBlock) => {}
                    Err(trouble) => return Err(trouble),
                }
            }
            if !read {
                return Ok(());
            }
        }
    }

    /// How it ended, once that and the end of its output are known. A command that left a child behind which holds its
    /// output open goes on until that closes it, as with Capistrano: the child's words are not lost.
    pub(super) fn outcome(&mut self) -> Result<Option<Exit>, Trouble> {
        let Some(channel) = &mut self.channel else {
            return Ok(None);
        };
        if !channel.at_eof() {
            if self.lingers == Lingers::No && self.known_exit().is_some() {
                self.lingers = Lingers::Since(Instant::now());
            }
            return Ok(None);
        }
        if let Some(exit) = self.known_exit() {
            return Ok(Some(exit));
        }
        let Some(channel) = &mut self.channel else {
            return Ok(None);
        };
        match channel.wait_closed() {
            // The status may have come with what was just read.
            Ok(()) => Ok(Some(self.known_exit().unwrap_or(Exit::Unknown))),
            Err(Trouble::WouldBlock) => Ok(None),
            Err(trouble) => Err(trouble),
        }
    }

    fn known_exit(&self) -> Option<Exit> {
        let channel = self.channel.as_ref()?;
        let exit = match channel.exit_status() {
            Some(status) => Exit::Status(status),
            None => Exit::Signal(channel.exit_signal()?),
        };
        Some(self.ended_by_us().unwrap_or(exit))
    }

    /// What was held back of its output: what was said before it began, and standard error.
    pub(super) fn rest(&mut self, session: SessionId, id: JobId) -> Vec<Report> {
        let Some(beginning) = &mut self.beginning else {
            return Vec::new();
        };
        let (out, err) = beginning.rest();
        let (before, err) = match beginning.has_begun() {
            true => (out, err),
            false => ([out, err].concat(), Vec::new()),
        };
        let before = (!before.is_empty()).then(|| Report::Before(session, id, before));
        let err = (!err.is_empty()).then(|| Report::Output(session, id, Stream::Err, err));
        before.into_iter().chain(err).collect()
    }

    /// How its end is to be told: what it has started may still run, and what has not begun has not ended well.
    pub(super) fn told(&self, exit: Exit, user: &str) -> Exit {
        let has_begun = self.beginning.as_ref().is_none_or(Beginning::has_begun);
        match exit {
            Exit::Lost(_) => exit,
            Exit::Status(_) | Exit::Signal(_) | Exit::Unknown if !has_begun && !self.ending.is_ordered() => {
                Exit::Refused(format!("the login shell of {user} did not run the command ({exit})"))
            }
            _ if self.ending.is_lost() => Exit::Unended(self.timeout.filter(|_| self.steps > 0)),
            Exit::Cancelled | Exit::Unended(_) => exit,
            _ if self.ending.is_blind() => Exit::Unsearched(Box::new(exit)),
            _ => exit,
        }
    }

    /// Why it was told to end, if it was.
    fn ended_by_us(&self) -> Option<Exit> {
        match &self.unsent {
            Some(reason) => Some(Exit::Unsent(reason.clone())),
            None => self.timeout.filter(|_| self.steps > 0).map(Exit::TimedOut),
        }
    }

    /// When [`Job::hurry`] or [`Job::lingers`] is to be called next.
    pub(super) fn next_step(&self) -> Option<Instant> {
        let told = match self.lingers {
            Lingers::Since(since) => Some(since + LINGERING),
            _ => None,
        };
        let errand = self.errand.as_ref().and_then(Errand::rest);
        let steps = [self.next_step, self.ending.next(), told, errand];
        steps.into_iter().flatten().min()
    }

    /// Whether the command has ended and something holds its output open; true once.
    pub(super) fn lingers(&mut self, now: Instant) -> bool {
        let lingers = matches!(self.lingers, Lingers::Since(since) if since + LINGERING <= now);
        if lingers {
            self.lingers = Lingers::Told;
        }
        lingers
    }

    /// Ends a command that has run too long or whose input cannot be sent, step by step; `Some` when nothing has
    /// helped: its channel is to be closed.
    pub(super) fn hurry(&mut self, now: Instant) -> Option<Exit> {
        if self.ending.closes(now) {
            return Some(Exit::Unended(self.timeout.filter(|_| self.steps > 0)));
        }
        self.ending.stop_asking(now);
        if self.next_step.is_none_or(|due| due > now) {
            return None;
        }
        match JobSignal::LADDER.get(self.steps).filter(|_| self.channel.is_some()) {
            Some(&signal) => {
                self.ending.signal(signal);
                self.steps += 1;
                self.next_step = Some(now + signal.patience());
                None
            }
            None => self.ended_by_us().map(|exit| match exit {
                Exit::TimedOut(after) => Exit::Unended(Some(after)),
                exit => exit,
            }),
        }
    }
}

/// `Some`: why the rest cannot be sent.
fn send_input(
    channel: &mut Channel,
    input: &mut Feed,
    end_of_input: &mut EndOfInput,
) -> Result<Option<String>, Trouble> {
    loop {
        let rest = match input.rest() {
            Ok([]) => break,
            Ok(rest) => rest,
            Err(error) => return Ok(Some(plain(&error))),
        };
        match channel.write(rest)? {
            // The command reads slower than we write.
            0 => return Err(Trouble::WouldBlock),
            count => input.take(count),
        }
    }
    if *end_of_input == EndOfInput::Wanted {
        channel.send_eof()?;
        *end_of_input = EndOfInput::Sent;
    }
    Ok(None)
}
