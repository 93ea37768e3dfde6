//! Ruby's maps and pairs, and the other uses of a colon in Ruby.

use std::ops::Range;

use super::super::error_place::{ErrorPlace, ErrorWords, position};
use super::super::fragments::{map, own, parts, plain, until};
use super::super::layout::{is_word, open_at};

/// A map in Ruby's form, and its form in a recipe.
struct RubyMap {
    range: Range<usize>,
    is_block: bool,
    map: String,
}

impl RubyMap {
    /// Finds `{ :a => 1 }`, `{ a: 1 }` or `#{ :a => 1 }` at a place.
    fn at(place: &ErrorPlace) -> Option<Self> {
        if !(place.word() == ":" || place.rest.starts_with("=>")) {
            return None;
        }
        let (bracket, opening) = open_at(place.text, place.at)?;
        let before = place.text.get(..opening)?.trim_end();
        let is_block = bracket == '{';
        let is_value = bracket == '#' || is_block && before.ends_with([',', '=', '>', '(', '[', ':']);
        let start = opening + if is_block { 1 } else { 2 };
        let text = place.text.get(start..)?;
        let inner = until(text, &[]);
        let map = map(inner).filter(|_| is_value)?;
        let end = start + text.find(inner)? + inner.len();
        let end = end + place.text.get(end..)?.find('}')? + 1;
        Some(Self {
            range: opening..end,
            is_block,
            map,
        })
    }
}

/// Returns the range of the map at a place, and its form in a recipe, which has as many characters and lines.
pub(in crate::recipe) fn mended(place: &ErrorPlace) -> Option<(Range<usize>, String)> {
    let found = RubyMap::at(place)?;
    let old = place.text.get(found.range.clone())?;
    let inner = found.map.strip_suffix('}')?;
    let new = match old.rsplit_once('\n') {
        None => {
            let missing = old.chars().count().checked_sub(found.map.chars().count())?;
            format!("{inner}{}}}", " ".repeat(missing))
        }
        Some((above, last)) => {
            let lines = above.matches('\n').count() + 1;
            format!(
                "{inner}{}{}}}",
                "\n".repeat(lines),
                " ".repeat(last.chars().count().checked_sub(1)?)
            )
        }
    };
    Some((found.range, new))
}

pub(super) fn ruby_map(place: &ErrorPlace) -> Option<ErrorWords> {
    let RubyMap { range, is_block, map } = RubyMap::at(place)?;
    let told = match is_block {
        false => ErrorWords::new("a name in a map is followed by a colon")
            .label("not by `=>'")
            .at(position(place.text, place.at)),
        true => ErrorWords::new("a map begins with `#{'")
            .label("this begins a block")
            .at(position(place.text, range.start)),
    };
    let hint = own(format!("write: {map}"));
    Some(told.hint(hint.unwrap_or_else(|| "a map is written: #{ name: value, \"other name\": value }".to_owned())))
}

/// Describes the error for `roles: :app`, `deploy:restart`.
pub(super) fn colon(place: &ErrorPlace) -> Option<ErrorWords> {
    if place.word() != ":" || !place.before.ends_with(is_word) {
        return None;
    }
    let key = place.word_before();
    let start = position(place.text, place.at - key.len());
    let rest = place.rest.get(1..).unwrap_or("");
    if rest.starts_with(is_word) && !place.said().contains([' ', ',', '(']) {
        let path: String = rest.chars().take_while(|c| is_word(*c) || *c == ':').collect();
        let task = format!("{key}.{}", path.replace(':', "."));
        return Some(
            ErrorWords::new("a task in a namespace is called with a period")
                .label("a symbol cannot follow a name")
                .at(start)
                .hint(own(format!("write: {task};"))?),
        );
    }
    if rest.starts_with(is_word)
        && !rest.starts_with(' ')
        && matches!(place.statement_word(), "before" | "after" | "invoke")
    {
        let path: String = rest.chars().take_while(|c| is_word(*c) || *c == ':').collect();
        return Some(
            ErrorWords::new("a task's name with a colon is a string")
                .label("no name")
                .at(start)
                .hint(own(format!("write: \"{key}:{path}\""))?),
        );
    }
    if place.statement_word() == "server"
        && let Some((_, roles)) = place
            .text
            .get(place.statement_start()..)?
            .split('\n')
            .next()?
            .split_once("roles:")
    {
        let roles = plain(until(roles, &[",", ";"]));
        let host = parts(place.said().strip_prefix("server")?.trim_start_matches(['(', ' ']))
            .first()
            .copied()?;
        let told = ErrorWords::new("a pair is written with `=>'")
            .label(format!("`{key}:' does not begin a pair"))
            .at(start);
        let hint = own(format!(
            "roles stand behind the host: server {}, {roles}, :user => \"…\";",
            plain(host)
        ));
        return Some(told.hint(hint.unwrap_or_else(|| "write: server \"host\", :role, :user => \"name\";".to_owned())));
    }
    let value = plain(until(rest, &[",", ";", "do", "{", "end"]));
    let value = if value.is_empty() { "…".to_owned() } else { value };
    let told = ErrorWords::new("a pair is written with `=>'")
        .label(format!("`{key}:' does not begin a pair"))
        .at(start);
    Some(told.hint(own(format!("write: :{key} => {value}")).unwrap_or_else(|| format!("write: :{key} => …"))))
}
