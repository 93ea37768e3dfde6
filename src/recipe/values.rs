//! Between values of scripts and plain data.

use rhai::{Dynamic, Position};

use super::Fallible;
use super::interpreter::Namespace;
use super::origin::{Failure, wrong};
use crate::configuration::{Attributes, Value};

/// A value as a text. `Dynamic` itself knows only Rhai's own types.
pub(super) fn text(value: &Dynamic) -> String {
    if let Some(failure) = value.read_lock::<Failure>() {
        failure.diagnostic.message.clone()
    } else if let Some(namespace) = value.read_lock::<Namespace>() {
        namespace.0.to_string()
    } else {
        // Of a shared value Rhai says that it is shared.
        value.flatten_clone().to_string()
    }
}

/// One text, or those of a list; `()` gives none.
pub(super) fn texts(value: &Dynamic) -> Vec<String> {
    if value.is_unit() {
        Vec::new()
    } else if let Some(list) = value.read_lock::<rhai::Array>() {
        list.iter().flat_map(texts).collect()
    } else {
        vec![text(value)]
    }
}

/// A plain value; what is none (a function, a namespace) is its text.
pub(super) fn plain(value: &Dynamic) -> Value {
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
    } else if let Some(map) = value.read_lock::<rhai::Map>() {
        Value::Map(
            map.iter()
                .map(|(name, value)| (name.to_string(), plain(value)))
                .collect(),
        )
    } else {
        Value::Text(text(value))
    }
}

/// A plain value as one of scripts.
pub(super) fn dynamic(value: &Value) -> Dynamic {
    match value {
        Value::Unit => Dynamic::UNIT,
        Value::Bool(value) => (*value).into(),
        Value::Int(value) => (*value).into(),
        Value::Float(value) => (*value).into(),
        Value::Text(value) => value.clone().into(),
        Value::List(list) => list.iter().map(dynamic).collect::<rhai::Array>().into(),
        Value::Map(map) => {
            let map: rhai::Map = map
                .iter()
                .map(|(name, value)| (name.as_str().into(), dynamic(value)))
                .collect();
            map.into()
        }
    }
}

/// The pairs of a map.
pub(super) fn attributes(option: &str, value: &Dynamic, position: Position) -> Fallible<Attributes> {
    match plain(value) {
        Value::Map(map) => Ok(map),
        Value::Unit => Ok(Attributes::new()),
        _ => Err(wrong(
            format!("`{option}' is to be a map: #{{ primary: true }}"),
            position,
        )),
    }
}

/// A value of the command line: digits are a number, `true`, `false` and `nil` what they say, text in quotes is text.
pub(super) fn coerce(text: &str) -> Dynamic {
    let quoted = ['"', '\'']
        .iter()
        .find_map(|quote| text.strip_prefix(*quote)?.strip_suffix(*quote));
    if let Some(text) = quoted {
        return text.to_owned().into();
    }
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match text {
        "true" => true.into(),
        "false" => false.into(),
        "nil" => Dynamic::UNIT,
        _ if is_digits(text) => text
            .parse::<i64>()
            .map_or_else(|_| text.to_owned().into(), Dynamic::from),
        _ => match text.split_once('.') {
            Some((whole, fraction)) if is_digits(whole) && (fraction.is_empty() || is_digits(fraction)) => text
                .parse::<f64>()
                .map_or_else(|_| text.to_owned().into(), Dynamic::from),
            _ => text.to_owned().into(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::coerce;

    #[test]
    fn v15_values_of_the_command_line_are_typed() {
        for (text, kind, shown) in [
            ("12", "i64", "12"),
            ("1.5", "f64", "1.5"),
            ("12.", "f64", "12.0"),
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
