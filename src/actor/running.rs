//! An action in flight, with the output of each of its servers so far.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use indexmap::{IndexMap, IndexSet};

use super::error::REFUSED;
use super::gate::Gate;
use super::silence::CommandSilence;
use super::sudo::{SudoFilter, SudoPart};
use super::teller::Teller;
use super::text::{Decoder, LineSplitter};
use super::{Accepts, Output, Piece};
use crate::configuration::Server;
use crate::diagnostic::ServerFailure;
use crate::event::{ActionId, Event};
use crate::exit::{Cause, Exit, Stream};
use crate::fanout::Flight;
use crate::journal::Begun;
use crate::secret::Secret;
use crate::session::{Command, Input, Ladder, Opening};

/// The number of last lines that an error shows.
const TAIL: usize = 10;

/// An action in flight. The caller calls [`super::Actor::next`] until it returns nothing, then [`super::Actor::finish`].
#[derive(Debug)]
pub(crate) struct RunningAction {
    pub(super) flight: Option<Flight>,
    /// Its step in the journal.
    pub(super) begun: Option<Begun>,
    pub(super) gate: Option<Gate>,
    pub(super) local: bool,
    pub(super) id: ActionId,
    pub(super) shown: String,
    pub(super) silent: bool,
    pub(super) accepts: Accepts,
    pub(super) output: Output,
    pub(super) most_captured: usize,
    pub(super) started: Instant,
    pub(super) heartbeat: Option<Duration>,
    /// The next time at which silent commands are looked for.
    pub(super) look: Option<Instant>,
    pub(super) jobs: Vec<ServerJob>,
    pub(super) pieces: VecDeque<Piece>,
}

/// The part of an action on one server.
#[derive(Debug)]
pub(super) struct ServerJob {
    pub server: Server,
    /// This server's own command as it is written in the recipe, if not all servers have the same.
    pub shown: Option<String>,
    /// True if the command has a terminal, so that standard error is mixed into standard output.
    pub terminal: bool,
    /// The progress of a transfer, if the action is one.
    pub transfer: Option<Transfer>,
    pub out: JobStream,
    pub err: JobStream,
    /// All of standard output, if it is kept.
    pub captured: String,
    /// The first lines of what the recipe has taken, if they are to be reported, and the number of those after them.
    pub taken: (Vec<(Stream, String)>, usize),
    /// The last lines of standard error.
    pub tail: VecDeque<String>,
    /// The last lines of standard output, unchanged.
    pub out_tail: VecDeque<String>,
    /// The output of the login shell in front of the command, unchanged.
    pub before: String,
    pub exit: Option<Exit>,
    pub silence: CommandSilence,
    /// The marks that are awaited before the command is given more input.
    pub opening: Option<Arc<Opening>>,
    /// The number of sudo's questions that were answered.
    pub answers: usize,
    /// The password that sudo was given last.
    pub sent: Option<Secret>,
    /// True if sudo has said, in words that we know, that it did not accept the password.
    pub refused: bool,
    /// True if sudo was given another password after a refused one.
    pub retried: bool,
    /// True if sudo is given no more passwords.
    pub denied: bool,
    /// The steps against the command since its output block has seen enough.
    pub closed: Option<Ladder>,
    /// The length of what was captured when sudo was given a password, in bytes.
    pub captured_before: usize,
    /// True if the script in front of the command has not let it begin.
    pub is_turned_away: bool,
}

/// The most lines that are reported of what a recipe has taken from one server by one action.
const TAKEN: usize = 1000;

impl ServerJob {
    /// Returns a job that has not begun; `shown` is its own command, if not all servers have the same.
    pub(super) fn new(server: Server, shown: Option<String>, command: &Command) -> Self {
        let Input { is_told, opening, .. } = &command.input;
        Self {
            server,
            shown,
            terminal: command.terminal.is_some(),
            transfer: is_told.then(|| Transfer::of(Some(command.input.length()))),
            out: JobStream::new(opening.as_deref()),
            err: JobStream::new(opening.as_deref()),
            captured: String::new(),
            taken: (Vec::new(), 0),
            tail: VecDeque::new(),
            out_tail: VecDeque::new(),
            before: String::new(),
            exit: None,
            silence: CommandSilence::new(Instant::now()),
            opening: opening.clone(),
            answers: 0,
            sent: None,
            refused: false,
            retried: false,
            denied: false,
            closed: None,
            captured_before: 0,
            is_turned_away: false,
        }
    }
}

/// The most that an error shows of one line, in bytes.
const LONGEST: usize = 4096;

fn shortened(mut line: String) -> String {
    if line.len() > LONGEST {
        let end = (0..=LONGEST).rev().find(|end| line.is_char_boundary(*end));
        line.truncate(end.unwrap_or(0));
        line.push_str(" …");
        line.shrink_to_fit();
    }
    line
}

/// The most that is kept of a login shell's output in front of a command, in bytes.
const LONGEST_BEFORE: usize = 64 * 1024;

/// The time between two reports of a transfer's progress.
const TELLING: Duration = Duration::from_millis(500);

/// The progress of a transfer.
#[derive(Debug)]
pub(super) struct Transfer {
    bytes: u64,
    total: Option<u64>,
    told: u64,
    next: Instant,
}

impl Transfer {
    pub(super) fn of(total: Option<u64>) -> Self {
        Self {
            bytes: 0,
            total,
            told: 0,
            next: Instant::now() + TELLING,
        }
    }
}

/// One stream of a job, from bytes to lines.
#[derive(Debug)]
pub(super) struct JobStream {
    decoder: Decoder,
    filter: Option<SudoFilter>,
    lines: LineSplitter,
}

impl JobStream {
    pub(super) fn new(opening: Option<&Opening>) -> Self {
        let filter = |opening: &Opening| {
            let started = opening.started.as_ref().map(|(mark, _)| mark.as_str());
            SudoFilter::new(&opening.mark, started)
        };
        Self {
            decoder: Decoder::default(),
            filter: opening.map(filter),
            lines: LineSplitter::default(),
        }
    }
}

impl ServerJob {
    /// Notes that sudo has started its command: nothing after this belongs to sudo.
    pub(super) fn started(&mut self) {
        let filters = [&mut self.out.filter, &mut self.err.filter];
        filters.into_iter().flatten().for_each(SudoFilter::end);
    }

    fn channel(&mut self, stream: Stream) -> &mut JobStream {
        match stream {
            Stream::Out => &mut self.out,
            Stream::Err => &mut self.err,
        }
    }

    /// Returns the line that has not ended yet, of the command or of the login shell before it.
    pub(super) fn unfinished(&self) -> Option<String> {
        let of = |channel: &JobStream| {
            let held = channel.filter.as_ref().map(SudoFilter::held).unwrap_or_default();
            format!("{}{held}", channel.lines.rest())
        };
        let before = self.before.rsplit('\n').next().unwrap_or_default();
        let lines = [of(&self.err), of(&self.out), before.to_owned()];
        lines.into_iter().find(|line| !line.trim().is_empty()).map(shortened)
    }

    /// Returns the captured output. A terminal turns each newline into two characters; this is undone.
    pub(super) fn text(&self) -> String {
        match self.terminal {
            true => self.captured.replace("\r\n", "\n"),
            false => self.captured.clone(),
        }
    }

    /// Returns true if the command has killed its own shell, and may do so.
    pub(super) fn has_killed_itself(&self, accepts: Accepts) -> bool {
        let by_signal = matches!(self.exit, Some(Exit::Signal(_)));
        // One that has seen enough was ended by capr.
        accepts.kills() && by_signal && self.closed.is_none()
    }

    /// Returns this server's part of the action's error.
    pub(super) fn failure(&self, accepts: Accepts) -> Option<ServerFailure> {
        let exit = self.exit.as_ref()?;
        // The command's output block has seen enough, or the command has not begun, so its exit status does not matter.
        if self.closed.is_some() || self.is_turned_away {
            return None;
        }
        if accepts.has(exit) {
            return None;
        }
        let reason = if self.denied {
            format!("{REFUSED} ({exit})")
        } else {
            exit.to_string()
        };
        Some(ServerFailure {
            common: None,
            server: self.server.clone(),
            cause: Some(Cause::Exit(exit.clone())),
            reason,
            stderr: self.tail.iter().cloned().collect(),
            stdout: match self.tail.is_empty() {
                true => self.out_tail.iter().cloned().collect(),
                false => Vec::new(),
            },
        })
    }
}

impl RunningAction {
    /// Returns the action's step in the journal, if it is kept.
    pub(crate) fn begun(&self) -> Option<Begun> {
        self.begun.clone()
    }

    /// Takes bytes of output. The command's own output is handled at once; marks and sudo's questions are returned.
    pub(super) fn receive(&mut self, index: usize, stream: Stream, bytes: &[u8], teller: &mut Teller) -> Vec<SudoPart> {
        let Some(job) = self.jobs.get_mut(index) else {
            return Vec::new();
        };
        job.silence.broken();
        if self.output == Output::Bytes && stream == Stream::Out {
            let transfer = job.transfer.get_or_insert_with(|| Transfer::of(None));
            transfer.bytes += bytes.len() as u64;
            self.pieces.push_back(Piece {
                index,
                server: job.server.clone(),
                stream,
                text: String::new(),
                bytes: bytes.to_vec(),
            });
            self.transferred(index, false, teller);
            return Vec::new();
        }
        let answered = job.sent.is_some();
        let channel = job.channel(stream);
        let text = channel.decoder.push(bytes);
        let found = match &mut channel.filter {
            Some(filter) => filter.push(&text, answered),
            None => vec![SudoPart::Text(text)],
        };
        let mut questions = Vec::new();
        for found in found {
            match found {
                SudoPart::Text(text) => self.text(index, stream, &text, teller),
                question => questions.push(question),
            }
        }
        questions
    }

    pub(super) fn sent(&mut self, index: usize, bytes: u64, teller: &mut Teller) {
        let job = self.jobs.get_mut(index);
        if let Some((transfer, silence)) = job.and_then(|job| Some((job.transfer.as_mut()?, &mut job.silence))) {
            transfer.bytes = bytes;
            silence.broken();
            self.transferred(index, false, teller);
        }
    }

    pub(super) fn expect(&mut self, index: usize, before: u64, total: Option<u64>) {
        if let Some(transfer) = self.jobs.get_mut(index).and_then(|job| job.transfer.as_mut()) {
            transfer.bytes = transfer.bytes.saturating_sub(before);
            transfer.total = total;
        }
    }

    /// Reports the progress of a transfer from time to time, and at its end.
    pub(super) fn transferred(&mut self, index: usize, ended: bool, teller: &mut Teller) {
        let Some(job) = self.jobs.get_mut(index) else {
            return;
        };
        let Some(transfer) = &mut job.transfer else {
            return;
        };
        let now = Instant::now();
        if transfer.bytes == transfer.told || !(ended || now >= transfer.next) {
            return;
        }
        transfer.told = transfer.bytes;
        transfer.next = now + TELLING;
        if !self.silent {
            teller.tell(Event::Transferred {
                action: self.id,
                server: job.server.clone(),
                bytes: transfer.bytes,
                total: transfer.total,
            });
        }
    }

    /// Notes that a server has ended: output that was held back belongs to the command after all.
    pub(super) fn ended(&mut self, index: usize, exit: Exit, teller: &mut Teller) {
        for stream in [Stream::Out, Stream::Err] {
            let Some(job) = self.jobs.get_mut(index) else {
                return;
            };
            let channel = job.channel(stream);
            let mut rest = channel.filter.as_mut().map(SudoFilter::finish).unwrap_or_default();
            rest.push_str(&channel.decoder.finish());
            if !rest.is_empty() {
                self.text(index, stream, &rest, teller);
            }
            self.lines(index, stream, None, teller);
        }
        let Some(job) = self.jobs.get_mut(index) else {
            return;
        };
        // If the command has not begun, the login shell's output is all there is.
        if job.tail.is_empty() && job.out_tail.is_empty() && !exit.is_success() {
            let lines: Vec<&str> = job.before.lines().map(str::trim_end).collect();
            job.tail = lines
                .iter()
                .rev()
                .take(TAIL)
                .rev()
                .map(|line| (*line).to_owned())
                .collect();
            job.tail
                .iter_mut()
                .for_each(|line| *line = shortened(teller.redactor().clean(line)));
        }
        job.out_tail
            .iter_mut()
            .for_each(|line| *line = shortened(teller.redactor().clean(line)));
        job.is_turned_away = self.gate.as_ref().is_some_and(|gate| gate.has_closed(job, &exit));
        job.exit = Some(exit);
    }

    /// Takes output of the login shell from before the command began.
    pub(super) fn before(&mut self, index: usize, bytes: &[u8]) {
        if let Some(job) = self.jobs.get_mut(index)
            && job.before.len() < LONGEST_BEFORE
        {
            job.before.push_str(&String::from_utf8_lossy(bytes));
            job.silence.broken();
        }
    }

    /// Returns true if more was captured on all servers together than is allowed.
    pub(super) fn is_too_much(&self) -> bool {
        self.output == Output::Capture
            && self.jobs.iter().map(|job| job.captured.len()).sum::<usize>() > self.most_captured
    }

    /// Returns every server once, in order; one may have several commands.
    pub(super) fn servers(&self) -> impl Iterator<Item = &Server> {
        let servers: IndexSet<&Server> = self.jobs.iter().map(|job| &job.server).collect();
        servers.into_iter()
    }

    /// Returns the commands that failed, with their servers, if there are several commands.
    pub(super) fn failed_commands(&self) -> Vec<(String, Vec<Server>)> {
        let mut commands: IndexMap<&String, Vec<Server>> = IndexMap::new();
        for job in self.jobs.iter().filter(|job| job.failure(self.accepts).is_some()) {
            if let Some(shown) = &job.shown {
                commands.entry(shown).or_default().push(job.server.clone());
            }
        }
        commands
            .into_iter()
            .map(|(shown, servers)| (shown.clone(), servers))
            .collect()
    }

    /// Returns the servers on which it failed.
    pub(super) fn failures(&self) -> Vec<ServerFailure> {
        let mut failures: Vec<ServerFailure> = Vec::new();
        for failure in self.jobs.iter().filter_map(|job| job.failure(self.accepts)) {
            match failures.iter_mut().find(|known| known.server == failure.server) {
                Some(known) => {
                    known.reason = format!("{}; {}", known.reason, failure.reason);
                    known.stderr.extend(failure.stderr);
                    known.stdout.extend(failure.stdout);
                }
                None => failures.push(failure),
            }
        }
        failures
    }

    fn text(&mut self, index: usize, stream: Stream, text: &str, teller: &mut Teller) {
        let Some(job) = self.jobs.get_mut(index) else {
            return;
        };
        match (self.output, stream) {
            (Output::Handler, _) => self.pieces.push_back(Piece {
                index,
                server: job.server.clone(),
                stream,
                text: text.to_owned(),
                bytes: Vec::new(),
            }),
            (Output::Capture, Stream::Out) => job.captured.push_str(text),
            _ => {}
        }
        self.lines(index, stream, Some(text), teller);
    }

    /// Reports the lines that `text` completes; without `text`, the line that was never completed.
    fn lines(&mut self, index: usize, stream: Stream, text: Option<&str>, teller: &mut Teller) {
        let (action, output) = (self.id, self.output);
        let is_printed = (output, stream) == (Output::Stream, Stream::Out);
        // Finding the lines takes as long as reporting them, so both are skipped.
        if text.is_some() && teller.is_unread(is_printed) {
            return;
        }
        let Some(job) = self.jobs.get_mut(index) else {
            return;
        };
        let keeps = stream == Stream::Err || job.terminal;
        let asked = job.sent.is_some();
        let (server, tail, out_tail, denied) = (&job.server, &mut job.tail, &mut job.out_tail, &mut job.denied);
        let (redactor, takes_captured) = (teller.redactor().clone(), teller.takes_captured());
        let taken = &mut job.taken;
        let mut reported = Vec::new();
        let told = |line: &str| {
            if asked && line.starts_with("sudo: ") && line.contains("incorrect password attempt") {
                *denied = true;
            }
            if keeps {
                if tail.len() == TAIL {
                    tail.pop_front();
                }
                tail.push_back(shortened(redactor.clean(line)));
            } else {
                // The string of the oldest line is used again, since there may be many lines.
                let mut last = match out_tail.len() {
                    TAIL => out_tail.pop_front().unwrap_or_default(),
                    _ => String::new(),
                };
                last.clear();
                last.push_str(line);
                out_tail.push_back(last);
            }
            match (output, stream) {
                (Output::Handler, _) | (Output::Capture, Stream::Out) => match taken.0.len() < TAKEN {
                    _ if !takes_captured => {}
                    true => taken.0.push((stream, line.to_owned())),
                    false => taken.1 += 1,
                },
                (Output::Bytes, Stream::Out) => {}
                (Output::Stream, Stream::Out) => teller.tell(Event::Printed {
                    text: format!("[{server}] {line}"),
                }),
                (Output::Report, _) | (Output::Capture | Output::Bytes | Output::Stream, Stream::Err) => {
                    reported.push(line.to_owned());
                }
            }
        };
        let channel = match stream {
            Stream::Out => &mut job.out,
            Stream::Err => &mut job.err,
        };
        match text {
            Some(text) => channel.lines.push(text, &redactor, told),
            None => channel.lines.finish(told),
        }
        if !reported.is_empty() {
            teller.tell(Event::Output {
                action,
                server: server.clone(),
                stream,
                lines: reported,
            });
        }
    }
}
