//! Many servers: their connections, the commands in flight, and how each ended.
//!
//! Output passes through here unchanged; the actor turns it into lines, finds prompts in it and reports it. One channel carries
//! everything that sessions report, and stop requests as well, so that one wait sees everything.

mod cancel;
mod connect;
#[cfg(test)]
mod ssh_tests;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use indexmap::IndexMap;

use crate::configuration::Server;
use crate::exit::{Exit, Stream};
use crate::interrupt::{Interrupt, Signal};
use crate::secret::Secret;
use crate::session::{
    Command, ConnectError, Connector, JobId, LoginReport, PasswordQuestion, Report, Session, SessionId,
};
use crate::source::Source;

/// The progress of connecting.
#[derive(Debug)]
pub(crate) enum Progress {
    /// A session is ready after this time.
    Connected(Server, Duration),
    /// The session could not be made.
    Failed(Server, ConnectError),
    /// A fact about a login that is under way.
    Login(Server, LoginReport),
    /// A password is needed. The answer has to be sent before the callback returns; if nothing is sent, or `None`, there is no
    /// password. The one who answers decides whether to keep it: several servers ask, and a `refused` password has to be
    /// forgotten if it is the kept one.
    PasswordWanted(PasswordQuestion, Sender<Option<Secret>>),
    /// Another second has passed.
    Tick,
}

/// The reason why not all servers are connected.
#[derive(Debug)]
pub(crate) enum NotConnected {
    /// All servers that failed, in the given order.
    Servers(IndexMap<Server, ConnectError>),
    /// The person or the system wants the run to stop.
    Interrupted(Signal),
}

/// Something that has arrived from commands in flight. The `usize` is the position of the server among those that were started.
#[derive(Debug)]
pub(crate) enum Arrival {
    /// Output of the login shell from before the command began.
    Before(usize, Vec<u8>),
    /// Output, unchanged.
    Output(usize, Stream, Vec<u8>),
    /// The number of bytes of its input that were sent so far.
    Sent(usize, u64),
    /// The command has ended there, but a process that it started holds its output open.
    Lingers(usize),
    /// The command has ended there, after this time.
    Finished(usize, Exit, Duration),
    /// The person or the system wants the run to stop; the commands still run.
    Interrupted(Signal),
    /// Another second has passed, or a stop request came that stops nothing.
    Tick,
}

/// The time between two ticks.
const TICK: Duration = Duration::from_secs(1);

/// Sessions with servers, kept for the whole run.
pub(crate) struct Fanout {
    connector: Box<dyn Connector>,
    interrupt: Interrupt,
    sender: Sender<Report>,
    reports: Receiver<Report>,
    /// The sessions of the connected servers.
    links: HashMap<Server, Link>,
    /// The server of each of these sessions.
    servers: HashMap<SessionId, Server>,
    /// The flight of each running command, and the command's place in it.
    owners: HashMap<JobId, Owner>,
    /// Reports for a flight that came while another one was waited for: a block that handles output may itself run commands.
    held: HashMap<usize, VecDeque<Report>>,
    last_session: usize,
    last_flight: usize,
    last_job: u64,
    /// The time of the last tick.
    ticked: Instant,
}

#[derive(Clone, Copy)]
struct Owner {
    flight: usize,
    index: usize,
    session: Option<SessionId>,
}

struct Link {
    id: SessionId,
    session: Box<dyn Session>,
}

/// The commands of one action while they run on several servers. A flight is waited for to its end, or cancelled.
#[derive(Debug)]
pub(crate) struct Flight {
    number: usize,
    jobs: Vec<Flying>,
    /// The number of commands that have not ended.
    running: usize,
}

#[derive(Debug)]
struct Flying {
    id: JobId,
    server: Server,
    session: Option<SessionId>,
    started: Instant,
    running: bool,
}

impl fmt::Debug for Fanout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fanout")
            .field("links", &self.links.keys())
            .finish_non_exhaustive()
    }
}

impl Fanout {
    /// Makes a fan-out without connections.
    pub(crate) fn new(connector: Box<dyn Connector>, interrupt: Interrupt) -> Self {
        let (sender, reports) = channel();
        let raised = sender.clone();
        interrupt.on_raise(move |signal| drop(raised.send(Report::Interrupted(signal))));
        Self {
            connector,
            interrupt,
            sender,
            reports,
            links: HashMap::new(),
            servers: HashMap::new(),
            owners: HashMap::new(),
            held: HashMap::new(),
            last_session: 0,
            last_flight: 0,
            last_job: 0,
            ticked: Instant::now(),
        }
    }

    /// Returns true if there is a session with this server.
    pub(crate) fn is_connected(&self, server: &Server) -> bool {
        self.links.get(server).is_some_and(|link| !link.session.is_gone())
    }

    /// Returns the session with this server.
    pub(crate) fn session(&self, server: &Server) -> Option<SessionId> {
        let link = self.links.get(server).filter(|link| !link.session.is_gone());
        link.map(|link| link.id)
    }

    /// Starts these commands, all at once. On a server that is not connected the command ends as lost.
    pub(crate) fn start(&mut self, jobs: Vec<(Server, Command)>) -> Flight {
        self.last_flight += 1;
        self.ticked = Instant::now();
        let mut flight = Flight {
            number: self.last_flight,
            running: jobs.len(),
            jobs: Vec::with_capacity(jobs.len()),
        };
        for (index, (server, command)) in jobs.into_iter().enumerate() {
            self.last_job += 1;
            let id = JobId(self.last_job);
            let link = self.links.get(&server);
            let owner = Owner {
                flight: flight.number,
                index,
                session: link.map(|link| link.id),
            };
            self.owners.insert(id, owner);
            match link {
                Some(link) => link.session.start(id, command),
                None => self.end(id, owner, "not connected"),
            }
            flight.jobs.push(Flying {
                id,
                session: owner.session,
                server,
                started: Instant::now(),
                running: true,
            });
        }
        flight
    }

    /// Waits for what arrives next; `None` when all commands have ended. The end of each is returned exactly once.
    ///
    /// A stop request that is returned here counts as taken and is not pending any more.
    pub(crate) fn next(&mut self, flight: &mut Flight) -> Option<Arrival> {
        let due = self.ticked + TICK;
        let now = Instant::now();
        if now < due || flight.running == 0 {
            match self.next_until(flight, due) {
                Err(RecvTimeoutError::Timeout) => self.waited_for(flight),
                next => return next.ok()?,
            }
        }
        self.ticked = now.max(due);
        Some(Arrival::Tick)
    }

    /// Tells the sessions of these commands that nothing comes from them.
    fn waited_for(&self, flight: &Flight) {
        let running = flight.jobs.iter().filter(|job| job.running);
        for link in running.filter_map(|job| self.links.get(&job.server)) {
            link.session.waited_for();
        }
    }

    /// Does the same as `next`, but returns an error once the deadline has passed.
    fn next_until(&mut self, flight: &mut Flight, deadline: Instant) -> Result<Option<Arrival>, RecvTimeoutError> {
        loop {
            if flight.running == 0 {
                self.held.remove(&flight.number);
                return Ok(None);
            }
            // Servers may have sent much output that nobody has read yet; a stop request does not wait until it is its turn.
            if let Some(signal) = self.interrupt.take() {
                return Ok(Some(Arrival::Interrupted(signal)));
            }
            if let Some(report) = self.held.get_mut(&flight.number).and_then(VecDeque::pop_front) {
                if let Some(arrival) = self.arrival(flight, report) {
                    return Ok(Some(arrival));
                }
                continue;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            match self.reports.recv_timeout(left)? {
                // If the request was taken before, it was dealt with then.
                Report::Interrupted(_) => {
                    if let Some(signal) = self.interrupt.take() {
                        return Ok(Some(Arrival::Interrupted(signal)));
                    }
                    if self.interrupt.has_passed() {
                        return Ok(Some(Arrival::Tick));
                    }
                }
                report => self.keep(report),
            }
        }
    }

    /// Puts a report where the flight that it belongs to finds it.
    fn keep(&mut self, report: Report) {
        match report {
            Report::Before(_, job, _)
            | Report::Output(_, job, ..)
            | Report::Sent(_, job, _)
            | Report::Lingers(_, job)
            | Report::Finished(_, job, ..) => match self.owners.get(&job) {
                Some(owner) => self.held.entry(owner.flight).or_default().push_back(report),
                None => self.drained(&report),
            },
            Report::Lost(session, reason) => {
                // The server may have been connected again already.
                if let Some(server) = self.servers.remove(&session)
                    && self.links.get(&server).is_some_and(|link| link.id == session)
                {
                    self.links.remove(&server);
                }
                // Commands that were handed over while the connection was lost get no report from the session.
                let left: Vec<(JobId, Owner)> = self.owners.iter().map(|(job, owner)| (*job, *owner)).collect();
                for (job, owner) in left.into_iter().filter(|(_, owner)| owner.session == Some(session)) {
                    self.end(job, owner, &reason);
                }
            }
            Report::Interrupted(_)
            | Report::Connected(..)
            | Report::ConnectFailed(..)
            | Report::Login(..)
            | Report::PasswordWanted(..) => {}
        }
    }

    /// Reports the end of a command for a session that cannot do so.
    fn end(&mut self, job: JobId, owner: Owner, reason: &str) {
        let session = owner.session.unwrap_or(SessionId(0));
        let report = Report::Finished(session, job, Exit::Lost(reason.to_owned()), Duration::ZERO);
        self.held.entry(owner.flight).or_default().push_back(report);
    }

    fn arrival(&mut self, flight: &mut Flight, report: Report) -> Option<Arrival> {
        self.drained(&report);
        match report {
            Report::Output(_, job, stream, bytes) => {
                let index = self.owners.get(&job)?.index;
                Some(Arrival::Output(index, stream, bytes))
            }
            Report::Before(_, job, bytes) => Some(Arrival::Before(self.owners.get(&job)?.index, bytes)),
            Report::Lingers(_, job) => Some(Arrival::Lingers(self.owners.get(&job)?.index)),
            Report::Sent(_, job, bytes) => Some(Arrival::Sent(self.owners.get(&job)?.index, bytes)),
            Report::Finished(_, job, exit, elapsed) => {
                let index = self.owners.remove(&job)?.index;
                flight.finish(index, exit, elapsed)
            }
            _ => None,
        }
    }

    fn drained(&self, report: &Report) {
        if let Report::Output(session, _, _, bytes) = report
            && let Some(link) = self.servers.get(session).and_then(|server| self.links.get(server))
        {
            link.session.drained(bytes.len());
        }
    }

    /// Sends bytes to a command's standard input.
    pub(crate) fn write(&mut self, flight: &Flight, index: usize, bytes: Vec<u8>) {
        if let Some((link, job)) = self.running(flight, index) {
            link.session.write(job, bytes);
        }
    }

    /// Sends all of a source to a command's standard input.
    pub(crate) fn feed(&mut self, flight: &Flight, index: usize, source: Arc<dyn Source>) {
        if let Some((link, job)) = self.running(flight, index) {
            link.session.feed(job, source);
        }
    }

    /// Ends a command's standard input.
    pub(crate) fn end_input(&mut self, flight: &Flight, index: usize) {
        if let Some((link, job)) = self.running(flight, index) {
            link.session.end_input(job);
        }
    }

    fn running(&self, flight: &Flight, index: usize) -> Option<(&Link, JobId)> {
        let job = flight.jobs.get(index).filter(|job| job.running)?;
        let link = self
            .links
            .get(&job.server)
            .filter(|link| Some(link.id) == job.session)?;
        Some((link, job.id))
    }
}

impl Drop for Fanout {
    fn drop(&mut self) {
        self.links.values().for_each(|link| link.session.close());
    }
}

impl Flight {
    fn finish(&mut self, index: usize, exit: Exit, elapsed: Duration) -> Option<Arrival> {
        let job = self.jobs.get_mut(index).filter(|job| job.running)?;
        job.running = false;
        self.running -= 1;
        let elapsed = if elapsed.is_zero() {
            job.started.elapsed()
        } else {
            elapsed
        };
        Some(Arrival::Finished(index, exit, elapsed))
    }

    fn left(&self) -> Vec<usize> {
        let running = self.jobs.iter().enumerate().filter(|(_, job)| job.running);
        running.map(|(index, _)| index).collect()
    }
}
