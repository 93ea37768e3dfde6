//! Finds tasks of the library that a recipe replaces, and tasks of the library whose role is missing.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::findings::Findings;
use crate::configuration::Task;
use crate::diagnostic::Diagnostic;

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

impl Findings<'_> {
    /// Returns a warning for each task of the recipe that replaces one of the library because it has the same name. Inside the
    /// library's namespace that is intended.
    pub(super) fn replaced_tasks(&self) -> Vec<Diagnostic> {
        let library = self
            .texts
            .iter()
            .filter(|(text, _)| self.defined.is_of_stdlib(&text.file));
        let defined: BTreeSet<&str> = library
            .flat_map(|(_, claims)| claims.defines_tasks.iter().map(String::as_str))
            .collect();
        let tasks = &self.defined.configuration.borrow().tasks;
        let own = tasks
            .iter()
            .filter(|task| self.own().any(|(text, _)| *text.file == *task.origin.file));
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

    /// Returns an error for each role of library tasks that a deploy reaches and no recipe defines: the deploy would end there.
    pub(super) fn missing_roles(&self) -> Vec<Diagnostic> {
        let configuration = self.defined.configuration.borrow();
        let deploys = self
            .own()
            .any(|(_, claims)| claims.sets.iter().any(|(name, _)| name == "repository"));
        let may_be_any = self.own().any(|(_, claims)| claims.computes_roles);
        let mut known: BTreeSet<&str> = configuration.roles.names().collect();
        for (_, claims) in &self.texts {
            known.extend(claims.defines_roles.iter().map(String::as_str));
        }
        if known.is_empty() || may_be_any {
            return Vec::new();
        }
        let own = configuration.tasks.iter().filter(|task| {
            self.own().any(|(text, _)| *text.file == *task.origin.file) || deploys && task.name == "deploy"
        });
        let names: Vec<String> = own.map(|task| task.name.clone()).collect();
        let mut missing: Vec<(String, Vec<String>)> = Vec::new();
        for task in self.tasks_from(&names) {
            if !self.defined.is_of_stdlib(&task.origin.file) || task.selection.hosts.is_some() {
                continue;
            }
            for role in self.roles_of(&task) {
                let unknown = role.split(',').map(str::trim).filter(|role| !known.contains(*role));
                for role in unknown {
                    let name = format!("`{}'", task.name);
                    match missing.iter_mut().find(|(other, _)| other == role) {
                        Some((_, tasks)) => tasks.push(name),
                        None => missing.push((role.to_owned(), vec![name])),
                    }
                }
            }
        }
        missing
            .into_iter()
            .map(|(role, tasks)| {
                let message = format!("no role `{role}' is defined, and {} needs it", tasks.join(", "));
                Diagnostic::warning(message).hint(format!(
                    "name its servers: role :{role}, \"host\"; where the application has none, put a task in the place of the library's"
                ))
            })
            .collect()
    }

    /// Returns the roles of a task of the library. The role of a restart is the default if no recipe sets anything about
    /// restarts.
    fn roles_of(&self, task: &Rc<Task>) -> Vec<String> {
        if let Some(roles) = &task.selection.roles {
            return roles.clone();
        }
        let is_restart = self
            .defined
            .task("restart", "")
            .is_some_and(|restart| Rc::ptr_eq(&restart, task));
        let says = |name: &str| {
            self.own()
                .any(|(_, claims)| claims.sets.iter().any(|(set, _)| set == name))
        };
        let is_said = ["dialect", "restart_via", "restart_roles", "restart_command"]
            .into_iter()
            .any(says);
        match is_restart && !is_said && self.defined.dialect_spoken() == 1 {
            true => vec!["app".to_owned()],
            false => Vec::new(),
        }
    }
}
