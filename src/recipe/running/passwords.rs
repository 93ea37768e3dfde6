//! Asks the person while an action runs: for the password of logins and sudo, if the variable `password` is not set, once for all
//! servers; and with `-d` before each command.

use rhai::Engine;

use super::interpreter::Interpreter;
use crate::actor::{Consent, Passwords};
use crate::configuration::Server;
use crate::recipe::meaning::errors::diagnostic;
use crate::secret::Secret;
use crate::unanswered::Unanswered;

/// Asks for one action.
pub(in crate::recipe) struct Asker<'a> {
    interpreter: &'a Interpreter,
    engine: &'a Engine,
}

impl<'a> Asker<'a> {
    pub(in crate::recipe) fn new(interpreter: &'a Interpreter, engine: &'a Engine) -> Self {
        Self { interpreter, engine }
    }

    /// Returns the reason why the variable `password` has no value: its block may have asked, and a stop request ended that.
    fn not_evaluated(&self, error: Box<rhai::EvalAltResult>) -> Unanswered {
        match self.interpreter.stops().pending() {
            Some(signal) => Unanswered::Interrupted(signal),
            None => Unanswered::nobody(diagnostic(error).message),
        }
    }
}

impl Passwords for Asker<'_> {
    fn password(&mut self, why: &str) -> Result<Secret, Unanswered> {
        let known = self.interpreter.person().password();
        if let Some(password) = known {
            return Ok(password);
        }
        let variable = self
            .interpreter
            .text_variable(self.engine, "password")
            .map_err(|error| self.not_evaluated(error))?;
        let was_refused = self.interpreter.person().is_refused();
        let is_set = variable.is_some();
        let password = match variable.filter(|_| !was_refused) {
            Some(password) => Secret::new(password),
            None => {
                let asked = self.interpreter.person().secret(&format!("Password for {why}: "));
                asked.map_err(|reason| match was_refused && is_set {
                    true => Unanswered::Refused {
                        user: why.to_owned(),
                        reason: Box::new(reason),
                    },
                    false => reason,
                })?
            }
        };
        self.interpreter.person().keep_password(password.clone());
        Ok(password)
    }

    fn passphrase(&mut self, key: &str, again: bool) -> Result<Secret, Unanswered> {
        let question = match again {
            true => format!("Wrong passphrase. Passphrase for {key}: "),
            false => format!("Passphrase for {key}: "),
        };
        self.interpreter.person().secret(&question)
    }

    fn answer(&mut self, question: &str, hidden: bool) -> Result<Secret, Unanswered> {
        let person = self.interpreter.person();
        if hidden {
            return person.secret(question);
        }
        let answer = person.question(question)?;
        let answer = answer.ok_or(Unanswered::nobody("no terminal to ask on"))?;
        Ok(Secret::new(answer.trim_end_matches(['\r', '\n'])))
    }

    fn consent(&mut self, command: &str, servers: &[&Server]) -> Result<Consent, Unanswered> {
        // A dry run changes nothing.
        let mode = self.interpreter.mode();
        if !mode.asks_consent() || mode.is_dry_run() {
            return Ok(Consent::Run);
        }
        let servers: Vec<String> = servers.iter().map(ToString::to_string).collect();
        let command = command.trim_end();
        let question = format!("{command}\n  on {}\nRun it? [Y]es, [n]o, [a]bort: ", servers.join(", "));
        loop {
            let answer = self.interpreter.person().question(&question)?;
            let nobody = "-d asks before each command, and there is no terminal to ask on";
            let answer = answer.ok_or(Unanswered::nobody(nobody))?;
            match answer.trim().to_lowercase().as_str() {
                "" | "y" | "yes" => return Ok(Consent::Run),
                "n" | "no" => return Ok(Consent::Skip),
                "a" | "abort" => return Ok(Consent::Abort),
                _ => {}
            }
        }
    }

    fn forget(&mut self) {
        // A lazy variable is evaluated again; a fixed value would only be refused again.
        let asks_again = self
            .interpreter
            .defined()
            .change(|configuration| configuration.variables.reset("password"));
        self.interpreter.person().forget_password(!asks_again);
    }
}
