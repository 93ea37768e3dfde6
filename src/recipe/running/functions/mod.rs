//! Functions for recipes, beside those that Rhai has. One row each: the reference is made from them, and every example runs.

mod commands;
mod documents;
mod encodings;
mod env_file;
mod files;
mod paths;
mod servers;
mod tasks;
mod text;
mod time;
mod write_yaml;
mod yaml;

use std::rc::Rc;

use rhai::{Dynamic, Engine, EvalAltResult, ImmutableString, NativeCallContext, Position};

use super::interpreter::Interpreter;
use super::missing;
use crate::diagnostic::{Diagnostic, Fault};
use crate::plan::{quote, quote_path};
use crate::recipe::language::origin::{Fallible, ScriptFailure, terminate, wrong};
use crate::recipe::language::values::{text as shown, texts};
use crate::recipe::meaning::stdlib;

/// Registers the functions.
pub(in crate::recipe) fn register(engine: &mut Engine, interpreter: &Rc<Interpreter>) {
    let quoting = interpreter.clone();
    engine.register_fn(
        "quote",
        move |context: NativeCallContext, value: Dynamic| -> Fallible<ImmutableString> {
            let is_missing = value.is_unit()
                || value
                    .read_lock::<rhai::Array>()
                    .is_some_and(|list| list.iter().any(Dynamic::is_unit));
            if is_missing {
                return Err(missing::argument(&quoting, &context, 0));
            }
            let words: Vec<String> = texts(&value).iter().map(|text| quote(text).into_owned()).collect();
            Ok(words.join(" ").into())
        },
    );
    engine.register_fn("quote_path", |path: &str| -> ImmutableString {
        let path = path
            .strip_prefix("$HOME/")
            .map_or(path.to_owned(), |rest| format!("~/{rest}"));
        quote_path(&path).into()
    });
    engine.register_fn("library_program", |name: &str| -> Fallible<ImmutableString> {
        match stdlib::program(name) {
            Some(text) => Ok(text.into()),
            None => Err(wrong(format!("no program `{name}' comes with capr"), Position::NONE)),
        }
    });
    commands::register(engine, interpreter);
    text::register(engine, interpreter);
    servers::register(engine, interpreter);
    tasks::register(engine, interpreter);
    paths::register(engine, interpreter);
    files::register(engine, interpreter);
    time::register(engine, interpreter);
    documents::register(engine, interpreter);
    encodings::register(engine, interpreter);
    failures(engine);
    ending(engine);
}

/// Registers `exit`, which ends the run wherever it is called. Rhai's own ends only the file or the function that is being
/// evaluated.
fn ending(engine: &mut Engine) {
    engine.register_fn("exit", |context: NativeCallContext| -> Fallible<()> {
        Err(exit(0, &context))
    });
    engine.register_fn("exit", |context: NativeCallContext, code: Dynamic| -> Fallible<()> {
        Err(exit(code.as_int().unwrap_or(0), &context))
    });
}

fn exit(code: i64, context: &NativeCallContext) -> Box<EvalAltResult> {
    let code = u8::try_from(code.clamp(0, 255)).unwrap_or(1);
    let message = format!("the recipe called exit with status {code}");
    terminate(Diagnostic::new(Fault::Exit(code), message), context.call_position())
}

/// Registers the values that `catch (error)` catches.
fn failures(engine: &mut Engine) {
    engine.register_type_with_name::<ScriptFailure>("Failure");
    engine.register_fn("to_string", |failure: &mut ScriptFailure| {
        failure.diagnostic.message.clone()
    });
    engine.register_fn("to_debug", |failure: &mut ScriptFailure| {
        failure.diagnostic.message.clone()
    });
    engine.register_get("message", |failure: &mut ScriptFailure| {
        failure.diagnostic.message.clone()
    });
    engine.register_get("servers", |failure: &mut ScriptFailure| -> rhai::Array {
        failure
            .diagnostic
            .servers
            .iter()
            .map(|failed| failed.server.to_string().into())
            .collect()
    });
    engine.register_fn("+", |text: &str, failure: ScriptFailure| {
        format!("{text}{}", failure.diagnostic.message)
    });
}
