//! Ruby's conditions and values: assignments, conditions after a statement, and `||`.

use super::super::error_place::{ErrorPlace, ErrorWords, position};
use super::super::fragments::{last_value, negated, own, plain, until};
use super::super::layout::{is_word, open_at};
use super::super::ruby::meant;
use super::signs::matching;
use crate::recipe::language::verbs;

/// Describes the error for `run "x" if y`.
pub(super) fn stands_behind(place: &ErrorPlace) -> Option<ErrorWords> {
    const WORDS: [&str; 4] = ["if", "unless", "while", "until"];
    let said = place.said();
    let early = ["return", "break", "next", "continue"].into_iter().find_map(|word| {
        let rest = said.strip_prefix(word)?.trim_start();
        let test = WORDS
            .into_iter()
            .find(|test| rest.strip_prefix(test).is_some_and(|rest| rest.starts_with(' ')))?;
        Some((word, test, rest.get(test.len()..)?.trim()))
    });
    let (statement, test, condition, at) = match early {
        Some((word, test, condition)) if !condition.is_empty() && !condition.contains('{') => {
            let line = place.before.rfind(&format!("{test} "))?;
            (word, test, condition, place.at - place.before.len() + line)
        }
        _ => {
            let test = WORDS.into_iter().find(|test| *test == place.word())?;
            let is_else = place.word_before() == "else" && said.ends_with("else");
            if place.begins_line() || said.is_empty() || is_else || said.ends_with(['=', '(', ',']) {
                return None;
            }
            (said, test, place.behind(test.len(), &[";"]), place.at)
        }
    };
    let statement = match statement {
        "next" => "continue".to_owned(),
        statement => plain(statement),
    };
    let condition = truth(&plain(condition));
    let name = set_name(&statement);
    let default = name.filter(|(name, _)| test == "unless" && condition == format!("exists(:{name})"));
    let hint = match (test, default) {
        _ if condition.starts_with("respond_to") => format!("write: {statement};"),
        (_, Some((name, value))) => format!("write: set_default :{name}, {value};"),
        ("if", _) => format!("write: if {condition} {{ {statement}; }}"),
        ("unless", _) => format!("write: if {} {{ {statement}; }}", negated(&condition)),
        ("while", _) => format!("write: while {condition} {{ {statement}; }}"),
        _ => format!("write: while {} {{ {statement}; }}", negated(&condition)),
    };
    let form = format!(
        "write: {} {{ … }}",
        if test == "if" { "if condition" } else { "if !condition" }
    );
    let told =
        ErrorWords::new(format!("`{test}' cannot stand behind a statement")).label("a condition stands in front");
    Some(told.at(position(place.text, at)).hint(own(hint).unwrap_or(form)))
}

/// Translates a condition of Ruby, in which `ENV["A"]` is true if it is set.
pub(in crate::recipe) fn truth(condition: &str) -> String {
    let is_set = |name: &str| {
        let name = name.strip_prefix("ENV[\"")?.strip_suffix("\"]")?;
        name.chars().all(is_word).then(|| format!("\"{name}\" in ENV"))
    };
    match condition.strip_prefix('!') {
        Some(negated) => is_set(negated).map(|is_set| format!("!({is_set})")),
        None => is_set(condition),
    }
    .unwrap_or_else(|| condition.to_owned())
}

/// Returns the name and the value of `set :name, value` or `set(:name, value)`.
pub(super) fn set_name(statement: &str) -> Option<(&str, &str)> {
    let rest = statement
        .strip_prefix("set")?
        .trim_start_matches(['(', ' '])
        .strip_prefix(':')?;
    let name = rest.get(..rest.find(|c| !is_word(c)).unwrap_or(rest.len()))?;
    let value = rest.get(name.len()..)?.trim_start_matches([',', ' ', ')']);
    let is_closed = value.ends_with(')') && !value.contains('(');
    Some((name, if is_closed { value.strip_suffix(')')? } else { value }))
}

/// Describes the error for an assignment to something other than a variable. Rhai points at the beginning of the statement.
pub(in crate::recipe) fn no_target(place: Option<&ErrorPlace>) -> ErrorWords {
    let told = ErrorWords::new("this cannot be assigned to");
    let Some(place) = place else { return told };
    let rest = place.text.get(place.at..).unwrap_or("");
    let sign = rest.match_indices('=').map(|(at, _)| at).find(|at| {
        let behind = rest.get(at + 1..).unwrap_or("");
        !behind.starts_with(['>', '=', '~'])
    });
    let Some((left, right)) = sign.and_then(|at| Some((rest.get(..at)?, rest.get(at + 1..)?))) else {
        return told;
    };
    let told = told
        .label("no `=' here")
        .at(position(place.text, place.at + left.len()));
    let (left, right) = (left.trim_end(), plain(until(right, &[";", ","])));
    match place.statement_word() {
        word @ ("set" | "set_default" | "set_if_empty") => {
            let name = left.trim_start_matches(word).trim_start_matches(['(', ' ']);
            let hint = own(format!("write: {word} {name}, {right};"));
            told.hint(hint.unwrap_or_else(|| format!("write: {word} {name}, value;")))
        }
        _ => {
            let key = last_value(left);
            let hint = own(format!("write: {key} => {right}"));
            told.hint(hint.unwrap_or_else(|| "write: :roles => :app".to_owned()))
        }
    }
}

/// Describes the error for a condition that is neither true nor false. Rhai points at it.
pub(in crate::recipe) fn no_condition(place: Option<&ErrorPlace>) -> ErrorWords {
    let told = ErrorWords::new("a condition is true or false").label("this is neither");
    let Some(place) = place else { return told };
    if let Some(behind) = place.rest.find("=~") {
        return matching(&ErrorPlace::at_byte(place.text, place.at + behind), "=~");
    }
    let behind = place.behind_code();
    let before = place.text.get(..behind).unwrap_or("");
    if before.ends_with("||") {
        let start = place.statement_start();
        let value = plain(last_value(place.text.get(start..behind - 2).unwrap_or("")));
        let other = plain(place.behind(0, &[";", ","]));
        let hint = own(format!("write: {}", with_default(&value, &other)));
        return ErrorWords::new("`||' stands between conditions, not between values")
            .label("no condition")
            .hint(
                hint.unwrap_or_else(|| "what holds where there is nothing stands behind ??: value ?? other".to_owned()),
            );
    }
    if verbs::find(place.statement_word()).is_some() && place.rest.contains("&&") {
        return ErrorWords::new("`&&' stands between conditions, not between statements")
            .label("no condition")
            .hint("statements end with `;'; in one command of a server: run \"this && that\";");
    }
    told
}

/// Returns a value with a default. A variable that is not set has no value at all, so it is fetched with the default.
pub(super) fn with_default(value: &str, other: &str) -> String {
    let fetched = value.strip_prefix("fetch(").and_then(|rest| rest.strip_suffix(')'));
    match fetched.filter(|name| !name.contains(',')) {
        Some(name) => format!("fetch({name}, {other})"),
        None => format!("{value} ?? {other}"),
    }
}

/// Returns the statement that sets a variable of the recipe.
pub(in crate::recipe) fn assigned(place: &ErrorPlace) -> String {
    let name = place.word();
    let rest = place.rest.get(name.len()..).unwrap_or("").trim_start();
    let sign = rest.get(..rest.find('=').map_or(0, |at| at + 1)).unwrap_or("");
    let value = plain(until(rest.get(sign.len()..).unwrap_or(""), &[";"]));
    let lower = name.to_lowercase();
    let is_inside = place.statement_start() > 0 && open_at(place.text, place.at).is_some();
    let (exact, form) = match sign {
        "||=" | "??=" => (
            format!("set_default :{lower}, {value};"),
            format!("set_default :{lower}, value;"),
        ),
        "&&=" => (
            format!("if exists(:{lower}) {{ set :{lower}, {value}; }}"),
            format!("if exists(:{lower}) {{ set :{lower}, value; }}"),
        ),
        "=" if is_inside => (
            format!("set :{lower}, {value}; or, for this block alone: let {name} = {value};"),
            format!("set :{lower}, value; or, for this block alone: let {name} = value;"),
        ),
        "=" => (format!("set :{lower}, {value};"), format!("set :{lower}, value;")),
        _ => {
            let operator = sign.trim_end_matches('=');
            (
                format!("set :{lower}, {lower} {operator} {value};"),
                format!("set :{lower}, value;"),
            )
        }
    };
    format!("write: {}", own(exact).unwrap_or(form))
}

/// Describes the error for `@name` and `$name`.
pub(in crate::recipe) fn with_sign(sign: &str, place: Option<&ErrorPlace>) -> ErrorWords {
    let rest = place.and_then(|place| place.rest.get(sign.len()..)).unwrap_or("");
    let name = rest
        .get(..rest.find(|c| !is_word(c)).unwrap_or(rest.len()))
        .unwrap_or("");
    let told = ErrorWords::new(format!("names have no `{sign}' in recipes")).label("leave the sign out");
    if name.starts_with(|c: char| c.is_ascii_digit()) && name != "0" {
        return told.hint(format!("what a pattern found: captures(text, \"pattern\")[{name}]"));
    }
    if matches!(name, "stdin" | "stdout" | "stderr") {
        return told
            .label("no such name")
            .help(meant(&name.to_uppercase()).map(str::to_owned));
    }
    let behind = rest.get(name.len()..).unwrap_or("").trim_start();
    let value = behind.strip_prefix('=').filter(|value| !value.starts_with(['=', '~']));
    let hint = match value {
        Some(value) => own(format!("write: set :{name}, {};", plain(until(value, &[";"])))),
        None if name.is_empty() || name == "0" => match rest.chars().next() {
            Some('?') => Some("how a command ended: let r = run_locally(\"…\", :result => true); r.ok".to_owned()),
            _ => Some("this recipe's file: recipe_file()".to_owned()),
        },
        None => own(format!("write: {name}")),
    };
    told.hint(hint.unwrap_or_else(|| "write: set :name, value; it is read as name".to_owned()))
}
