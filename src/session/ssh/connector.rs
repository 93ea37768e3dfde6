//! Starts a thread for each server, and keeps the handle by which its owner gives it orders.

use std::cell::{Cell, RefCell};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::address_space;
use crate::io_error::plain;
use crate::secret::Secret;
use crate::session::backlog::Space;
use crate::session::{
    Command, ConnectError, Connector, Destination, JobId, JobSignal, Phase, Report, Session, SessionId,
};
use crate::source::{Source, text};

use super::auth::KeyRing;
use super::config::SshConfig;
use super::environment::{LoadedConfig, SshEnvironment};
use super::establish::establish;
use super::gateway::Gateways;
use super::inbox::{self, Inbox, Outbox, SessionEnd, SessionOrder};
use super::login::Login;
use super::proxy_command::Household;
use super::worker::{STACK, Worker};

/// The address space that must be left before one more server is connected; it also has to hold the reports of all of them.
const ROOM: u64 = 16 << 20;

/// The longest time that the goodbye of a dropped session may take.
const GOODBYE: Duration = Duration::from_millis(200);

/// Makes SSH sessions.
pub(crate) struct SshConnector {
    pub(super) environment: Arc<SshEnvironment>,
    keys: Arc<KeyRing>,
    gateways: Arc<Gateways>,
    household: Arc<Household>,
    /// The room for output that was not taken yet.
    space: Space,
    // Hundreds of servers mostly share one set of files, so each set is read once.
    configurations: RefCell<Vec<(Option<Vec<PathBuf>>, LoadedConfig)>>,
}

impl SshConnector {
    /// Makes a connector for this environment.
    pub(crate) fn new(environment: SshEnvironment) -> Self {
        Self {
            environment: Arc::new(environment),
            keys: Arc::default(),
            gateways: Arc::default(),
            household: Arc::new(Household(Arc::default())),
            space: inbox::space(),
            configurations: RefCell::default(),
        }
    }

    pub(super) fn configuration(&self, files: &Option<Vec<PathBuf>>) -> LoadedConfig {
        let mut known = self.configurations.borrow_mut();
        if let Some((_, configuration)) = known.iter().find(|(of, _)| of == files) {
            return Arc::clone(configuration);
        }
        let loaded = SshConfig::load(files.as_deref(), self.environment.home.as_deref());
        let loaded = Arc::new(loaded.map(|config| config.with_variables(self.environment.variables.clone())));
        known.push((files.clone(), Arc::clone(&loaded)));
        loaded
    }
}

impl Connector for SshConnector {
    fn connect(&self, id: SessionId, destination: &Destination, reports: Sender<Report>) -> Box<dyn Session> {
        let failed = |why: &std::io::Error| {
            let _ = reports.send(Report::ConnectFailed(
                id,
                ConnectError::new(Phase::Connect, format!("no thread for the connection: {}", plain(why))),
            ));
        };
        // A thread that cannot get memory would abort the whole process.
        if address_space::left().is_some_and(|left| left < ROOM) {
            failed(&std::io::Error::other(
                "the address space is limited (ulimit -v) and nearly used up",
            ));
            return Box::new(SshSession::ended());
        }
        let (outbox, inbox) = match inbox::pair(&self.space) {
            Ok(pair) => pair,
            Err(error) => {
                failed(&error);
                return Box::new(SshSession::ended());
            }
        };
        let (alive, ended) = channel::<()>();
        let login = Login {
            id,
            destination: destination.clone(),
            environment: Arc::clone(&self.environment),
            configuration: self.configuration(&destination.options.config),
            keys: Arc::clone(&self.keys),
            gateways: Arc::clone(&self.gateways),
            programs: Arc::clone(&self.household.0),
            on_the_way: vec![destination.server.clone()],
            reports: reports.clone(),
        };
        let thread = thread::Builder::new()
            .stack_size(STACK)
            .name(format!("ssh {}", destination.server.host));
        match thread.spawn(move || {
            let _alive = alive;
            serve(login, inbox);
        }) {
            Ok(_) => Box::new(SshSession {
                outbox: Some(outbox),
                ended,
                closing: Cell::default(),
                _household: Some(Arc::clone(&self.household)),
            }),
            Err(error) => {
                failed(&error);
                Box::new(SshSession::ended())
            }
        }
    }
}

/// Runs the thread of one server from the login to the end of the connection.
fn serve(login: Login, mut inbox: Inbox) {
    // A thread that dies must not leave the main thread waiting for it.
    let _will = Will(login.id, login.reports.clone());
    let (id, reports) = (login.id, login.reports.clone());
    let started = Instant::now();
    match establish(&login, &mut inbox) {
        Ok(connection) => {
            let _ = reports.send(Report::Connected(id, started.elapsed()));
            Worker::new(id, reports, inbox, connection).run();
        }
        Err(error) => {
            let _ = reports.send(Report::ConnectFailed(id, error));
        }
    }
}

struct Will(SessionId, Sender<Report>);

impl Drop for Will {
    fn drop(&mut self) {
        if thread::panicking() {
            let _ = self.1.send(Report::Lost(self.0, "internal error".to_owned()));
        }
    }
}

/// The owner's handle of a server's thread.
struct SshSession {
    outbox: Option<Outbox>,
    /// A channel that closes when the thread has ended.
    ended: Receiver<()>,
    /// The moment since which the session is closing.
    closing: Cell<Option<Instant>>,
    /// Dropped only after the session has said goodbye.
    _household: Option<Arc<Household>>,
}

impl SshSession {
    /// Returns the handle of a connection that was never made.
    fn ended() -> Self {
        Self {
            outbox: None,
            ended: channel().1,
            closing: Cell::default(),
            _household: None,
        }
    }

    fn order(&self, order: SessionOrder) {
        if let Some(outbox) = &self.outbox {
            outbox.send(order);
        }
    }
}

impl Session for SshSession {
    fn start(&self, job: JobId, command: Command) {
        self.order(SessionOrder::Start(job, command));
    }

    fn write(&self, job: JobId, bytes: Vec<u8>) {
        self.feed(job, text(bytes));
    }

    fn feed(&self, job: JobId, source: Arc<dyn Source>) {
        self.order(SessionOrder::Feed(job, source));
    }

    fn end_input(&self, job: JobId) {
        self.order(SessionOrder::EndInput(job));
    }

    fn signal(&self, job: JobId, signal: JobSignal) {
        self.order(SessionOrder::Signal(job, signal));
    }

    fn answer(&self, password: Option<Secret>) {
        self.order(SessionOrder::Answer(password));
    }

    fn drained(&self, bytes: usize) {
        if let Some(outbox) = &self.outbox {
            outbox.drained(bytes);
        }
    }

    fn abandon(&self) {
        if let Some(outbox) = &self.outbox {
            outbox.end(SessionEnd::Abandon);
        }
    }

    fn is_gone(&self) -> bool {
        self.outbox.as_ref().is_none_or(Outbox::is_gone)
    }

    fn close(&self) {
        if let Some(outbox) = &self.outbox
            && !outbox.is_ending()
        {
            outbox.end(SessionEnd::Close);
            self.closing.set(Some(Instant::now()));
        }
    }
}

impl Drop for SshSession {
    fn drop(&mut self) {
        self.close();
        if let Some(since) = self.closing.get() {
            // The process may end right after this, so the goodbye gets a moment to leave the machine.
            let _ = self.ended.recv_timeout(GOODBYE.saturating_sub(since.elapsed()));
        }
    }
}
