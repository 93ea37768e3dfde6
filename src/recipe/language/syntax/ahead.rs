//! Looks at the source after a word, ahead of the tokens.

use rhai::Position;

use super::lines::SourceLines;

impl SourceLines {
    /// Returns true if nothing but the end of the statement follows the word.
    pub(super) fn ends_statement(&self, word: &str, position: Position) -> bool {
        match self.behind(word, position) {
            Some(text) => text.is_empty() || text.starts_with([';', '}']),
            None => false,
        }
    }

    /// Returns true if the word is called, or is the name of a module.
    pub(super) fn is_function_or_module(&self, word: &str, position: Position) -> bool {
        let behind = self.behind(word, position).unwrap_or("");
        behind.starts_with('(') || behind.starts_with("!(") || behind.starts_with("::")
    }

    /// Returns true for `word = …` and `word += …`.
    pub(super) fn is_assigned(&self, word: &str, position: Position) -> bool {
        let Some(text) = self.behind(word, position) else {
            return false;
        };
        let operator = text.trim_start_matches(['+', '-', '*', '/', '%', '&', '|', '^', '<', '>']);
        match operator.strip_prefix('=') {
            Some(rest) if operator.len() == text.len() => !rest.starts_with(['=', '>']),
            // These are the comparisons `<=` and `>=`.
            Some(_) => !matches!(text.get(..2), Some("<=" | ">=")),
            None => false,
        }
    }

    /// Returns true if a `|` after a value is not an operator but begins parameters: `|name, …| {`.
    pub(super) fn begins_parameters(&self, position: Position) -> bool {
        let mut code = self.code(position, 1);
        let mut names = String::new();
        loop {
            match code.next() {
                Some('|') => break,
                Some(c) if c.is_alphanumeric() || c == '_' || c == ',' || c.is_whitespace() => names.push(c),
                _ => return false,
            }
        }
        let is_name = |name: &str| !name.is_empty() && !name.contains(char::is_whitespace);
        names.split(',').all(|name| is_name(name.trim())) && code.find(|c| !c.is_whitespace()) == Some('{')
    }
}
