//! Marks words before Rhai parses them.
//!
//! It does five things. A verb (`role :app, …`) is told apart from a property, map key or name that is spelled like it
//! (`server.role`). The colon of a symbol (`:app`) is told apart from that of a map key. A name that is a whole statement
//! (`deploy;`) is told apart from one that continues (`deploy.restart`). The parameter of a block is marked, since a closure
//! around the block would take it for a name from outside. And an assignment to a variable of the recipe is found, since it is an
//! error.

use std::collections::VecDeque;

use rhai::{LexError, Position, Token};

use super::lines::SourceLines;
use super::locals::{LocalKind, Locals};
use super::marks::{BODY, CUT_OUT, STATEMENT, SYMBOL, test_verb_key, verb_key, verb_of};
use super::named::SourceNames;
use super::numbers::{Numbers, is_whole, malformed};
use super::unfilled::{Unfilled, unfilled};
use crate::recipe::language::verbs::{find_of_tests, is_test_file};

/// A parameter whose block has not begun yet.
struct Parameter {
    name: String,
    kind: LocalKind,
    /// The number of brackets around the loop, the function, the `catch` or the closure.
    around: usize,
    /// True for a closure or an output block.
    is_of_closure: bool,
}

/// The state of the mapper for the source that is being parsed.
pub(in crate::recipe) struct Words {
    is_verb: fn(&str) -> bool,
    /// True for a test file, which has verbs of its own.
    has_tests: bool,
    /// True for a source whose bodies were cut out.
    is_cut: bool,
    lines: SourceLines,
    previous: Option<Token>,
    /// For each open bracket, true if it is that of a map literal.
    brackets: Vec<bool>,
    locals: Locals,
    /// The parameters of the block that comes next.
    parameters: Vec<Parameter>,
    in_parameters: bool,
    kind: LocalKind,
    /// True if the parameters belong to a closure or an output block.
    are_closures: bool,
    /// The number of brackets around the loop, the function or the `catch` whose parameters are read.
    around: usize,
    /// The positions of verbs that the grammar has not read yet.
    verbs: VecDeque<Position>,
    unfilled: Vec<Unfilled>,
    names: SourceNames,
    numbers: Numbers,
}

impl Words {
    pub(in crate::recipe) fn new(is_verb: fn(&str) -> bool) -> Self {
        Self {
            is_verb,
            has_tests: false,
            is_cut: false,
            lines: SourceLines::default(),
            previous: None,
            brackets: Vec::new(),
            locals: Locals::default(),
            parameters: Vec::new(),
            in_parameters: false,
            kind: LocalKind::Plain,
            are_closures: false,
            around: 0,
            verbs: VecDeque::new(),
            unfilled: Vec::new(),
            names: SourceNames::default(),
            numbers: Numbers::default(),
        }
    }

    /// Begins a new source; `name` is that of its file.
    pub(in crate::recipe) fn begin(&mut self, name: &str, text: &str) {
        let numbers = std::mem::take(&mut self.numbers);
        *self = Self::new(self.is_verb);
        self.has_tests = is_test_file(name);
        self.numbers = numbers;
        self.lines = SourceLines::new(text);
    }

    /// Begins a source whose bodies were cut out.
    pub(in crate::recipe) fn begin_cut(&mut self, name: &str, text: &str) {
        self.begin(name, text);
        self.is_cut = true;
    }

    /// Returns the position of the verb that the grammar reads next, and true if an opening bracket follows it without a blank.
    pub(in crate::recipe) fn next_verb(&mut self) -> (Position, bool) {
        let position = self.verbs.pop_front().unwrap_or(Position::NONE);
        let rest = self.lines.rest(position).unwrap_or("");
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        (position, rest.trim_start_matches(is_word).starts_with('('))
    }

    /// Returns the names in strings that will not be filled in.
    pub(in crate::recipe) fn take_unfilled(&mut self) -> Vec<Unfilled> {
        std::mem::take(&mut self.unfilled)
    }

    /// Returns the bare names of the source.
    pub(in crate::recipe) fn take_names(&mut self) -> SourceNames {
        std::mem::take(&mut self.names)
    }

    /// Maps one token.
    pub(in crate::recipe) fn map(&mut self, token: Token, position: Position) -> Token {
        let were_parameters = self.in_parameters;
        let token = self.named(token);
        self.follow(&token, position);
        self.names.token(&token, self.brackets.len());
        let mapped = match token {
            Token::Identifier(word) if self.is_cut && *word == CUT_OUT => Token::Custom(Box::new(BODY.into())),
            Token::Identifier(word) => self.word(*word, position),
            // `debug` is reserved by Rhai.
            Token::Reserved(word) if (self.is_verb)(&word) => self.word(*word, position),
            // At the beginning of a statement `as` is the verb; after a file it names an import.
            Token::As if self.begins_statement() => self.word("as".into(), position),
            Token::IntegerConstant(number) => self.numbers.integer(number, self.lines.rest(position).unwrap_or("")),
            Token::FloatConstant(number) if is_whole(&number.1) => malformed(&number.1),
            Token::Colon if !self.is_map_colon() => Token::Custom(Box::new(SYMBOL.into())),
            // After a value Rhai would read the `|` as the operator.
            Token::Pipe if self.in_parameters && !were_parameters && self.is_behind_value() => {
                Token::Identifier(Box::new("|".into()))
            }
            Token::StringConstant(text) => {
                self.unfilled.extend(unfilled(&text, &self.lines, position));
                Token::StringConstant(text)
            }
            Token::InterpolatedString(text) => {
                self.unfilled.extend(unfilled(&text, &self.lines, position));
                Token::InterpolatedString(text)
            }
            token => token,
        };
        self.previous = Some(without_string(&mapped));
        mapped
    }

    /// Makes a name of any word or string after the colon of a symbol, and of many words after a period:
    /// `session.else(command)`, `deploy.default`.
    fn named(&self, token: Token) -> Token {
        let is_symbol = matches!(&self.previous, Some(Token::Custom(colon)) if colon.as_str() == SYMBOL);
        let is_member = self.previous == Some(Token::Period);
        match token {
            Token::StringConstant(text) if is_symbol => Token::Identifier(Box::new(*text)),
            Token::Reserved(word) if is_symbol && word.starts_with(char::is_alphabetic) => Token::Identifier(word),
            // A task may have these names; `new`, `nil` and `each` are Ruby's.
            Token::Reserved(word)
                if is_member
                    && matches!(
                        word.as_str(),
                        "default"
                            | "go"
                            | "match"
                            | "package"
                            | "public"
                            | "shared"
                            | "spawn"
                            | "static"
                            | "sync"
                            | "use"
                    ) =>
            {
                Token::Identifier(word)
            }
            token
                if is_symbol && token.is_standard_keyword()
                    || is_member
                        && matches!(
                            token,
                            Token::Else | Token::Export | Token::Import | Token::Private | Token::Switch
                        ) =>
            {
                Token::Identifier(Box::new(token.to_string().into()))
            }
            token => token,
        }
    }

    fn follow(&mut self, token: &Token, position: Position) {
        match token {
            Token::MapStart => self.brackets.push(true),
            Token::LeftBrace => {
                self.declare_parameters();
                self.brackets.push(false);
            }
            Token::LeftParen | Token::LeftBracket | Token::QuestionBracket => self.brackets.push(false),
            Token::RightBrace | Token::RightParen | Token::RightBracket => {
                self.brackets.pop();
                self.locals.leave(self.brackets.len());
            }
            Token::SemiColon => {
                // A closure in the list of a loop has statements of its own, in front of the loop's block.
                let depth = self.brackets.len();
                self.parameters
                    .retain(|parameter| !parameter.is_of_closure && parameter.around < depth);
            }
            _ => {}
        }
        match token {
            // `catch (error)` and `for (item, counter) in …` declare variables in brackets.
            Token::Fn | Token::Catch | Token::For => {
                self.in_parameters = true;
                self.are_closures = false;
                self.around = self.brackets.len();
                self.kind = LocalKind::Plain;
            }
            Token::Pipe if self.in_parameters => self.in_parameters = false,
            Token::Pipe => {
                let has_braces = self.lines.begins_parameters(position);
                self.in_parameters = has_braces || !self.is_behind_value();
                self.are_closures = self.in_parameters;
                self.around = self.brackets.len();
                self.kind = if has_braces {
                    LocalKind::Parameter
                } else {
                    LocalKind::Plain
                };
            }
            Token::RightParen | Token::SemiColon | Token::LeftBrace | Token::In => self.in_parameters = false,
            _ => {}
        }
    }

    /// Declares the parameters that belong to the brace which opens here.
    fn declare_parameters(&mut self) {
        let depth = self.brackets.len();
        let is_value = matches!(self.previous, Some(Token::InterpolatedString(_)));
        let is_body = matches!(self.previous, Some(Token::Pipe));
        for parameter in std::mem::take(&mut self.parameters) {
            let until = match parameter.is_of_closure {
                // A value in a string, or a block in the list of a loop, is not the loop's block.
                false if is_value || parameter.around != depth => {
                    self.parameters.push(parameter);
                    continue;
                }
                // The body of this closure is not a block, so its parameters live until the surrounding bracket is closed.
                true if !is_body => parameter.around,
                _ => depth + 1,
            };
            self.locals.declare(parameter.name, until, parameter.kind);
        }
    }

    fn local(&self, word: &str) -> Option<LocalKind> {
        let mut parameters = self.parameters.iter().rev();
        let parameter = parameters.find_map(|known| (known.name == word).then_some(known.kind));
        parameter.or_else(|| self.locals.get(word))
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
            self.locals
                .declare(word.to_string(), self.brackets.len(), LocalKind::Plain);
        } else if self.in_parameters {
            self.parameters.push(Parameter {
                name: word.to_string(),
                kind: self.kind,
                around: self.around,
                is_of_closure: self.are_closures,
            });
        }
        let local = if is_declared {
            Some(LocalKind::Plain)
        } else {
            self.local(&word)
        };
        let is_property = matches!(
            self.previous,
            Some(Token::Period | Token::Elvis | Token::DoubleColon | Token::Fn | Token::As)
        );
        let is_key =
            self.brackets.last() == Some(&true) && matches!(self.previous, Some(Token::MapStart | Token::Comma));
        let is_symbol = matches!(&self.previous, Some(Token::Custom(colon)) if colon.as_str() == SYMBOL);
        if matches!(self.previous, Some(Token::Fn)) {
            self.names.function(&word);
        }
        if is_property || is_key || is_symbol {
            self.names.word(&word, is_symbol);
            return Token::Identifier(Box::new(word));
        }
        if let Some(kind) = local {
            self.names.word(&word, is_symbol);
            // A function of the same name is something else.
            let kind = if self.lines.is_function_or_module(&word, position) {
                LocalKind::Plain
            } else {
                kind
            };
            return kind.token(word);
        }
        if self.begins_statement() && self.lines.is_assigned(&word, position) {
            let message = format!("`{word}' is no local variable and cannot be assigned to");
            return Token::LexError(Box::new(LexError::Runtime(message)));
        }
        let of_tests = self.has_tests && find_of_tests(&word).is_some();
        if of_tests || (self.is_verb)(&word) {
            self.verbs.push_back(position);
            self.names.verb(&word);
            let key = if of_tests {
                test_verb_key(&word)
            } else {
                verb_key(&word)
            };
            return Token::Identifier(Box::new(key.into()));
        }
        if self.lines.is_function_or_module(&word, position) {
            self.names.call(&word, position);
        } else {
            self.names.name(&word, position);
        }
        if self.begins_statement() && self.lines.ends_statement(&word, position) {
            return Token::Identifier(Box::new(format!("{STATEMENT}{word}").into()));
        }
        Token::Identifier(Box::new(word))
    }

    /// Returns true if a number was written with a zero in front, octal or not, in one of the sources so far.
    pub(in crate::recipe) fn has_octal(&self, number: i64) -> bool {
        self.numbers.has_octal(number)
    }

    fn begins_statement(&self) -> bool {
        matches!(
            self.previous,
            None | Some(Token::SemiColon | Token::LeftBrace | Token::RightBrace)
        )
    }

    /// Returns true if a value ends here, so that an operator may follow.
    fn is_behind_value(&self) -> bool {
        match &self.previous {
            Some(Token::Identifier(word)) => verb_of(word).is_none(),
            Some(token) => matches!(
                token,
                Token::IntegerConstant(_)
                    | Token::FloatConstant(_)
                    | Token::StringConstant(_)
                    | Token::CharConstant(_)
                    | Token::True
                    | Token::False
                    | Token::Unit
                    | Token::RightParen
                    | Token::RightBracket
                    | Token::RightBrace
            ),
            None => false,
        }
    }
}

/// Copies a token, to be remembered as the previous one. The content of a string does not matter for that, and may be long.
fn without_string(token: &Token) -> Token {
    match token {
        Token::StringConstant(_) => Token::StringConstant(Box::default()),
        Token::InterpolatedString(_) => Token::InterpolatedString(Box::default()),
        token => token.clone(),
    }
}

#[cfg(test)]
mod tests;
