//! Shows a library and the changes in it before anybody says yes.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use similar::{ChangeTag, TextDiff};

use crate::libraries::{Change, LibraryState, Locked, Manifest, Resolved, Tree};
use crate::recipe::{KnownNames, Parts, known_names, library_names};

use super::Call;
use super::take::commit;

/// The number of digits that are shown of a digest or a commit.
const SHORT: usize = 12;

/// The width of the beginnings of lines.
const HEAD: usize = 12;

/// Returns the first digits of a digest or a commit.
pub(super) fn short(text: &str) -> &str {
    text.get(..SHORT).unwrap_or(text)
}

/// Returns the recipes of a library, the main one first.
pub(super) fn parts_of(name: &str, tree: &Tree) -> Parts {
    let main = format!("{name}.rhai");
    let first = tree.text(&main).map(|text| (main.as_str(), text));
    let others = tree.recipes().filter(|(path, _)| *path != main);
    Parts::of(first.into_iter().chain(others))
}

/// Lists everything that would change.
pub(super) fn changes(call: &Call, changed: &[Change], resolved: &Resolved, wanted: &Manifest) -> String {
    let mut text = String::new();
    for change in changed {
        let was = change
            .before
            .as_ref()
            .and_then(|before| match call.project.places.state(before, &call.trust) {
                LibraryState::Here(tree, _) => Some(tree),
                LibraryState::Missing | LibraryState::Wrong(..) => None,
            });
        // Writing to a String cannot fail.
        match (&change.before, &change.after) {
            (Some(before), None) => {
                let _ = writeln!(text, "{} goes", titled(before));
            }
            (None, Some(after)) => {
                let _ = writeln!(text, "{}", titled(after));
                if let Some(tree) = resolved.trees.get(&change.name) {
                    let parts = parts_of(&change.name, tree);
                    text.push_str(&listed(&parts));
                    text.push_str(&overrides(&change.name, &parts, resolved, wanted));
                }
            }
            (Some(before), Some(after)) => {
                let _ = writeln!(text, "{}\n  {:HEAD$}{}", titled(after), "before", titled(before));
                if let (Some(tree), Some(was)) = (resolved.trees.get(&change.name), was) {
                    text.push_str(&differences(&change.name, &was, tree));
                    text.push_str(&overrides(
                        &change.name,
                        &parts_of(&change.name, tree),
                        resolved,
                        wanted,
                    ));
                }
            }
            (None, None) => {}
        }
    }
    for line in &resolved.left_out {
        let _ = writeln!(text, "left out of {line}");
    }
    text
}

/// Returns one line about a library.
fn titled(locked: &Locked) -> String {
    let version = locked
        .version
        .as_deref()
        .map(|version| format!(" {version}"))
        .unwrap_or_default();
    let tree = short(&locked.tree);
    format!(
        "{}{version} of {}{}, SHA-256 {tree}",
        locked.name,
        locked.source,
        commit(locked.revision.as_deref())
    )
}

fn line(head: &str, words: &[String]) -> String {
    match words.is_empty() {
        true => String::new(),
        false => format!("  {head:HEAD$}{}\n", words.join(", ")),
    }
}

/// Lists the parts of a new library.
fn listed(parts: &Parts) -> String {
    let mut text = String::new();
    for task in &parts.tasks {
        let said = task
            .description
            .as_deref()
            .and_then(|said| said.lines().next())
            .unwrap_or("");
        let said = format!("  {:HEAD$}{}  {said}", "task", task.name);
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{}", said.trim_end());
    }
    for hook in &parts.hooks {
        let _ = writeln!(text, "  {:HEAD$}{hook}", "hook");
    }
    let of = |is_default: bool| -> Vec<String> {
        let variables = parts
            .variables
            .iter()
            .filter(|variable| variable.is_default == is_default);
        variables.map(|variable| variable.name.clone()).collect()
    };
    text.push_str(&line("defaults", &of(true)));
    text.push_str(&line("sets", &of(false)));
    text.push_str(&line("changes", &parts.lists));
    text.push_str(&line("requires", &parts.loads));
    text.push_str(&line("runs here", &parts.local));
    if parts.is_open {
        let _ = writeln!(text, "  {:HEAD$}tasks or variables whose names it works out", "and");
    }
    for wrong in &parts.wrong {
        let place = wrong.origin.as_ref().map(ToString::to_string).unwrap_or_default();
        let _ = writeln!(text, "  {:HEAD$}{place}: {}", "broken", wrong.message);
    }
    text
}

/// Lists the tasks and variables that others have, too. A library that requires this one may set its variables; it is listed there.
fn overrides(name: &str, parts: &Parts, resolved: &Resolved, wanted: &Manifest) -> String {
    let KnownNames {
        mut tasks,
        mut variables,
    } = known_names();
    for (other, tree) in &resolved.trees {
        if other == name
            || resolved
                .lock
                .get(other)
                .is_some_and(|other| other.needs.iter().any(|need| need == name))
        {
            continue;
        }
        let parts = parts_of(other, tree);
        tasks.extend(parts.tasks.into_iter().map(|task| (task.name, other.clone())));
        let names = parts.variables.into_iter().map(|variable| variable.name);
        variables.extend(names.map(|variable| (variable, other.clone())));
    }
    let mut text = String::new();
    if library_names().any(|own| own == name) {
        let _ = writeln!(
            text,
            "  {:HEAD$}the library `{name}' that comes with capr",
            "instead of"
        );
    }
    let mut tell = |what: &str, own: &str, known: &[(String, String)]| {
        let holds = wanted
            .wins
            .get(own)
            .map(|winner| format!("; by capr.toml, that of `{winner}' is used"))
            .unwrap_or_default();
        for (_, whose) in known.iter().filter(|(other, whose)| other == own && whose != name) {
            let whose = match whose.as_str() {
                "the deploy library" => whose.to_owned(),
                whose => format!("the library `{whose}'"),
            };
            let _ = writeln!(text, "  {:HEAD$}the {what} {own} of {whose}{holds}", "overrides");
        }
    };
    for task in &parts.tasks {
        tell("task", &task.name, &tasks);
    }
    for variable in &parts.variables {
        tell("variable", &variable.name, &variables);
    }
    text
}

/// Lists the parts that are added and removed, and the files that differ.
fn differences(name: &str, before: &Tree, after: &Tree) -> String {
    let said = |tree: &Tree| -> BTreeSet<String> { listed(&parts_of(name, tree)).lines().map(str::to_owned).collect() };
    let (old, new) = (said(before), said(after));
    let mut text = String::new();
    // Writing to a String cannot fail.
    for line in old.difference(&new) {
        let _ = writeln!(text, "- {}", line.trim_start());
    }
    for line in new.difference(&old) {
        let _ = writeln!(text, "+ {}", line.trim_start());
    }
    let paths: BTreeSet<&str> = before.paths().chain(after.paths()).collect();
    for path in paths {
        let said = match (before.content(path), after.content(path)) {
            (old, new) if old == new => continue,
            (None, _) => "is new".to_owned(),
            (_, None) => "goes".to_owned(),
            (Some(old), Some(new)) => counted(old, new),
        };
        let _ = writeln!(text, "  {:HEAD$}{path} {said}", "file");
    }
    text
}

/// Counts the lines that are added and removed.
fn counted(old: &[u8], new: &[u8]) -> String {
    let (old, new) = (String::from_utf8_lossy(old), String::from_utf8_lossy(new));
    let diff = TextDiff::from_lines(&*old, &*new);
    let count = |tag: ChangeTag| diff.iter_all_changes().filter(|change| change.tag() == tag).count();
    format!("-{} +{}", count(ChangeTag::Delete), count(ChangeTag::Insert))
}
