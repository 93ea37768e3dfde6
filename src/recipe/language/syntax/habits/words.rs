//! Verbs that do not exist, and words of options and loggers.

use super::super::error_place::{ErrorPlace, ErrorWords, position};
use super::super::fragments::{own, parts, plain};
use super::super::layout::is_word;
use super::super::ruby::{IN_TEST_FILES, meant};
use super::no;
use crate::configuration::suggestion;
use crate::recipe::language::functions::functions;
use crate::recipe::language::verbs;

/// Describes the error for `in: :sequence` and `in: :groups, limit: 3`, with which SSHKit orders the servers.
pub(super) fn option_in(place: &ErrorPlace) -> Option<ErrorWords> {
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
pub(super) fn logged(place: &ErrorPlace) -> Option<ErrorWords> {
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

/// Describes the error for an unknown word that is used as a verb.
pub(super) fn unknown_verb(place: &ErrorPlace) -> Option<ErrorWords> {
    let name = place.statement_word();
    let word = place.word();
    if word == "{" && name == "test" {
        let at = position(place.text, place.statement_start());
        let told = ErrorWords::new("a recipe has no tests")
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
        let told = ErrorWords::new(format!("there is no verb `{name}'"))
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
        let told = ErrorWords::new(format!("the function `{name}' is called with brackets")).label("no `(' behind it");
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
        ErrorWords::new(format!("there is no verb `{name}'"))
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
