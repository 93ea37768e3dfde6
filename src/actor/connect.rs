//! Connects the servers of an action that are not connected yet; reports the results, and asks the person for what the logins
//! need.

use std::collections::HashSet;
use std::sync::mpsc::Sender;

use super::asked::PasswordInUse;
use super::teller::Teller;
use super::{ActionError, Actor, Passwords};
use crate::configuration::Server;
use crate::event::{Event, Level};
use crate::fanout::{NotConnected, Progress};
use crate::secret::Secret;
use crate::session::{Command, Destination, LoginReport, NewHostKey, PasswordQuestion, Wanted};

impl Actor {
    /// Connects the servers of several actions that begin together: all of them, or it is an error. In a rollback each action
    /// connects its own servers later.
    pub(crate) fn connect_all(
        &mut self,
        mut jobs: Vec<(Destination, Command)>,
        passwords: &mut dyn Passwords,
    ) -> Result<(), ActionError> {
        match self.rolling {
            Some(_) => Ok(()),
            None => self.connect(false, &mut jobs, passwords),
        }
    }

    /// Connects the servers of `jobs`. In a rollback, servers that cannot be reached are removed from it.
    pub(super) fn connect(
        &mut self,
        local: bool,
        jobs: &mut Vec<(Destination, Command)>,
        passwords: &mut dyn Passwords,
    ) -> Result<(), ActionError> {
        let fanout = if local { &mut self.local } else { &mut self.remote };
        // This connects no server, but notices connections that were lost since the last action.
        if let Err(NotConnected::Interrupted(signal)) = fanout.connect(&[], &mut drop) {
            return Err(self.interrupted(signal));
        }
        let mut seen = HashSet::new();
        let destinations: Vec<Destination> = jobs
            .iter()
            .map(|(destination, _)| destination)
            .filter(|destination| !fanout.is_connected(&destination.server) && seen.insert(&destination.server))
            .cloned()
            .collect();
        if destinations.is_empty() {
            return Ok(());
        }
        if !local {
            self.teller.tell(Event::Connecting {
                servers: destinations.iter().map(|d| d.server.clone()).collect(),
            });
        }
        let mut logins = Logins {
            local,
            teller: &mut self.teller,
            asked: &mut self.asked,
            passwords,
            shown: &mut self.banners,
            untrusted: &mut self.untrusted,
        };
        let result = fanout.connect(&destinations, &mut |progress| logins.follow(progress));
        let password = self.asked.reset();
        // The person has pressed Ctrl-C at the question for a password.
        if result.is_err()
            && let Some(signal) = self.interrupt.take()
        {
            return Err(self.interrupted(signal));
        }
        match result {
            Ok(()) => Ok(()),
            Err(NotConnected::Interrupted(signal)) => Err(self.interrupted(signal)),
            Err(NotConnected::Servers(servers)) if self.rolling.is_some() && !local => {
                jobs.retain(|(destination, _)| !servers.contains_key(&destination.server));
                for (server, error) in servers {
                    self.skip(server, error.to_string());
                }
                Ok(())
            }
            Err(NotConnected::Servers(servers)) => Err(ActionError::NotConnected {
                total: jobs.len(),
                servers,
                password,
            }),
        }
    }
}

/// The logins under way: the reports about them, and the answers that they need.
struct Logins<'a> {
    local: bool,
    teller: &'a mut Teller,
    asked: &'a mut PasswordInUse,
    passwords: &'a mut dyn Passwords,
    /// The messages of servers that were reported already.
    shown: &'a mut HashSet<String>,
    /// The servers whose host keys are not the right ones.
    untrusted: &'a mut HashSet<Server>,
}

impl Logins<'_> {
    fn follow(&mut self, progress: Progress) {
        match progress {
            Progress::Tick => self.teller.tick(),
            Progress::Connected(..) if self.local => {}
            Progress::Connected(server, elapsed) => self.teller.tell(Event::Connected { server, elapsed }),
            Progress::Failed(server, error) => self.teller.tell(Event::ConnectFailed {
                server,
                phase: error.phase,
                reason: error.to_string(),
                common: error.common,
            }),
            Progress::Login(server, fact) => self.report(server, fact),
            Progress::PasswordWanted(question, answer) => self.answer(question, &answer),
        }
    }

    fn report(&mut self, server: Server, fact: LoginReport) {
        match fact {
            // An actor never makes connections only to look.
            LoginReport::Step(_) => {}
            LoginReport::HostKeyAdded(key) => self.host_key_added(server, key),
            LoginReport::Negotiated(algorithms) => {
                // The entry is left from an earlier connection.
                self.untrusted.remove(&server);
                self.teller.tell(Event::Negotiated {
                    server: algorithms.gateway.unwrap_or(server),
                    key_exchange: algorithms.key_exchange,
                    host_key: algorithms.host_key,
                    cipher: algorithms.cipher,
                    mac: algorithms.mac,
                });
            }
            LoginReport::HostKeyUntrusted(warning) => {
                if warning.gateway.is_none() {
                    self.untrusted.insert(server.clone());
                }
                self.teller.tell(Event::HostKeyUntrusted {
                    server: warning.gateway.unwrap_or(server),
                    reason: warning.text,
                });
            }
            // The key is the same for all servers.
            LoginReport::KeyLeftOut(warning) => {
                self.say_once(&warning.gateway.unwrap_or(server), Level::Important, &[&warning.text]);
            }
            // Most servers have the same message.
            LoginReport::Banner(banner) => {
                let lines: Vec<&str> = banner.text.trim_end().lines().map(str::trim_end).collect();
                self.say_once(&banner.gateway.unwrap_or(server), Level::Info, &lines);
            }
        }
    }

    fn host_key_added(&mut self, server: Server, key: NewHostKey) {
        let server = key.gateway.unwrap_or(server);
        let file = key.file.display().to_string();
        match key.problem {
            None => self.teller.tell(Event::HostKeyAdded {
                server,
                key_type: key.key_type,
                fingerprint: key.fingerprint,
                file,
            }),
            Some(problem) => self.teller.tell(Event::Message {
                level: Level::Important,
                tag: Some(server.to_string()),
                text: format!(
                    "new host key {} {} could not be added to {file}: {problem}",
                    key.key_type, key.fingerprint
                ),
            }),
        }
    }

    /// Reports a message of a server, unless one of the same lines was reported before.
    fn say_once(&mut self, server: &Server, level: Level, lines: &[&str]) {
        if !self.shown.insert(lines.join("\n")) {
            return;
        }
        for line in lines {
            self.teller.tell(Event::Message {
                level,
                tag: Some(server.to_string()),
                text: line.chars().filter(|c| !c.is_control() || *c == '\t').collect(),
            });
        }
    }

    /// Asks the person, and sends the answer to the login, which may have given up in the meantime.
    fn answer(&mut self, question: PasswordQuestion, answer: &Sender<Option<Secret>>) {
        let PasswordQuestion {
            wanted,
            user,
            host,
            refused,
        } = question;
        let given = match wanted {
            Wanted::Passphrase(key) => {
                let passphrase = self.passwords.passphrase(&key, refused.is_some()).ok();
                self.hide(passphrase.as_ref());
                passphrase
            }
            Wanted::Answer { question, hidden } => {
                let given = self
                    .passwords
                    .answer(&format!("{user}@{host}: {question} "), hidden)
                    .ok();
                self.hide(given.as_ref().filter(|_| hidden));
                given
            }
            Wanted::Password { words } => {
                if let Some(refused) = &refused {
                    self.asked.refused(self.passwords, refused);
                }
                let words = words.map_or_else(String::new, |words| format!(", which says `{words}'"));
                let why = format!("{user}@{host}{words}");
                self.asked.get(self.passwords, &why, self.teller.redactor()).ok()
            }
        };
        let _ = answer.send(given);
    }

    fn hide(&self, secret: Option<&Secret>) {
        if let Some(secret) = secret {
            self.teller.redactor().add(secret);
        }
    }
}
