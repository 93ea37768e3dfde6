//! Files that a pattern brings along and that are no recipes: the classes and modules of the application.

use ruby_prism::{Node, ProgramNode, Visit};

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

    /// Reads a whole file as one piece of code. If it only defines things of its own, those who use them have notes of their own.
    pub(super) fn whole(&mut self, program: &ProgramNode<'_>) -> Line {
        let path = self.facts.files.get(self.file).cloned().unwrap_or_default();
        let nodes: Vec<Node<'_>> = program.statements().body().iter().collect();
        if nodes.iter().all(is_its_own) {
            return self.remark(&format!(
                "{path} is code of the application: what uses it has a note of its own"
            ));
        }
        let reason = format!("`{path}` is code of the application, no recipe");
        let number = self.note(&program.as_node(), Unported::new(Kind::Code, reason));
        if let Some(note) = self.notes.last_mut() {
            note.ruby = note.ruby.lines().take(3).collect::<Vec<_>>().join("\n");
        }
        Line::new(Statement::Note(number, false))
    }
}

/// Returns true for code that changes nothing outside of itself: a class or a module of its own, a constant, a `require`. One that
/// reopens a module of Capistrano or of Ruby may change what a deploy does.
fn is_its_own(node: &Node<'_>) -> bool {
    const OF_OTHERS: &[&str] = &[
        "Array",
        "Capistrano",
        "Class",
        "File",
        "Hash",
        "Kernel",
        "Module",
        "Net",
        "Object",
        "Rake",
        "SSHKit",
        "String",
    ];
    let (name, parent, body) = match (node.as_class_node(), node.as_module_node()) {
        (Some(class), _) => (constant(&class.constant_path()), class.superclass(), class.body()),
        (_, Some(module)) => (constant(&module.constant_path()), None, module.body()),
        _ => {
            let call = node.as_call_node();
            let loads = call.is_some_and(|call| call.receiver().is_none());
            return loads || node.as_constant_write_node().is_some();
        }
    };
    let first = name.as_deref().and_then(|name| name.split("::").next()).unwrap_or("");
    // Slackistrano takes its messages from a class; capr's have words of their own.
    let is_of_messages = parent
        .as_ref()
        .and_then(constant)
        .is_some_and(|class| class.starts_with("Slackistrano::"));
    let mut acts = Acts(false);
    body.iter().for_each(|body| acts.visit(body));
    (is_of_messages || !OF_OTHERS.contains(&first)) && !acts.0
}

/// True if code outside of functions calls something with a block, or changes another module.
struct Acts(bool);

impl<'pr> Visit<'pr> for Acts {
    fn visit_def_node(&mut self, _: &ruby_prism::DefNode<'pr>) {}
    fn visit_call_node(&mut self, node: &ruby_prism::CallNode<'pr>) {
        let name = id(&node.name());
        self.0 |= node.block().is_some() || matches!(name.as_str(), "load" | "import" | "send" | "extend" | "prepend");
        ruby_prism::visit_call_node(self, node);
    }
}
