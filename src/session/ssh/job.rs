//! One command on a session: the input that it still has to be sent, its output, and its end.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::exit::{Exit, Stream};
use crate::io_error::plain;
use crate::session::feed::Feed;
use crate::session::{Command, JobId, Ladder, Report, Rung, SessionId};
use crate::source::{Source, text};

use super::beginning::{Beginning, CommandInput, Sorted};
use super::channel::{Channel, Trouble};
use super::ending::{EndingStep, JobEnding};
use super::errand::Errand;

/// The byte that a terminal takes for Ctrl-C.
const ETX: &[u8] = b"\x03";

/// The longest time for which input is sent before orders are heard again: a server may take it as fast as it can be encrypted.
const TURN: Duration = Duration::from_millis(100);

/// The time between two reports of how much input was sent.
const TELLING: Duration = Duration::from_millis(500);

/// The words about a command that had done nothing when the connection was lost.
pub(super) const NOT_STARTED: &str = "before the command was started";

/// The progress of a command towards running.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum JobState {
    /// It has no channel yet.
    Waiting,
    /// It has a channel; a terminal is requested next, if it needs one.
    Terminal,
    /// The command is requested next, or its request is on its way.
    Sent,
    /// The server has started it.
    Running,
}

/// The time that the output of a command that has ended may stay open in silence before that is reported.
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

pub(super) struct SshJob {
    /// The job's number; `None` for a command of capr's own, which is not reported.
    pub(super) id: Option<JobId>,
    /// The errand that a command of capr's own is for.
    pub(super) errand: Option<Errand>,
    line: String,
    /// The mark that shows where the command's own output begins; `None` if there is no mark.
    beginning: Option<Beginning>,
    terminal: Option<crate::session::Terminal>,
    state: JobState,
    channel: Option<Channel>,
    started: Instant,
    input: Feed,
    end_of_input: EndOfInput,
    /// The reason why not all of the input was sent.
    unsent: Option<String>,
    /// The number of input bytes that was last reported, and when the next report is due; `None` if nothing is reported.
    told: Option<(u64, Instant)>,
    /// True if input was left only because the turn was over.
    has_more: bool,
    pub(super) ending: JobEnding,
    timeout: Option<Duration>,
    /// The state after the command itself has ended while its output stays open; this is reported once.
    lingers: Lingers,
    /// The steps against a command that has run too long, or whose input cannot be sent.
    ladder: Ladder,
}

impl SshJob {
    pub(super) fn new(id: Option<JobId>, command: Command, is_root: Option<bool>) -> Self {
        let started = Instant::now();
        let is_on_terminal = command.terminal.is_some();
        let beginning = (!command.is_plain).then(|| {
            Beginning::new(match &command.input {
                _ if is_on_terminal => CommandInput::Terminal,
                input if input.source.length() > 0 || !input.then_end => CommandInput::Given,
                _ => CommandInput::Nothing,
            })
        });
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
            state: JobState::Waiting,
            channel: None,
            started,
            input,
            end_of_input: EndOfInput::No,
            unsent: None,
            has_more: false,
            told: command.input.is_told.then_some((0, started + TELLING)),
            ending: JobEnding::new(is_on_terminal, command.sudo, is_root),
            lingers: Lingers::No,
            timeout: command.timeout,
            ladder: Ladder::due_at(command.timeout.and_then(|timeout| started.checked_add(timeout))),
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

    /// Returns how much of the input was sent, if that is to be reported now.
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

    /// Marks the input as complete. A terminal has no end of input, and later signals to it travel as input.
    pub(super) fn end_input(&mut self) {
        if self.end_of_input == EndOfInput::No {
            self.end_of_input = match self.terminal {
                Some(_) => EndOfInput::Sent,
                None => EndOfInput::Wanted,
            };
        }
    }

    /// Hands output to the errand, if the job has one.
    pub(super) fn hear(&mut self, bytes: &[u8]) {
        if let Some(errand) = &mut self.errand {
            errand.hear(bytes);
        }
    }

    /// Returns true if the process that the server has started for the command is still alive, as far as is known.
    pub(super) fn leads(&self) -> bool {
        let channel = self.channel.as_ref();
        channel.is_some_and(|channel| channel.exit_status().is_none() && channel.exit_signal().is_none())
    }

    pub(super) fn needs_channel(&self) -> bool {
        self.channel.is_none()
    }

    pub(super) fn is_running(&self) -> bool {
        self.state == JobState::Running
    }

    /// Returns how far the command has come, in words that follow the reason why the connection was lost.
    pub(super) fn moment(&self) -> &'static str {
        match self.state {
            JobState::Waiting => NOT_STARTED,
            JobState::Terminal | JobState::Sent => "while the command was started",
            JobState::Running => "while the command ran",
        }
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    pub(super) fn give(&mut self, channel: Channel) {
        self.channel = Some(channel);
        self.state = if self.terminal.is_some() {
            JobState::Terminal
        } else {
            JobState::Sent
        };
    }

    pub(super) fn take_channel(&mut self) -> Option<Channel> {
        self.channel.take()
    }

    /// Sends the requests that are still missing until the command runs. `Err(Ok(reason))` means that the server refused one.
    pub(super) fn start(&mut self) -> Result<(), Result<&'static str, Trouble>> {
        let Some(channel) = &mut self.channel else {
            return Err(Err(Trouble::WouldBlock));
        };
        if self.state == JobState::Terminal {
            if let Some(terminal) = self.terminal {
                channel.request_terminal(terminal).map_err(|trouble| match trouble {
                    Trouble::Denied(_) => Ok("the server gives no terminal"),
                    trouble => Err(trouble),
                })?;
            }
            self.state = JobState::Sent;
        }
        if self.state == JobState::Sent {
            channel.exec(&self.line).map_err(|trouble| match trouble {
                Trouble::Denied(code) if code == libssh2_sys::LIBSSH2_ERROR_CHANNEL_REQUEST_DENIED => {
                    Ok("the server refused the command")
                }
                Trouble::Denied(_) => Ok("the command line is longer than a server takes (32 KB); send it as input"),
                trouble => Err(trouble),
            })?;
            self.state = JobState::Running;
            self.ending.begin(Instant::now());
        }
        Ok(())
    }

    /// Sends signals and input, as much as can be sent now.
    pub(super) fn feed(&mut self) -> Result<(), Trouble> {
        // The rest of a packet that was sent in part has to go first, so the input comes before signals.
        let sent = self.send();
        let is_interrupted = self.end(Instant::now())?;
        if is_interrupted && sent.is_ok() {
            self.send()
        } else {
            sent
        }
    }

    /// Takes the steps towards the command's end that are due; returns true if one of them has added input.
    fn end(&mut self, now: Instant) -> Result<bool, Trouble> {
        let leads = self.leads();
        let Some(channel) = &mut self.channel else {
            return Ok(false);
        };
        let mut is_interrupted = false;
        while let Some(step) = self.ending.due(now) {
            let sent = match step {
                EndingStep::Signal(_) | EndingStep::HangUp | EndingStep::Interrupt if !leads => Ok(()),
                EndingStep::Signal(signal) => channel.signal(signal.name()),
                EndingStep::HangUp => channel.signal("HUP"),
                EndingStep::Interrupt => {
                    self.input.cut();
                    self.input.push(text(ETX));
                    is_interrupted = true;
                    Ok(())
                }
                EndingStep::Again => Ok(()),
                EndingStep::Close => break,
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
        // The command must not take a part of its input for all of it, so the end of input is not sent.
        if self.unsent.is_some() && self.terminal.is_none() {
            return Ok(());
        }
        let sent = send_input(channel, &mut self.input, &mut self.end_of_input);
        self.has_more = matches!(sent, Ok(Sent::Part));
        match sent {
            Ok(Sent::Part | Sent::All) => Ok(()),
            Ok(Sent::Unreadable(reason)) => {
                self.unsent = Some(reason);
                self.input.clear();
                self.ladder.begin(Instant::now());
                Ok(())
            }
            // The command reads no more, so the rest of its input is of no use.
            Err(Trouble::Denied(_)) => {
                self.input.clear();
                self.end_of_input = EndOfInput::Sent;
                Ok(())
            }
            Err(trouble) => Err(trouble),
        }
    }

    /// Reads both streams until there is no more for now, or until `take` returns false. Output from before the command began
    /// goes to `before`.
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

    /// Returns how the command ended, once that and the end of its output are known. A command that leaves a child behind which
    /// holds its output open goes on until the child closes it, as with Capistrano: the child's output is not lost.
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
            // The exit status may have arrived with the data that was just read.
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

    /// Returns the output that was held back: output from before the command began, and standard error.
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

    /// Returns the exit as it is to be reported: processes that the command started may still run, and a command that has not
    /// begun has not ended well.
    pub(super) fn told(&self, exit: Exit, user: &str) -> Exit {
        let has_begun = self.beginning.as_ref().is_none_or(Beginning::has_begun);
        match exit {
            Exit::Lost(_) => exit,
            Exit::Status(_) | Exit::Signal(_) | Exit::Unknown if !has_begun && !self.ending.is_ordered() => {
                Exit::Refused(format!("the login shell of {user} did not run the command ({exit})"))
            }
            _ if self.ending.is_lost() => Exit::Unended(self.passed_timeout()),
            Exit::Cancelled | Exit::Unended(_) => exit,
            _ if self.ending.is_blind() => Exit::Unsearched(Box::new(exit)),
            _ => exit,
        }
    }

    /// Returns the reason if capr itself ended the command.
    fn ended_by_us(&self) -> Option<Exit> {
        match &self.unsent {
            Some(reason) => Some(Exit::Unsent(reason.clone())),
            None => self.passed_timeout().map(Exit::TimedOut),
        }
    }

    /// Returns the time limit of the command if it has passed.
    fn passed_timeout(&self) -> Option<Duration> {
        self.timeout.filter(|_| self.ladder.has_begun())
    }

    /// Returns the time at which [`SshJob::hurry`] or [`SshJob::lingers`] has to be called next.
    pub(super) fn next_step(&self) -> Option<Instant> {
        let told = match self.lingers {
            Lingers::Since(since) => Some(since + LINGERING),
            _ => None,
        };
        let errand = self.errand.as_ref().and_then(Errand::rest);
        // A command without a channel waits for one, and nothing else can be done against it.
        let ladder = self.ladder.next().filter(|_| self.channel.is_some());
        let more = self.has_more.then(Instant::now);
        let steps = [ladder, self.ending.next(), told, errand, more];
        steps.into_iter().flatten().min()
    }

    /// Returns true, once, when the command has ended and something has held its output open for a while.
    pub(super) fn lingers(&mut self, now: Instant) -> bool {
        let lingers = matches!(self.lingers, Lingers::Since(since) if since + LINGERING <= now);
        if lingers {
            self.lingers = Lingers::Told;
        }
        lingers
    }

    /// Ends a command that has run too long or whose input cannot be sent, step by step. Returns `Some` when no step has helped
    /// and its channel is to be closed.
    pub(super) fn hurry(&mut self, now: Instant) -> Option<Exit> {
        if self.ending.closes(now) {
            return Some(Exit::Unended(self.passed_timeout()));
        }
        self.ending.stop_asking(now);
        self.channel.as_ref()?;
        match self.ladder.due(now)? {
            Rung::Signal(signal) => {
                self.ending.signal(signal);
                None
            }
            Rung::LetGo => self.ended_by_us().map(|exit| match exit {
                Exit::TimedOut(after) => Exit::Unended(Some(after)),
                exit => exit,
            }),
        }
    }
}

/// The part of the input that was sent.
enum Sent {
    All,
    /// The turn has lasted long enough.
    Part,
    /// The rest cannot be sent, for this reason.
    Unreadable(String),
}

/// Sends input for a turn, or as much as the server takes.
fn send_input(channel: &mut Channel, input: &mut Feed, end_of_input: &mut EndOfInput) -> Result<Sent, Trouble> {
    let until = Instant::now() + TURN;
    loop {
        let rest = match input.rest() {
            Ok([]) => break,
            Ok(_) if Instant::now() >= until => return Ok(Sent::Part),
            Ok(rest) => rest,
            Err(error) => return Ok(Sent::Unreadable(plain(&error))),
        };
        match channel.write(rest)? {
            // The command reads more slowly than we write.
            0 => return Err(Trouble::WouldBlock),
            count => input.take(count),
        }
    }
    if *end_of_input == EndOfInput::Wanted {
        channel.send_eof()?;
        *end_of_input = EndOfInput::Sent;
    }
    Ok(Sent::All)
}
