//! What bare names stand for, and which one was probably meant by a name that stands for nothing.

use std::rc::Rc;

use rhai::{Dynamic, Engine};

use super::interpreter::Interpreter;
use crate::configuration::{Task, did_you_mean, join, nearest, outwards, suggestion};
use crate::diagnostic::{Diagnostic, Fault};
use crate::recipe::language::functions::{Function, functions};
use crate::recipe::language::origin::Fallible;
use crate::recipe::language::values::Namespace;
use crate::recipe::meaning::names::{GETTER, property_hint, takes_no_arguments, written};

impl Interpreter {
    /// What a bare name stands for: a variable, a task (which then runs) or a namespace. A name that is both a task and
    /// a namespace is the task where it is a whole statement.
    pub(in crate::recipe) fn lookup(
        &self,
        engine: &Engine,
        name: &str,
        is_statement: bool,
    ) -> Fallible<Option<Dynamic>> {
        if name == "ENV" {
            self.keep_environment();
            return Ok(Some(self.environment.clone()));
        }
        if let Some(value) = self.variable(engine, name)? {
            return Ok(Some(value));
        }
        let found = outwards(&self.namespace()).find_map(|namespace| {
            let full = join(&namespace, name);
            let configuration = self.configuration.borrow();
            let is_namespace = configuration.tasks.is_namespace(&full);
            match configuration.tasks.get(&full) {
                Some(task) if is_statement || !is_namespace => Some(Ok(task)),
                _ if is_namespace => Some(Err(Namespace(full.into()))),
                _ => None,
            }
        });
        match found {
            Some(Ok(task)) => self.run_task(engine, &task).map(Some),
            Some(Err(namespace)) => Ok(Some(Dynamic::from(namespace))),
            None => Ok(None),
        }
    }

    /// The task a name stands for, looked up from this namespace outwards; `:name` stands outside of all.
    pub(in crate::recipe) fn task(&self, name: &str, namespace: &str) -> Option<Rc<Task>> {
        self.configuration.borrow().tasks.find(name, namespace)
    }

    /// A known name like this one: `did you mean …?`
    pub(in crate::recipe) fn suggestion(&self, name: &str) -> Option<String> {
        let configuration = self.configuration.borrow();
        let mut names: Vec<&str> = crate::recipe::language::verbs::names()
            .chain(functions().map(Function::name))
            .collect();
        names.extend(configuration.variables.names());
        for task in configuration.tasks.names() {
            names.push(task);
            names.push(task.split(':').next().unwrap_or(task));
        }
        let here = format!("{}:", self.namespace());
        names.extend(configuration.tasks.names().filter_map(|task| task.strip_prefix(&here)));
        suggestion(name, names.into_iter().filter(|known| *known != name))
    }

    /// A bare name that stands for nothing.
    pub(in crate::recipe) fn unknown(&self, name: &str) -> Diagnostic {
        let diagnostic = Diagnostic::new(Fault::Recipe, format!("unknown variable or task `{name}'"));
        let mut diagnostic = diagnostic.label("not known");
        diagnostic.hints.extend(written(name).or_else(|| self.suggestion(name)));
        diagnostic
    }

    /// A name in a namespace that stands for nothing.
    pub(in crate::recipe) fn unknown_member(&self, namespace: &str, name: &str) -> Diagnostic {
        let full = join(namespace, name);
        let mut diagnostic = Diagnostic::new(Fault::Recipe, format!("no task or namespace `{full}'"));
        diagnostic.label = Some(format!("not in `{namespace}'"));
        diagnostic.hints.extend(self.task_suggestion(name, namespace));
        diagnostic
    }

    /// A task whose name is like this one.
    pub(in crate::recipe) fn task_suggestion(&self, name: &str, namespace: &str) -> Option<String> {
        let configuration = self.configuration.borrow();
        let mut names: Vec<&str> = configuration.tasks.names().collect();
        // Namespaces, too.
        names.extend(
            configuration
                .tasks
                .names()
                .filter_map(|task| Some(task.rsplit_once(':')?.0)),
        );
        let near = nearest(&join(namespace, name), names.iter().copied());
        near.or_else(|| nearest(name, names)).map(did_you_mean)
    }

    /// Says more about a function that does not exist: `name (types of what it was given)`.
    pub(in crate::recipe) fn explain(&self, engine: &Engine, signature: &str, diagnostic: &mut Diagnostic) {
        if let Some(property) = signature.strip_prefix(GETTER) {
            diagnostic.hints.extend(property_hint(engine, property, None));
            return;
        }
        let (name, given) = signature.split_once(" (").unwrap_or((signature, ""));
        let given = given.strip_suffix(')').unwrap_or(given);
        let member = self.missing_member.borrow_mut().take();
        if let Some((namespace, member)) = member
            && member == name
            && given == "Namespace"
        {
            diagnostic.say(self.unknown_member(&namespace, name));
        } else if self.task(name, "").is_some() {
            diagnostic.say(takes_no_arguments(name));
        } else {
            let elsewhere = || self.function_elsewhere(name).or_else(|| self.suggestion(name));
            diagnostic.hints.extend(written(name).or_else(elsewhere));
        }
    }
}
