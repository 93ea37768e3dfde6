//! Reads values of all kinds, by the nodes of Ruby's parser.

use ruby_prism::Node;

use super::super::facts::kept;
use super::super::form::{Block, Call, Expr, Line, Part, Statement, string};
use super::super::nodes::holds;
use super::super::note::{Kind, Lack, Read, Unported};
use super::super::ruby::{Offsets, body_of, constant, id, literal, local_or_host, source, statements};
use super::locals::{Local, Type};
use super::strings::CommandLines;
use super::{DEEPEST, Reader};

impl Reader<'_> {
    /// Reads a value.
    pub(super) fn expression(&mut self, node: &Node<'_>) -> Read<Expr> {
        self.depth += 1;
        let read = match self.depth > DEEPEST {
            true => Err(Unported::new(Kind::Construct, "it is nested too deeply")),
            false => self.any(node),
        };
        self.depth -= 1;
        read
    }

    /// Reads the values of a list.
    pub(super) fn expressions(&mut self, nodes: &[Node<'_>]) -> Read<Vec<Expr>> {
        nodes.iter().map(|node| self.expression(node)).collect()
    }

    fn any(&mut self, node: &Node<'_>) -> Read<Expr> {
        if is_written_before(node)
            && let Some(value) = self.assigned.get(&node.location().start_offset())
        {
            return Ok(value.clone());
        }
        if let Some(parts) = self.parts(node) {
            return Ok(string(parts?));
        }
        if let Some(simple) = self.simple(node) {
            return simple;
        }
        if let Some(call) = node.as_call_node() {
            return self.call(node, &call);
        }
        if let Some(inner) = super::conditions::inside(node) {
            return self.expression(&inner);
        }
        if let Some(either) = node.as_or_node() {
            return self.either(&either);
        }
        if let Some(both) = node.as_and_node() {
            let condition = self.condition(&both.left())?;
            let value = self.expression(&both.right())?;
            return Ok(Expr::If(vec![(condition, Block::giving(value))], None));
        }
        if let Some(choice) = node.as_if_node() {
            return self.if_value(&choice);
        }
        if let Some(choice) = node.as_unless_node() {
            return self.unless_value(&choice);
        }
        if let Some(case) = node.as_case_node() {
            return self.case(&case, true);
        }
        if node.as_array_node().is_some() || node.as_hash_node().is_some() || node.as_keyword_hash_node().is_some() {
            return self.collection(node);
        }
        if let Some(range) = node.as_range_node() {
            let (Some(left), Some(right)) = (range.left(), range.right()) else {
                return self.refuse(Kind::Construct, "a range without an end");
            };
            let operator = if range.is_exclude_end() { ".." } else { "..=" };
            if let Some(letters) = letters(&left, &right, operator) {
                return Ok(letters);
            }
            if left.as_string_node().is_some() {
                return self.refuse(Kind::Construct, "a range of strings");
            }
            return Ok(self.expression(&left)?.binary(operator, self.expression(&right)?));
        }
        if let Some(lambda) = node.as_lambda_node() {
            let behind = body_of(lambda.parameters(), lambda.body(), lambda.location().end_offset());
            return self.function_of_later(behind);
        }
        if let Some(rescued) = node.as_rescue_modifier_node() {
            return self.rescued_value(&rescued);
        }
        if let Some(begin) = node.as_begin_node() {
            return self.begin_value(&begin);
        }
        if let Some(node) = node.as_yield_node() {
            return self.yielded(&node);
        }
        self.special(node)
    }

    /// Reads a value that is one word.
    fn simple(&mut self, node: &Node<'_>) -> Option<Read<Expr>> {
        if node.as_nil_node().is_some() {
            return Some(Ok(Expr::Unit));
        }
        if node.as_true_node().is_some() || node.as_false_node().is_some() {
            return Some(Ok(Expr::Bool(node.as_true_node().is_some())));
        }
        if node.as_symbol_node().is_some() {
            return Some(Ok(Expr::Symbol(literal(node).unwrap_or_default())));
        }
        if node.as_integer_node().is_some() || node.as_float_node().is_some() {
            return Some(self.number(&source(node)));
        }
        if let Some(local) = node.as_local_variable_read_node() {
            return Some(self.read_local(&id(&local.name())));
        }
        if let Some(host) = local_or_host(node)
            && self.local(&host).is_some_and(|local| local.kind == Type::Server)
        {
            return Some(self.read_local(&host));
        }
        if let Some(variable) = node.as_instance_variable_read_node() {
            let name = id(&variable.name());
            let is_set_before = self.set.contains(&kept(&name));
            return Some(self.kept(&name).map(|value| match value {
                // It is nothing until it is set.
                Expr::Name(own) if self.deferred > 0 && !is_set_before => {
                    Expr::call("fetch", vec![Expr::Symbol(own), Expr::Unit])
                }
                value => value,
            }));
        }
        if let Some(variable) = node.as_global_variable_read_node() {
            let name = id(&variable.name());
            return Some(match name.as_str() {
                "$?" | "$CHILD_STATUS" => self.status_shown(),
                "$$" => Ok(Expr::call("ruby_pid", Vec::new())),
                "$stdout" | "$stderr" | "$PROGRAM_NAME" | "$0" | "$:" | "$LOAD_PATH" => {
                    self.refuse(Kind::Construct, format!("there is no `{name}` here"))
                }
                name => self.kept(name),
            });
        }
        if node.as_source_file_node().is_some() {
            return Some(Ok(self.file_here()));
        }
        None
    }

    /// Reads a number; one with a leading zero stays octal.
    fn number(&self, written: &str) -> Read<Expr> {
        let plain = written.replace('_', "");
        let digits = plain.trim_start_matches('-');
        let is_octal = digits.len() > 1 && digits.starts_with('0') && digits.chars().all(|c| c.is_ascii_digit());
        match is_octal
            || plain.parse::<i64>().is_ok()
            || plain.parse::<f64>().is_ok_and(f64::is_finite) && plain.contains('.')
        {
            true if digits == plain => Ok(Expr::Number(plain)),
            true => Ok(Expr::Negative(Box::new(Expr::Number(digits.to_owned())))),
            false if plain.starts_with("0o") || plain.starts_with("0x") && plain.len() < 17 => Ok(Expr::Number(plain)),
            false => self.refuse(Kind::Construct, "a number that is too large"),
        }
    }

    /// Reads constants, instance variables and global variables, which are variables of the recipe here.
    pub(super) fn kept(&self, name: &str) -> Read<Expr> {
        let name = kept(name);
        match self.facts.variables.contains_key(&name) {
            true => Ok(self.variable(&name)),
            false => {
                let reason = format!("nothing in these files sets `{name}`");
                self.lacks(Kind::Name, Lack::Name(name), reason)
            }
        }
    }

    /// Returns a variable of the recipe by its name.
    pub(super) fn variable(&self, name: &str) -> Expr {
        let vocabulary = &self.facts.vocabulary;
        let is_hidden = self.is_written(name);
        let begins = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_');
        let is_word = begins && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        match vocabulary.is_verb(name) || vocabulary.is_reserved(name) || is_hidden || !is_word {
            true => Expr::call("fetch", vec![Expr::symbol(name)]),
            false => Expr::name(name),
        }
    }

    /// Reads a list or a map.
    fn collection(&mut self, node: &Node<'_>) -> Read<Expr> {
        if let Some(list) = node.as_array_node() {
            let items: Vec<Node<'_>> = list.elements().iter().collect();
            return self.items(&items);
        }
        self.hash(node)
    }

    /// Reads the items of a list; `*other` is added to it.
    pub(super) fn items(&mut self, nodes: &[Node<'_>]) -> Read<Expr> {
        let mut whole: Option<Expr> = None;
        let mut part = Vec::new();
        for node in nodes {
            match node.as_splat_node().map(|splat| splat.expression()) {
                Some(Some(inner)) => {
                    let inner = self.expression(&inner)?;
                    let before = std::mem::take(&mut part);
                    whole = Some(match (whole, before.is_empty()) {
                        (None, true) => inner,
                        (None, false) => Expr::List(before).binary("+", inner),
                        (Some(whole), true) => whole.binary("+", inner),
                        (Some(whole), false) => whole.binary("+", Expr::List(before)).binary("+", inner),
                    });
                }
                Some(None) => return self.refuse(Kind::Construct, "`*` without a name"),
                None => part.push(self.expression(node)?),
            }
        }
        Ok(match whole {
            None => Expr::List(part),
            Some(whole) if part.is_empty() => whole,
            Some(whole) => whole.binary("+", Expr::List(part)),
        })
    }

    /// Reads a block as a function without a name, for `map` and similar calls.
    pub(super) fn closure(&mut self, behind: super::super::ruby::Behind<'_>) -> Read<Expr> {
        self.closure_over(behind, Type::Unknown)
    }

    /// Returns a group of the match that was found: `$1`, `Regexp.last_match(1)`.
    pub(super) fn group(&self, number: u32) -> Read<Expr> {
        let index = Box::new(Expr::Number(number.to_string()));
        match &self.found {
            Some(found) => Ok(Expr::Index(Box::new(Expr::name(found)), index)),
            None => self.refuse(Kind::Construct, "`$1` of a match that is not clear"),
        }
    }

    /// Reads a block as a function without a name whose parameters are of this kind.
    pub(super) fn closure_over(&mut self, behind: super::super::ruby::Behind<'_>, kind: Type) -> Read<Expr> {
        let is_return = |node: &Node<'_>| node.as_return_node().is_some();
        if statements(behind.body.as_ref())
            .iter()
            .any(|node| holds(node, &is_return))
        {
            // It would leave the function around the block.
            return self.refuse(Kind::Construct, "`return` in a block that gives a value");
        }
        self.lambda(behind, kind)
    }

    /// Reads a lambda, or a block that nothing in it leaves.
    pub(super) fn lambda(&mut self, behind: super::super::ruby::Behind<'_>, kind: Type) -> Read<Expr> {
        if behind.is_odd && behind.apart.is_empty() || behind.rescue.is_some() {
            return self.refuse(Kind::Construct, "a block with parameters of this kind");
        }
        let nodes = statements(behind.body.as_ref());
        self.scopes.push(std::collections::BTreeMap::new());
        let mut names = Vec::new();
        for name in &behind.parameters {
            let local = Local {
                kind,
                ..Local::default()
            };
            names.push(self.declare(name, local));
        }
        let mut parts = Vec::new();
        for (whole, own) in &behind.apart {
            for (at, name) in own.iter().enumerate() {
                let place = Box::new(Expr::Number(at.to_string()));
                let part = Expr::Index(Box::new(Expr::name(whole)), place);
                parts.push(Line::new(Statement::Let(self.declare(name, Local::default()), part)));
            }
        }
        let notes = self.notes.len();
        let outer = self.loops;
        self.loops = outer.closure();
        let body = match nodes.as_slice() {
            [only] => self.expression(only).map(Block::giving),
            _ => {
                let body = self.statements(&nodes, behind.end, true);
                match self.notes.get(notes) {
                    Some(note) => Err(Unported::around(note)),
                    None => Ok(body),
                }
            }
        };
        self.loops = outer;
        self.notes.truncate(notes);
        self.scopes.pop();
        let mut body = body?;
        body.lines.splice(0..0, parts);
        let is_jump = |line: &Line| matches!(line.statement, Statement::Continue | Statement::Break);
        if body.lines.iter().any(is_jump) {
            return self.refuse(Kind::Construct, "`next` in a block that gives a value");
        }
        Ok(Expr::Closure(names, body))
    }

    /// Reads the other values: classes, regular expressions, commands in backticks.
    fn special(&mut self, node: &Node<'_>) -> Read<Expr> {
        if let Some(name) = constant(node) {
            return match name.as_str() {
                "ENV" => Ok(Expr::name("ENV")),
                // capr runs on Linux.
                "RUBY_PLATFORM" => Ok(Expr::text("x86_64-linux")),
                "RUBY_VERSION" => self.refuse(Kind::Code, format!("`{name}` is not known here")),
                "ARGV" => Ok(Expr::call("arguments", Vec::new())),
                name if self.facts.variables.contains_key(&name.to_lowercase()) => self.kept(name),
                name if self.facts.version < 3 && super::logger::level(name).is_some() => {
                    Ok(Expr::number(super::logger::level(name).unwrap_or_default()))
                }
                name => {
                    let reason = format!("`{name}` is a class of Ruby, of a gem or of the application");
                    self.no_class(name.to_owned(), reason)
                }
            };
        }
        if let Some(command) = self.in_backticks(node)? {
            return Ok(output_of(command));
        }
        if let Some(symbol) = node.as_interpolated_symbol_node() {
            let parts: Vec<Node<'_>> = symbol.parts().iter().collect();
            return Ok(string(self.pieces(&parts)?));
        }
        if node.as_regular_expression_node().is_some() {
            return self.regular(node);
        }
        if let Some(group) = node.as_numbered_reference_read_node() {
            return self.group(group.number());
        }
        if node.as_source_line_node().is_some() {
            return Ok(Expr::Number(self.line_of(node.location().start_offset()).to_string()));
        }
        if node.as_self_node().is_some() {
            return self.refuse(Kind::Construct, "`self` has no value here");
        }
        if let Some(splat) = node.as_splat_node() {
            return match splat.expression() {
                Some(inner) => self.expression(&inner),
                None => self.refuse(Kind::Construct, "`*` without a name"),
            };
        }
        let what = source(node);
        let what: String = what.chars().take_while(|c| *c != '\n').take(40).collect();
        let reason = match what.is_empty() {
            true => "something is missing here, or there is an `end` too many: it is no Ruby".to_owned(),
            false => format!("`{}` has no form here", super::printable(&what)),
        };
        let class = node.as_class_node().and_then(|class| constant(&class.constant_path()));
        match class {
            // Those who use it have nothing to work on once it has a form.
            Some(class) => self.lacks(Kind::Construct, Lack::Class(class), reason),
            None => self.refuse(Kind::Construct, reason),
        }
    }

    /// Reads a command in backticks, which runs on this machine; `None` for anything else.
    pub(super) fn in_backticks(&mut self, node: &Node<'_>) -> Read<Option<Call>> {
        let text = if let Some(command) = node.as_x_string_node() {
            Expr::Text(String::from_utf8_lossy(command.unescaped()).into_owned())
        } else if let Some(command) = node.as_interpolated_x_string_node() {
            let parts: Vec<Node<'_>> = command.parts().iter().collect();
            string(self.pieces(&parts)?)
        } else {
            return Ok(None);
        };
        let dir = self.local_dir.clone().map(|dir| ("dir".to_owned(), dir));
        Ok(Some(Call {
            options: dir.into_iter().collect(),
            ..Call::new("run_locally", vec![self.as_command(text, CommandLines::Kept)])
        }))
    }

    /// Reads `a || b` as a value: a missing one is replaced by the other.
    fn either(&mut self, either: &ruby_prism::OrNode<'_>) -> Read<Expr> {
        let (left, right) = (either.left(), either.right());
        let value = self.expression(&left)?;
        if self.kind_of(&value) == Type::YesNo || self.truth(&left) == Type::YesNo {
            let (left, other) = (self.condition(&left)?, self.expression(&right)?);
            return Ok(
                match self.kind_of(&other) == Type::YesNo || self.truth(&right) == Type::YesNo {
                    true => left.binary("||", self.condition(&right)?),
                    false => otherwise(left, Expr::Bool(true), other),
                },
            );
        }
        let value = match value {
            Expr::Name(name) if self.given(&name).yes_no => {
                let value = Expr::Name(name);
                return Ok(otherwise(
                    value.clone().into_condition(),
                    value,
                    self.expression(&right)?,
                ));
            }
            Expr::Unit => return self.expression(&right),
            // A list need not have so many items.
            Expr::Index(list, at)
                if matches!(*at, Expr::Number(_))
                    && !matches!(*list, Expr::Call(ref call) if call.name == "captures") =>
            {
                list.method("get", vec![*at])
            }
            // This is shorter than `fetch(:x, ()) ?? y` and means the same.
            Expr::Call(mut call) if call.name == "fetch" && call.arguments.get(1) == Some(&Expr::Unit) => {
                call.arguments.truncate(1);
                call.arguments.push(self.expression(&right)?);
                return Ok(Expr::Call(call));
            }
            value => value,
        };
        Ok(value.binary("??", self.expression(&right)?))
    }
}

/// The commands that fail only where nothing of the recipe works: that they do may be an error.
const SURE: &[&str] = &[
    "git rev-parse",
    "git branch",
    "git tag",
    "git log",
    "git rev-list",
    "git symbolic-ref",
    "whoami",
    "hostname",
    "mktemp",
    "uname",
    "date",
    "pwd",
    "echo",
];

/// Returns what a command in backticks has written: Ruby takes that of one that fails, too.
fn output_of(mut command: Call) -> Expr {
    let parts = command
        .arguments
        .first()
        .map(|text| text.clone().parts())
        .unwrap_or_default();
    // What a person names may not be there, and neither may what was never fetched.
    let is_open = |part: &Part| match part {
        Part::Text(text) => text.contains(['|', '&', ';', '>']) || text.contains("origin"),
        Part::Value(_) => true,
    };
    let starts = |text: &str| SURE.iter().any(|sure| text.trim_start().starts_with(sure));
    let is_sure = matches!(parts.first(), Some(Part::Text(text)) if starts(text));
    if is_sure && !parts.iter().any(is_open) {
        return Expr::Call(command);
    }
    command.options.push(("result".to_owned(), Expr::Bool(true)));
    Expr::Member(Box::new(Expr::Call(command)), "stdout".to_owned())
}

/// Returns a value where a condition holds, and else another one.
fn otherwise(condition: Expr, value: Expr, other: Expr) -> Expr {
    Expr::If(vec![(condition, Block::giving(value))], Some(Block::giving(other)))
}

/// Returns `"a".."e"` as a list of its letters.
fn letters(left: &Node<'_>, right: &Node<'_>, operator: &str) -> Option<Expr> {
    let one = |node: &Node<'_>| {
        let text = node.as_string_node().and_then(|_| literal(node))?;
        text.parse::<char>().ok().filter(char::is_ascii_alphanumeric)
    };
    let (first, last) = (one(left)?, one(right)?);
    let all = (first..=last).filter(|letter| operator == "..=" || *letter != last);
    let is_same =
        first.is_ascii_digit() == last.is_ascii_digit() && first.is_ascii_uppercase() == last.is_ascii_uppercase();
    is_same.then(|| Expr::List(all.map(|letter| Expr::text(&letter.to_string())).collect()))
}

/// Returns true for code that may stand before the code around it.
fn is_written_before(node: &Node<'_>) -> bool {
    node.as_local_variable_write_node().is_some()
        || node.as_local_variable_or_write_node().is_some()
        || node.as_index_or_write_node().is_some()
        || node.as_instance_variable_write_node().is_some()
        || node.as_instance_variable_or_write_node().is_some()
        || node.as_global_variable_write_node().is_some()
        || node.as_constant_write_node().is_some()
        || node.as_x_string_node().is_some()
        || node.as_interpolated_x_string_node().is_some()
        || node
            .as_call_node()
            .is_some_and(|call| id(&call.name()) == "system" && call.receiver().is_none())
}
