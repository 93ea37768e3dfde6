//! Many servers: who is connected, commands in flight, how each ended.
//!
//! Bytes go through as they come; lines, prompts and what is told of them is the actor's. One channel carries everything
//! that sessions report, and stop requests with it, so that one wait sees all.

mod cancel;
mod connect;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::fmt;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use indexmap::IndexMap;

use crate::configuration::Server;
use crate::exit::{Exit, Stream};
use crate::interrupt::{Interrupt, Signal};
use crate::secret::Secret;
use crate::session::{
    Command, ConnectError, Connector, JobId, JobSignal, NewHostKey, PasswordQuestion, Report, Session, SessionId,
};

/// Told while connections are made.
#[derive(Debug)]
pub enum Progress {
    /// A session is ready, after this time.
    Connected(Server, Duration),
    /// There will be none.
    Failed(Server, ConnectError),
    /// A host key was met for the first time.
    HostKeyAdded(Server, NewHostKey),
    /// Answered before the callback returns; nothing sent, or `None`, means there is no password. Keeping it is up to whoever
    /// is asked: several servers ask, and a `refused` one is to be forgotten if it is the one that is kept.
    PasswordWanted(Server, PasswordQuestion, Sender<Option<Secret>>),
}

/// Why not all servers are connected.
#[derive(Debug)]
pub enum NotConnected {
    /// Every server that failed, in the order asked for.
    Servers(IndexMap<Server, ConnectError>),
    /// The person, or the system, said stop.
    Interrupted(Signal),
}

/// Something from commands in flight. `usize`: the position of the server in what was started.
#[derive(Debug)]
pub enum Arrival {
    /// Output, as it came.
    Output(usize, Stream, Vec<u8>),
    /// The command ended there, after this time.
    Finished(usize, Exit, Duration),
    /// The person, or the system, said stop; everything still runs.
    Interrupted(Signal),
}

/// Sessions with servers, kept for the whole run.
pub struct Fanout {
    connector: Box<dyn Connector>,
    interrupt: Interrupt,
    sender: Sender<Report>,
    reports: Receiver<Report>,
    /// Connected servers.
    links: IndexMap<Server, Link>,
    last_session: usize,
    last_job: u64,
}

struct Link {
    id: SessionId,
    session: Box<dyn Session>,
}

/// Commands running on several servers.
#[derive(Debug)]
pub struct Flight {
    jobs: Vec<Flying>,
    /// Ends that no session reports: of servers that were not connected.
    ended: VecDeque<(usize, Exit)>,
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
    /// With nobody connected.
    pub fn new(connector: Box<dyn Connector>, interrupt: Interrupt) -> Self {
        let (sender, reports) = channel();
        let raised = sender.clone();
        interrupt.on_raise(move |signal| drop(raised.send(Report::Interrupted(signal))));
        Self {
            connector,
            interrupt,
            sender,
            reports,
            links: IndexMap::new(),
            last_session: 0,
            last_job: 0,
        }
    }

    /// Whether there is a session with this server.
    pub fn is_connected(&self, server: &Server) -> bool {
        self.links.contains_key(server)
    }

    /// Starts one command per server, all at once. On a server that is not connected it ends as lost.
    pub fn start(&mut self, jobs: Vec<(Server, Command)>) -> Flight {
        let mut flight = Flight {
            jobs: Vec::with_capacity(jobs.len()),
            ended: VecDeque::new(),
        };
        for (index, (server, command)) in jobs.into_iter().enumerate() {
            self.last_job += 1;
            let id = JobId(self.last_job);
            let link = self.links.get(&server);
            match link {
                Some(link) => link.session.start(id, command),
                None => flight.ended.push_back((index, Exit::Lost("not connected".to_owned()))),
            }
            flight.jobs.push(Flying {
                id,
                session: link.map(|link| link.id),
                server,
                started: Instant::now(),
                running: true,
            });
        }
        flight
    }

    /// Waits for what comes next; `None` when all have ended. Each server's end is handed out exactly once.
    pub fn next(&mut self, flight: &mut Flight) -> Option<Arrival> {
        self.next_until(flight, None).ok()?
    }

    /// The same, but an error once the deadline has passed.
    fn next_until(
        &mut self,
        flight: &mut Flight,
        deadline: Option<Instant>,
    ) -> Result<Option<Arrival>, RecvTimeoutError> {
        loop {
            if let Some((index, exit)) = flight.ended.pop_front()
                && let Some(arrival) = flight.finish(index, exit, None)
            {
                return Ok(Some(arrival));
            }
            if !flight.is_running() {
                return Ok(None);
            }
            let report = match deadline {
                None => self.reports.recv().map_err(|_| RecvTimeoutError::Disconnected)?,
                Some(deadline) => self
                    .reports
                    .recv_timeout(deadline.saturating_duration_since(Instant::now()))?,
            };
            if let Some(arrival) = self.arrival(flight, report) {
                return Ok(Some(arrival));
            }
        }
    }

    fn arrival(&mut self, flight: &mut Flight, report: Report) -> Option<Arrival> {
        match report {
            Report::Output(session, job, stream, bytes) => {
                if let Some(link) = self.links.values().find(|link| link.id == session) {
                    link.session.drained(bytes.len());
                }
                let index = flight.index(job)?;
                Some(Arrival::Output(index, stream, bytes))
            }
            Report::Finished(_, job, exit, elapsed) => {
                let index = flight.index(job)?;
                flight.finish(index, exit, Some(elapsed))
            }
            Report::Lost(session, reason) => {
                self.links.retain(|_, link| link.id != session);
                // A command that was handed over while the connection went is told nothing by its session.
                let left = flight
                    .jobs
                    .iter()
                    .enumerate()
                    .filter(|(_, job)| job.session == Some(session) && job.running);
                flight
                    .ended
                    .extend(left.map(|(index, _)| (index, Exit::Lost(reason.clone()))));
                None
            }
            // Who took the request before has dealt with it.
            Report::Interrupted(_) => self.interrupt.take().map(Arrival::Interrupted),
            Report::Connected(..)
            | Report::ConnectFailed(..)
            | Report::HostKeyAdded(..)
            | Report::PasswordWanted(..) => None,
        }
    }

    /// Sends bytes to a command's standard input.
    pub fn write(&mut self, flight: &Flight, index: usize, bytes: Vec<u8>) {
        if let Some((link, job)) = self.running(flight, index) {
            link.session.write(job, bytes);
        }
    }

    /// Ends a command's standard input.
    pub fn end_input(&mut self, flight: &Flight, index: usize) {
        if let Some((link, job)) = self.running(flight, index) {
            link.session.end_input(job);
        }
    }

    fn signal(&self, flight: &Flight, index: usize, signal: JobSignal) {
        if let Some((link, job)) = self.running(flight, index) {
            link.session.signal(job, signal);
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

impl Flight {
    fn is_running(&self) -> bool {
        self.jobs.iter().any(|job| job.running)
    }

    fn index(&self, id: JobId) -> Option<usize> {
        // Jobs of a flight are numbered one after the other.
        let first = self.jobs.first()?.id.0;
        let index = usize::try_from(id.0.checked_sub(first)?).ok()?;
        (index < self.jobs.len()).then_some(index)
    }

    fn finish(&mut self, index: usize, exit: Exit, elapsed: Option<Duration>) -> Option<Arrival> {
        let job = self.jobs.get_mut(index).filter(|job| job.running)?;
        job.running = false;
        Some(Arrival::Finished(
            index,
            exit,
            elapsed.unwrap_or_else(|| job.started.elapsed()),
        ))
    }

    fn left(&self) -> Vec<usize> {
        let running = self.jobs.iter().enumerate().filter(|(_, job)| job.running);
        running.map(|(index, _)| index).collect()
    }
}
