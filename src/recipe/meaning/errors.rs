//! Rewrites the errors of Rhai in words that the author of a recipe knows. No message that is made here contains the value of a
//! variable.

use std::rc::Rc;

use rhai::{Dynamic, EvalAltResult};

use super::names::{GETTER, no_property};
use crate::diagnostic::{Diagnostic, Fault};
use crate::io_error::lower;
use crate::recipe::language::origin::{ScriptFailure, failure_of};
use crate::recipe::language::syntax;

/// Adds a place in `source` to an error, unless it has one already.
pub(in crate::recipe) fn locate(error: Box<EvalAltResult>, source: Option<&str>) -> Box<EvalAltResult> {
    match *error {
        EvalAltResult::Return(..) | EvalAltResult::LoopBreak(..) => error,
        EvalAltResult::ErrorInFunctionCall(_, file, inner, position) => {
            let file = if file.is_empty() { source } else { Some(file.as_str()) };
            let mut inner = inner;
            if inner.position().is_none() {
                inner.set_position(position);
            }
            locate(inner, file)
        }
        EvalAltResult::ErrorInModule(_, inner, _) => locate(inner, source),
        EvalAltResult::ErrorTerminated(token, position) => {
            let failure =
                failure_of(&token).unwrap_or_else(|| Diagnostic::new(Fault::Recipe, "the recipe was ended").into());
            let failure = failure.at(source, position);
            Box::new(EvalAltResult::ErrorTerminated(Dynamic::from(failure), position))
        }
        EvalAltResult::ErrorRuntime(token, position) => {
            let failure = failure_of(&token).unwrap_or_else(|| thrown(&token).into());
            Box::new(EvalAltResult::ErrorRuntime(
                Dynamic::from(failure.at(source, position)),
                position,
            ))
        }
        other => {
            let position = other.position();
            let (message, hint) = describe(&other);
            let mut diagnostic = Diagnostic::new(Fault::Recipe, message);
            diagnostic.label = label(&other).map(str::to_owned);
            diagnostic.hints.extend(hint);
            let mut failure = ScriptFailure::from(diagnostic).at(source, position);
            failure.missing = match &other {
                EvalAltResult::ErrorFunctionNotFound(signature, _) if no_negation(signature).is_none() => {
                    Some(signature.as_str().into())
                }
                EvalAltResult::ErrorDotExpr(text, _) => {
                    property(text).map(|(name, _)| format!("{GETTER}{name}").into())
                }
                _ => None,
            };
            Box::new(EvalAltResult::ErrorRuntime(Dynamic::from(failure), position))
        }
    }
}

/// Returns the failure in an error that has left the script.
pub(in crate::recipe) fn failure(error: Box<EvalAltResult>) -> ScriptFailure {
    match &*locate(error, None) {
        EvalAltResult::ErrorRuntime(token, _) | EvalAltResult::ErrorTerminated(token, _) => {
            failure_of(token).unwrap_or_else(|| thrown(token).into())
        }
        _ => Diagnostic::new(Fault::Recipe, "`break' or `continue' outside a loop").into(),
    }
}

/// Returns the diagnostic of an error that has left the script.
pub(in crate::recipe) fn diagnostic(error: Box<EvalAltResult>) -> Diagnostic {
    Rc::unwrap_or_clone(failure(error).diagnostic)
}

/// Returns the error for a condition that is neither true nor false, but a value of this kind.
pub(in crate::recipe) fn no_truth(kind: &str) -> Diagnostic {
    let way_out = match kind {
        "string" | "character" => "compare it: value == \"yes\", or value != \"\"",
        "number" | "decimal number" => "compare it: value != 0; a variable that says yes or no is set to true or false",
        "nothing" => "where it may be missing: value ?? false; whether it is there: value != ()",
        "list" | "map" => "whether there is anything in it: !value.is_empty()",
        _ => "a condition is a comparison, true or false",
    };
    let told = Diagnostic::new(Fault::Recipe, format!("expected truth value, found {kind}"));
    told.label("neither true nor false").hint(way_out)
}

/// Returns Rhai's names of types in the words of recipes.
pub(in crate::recipe) fn types(text: &str) -> String {
    let text = text.replace("&str | ImmutableString | String", "string");
    let mut names: Vec<&str> = Vec::new();
    for name in text.split(", ") {
        names.push(match name.trim() {
            "i64" => "number",
            "f64" => "decimal number",
            "string" | "&str" | "String" | "ImmutableString" => "string",
            "array" | "Array" => "list",
            "bool" => "truth value",
            "char" => "character",
            "Fn" => "function",
            "()" => "nothing",
            "Namespace" => "namespace",
            other => other,
        });
    }
    names.join(", ")
}

/// Returns the label under the caret of an error.
fn label(error: &EvalAltResult) -> Option<&'static str> {
    Some(match error {
        EvalAltResult::ErrorVariableNotFound(..) => "not known here",
        EvalAltResult::ErrorMismatchDataType(expected, ..) if types(expected) == "truth value" => {
            "neither true nor false"
        }
        EvalAltResult::ErrorFunctionNotFound(signature, _) if no_negation(signature).is_some() => {
            "neither true nor false"
        }
        EvalAltResult::ErrorFunctionNotFound(..) => "no such function",
        EvalAltResult::ErrorAssignmentToConstant(..) => "cannot be assigned to",
        EvalAltResult::ErrorDotExpr(..) | EvalAltResult::ErrorPropertyNotFound(..) => "no such property",
        EvalAltResult::ErrorModuleNotFound(..) => "not imported",
        EvalAltResult::ErrorFor(_) => "cannot be looped over",
        EvalAltResult::ErrorIndexingType(..) => "has no elements",
        _ => return None,
    })
}

/// Returns the message of an error, and a hint if there is one.
fn describe(error: &EvalAltResult) -> (String, Option<String>) {
    let hint = |text: &str| Some(text.to_owned());
    match error {
        EvalAltResult::ErrorParsing(error, _) => syntax::errors::without_text(error),
        EvalAltResult::ErrorVariableNotFound(name, _) => (format!("unknown name `{name}'"), None),
        EvalAltResult::ErrorFunctionNotFound(signature, _) if no_negation(signature).is_some() => {
            in_words(no_truth(&types(no_negation(signature).unwrap_or_default())))
        }
        EvalAltResult::ErrorFunctionNotFound(signature, _) => {
            let name = signature.split(" (").next().unwrap_or(signature).trim();
            let given = signature
                .split_once(" (")
                .map(|(_, given)| given.strip_suffix(')').unwrap_or(given));
            (
                match given {
                    Some(given) if !given.is_empty() => format!("no function `{name}' takes ({})", types(given)),
                    _ => format!("unknown function or task `{name}'"),
                },
                None,
            )
        }
        EvalAltResult::ErrorAssignmentToConstant(name, _) => {
            let name = syntax::marks::as_written(name);
            (
                format!("`{name}' cannot be assigned to"),
                Some(format!(
                    "a variable of the recipe is set with `set :{name}, …'; a local one needs `let'"
                )),
            )
        }
        EvalAltResult::ErrorDotExpr(text, _) => match property(text) {
            Some((name, owner)) => (no_property(name, owner).message, None),
            None => (lower(text), None),
        },
        EvalAltResult::ErrorPropertyNotFound(name, _) => (format!("no property `{name}'"), None),
        EvalAltResult::ErrorModuleNotFound(name, _) => (format!("there is no module `{name}'"), None),
        EvalAltResult::ErrorMismatchDataType(expected, actual, _) if types(expected) == "truth value" => {
            in_words(no_truth(&types(actual)))
        }
        EvalAltResult::ErrorMismatchDataType(expected, actual, _)
        | EvalAltResult::ErrorMismatchOutputType(expected, actual, _) => {
            (format!("expected {}, found {}", types(expected), types(actual)), None)
        }
        EvalAltResult::ErrorIndexNotFound(..) => ("no element of that name".to_owned(), None),
        EvalAltResult::ErrorIndexingType(text, _) => {
            let indexed = types(text.split(" [").next().unwrap_or(text));
            (
                format!("expected a list, map or string before `[', found {indexed}"),
                None,
            )
        }
        EvalAltResult::ErrorArrayBounds(length, ..) => {
            (format!("index out of bounds: the list has {length} elements"), None)
        }
        EvalAltResult::ErrorStringBounds(length, ..) => {
            (format!("index out of bounds: the string has {length} characters"), None)
        }
        EvalAltResult::ErrorDataRace(..) => (
            "a closure uses the value whose method it is given to".to_owned(),
            hint("take the list into a local first: let keys = map.keys(); keys.map(|key| map[key])"),
        ),
        EvalAltResult::ErrorFor(_) => ("`for' needs a list, map, string or range".to_owned(), None),
        EvalAltResult::ErrorStackOverflow(_) => (
            "functions call each other too deeply".to_owned(),
            hint("does one call itself without an end?"),
        ),
        EvalAltResult::ErrorArithmetic(text, _) => {
            // The words after the colon or in quotes are a value.
            let text = text.split([':', '\'']).next().unwrap_or(text);
            (lower(text.trim_end()), None)
        }
        other => {
            let text = other.to_string();
            let text = text.split(" (line ").next().unwrap_or(&text);
            (lower(text), None)
        }
    }
}

fn in_words(told: Diagnostic) -> (String, Option<String>) {
    (told.message, told.hints.into_iter().next())
}

/// Returns Rhai's name for the kind of a value that `!` cannot negate.
fn no_negation(signature: &str) -> Option<&str> {
    signature.strip_prefix("! (")?.strip_suffix(')')
}

/// Returns the property that Rhai did not find, and the type of its owner.
fn property(text: &str) -> Option<(&str, &str)> {
    let mut words = text.split('\'').skip(1).step_by(2);
    Some((words.next()?, words.next()?))
}

/// Returns the diagnostic for the value of a `throw`.
fn thrown(token: &Dynamic) -> Diagnostic {
    let message = match token.as_immutable_string_ref() {
        Ok(text) if !text.is_empty() => text.to_string(),
        _ if token.is_unit() => "the recipe failed".to_owned(),
        _ => match token
            .read_lock::<rhai::Map>()
            .and_then(|map| map.get("message").cloned())
        {
            Some(message) => message.to_string(),
            None => token.to_string(),
        },
    };
    Diagnostic::new(Fault::Failed, message)
}
