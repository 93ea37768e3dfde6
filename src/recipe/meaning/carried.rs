//! Finds the places that `capr port` could not carry over.

use rhai::Position;

use super::findings::{Findings, at};
use crate::diagnostic::Diagnostic;

impl Findings<'_> {
    /// Returns a warning for each note of `capr port` that waits for a person. What fails in Capistrano too does not.
    pub(super) fn not_carried_over(&self) -> Vec<Diagnostic> {
        let files = self.defined.files();
        let source = |file: &str| files.texts().find(|(name, _)| *name == file).map(|(_, source)| source);
        let mut found = Vec::new();
        for (text, _) in self.own() {
            for (index, line) in source(&text.file).unwrap_or_default().lines().enumerate() {
                let Some(reason) = note(line) else { continue };
                let column = line.len() - line.trim_start().len() + 1;
                let (Ok(line), Ok(column)) = (u16::try_from(index + 1), u16::try_from(column)) else {
                    continue;
                };
                let diagnostic = Diagnostic::warning(format!("`capr port' could not carry this over: {reason}"))
                    .label("write what the lines of Ruby below do, and remove this note");
                found.push(at(diagnostic, text, Position::new(line, column)));
            }
        }
        found
    }
}

/// Returns the reason in a note of `capr port`, `// PORT 3 (code): reason`.
fn note(line: &str) -> Option<&str> {
    let (number, rest) = line.trim_start().strip_prefix("// PORT ")?.split_once(" (")?;
    let (kind, reason) = rest.split_once("): ")?;
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    (is_number && kind != "fails in Capistrano too").then_some(reason)
}
