//! Words that Rhai reserves, and that a recipe uses as the name of a variable or a task.

use rhai::Token;

use super::super::error_place::{ErrorPlace, ErrorWords, position};
use super::super::layout::is_word;
use super::super::ruby::meant;

/// Describes the error for a reserved word at the place where the parser stopped.
pub(in crate::recipe) fn reserved(word: &str, place: Option<&ErrorPlace>) -> ErrorWords {
    let told = ErrorWords::new(format!("`{word}' is a reserved word")).label("cannot be a name");
    let before = place.map_or("", |place| match place.before.strip_suffix('(') {
        Some(call) => call.rsplit(|c| !is_word(c)).next().unwrap_or(""),
        None => place.word_before(),
    });
    let is_statement = place.is_some_and(|place| {
        let behind = place.rest.get(word.len()..).unwrap_or("").trim_start();
        place.said().is_empty() && (behind.is_empty() || behind.starts_with([';', '}']))
    });
    let is_called = place.is_some_and(|place| {
        let behind = place.rest.get(word.len()..).unwrap_or("").trim_start();
        place.said().is_empty() && behind.starts_with(['"', '`', ':', '['])
    });
    if is_called && let Some(meant) = meant(word) {
        return ErrorWords::new(format!("there is no `{word}' in recipes"))
            .label("not known")
            .hint(meant);
    }
    told.hint(match before {
        "any" | "append" | "ask" | "remove" | "set" | "set_default" | "set_if_empty" | "unset" | "fetch" | "exists"
        | "task" | "namespace" | "role" | "before" | "after" | "invoke" => {
            format!("a name is given as a symbol: :{word}")
        }
        _ if is_statement => format!("a task of that name is run by: invoke \"{word}\";"),
        _ => format!("the variable of that name is read with fetch(:{word})"),
    })
}

/// Describes the error for `${switch}`: the parser has read the reserved word and stops after it.
pub(in crate::recipe) fn filled_in(place: &ErrorPlace) -> Option<ErrorWords> {
    if place.word() != "}" {
        return None;
    }
    let text = place.text.get(..place.at)?;
    let start = text.rfind("${")? + 2;
    let word = text.get(start..)?;
    let is_keyword = !word.is_empty()
        && word.chars().all(is_word)
        && (word == "switch"
            || Token::lookup_symbol_from_syntax(word).is_some_and(|token| token.is_standard_keyword()))
        && !matches!(word, "true" | "false");
    let told = || {
        ErrorWords::new(format!("`{word}' is a reserved word"))
            .label("cannot be a name")
            .at(position(place.text, start))
            .hint(format!(
                "the variable of that name is read with fetch: ${{fetch(:{word})}}"
            ))
    };
    is_keyword.then(told)
}
