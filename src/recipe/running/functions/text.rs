//! Functions for strings: lines, blanks and regular expressions.

use std::rc::Rc;

use regex::{Captures, Regex};
use rhai::{Array, Dynamic, Engine, FLOAT, INT, ImmutableString, Position};

use super::super::interpreter::Interpreter;
use super::super::limits::{fits, fits_list};
use super::shown;
use crate::diagnostic::{Diagnostic, Fault};
use crate::recipe::language::origin::{Fallible, raise, wrong};

/// The longest string that padding makes.
const WIDEST: INT = 10_000;

/// Returns the pieces of a string, without empty ones at the end (docs/decisions/0059).
fn pieces<'a>(pieces: impl Iterator<Item = &'a str> + Clone) -> Fallible<Array> {
    let full = pieces.clone().enumerate().filter(|(_, piece)| !piece.is_empty());
    let count = full.last().map_or(0, |(index, _)| index + 1);
    fits_list(count)?;
    Ok(pieces.take(count).map(|piece| piece.to_owned().into()).collect())
}

/// Returns the strings of a list in one. A list in it is joined alike, as in Ruby.
fn joined(list: &[Dynamic], separator: &str) -> Fallible<String> {
    if let Some(index) = list.iter().position(Dynamic::is_unit) {
        let diagnostic = Diagnostic::new(Fault::Recipe, format!("item {} of the list has no value", index + 1));
        let diagnostic = diagnostic.hint("without those that are missing: list.filter(|item| item != ()).join(…)");
        return Err(raise(diagnostic, Position::NONE));
    }
    let text = |item: &Dynamic| match item.read_lock::<Array>() {
        Some(inner) => joined(&inner, separator),
        None => Ok(shown(item)),
    };
    let texts: Vec<String> = list.iter().map(text).collect::<Fallible<_>>()?;
    let length = texts.iter().map(String::len).sum::<usize>();
    fits(length.saturating_add(separator.len().saturating_mul(texts.len())))?;
    Ok(texts.join(separator))
}

/// Registers the functions.
pub(super) fn register(engine: &mut Engine, interpreter: &Rc<Interpreter>) {
    expressions(engine, interpreter);
    widths(engine);
    engine.register_fn("join", |list: Array, separator: &str| joined(&list, separator));
    engine.register_fn("lines", |text: &str| -> Fallible<Array> {
        fits_list(text.lines().count())?;
        Ok(text.lines().map(|line| line.to_owned().into()).collect())
    });
    // Rhai's own checks the length of the result only when it is too late.
    engine.register_fn(
        "replace",
        |text: &mut ImmutableString, old: &str, new: &str| -> Fallible<()> {
            fits(
                text.len()
                    .saturating_add(text.matches(old).count().saturating_mul(new.len())),
            )?;
            *text = text.replace(old, new).into();
            Ok(())
        },
    );
    engine.register_fn(
        "replace",
        |text: &mut ImmutableString, old: char, new: &str| -> Fallible<()> {
            fits(
                text.len()
                    .saturating_add(text.matches(old).count().saturating_mul(new.len())),
            )?;
            *text = text.replace(old, new).into();
            Ok(())
        },
    );
    engine.register_fn("split", |text: &str, delimiter: &str| pieces(text.split(delimiter)));
    engine.register_fn("split", |text: &str, delimiter: char| pieces(text.split(delimiter)));
    // Rhai's own never ends if the padding is empty.
    engine.register_fn(
        "pad",
        |text: &mut ImmutableString, length: INT, padding: &str| -> Fallible<()> {
            let length = usize::try_from(length).unwrap_or(0);
            let missing = length.saturating_sub(text.chars().count());
            if missing > 0 && padding.is_empty() {
                return Err(wrong("`pad' needs something to pad with", Position::NONE));
            }
            fits(text.len().saturating_add(missing))?;
            text.make_mut().extend(padding.chars().cycle().take(missing));
            Ok(())
        },
    );
    engine.register_fn("strip", |text: &str| -> String { text.trim().to_owned() });
    engine.register_fn("chomp", |text: &str| -> String {
        let text = text.strip_suffix('\n').unwrap_or(text);
        text.strip_suffix('\r').unwrap_or(text).to_owned()
    });
    engine.register_fn("to_i", leading_number);
    engine.register_fn("to_i", |number: INT| number);
    #[allow(clippy::cast_possible_truncation)]
    engine.register_fn("to_i", |number: FLOAT| number as INT);
    engine.register_fn("squeeze", |text: &str| -> String {
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    });
    engine.register_fn("capitalize", |text: &str| -> String {
        let mut letters = text.chars();
        let first = letters.next().into_iter().flat_map(char::to_uppercase);
        first.chain(letters.flat_map(char::to_lowercase)).collect()
    });
    engine.register_fn("dedent", dedent);
    engine.register_fn("indent", |text: &str, width: INT| -> Fallible<String> {
        let blanks = " ".repeat(width_of("indent", width)?);
        let number = text.split_inclusive('\n').count();
        fits(text.len().saturating_add(number.saturating_mul(blanks.len())))?;
        let lines = text.split_inclusive('\n').map(|line| match line.trim().is_empty() {
            true => line.to_owned(),
            false => format!("{blanks}{line}"),
        });
        Ok(lines.collect())
    });
}

/// Returns the whole number at the beginning of a string; one that is too large is the largest there is.
fn leading_number(text: &str) -> INT {
    let text = text.trim_start();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let digits = digits.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'_');
    digits.filter(u8::is_ascii_digit).fold(0, |number: INT, digit| {
        number.saturating_mul(10).saturating_add(sign * INT::from(digit - b'0'))
    })
}

fn expressions(engine: &mut Engine, interpreter: &Rc<Interpreter>) {
    engine.register_fn("matches", |text: &str, pattern: &str| -> Fallible<bool> {
        Ok(expression(pattern)?.is_match(text))
    });
    engine.register_fn("captures", |text: &str, pattern: &str| -> Fallible {
        match expression(pattern)?.captures(text) {
            Some(found) => Ok(groups(&found, 0)?.into()),
            None => Ok(Dynamic::UNIT),
        }
    });
    let scanning = interpreter.clone();
    engine.register_fn("scan", move |text: &str, pattern: &str| -> Fallible<Array> {
        let expression = expression(pattern)?;
        let (mut all, mut size) = (Array::new(), 0);
        for found in expression.captures_iter(text) {
            scanning.budget().goes_on(scanning.stops())?;
            size += found.len();
            fits_list(size)?;
            all.push(match found.get(0) {
                Some(whole) if found.len() == 1 => whole.as_str().to_owned().into(),
                _ => groups(&found, 1)?.into(),
            });
        }
        Ok(all)
    });
    let replacing = interpreter.clone();
    engine.register_fn("gsub", move |text: &str, pattern: &str, with: &str| {
        replaced(&replacing, text, pattern, with, usize::MAX)
    });
    let replacing = interpreter.clone();
    engine.register_fn("sub", move |text: &str, pattern: &str, with: &str| {
        replaced(&replacing, text, pattern, with, 1)
    });
}

/// Replaces matches one by one: a single match takes time in proportion to the string, but all matches together may take longer.
fn replaced(interpreter: &Interpreter, text: &str, pattern: &str, with: &str, most: usize) -> Fallible<String> {
    let expression = expression(pattern)?;
    let groups = with.matches('$').count();
    let (mut new, mut rest) = (String::new(), 0);
    for found in expression.captures_iter(text).take(most) {
        interpreter.budget().goes_on(interpreter.stops())?;
        let Some(whole) = found.get(0) else { continue };
        new.push_str(text.get(rest..whole.start()).unwrap_or(""));
        fits(
            new.len()
                .saturating_add(with.len())
                .saturating_add(groups.saturating_mul(whole.len())),
        )?;
        found.expand(with, &mut new);
        rest = whole.end();
    }
    new.push_str(text.get(rest..).unwrap_or(""));
    Ok(new)
}

fn groups(found: &Captures, first: usize) -> Fallible<Array> {
    fits(found.iter().skip(first).flatten().map(|group| group.len()).sum())?;
    let groups = found.iter().skip(first).map(|group| match group {
        Some(group) => group.as_str().to_owned().into(),
        None => Dynamic::UNIT,
    });
    Ok(groups.collect())
}

fn expression(pattern: &str) -> Fallible<Regex> {
    Regex::new(pattern).map_err(|error| {
        // A mistake is told in several lines with a picture; the last one names it.
        let told = error.to_string();
        let named = told
            .lines()
            .next_back()
            .unwrap_or_default()
            .trim_start_matches("error: ");
        let reason = match error {
            regex::Error::CompiledTooBig(_) => "it is too large",
            _ => named,
        };
        wrong(
            format!("`{pattern}' is not a regular expression: {reason}"),
            Position::NONE,
        )
    })
}

fn widths(engine: &mut Engine) {
    engine.register_fn("ljust", |value: Dynamic, width: INT| -> Fallible<String> {
        let width = width_of("ljust", width)?;
        Ok(format!("{:<width$}", shown(&value)))
    });
    engine.register_fn("rjust", |value: Dynamic, width: INT| -> Fallible<String> {
        let width = width_of("rjust", width)?;
        Ok(format!("{:>width$}", shown(&value)))
    });
    engine.register_fn("center", |value: Dynamic, width: INT| -> Fallible<String> {
        let width = width_of("center", width)?;
        Ok(format!("{:^width$}", shown(&value)))
    });
}

fn width_of(function: &str, width: INT) -> Fallible<usize> {
    let width = usize::try_from(width).ok().filter(|_| width <= WIDEST);
    width.ok_or_else(|| {
        let message = format!("the width of `{function}' must be a number from 0 to {WIDEST}");
        wrong(message, Position::NONE)
    })
}

fn dedent(text: &str) -> String {
    let text = match text.split_once('\n') {
        Some((first, rest)) if first.trim().is_empty() => rest,
        _ => text,
    };
    let blanks = |line: &str| line.len() - line.trim_start_matches([' ', '\t']).len();
    let margin = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(blanks)
        .min()
        .unwrap_or(0);
    let lines = text.split_inclusive('\n').map(|line| match line.trim().is_empty() {
        true if line.ends_with('\n') => "\n",
        true => "",
        false => line.get(margin..).unwrap_or(line),
    });
    lines.collect()
}
