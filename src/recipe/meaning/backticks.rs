//! Finds strings in backticks that Ruby would run: ``set :branch, `git rev-parse HEAD`;`` sets the branch to that very string.

use rhai::{ASTNode, Expr, Position, Stmt};

use super::claims::Claims;
use super::findings::{Findings, at};
use super::mentions::verb;
use crate::diagnostic::Diagnostic;
use crate::recipe::language::verb::sets;

/// Commands whose output a recipe probably wants when it is loaded.
const QUESTIONS: &[&str] = &[
    "date",
    "git branch",
    "git config",
    "git describe",
    "git log",
    "git ls-remote",
    "git rev-parse",
    "git symbolic-ref",
    "hg id",
    "hostname",
    "id",
    "pwd",
    "svn info",
    "svnversion",
    "uname",
    "whoami",
];

/// Programs at the beginning of a string that is compared, taken apart or iterated.
const PROGRAMS: &[&str] = &[
    "awk", "bundle", "cat", "curl", "cut", "df", "du", "echo", "find", "git", "grep", "head", "hg", "ls", "node",
    "npm", "ps", "rake", "ruby", "sed", "stat", "svn", "tail", "wc", "which",
];

/// Methods that make sense for the output of a command, and not for a string that is written out.
const OF_OUTPUT: &[&str] = &["chomp", "strip"];

impl Claims {
    /// Notes a string that looks like a command for this machine whose output is wanted.
    pub(super) fn asked(&mut self, nodes: &[ASTNode]) {
        let Some((ASTNode::Expr(text), around)) = nodes.split_last() else {
            return;
        };
        let (first, position) = match text {
            Expr::StringConstant(text, position) => (text.as_str(), *position),
            Expr::InterpolatedString(parts, position) => match parts.first() {
                Some(Expr::StringConstant(text, _)) => (text.as_str(), *position),
                _ => return,
            },
            _ => return,
        };
        let begins_with = |question: &str| {
            let rest = first.trim_start().strip_prefix(question);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
        };
        let is_question = || QUESTIONS.iter().any(|question| begins_with(question));
        let is_program = || {
            let mut programs = PROGRAMS.iter();
            let is_run = |program: &str| first.strip_prefix(program).is_some_and(|rest| rest.starts_with(' '));
            programs.any(|program| is_run(program)) || is_question()
        };
        // Few strings are used like this, and only those are compared with the programs.
        if is_output(around, position) || is_used(text, around) && is_program() || is_kept(around) && is_question() {
            self.asked.push(position);
        }
    }
}

/// Returns true if a method for the output of a command is called on the string.
fn is_output(around: &[ASTNode], position: Position) -> bool {
    let Some(ASTNode::Expr(Expr::Dot(pair, ..))) = around.last() else {
        return false;
    };
    let method = match &pair.rhs {
        Expr::MethodCall(call, _) => Some(call.name.as_str()),
        Expr::Dot(next, ..) => match &next.lhs {
            Expr::MethodCall(call, _) => Some(call.name.as_str()),
            _ => None,
        },
        _ => None,
    };
    pair.lhs.position() == position && method.is_some_and(|method| OF_OUTPUT.contains(&method))
}

/// Returns true if the string is compared, taken apart or iterated, which makes sense for the output of a command and not for the
/// command.
fn is_used(text: &Expr, around: &[ASTNode]) -> bool {
    match around.last() {
        Some(ASTNode::Expr(Expr::FnCall(call, _))) => matches!(call.name.as_str(), "==" | "!=" | "lines" | "parse_int"),
        Some(ASTNode::Expr(Expr::Dot(pair, ..))) if std::ptr::eq(&pair.lhs, text) => {
            let method = match &pair.rhs {
                Expr::MethodCall(call, _) => Some(call.name.as_str()),
                Expr::Dot(next, ..) | Expr::Index(next, ..) => match &next.lhs {
                    Expr::MethodCall(call, _) => Some(call.name.as_str()),
                    _ => None,
                },
                _ => None,
            };
            method.is_some_and(|method| matches!(method, "contains" | "lines" | "parse_int" | "split"))
        }
        Some(ASTNode::Stmt(Stmt::For(..))) => true,
        _ => false,
    }
}

/// Returns true if the string becomes the value of a variable.
fn is_kept(around: &[ASTNode]) -> bool {
    let kept = around.iter().rev().find_map(|node| match node {
        ASTNode::Stmt(Stmt::Var(..)) => Some(true),
        ASTNode::Expr(Expr::Custom(call, _)) => verb(call).map(sets),
        _ => None,
    });
    kept.unwrap_or(false)
}

impl Findings<'_> {
    pub(super) fn not_run(&self) -> Vec<Diagnostic> {
        let files = self.defined.files();
        let mut found = Vec::new();
        for (text, claims) in self.own() {
            for position in &claims.asked {
                let line = position.line().and_then(|line| files.line(&text.file, line));
                let column = position.position().and_then(|column| column.checked_sub(1));
                let here = line
                    .zip(column)
                    .map(|(line, column)| line.chars().skip(column).collect::<String>());
                let Some(rest) = here.as_deref().and_then(|here| here.strip_prefix('`')) else {
                    continue;
                };
                let mut diagnostic = Diagnostic::warning("a string in backticks is not run").label("only a string");
                if let Some((command, _)) = rest.split_once('`') {
                    let hint = format!("what a command of this machine says: run_locally(`{command}`).chomp()");
                    diagnostic.hints.push(hint);
                }
                found.push(at(diagnostic, text, *position));
            }
        }
        found
    }
}
