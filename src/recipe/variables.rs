//! The variables for `capr vars`: who set each of them and, if asked for, its value, unless it contains a secret.

use rhai::Position;

use super::Recipe;
use super::language::meanings::READ_BY_CAPR;
use super::language::secret_name::is_secret_name;
use super::language::values::plain;
use super::meaning::errors::diagnostic;
use super::running::prefixes;
use super::running::surroundings::Prompts;
use crate::configuration::{RunOptions, Shown, Value, Variable, suggestion};
use crate::diagnostic::{Diagnostic, Fault};
use crate::secret::{REDACTED, Redactor, Secret, passwords_in};
use crate::sort;
use crate::unanswered::Unanswered;

/// Asks nobody, so that no evaluation waits for a person.
#[derive(Clone, Copy, Debug)]
pub struct Nobody;

impl Prompts for Nobody {
    fn secret(&mut self, _: &str) -> Result<Secret, Unanswered> {
        Err(Unanswered::nobody("asks for a secret, and nobody is asked now"))
    }

    fn question(&mut self, _: &str) -> Result<Option<String>, Unanswered> {
        Ok(None)
    }
}

impl Recipe {
    /// Returns the variables whose names are wanted, sorted. For values, lazy ones are evaluated; nobody is asked anything.
    pub fn variables(&self, is_wanted: impl Fn(&str) -> bool, with_values: bool) -> Vec<Variable> {
        let mut variables: Vec<Variable> = {
            let variables = &self.interpreter.defined().configuration().variables;
            let wanted = variables.names().filter(|name| is_wanted(name));
            wanted
                .filter_map(|name| {
                    let (setting, overridden) = variables.settings(name)?;
                    Some(Variable {
                        name: name.to_owned(),
                        setting: setting.clone(),
                        overridden: overridden.to_vec(),
                        meaning: self.meaning(name),
                        value: None,
                    })
                })
                .collect()
        };
        sort::by_key(&mut variables, |variable| variable.name.clone());
        if with_values {
            self.interpreter.person().replace(Box::new(Nobody));
            let read: Vec<_> = variables.iter().map(|variable| self.read(&variable.name)).collect();
            // All secrets that the values contain are known only now.
            let redactor = self.interpreter.actor().redactor();
            for (variable, value) in variables.iter_mut().zip(read) {
                variable.value = Some(match value {
                    Shown::Value(value) => Shown::Value(masked(value, &redactor)),
                    Shown::Failed(reason) => Shown::Failed(redactor.clean(&reason)),
                    Shown::Secret => Shown::Secret,
                });
            }
        }
        variables
    }

    /// Returns the programs that do not run as they are written, with what is run instead, or the reason why that is not known.
    /// Nobody is asked anything.
    pub fn prefixed_programs(&self) -> Vec<(String, String)> {
        self.interpreter.person().replace(Box::new(Nobody));
        let (interpreter, engine) = (&self.interpreter, &self.engine);
        let programs = prefixes::programs(interpreter, engine).unwrap_or_default();
        let run = |program: String| {
            let options = RunOptions::default();
            let whole = prefixes::prefixed(interpreter, engine, &program, &options, Position::NONE);
            let whole = whole.unwrap_or_else(|error| format!("not known: {}", diagnostic(error).message));
            (program, whole)
        };
        let run = programs.into_iter().map(run);
        run.filter(|(program, whole)| program != whole).collect()
    }

    /// Returns the error for a name that is not a variable, or a pattern that matches none.
    pub fn unknown_variable(&self, name: &str) -> Diagnostic {
        let mut diagnostic = Diagnostic::new(Fault::Failed, format!("no variable `{name}' is set"));
        let configuration = self.interpreter.defined().configuration();
        match self.meaning(name) {
            Some(meaning) => diagnostic.hints.push(format!("it can be set: {meaning}")),
            None => diagnostic
                .hints
                .extend(suggestion(name, configuration.variables.names())),
        }
        diagnostic
    }

    fn meaning(&self, name: &str) -> Option<String> {
        let own = || {
            READ_BY_CAPR
                .iter()
                .find(|(read, _)| *read == name)
                .map(|(_, text)| (*text).to_owned())
        };
        let said = self.interpreter.defined().files().meanings(|_| true);
        let said = said.into_iter().find(|meaning| meaning.name == name);
        said.map(|meaning| meaning.text).or_else(own)
    }

    fn read(&self, name: &str) -> Shown {
        if is_secret_name(name) {
            return Shown::Secret;
        }
        match self.interpreter.variable(&self.engine, name) {
            Ok(value) => Shown::Value(plain(&value.unwrap_or_default())),
            Err(error) => Shown::Failed(diagnostic(error).message),
        }
    }
}

fn masked(value: Value, redactor: &Redactor) -> Value {
    match value {
        Value::Text(text) => Value::Text(without_credentials(&redactor.clean(&text))),
        Value::List(list) => Value::List(list.into_iter().map(|value| masked(value, redactor)).collect()),
        Value::Map(map) => {
            let pairs = map.into_iter().map(|(name, value)| match is_secret_name(&name) {
                true => (name, REDACTED.into()),
                false => (name, masked(value, redactor)),
            });
            Value::Map(pairs.collect())
        }
        other => other,
    }
}

/// Returns `https://user:password@host` without the password.
pub(crate) fn without_credentials(text: &str) -> String {
    let mut shown = text.to_owned();
    for place in passwords_in(text).into_iter().rev() {
        shown.replace_range(place, REDACTED);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::without_credentials;

    #[test]
    fn the_password_in_an_address_is_not_shown() {
        for (text, shown) in [
            ("https://me:s3cret@example.com/x", "https://me:[redacted]@example.com/x"),
            ("a https://:x@y://me@z b", "a https://:[redacted]@y://me@z b"),
            ("ssh://git@example.com:22/x:y@z", "ssh://git@example.com:22/x:y@z"),
            ("no address", "no address"),
        ] {
            assert_eq!(without_credentials(text), shown);
        }
    }
}
