//! Finds conditions that are neither true nor false: in Ruby every value but `nil` and `false` is true, here only `true` is.

use rhai::{ASTNode, Expr, Position, Stmt};

use super::claims::{Claims, Text};
use super::errors::{no_truth, types};
use super::findings::{Findings, at};
use super::mentions::{literal, verb};
use super::read::ReadCall;
use crate::diagnostic::{Diagnostic, Fault};
use crate::recipe::language::syntax::marks::as_written;
use crate::recipe::language::takes::Shape;
use crate::recipe::language::verb::sets;

/// The values that are used as conditions.
#[derive(Default)]
pub(super) struct Conditions {
    /// Values that cannot be conditions.
    wrong: Vec<(Diagnostic, Position)>,
    /// Variables that are conditions by themselves.
    names: Vec<String>,
    /// Variables that are set to a value that is written out.
    given: Vec<(String, Shape, Position)>,
}

impl Claims {
    /// Notes the conditions in these nodes.
    pub(super) fn conditions(&mut self, nodes: &[ASTNode]) {
        match nodes.last() {
            Some(ASTNode::Stmt(Stmt::If(flow, _) | Stmt::While(flow, _) | Stmt::Do(flow, ..))) => {
                self.condition(&flow.expr);
            }
            Some(ASTNode::Expr(Expr::And(sides, _) | Expr::Or(sides, _))) => {
                sides.iter().for_each(|side| self.condition(side));
            }
            // `upload! "a"`, a verb of Capistrano 3, is reported elsewhere.
            Some(ASTNode::Expr(Expr::FnCall(call, _))) if call.name == "!" && !is_argument(nodes) => {
                call.args.iter().for_each(|side| self.condition(side));
            }
            Some(ASTNode::Expr(Expr::Custom(call, _))) if verb(call).is_some_and(sets) => {
                let read = ReadCall::of(call);
                if let [name, value] = read.arguments.as_slice()
                    && let (Some(name), Some(shape)) = (literal(name), Shape::of(value))
                {
                    self.conditions.given.push((name, shape, value.start_position()));
                }
            }
            _ => {}
        }
    }

    fn condition(&mut self, value: &Expr) {
        if let Some(name) = variable(value) {
            self.conditions.names.push(name);
        } else if let Some(told) = no_condition(value) {
            self.conditions.wrong.push((told, value.start_position()));
        }
    }
}

/// Returns true if the last of these nodes is an argument of a verb.
fn is_argument(nodes: &[ASTNode]) -> bool {
    matches!(nodes, [.., ASTNode::Expr(Expr::Custom(..)), _])
}

/// Returns the variable of the recipe that is read by its name or by `fetch`.
fn variable(value: &Expr) -> Option<String> {
    match value {
        Expr::Variable(variable, None, _) if variable.0.is_none() && variable.2.is_empty() => {
            Some(as_written(&variable.1).to_owned())
        }
        Expr::Custom(call, _) if verb(call) == Some("fetch") => literal(ReadCall::of(call).arguments.first()?),
        _ => None,
    }
}

/// Returns the error for a value that is certainly neither true nor false.
fn no_condition(value: &Expr) -> Option<Diagnostic> {
    if let Some(name) = of_environment(value) {
        let message = "expected truth value, found a variable of the environment, which is a string or nothing";
        let told = Diagnostic::new(Fault::Recipe, message).label("neither true nor false");
        let told = told.hint(format!("whether it is there: \"{name}\" in ENV"));
        return Some(told.hint(format!("what it says: ENV[\"{name}\"] == \"yes\"")));
    }
    if let Expr::Coalesce(values, _) = value {
        return values.iter().find_map(no_condition);
    }
    if let Expr::Custom(call, _) = value {
        let (kind, way_out) = match verb(call)? {
            "capture" => ("string", "whether a command succeeds on a server: test(\"…\")"),
            "run" | "stream" => ("nothing", "whether a command succeeds on a server: test(\"…\")"),
            "run_locally" if ReadCall::of(call).options.is_empty() => {
                ("string", "whether a command of this machine succeeds: system(\"…\")")
            }
            _ => return None,
        };
        let told = Diagnostic::new(Fault::Recipe, format!("expected truth value, found {kind}"));
        return Some(told.label("neither true nor false").hint(way_out));
    }
    match Shape::of(value)? {
        Shape::Flag => None,
        shape => Some(no_truth(&types(shape.name()))),
    }
}

/// Returns the name in `ENV["NAME"]` or `ENV.NAME`.
fn of_environment(value: &Expr) -> Option<String> {
    let (Expr::Index(pair, ..) | Expr::Dot(pair, ..)) = value else {
        return None;
    };
    match (&pair.lhs, &pair.rhs) {
        (Expr::Variable(owner, ..), Expr::Property(name, _)) if owner.1 == "ENV" => Some(name.2.to_string()),
        (Expr::Variable(owner, ..), name) if owner.1 == "ENV" => literal(name),
        _ => None,
    }
}

impl Findings<'_> {
    pub(super) fn no_conditions(&self) -> Vec<Diagnostic> {
        let wrong = self
            .examined()
            .flat_map(|(text, claims)| claims.conditions.wrong.iter().map(move |found| (text, found)));
        wrong
            .map(|(text, (told, position))| at(told.clone(), text, *position))
            .collect()
    }

    /// Returns a warning where the recipe sets a variable that is used as a condition to a value that is neither true nor false.
    pub(super) fn no_truths(&self) -> Vec<Diagnostic> {
        let is_asked = |name: &str| {
            let asks = |(text, claims): (&Text, &Claims)| {
                claims.conditions.names.iter().any(|asked| asked == name) && !claims.shapes.has_local(text, name)
            };
            self.texts().any(asks)
        };
        let mut found = Vec::new();
        for (text, claims) in self.own() {
            for (name, shape, position) in &claims.conditions.given {
                if *shape == Shape::Flag || !is_asked(name) {
                    continue;
                }
                let kind = types(shape.name());
                let told = Diagnostic::warning(format!("`{name}' is a condition, and this is a {kind}"));
                let told = told
                    .label("neither true nor false")
                    .hint(format!("write: set :{name}, true; or: set :{name}, false;"));
                found.push(at(told, text, *position));
            }
        }
        found
    }
}
