//! The facts that `capr doctor` needs of a recipe which is only examined: its servers and how each is reached, values of its
//! variables, and commands as its tasks would run them. Nothing acts, and nobody is asked.

use std::time::Duration;

use indexmap::IndexSet;
use rhai::{ASTNode, Expr, Position};

use super::language::origin::Fallible;
use super::meaning::errors::diagnostic;
use super::meaning::mentions::{path, verb};
use super::running::action::{CallSettings, Request};
use super::running::call::VerbCall;
use super::running::connection;
use super::running::role_block;
use super::running::selected;
use super::{Nobody, Recipe};
use crate::actor::Output;
use crate::configuration::{RunOptions, Selection, Server, Setter, Shell};
use crate::diagnostic::{Diagnostic, Fault};
use crate::secret::Secret;
use crate::session::{Command, Destination, Input, SshOptions};

/// A server of a recipe.
#[derive(Clone, Debug)]
pub struct Examined {
    /// The server, and the options for reaching it.
    pub destination: Destination,
    /// Its roles, in order.
    pub roles: Vec<String>,
    /// True if releases are put there.
    pub takes_releases: bool,
    /// True if the library's migrations run there.
    pub migrates: bool,
}

impl Recipe {
    /// Returns its servers, and those that only tasks name; with `HOSTS=` or `ROLES=` only the servers of these.
    ///
    /// # Errors
    ///
    /// When a role's block fails, a filter names nothing, or the options for reaching a server are wrong.
    pub fn examined(&self) -> Result<Vec<Examined>, Box<Diagnostic>> {
        let interpreter = &self.interpreter;
        interpreter.person().replace(Box::new(Nobody));
        let servers = self.all_servers()?;
        selected::report_unknown_hosts(interpreter);
        let released = self.servers_of_task("update_code")?;
        let migrating = self.servers_of_task("migrate")?;
        let wrong = |error| Box::new(self.diagnostic(error));
        let reach = connection::reach(interpreter, &self.engine).map_err(wrong)?;
        // A password that would have to be asked for is not known now.
        let password = interpreter.text_variable(&self.engine, "password").ok().flatten();
        let examined = servers.into_iter().map(|server| {
            let mut options = connection::options_for(interpreter, &reach, &server).map_err(wrong)?;
            options.password = options.password.or(password.clone().map(Secret::new));
            let roles = interpreter.defined().configuration();
            let roles = roles.roles.roles_of(&server).into_iter().map(str::to_owned).collect();
            Ok(Examined {
                roles,
                takes_releases: released.contains(&server),
                migrates: migrating.contains(&server),
                destination: Destination {
                    server,
                    options: options.looking(),
                },
            })
        });
        examined.collect()
    }

    fn all_servers(&self) -> Result<IndexSet<Server>, Box<Diagnostic>> {
        let interpreter = &self.interpreter;
        let none = Selection::default();
        let filled = role_block::resolved(interpreter, &self.engine, none.clone(), &none);
        filled.map_err(|error| Box::new(self.diagnostic(error)))?;
        let configuration = interpreter.defined().configuration();
        let filter = interpreter.exclusions().filter();
        let wrong = |error: &dyn std::fmt::Display| Box::new(Diagnostic::new(Fault::Usage, error.to_string()));
        let found = selected::wanted(interpreter, &none).map_err(|error| wrong(&error))?;
        let mut servers: IndexSet<Server> = found.into_iter().collect();
        if filter.hosts.is_none() && filter.roles.is_none() && !filter.narrows(&none) {
            let named = configuration.tasks.iter().filter(|task| task.selection.hosts.is_some());
            for task in named {
                let hosts = Selection {
                    hosts: task.selection.hosts.clone(),
                    ..Selection::default()
                };
                servers.extend(selected::wanted(interpreter, &hosts).map_err(|error| wrong(&error))?);
            }
        }
        Ok(servers)
    }

    /// Returns the servers of a task of the library.
    fn servers_of_task(&self, name: &str) -> Result<IndexSet<Server>, Box<Diagnostic>> {
        let interpreter = &self.interpreter;
        let Some(task) = interpreter.defined().task(name, "") else {
            return Ok(IndexSet::new());
        };
        let resolved = role_block::resolved(interpreter, &self.engine, task.selection.clone(), &Selection::default());
        let selection = resolved.map_err(|error| Box::new(self.diagnostic(error)))?;
        // A recipe without the role has no such server.
        let found = selected::addressed(interpreter, &selection);
        Ok(found.unwrap_or_default().into_iter().collect())
    }

    /// Returns a variable as a string; `None` if it is `()`, false or not set.
    ///
    /// # Errors
    ///
    /// Its block returns no value now.
    pub fn value(&self, name: &str) -> Result<Option<String>, Box<Diagnostic>> {
        let value = self.interpreter.text_variable(&self.engine, name);
        value.map_err(|error| Box::new(diagnostic(error)))
    }

    /// Returns the number of values in a variable that is a list; 1 for another value, 0 for none.
    pub fn length(&self, name: &str) -> usize {
        let value = self.interpreter.said(&self.engine, name).ok().flatten();
        value.map_or(0, |value| match value.read_lock::<rhai::Array>() {
            Some(list) => list.len(),
            None => 1,
        })
    }

    /// Returns true if a variable was set by anybody but the library.
    pub fn is_set(&self, name: &str) -> bool {
        let configuration = self.interpreter.defined().configuration();
        let settings = configuration.variables.settings(name);
        settings.is_some_and(|(setting, _)| match &setting.by {
            Setter::Default(origin) => {
                let file = origin.as_ref().map(|origin| origin.file.clone());
                file.is_some_and(|file| !self.interpreter.defined().is_of_stdlib(&file))
            }
            _ => true,
        })
    }

    /// Returns the program with which the recipe calls sudo; `None` if it does not call sudo.
    pub fn calls_sudo(&self) -> Option<String> {
        // A library that comes with capr may call it, where a recipe asks for that.
        let is_own = |file: &str| !self.interpreter.defined().is_of_stdlib(file);
        let is_used = self.interpreter.said(&self.engine, "use_sudo").ok().flatten().is_some()
            || self.any_node(
                is_own,
                |node| matches!(node, ASTNode::Expr(Expr::Custom(call, _)) if verb(call) == Some("sudo")),
            );
        let sudo = self.interpreter.sudo(&self.engine);
        is_used.then(|| sudo.map_or_else(|_| "sudo".to_owned(), |sudo| sudo.program))
    }

    /// Returns true if the recipe's own source mentions this task of the library.
    pub fn names_task(&self, name: &str) -> bool {
        let interpreter = &self.interpreter;
        let Some(meant) = interpreter.defined().task(name, "") else {
            return false;
        };
        let is_hooked = interpreter.defined().configuration().is_run_by_a_hook(&meant);
        is_hooked
            || self.any_node(
                |_| true,
                |node| match node {
                    ASTNode::Expr(expression) => {
                        let path = path(expression);
                        path.and_then(|path| interpreter.defined().task(&path.join(":"), ""))
                            .is_some_and(|task| task.name == meant.name)
                    }
                    _ => false,
                },
            )
    }

    /// Returns true if `is_meant` is true for a node in the recipe or in what it requires, in a file for which `is_read` is true.
    fn any_node(&self, is_read: impl Fn(&str) -> bool, is_meant: impl Fn(&ASTNode) -> bool) -> bool {
        let files = self.interpreter.defined().files();
        let texts: Vec<_> = files
            .read
            .iter()
            .skip(self.own.get())
            .filter(|text| is_read(&text.file))
            .map(|text| text.ast().clone())
            .collect();
        drop(files);
        let mut found = false;
        for text in texts {
            text.walk(&mut |nodes| {
                found |= nodes.last().is_some_and(&is_meant);
                !found
            });
        }
        found
    }

    /// Returns the shell that the recipe uses for its commands, if it names one.
    pub fn shell(&self) -> Option<String> {
        match self.settings().ok()?.options.shell {
            Some(Shell::Named(shell)) => Some(shell),
            _ => None,
        }
    }

    fn settings(&self) -> Fallible<CallSettings> {
        self.interpreter.settings(&self.engine, &VerbCall::at(Position::NONE))
    }

    /// Returns a script for `sh` as a command of a task, in the environment that the recipe gives to its commands.
    ///
    /// # Errors
    ///
    /// That environment has a fault.
    pub fn looking(
        &self,
        server: &Server,
        script: &str,
        input: &str,
        timeout: Duration,
    ) -> Result<Command, Box<Diagnostic>> {
        let settings = self.settings().map_err(|error| Box::new(diagnostic(error)))?;
        let options = RunOptions {
            env: settings.options.env,
            timeout: Some(settings.options.timeout.map_or(timeout, |own| own.min(timeout))),
            ..RunOptions::default()
        };
        let input = Input::text(input.as_bytes());
        let request = Request {
            output: Output::Capture,
            asks: true,
            ..Request::new("run", String::new(), script.to_owned(), input)
        };
        let none = SshOptions::default();
        let job = self.interpreter.job(server.clone(), &none, &request, &options);
        job.map(|(_, command)| command)
            .map_err(|error| Box::new(error.diagnostic()))
    }
}
