//! What verbs do. Each is paired with its row in `language/verbs`.

mod commands;
mod depend;
mod downloads;
mod files;
mod lists;
mod load;
mod parallel;
mod people;
mod questions;
mod render;
mod rolling;
mod servers;
mod tasks;
mod transactions;
mod uploads;
mod variables;
mod within_sudo;

pub(in crate::recipe) use self::commands::run_text;
pub(in crate::recipe) use self::questions::register;
pub(in crate::recipe) use self::tasks::{dangling_hooks, no_hook};

use rhai::{Dynamic, EvalContext};

use super::call::Call;
use super::interpreter::Interpreter;
use crate::recipe::language::origin::Fallible;
use crate::recipe::language::verbs::{Choices, Verb, Written};

/// A verb and what it does.
pub(in crate::recipe) type Performed = (&'static Verb, fn(&Interpreter, &mut EvalContext, Call) -> Fallible);

/// What all verbs do, in the order of their rows.
pub(in crate::recipe) static PERFORMED: &[Performed] = &[
    people::ABORT,
    tasks::AFTER,
    tasks::ALIAS_TASK,
    lists::ANY,
    lists::APPEND,
    questions::ASK,
    tasks::BEFORE,
    commands::CAPTURE,
    commands::CAPTURE_ALL,
    questions::CHOOSE,
    tasks::CURRENT_TASK,
    people::DEBUG,
    files::DELETE,
    depend::DEPEND,
    tasks::DESC,
    downloads::DOWNLOAD,
    variables::EXISTS,
    variables::FETCH,
    servers::FIND_SERVERS,
    downloads::GET,
    people::INFO,
    tasks::INVOKE,
    commands::INVOKE_COMMAND,
    load::LOAD,
    tasks::NAMESPACE,
    tasks::ON,
    transactions::ON_ROLLBACK,
    parallel::PARALLEL,
    questions::PASSWORD_PROMPT,
    uploads::PUT,
    people::PUTS,
    lists::REMOVE,
    render::RENDER,
    load::REQUIRE,
    variables::RESET,
    servers::ROLE,
    rolling::ROLLING,
    commands::RUN,
    commands::RUN_LOCALLY,
    servers::SERVER,
    variables::SET,
    variables::SET_DEFAULT,
    variables::SET_IF_EMPTY,
    commands::STREAM,
    commands::SUDO,
    tasks::SYNONYM_TASK,
    commands::SYSTEM,
    tasks::TASK,
    commands::TEST,
    transactions::TRANSACTION,
    commands::TRY_SUDO,
    variables::UNSET,
    uploads::UPLOAD,
    people::WARN,
];

/// Moves a trailing map's pairs to the options, and refuses what the verb does not take.
pub(in crate::recipe) fn check(verb: &Verb, call: &mut Call) -> Fallible<()> {
    let takes_options = !matches!(verb.options, Choices::Known([]));
    if takes_options
        && call.arguments.len() > verb.arguments.0
        && let Some((last, _)) = call.arguments.last()
        && last.is_map()
        && let Some((last, position)) = call.arguments.pop()
    {
        let map = last.flatten().try_cast::<rhai::Map>().unwrap_or_default();
        for (name, value) in map {
            call.options.insert(name.to_string(), (value, position));
        }
    }
    for (name, (_, position)) in &call.options {
        if !verb.takes(name) {
            return Err(verb.unknown_option(name, *position, call.position, !call.arguments.is_empty()));
        }
    }
    verb.fits(&Written {
        arguments: call.arguments.len(),
        may_end_in_options: false,
        has_block: call.block.is_some(),
        first: &|| text(call, 0),
        position: call.position,
    })
}

/// The text of an argument. Numbers and symbols are texts, too.
fn text(call: &Call, index: usize) -> String {
    let value = call.arguments.get(index);
    value
        .map(|(value, _)| crate::recipe::language::values::text(value))
        .unwrap_or_default()
}

/// The command in an argument: a text for the shell, or a list of words.
fn command(call: &Call, index: usize) -> Fallible<String> {
    match call.arguments.get(index) {
        Some((value, position)) => super::command::command(value, *position),
        None => Ok(String::new()),
    }
}

/// The texts of the arguments from `first` on; lists are taken apart.
fn texts(call: &Call, first: usize) -> Vec<String> {
    call.arguments
        .iter()
        .skip(first)
        .flat_map(|(value, _)| crate::recipe::language::values::texts(value))
        .collect()
}

/// An argument's value.
fn value(call: &Call, index: usize) -> Dynamic {
    call.arguments
        .get(index)
        .map(|(value, _)| value.clone())
        .unwrap_or_default()
}
