//! Signs that have another meaning in Ruby, or no meaning here.

use super::super::error_place::{ErrorPlace, ErrorWords, position};
use super::super::fragments::{last_value, own, percent_text, plain, quoted, until, word_list};
use super::super::layout::{SourcePieceKind, is_word, pieces};
use super::super::ruby::{heredoc, meant};
use super::no;
use crate::recipe::language::verbs;

/// Describes the error for a sign that has another meaning in Ruby, or none here.
pub(super) fn sign(place: &ErrorPlace) -> Option<ErrorWords> {
    let rest = place.rest;
    let here = position(place.text, place.at);
    if let Some(at) = percent(place) {
        let sign = place.text.get(at..)?;
        let told = ErrorWords::new("recipes have no strings or lists that begin with `%'").at(position(place.text, at));
        return Some(match (word_list(sign), percent_text(sign)) {
            (Some((list, _)), _) => told
                .label("a list stands in square brackets")
                .hint(own(format!("write: {list}")).unwrap_or_else(|| "write: [\"one\", \"two\"]".to_owned())),
            (None, Some(text)) => told
                .label("a string stands in double quotes")
                .hint(own(format!("write: {text}")).unwrap_or_else(|| "write: \"…\", or in backticks `…`".to_owned())),
            _ => told
                .label("a string stands in double quotes")
                .hint("write: \"…\", or in backticks `…`"),
        });
    }
    if heredoc(rest).is_some() {
        let head = plain(place.said());
        return Some(
            ErrorWords::new("there are no heredocs in recipes")
                .label("a string of several lines stands in backticks")
                .at(here)
                .hint(own(format!("write: {head} `…`;"))?),
        );
    }
    if let Some(told) = pattern(place) {
        return Some(told);
    }
    match place.word() {
        "=" if rest.starts_with("=begin") => Some(
            ErrorWords::new("`=begin' begins no comment")
                .label("not known")
                .at(here)
                .hint("a comment of several lines stands between /* and */, one of a line behind //"),
        ),
        "=" if rest.starts_with("=>") => Some(
            ErrorWords::new("a pair cannot stand here")
                .label("pairs stand behind the arguments of a verb")
                .at(here)
                .hint("write: run \"command\", :roles => :app; a map is written #{ name: value }"),
        ),
        "\\" => Some(
            ErrorWords::new("a line needs no `\\' to go on")
                .label("leave it out")
                .at(here)
                .hint("a statement goes on up to its `;'; strings are joined with `+', or stand in backticks"),
        ),
        "|" => super::blocks::parameters_first(place),
        "?" if place.before.ends_with(is_word) => Some(question(place)),
        "?" => {
            let condition = plain(last_value(place.said()));
            let choice = place.behind(1, &[";", ","]);
            let (this, that) = choice.split_once(" : ").unwrap_or(("this", "that"));
            let hint = own(format!(
                "write: if {condition} {{ {} }} else {{ {} }}",
                plain(this.trim()),
                plain(that.trim())
            ));
            Some(
                no("? :")
                    .label("a choice is written with `if'")
                    .at(here)
                    .hint(hint.unwrap_or_else(|| "write: if condition { this } else { that }".to_owned())),
            )
        }
        "!" if place.before.ends_with(is_word) && !rest.starts_with("!=") => Some(changed(place)),
        "&" if place.before.trim_end().ends_with(['(', ',']) => {
            let name: String = rest
                .get(1..)?
                .trim_start_matches(':')
                .chars()
                .take_while(|c| is_word(*c))
                .collect();
            let told = ErrorWords::new("`&' makes no function of a name").at(here);
            Some(match rest.starts_with("&:") {
                true => told
                    .label("a function is |item| …")
                    .hint(format!("write: |item| item.{name}()")),
                false => told
                    .label("a parameter has no sign")
                    .hint(format!("write: {name}; it is called with {name}.call()")),
            })
        }
        _ => None,
    }
}

/// The hint for a backslash before a backtick.
pub(in crate::recipe) const ESCAPED_BACKTICK: &str =
    "what a shell runs first: $(command); a backtick itself is written twice in backticks: ``";

/// Describes the error for a backtick that has ended its string although a backslash is before it.
pub(in crate::recipe) fn escaped_backtick(place: &ErrorPlace) -> Option<ErrorWords> {
    let before = place.text.get(..place.at)?;
    before.ends_with("\\`").then(|| {
        ErrorWords::new("a backslash keeps no backtick from ending the string")
            .label("the string has ended before this")
            .at(position(place.text, place.at - 1))
            .hint(ESCAPED_BACKTICK)
    })
}

/// Describes the error for `name!`, a method that changes its string.
fn changed(place: &ErrorPlace) -> ErrorWords {
    let name = place.word_before();
    let told = ErrorWords::new(format!("there is no `{name}!' in recipes")).label("no `!' here");
    let told = told.at(position(place.text, place.at - name.len()));
    if verbs::find(name).is_some() {
        return told.hint(format!("write: {name}"));
    }
    told.hint(match meant(name) {
        Some(meant) => meant.to_owned(),
        None => format!("a new value is given back: name = {name}(name, …)"),
    })
}

/// Returns the beginning of a `%w[…]` or `%q(…)` in this statement, up to the place.
fn percent(place: &ErrorPlace) -> Option<usize> {
    let start = place.statement_start();
    let said = place.text.get(start..place.at + place.word().len())?;
    let at = said.rfind('%')?;
    let sign = place.text.get(start + at..)?.split('\n').next()?;
    let before = said.get(..at)?;
    let behind_value = before.ends_with(' ')
        && pieces(before).last().is_some_and(|piece| {
            let word = before.get(piece.range.clone()).unwrap_or("");
            matches!(piece.kind, SourcePieceKind::Text(_) | SourcePieceKind::Close(_))
                || piece.kind == SourcePieceKind::Word && verbs::find(word).is_none()
        });
    let rest = sign.get(1..)?;
    let is_list =
        rest.starts_with(['w', 'W', 'i', 'I']) && rest.get(1..)?.starts_with(['(', '[', '{', '<', '|', '/', '!']);
    let is_text = rest.starts_with(['q', 'Q']) && rest.get(1..)?.starts_with(['(', '[', '{', '<', '|', '/', '!'])
        || rest.starts_with(['(', '[', '{']) && !behind_value;
    (is_list || is_text).then_some(start + at)
}

/// Describes the error for `text =~ /…/`, and for a pattern alone.
fn pattern(place: &ErrorPlace) -> Option<ErrorWords> {
    let rest = place.rest;
    let operator = ["=~", "!~"].into_iter().find(|sign| rest.starts_with(sign));
    if let Some(sign) = operator {
        return Some(matching(place, sign));
    }
    if place.word() == "/" && place.before.trim_end().ends_with(['(', ',', '~', '=']) {
        let inner = rest.get(1..)?.split('/').next()?;
        let told = ErrorWords::new("a pattern is a string").label("a pattern does not stand between slashes");
        return Some(
            told.at(position(place.text, place.at))
                .hint(own(format!("write: {}", quoted(inner)))?),
        );
    }
    None
}

/// Describes the error for `text =~ /…/`; `place` is that of the sign.
pub(super) fn matching(place: &ErrorPlace, sign: &str) -> ErrorWords {
    let text = plain(last_value(place.said()));
    let right = place.behind(sign.len(), &[";", ",", "{", "&", "|"]);
    let right = match right.strip_prefix('/').and_then(|right| right.rsplit_once('/')) {
        Some((inner, _)) => quoted(inner),
        None => plain(right),
    };
    let not = if sign.starts_with('!') { "!" } else { "" };
    let hint = own(format!("write: {not}matches({text}, {right})"));
    no(sign)
        .label("a string is matched by a function")
        .at(position(place.text, place.at))
        .hint(hint.unwrap_or_else(|| format!("write: {not}matches(text, \"pattern\")")))
}

/// Describes the error for `name?`, a method that returns true or false in Ruby.
fn question(place: &ErrorPlace) -> ErrorWords {
    let name = place.word_before();
    let start = place.at - name.len();
    let owner = place.text.get(..start).unwrap_or("").strip_suffix('.');
    let owner = owner.map(|before| {
        let start = place.statement_start().min(before.len());
        plain(last_value(before.get(start..).unwrap_or("")))
    });
    let given = place
        .rest
        .get(1..)
        .and_then(|rest| rest.strip_prefix('('))
        .map(|rest| plain(until(rest, &[])));
    let hint = match (name, owner.as_deref(), given.as_deref()) {
        ("empty" | "blank", Some(owner), _) => format!("write: {owner}.is_empty()"),
        ("present" | "any", Some(owner), _) => format!("write: !{owner}.is_empty()"),
        ("nil", Some(owner), _) => format!("write: {owner} == ()"),
        ("exist" | "exists" | "file", Some("File"), Some(path)) => format!("write: file_exists({path})"),
        ("directory", Some("File"), Some(path)) | ("exist" | "exists", Some("Dir"), Some(path)) => {
            format!("write: dir_exists({path})")
        }
        ("exist" | "exists", None, Some(given)) => format!("write: exists({given})"),
        ("include" | "key" | "has_key" | "member", Some(owner), Some(given)) => {
            format!("write: {owner}.contains({given})")
        }
        ("start_with", Some(owner), Some(given)) => format!("write: {owner}.starts_with({given})"),
        ("end_with", Some(owner), Some(given)) => format!("write: {owner}.ends_with({given})"),
        ("match", Some(owner), Some(given)) => format!("write: matches({owner}, {given})"),
        ("is_a" | "kind_of", Some(owner), _) => format!("write: type_of({owner}) == \"string\""),
        ("respond_to", ..) => "leave the condition out: a recipe is only read by capr".to_owned(),
        (name, Some(owner), Some(given)) => format!("write: {owner}.{name}({given})"),
        (name, Some(owner), None) => format!("write: {owner}.{name}()"),
        (name, None, given) => format!("write: {name}({})", given.unwrap_or("…")),
    };
    let told = ErrorWords::new(format!("there is no `{name}?' in recipes")).label("names have no `?'");
    told.at(position(place.text, start))
        .hint(own(hint).unwrap_or_else(|| format!("write: {name}(…)")))
}
