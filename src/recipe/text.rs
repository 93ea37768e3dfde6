//! Functions for texts: lines and regular expressions.

use regex::Regex;
use rhai::{Array, Dynamic, Engine, Position};

use super::Fallible;
use super::functions::Function;
use super::origin::wrong;

/// All of them, sorted.
pub(super) static FUNCTIONS: &[Function] = &[
    Function {
        form: "captures(text, pattern)",
        doc: "What a regular expression finds first: a list of the whole and its groups, `()` for a group without a \
              part; `()` where it finds nothing.",
    },
    Function {
        form: "chomp(text)",
        doc: "A text without the line end at its end.",
    },
    Function {
        form: "gsub(text, pattern, replacement)",
        doc: "A text with everything replaced that a regular expression finds; `$1` or `${1}` is its first group.",
    },
    Function {
        form: "lines(text)",
        doc: "The lines of a text, without their ends.",
    },
    Function {
        form: "matches(text, pattern)",
        doc: "Whether a regular expression finds anything in a text.",
    },
    Function {
        form: "parse_json(text)",
        doc: "The value that a JSON text says: maps, lists, texts, numbers, `true`, `false`, `()` for `null`.",
    },
    Function {
        form: "strip(text)",
        doc: "A text without the blanks and line ends around it. Rhai's own `text.trim()` changes a variable in place and \
              gives nothing.",
    },
];

/// Makes them known.
pub(super) fn register(engine: &mut Engine) {
    engine.register_fn("matches", |text: &str, pattern: &str| -> Fallible<bool> {
        Ok(expression(pattern)?.is_match(text))
    });
    engine.register_fn("captures", |text: &str, pattern: &str| -> Fallible {
        Ok(match expression(pattern)?.captures(text) {
            Some(found) => {
                let groups = found.iter().map(|group| match group {
                    Some(group) => group.as_str().to_owned().into(),
                    None => Dynamic::UNIT,
                });
                groups.collect::<Array>().into()
            }
            None => Dynamic::UNIT,
        })
    });
    engine.register_fn("gsub", |text: &str, pattern: &str, with: &str| -> Fallible<String> {
        Ok(expression(pattern)?.replace_all(text, with).into_owned())
    });
    engine.register_fn("lines", |text: &str| -> Array {
        text.lines().map(|line| line.to_owned().into()).collect()
    });
    engine.register_fn("parse_json", json);
    engine.register_fn("strip", |text: &str| -> String { text.trim().to_owned() });
    engine.register_fn("chomp", |text: &str| -> String {
        let text = text.strip_suffix('\n').unwrap_or(text);
        text.strip_suffix('\r').unwrap_or(text).to_owned()
    });
}

/// Rhai reads an object alone, and none of the words of recipes may have a meaning in it.
fn json(text: &str) -> Fallible {
    let broken = |_| wrong("this is no JSON", Position::NONE);
    let mut read = Engine::new_raw()
        .parse_json(format!("{{\"value\": {text}\n}}"), true)
        .map_err(broken)?;
    match read.len() {
        1 => Ok(read.remove("value").unwrap_or_default()),
        _ => Err(wrong("this is no JSON", Position::NONE)),
    }
}

fn expression(pattern: &str) -> Fallible<Regex> {
    Regex::new(pattern).map_err(|_| {
        wrong(
            "this is not a regular expression, or one that is too large",
            Position::NONE,
        )
    })
}
