//! What stands around the commands that are evaluated now: the server whose block it is, a directory, an environment, a user.
//!
//! It ends where a block begins that was kept for later: a task that is called in `within` runs as it does elsewhere.

use indexmap::IndexMap;
use rhai::Position;

use super::evaluation::Line;
use super::interpreter::Interpreter;
use crate::configuration::{Environment, Selection, Server};
use crate::diagnostic::{Diagnostic, Fault};
use crate::recipe::language::origin::{Fallible, raise};

/// What stands around commands.
#[derive(Default)]
pub(in crate::recipe) struct Around {
    /// The server whose block is evaluated: commands go there.
    pub(in crate::recipe) server: Option<Server>,
    /// The way to whoever performs for all servers together; without it a command is performed at once.
    pub(in crate::recipe) line: Option<Line>,
    /// What `within`, `with` and `as` say.
    pub(in crate::recipe) said: Said,
}

/// What `within`, `with` and `as` say, the inner ones over the outer ones.
#[derive(Clone, Default)]
pub(in crate::recipe) struct Said {
    pub(in crate::recipe) dir: Option<String>,
    pub(in crate::recipe) environment: IndexMap<String, String>,
    pub(in crate::recipe) user: Option<String>,
}

impl Said {
    /// Enters a directory; one that does not begin with `/` or `~` is below the one around it.
    pub(in crate::recipe) fn enter(&mut self, dir: &str) {
        let outer = self.dir.take();
        self.dir = Some(match outer {
            Some(outer) if !dir.starts_with(['/', '~']) => format!("{}/{dir}", outer.trim_end_matches('/')),
            _ => dir.to_owned(),
        });
    }

    /// The environment, where there is any.
    pub(in crate::recipe) fn env(&self) -> Option<Environment> {
        (!self.environment.is_empty()).then(|| Environment::Map(self.environment.clone()))
    }
}

impl Interpreter {
    /// The server whose block is evaluated.
    pub(in crate::recipe) fn own_server(&self) -> Option<Server> {
        self.around.borrow().server.clone()
    }

    /// Refuses what is for all servers together in the block of one.
    pub(in crate::recipe) fn refuse_in_server(&self, verb: &str, position: Position) -> Fallible<()> {
        if self.around.borrow().server.is_none() {
            return Ok(());
        }
        let message = format!("`{verb}' stands in the block of a server, and is for all of them together");
        let diagnostic = Diagnostic::new(Fault::Recipe, message).label("not for each server");
        Err(raise(
            diagnostic.hint(format!(
                "write `{verb}' before or around the block: on roles(:app), |server| {{ … }}"
            )),
            position,
        ))
    }

    /// What `within`, `with` and `as` say here.
    pub(in crate::recipe) fn said_around(&self) -> Said {
        self.around.borrow().said.clone()
    }

    /// A path on a server as it is meant here: in `within` one that is not absolute begins there.
    pub(in crate::recipe) fn remote_path(&self, path: String) -> String {
        match &self.around.borrow().said.dir {
            Some(dir) if !path.is_empty() && !path.starts_with(['/', '~']) => {
                format!("{}/{path}", dir.trim_end_matches('/'))
            }
            _ => path,
        }
    }

    /// Does something with other words around it.
    pub(in crate::recipe) fn saying<T>(&self, said: Said, work: impl FnOnce() -> T) -> T {
        let outer = std::mem::replace(&mut self.around.borrow_mut().said, said);
        let result = work();
        self.around.borrow_mut().said = outer;
        result
    }

    /// Does something with commands performed at once, for one server alone: an output block, in the middle of an action.
    pub(in crate::recipe) fn at_once<T>(&self, work: impl FnOnce() -> T) -> T {
        let line = self.around.borrow_mut().line.take();
        let result = work();
        self.around.borrow_mut().line = line;
        result
    }

    /// The selection of a task as it holds here: in the block of a server that server stands for the task's.
    pub(in crate::recipe) fn selection_around(&self, task: Selection) -> Selection {
        if self.around.borrow().server.is_none() {
            return task;
        }
        Selection {
            max_hosts: task.max_hosts,
            on_no_matching_servers_continue: task.on_no_matching_servers_continue,
            on_error_continue: task.on_error_continue,
            ..Selection::default()
        }
    }
}

/// Whether a selection says which servers; the first one of one is that one.
pub(in crate::recipe) fn says_servers(selection: &Selection) -> bool {
    *selection
        != Selection {
            once: selection.once,
            max_hosts: selection.max_hosts,
            on_no_matching_servers_continue: selection.on_no_matching_servers_continue,
            on_error_continue: selection.on_error_continue,
            skip_hostfilter: selection.skip_hostfilter,
            ..Selection::default()
        }
}
