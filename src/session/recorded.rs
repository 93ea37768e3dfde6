//! Sessions of another connector, with a record of every command that they are given.

use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Command, Connector, Destination, JobId, JobSignal, Report, Session, SessionId};
use crate::configuration::Server;
use crate::secret::Secret;
use crate::source::Source;

/// A command that was started on a server.
#[derive(Clone, Debug)]
pub(crate) struct GivenCommand {
    /// The server.
    pub server: Server,
    /// The command, as it was started.
    pub command: Command,
}

/// The record of all commands, in the order in which they were started. A clone is a handle to the same record.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recording(Arc<Mutex<Vec<GivenCommand>>>);

impl Recording {
    /// Makes a connector whose sessions are those of another one, and record the commands that they get.
    pub(crate) fn of(&self, connector: Box<dyn Connector>) -> Box<dyn Connector> {
        Box::new(Recorder {
            connector,
            recording: self.clone(),
        })
    }

    /// Returns the number of commands so far.
    pub(crate) fn length(&self) -> usize {
        self.all().len()
    }

    /// Returns the commands from a number on.
    pub(crate) fn since(&self, number: usize) -> Vec<GivenCommand> {
        self.all().get(number..).unwrap_or_default().to_vec()
    }

    fn all(&self) -> MutexGuard<'_, Vec<GivenCommand>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Recorder {
    connector: Box<dyn Connector>,
    recording: Recording,
}

impl Connector for Recorder {
    fn connect(&self, id: SessionId, destination: &Destination, reports: Sender<Report>) -> Box<dyn Session> {
        Box::new(Recorded {
            session: self.connector.connect(id, destination, reports),
            server: destination.server.clone(),
            recording: self.recording.clone(),
        })
    }
}

struct Recorded {
    session: Box<dyn Session>,
    server: Server,
    recording: Recording,
}

impl Session for Recorded {
    fn start(&self, job: JobId, command: Command) {
        self.recording.all().push(GivenCommand {
            server: self.server.clone(),
            command: command.clone(),
        });
        self.session.start(job, command);
    }

    fn write(&self, job: JobId, bytes: Vec<u8>) {
        self.session.write(job, bytes);
    }

    fn feed(&self, job: JobId, source: Arc<dyn Source>) {
        self.session.feed(job, source);
    }

    fn end_input(&self, job: JobId) {
        self.session.end_input(job);
    }

    fn signal(&self, job: JobId, signal: JobSignal) {
        self.session.signal(job, signal);
    }

    fn answer(&self, password: Option<Secret>) {
        self.session.answer(password);
    }

    fn drained(&self, bytes: usize) {
        self.session.drained(bytes);
    }

    fn waited_for(&self) {
        self.session.waited_for();
    }

    fn abandon(&self) {
        self.session.abandon();
    }

    fn is_gone(&self) -> bool {
        self.session.is_gone()
    }

    fn close(&self) {
        self.session.close();
    }
}
