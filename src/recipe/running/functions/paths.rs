//! Functions for paths. They work on strings and do not look at the disk.

use std::path::{Component, Path, PathBuf};
use std::rc::Rc;

use rhai::{Array, Dynamic, Engine, EvalAltResult, ImmutableString, NativeCallContext, Position};

use super::super::interpreter::Interpreter;
use super::super::missing;
use crate::diagnostic::{Diagnostic, Fault};
use crate::io_error::plain;
use crate::recipe::language::functions::MAX_PARTS;
use crate::recipe::language::origin::{Fallible, raise, wrong};
use crate::recipe::language::values::text;
use crate::recipe::meaning::errors::types;

/// Registers the functions.
pub(super) fn register(engine: &mut Engine, interpreter: &Rc<Interpreter>) {
    engine.register_fn("basename", |path: &str| -> ImmutableString { last(path).into() });
    engine.register_fn("basename", |path: &str, ending: &str| -> ImmutableString {
        let name = last(path);
        let stem = name.strip_suffix(ending).filter(|stem| !stem.is_empty());
        stem.unwrap_or(name).into()
    });
    engine.register_fn("dirname", |path: &str| directory(path));
    engine.register_fn("extname", |path: &str| -> ImmutableString {
        let ending = Path::new(last(path)).extension();
        ending
            .map(|ending| format!(".{}", ending.display()))
            .unwrap_or_default()
            .into()
    });
    for number in 1..=MAX_PARTS {
        let types = vec![std::any::TypeId::of::<Dynamic>(); number];
        let joining = interpreter.clone();
        engine.register_raw_fn(
            "join_path",
            types,
            move |context: NativeCallContext, parts: &mut [&mut Dynamic]| -> Fallible<String> {
                let mut all = Vec::new();
                for (index, part) in parts.iter().enumerate() {
                    if !collect(part, &mut all).map_err(|kind| no_part(&context, &kind))? {
                        return Err(missing::argument(&joining, &context, index));
                    }
                }
                Ok(joined(all.into_iter()))
            },
        );
    }
    let home = interpreter.clone();
    engine.register_fn("expand_path", move |path: &str| expanded(&home, path, Path::new(".")));
    let home = interpreter.clone();
    engine.register_fn("expand_path", move |path: &str, base: &str| {
        expanded(&home, path, &home.machine().path(base))
    });
    engine.register_fn("recipe_file", |context: NativeCallContext| -> ImmutableString {
        context.call_source().or(context.fn_source()).unwrap_or_default().into()
    });
}

/// Returns the last part, which may be `..`; for `/` it is `/` itself.
fn last(path: &str) -> &str {
    match path.trim_end_matches('/') {
        "" if !path.is_empty() => "/",
        path => path.rsplit('/').next().unwrap_or(path),
    }
}

/// Returns everything before the last part.
fn directory(path: &str) -> ImmutableString {
    let before = path.trim_end_matches('/').rsplit_once('/').map(|(before, _)| before);
    match before.map(|before| before.trim_end_matches('/')) {
        Some("") => "/",
        None if path.starts_with('/') => "/",
        None => ".",
        Some(before) => before,
    }
    .into()
}

/// Adds the strings of a part, which may be a list. Returns false if a value is missing; the error for a value that is not a string
/// is its kind: `number`.
fn collect(part: &Dynamic, all: &mut Vec<String>) -> Result<bool, String> {
    if part.is_unit() {
        return Ok(false);
    }
    if let Some(list) = part.read_lock::<Array>() {
        for part in list.iter() {
            if !collect(part, all)? {
                return Ok(false);
            }
        }
        return Ok(true);
    }
    let part = part.flatten_clone();
    if !part.is_string() && !part.is_char() {
        return Err(types(part.type_name()));
    }
    all.push(text(&part));
    Ok(true)
}

fn no_part(context: &NativeCallContext, kind: &str) -> Box<EvalAltResult> {
    let message = format!("`join_path' takes strings and lists of strings, not a {kind}");
    let mut diagnostic = Diagnostic::new(Fault::Recipe, message);
    if matches!(kind, "number" | "decimal number") {
        diagnostic = diagnostic.hint("a number as a part of a path: `${number}`");
    }
    raise(diagnostic, context.call_position())
}

fn joined(parts: impl Iterator<Item = String>) -> String {
    let mut path = String::new();
    for (index, part) in parts.enumerate() {
        if index == 0 {
            path = part;
            continue;
        }
        let whole = path.trim_end_matches('/').len();
        path.truncate(whole);
        path.push('/');
        path.push_str(part.trim_start_matches('/'));
    }
    path
}

fn expanded(interpreter: &Interpreter, path: &str, base: &Path) -> Fallible<String> {
    let machine = interpreter.machine();
    let path = match (path, machine.home()) {
        ("~", Some(home)) => home.to_owned(),
        _ => machine.path(path),
    };
    let whole = std::path::absolute(base.join(path)).map_err(|error| {
        let message = format!("`expand_path' finds no absolute path: {}", plain(&error));
        wrong(message, Position::NONE)
    })?;
    let mut plain = PathBuf::new();
    for component in whole.components() {
        match component {
            Component::ParentDir => {
                plain.pop();
            }
            component => plain.push(component),
        }
    }
    Ok(plain.display().to_string())
}
