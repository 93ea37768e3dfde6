//! Finds values that may be missing where a string is made of them: `ENV["X"]` without a default, a key that a map does not have.

use std::collections::{BTreeSet, HashMap, HashSet};

use rhai::{ASTNode, Expr, Position, Stmt};

use super::claims::{Claims, Text};
use super::findings::{Findings, at};
use super::mentions::{literal, verb};
use super::read::ReadCall;
use crate::configuration::suggestion;
use crate::diagnostic::Diagnostic;
use crate::recipe::language::syntax::marks::as_written;
use crate::recipe::language::takes::Shape;
use crate::recipe::language::verb::sets;

/// Environment variables that exist wherever somebody has logged in.
const ALWAYS_THERE: &[&str] = &["HOME", "LOGNAME", "PATH", "PWD", "SHELL", "USER"];

/// The uses of members of maps and of the environment in a source.
#[derive(Default)]
pub(super) struct Members {
    /// Members that become a part of a string without a default: the name of the map, the key.
    parts: Vec<(String, String, Position)>,
    /// Environment variables that are used in another way, or set.
    asked: HashSet<String>,
    /// The keys of maps that are written out, by the name of the map.
    keys: HashMap<String, BTreeSet<String>>,
    /// Keys that are added to a map later.
    given: HashSet<String>,
    /// Maps that may get keys that are not written out.
    changed: HashSet<String>,
}

impl Claims {
    /// Notes members, and changes of maps.
    pub(super) fn members(&mut self, nodes: &[ASTNode]) {
        let members = &mut self.members;
        let mut map = |name: &str, value: &Expr| {
            if let Expr::Map(map, _) = value {
                let keys = map.0.iter().map(|(key, _)| key.name.to_string());
                members.keys.entry(name.to_owned()).or_default().extend(keys);
            }
        };
        match nodes.last() {
            Some(ASTNode::Stmt(Stmt::Var(variable, ..))) => map(&variable.0.name, &variable.1),
            Some(ASTNode::Stmt(Stmt::Assignment(assignment))) => {
                let target = &assignment.1.lhs;
                if let Expr::Variable(variable, ..) = target {
                    map(&variable.1, &assignment.1.rhs);
                    if assignment.0.is_op_assignment() {
                        members.changed.insert(variable.1.to_string());
                    }
                }
                match member(target) {
                    Some((_, key, _)) => drop(members.given.insert(key)),
                    None => members.changed.extend(root(target)),
                }
            }
            Some(ASTNode::Expr(Expr::Custom(call, _))) if verb(call).is_some_and(sets) => {
                let read = ReadCall::of(call);
                if let Some(name) = read.arguments.first().and_then(|name| literal(name))
                    && let Some(value) = read.set_to()
                {
                    map(&name, value);
                }
            }
            // This is `"X" in ENV`.
            Some(ASTNode::Expr(Expr::FnCall(call, _))) => {
                let is_environment = call.args.iter().any(is_environment);
                if is_environment {
                    members.asked.extend(call.args.iter().filter_map(literal));
                }
            }
            Some(ASTNode::Expr(value @ (Expr::Dot(pair, ..) | Expr::Index(pair, ..)))) => {
                if let Expr::MethodCall(..) = first(&pair.rhs) {
                    members.changed.extend(root(value));
                }
                let Some((owner, key, position)) = member(value) else {
                    return;
                };
                match is_part_of_text(nodes) {
                    true => members.parts.push((owner, key, position)),
                    false if owner == "ENV" => drop(members.asked.insert(key)),
                    false => {}
                }
            }
            _ => {}
        }
    }
}

/// Returns the name, the key and the position of `name.key` or `name["key"]`.
fn member(value: &Expr) -> Option<(String, String, Position)> {
    let (Expr::Dot(pair, ..) | Expr::Index(pair, ..)) = value else {
        return None;
    };
    let Expr::Variable(owner, ..) = &pair.lhs else {
        return None;
    };
    let key = match (value, &pair.rhs) {
        (Expr::Dot(..), Expr::Property(property, _)) => property.2.to_string(),
        (Expr::Index(..), Expr::StringConstant(key, _)) => key.to_string(),
        _ => return None,
    };
    Some((as_written(&owner.1).to_owned(), key, value.start_position()))
}

/// Returns the name at the beginning of a chain of members.
fn root(value: &Expr) -> Option<String> {
    match value {
        Expr::Dot(pair, ..) | Expr::Index(pair, ..) => root(&pair.lhs),
        Expr::Variable(variable, ..) => Some(as_written(&variable.1).to_owned()),
        _ => None,
    }
}

/// Returns the first expression in a chain.
fn first(value: &Expr) -> &Expr {
    match value {
        Expr::Dot(pair, ..) | Expr::Index(pair, ..) => first(&pair.lhs),
        value => value,
    }
}

fn is_environment(value: &Expr) -> bool {
    matches!(value, Expr::Variable(variable, ..) if as_written(&variable.1) == "ENV")
}

/// Returns true if the last of these nodes is put into a string, added to one, or is a command.
fn is_part_of_text(nodes: &[ASTNode]) -> bool {
    let Some((last, around)) = nodes.split_last() else {
        return false;
    };
    let around = around.iter().rev().find(|node| match node {
        ASTNode::Stmt(Stmt::Expr(_)) => false,
        ASTNode::Expr(Expr::Stmt(block)) => block.statements().len() != 1,
        _ => true,
    });
    match around {
        Some(ASTNode::Expr(Expr::InterpolatedString(..))) => true,
        Some(ASTNode::Expr(Expr::FnCall(call, _))) => {
            call.name == "+" && call.args.iter().any(|side| Shape::of(side) == Some(Shape::Text))
        }
        Some(ASTNode::Expr(Expr::Custom(call, _))) => {
            let takes_command = verb(call).is_some_and(|verb| {
                matches!(
                    verb,
                    "capture" | "capture_all" | "run" | "run_locally" | "stream" | "sudo" | "system" | "test"
                )
            });
            let read = ReadCall::of(call);
            let command = read.arguments.first();
            takes_command
                && matches!((command, last), (Some(command), ASTNode::Expr(last)) if std::ptr::eq(*command, *last))
        }
        _ => false,
    }
}

impl Findings<'_> {
    /// Returns a warning for each value that may be missing where a string is made of it: the run would end there.
    pub(super) fn may_be_missing(&self) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        for (text, claims) in self.own() {
            for (owner, key, position) in &claims.members.parts {
                let told = match owner.as_str() {
                    "ENV" => self.not_in_environment(key),
                    _ => self.not_in_map(text, owner, key),
                };
                found.extend(told.map(|told| at(told, text, *position)));
            }
        }
        found
    }

    fn not_in_environment(&self, key: &str) -> Option<Diagnostic> {
        if ALWAYS_THERE.contains(&key) || self.any(|claims| claims.members.asked.contains(key)) {
            return None;
        }
        let told = Diagnostic::warning(format!("the environment variable `{key}' may not be set"));
        let told = told.label("ends the run where it is missing");
        Some(told.hint(format!("where it may be missing: ENV[\"{key}\"] ?? \"\"")))
    }

    fn not_in_map(&self, text: &Text, owner: &str, key: &str) -> Option<Diagnostic> {
        let is_map = self.shape(text, owner) == Some(Shape::Map);
        let may_be_given =
            self.any(|claims| claims.members.given.contains(key) || claims.members.changed.contains(owner));
        if !is_map || may_be_given {
            return None;
        }
        let keys = self.texts().filter_map(|(_, claims)| claims.members.keys.get(owner));
        let keys: BTreeSet<&str> = keys.flatten().map(String::as_str).collect();
        if keys.contains(key) {
            return None;
        }
        let told = Diagnostic::warning(format!("the map `{owner}' has no `{key}'")).label("ends the run here");
        let near = suggestion(key, keys.iter().copied());
        let told = near.into_iter().fold(told, Diagnostic::hint);
        Some(told.hint(format!("where it may be missing: {owner}.{key} ?? \"\"")))
    }
}
