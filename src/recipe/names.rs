//! What bare names stand for, and which one was probably meant by a name that stands for nothing.

use std::rc::Rc;

use rhai::{Dynamic, Engine};

use super::Fallible;
use super::functions::{Function, functions};
use super::interpreter::{Interpreter, Namespace, join};
use crate::configuration::{Task, did_you_mean, nearest, suggestion};
use crate::diagnostic::{Diagnostic, Fault};

impl Interpreter {
    /// What a bare name stands for: a variable, a task (which then runs) or a namespace. A name that is both a task and
    /// a namespace is the task where it is a whole statement.
    pub(super) fn lookup(&self, engine: &Engine, name: &str, is_statement: bool) -> Fallible<Option<Dynamic>> {
        if name == "ENV" {
            return Ok(Some(self.environment.clone()));
        }
        if let Some(value) = self.variable(engine, name)? {
            return Ok(Some(value));
        }
        let found = self.outwards(&self.namespace()).find_map(|namespace| {
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

    /// The task a name stands for, looked up from this namespace outwards.
    pub(super) fn task(&self, name: &str, namespace: &str) -> Option<Rc<Task>> {
        let configuration = self.configuration.borrow();
        self.outwards(namespace)
            .find_map(|namespace| configuration.tasks.get(&join(&namespace, name)))
    }

    pub(super) fn outwards(&self, namespace: &str) -> impl Iterator<Item = String> + use<> {
        let mut next = Some(namespace.to_owned());
        std::iter::from_fn(move || {
            let here = next.take()?;
            if !here.is_empty() {
                next = Some(here.rsplit_once(':').map_or("", |(outer, _)| outer).to_owned());
            }
            Some(here)
        })
    }

    /// A known name like this one: `did you mean …?`
    pub(super) fn suggestion(&self, name: &str) -> Option<String> {
        let configuration = self.configuration.borrow();
        let mut names: Vec<&str> = super::verbs::names().chain(functions().map(Function::name)).collect();
        names.extend(configuration.variables.names());
        for task in configuration.tasks.names() {
            names.push(task);
            names.push(task.split(':').next().unwrap_or(task));
        }
        let here = format!("{}:", self.namespace());
        names.extend(configuration.tasks.names().filter_map(|task| task.strip_prefix(&here)));
        suggestion(name, names)
    }

    /// A bare name that stands for nothing.
    pub(super) fn unknown(&self, name: &str) -> Diagnostic {
        let diagnostic = Diagnostic::new(Fault::Recipe, format!("unknown variable or task `{name}'"));
        let mut diagnostic = diagnostic.label("not known");
        diagnostic.hints.extend(written(name).or_else(|| self.suggestion(name)));
        diagnostic
    }

    /// A name in a namespace that stands for nothing.
    pub(super) fn unknown_member(&self, namespace: &str, name: &str) -> Diagnostic {
        let full = join(namespace, name);
        let mut diagnostic = Diagnostic::new(Fault::Recipe, format!("no task or namespace `{full}'"));
        diagnostic.label = Some(format!("not in `{namespace}'"));
        diagnostic.hints.extend(self.task_suggestion(name, namespace));
        diagnostic
    }

    /// A task whose name is like this one.
    pub(super) fn task_suggestion(&self, name: &str, namespace: &str) -> Option<String> {
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
    pub(super) fn explain(&self, signature: &str, diagnostic: &mut Diagnostic) {
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
            let hint = written(name).or_else(|| self.suggestion(name));
            diagnostic.hints.extend(hint);
        }
    }
}

/// A task that is called like a function.
pub(super) fn takes_no_arguments(task: &str) -> Diagnostic {
    Diagnostic::new(Fault::Recipe, format!("`{task}' is a task and takes no arguments"))
        .label("a task")
        .hint("what it needs is set before: set :name, value;")
}

/// How that is written here: a function of this name, or what Ruby calls so.
pub(super) fn written(name: &str) -> Option<String> {
    let function = functions().find(|function| function.name() == name);
    let form = function.map(|function| format!("it is written: {}", function.form));
    form.or_else(|| Some(super::syntax::ruby::meant(name)?.to_owned()))
}
