//! Functions for recipes, beside those that Rhai has: shell quoting, paths, time, local files, failures.

use std::path::Path;
use std::rc::Rc;

use rhai::{Dynamic, Engine, ImmutableString, Position};

use super::Fallible;
use super::interpreter::Interpreter;
use super::origin::{Failure, wrong};
use super::stdlib;
use super::values::texts;
use crate::plan::quote;

/// A function, for the reference.
pub(super) struct Function {
    pub(super) form: &'static str,
    pub(super) doc: &'static str,
}

/// All of them, sorted.
pub(super) static FUNCTIONS: &[Function] = &[
    Function {
        form: "basename(path)",
        doc: "The last part of a path.",
    },
    Function {
        form: "dirname(path)",
        doc: "A path without its last part.",
    },
    Function {
        form: "file_exists(path)",
        doc: "Whether a file or directory exists on this machine.",
    },
    Function {
        form: "join(list, separator)",
        doc: "The texts of a list in one.",
    },
    Function {
        form: "library_program(name)",
        doc: "The text of a program that comes with capr for servers: `spinner`, `spawner` or `reaper`.",
    },
    Function {
        form: "quote(text)",
        doc: "A text as one word for a shell, whatever is in it; a list as several.",
    },
    Function {
        form: "read_file(path)",
        doc: "The text of a file on this machine.",
    },
    Function {
        form: "utc_now(format)",
        doc: "The time in UTC, in strftime's letters: `\"%Y%m%d%H%M%S\"`.",
    },
];

/// Makes them known.
pub(super) fn register(engine: &mut Engine, interpreter: &Rc<Interpreter>) {
    engine.register_fn("quote", |value: Dynamic| -> ImmutableString {
        let words: Vec<String> = match value.is_unit() {
            true => vec![quote("").into_owned()],
            false => texts(&value).iter().map(|text| quote(text).into_owned()).collect(),
        };
        words.join(" ").into()
    });
    engine.register_fn("join", |list: rhai::Array, separator: &str| -> ImmutableString {
        let texts: Vec<String> = list.iter().map(Dynamic::to_string).collect();
        texts.join(separator).into()
    });
    engine.register_fn("basename", |path: &str| {
        part(Path::new(path).file_name().map(Path::new))
    });
    engine.register_fn("dirname", |path: &str| match Path::new(path).parent() {
        Some(parent) if parent.as_os_str().is_empty() => ".".into(),
        parent => part(parent),
    });
    engine.register_fn("utc_now", |format: &str| -> Fallible<String> {
        let broken = jiff::fmt::strtime::BrokenDownTime::from(jiff::Timestamp::now());
        broken.to_string(format).map_err(|error| {
            wrong(
                format!("`utc_now' cannot write the time that way: {error}"),
                Position::NONE,
            )
        })
    });
    let files = interpreter.clone();
    engine.register_fn("file_exists", move |path: &str| files.home_path(path).exists());
    let files = interpreter.clone();
    engine.register_fn("read_file", move |path: &str| -> Fallible<String> {
        std::fs::read_to_string(files.home_path(path))
            .map_err(|error| wrong(format!("cannot read {path}: {error}"), Position::NONE))
    });
    engine.register_fn("library_program", |name: &str| -> Fallible<ImmutableString> {
        match stdlib::program(name) {
            Some(text) => Ok(text.into()),
            None => Err(wrong(format!("no program `{name}' comes with capr"), Position::NONE)),
        }
    });
    super::text::register(engine);
    failures(engine);
}

/// What `catch (error)` catches.
fn failures(engine: &mut Engine) {
    engine.register_type_with_name::<Failure>("Failure");
    engine.register_fn("to_string", |failure: &mut Failure| failure.diagnostic.message.clone());
    engine.register_fn("to_debug", |failure: &mut Failure| failure.diagnostic.message.clone());
    engine.register_get("message", |failure: &mut Failure| failure.diagnostic.message.clone());
    engine.register_get("servers", |failure: &mut Failure| -> rhai::Array {
        failure
            .diagnostic
            .servers
            .iter()
            .map(|failed| failed.server.to_string().into())
            .collect()
    });
    engine.register_fn("+", |text: &str, failure: Failure| {
        format!("{text}{}", failure.diagnostic.message)
    });
}

fn part(path: Option<&Path>) -> ImmutableString {
    path.map(|path| path.display().to_string()).unwrap_or_default().into()
}
