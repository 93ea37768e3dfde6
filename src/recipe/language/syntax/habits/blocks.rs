//! Blocks in the forms of Ruby and of other versions of Capistrano: `do … end`, lambdas, `each`, `on roles(…)`.

use super::super::error_place::{ErrorPlace, ErrorWords, position};
use std::ops::Range;

use super::super::fragments::{last_value, own, parameters, parts, plain, until};
use super::super::layout::is_word;
use super::no;
use super::values::set_name;

/// Describes the error at the beginning of a block in one of these forms.
pub(super) fn block(place: &ErrorPlace) -> Option<ErrorWords> {
    let (word, said) = (place.word(), place.said());
    let is_arrow = place.rest.starts_with("->");
    let is_lambda = matches!(place.word_before(), "lambda" | "proc" | "defer") && matches!(word, "do" | "{");
    if is_arrow || is_lambda {
        return Some(lambda(place, is_arrow));
    }
    if !matches!(word, "do" | "{") {
        return None;
    }
    if let Some(told) = around_block(place) {
        return Some(told);
    }
    if let Some(told) = each(place) {
        return Some(told);
    }
    if word == "{" || said.is_empty() {
        return None;
    }
    let head = plain(said);
    let form = match parameters(place.rest.get(2..).unwrap_or("")) {
        Some(names) => format!("write: {head}, |{names}| {{ … }}"),
        None => format!("write: {head} {{ … }}"),
    };
    let hint = own(form).unwrap_or_else(|| {
        "a block is written in braces: task :name { … }; with parameters: run command, |channel, stream, data| { … }"
            .to_owned()
    });
    Some(
        ErrorWords::new(NO_DO)
            .label("a block begins with `{' and ends with `}'")
            .at(position(place.text, place.at))
            .hint(hint),
    )
}

/// The message for a `do` that only has to become a brace.
pub(in crate::recipe) const NO_DO: &str = "there is no `do' in recipes";

/// Returns the range of a `do` that only has to become a brace, with its parameters, and the replacement, which has as many
/// characters.
pub(in crate::recipe) fn brace_for_do(place: &ErrorPlace) -> Option<(Range<usize>, String)> {
    if place.word() != "do" || block(place)?.message() != NO_DO {
        return None;
    }
    let rest = place.rest.get(2..)?;
    let Some(names) = parameters(rest) else {
        return Some((place.at..place.at + 2, "{ ".to_owned()));
    };
    let length = 2 + rest.find('|')? + names.len() + 2;
    let brace = format!(",|{names}|");
    let blanks = length.checked_sub(brace.len() + 1)?;
    Some((place.at..place.at + length, format!("{brace}{}{{", " ".repeat(blanks))))
}

/// Describes the error for `lambda { … }`, `-> { … }`, `->(x) { … }`.
fn lambda(place: &ErrorPlace, is_arrow: bool) -> ErrorWords {
    let before = place.text.get(..place.behind_code()).unwrap_or("");
    let (word, at) = match is_arrow {
        true => ("->", place.at),
        false => (place.word_before(), before.len() - place.word_before().len()),
    };
    let rest = place.rest.strip_prefix("->").unwrap_or(place.rest).trim_start();
    let (names, body) = match rest.strip_prefix('(').and_then(|rest| rest.split_once(')')) {
        Some((names, body)) if is_arrow => (names, body.trim_start()),
        _ => ("", rest),
    };
    let body = body
        .strip_prefix('{')
        .map(|body| until(body, &[]))
        .filter(|body| !body.is_empty());
    let body = plain(body.unwrap_or("…"));
    let start = place.statement_start();
    let said = place.text.get(start..at).unwrap_or("").trim();
    let told = no(word).at(position(place.text, at));
    match set_name(said) {
        Some((name, "")) if names.is_empty() => told.label("a lazy variable has a block instead").hint(
            own(format!("write: set :{name} {{ {body} }}")).unwrap_or_else(|| format!("write: set :{name} {{ … }}")),
        ),
        _ if place.statement_word() == "ask" => told
            .label("a value stands here")
            .hint("write: set :name { ask(\"Name\", \"default\") }"),
        _ => told
            .label("a function is written in another way")
            .hint(own(format!("write: |{names}| {{ {body} }}")).unwrap_or_else(|| format!("write: |{names}| {{ … }}"))),
    }
}

/// Describes the error for blocks of other versions of Capistrano.
fn around_block(place: &ErrorPlace) -> Option<ErrorWords> {
    let said = place.said();
    let at = position(place.text, place.statement_start());
    if said.starts_with("Capistrano::") {
        return Some(
            no("Capistrano::Configuration")
                .label("leave this line out, and its `end'")
                .at(at)
                .hint("a library is a recipe: what stands in the block stands at the top of the file"),
        );
    }
    let is_task = place.statement_word() == "task" && said.contains("=>");
    if !is_task || parts(said.strip_prefix("task")?).len() != 1 {
        return None;
    }
    let (name, needs) = said.strip_prefix("task")?.trim().split_once("=>")?;
    let needs = needs.trim().trim_matches(['[', ']']);
    let told = ErrorWords::new("a task does not list its prerequisites here").label("not a pair");
    let told = told.at(position(place.text, place.statement_start() + said.find("=>")?));
    Some(
        told.hint(
            own(format!("a hook runs it before: before {}, {needs};", name.trim()))
                .unwrap_or_else(|| "a hook runs it before: before :task, :other;".to_owned()),
        ),
    )
}

/// Describes the error for `list.each |x| { … }`, which is neither Ruby's block nor a function in brackets.
pub(super) fn parameters_first(place: &ErrorPlace) -> Option<ErrorWords> {
    each_with(place, place.rest)
}

/// Describes the error for `list.each do |x|`, `list.map { |x| … }`.
fn each(place: &ErrorPlace) -> Option<ErrorWords> {
    each_with(place, place.rest.get(place.word().len()..).unwrap_or(""))
}

fn each_with(place: &ErrorPlace, rest: &str) -> Option<ErrorWords> {
    let said = place.said();
    let (owner, call) = said.rsplit_once('.')?;
    let name = call.get(..call.find(|c| !is_word(c)).unwrap_or(call.len()))?;
    let list = plain(last_value(owner));
    let names: Vec<&str> = parameters(rest).map(parts).unwrap_or_default();
    let first = names.first().copied().unwrap_or("item");
    let second = names.get(1).copied();
    let (label, hint) = match (name, second) {
        ("each", None) => ("`for' loops over a list", format!("for {first} in {list} {{ … }}")),
        ("each_with_index", _) => {
            let index = second.unwrap_or("index");
            (
                "`for' loops over a list",
                format!("for ({first}, {index}) in {list} {{ … }}"),
            )
        }
        ("each" | "each_pair", _) => (
            "`for' loops over the keys of a map",
            format!(
                "for {first} in {list}.keys() {{ let {} = {list}[{first}]; … }}",
                second.unwrap_or("value")
            ),
        ),
        ("times", _) => {
            let number = if names.is_empty() { "number" } else { first };
            ("`for' loops over numbers", format!("for {number} in 0..{list} {{ … }}"))
        }
        ("map" | "collect", _) => ("a function is given in brackets", format!("{list}.map(|{first}| …)")),
        ("select" | "find_all", _) => ("a function is given in brackets", format!("{list}.filter(|{first}| …)")),
        ("reject", _) => (
            "a function is given in brackets",
            format!("{list}.filter(|{first}| !…)"),
        ),
        ("any" | "all" | "find", _) => {
            let name = if name == "any" { "some" } else { name };
            ("a function is given in brackets", format!("{list}.{name}(|{first}| …)"))
        }
        _ => return None,
    };
    let at = place.text.get(..place.at)?.rfind(&format!(".{name}"))? + 1;
    let told = ErrorWords::new(format!("`{name}' takes no block in recipes")).label(label);
    let hint = own(format!("write: {hint}")).unwrap_or_else(|| "write: for item in list { … }".to_owned());
    Some(told.at(position(place.text, at)).hint(hint))
}
