//! The rollback handlers that tasks have registered.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::configuration::{BlockId, Task};
use crate::event::Rollback;

/// The handlers of the open transaction, and the end of the rollbacks so far.
#[derive(Default)]
pub(in crate::recipe) struct Handlers {
    open: RefCell<Vec<(BlockId, Rc<Task>)>>,
    rollback: Cell<Rollback>,
}

impl Handlers {
    /// Returns the end of the rollbacks of the run: the worst of several.
    pub(in crate::recipe) fn rollback(&self) -> Rollback {
        self.rollback.get()
    }

    /// Starts afresh, for the next line of an interactive shell.
    pub(in crate::recipe) fn clear(&self) {
        self.open.borrow_mut().clear();
        self.rollback.take();
    }

    /// Keeps a handler of a task.
    pub(super) fn keep(&self, handler: BlockId, task: Rc<Task>) {
        self.open.borrow_mut().push((handler, task));
    }

    /// Returns the task that has registered a handler.
    pub(super) fn task_of(&self, handler: BlockId) -> Option<Rc<Task>> {
        let open = self.open.borrow();
        let mut newest_first = open.iter().rev();
        newest_first
            .find(|(other, _)| *other == handler)
            .map(|(_, task)| Rc::clone(task))
    }

    /// Notes that all handlers except the first `kept` have run. Where there was none, nothing was rolled back.
    pub(super) fn ended(&self, kept: usize, is_complete: bool) {
        let mut open = self.open.borrow_mut();
        let has_undone = open.len() > kept;
        open.truncate(kept);
        self.rollback.set(match (is_complete, self.rollback.get()) {
            (true, before) if !has_undone => before,
            (true, Rollback::None | Rollback::Complete) => Rollback::Complete,
            _ => Rollback::Incomplete,
        });
    }
}
