//! `depend`: the needs of a recipe on servers and on this machine, for `deploy:check`.

use rhai::{Array, Dynamic};

use super::super::verb_context::{Performed, VerbContext};
use crate::configuration::{Setter, suggestion};
use crate::diagnostic::{Diagnostic, Fault};
use crate::recipe::language::origin::{Fallible, raise, wrong};
use crate::recipe::language::values::{map, texts};
use crate::recipe::language::verbs::depend as rows;

/// The kinds of needs, with the number of words for each.
const KINDS: &[(&str, usize)] = &[
    ("command", 1),
    ("deb", 2),
    ("directory", 1),
    ("file", 1),
    ("gem", 2),
    ("match", 2),
    ("rpm", 2),
    ("writable", 1),
    ("yum", 2),
];

pub(super) const DEPEND: Performed = (&rows::DEPEND, depend);

fn depend(cx: &mut VerbContext) -> Fallible {
    let (place, kind) = (cx.text(0), cx.text(1));
    if !["remote", "local"].contains(&place.as_str()) {
        return Err(wrong(
            format!("a dependency is :remote or :local, not :{place}"),
            cx.position_of(0),
        ));
    }
    let Some((_, count)) = KINDS.iter().find(|(name, _)| *name == kind) else {
        let names: Vec<&str> = KINDS.iter().map(|(name, _)| *name).collect();
        let hint = suggestion(&kind, names.iter().copied());
        let hint = hint.unwrap_or_else(|| format!("it can be: {}", names.join(", ")));
        let diagnostic = Diagnostic::new(Fault::Recipe, format!("`depend' has no kind :{kind}"));
        return Err(raise(diagnostic.hint(hint), cx.position_of(1)));
    };
    let words: Array = cx.values(2).map(Dynamic::flatten_clone).collect();
    if words.len() != *count {
        let meant = match (kind.as_str(), count) {
            ("match", _) => "a command and a regular expression",
            (_, 1) => "a name",
            _ => "a name and a version",
        };
        return Err(wrong(
            format!("`depend :{place}, :{kind}' takes {meant} after that"),
            cx.position_of(2),
        ));
    }
    let option = |name: &str| cx.option(name).map(|(value, _)| value.flatten_clone());
    let options = map(["roles", "hosts"].into_iter().filter_map(|name| {
        let values = texts(&option(name)?);
        Some((name, values.into_iter().map(Dynamic::from).collect::<Array>()))
    }));
    let entry = map([
        ("where", place.into()),
        ("kind", kind.into()),
        ("arguments", words.into()),
        ("message", option("or").unwrap_or_default()),
        ("options", options.into()),
    ]);
    let before = cx.variable("dependencies")?;
    let mut all = before.flatten_clone().try_cast::<Array>().unwrap_or_default();
    all.push(entry.into());
    let by = Setter::Recipe(cx.origin());
    cx.interpreter.set("dependencies", all.into(), by, cx.position())?;
    Ok(Dynamic::UNIT)
}
