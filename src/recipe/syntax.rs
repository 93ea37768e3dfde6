//! Syntax errors as a recipe's author is told them: what was expected where, and what Ruby habits are written like here.

use rhai::{LexError, ParseError, ParseErrorType, Position};

use super::origin::{lower, origin};
use super::words::plain_words;
use crate::diagnostic::{Diagnostic, Fault};

/// The diagnostic of a syntax error in `text`.
pub(super) fn syntax(error: &ParseError, source: &str, text: &str) -> Diagnostic {
    let place = Place::new(text, error.position());
    let (message, hint) = describe(error.err_type(), Some(&place));
    let mut diagnostic = Diagnostic::new(Fault::Recipe, plain_words(&message));
    let position = match error.err_type() {
        ParseErrorType::MissingToken(token, _) if token == ";" => place.end_of_statement(),
        ParseErrorType::MissingToken(..) | ParseErrorType::UnexpectedEOF if place.word().is_empty() => {
            place.end_of_statement()
        }
        _ => error.position(),
    };
    diagnostic.origin = origin(Some(source), position).map(|origin| (origin, None));
    diagnostic.hints.extend(hint.map(|hint| plain_words(&hint)));
    diagnostic
}

/// Where a text could not be read on.
pub(super) struct Place<'a> {
    text: &'a str,
    position: Position,
    /// The rest of its line.
    rest: &'a str,
    /// Its line up to it.
    before: &'a str,
}

impl<'a> Place<'a> {
    fn new(text: &'a str, position: Position) -> Self {
        let line = position
            .line()
            .and_then(|line| text.lines().nth(line - 1))
            .unwrap_or("");
        let column = position.position().unwrap_or(1).saturating_sub(1);
        let at = line.char_indices().nth(column).map_or(line.len(), |(at, _)| at);
        let (before, rest) = line.split_at(at);
        Self {
            text,
            position,
            rest,
            before,
        }
    }

    /// The word that stands there.
    fn word(&self) -> &'a str {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let end = self.rest.find(|c| !is_word(c)).unwrap_or(self.rest.len());
        match self.rest.get(..end) {
            Some("") | None => self
                .rest
                .get(..self.rest.chars().next().map_or(0, char::len_utf8))
                .unwrap_or(""),
            Some(word) => word,
        }
    }

    fn word_before(&self) -> &'a str {
        let text = self.before.trim_end();
        let start = text
            .rfind(|c: char| !(c.is_alphanumeric() || c == '_'))
            .map_or(0, |at| at + 1);
        text.get(start..).unwrap_or("")
    }

    /// Where the `;` is missing: behind what stands before, which may be lines above.
    fn end_of_statement(&self) -> Position {
        let Some(line) = self.position.line() else {
            return self.position;
        };
        if !self.before.trim().is_empty() {
            return self.position;
        }
        let above: Vec<&str> = self.text.lines().take(line - 1).collect();
        for (index, line) in above.iter().enumerate().rev() {
            let code = without_comment(line);
            if !code.is_empty() {
                let column = code.chars().count() + 1;
                return match (u16::try_from(index + 1), u16::try_from(column)) {
                    (Ok(line), Ok(column)) => Position::new(line, column),
                    _ => self.position,
                };
            }
        }
        self.position
    }
}

fn without_comment(line: &str) -> &str {
    // Behind the last quote there is no text that could hold two slashes.
    let from = line.rfind(['"', '`']).unwrap_or(0);
    let comment = line.get(from..).and_then(|rest| rest.find("//")).map(|at| from + at);
    line.get(..comment.unwrap_or(line.len())).unwrap_or(line).trim_end()
}

/// What was expected, and what may help. The place is not known where a script was compiled by a script.
pub(super) fn describe(error: &ParseErrorType, place: Option<&Place>) -> (String, Option<String>) {
    let word = place.map_or("", Place::word);
    let habit = place.and_then(habit);
    match error {
        ParseErrorType::UnexpectedEOF => (
            "the file ends in the middle of a statement".to_owned(),
            Some("a bracket, brace or quote is still open".to_owned()),
        ),
        ParseErrorType::MissingToken(token, _) if token == ";" => (
            match word {
                "" => "expected `;' after this statement".to_owned(),
                word => format!("expected `;' before `{word}'"),
            },
            habit.or_else(|| Some("every statement ends with `;', except one that ends in a block".to_owned())),
        ),
        ParseErrorType::MissingToken(token, what) => {
            let found = match word {
                "" => ", found the end".to_owned(),
                word => format!(", found `{word}'"),
            };
            (
                format!("{}{found}", format!("expected `{token}' {what}").trim_end()),
                habit,
            )
        }
        ParseErrorType::UnknownOperator(operator) => (
            format!("unknown operator `{operator}'"),
            (operator == "?").then(|| "a choice is written: if condition { this } else { that }".to_owned()),
        ),
        ParseErrorType::Reserved(word) => reserved(word, habit),
        ParseErrorType::AssignmentToInvalidLHS(_) => (
            "this cannot be assigned to".to_owned(),
            Some("a pair is written with `=>': :roles => :app".to_owned()),
        ),
        ParseErrorType::BadInput(error) => (lexical(error), lexical_hint(error).or(habit)),
        ParseErrorType::LoopBreak => ("`break' or `continue' outside a loop".to_owned(), None),
        other => (lower(&other.to_string()), habit),
    }
}

fn reserved(word: &str, habit: Option<String>) -> (String, Option<String>) {
    match word {
        "#" => (
            "`#' begins no comment".to_owned(),
            Some("comments begin with //".to_owned()),
        ),
        "@" | "$" => (
            format!("unexpected `{word}'"),
            Some("variables have no sign in front: set :name, value; read it as name".to_owned()),
        ),
        ":" => (
            "unexpected `:'".to_owned(),
            Some("a pair is written with `=>': :roles => :app".to_owned()),
        ),
        "nil" | "null" | "None" => (
            format!("`{word}' is a reserved word"),
            Some("nothing is written ()".to_owned()),
        ),
        _ if word.starts_with(|c: char| c.is_alphabetic() || c == '_') => (
            format!("`{word}' is a reserved word"),
            habit.or_else(|| Some(format!("as a name, write it as a symbol: :{word}"))),
        ),
        _ => (format!("unexpected `{word}'"), habit),
    }
}

fn lexical(error: &LexError) -> String {
    match error {
        // What stands in them may be a secret.
        LexError::MalformedChar(_) => "single quotes hold no text".to_owned(),
        LexError::UnterminatedString => "this text has no end".to_owned(),
        LexError::Runtime(text) => text.clone(),
        LexError::UnexpectedInput(text) => format!("unexpected `{text}'"),
        LexError::ImproperSymbol(symbol, _) if symbol == "eval" => "a recipe has no `eval'".to_owned(),
        other => lower(&other.to_string()),
    }
}

fn lexical_hint(error: &LexError) -> Option<String> {
    let hint = match error {
        LexError::MalformedChar(_) => "texts stand in double quotes; in backticks `${…}` is filled in",
        LexError::UnterminatedString => {
            "a text in double quotes ends on its line; one in backticks may have several lines"
        }
        LexError::ImproperSymbol(symbol, _) if symbol.contains('#') => "comments begin with //",
        LexError::Runtime(_) => "a variable of the recipe is set with `set :name, value;', a local one made with `let'",
        LexError::MalformedEscapeSequence(_) => {
            "a backslash in double quotes is written \\\\; in backticks it is itself"
        }
        _ => return None,
    };
    Some(hint.to_owned())
}

/// What is written in another way in Ruby.
fn habit(place: &Place) -> Option<String> {
    let hint = match (place.word_before(), place.word()) {
        ("unless", _) | (_, "unless") => "there is no `unless': write if !condition { … }",
        (_, "do") => {
            "a block is written in braces: task :name { … }; with parameters: run command, |channel, stream, data| { … }"
        }
        (_, "if") => "a condition stands in front: if condition { … }",
        (_, "then") => "a condition is followed by a block: if condition { … } else { … }",
        (_, "end") => "a block ends with `}'",
        ("elsif" | "elif", _) | (_, "elsif" | "elif") => "write: } else if condition {",
        (_, "rescue" | "ensure") | ("begin", _) => "write: try { … } catch (error) { … }",
        ("def", _) => "a function is written: fn name(parameters) { … }",
        ("puts" | "print", _) => "a text stands in double quotes",
        (_, "and") => "write &&",
        (_, "or") => "write ||",
        (_, "not") => "write !",
        (_, ":") => "a pair is written with `=>': :roles => :app",
        (_, "{") => "a block stands only behind a verb that takes one; over a list goes: for item in list { … }",
        (_, "=") if place.rest.starts_with("=>") => "a pair stands behind the arguments: run command, :roles => :app",
        _ => return None,
    };
    Some(hint.to_owned())
}
