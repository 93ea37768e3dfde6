//! Formats recipes: one statement per line, two blanks per bracket, long calls broken at their options. It uses only the language
//! layer and evaluates nothing.
//!
//! `tokens.rs` splits a source into tokens and comments; `tree.rs` finds statements and brackets; `layout.rs` decides where
//! blanks stand and where lines may end; `printer.rs` breaks what is too long. The result is read again and compared with the
//! source: it has to consist of the same calls and the same comments, or it is not used.

mod layout;
mod printer;
#[cfg(test)]
mod tests;
mod tokens;
mod tree;

use crate::diagnostic::{Diagnostic, Fault};

use super::language::mask::masked;
use super::language::syntax::reading::read;

/// Formats the source of a recipe; errors use `name` as the name of its file.
///
/// # Errors
///
/// All mistakes of its syntax: a source that cannot be read is left as it is.
pub fn format(name: &str, text: &str) -> Result<String, Vec<Diagnostic>> {
    // Editors on Windows put a byte order mark in front.
    let (mark, text) = match text.strip_prefix(MARK) {
        Some(rest) => (MARK, rest),
        None => ("", text),
    };
    let with_lines =
        |wrong: Vec<Diagnostic>| -> Vec<Diagnostic> { wrong.into_iter().map(|wrong| with_line(wrong, text)).collect() };
    let reading = read(name, text).map_err(with_lines)?;
    let formatted = laid_out(text);
    if read(name, &formatted).is_ok_and(|other| other == reading) && tells_the_same(text, &formatted) {
        return Ok(format!("{mark}{formatted}"));
    }
    let message = format!("{name}: formatted it would not say the same, so it stays as it is");
    let hint = "this is a fault of capr: please report it with the smallest part of the recipe that shows it";
    Err(vec![Diagnostic::new(Fault::Failed, message).hint(hint)])
}

const MARK: &str = "\u{feff}";

fn laid_out(text: &str) -> String {
    let tokens = tokens::tokens(text);
    printer::print(&layout::operations(&tree::parts(&tokens)))
}

/// Returns true if both sources have the same tokens and comments.
fn tells_the_same(text: &str, formatted: &str) -> bool {
    let (tokens, others) = (tokens::tokens(text), tokens::tokens(formatted));
    let others = others.iter().map(|token| token.text);
    tokens.iter().map(|token| token.text).eq(others)
}

/// Adds the line to a diagnostic, with secrets hidden.
fn with_line(mut wrong: Diagnostic, text: &str) -> Diagnostic {
    if let Some(origin) = &wrong.origin {
        let mut lines = text.split_inclusive('\n');
        let before: String = lines.by_ref().take(origin.line.saturating_sub(1)).collect();
        wrong.line = lines.next().map(|line| masked(&before, line.trim_end_matches('\n')));
    }
    wrong
}
