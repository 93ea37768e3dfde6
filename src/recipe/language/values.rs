//! Converts between values of scripts and plain data.

use std::rc::Rc;

use rhai::{Dynamic, Identifier, Map, Position};

use super::origin::{Fallible, ScriptFailure, wrong};
use crate::configuration::{Attributes, Value, VariableKind};
use crate::diagnostic::{Diagnostic, Fault};

/// A namespace as a value, whose members are reached with periods: `deploy.web.disable`.
#[derive(Clone, Debug)]
pub(in crate::recipe) struct Namespace(pub(in crate::recipe) Rc<str>);

/// The member of a map, as servers are, with what it is in a string.
pub(in crate::recipe) const SHOWN: &str = "to_s";

/// Returns a value as a string. `Dynamic` itself knows only Rhai's own types.
pub(in crate::recipe) fn text(value: &Dynamic) -> String {
    if let Some(failure) = value.read_lock::<ScriptFailure>() {
        failure.diagnostic.message.clone()
    } else if let Some(namespace) = value.read_lock::<Namespace>() {
        namespace.0.to_string()
    } else if let Some(shown) = value.read_lock::<Map>().and_then(|map| map.get(SHOWN).map(text)) {
        shown
    } else {
        // For a shared value Rhai would only say that it is shared.
        value.flatten_clone().to_string()
    }
}

/// Returns one string, or the strings of a list; `()` gives none.
pub(in crate::recipe) fn texts(value: &Dynamic) -> Vec<String> {
    if value.is_unit() {
        Vec::new()
    } else if let Some(list) = value.read_lock::<rhai::Array>() {
        list.iter().flat_map(texts).collect()
    } else {
        vec![text(value)]
    }
}

/// Returns a plain value. Values without a plain form (a function, a namespace) become strings.
pub(in crate::recipe) fn plain(value: &Dynamic) -> Value {
    if value.is_unit() {
        Value::Unit
    } else if let Ok(value) = value.as_bool() {
        Value::Bool(value)
    } else if let Ok(value) = value.as_int() {
        Value::Int(value)
    } else if let Ok(value) = value.as_float() {
        Value::Float(value)
    } else if let Some(list) = value.read_lock::<rhai::Array>() {
        Value::List(list.iter().map(plain).collect())
    } else if let Some(map) = value.read_lock::<Map>() {
        Value::Map(
            map.iter()
                .map(|(name, value)| (name.to_string(), plain(value)))
                .collect(),
        )
    } else {
        Value::Text(text(value))
    }
}

/// Returns a plain value as a value of scripts.
pub(in crate::recipe) fn dynamic(value: &Value) -> Dynamic {
    match value {
        Value::Unit => Dynamic::UNIT,
        Value::Bool(value) => (*value).into(),
        Value::Int(value) => (*value).into(),
        Value::Float(value) => (*value).into(),
        Value::Text(value) => value.clone().into(),
        Value::List(list) => list.iter().map(dynamic).collect::<rhai::Array>().into(),
        Value::Map(members) => map(members.iter().map(|(name, value)| (name.as_str(), dynamic(value)))).into(),
    }
}

/// Returns a map for scripts with these members.
pub(in crate::recipe) fn map<N: Into<Identifier>, V: Into<Dynamic>>(members: impl IntoIterator<Item = (N, V)>) -> Map {
    // To collect them would sort them first, which takes 40 KB of code in the packaged binary.
    let mut map = Map::new();
    for (name, value) in members {
        map.insert(name.into(), value.into());
    }
    map
}

/// Returns the pairs of a map.
pub(in crate::recipe) fn attributes(option: &str, value: &Dynamic, position: Position) -> Fallible<Attributes> {
    match plain(value) {
        Value::Map(map) => Ok(map),
        Value::Unit => Ok(Attributes::new()),
        _ => Err(wrong(
            format!("`{option}' must be a map: #{{ primary: true }}"),
            position,
        )),
    }
}

/// Reads a value of the command line: `true`, `false` and `nil` are values, quotes make a string, and digits make a number if it
/// prints in the same way. `1.10` and `007` are versions or names, not 1.1 and 7.
pub(in crate::recipe) fn coerce(text: &str) -> Dynamic {
    let quoted = ['"', '\'']
        .iter()
        .find_map(|quote| text.strip_prefix(*quote)?.strip_suffix(*quote));
    if let Some(text) = quoted {
        return text.to_owned().into();
    }
    let is_plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let number = || -> Option<Dynamic> {
        let number: Dynamic = match text.contains('.') {
            true => text.parse::<f64>().ok()?.into(),
            false => text.parse::<i64>().ok()?.into(),
        };
        (is_plain && number.to_string() == text).then_some(number)
    };
    match text {
        "true" => true.into(),
        "false" => false.into(),
        "nil" => Dynamic::UNIT,
        _ => number().unwrap_or_else(|| text.to_owned().into()),
    }
}

/// Returns the diagnostic for a value that the variable cannot have.
pub(in crate::recipe) fn refused(name: &str, value: impl FnOnce() -> Option<Value>) -> Option<Diagnostic> {
    let refusal = VariableKind::of(name)?.refusal(name, &value()?)?;
    Some(Diagnostic::new(Fault::Recipe, refusal.message).hint(refusal.hint))
}

#[cfg(test)]
mod tests {
    use super::coerce;

    #[test]
    fn v15_values_of_the_command_line_are_typed() {
        for (text, kind, shown) in [
            ("12", "i64", "12"),
            ("1.5", "f64", "1.5"),
            ("1.0", "f64", "1.0"),
            ("12.", "string", "12."),
            ("1.10", "string", "1.10"),
            ("2024.10", "string", "2024.10"),
            ("007", "string", "007"),
            ("0", "i64", "0"),
            ("1.2.3", "string", "1.2.3"),
            (".5", "string", ".5"),
            ("true", "bool", "true"),
            ("nil", "()", ""),
            ("\"12\"", "string", "12"),
            ("a=b", "string", "a=b"),
            ("99999999999999999999", "string", "99999999999999999999"),
        ] {
            let value = coerce(text);
            assert_eq!((value.type_name(), value.to_string().as_str()), (kind, shown), "{text}");
        }
    }
}
