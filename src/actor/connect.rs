//! Connects the servers of an action that are not connected yet; reports the results, and asks the person for what the logins
//! need.

use std::collections::HashSet;

use super::{ActionError, Actor, Passwords};
use crate::event::{Event, Level};
use crate::fanout::{NotConnected, Progress};
use crate::session::{Banner, Command, Destination, NewHostKey, PasswordQuestion, Wanted};

impl Actor {
    /// Connects the servers of several actions that begin together: all of them, or it is an error. In a rollback each action
    /// connects its own servers later.
    pub fn connect_all(
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
        let (fanout, teller, asked) = if local {
            (&mut self.local, &mut self.teller, &mut self.asked)
        } else {
            (&mut self.remote, &mut self.teller, &mut self.asked)
        };
        let (banners, untrusted) = (&mut self.banners, &mut self.untrusted);
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
            teller.tell(Event::Connecting {
                servers: destinations.iter().map(|d| d.server.clone()).collect(),
            });
        }
        let mut progress = |progress: Progress| match progress {
            Progress::Tick => teller.tick(),
            // An actor never makes connections only to look.
            Progress::Step(..) => {}
            Progress::Connected(..) if local => {}
            Progress::Connected(server, elapsed) => teller.tell(Event::Connected { server, elapsed }),
            Progress::Failed(server, error) => teller.tell(Event::ConnectFailed {
                server,
                phase: error.phase,
                reason: error.to_string(),
                common: error.common,
            }),
            Progress::HostKeyAdded(
                server,
                NewHostKey {
                    problem: Some(problem),
                    gateway,
                    key_type,
                    fingerprint,
                    file,
                },
            ) => teller.tell(Event::Message {
                level: Level::Important,
                tag: Some(gateway.unwrap_or(server).to_string()),
                text: format!(
                    "new host key {key_type} {fingerprint} could not be added to {}: {problem}",
                    file.display()
                ),
            }),
            Progress::HostKeyAdded(server, key) => teller.tell(Event::HostKeyAdded {
                server: key.gateway.unwrap_or(server),
                key_type: key.key_type,
                fingerprint: key.fingerprint,
                file: key.file.display().to_string(),
            }),
            Progress::Negotiated(server, algorithms) => {
                // The entry is left from an earlier connection.
                untrusted.remove(&server);
                teller.tell(Event::Negotiated {
                    server: algorithms.gateway.unwrap_or(server),
                    key_exchange: algorithms.key_exchange,
                    host_key: algorithms.host_key,
                    cipher: algorithms.cipher,
                    mac: algorithms.mac,
                });
            }
            Progress::HostKeyUntrusted(server, warning) => {
                if warning.gateway.is_none() {
                    untrusted.insert(server.clone());
                }
                teller.tell(Event::HostKeyUntrusted {
                    server: warning.gateway.unwrap_or(server),
                    reason: warning.text,
                });
            }
            Progress::KeyLeftOut(server, warning) => {
                // The key is the same for all servers, so it is reported once.
                if banners.insert(warning.text.clone()) {
                    teller.tell(Event::Message {
                        level: Level::Important,
                        tag: Some(warning.gateway.unwrap_or(server).to_string()),
                        text: warning.text,
                    });
                }
            }
            Progress::Banner(server, Banner { gateway, text }) => {
                let lines: Vec<&str> = text.trim_end().lines().map(str::trim_end).collect();
                // Most servers have the same message, so it is reported once.
                if banners.insert(lines.join("\n")) {
                    let tag = gateway.unwrap_or(server).to_string();
                    for line in lines {
                        teller.tell(Event::Message {
                            level: Level::Info,
                            tag: Some(tag.clone()),
                            text: line.chars().filter(|c| !c.is_control() || *c == '\t').collect(),
                        });
                    }
                }
            }
            Progress::PasswordWanted(
                _,
                PasswordQuestion {
                    wanted: Wanted::Passphrase(key),
                    refused,
                    ..
                },
                answer,
            ) => {
                let passphrase = passwords.passphrase(&key, refused.is_some()).ok();
                if let Some(passphrase) = &passphrase {
                    teller.redactor().add(passphrase);
                }
                let _ = answer.send(passphrase);
            }
            Progress::PasswordWanted(
                _,
                PasswordQuestion {
                    wanted: Wanted::Answer { question, hidden },
                    user,
                    host,
                    ..
                },
                answer,
            ) => {
                let given = passwords.answer(&format!("{user}@{host}: {question} "), hidden).ok();
                if let (Some(given), true) = (&given, hidden) {
                    teller.redactor().add(given);
                }
                let _ = answer.send(given);
            }
            Progress::PasswordWanted(
                _,
                PasswordQuestion {
                    wanted: Wanted::Password { words },
                    user,
                    host,
                    refused,
                },
                answer,
            ) => {
                if let Some(refused) = &refused {
                    asked.refused(passwords, refused);
                }
                let words = words.map_or_else(String::new, |words| format!(", which says `{words}'"));
                let why = format!("{user}@{host}{words}");
                // The login may have given up in the meantime.
                let _ = answer.send(asked.get(passwords, &why, teller.redactor()).ok());
            }
        };
        let result = fanout.connect(&destinations, &mut progress);
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
