//! Servers of tests: a script says what each answers, and everything that they are given is recorded.
//!
//! For tests only. There are no threads, no clocks and no waiting: an order is answered before it returns, as far as the answer
//! goes without more input, so a test sees the same in every run.

mod answer;
mod stage;
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
use crate::source::Source;
use stage::{Rule, Stage};

/// One command that a scripted server was given, and what became of it.
#[derive(Clone, Debug)]
pub struct Record {
    /// Where.
    pub server: Server,
    /// The command line.
    pub line: String,
    /// The terminal asked for.
    pub terminal: Option<Terminal>,
    /// The timeout asked for.
    pub timeout: Option<Duration>,
    /// All input it was given, even after its end.
    pub input: Vec<u8>,
    /// Whether its input was ended.
    pub input_ended: bool,
    /// Every signal it was sent.
    pub signals: Vec<JobSignal>,
    /// How it ended; `None` while it runs.
    pub exit: Option<Exit>,
}

impl Record {
    /// Whether it is a command with `part` in its line, on `host`.
    pub fn is(&self, host: &str, part: &str) -> bool {
        names(host, &self.server) && self.line.contains(part)
    }
}

/// `host` is a host's name, a whole `user@host:port`, or `*` for all.
fn names(host: &str, server: &Server) -> bool {
    host == "*" || host == server.host || host == server.to_string()
}

/// A script for any number of servers, and the record of what they were given. A clone is a handle to the same script.
///
/// Rules are asked in the order in which they were given; the first that fits answers. A command that no rule fits ends with
/// status 0 at once, unless the script is [`strict`](Self::strict).
#[derive(Clone, Default)]
pub struct Script(Arc<Mutex<Stage>>);

impl Script {
    /// A script in which every command ends well.
    pub fn new() -> Self {
        Self::default()
    }

    /// From now on a command that no rule fits is refused.
    pub fn strict(&self) -> &Self {
        self.stage().strict = true;
        self
    }

    /// Commands on `host` (`*`: on all) whose line contains `part` are answered so.
    pub fn on(&self, host: &str, part: &str, answer: Answer) -> &Self {
        self.rule(Rule::new(host, part, answer, false))
    }

    /// As [`on`](Self::on), for the next fitting command alone; the rule is then used up.
    pub fn on_next(&self, host: &str, part: &str, answer: Answer) -> &Self {
        self.rule(Rule::new(host, part, answer, true))
    }

    /// Commands that fulfil a condition are answered so.
    pub fn on_any(&self, fits: impl Fn(&Server, &str) -> bool + Send + Sync + 'static, answer: Answer) -> &Self {
        self.rule(Rule {
            fits: Arc::new(fits),
            answer,
            once: false,
        })
    }

    fn rule(&self, rule: Rule) -> &Self {
        self.stage().rules.push(rule);
        self
    }

    /// From now on connections to `host` fail for this reason.
    pub fn refuse(&self, host: &str, phase: Phase, reason: &str) -> &Self {
        let error = ConnectError {
            common: None,
            phase,
            reason: reason.to_owned(),
            hints: Vec::new(),
        };
        self.stage().connecting.insert(0, (host.to_owned(), Some(Err(error))));
        self
    }

    /// From now on connections to `host` are neither made nor refused, until [`accept`](Self::accept).
    pub fn stall(&self, host: &str) -> &Self {
        self.stage().connecting.insert(0, (host.to_owned(), None));
        self
    }

    /// From now on connections to `host` are made, and those that were stalled are made now.
    pub fn accept(&self, host: &str) -> &Self {
        let mut stage = self.stage();
        stage.connecting.insert(0, (host.to_owned(), Some(Ok(()))));
        stage.connect_stalled();
        drop(stage);
        self
    }

    /// Connections to `host` are made once this login password is given; no password ends the attempt.
    pub fn wants_password(&self, host: &str, password: &str) -> &Self {
        self.stage().passwords.push((host.to_owned(), Secret::new(password)));
        self
    }

    /// The host key of `host` is new: at the next connection it is said to have been added.
    pub fn new_host_key(&self, host: &str, key: NewHostKey) -> &Self {
        self.stage().host_keys.push((host.to_owned(), Ok(key)));
        self
    }

    /// The host key of `host` has changed, and the next connection is made all the same.
    pub fn untrusted_host_key(&self, host: &str) -> &Self {
        let warning = Warning {
            gateway: None,
            text: "host key has changed".to_owned(),
        };
        self.stage().host_keys.push((host.to_owned(), Err(warning)));
        self
    }

    /// Drops the connections to `host` now, with everything that runs on them.
    pub fn lose(&self, host: &str, reason: &str) -> &Self {
        self.stage().lose_host(host, reason);
        self.go_on();
        self
    }

    /// Every command so far, in the order in which they were started.
    pub fn commands(&self) -> Vec<Record> {
        self.stage().records.clone()
    }

    /// The lines of the commands that were started on `host`.
    pub fn lines_on(&self, host: &str) -> Vec<String> {
        self.stage()
            .records
            .iter()
            .filter(|record| record.is(host, ""))
            .map(|record| record.line.clone())
            .collect()
    }

    /// All that were connected to, refused ones too, in order.
    pub fn connections(&self) -> Vec<Destination> {
        self.stage().connections.clone()
    }

    /// Servers whose session was given up with [`Session::abandon`], in order.
    pub fn abandoned(&self) -> Vec<Server> {
        self.stage().abandoned.clone()
    }

    /// How many sessions are open: connected, not lost, not abandoned, not dropped.
    pub fn open_sessions(&self) -> usize {
        self.stage().open_sessions()
    }

    fn stage(&self) -> MutexGuard<'_, Stage> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets every command go on as far as it can. What an answer calls may use the script, so nothing is locked then.
    fn go_on(&self) {
        loop {
            let action = self.stage().go_on();
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
        self.stage().connect(id, destination, reports);
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
        self.script.stage().start(self.id, job, command);
        self.script.go_on();
    }

    fn write(&self, job: JobId, bytes: Vec<u8>) {
        self.script.stage().write(self.id, job, &bytes);
        self.script.go_on();
    }

    fn feed(&self, job: JobId, source: Arc<dyn Source>) {
        self.write(job, stage::whole(&*source));
    }

    fn end_input(&self, job: JobId) {
        self.script.stage().end_input(self.id, job);
        self.script.go_on();
    }

    fn signal(&self, job: JobId, signal: JobSignal) {
        self.script.stage().signal(self.id, job, signal);
        self.script.go_on();
    }

    fn answer(&self, password: Option<Secret>) {
        self.script.stage().answer(self.id, password);
    }

    fn abandon(&self) {
        self.script.stage().abandon(self.id);
        self.script.go_on();
    }
}

impl Drop for ScriptedSession {
    fn drop(&mut self) {
        self.script.stage().close(self.id);
        self.script.go_on();
    }
}

#[cfg(test)]
mod tests;
