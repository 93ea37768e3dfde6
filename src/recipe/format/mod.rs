//! Formats recipes: one statement a line, two blanks per bracket, long calls broken at their options. It stands on the language
//! alone and evaluates nothing.
//!
//! `tokens.rs` takes a text apart, comments and all; `tree.rs` finds statements and brackets; `layout.rs` says where blanks stand
//! and where lines may end; `printer.rs` breaks what is too long. What they make is read again and compared with the text: it has
//! to be the same calls and the same comments, or nothing is given.

mod layout;
mod printer;
#[cfg(test)]
mod tests;
mod tokens;
mod tree;

use crate::diagnostic::{Diagnostic, Fault};

use super::language::mask::masked;
use super::language::syntax::reading::read;

/// Formats the text of a recipe; `name` is that of its file in errors.
///
/// # Errors
///
/// All mistakes of its syntax: what cannot be read is left as it is.
pub fn format(name: &str, text: &str) -> Result<String, Vec<Diagnostic>> {
    // Editors of Windows put a mark before the text.
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

/// Returns true where both texts have the same tokens and comments.
fn tells_the_same(text: &str, formatted: &str) -> bool {
    let (tokens, others) = (tokens::tokens(text), tokens::tokens(formatted));
    let others = others.iter().map(|token| token.text);
    tokens.iter().map(|token| token.text).eq(others)
}

/// The mistake with its line, which hides secrets.
fn with_line(mut wrong: Diagnostic, text: &str) -> Diagnostic {
    if let Some(origin) = &wrong.origin {
        let mut lines = text.split_inclusive('\n');
        let before: String = lines.by_ref().take(origin.line.saturating_sub(1)).collect();
        wrong.line = lines.next().map(|line| masked(&before, line.trim_end_matches('\n')));
    }
    wrong
}
