//! Code that runs while a recipe is loaded must not need what was not carried over; else the recipe could not be loaded.

use std::collections::BTreeSet;

use ruby_prism::{CallNode, Node};

use super::super::facts::renamed;
use super::super::form::{Block, Call, Expr, Line, Part, Statement};
use super::super::nodes::each_node;
use super::super::note::Unported;
use super::super::ruby::{arguments, id, literal};
use super::Reader;

impl Reader<'_> {
    /// Notes that a statement which runs while loading was not carried over, so that its variables have no value.
    pub(super) fn lose_variables(&mut self, node: &Node<'_>, note: usize) {
        if self.deferred > 0 {
            return;
        }
        for name in set_in(node) {
            self.lose_variable(&name, Some(note));
        }
    }

    /// Notes that a variable has no value, and that those made of it have none.
    fn lose_variable(&mut self, name: &str, note: Option<usize>) {
        for lost in self.with_those_made_of(name) {
            match note {
                Some(note) => self.lost_at.insert(lost.clone(), note),
                None => self.lost_at.remove(&lost),
            };
            self.lost_variables.insert(lost);
        }
    }

    /// Returns true if a value needs something that is set later: the stage, or a variable that nothing before has set.
    pub(super) fn is_early(&self, value: &Expr) -> bool {
        match value {
            Expr::Name(name) => {
                let is_set_here = |name: &str| self.set.contains(name);
                let is_set = is_set_here(name) || !self.facts.variables.contains_key(name);
                let is_asked = match name.as_str() {
                    "application" | "repository" => !is_set_here(name),
                    // The library makes these of the application.
                    "deploy_to" | "current_path" | "release_path" | "releases_path" | "shared_path" => {
                        !["application", "deploy_to", name].into_iter().any(is_set_here)
                    }
                    _ => false,
                };
                !self.is_written(name)
                    && (name == "stage" && !self.knows_stage
                        || is_asked
                        || !is_set && !self.facts.vocabulary.variables.contains(name))
            }
            Expr::Block(_) => true,
            Expr::Template(parts) | Expr::Script(parts) => parts.iter().any(|part| match part {
                Part::Value(value) => self.is_early(value),
                Part::Text(_) => false,
            }),
            Expr::List(items) => items.iter().any(|item| self.is_early(item)),
            Expr::Map(pairs) => pairs.iter().any(|(_, value)| self.is_early(value)),
            Expr::Call(call) => {
                let stage = call.arguments.first().and_then(Expr::literal) == Some("stage");
                call.name == "fetch" && stage && !self.knows_stage
                    // Nothing acts while a recipe is read.
                    || matches!(call.name.as_str(), "capture" | "run_locally" | "ask" | "password_prompt")
                    || call.arguments.iter().any(|value| self.is_early(value))
            }
            Expr::Method(owner, _, arguments) => {
                self.is_early(owner) || arguments.iter().any(|value| self.is_early(value))
            }
            Expr::Binary(_, left, right) | Expr::Index(left, right) => self.is_early(left) || self.is_early(right),
            Expr::Not(inner) | Expr::Negative(inner) | Expr::Member(inner, _) => self.is_early(inner),
            Expr::If(arms, otherwise) => {
                let block = |block: &Block| block.value().is_some_and(|value| self.is_early(value));
                arms.iter()
                    .any(|(condition, then)| self.is_early(condition) || block(then))
                    || otherwise.as_ref().is_some_and(block)
            }
            _ => false,
        }
    }

    /// Returns a variable and those whose values the deploy library makes of it. One that the recipe sets itself has that value.
    pub(super) fn with_those_made_of(&self, name: &str) -> Vec<String> {
        with_made_of(name, &self.set)
    }

    /// Checks lines that run while the recipe is loaded: `set` of a value that is not known yet becomes lazy, and anything else
    /// that needs it becomes a note. `notes` is the number of notes before the lines.
    pub(super) fn while_loading(&mut self, node: &Node<'_>, mut lines: Vec<Line>, notes: usize) -> Vec<Line> {
        if self.deferred > 0 || self.lost_variables.is_empty() {
            return lines;
        }
        let Some(name) = read_of(&lines, &self.lost_variables) else {
            if let [
                Line {
                    statement: Statement::Verb(call),
                    ..
                },
            ] = lines.as_slice()
                && call.name == "set"
                && let Some(name) = call.arguments.first().and_then(Expr::literal)
            {
                // The variable has a value from here on.
                self.lost_variables.remove(name);
            }
            return lines;
        };
        let name = name.to_owned();
        if let [
            Line {
                statement: Statement::Verb(call),
                ..
            },
        ] = lines.as_mut_slice()
            && !reads_itself(call)
            && let Some(variable) = lazy(call)
        {
            self.lose_variable(&variable, self.lost_at.get(&name).copied());
            return lines;
        }
        self.notes.truncate(notes);
        let note = self.lost_at.get(&name).copied().filter(|note| *note <= notes);
        vec![self.noted(node, Unported::needs(&name, note))]
    }
}

/// Returns a variable with those of the library that are made of it and have no value of their own.
pub(in crate::port) fn with_made_of(name: &str, set: &BTreeSet<String>) -> Vec<String> {
    const OF_PATHS: &[&str] = &[
        "releases_path",
        "release_path",
        "shared_path",
        "current_path",
        "current_release",
        "latest_release",
        "previous_release",
        "deploy_path",
        "repository_cache",
    ];
    let made_of_it: &[&'static [&'static str]] = match name {
        "application" => &[&["deploy_to"], OF_PATHS],
        "deploy_to" | "release_name" => &[OF_PATHS],
        "repository" | "branch" | "scm" => &[&["revision", "real_revision", "source"]],
        _ => &[],
    };
    let made_of_it = made_of_it.iter().copied().flatten();
    let made_of_it = made_of_it.filter(|made| !set.contains(**made));
    let made_of_it = made_of_it.map(|made| (*made).to_owned());
    made_of_it.chain([name.to_owned()]).collect()
}

/// Returns true for `set :x, x + 1`, which cannot wait: what it would read then is itself.
fn reads_itself(call: &Call) -> bool {
    let own = call.arguments.first().and_then(Expr::literal);
    let own = BTreeSet::from_iter(own.map(str::to_owned));
    call.arguments.get(1).is_some_and(|value| of(value, &own).is_some())
}

/// Makes `set` of a value lazy; returns the variable, or `None` if the call is another one.
pub(in crate::port) fn lazy(call: &mut Call) -> Option<String> {
    if !super::super::form::sets(&call.name) || call.arguments.len() != 2 || call.block.is_some() {
        return None;
    }
    let variable = call.arguments.first().and_then(Expr::literal)?.to_owned();
    call.block = Some(match call.arguments.pop()? {
        Expr::Block(block) => block,
        value => Block::giving(value),
    });
    Some(variable)
}

/// Returns the variables that a statement sets.
fn set_in(node: &Node<'_>) -> BTreeSet<String> {
    let mut set = BTreeSet::new();
    each_node(node, &mut |node| {
        let call = node.as_call_node().filter(|call| call.receiver().is_none());
        let sets = |call: &CallNode<'_>| {
            let name = id(&call.name());
            matches!(name.as_str(), "set" | "_cset" | "set_default" | "set_if_empty")
        };
        if let Some(call) = call.filter(sets) {
            let first = arguments(&call, false).values.first().and_then(literal);
            set.extend(first.map(|name| renamed(&name).to_owned()));
        }
        true
    });
    set
}

/// Returns the first of these variables that lines read while they are loaded.
pub(in crate::port) fn read_of<'a>(lines: &'a [Line], lost: &'a BTreeSet<String>) -> Option<&'a str> {
    lines.iter().find_map(|line| match &line.statement {
        Statement::Verb(call) => of_call(call, lost),
        Statement::Let(_, value) | Statement::Value(value) | Statement::Throw(value) => of(value, lost),
        Statement::Assign(left, _, right) => of(left, lost).or_else(|| of(right, lost)),
        Statement::For(_, list, block) => of(list, lost).or_else(|| read_of(&block.lines, lost)),
        Statement::While(condition, block) => of(condition, lost).or_else(|| read_of(&block.lines, lost)),
        Statement::Try(block, _, otherwise) => read_of(&block.lines, lost).or_else(|| read_of(&otherwise.lines, lost)),
        Statement::Return(value) => value.as_ref().and_then(|value| of(value, lost)),
        Statement::Break
        | Statement::Continue
        | Statement::Function(..)
        | Statement::Note(..)
        | Statement::Idle(_)
        | Statement::Nothing => None,
    })
}

/// Returns the word for a function whose value is not known yet.
pub(super) fn of_function(name: &str) -> String {
    format!("{name}()")
}

fn of_call<'a>(call: &'a Call, lost: &'a BTreeSet<String>) -> Option<&'a str> {
    let first = call.arguments.first().and_then(Expr::literal);
    if call.name == "fetch"
        && let Some(name) = first
        && lost.contains(name)
    {
        return Some(name);
    }
    if let Some(name) = lost.get(&of_function(&call.name)) {
        return Some(name);
    }
    let is_now = match call.name.as_str() {
        "task" | "before" | "after" | "role" | "transaction" => false,
        "on" => first == Some("load"),
        name => !super::super::form::sets(name),
    };
    let block = call.block.iter().filter(|_| is_now).flat_map(|block| &block.lines);
    let mut values = call.arguments.iter().chain(call.options.iter().map(|(_, value)| value));
    values
        .find_map(|value| of(value, lost))
        .or_else(|| block.map(std::slice::from_ref).find_map(|line| read_of(line, lost)))
}

/// Returns the first of these names that a value reads.
pub(in crate::port) fn of<'a>(value: &'a Expr, lost: &'a BTreeSet<String>) -> Option<&'a str> {
    let of_block = |block: &'a Block| read_of(&block.lines, lost);
    match value {
        Expr::Name(name) => lost.contains(name).then_some(name.as_str()),
        Expr::Call(call) => of_call(call, lost),
        Expr::Template(parts) | Expr::Script(parts) => parts.iter().find_map(|part| match part {
            Part::Value(value) => of(value, lost),
            Part::Text(_) => None,
        }),
        Expr::List(items) => items.iter().find_map(|item| of(item, lost)),
        Expr::Map(pairs) => pairs.iter().find_map(|(_, value)| of(value, lost)),
        Expr::Method(owner, _, arguments) => {
            of(owner, lost).or_else(|| arguments.iter().find_map(|value| of(value, lost)))
        }
        Expr::Member(inner, _) | Expr::Not(inner) | Expr::Negative(inner) => of(inner, lost),
        Expr::Index(left, right) | Expr::Binary(_, left, right) => of(left, lost).or_else(|| of(right, lost)),
        Expr::If(arms, otherwise) => arms
            .iter()
            .find_map(|(condition, block)| of(condition, lost).or_else(|| of_block(block)))
            .or_else(|| otherwise.as_ref().and_then(of_block)),
        Expr::Switch(subject, arms, otherwise) => of(subject, lost)
            .or_else(|| arms.iter().find_map(|(_, block)| of_block(block)))
            .or_else(|| otherwise.as_ref().and_then(of_block)),
        Expr::Closure(_, block) | Expr::Block(block) => of_block(block),
        Expr::Unit | Expr::Bool(_) | Expr::Number(_) | Expr::Text(_) | Expr::Symbol(_) => None,
    }
}

/// Returns true for a path that ends with a `/` if a variable of the environment is not there: `/srv/#{ENV["NAME"]}`. It is refused while
/// it is read, so it waits until somebody needs it.
pub(super) fn may_end_so(path: &Expr) -> bool {
    let Expr::Template(parts) = path else {
        return false;
    };
    matches!(parts.last(), Some(Part::Value(Expr::Binary("??", _, otherwise))) if otherwise.literal() == Some(""))
}
