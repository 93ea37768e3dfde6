//! The facts about stages that the files of a project state together.

use std::collections::BTreeSet;

use ruby_prism::Node;

use super::ruby::literal;

/// The stages that have a file.
#[derive(Debug, Default)]
pub(super) struct StageFacts {
    names: BTreeSet<String>,
    /// The numbers of their files.
    pub(super) files: BTreeSet<usize>,
    /// True if a file sets `stage` to a string.
    pub(super) is_text: bool,
    /// True if a file sets `stage` to something else than its own name.
    pub(super) is_renamed: bool,
}

impl StageFacts {
    /// Adds a stage with the number of its file.
    pub(super) fn add(&mut self, name: String, file: usize) {
        self.names.insert(name);
        self.files.insert(file);
    }

    /// Notes the value that a file, whose recipe has this path, gives to `stage`.
    pub(super) fn set(&mut self, value: Option<&Node<'_>>, recipe: Option<&String>) {
        let own = recipe.and_then(|recipe| recipe.rsplit('/').next()?.strip_suffix(".rhai"));
        self.is_renamed |= value.and_then(literal).as_deref() != own;
        self.is_text |= value.is_some_and(|value| value.as_string_node().is_some());
    }

    /// Returns true for a project without stages.
    pub(super) fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Returns true for the name of a stage.
    pub(super) fn contains(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// Returns the names, sorted.
    pub(super) fn iter(&self) -> impl Iterator<Item = &String> {
        self.names.iter()
    }
}
