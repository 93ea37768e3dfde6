//! Files that a pattern brings along and that are no recipes: the classes and modules of the application.

use ruby_prism::{Node, ProgramNode};

use super::super::form::{Line, Statement};
use super::super::note::{Kind, Unported};
use super::super::ruby::{bare, constant, id};
use super::Reader;

impl Reader<'_> {
    /// Returns true for a file that defines classes and modules, and has no word of a recipe outside of them.
    pub(super) fn is_of_application(&self, program: &ProgramNode<'_>) -> bool {
        if self.facts.in_gem(self.file).is_some() {
            return false;
        }
        let is_class = |node: &Node<'_>| node.as_class_node().is_some() || node.as_module_node().is_some();
        let is_other = |node: &Node<'_>| {
            let call = node.as_call_node();
            let named = call.as_ref().is_some_and(|call| {
                let loads = matches!(id(&call.name()).as_str(), "require" | "require_relative" | "autoload");
                call.receiver().as_ref().and_then(constant).is_some() || call.receiver().is_none() && loads
            });
            named && bare(node).is_none() || node.as_constant_write_node().is_some()
        };
        let nodes: Vec<Node<'_>> = program.statements().body().iter().collect();
        nodes.iter().any(is_class) && nodes.iter().all(|node| is_class(node) || is_other(node))
    }

    /// Notes a whole file as one piece of code.
    pub(super) fn whole(&mut self, program: &ProgramNode<'_>) -> Line {
        let path = self.facts.files.get(self.file).cloned().unwrap_or_default();
        let reason = format!("`{path}` is code of the application, no recipe");
        let number = self.note(&program.as_node(), Unported::new(Kind::Code, reason));
        if let Some(note) = self.notes.last_mut() {
            note.ruby = note.ruby.lines().take(3).collect::<Vec<_>>().join("\n");
        }
        Line::new(Statement::Note(number, false))
    }
}
