//! Options in rows: their names and purposes, and hints for unknown ones.

use crate::configuration::suggestion;
use crate::diagnostic::{Diagnostic, Fault};

/// An option of a verb.
pub(in crate::recipe) struct Choice {
    pub(in crate::recipe) name: &'static str,
    pub(in crate::recipe) doc: &'static str,
}

/// Returns the hint for an unknown option: the most similar one, or all of them.
pub(in crate::recipe) fn meant_option(name: &str, known: &[&str]) -> String {
    suggestion(name, known.iter().copied()).unwrap_or_else(|| format!("it takes: {}", known.join(", ")))
}

/// Returns the error for a key that the map in a variable cannot have; `None` if it can.
pub(in crate::recipe) fn unknown_key(variable: &str, name: &str, known: &[Choice]) -> Option<Diagnostic> {
    if known.iter().any(|choice| choice.name == name) {
        return None;
    }
    let names: Vec<&str> = known.iter().map(|choice| choice.name).collect();
    let diagnostic = Diagnostic::new(Fault::Recipe, format!("`{variable}' has no option `{name}'"));
    Some(diagnostic.label("no such option").hint(meant_option(name, &names)))
}
