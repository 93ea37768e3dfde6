//! Scripted servers for tests, those of capr itself and those of recipes (`capr test`): a script says how each of them answers,
//! and everything that they are given is recorded.
//!
//! There are no threads, no clocks and no waiting: an order is answered before it returns, as far as that is possible without
//! more input, so that a test sees the same in every run.

mod answer;
mod scene;
mod turn;

use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub use answer::Answer;

use crate::configuration::Server;
use crate::exit::Exit;
use crate::secret::Secret;
use crate::session::{
    Command, ConnectError, Connector, Destination, JobId, JobSignal, NewHostKey, Phase, Report, Session, SessionId,
    Terminal, Warning,
};
use crate::source::{Source, readable};
use scene::{Rule, Scene};

/// One command that a scripted server was given, and its end.
#[derive(Clone, Debug)]
pub struct ScriptRecord {
    /// The server that ran it.
    pub server: Server,
    /// The command line.
    pub line: String,
    /// The terminal that was asked for.
    pub terminal: Option<Terminal>,
    /// The timeout that was asked for.
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

impl ScriptRecord {
    /// Returns true if it is a command on `host` whose line contains `part`.
    pub fn is(&self, host: &str, part: &str) -> bool {
        names(host, &self.server) && self.line.contains(part)
    }
}

/// Returns true if `host` names the server: by the name of its host, as a whole `user@host:port`, or as `*` for all.
fn names(host: &str, server: &Server) -> bool {
    host == "*" || host == server.host || host == server.to_string()
}

/// A script for any number of servers, and the record of the commands that they were given. A clone is a handle to the same
/// script.
///
/// The rules are tried in the order in which they were added, and the first that matches answers. A command that no rule matches
/// ends with status 0 at once, unless the script is [`strict`](Self::strict).
#[derive(Clone, Default)]
pub struct Script(Arc<Mutex<Scene>>);

impl Script {
    /// Returns a script in which every command succeeds.
    pub fn new() -> Self {
        Self::default()
    }

    /// Refuses commands that no rule matches from now on.
    pub fn strict(&self) -> &Self {
        self.scene().strict = true;
        self
    }

    /// Ends commands that hang without a timeout, once somebody has waited for them in vain: [`Script::take_endless`] names them.
    pub fn ends_what_hangs(&self) -> &Self {
        self.scene().ends_what_hangs = true;
        self
    }

    /// Returns the commands that would never have ended, each with its server, and forgets them.
    pub fn take_endless(&self) -> Vec<(Server, String)> {
        std::mem::take(&mut self.scene().endless)
    }

    /// Adds a rule: commands on `host` (`*`: on all) whose line contains `part` get this answer.
    pub fn on(&self, host: &str, part: &str, answer: Answer) -> &Self {
        self.rule(Rule::new(host, part, answer, false))
    }

    /// Adds a rule like [`on`](Self::on) that is used only once, for the next command that it matches.
    pub fn on_next(&self, host: &str, part: &str, answer: Answer) -> &Self {
        self.rule(Rule::new(host, part, answer, true))
    }

    /// Adds a rule that comes before all others: commands that meet a condition get these answers, one each time, and the last
    /// one from then on. A command that calls sudo is let through without a question.
    pub fn answer(
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

    fn rule(&self, rule: Rule) -> &Self {
        self.scene().rules.push(rule);
        self
    }

    /// Lets connections to `host` fail from now on, for this reason.
    pub fn refuse(&self, host: &str, phase: Phase, reason: &str) -> &Self {
        let error = ConnectError::new(phase, reason.to_owned());
        self.scene().connecting.insert(0, (host.to_owned(), Some(Err(error))));
        self
    }

    /// Neither makes nor refuses connections to `host` from now on, until [`accept`](Self::accept).
    pub fn stall(&self, host: &str) -> &Self {
        self.scene().connecting.insert(0, (host.to_owned(), None));
        self
    }

    /// Makes connections to `host` from now on, and those that were stalled at once.
    pub fn accept(&self, host: &str) -> &Self {
        let mut scene = self.scene();
        scene.connecting.insert(0, (host.to_owned(), Some(Ok(()))));
        scene.connect_stalled();
        drop(scene);
        self
    }

    /// Makes connections to `host` once this login password is given; the attempt ends if there is none.
    pub fn wants_password(&self, host: &str, password: &str) -> &Self {
        self.scene().passwords.push((host.to_owned(), Secret::new(password)));
        self
    }

    /// Reports at the next connection to `host` that its host key is new and was added.
    pub fn new_host_key(&self, host: &str, key: NewHostKey) -> &Self {
        self.scene().host_keys.push((host.to_owned(), Ok(key)));
        self
    }

    /// Reports at the next connection to `host` that its host key has changed, and makes the connection.
    pub fn untrusted_host_key(&self, host: &str) -> &Self {
        let warning = Warning {
            gateway: None,
            text: "host key has changed".to_owned(),
        };
        self.scene().host_keys.push((host.to_owned(), Err(warning)));
        self
    }

    /// Drops the connections to `host` now, with everything that runs on them.
    pub fn lose(&self, host: &str, reason: &str) -> &Self {
        self.scene().lose_host(host, reason);
        self.go_on();
        self
    }

    /// Returns all commands so far, in the order in which they were started.
    pub fn commands(&self) -> Vec<ScriptRecord> {
        self.scene().records.clone()
    }

    /// Returns the lines of the commands that were started on `host`.
    pub fn lines_on(&self, host: &str) -> Vec<String> {
        self.scene()
            .records
            .iter()
            .filter(|record| record.is(host, ""))
            .map(|record| record.line.clone())
            .collect()
    }

    /// Returns all destinations that were connected to or refused, in order.
    pub fn connections(&self) -> Vec<Destination> {
        self.scene().connections.clone()
    }

    /// Returns the servers whose session was given up with [`Session::abandon`], in order.
    pub fn abandoned(&self) -> Vec<Server> {
        self.scene().abandoned.clone()
    }

    /// Returns the number of open sessions: connected, and neither lost nor abandoned nor dropped.
    pub fn open_sessions(&self) -> usize {
        self.scene().open_sessions()
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
            .field("commands", &self.commands())
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
