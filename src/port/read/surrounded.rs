//! Functions whose statements stand in the place of their call: those that fill in templates, and those that run commands where `within`,
//! `with` or `as` surrounds the call.

use ruby_prism::{CallNode, Node, ParseResult};

use super::super::facts::Function as Known;
use super::super::form::{Block, Expr, Line, Statement};
use super::super::nodes::each_node;
use super::super::note::{Kind, Read, Unported};
use super::super::ruby::{arguments, id, literal, statements};
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
        let mut named = Vec::new();
        for (key, value) in &given.pairs {
            named.push((literal(key).unwrap_or_default(), self.expression(value)?));
        }
        let taken = taking(&parsed, values.len(), &named);
        let taken = taken.filter(|taken| call.block().is_none() && !leave_or_change(&taken.nodes, &taken.all_names()));
        let is_of_server = self.facts.acting.of_host.contains(name);
        let Some(Taken { names, defaults, nodes }) = taken.filter(|_| !is_of_server) else {
            return Err(self.not_in_place(name, function));
        };
        if !self.in_place.insert(name.to_owned()) {
            return Err(self.not_in_place(name, function));
        }
        let notes = self.notes.len();
        let place = CodePlace {
            given: names.into_iter().zip(values).chain(named).collect(),
            // Its statements run where the call stands.
            namespaces: self.namespaces.clone(),
            onion: self.onion.clone(),
            ..CodePlace::of(function.file, &parsed, text)
        };
        let block = self.at(place, |reader| {
            for (name, default) in &defaults {
                let value = reader.expression(default)?;
                reader.given.insert(name.clone(), value);
            }
            Ok(reader.statements(&nodes, text.len(), gives))
        });
        self.in_place.remove(name);
        let block = block?;
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

/// The parameters and the statements of a function that is called.
struct Taken<'pr> {
    names: Vec<String>,
    /// The parameters that the call does not give, with their values.
    defaults: Vec<(String, Node<'pr>)>,
    nodes: Vec<Node<'pr>>,
}

impl Taken<'_> {
    fn all_names(&self) -> Vec<String> {
        let defaults = self.defaults.iter().map(|(name, _)| name);
        self.names.iter().chain(defaults).cloned().collect()
    }
}

/// Returns what a function takes that is given so many values and these named ones.
fn taking<'pr>(parsed: &'pr ParseResult<'_>, count: usize, named: &[(String, Expr)]) -> Option<Taken<'pr>> {
    let definition = first_statement(parsed)?.as_def_node()?;
    let body = definition.body();
    let nodes = match body.as_ref().map(Node::as_statements_node) {
        // A body with `rescue` is no list of statements.
        Some(None) => return None,
        Some(list) => statements(list.as_ref()),
        None => Vec::new(),
    };
    let (mut names, mut defaults, mut known) = (Vec::new(), Vec::new(), Vec::new());
    if let Some(list) = definition.parameters() {
        let is_plain = list.rest().is_none() && list.block().is_none() && list.keyword_rest().is_none();
        if !is_plain || list.posts().iter().next().is_some() {
            return None;
        }
        for node in &list.requireds() {
            names.push(id(&node.as_required_parameter_node()?.name()));
        }
        let least = names.len();
        for node in &list.optionals() {
            let optional = node.as_optional_parameter_node()?;
            match names.len() < count {
                true => names.push(id(&optional.name())),
                false => defaults.push((id(&optional.name()), optional.value())),
            }
        }
        if count < least {
            return None;
        }
        for node in &list.keywords() {
            let keyword = node.as_optional_keyword_parameter_node()?;
            let name = id(&keyword.name()).trim_end_matches(':').to_owned();
            if named.iter().all(|(key, _)| *key != name) {
                defaults.push((name.clone(), keyword.value()));
            }
            known.push(name);
        }
    }
    let is_taken = names.len() == count && named.iter().all(|(key, _)| known.contains(key));
    is_taken.then_some(Taken { names, defaults, nodes })
}

/// Returns the parameters and the statements of a function that takes exactly so many values.
pub(super) fn taking_exactly<'pr>(parsed: &'pr ParseResult<'_>, count: usize) -> Option<(Vec<String>, Vec<Node<'pr>>)> {
    let taken = taking(parsed, count, &[])?;
    taken.defaults.is_empty().then_some((taken.names, taken.nodes))
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::{has, recipe};

    #[test]
    fn a_function_that_runs_commands_stands_in_the_place_of_its_call_unless_it_returns_early() {
        let (text, notes) = recipe(
            "set :repo_url, 'x'\nlock '3'\ndef say(what, more = 1)\n  execute :echo, what, more\nend\n\
             def last(x)\n  return if x\n  execute :x\nend\n\
             task :a do\n  run_locally { say 'one' }\n  run_locally { within('b') { say 'two', 'c' } }\n  run_locally { last 1 }\nend\n",
        );
        has(
            &text,
            &[
                "run_locally \"echo one 1\";",
                "run_locally \"echo two c\", :dir => \"b\";",
            ],
        );
        assert_eq!(notes.len(), 1, "its `return` would end the task: {notes:?}{text}");
    }
}
