//! The definitions of recipes so far: configuration, sources, and blocks as syntax. Names are looked up here; nothing is
//! evaluated.

use std::cell::{Ref, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use rhai::{Dynamic, Expr};

use super::files::Files;
use super::names::written;
use super::stdlib;
use crate::configuration::{
    Attributes, BlockId, Configuration, HookAction, Task, did_you_mean, join, nearest, suggestion,
};
use crate::diagnostic::{Diagnostic, Fault, Origin};
use crate::recipe::language::function::FunctionRow;
use crate::recipe::language::functions::functions;
use crate::recipe::language::gems;

/// A block that is kept as syntax.
#[derive(Clone)]
pub(in crate::recipe) struct Body {
    pub(in crate::recipe) expression: Rc<Expr>,
    /// The file of the block.
    pub(in crate::recipe) file: Option<Rc<str>>,
    /// The namespace of the block, from which its names are looked up.
    pub(in crate::recipe) namespace: Rc<str>,
}

/// A role whose servers come from a block, and the attributes of all of them.
pub(in crate::recipe) struct RoleBlock {
    pub(in crate::recipe) role: String,
    pub(in crate::recipe) block: BlockId,
    pub(in crate::recipe) attributes: Attributes,
    pub(in crate::recipe) origin: Option<Origin>,
}

/// The definitions of recipes.
pub(in crate::recipe) struct Defined {
    configuration: RefCell<Configuration<Dynamic>>,
    files: RefCell<Files>,
    /// Roles whose servers come from a block that has not been called yet.
    role_blocks: RefCell<VecDeque<RoleBlock>>,
    bodies: RefCell<Vec<Body>>,
}

impl Defined {
    /// Returns definitions that are still empty.
    pub(in crate::recipe) fn new(files: Files) -> Self {
        Self {
            configuration: RefCell::default(),
            files: RefCell::new(files),
            role_blocks: RefCell::default(),
            bodies: RefCell::default(),
        }
    }

    /// Returns the configuration for reading. Nothing of a recipe is evaluated while it is held.
    pub(in crate::recipe) fn configuration(&self) -> Ref<'_, Configuration<Dynamic>> {
        self.configuration.borrow()
    }

    /// Changes the configuration.
    pub(in crate::recipe) fn change<T>(&self, change: impl FnOnce(&mut Configuration<Dynamic>) -> T) -> T {
        change(&mut self.configuration.borrow_mut())
    }

    /// Returns the files for reading. No file is loaded while they are held.
    pub(in crate::recipe) fn files(&self) -> Ref<'_, Files> {
        self.files.borrow()
    }

    /// Changes what is known about files.
    pub(in crate::recipe) fn change_files<T>(&self, change: impl FnOnce(&mut Files) -> T) -> T {
        change(&mut self.files.borrow_mut())
    }

    /// Keeps a role until its servers are needed.
    pub(in crate::recipe) fn put_off_role(&self, role: RoleBlock) {
        self.role_blocks.borrow_mut().push_back(role);
    }

    /// Returns true if there are roles whose servers are not known.
    pub(in crate::recipe) fn has_roles_put_off(&self) -> bool {
        !self.role_blocks.borrow().is_empty()
    }

    /// Takes the next role whose servers are not known.
    pub(in crate::recipe) fn next_role(&self) -> Option<RoleBlock> {
        self.role_blocks.borrow_mut().pop_front()
    }

    /// Puts a role back whose block has failed, to be the next one again.
    pub(in crate::recipe) fn put_back_role(&self, role: RoleBlock) {
        self.role_blocks.borrow_mut().push_front(role);
    }

    /// Keeps a block as syntax.
    pub(in crate::recipe) fn keep(&self, body: Body) -> BlockId {
        let mut bodies = self.bodies.borrow_mut();
        bodies.push(body);
        BlockId(bodies.len() - 1)
    }

    /// Returns the file of a block.
    pub(super) fn file_of(&self, id: BlockId) -> Option<Rc<str>> {
        self.bodies.borrow().get(id.0)?.file.clone()
    }

    /// Returns the syntax of a block.
    pub(in crate::recipe) fn body(&self, id: BlockId) -> Option<Body> {
        let body = self.bodies.borrow().get(id.0).cloned()?;
        let expression = self.files.borrow().bodies.whole(&body.expression);
        Some(Body { expression, ..body })
    }

    /// Returns true if a file belongs to the library that comes with capr.
    pub(in crate::recipe) fn is_of_stdlib(&self, file: &str) -> bool {
        self.files.borrow().is_of_stdlib(file)
    }

    /// Returns the task that a name stands for in this namespace or those around it; `:name` is looked up outside of all
    /// namespaces.
    pub(in crate::recipe) fn task(&self, name: &str, namespace: &str) -> Option<Rc<Task>> {
        self.configuration.borrow().tasks.find(name, namespace)
    }

    /// Returns the hint with a similar name that is known in a namespace: `did you mean …?`
    pub(in crate::recipe) fn suggestion(&self, name: &str, namespace: &str) -> Option<String> {
        let configuration = self.configuration.borrow();
        let mut names: Vec<&str> = crate::recipe::language::verbs::names()
            .chain(functions().map(FunctionRow::name))
            .collect();
        names.extend(configuration.variables.names());
        for task in configuration.tasks.names() {
            names.push(task);
            names.push(task.split(':').next().unwrap_or(task));
        }
        let here = format!("{namespace}:");
        names.extend(configuration.tasks.names().filter_map(|task| task.strip_prefix(&here)));
        suggestion(name, names.into_iter().filter(|known| *known != name))
    }

    /// Returns the error for an unknown bare name.
    pub(in crate::recipe) fn unknown(&self, name: &str, namespace: &str) -> Diagnostic {
        let diagnostic = Diagnostic::new(Fault::Recipe, format!("unknown variable or task `{name}'"));
        let mut diagnostic = diagnostic.label("not known");
        diagnostic
            .hints
            .extend(written(name).or_else(|| self.suggestion(name, namespace)));
        diagnostic
    }

    /// Returns the error for an unknown name in a namespace.
    pub(in crate::recipe) fn unknown_member(&self, namespace: &str, name: &str) -> Diagnostic {
        let full = join(namespace, name);
        let mut diagnostic = Diagnostic::new(Fault::Recipe, format!("no task or namespace `{full}'"));
        diagnostic.label = Some(format!("not in `{namespace}'"));
        diagnostic.hints.extend(self.task_suggestion(name, namespace));
        diagnostic
    }

    /// Returns true if the recipe has loaded this library of capr.
    pub(super) fn has_library(&self, name: &str) -> bool {
        let file = stdlib::file_name(&format!("{}{name}", stdlib::LIBRARIES));
        self.files.borrow().texts.contains_key(&file)
    }

    /// Returns the hint on the replacement of a task of a Ruby library, or else with the task that has a similar name.
    pub(in crate::recipe) fn task_suggestion(&self, name: &str, namespace: &str) -> Option<String> {
        let instead = |name: &str| gems::instead(name, |library| self.has_library(library));
        if let Some(instead) = instead(&join(namespace, name)).or_else(|| instead(name)) {
            return Some(instead.to_owned());
        }
        let configuration = self.configuration.borrow();
        let mut names: Vec<&str> = configuration.tasks.names().collect();
        // Namespaces are suggested as well.
        names.extend(
            configuration
                .tasks
                .names()
                .filter_map(|task| Some(task.rsplit_once(':')?.0)),
        );
        let near = nearest(&join(namespace, name), names.iter().copied());
        near.or_else(|| nearest(name, names)).map(did_you_mean)
    }

    /// Returns the error for a hook that names a task which does not exist.
    pub(in crate::recipe) fn no_hook(&self, name: &str, namespace: &str, event: &str) -> Diagnostic {
        let message = format!("the task `{name}' of this `{event}' hook does not exist");
        let mut diagnostic = Diagnostic::new(Fault::Recipe, message).label("no such task");
        diagnostic.hints.extend(self.task_suggestion(name, namespace));
        diagnostic
    }

    /// Returns an error for each hook whose task does not exist, or that would run around a task which does not exist.
    pub(in crate::recipe) fn dangling_hooks(&self) -> Vec<Diagnostic> {
        let hooks = self.configuration.borrow().hooks.clone();
        let mut dangling = Vec::new();
        for hook in &hooks {
            let mut names: Vec<(&str, &Option<Origin>)> = hook
                .only
                .iter()
                .flatten()
                .map(|name| (name.as_str(), &hook.around))
                .collect();
            if let HookAction::Task(name, _) = &hook.action {
                names.push((name, &hook.origin));
            }
            for (name, origin) in names {
                if self.task(name, &hook.namespace).is_some() {
                    continue;
                }
                dangling.push(self.no_hook(name, &hook.namespace, hook.when.name()).at(origin.clone()));
            }
        }
        dangling
    }
}
