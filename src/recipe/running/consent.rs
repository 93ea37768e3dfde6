//! The consent of a person to tasks that say `:confirm`.

use std::cell::RefCell;
use std::collections::HashSet;

use crate::configuration::Task;

/// The consent that the command line gives.
#[derive(Clone, Debug, Default)]
pub struct GivenConsent {
    /// `-y`: nobody is asked whether tasks are to run.
    pub yes: bool,
    /// `--confirm NAME`: the protected stage that is meant.
    pub stage: Option<String>,
}

/// The consent of a person.
pub(in crate::recipe) struct Consents {
    given: GivenConsent,
    /// The names of the tasks that the person has consented to when asked.
    tasks: RefCell<HashSet<String>>,
}

impl Consents {
    pub(super) fn new(given: GivenConsent) -> Self {
        Self {
            given,
            tasks: RefCell::default(),
        }
    }

    /// Returns the name of the protected stage that the command line means.
    pub(in crate::recipe) fn stage(&self) -> Option<&str> {
        self.given.stage.as_deref()
    }

    /// Forgets all answers: each line of an interactive shell asks again.
    pub(in crate::recipe) fn forget(&self) {
        self.tasks.borrow_mut().clear();
    }

    /// Returns true if the person has consented to a task.
    pub(super) fn include(&self, task: &Task) -> bool {
        self.given.yes || self.tasks.borrow().contains(&task.name)
    }

    /// Notes that the person has consented to a task.
    pub(super) fn add(&self, task: &Task) {
        self.tasks.borrow_mut().insert(task.name.clone());
    }
}
