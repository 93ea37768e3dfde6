//! The commands of recipes: a string for the shell, or a list of words that arrive unchanged.

use rhai::{Dynamic, EvalAltResult, FnPtr, Position};
use rustix::io::Errno;
use thiserror::Error;

use crate::diagnostic::{Diagnostic, Fault};
use crate::plan::quote_words;
use crate::recipe::language::origin::{Fallible, raise};
use crate::recipe::language::values::text;

/// The reason why a command cannot be sent as the recipe says it.
#[derive(Debug, Error)]
pub(in crate::recipe) enum Unsendable {
    /// The string of the environment would show a secret.
    #[error(
        "the string in `env' has a secret in it, which every user of the server could read in its list of processes; \
         write it as a map: :env => #{{ NAME: value }}"
    )]
    SecretInEnvironment,
    /// The command has a terminal, which takes no script of this many bytes.
    #[error("a command of {} KB is too long for a terminal; put it into a file first, or say `:pty => false'", .0 / 1000)]
    TooLong(usize),
    /// The system gives no random numbers for the mark that nobody can know.
    #[error("no random numbers: {0}")]
    NoRandomNumbers(#[source] Errno),
}

impl Unsendable {
    /// Returns the error as it is reported.
    pub(in crate::recipe) fn diagnostic(&self) -> Diagnostic {
        let fault = match self {
            Self::SecretInEnvironment | Self::TooLong(_) => Fault::Recipe,
            Self::NoRandomNumbers(_) => Fault::Failed,
        };
        Diagnostic::new(fault, self.to_string())
    }

    /// Returns the error at the place of the command.
    pub(in crate::recipe) fn raised(self, position: Position) -> Box<EvalAltResult> {
        raise(self.diagnostic(), position)
    }
}

/// Returns the line for the shell.
pub(in crate::recipe) fn command(value: &Dynamic, position: Position) -> Fallible<String> {
    let wrong = |message: &str, hint: &str| Err(raise(Diagnostic::new(Fault::Recipe, message).hint(hint), position));
    let Some(list) = value.read_lock::<rhai::Array>() else {
        return match is_word(value) {
            true => Ok(text(value)),
            false => wrong("a command is a string or a list of words", FORM),
        };
    };
    let mut words = Vec::new();
    if !gather(&list, &mut words) {
        return wrong("a word of a command is a string or a number", FORM);
    }
    match words.first().map_or("", String::as_str) {
        "" => wrong(
            "the command names no program",
            "its first word is the program: [\"ls\", \"-l\"]",
        ),
        first if first.starts_with('-') => wrong("the program of this command begins with a dash", FORM),
        // A shell would read it as an assignment; sudo does so even if it is quoted.
        first if first.contains('=') && !first.starts_with('/') => wrong(
            "the first word of this command sets a variable, it is no program",
            "a variable of its environment: :env => #{ NAME: value }",
        ),
        _ => Ok(quote_words(&words)),
    }
}

const FORM: &str = "a list is a program and its words: [\"ls\", \"-l\", file]";

/// Collects the words of a list and of the lists in it; returns false if an item is not a word.
fn gather(list: &[Dynamic], words: &mut Vec<String>) -> bool {
    list.iter().all(|item| match item.read_lock::<rhai::Array>() {
        Some(inner) => gather(&inner, words),
        None => {
            words.push(text(item));
            is_word(item) && !item.is_unit()
        }
    })
}

fn is_word(value: &Dynamic) -> bool {
    !(value.is::<FnPtr>() || value.is_map() || value.is_blob())
}
