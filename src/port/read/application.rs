//! Files that a recipe loads and that are no recipes: the classes and modules of the application, and its own start.

use std::collections::BTreeSet;

use ruby_prism::{Node, ProgramNode};

use super::super::form::{Line, Statement};
use super::super::nodes::each_node;
use super::super::note::{Kind, Lack, Unported};
use super::super::ruby::{bare, constant, id, last_part, statements};
use super::Reader;

/// The modules and classes of Ruby, of Capistrano and of its libraries.
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

impl Reader<'_> {
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
        let unported = Unported::new(Kind::Code, reason).lacking(Lack::Application);
        let number = self.note(&program.as_node(), unported);
        if let Some(note) = self.notes.last_mut() {
            note.ruby = note.ruby.lines().take(3).collect::<Vec<_>>().join("\n");
        }
        Line::new(Statement::Note(number, false))
    }
}

impl Reader<'_> {
    /// Returns true for a class that only defines something, and that nothing names but those who do without it: Slackistrano for the words of
    /// its messages, a command for what shows its output. A module with such classes is one, too.
    pub(super) fn is_idle(&self, node: &Node<'_>) -> bool {
        let content = |body: Option<Node<'_>>| body.is_some_and(|body| acts(&body));
        let inner = |body: &Option<Node<'_>>| match body.as_ref().map(Node::as_statements_node) {
            Some(Some(list)) => list.body().iter().all(|node| self.is_idle(&node)),
            Some(None) => false,
            None => true,
        };
        if let Some(module) = node.as_module_node() {
            let body = module.body();
            let name = constant(&module.constant_path()).unwrap_or_default();
            let is_own = !OF_OTHERS.contains(&name.split("::").next().unwrap_or(""));
            return is_own && body.is_some() && inner(&body);
        }
        let Some(class) = node.as_class_node() else {
            return false;
        };
        let name = constant(&class.constant_path()).unwrap_or_default();
        let last = last_part(&name);
        let is_of_messages = class.superclass().as_ref().is_some_and(is_of_slackistrano);
        let has_on_data = super::super::asked::methods(class.body().as_ref()).contains("on_data");
        let is_named = self.facts.constants_named.get(last).copied().unwrap_or_default() > 1;
        let is_own = !OF_OTHERS.contains(&name.split("::").next().unwrap_or(""));
        is_own && (is_of_messages || has_on_data || !is_named) && !content(class.body())
    }
}

/// Returns true for the classes from which those are made that word messages for Slackistrano; capr's have words of their own.
fn is_of_slackistrano(class: &Node<'_>) -> bool {
    constant(class).is_some_and(|class| class.starts_with("Slackistrano::"))
}

/// Returns true for the files of Rails that belong to the application, whatever a recipe loads them for; the path has no ending.
pub(super) fn is_of_rails(path: &str) -> bool {
    let path = path.trim_end_matches(".rb");
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let is_in = |wanted: &str| folder == wanted || folder.ends_with(&format!("/{wanted}"));
    let is_start = matches!(name, "boot" | "environment" | "application" | "preinitializer");
    is_start && is_in("config") || is_in("config/initializers") || is_in("config/environments")
}

/// Returns true for such a file if it has no tasks or settings of a recipe.
pub(in crate::port) fn is_start_of_rails(path: &str, text: &[u8]) -> bool {
    let has_word = |node: &Node<'_>| {
        let call = node.as_call_node().filter(|call| call.receiver().is_none());
        call.is_some_and(|call| matches!(id(&call.name()).as_str(), "namespace" | "role" | "set" | "task"))
    };
    is_of_rails(path) && {
        let parsed = ruby_prism::parse(text);
        let program = parsed.node();
        !statements(program.as_program_node().map(|program| program.statements()).as_ref())
            .iter()
            .any(has_word)
    }
}

/// Returns true for a file that defines classes and modules, and has no word of a recipe outside of them.
pub(in crate::port) fn is_classes(program: &ProgramNode<'_>) -> bool {
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

/// Adds the names of the classes, modules and constants of a file, and of its functions outside of them.
pub(in crate::port) fn names_of(program: &ProgramNode<'_>, names: &mut BTreeSet<String>) {
    for node in &program.statements().body() {
        let class = node.as_class_node().map(|class| class.constant_path());
        let module = || node.as_module_node().map(|module| module.constant_path());
        let path = class.or_else(module).as_ref().and_then(constant);
        let written = node.as_constant_write_node().map(|written| id(&written.name()));
        let function = node.as_def_node().map(|function| id(&function.name()));
        let first = path
            .as_deref()
            .and_then(|path| path.split("::").next())
            .map(str::to_owned);
        let is_own = |name: &String| !OF_OTHERS.contains(&name.as_str());
        names.extend(first.or(written).or(function).filter(is_own));
    }
}

/// Returns true for code that changes nothing outside of itself: a class or a module of its own, a constant, a `require`. One that
/// reopens a module of Capistrano or of Ruby may change what a deploy does.
fn is_its_own(node: &Node<'_>) -> bool {
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
    let is_of_messages = parent.as_ref().is_some_and(is_of_slackistrano);
    (is_of_messages || !OF_OTHERS.contains(&first)) && !body.as_ref().is_some_and(acts)
}

/// Returns true if code outside of functions calls something with a block, or changes another module.
fn acts(body: &Node<'_>) -> bool {
    let mut acts = false;
    each_node(body, &mut |node| {
        acts |= node.as_call_node().is_some_and(|call| {
            let changes = ["load", "import", "send", "extend", "prepend"];
            call.block().is_some() || changes.contains(&id(&call.name()).as_str())
        });
        node.as_def_node().is_none()
    });
    acts
}
