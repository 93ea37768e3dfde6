//! Writes values as YAML blocks that every reader reads back unchanged.

use std::fmt::Write as _;

use rhai::{Array, Dynamic, Map};

use super::yaml;

/// Returns a document. `scalar` writes a value that is neither a list nor a map, in a form that every reader understands.
pub(super) fn document(value: &Dynamic, scalar: &dyn Fn(&Dynamic) -> Option<String>) -> Option<String> {
    let mut text = String::from("---");
    write(&mut text, value, 0, scalar)?;
    Some(text)
}

/// Writes a value after its key, after its dash, or at the beginning of the document, and ends its last line.
fn write(text: &mut String, value: &Dynamic, depth: usize, scalar: &dyn Fn(&Dynamic) -> Option<String>) -> Option<()> {
    let indent = "  ".repeat(depth);
    if let Some(map) = value.read_lock::<Map>().filter(|map| !map.is_empty()) {
        text.push('\n');
        for (key, value) in map.iter() {
            let key = scalar_of(&key.as_str().into(), scalar)?;
            // Writing to a String cannot fail.
            let _ = write!(text, "{indent}{key}:");
            write(text, value, depth + 1, scalar)?;
        }
        return Some(());
    }
    if let Some(list) = value.read_lock::<Array>().filter(|list| !list.is_empty()) {
        text.push('\n');
        for item in list.iter() {
            let _ = write!(text, "{indent}-");
            write(text, item, depth + 1, scalar)?;
        }
        return Some(());
    }
    let _ = writeln!(text, " {}", scalar_of(value, scalar)?);
    Some(())
}

/// Returns a string without quotes if it is read back unchanged, else in quotes.
fn scalar_of(value: &Dynamic, scalar: &dyn Fn(&Dynamic) -> Option<String>) -> Option<String> {
    if let Ok(text) = value.as_immutable_string_ref()
        && is_plain(&text)
    {
        return Some(text.to_string());
    }
    scalar(value)
}

fn is_plain(text: &str) -> bool {
    let is_safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '/' | '.' | '-' | '@' | ' ' | '+' | ':');
    let begins = |c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '/');
    // Readers of YAML 1.1 read these as true or false, and some strings as numbers in base 60.
    let is_word = |word: &str| text.eq_ignore_ascii_case(word);
    let is_taken = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"]
        .into_iter()
        .any(is_word);
    text.starts_with(begins)
        && text.chars().all(is_safe)
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && !is_taken
        && yaml::value(text).is_ok_and(|read| read.as_immutable_string_ref().is_ok_and(|read| read.as_str() == text))
}
