//! The local names that a piece of a source makes.

use rhai::{ASTNode, Expr, Stmt};

use crate::recipe::language::grammar;

/// Returns the names that this node makes: variables of `let`, `const`, `for` and `catch`, and parameters of a verb's block.
pub(super) fn made_by<'a>(node: &ASTNode<'a>) -> Vec<&'a str> {
    match node {
        ASTNode::Stmt(Stmt::Var(variable, ..)) => vec![&variable.0.name],
        ASTNode::Stmt(Stmt::For(flow, _)) => {
            let counter = flow.1.iter().map(|counter| counter.name.as_str());
            std::iter::once(flow.0.name.as_str()).chain(counter).collect()
        }
        ASTNode::Stmt(Stmt::TryCatch(flow, _)) => named(&flow.expr).into_iter().collect(),
        ASTNode::Expr(Expr::Custom(call, _)) => {
            let kinds = grammar::shape(&call.state);
            let kinds = kinds.chars().filter(|kind| *kind != '>');
            let parameters = call.inputs.iter().zip(kinds).filter(|(_, kind)| *kind == 'P');
            parameters.filter_map(|(parameter, _)| named(parameter)).collect()
        }
        _ => Vec::new(),
    }
}

fn named(expression: &Expr) -> Option<&str> {
    match expression {
        Expr::Variable(variable, ..) => Some(&variable.1),
        _ => None,
    }
}
