//! Finds tasks of the library that a recipe replaces, and tasks of the library whose role is missing.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::findings::Findings;
use crate::configuration::{Setter, Setting, Task, VariableRead};
use crate::diagnostic::{Diagnostic, Fault};

/// Tasks of the library that are meant to be replaced.
pub(in crate::recipe) const TO_BE_REPLACED: &[&str] = &[
    "disable_web",
    "enable_web",
    "finalize_update",
    "migrate",
    "restart",
    "spinner",
    "start",
    "stop",
];

/// Tasks of the library that restart by turns. Tasks that a recipe may call by themselves mention them, but only the library's
/// whole deploys run them there, and these reach a restart in another way, too.
const BY_TURNS: &[&str] = &["deploy:restart_in_turn", "deploy:restart_again"];

impl Findings<'_> {
    /// Returns a warning for each task of the recipe that replaces one of the library because it has the same name. Inside the
    /// library's namespace that is intended.
    pub(super) fn replaced_tasks(&self) -> Vec<Diagnostic> {
        let library = self.texts().filter(|(text, _)| self.defined.is_of_stdlib(&text.file));
        let defined: BTreeSet<&str> = library
            .flat_map(|(_, claims)| claims.defines_tasks.iter().map(String::as_str))
            .collect();
        let tasks = &self.defined.configuration().tasks;
        let own = tasks.iter().filter(|task| self.is_own(task));
        let told = own.filter_map(|task| {
            let name = task.name.as_str();
            let is_default = self
                .own()
                .any(|(_, claims)| claims.defines_tasks.contains(&format!("{name}:default")));
            // If no other task of the library runs it, the recipe's task is meant to be another one.
            let is_run = tasks.iter().any(|other| {
                self.defined.is_of_stdlib(&other.origin.file)
                    && self
                        .defined
                        .mentions(other.body)
                        .iter()
                        .any(|run| Rc::ptr_eq(run, task))
            });
            if name.contains(':') || is_default || !is_run || TO_BE_REPLACED.contains(&name) || !defined.contains(name)
            {
                return None;
            }
            let other = tasks.names_of(tasks.id(name)?).find(|other| *other != name);
            let library = other.unwrap_or(name);
            let message = format!("the task `{name}' takes the place of the library's task `{library}'");
            let mut told = Diagnostic::warning(message)
                .label("the library's does not run any more")
                .at(task.origin.clone())
                .hint("a task beside it needs another name");
            if let Some((namespace, last)) = other
                .and_then(|other| other.split_once(':'))
                .filter(|(_, last)| !last.contains(':'))
            {
                told = told.hint(format!(
                    "where it is meant: namespace :{namespace} {{ task :{last} {{ … }} }}"
                ));
            }
            Some(told)
        });
        told.collect()
    }

    /// Returns a warning for each role that no recipe defines, but that library tasks need which a recipe or a deploy runs.
    pub(super) fn missing_roles(&self) -> Vec<Diagnostic> {
        let configuration = self.defined.configuration();
        let deploys = self
            .own()
            .any(|(_, claims)| claims.sets.iter().any(|(name, _)| name == "repository"));
        let own = configuration
            .tasks
            .iter()
            .filter(|task| self.is_own(task) || deploys && task.name == "deploy");
        let names: Vec<String> = own.map(|task| task.name.clone()).collect();
        // A role that an error names already is not reported again.
        let told: BTreeSet<String> = self
            .run_without_servers()
            .into_iter()
            .map(|(_, _, role)| role)
            .collect();
        let mut missing: Vec<(String, Vec<String>)> = Vec::new();
        for task in self.tasks_from_but(&names, BY_TURNS) {
            for role in self.lacked_roles(&task) {
                if told.contains(&role) {
                    continue;
                }
                let name = format!("`{}'", task.name);
                match missing.iter_mut().find(|(other, _)| *other == role) {
                    Some((_, tasks)) => tasks.push(name),
                    None => missing.push((role, vec![name])),
                }
            }
        }
        missing
            .into_iter()
            .map(|(role, tasks)| {
                let message = format!("no role `{role}' is defined, and {} needs it", tasks.join(", "));
                Diagnostic::warning(message).hint(define(&role))
            })
            .collect()
    }

    /// Returns an error for each task of the recipe that always runs a task of the library whose role no recipe defines. A run
    /// would end in the middle of such a task.
    pub(in crate::recipe) fn tasks_without_servers(&self) -> Vec<Diagnostic> {
        let told = self.run_without_servers().into_iter().map(|(task, run, role)| {
            let message = format!(
                "no role `{role}' is defined, and `{}', which `{}' runs, needs it",
                run.name, task.name
            );
            Diagnostic::new(Fault::Recipe, message)
                .label("would end there")
                .at(Some(task.origin.clone()))
                .hint(define(&role))
        });
        told.collect()
    }

    /// Returns each task of the recipe that always runs a library task whose role is missing, with the library task and the role.
    fn run_without_servers(&self) -> Vec<(Rc<Task>, Rc<Task>, String)> {
        let tasks: Vec<Rc<Task>> = self.defined.configuration().tasks.iter().cloned().collect();
        let mut found = Vec::new();
        for task in tasks.iter().filter(|task| self.is_own(task)) {
            for run in self.defined.runs_always(task) {
                for role in self.lacked_roles(&run) {
                    found.push((Rc::clone(task), Rc::clone(&run), role));
                }
            }
        }
        found
    }

    fn is_own(&self, task: &Task) -> bool {
        self.own().any(|(text, _)| *text.file == *task.origin.file)
    }

    /// Returns the roles that a task of the library needs and no recipe defines; none if some are computed or none are defined.
    fn lacked_roles(&self, task: &Rc<Task>) -> Vec<String> {
        let is_asked = self.defined.is_of_stdlib(&task.origin.file) && task.selection.hosts.is_none();
        if !is_asked || self.own().any(|(_, claims)| claims.computes_roles) {
            return Vec::new();
        }
        let configuration = self.defined.configuration();
        let mut known: BTreeSet<&str> = configuration.roles.names().collect();
        let mut lacked: Vec<String> = {
            let roles = self.roles_of(task);
            let each = roles.iter().flat_map(|roles| roles.split(',')).map(str::trim);
            each.filter(|role| !known.contains(*role)).map(str::to_owned).collect()
        };
        if lacked.is_empty() {
            return lacked;
        }
        for (_, claims) in self.texts() {
            known.extend(claims.defines_roles.iter().map(String::as_str));
        }
        lacked.retain(|role| !known.is_empty() && !known.contains(role.as_str()));
        lacked
    }

    /// Returns the roles of a task of the library. A restart has none if nothing is restarted, or if that is not known yet.
    fn roles_of(&self, task: &Rc<Task>) -> Vec<String> {
        if let Some(roles) = &task.selection.roles {
            return roles.clone();
        }
        let is_restart = self
            .defined
            .task("restart", "")
            .is_some_and(|restart| Rc::ptr_eq(&restart, task));
        match is_restart && self.restarts() {
            true => self.names_in("restart_roles"),
            false => Vec::new(),
        }
    }

    /// Returns true if a restart runs something on servers, by `restart_via` or by the rule of its default.
    fn restarts(&self) -> bool {
        match self.names_in("restart_via").first() {
            Some(via) => via != "none" && via != "tasks",
            None if self.is_set("restart_via") || self.is_set("dialect") => false,
            None if self.is_set("restart_command") => true,
            None => self.names_in("restart_tasks").is_empty() && self.defined.dialect_spoken() == 1,
        }
    }

    /// Returns true if a recipe sets a variable, perhaps only in a task.
    fn is_set(&self, name: &str) -> bool {
        self.own()
            .any(|(_, claims)| claims.sets.iter().any(|(set, _)| set == name))
    }

    /// Returns the string or the strings in a variable; nothing if a task or a block sets its value.
    fn names_in(&self, name: &str) -> Vec<String> {
        let configuration = self.defined.configuration();
        let is_default = matches!(
            configuration.variables.settings(name),
            Some((
                Setting {
                    by: Setter::Default(_),
                    ..
                },
                _
            ))
        );
        // A task sets it.
        if is_default && self.is_set(name) {
            return Vec::new();
        }
        let VariableRead::Value(value) = configuration.variables.read(name) else {
            return Vec::new();
        };
        match value.clone().into_array() {
            Ok(values) => values.iter().map(ToString::to_string).collect(),
            Err(_) => value.into_string().into_iter().collect(),
        }
    }
}

/// Returns the hint that says how servers get a role.
fn define(role: &str) -> String {
    format!(
        "name its servers: role :{role}, \"host\"; where the application has none, put a task in the place of the library's"
    )
}
