//! The local variables that are in scope where a text is being read.

use std::collections::HashMap;

use rhai::Token;

use super::marks::PARAMETER;

/// The form in which a local variable is told to Rhai.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Plain,
    /// Of a block in braces, be it a verb's or a closure's.
    Parameter,
}

impl Kind {
    pub(super) fn token(self, word: rhai::Identifier) -> Token {
        Token::Identifier(Box::new(match self {
            Self::Plain => word,
            Self::Parameter => format!("{PARAMETER}{word}").into(),
        }))
    }
}

/// Local variables in scope.
#[derive(Default)]
pub(super) struct Locals {
    /// With the number of brackets around their scope; the inner ones are behind.
    scopes: Vec<(String, usize)>,
    kinds: HashMap<String, Vec<Kind>>,
}

impl Locals {
    pub(super) fn declare(&mut self, name: String, depth: usize, kind: Kind) {
        self.kinds.entry(name.clone()).or_default().push(kind);
        self.scopes.push((name, depth));
    }

    /// A bracket was closed; so many are still open.
    pub(super) fn leave(&mut self, depth: usize) {
        while let Some((name, _)) = self.scopes.pop_if(|(_, around)| *around > depth) {
            if let Some(kinds) = self.kinds.get_mut(&name) {
                kinds.pop();
            }
        }
    }

    /// The innermost of that name.
    pub(super) fn get(&self, name: &str) -> Option<Kind> {
        self.kinds.get(name)?.last().copied()
    }
}
