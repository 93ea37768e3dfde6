//! Functions whose statements stand in the place of their call: those that fill in templates, and those that run commands where `within`,
//! `with` or `as` surrounds the call.

use ruby_prism::{CallNode, Node, ParseResult};

use super::super::facts::Function as Known;
use super::super::form::{Block, Expr, Line, Statement};
use super::super::nodes::each_node;
use super::super::note::{Kind, Read, Unported};
use super::super::ruby::{arguments, id, statements};
use super::Reader;
use super::functions::{CodePlace, first_statement};

impl<'a> Reader<'a> {
    /// Reads the call of a function that changes what it is given: here it returns that value, and the local takes it.
    pub(super) fn changing_call(&mut self, call: &CallNode<'_>, name: &str, at: usize) -> Read<Vec<Line>> {
        let value = self.own_function(call, name)?;
        let given = arguments(call, false).values;
        let local = given
            .get(at)
            .filter(|node| node.as_local_variable_read_node().is_some());
        Ok(vec![Line::new(match local {
            Some(local) => Statement::Assign(self.expression(local)?, "=", value),
            None => Statement::Value(value),
        })])
    }

    /// Returns true for a function that runs commands, where their surroundings are given to each command.
    pub(super) fn is_surrounded(&self, name: &str) -> bool {
        let onion = &self.onion;
        let has_options = onion.dir.is_some() || !onion.env.is_empty() || onion.user.is_some();
        (has_options || onion.is_local) && self.facts.acting.on_servers.contains(name)
    }

    /// Reads the call of a function: its statements take the place of the call.
    pub(super) fn in_place_of(&mut self, call: &CallNode<'_>, name: &str, function: &'a Known) -> Read<Vec<Line>> {
        let block = self.block_in_place_of(call, name, function, false)?;
        let declares = |line: &Line| matches!(line.statement, Statement::Let(..));
        Ok(match block.lines.iter().any(declares) {
            true => vec![Line::new(Statement::Value(Expr::Block(block)))],
            false => block.lines,
        })
    }

    /// Reads such a call as a value.
    pub(super) fn value_in_place_of(&mut self, call: &CallNode<'_>, name: &str, function: &'a Known) -> Read<Expr> {
        let block = self.block_in_place_of(call, name, function, true)?;
        Ok(block.value().cloned().unwrap_or(Expr::Block(block)))
    }

    fn block_in_place_of(&mut self, call: &CallNode<'_>, name: &str, function: &'a Known, gives: bool) -> Read<Block> {
        let given = arguments(call, false);
        let values = self.expressions(&given.values)?;
        let text = function.source.as_bytes();
        let parsed = ruby_prism::parse(text);
        let taken = taking_exactly(&parsed, values.len());
        let taken = taken.filter(|(names, nodes)| {
            given.pairs.is_empty() && call.block().is_none() && !leave_or_change(nodes, names)
        });
        let is_of_server = self.facts.acting.of_host.contains(name);
        let Some((names, nodes)) = taken.filter(|_| !is_of_server) else {
            return Err(self.not_in_place(name, function));
        };
        if !self.in_place.insert(name.to_owned()) {
            return Err(self.not_in_place(name, function));
        }
        let notes = self.notes.len();
        let place = CodePlace {
            given: names.into_iter().zip(values).collect(),
            // Its statements run where the call stands.
            namespaces: self.namespaces.clone(),
            onion: self.onion.clone(),
            ..CodePlace::of(function.file, &parsed, text)
        };
        let block = self.at(place, |reader| reader.statements(&nodes, text.len(), gives));
        self.in_place.remove(name);
        let first = self.notes.drain(notes..).next();
        if let Some(first) = first {
            return Err(match first.kind {
                Kind::Template => Unported::around(&first),
                _ => self.not_whole(name, function),
            });
        }
        self.carry("a function in its place");
        Ok(block)
    }

    fn not_in_place(&self, name: &str, function: &Known) -> Unported {
        match self.is_surrounded(name) {
            true => Unported::new(
                Kind::Construct,
                format!("`{name}`, a function that runs commands, within `within`, `with`, `as` or `run_locally`"),
            ),
            false => self.not_whole(name, function),
        }
    }
}

/// Returns true if these have a `return`, or give one of these names another value.
fn leave_or_change(nodes: &[Node<'_>], names: &[String]) -> bool {
    let mut found = false;
    for node in nodes {
        each_node(node, &mut |node| {
            let written = node.as_local_variable_write_node().map(|write| id(&write.name()));
            let written = written.or_else(|| Some(id(&node.as_local_variable_or_write_node()?.name())));
            found |= node.as_return_node().is_some() || written.is_some_and(|name| names.contains(&name));
            true
        });
    }
    found
}

/// Returns the parameters and the statements of a function that takes exactly so many values.
pub(super) fn taking_exactly<'pr>(parsed: &'pr ParseResult<'_>, count: usize) -> Option<(Vec<String>, Vec<Node<'pr>>)> {
    let definition = first_statement(parsed)?.as_def_node()?;
    let list = definition.parameters();
    let required: Vec<Node<'_>> = list
        .iter()
        .flat_map(|list| list.requireds().iter().collect::<Vec<_>>())
        .collect();
    let names = required.iter().filter_map(Node::as_required_parameter_node);
    let names: Vec<String> = names.map(|node| id(&node.name())).collect();
    let has_more = list.is_some_and(|list| {
        list.optionals().iter().next().is_some()
            || list.rest().is_some()
            || list.block().is_some()
            || list.keywords().iter().next().is_some()
    });
    let body = definition.body();
    let inner = body.as_ref().map(Node::as_statements_node);
    // A body with `rescue` is no list of statements.
    let nodes = match inner {
        Some(None) => return None,
        Some(list) => statements(list.as_ref()),
        None => Vec::new(),
    };
    (names.len() == count && !has_more).then_some((names, nodes))
}
