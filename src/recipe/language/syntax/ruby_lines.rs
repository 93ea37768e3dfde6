//! Lines and blocks of Ruby: lines end without `;`, blocks with `end`. A Ruby file is read line by line, so that all its errors
//! are reported at once.

use std::ops::Range;

use super::layout::{SourcePiece, SourcePieceKind, is_word, line_of, pieces};
use super::ruby::heredoc;

/// The words that begin another part of a block.
const MIDDLES: &[&str] = &["else", "elsif", "ensure", "rescue", "when"];

/// Returns true if a source is Ruby: it has statements, and hardly any line ends with `;`.
pub(super) fn is_ruby(text: &str) -> bool {
    let lines = text.lines().map(str::trim);
    let lines: Vec<&str> = lines
        .filter(|line| !line.is_empty() && !line.starts_with(['#', '/', '*', '}']) && *line != "end")
        .collect();
    let ended = lines.iter().filter(|line| line.ends_with([';', '{'])).count();
    lines.len() >= 3 && ended * 4 < lines.len()
}

/// Returns the statement around a byte, from its beginning to the end of its last line, including a string after `<<WORD`.
pub(super) fn line(text: &str, start: usize, at: usize) -> Range<usize> {
    let line = code_line(text, start, at);
    let said = text.get(line.clone()).unwrap_or("");
    let word = said.match_indices("<<").find_map(|(at, _)| heredoc(said.get(at..)?));
    match word.and_then(|word| behind_heredoc(text, line.end, word)) {
        Some(end) => line.start..end,
        None => line,
    }
}

/// Returns the end of a string that begins after this line and ends at a line with this word alone.
pub(super) fn behind_heredoc(text: &str, line: usize, word: &str) -> Option<usize> {
    let mut at = line_end(text, line);
    for line in text.get(at + 1..)?.split('\n') {
        at += 1 + line.len();
        if line.trim() == word {
            return Some(at);
        }
    }
    None
}

fn code_line(text: &str, start: usize, at: usize) -> Range<usize> {
    let mut start = start.min(at);
    let (mut open, mut last): (Vec<char>, Option<SourcePiece>) = (Vec::new(), None);
    for piece in pieces(text) {
        if piece.range.start < start || piece.kind == SourcePieceKind::Comment {
            continue;
        }
        if let Some(last) = &last {
            let between = text.get(last.range.end..piece.range.start).unwrap_or("");
            if between.contains('\n') && open.is_empty() && !goes_on(text, last, &piece) {
                if last.range.end > at || piece.range.start > at {
                    return start..last.range.end;
                }
                start = piece.range.start;
            }
        }
        match piece.kind {
            SourcePieceKind::Open(bracket) => open.push(bracket),
            SourcePieceKind::Close('}') => {
                // Brackets that are still open inside the block end with it.
                while open.pop_if(|bracket| !matches!(bracket, '{' | '#')).is_some() {}
                if open.pop().is_none() {
                    return start..piece.range.start.max(at);
                }
            }
            SourcePieceKind::Close(_) if open.pop_if(|bracket| matches!(bracket, '(' | '[')).is_none() => {
                return start..piece.range.start.max(at);
            }
            SourcePieceKind::Semicolon if !open.iter().any(|bracket| matches!(bracket, '{' | '#')) => {
                if piece.range.end > at {
                    return start..piece.range.end;
                }
                start = piece.range.end;
                open.clear();
                last = None;
                continue;
            }
            _ => {}
        }
        last = Some(piece);
    }
    match open.is_empty() {
        true => start..last.map_or(text.len(), |last| last.range.end.max(at)),
        // An open bracket is never closed.
        false => start..line_end(text, at),
    }
}

/// Returns true if a statement continues on the next line.
fn goes_on(text: &str, last: &SourcePiece, next: &SourcePiece) -> bool {
    let of = |piece: &SourcePiece| text.get(piece.range.clone()).unwrap_or("");
    let ends_open =
        last.kind == SourcePieceKind::Other && matches!(of(last), "," | "+" | "&" | "=" | "\\" | "." | "<" | "?" | ":");
    ends_open || next.kind == SourcePieceKind::Other && matches!(of(next), "." | "&" | "?")
}

/// Returns the end of the line of a byte.
pub(super) fn line_end(text: &str, at: usize) -> usize {
    text.get(at..)
        .and_then(|rest| rest.find('\n'))
        .map_or(text.len(), |length| at + length)
}

/// A block that ends with `end`.
pub(super) struct RubyBlock {
    /// The beginnings of its later parts: `else`, `rescue`, `when`.
    pub(super) middles: Vec<usize>,
    /// The place after its `end`.
    pub(super) end: usize,
}

/// Returns the block of the statement that begins at `start`, if the block begins before `head`.
pub(super) fn block(text: &str, start: usize, head: usize) -> Option<RubyBlock> {
    let mut depth = 0_usize;
    let (mut braces, mut counted) = (0_usize, 0);
    let mut middles = Vec::new();
    for piece in pieces(text).iter().skip_while(|piece| piece.range.start < start) {
        let at = piece.range.start;
        let line = line_of(text, at);
        if at >= head && depth == 0 {
            return None;
        }
        match piece.kind {
            SourcePieceKind::Open('{' | '#') => braces += 1,
            // The surrounding block ends before this one does.
            SourcePieceKind::Close('}') => braces = braces.checked_sub(1)?,
            SourcePieceKind::Word => {
                let word = text.get(piece.range.clone())?;
                let begins_line = text
                    .get(..at)?
                    .rsplit('\n')
                    .next()
                    .is_some_and(|before| before.trim().is_empty() || at == start);
                let has_brace = || {
                    text.get(at..line_end(text, at))
                        .is_some_and(|rest| rest.trim_end().ends_with('{'))
                };
                let begins = match word {
                    "do" => counted != line,
                    "def" | "begin" | "case" | "class" | "module" => begins_line,
                    "if" | "unless" | "while" | "until" | "for" => begins_line && !has_brace(),
                    _ => false,
                };
                if begins {
                    depth += 1;
                    counted = line;
                } else if depth == 1 && braces == 0 && begins_line && MIDDLES.contains(&word) {
                    middles.push(at);
                }
                if word == "end" && ends(text, piece.range.end) {
                    depth = depth.checked_sub(1)?;
                    if depth == 0 {
                        let end = piece.range.end;
                        return Some(RubyBlock { middles, end });
                    }
                }
            }
            _ => {}
        }
    }
    None
}

/// Returns true if an `end` ends a block; only the words of a condition may follow it.
fn ends(text: &str, behind: usize) -> bool {
    let rest = text.get(behind..line_end(text, behind)).unwrap_or("").trim_start();
    let word = rest
        .get(..rest.find(|c| !is_word(c)).unwrap_or(rest.len()))
        .unwrap_or("");
    word.is_empty() || matches!(word, "and" | "if" | "or" | "rescue" | "unless" | "until" | "while")
}

/// Returns `words` after as many line ends as `text` has.
pub(super) fn in_place_of(text: &str, words: &str) -> String {
    let ends = text.matches('\n').count();
    format!("{}{words}", "\n".repeat(ends))
}

#[cfg(test)]
mod tests {
    use super::{block, is_ruby, line};

    #[test]
    fn a_line_of_ruby_goes_on_where_it_is_open() {
        let text = "set :a, 1\nset :b,\n  [2,\n   3]\ntask :t do\n  run \"x\"\nend\nt = <<-EOS\n it's\nEOS\nputs t";
        for found in [
            "set :a, 1",
            "set :b,\n  [2,\n   3]",
            "task :t do",
            "t = <<-EOS\n it's\nEOS",
        ] {
            let at = text.find(found).map(|at| at + 3);
            let line = at.and_then(|at| text.get(line(text, 0, at)));
            assert_eq!(line, Some(found));
        }
    }

    #[test]
    fn a_block_of_ruby_ends_with_its_own_end_and_has_parts() {
        let text = "if a\n  b do\n  end\nelsif c\n  d\nelse\n  e\nend\nrest";
        let found = block(text, 0, 4);
        let parts = found.as_ref().map(|found| {
            let part = |at: &usize| text.get(*at..*at + 4);
            found.middles.iter().map(part).collect::<Vec<_>>()
        });
        assert_eq!(parts, Some(vec![Some("elsi"), Some("else")]));
        assert_eq!(found.and_then(|found| text.get(found.end..)), Some("\nrest"));
        assert!(block("if a\n b\n", 0, 4).is_none());
        assert!(block("ask :a\nx do\nend", 0, 6).is_none());
    }

    #[test]
    fn a_text_without_semicolons_is_ruby() {
        assert!(is_ruby("set :a, 1\nset :b, 2\ntask :t do\n  run \"x\"\nend\n"));
        assert!(!is_ruby("set :a, 1;\nset :b, 2\ntask :t {\n  run \"x\";\n}\n"));
        assert!(!is_ruby("set :a, 1"));
    }
}
