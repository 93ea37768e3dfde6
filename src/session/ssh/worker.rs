//! The loop of one server's thread: orders come in, output goes out, and nothing blocks but the one `poll`.
//!
//! It keeps the rules of libssh2: only one channel may be opening at a time; only one request may be waiting for its answer;
//! bytes that could not be sent are sent before anything else; everything is read before the thread sleeps.

use std::os::fd::{AsFd as _, OwnedFd};
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use rustix::event::PollFlags;
use rustix::net::{Shutdown, shutdown};
use ssh2::Session;

use crate::exit::{Exit, Stream};
use crate::session::{JobId, Report, SessionId};

use super::agent_forwarding::{AgentForwarding, ForwardingAnswer};
use super::channel::{SessionLink, Trouble, reason_of_end, received};
use super::channels::{Channels, Opened};
use super::connection::{Connection, ConnectionWay};
use super::errand;
use super::inbox::{Inbox, SessionEnd, SessionOrder};
use super::job::{NOT_STARTED, SshJob};
use super::pipe::Pipes;
use super::silence::ServerSilence;
use super::tcp::{is_writable, quick_ack};
use super::tunnel::{Tunnels, refusal};

/// The size of a thread's stack: enough for libssh2 and OpenSSL, and little enough for hundreds of servers.
pub(super) const STACK: usize = 256 << 10;
/// The size of the pieces in which a server's output is read at first …
const FEW: usize = 4 << 10;
/// … and once it has filled one of those. Most of hundreds of servers say little.
const MANY: usize = 32 << 10;

/// The time that a connection which is to be dropped is kept so that a signal can still reach its command.
const LAST_WORD: Duration = Duration::from_secs(3);

pub(super) struct Worker {
    // This field stands before the session, so that it is dropped first.
    agent: Option<AgentForwarding>,
    pipes: Pipes,
    id: SessionId,
    reports: Sender<Report>,
    inbox: Inbox,
    session: Session,
    socket: Arc<OwnedFd>,
    /// The gateway or program that the connection goes through; it is kept as long as the connection.
    _way: ConnectionWay,
    tunnels: Tunnels,
    link: SessionLink,
    channels: Channels,
    jobs: Vec<SshJob>,
    /// True if something could not be sent yet.
    blocked_on_send: bool,
    paused: bool,
    /// True if something that can be started came up in the middle of a turn.
    restless: bool,
    /// The number of commands that were given a channel so far.
    started: u64,
    /// The moment until which signals may still be sent to commands that are to end. After it the connection is dropped.
    last_word: Option<Instant>,
    user: String,
    is_root: Option<bool>,
    silence: ServerSilence,
    buffer: Vec<u8>,
}

/// The reason why the loop has ended; the connection ends with it.
enum Over {
    Lost(String),
    Ended(SessionEnd),
}

impl Worker {
    pub(super) fn new(id: SessionId, reports: Sender<Report>, inbox: Inbox, connection: Connection) -> Self {
        // Some servers other than OpenSSH do not survive a channel that is opened while another one closes.
        let opens_in_advance = connection
            .session
            .banner()
            .is_some_and(|banner| banner.contains("OpenSSH"));
        // libssh2 counts in seconds and keeps questions at least two seconds apart; this loop decides when to ask.
        connection.session.set_keepalive(true, 2);
        let link = SessionLink::new(&connection.session);
        Self {
            agent: connection
                .forwarded_agent
                .map(|socket| AgentForwarding::new(socket, connection.binding, link)),
            pipes: Pipes::default(),
            id,
            reports,
            inbox,
            link,
            session: connection.session,
            socket: connection.socket,
            _way: connection.way,
            tunnels: Tunnels::default(),
            channels: Channels::new(link, opens_in_advance),
            jobs: Vec::new(),
            blocked_on_send: false,
            paused: false,
            restless: false,
            started: 0,
            last_word: None,
            user: connection.user,
            is_root: connection.is_root,
            silence: ServerSilence::new(connection.keepalive),
            buffer: vec![0; FEW],
        }
    }

    /// Turns the worker into one that runs no commands and only serves the servers behind this one.
    pub(super) fn into_gateway(mut self) -> Self {
        self.channels.open_none_in_advance();
        self.agent = None;
        self.buffer.resize(MANY, 0);
        // OpenSSH before 10.3 delays small packets on a connection that has never run a command. Each command behind the gateway
        // would then take one more round trip, so a first command is run.
        self.jobs.push(errand::of_line("true".to_owned()));
        self
    }

    pub(super) fn run(mut self) {
        let over = loop {
            if let Err(over) = self.turn() {
                break over;
            }
        };
        if matches!(over, Over::Ended(SessionEnd::Close)) {
            let _ = self.session.disconnect(None, "", None);
        }
        let exit = |moment: &str| match &over {
            Over::Lost(reason) => Exit::Lost(format!("{reason}, {moment}")),
            Over::Ended(_) => Exit::Cancelled,
        };
        self.inbox.tell_gone();
        // Without its socket libssh2 frees everything at once and leaves no channels behind.
        let _ = shutdown(&*self.socket, Shutdown::Both);
        for mut job in std::mem::take(&mut self.jobs) {
            let exit = match exit(job.moment()) {
                Exit::Cancelled if job.ending.is_ordered() => Exit::Unended(None),
                exit => exit,
            };
            self.report_finished(&mut job, exit);
        }
        // These orders came too late for the loop.
        while let Some(order) = self.inbox.take() {
            if let SessionOrder::Start(job, _) = order {
                let _ = self
                    .reports
                    .send(Report::Finished(self.id, job, exit(NOT_STARTED), Duration::ZERO));
            }
        }
        let lost = match over {
            Over::Lost(reason) => Some(reason),
            Over::Ended(SessionEnd::Abandon) => Some("given up".to_owned()),
            Over::Ended(SessionEnd::Close) => None,
        };
        if let Some(reason) = lost {
            let _ = self.reports.send(Report::Lost(self.id, reason));
        }
        self.session.set_blocking(true);
    }

    fn turn(&mut self) -> Result<(), Over> {
        while let Some(order) = self.inbox.take() {
            self.obey(order);
        }
        let now = Instant::now();
        if let Some(end) = self.inbox.end()
            && !self.has_last_word(now)
        {
            return Err(Over::Ended(end));
        }
        self.blocked_on_send = false;
        self.paused = self.inbox.backlog().is_full(self.paused);
        self.hurry(now);
        let before = received();
        self.work().map_err(|_| Over::Lost(reason_of_end(&self.socket)))?;
        let question = self.mind_silence(Instant::now())?;
        // Data that arrived while one channel was read may belong to another, and no poll would report it again.
        self.restless |= received() != before;
        self.sleep(question)
    }

    /// Returns true if a signal is still on its way to a command that is to end, and the connection is to be kept for it. Once
    /// the connection is dropped, no signal reaches the command.
    fn has_last_word(&mut self, now: Instant) -> bool {
        let until = *self.last_word.get_or_insert(now + LAST_WORD);
        now < until && self.jobs.iter().any(|job| job.ending.is_under_way(now))
    }

    fn obey(&mut self, order: SessionOrder) {
        match order {
            SessionOrder::Start(id, command) => self.jobs.push(SshJob::new(Some(id), command, self.is_root)),
            SessionOrder::Feed(id, source) => self.with_job(id, |job| job.give_input(source)),
            SessionOrder::EndInput(id) => self.with_job(id, SshJob::end_input),
            SessionOrder::Signal(id, signal) => {
                let waits = |job: &SshJob| job.id == Some(id) && job.needs_channel();
                match self.jobs.iter().position(waits) {
                    Some(index) => self.finish(index, Exit::Cancelled),
                    None => self.with_job(id, |job| job.ending.signal(signal)),
                }
            }
            SessionOrder::Answer(_) => {}
            SessionOrder::Tunnel(tunnel) => self.tunnels.wish(tunnel),
        }
    }

    fn with_job(&mut self, id: JobId, act: impl FnOnce(&mut SshJob)) {
        // The order may have been sent before the report arrived that the command has ended.
        if let Some(job) = self.jobs.iter_mut().find(|job| job.id == Some(id)) {
            act(job);
        }
    }

    /// Does everything that can be done without waiting.
    fn work(&mut self) -> Result<(), Trouble> {
        if self.channels.free() {
            self.note_direction();
        }
        if self.agent_is_settled()? {
            self.start_jobs()?;
            self.open_spare()?;
        }
        let now = Instant::now();
        let mut index = 0;
        while let Some(job) = self.jobs.get_mut(index) {
            if !job.is_running() {
                index += 1;
                continue;
            }
            let fed = job.feed();
            if let Some((job, bytes)) = job.id.zip(job.progress(now)) {
                let _ = self.reports.send(Report::Sent(self.id, job, bytes));
            }
            // Nobody is taking the output now, so nobody is told that it goes on either.
            if job.lingers(now)
                && !self.paused
                && let Some(job) = job.id
            {
                let _ = self.reports.send(Report::Lingers(self.id, job));
            }
            self.may_block(fed)?;
            match self.read_job(index)? {
                Some(exit) if !self.jobs.get(index).is_some_and(|job| job.ending.has_family()) => {
                    self.finish(index, exit)
                }
                _ => index += 1,
            }
        }
        self.restless |= errand::attend(&mut self.jobs, self.started, now);
        self.is_root = self.is_root.or_else(|| errand::is_root(&self.jobs));
        if !self.paused {
            let read = self.channels.read_spare(&mut self.buffer);
            self.may_block(read)?;
        }
        self.pump()?;
        Ok(())
    }

    /// Asks for agent forwarding, which all commands that start later inherit. Returns true once the question is answered.
    fn agent_is_settled(&mut self) -> Result<bool, Trouble> {
        let Some(agent) = &mut self.agent else {
            return Ok(true);
        };
        match agent.ask(self.link) {
            Ok(ForwardingAnswer::Settled) => Ok(true),
            Ok(ForwardingAnswer::Granted(channel)) => {
                self.channels.keep(channel);
                Ok(true)
            }
            Ok(ForwardingAnswer::Refused(channel)) => {
                self.channels.close(channel);
                Ok(true)
            }
            Err(trouble) => self.may_block(Err(trouble)).map(|()| false),
        }
    }

    fn open_tunnels(&mut self) -> Result<(), Trouble> {
        // The channel of a command may be opening, and only one may open at a time.
        if self.jobs.iter().any(SshJob::needs_channel) {
            return Ok(());
        }
        let session = &self.session;
        let reason = || ssh2::Error::last_session_error(session).map_or_else(String::new, |e| refusal(e.message()));
        loop {
            match self.tunnels.open(self.link, &reason) {
                Ok(Some((channel, socket))) => self.pipes.add(channel, socket),
                Ok(None) => return Ok(()),
                Err(trouble) => return self.may_block(Err(trouble)),
            }
        }
    }

    fn pump(&mut self) -> Result<(), Trouble> {
        self.open_tunnels()?;
        if let Some(agent) = &self.agent {
            agent.admit(&mut self.pipes, self.channels.closing());
        }
        let closing = self.channels.closing();
        let before = closing.len();
        self.blocked_on_send |= self.pipes.pump(self.link, &mut self.buffer, closing)?;
        self.restless |= closing.len() > before;
        Ok(())
    }

    /// Starts waiting commands. Only the first job that does not run yet has a request under way.
    fn start_jobs(&mut self) -> Result<(), Trouble> {
        while let Some(index) = self.jobs.iter().position(|job| !job.is_running()) {
            let Some(job) = self.jobs.get(index) else {
                return Ok(());
            };
            if job.needs_channel() {
                let beside = self.jobs.iter().filter(|job| !job.needs_channel()).count();
                match self.channels.open(beside, job.id.is_none()) {
                    Ok(Opened::Channel(channel)) => {
                        if let Some(job) = self.jobs.get_mut(index) {
                            job.give(channel);
                            self.started += u64::from(job.id.is_some());
                        }
                    }
                    Ok(Opened::Full) => return Ok(()),
                    Ok(Opened::Refused) => {
                        self.finish(index, Exit::Refused("the server opens no more channels".to_owned()));
                        continue;
                    }
                    Err(trouble) => return self.may_block(Err(trouble)),
                }
            }
            let Some(job) = self.jobs.get_mut(index) else {
                return Ok(());
            };
            match job.start() {
                Ok(()) => {}
                Err(Ok(reason)) => self.finish(index, Exit::Refused(reason.to_owned())),
                Err(Err(trouble)) => return self.may_block(Err(trouble)),
            }
        }
        Ok(())
    }

    /// Opens the channel of the next command, right after the request that starts this one.
    fn open_spare(&mut self) -> Result<(), Trouble> {
        if self.jobs.iter().any(SshJob::needs_channel) {
            return Ok(());
        }
        let opened = self.channels.open_in_advance();
        self.may_block(opened)
    }

    fn read_job(&mut self, index: usize) -> Result<Option<Exit>, Trouble> {
        let Self {
            jobs,
            buffer,
            reports,
            inbox,
            id,
            paused,
            ..
        } = self;
        let Some(job) = jobs.get_mut(index) else {
            return Ok(None);
        };
        if *paused {
            return Ok(None);
        }
        let job_id = job.id;
        let size = buffer.len();
        let mut overflows = false;
        let mut heard = Vec::new();
        let mut before = |bytes| {
            let report = job_id.map(|job_id| Report::Before(*id, job_id, bytes));
            report.into_iter().for_each(|report| drop(reports.send(report)));
        };
        let read = job.read(buffer, &mut before, &mut |stream, bytes| {
            overflows = bytes.len() == size && size < MANY;
            let Some(job_id) = job_id else {
                if stream == Stream::Out {
                    heard.extend_from_slice(bytes);
                }
                return true;
            };
            inbox.backlog().put(bytes.len());
            let _ = reports.send(Report::Output(*id, job_id, stream, bytes.to_vec()));
            *paused = inbox.backlog().is_full(false);
            !*paused && !overflows
        });
        job.hear(&heard);
        if overflows {
            buffer.resize(MANY, 0);
            self.restless = true;
        }
        if read == Err(Trouble::WouldBlock) {
            return Ok(None);
        }
        let outcome = read.and_then(|()| job.outcome());
        match outcome {
            Ok(outcome) => {
                self.note_direction();
                Ok(outcome)
            }
            Err(Trouble::Denied(_)) => Ok(None),
            Err(trouble) => Err(trouble),
        }
    }

    fn finish(&mut self, index: usize, exit: Exit) {
        let mut job = self.jobs.remove(index);
        if let Some(errand) = &job.errand {
            errand::ended(errand, &mut self.jobs);
            self.restless = true;
        }
        let exit = job.told(exit, &self.user);
        self.report_finished(&mut job, exit);
        self.channels.closing().extend(job.take_channel());
        // A command may be waiting for the channel that was just freed.
        self.restless |= self.jobs.iter().any(SshJob::needs_channel);
    }

    fn report_finished(&self, job: &mut SshJob, exit: Exit) {
        if let Some(id) = job.id {
            for report in job.rest(self.id, id) {
                if let Report::Output(.., bytes) = &report {
                    self.inbox.backlog().put(bytes.len());
                }
                let _ = self.reports.send(report);
            }
            let _ = self.reports.send(Report::Finished(self.id, id, exit, job.elapsed()));
        }
    }

    /// Turns "would block" and refused requests into success; everything else ends the connection.
    fn may_block(&mut self, result: Result<(), Trouble>) -> Result<(), Trouble> {
        match result {
            Err(Trouble::WouldBlock) => {
                self.note_direction();
                Ok(())
            }
            Ok(()) | Err(Trouble::Denied(_)) => Ok(()),
            Err(trouble) => Err(trouble),
        }
    }

    fn note_direction(&mut self) {
        self.blocked_on_send |= self.link.waits_for_sending();
    }

    fn hurry(&mut self, now: Instant) {
        let mut index = 0;
        while let Some(job) = self.jobs.get_mut(index) {
            match job.hurry(now) {
                Some(exit) => self.finish(index, exit),
                None => index += 1,
            }
        }
    }

    /// Returns true if something reads from the socket, so that the server's silence can be noticed.
    fn listens(&self) -> bool {
        let asks = self.agent.as_ref().is_some_and(|agent| !agent.is_settled());
        !self.paused
            && (asks
                || !self.tunnels.is_empty()
                || !self.pipes.is_empty()
                || !self.jobs.is_empty()
                || !self.channels.is_empty())
    }

    /// Asks a silent server whether it is alive; returns when to look again.
    fn mind_silence(&mut self, now: Instant) -> Result<Option<Instant>, Over> {
        if !self.listens() {
            self.silence.end();
            return Ok(None);
        }
        let due = self.silence.due(now).map_err(Over::Lost)?;
        // A question that was sent only in part would block everything after it.
        if due.asks && !self.blocked_on_send && is_writable(&self.socket) && self.session.keepalive_send().is_err() {
            return Err(Over::Lost(reason_of_end(&self.socket)));
        }
        Ok(due.next)
    }

    fn sleep(&mut self, question: Option<Instant>) -> Result<(), Over> {
        let at_once = std::mem::take(&mut self.restless).then(Instant::now);
        let steps = self.jobs.iter().filter_map(SshJob::next_step);
        let last_word = self.last_word.map(|until| {
            let now = Instant::now();
            let dying = self.jobs.iter().filter_map(|job| job.ending.dying());
            dying.filter(|dying| *dying > now).chain([until]).min().unwrap_or(until)
        });
        let until = steps.chain(question).chain(at_once).chain(last_word).min();
        let listens = self.listens();
        let mut events = if listens { PollFlags::IN } else { PollFlags::empty() };
        if !listens && !self.paused {
            events |= PollFlags::RDHUP;
        }
        if self.blocked_on_send {
            events |= PollFlags::OUT;
        }
        let socket = (self.socket.as_fd(), events);
        let woken = self.inbox.wait_for_all(socket, self.pipes.interests(), until);
        if woken.readable {
            self.silence.end();
            quick_ack(&self.socket);
        }
        if woken.hung_up && !listens {
            return Err(Over::Lost(reason_of_end(&self.socket)));
        }
        Ok(())
    }
}
