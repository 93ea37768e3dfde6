//! Reads `on roles(:app) do |host|` with a block that differs from server to server: it becomes a block for each.

use std::collections::{BTreeMap, BTreeSet};

use ruby_prism::{CallNode, Node, Visit};

use super::super::form::{Call, Expr, Line};
use super::super::nodes::{each_node, holds};
use super::super::note::{Kind, Read};
use super::super::ruby::{Arguments, Behind, HOST, arguments, bare, behind, constant, id, literal, local_or_host};
use super::locals::{Local, Type};
use super::{Onion, Reader};

/// Returns the remark about an option of `on` that SSHKit does not read.
pub(super) fn ignored_by_on(option: &str) -> String {
    format!("`on` with `{option}`: SSHKit ignores this option, and so does the recipe")
}

impl Reader<'_> {
    /// Returns the way in which the servers of an `on` have turns, if they do. SSHKit reads `limit` and `wait` of such a one alone.
    pub(super) fn turns(&mut self, given: &Arguments<'_>) -> Read<Option<Expr>> {
        match given.option("in").filter(|_| self.has_turns(given)) {
            Some(way) => self.expression(way).map(Some),
            None => Ok(self.has_turns(given).then(|| Expr::symbol("sequence"))),
        }
    }

    fn has_turns(&self, given: &Arguments<'_>) -> bool {
        let way = given.option("in").map(literal);
        way.map_or(self.facts.servers.in_turns, |way| way.as_deref() != Some("parallel"))
    }

    /// Returns true if the servers of an `on` may go different ways: a property of one is read, or they have turns.
    pub(super) fn is_for_each(&self, call: &CallNode<'_>) -> bool {
        let Some(behind) = behind(call).filter(|_| self.facts.version >= 3) else {
            return false;
        };
        let given = arguments(call, false);
        let of_one = given.values.first().and_then(Node::as_call_node);
        let mut ways = Ways {
            has_host: !self.facts.functions.contains_key(HOST),
            host: behind.parameters.first().map(String::as_str),
            is_one: of_one.is_some_and(|call| matches!(id(&call.name()).as_str(), "primary" | "first")),
            blocks: 0,
            differ: self.has_turns(&given),
            has_command: false,
            acting: &self.facts.acting.on_servers,
            templates: &self.facts.templates,
        };
        let list = behind.body.as_ref().map(|list| list.as_node());
        for node in list.iter().chain(&behind.rescue) {
            ways.visit(node);
        }
        // What is done here alone is done for each server as well, and not at all where there is none.
        let is_local = !ways.has_command && !ways.is_one && behind.body.is_some();
        ways.differ || is_local
    }

    /// Reads the block as one that is evaluated for each server.
    pub(super) fn on_each(&mut self, given: &Arguments<'_>, behind: Behind<'_>) -> Read<Vec<Line>> {
        let servers = self.servers_listed(given)?;
        let turns = self.turns(given)?;
        let has_turns = turns.is_some();
        let mut options: Vec<(String, Expr)> = turns.map(|way| ("in".to_owned(), way)).into_iter().collect();
        for (key, value) in &given.pairs {
            match literal(key).as_deref() {
                Some("in") => {}
                Some("limit" | "wait") if !has_turns => {}
                Some(key @ ("limit" | "wait")) => options.push((key.to_owned(), self.expression(value)?)),
                Some(other) => self.remarks.push(ignored_by_on(other)),
                None => return self.refuse(Kind::Construct, "an option whose name is computed"),
            }
        }
        self.scopes.push(BTreeMap::new());
        let server = Local {
            kind: Type::Server,
            ..Local::default()
        };
        let mut host = behind.parameters.first().cloned();
        let names_host = self.names_host(&behind);
        if host.is_none() && names_host {
            host = Some(HOST.to_owned());
        }
        let parameters: Vec<String> = host.iter().map(|host| self.declare(host, server.clone())).collect();
        if let (Some(scope), Some(written)) = (self.scopes.last_mut(), parameters.first().filter(|_| names_host)) {
            // The server has this name, too, whatever the parameter is called; a local of the block may have it as well.
            scope.entry(HOST.to_owned()).or_insert(Local {
                written: written.clone(),
                ..server
            });
        }
        let onion = Onion {
            host: Some(host.unwrap_or_default()),
            is_each: true,
            ..Onion::default()
        };
        let loops = std::mem::take(&mut self.loops);
        let block = self.block_of(onion, behind);
        self.loops = loops;
        self.scopes.pop();
        self.carry("a block for each server");
        Ok(vec![Line::verb(Call {
            options,
            parameters,
            block: Some(block),
            ..Call::new("on", vec![servers])
        })])
    }

    /// Returns true if a block names its server without a parameter, or calls a function that does.
    fn names_host(&self, behind: &Behind<'_>) -> bool {
        let has_host = !self.facts.functions.contains_key(HOST);
        let of_host = &self.facts.acting.of_host;
        let names = |node: &Node<'_>| {
            let call = node.as_call_node().filter(|call| call.receiver().is_none());
            let is_host = has_host && (bare(node).as_deref() == Some(HOST) || fills(node, &self.facts.templates, HOST));
            is_host || call.is_some_and(|call| of_host.contains(&id(&call.name())))
        };
        let list = behind.body.as_ref().map(|list| list.as_node());
        let mut nodes = list.iter().chain(&behind.rescue);
        nodes.any(|node| holds(node, &names))
    }

    /// Reads the list of servers of an `on`.
    fn servers_listed(&mut self, given: &Arguments<'_>) -> Read<Expr> {
        let [node] = given.values.as_slice() else {
            return Ok(Expr::List(self.expressions(&given.values)?));
        };
        let called = node.as_call_node().filter(|call| call.receiver().is_none());
        let has_filter = called.is_some_and(|call| !arguments(&call, false).pairs.is_empty());
        if !has_filter {
            return Ok(match self.expression(node)? {
                Expr::Symbol(name) if name == "all" => Expr::call("roles", vec![Expr::Symbol(name)]),
                host @ (Expr::Text(_) | Expr::Symbol(_)) => Expr::List(vec![host]),
                servers => servers,
            });
        }
        let (options, _) = self.addressed(node)?;
        Ok(Expr::Call(Call {
            options,
            ..Call::new("find_servers", Vec::new())
        }))
    }

    /// Reads `host.properties.colour`, `host.properties.fetch(:colour)` and `host.fetch(:colour)`.
    pub(super) fn of_properties(&self, call: &CallNode<'_>, name: &str, receiver: &Node<'_>) -> Option<Expr> {
        let given = arguments(call, false);
        let inner = receiver
            .as_call_node()
            .filter(|inner| id(&inner.name()) == "properties");
        let of = inner.as_ref().and_then(CallNode::receiver);
        let (host, name) = match (of, name, given.values.first()) {
            (Some(host), "fetch" | "[]", Some(key)) => (host, literal(key)?),
            (Some(host), name, None) => (host, name.to_owned()),
            (None, "fetch", Some(key)) => {
                local_or_host(receiver)?;
                return self.property(receiver, literal(key)?);
            }
            _ => return None,
        };
        self.property(&host, name)
    }

    /// Returns a property of the server that a local is.
    fn property(&self, host: &Node<'_>, name: String) -> Option<Expr> {
        let local = self.local(&local_or_host(host)?)?;
        let server = (local.kind == Type::Server).then(|| Expr::Name(local.written.clone()))?;
        let properties = Expr::Member(Box::new(server), "properties".to_owned());
        Some(Expr::Member(Box::new(properties), name))
    }

    /// Returns true if `within`, `with` and `as` apply to every command in them: SSHKit ignores them for a command with a blank.
    pub(super) fn holds_for_all(&self, behind: &Behind<'_>) -> bool {
        let mut words = Words {
            has_command: false,
            hold: behind.rescue.is_none() && self.facts.version >= 3 && !self.onion.is_local,
            acting: &self.facts.acting.on_servers,
        };
        if let Some(list) = &behind.body {
            each_node(&list.as_node(), &mut |node| {
                words.see(node);
                true
            });
        }
        words.hold && words.has_command
    }
}

/// The words, besides those that are looked for by themselves, that surely go to no server.
const LOCAL: &[&str] = &[
    "`", "abort", "debug", "error", "exit", "fail", "fatal", "fetch", "format", "info", "p", "print", "printf", "puts",
    "raise", "sleep", "warn",
];

/// Looks for code that may make servers go different ways.
struct Ways<'a> {
    host: Option<&'a str>,
    /// True if `host` alone is the server.
    has_host: bool,
    is_one: bool,
    /// The number of blocks around.
    blocks: usize,
    differ: bool,
    /// True if something in it goes to servers, or may.
    has_command: bool,
    /// The functions that run commands.
    acting: &'a BTreeSet<String>,
    /// The templates of the project.
    templates: &'a BTreeMap<String, String>,
}

impl<'pr> Visit<'pr> for Ways<'_> {
    fn visit_call_node(&mut self, node: &CallNode<'pr>) {
        let name = id(&node.name());
        let asks = matches!(name.as_str(), "test" | "capture");
        let acts = matches!(
            name.as_str(),
            "invoke" | "invoke!" | "set" | "system" | "exec" | "run_locally"
        );
        self.differ |= (asks || acts) && node.receiver().is_none() && !self.is_one;
        self.differ |= self.has_host && bare(&node.as_node()).as_deref() == Some(HOST);
        let names = self.host.into_iter().chain(self.has_host.then_some(HOST));
        self.differ |= names
            .into_iter()
            .any(|name| fills(&node.as_node(), self.templates, name));
        // Commands in a function have no other way to the servers of the block.
        self.differ |= node.receiver().is_none() && self.acting.contains(&name);
        let is_local = acts || LOCAL.contains(&name.as_str()) || local_or_host(&node.as_node()).is_some();
        self.has_command |= match node.receiver() {
            None => !is_local,
            Some(of) => name == "call" || of.as_constant_path_node().is_some(),
        };
        ruby_prism::visit_call_node(self, node);
    }

    fn visit_local_variable_read_node(&mut self, node: &ruby_prism::LocalVariableReadNode<'pr>) {
        self.differ |= self.host == Some(id(&node.name()).as_str());
    }

    fn visit_next_node(&mut self, node: &ruby_prism::NextNode<'pr>) {
        self.differ |= self.blocks == 0;
        ruby_prism::visit_next_node(self, node);
    }

    fn visit_block_node(&mut self, node: &ruby_prism::BlockNode<'pr>) {
        self.blocks += 1;
        ruby_prism::visit_block_node(self, node);
        self.blocks -= 1;
    }
}

/// Returns true for `ERB.new(…)`, if a template of the project may name a local in a mark.
fn fills(node: &Node<'_>, templates: &BTreeMap<String, String>, name: &str) -> bool {
    let call = node.as_call_node().filter(|call| id(&call.name()) == "new");
    let class = call.and_then(|call| call.receiver()).as_ref().and_then(constant);
    let names = |code: &str| {
        let mut words = code.split(|c: char| !c.is_alphanumeric() && c != '_');
        words.any(|word| word == name)
    };
    let marks = |text: &String| {
        let mut codes = text.split("<%").skip(1).filter_map(|rest| rest.split("%>").next());
        codes.any(names)
    };
    class.as_deref() == Some("ERB") && templates.values().any(marks)
}

/// Looks at the first words of commands.
struct Words<'a> {
    has_command: bool,
    hold: bool,
    /// The functions that run commands.
    acting: &'a BTreeSet<String>,
}

impl Words<'_> {
    fn see(&mut self, node: &Node<'_>) {
        // The commands are in the block that the function is given.
        self.has_command |= node.as_yield_node().is_some();
        if let Some(call) = node.as_call_node() {
            self.see_call(&call);
        }
    }

    fn see_call(&mut self, node: &CallNode<'_>) {
        let name = id(&node.name());
        match name.as_str() {
            "execute" | "capture" | "test" | "background" if node.receiver().is_none() => {
                let first = arguments(node, false).values.into_iter().next();
                let word = first.as_ref().and_then(written_out);
                self.has_command = true;
                // Words in a list are arguments of their own.
                let is_list = first.as_ref().is_some_and(|first| first.as_splat_node().is_some());
                self.hold &= is_list || word.is_some_and(|word| !word.contains(char::is_whitespace));
            }
            name if node.receiver().is_none() && self.acting.contains(name) => self.has_command = true,
            "call" | "()" => {
                self.has_command |= node
                    .receiver()
                    .is_some_and(|of| of.as_local_variable_read_node().is_some())
            }
            // These have options of their own, or none apply to them.
            "sudo" | "run" | "upload!" | "download!" | "upload" | "download" | "put" | "invoke" | "on"
            | "run_locally" => self.hold = false,
            _ => {}
        }
    }
}

/// Returns the text of a string without the values that are filled in: SSHKit looks for a blank in the whole.
fn written_out(node: &Node<'_>) -> Option<String> {
    let Some(string) = node.as_interpolated_string_node() else {
        return literal(node);
    };
    let parts = string.parts();
    let texts = parts.iter().filter(|part| part.as_embedded_statements_node().is_none());
    texts.map(|part| literal(&part)).collect()
}
