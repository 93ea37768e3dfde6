//! Runs the lines of a person in a loaded recipe: commands, tasks, variables, and the servers that they are for. A line leaves
//! nothing for the next one but connections and the recipe's own state. Nothing here reads a terminal.

use indexmap::IndexSet;
use rhai::{Caches, EvalContext, Position, Scope};

use super::language::origin::Fallible;
use super::language::values;
use super::running::hooks;
use super::running::role_block;
use super::running::selected;
use super::running::verbs;
use super::{Recipe, Stopped};
use crate::configuration::{Selection, Server, Setter, When, is_variable_name, select, suggestion};
use crate::diagnostic::{Diagnostic, Fault};
use crate::event::Level;
use crate::plan::with_calls;

/// The servers that the lines are for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Whom {
    /// All servers of the recipe, or those of a task.
    #[default]
    All,
    /// The servers of these roles, as with `ROLES=`. The name of a task means the servers of that task.
    Roles(Vec<String>),
    /// These servers, as with `HOSTS=`.
    Hosts(Vec<String>),
}

impl Recipe {
    /// Makes commands and tasks run on these servers from now on. Returns the servers before.
    pub fn address(&self, whom: &Whom) -> Result<Whom, Box<Diagnostic>> {
        let (hosts, roles) = match self.resolve(whom)? {
            Whom::All => (None, None),
            Whom::Hosts(hosts) => (Some(hosts), None),
            Whom::Roles(roles) => (None, Some(roles)),
        };
        let mut filter = self.interpreter.exclusions().filter();
        let before = match (filter.hosts.take(), filter.roles.take()) {
            (Some(hosts), _) => Whom::Hosts(hosts),
            (None, Some(roles)) => Whom::Roles(roles),
            (None, None) => Whom::All,
        };
        // Hosts that the recipe does not name are said.
        self.interpreter.notices().forget_unknown_hosts();
        (filter.hosts, filter.roles) = (hosts, roles);
        self.interpreter.exclusions().replace_filter(filter);
        Ok(before)
    }

    /// Returns the same servers without names of tasks: if there is one, all become hosts.
    fn resolve(&self, whom: &Whom) -> Result<Whom, Box<Diagnostic>> {
        let wrong = |message: String| Err(Box::new(Diagnostic::new(Fault::Usage, message)));
        let names = match whom {
            Whom::Hosts(hosts) => {
                return match hosts.iter().find_map(|host| host.parse::<Server>().err()) {
                    Some(error) => wrong(error.to_string()),
                    None => Ok(whom.clone()),
                };
            }
            Whom::Roles(names) => names,
            Whom::All => return Ok(Whom::All),
        };
        self.servers_are_known()?;
        let is_role = |name: &String| self.interpreter.defined().configuration().roles.contains(name);
        if names.iter().all(is_role) {
            return Ok(whom.clone());
        }
        let mut hosts = IndexSet::new();
        for name in names {
            hosts.extend(self.servers_of(name)?.iter().map(ToString::to_string));
        }
        match hosts.is_empty() {
            true => wrong(format!("no server belongs to {}", names.join(","))),
            false => Ok(Whom::Hosts(hosts.into_iter().collect())),
        }
    }

    /// Returns the servers of a role, or else of a task.
    fn servers_of(&self, name: &str) -> Result<Vec<Server>, Box<Diagnostic>> {
        let interpreter = &self.interpreter;
        let is_role = interpreter.defined().configuration().roles.contains(name);
        let selection = match interpreter.defined().task(name, "") {
            _ if is_role => Selection {
                roles: Some(vec![name.to_owned()]),
                ..Selection::default()
            },
            Some(task) => {
                role_block::resolved(interpreter, &self.engine, task.selection.clone(), &Selection::default())
                    .map_err(|error| Box::new(self.diagnostic(error)))?
            }
            None => {
                let configuration = interpreter.defined().configuration();
                let known = configuration.roles.names().chain(configuration.tasks.names());
                let mut diagnostic = Diagnostic::new(Fault::Usage, format!("`{name}' is no role and no task"));
                diagnostic.hints.extend(suggestion(name, known));
                return Err(Box::new(diagnostic));
            }
        };
        let mut filter = interpreter.exclusions().filter();
        (filter.hosts, filter.roles) = (None, None);
        select(&interpreter.defined().configuration().roles, &selection, &filter)
            .map_err(|error| Box::new(Diagnostic::new(Fault::Usage, error.to_string())))
    }

    /// Evaluates the blocks that return the servers of roles.
    fn servers_are_known(&self) -> Result<(), Box<Diagnostic>> {
        let none = Selection::default();
        let filled = role_block::resolved(&self.interpreter, &self.engine, none.clone(), &none);
        filled.map(drop).map_err(|error| Box::new(self.diagnostic(error)))
    }

    /// Runs a command on the servers that lines are for, on all at once. If some cannot be connected, it runs on the others, and
    /// it is still an error.
    pub fn run_command(&mut self, text: &str) -> Result<(), Box<Stopped>> {
        self.begin_line();
        let Err(error) = self.command(text) else {
            return Ok(());
        };
        let first = self.stopped(Err(error));
        let (Err(stopped), Some(reached)) = (&first, self.reached(&first)) else {
            return first;
        };
        let lost: Vec<String> = stopped
            .diagnostic
            .servers
            .iter()
            .map(|lost| lost.server.to_string())
            .collect();
        let text_of_loss = format!("going on without {}", lost.join(", "));
        self.interpreter.say(Level::Important, text_of_loss);
        let Ok(before) = self.address(&Whom::Hosts(reached)) else {
            return first;
        };
        let second = self.command(text);
        let _ = self.address(&before);
        let mut second = match self.stopped(second) {
            Ok(()) => return first,
            Err(second) => second,
        };
        second
            .diagnostic
            .servers
            .splice(0..0, stopped.diagnostic.servers.clone());
        Err(second)
    }

    fn command(&self, text: &str) -> Fallible<()> {
        let (interpreter, engine) = (&*self.interpreter, &self.engine);
        let sudo = interpreter.sudo(engine)?;
        let text = with_calls(text, &sudo.command(None));
        let mut state = engine.new_global_runtime_state();
        let (mut caches, mut scope) = (Caches::new(), Scope::new());
        let mut context = EvalContext::new(engine, &mut state, &mut caches, &mut scope, None);
        verbs::run_text(interpreter, &mut context, &text)
    }

    /// Returns the servers that could be connected, if the command failed because others could not.
    fn reached(&self, result: &Result<(), Box<Stopped>>) -> Option<Vec<String>> {
        let failed = &result.as_ref().err()?.diagnostic;
        if failed.fault != Fault::Connection || failed.servers.is_empty() {
            return None;
        }
        let all = selected::wanted(&self.interpreter, &Selection::default()).ok()?;
        let is_reached = |server: &&Server| failed.servers.iter().all(|failed| failed.server != **server);
        let reached: Vec<String> = all.iter().filter(is_reached).map(ToString::to_string).collect();
        (!reached.is_empty() && reached.len() < all.len()).then_some(reached)
    }

    /// Runs tasks in order as [`Recipe::run`] does, but does not end the run. All names were checked with `unknown_task`.
    pub fn run_line(&mut self, tasks: &[String]) -> Result<(), Box<Stopped>> {
        self.begin_line();
        let result = self.run_tasks(tasks);
        self.interpreter.free_locks(&self.engine);
        self.stopped(result)
    }

    /// Ends a run of lines: runs the hooks for the end.
    pub fn end(&mut self) -> Result<(), Box<Stopped>> {
        self.begin_line();
        let result = hooks::run(&self.interpreter, &self.engine, When::Exit, None);
        self.stopped(result)
    }

    /// Sets a variable to a value in the syntax of the command line.
    pub fn set_variable(&mut self, name: &str, value: &str) -> Result<(), Box<Diagnostic>> {
        if !is_variable_name(name) {
            let message = format!("`{name}' is no name of a variable");
            return Err(Box::new(Diagnostic::new(Fault::Usage, message)));
        }
        self.interpreter
            .set(name, values::coerce(value), Setter::After, Position::NONE)
            .map_err(|error| Box::new(self.diagnostic(error)))
    }

    /// Returns the names of its roles, in their order.
    pub fn roles(&self) -> Vec<String> {
        let configuration = self.interpreter.defined().configuration();
        configuration.roles.names().map(str::to_owned).collect()
    }

    /// Returns its servers, each once, in the order of the roles.
    pub fn servers(&self) -> Vec<String> {
        let configuration = self.interpreter.defined().configuration();
        let roles = &configuration.roles;
        let servers: IndexSet<String> = roles
            .names()
            .flat_map(|role| roles.assignments(role))
            .map(|assignment| assignment.server.to_string())
            .collect();
        servers.into_iter().collect()
    }

    pub(super) fn begin_line(&self) {
        let interpreter = &self.interpreter;
        interpreter.stops().forget();
        interpreter.person().consents().forget();
        interpreter.exclusions().forget_failures();
        interpreter.frames().handlers().clear();
    }
}
