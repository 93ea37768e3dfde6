//! Code that needs a file or the environment while a recipe is loaded. The file may not be there, and a variable of the environment not set;
//! the recipe is loaded nevertheless, and the task that needs the value fails.

use std::collections::BTreeMap;

use ruby_prism::{CallNode, Node, Visit};

use super::super::form::{Block, Call, Expr, Line, Part, Statement, sets};
use super::super::ruby::id;
use super::Reader;
use super::loading::{lazy, of, of_function, read_of};

/// The functions that read files, as the words for them in `loading.rs`.
const OF_FILES: &[&str] = &["read_file()", "read_yaml()", "env_file()"];

/// The functions that ask people or run commands of this machine, likewise.
const OF_OTHERS: &[&str] = &["ask()", "password_prompt()", "run_locally()"];

/// The variables that take paths from the top alone, without an empty part: what the environment lacks is told when they are needed.
const PATHS: &[&str] = &[
    "current_path",
    "deploy_to",
    "release_path",
    "releases_path",
    "repository_cache",
    "shared_path",
];

impl Reader<'_> {
    /// Notes the locals that may become variables, and the functions that read files.
    pub(super) fn begin_when_needed(&mut self, program: &Node<'_>) {
        self.unsure = OF_FILES.iter().map(|word| (*word).to_owned()).collect();
        self.lacking = OF_OTHERS.iter().map(|word| (*word).to_owned()).collect();
        let reads = |source: &str| {
            let of_files = ["File.read", "File.open", "IO.read", ".load_file", "Dotenv"];
            of_files.iter().any(|call| source.contains(call))
        };
        let functions = &self.facts.functions;
        let mut reading: Vec<&str> = Vec::new();
        loop {
            let calls = |source: &str| reading.iter().any(|name| source.contains(*name));
            let more = functions.iter().filter(|(name, function)| {
                !reading.contains(&name.as_str()) && (reads(&function.source) || calls(&function.source))
            });
            let more: Vec<&str> = more.map(|(name, _)| name.as_str()).collect();
            if more.is_empty() {
                break;
            }
            reading.extend(more);
        }
        let words: Vec<String> = reading
            .iter()
            .map(|name| of_function(&self.function_name(name)))
            .collect();
        self.unsure.extend(words);
        let mut written = Written::default();
        written.visit(program);
        let once = written.0.into_iter().filter(|(_, times)| *times == 1);
        self.once = once.map(|(name, _)| name).collect();
    }

    /// Makes a line wait until somebody needs its value, if it would read a file or the environment while the recipe is loaded.
    pub(super) fn when_needed(&mut self, mut lines: Vec<Line>) -> Vec<Line> {
        if self.deferred > 0 || self.loops > 0 {
            return lines;
        }
        let [line] = lines.as_mut_slice() else { return lines };
        match &mut line.statement {
            Statement::Verb(call) if sets(&call.name) && call.block.is_some() => {
                let lacks = |block: &Block| {
                    let needs = |names| read_of(&block.lines, names).is_some();
                    needs(&self.unsure) || needs(&self.lacking)
                };
                if call.block.as_ref().is_some_and(lacks) {
                    let variable = call.arguments.first().and_then(Expr::literal);
                    let lacking = variable.map(|name| self.with_those_made_of(name));
                    self.lacking.extend(lacking.into_iter().flatten());
                }
            }
            Statement::Verb(call) if sets(&call.name) => {
                let value = call.arguments.get(1);
                let variable = call.arguments.first().and_then(Expr::literal).map(str::to_owned);
                let is_path = variable.as_deref().is_some_and(|name| PATHS.contains(&name));
                let waits = |value: &Expr| {
                    of(value, &self.unsure).is_some() || uses_environment(value) || is_path && reads_environment(value)
                };
                let may_be_nothing = value.is_some_and(asks_environment);
                if value.is_some_and(waits)
                    && let Some(variable) = lazy(call)
                {
                    self.unsure.extend(self.with_those_made_of(&variable));
                } else if let Some(variable) = variable.filter(|_| may_be_nothing) {
                    self.unsure.extend(self.with_those_made_of(&variable));
                }
            }
            Statement::Verb(call) if call.name == "role" && call.block.is_none() => {
                let mut hosts = call.arguments.iter().skip(1);
                let attributes = call.options.iter().map(|(_, value)| value);
                if hosts.clone().next().is_some()
                    && hosts.by_ref().chain(attributes).any(|value| self.may_be_missing(value))
                {
                    let hosts = call.arguments.split_off(1);
                    self.given_by_block(call, hosts);
                }
            }
            Statement::Verb(call) if call.name == "server" => {
                if let Some(roles) = self.roles_of(call) {
                    let mut roles: Vec<Line> = roles.into_iter().map(Line::verb).collect();
                    if let Some(first) = roles.first_mut() {
                        first.above = std::mem::take(&mut line.above);
                    }
                    return roles;
                }
            }
            Statement::Let(name, value) => {
                let free = self.free_variable(name).filter(|_| of(value, &self.unsure).is_some());
                if let Some(free) = free {
                    let (name, value) = (name.clone(), value.clone());
                    if let Some(scope) = self.scopes.last_mut() {
                        scope.remove(&name);
                    }
                    let variable = self.variable(&free);
                    self.given.insert(name, variable);
                    self.unsure.insert(free.clone());
                    let set = Call::with_block("set", vec![Expr::symbol(&free)], Block::giving(value));
                    line.statement = Statement::Verb(set);
                } else if self.may_be_missing(value) {
                    self.lacking.insert(name.clone());
                }
            }
            _ => {}
        }
        lines
    }

    /// Returns the name of a variable that can take the place of a local at the top of the file.
    fn free_variable(&self, name: &str) -> Option<String> {
        let facts = self.facts;
        let is_free = |name: &String| {
            !facts.is_variable(name)
                && !facts.is_of_library(name)
                && !facts.functions.contains_key(name)
                && facts.task(name, &[]).is_none()
                && facts.namespace(name, &[]).is_none()
                && !facts.vocabulary.is_verb(name)
                && !facts.vocabulary.is_reserved(name)
        };
        let is_fit = self.scopes.len() == 1 && self.once.contains(name);
        let names = [name.to_owned(), format!("{name}_settings")];
        names.into_iter().find(is_free).filter(|_| is_fit)
    }

    /// Returns true for a host that may be missing while the recipe is loaded. An empty one is missing wherever it is used.
    fn may_be_missing(&self, host: &Expr) -> bool {
        host.literal() == Some("")
            || of(host, &self.unsure).is_some()
            || of(host, &self.lacking).is_some()
            || asks_environment(host)
    }

    /// Returns the roles of a server that may be missing, each with a block that gives it.
    fn roles_of(&self, call: &Call) -> Option<Vec<Call>> {
        let (host, roles) = call.arguments.split_first()?;
        let mut values = call.options.iter().map(|(_, value)| value).chain([host]);
        let roles = roles.iter().flat_map(|role| match role {
            Expr::List(items) => items.as_slice(),
            role => std::slice::from_ref(role),
        });
        if !values.any(|value| self.may_be_missing(value)) || roles.clone().any(|role| role.literal().is_none()) {
            return None;
        }
        let role = |role: &Expr| {
            let mut call = Call {
                options: call.options.clone(),
                ..Call::new("role", vec![role.clone()])
            };
            self.given_by_block(&mut call, vec![host.clone()]);
            call
        };
        Some(roles.map(role).collect())
    }

    /// Lets a block give the servers of a role, with those of their attributes that may be missing as well.
    fn given_by_block(&self, call: &mut Call, mut hosts: Vec<Expr>) {
        let options = std::mem::take(&mut call.options);
        let (late, fixed): (Vec<_>, Vec<_>) = options.into_iter().partition(|(_, value)| self.may_be_missing(value));
        call.options = fixed;
        if !late.is_empty() {
            hosts.push(Expr::Map(late));
        }
        let only = if hosts.len() == 1 { hosts.pop() } else { None };
        call.block = Some(Block::giving(only.unwrap_or(Expr::List(hosts))));
    }
}

/// Returns true for a value that takes something from the environment without a default.
fn asks_environment(value: &Expr) -> bool {
    let is_environment = |value: &Expr| matches!(value, Expr::Index(owner, _) if **owner == Expr::name("ENV"));
    match value {
        value if is_environment(value) => true,
        Expr::Binary("??", left, right) if is_environment(left) => {
            matches!(&**right, Expr::Call(call) if call.name == "abort") || asks_environment(right)
        }
        Expr::Binary(_, left, right) | Expr::Index(left, right) => asks_environment(left) || asks_environment(right),
        Expr::Template(parts) => parts.iter().any(|part| match part {
            Part::Value(value) => asks_environment(value),
            Part::Text(_) => false,
        }),
        Expr::List(items) => items.iter().any(asks_environment),
        Expr::Call(call) => call.arguments.iter().any(asks_environment),
        Expr::Method(owner, _, arguments) => asks_environment(owner) || arguments.iter().any(asks_environment),
        Expr::Member(owner, _) => asks_environment(owner),
        _ => false,
    }
}

/// Returns true for a string with something of the environment in it.
fn reads_environment(value: &Expr) -> bool {
    match value {
        Expr::Name(name) => name == "ENV",
        Expr::Binary(_, left, right) | Expr::Index(left, right) => reads_environment(left) || reads_environment(right),
        Expr::Template(parts) => parts.iter().any(|part| match part {
            Part::Value(value) => reads_environment(value),
            Part::Text(_) => false,
        }),
        Expr::Call(call) => call.arguments.iter().any(reads_environment),
        Expr::Method(owner, _, arguments) => reads_environment(owner) || arguments.iter().any(reads_environment),
        _ => false,
    }
}

/// Returns true for a value that gives something of the environment to a function, which takes no missing value.
fn uses_environment(value: &Expr) -> bool {
    match value {
        Expr::Call(_) | Expr::Method(..) => asks_environment(value),
        Expr::List(items) => items.iter().any(uses_environment),
        Expr::Map(pairs) => pairs.iter().any(|(_, value)| uses_environment(value)),
        _ => false,
    }
}

/// The number of times that each local is written; more than one for a local whose value is changed in place.
#[derive(Default)]
struct Written(BTreeMap<String, usize>);

impl Written {
    fn add(&mut self, name: String, times: usize) {
        *self.0.entry(name).or_default() += times;
    }

    fn changed(&mut self, receiver: Option<Node<'_>>) {
        let local = receiver.as_ref().and_then(Node::as_local_variable_read_node);
        if let Some(local) = local {
            self.add(id(&local.name()), 2);
        }
    }
}

impl<'pr> Visit<'pr> for Written {
    fn visit_local_variable_write_node(&mut self, node: &ruby_prism::LocalVariableWriteNode<'pr>) {
        self.add(id(&node.name()), 1);
        ruby_prism::visit_local_variable_write_node(self, node);
    }
    fn visit_local_variable_or_write_node(&mut self, node: &ruby_prism::LocalVariableOrWriteNode<'pr>) {
        self.add(id(&node.name()), 2);
        ruby_prism::visit_local_variable_or_write_node(self, node);
    }
    fn visit_local_variable_operator_write_node(&mut self, node: &ruby_prism::LocalVariableOperatorWriteNode<'pr>) {
        self.add(id(&node.name()), 2);
        ruby_prism::visit_local_variable_operator_write_node(self, node);
    }
    fn visit_local_variable_target_node(&mut self, node: &ruby_prism::LocalVariableTargetNode<'pr>) {
        self.add(id(&node.name()), 2);
    }
    fn visit_required_parameter_node(&mut self, node: &ruby_prism::RequiredParameterNode<'pr>) {
        self.add(id(&node.name()), 2);
    }
    fn visit_index_or_write_node(&mut self, node: &ruby_prism::IndexOrWriteNode<'pr>) {
        self.changed(node.receiver());
        ruby_prism::visit_index_or_write_node(self, node);
    }
    fn visit_index_operator_write_node(&mut self, node: &ruby_prism::IndexOperatorWriteNode<'pr>) {
        self.changed(node.receiver());
        ruby_prism::visit_index_operator_write_node(self, node);
    }
    fn visit_call_node(&mut self, node: &CallNode<'pr>) {
        let name = id(&node.name());
        let changes = matches!(
            name.as_str(),
            "[]=" | "<<" | "push" | "concat" | "unshift" | "prepend" | "update" | "delete" | "delete_if" | "clear"
        );
        if changes || name.ends_with('!') {
            self.changed(node.receiver());
        }
        ruby_prism::visit_call_node(self, node);
    }
}
