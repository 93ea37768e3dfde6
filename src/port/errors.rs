//! The classes of errors that recipes define to tell them apart: `class X < StandardError; end`.

use std::collections::BTreeMap;

use ruby_prism::Node;

use super::ruby::{arguments, constant, id, last_part};

/// The classes of errors of the files, by the last part of their names, each with its parent.
#[derive(Debug, Default)]
pub(super) struct ErrorClasses(BTreeMap<String, String>);

impl ErrorClasses {
    /// Adds the class that a statement defines, if it is one of errors.
    pub(super) fn add(&mut self, node: &Node<'_>) {
        if let Some((name, parent)) = self.defined(node) {
            self.0.insert(name, parent);
        }
    }

    /// Returns true for a statement that does nothing but define a class of errors.
    pub(super) fn define(&self, node: &Node<'_>) -> bool {
        self.defined(node).is_some()
    }

    /// Returns the name of a class of errors without its modules, if the files define it.
    pub(super) fn known(&self, class: &str) -> Option<String> {
        self.0
            .contains_key(last_part(class))
            .then(|| last_part(class).to_owned())
    }

    /// Returns a class with those that are derived from it, for a name of these files.
    pub(super) fn with_derived(&self, name: &str) -> Vec<String> {
        let is_one = |class: &&String| {
            let mut class = class.as_str();
            // A class cannot be its own ancestor in Ruby; a file may say so nevertheless.
            for _ in 0..=self.0.len() {
                if class == name {
                    return true;
                }
                match self.0.get(class) {
                    Some(parent) => class = parent,
                    None => return false,
                }
            }
            false
        };
        self.0.keys().filter(is_one).cloned().collect()
    }

    /// Returns the names of all.
    pub(super) fn names(&self) -> impl Iterator<Item = &String> {
        self.0.keys()
    }

    fn defined(&self, node: &Node<'_>) -> Option<(String, String)> {
        let (name, parent) = if let Some(class) = node.as_class_node() {
            let parent = class.superclass().filter(|_| class.body().is_none())?;
            (constant(&class.constant_path())?, constant(&parent)?)
        } else {
            // This is `X = Class.new(StandardError)`.
            let write = node.as_constant_write_node()?;
            let call = write.value().as_call_node()?;
            let is_new = id(&call.name()) == "new" && call.block().is_none();
            let of_class = constant(&call.receiver()?).filter(|class| is_new && class == "Class");
            let given = arguments(&call, false).values;
            (id(&write.name()), of_class.and(given.first().and_then(constant))?)
        };
        let (name, parent) = (last_part(&name).to_owned(), last_part(&parent).to_owned());
        let is_error = parent.ends_with("Error") || parent == "Exception" || self.0.contains_key(&parent);
        is_error.then_some((name, parent))
    }
}
