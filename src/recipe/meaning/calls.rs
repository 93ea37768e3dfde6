//! Finds calls of functions and methods that do not exist, or that do not take this number of arguments.

use std::collections::BTreeSet;

use rhai::{ASTNode, Expr, Position, Stmt, is_valid_identifier};

use super::claims::{Claims, Text};
use super::findings::{Findings, at};
use super::names::{takes_no_arguments, written};
use super::types::Functions;
use crate::configuration::suggestion;
use crate::diagnostic::{Diagnostic, Fault};
use crate::recipe::language::syntax::marks::as_written;
use crate::recipe::language::takes::Shape;

/// Functions that Rhai knows although they are not registered.
const KEYWORDS: &[&str] = &[
    "Fn",
    "call",
    "curry",
    "debug",
    "eval",
    "exit",
    "is_def_fn",
    "is_def_var",
    "is_shared",
    "print",
    "tag",
    "type_of",
];

/// A call in a source.
pub(super) struct SourceCall {
    pub(super) name: String,
    pub(super) given: usize,
    position: Position,
    pub(super) is_method: bool,
    /// The first word of the expression that the method is called on, unless it is a local variable.
    owner: Option<String>,
    /// The name of the module before `::`.
    pub(super) module: Option<String>,
    /// The kinds of the arguments, if they are certain, and their positions.
    pub(super) shapes: Vec<(Option<Shape>, Position)>,
}

impl SourceCall {
    /// Returns the call at the end of these nodes.
    pub(super) fn at(nodes: &[ASTNode]) -> Option<Self> {
        let (call, position, is_method) = match nodes.last()? {
            ASTNode::Expr(Expr::FnCall(call, position)) => (call, *position, false),
            ASTNode::Expr(Expr::MethodCall(call, position)) => (call, *position, true),
            ASTNode::Stmt(Stmt::FnCall(call, position)) => (call, *position, false),
            _ => return None,
        };
        let is_named = !call.is_operator_call() && is_valid_identifier(&call.name);
        is_named.then(|| Self {
            name: call.name.to_string(),
            given: call.args.len(),
            position,
            is_method,
            owner: nodes.split_last().and_then(|(_, around)| owner(around)),
            module: call.is_qualified().then(|| call.namespace.to_string()),
            shapes: call
                .args
                .iter()
                .map(|value| (Shape::of(value), value.start_position()))
                .collect(),
        })
    }
}

/// Returns the first word of a chain of periods and brackets, unless it is a local variable.
fn owner(around: &[ASTNode]) -> Option<String> {
    let chain = around.iter().rev().map_while(|node| match node {
        ASTNode::Expr(Expr::Dot(pair, ..) | Expr::Index(pair, ..)) => Some(&pair.lhs),
        _ => None,
    });
    match chain.last()? {
        Expr::Variable(variable, None, _) if variable.0.is_none() => Some(as_written(&variable.1).to_owned()),
        _ => None,
    }
}

impl Claims {
    /// Notes names that may hold a function.
    pub(super) fn holders(&mut self, nodes: &[ASTNode]) {
        match nodes.last() {
            Some(ASTNode::Stmt(Stmt::Var(variable, ..))) => drop(self.holders.insert(variable.0.name.to_string())),
            Some(ASTNode::Stmt(Stmt::Assignment(assignment))) => {
                if let Expr::Dot(target, ..) = &assignment.1.lhs
                    && let Expr::Property(property, _) = &target.rhs
                {
                    self.holders.insert(property.2.to_string());
                }
            }
            Some(ASTNode::Expr(Expr::Map(map, _))) => {
                self.holders.extend(map.0.iter().map(|(name, _)| name.name.to_string()));
            }
            _ => {}
        }
    }
}

impl Findings<'_> {
    /// Returns an error for each call of a function or method that does not exist or does not take these arguments.
    pub(super) fn unknown_calls(&self, functions: &Functions) -> Vec<Diagnostic> {
        let calls = self
            .examined()
            .flat_map(|(text, claims)| claims.calls.iter().map(move |call| (text, call)));
        calls
            .filter_map(|(text, call)| {
                if let Some(module) = &call.module {
                    return Some(at(self.unknown_of_module(text, module, call)?, text, call.position));
                }
                match self.unknown_call(text, call, functions) {
                    Some(told) => Some(at(told, text, call.position)),
                    None => self.wrong_type(text, call, functions),
                }
            })
            .collect()
    }

    fn unknown_call(&self, text: &Text, call: &SourceCall, functions: &Functions) -> Option<Diagnostic> {
        let name = call.name.as_str();
        // Names in the library's own values say nothing about those in a recipe.
        let is_near = |other: &Text| other.file == text.file || !self.defined.is_of_stdlib(&other.file);
        let may_hold = |other: &Text| {
            is_near(other) && other.claims().holders.contains(name)
                || call.given == 0 && other.names().variables.contains(name)
        };
        let numbers = numbers(text, call, functions);
        if numbers.contains(&call.given) || KEYWORDS.contains(&name) || self.texts.iter().any(may_hold) {
            return None;
        }
        // A member of a namespace is a task; an unknown owner is reported elsewhere.
        if let Some(owner) = &call.owner
            && (self.is_namespace_anywhere(owner) || owner != "ENV" && !self.may_be_set(owner))
        {
            return None;
        }
        if !call.is_method && self.is_task_anywhere(name) {
            return (call.given > 0).then(|| takes_no_arguments(name));
        }
        let is_parameter = |text: &Text| {
            is_near(text)
                && text
                    .ast()
                    .iter_functions()
                    .any(|function| function.params.contains(&name))
        };
        let is_variable = || self.defined.configuration().variables.exists(name);
        // A variable or a task may be written with brackets.
        let may_be_name = numbers.is_empty() && !call.is_method && call.given == 0;
        if self.texts.iter().any(is_parameter) || may_be_name && is_variable() {
            return None;
        }
        let what = if call.is_method { "method" } else { "function" };
        let (message, label) = match &numbers {
            numbers if !numbers.is_empty() => (
                format!("the {what} `{name}' takes {}, not {}", listed(numbers), call.given),
                "wrong number of arguments",
            ),
            _ if may_be_name => (format!("unknown function or task `{name}'"), "no such function"),
            _ => (format!("unknown {what} `{name}'"), "not known"),
        };
        let mut diagnostic = Diagnostic::new(Fault::Recipe, message).label(label);
        let elsewhere = || self.defined.function_elsewhere(name).filter(|_| !call.is_method);
        let alike = || self.alike(call, functions);
        let unknown = || numbers.is_empty().then(|| elsewhere().or_else(alike)).flatten();
        diagnostic.hints.extend(written(name).or_else(unknown));
        Some(diagnostic)
    }

    /// Returns the hint with a name like that of an unknown call.
    fn alike(&self, call: &SourceCall, functions: &Functions) -> Option<String> {
        let name = call.name.as_str();
        let known_name = (!call.is_method).then(|| self.defined.suggestion(name, "")).flatten();
        known_name.or_else(|| {
            // If several names are equally similar, the first one is taken.
            let names = functions.names(call.is_method);
            suggestion(name, names.iter().map(String::as_str))
        })
    }

    /// Returns true if a task in some namespace has this name: functions look up names from wherever they are called.
    fn is_task_anywhere(&self, name: &str) -> bool {
        let configuration = self.defined.configuration();
        let mut names = configuration.tasks.names();
        names.any(|task| task == name || task.rsplit(':').next() == Some(name))
            || self.any(|claims| claims.computes_tasks && !self.is_whole)
    }

    fn is_namespace_anywhere(&self, name: &str) -> bool {
        let configuration = self.defined.configuration();
        let mut names = configuration.tasks.names();
        names.any(|task| task.split(':').any(|part| part == name))
    }
}

/// Returns the numbers of arguments that the functions of this name take. Those of a source are known only there.
fn numbers(text: &Text, call: &SourceCall, functions: &Functions) -> BTreeSet<usize> {
    let there = functions.numbers(&call.name, call.is_method);
    let own = text
        .ast()
        .iter_functions()
        .filter(|function| function.name == call.name);
    let own = own.map(|function| function.params.len());
    there.chain(own).collect()
}

/// Returns the numbers in words: `1 argument`, `1 or 3 arguments`, `1 to 8 arguments`.
fn listed(numbers: &BTreeSet<usize>) -> String {
    let all: Vec<String> = numbers.iter().map(usize::to_string).collect();
    let said = match (numbers.first(), numbers.last()) {
        (Some(first), Some(last)) if all.len() > 2 && last - first + 1 == all.len() => format!("{first} to {last}"),
        _ => all.join(" or "),
    };
    format!("{said} argument{}", if said == "1" { "" } else { "s" })
}
