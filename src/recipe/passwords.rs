//! The password for logins and sudo: the variable `password`, else the person is asked; once for all servers.

use rhai::Engine;

use super::interpreter::Interpreter;
use super::origin::diagnostic;
use crate::actor::Passwords;
use crate::secret::Secret;

/// Answers for one action.
pub(super) struct Asker<'a> {
    interpreter: &'a Interpreter,
    engine: &'a Engine,
}

impl<'a> Asker<'a> {
    pub(super) fn new(interpreter: &'a Interpreter, engine: &'a Engine) -> Self {
        Self { interpreter, engine }
    }
}

impl Passwords for Asker<'_> {
    fn password(&mut self, why: &str) -> Result<Secret, String> {
        let known = self.interpreter.password.borrow().clone();
        if let Some(password) = known {
            return Ok(password);
        }
        let variable = match self.interpreter.password_refused.get() {
            true => None,
            false => self
                .interpreter
                .text_variable(self.engine, "password")
                .map_err(|error| diagnostic(error).message)?,
        };
        let password = match variable {
            Some(password) => Secret::new(password),
            None => self
                .interpreter
                .prompts
                .borrow_mut()
                .secret(&format!("Password for {why}: "))?,
        };
        *self.interpreter.password.borrow_mut() = Some(password.clone());
        Ok(password)
    }

    fn passphrase(&mut self, key: &str, again: bool) -> Result<Secret, String> {
        let question = match again {
            true => format!("Wrong passphrase. Passphrase for {key}: "),
            false => format!("Passphrase for {key}: "),
        };
        self.interpreter.prompts.borrow_mut().secret(&question)
    }

    fn forget(&mut self) {
        self.interpreter.password.borrow_mut().take();
        // A lazy variable asks again; what was set as it is would only be refused again.
        let asks_again = self.interpreter.configuration.borrow_mut().variables.reset("password");
        self.interpreter.password_refused.set(!asks_again);
    }
}
