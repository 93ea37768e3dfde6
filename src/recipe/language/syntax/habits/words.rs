//! Ruby's keywords, and verbs that do not exist.

use super::super::errors::{Place, Told, position};
use super::super::fragments::{last_value, negated, own, parts, plain, until};
use super::super::layout::is_word;
use super::super::ruby::{IN_TEST_FILES, meant};
use super::no;
use super::values::{truth, with_default};
use crate::configuration::suggestion;
use crate::recipe::language::functions::functions;
use crate::recipe::language::verbs;

/// Describes the error for Ruby keywords that begin or end something.
pub(super) fn keyword(place: &Place) -> Option<Told> {
    let (before, word) = (place.word_before(), place.word());
    let here = place.at;
    let behind = place.behind_code();
    let head = |words: &[&str]| words.contains(&before) && !before.is_empty();
    let rest = || truth(&plain(until(place.rest, &["{", "then", ";"])));
    let written =
        |form: String, generic: &str| own(format!("write: {form}")).unwrap_or_else(|| format!("write: {generic}"));
    let (name, at, label, hint) = if head(&["unless", "until"]) {
        let test = if before == "unless" { "if" } else { "while" };
        let hint = written(
            format!("{test} {} {{ … }}", negated(&rest())),
            &format!("{test} !condition {{ … }}"),
        );
        (
            before,
            behind - before.len(),
            "a condition is turned round with `!'",
            hint,
        )
    } else if head(&["elsif", "elif"]) {
        let hint = written(format!("}} else if {} {{", rest()), "} else if condition {");
        (before, behind - before.len(), "not a word of recipes", hint)
    } else if head(&["def"]) {
        let hint = written(
            format!("fn {} {{ … }}", function(place.rest)),
            "fn name(parameters) { … }",
        );
        (before, behind - 3, "a function begins with `fn'", hint)
    } else if head(&["begin"]) {
        (
            before,
            behind - 5,
            "not a word of recipes",
            "write: try { … } catch (error) { … }".to_owned(),
        )
    } else if head(&["class", "module"]) || matches!(word, "class" | "module") {
        let (name, at) = if head(&["class", "module"]) {
            (before, behind - before.len())
        } else {
            (word, here)
        };
        (
            name,
            at,
            "leave this line out, and its `end'",
            "its methods are functions of the recipe: fn name(parameters) { … }".to_owned(),
        )
    } else if head(&["case"]) || word == "case" {
        let value = if word == "case" {
            plain(until(place.rest.get(4..).unwrap_or(""), &[";"]))
        } else {
            rest()
        };
        let value = if value.is_empty() { "value".to_owned() } else { value };
        let at = if word == "case" { here } else { behind - 4 };
        (
            "case",
            at,
            "a choice begins with `switch'",
            written(
                format!("switch {value} {{ \"a\" => this, _ => that }}"),
                "switch value { \"a\" => this, _ => that }",
            ),
        )
    } else {
        match word {
            "unless" | "until" => {
                let test = if word == "unless" { "if" } else { "while" };
                let rest = truth(&plain(until(place.rest.get(word.len()..).unwrap_or(""), &["{", ";"])));
                (
                    word,
                    here,
                    "a condition is turned round with `!'",
                    written(
                        format!("{test} {} {{ … }}", negated(&rest)),
                        &format!("{test} !condition {{ … }}"),
                    ),
                )
            }
            "elsif" | "elif" => {
                let condition = truth(&plain(until(place.rest.get(word.len()..).unwrap_or(""), &["{", ";"])));
                (
                    word,
                    here,
                    "not a word of recipes",
                    written(format!("}} else if {condition} {{"), "} else if condition {"),
                )
            }
            "then" => {
                let condition = place.said().trim_start_matches("if").trim();
                (
                    word,
                    here,
                    "a block begins with `{'",
                    written(format!("if {} {{ … }}", truth(&plain(condition))), "if condition { … }"),
                )
            }
            "when" => (
                word,
                here,
                "not a word of recipes",
                "write: switch value { \"a\" => this, _ => that }".to_owned(),
            ),
            "end" => (word, here, "a block ends with `}'", "write: }".to_owned()),
            "rescue" | "ensure" if place.said().starts_with('}') || place.said().is_empty() || place.begins_line() => (
                word,
                here,
                "not a word of recipes",
                "write: try { … } catch (error) { … }".to_owned(),
            ),
            "rescue" => {
                let statement = plain(place.said());
                (
                    word,
                    here,
                    "cannot stand behind a statement",
                    written(format!("try {{ {statement}; }} catch {{ … }}"), "try { … } catch { … }"),
                )
            }
            "ensure" => (
                word,
                here,
                "not a word of recipes",
                "write: try { … } catch (error) { … }".to_owned(),
            ),
            "def" => (
                word,
                here,
                "a function begins with `fn'",
                "write: fn name(parameters) { … }".to_owned(),
            ),
            "or" if let Some(hint) = default(place) => (word, here, "a default is given in another way", hint),
            "and" | "or" => {
                let sign = if word == "and" { "&&" } else { "||" };
                let right = plain(place.behind(word.len(), &["{", ";", ","]));
                (
                    word,
                    here,
                    if word == "and" { "written `&&'" } else { "written `||'" },
                    written(format!("{} {sign} {right}", plain(last_value(place.said()))), sign),
                )
            }
            "not" => (
                word,
                here,
                "written `!'",
                written(format!("!{}", plain(place.behind(3, &["{", ";", ","]))), "!"),
            ),
            "yield" => (
                word,
                here,
                "a function is a parameter",
                "write: fn name(item, block) { block.call(item); }".to_owned(),
            ),
            "new" if place.before.ends_with('.') => {
                let class = place
                    .before
                    .trim_end_matches('.')
                    .rsplit(|c: char| !is_word(c) && c != ':')
                    .next()
                    .unwrap_or("");
                (
                    word,
                    here,
                    "there are no classes",
                    meant(class)
                        .unwrap_or("a recipe has strings, numbers, lists, maps and functions alone")
                        .to_owned(),
                )
            }
            _ if before == "end" => ("end", behind - 3, "a block ends with `}'", "write: }".to_owned()),
            _ if before == "not" => ("not", behind - 3, "written `!'", written(format!("!{}", rest()), "!")),
            _ => return None,
        }
    };
    Some(no(name).label(label).at(position(place.text, at)).hint(hint))
}

/// Translates `fetch(:x) or "b"` and `ENV["X"] or "b"`, which give a default.
fn default(place: &Place) -> Option<String> {
    let right = plain(place.behind(2, &["{", ";", ","]));
    let said = plain(last_value(place.said()));
    let is_default = said.starts_with("fetch(") && !said.contains(',') || right.starts_with(['"', '`']);
    is_default
        .then(|| own(format!("write: {}", with_default(&said, &right))))
        .flatten()
}

/// Describes the error for `in: :sequence` and `in: :groups, limit: 3`, with which SSHKit orders the servers.
pub(super) fn option_in(place: &Place) -> Option<Told> {
    let rest = place
        .rest
        .strip_prefix("in:")
        .or_else(|| place.rest.strip_prefix("in :"))?;
    let is_parallel = rest.trim_start().starts_with(":parallel");
    place.before.trim_end().ends_with(',').then(|| {
        let told = no("in:").label("not an option").at(position(place.text, place.at));
        told.hint(match is_parallel {
            true => "leave it out: all servers work at the same time",
            false => "write: :max_hosts => 1 (so many servers at a time)",
        })
    })
}

/// Describes the error for `logger.info "…"`.
pub(super) fn logged(place: &Place) -> Option<Told> {
    let level = place.said().strip_prefix("logger.")?;
    let verb = match level {
        "important" | "warn" | "error" | "fatal" | "unknown" => "warn",
        "info" => "info",
        "debug" | "trace" => "debug",
        _ => return None,
    };
    let text = plain(place.behind(0, &[";", "if", "unless"]));
    let hint = own(format!("write: {verb} {text};")).unwrap_or_else(|| format!("write: {verb} \"…\";"));
    Some(
        no("logger")
            .label("what is said has a verb of its own")
            .at(position(place.text, place.statement_start()))
            .hint(hint),
    )
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

/// Describes the error for a word that is called like a verb.
pub(super) fn unknown_verb(place: &Place) -> Option<Told> {
    let name = place.statement_word();
    let word = place.word();
    if word == "{" && name == "test" {
        let at = position(place.text, place.statement_start());
        let told = Told::new("a recipe has no tests")
            .label("takes no block in recipes")
            .at(at);
        return Some(told.hint(IN_TEST_FILES));
    }
    if word == "{"
        && let Some(inner) = place
            .said()
            .strip_prefix(name)
            .and_then(|rest| rest.strip_prefix('(')?.strip_suffix(')'))
        && verbs::find(name).is_none()
        && !name.is_empty()
    {
        let at = position(place.text, place.statement_start());
        let told = Told::new(format!("there is no verb `{name}'"))
            .label("takes no block")
            .at(at);
        return Some(match name {
            "_cset" => told.hint(format!("write: set_default({inner}) {{ … }}")),
            _ => told.help(
                meant(name)
                    .map(str::to_owned)
                    .or_else(|| suggestion(name, verbs::names())),
            ),
        });
    }
    let is_alone = !name.is_empty() && place.said() == name && !place.begins_line();
    let is_given = matches!(word, "\"" | "`" | ":" | "[") || word.starts_with(|c: char| c.is_ascii_digit());
    let is_named = matches!(name, "raise" | "fail" | "print" | "p" | "pp" | "install_plugin");
    if !is_alone || verbs::find(name).is_some() || !(is_given || is_named && word.starts_with(is_word)) {
        return None;
    }
    let at = position(place.text, place.statement_start());
    let arguments = plain(place.behind(0, &[";", "{", "do", "if", "unless"]));
    let is_function = functions().any(|function| function.name() == name)
        || matches!(name, "exit" | "type_of")
        || place.text.contains(&format!("fn {name}("));
    if is_function {
        let told = Told::new(format!("the function `{name}' is called with brackets")).label("no `(' behind it");
        return Some(
            told.at(at)
                .hint(own(format!("write: {name}({arguments});")).unwrap_or_else(|| format!("write: {name}(…);"))),
        );
    }
    let hint = other_verb(name, &arguments)
        .and_then(own)
        .or_else(|| meant(name).map(str::to_owned));
    let hint = hint.or_else(|| suggestion(name, verbs::names().chain(functions().map(|function| function.name()))));
    Some(
        Told::new(format!("there is no verb `{name}'"))
            .label("not known")
            .at(at)
            .help(hint),
    )
}

/// Returns the statement with the verb that does the same.
fn other_verb(name: &str, arguments: &str) -> Option<String> {
    let all = parts(arguments);
    Some(match name {
        "raise" | "fail" => format!("write: throw {};", all.last()?),
        "print" | "p" | "pp" => format!("write: puts {arguments};"),
        "_cset" => format!("write: set_default {arguments};"),
        "lock" => "leave it out: which capr runs a recipe is said by who installs it".to_owned(),
        _ => return None,
    })
}
