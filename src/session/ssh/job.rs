//! One command on a session: what it still has to be sent, what it has said, how it ended.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::exit::{Exit, Stream};
use crate::session::{Command, JobId, JobSignal};

use super::channel::{Channel, Trouble};

/// How a command that has run too long is ended, and how long each step may take.
const LADDER: [(JobSignal, Duration); 3] = [
    (JobSignal::Int, Duration::from_secs(2)),
    (JobSignal::Term, Duration::from_secs(3)),
    (JobSignal::Kill, Duration::from_secs(2)),
];

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

struct Chunk {
    bytes: Arc<[u8]>,
    sent: usize,
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
    line: String,
    terminal: Option<crate::session::Terminal>,
    stage: Stage,
    channel: Option<Channel>,
    started: Instant,
    input: VecDeque<Chunk>,
    end_of_input: EndOfInput,
    signals: VecDeque<JobSignal>,
    signalled: Option<JobSignal>,
    timeout: Option<Duration>,
    /// When the next step against a command that runs too long is due.
    next_step: Option<Instant>,
    steps: usize,
}

impl Job {
    pub(super) fn new(id: Option<JobId>, command: Command) -> Self {
        let started = Instant::now();
        let mut job = Self {
            id,
            line: command.line,
            terminal: command.terminal,
            stage: Stage::Waiting,
            channel: None,
            started,
            input: VecDeque::new(),
            end_of_input: EndOfInput::No,
            signals: VecDeque::new(),
            signalled: None,
            timeout: command.timeout,
            next_step: command.timeout.and_then(|timeout| started.checked_add(timeout)),
            steps: 0,
        };
        job.write(command.input.bytes);
        if command.input.then_end {
            job.end_input();
        }
        job
    }

    pub(super) fn write(&mut self, bytes: Arc<[u8]>) {
        if !bytes.is_empty() && self.end_of_input == EndOfInput::No {
            self.input.push_back(Chunk { bytes, sent: 0 });
        }
    }

    pub(super) fn end_input(&mut self) {
        if self.end_of_input == EndOfInput::No {
            self.end_of_input = EndOfInput::Wanted;
        }
    }

    pub(super) fn signal(&mut self, signal: JobSignal) {
        self.signals.push_back(signal);
    }

    /// The last signal that was sent, once.
    pub(super) fn take_signalled(&mut self) -> Option<JobSignal> {
        self.signalled.take()
    }

    pub(super) fn needs_channel(&self) -> bool {
        self.channel.is_none()
    }

    pub(super) fn is_running(&self) -> bool {
        self.stage == Stage::Running
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
        }
        Ok(())
    }

    /// Sends signals and input, as much as goes out now.
    pub(super) fn feed(&mut self) -> Result<(), Trouble> {
        let Some(channel) = &mut self.channel else {
            return Ok(());
        };
        // Input first where a part of it is already under way, since that has to be completed.
        let sent = send_input(channel, &mut self.input, &mut self.end_of_input);
        while let Some(&signal) = self.signals.front() {
            channel.signal(signal)?;
            self.signals.pop_front();
            self.signalled = Some(signal);
        }
        match sent {
            // It reads no more; what is left of its input is of no use.
            Err(Trouble::Denied(_)) => {
                self.input.clear();
                self.end_of_input = EndOfInput::Sent;
                Ok(())
            }
            sent => sent,
        }
    }

    /// Reads both streams until there is no more for now, or until `take` says stop.
    pub(super) fn read(
        &mut self,
        buffer: &mut [u8],
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
                        if !take(stream, buffer.get(..count).unwrap_or_default()) {
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
            Ok(()) => Ok(Some(self.known_exit().unwrap_or_else(|| {
                Exit::Lost("the server closed the command without an exit status".to_owned())
            }))),
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
        Some(self.or_timed_out(exit))
    }

    fn or_timed_out(&self, exit: Exit) -> Exit {
        match self.timeout {
            Some(timeout) if self.steps > 0 => Exit::TimedOut(timeout),
            _ => exit,
        }
    }

    /// When [`Job::hurry`] is to be called next.
    pub(super) fn next_step(&self) -> Option<Instant> {
        self.next_step
    }

    /// Ends a command that has run too long, step by step; `Some` when nothing has helped.
    pub(super) fn hurry(&mut self, now: Instant) -> Option<Exit> {
        if self.next_step.is_none_or(|due| due > now) {
            return None;
        }
        match LADDER.get(self.steps) {
            Some(&(signal, patience)) => {
                self.signals.push_back(signal);
                self.steps += 1;
                self.next_step = Some(now + patience);
                None
            }
            None => self.timeout.map(Exit::TimedOut),
        }
    }
}

fn send_input(
    channel: &mut Channel,
    input: &mut VecDeque<Chunk>,
    end_of_input: &mut EndOfInput,
) -> Result<(), Trouble> {
    while let Some(chunk) = input.front_mut() {
        let rest = chunk.bytes.get(chunk.sent..).unwrap_or_default();
        if rest.is_empty() {
            input.pop_front();
            continue;
        }
        match channel.write(rest)? {
            // The command reads slower than we write.
            0 => return Err(Trouble::WouldBlock),
            count => chunk.sent += count,
        }
    }
    if *end_of_input == EndOfInput::Wanted {
        channel.send_eof()?;
        *end_of_input = EndOfInput::Sent;
    }
    Ok(())
}
