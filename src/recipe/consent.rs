//! Asks a person before tasks run: for the name of a protected stage, and for each task that says `:confirm`. The questions come
//! before anything is done.

use super::Recipe;
use super::running::examining;
use crate::diagnostic::{Diagnostic, Fault};

impl Recipe {
    /// Asks for everything that has to be asked before these tasks run: the name of a protected stage, and each task that they can
    /// reach and that says `:confirm`.
    ///
    /// # Errors
    ///
    /// When a person refuses, or nobody can be asked. Nothing was done then.
    pub fn consent(&self, tasks: &[String]) -> Result<(), Box<Diagnostic>> {
        let interpreter = &self.interpreter;
        if examining::asks_nobody(interpreter) {
            return Ok(());
        }
        self.protected()?;
        let reached = {
            let files = interpreter.defined().files();
            self.findings(&files, true).tasks_from(tasks)
        };
        for task in reached {
            interpreter
                .person()
                .confirm(&task)
                .map_err(|error| Box::new(self.diagnostic(error)))?;
        }
        Ok(())
    }

    /// Asks for the name of the stage, or of an application without stages, if it is protected.
    fn protected(&self) -> Result<(), Box<Diagnostic>> {
        let interpreter = &self.interpreter;
        let wrong = |error| Box::new(self.diagnostic(error));
        let said = interpreter.said(&self.engine, "protected").map_err(wrong)?;
        match said {
            None => return Ok(()),
            Some(said) => match said.as_bool() {
                Ok(true) => {}
                Ok(false) => return Ok(()),
                Err(_) => {
                    let message = "the variable `protected' is true or false, and was set to something else";
                    return Err(Box::new(Diagnostic::new(Fault::Recipe, message)));
                }
            },
        }
        let text = |name| interpreter.text_variable(&self.engine, name).map_err(wrong);
        let (noun, name) = match text("stage")? {
            Some(stage) => ("stage", stage),
            None if self.is_set("application") => ("application", text("application")?.unwrap_or_default()),
            None => {
                let message = "the recipe is protected, but has neither a stage nor an application, whose name would be asked for";
                let hint = "name the application: set :application, \"flipper\";";
                return Err(Box::new(Diagnostic::new(Fault::Recipe, message).hint(hint)));
            }
        };
        let given = interpreter.person().consents().stage().map(str::to_owned);
        let is_said = given.is_some();
        let given = match given {
            Some(given) => Some(given),
            None => {
                let question = format!("The {noun} {name} is protected. Its name, to go on: ");
                let asked = interpreter.person().question(&question);
                asked.map_err(|reason| Box::new(reason.into()))?
            }
        };
        match given {
            Some(given) if given.trim() == name => Ok(()),
            Some(_) => {
                let message = format!("the {noun} `{name}' is protected, and another name was given; nothing was done");
                let hint = format!("the option that says it: --confirm {name}");
                let diagnostic = Diagnostic::new(if is_said { Fault::Usage } else { Fault::Failed }, message);
                Err(Box::new(diagnostic.hint(hint)))
            }
            None => {
                let message =
                    format!("the {noun} `{name}' is protected, and nobody can be asked for its name; nothing was done");
                let hint = format!("say it: --confirm {name}");
                Err(Box::new(Diagnostic::new(Fault::Usage, message).hint(hint)))
            }
        }
    }
}
