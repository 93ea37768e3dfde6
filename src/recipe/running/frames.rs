//! The running tasks, each inside the one before it.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use rhai::{INT, Position};

use super::handlers::Handlers;
use crate::configuration::{Task, TaskId};
use crate::diagnostic::{Diagnostic, Fault};
use crate::recipe::language::origin::{Fallible, raise};

/// The deepest nesting of tasks and of lazy variables, which the stack has to bear.
pub(super) const MAX_FRAMES: usize = 50;

/// The running tasks, the innermost last.
#[derive(Default)]
pub(in crate::recipe) struct Frames {
    stack: RefCell<Vec<Rc<Task>>>,
    /// The number of times that each task was begun in this run.
    begun: RefCell<HashMap<TaskId, INT>>,
    handlers: Handlers,
}

impl Frames {
    /// Returns the rollback handlers that tasks have registered.
    pub(in crate::recipe) fn handlers(&self) -> &Handlers {
        &self.handlers
    }

    /// Begins a run of tasks: none was begun in it.
    pub(in crate::recipe) fn begin_run(&self) {
        self.begun.borrow_mut().clear();
    }

    /// Rejects a task that would be nested too deep.
    pub(super) fn check_depth(&self, task: &Task) -> Fallible<()> {
        if self.stack.borrow().len() < MAX_FRAMES {
            return Ok(());
        }
        Err(self.too_deep(task))
    }

    /// Makes a task the innermost one.
    pub(super) fn enter(&self, task: Rc<Task>, id: Option<TaskId>) {
        self.stack.borrow_mut().push(task);
        if let Some(id) = id {
            *self.begun.borrow_mut().entry(id).or_default() += 1;
        }
    }

    /// Ends the innermost task.
    pub(super) fn leave(&self) {
        self.stack.borrow_mut().pop();
    }

    /// Does something with `task` as the innermost one, without counting it as begun: a rollback handler runs in the frame of its
    /// task.
    pub(super) fn within<T>(&self, task: Option<Rc<Task>>, work: impl FnOnce() -> T) -> T {
        let is_entered = task.map(|task| self.enter(task, None)).is_some();
        let result = work();
        if is_entered {
            self.leave();
        }
        result
    }

    /// Returns the innermost task.
    pub(in crate::recipe) fn current(&self) -> Option<Rc<Task>> {
        self.stack.borrow().last().cloned()
    }

    /// Returns the number of times that a task was begun.
    pub(super) fn begun(&self, id: TaskId) -> INT {
        self.begun.borrow().get(&id).copied().unwrap_or(0)
    }

    fn too_deep(&self, task: &Task) -> Box<rhai::EvalAltResult> {
        let stack = self.stack.borrow();
        let last = stack.iter().rposition(|frame| frame.name == task.name);
        let chain: Vec<&str> = stack
            .iter()
            .skip(last.unwrap_or(stack.len().saturating_sub(3)))
            .map(|frame| frame.name.as_str())
            .chain([task.name.as_str()])
            .collect();
        let before = if last.is_some() { "" } else { "… → " };
        let message = format!(
            "tasks are nested more than {MAX_FRAMES} deep: {before}{}",
            chain.join(" → ")
        );
        let origin = (task.origin.line > 0).then(|| task.origin.clone());
        let mut diagnostic = Diagnostic::new(Fault::Recipe, message).at(origin);
        if last.is_some() {
            diagnostic = diagnostic.hint("do they call each other without an end?");
        }
        raise(diagnostic, Position::NONE)
    }
}
