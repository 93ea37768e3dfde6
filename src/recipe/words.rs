//! Sorts words out before Rhai parses them.
//!
//! Three kinds need it: a verb (`role :app, …`) is told apart from a property, map key or name that is spelled like it
//! (`server.role`), the colon of a symbol (`:app`) from that of a map key, and a name that is a whole statement
//! (`deploy;`) from one that goes on (`deploy.restart`).

use std::collections::VecDeque;

use rhai::{Position, Token};

/// The token that stands for the colon of a symbol.
pub(super) const SYMBOL: &str = ":";

const VERB: &str = "verb ";
const STATEMENT: &str = "call ";

/// The key under which a verb's syntax is registered: no identifier of a recipe can be equal to it.
pub(super) fn verb_key(verb: &str) -> String {
    format!("{VERB}{verb}")
}

/// The verb behind a key.
pub(super) fn verb_of(key: &str) -> Option<&str> {
    key.strip_prefix(VERB)
}

/// The name behind a word that is a whole statement.
pub(super) fn statement_name(word: &str) -> Option<&str> {
    word.strip_prefix(STATEMENT)
}

/// What the mapper remembers of the text that is being parsed.
pub(super) struct Words {
    is_verb: fn(&str) -> bool,
    lines: Vec<String>,
    previous: Option<Token>,
    /// For each open bracket, whether it is that of a map literal.
    brackets: Vec<bool>,
    /// Local variables in scope, with the number of brackets around their scope.
    locals: Vec<(String, usize)>,
    /// Parameters that were declared for the block that comes next.
    parameters: Vec<String>,
    in_parameters: bool,
    /// Positions of verbs that the grammar has not begun with.
    verbs: VecDeque<Position>,
}

impl Words {
    pub(super) fn new(is_verb: fn(&str) -> bool) -> Self {
        Self {
            is_verb,
            lines: Vec::new(),
            previous: None,
            brackets: Vec::new(),
            locals: Vec::new(),
            parameters: Vec::new(),
            in_parameters: false,
            verbs: VecDeque::new(),
        }
    }

    /// Begins with a new text.
    pub(super) fn begin(&mut self, text: &str) {
        *self = Self::new(self.is_verb);
        self.lines = text.lines().map(str::to_owned).collect();
    }

    /// Where the verb that the grammar begins with now stands.
    pub(super) fn next_verb(&mut self) -> Position {
        self.verbs.pop_front().unwrap_or(Position::NONE)
    }

    /// Maps one token.
    pub(super) fn map(&mut self, token: Token, position: Position) -> Token {
        self.follow(&token);
        let mapped = match token {
            Token::Identifier(word) => self.word(*word, position),
            Token::IntegerConstant(_) => self.octal(position).unwrap_or(token),
            Token::Colon if !self.is_map_colon() => Token::Custom(Box::new(SYMBOL.into())),
            token => token,
        };
        self.previous = Some(mapped.clone());
        mapped
    }

    fn follow(&mut self, token: &Token) {
        match token {
            Token::MapStart => self.brackets.push(true),
            Token::LeftBrace => {
                self.brackets.push(false);
                let depth = self.brackets.len();
                self.locals.extend(self.parameters.drain(..).map(|name| (name, depth)));
            }
            Token::LeftParen | Token::LeftBracket | Token::QuestionBracket => self.brackets.push(false),
            Token::RightBrace | Token::RightParen | Token::RightBracket => {
                self.brackets.pop();
                let depth = self.brackets.len();
                self.locals.retain(|(_, around)| *around <= depth);
            }
            Token::SemiColon => self.parameters.clear(),
            _ => {}
        }
        match token {
            // `catch (error)` and `for (item, counter) in …` declare behind a bracket.
            Token::Fn | Token::Catch | Token::For => self.in_parameters = true,
            Token::Pipe => self.in_parameters = !self.in_parameters,
            Token::RightParen | Token::SemiColon | Token::LeftBrace | Token::In => self.in_parameters = false,
            _ => {}
        }
    }

    fn is_local(&self, word: &str) -> bool {
        self.locals.iter().any(|(name, _)| name == word) || self.parameters.iter().any(|name| name == word)
    }

    fn is_map_colon(&self) -> bool {
        self.brackets.last() == Some(&true)
            && matches!(
                self.previous,
                Some(Token::Identifier(_) | Token::StringConstant(_) | Token::Reserved(_))
            )
    }

    fn word(&mut self, word: rhai::Identifier, position: Position) -> Token {
        let is_declared = matches!(self.previous, Some(Token::Let | Token::Const));
        if is_declared {
            self.locals.push((word.to_string(), self.brackets.len()));
        } else if self.in_parameters {
            self.parameters.push(word.to_string());
        }
        let is_local = is_declared || self.in_parameters || self.is_local(&word);
        let is_property = matches!(
            self.previous,
            Some(Token::Period | Token::Elvis | Token::DoubleColon | Token::Fn | Token::As)
        );
        let is_key =
            self.brackets.last() == Some(&true) && matches!(self.previous, Some(Token::MapStart | Token::Comma));
        let is_symbol = matches!(&self.previous, Some(Token::Custom(colon)) if colon.as_str() == SYMBOL);
        if is_local || is_property || is_key || is_symbol {
            return Token::Identifier(Box::new(word));
        }
        if (self.is_verb)(&word) {
            self.verbs.push_back(position);
            return Token::Identifier(Box::new(verb_key(&word).into()));
        }
        if self.begins_statement() && self.ends_statement(&word, position) {
            return Token::Identifier(Box::new(format!("{STATEMENT}{word}").into()));
        }
        Token::Identifier(Box::new(word))
    }

    /// `0644` is octal, as in the recipes that are ported.
    fn octal(&self, position: Position) -> Option<Token> {
        let digits: String = self
            .rest_of_line(position)?
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
            .collect();
        let digits = digits.strip_prefix('0')?;
        i64::from_str_radix(digits, 8).ok().map(Token::IntegerConstant)
    }

    fn rest_of_line(&self, position: Position) -> Option<&str> {
        let line = self.lines.get(position.line()? - 1)?;
        let skipped: usize = line.chars().take(position.position()? - 1).map(char::len_utf8).sum();
        line.get(skipped..)
    }

    fn begins_statement(&self) -> bool {
        matches!(
            self.previous,
            None | Some(Token::SemiColon | Token::LeftBrace | Token::RightBrace)
        )
    }

    /// Whether nothing but the end of a statement follows the word: looked up in the text, which is ahead of the tokens.
    fn ends_statement(&self, word: &str, position: Position) -> bool {
        let (Some(number), Some(first)) = (position.line(), self.rest_of_line(position)) else {
            return false;
        };
        let first = first.get(word.len()..).unwrap_or("");
        let rest = self.lines.iter().skip(number);
        for line in std::iter::once(first).chain(rest.map(String::as_str)) {
            let line = line.trim_start();
            if !line.is_empty() && !line.starts_with("//") {
                return line.starts_with([';', '}']);
            }
        }
        true
    }
}
