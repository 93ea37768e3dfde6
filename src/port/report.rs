//! The report of `capr port`.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::{Kind, Note, Ported};

use crate::sort;

/// The number of places that are listed; the recipes contain the others.
const LISTED: usize = 20;

/// The treatment of each recipe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Done {
    /// It was written.
    Added,
    /// It was only checked.
    Checked,
}

/// Returns the report for people.
#[must_use]
pub(crate) fn report(ported: &Ported, done: Done) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    for file in &ported.files {
        let word = match done {
            Done::Added => "[add]",
            Done::Checked => "[check]",
        };
        let _ = writeln!(text, "{word} {}, from {}", file.to, file.from);
    }
    let _ = writeln!(text, "version: Capistrano {}", ported.version);
    if !ported.only_read.is_empty() {
        let _ = writeln!(text, "read for what they say: {}", ported.only_read.join(", "));
    }
    if !ported.carried.is_empty() {
        let mut carried: Vec<(&String, &usize)> = ported.carried.iter().collect();
        sort::by(&mut carried, |a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
        let carried: Vec<String> = carried.iter().map(|(name, count)| format!("{count} {name}")).collect();
        let _ = writeln!(text, "carried over: {}", carried.join(", "));
    }
    if !ported.libraries.is_empty() {
        let _ = writeln!(
            text,
            "libraries that do not come along: {}",
            ported.libraries.join(", ")
        );
    }
    if !ported.remarks.is_empty() {
        text.push_str("different, and needs no hand:\n");
        for remark in &ported.remarks {
            let _ = writeln!(text, "  {remark}");
        }
    }
    notes(ported, &mut text);
    text
}

/// Adds the places that a person has to look at: those that need a hand, those that fail in Capistrano as well, and those in tasks of gems
/// that nothing calls.
fn notes(ported: &Ported, text: &mut String) {
    let mut all: Vec<(&str, &Note)> = Vec::new();
    for file in &ported.files {
        all.extend(file.notes.iter().map(|note| (file.from.as_str(), note)));
    }
    let (only_if_called, mut all): (Vec<_>, Vec<_>) = all.into_iter().partition(|(_, note)| note.only_if_called);
    let total = all.len();
    // Work on a place also settles those that wait for it.
    all.retain(|(_, note)| note.depends_on.is_none());
    let waiting = match total - all.len() {
        0 => String::new(),
        1 => ", and 1 place that waits for one of these".to_owned(),
        number => format!(", and {number} places that wait for these"),
    };
    let (failing, work): (Vec<_>, Vec<_>) = all.into_iter().partition(|(_, note)| note.kind == Kind::Fails);
    match work.is_empty() {
        true => text.push_str("nothing needs a hand\n"),
        false => {
            let head = format!("needs a hand: {} ({}){waiting}", places(work.len()), kinds(&work));
            list(&head, &work, text);
        }
    }
    if !failing.is_empty() {
        let waiting = if work.is_empty() { waiting.as_str() } else { "" };
        let head = format!(
            "fails in Capistrano too, with the same error: {}{waiting}",
            places(failing.len())
        );
        list(&head, &failing, text);
    }
    if !only_if_called.is_empty() {
        let them = if only_if_called.len() == 1 { "it" } else { "them" };
        let head = format!(
            "in tasks of gems that nothing here calls: {}; whoever calls one is told, and may work on {them} then",
            places(only_if_called.len())
        );
        list(&head, &only_if_called, text);
    }
}

/// Returns the number of places of each kind.
fn kinds(places: &[(&str, &Note)]) -> String {
    let mut kinds: BTreeMap<Kind, usize> = BTreeMap::new();
    for (_, note) in places {
        *kinds.entry(note.kind).or_default() += 1;
    }
    let kinds = kinds.iter().map(|(kind, count)| format!("{count} {}", kind.word()));
    kinds.collect::<Vec<_>>().join(", ")
}

/// Adds the first of some places below a line of their own.
fn list(head: &str, places: &[(&str, &Note)], text: &mut String) {
    let _ = writeln!(text, "{head}");
    for (file, note) in places.iter().take(LISTED) {
        let _ = writeln!(
            text,
            "  {file}:{}: PORT {} ({}): {}",
            note.line,
            note.number,
            note.kind.word(),
            note.reason
        );
    }
    if let Some(more) = places.len().checked_sub(LISTED).filter(|more| *more > 0) {
        let _ = writeln!(text, "  and {more} more: grep -n PORT in the recipes");
    }
}

/// Returns the report for programs: one JSON object on a line.
#[must_use]
pub(crate) fn json(ported: &Ported) -> String {
    // Only strings and numbers are serialized, which cannot fail.
    let text = serde_json::to_string(ported).unwrap_or_default();
    format!("{text}\n")
}

fn places(number: usize) -> String {
    match number {
        1 => "1 place".to_owned(),
        number => format!("{number} places"),
    }
}
