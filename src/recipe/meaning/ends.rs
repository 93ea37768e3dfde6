//! Finds statements that can never be reached, since the block is left before them.

use rhai::{ASTNode, Expr, Stmt};

use super::claims::Claims;
use super::mentions::{literal, verb};

impl Claims {
    /// Notes the statements after one that leaves their block.
    pub(super) fn behind_an_end(&mut self, nodes: &[ASTNode]) {
        match nodes.last() {
            Some(ASTNode::Stmt(Stmt::Block(block))) => self.statements(block.statements()),
            Some(ASTNode::Expr(Expr::Stmt(block))) => self.statements(block.statements()),
            Some(ASTNode::Stmt(
                Stmt::If(flow, _) | Stmt::While(flow, _) | Stmt::Do(flow, ..) | Stmt::TryCatch(flow, _),
            )) => {
                self.statements(flow.body.statements());
                self.statements(flow.branch.statements());
            }
            Some(ASTNode::Stmt(Stmt::For(flow, _))) => self.statements(flow.2.body.statements()),
            _ => {}
        }
    }

    pub(super) fn statements(&mut self, statements: &[Stmt]) {
        for pair in statements.windows(2) {
            let [first, second] = pair else { continue };
            if let Some(end) = end(first)
                && !second.is_noop()
                && !second.position().is_none()
            {
                self.unreached.push((second.position(), end));
                return;
            }
        }
    }
}

/// Returns the word with which a statement leaves its block.
fn end(statement: &Stmt) -> Option<&'static str> {
    match statement {
        Stmt::Return(_, flags, _) if flags.intersects(rhai::ASTFlags::BREAK) => Some("throw"),
        Stmt::Return(..) => Some("return"),
        Stmt::BreakLoop(_, flags, _) if flags.intersects(rhai::ASTFlags::BREAK) => Some("break"),
        Stmt::BreakLoop(..) => Some("continue"),
        Stmt::Expr(expression) => match &**expression {
            // Behind a place that `capr port` could not carry over is what a person needs who mends it.
            Expr::Custom(call, _) if verb(call) == Some("abort") => {
                let text = call.inputs.iter().find_map(literal);
                (!text.is_some_and(|text| text.starts_with("PORT "))).then_some("abort")
            }
            _ => None,
        },
        _ => None,
    }
}
