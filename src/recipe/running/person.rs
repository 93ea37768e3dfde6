//! The person at the terminal: the password that they have given, and their consent.

use std::cell::{Cell, RefCell};

use rhai::Position;

use super::consent::{Consents, GivenConsent};
use super::surroundings::Prompts;
use crate::configuration::Task;
use crate::diagnostic::{Diagnostic, Fault};
use crate::recipe::language::origin::{Fallible, raise};
use crate::secret::Secret;
use crate::unanswered::Unanswered;

/// The person who is asked.
pub(in crate::recipe) struct Person {
    prompts: RefCell<Box<dyn Prompts>>,
    password: RefCell<Option<Secret>>,
    /// True if the variable `password` was refused: the person is asked instead.
    is_refused: Cell<bool>,
    consents: Consents,
}

impl Person {
    pub(super) fn new(prompts: Box<dyn Prompts>, consent: GivenConsent) -> Self {
        Self {
            prompts: RefCell::new(prompts),
            password: RefCell::default(),
            is_refused: Cell::default(),
            consents: Consents::new(consent),
        }
    }

    /// Returns the consent of the person to tasks and stages.
    pub(in crate::recipe) fn consents(&self) -> &Consents {
        &self.consents
    }

    /// Sends questions to these prompts from now on.
    pub(in crate::recipe) fn replace(&self, prompts: Box<dyn Prompts>) {
        self.prompts.replace(prompts);
    }

    /// Returns true if somebody may answer.
    pub(super) fn can_ask(&self) -> bool {
        self.prompts.borrow().can_ask()
    }

    /// Asks for a line and shows what is typed; returns `None` if nobody can be asked.
    pub(in crate::recipe) fn question(&self, prompt: &str) -> Result<Option<String>, Unanswered> {
        self.prompts.borrow_mut().question(prompt)
    }

    /// Asks for a secret without showing what is typed.
    pub(super) fn secret(&self, prompt: &str) -> Result<Secret, Unanswered> {
        self.prompts.borrow_mut().secret(prompt)
    }

    /// Returns the password that was given for all servers.
    pub(super) fn password(&self) -> Option<Secret> {
        self.password.borrow().clone()
    }

    /// Keeps the password for all servers.
    pub(super) fn keep_password(&self, password: Secret) {
        self.password.replace(Some(password));
    }

    /// Forgets a password that was refused; `is_fixed` is true if the variable would give the same again.
    pub(super) fn forget_password(&self, is_fixed: bool) {
        self.password.take();
        self.is_refused.set(is_fixed);
    }

    /// Returns true if the variable `password` was refused.
    pub(super) fn is_refused(&self) -> bool {
        self.is_refused.get()
    }

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
