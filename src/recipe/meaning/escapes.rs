//! Finds `\n`, `\t` and `\e` in backticks outside of commands: there they stay two characters.

use rhai::{ASTNode, Expr, FnCallExpr, Stmt};

use super::claims::Claims;
use super::findings::{Findings, at};
use super::mentions::{literal, verb};
use super::read::ReadCall;
use crate::diagnostic::Diagnostic;

const ESCAPES: [&str; 3] = ["\\n", "\\t", "\\e"];

/// Functions and methods whose arguments are strings, and not patterns.
const OF_TEXTS: &[&str] = &[
    "contains",
    "ends_with",
    "index_of",
    "join",
    "send_data",
    "split",
    "starts_with",
    "write_file",
];

impl Claims {
    /// Notes strings with escapes that nothing interprets.
    pub(super) fn escaped(&mut self, nodes: &[ASTNode]) {
        let Some((ASTNode::Expr(text), around)) = nodes.split_last() else {
            return;
        };
        let parts: Vec<&str> = match text {
            Expr::StringConstant(text, _) => vec![text.as_str()],
            Expr::InterpolatedString(parts, _) => parts
                .iter()
                .filter_map(|part| match part {
                    Expr::StringConstant(text, _) => Some(text.as_str()),
                    _ => None,
                })
                .collect(),
            _ => return,
        };
        // An author who writes real line ends in the string means two characters by `\n`.
        if parts.iter().any(|part| part.contains('\n')) {
            return;
        }
        let escape = ESCAPES
            .into_iter()
            .find(|escape| parts.iter().any(|part| part.contains(escape)));
        if let Some(escape) = escape
            && goes_elsewhere(text, around)
        {
            self.escapes.push((escape, text.position()));
        }
    }
}

/// Returns true if the string at the end of these nodes is certainly neither a command nor a pattern.
fn goes_elsewhere(text: &Expr, around: &[ASTNode]) -> bool {
    let Some((outer, further)) = around.split_last() else {
        return false;
    };
    let compares = |call: &FnCallExpr| matches!(call.name.as_str(), "==" | "!=");
    match outer {
        ASTNode::Stmt(Stmt::Expr(_)) | ASTNode::Expr(Expr::Stmt(_)) => false,
        ASTNode::Expr(outer @ Expr::FnCall(call, _)) if call.name == "+" => goes_elsewhere(outer, further),
        ASTNode::Expr(Expr::FnCall(call, _) | Expr::MethodCall(call, _)) | ASTNode::Stmt(Stmt::FnCall(call, _)) => {
            compares(call) || OF_TEXTS.contains(&call.name.as_str())
        }
        ASTNode::Expr(Expr::Custom(call, _)) => {
            let read = ReadCall::of(call);
            let is_it = |value: &&Expr| std::ptr::eq(*value, text);
            let is_data = read
                .options
                .iter()
                .any(|(key, value)| literal(key).as_deref() == Some("data") && is_it(value));
            let is_first = read.arguments.first().is_some_and(is_it);
            is_data || is_first && matches!(verb(call), Some("abort" | "debug" | "info" | "put" | "puts" | "warn"))
        }
        _ => false,
    }
}

impl Findings<'_> {
    /// Returns a warning for each string in backticks that was meant to contain an escape.
    pub(super) fn escapes(&self) -> Vec<Diagnostic> {
        let files = self.defined.files();
        let mut found = Vec::new();
        for (text, claims) in self.own() {
            for (escape, position) in &claims.escapes {
                if files.character(&text.file, *position) != Some('`') {
                    continue;
                }
                let written = if *escape == "\\e" { "\\x1b" } else { escape };
                let told = Diagnostic::warning(format!("`{escape}' stays two characters in backticks"))
                    .label("not what it is in double quotes")
                    .hint(format!("in double quotes it is one: `…` + \"{written}\""));
                found.push(at(told, text, *position));
            }
        }
        found
    }
}
