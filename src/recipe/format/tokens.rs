//! The tokens of a source with the comments between them, and the space in front of each.

use crate::recipe::language::syntax::layout::{SourcePieceKind as Piece, comment, exact_pieces};

/// The kind of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// An opening bracket; that of a map is `#`.
    Open(char),
    Close(char),
    Comma,
    Semicolon,
    /// A name, a keyword or a number.
    Word,
    /// A string in quotes or backticks.
    String,
    /// An operator, or another sign.
    Sign,
    /// `// …`
    LineComment,
    /// `/* … */`
    BlockComment,
}

/// A token of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub(super) text: &'a str,
    pub(super) kind: TokenKind,
    /// The number of line ends between the token before and this one.
    pub(super) breaks: usize,
    /// True if there is anything between them, even if only a blank.
    pub(super) is_apart: bool,
}

impl Token<'_> {
    pub(super) fn is_comment(&self) -> bool {
        matches!(self.kind, TokenKind::LineComment | TokenKind::BlockComment)
    }
}

/// Operators of more than one character, longer ones first.
const SIGNS: &[&str] = &[
    "<<=", ">>=", "**=", "..=", "=>", "==", "!=", "<=", ">=", "&&", "||", "??", "?.", "..", "+=", "-=", "*=", "/=",
    "%=", "&=", "|=", "^=", "**", "<<", ">>", "::",
];

/// Returns all tokens of a source, including comments.
pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut reader = Reader {
        text,
        tokens: Vec::new(),
        breaks: 0,
        is_apart: false,
    };
    // The first line may name an interpreter.
    let first = match text.strip_prefix("#!") {
        Some(rest) => rest.find('\n').map_or(text.len(), |end| end + 2),
        None => 0,
    };
    if first > 0 {
        reader.push(0, first, TokenKind::LineComment);
    }
    let pieces = exact_pieces(text, first);
    let mut pieces = pieces.iter().peekable();
    let mut at = first;
    while let Some(piece) = pieces.next() {
        reader.between(at, piece.range.start);
        let (start, mut end) = (piece.range.start, piece.range.end);
        let kind = match piece.kind {
            Piece::Open(bracket) => TokenKind::Open(bracket),
            Piece::Close(bracket) => TokenKind::Close(bracket),
            Piece::Semicolon => TokenKind::Semicolon,
            Piece::Char | Piece::Text(_) => TokenKind::String,
            Piece::Comment => TokenKind::LineComment,
            Piece::Word => {
                if has_exponent(reader.slice(start, end)) {
                    // This is the sign in `1e-5`.
                    let sign =
                        pieces.next_if(|next| next.range.start == end && is_sign(reader.slice(end, next.range.end)));
                    if let Some(sign) = sign {
                        end = sign.range.end;
                        end = pieces
                            .next_if(|next| next.range.start == end)
                            .map_or(end, |next| next.range.end);
                    }
                }
                TokenKind::Word
            }
            Piece::Other => {
                let rest = reader.slice(start, text.len());
                let length = SIGNS
                    .iter()
                    .find(|sign| rest.starts_with(**sign))
                    .map_or(end - start, |sign| sign.len());
                while let Some(next) = pieces.next_if(|next| next.range.end <= start + length) {
                    end = next.range.end;
                }
                // This is the operator in `x !in list`.
                let is_in = |word: &str| rest.starts_with('!') && length == 1 && word == "in";
                if let Some(word) =
                    pieces.next_if(|next| next.range.start == end && is_in(reader.slice(end, next.range.end)))
                {
                    end = word.range.end;
                }
                match reader.slice(start, end) {
                    "," => TokenKind::Comma,
                    _ => TokenKind::Sign,
                }
            }
        };
        reader.push(start, end, kind);
        at = end;
    }
    reader.between(at, text.len());
    reader.tokens
}

fn has_exponent(number: &str) -> bool {
    number.starts_with(|c: char| c.is_ascii_digit()) && number.ends_with(['e', 'E']) && !number.starts_with("0x")
}

fn is_sign(text: &str) -> bool {
    matches!(text, "+" | "-")
}

struct Reader<'a> {
    text: &'a str,
    tokens: Vec<Token<'a>>,
    /// The number of line ends since the last token.
    breaks: usize,
    is_apart: bool,
}

impl<'a> Reader<'a> {
    fn slice(&self, start: usize, end: usize) -> &'a str {
        self.text.get(start..end).unwrap_or_default()
    }

    fn push(&mut self, start: usize, end: usize, kind: TokenKind) {
        let text = self.slice(start, end);
        self.tokens.push(Token {
            text: match kind {
                TokenKind::LineComment => text.trim_end(),
                _ => text,
            },
            kind,
            breaks: self.breaks,
            is_apart: self.is_apart,
        });
        self.breaks = 0;
        self.is_apart = false;
    }

    /// Adds the comments between two tokens.
    fn between(&mut self, mut at: usize, end: usize) {
        while at < end {
            let rest = self.slice(at, end);
            let length = match rest {
                _ if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
                _ if rest.starts_with("/*") => comment(rest).max(2),
                _ => {
                    let blanks = rest.len() - rest.trim_start().len();
                    self.breaks += rest.get(..blanks).unwrap_or_default().matches('\n').count();
                    self.is_apart = true;
                    // Only blanks and comments can stand between tokens; another character would be skipped.
                    at += blanks.max(rest.chars().next().map_or(1, char::len_utf8));
                    continue;
                }
            };
            let kind = match rest.starts_with("//") {
                true => TokenKind::LineComment,
                false => TokenKind::BlockComment,
            };
            self.push(at, at + length, kind);
            self.is_apart = true;
            at += length;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{TokenKind, tokens};

    #[test]
    fn operators_numbers_and_comments_are_one_token_each() {
        let text = "#!/usr/bin/capr\na ??b!=1e-5..=0x1e-5 /* ; /* */ */ !in `\\`; // x \n\n'\\''||#{";
        let found: Vec<&str> = tokens(text).iter().map(|token| token.text).collect();
        let expected = [
            "#!/usr/bin/capr",
            "a",
            "??",
            "b",
            "!=",
            "1e-5",
            "..=",
            "0x1e",
            "-",
            "5",
            "/* ; /* */ */",
            "!in",
            "`\\`",
            ";",
            "// x",
            "'\\''",
            "||",
            "#{",
        ];
        assert_eq!(found, expected);
        let all = tokens("a;\n\n// b\nc");
        let breaks: Vec<(TokenKind, usize)> = all.iter().map(|token| (token.kind, token.breaks)).collect();
        let expected = [
            (TokenKind::Word, 0),
            (TokenKind::Semicolon, 0),
            (TokenKind::LineComment, 2),
            (TokenKind::Word, 1),
        ];
        assert_eq!(breaks, expected);
    }
}
