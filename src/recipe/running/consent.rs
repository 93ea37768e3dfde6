//! The consent of a person to tasks that say `:confirm`.

use std::cell::RefCell;
use std::collections::HashSet;

use rhai::Position;

use super::person::Person;
use crate::configuration::Task;
use crate::diagnostic::{Diagnostic, Fault};
use crate::recipe::language::origin::{Fallible, raise};

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

    fn include(&self, task: &Task) -> bool {
        self.given.yes || self.tasks.borrow().contains(&task.name)
    }

    fn add(&self, task: &Task) {
        self.tasks.borrow_mut().insert(task.name.clone());
    }
}

impl Person {
    /// Asks whether a task is to run, if it says `:confirm` and the person has not consented yet.
    pub(in crate::recipe) fn confirm(&self, task: &Task) -> Fallible<()> {
        let Some(question) = &task.confirm else {
            return Ok(());
        };
        if self.consents().include(task) {
            return Ok(());
        }
        let shown = match question.is_empty() {
            true => format!("Run {}?", task.name),
            false => format!("{}: {question}", task.name),
        };
        let asked = self.question(&format!("{shown} [y/N] "));
        let refused = match asked {
            Err(reason) => reason.into(),
            Ok(Some(answer)) if matches!(answer.trim().to_lowercase().as_str(), "y" | "yes") => {
                self.consents().add(task);
                return Ok(());
            }
            Ok(Some(_)) => Diagnostic::new(Fault::Failed, format!("the task `{}' was not confirmed", task.name)),
            Ok(None) => {
                let message = format!(
                    "the task `{}' wants to be confirmed, and nobody can be asked",
                    task.name
                );
                Diagnostic::new(Fault::Usage, message)
                    .hint(format!("it asks: {shown}"))
                    .hint("-y says yes to all such questions")
            }
        };
        Err(raise(refused, Position::NONE))
    }
}
