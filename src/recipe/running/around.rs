//! The surroundings of the commands that are evaluated now: the server whose block it is, a directory, an environment, a user.
//!
//! They do not apply inside a block that was kept for later: a task that is called in `within` runs as it does elsewhere.

use std::cell::RefCell;

use indexmap::IndexMap;
use rhai::Position;

use super::evaluation::Suspender;
use crate::configuration::{Environment, Selection, Server};
use crate::diagnostic::{Diagnostic, Fault};
use crate::recipe::language::origin::{Fallible, raise};

/// The surroundings of commands.
#[derive(Default)]
pub(in crate::recipe) struct Around {
    /// The server whose block is evaluated, to which commands go.
    pub(in crate::recipe) server: Option<Server>,
    /// Hands commands to the code that performs them for all servers together; without it a command is performed at once.
    pub(in crate::recipe) line: Option<Suspender>,
    /// The settings of `within`, `with` and `as`.
    pub(in crate::recipe) said: AroundSettings,
}

/// The settings of `within`, `with` and `as`; inner ones override outer ones.
#[derive(Clone, Default)]
pub(in crate::recipe) struct AroundSettings {
    pub(in crate::recipe) dir: Option<String>,
    pub(in crate::recipe) environment: IndexMap<String, String>,
    pub(in crate::recipe) user: Option<String>,
}

impl AroundSettings {
    /// Enters a directory. One that does not begin with `/` or `~` is below the surrounding one.
    pub(in crate::recipe) fn enter(&mut self, dir: &str) {
        let outer = self.dir.take();
        self.dir = Some(match outer {
            Some(outer) if !dir.starts_with(['/', '~']) => format!("{}/{dir}", outer.trim_end_matches('/')),
            _ => dir.to_owned(),
        });
    }

    /// Returns the environment, if there is one.
    pub(in crate::recipe) fn env(&self) -> Option<Environment> {
        (!self.environment.is_empty()).then(|| Environment::Map(self.environment.clone()))
    }
}

/// The surroundings of the command that is evaluated now.
#[derive(Default)]
pub(in crate::recipe) struct PresentAround(RefCell<Around>);

impl PresentAround {
    /// Takes the surroundings away: what is evaluated next has none.
    pub(super) fn take(&self) -> Around {
        self.0.take()
    }

    /// Puts surroundings in the place of the present ones.
    pub(super) fn set(&self, around: Around) {
        self.0.replace(around);
    }

    /// Does something without surroundings, and then puts them back.
    pub(super) fn outside<T>(&self, work: impl FnOnce() -> T) -> T {
        let around = self.take();
        let result = work();
        self.set(around);
        result
    }

    /// Returns true if a command has to wait for those of other servers.
    pub(super) fn is_one_of_many(&self) -> bool {
        self.0.borrow().line.is_some()
    }

    /// Returns the server whose block is evaluated.
    pub(super) fn server(&self) -> Option<Server> {
        self.0.borrow().server.clone()
    }

    /// Refuses a verb that works on all servers together if it stands in the block of one server.
    pub(super) fn refuse_in_server(&self, verb: &str, position: Position) -> Fallible<()> {
        if self.0.borrow().server.is_none() {
            return Ok(());
        }
        let message = format!("`{verb}' is for all servers together, and stands in the block of one");
        let diagnostic = Diagnostic::new(Fault::Recipe, message).label("not for each server");
        Err(raise(
            diagnostic.hint(format!(
                "write `{verb}' before or around the block: on roles(:app), |server| {{ … }}"
            )),
            position,
        ))
    }

    /// Returns the settings of `within`, `with` and `as` that apply to the command that is evaluated.
    pub(super) fn said(&self) -> AroundSettings {
        self.0.borrow().said.clone()
    }

    /// Returns a path on a server: in `within` a relative one begins at that directory.
    pub(super) fn remote_path(&self, path: String) -> String {
        match &self.0.borrow().said.dir {
            Some(dir) if !path.is_empty() && !path.starts_with(['/', '~']) => {
                format!("{}/{path}", dir.trim_end_matches('/'))
            }
            _ => path,
        }
    }

    /// Calls a function with other surrounding settings.
    pub(super) fn saying<T>(&self, said: AroundSettings, work: impl FnOnce() -> T) -> T {
        let outer = std::mem::replace(&mut self.0.borrow_mut().said, said);
        let result = work();
        self.0.borrow_mut().said = outer;
        result
    }

    /// Calls a function in which commands are performed at once and for one server alone: an output block in the middle of an
    /// action.
    pub(super) fn at_once<T>(&self, work: impl FnOnce() -> T) -> T {
        let line = self.0.borrow_mut().line.take();
        let result = work();
        self.0.borrow_mut().line = line;
        result
    }

    /// Returns the selection of a task here: in the block of a server, that server replaces the task's servers.
    pub(super) fn selection(&self, task: Selection) -> Selection {
        if self.0.borrow().server.is_none() {
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

/// Returns true if a selection names roles, hosts or attributes. A number of servers alone means nothing in the block of one
/// server: its first server is the server itself.
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
