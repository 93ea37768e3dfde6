//! The functions of recipes that act on servers or change what they are given: calls of these have forms of their own.

use std::collections::{BTreeMap, BTreeSet};

use ruby_prism::{DefNode, Node};

use super::facts::Function;
use super::nodes::each_node;
use super::ruby::{bare, id};

/// The functions with effects on their surroundings.
#[derive(Debug, Default)]
pub(super) struct Acting {
    /// Those that run commands on the servers of the block in which they are called.
    pub(super) on_servers: BTreeSet<String>,
    /// Those that change one of their parameters in place, with its number.
    pub(super) changing: BTreeMap<String, usize>,
}

/// The words that act on the servers of the block around them.
const WORDS: &[&str] = &[
    "as",
    "capture",
    "download!",
    "background",
    "execute",
    "put",
    "rake",
    "sudo",
    "test",
    "upload!",
    "with",
    "within",
];

/// The methods that change a list, a map or a string in place.
const CHANGES: &[&str] = &[
    "<<",
    "[]=",
    "append",
    "clear",
    "compact!",
    "concat",
    "delete",
    "delete_at",
    "delete_if",
    "gsub!",
    "insert",
    "map!",
    "merge!",
    "pop",
    "prepend",
    "push",
    "reject!",
    "replace",
    "select!",
    "shift",
    "sort!",
    "sub!",
    "uniq!",
    "unshift",
    "update",
];

impl Acting {
    /// Finds them among the functions of all files.
    pub(super) fn of(functions: &BTreeMap<String, Function>) -> Self {
        let mut acting = Self::default();
        let mut calls: BTreeMap<&String, BTreeSet<String>> = BTreeMap::new();
        for (name, function) in functions {
            let parsed = ruby_prism::parse(function.source.as_bytes());
            let Some(program) = parsed.node().as_program_node() else {
                continue;
            };
            let Some(definition) = program
                .statements()
                .body()
                .iter()
                .next()
                .and_then(|node| node.as_def_node())
            else {
                continue;
            };
            let mut body = FunctionBody::of(&definition);
            each_node(&definition.as_node(), &mut |node| body.see(node));
            if let [only] = body.changed.iter().collect::<Vec<_>>().as_slice() {
                acting.changing.insert(name.clone(), **only);
            }
            calls.insert(name, body.calls);
        }
        loop {
            let acts = |names: &BTreeSet<String>| {
                let is_acting = |name: &String| WORDS.contains(&name.as_str()) || acting.on_servers.contains(name);
                names.iter().any(is_acting)
            };
            let more = calls
                .iter()
                .filter(|(name, names)| !acting.on_servers.contains(**name) && acts(names));
            let more: Vec<String> = more.map(|(name, _)| (*name).clone()).collect();
            if more.is_empty() {
                return acting;
            }
            acting.on_servers.extend(more);
        }
    }
}

/// The calls and changes in the body of a function.
struct FunctionBody {
    parameters: Vec<String>,
    /// The names that are called outside of blocks with servers of their own.
    calls: BTreeSet<String>,
    changed: BTreeSet<usize>,
}

impl FunctionBody {
    fn of(definition: &DefNode<'_>) -> Self {
        let list = definition.parameters();
        let required = list.iter().flat_map(|list| list.requireds().iter().collect::<Vec<_>>());
        let names = required.map(|node| node.as_required_parameter_node().map(|node| id(&node.name())));
        Self {
            parameters: names.map(Option::unwrap_or_default).collect(),
            calls: BTreeSet::new(),
            changed: BTreeSet::new(),
        }
    }

    fn parameter(&self, node: &Node<'_>) -> Option<usize> {
        let name = match node.as_local_variable_read_node() {
            Some(local) => id(&local.name()),
            None => bare(node)?,
        };
        self.parameters.iter().position(|own| *own == name)
    }
}

impl FunctionBody {
    /// Returns false for what runs on servers of its own.
    fn see(&mut self, node: &Node<'_>) -> bool {
        if let Some(write) = node.as_local_variable_write_node() {
            // From here on the name is another value, which belongs to the function.
            let name = id(&write.name());
            let own = self.parameters.iter_mut();
            own.filter(|own| **own == name).for_each(String::clear);
        }
        let Some(call) = node.as_call_node() else { return true };
        let name = id(&call.name());
        match call.receiver() {
            None if matches!(name.as_str(), "on" | "run_locally") && call.block().is_some() => return false,
            None => {
                self.calls.insert(name);
            }
            Some(receiver) if CHANGES.contains(&name.as_str()) => self.changed.extend(self.parameter(&receiver)),
            Some(_) => {}
        }
        true
    }
}
