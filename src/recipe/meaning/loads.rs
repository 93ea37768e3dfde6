//! The files that a source loads.

use rhai::{ASTNode, Expr, Position};

/// A file that a source loads.
#[derive(Clone)]
pub(in crate::recipe) struct Load {
    pub(in crate::recipe) verb: &'static str,
    pub(in crate::recipe) name: String,
    /// The position of the name in a `require` outside of all blocks, which loads its library in all cases.
    pub(in crate::recipe) position: Option<Position>,
}

impl Load {
    pub(in crate::recipe) fn import(name: String) -> Self {
        let (verb, position) = ("import", None);
        Self { verb, name, position }
    }

    /// Returns the file that `load` or `require` names; `around` are the nodes around the call.
    pub(in crate::recipe) fn of(
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
