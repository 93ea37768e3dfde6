//! The reasons why an action did not succeed.

use std::io;

use indexmap::IndexMap;
use thiserror::Error;

use crate::configuration::{SelectionError, Server, did_you_mean};
use crate::diagnostic::{Diagnostic, Fault, ServerFailure};
use crate::exit::Cause;
use crate::interrupt::Signal;
use crate::io_error::plain;
use crate::session::ConnectError;
use crate::unanswered::Unanswered;

/// The reason that is reported for a server on which sudo did not accept the passwords.
pub(super) const REFUSED: &str = "authentication to sudo failed";

/// The reason why an action did not succeed.
#[derive(Debug, Error)]
pub(crate) enum ActionError {
    /// Some servers could not be connected; the action was not started anywhere.
    #[error("could not connect to {}", place(servers.keys(), *total))]
    NotConnected {
        /// The number of servers that were wanted.
        total: usize,
        /// All servers that failed, in server order.
        servers: IndexMap<Server, ConnectError>,
        /// The reason why no password could be given, if one was asked for.
        password: Option<Unanswered>,
    },
    /// The command failed on some servers, and has ended on all of them.
    #[error("{}", failed(shown, commands, servers, *total))]
    Failed {
        /// The command, without secrets.
        shown: String,
        /// The commands that failed and their servers, if the servers had different commands.
        commands: Vec<(String, Vec<Server>)>,
        /// The number of servers on which it ran.
        total: usize,
        /// All servers that failed, in server order.
        servers: Vec<ServerFailure>,
    },
    /// The servers could not be selected.
    #[error(transparent)]
    Selection(#[from] SelectionError),
    /// No server matches.
    #[error("{}", no_servers(task.as_deref(), conditions))]
    NoServers {
        /// The task that was running.
        task: Option<String>,
        /// The conditions that the servers had to match, as a person can read them.
        conditions: String,
    },
    /// The person or the system wants the run to stop. All commands were ended first.
    #[error("{0}")]
    Interrupted(Signal),
    /// sudo asked for a password and there is none. All commands were ended first.
    #[error("no password for sudo: {0}")]
    Password(#[source] Unanswered),
    /// A command has written more output than is kept. All commands were ended first.
    #[error("`{}' has written more than {} MiB{}, which is more than is kept", first_line(shown), limit >> 20, on(server.as_ref()))]
    TooMuch {
        /// The command, without secrets.
        shown: String,
        /// The server of the command.
        server: Option<Server>,
        /// The most output that is kept, in bytes.
        limit: usize,
    },
    /// The connection was lost, and before it was made again somebody else has taken the lock. The action was not started
    /// anywhere.
    #[error("the lock was lost on {}", servers.iter().map(|lost| lost.server.to_string()).collect::<Vec<_>>().join(", "))]
    LockLost {
        /// The servers, and who holds their locks.
        servers: Vec<ServerFailure>,
    },
    /// The script in front of the command has not let it begin on these servers.
    #[error("`{}' was not begun on {}", first_line(shown), answers.keys().map(ToString::to_string).collect::<Vec<_>>().join(", "))]
    TurnedAway {
        /// The command, without secrets.
        shown: String,
        /// The exit status of that script on each of the servers, and what it printed.
        answers: IndexMap<Server, (i32, String)>,
    },
    /// The person did not want the command or anything after it to be run.
    #[error("aborted")]
    Aborted,
    /// The person would have to be asked before the command, and nobody is there.
    #[error("{0}")]
    NobodyToAsk(Unanswered),
    /// The action could not be written into the journal; it was not started anywhere.
    #[error("cannot keep a journal of this run: {}", plain(.0))]
    Journal(#[source] io::Error),
    /// The action failed in the run that is resumed.
    #[error("{}", diagnostic.message)]
    Replayed {
        /// The failure as it was reported then.
        diagnostic: Box<Diagnostic>,
        /// True if it was started on any server.
        was_started: bool,
        /// True if a recipe can catch it.
        is_caught: bool,
    },
}

impl ActionError {
    /// Returns the failure as it is reported to a person; the recipe layer adds origin and tasks.
    pub(crate) fn diagnostic(&self) -> Diagnostic {
        if let Self::Replayed { diagnostic, .. } = self {
            return (**diagnostic).clone();
        }
        let mut diagnostic = Diagnostic::new(self.fault(), self.to_string());
        match self {
            Self::NotConnected { servers, password, .. } => {
                for (server, error) in servers {
                    diagnostic.servers.push(ServerFailure {
                        cause: Some(Cause::Connection { phase: error.phase }),
                        common: error.common.clone(),
                        ..ServerFailure::new(server.clone(), error.to_string())
                    });
                    for hint in &error.hints {
                        if !diagnostic.hints.contains(hint) {
                            diagnostic.hints.push(hint.clone());
                        }
                    }
                }
                if let Some(reason) = password {
                    diagnostic.hints.push(format!("no password was given: {reason}"));
                }
            }
            Self::LockLost { servers } => diagnostic.servers.clone_from(servers),
            Self::Failed { servers, .. } => {
                diagnostic.servers.clone_from(servers);
                let is_refused = servers.iter().any(|server| server.reason.starts_with(REFUSED));
                let mut lines = servers.iter().flat_map(|server| &server.stderr);
                let hint = lines.find_map(|line| match line.as_str() {
                    line if line.starts_with("sudo: a terminal is required") => {
                        Some("sudo asks for its password: write sudo \"command\"; instead of run \"sudo command\";: the prompt is answered then")
                    }
                    line if line.starts_with("sudo: a password is required") && !is_refused => {
                        Some("there is no password for sudo: set the variable `password', or run it on a terminal")
                    }
                    _ => None,
                });
                diagnostic.hints.extend(hint.map(str::to_owned));
            }
            Self::Journal(_) => diagnostic.hints.extend([
                "it is kept below $XDG_STATE_HOME/capr, or ~/.local/state/capr, so that a run that dies can be resumed"
                    .to_owned(),
                "without one: set :journal, false;".to_owned(),
            ]),
            Self::TooMuch { .. } => diagnostic.hints.extend([
                "let the command write less (`| head`), or into a file that `download' fetches".to_owned(),
                "the limit is the variable `capture_limit', in MiB: set :capture_limit, 256;".to_owned(),
            ]),
            Self::Selection(SelectionError::UnknownRole {
                nearest: Some(nearest), ..
            }) => diagnostic.hints.push(did_you_mean(nearest)),
            Self::NoServers { conditions, .. } => diagnostic.hints.push(match conditions.is_empty() {
                true => "role :app, \"server.example.com\"; puts one into a role".to_owned(),
                false => "which servers each task addresses, and why, shows: capr RECIPE TASK --servers".to_owned(),
            }),
            _ => {}
        }
        diagnostic
    }

    /// Returns true if a recipe can catch it; an error that ends the run cannot be caught.
    pub(crate) fn can_be_caught(&self) -> bool {
        match self {
            Self::Interrupted(_) | Self::Aborted | Self::NobodyToAsk(_) => false,
            Self::Replayed { is_caught, .. } => *is_caught,
            _ => true,
        }
    }

    /// Returns true if it is an error of some servers and the others can go on.
    pub(crate) fn is_of_servers(&self) -> bool {
        match self {
            Self::Failed { .. } | Self::NotConnected { .. } => true,
            Self::Replayed { diagnostic, .. } => !diagnostic.servers.is_empty(),
            _ => false,
        }
    }

    /// Returns true if the command was started on the others.
    pub(crate) fn was_started(&self) -> bool {
        match self {
            Self::Failed { .. } => true,
            Self::Replayed { was_started, .. } => *was_started,
            _ => false,
        }
    }

    fn fault(&self) -> Fault {
        match self {
            Self::NotConnected { .. } => Fault::Connection,
            Self::Selection(_) => Fault::Recipe,
            Self::LockLost { .. } | Self::TurnedAway { .. } => Fault::Locked,
            Self::Interrupted(signal) => Fault::Signal(signal.exit_code()),
            Self::Replayed { diagnostic, .. } => diagnostic.fault,
            Self::Failed { .. }
            | Self::Journal(_)
            | Self::NoServers { .. }
            | Self::Password(_)
            | Self::TooMuch { .. }
            | Self::Aborted
            | Self::NobodyToAsk(_) => Fault::Failed,
        }
    }
}

/// Returns `app1` for one server, else `2 of 6 servers`. The list below the message names them with their reasons.
fn place<'a>(mut servers: impl ExactSizeIterator<Item = &'a Server>, total: usize) -> String {
    match (servers.len(), servers.next()) {
        (1, Some(server)) => server.to_string(),
        (failed, _) => format!("{failed} of {total} servers"),
    }
}

fn failed(shown: &str, commands: &[(String, Vec<Server>)], servers: &[ServerFailure], total: usize) -> String {
    let servers = servers.iter().map(|failure| &failure.server);
    if commands.is_empty() {
        return format!("`{}' failed on {}", first_line(shown), place(servers, total));
    }
    let groups: Vec<String> = commands
        .iter()
        .map(|(command, servers)| {
            let servers: Vec<String> = servers.iter().map(ToString::to_string).collect();
            format!("`{}' on {}", first_line(command), servers.join(", "))
        })
        .collect();
    format!("failed: {}", groups.join("; "))
}

fn on(server: Option<&Server>) -> String {
    server.map_or_else(String::new, |server| format!(" on {server}"))
}

fn first_line(text: &str) -> String {
    match text.trim().split_once('\n') {
        Some((first, _)) => format!("{} …", first.trim_end()),
        None => text.trim().to_owned(),
    }
}

fn no_servers(task: Option<&str>, conditions: &str) -> String {
    match task {
        Some(task) if conditions.is_empty() => format!("`{task}' is run on all servers, but there are none"),
        None if conditions.is_empty() => "no servers found: there are none".to_owned(),
        Some(task) => format!("`{task}' is only run for servers matching {{{conditions}}}, but no servers matched"),
        None => format!("no servers found to match {{{conditions}}}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{ActionError, Fault, SelectionError, Server, ServerFailure, Signal};

    fn failure(host: &str) -> ServerFailure {
        ServerFailure {
            common: None,
            server: Server::host(host),
            cause: None,
            reason: "exit status 7".to_owned(),
            stderr: Vec::new(),
            stdout: Vec::new(),
        }
    }

    #[test]
    fn c3_the_error_tells_on_how_many_servers_and_lists_them_all_in_order() {
        let error = ActionError::Failed {
            shown: "cd /u\nmake".to_owned(),
            commands: Vec::new(),
            total: 6,
            servers: vec![failure("app1"), failure("db1")],
        };
        assert_eq!(error.to_string(), "`cd /u …' failed on 2 of 6 servers");
        let diagnostic = error.diagnostic();
        assert_eq!(diagnostic.fault, Fault::Failed);
        assert_eq!(diagnostic.servers, [failure("app1"), failure("db1")]);
    }

    #[test]
    fn c4_servers_that_failed_are_grouped_by_their_commands() {
        let error = ActionError::Failed {
            shown: "app: make; db: df".to_owned(),
            commands: vec![
                (
                    "make\nmore".to_owned(),
                    vec![Server::host("app1"), Server::host("app2")],
                ),
                ("df".to_owned(), vec![Server::host("db1")]),
            ],
            total: 6,
            servers: vec![failure("app1"), failure("app2"), failure("db1")],
        };
        assert_eq!(error.to_string(), "failed: `make …' on app1, app2; `df' on db1");
    }

    #[test]
    fn n1_nobody_matches_inside_a_task_is_told_with_the_task_and_the_conditions() {
        let error = |task: Option<&str>| {
            ActionError::NoServers {
                task: task.map(str::to_owned),
                conditions: "roles: app".to_owned(),
            }
            .to_string()
        };
        assert_eq!(
            error(Some("spinner")),
            "`spinner' is only run for servers matching {roles: app}, but no servers matched"
        );
        assert_eq!(error(None), "no servers found to match {roles: app}");
        let error = |task: Option<&str>| {
            ActionError::NoServers {
                task: task.map(str::to_owned),
                conditions: String::new(),
            }
            .to_string()
        };
        assert_eq!(
            error(Some("spinner")),
            "`spinner' is run on all servers, but there are none"
        );
        assert_eq!(error(None), "no servers found: there are none");
    }

    #[test]
    fn r5_an_unknown_role_is_the_recipes_fault_and_hints_at_the_nearest() {
        let error = ActionError::from(SelectionError::UnknownRole {
            role: "wbe".to_owned(),
            nearest: Some("web".to_owned()),
        });
        let diagnostic = error.diagnostic();
        assert_eq!(diagnostic.fault, Fault::Recipe);
        assert_eq!(diagnostic.hints, ["did you mean `web'?"]);
    }

    #[test]
    fn a_signal_keeps_its_exit_code() {
        assert_eq!(
            ActionError::Interrupted(Signal::Term).diagnostic().fault.exit_code(),
            143
        );
    }
}
