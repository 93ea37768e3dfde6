//! Connects servers, several at a time.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use indexmap::IndexMap;

use super::{Fanout, Link, NotConnected, Progress, TICK};
use crate::configuration::Server;
use crate::session::{ConnectError, Destination, Phase, Report, Session, SessionId};

/// The longest wait for abandoned logins: one that is looking up a name cannot be stopped.
const MOMENT: Duration = Duration::from_millis(300);

/// A login under way.
struct Login {
    server: Server,
    session: Box<dyn Session>,
}

impl Fanout {
    /// Connects every server that is not connected yet. If some fail, the error has the reasons of all of them in the given
    /// order, and the others stay connected. A stop request gives up the logins that are under way.
    pub(crate) fn connect(
        &mut self,
        destinations: &[Destination],
        progress: &mut dyn FnMut(Progress),
    ) -> Result<(), NotConnected> {
        self.read_earlier_reports()?;
        let mut seen = HashSet::new();
        let mut waiting: VecDeque<&Destination> = destinations
            .iter()
            .filter(|destination| !self.is_connected(&destination.server) && seen.insert(&destination.server))
            .collect();
        let mut logins: HashMap<SessionId, Login> = HashMap::new();
        let mut failed: HashMap<Server, ConnectError> = HashMap::new();
        loop {
            while let Some(&destination) = waiting.front()
                && logins.len() < destination.options.max_logins.max(1)
            {
                waiting.pop_front();
                self.last_session += 1;
                let id = SessionId(self.last_session);
                let session = self.connector.connect(id, destination, self.sender.clone());
                let server = destination.server.clone();
                logins.insert(id, Login { server, session });
            }
            if logins.is_empty() {
                break;
            }
            let report = match self.reports.recv_timeout(TICK) {
                Ok(report) => report,
                Err(RecvTimeoutError::Timeout) => {
                    progress(Progress::Tick);
                    continue;
                }
                // This never happens: the fan-out holds a sender itself, so the channel does not close.
                Err(RecvTimeoutError::Disconnected) => break,
            };
            if let Report::Interrupted(_) = report {
                if let Some(signal) = self.interrupt.take() {
                    logins.values().for_each(|login| login.session.abandon());
                    self.await_ends(logins.len());
                    return Err(NotConnected::Interrupted(signal));
                }
                continue;
            }
            if let Some((server, error)) = self.follow(report, &mut logins, progress) {
                progress(Progress::Failed(server.clone(), error.clone()));
                failed.insert(server, error);
            }
        }
        if failed.is_empty() {
            return Ok(());
        }
        let in_order = destinations
            .iter()
            .filter_map(|destination| failed.remove_entry(&destination.server));
        Err(NotConnected::Servers(in_order.collect::<IndexMap<_, _>>()))
    }

    /// Reads the reports that came while nobody waited, so that a lost connection is made again.
    fn read_earlier_reports(&mut self) -> Result<(), NotConnected> {
        while let Ok(report) = self.reports.try_recv() {
            match report {
                Report::Interrupted(_) => {
                    if let Some(signal) = self.interrupt.take() {
                        return Err(NotConnected::Interrupted(signal));
                    }
                }
                report => self.keep(report),
            }
        }
        Ok(())
    }

    /// Handles one report about the logins; returns the server whose login has failed, with the reason.
    fn follow(
        &mut self,
        report: Report,
        logins: &mut HashMap<SessionId, Login>,
        progress: &mut dyn FnMut(Progress),
    ) -> Option<(Server, ConnectError)> {
        match report {
            Report::Connected(id, elapsed) => {
                let Login { server, session } = logins.remove(&id)?;
                progress(Progress::Connected(server.clone(), elapsed));
                self.servers.insert(id, server.clone());
                self.links.insert(server, Link { id, session });
            }
            Report::Login(id, fact) => progress(Progress::Login(logins.get(&id)?.server.clone(), fact)),
            Report::PasswordWanted(id, question) => {
                let login = logins.get(&id)?;
                let (sender, answer) = channel();
                progress(Progress::PasswordWanted(question, sender));
                login.session.answer(answer.try_recv().ok().flatten());
            }
            Report::ConnectFailed(id, error) => return Some((logins.remove(&id)?.server, error)),
            // The login's thread has died.
            Report::Lost(id, reason) if logins.contains_key(&id) => {
                return Some((logins.remove(&id)?.server, ConnectError::new(Phase::Connect, reason)));
            }
            report => self.keep(report),
        }
        None
    }

    /// Waits a moment for abandoned logins, so that programs which they have started on this machine end before capr does.
    fn await_ends(&mut self, mut logins: usize) {
        let deadline = Instant::now() + MOMENT;
        while logins > 0 {
            match self
                .reports
                .recv_timeout(deadline.saturating_duration_since(Instant::now()))
            {
                Ok(Report::Connected(..) | Report::ConnectFailed(..)) => logins -= 1,
                // The earlier stop request was dealt with already, so this is a second one.
                Ok(Report::Interrupted(_)) | Err(_) => return,
                Ok(report) => self.keep(report),
            }
        }
    }
}
