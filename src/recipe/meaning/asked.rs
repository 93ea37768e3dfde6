//! Variables that are asked for, as in Capistrano 3: `ask :branch, "main";` sets a variable, while `ask(…)` in an expression
//! returns the answer.

use rhai::{ASTNode, Expr, Position, Stmt};

use super::defined::Defined;
use super::mentions::{literal, verb};
use super::read::ReadCall;

/// Returns true if the `ask` at the end of these nodes sets a variable: its first argument is a symbol, and its value is not
/// used.
pub(super) fn is_variable(around: &[ASTNode]) -> bool {
    let Some((ASTNode::Expr(Expr::Custom(call, _)), around)) = around.split_last() else {
        return false;
    };
    let is_symbol = matches!(
        ReadCall::of(call).arguments.first(),
        Some(first @ Expr::Custom(..)) if literal(first).is_some()
    );
    is_symbol && is_statement(around)
}

/// Returns true if the value at the end of these nodes is not used.
fn is_statement(around: &[ASTNode]) -> bool {
    let mut inside: Option<&Stmt> = None;
    for node in around.iter().rev() {
        let is_last = |statements: &[Stmt]| match (statements.last(), inside) {
            (Some(last), Some(inside)) => std::ptr::eq(last, inside),
            _ => true,
        };
        match node {
            ASTNode::Stmt(statement) => {
                match statement {
                    Stmt::Expr(_) | Stmt::If(..) | Stmt::Switch(..) => {}
                    Stmt::Block(block) if is_last(block.statements()) => {}
                    Stmt::Block(_) | Stmt::While(..) | Stmt::Do(..) | Stmt::For(..) => return true,
                    _ => return false,
                }
                inside = Some(statement);
            }
            ASTNode::Expr(Expr::Stmt(block)) if is_last(block.statements()) => {}
            ASTNode::Expr(Expr::Stmt(_)) => return true,
            ASTNode::Expr(Expr::Custom(call, _)) => {
                return matches!(
                    verb(call),
                    Some("after" | "before" | "namespace" | "on" | "task" | "transaction")
                );
            }
            _ => return false,
        }
    }
    true
}

impl Defined {
    /// Returns true if the `ask` at a place sets a variable.
    pub(in crate::recipe) fn asks_for_variable(&self, file: Option<&str>, position: Position) -> bool {
        let files = self.files();
        let text = files.read.iter().rev().find(|text| Some(&*text.file) == file);
        text.is_some_and(|text| text.claims().asked_for.contains(&position))
    }
}
