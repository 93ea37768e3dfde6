//! The layout of a source in brackets and statements. It is read without a grammar, since it has to work for sources that no
//! grammar can read.

use std::ops::Range;

/// The kind of a piece of source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::recipe) enum SourcePieceKind {
    /// An opening bracket; that of a map is `#`.
    Open(char),
    Close(char),
    Semicolon,
    Word,
    /// A string in single quotes.
    Char,
    /// A string in double quotes or backticks; true if it has an end.
    Text(bool),
    /// A Ruby comment.
    Comment,
    Other,
}

/// A piece of source, in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::recipe) struct SourcePiece {
    pub(in crate::recipe) kind: SourcePieceKind,
    pub(in crate::recipe) range: Range<usize>,
}

/// Returns all pieces of a source, without blanks and comments; Ruby comments are pieces.
pub(super) fn pieces(text: &str) -> Vec<SourcePiece> {
    Reader::new(text, Backslash::Escapes).collect()
}

/// Returns the pieces of a source without mistakes, from this byte on. A backslash in backticks is a plain character in it unless
/// `${` follows, as it is for Rhai.
pub(in crate::recipe) fn exact_pieces(text: &str, at: usize) -> Vec<SourcePiece> {
    let reader = Reader {
        at,
        ..Reader::new(text, Backslash::IsPlain)
    };
    reader.collect()
}

/// The meaning of a backslash before another character in backticks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Backslash {
    /// The next character does not end the string, as its author probably meant.
    Escapes,
    IsPlain,
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    backslash: Backslash,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str, backslash: Backslash) -> Self {
        Self { text, at: 0, backslash }
    }
}

impl Iterator for Reader<'_> {
    type Item = SourcePiece;

    fn next(&mut self) -> Option<SourcePiece> {
        self.piece()
    }
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or("")
    }

    /// Skips blanks and comments.
    fn blanks(&mut self) {
        loop {
            let rest = self.rest();
            let length = match rest {
                _ if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
                _ if rest.starts_with("/*") => comment(rest),
                _ => rest.len() - rest.trim_start().len(),
            };
            if length == 0 {
                return;
            }
            self.at += length;
        }
    }

    fn piece(&mut self) -> Option<SourcePiece> {
        self.blanks();
        let rest = self.rest();
        let first = rest.chars().next()?;
        let (kind, length) = match first {
            '#' if rest.starts_with("#{") => (SourcePieceKind::Open('#'), 2),
            '#' if raw_text(rest).is_some() => (SourcePieceKind::Text(true), raw_text(rest).unwrap_or(1)),
            '#' => (SourcePieceKind::Comment, rest.find('\n').unwrap_or(rest.len())),
            '(' | '[' | '{' => (SourcePieceKind::Open(first), 1),
            ')' | ']' | '}' => (SourcePieceKind::Close(first), 1),
            ';' => (SourcePieceKind::Semicolon, 1),
            '"' => quoted(rest),
            '`' => backticks(rest, self.backslash),
            // This is the character `'\''`.
            '\'' if rest.starts_with("'\\''") => (SourcePieceKind::Char, 4),
            '\'' => match rest.get(1..).and_then(|rest| rest.find(['\'', '\n'])) {
                Some(length) if rest.get(1 + length..).is_some_and(|rest| rest.starts_with('\'')) => {
                    (SourcePieceKind::Char, length + 2)
                }
                _ => (SourcePieceKind::Other, 1),
            },
            _ if is_word(first) => (SourcePieceKind::Word, rest.find(|c| !is_word(c)).unwrap_or(rest.len())),
            _ => (SourcePieceKind::Other, first.len_utf8()),
        };
        let range = self.at..self.at + length.max(1);
        self.at = range.end;
        Some(SourcePiece { kind, range })
    }
}

pub(in crate::recipe) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Returns the place of a comment that goes on to the end of a source because its `*/` is missing.
pub(super) fn open_comment(text: &str) -> Option<usize> {
    let mut at = exact_pieces(text, 0).last().map_or(0, |piece| piece.range.end);
    loop {
        let rest = text.get(at..)?;
        at += if rest.starts_with("/*") {
            match closed_comment(rest) {
                Some(length) => length,
                None => return Some(at),
            }
        } else if rest.starts_with("//") {
            rest.find('\n')?
        } else {
            rest.chars().next()?.len_utf8()
        };
    }
}

/// Returns the length of the comment at the front; one without an end is as long as the rest of the source.
pub(in crate::recipe) fn comment(text: &str) -> usize {
    closed_comment(text).unwrap_or(text.len())
}

/// Returns the length of the comment at the front, if it has an end. Comments can be nested.
fn closed_comment(text: &str) -> Option<usize> {
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(rest) = text.get(at..) {
        if rest.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return Some(at);
            }
        } else {
            at += rest.chars().next()?.len_utf8();
        }
    }
    None
}

/// Returns the length of the raw string `#"…"#`, with any number of `#`.
fn raw_text(text: &str) -> Option<usize> {
    let signs = text.len() - text.trim_start_matches('#').len();
    let inner = text.get(signs..)?.strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(signs));
    Some(signs + 1 + inner.find(&end)? + end.len())
}

fn quoted(text: &str) -> (SourcePieceKind, usize) {
    let mut characters = text.char_indices().skip(1);
    while let Some((at, c)) = characters.next() {
        match c {
            // A backslash at the end of the line continues the string.
            '\\' => drop(characters.next()),
            // A doubled quote is one quote in the string.
            '"' if text.get(at + 1..).is_some_and(|rest| rest.starts_with('"')) => drop(characters.next()),
            '"' => return (SourcePieceKind::Text(true), at + 1),
            '\n' => return (SourcePieceKind::Text(false), at),
            _ => {}
        }
    }
    (SourcePieceKind::Text(false), text.len())
}

fn backticks(text: &str, backslash: Backslash) -> (SourcePieceKind, usize) {
    let mut at = 1;
    while let Some(rest) = text.get(at..) {
        let Some(first) = rest.chars().next() else { break };
        if rest.starts_with("``") {
            at += 2;
        } else if first == '`' {
            return (SourcePieceKind::Text(true), at + 1);
        } else if rest.starts_with("\\${") {
            // This is a `${` that is not filled in.
            at += 3;
        } else if rest.starts_with("${") {
            at += 2 + inserted(rest.get(2..).unwrap_or(""), backslash);
        } else if first == '\\' && backslash == Backslash::Escapes {
            at += 1 + rest.chars().nth(1).map_or(0, char::len_utf8);
        } else {
            at += first.len_utf8();
        }
    }
    (SourcePieceKind::Text(false), text.len())
}

/// Returns the length of an interpolation, including its closing brace.
fn inserted(text: &str, backslash: Backslash) -> usize {
    let mut depth = 1;
    for piece in Reader::new(text, backslash) {
        match piece.kind {
            SourcePieceKind::Open('{' | '#') => depth += 1,
            SourcePieceKind::Close('}') => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return piece.range.end;
        }
    }
    text.len()
}

/// An open bracket, and the beginning of the statement in it.
struct Open {
    bracket: char,
    statement: Option<usize>,
}

impl Open {
    /// Returns true if the bracket contains statements.
    fn is_block(&self) -> bool {
        self.bracket == '{'
    }
}

/// Returns the innermost statement around this byte, with all its brackets; `None` if its end cannot be found.
pub(super) fn statement(text: &str, at: usize) -> Option<Range<usize>> {
    let all = pieces(text);
    let mut open = vec![Open {
        bracket: '{',
        statement: None,
    }];
    let holds = |start: usize, end: usize| (start <= at && at < end).then_some(start..end);
    for (index, piece) in all.iter().enumerate() {
        let Range { start, end } = piece.range;
        if !matches!(piece.kind, SourcePieceKind::Close('}') | SourcePieceKind::Comment)
            && let Some(last) = open.last_mut()
            && last.is_block()
        {
            last.statement.get_or_insert(start);
        }
        match piece.kind {
            SourcePieceKind::Open(bracket) => open.push(Open {
                bracket,
                statement: None,
            }),
            SourcePieceKind::Close('}') => {
                // Brackets that are still open inside the block end with it.
                while open.len() > 1 && open.last().is_some_and(|last| !matches!(last.bracket, '{' | '#')) {
                    open.pop();
                }
                if open.len() == 1 {
                    // The bracket closes nothing.
                    continue;
                }
                let closed = open.pop()?;
                if let Some(first) = closed.statement
                    && let Some(found) = holds(first, start)
                {
                    return Some(found);
                }
                if closed.is_block()
                    && let Some(last) = open.last_mut()
                    && last.is_block()
                    && !goes_on(text, all.get(index + 1))
                    && let Some(found) = last.statement.take().and_then(|first| holds(first, end))
                {
                    return Some(found);
                }
            }
            SourcePieceKind::Close(bracket) => {
                let opening = if bracket == ')' { '(' } else { '[' };
                if open.last().is_some_and(|last| last.bracket == opening) {
                    open.pop();
                }
            }
            SourcePieceKind::Semicolon => {
                while open.len() > 1 && open.last().is_some_and(|last| !last.is_block()) {
                    open.pop();
                }
                let first = open.last_mut().and_then(|last| last.statement.take());
                if let Some(found) = first.and_then(|first| holds(first, end)) {
                    return Some(found);
                }
            }
            _ => {}
        }
    }
    match open.as_slice() {
        [
            Open {
                statement: Some(first), ..
            },
        ] => holds(*first, text.len() + 1).map(|found| found.start..text.len()),
        _ => None,
    }
}

/// Returns true if the statement continues after the brace of its block.
fn goes_on(text: &str, next: Option<&SourcePiece>) -> bool {
    let Some(next) = next else { return false };
    let word = text.get(next.range.clone()).unwrap_or("");
    match next.kind {
        SourcePieceKind::Word => matches!(word, "else" | "elsif" | "catch" | "until"),
        SourcePieceKind::Semicolon | SourcePieceKind::Close('}') => false,
        SourcePieceKind::Other => !matches!(word, ":" | "@" | "$" | "'"),
        SourcePieceKind::Close(_) => true,
        _ => false,
    }
}

/// Returns the innermost bracket that is open at this byte, and its place.
pub(super) fn open_at(text: &str, at: usize) -> Option<(char, usize)> {
    let mut open: Vec<(char, usize)> = Vec::new();
    for piece in pieces(text).iter().take_while(|piece| piece.range.start < at) {
        match piece.kind {
            SourcePieceKind::Open(bracket) => open.push((bracket, piece.range.start)),
            SourcePieceKind::Close(bracket) => {
                let pairs = |(opening, _): &(char, usize)| match bracket {
                    '}' => matches!(opening, '{' | '#'),
                    ')' => *opening == '(',
                    _ => *opening == '[',
                };
                if let Some(index) = open.iter().rposition(pairs) {
                    open.truncate(index);
                }
            }
            _ => {}
        }
    }
    open.pop()
}

/// Braces that do not match the indentation of the lines.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Braces {
    /// The brace that is probably never closed.
    pub(super) never_closed: Option<usize>,
    /// A brace that closes nothing.
    pub(super) closes_nothing: Option<usize>,
    /// A closing brace that is indented further than its opening brace, and the opening brace.
    pub(super) closes_too_much: Option<(usize, usize)>,
}

/// Returns the wrong braces of a source.
pub(super) fn braces(text: &str) -> Braces {
    let mut found = Braces::default();
    let mut open = Vec::new();
    let mut unlike = None;
    for piece in pieces(text) {
        let at = piece.range.start;
        match piece.kind {
            SourcePieceKind::Open('{' | '#') => open.push(at),
            SourcePieceKind::Close('}') => match open.pop() {
                Some(opening) if begins_line(text, at) => {
                    let (inner, outer) = (indent(text, opening), indent(text, at));
                    if outer < inner {
                        unlike.get_or_insert(opening);
                    } else if outer > inner {
                        found.closes_too_much.get_or_insert((at, opening));
                    }
                }
                Some(_) => {}
                None => {
                    found.closes_nothing.get_or_insert(at);
                }
            },
            _ => {}
        }
    }
    if let Some(first) = open.first() {
        found.never_closed = unlike.or(Some(*first));
    }
    found
}

/// Returns the line, counted from 1, before which a block was probably meant to end, by the indentation of the line in which it
/// begins.
pub(super) fn meant_end(text: &str, opening: usize) -> Option<usize> {
    let outer = indent(text, opening);
    let first = line_of(text, opening);
    text.lines().enumerate().skip(first).find_map(|(index, line)| {
        let code = line.trim_start();
        let is_out = !code.is_empty() && !code.starts_with("//") && line.len() - code.len() <= outer;
        is_out.then_some(index + 1)
    })
}

/// Returns the line of a byte, counted from 1.
pub(super) fn line_of(text: &str, at: usize) -> usize {
    1 + text.get(..at).unwrap_or(text).matches('\n').count()
}

pub(super) fn line_start(text: &str, at: usize) -> usize {
    text.get(..at)
        .and_then(|before| before.rfind('\n'))
        .map_or(0, |at| at + 1)
}

fn indent(text: &str, at: usize) -> usize {
    let line = text.get(line_start(text, at)..).unwrap_or("");
    line.len() - line.trim_start_matches([' ', '\t']).len()
}

fn begins_line(text: &str, at: usize) -> bool {
    text.get(line_start(text, at)..at)
        .is_some_and(|before| before.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::{Braces, braces, meant_end, open_at, statement};

    /// Returns the statement at the mark `^`.
    fn at_mark(text: &str) -> Option<String> {
        let at = text.find('^').unwrap_or(text.len());
        let text = text.replacen('^', "", 1);
        statement(&text, at).map(|range| text.get(range).unwrap_or("").to_owned())
    }

    #[test]
    fn the_innermost_statement_is_found_with_its_brackets() {
        for (text, found) in [
            ("a; b^c; d;", Some("bc;")),
            ("task :t { a; b ^c; d; } e;", Some("b c;")),
            ("task :t ^do { a; } e;", Some("task :t do { a; }")),
            ("task :t { a; b^ }", Some("b ")),
            ("task :t { a; ^b }", Some("b ")),
            ("if ^x { a; } else { b; } c;", Some("if x { a; } else { b; }")),
            ("x = #{ a: ^1 }; y", Some("x = #{ a: 1 };")),
            ("f(a, ^g({ b; }, 1)); c;", Some("f(a, g({ b; }, 1));")),
            ("puts (1^; b;", Some("puts (1;")),
            (
                "puts \"{;\" ^`${ \"}\" + {1;}}`; c;",
                Some("puts \"{;\" `${ \"}\" + {1;}}`;"),
            ),
            ("a; // ; }\nb ^/* ; */ c; d", Some("b /* ; */ c;")),
            ("a; b ^c", Some("b c")),
            ("task :t { a ^b; ", Some("a b;")),
            ("task :t { a; b^ c ", None),
        ] {
            assert_eq!(at_mark(text).as_deref(), found, "{text}");
        }
    }

    #[test]
    fn braces_are_judged_by_the_indentation_of_their_lines() {
        let nested = "namespace :n {\n  task :a {\n    x;\n  task :b {\n    y;\n  }\n}\n";
        let found = braces(nested);
        assert_eq!(found.never_closed, nested.find("{\n    x"));
        assert_eq!(meant_end(nested, found.never_closed.unwrap_or(0)), Some(4));
        let flat = "task :a {\n  x;\ntask :b {\n  y;\n}\n";
        assert_eq!(braces(flat).never_closed, Some(8));
        let extra = "task :a {\n  if x {\n  }\n  }\n}\n";
        let found = braces(extra);
        assert_eq!(found.closes_nothing, Some(27));
        assert_eq!(found.closes_too_much, Some((25, 8)));
        assert_eq!(braces("a { b } c { #{ d: 1 } }"), Braces::default());
    }

    #[test]
    fn the_bracket_that_is_open_is_known() {
        assert_eq!(open_at("f(a, [1, 2], (3); b", 16), Some(('(', 1)));
        assert_eq!(open_at("{ a(1) }", 7), Some(('{', 0)));
        assert_eq!(open_at("a", 1), None);
    }
}
