//! Reads functions of a file.

use std::collections::BTreeMap;

use ruby_prism::{Node, ParseResult};

use super::super::facts::Function as Known;
use super::super::form::{Block, Expr, Line, Statement};
use super::super::note::{Kind, Lack, Read, Unported};
use super::super::ruby::{HOST, Offsets, arguments, id};
use super::comments::Comments;
use super::locals::{Local, Type};
use super::{Onion, Reader};

/// The knowledge of a reader about the place that it reads.
pub(super) struct CodePlace<'a> {
    pub(super) file: usize,
    pub(super) text: &'a [u8],
    pub(super) comments: Comments<'a>,
    pub(super) scopes: Vec<BTreeMap<String, Local>>,
    pub(super) given: BTreeMap<String, Expr>,
    pub(super) lost: BTreeMap<String, usize>,
    pub(super) namespaces: Vec<String>,
    pub(super) onion: Onion,
    pub(super) assigned: BTreeMap<usize, Expr>,
}

impl<'a> CodePlace<'a> {
    /// Makes the place of code that stands alone.
    pub(super) fn of(file: usize, parsed: &ParseResult<'_>, text: &'a [u8]) -> Self {
        Self {
            file,
            text,
            comments: Comments::of(parsed, text),
            scopes: Vec::new(),
            given: BTreeMap::new(),
            lost: BTreeMap::new(),
            namespaces: Vec::new(),
            onion: Onion::default(),
            assigned: BTreeMap::new(),
        }
    }
}

impl<'a> Reader<'a> {
    /// Reads `def`.
    pub(super) fn function(&mut self, node: &Node<'_>, function: &ruby_prism::DefNode<'_>) -> Read<Vec<Line>> {
        let ruby_name = id(&function.name());
        let is_default = matches!(ruby_name.as_str(), "set_default" | "_cset" | "set_unless_exists");
        if is_default || self.facts.defaulting.contains(&ruby_name) || self.facts.people.contains(&ruby_name) {
            return Ok(Vec::new());
        }
        if function.receiver().is_some_and(|of| of.as_self_node().is_none()) {
            return self.refuse(Kind::Construct, "a method of an object");
        }
        if self
            .facts
            .functions
            .get(&ruby_name)
            .is_some_and(|known| known.is_of_templates)
            && !self.facts.as_values.contains(&ruby_name)
        {
            self.remarks
                .push(format!("`{ruby_name}` stands where it is called, with the template"));
            return Ok(Vec::new());
        }
        let (mut parameters, mut defaults) = (Vec::new(), Vec::new());
        let scopes = std::mem::take(&mut self.scopes);
        self.scopes.push(BTreeMap::new());
        if let Some(list) = function.parameters() {
            let rest = list.rest().and_then(|rest| rest.as_rest_parameter_node()?.name());
            let is_odd = list.rest().is_some() && (rest.is_none() || list.optionals().iter().next().is_some())
                || list.posts().iter().next().is_some()
                || list.keyword_rest().is_some();
            let names: Vec<Option<String>> = list
                .requireds()
                .iter()
                .map(|node| node.as_required_parameter_node().map(|node| id(&node.name())))
                .collect();
            if is_odd || names.iter().any(Option::is_none) {
                self.scopes = scopes;
                return self.refuse(Kind::Construct, "a function with parameters of this kind");
            }
            let servers = super::super::parameters::servers_of(function);
            for name in names.into_iter().flatten() {
                let local = Local {
                    kind: if servers.contains(&name) {
                        Type::Server
                    } else {
                        Type::Unknown
                    },
                    is_parameter: true,
                    ..Local::default()
                };
                parameters.push(self.declare(&name, local));
            }
            let optional: Vec<Node<'_>> = list.optionals().iter().collect();
            for node in &optional {
                let Some(optional) = node.as_optional_parameter_node() else {
                    continue;
                };
                let default = self.expression(&optional.value());
                let local = match &default {
                    // Its entries may be missing.
                    Ok(Expr::Map(entries)) if entries.is_empty() => Local {
                        kind: Type::Map,
                        is_parameter: true,
                        ..Local::default()
                    },
                    default => Local {
                        may_be_nothing: matches!(default, Ok(Expr::Unit)),
                        ..Local::default()
                    },
                };
                defaults.push((parameters.len(), default));
                parameters.push(self.declare(&id(&optional.name()), local));
            }
            // Parameters with names come after the others, and each call gives all of them.
            for (name, _) in super::super::parameters::named_parameters(&list) {
                parameters.push(self.declare(&name, Local::default()));
            }
            if let Some(rest) = rest {
                let local = Local {
                    kind: Type::List,
                    ..Local::default()
                };
                parameters.push(self.declare(&id(&rest), local));
            }
        }
        let server = self
            .facts
            .acting
            .of_host
            .contains(&ruby_name)
            .then(|| self.server_of_block());
        parameters.extend(server.clone());
        let block = self.block_parameter(function);
        parameters.extend(block.clone());
        let name = self.function_name(&ruby_name);
        let outer = std::mem::replace(&mut self.block, block.clone());
        let mut body = self.function_body(function);
        self.block = outer;
        if let Some(changed) = self
            .facts
            .acting
            .changing
            .get(&ruby_name)
            .and_then(|at| parameters.get(*at))
        {
            body.lines.push(Line::new(Statement::Value(Expr::name(changed))));
            body.gives = true;
        }
        self.scopes = scopes;
        for (count, default) in defaults {
            // The function with fewer parameters calls the one with one more.
            let mut own: Vec<String> = parameters.iter().take(count).cloned().collect();
            let mut given: Vec<Expr> = own.iter().map(|name| Expr::name(name)).collect();
            given.push(default?);
            let last = server.iter().chain(&block);
            given.extend(last.clone().map(|name| Expr::name(name)));
            own.extend(last.cloned());
            let body = Block::giving(Expr::call(&name, given));
            self.functions
                .push(Line::new(Statement::Function(name.clone(), own, body)));
        }
        let mut line = Line::new(Statement::Function(name, parameters, body));
        line.above = self.comments.inside(node.location().start_offset());
        self.functions.push(line);
        self.carry("def");
        Ok(Vec::new())
    }

    /// Declares the parameter for the server of the block in which a function is called.
    fn server_of_block(&mut self) -> String {
        let server = Local {
            kind: Type::Server,
            is_parameter: true,
            ..Local::default()
        };
        self.declare(HOST, server)
    }

    /// Writes a function of another file into this one as well: functions are known in their file alone.
    pub(super) fn copy_function(&mut self, name: &str, function: &'a Known) -> Read<()> {
        if !self.copied.insert(name.to_owned()) {
            return Ok(());
        }
        let text = function.source.as_bytes();
        let parsed = ruby_prism::parse(text);
        let node = first_statement(&parsed);
        let definition = node.as_ref().and_then(Node::as_def_node);
        let (Some(node), Some(definition)) = (&node, &definition) else {
            return self.refuse(Kind::Construct, format!("`{name}` is a function of another file"));
        };
        let (notes, written) = (self.notes.len(), self.functions.len());
        let place = CodePlace::of(function.file, &parsed, text);
        let read = self.at(place, |reader| reader.function(node, definition));
        let note = self.notes.get(notes).map(|note| note.reason.clone());
        if let (Err(_), _) | (_, Some(_)) = (&read, &note) {
            self.notes.truncate(notes);
            self.functions.truncate(written);
            self.copied.remove(name);
            return Err(self.not_whole(name, function));
        }
        if function.file != self.written_for {
            let file = self.facts.files.get(function.file);
            let file = file.map_or_else(String::new, |file| format!(" of {file}"));
            self.remarks
                .push(format!("`{name}`{file} stands in each file that calls it"));
        }
        Ok(())
    }

    /// Returns the reading of a file by a function that does nothing else, as `template("x.erb")` in `ERB.new(template("x.erb"))`.
    pub(super) fn file_read_by(&mut self, node: &Node<'_>) -> Read<Option<Expr>> {
        let facts = self.facts;
        let call = node.as_call_node().filter(|call| call.receiver().is_none());
        let found = call.as_ref().and_then(|call| facts.functions.get(&id(&call.name())));
        let (Some(call), Some(function)) = (call, found.filter(|function| function.is_plain)) else {
            return Ok(None);
        };
        let values = self.expressions(&arguments(&call, false).values)?;
        let text = function.source.as_bytes();
        let parsed = ruby_prism::parse(text);
        let Some((names, nodes)) = super::surrounded::taking_exactly(&parsed, values.len()) else {
            return Ok(None);
        };
        let name = id(&call.name());
        if !self.in_place.insert(name.clone()) {
            return Ok(None);
        }
        let (notes, texts) = (self.notes.len(), self.texts.clone());
        let place = CodePlace {
            given: names.into_iter().zip(values).collect(),
            ..CodePlace::of(function.file, &parsed, text)
        };
        let path = self.at(place, |reader| {
            let block = reader.statements(&nodes, text.len(), true);
            let (last, before) = block.lines.split_last()?;
            let only_names = before.iter().all(|line| matches!(line.statement, Statement::Let(..)));
            match &last.statement {
                Statement::Value(Expr::Call(read)) if read.name == "read_file" && only_names => {
                    let path = reader.path_in(read.arguments.first()?.clone());
                    reader.path_below_root(&path)
                }
                _ => None,
            }
        });
        self.in_place.remove(&name);
        self.texts = texts;
        self.notes.truncate(notes);
        Ok(path.map(|path| Expr::call("read_file", vec![path])))
    }

    /// Reads at another place, and comes back.
    pub(super) fn at<T>(&mut self, mut place: CodePlace<'a>, read: impl FnOnce(&mut Self) -> T) -> T {
        self.swap(&mut place);
        let result = read(self);
        self.swap(&mut place);
        result
    }

    fn swap(&mut self, place: &mut CodePlace<'a>) {
        std::mem::swap(&mut self.file, &mut place.file);
        std::mem::swap(&mut self.text, &mut place.text);
        std::mem::swap(&mut self.comments, &mut place.comments);
        std::mem::swap(&mut self.scopes, &mut place.scopes);
        std::mem::swap(&mut self.given, &mut place.given);
        std::mem::swap(&mut self.lost, &mut place.lost);
        std::mem::swap(&mut self.namespaces, &mut place.namespaces);
        std::mem::swap(&mut self.onion, &mut place.onion);
        std::mem::swap(&mut self.assigned, &mut place.assigned);
    }

    pub(super) fn not_whole(&self, name: &str, function: &Known) -> Unported {
        let file = self.facts.files.get(function.file).map_or("", String::as_str);
        let reason = format!("`{name}` is a function of {file} that was not carried over whole");
        Unported::new(Kind::Construct, reason).lacking(Lack::Function(function.file, function.lines))
    }

    fn function_body(&mut self, function: &ruby_prism::DefNode<'_>) -> Block {
        let end = function
            .end_keyword_loc()
            .map_or(function.location().end_offset(), |loc| loc.start_offset());
        match function.body() {
            Some(body) => match body.as_statements_node() {
                Some(list) => {
                    let nodes: Vec<Node<'_>> = list.body().iter().collect();
                    let mut block = self.later(&nodes, end, true);
                    if let Some(value) = nodes.last().and_then(|last| self.assigned_value(last, &block)) {
                        block.lines.push(Line::new(Statement::Value(value)));
                        block.gives = true;
                    }
                    block
                }
                None => self.later(&[body], end, true),
            },
            None => Block::default(),
        }
    }

    /// Returns the value of an assignment at the end of a function, which the function gives: `@dir ||= …`.
    fn assigned_value(&self, last: &Node<'_>, block: &Block) -> Option<Expr> {
        let kept = last.as_instance_variable_or_write_node().map(|write| id(&write.name()));
        let kept = kept.or_else(|| Some(id(&last.as_instance_variable_write_node()?.name())));
        match &block.lines.last()?.statement {
            Statement::Verb(call) if super::super::form::sets(&call.name) => {
                Some(self.variable(&super::super::facts::kept(&kept?)))
            }
            Statement::Let(name, _) => Some(Expr::name(name)),
            Statement::Value(Expr::Method(local, method, _)) if matches!(method.as_str(), "mixin" | "push") => {
                let is_own = |line: &Line| matches!((&line.statement, &**local), (Statement::Let(own, _), Expr::Name(name)) if own == name);
                block.lines.iter().any(is_own).then(|| (**local).clone())
            }
            Statement::Assign(local @ Expr::Name(_), ..) if kept.is_none() => Some(local.clone()),
            _ => None,
        }
    }

    /// Returns the name of a function here, which must not be that of a verb or a variable.
    pub(super) fn function_name(&self, ruby: &str) -> String {
        let plain = ruby.trim_end_matches(['?', '!']);
        let vocabulary = &self.facts.vocabulary;
        let is_taken = vocabulary.is_verb(plain)
            || vocabulary.is_reserved(plain)
            || vocabulary.functions.contains(plain)
            || self.facts.is_variable(plain)
            || self.facts.tasks.contains(plain)
            || self.facts.namespaces.contains(plain);
        let is_word = plain.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && plain.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        match (is_word, is_taken) {
            (true, false) => plain.to_owned(),
            (true, true) => format!("my_{plain}"),
            (false, _) => "my_function".to_owned(),
        }
    }
}

pub(super) fn first_statement<'p>(parsed: &'p ParseResult<'_>) -> Option<Node<'p>> {
    parsed.node().as_program_node()?.statements().body().iter().next()
}
