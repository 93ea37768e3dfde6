//! Looks up bare names, and finds what was probably meant by an unknown one.

use rhai::{Dynamic, Engine};

use super::interpreter::Interpreter;
use crate::configuration::{join, outwards};
use crate::diagnostic::Diagnostic;
use crate::recipe::language::origin::Fallible;
use crate::recipe::language::values::Namespace;
use crate::recipe::meaning::names::{GETTER, property_hint, takes_no_arguments, written};

/// Returns the value of a bare name: a variable, a task (which is run) or a namespace. A name that is both a task and a
/// namespace is the task if it is a whole statement.
pub(in crate::recipe) fn lookup(
    interpreter: &Interpreter,
    engine: &Engine,
    name: &str,
    is_statement: bool,
) -> Fallible<Option<Dynamic>> {
    if name == "ENV" {
        let machine = interpreter.machine();
        machine.read_environment(|environment| interpreter.actor().keep_environment(environment));
        return Ok(Some(machine.shared_environment()));
    }
    if let Some(value) = interpreter.variable(engine, name)? {
        return Ok(Some(value));
    }
    let found = outwards(&interpreter.place().namespace()).find_map(|namespace| {
        let full = join(&namespace, name);
        let configuration = interpreter.defined().configuration();
        let is_namespace = configuration.tasks.is_namespace(&full);
        match configuration.tasks.get(&full) {
            Some(task) if is_statement || !is_namespace => Some(Ok(task)),
            _ if is_namespace => Some(Err(Namespace(full.into()))),
            _ => None,
        }
    });
    match found {
        Some(Ok(task)) => interpreter.run_task(engine, &task).map(Some),
        Some(Err(namespace)) => Ok(Some(Dynamic::from(namespace))),
        None => Ok(None),
    }
}

/// Adds hints to the error for an unknown function: `name (types of its arguments)`.
pub(in crate::recipe) fn explain(
    interpreter: &Interpreter,
    engine: &Engine,
    signature: &str,
    diagnostic: &mut Diagnostic,
) {
    if let Some(property) = signature.strip_prefix(GETTER) {
        diagnostic.hints.extend(property_hint(engine, property, None));
        return;
    }
    let (name, given) = signature.split_once(" (").unwrap_or((signature, ""));
    let given = given.strip_suffix(')').unwrap_or(given);
    if let Some(namespace) = interpreter.clues().take_member(name)
        && given == "Namespace"
    {
        diagnostic.say(interpreter.defined().unknown_member(&namespace, name));
    } else if interpreter.defined().task(name, "").is_some() {
        diagnostic.say(takes_no_arguments(name));
    } else {
        let elsewhere = || {
            interpreter
                .defined()
                .function_elsewhere(name)
                .or_else(|| suggestion(interpreter, name))
        };
        diagnostic.hints.extend(written(name).or_else(elsewhere));
    }
}

/// Returns the hint with a similar known name: `did you mean …?`
pub(in crate::recipe) fn suggestion(interpreter: &Interpreter, name: &str) -> Option<String> {
    interpreter.defined().suggestion(name, &interpreter.place().namespace())
}

/// Returns the error for an unknown bare name.
pub(in crate::recipe) fn unknown(interpreter: &Interpreter, name: &str) -> Diagnostic {
    interpreter.defined().unknown(name, &interpreter.place().namespace())
}
