//! Calls of functions and methods that do not exist, or not with that number of arguments.

use std::collections::{BTreeSet, HashMap};

use rhai::{ASTNode, Engine, Expr, Position, Stmt, is_valid_identifier};

use super::super::names::{takes_no_arguments, written};
use super::super::syntax::words::as_written;
use super::claims::{Claims, Text};
use super::{Findings, at};
use crate::configuration::suggestion;
use crate::diagnostic::{Diagnostic, Fault};

/// Functions that Rhai knows without having registered them.
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

/// A call as it is written.
pub(super) struct Call {
    name: String,
    given: usize,
    position: Position,
    is_method: bool,
    /// The first word of what the method is called on, where that is looked up when it runs.
    owner: Option<String>,
}

impl Call {
    /// The call that stands in these nodes.
    pub(super) fn at(nodes: &[ASTNode]) -> Option<Self> {
        let (call, position, is_method) = match nodes.last()? {
            ASTNode::Expr(Expr::FnCall(call, position)) => (call, *position, false),
            ASTNode::Expr(Expr::MethodCall(call, position)) => (call, *position, true),
            ASTNode::Stmt(Stmt::FnCall(call, position)) => (call, *position, false),
            _ => return None,
        };
        let is_named = !call.is_qualified() && !call.is_operator_call() && is_valid_identifier(&call.name);
        is_named.then(|| Self {
            name: call.name.to_string(),
            given: call.args.len(),
            position,
            is_method,
            owner: nodes.split_last().and_then(|(_, around)| owner(around)),
        })
    }
}

/// The first word of a chain of periods and brackets, where it is no local variable.
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
    /// Takes note of what may hold a function.
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

/// What there is: whether as a method, the name; the numbers of arguments that it takes.
pub(super) type Known = HashMap<(bool, String), BTreeSet<usize>>;

impl Findings<'_> {
    /// Functions and methods that are called but are not there.
    pub(super) fn unknown_calls(&self, known: &Known) -> Vec<Diagnostic> {
        let own = self.texts.iter();
        let calls = own.flat_map(|(text, claims)| claims.calls.iter().map(move |call| (*text, call)));
        calls
            .filter_map(|(text, call)| Some(at(self.unknown_call(text, call, known)?, text, call.position)))
            .collect()
    }

    pub(super) fn known(&self, engine: &Engine) -> Known {
        let mut known = Known::new();
        let of_engine = engine.collect_fn_metadata(
            None,
            |function| Some((function.metadata.name.to_string(), function.metadata.num_params)),
            true,
        );
        let mut takes = |is_method, name: &str, number| {
            known.entry((is_method, name.to_owned())).or_default().insert(number);
        };
        for (name, parameters) in of_engine {
            takes(false, &name, parameters);
            if let Some(behind) = parameters.checked_sub(1) {
                takes(true, &name, behind);
            }
        }
        for (text, _) in &self.texts {
            for function in text.ast.iter_functions() {
                takes(false, function.name, function.params.len());
                takes(true, function.name, function.params.len());
            }
        }
        known
    }

    fn unknown_call(&self, here: &Text, call: &Call, known: &Known) -> Option<Diagnostic> {
        let name = call.name.as_str();
        // What the library calls its own values says nothing about those of a recipe.
        let is_near = |text: &Text| text.file == here.file || !self.interpreter.is_of_stdlib(&text.file);
        let may_hold = |(text, claims): &(&Text, &Claims)| {
            is_near(text) && claims.holders.contains(name) || call.given == 0 && text.names.variables.contains(name)
        };
        if KEYWORDS.contains(&name) || self.texts.iter().any(may_hold) {
            return None;
        }
        // A member of a namespace is a task; an owner that is not known is told by itself.
        if let Some(owner) = &call.owner
            && (self.is_namespace_anywhere(owner) || owner != "ENV" && !self.may_be_set(owner))
        {
            return None;
        }
        let numbers = known.get(&(call.is_method, name.to_owned()));
        if numbers.is_some_and(|numbers| numbers.contains(&call.given)) {
            return None;
        }
        let interpreter = self.interpreter;
        let is_task = self.is_task_anywhere(name);
        if !call.is_method && is_task {
            return (call.given > 0).then(|| takes_no_arguments(name));
        }
        let what = if call.is_method { "method" } else { "function" };
        let is_parameter = |(text, _): &(&Text, &Claims)| {
            let mut functions = text.ast.iter_functions();
            is_near(text) && functions.any(|function| function.params.contains(&name))
        };
        if self.texts.iter().any(is_parameter) {
            return None;
        }
        let (message, label) = match numbers {
            Some(numbers) => {
                let given = match call.given {
                    0 => "no arguments".to_owned(),
                    1 => "one argument".to_owned(),
                    given => format!("{given} arguments"),
                };
                let takes: Vec<String> = numbers.iter().map(usize::to_string).collect();
                (
                    format!("the {what} `{name}' does not take {given}, but {}", takes.join(" or ")),
                    "wrong number of arguments",
                )
            }
            None if !call.is_method && call.given == 0 => {
                if interpreter.configuration.borrow().variables.exists(name) {
                    return None;
                }
                (format!("unknown function or task `{name}'"), "no such function")
            }
            None => (format!("unknown {what} `{name}'"), "not known"),
        };
        let alike = || {
            let alike = known.keys().filter(|(is_method, _)| *is_method == call.is_method);
            let mut names: Vec<&str> = alike.map(|(_, name)| name.as_str()).collect();
            // Of names that are equally near the first one is taken.
            names.sort_unstable();
            let known_name = (!call.is_method).then(|| interpreter.suggestion(name)).flatten();
            known_name.or_else(|| suggestion(name, names))
        };
        let mut diagnostic = Diagnostic::new(Fault::Recipe, message).label(label);
        let hint = written(name).or_else(|| numbers.is_none().then(alike).flatten());
        diagnostic.hints.extend(hint);
        Some(diagnostic)
    }

    /// Whether a task is called so in some namespace: functions look names up from wherever they are called.
    fn is_task_anywhere(&self, name: &str) -> bool {
        let configuration = self.interpreter.configuration.borrow();
        let mut names = configuration.tasks.names();
        names.any(|task| task == name || task.rsplit(':').next() == Some(name))
            || self.any(|claims| claims.computes_tasks && !self.is_whole)
    }

    fn is_namespace_anywhere(&self, name: &str) -> bool {
        let configuration = self.interpreter.configuration.borrow();
        let mut names = configuration.tasks.names();
        names.any(|task| task.split(':').any(|part| part == name))
    }
}
