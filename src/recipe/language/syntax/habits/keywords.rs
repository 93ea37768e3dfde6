//! Ruby's keywords: what is wrong with each here, and the same in the form of a recipe.

use super::super::error_place::{ErrorPlace, ErrorWords, position};
use super::super::fragments::{last_value, negated, own, parts, plain, until};
use super::super::layout::is_word;
use super::super::ruby::meant;
use super::no;
use super::values::{truth, with_default};

/// A keyword at the place where the parser stopped.
struct Found<'a> {
    place: &'a ErrorPlace<'a>,
    word: &'a str,
    /// The code after the keyword.
    rest: &'a str,
    /// True if the parser stopped after the keyword, false if it stopped at it.
    is_passed: bool,
}

/// The keywords that are described alike.
struct Row {
    words: &'static [&'static str],
    label: &'static str,
    /// Returns the hint; `None` if the row does not fit.
    hint: fn(&Found) -> Option<String>,
}

const NOT_A_WORD: &str = "not a word of recipes";
const TRY: &str = "write: try { … } catch (error) { … }";
const SWITCH: &str = "write: switch value { \"a\" => this, _ => that }";

/// All keywords; the first row that fits counts.
const ROWS: &[Row] = &[
    Row {
        words: &["unless", "until"],
        label: "a condition is turned round with `!'",
        hint: |found| {
            let test = if found.word == "unless" { "if" } else { "while" };
            found.written(
                format!("{test} {} {{ … }}", negated(&found.condition())),
                &format!("{test} !condition {{ … }}"),
            )
        },
    },
    Row {
        words: &["elsif", "elif"],
        label: NOT_A_WORD,
        hint: |found| found.written(format!("}} else if {} {{", found.condition()), "} else if condition {"),
    },
    Row {
        words: &["def"],
        label: "a function begins with `fn'",
        hint: |found| {
            found.written(
                format!("fn {} {{ … }}", function(found.rest)),
                "fn name(parameters) { … }",
            )
        },
    },
    Row {
        words: &["begin"],
        label: NOT_A_WORD,
        hint: |found| found.is_passed.then(|| TRY.to_owned()),
    },
    Row {
        words: &["class", "module"],
        label: "leave this line out, and its `end'",
        hint: |_| Some("its methods are functions of the recipe: fn name(parameters) { … }".to_owned()),
    },
    Row {
        words: &["case"],
        label: "a choice begins with `switch'",
        hint: |found| {
            let value = match found.is_passed {
                true => found.condition(),
                false => plain(until(found.rest, &[";"])),
            };
            let value = if value.is_empty() { "value" } else { &value };
            let form = format!("switch {value} {{ \"a\" => this, _ => that }}");
            own(format!("write: {form}")).or_else(|| Some(SWITCH.to_owned()))
        },
    },
    Row {
        words: &["then"],
        label: "a block begins with `{'",
        hint: |found| {
            let condition = found.at_it()?.said().trim_start_matches("if").trim();
            found.written(format!("if {} {{ … }}", truth(&plain(condition))), "if condition { … }")
        },
    },
    Row {
        words: &["when"],
        label: NOT_A_WORD,
        hint: |found| found.at_it().map(|_| SWITCH.to_owned()),
    },
    Row {
        words: &["rescue"],
        label: "cannot stand behind a statement",
        hint: |found| {
            let place = found.at_it()?;
            let statement = place.said();
            let stands_behind = !(statement.starts_with('}') || statement.is_empty() || place.begins_line());
            let form = format!("try {{ {}; }} catch {{ … }}", plain(statement));
            stands_behind
                .then(|| found.written(form, "try { … } catch { … }"))
                .flatten()
        },
    },
    Row {
        words: &["rescue", "ensure"],
        label: NOT_A_WORD,
        hint: |found| found.at_it().map(|_| TRY.to_owned()),
    },
    Row {
        words: &["or"],
        label: "a default is given in another way",
        hint: default,
    },
    Row {
        words: &["and"],
        label: "written `&&'",
        hint: |found| joined(found, "&&"),
    },
    Row {
        words: &["or"],
        label: "written `||'",
        hint: |found| joined(found, "||"),
    },
    Row {
        words: &["yield"],
        label: "a function is a parameter",
        hint: |found| {
            let hint = "write: fn name(item, block) { block.call(item); }";
            found.at_it().map(|_| hint.to_owned())
        },
    },
    Row {
        words: &["new"],
        label: "there are no classes",
        hint: |found| {
            let class = found.at_it()?.before.strip_suffix('.')?;
            let class = class.rsplit(|c: char| !is_word(c) && c != ':').next();
            let other = meant(class.unwrap_or_default());
            let hint = other.unwrap_or("a recipe has strings, numbers, lists, maps and functions alone");
            Some(hint.to_owned())
        },
    },
    Row {
        words: &["end"],
        label: "a block ends with `}'",
        hint: |_| Some("write: }".to_owned()),
    },
    Row {
        words: &["not"],
        label: "written `!'",
        hint: |found| {
            let negated = match found.is_passed {
                true => found.condition(),
                false => plain(found.place.behind(3, &["{", ";", ","])),
            };
            found.written(format!("!{negated}"), "!")
        },
    },
];

/// Describes the error for a Ruby keyword at which, or after which, the parser stopped.
pub(super) fn keyword(place: &ErrorPlace) -> Option<ErrorWords> {
    let (before, word) = (place.word_before(), place.word());
    let passed = Found {
        place,
        word: before,
        rest: place.rest,
        is_passed: true,
    };
    let here = Found {
        place,
        word,
        rest: place.rest.get(word.len()..).unwrap_or_default(),
        is_passed: false,
    };
    // After `end` and `not`, the keyword at this place is the better explanation, if there is one.
    let is_late = matches!(before, "end" | "not");
    let order = if is_late { [here, passed] } else { [passed, here] };
    order.iter().find_map(|found| {
        let rows = ROWS.iter().filter(|row| row.words.contains(&found.word));
        let (row, hint) = rows.clone().find_map(|row| Some((row, (row.hint)(found)?)))?;
        let at = position(place.text, found.start());
        Some(no(found.word).label(row.label).at(at).hint(hint))
    })
}

impl<'a> Found<'a> {
    /// Returns the place, if the parser stopped at the keyword.
    fn at_it(&self) -> Option<&'a ErrorPlace<'a>> {
        (!self.is_passed).then_some(self.place)
    }

    /// Returns the byte at which the keyword begins.
    fn start(&self) -> usize {
        match self.is_passed {
            true => self.place.behind_code() - self.word.len(),
            false => self.place.at,
        }
    }

    /// Returns the condition after the keyword, as a recipe writes it.
    fn condition(&self) -> String {
        truth(&plain(until(self.rest, &["{", "then", ";"])))
    }

    /// Returns the hint with words of the recipe, or the generic one if they do not fit in.
    fn written(&self, form: String, generic: &str) -> Option<String> {
        own(format!("write: {form}")).or_else(|| Some(format!("write: {generic}")))
    }
}

/// Joins the values around `and` or `or` by a sign.
fn joined(found: &Found, sign: &str) -> Option<String> {
    let place = found.at_it()?;
    let right = plain(place.behind(found.word.len(), &["{", ";", ","]));
    found.written(format!("{} {sign} {right}", plain(last_value(place.said()))), sign)
}

/// Translates `fetch(:x) or "b"` and `ENV["X"] or "b"`, which give a default.
fn default(found: &Found) -> Option<String> {
    let place = found.at_it()?;
    let right = plain(place.behind(2, &["{", ";", ","]));
    let said = plain(last_value(place.said()));
    let is_default = said.starts_with("fetch(") && !said.contains(',') || right.starts_with(['"', '`']);
    is_default
        .then(|| own(format!("write: {}", with_default(&said, &right))))
        .flatten()
}

/// Returns the declaration of a function from `name(a, b)` or `name a, b`.
fn function(rest: &str) -> String {
    let rest = rest.trim();
    let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
    let (name, parameters) = rest.split_at(end);
    let parameters = parameters
        .trim()
        .trim_start_matches('(')
        .split(')')
        .next()
        .unwrap_or("");
    let names: Vec<&str> = parts(parameters)
        .iter()
        .map(|name| name.split(['=', ' ']).next().unwrap_or(name))
        .collect();
    format!("{name}({})", names.join(", "))
}
