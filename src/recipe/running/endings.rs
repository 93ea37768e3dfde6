//! The results of the blocks of servers, and the one error that is made of those that failed.

use std::collections::HashMap;

use indexmap::IndexMap;
use rhai::{EvalAltResult, Position};

use super::failure::failure;
use super::interpreter::Interpreter;
use crate::actor::ActionError;
use crate::configuration::Server;
use crate::diagnostic::{Diagnostic, ServerFailure};
use crate::event::Level;
use crate::recipe::language::origin::{Fallible, ScriptFailure, raise, said_instead};
use crate::recipe::meaning::errors::failure as failure_of;
use crate::sort;

/// The results of the blocks of servers.
pub(super) struct Endings {
    /// All servers of the block, in order.
    all: Vec<Server>,
    failed: Vec<(Server, Box<EvalAltResult>)>,
    /// The last error of an action that each block was given; the block may have caught it.
    given: HashMap<Server, ActionError>,
}

impl Endings {
    pub(super) fn new(all: &[Server]) -> Self {
        Self {
            all: all.to_vec(),
            failed: Vec::new(),
            given: HashMap::new(),
        }
    }

    /// Notes an action's error that the block of one server is given, and returns it as the block sees it.
    pub(super) fn give(&mut self, server: &Server, error: ActionError, position: Position) -> Box<EvalAltResult> {
        if !matches!(error, ActionError::Failed { .. } | ActionError::NotConnected { .. }) {
            return failure(error, position);
        }
        let seen = raise(error.diagnostic(), position);
        self.given.insert(server.clone(), error);
        seen
    }

    /// Notes that the block of one server has ended.
    pub(super) fn ended(&mut self, server: &Server, result: Fallible) {
        if let Err(error) = result {
            self.failed.push((server.clone(), error));
        }
    }

    /// Returns true if the block has failed on any server.
    pub(super) fn has_failed(&self) -> bool {
        !self.failed.is_empty()
    }

    /// Returns the first error, extended by all servers that failed in the same way. Other errors are reported.
    pub(super) fn result(self, interpreter: &Interpreter) -> Fallible<()> {
        let Self {
            all,
            mut failed,
            mut given,
        } = self;
        sort::by_key(&mut failed, |(server, _)| all.iter().position(|other| other == server));
        let mut failed = failed.into_iter().map(|(server, error)| {
            let given = given.remove(&server);
            Ended::new(server, error, given)
        });
        let Some(mut first) = failed.next() else { return Ok(()) };
        let mut likewise = vec![first.server.clone()];
        for mut other in failed {
            match (first.action.take(), other.action.take()) {
                (Some(one), Some(two)) => match together(one, two, all.len()) {
                    Ok(both) => first.action = Some(both),
                    Err(apart) => {
                        first.action = Some(apart.0);
                        other.tell(interpreter);
                    }
                },
                (action, _) => {
                    first.action = action;
                    match first.is_like(&other) {
                        true => likewise.push(other.server),
                        false => other.tell(interpreter),
                    }
                }
            }
        }
        Err(first.error(&likewise, all.len()))
    }
}

/// The failure of the block of one server.
struct Ended {
    server: Server,
    error: Box<EvalAltResult>,
    told: ScriptFailure,
    /// The error of the action, if that is the failure.
    action: Option<ActionError>,
}

impl Ended {
    fn new(server: Server, error: Box<EvalAltResult>, given: Option<ActionError>) -> Self {
        let error = crate::recipe::meaning::errors::locate(error, None);
        let told = failure_of(super::turns::same(&error));
        let action = given.filter(|given| given.to_string() == told.diagnostic.message);
        Self {
            server,
            error,
            told,
            action,
        }
    }

    fn is_like(&self, other: &Self) -> bool {
        let (one, two) = (&self.told.diagnostic, &other.told.diagnostic);
        one.message == two.message && one.origin == two.origin
    }

    fn tell(&self, interpreter: &Interpreter) {
        let text = format!("{}: {}", self.server, self.told.diagnostic.message);
        interpreter.say(Level::Important, text);
    }

    /// Returns the error that leaves the block. The error of an action names its servers itself; another one gets the names of its
    /// servers, unless all servers have failed in this way.
    fn error(self, likewise: &[Server], total: usize) -> Box<EvalAltResult> {
        let diagnostic = &*self.told.diagnostic;
        let mut told = match &self.action {
            Some(action) => Diagnostic {
                origin: diagnostic.origin.clone(),
                tasks: diagnostic.tasks.clone(),
                ..action.diagnostic()
            },
            None => diagnostic.clone(),
        };
        if told.servers.is_empty() && likewise.len() < total {
            let failure = |server: &Server| ServerFailure::new(server.clone(), &told.message);
            told.servers = likewise.iter().map(failure).collect();
        }
        said_instead(&self.error, told)
    }
}

/// Joins two errors of actions, of `among` servers in all; returns both if they are of different kinds.
fn together(one: ActionError, two: ActionError, among: usize) -> Result<ActionError, Box<(ActionError, ActionError)>> {
    match (one, two) {
        (
            ActionError::Failed {
                shown,
                mut commands,
                mut servers,
                ..
            },
            ActionError::Failed {
                shown: other,
                servers: more,
                ..
            },
        ) => {
            if shown != other && commands.is_empty() {
                commands.push((
                    shown.clone(),
                    servers.iter().map(|failed| failed.server.clone()).collect(),
                ));
            }
            if !commands.is_empty() {
                let more = more.iter().map(|failed| failed.server.clone());
                match commands.iter_mut().find(|(command, _)| *command == other) {
                    Some((_, servers)) => servers.extend(more),
                    None => commands.push((other, more.collect())),
                }
            }
            servers.extend(more);
            Ok(ActionError::Failed {
                shown,
                commands,
                total: among,
                servers,
            })
        }
        (
            ActionError::NotConnected {
                mut servers, password, ..
            },
            ActionError::NotConnected { servers: more, .. },
        ) => {
            servers.extend(more);
            let servers: IndexMap<_, _> = servers;
            Ok(ActionError::NotConnected {
                total: among,
                servers,
                password,
            })
        }
        apart => Err(Box::new(apart)),
    }
}
