//! The local variables in scope while a source is read.

use std::collections::HashMap;

use rhai::Token;

use super::marks::PARAMETER;

/// The kind of a local variable, which decides how Rhai sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LocalKind {
    Plain,
    /// A parameter of a block in braces, which belongs to a verb or a closure.
    Parameter,
}

impl LocalKind {
    pub(super) fn token(self, word: rhai::Identifier) -> Token {
        Token::Identifier(Box::new(match self {
            Self::Plain => word,
            Self::Parameter => format!("{PARAMETER}{word}").into(),
        }))
    }
}

/// The local variables in scope.
#[derive(Default)]
pub(super) struct Locals {
    /// The variables with the number of brackets around their scope; inner ones come after outer ones.
    scopes: Vec<(String, usize)>,
    kinds: HashMap<String, Vec<LocalKind>>,
}

impl Locals {
    pub(super) fn declare(&mut self, name: String, depth: usize, kind: LocalKind) {
        self.kinds.entry(name.clone()).or_default().push(kind);
        self.scopes.push((name, depth));
    }

    /// Ends the scopes in a bracket that closes; `depth` brackets are still open.
    pub(super) fn leave(&mut self, depth: usize) {
        while let Some((name, _)) = self.scopes.pop_if(|(_, around)| *around > depth) {
            if let Some(kinds) = self.kinds.get_mut(&name) {
                kinds.pop();
            }
        }
    }

    /// Returns the kind of the innermost variable of this name.
    pub(super) fn get(&self, name: &str) -> Option<LocalKind> {
        self.kinds.get(name)?.last().copied()
    }
}
