//! Functions for paths. They look at texts alone, not at what is on the disk.

use std::path::{Component, Path, PathBuf};
use std::rc::Rc;

use rhai::{Array, Dynamic, Engine, ImmutableString, NativeCallContext, Position};

use super::super::interpreter::Interpreter;
use super::shown;
use crate::io_error::plain;
use crate::recipe::language::origin::{Fallible, wrong};
use crate::recipe::language::values::texts;

/// A path has at most so many parts as arguments; a list may be longer.
const MAX_PARTS: usize = 8;

/// Makes them known.
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
        engine.register_raw_fn(
            "join_path",
            types,
            |_: NativeCallContext, parts: &mut [&mut Dynamic]| -> Fallible<String> {
                Ok(joined(parts.iter().flat_map(|part| texts(part))))
            },
        );
    }
    engine.register_fn("join_path", |parts: Array| joined(parts.iter().map(shown)));
    let home = interpreter.clone();
    engine.register_fn("expand_path", move |path: &str| expanded(&home, path, Path::new(".")));
    let home = interpreter.clone();
    engine.register_fn("expand_path", move |path: &str, base: &str| {
        expanded(&home, path, &home.home_path(base))
    });
    engine.register_fn("recipe_file", |context: NativeCallContext| -> ImmutableString {
        context.call_source().or(context.fn_source()).unwrap_or_default().into()
    });
}

/// The last part, be it `..`; of `/` itself.
fn last(path: &str) -> &str {
    match path.trim_end_matches('/') {
        "" if !path.is_empty() => "/",
        path => path.rsplit('/').next().unwrap_or(path),
    }
}

/// What is before that.
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
    let path = match (path, &interpreter.home) {
        ("~", Some(home)) => home.clone(),
        _ => interpreter.home_path(path),
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
