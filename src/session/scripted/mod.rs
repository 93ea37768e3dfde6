//! Scripted servers for tests, those of capr itself and those of recipes (`capr test`): a script says how each of them answers,
//! and everything that they are given is recorded.
//!
//! There are no threads, no clocks and no waiting: an order is answered before it returns, as far as that is possible without
//! more input, so that a test sees the same in every run.

mod answer;
#[cfg(test)]
mod of_tests;
mod scene;
mod turn;

use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
#[cfg(test)]
use std::time::Duration;

pub(crate) use answer::Answer;

use crate::configuration::Server;
use crate::exit::Exit;
use crate::secret::Secret;
#[cfg(test)]
use crate::session::Terminal;
use crate::session::{
    Command, ConnectError, Connector, Destination, JobId, JobSignal, Phase, Report, Session, SessionId,
};
use crate::source::{Source, readable};
use scene::{Rule, Scene};

/// One command that a scripted server was given, and its end.
#[derive(Clone, Debug)]
pub(crate) struct ScriptRecord {
    /// The server that ran it.
    pub server: Server,
    /// The command line.
    pub line: String,
    /// The terminal that was asked for.
    #[cfg(test)]
    pub terminal: Option<Terminal>,
    /// The timeout that was asked for.
    #[cfg(test)]
    pub timeout: Option<Duration>,
    /// The input that it was given, even after its end.
    pub input: Vec<u8>,
    /// True if its input was ended.
    pub input_ended: bool,
    /// The signals that it was sent.
    pub signals: Vec<JobSignal>,
    /// Its end; `None` while it runs.
    pub exit: Option<Exit>,
}

/// Returns true if `host` names the server: by the name of its host, as a whole `user@host:port`, or as `*` for all.
fn names(host: &str, server: &Server) -> bool {
    host == "*" || host == server.host || host == server.to_string()
}

/// A script for any number of servers, and the record of the commands that they were given. A clone is a handle to the same
/// script.
///
/// The rules are tried in the order in which they were added, and the first that matches answers. A command that no rule matches
/// ends with status 0 at once, unless the script is strict.
#[derive(Clone, Default)]
pub(crate) struct Script(Arc<Mutex<Scene>>);

impl Script {
    /// Returns a script in which every command succeeds.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Ends commands that hang without a timeout, once somebody has waited for them in vain: [`Script::take_endless`] names them.
    pub(crate) fn ends_what_hangs(&self) -> &Self {
        self.scene().ends_what_hangs = true;
        self
    }

    /// Returns the commands that would never have ended, each with its server, and forgets them.
    pub(crate) fn take_endless(&self) -> Vec<(Server, String)> {
        std::mem::take(&mut self.scene().endless)
    }

    /// Adds a rule that comes before all others: commands that meet a condition get these answers, one each time, and the last
    /// one from then on. A command that calls sudo is let through without a question.
    pub(crate) fn answer(
        &self,
        fits: impl Fn(&Server, &Command) -> bool + Send + Sync + 'static,
        answers: impl IntoIterator<Item = Answer>,
    ) -> &Self {
        let rule = Rule {
            fits: Arc::new(fits),
            answers: answers.into_iter().collect(),
            once: false,
            opens: true,
        };
        self.scene().rules.insert(0, rule);
        self
    }

    /// Lets connections to `host` fail from now on, for this reason.
    pub(crate) fn refuse(&self, host: &str, phase: Phase, reason: &str) -> &Self {
        let error = ConnectError::new(phase, reason.to_owned());
        self.scene().connecting.insert(0, (host.to_owned(), Some(Err(error))));
        self
    }

    fn scene(&self) -> MutexGuard<'_, Scene> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets every command continue as far as it can. A function that an answer calls may use the script, so nothing is locked
    /// then.
    fn go_on(&self) {
        loop {
            let action = self.scene().go_on();
            match action {
                Some(action) => action(),
                None => return,
            }
        }
    }
}

impl std::fmt::Debug for Script {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Script")
            .field("commands", &self.scene().records)
            .finish_non_exhaustive()
    }
}

impl Connector for Script {
    fn connect(&self, id: SessionId, destination: &Destination, reports: Sender<Report>) -> Box<dyn Session> {
        self.scene().connect(id, destination, reports);
        Box::new(ScriptedSession {
            id,
            script: self.clone(),
        })
    }
}

struct ScriptedSession {
    id: SessionId,
    script: Script,
}

impl Session for ScriptedSession {
    fn start(&self, job: JobId, command: Command) {
        self.script.scene().start(self.id, job, command);
        self.script.go_on();
    }

    fn write(&self, job: JobId, bytes: Vec<u8>) {
        self.script.scene().write(self.id, job, &bytes);
        self.script.go_on();
    }

    fn feed(&self, job: JobId, source: Arc<dyn Source>) {
        self.write(job, readable(&*source));
    }

    fn end_input(&self, job: JobId) {
        self.script.scene().end_input(self.id, job);
        self.script.go_on();
    }

    fn signal(&self, job: JobId, signal: JobSignal) {
        self.script.scene().signal(self.id, job, signal);
        self.script.go_on();
    }

    fn answer(&self, password: Option<Secret>) {
        self.script.scene().answer(self.id, password);
    }

    fn waited_for(&self) {
        self.script.scene().end_what_hangs(self.id);
    }

    fn abandon(&self) {
        self.script.scene().abandon(self.id);
        self.script.go_on();
    }
}

impl Drop for ScriptedSession {
    fn drop(&mut self) {
        self.script.scene().close(self.id);
        self.script.go_on();
    }
}

#[cfg(test)]
mod tests;
