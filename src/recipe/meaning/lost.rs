//! Finds calls that return nothing but are used as values: `set :x, list.push("a")`.

use rhai::{ASTNode, Expr, Position, Stmt};

use super::claims::{Claims, Text};
use super::findings::at;
use super::mentions::{literal, verb};
use super::read::ReadCall;
use crate::diagnostic::{Diagnostic, Fault};
use crate::recipe::language::syntax::marks::as_written;
use crate::recipe::language::verb::sets;

/// Methods that change their object and return nothing.
const IN_PLACE: &[&str] = &[
    "append",
    "chop",
    "clear",
    "crop",
    "fill_with",
    "insert",
    "make_lower",
    "make_upper",
    "mixin",
    "pad",
    "push",
    "replace",
    "reverse",
    "sort",
    "trim",
    "truncate",
];

/// Verbs that return nothing.
const SILENT: &[&str] = &[
    "after",
    "alias_task",
    "append",
    "before",
    "debug",
    "desc",
    "info",
    "puts",
    "remove",
    "role",
    "server",
    "set",
    "set_default",
    "set_if_empty",
    "synonym_task",
    "task",
    "unset",
    "warn",
];

impl Claims {
    /// Notes a call that returns nothing but is used as a value.
    pub(super) fn lost(&mut self, text: &Text, nodes: &[ASTNode]) {
        let (value, name) = match nodes.last() {
            Some(ASTNode::Stmt(Stmt::Var(variable, ..))) => (&variable.1, None),
            Some(ASTNode::Expr(Expr::Custom(call, _))) if verb(call).is_some_and(sets) => {
                match ReadCall::of(call).arguments.as_slice() {
                    [name, value] => (*value, literal(name)),
                    _ => return,
                }
            }
            _ => return,
        };
        if let Expr::Custom(call, _) = value
            && let Some(word) = verb(call).filter(|word| SILENT.contains(word))
        {
            let told = Diagnostic::new(Fault::Recipe, format!("`{word}' gives no value")).label("gives nothing");
            let hint = format!("let it be a statement of its own: {word} …;");
            self.wrong.push(at(told.hint(hint), text, ReadCall::of(call).position));
            return;
        }
        let Some((owner, method, position)) = in_place(value) else {
            return;
        };
        if text.ast().iter_functions().any(|function| function.name == method) {
            return;
        }
        let told = Diagnostic::new(
            Fault::Recipe,
            format!("`{method}' changes what it is called on and gives nothing"),
        );
        let owner = owner.unwrap_or_else(|| "value".to_owned());
        let hint = match (method, name) {
            ("trim", _) => format!("write: strip({owner})"),
            ("replace", _) => format!("write: gsub({owner}, \"pattern\", \"with\")"),
            ("push", Some(name)) => format!("write: set :{name}, {owner} + [item];"),
            ("append", Some(name)) => format!("write: set :{name}, {owner} + other;"),
            (_, Some(name)) if name == owner => format!("write: {owner}.{method}(…);"),
            (_, Some(name)) => format!("write: let value = {owner}; value.{method}(…); set :{name}, value;"),
            (_, None) => format!("write: let value = {owner}; value.{method}(…);"),
        };
        self.wrong
            .push(at(told.label("gives nothing").hint(hint), text, position));
    }
}

/// Returns the last method of a chain, its position, and the name of what it is called on, if that has one.
fn in_place(value: &Expr) -> Option<(Option<String>, &str, Position)> {
    let Expr::Dot(pair, ..) = value else { return None };
    let owner = match &pair.lhs {
        Expr::Variable(variable, ..) => Some(as_written(&variable.1).to_owned()),
        _ => None,
    };
    match &pair.rhs {
        Expr::MethodCall(call, position) => {
            let method = IN_PLACE.iter().find(|method| **method == call.name)?;
            Some((owner, method, *position))
        }
        inner @ Expr::Dot(..) => in_place(inner).map(|(_, method, position)| (None, method, position)),
        _ => None,
    }
}
