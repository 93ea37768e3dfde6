//! Writes strings.

use super::super::form::Part;
use crate::recipe::quoted;

/// Returns true if a string is better written in backticks: it has several lines, or a `${` that double quotes would leave as it
/// is.
pub(super) fn wants_backticks(text: &str) -> bool {
    let body = text.strip_suffix('\n').unwrap_or(text);
    body.contains('\n') && body.trim_matches('\n').contains('\n') || text.contains("${") || text.contains("#{")
}

/// Returns a piece of a string in the form for backticks; `is_last` is true for the last piece.
fn piece(text: &str, is_last: bool) -> String {
    let mut written = String::new();
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '`' => written.push_str("``"),
            '$' if rest.peek() == Some(&'{') => written.push_str("\\$"),
            // A bare `#{` would look like an interpolation of Ruby that was left there by mistake.
            '#' if rest.peek() == Some(&'{') => {
                rest.next();
                written.push_str("#${\"{\"}");
            }
            // A backslash before an interpolation would take away its meaning.
            '\\' if rest.peek().is_none() && !is_last => written.push_str("${\"\\\\\"}"),
            '\\' if rest.clone().take(2).eq(['$', '{']) => written.push_str("${\"\\\\\"}"),
            '$' if rest.peek().is_none() && !is_last => written.push_str("${\"$\"}"),
            '\t' | '\n' => written.push(c),
            c if c.is_control() => written.push_str(&format!("${{{}}}", quoted(&c.to_string()))),
            c => written.push(c),
        }
    }
    written
}

/// Writes a string in backticks; `value` writes the interpolated values.
pub(super) fn template(parts: &[Part], value: impl Fn(&super::Expr) -> String) -> String {
    let mut parts = parts.to_vec();
    // A newline before the last backtick is easily missed, so it is appended as `"\n"`.
    let mut ends = 0;
    let one_line = parts
        .iter()
        .filter_map(as_text)
        .map(|text| text.matches('\n').count())
        .sum::<usize>()
        == 1;
    if one_line
        && parts.len() > 1
        && let Some(Part::Text(text)) = parts.last_mut()
        && let Some(before) = text.strip_suffix('\n')
    {
        *text = before.to_owned();
        ends = 1;
    }
    let last = parts.len().saturating_sub(1);
    let mut written = String::from("`");
    for (index, part) in parts.iter().enumerate() {
        match part {
            Part::Text(text) => {
                // A newline right after the first backtick is not a part of the string, so one more is written.
                if index == 0 && text.starts_with('\n') {
                    written.push('\n');
                }
                written.push_str(&piece(text, index == last));
            }
            Part::Value(inner) => written.push_str(&format!("${{{}}}", value(inner))),
        }
    }
    written.push('`');
    if ends > 0 {
        written.push_str(" + \"\\n\"");
    }
    written
}

fn as_text(part: &Part) -> Option<&str> {
    match part {
        Part::Text(text) => Some(text),
        Part::Value(_) => None,
    }
}

/// Writes a command on several lines, which are indented after the first backtick.
pub(super) fn script(parts: &[Part], indent: usize, value: impl Fn(&super::Expr) -> String) -> String {
    let between = format!("\n{}", " ".repeat(indent + 2));
    let last = parts.len().saturating_sub(1);
    let mut written = format!("`{between}");
    for (index, part) in parts.iter().enumerate() {
        match part {
            Part::Text(text) => written.push_str(&piece(text, index == last).replace('\n', &between)),
            Part::Value(inner) => written.push_str(&format!("${{{}}}", value(inner))),
        }
    }
    written.push('`');
    written
}

/// Writes a name after a colon if that is possible, else in quotes.
pub(super) fn symbol(name: &str) -> String {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    match begins && name.chars().all(is_word) {
        true => format!(":{name}"),
        false => quoted(name),
    }
}

/// Writes a key of a map.
pub(super) fn key(name: &str, is_reserved: bool) -> String {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    match begins && name.chars().all(is_word) && !is_reserved {
        true => name.to_owned(),
        false => quoted(name),
    }
}
