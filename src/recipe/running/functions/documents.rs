//! Functions that read and write YAML and JSON. A value under the name of a secret is never shown.

use std::fmt::{Display, Write};
use std::rc::Rc;

use rhai::{Dynamic, Engine, Map, Position};

use super::super::interpreter::Interpreter;
use super::files::read;
use super::{env_file, write_yaml, yaml};
use crate::recipe::language::origin::{Fallible, wrong};
use crate::recipe::language::values::map;

/// Registers the functions.
pub(super) fn register(engine: &mut Engine, interpreter: &Rc<Interpreter>) {
    let reading = interpreter.clone();
    engine.register_fn("parse_json", move |text: &str| json(&reading, text, None));
    let reading = interpreter.clone();
    engine.register_fn("parse_yaml", move |text: &str| yaml(&reading, text, None));
    let reading = interpreter.clone();
    engine.register_fn("read_json", move |path: &str| {
        json(&reading, &read(&reading, path)?, Some(path))
    });
    let reading = interpreter.clone();
    engine.register_fn("read_yaml", move |path: &str| {
        yaml(&reading, &read(&reading, path)?, Some(path))
    });
    engine.register_fn("to_yaml", |value: Dynamic| {
        let value = plain("to_yaml", &value)?;
        let scalar = |value: &Dynamic| serde_json::to_string(value).ok().map(|text| printable(&text));
        write_yaml::document(&value, &scalar).ok_or_else(|| unwritable("to_yaml", &value))
    });
    let reading = interpreter.clone();
    engine.register_fn("env_file", move |path: &str| env_file(&reading, path));
    engine.register_fn("to_json", |value: Dynamic| written(&value, false));
    engine.register_fn("to_json", |value: Dynamic, pretty: bool| written(&value, pretty));
    // Rhai has a function of its own for maps, which writes control characters as Rust does.
    engine.register_fn("to_json", |map: Map| written(&map.into(), false));
}

fn json(interpreter: &Interpreter, text: &str, path: Option<&str>) -> Fallible {
    let value: Dynamic = serde_json::from_str(text).map_err(|error| {
        let what = error.to_string();
        let what = what.split(" at line ").next().unwrap_or_default();
        misread(path, "JSON", Some((error.line(), error.column())), what)
    })?;
    interpreter.actor().keep_secrets(&value);
    Ok(value)
}

fn yaml(interpreter: &Interpreter, text: &str, path: Option<&str>) -> Fallible {
    let value = yaml::value(text).map_err(|error| {
        let place = error
            .location()
            .map(|place| (place.line() as usize, place.column() as usize));
        let what = error.without_snippet().to_string();
        let what = what.split(" at line ").next().unwrap_or_default();
        let what = what.split([';', ',']).next().unwrap_or_default();
        misread(path, "YAML", place, what)
    })?;
    interpreter.actor().keep_secrets(&value);
    Ok(value)
}

/// Returns the error for a document that cannot be read. `place` is a place in the document, not in the recipe.
fn misread(
    path: Option<&str>,
    kind: &str,
    place: Option<(usize, usize)>,
    what: impl Display,
) -> Box<rhai::EvalAltResult> {
    let path = path.unwrap_or("the string");
    let place = place.map_or_else(String::new, |(line, column)| {
        format!(" in line {line}, column {column}")
    });
    wrong(format!("{path} is no {kind}{place}: {what}"), Position::NONE)
}

fn written(value: &Dynamic, pretty: bool) -> Fallible<String> {
    let value = plain("to_json", value)?;
    let text = match pretty {
        true => serde_json::to_string_pretty(&value),
        false => serde_json::to_string(&value),
    };
    text.map(|text| printable(&text))
        .map_err(|_| unwritable("to_json", &value))
}

/// Escapes all characters that JSON allows in a string and YAML does not.
fn printable(json: &str) -> String {
    json.chars().fold(String::with_capacity(json.len()), |mut text, c| {
        match c {
            '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => {
                // Writing to a String cannot fail.
                let _ = write!(text, "\\u{:04x}", u32::from(c));
            }
            c => text.push(c),
        }
        text
    })
}

/// Returns a value without shared parts, if JSON can represent it. `function` is the one that writes it.
fn plain(function: &str, value: &Dynamic) -> Fallible {
    let value = value.flatten_clone();
    if let Some(list) = value.read_lock::<rhai::Array>() {
        return Ok(list
            .iter()
            .map(|item| plain(function, item))
            .collect::<Fallible<rhai::Array>>()?
            .into());
    }
    if let Some(members) = value.read_lock::<Map>() {
        let members = members
            .iter()
            .map(|(name, value)| Ok((name.clone(), plain(function, value)?)));
        return Ok(map(members.collect::<Fallible<Vec<_>>>()?).into());
    }
    let is_number = value.is_int() || value.as_float().is_ok_and(f64::is_finite);
    if is_number || value.is_string() || value.is_bool() || value.is_char() || value.is_unit() {
        return Ok(value);
    }
    Err(unwritable(function, &value))
}

/// Reads the variables in a file as dotenv does.
fn env_file(interpreter: &Interpreter, path: &str) -> Fallible {
    let text = read(interpreter, path)?;
    let outer = |name: &str| interpreter.machine().environment_variable(name);
    let variables = env_file::variables(&text, &outer).map_err(|line| {
        wrong(
            format!("{path} is no file of variables: line {line} has no NAME=value"),
            Position::NONE,
        )
    })?;
    let value: Dynamic = map(variables).into();
    interpreter.actor().keep_secrets(&value);
    Ok(value)
}

fn unwritable(function: &str, value: &Dynamic) -> Box<rhai::EvalAltResult> {
    let kind = if value.is_fnptr() { "a function" } else { "such a value" };
    wrong(format!("`{function}' cannot write {kind}"), Position::NONE)
}
