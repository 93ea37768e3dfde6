//! Reads locals: their declarations and their kinds.

use std::collections::{BTreeMap, BTreeSet};

use ruby_prism::{Node, Visit};

use super::super::form::{Block, Expr, Line, Statement};
use super::super::note::{Kind, Read, Unported};
use super::super::ruby::id;
use super::Reader;

/// The kind of a value, as far as it is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Type {
    #[default]
    Unknown,
    YesNo,
    /// A string, never nothing.
    Text,
    List,
    Map,
    Number,
    /// A value that is true in Ruby, or nothing.
    Maybe,
    /// One of the servers that `find_servers` returns.
    Server,
    /// A function without a name.
    Function,
    /// A map whose parts Ruby reads as methods: `OpenStruct.new(…)`.
    Record,
    /// A version, which is not compared as a string: `Gem::Version.new(…)`.
    Version,
    /// A URL, a connection, a request of HTTP or its answer.
    Web,
}

/// A local.
#[derive(Clone, Debug, Default)]
pub(super) struct Local {
    /// Its name in the recipe.
    pub(super) written: String,
    pub(super) kind: Type,
    /// True for a parameter of a function.
    pub(super) is_parameter: bool,
    /// True if it is given a value that may be nothing.
    pub(super) may_be_nothing: bool,
    /// True if it is given a command with blanks inside.
    pub(super) has_blanks: bool,
    /// True if it is given a string with several lines.
    pub(super) has_lines: bool,
}

impl Reader<'_> {
    /// Removes the locals of a block that held nothing but a template, which stands where it is filled in.
    pub(super) fn without_templates(&mut self, block: &mut Block) {
        // One may be read by another one alone.
        loop {
            let mut is_done = true;
            for name in std::mem::take(&mut self.spent) {
                is_done &= !self.is_without(block, name);
            }
            if is_done {
                break;
            }
        }
        let is_here = |line: &Line, name: &String| matches!(&line.statement, Statement::Let(own, _) if own == name);
        self.spent
            .retain(|name| !block.lines.iter().any(|line| is_here(line, name)));
    }

    /// Removes a local that held nothing but a template; returns true if it did.
    fn is_without(&mut self, block: &mut Block, name: String) -> bool {
        let holds = |line: &Line| match &line.statement {
            Statement::Let(own, value) => own == &name && !matches!(value, Expr::Unit),
            _ => false,
        };
        let index = block.lines.iter().position(holds);
        let is_read = || super::loading::read_of(&block.lines, &BTreeSet::from([name.clone()])).is_some();
        let Some(index) = index.filter(|_| !is_read()) else {
            self.spent.insert(name);
            return false;
        };
        let line = block.lines.remove(index);
        if let Some(next) = block.lines.get_mut(index) {
            next.above.splice(0..0, line.above);
        }
        true
    }

    /// Declares a local in the innermost block; returns its name in the recipe.
    pub(super) fn declare(&mut self, name: &str, local: Local) -> String {
        let vocabulary = &self.facts.vocabulary;
        let begins = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && name.is_ascii();
        let mut written = match vocabulary.is_verb(name) || vocabulary.is_reserved(name) || !begins || name == "_" {
            true if begins => format!("the_{}", name.trim_start_matches('_')),
            true => "value".to_owned(),
            false => name.to_owned(),
        };
        while self.avoided.contains(&written) {
            written.insert_str(0, "own_");
        }
        self.lost.remove(name);
        let local = Local {
            written: written.clone(),
            ..local
        };
        if let Some(scope) = self.scopes.last_mut() {
            scope.insert(name.to_owned(), local);
        }
        written
    }

    /// Returns the local of this name.
    pub(super) fn local(&self, name: &str) -> Option<&Local> {
        self.scopes.iter().rev().find_map(|scope| scope.get(name))
    }

    /// Returns the innermost local that has this name in the recipe.
    pub(super) fn local_written(&self, name: &str) -> Option<&Local> {
        let mut locals = self.scopes.iter().rev().flat_map(BTreeMap::values);
        locals.find(|local| local.written == name)
    }

    /// Reads a local.
    pub(super) fn read_local(&mut self, name: &str) -> Read<Expr> {
        if let Some(note) = self.lost.get(name) {
            return Err(Unported::needs(name, Some(*note)));
        }
        if let Some(value) = self.given.get(name) {
            return Ok(value.clone());
        }
        if self.onion.host.as_deref() == Some(name) && self.local(name).is_none() {
            return Ok(Expr::text("$CAPISTRANO:HOST$"));
        }
        match self.local(name) {
            Some(local) => {
                let value = Expr::Name(local.written.clone());
                // A server alone means its host, as in SSHKit.
                let is_named = (self.onion.is_each || local.is_parameter) && local.kind == Type::Server;
                Ok(match is_named {
                    true => Expr::Member(Box::new(value), "host".to_owned()),
                    false => value,
                })
            }
            None => self.refuse(Kind::Name, format!("`{name}` has no value here")),
        }
    }

    /// Writes `name = value`.
    pub(super) fn write_local(&mut self, name: &str, value: Expr) -> Vec<Line> {
        let kind = self.kind_of(&value);
        self.given.remove(name);
        self.keep_time(name, &value);
        let is_text = match &value {
            Expr::Text(_) | Expr::Template(_) => true,
            Expr::Call(call) => matches!(
                call.name.as_str(),
                "dirname" | "expand_path" | "join_path" | "read_file"
            ),
            Expr::Binary("??", _, file) => matches!(&**file, Expr::Call(call) if call.name == "read_file"),
            // It may be a decision between templates.
            Expr::If(_, Some(otherwise)) => otherwise.value().is_some(),
            _ => false,
        };
        self.texts.remove(name);
        // A local of a loop's body gets its value anew each time.
        if is_text && (!self.loops.is_within() || self.local(name).is_none()) {
            self.texts.insert(name.to_owned(), value.clone());
        }
        let may_be_nothing = may_be_nothing(&value);
        let has_blanks = self.has_blanks(&value);
        let has_lines = self.has_lines(&value);
        let visible = self.scopes.iter_mut().rev().find_map(|scope| scope.get_mut(name));
        if let Some(local) = visible {
            local.may_be_nothing |= may_be_nothing;
            local.has_blanks |= has_blanks;
            local.has_lines |= has_lines;
            local.kind = match local.kind == kind || kind == Type::Web {
                true => kind,
                false => Type::Unknown,
            };
            let target = Expr::Name(local.written.clone());
            self.lost.remove(name);
            return vec![Line::new(Statement::Assign(target, "=", value))];
        }
        let local = Local {
            kind,
            may_be_nothing,
            has_blanks,
            has_lines,
            ..Local::default()
        };
        let written = self.declare(name, local);
        vec![Line::new(Statement::Let(written, value))]
    }

    /// Returns true for a local, or a part of a list of strings, that may be nothing.
    pub(super) fn may_be_empty(&self, value: &Expr) -> bool {
        let is_unsure = match value {
            Expr::Name(name) => self.local_written(name).is_some_and(|local| local.may_be_nothing),
            Expr::Method(..) => false,
            _ => return false,
        };
        is_unsure || self.kind_of(value) == Type::Maybe
    }

    /// Returns the kind of a value.
    pub(super) fn kind_of(&self, value: &Expr) -> Type {
        match value {
            Expr::Bool(_) | Expr::Not(_) => Type::YesNo,
            Expr::Binary("==" | "!=" | "<" | ">" | "<=" | ">=" | "in" | "||" | "&&", ..) => Type::YesNo,
            Expr::Text(_) | Expr::Template(_) | Expr::Script(_) | Expr::Symbol(_) => Type::Text,
            Expr::List(_) => Type::List,
            Expr::Map(_) => Type::Map,
            Expr::Number(_) | Expr::Negative(_) => Type::Number,
            Expr::Member(_, name) if name == "stdout" => Type::Text,
            Expr::Closure(..) => Type::Function,
            Expr::Block(block) if block.gives => match block.lines.last().map(|line| &line.statement) {
                Some(Statement::Value(value)) => match self.kind_of(value) {
                    kind @ (Type::Map | Type::Web) => kind,
                    _ => Type::Unknown,
                },
                _ => Type::Unknown,
            },
            Expr::Index(owner, _) if **owner == Expr::name("ENV") => Type::Maybe,
            Expr::Binary("??", _, default) => self.kind_of(default),
            Expr::Binary("+", left, _) if matches!(self.kind_of(left), Type::Text | Type::List) => self.kind_of(left),
            Expr::Binary("-", left, _) if self.kind_of(left) == Type::List => Type::List,
            Expr::Index(list, _) if super::lists::is_list_of_servers(list) => Type::Server,
            Expr::Call(call) => match call.name.as_str() {
                "fetch" if self.is_function(call.arguments.first()) => Type::Function,
                "primary" => Type::Server,
                "join_path" | "dirname" | "basename" | "strip" | "chomp" | "capture" | "now" | "utc_now" | "join"
                | "read_file" | "gsub" | "sub" | "run_locally" | "quote" | "expand_path" | "ruby_camel"
                | "ruby_decimals" | "ruby_ljust" | "ruby_rjust" | "ruby_title" | "ruby_without_end"
                | "ruby_without_start" | "ruby_zeros" => Type::Text,
                "arguments" | "glob" | "lines" | "scan" | "ruby_both" | "ruby_dropped" | "ruby_filtered"
                | "ruby_flat" | "ruby_last" | "ruby_list" | "ruby_minus" | "ruby_numbered" | "ruby_pairs"
                | "ruby_parted" | "ruby_product" | "ruby_reversed" | "ruby_rows" | "ruby_slices" | "ruby_stepped"
                | "ruby_taken" | "ruby_sorted" | "ruby_sorted_by" | "ruby_split" | "ruby_words" | "ruby_zip" => {
                    Type::List
                }
                "ruby_groups" | "ruby_inverted" | "ruby_map" | "ruby_tally" => Type::Map,
                "ruby_record" => Type::Record,
                "ruby_version_of" => Type::Version,
                "ruby_connection" | "ruby_http" | "ruby_request" | "ruby_sent" | "ruby_uri" => Type::Web,
                "ruby_part" | "ruby_times" => call
                    .arguments
                    .first()
                    .map_or(Type::Unknown, |value| self.kind_of(value)),
                "matches" | "file_exists" | "ruby_is_file" | "dir_exists" | "test" | "exists" | "system" => Type::YesNo,
                "captures" | "ruby_named" => Type::Maybe,
                "read_yaml" | "parse_yaml" => Type::Map,
                _ => Type::Unknown,
            },
            Expr::Name(name) => self
                .local_written(name)
                .map(|local| local.kind)
                .or_else(|| self.facts.is_function(name).then_some(Type::Function))
                .unwrap_or(Type::Unknown),
            Expr::Method(_, name, _) if name == "find" => Type::Maybe,
            Expr::Method(list, name, _) if name == "get" && self.kind_of(list) == Type::List => Type::Maybe,
            Expr::Method(_, name, _) => match name.as_str() {
                "to_upper" | "to_lower" | "to_string" => Type::Text,
                "map" | "filter" | "split" | "keys" | "values" | "extract" => Type::List,
                "sub_string" => Type::Text,
                "len" => Type::Number,
                "contains" | "starts_with" | "ends_with" | "is_empty" => Type::YesNo,
                _ => Type::Unknown,
            },
            _ => Type::Unknown,
        }
    }

    /// Returns true for the name of a variable that is a function.
    fn is_function(&self, variable: Option<&Expr>) -> bool {
        let name = variable.and_then(Expr::literal);
        name.is_some_and(|name| self.facts.is_function(name))
    }

    /// Returns true for a function without a name.
    pub(super) fn is_closure(&self, value: &Expr) -> bool {
        self.kind_of(value) == Type::Function
    }

    /// Notes that the locals which a statement would have set have no value; `note` is the number of the statement's note.
    pub(super) fn lose(&mut self, node: &Node<'_>, note: usize) {
        let mut names = Names::default();
        names.visit(node);
        let lost: Vec<(String, usize)> = names.written.into_iter().map(|name| (name, note)).collect();
        self.losses.extend(lost.iter().cloned());
        self.lost.extend(lost);
    }

    /// Loses again what a branch has lost: another branch may have given the local a value.
    pub(super) fn lose_behind(&mut self, node: &Node<'_>, before: usize) {
        let has_branches = node.as_if_node().is_some()
            || node.as_unless_node().is_some()
            || node.as_case_node().is_some()
            || node.as_begin_node().is_some();
        if has_branches {
            self.lost
                .extend(self.losses.get(before..).unwrap_or_default().iter().cloned());
        }
    }

    /// Returns the names that are first set inside a statement and needed by a later one.
    pub(super) fn early(&self, nodes: &[Node<'_>]) -> Vec<String> {
        let read: Vec<(Vec<String>, Names)> = nodes
            .iter()
            .map(|node| {
                let mut names = Names::default();
                names.visit(node);
                (targets(node), names)
            })
            .collect();
        let mut early: Vec<String> = Vec::new();
        let mut declared: BTreeSet<&str> = BTreeSet::new();
        for (index, (targets, names)) in read.iter().enumerate() {
            let later = |name: &String| {
                let rest = read.iter().skip(index + 1);
                rest.clone()
                    .any(|(_, other)| other.written.contains(name) || other.read.contains(name))
            };
            for name in &names.written {
                let is_direct = targets.contains(name);
                if !is_direct && !declared.contains(name.as_str()) && self.local(name).is_none() && later(name) {
                    early.push(name.clone());
                }
            }
            declared.extend(names.written.iter().map(String::as_str));
        }
        early.dedup();
        early
    }
}

/// Returns true for a value that is nothing in Ruby where a variable, an entry of a map or a part of a match is not there.
fn may_be_nothing(value: &Expr) -> bool {
    match value {
        Expr::Unit | Expr::If(_, None) => true,
        Expr::If(arms, Some(otherwise)) => {
            let mut blocks = arms.iter().map(|(_, block)| block).chain([otherwise]);
            blocks.any(|block| block.value().is_some_and(may_be_nothing))
        }
        Expr::Call(call) => call.name == "fetch" && call.arguments.get(1) == Some(&Expr::Unit),
        Expr::Index(_, key) => key.literal().is_some(),
        _ => false,
    }
}

/// Returns the locals to which a statement itself assigns.
fn targets(node: &Node<'_>) -> Vec<String> {
    if let Some(write) = node.as_local_variable_write_node() {
        // This is `a = b = 1`.
        let mut names = targets(&write.value());
        names.push(id(&write.name()));
        return names;
    }
    if let Some(write) = node.as_local_variable_or_write_node() {
        return vec![id(&write.name())];
    }
    let decides = node.as_and_node().map(|both| both.left());
    let decides = decides.or_else(|| node.as_case_node()?.predicate());
    let decides = decides.or_else(|| node.as_or_node().map(|either| either.left()));
    if decides.is_some() || node.as_call_node().is_some() {
        return super::assigned::always_written(decides.as_ref().unwrap_or(node));
    }
    let Some(several) = node.as_multi_write_node() else {
        return Vec::new();
    };
    let rest = several.rest().and_then(|rest| rest.as_splat_node()?.expression());
    let all = several
        .lefts()
        .iter()
        .chain(rest)
        .chain(several.rights().iter())
        .collect::<Vec<_>>();
    all.iter()
        .filter_map(|target| target.as_local_variable_target_node().map(|target| id(&target.name())))
        .collect()
}

/// The locals in a statement, without those that blocks in it declare.
#[derive(Default)]
struct Names {
    written: BTreeSet<String>,
    read: BTreeSet<String>,
}

impl<'pr> Visit<'pr> for Names {
    fn visit_local_variable_write_node(&mut self, node: &ruby_prism::LocalVariableWriteNode<'pr>) {
        self.written.insert(id(&node.name()));
        ruby_prism::visit_local_variable_write_node(self, node);
    }
    fn visit_local_variable_or_write_node(&mut self, node: &ruby_prism::LocalVariableOrWriteNode<'pr>) {
        self.written.insert(id(&node.name()));
        ruby_prism::visit_local_variable_or_write_node(self, node);
    }
    fn visit_local_variable_operator_write_node(&mut self, node: &ruby_prism::LocalVariableOperatorWriteNode<'pr>) {
        self.read.insert(id(&node.name()));
        ruby_prism::visit_local_variable_operator_write_node(self, node);
    }
    fn visit_local_variable_target_node(&mut self, node: &ruby_prism::LocalVariableTargetNode<'pr>) {
        self.written.insert(id(&node.name()));
    }
    fn visit_local_variable_read_node(&mut self, node: &ruby_prism::LocalVariableReadNode<'pr>) {
        self.read.insert(id(&node.name()));
    }
    fn visit_block_node(&mut self, node: &ruby_prism::BlockNode<'pr>) {
        // A local that a block sets first is its own; one that it reads may come from outside.
        let mut inner = Names::default();
        ruby_prism::visit_block_node(&mut inner, node);
        self.read.extend(inner.read);
    }
    fn visit_lambda_node(&mut self, node: &ruby_prism::LambdaNode<'pr>) {
        let mut inner = Names::default();
        ruby_prism::visit_lambda_node(&mut inner, node);
        self.read.extend(inner.read);
    }
    fn visit_def_node(&mut self, _: &ruby_prism::DefNode<'pr>) {}
}
