//! The place of a syntax error in its source, and the words that tell it. Everything that explains errors stands on these.

use rhai::Position;

use super::layout::{SourcePieceKind, is_word, line_of, pieces};

/// The words of an error.
#[derive(Debug, Default)]
pub(super) struct ErrorWords {
    pub(super) message: String,
    /// The label under the caret.
    pub(super) label: Option<String>,
    pub(super) hint: Option<String>,
    /// The place to show, if it is not where the parser stopped.
    pub(super) position: Option<Position>,
}

impl ErrorWords {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            ..Self::default()
        }
    }

    pub(super) fn message(&self) -> &str {
        &self.message
    }

    pub(super) fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds a hint, if there is one.
    pub(super) fn help(mut self, hint: Option<String>) -> Self {
        self.hint = hint;
        self
    }

    pub(super) fn at(mut self, position: Option<Position>) -> Self {
        self.position = position;
        self
    }
}

/// The place in the source where the parser stopped.
pub(super) struct ErrorPlace<'a> {
    pub(super) text: &'a str,
    /// The place in bytes.
    pub(super) at: usize,
    /// The rest of the line.
    pub(super) rest: &'a str,
    /// The line up to this place.
    pub(super) before: &'a str,
}

impl<'a> ErrorPlace<'a> {
    /// Returns the place of a position, or of the `do` of Ruby in front of it.
    pub(super) fn new(text: &'a str, position: Position) -> Self {
        let place = Self::at_byte(text, offset(text, position));
        match place.word_before() {
            "do" if place.word() != "{" => Self::at_byte(text, place.behind_code() - 2),
            _ => place,
        }
    }

    pub(super) fn at_byte(text: &'a str, at: usize) -> Self {
        let (above, below) = text.split_at(at);
        Self {
            text,
            at,
            rest: below.split('\n').next().unwrap_or(""),
            before: above.rsplit('\n').next().unwrap_or(""),
        }
    }

    /// Returns the word at this place, or the character if no word begins here.
    pub(super) fn word(&self) -> &'a str {
        let end = self.rest.find(|c| !is_word(c)).unwrap_or(self.rest.len());
        match self.rest.get(..end) {
            Some("") | None => self
                .rest
                .get(..self.rest.chars().next().map_or(0, char::len_utf8))
                .unwrap_or(""),
            Some(word) => word,
        }
    }

    /// Returns the word before this place.
    pub(super) fn word_before(&self) -> &'a str {
        let text = self.text.get(..self.behind_code()).unwrap_or("");
        let start = text.rfind(|c: char| !is_word(c)).map_or(0, |at| {
            at + text
                .get(at..)
                .and_then(|rest| rest.chars().next())
                .map_or(1, char::len_utf8)
        });
        text.get(start..).unwrap_or("")
    }

    /// Returns the beginning of the innermost statement around this place.
    pub(super) fn statement_start(&self) -> usize {
        let mut open: Vec<(char, Option<usize>)> = vec![('{', None)];
        for piece in pieces(self.text.get(..self.at).unwrap_or(self.text)) {
            if !matches!(piece.kind, SourcePieceKind::Close('}') | SourcePieceKind::Semicolon)
                && let Some(('{', start)) = open.last_mut()
            {
                start.get_or_insert(piece.range.start);
            }
            match piece.kind {
                SourcePieceKind::Open(bracket) => open.push((bracket, None)),
                SourcePieceKind::Close('}') if open.len() > 1 => {
                    while open.len() > 2 && !matches!(open.last(), Some(('{' | '#', _))) {
                        open.pop();
                    }
                    let is_block = matches!(open.pop(), Some(('{', _)));
                    if let Some((_, start)) = open.last_mut().filter(|_| is_block) {
                        *start = None;
                    }
                }
                SourcePieceKind::Close(bracket) => {
                    let opening = if bracket == ')' { '(' } else { '[' };
                    if open.last().is_some_and(|(last, _)| *last == opening) {
                        open.pop();
                    }
                }
                SourcePieceKind::Semicolon => {
                    while open.len() > 1 && !matches!(open.last(), Some(('{', _))) {
                        open.pop();
                    }
                    if let Some((_, start)) = open.last_mut() {
                        *start = None;
                    }
                }
                _ => {}
            }
        }
        let block = open.iter().rev().find(|(bracket, _)| *bracket == '{');
        block.and_then(|(_, start)| *start).unwrap_or(self.at)
    }

    /// Returns the first word of the innermost statement around this place.
    pub(super) fn statement_word(&self) -> &'a str {
        let rest = self.text.get(self.statement_start()..).unwrap_or("");
        rest.get(..rest.find(|c| !is_word(c)).unwrap_or(rest.len()))
            .unwrap_or("")
    }

    /// Returns true if only blanks stand before this place on its line.
    pub(super) fn begins_line(&self) -> bool {
        self.before.trim().is_empty()
    }

    /// Returns the end of the code before this place, which may be on an earlier line.
    pub(super) fn behind_code(&self) -> usize {
        let last = pieces(self.text.get(..self.at).unwrap_or(self.text)).pop();
        last.map_or(self.at, |piece| piece.range.end)
    }
}

/// Returns the byte of a position; the end of the source if there is no position.
pub(super) fn offset(text: &str, position: Position) -> usize {
    let Some(line) = position.line() else {
        return text.len();
    };
    let start = match line {
        0 | 1 => Some(0),
        line => text.match_indices('\n').nth(line - 2).map(|(at, _)| at + 1),
    };
    let Some(start) = start else { return text.len() };
    let rest = text.get(start..).unwrap_or("");
    let rest = rest.split('\n').next().unwrap_or("");
    let column = position.position().unwrap_or(1).saturating_sub(1);
    start + rest.char_indices().nth(column).map_or(rest.len(), |(at, _)| at)
}

/// Returns the position of a byte.
pub(super) fn position(text: &str, at: usize) -> Option<Position> {
    let before = text.get(..at)?;
    let column = before.rsplit('\n').next()?.chars().count() + 1;
    let line = u16::try_from(line_of(text, at)).ok()?;
    Some(Position::new(line, u16::try_from(column).ok()?))
}
