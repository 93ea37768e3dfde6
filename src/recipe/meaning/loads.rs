//! The files that a text loads.

use rhai::{ASTNode, Expr, Position};

/// A file that a text loads.
#[derive(Clone)]
pub(super) struct Load {
    pub(super) verb: &'static str,
    pub(super) name: String,
    /// Where a library is named that is required whatever happens.
    pub(super) position: Option<Position>,
}

impl Load {
    pub(super) fn import(name: String) -> Self {
        let (verb, position) = ("import", None);
        Self { verb, name, position }
    }

    /// The file that `load` or `require` names, between these nodes.
    pub(super) fn of(
        verb: &'static str,
        name: Option<String>,
        named: Option<&Expr>,
        around: &[ASTNode],
    ) -> Option<Self> {
        let position = named
            .filter(|_| verb == "require" && around.len() <= 2)
            .map(Expr::position);
        Some(Self {
            verb,
            name: name?,
            position,
        })
    }
}
