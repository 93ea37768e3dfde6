//! Modules and classes that hold nothing but functions: a recipe calls them by the name of the module, or by their own after `include`.

use std::collections::{BTreeMap, BTreeSet};

use ruby_prism::{Node, Visit};

use super::errors::ErrorClasses;
use super::ruby::{arguments, constant, content, id, last_part};
use crate::recipe::Vocabulary;

/// The names of the functions that modules hold, by the last part of the name of the module.
#[derive(Debug, Default)]
pub(super) struct ModuleFunctions(BTreeMap<String, BTreeSet<String>>);

impl ModuleFunctions {
    /// Adds those of a file.
    pub(super) fn read(&mut self, program: &Node<'_>, vocabulary: &Vocabulary) {
        Finding {
            modules: self,
            vocabulary,
        }
        .visit(program);
    }

    /// Returns true if the module of this path has this function.
    pub(super) fn have(&self, path: &str, function: &str) -> bool {
        self.0
            .get(last_part(path))
            .is_some_and(|functions| functions.contains(function))
    }

    /// Returns true if some module has this function.
    pub(super) fn any_has(&self, function: &str) -> bool {
        self.0.values().any(|functions| functions.contains(function))
    }
}

struct Finding<'a> {
    modules: &'a mut ModuleFunctions,
    vocabulary: &'a Vocabulary,
}

impl Finding<'_> {
    fn add(&mut self, node: &Node<'_>) {
        let Some((name, body)) = named(node) else { return };
        let own = self.modules.0.entry(last_part(&name).to_owned());
        let own = own.or_default();
        for node in &body {
            let of_module = node
                .as_singleton_class_node()
                .map(|class| content(class.body().as_ref()));
            let defined = node.as_def_node().into_iter();
            let of_module = of_module.into_iter().flatten().filter_map(|node| node.as_def_node());
            own.extend(defined.chain(of_module).map(|function| id(&function.name())));
        }
        body.iter().for_each(|node| self.add(node));
    }
}

impl<'pr> Visit<'pr> for Finding<'_> {
    fn visit_module_node(&mut self, node: &ruby_prism::ModuleNode<'pr>) {
        match hold_functions(&node.as_node(), self.vocabulary) {
            true => self.add(&node.as_node()),
            false => ruby_prism::visit_module_node(self, node),
        }
    }

    fn visit_class_node(&mut self, node: &ruby_prism::ClassNode<'pr>) {
        if hold_functions(&node.as_node(), self.vocabulary) {
            self.add(&node.as_node());
        }
    }
}

/// Returns true for `def x.name`, but not for `def self.name`.
pub(super) fn is_of_object(function: &ruby_prism::DefNode<'_>) -> bool {
    function.receiver().is_some_and(|of| of.as_self_node().is_none())
}

/// Returns true for a module or a class that holds functions alone, none of them of an object and none that changes a word of Capistrano.
pub(super) fn hold_functions(node: &Node<'_>, vocabulary: &Vocabulary) -> bool {
    let Some((name, body)) = named(node) else { return false };
    let of_ruby = [
        "Array", "Class", "File", "Hash", "Module", "Net", "Object", "Rake", "SSHKit", "String",
    ];
    let is_word = |function: &ruby_prism::DefNode<'_>| vocabulary.is_verb(&id(&function.name()));
    let is_class = node.as_class_node().is_some();
    let is_function = |node: &Node<'_>| {
        node.as_def_node().is_some_and(|function| {
            let receiver = function.receiver();
            let of_itself = receiver
                .as_ref()
                .is_some_and(|receiver| receiver.as_self_node().is_some());
            !is_word(&function) && (of_itself || !is_class && receiver.is_none())
        })
    };
    let is_of_module = |node: &Node<'_>| {
        node.as_singleton_class_node().is_some_and(|class| {
            let inner = content(class.body().as_ref());
            let is_plain = |node: &Node<'_>| node.as_def_node().is_some_and(|function| !is_word(&function));
            inner.iter().all(|node| is_plain(node) || says_who_may_call(node))
        })
    };
    !of_ruby.contains(&name.split("::").next().unwrap_or(""))
        && body.iter().all(|node| {
            is_function(node)
                || is_of_module(node)
                || says_who_may_call(node)
                || ErrorClasses::default().define(node)
                || hold_functions(node, vocabulary)
        })
}

/// Returns the name of a module, or of a class without a parent, with its content.
fn named<'pr>(node: &Node<'pr>) -> Option<(String, Vec<Node<'pr>>)> {
    if let Some(module) = node.as_module_node() {
        return Some((constant(&module.constant_path())?, content(module.body().as_ref())));
    }
    let class = node.as_class_node().filter(|class| class.superclass().is_none())?;
    Some((constant(&class.constant_path())?, content(class.body().as_ref())))
}

/// Returns true for `module_function`, `private` and `extend self`, alone.
fn says_who_may_call(node: &Node<'_>) -> bool {
    let Some(call) = node.as_call_node().filter(|call| call.receiver().is_none()) else {
        return false;
    };
    let given = arguments(&call, false).values;
    match id(&call.name()).as_str() {
        "module_function" | "private" | "protected" | "public" => given.is_empty(),
        "private_class_method" => true,
        "extend" | "include" => given
            .iter()
            .all(|node| node.as_self_node().is_some() || constant(node).is_some()),
        _ => false,
    }
}
