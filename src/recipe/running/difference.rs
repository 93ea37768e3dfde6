//! Comparing and showing values in assertions.

use std::time::Duration;

use rhai::{Array, Dynamic, Map};
use similar::{ChangeTag, TextDiff};

use crate::listed::and_more;
use crate::recipe::language::literal::quoted;
use crate::recipe::language::values::text;

/// The most time for finding a difference; then it is shown with more lines than it needs.
const PATIENCE: Duration = Duration::from_secs(2);

/// The width up to which a list or a map stands on one line.
const NARROW: usize = 60;

/// The number of lines that are shown around a difference, and the most in all.
const AROUND: usize = 3;
const MOST: usize = 60;

/// Returns true if two values have the same contents.
pub(in crate::recipe) fn same(a: &Dynamic, b: &Dynamic) -> bool {
    if let (Some(a), Some(b)) = (a.read_lock::<Array>(), b.read_lock::<Array>()) {
        return a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| same(a, b));
    }
    if let (Some(a), Some(b)) = (a.read_lock::<Map>(), b.read_lock::<Map>()) {
        let is_in_b = |(name, a): (_, &Dynamic)| b.get::<rhai::Identifier>(name).is_some_and(|b| same(a, b));
        return a.len() == b.len() && a.iter().all(is_in_b);
    }
    let number = |value: &Dynamic| value.as_float().or_else(|_| value.as_int().map(|number| number as f64));
    if let (Ok(a), Ok(b)) = (a.as_int(), b.as_int()) {
        return a == b;
    }
    if let (Ok(a), Ok(b)) = (number(a), number(b)) {
        return a == b;
    }
    a.type_name() == b.type_name() && text(a) == text(b)
}

/// Returns a value as it is written in a recipe: a long list or map with one element on each line.
pub(in crate::recipe) fn written(value: &Dynamic) -> String {
    lines(value, 0)
}

fn lines(value: &Dynamic, depth: usize) -> String {
    if let Some(list) = value.read_lock::<Array>() {
        let items = list.iter().map(|item| lines(item, depth + 1)).collect();
        return group("[", items, "]", depth);
    }
    if let Some(map) = value.read_lock::<Map>() {
        let items = map
            .iter()
            .map(|(name, value)| format!("{name}: {}", lines(value, depth + 1)));
        return group("#{", items.collect(), "}", depth);
    }
    if value.is_string() {
        return quoted(&text(value));
    }
    match value.is_unit() {
        true => "()".to_owned(),
        false => text(value),
    }
}

fn group(open: &str, items: Vec<String>, close: &str, depth: usize) -> String {
    let length: usize = items.iter().map(|item| item.len() + 2).sum();
    let is_flat = items.iter().all(|item| !item.contains('\n'));
    if items.is_empty() || length <= NARROW && is_flat && items.len() == 1 {
        return format!("{open}{}{close}", items.join(", "));
    }
    let indent = "  ".repeat(depth + 1);
    let items: Vec<String> = items.iter().map(|item| format!("{indent}{item},\n")).collect();
    format!("{open}\n{}{}{close}", items.concat(), "  ".repeat(depth))
}

/// Returns the lines of two strings side by side, with `-` before the expected ones and `+` before those that came instead.
pub(in crate::recipe) fn compared(expected: &str, got: &str) -> String {
    let diff = TextDiff::configure().timeout(PATIENCE).diff_lines(expected, got);
    let mut shown = Vec::new();
    for (number, group) in diff.grouped_ops(AROUND).iter().enumerate() {
        if number > 0 {
            shown.push("  …".to_owned());
        }
        for change in group.iter().flat_map(|operation| diff.iter_changes(operation)) {
            let sign = match change.tag() {
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
                ChangeTag::Equal => ' ',
            };
            shown.push(
                format!("{sign} {}", change.value().trim_end_matches('\n'))
                    .trim_end()
                    .to_owned(),
            );
        }
    }
    if shown.len() > MOST {
        let left = shown.len() - MOST;
        shown.truncate(MOST);
        shown.push(format!("  …{}", and_more(left, "line")));
    }
    shown.join("\n")
}

/// Returns the difference of two values that should be the same.
pub(in crate::recipe) fn difference(expected: &Dynamic, got: &Dynamic) -> String {
    // Strings of several lines are compared as they are.
    let is_long = |value: &Dynamic| value.is_string() && text(value).trim_end().contains('\n');
    let (a, b) = match is_long(expected) || is_long(got) {
        true if expected.is_string() && got.is_string() => (text(expected), text(got)),
        _ => (written(expected), written(got)),
    };
    match a == b {
        true => format!("- {a} ({})\n+ {b} ({})", expected.type_name(), got.type_name()),
        false => compared(&a, &b),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use rhai::{Dynamic, Engine};

    use super::{compared, difference, same};

    fn value(text: &str) -> Dynamic {
        Engine::new().eval(text).unwrap()
    }

    #[test]
    fn values_are_compared_by_what_is_in_them() {
        for (a, b, is_same) in [
            ("[1, [2, \"x\"]]", "[1, [2, \"x\"]]", true),
            ("#{ a: 1, b: [2] }", "#{ b: [2], a: 1 }", true),
            ("#{ a: 1 }", "#{ a: 1, b: 2 }", false),
            ("1", "1.0", true),
            ("1", "\"1\"", false),
            ("()", "false", false),
        ] {
            assert_eq!(same(&value(a), &value(b)), is_same, "{a} {b}");
        }
    }

    #[test]
    fn a_difference_shows_what_was_expected_and_what_came() {
        let shown = difference(&value("[\"a\", \"b\", \"c\"]"), &value("[\"a\", \"x\", \"c\"]"));
        assert_eq!(shown, "  [\n    \"a\",\n-   \"b\",\n+   \"x\",\n    \"c\",\n  ]");
        assert_eq!(difference(&value("1"), &value("\"1\"")), "- 1\n+ \"1\"");
        assert_eq!(compared("a\nb\n", "a\nc\n"), "  a\n- b\n+ c");
    }
}
