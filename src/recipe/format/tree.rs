//! The tokens of a source as statements and brackets. The role of each follows from the tokens around it, without a grammar: a
//! wrong role only affects blanks and lines.

use super::tokens::{Token, TokenKind};
use crate::recipe::language::verbs;

/// The role of a token among its neighbours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// A name or a number.
    Word,
    Keyword,
    /// A name that begins a call of a verb.
    Verb,
    String,
    /// A sign before its value: `-x`, `!x`.
    Prefix,
    Binary,
    /// `=` and similar signs.
    Assign,
    /// `=>`
    Arrow,
    /// `.`, `::`, `..`, which have no blanks around them.
    Tight,
    /// The colon in front of a symbol.
    Symbol,
    /// The colon after the key of a map.
    Key,
    Comma,
    /// The comma between two parameters of a block.
    Separator,
    Semicolon,
    /// The sign in front of a block's parameters.
    OpenParameters,
    /// The sign after them, or `||`.
    CloseParameters,
    LineComment,
    BlockComment,
    /// A sign that no recipe contains.
    Unknown,
}

/// A part of a statement.
#[derive(Clone, Debug)]
pub(super) enum Element<'a> {
    Token(Token<'a>, Role),
    Group(Group<'a>),
}

impl<'a> Element<'a> {
    /// Returns its first token.
    pub(super) fn first(&self) -> Token<'a> {
        match self {
            Self::Token(token, _) => *token,
            Self::Group(group) => group.open,
        }
    }

    pub(super) fn role(&self) -> Option<Role> {
        match self {
            Self::Token(_, role) => Some(*role),
            Self::Group(_) => None,
        }
    }

    pub(super) fn is_comment(&self) -> bool {
        self.first().is_comment()
    }

    pub(super) fn is_block(&self) -> bool {
        matches!(self, Self::Group(group) if group.shape == BracketShape::Block)
    }
}

/// The kind of content in a bracket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BracketShape {
    /// It contains statements.
    Block,
    /// The cases of a `switch`.
    Cases,
    /// It contains values, after `(` or `[`.
    Values,
    Map,
}

/// A bracket with its content.
#[derive(Clone, Debug)]
pub(super) struct Group<'a> {
    pub(super) shape: BracketShape,
    pub(super) open: Token<'a>,
    /// The closing bracket; `None` if the source ends before it.
    pub(super) close: Option<Token<'a>>,
    pub(super) parts: Vec<TreePart<'a>>,
}

/// A statement, or a value of a list with its comma, or a comment on a line of its own.
#[derive(Clone, Debug)]
pub(super) struct TreePart<'a> {
    pub(super) elements: Vec<Element<'a>>,
    /// True for a comment on the line of the opening bracket.
    pub(super) is_beside: bool,
}

impl TreePart<'_> {
    /// Returns the number of line ends before it.
    pub(super) fn breaks(&self) -> usize {
        self.elements.first().map_or(0, |element| element.first().breaks)
    }
}

/// Returns the statements of a source.
pub(super) fn parts<'a>(tokens: &[Token<'a>]) -> Vec<TreePart<'a>> {
    let mut parser = Parser {
        tokens: tokens.to_vec(),
        at: 0,
    };
    let mut parts = Vec::new();
    loop {
        parts.extend(parser.parts(BracketShape::Block));
        // A bracket that closes nothing is a statement of its own.
        let Some(token) = parser.take() else { return parts };
        parts.push(TreePart {
            elements: vec![Element::Token(token, Role::Unknown)],
            is_beside: false,
        });
    }
}

const KEYWORDS: &[&str] = &[
    "as", "break", "case", "catch", "const", "continue", "do", "else", "export", "fn", "for", "if", "import", "in",
    "let", "loop", "private", "return", "switch", "throw", "try", "until", "while",
];

/// The keywords that have a block.
const WITH_BLOCKS: &[&str] = &[
    "catch", "do", "else", "fn", "for", "if", "loop", "switch", "try", "until", "while",
];

struct Parser<'a> {
    tokens: Vec<Token<'a>>,
    at: usize,
}

impl<'a> Parser<'a> {
    fn peek(&self, ahead: usize) -> Option<Token<'a>> {
        self.tokens.get(self.at + ahead).copied()
    }

    fn take(&mut self) -> Option<Token<'a>> {
        let token = self.peek(0)?;
        self.at += 1;
        Some(token)
    }

    /// Reads the content of a bracket up to its end.
    fn parts(&mut self, shape: BracketShape) -> Vec<TreePart<'a>> {
        let mut parts: Vec<TreePart<'a>> = Vec::new();
        while let Some(token) = self.peek(0) {
            match token.kind {
                TokenKind::Close(_) => break,
                TokenKind::LineComment | TokenKind::BlockComment => self.comment(token, shape, &mut parts),
                TokenKind::Semicolon => {
                    // This semicolon stands after a block or after another semicolon.
                    self.at += 1;
                    let element = Element::Token(token, Role::Semicolon);
                    match parts
                        .last_mut()
                        .filter(|part| !part.elements.iter().any(Element::is_comment))
                    {
                        Some(last) => last.elements.push(element),
                        None => parts.push(TreePart {
                            elements: vec![element],
                            is_beside: false,
                        }),
                    }
                }
                _ => parts.push(self.part(shape)),
            }
        }
        parts
    }

    /// Adds a comment between two parts.
    fn comment(&mut self, token: Token<'a>, shape: BracketShape, parts: &mut Vec<TreePart<'a>>) {
        let element = Element::Token(token, comment(token));
        let is_alone = token.kind == TokenKind::LineComment
            || self
                .peek(1)
                .is_none_or(|next| next.breaks > 0 || matches!(next.kind, TokenKind::Close(_)));
        if !is_alone && (token.breaks > 0 || parts.is_empty()) {
            // The comment belongs to the part after it on its line.
            parts.push(self.part(shape));
            return;
        }
        self.at += 1;
        match parts.last_mut() {
            Some(last) if token.breaks == 0 => last.elements.push(element),
            _ => parts.push(TreePart {
                elements: vec![element],
                is_beside: token.breaks == 0 && self.at > 1,
            }),
        }
    }

    fn part(&mut self, shape: BracketShape) -> TreePart<'a> {
        let mut elements: Vec<Element<'a>> = Vec::new();
        // The keyword of the next block.
        let mut keyword = None;
        while let Some(token) = self.peek(0) {
            match token.kind {
                TokenKind::Close(_) => break,
                TokenKind::Open(bracket) => {
                    let owner = if bracket == '{' { keyword.take() } else { None };
                    self.at += 1;
                    let group = self.group(token, bracket, owner);
                    let is_block = group.shape == BracketShape::Block || group.shape == BracketShape::Cases;
                    elements.push(Element::Group(group));
                    let ends = match shape {
                        BracketShape::Block => self.ends_behind_block(&elements, owner),
                        BracketShape::Cases => {
                            owner.is_none() && self.peek(0).is_none_or(|next| next.kind != TokenKind::Comma)
                        }
                        BracketShape::Values | BracketShape::Map => false,
                    };
                    if is_block && ends {
                        break;
                    }
                }
                TokenKind::Semicolon => {
                    self.at += 1;
                    elements.push(Element::Token(token, Role::Semicolon));
                    break;
                }
                TokenKind::Comma => {
                    self.at += 1;
                    elements.push(Element::Token(token, Role::Comma));
                    if shape != BracketShape::Block {
                        break;
                    }
                }
                TokenKind::Sign if self.begins_parameters(token, &elements) => self.parameters(&mut elements),
                _ => {
                    let role = self.role(token, &elements, shape);
                    self.at += 1;
                    if role == Role::Keyword && WITH_BLOCKS.contains(&token.text) {
                        keyword = Some(token.text);
                    }
                    elements.push(Element::Token(token, role));
                }
            }
        }
        TreePart {
            elements,
            is_beside: false,
        }
    }

    fn group(&mut self, open: Token<'a>, bracket: char, owner: Option<&str>) -> Group<'a> {
        let shape = match bracket {
            '{' if owner == Some("switch") => BracketShape::Cases,
            '{' => BracketShape::Block,
            '#' => BracketShape::Map,
            _ => BracketShape::Values,
        };
        let parts = self.parts(shape);
        Group {
            shape,
            open,
            close: self.take(),
            parts,
        }
    }

    /// Returns true if the statement ends after the block that was just read.
    fn ends_behind_block(&self, elements: &[Element<'a>], owner: Option<&str>) -> bool {
        let first = elements.iter().find(|element| !element.is_comment());
        let begins = match first {
            Some(Element::Token(token, Role::Keyword)) => token.text,
            Some(Element::Token(_, Role::Verb)) => "verb",
            Some(Element::Group(group)) if group.shape == BracketShape::Block => "{",
            _ => return false,
        };
        let is_its_own = match begins {
            "verb" => owner.is_none(),
            "{" => true,
            "private" => owner == Some("fn"),
            keyword => WITH_BLOCKS.contains(&keyword) && owner.is_some(),
        };
        // Comments may stand between `}` and `else`.
        let mut next = self.tokens.iter().skip(self.at).filter(|token| !token.is_comment());
        let goes_on = next.next().is_some_and(|next| match next.kind {
            TokenKind::Word => {
                matches!(next.text, "else" | "catch") || begins == "do" && matches!(next.text, "while" | "until")
            }
            TokenKind::Sign => matches!(next.text, "." | "?."),
            _ => false,
        });
        is_its_own && !goes_on
    }

    fn begins_parameters(&self, token: Token<'a>, elements: &[Element<'a>]) -> bool {
        match token.text {
            "||" => !is_value(elements),
            "|" if !is_value(elements) => true,
            "|" => {
                let names = self.tokens.iter().skip(self.at + 1);
                let mut behind = names.skip_while(|token| matches!(token.kind, TokenKind::Word | TokenKind::Comma));
                behind.next().is_some_and(|end| end.text == "|")
                    && behind.next().is_some_and(|open| open.kind == TokenKind::Open('{'))
            }
            _ => false,
        }
    }

    /// Reads parameters: `|a, b|`.
    fn parameters(&mut self, elements: &mut Vec<Element<'a>>) {
        let Some(first) = self.take() else { return };
        if first.text == "||" {
            elements.push(Element::Token(first, Role::CloseParameters));
            return;
        }
        elements.push(Element::Token(first, Role::OpenParameters));
        while let Some(token) = self.peek(0) {
            let role = match token.kind {
                TokenKind::Word => Role::Word,
                TokenKind::Comma => Role::Separator,
                TokenKind::Sign if token.text == "|" => Role::CloseParameters,
                _ => return,
            };
            self.at += 1;
            elements.push(Element::Token(token, role));
            if role == Role::CloseParameters {
                return;
            }
        }
    }

    fn role(&self, token: Token<'a>, elements: &[Element<'a>], shape: BracketShape) -> Role {
        match token.kind {
            TokenKind::LineComment | TokenKind::BlockComment => comment(token),
            TokenKind::String => Role::String,
            TokenKind::Word => self.word(token, elements, shape),
            _ => self.sign(token, elements, shape),
        }
    }

    fn word(&self, token: Token<'a>, elements: &[Element<'a>], shape: BracketShape) -> Role {
        let behind = self.peek(1).map_or("", |next| next.text);
        let is_name = match elements.last() {
            Some(Element::Token(before, Role::Tight)) => matches!(before.text, "." | "?." | "::"),
            Some(Element::Token(_, Role::Symbol)) => true,
            Some(Element::Token(before, Role::Keyword)) => matches!(before.text, "fn" | "let" | "const"),
            _ => shape == BracketShape::Map && elements.is_empty(),
        };
        // In `as :user { … }` it is a verb; after a file it names an import.
        let is_as_verb = token.text == "as" && elements.iter().all(Element::is_comment);
        if is_name || matches!(behind, "=" | "::") {
            Role::Word
        } else if KEYWORDS.contains(&token.text) && !is_as_verb {
            Role::Keyword
        } else if verbs::find(token.text).is_some() && behind != "." {
            Role::Verb
        } else {
            Role::Word
        }
    }

    fn sign(&self, token: Token<'a>, elements: &[Element<'a>], shape: BracketShape) -> Role {
        let next = self.peek(1);
        // After the brace of a block, Rhai reads `-` or `+` as the sign of a number.
        let is_behind_brace = matches!(
            elements.last(),
            Some(Element::Group(group)) if matches!(group.shape, BracketShape::Block | BracketShape::Cases)
        );
        let is_behind_value = is_value(elements) && !is_behind_brace;
        match token.text {
            "." | "?." | "::" | ".." | "..=" => Role::Tight,
            "?" if next.is_some_and(|next| next.kind == TokenKind::Open('[') && !next.is_apart) => Role::Tight,
            "=>" => Role::Arrow,
            "=" | "+=" | "-=" | "*=" | "/=" | "%=" | "**=" | "&=" | "|=" | "^=" | "<<=" | ">>=" => Role::Assign,
            ":" if shape == BracketShape::Map && elements.len() == 1 => Role::Key,
            ":" => Role::Symbol,
            // This is the call `f!(x)`.
            "!" if is_behind_value && !token.is_apart => Role::Tight,
            "!" => Role::Prefix,
            "-" | "+" if is_behind_value => Role::Binary,
            "-" | "+" => {
                let is_behind_verb = matches!(elements.last(), Some(Element::Token(_, Role::Verb)));
                match is_behind_verb && next.is_some_and(|next| next.is_apart) {
                    true => Role::Binary,
                    false => Role::Prefix,
                }
            }
            "?" | "@" | "$" | "~" | "\\" | "'" => Role::Unknown,
            _ => Role::Binary,
        }
    }
}

fn comment(token: Token) -> Role {
    match token.kind {
        TokenKind::LineComment => Role::LineComment,
        _ => Role::BlockComment,
    }
}

/// Returns true if a value ends here, so that an operator may follow.
fn is_value(elements: &[Element]) -> bool {
    match elements.iter().rev().find(|element| !element.is_comment()) {
        Some(Element::Group(_)) => true,
        Some(Element::Token(_, role)) => matches!(role, Role::Word | Role::String),
        None => false,
    }
}
