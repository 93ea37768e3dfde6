//! The commands of recipes: a string for the shell, or a list of words that arrive unchanged.

use rhai::{Dynamic, FnPtr, Position};

use crate::diagnostic::{Diagnostic, Fault};
use crate::plan::quote_words;
use crate::recipe::language::origin::{Fallible, raise};
use crate::recipe::language::values::text;

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
