//! Code that needs a file or the environment while a recipe is loaded. The file may not be there, and a variable of the environment not set;
//! the recipe is loaded nevertheless, and the task that needs the value fails.

use std::collections::{BTreeMap, BTreeSet};

use ruby_prism::Node;

use super::super::form::{Block, Call, Expr, Line, Part, Statement, sets};
use super::super::nodes::each_node;
use super::super::ruby::id;
use super::super::waiting::{self, given_by_block, roles_in_place, roles_of};
use super::Reader;
use super::loading::{lazy, of, of_function, read_of};

/// The functions that read files, as the words for them in `loading.rs`.
const OF_FILES: &[&str] = &["read_file()", "read_yaml()", "env_file()"];

/// The functions that ask people or run commands of this machine, likewise.
const OF_OTHERS: &[&str] = &["ask()", "password_prompt()", "run_locally()"];

/// The variables that take paths from the top alone: what the environment lacks is told when they are needed.
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
            let of_files = [
                "File.foreach",
                "File.read",
                "File.open",
                "IO.read",
                ".load_file",
                "Dotenv",
            ];
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
        each_node(program, &mut |node| {
            written.see(node);
            true
        });
        let once = written.0.into_iter().filter(|(_, times)| *times == 1);
        self.once = once.map(|(name, _)| name).collect();
    }

    /// Makes a line wait until somebody needs its value, if it would read a file or the environment while the recipe is loaded.
    pub(super) fn when_needed(&mut self, mut lines: Vec<Line>) -> Vec<Line> {
        if self.deferred > 0 || self.loops.is_within() {
            return lines;
        }
        let is_unsure = self.is_unsure(&lines);
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
                let name = call.arguments.first().and_then(Expr::literal).unwrap_or("").to_owned();
                let is_path = PATHS.contains(&name.as_str());
                let waits = |value: &Expr| {
                    let of_environment = uses_environment(value) || ends_without_environment(value);
                    of(value, &self.unsure).is_some() || of_environment || is_path && reads_environment(value)
                };
                let may_be_nothing = value.is_some_and(asks_environment);
                let text = value.and_then(|value| self.fixed_text(value));
                if value.is_some_and(waits)
                    && let Some(variable) = lazy(call)
                {
                    self.unsure.extend(self.with_those_made_of(&variable));
                } else if may_be_nothing {
                    self.unsure.extend(self.with_those_made_of(&name));
                } else if let Some(text) = text.as_ref().filter(|text| self.facts.vocabulary.refuses(&name, text)) {
                    let refused = refused(&name, text);
                    call.arguments.truncate(1);
                    call.block = Some(Block::of(vec![Line::new(Statement::Throw(Expr::text(&refused)))]));
                    self.remarks.push(refused);
                    self.unsure.extend(self.with_those_made_of(&name));
                }
                match text {
                    Some(text) => self.fixed.insert(name, text),
                    None => self.fixed.remove(&name),
                };
            }
            Statement::Verb(call) if call.name == "role" && call.block.is_none() => {
                let mut hosts = call.arguments.iter().skip(1);
                let attributes = call.options.iter().map(|(_, value)| value);
                if hosts.clone().next().is_some()
                    && hosts.by_ref().chain(attributes).any(|value| self.may_be_missing(value))
                {
                    let hosts = call.arguments.split_off(1);
                    given_by_block(call, hosts, &|value| self.may_be_missing(value));
                }
            }
            Statement::Verb(call) if call.name == "server" => {
                if let Some(roles) = roles_of(call, &|value| self.may_be_missing(value)) {
                    return roles_in_place(line, roles);
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
            _ if is_unsure => {
                let given = waiting::at_start(line);
                for name in given {
                    self.unsure.extend(self.with_those_made_of(&name));
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
        self.is_no_host(host)
            || of(host, &self.unsure).is_some()
            || of(host, &self.lacking).is_some()
            || asks_environment(host)
    }

    /// Returns true for lines that read a file while the recipe is loaded, and do not look before whether it is there.
    fn is_unsure(&self, lines: &[Line]) -> bool {
        let looks = BTreeSet::from([
            "file_exists()".to_owned(),
            "ruby_is_file()".to_owned(),
            "dir_exists()".to_owned(),
        ]);
        read_of(lines, &self.unsure).is_some() && read_of(lines, &looks).is_none()
    }

    /// Returns true for a host that no server can have, such as one that somebody still has to fill in. Capistrano does not look at it before it
    /// connects.
    fn is_no_host(&self, host: &Expr) -> bool {
        let text = self.fixed_text(host);
        text.is_some_and(|text| !self.facts.vocabulary.is_server(&text))
    }

    /// Returns the text that a value has if it is made of texts that are written out.
    fn fixed_text(&self, value: &Expr) -> Option<String> {
        match value {
            Expr::Text(text) => Some(text.clone()),
            Expr::Name(name) => self.fixed.get(name).cloned(),
            Expr::Template(parts) => parts
                .iter()
                .map(|part| match part {
                    Part::Text(text) => Some(text.clone()),
                    Part::Value(value) => self.fixed_text(value),
                })
                .collect(),
            _ => None,
        }
    }
}

/// Returns the error for a value that no variable of this name has, such as one that somebody still has to fill in.
fn refused(name: &str, text: &str) -> String {
    format!("`{name}` cannot be `{text}`: say in the recipe what it is")
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

/// Returns true for a value that ends the run if a variable of the environment is not set.
fn ends_without_environment(value: &Expr) -> bool {
    match value {
        Expr::Binary("??", left, right) => {
            let ends = matches!(&**right, Expr::Call(call) if call.name == "abort");
            ends && asks_environment(left) || ends_without_environment(right)
        }
        Expr::Binary(_, left, right) => ends_without_environment(left) || ends_without_environment(right),
        Expr::Template(parts) => parts.iter().any(|part| match part {
            Part::Value(value) => ends_without_environment(value),
            Part::Text(_) => false,
        }),
        Expr::List(items) => items.iter().any(ends_without_environment),
        Expr::Map(pairs) => pairs.iter().any(|(_, value)| ends_without_environment(value)),
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

    fn see(&mut self, node: &Node<'_>) {
        if let Some(write) = node.as_local_variable_write_node() {
            return self.add(id(&write.name()), 1);
        }
        if let Some(call) = node.as_call_node() {
            let name = id(&call.name());
            let changes = matches!(
                name.as_str(),
                "[]=" | "<<" | "push" | "concat" | "unshift" | "prepend" | "update" | "delete" | "delete_if" | "clear"
            );
            if changes || name.ends_with('!') {
                self.changed(call.receiver());
            }
        }
        let other = node.as_local_variable_or_write_node().map(|write| id(&write.name()));
        let other = other.or_else(|| {
            node.as_local_variable_operator_write_node()
                .map(|write| id(&write.name()))
        });
        let other = other.or_else(|| node.as_local_variable_target_node().map(|target| id(&target.name())));
        let other = other.or_else(|| node.as_required_parameter_node().map(|parameter| id(&parameter.name())));
        if let Some(name) = other {
            self.add(name, 2);
        }
        let member = node.as_index_or_write_node().and_then(|write| write.receiver());
        self.changed(member.or_else(|| node.as_index_operator_write_node()?.receiver()));
    }
}
