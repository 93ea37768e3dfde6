//! A place in a recipe.

use std::fmt;
use std::rc::Rc;

use serde::Serialize;

/// A place in a recipe.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Origin {
    /// The file as it was named, or `<stdlib>/deploy.rhai`.
    pub file: Rc<str>,
    /// The line, counted from 1.
    pub line: usize,
    /// The column in characters, counted from 1; 0 if only the line is known.
    pub column: usize,
}

/// Writes `file:line:column`.
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)?;
        if self.column > 0 {
            write!(f, ":{}", self.column)
        } else {
            Ok(())
        }
    }
}
