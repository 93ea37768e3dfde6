//! The functions of recipes that act on servers or change what they are given: calls of these have forms of their own.

use std::collections::{BTreeMap, BTreeSet};

use ruby_prism::{CallNode, DefNode, Node};

use super::facts::Function;
use super::nodes::each_node;
use super::ruby::{HOST, bare, id, statements};

/// The functions with effects on their surroundings.
#[derive(Debug, Default)]
pub(super) struct Acting {
    /// Those that run commands on the servers of the block in which they are called.
    pub(super) on_servers: BTreeSet<String>,
    /// Those that name the server of the block in which they are called: `host` without a parameter.
    pub(super) of_host: BTreeSet<String>,
    /// Those that end the run with their last statement.
    pub(super) ending: BTreeSet<String>,
    /// Those that may give what servers have written, line breaks and all.
    pub(super) telling: BTreeSet<String>,
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
        let (mut calls, mut gives) = (BTreeMap::new(), BTreeMap::new());
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
            if ends_run(&definition) {
                acting.ending.insert(name.clone());
            }
            if let [only] = body.changed.iter().collect::<Vec<_>>().as_slice() {
                acting.changing.insert(name.clone(), **only);
            }
            body.returned.extend(given_by(&definition, &body.calls));
            gives.insert(name, body.returned);
            calls.insert(name, body.calls);
        }
        acting.on_servers = reaching(&calls, |name| WORDS.contains(&name));
        let asks = |name: &str| matches!(name, "capture" | "invoke_command" | "run" | "stream" | "sudo");
        acting.telling = reaching(&gives, asks);
        if !functions.contains_key(HOST) {
            acting.of_host = reaching(&calls, |name| name == HOST);
            acting.on_servers.extend(acting.of_host.iter().cloned());
        }
        acting
    }
}

/// Returns true if the last statement of a function is `exit`, `abort` or `raise`.
fn ends_run(definition: &DefNode<'_>) -> bool {
    let last = last_of(definition);
    let call = last
        .as_ref()
        .and_then(Node::as_call_node)
        .filter(|call| call.receiver().is_none());
    call.is_some_and(|call| ends(&call))
}

fn last_of<'pr>(definition: &DefNode<'pr>) -> Option<Node<'pr>> {
    let body = definition.body()?.as_statements_node()?;
    body.body().iter().last()
}

/// Returns the words of a function that may give its value: all of its calls for a local, into which a block may put something.
fn given_by(definition: &DefNode<'_>, calls: &BTreeSet<String>) -> BTreeSet<String> {
    match last_of(definition) {
        Some(last) if last.as_local_variable_read_node().is_some() => calls.clone(),
        last => last.iter().flat_map(words_of_value).collect(),
    }
}

/// Returns the words whose values a value may be or hold: more than one if it is decided by a condition.
pub(super) fn words_of_value(value: &Node<'_>) -> Vec<String> {
    if let Some(decided) = value.as_if_node() {
        let last = statements(decided.statements().as_ref()).pop();
        let otherwise = decided.subsequent();
        let other = otherwise.as_ref().and_then(Node::as_else_node);
        let other = other.and_then(|other| statements(other.statements().as_ref()).pop());
        return last.iter().chain(&other).flat_map(words_of_value).collect();
    }
    if let Some(either) = value.as_or_node() {
        let both = [either.left(), either.right()];
        return both.iter().flat_map(words_of_value).collect();
    }
    if let Some(text) = value.as_interpolated_string_node() {
        let parts = text.parts();
        let codes = parts
            .iter()
            .filter_map(|part| part.as_embedded_statements_node()?.statements());
        return codes
            .filter_map(|code| code.body().iter().last())
            .flat_map(|value| words_of_value(&value))
            .collect();
    }
    let call = value.as_call_node().filter(|call| call.receiver().is_none());
    call.map(|call| id(&call.name())).into_iter().collect()
}

/// Returns true for a call of `exit`, `abort` or `raise`.
pub(super) fn ends(call: &CallNode<'_>) -> bool {
    matches!(id(&call.name()).as_str(), "abort" | "exit" | "exit!" | "fail" | "raise")
}

/// Returns the functions that call one of these words, or a function that does.
fn reaching(calls: &BTreeMap<&String, BTreeSet<String>>, is_word: impl Fn(&str) -> bool) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    loop {
        let reaches = |name: &String| is_word(name) || found.contains(name);
        let more = calls
            .iter()
            .filter(|(name, names)| !found.contains(**name) && names.iter().any(reaches));
        let more: Vec<String> = more.map(|(name, _)| (*name).clone()).collect();
        if more.is_empty() {
            return found;
        }
        found.extend(more);
    }
}

/// The calls and changes in the body of a function.
struct FunctionBody {
    parameters: Vec<String>,
    /// The names that are called outside of blocks with servers of their own.
    calls: BTreeSet<String>,
    changed: BTreeSet<usize>,
    /// The words that give what it returns.
    returned: BTreeSet<String>,
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
            returned: BTreeSet::new(),
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
        if let Some(given) = node.as_return_node().and_then(|returns| returns.arguments()) {
            let words = given.arguments().iter().flat_map(|value| words_of_value(&value));
            self.returned.extend(words.collect::<Vec<_>>());
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
