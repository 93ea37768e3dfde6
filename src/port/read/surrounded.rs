//! Functions whose statements stand in the place of their call: those that fill in templates, and those that run commands where `within`,
//! `with` or `as` surrounds the call.

use std::collections::BTreeMap;

use ruby_prism::{CallNode, Node, ParseResult};

use super::super::facts::Function as Known;
use super::super::form::{Block, Expr, Line, Statement};
use super::super::nodes::{each_node, holds};
use super::super::note::{Kind, Read, Unported};
use super::super::ruby::{arguments, bare, id, literal, statements};
use super::Reader;
use super::functions::{CodePlace, first_statement};
use super::locals::Local;

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
        let mut values = self.expressions(&given.values)?;
        let text = function.source.as_bytes();
        let parsed = ruby_prism::parse(text);
        let mut named = Vec::new();
        for (key, value) in &given.pairs {
            named.push((literal(key).unwrap_or_default(), self.expression(value)?));
        }
        let options = takes_options(&parsed) && !named.is_empty();
        if options {
            values.push(Expr::Map(std::mem::take(&mut named)));
        }
        let taken = taking(&parsed, values.len(), &named);
        let taken = taken.filter(|taken| {
            let is_changing = |name: &str| self.facts.acting.changing.contains_key(name);
            call.block().is_none()
                && !text.windows(3).any(|code| code == b"&&=")
                && !leave_or_change(&taken.nodes, &taken.all_names(), &is_changing)
        });
        let is_of_server = self.facts.acting.of_host.contains(name);
        let Some(Taken { names, defaults, nodes }) = taken.filter(|_| !is_of_server) else {
            return Err(self.not_in_place(name, function));
        };
        // Ruby computes each argument once, before the statements.
        let sets = |node: &Node<'_>| holds(node, &|node| calls(node, &["set", "set_if_empty", "append", "ask"]));
        let sets = nodes.iter().any(sets);
        let pairs = given.pairs.iter().map(|(_, value)| value);
        let is_fixed = given.values.iter().chain(pairs).map(|node| self.is_fixed(node, sets));
        let mut is_fixed: Vec<bool> = is_fixed.map(|fixed| fixed || function.is_of_templates).collect();
        if options {
            let of_options = is_fixed.split_off(given.values.len());
            is_fixed.push(!of_options.contains(&false));
        }
        let is_default_fixed = |(_, node): &(String, Node<'_>)| function.is_of_templates || self.is_fixed(node, sets);
        if gives && is_fixed.contains(&false) || !defaults.iter().all(is_default_fixed) {
            return Err(self.not_in_place(name, function));
        }
        if !self.in_place.insert(name.to_owned()) {
            return Err(self.not_in_place(name, function));
        }
        let (notes, texts, avoided) = (self.notes.len(), self.texts.clone(), self.avoided.clone());
        self.avoid(&given.values);
        self.avoid(given.pairs.iter().map(|(_, value)| value));
        let mut all: Vec<(String, Expr)> = names.into_iter().zip(values).chain(named).collect();
        let mut fixed = is_fixed.iter();
        let first: Vec<_> = all.extract_if(.., |_| fixed.next() == Some(&false)).collect();
        let place = CodePlace {
            given: all.into_iter().collect(),
            scopes: vec![BTreeMap::new()],
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
            let mut before = Vec::new();
            for (name, value) in first {
                let local = Local {
                    kind: reader.kind_of(&value),
                    ..Local::default()
                };
                before.push(Line::new(Statement::Let(reader.declare(&name, local), value)));
            }
            let mut block = reader.statements(&nodes, text.len(), gives);
            block.lines.splice(..0, before);
            Ok(block)
        });
        self.in_place.remove(name);
        (self.texts, self.avoided) = (texts, avoided);
        let block = block?;
        if gives && nodes.last().is_some_and(|last| loses_value(last, &block)) {
            self.notes.truncate(notes);
            return Err(self.not_in_place(name, function));
        }
        let first = self.notes.drain(notes..).next();
        if let Some(first) = first {
            return Err(match first.kind {
                Kind::Template => {
                    let is_always =
                        |line: &Line| matches!(line.statement, Statement::Note(number, _) if number == first.number);
                    let failure = first.failure.clone().filter(|_| block.lines.iter().any(is_always));
                    Unported {
                        failure,
                        ..Unported::around(&first)
                    }
                }
                _ => self.not_whole(name, function),
            });
        }
        self.carry("a function in its place");
        Ok(block)
    }

    /// Keeps the locals in these values from being hidden by those of a function.
    fn avoid<'n, 'pr: 'n>(&mut self, nodes: impl IntoIterator<Item = &'n Node<'pr>>) {
        for node in nodes {
            each_node(node, &mut |node| {
                let name = node.as_local_variable_read_node().map(|read| id(&read.name()));
                let written = |name: String| self.local(&name).map(|local| local.written.clone()).unwrap_or(name);
                let written = name.map(written);
                self.avoided.extend(written);
                true
            });
        }
    }

    /// Returns true for a value that is the same however often it is computed, and does nothing else.
    fn is_fixed(&self, node: &Node<'_>, sets: bool) -> bool {
        !holds(node, &|node| {
            if node.as_x_string_node().is_some() || node.as_interpolated_x_string_node().is_some() {
                return true;
            }
            let Some(call) = node.as_call_node() else { return false };
            let name = id(&call.name());
            let is_variable = call.receiver().is_none() && (name == "fetch" || bare(node).is_some());
            let is_own = self.facts.functions.contains_key(&name) || self.facts.acting.on_servers.contains(&name);
            let is_pure = call.receiver().is_some() && PURE.contains(&name.as_str());
            call.block().is_some() || is_own || !(is_pure || is_variable && !sets)
        })
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

/// The methods that compute a value of nothing but what they are given.
const PURE: &[&str] = &[
    "+",
    "-",
    "*",
    "/",
    "%",
    "==",
    "!=",
    "!",
    "<",
    ">",
    "<=",
    ">=",
    "[]",
    "join",
    "to_s",
    "to_sym",
    "to_i",
    "strip",
    "chomp",
    "first",
    "last",
    "upcase",
    "downcase",
    "capitalize",
    "dirname",
    "basename",
    "expand_path",
    "split",
    "gsub",
    "sub",
    "nil?",
    "empty?",
    "size",
    "length",
    "keys",
    "values",
    "merge",
    "flatten",
    "compact",
    "uniq",
    "include?",
    "shellescape",
];

/// The methods without `!` that change their receiver.
const CHANGING: &[&str] = &[
    "<<",
    "[]=",
    "push",
    "append",
    "concat",
    "insert",
    "prepend",
    "unshift",
    "pop",
    "shift",
    "delete",
    "delete_at",
    "delete_if",
    "keep_if",
    "clear",
    "replace",
    "store",
    "update",
    "fill",
    "setbyte",
    "force_encoding",
];

/// Returns true if the last statement has a value in Ruby that its form does not give: `list.map { … }` as a loop, or an assignment.
fn loses_value(last: &Node<'_>, block: &Block) -> bool {
    let maps = last.as_call_node().map(|call| id(&call.name()));
    let maps = maps.is_some_and(|name| matches!(name.as_str(), "map" | "collect"));
    !block.gives && (maps || last.as_local_variable_write_node().is_some())
}

/// Returns true for a call of one of these words.
fn calls(node: &Node<'_>, words: &[&str]) -> bool {
    let call = node.as_call_node().filter(|call| call.receiver().is_none());
    call.is_some_and(|call| words.contains(&id(&call.name()).as_str()))
}

/// Returns true if these have a `return`, give one of these names another value, or may change a value that one of them has.
fn leave_or_change(nodes: &[Node<'_>], names: &[String], is_changing: &dyn Fn(&str) -> bool) -> bool {
    let is_parameter = |node: &Node<'_>| {
        let read = node.as_local_variable_read_node();
        read.is_some_and(|read| names.contains(&id(&read.name())))
    };
    let is_alias = |node: &Node<'_>| {
        let write = node.as_local_variable_write_node();
        write.is_some_and(|write| is_parameter(&write.value()))
    };
    let has_alias = nodes.iter().any(|node| holds(node, &is_alias));
    // The parameter is what the receiver is, or a part of it: `map[:a] << 1`.
    let is_held = |of: Option<Node<'_>>| of.is_some_and(|of| has_alias || holds(&of, &is_parameter));
    let is_such = |node: &Node<'_>| {
        let bound = node.as_local_variable_write_node().map(|write| id(&write.name()));
        let bound = bound.or_else(|| Some(id(&node.as_local_variable_or_write_node()?.name())));
        let bound = bound.or_else(|| Some(id(&node.as_local_variable_operator_write_node()?.name())));
        let bound = bound.or_else(|| Some(id(&node.as_local_variable_target_node()?.name())));
        let bound = bound.or_else(|| Some(id(&node.as_required_parameter_node()?.name())));
        let part = node.as_index_or_write_node().and_then(|write| write.receiver());
        let part = part.or_else(|| node.as_index_operator_write_node()?.receiver());
        let changed = node.as_call_node().is_some_and(|call| {
            let name = id(&call.name());
            let is_one = CHANGING.contains(&name.as_str())
                || name.len() > 1 && name.ends_with('!')
                || name.ends_with('=') && !matches!(name.as_str(), "==" | "!=" | "<=" | ">=" | "===");
            is_one && is_held(call.receiver()) || call.receiver().is_none() && is_changing(&name)
        });
        node.as_return_node().is_some() || changed || is_held(part) || bound.is_some_and(|name| names.contains(&name))
    };
    nodes.iter().any(|node| holds(node, &is_such))
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

/// Returns true for a function without names for its values: Ruby gives it all that are named as one map.
fn takes_options(parsed: &ParseResult<'_>) -> bool {
    let parameters = first_statement(parsed).and_then(|first| first.as_def_node()?.parameters());
    parameters.is_some_and(|list| list.keywords().iter().next().is_none() && list.keyword_rest().is_none())
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
        let (text, notes) = locally(
            "def told(what, options = {})\n  execute :echo, what if options[:loud]\nend",
            "told 'a', loud: true\n    told 'b'",
        );
        assert!(
            text.contains("if (#{ loud: true }[\"loud\"] ?? false) != false") && notes == 0,
            "{text}"
        );
    }

    /// Reads a function and a task that calls it within `run_locally`.
    fn locally(function: &str, calling: &str) -> (String, usize) {
        let (text, notes) = recipe(&format!(
            "set :repo_url, 'x'\nlock '3'\n{function}\ntask :a do\n  run_locally do\n    {calling}\n  end\nend\n"
        ));
        (text, notes.len())
    }

    #[test]
    fn locals_of_such_a_function_hide_none_of_the_arguments() {
        for (function, calling, wanted) in [
            (
                "def say(x)\n  dir = 'in'\n  execute :echo, x, dir, dir.upcase\nend",
                "dir = capture(:pwd)\n    say dir",
                "let own_dir = \"in\"",
            ),
            (
                "def loopy(name, list)\n  list.each { |item| execute :echo, name, item }\nend",
                "item = capture(:pwd)\n    loopy(item, ['x', capture(:id)])",
                "for own_item in",
            ),
            (
                "def cnt(n)\n  i = 0\n  while i < n\n    execute :echo, i\n    i += 1\n  end\nend",
                "i = 5\n    cnt i",
                "while own_i < i",
            ),
        ] {
            let (text, notes) = locally(function, calling);
            assert!(text.contains(wanted) && notes == 0, "{notes} {text}");
        }
    }

    #[test]
    fn an_argument_is_computed_once_before_the_statements() {
        let (text, notes) = locally(
            "def twice(x)\n  execute :rm, x\n  execute :touch, x\nend",
            "twice capture(:mktemp)",
        );
        assert!(
            text.contains("let x = strip(run_locally(\"mktemp\"))") && notes == 0,
            "{text}"
        );
        let (text, _) = locally("def none(x)\n  execute :ls\nend", "none capture(:mktemp)");
        assert!(text.contains("mktemp"), "{text}");
        let (text, notes) = locally(
            "def give(x)\n  \"#{x} #{x} #{capture(:id)}\"\nend",
            "execute :e, give(capture(:mktemp))",
        );
        assert!(notes == 1, "{text}");
    }

    #[test]
    fn a_function_that_changes_what_it_is_given_stands_in_no_place() {
        for function in [
            "def f(x)\n  x += 'b'\n  execute :e, x\nend",
            "def f(x)\n  x &&= 'b'\n  execute :e, x\nend",
            "def f(x)\n  x ||= 'b'\n  execute :e, x\nend",
            "def f(x)\n  x << 'b'\n  execute :e, x\nend",
            "def f(x)\n  x[:a] = 'b'\n  execute :e, x\nend",
            "def f(x)\n  x[:a] ||= 'b'\n  execute :e, x\nend",
            "def f(x)\n  x.gsub!('a', 'b')\n  execute :e, x\nend",
            "def f(x)\n  y = x\n  y.push 'b'\n  execute :e, *x\nend",
            "def f(x)\n  ['a'].each { |x| execute :e, x }\nend",
        ] {
            let (text, notes) = locally(function, "y = ['a']\n    f y\n    execute :z, *y");
            assert!(notes > 0, "{function}: {text}");
        }
    }

    #[test]
    fn statements_as_a_value_stand_in_parentheses_and_a_block_that_is_a_parameter_is_noted() {
        let (text, notes) = locally("def val\n  v = capture(:id)\n  v\nend", "execute :w if val == ''");
        assert!(text.contains("if ({") && notes == 0, "{text}");
        let list = "def lst(x)\n  x.map { |y| capture(:echo, y) }\nend";
        let (text, notes) = locally(list, "execute :n, lst(['a']).size");
        assert!(text.contains("[\"a\"].map(|y|") && notes == 0, "{text}");
        let (text, notes) = locally("def val\n  v = capture(:id)\nend", "execute :w if val == ''");
        assert!(notes > 0, "{text}");
        let (text, notes) = locally("def here(&b)\n  run_locally(&b)\nend", "here { execute :ls }");
        assert!(notes > 0, "{text}");
    }
}
