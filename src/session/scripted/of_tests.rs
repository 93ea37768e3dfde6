//! The parts of scripts that only the unit tests of capr use: they are not in the program.

use std::collections::VecDeque;
use std::sync::Arc;

use super::answer::{Answer, ScriptStep};
use super::scene::Rule;
use super::{Script, ScriptRecord, names};
use crate::configuration::Server;
use crate::secret::Secret;
use crate::session::{Destination, JobSignal, NewHostKey, Warning};

impl Script {
    /// Refuses commands that no rule matches from now on.
    pub(crate) fn strict(&self) -> &Self {
        self.scene().strict = true;
        self
    }

    /// Adds a rule: commands on `host` (`*`: on all) whose line contains `part` get this answer.
    pub(crate) fn on(&self, host: &str, part: &str, answer: Answer) -> &Self {
        self.rule(Rule::new(host, part, answer, false))
    }

    /// Adds a rule like [`on`](Self::on) that is used only once, for the next command that it matches.
    pub(crate) fn on_next(&self, host: &str, part: &str, answer: Answer) -> &Self {
        self.rule(Rule::new(host, part, answer, true))
    }

    fn rule(&self, rule: Rule) -> &Self {
        self.scene().rules.push(rule);
        self
    }

    /// Neither makes nor refuses connections to `host` from now on, until [`accept`](Self::accept).
    pub(crate) fn stall(&self, host: &str) -> &Self {
        self.scene().connecting.insert(0, (host.to_owned(), None));
        self
    }

    /// Makes connections to `host` from now on, and those that were stalled at once.
    pub(crate) fn accept(&self, host: &str) -> &Self {
        let mut scene = self.scene();
        scene.connecting.insert(0, (host.to_owned(), Some(Ok(()))));
        scene.connect_stalled();
        drop(scene);
        self
    }

    /// Makes connections to `host` once this login password is given; the attempt ends if there is none.
    pub(crate) fn wants_password(&self, host: &str, password: &str) -> &Self {
        self.scene().passwords.push((host.to_owned(), Secret::new(password)));
        self
    }

    /// Reports at the next connection to `host` that its host key is new and was added.
    pub(crate) fn new_host_key(&self, host: &str, key: NewHostKey) -> &Self {
        self.scene().host_keys.push((host.to_owned(), Ok(key)));
        self
    }

    /// Reports at the next connection to `host` that its host key has changed, and makes the connection.
    pub(crate) fn untrusted_host_key(&self, host: &str) -> &Self {
        let warning = Warning {
            gateway: None,
            text: "host key has changed".to_owned(),
        };
        self.scene().host_keys.push((host.to_owned(), Err(warning)));
        self
    }

    /// Drops the connections to `host` now, with everything that runs on them.
    pub(crate) fn lose(&self, host: &str, reason: &str) -> &Self {
        self.scene().lose_host(host, reason);
        self.go_on();
        self
    }

    /// Returns all commands so far, in the order in which they were started.
    pub(crate) fn commands(&self) -> Vec<ScriptRecord> {
        self.scene().records.clone()
    }

    /// Returns the lines of the commands that were started on `host`.
    pub(crate) fn lines_on(&self, host: &str) -> Vec<String> {
        self.scene()
            .records
            .iter()
            .filter(|record| record.is(host, ""))
            .map(|record| record.line.clone())
            .collect()
    }

    /// Returns all destinations that were connected to or refused, in order.
    pub(crate) fn connections(&self) -> Vec<Destination> {
        self.scene().connections.clone()
    }

    /// Returns the servers whose session was given up with [`Session::abandon`], in order.
    pub(crate) fn abandoned(&self) -> Vec<Server> {
        self.scene().abandoned.clone()
    }

    /// Returns the number of open sessions: connected, and neither lost nor abandoned nor dropped.
    pub(crate) fn open_sessions(&self) -> usize {
        self.scene().open_sessions()
    }
}

impl Answer {
    /// Prints the mark of the command line, like the script in front of a command that calls sudo, with the word `sudo asks: `.
    pub(crate) fn begins(self) -> Self {
        self.then(ScriptStep::Begin)
    }

    /// Prints the mark with which sudo's command starts.
    pub(crate) fn starts(self) -> Self {
        self.then(ScriptStep::Start)
    }

    /// Asks for a password like sudo: prints the prompt without a newline on standard output, and waits for a line of input.
    /// After a wrong one it prints `Sorry, try again.` and the prompt again; the third wrong one ends the command with status 1.
    pub(crate) fn asks_password(self, prompt: &str, password: &str) -> Self {
        self.then(ScriptStep::Password {
            prompt: prompt.to_owned(),
            password: password.to_owned(),
            tries: 3,
            prompted: false,
        })
    }

    /// Waits for a line of input.
    pub(crate) fn reads_line(self) -> Self {
        self.then(ScriptStep::ReadLine)
    }

    /// Waits for the end of input.
    pub(crate) fn reads_all(self) -> Self {
        self.then(ScriptStep::ReadAll)
    }

    /// Waits until the commands so far meet a condition, which is checked after everything that happens.
    pub(crate) fn when(self, condition: impl Fn(&[ScriptRecord]) -> bool + Send + Sync + 'static) -> Self {
        self.then(ScriptStep::When(Arc::new(condition)))
    }

    /// Waits until a command whose line contains `part` has been started on `host`.
    pub(crate) fn once_started(self, host: &str, part: &str) -> Self {
        let (host, part) = (host.to_owned(), part.to_owned());
        self.when(move |records| records.iter().any(|record| record.is(&host, &part)))
    }

    /// Waits until a command whose line contains `part` has ended on `host`.
    pub(crate) fn once_ended(self, host: &str, part: &str) -> Self {
        let (host, part) = (host.to_owned(), part.to_owned());
        self.when(move |records| {
            records
                .iter()
                .any(|record| record.exit.is_some() && record.is(&host, &part))
        })
    }

    /// Calls a function: it may raise an interrupt or change the script, since nothing is locked meanwhile.
    pub(crate) fn calls(self, action: impl Fn() + Send + Sync + 'static) -> Self {
        self.then(ScriptStep::Call(Arc::new(action)))
    }

    /// Ignores signals weaker than this one.
    pub(crate) fn dies_only_of(mut self, signal: JobSignal) -> Self {
        self.dies_of = Some(signal);
        self
    }

    /// Ignores all signals, as if the server were frozen.
    pub(crate) fn ignores_signals(mut self) -> Self {
        self.dies_of = None;
        self
    }
}

impl ScriptRecord {
    /// Returns true if it is a command on `host` whose line contains `part`.
    pub(crate) fn is(&self, host: &str, part: &str) -> bool {
        names(host, &self.server) && self.line.contains(part)
    }
}

impl Rule {
    pub(super) fn new(host: &str, part: &str, answer: Answer, once: bool) -> Self {
        let (host, part) = (host.to_owned(), part.to_owned());
        Self {
            fits: Arc::new(move |server, command| names(&host, server) && command.line.contains(&part)),
            answers: VecDeque::from([answer]),
            once,
            opens: false,
        }
    }
}
