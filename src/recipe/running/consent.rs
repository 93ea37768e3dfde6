//! The consent of a person to tasks that say `:confirm`.

use std::collections::HashSet;
use std::rc::Rc;

use rhai::Position;

use super::interpreter::Interpreter;
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

/// The tasks that a person has consented to, by name.
#[derive(Debug, Default)]
pub(in crate::recipe) struct Consented(HashSet<String>);

impl Interpreter {
    /// Asks whether a task is to run, if it says `:confirm` and nobody has consented yet.
    pub(in crate::recipe) fn confirm(&self, task: &Rc<Task>) -> Fallible<()> {
        let Some(question) = &task.confirm else {
            return Ok(());
        };
        if self.consent.yes || self.asks_nobody() {
            return Ok(());
        }
        if self.consented.borrow().0.contains(&task.name) {
            return Ok(());
        }
        let shown = match question.is_empty() {
            true => format!("Run {}?", task.name),
            false => format!("{}: {question}", task.name),
        };
        let asked = self.person.question(&format!("{shown} [y/N] "));
        let refused = match asked {
            Err(reason) => reason.into(),
            Ok(Some(answer)) if matches!(answer.trim().to_lowercase().as_str(), "y" | "yes") => {
                self.consented.borrow_mut().0.insert(task.name.clone());
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

    /// Forgets all consent: each line of an interactive shell asks again.
    pub(in crate::recipe) fn forget_consent(&self) {
        self.consented.borrow_mut().0.clear();
    }
}
