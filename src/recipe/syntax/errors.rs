//! Syntax errors as a recipe's author is told them: what was expected where, and what Ruby habits are written like here.

use rhai::{LexError, ParseError, ParseErrorType, Position};

use super::super::origin::{lower, origin};
use super::layout::{Kind, braces, is_word, line_of, meant_end, open_at, pieces};
use super::ruby;
use super::words::plain_words;
use crate::diagnostic::{Diagnostic, Fault};

/// The diagnostic of a syntax error in `text`.
pub(super) fn syntax(error: &ParseError, source: &str, text: &str) -> Diagnostic {
    let place = Place::new(text, error.position());
    let Told {
        message,
        label,
        hint,
        position,
    } = describe(error.err_type(), Some(&place));
    let place = origin(Some(source), position.unwrap_or(error.position()));
    let mut diagnostic = Diagnostic::new(Fault::Recipe, plain_words(&message)).at(place);
    diagnostic.label = label.map(|label| plain_words(&label));
    diagnostic.hints.extend(hint.map(|hint| plain_words(&hint)));
    diagnostic
}

/// Under the caret where a statement has no end.
pub(super) const NO_SEMICOLON: &str = "`;' is missing";

/// What is said of an error.
#[derive(Debug, Default)]
struct Told {
    message: String,
    /// Under the caret.
    label: Option<String>,
    hint: Option<String>,
    /// Where it is shown, if not where the parser stopped.
    position: Option<Position>,
}

impl Told {
    fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            ..Self::default()
        }
    }

    fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// With what helps, if anything does.
    fn help(mut self, hint: Option<String>) -> Self {
        self.hint = hint;
        self
    }

    fn at(mut self, position: Option<Position>) -> Self {
        self.position = position;
        self
    }
}

/// Where a text could not be read on.
pub(super) struct Place<'a> {
    pub(super) text: &'a str,
    /// In bytes.
    pub(super) at: usize,
    /// The rest of its line.
    pub(super) rest: &'a str,
    /// Its line up to it.
    pub(super) before: &'a str,
}

impl<'a> Place<'a> {
    pub(super) fn new(text: &'a str, position: Position) -> Self {
        let at = offset(text, position);
        let (above, below) = text.split_at(at);
        Self {
            text,
            at,
            rest: below.split('\n').next().unwrap_or(""),
            before: above.rsplit('\n').next().unwrap_or(""),
        }
    }

    /// The word that stands there, or the one character.
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

    /// The word before it.
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

    /// Where the statement that it stands in begins, on whatever level.
    pub(super) fn statement_start(&self) -> usize {
        let all = pieces(self.text.get(..self.at).unwrap_or(self.text));
        let ends = |kind| matches!(kind, Kind::Semicolon | Kind::Open('{') | Kind::Close('}'));
        let inside = all.iter().rev().take_while(|piece| !ends(piece.kind));
        inside.last().map_or(self.at, |piece| piece.range.start)
    }

    /// The first word of that statement.
    pub(super) fn statement_word(&self) -> &'a str {
        let rest = self.text.get(self.statement_start()..).unwrap_or("");
        rest.get(..rest.find(|c| !is_word(c)).unwrap_or(rest.len()))
            .unwrap_or("")
    }

    /// Whether it is the first on its line.
    pub(super) fn begins_line(&self) -> bool {
        self.before.trim().is_empty()
    }

    /// Behind what stands before, which may be lines above.
    pub(super) fn behind_code(&self) -> usize {
        let last = pieces(self.text.get(..self.at).unwrap_or(self.text)).pop();
        last.map_or(self.at, |piece| piece.range.end)
    }
}

/// The byte of a position; the end of the text where there is none.
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

/// The position of a byte.
fn position(text: &str, at: usize) -> Option<Position> {
    let before = text.get(..at)?;
    let column = before.rsplit('\n').next()?.chars().count() + 1;
    let line = u16::try_from(line_of(text, at)).ok()?;
    Some(Position::new(line, u16::try_from(column).ok()?))
}

/// What was expected, and what may help, where a script was compiled by a script: its text is not at hand.
pub(in crate::recipe) fn without_text(error: &ParseErrorType) -> (String, Option<String>) {
    let told = describe(error, None);
    (told.message, told.hint)
}

fn describe(error: &ParseErrorType, place: Option<&Place>) -> Told {
    let word = place.map_or("", Place::word);
    let habit = place.and_then(ruby::habit);
    match error {
        ParseErrorType::UnexpectedEOF => ended(place),
        ParseErrorType::MissingToken(token, _) if token == "}" && word.is_empty() => ended(place),
        ParseErrorType::MissingToken(token, _) if token == ";" => no_semicolon(place, habit),
        ParseErrorType::MissingToken(token, what) => missing(token, what, place, habit),
        ParseErrorType::MissingSymbol(what) => Told::new(lower(what)).help(habit),
        ParseErrorType::UnknownOperator(operator) => unknown_operator(operator, habit),
        ParseErrorType::Reserved(word) => reserved(word, place, habit),
        ParseErrorType::AssignmentToInvalidLHS(_) => {
            let told = Told::new("this cannot be assigned to");
            match place {
                // Rhai points at the beginning.
                Some(place) if matches!(place.statement_word(), "set" | "set_default") => {
                    told.hint("a variable is set with a comma: set :name, value")
                }
                _ => told.hint("a pair is written with `=>': :roles => :app"),
            }
        }
        ParseErrorType::BadInput(error) => lexical(error, place, habit),
        ParseErrorType::LoopBreak => Told::new("`break' or `continue' outside a loop"),
        ParseErrorType::ExprExpected(what) => Told::new(format!("expected {}", lower(what)))
            .label("a value is missing here")
            .help(habit),
        ParseErrorType::VariableExpected => Told::new("expected the name of a variable")
            .label("this cannot be a name")
            .help(
                habit
                    .or_else(|| Some("a name is made of letters, digits and `_', and begins with a letter".to_owned())),
            ),
        ParseErrorType::PropertyExpected => Told::new("expected the name of a property")
            .label("no name")
            .help(habit.or_else(|| Some("a map is written: #{ name: value, \"other name\": value }".to_owned()))),
        ParseErrorType::DuplicatedProperty(name) => {
            Told::new(format!("`{name}' stands twice in this map")).label("the second one")
        }
        ParseErrorType::FnDuplicatedDefinition(name, _) => Told::new(format!("the function `{name}' is defined twice"))
            .label("the second one")
            .hint("functions of one name differ in the number of their parameters"),
        ParseErrorType::WrongFnDefinition => Told::new("a function cannot be defined in a block")
            .label("not at the top of the file")
            .hint("move it out of the block; or: let name = |parameters| { … };"),
        ParseErrorType::FnMissingParams(name) => Told::new(format!("the function `{name}' has no parameters"))
            .label("expected `('")
            .hint(format!("a function is written: fn {name}(parameters) {{ … }}")),
        ParseErrorType::FnMissingBody(name) => Told::new(format!("the function `{name}' has no body"))
            .label("expected `{'")
            .hint(habit.unwrap_or_else(|| format!("a function is written: fn {name}(parameters) {{ … }}"))),
        ParseErrorType::MalformedCapture(_) => Told::new(format!("`{word}!' cannot be called on a value"))
            .label("no `!' here")
            .hint(match ruby::meant(word) {
                Some(meant) => meant.to_owned(),
                None => format!("a new value is given back: name = {word}(name, …)"),
            }),
        ParseErrorType::MismatchedType(..) => {
            let told = Told::new("a condition is true or false").label("this is neither");
            match place {
                Some(place) if place.rest.contains("=~") => told.hint("write: matches(text, \"pattern\")"),
                _ => told.help(habit),
            }
        }
        ParseErrorType::MalformedIndexExpr(_) => Told::new("this cannot be an index").help(habit),
        ParseErrorType::AssignmentToConstant(name) => Told::new(format!("`{name}' is constant"))
            .label("cannot be assigned to")
            .hint("let makes a variable that can change"),
        ParseErrorType::ExprTooDeep => Told::new("expressions stand in each other too deeply")
            .hint("set parts of it aside with let, or in a function"),
        other => Told::new(lower(&other.to_string())).help(habit),
    }
}

/// The text ends where something is still open.
fn ended(place: Option<&Place>) -> Told {
    let Some(place) = place else {
        return Told::new("the text ends in the middle of a statement");
    };
    if let Some(opening) = braces(place.text).never_closed {
        let told = Told::new("this block is never closed")
            .label("its `}' is missing")
            .at(position(place.text, opening));
        let hint = meant_end(place.text, opening);
        return told.help(hint.map(|line| format!("by the indentation it ends before line {line}")));
    }
    let behind = place.behind_code();
    let told = Told::new("the file ends in the middle of a statement").at(position(place.text, behind));
    match open_at(place.text, place.text.len()) {
        Some((bracket, opening)) => Told::new(format!("this `{bracket}' is never closed"))
            .label(format!("its `{}' is missing", closing(bracket)))
            .at(position(place.text, opening)),
        None => told.label("something is missing here"),
    }
}

fn closing(bracket: char) -> char {
    match bracket {
        '(' => ')',
        '[' => ']',
        _ => '}',
    }
}

fn no_semicolon(place: Option<&Place>, habit: Option<String>) -> Told {
    let Some(place) = place else {
        return Told::new("expected `;' after a statement");
    };
    let word = place.word();
    let message = match word {
        _ if ruby::is_keyword(place.word_before()) => format!("there is no `{}' in recipes", place.word_before()),
        "" => "expected `;' after this statement".to_owned(),
        "\"" | "`" => "expected `;' before this text".to_owned(),
        word => format!("expected `;' before `{word}'"),
    };
    let told = Told::new(message);
    if let Some(habit) = habit {
        let before = place.word_before();
        if ruby::is_keyword(before) {
            return told
                .label("not a word of recipes")
                .at(position(place.text, place.behind_code() - before.len()))
                .hint(habit);
        }
        return told.label("unexpected").hint(habit);
    }
    if !place.begins_line() && ruby::is_argument(place) {
        return told.label("no `,' before this").hint("arguments are separated by `,'");
    }
    let behind = place.behind_code();
    told.label(NO_SEMICOLON)
        .at(position(place.text, behind))
        .hint("every statement ends with `;', except one that ends in a block")
}

fn missing(token: &str, what: &str, place: Option<&Place>, habit: Option<String>) -> Told {
    let word = place.map_or("", Place::word);
    let found = match word {
        "" => "the end of the file".to_owned(),
        "\"" | "`" => "a text".to_owned(),
        word => format!("`{word}'"),
    };
    let open = place.and_then(|place| Some((place.text, open_at(place.text, place.at)?)));
    match (token, open) {
        (")" | "]" | "}" | ",", Some((text, (bracket, opening)))) if bracket != '{' => {
            let told = Told::new(format!("expected `{}' or `,', found {found}", closing(bracket)));
            let shown = if bracket == '#' {
                "#{".to_owned()
            } else {
                bracket.to_string()
            };
            let is_here = place.is_some_and(|place| line_of(text, place.at) == line_of(text, opening));
            let told = if is_here && habit.is_none() {
                told.hint(format!("`{shown}' is still open here"))
            } else {
                told.hint(
                    habit.unwrap_or_else(|| format!("`{shown}' of line {} is still open here", line_of(text, opening))),
                )
            };
            told.label(format!("`{}' is missing before this", closing(bracket)))
        }
        ("{", _) => {
            let told = Told::new(format!("expected `{{' to begin a block, found {found}")).label("expected `{'");
            let hint = habit.or_else(|| {
                place.map(|place| {
                    match place.statement_word() {
                        "if" | "unless" | "else" => "a condition is followed by a block: if condition { … } else { … }",
                        "for" => "a loop is written: for item in list { … }",
                        "while" | "until" => "a loop is written: while condition { … }",
                        _ => "a block is written in braces: { … }",
                    }
                    .to_owned()
                })
            });
            told.help(hint)
        }
        _ => {
            let what = if what.contains("expression") || what.contains("statement") {
                ""
            } else {
                what
            };
            Told::new(format!(
                "{}, found {found}",
                format!("expected `{token}' {what}").trim_end()
            ))
            .label(format!("expected `{token}'"))
            .help(habit)
        }
    }
}

fn unknown_operator(operator: &str, habit: Option<String>) -> Told {
    Told::new(format!("unknown operator `{operator}'"))
        .label("there is no such operator")
        .help(habit)
}

fn reserved(word: &str, place: Option<&Place>, habit: Option<String>) -> Told {
    match word {
        "#" => Told::new("`#' begins no comment")
            .label("unexpected")
            .hint("comments begin with //"),
        "@" | "$" => Told::new(format!("unexpected `{word}'"))
            .label("names have no sign in front")
            .hint("a variable is set with `set :name, value;' and read as name"),
        ":" if place.is_some_and(|place| place.before.trim_end().ends_with(['"', '`', ']', ')'])) => {
            Told::new("unexpected `:'")
                .label("no `,' before this")
                .hint("arguments are separated by `,'")
        }
        "->" => Told::new("unexpected `->'").label("unexpected").help(habit),
        "nil" if place.is_some_and(|place| place.before.ends_with('.')) => Told::new("there is no `.nil?'")
            .label("not a function")
            .hint("write: value == ()"),
        ":" => Told::new("unexpected `:'")
            .label("no symbol begins here")
            .hint("a pair is written with `=>': :roles => :app"),
        "nil" | "null" | "None" => Told::new(format!("`{word}' is a reserved word"))
            .label("not a value")
            .hint("nothing is written ()"),
        "}" if place.is_some() => extra_brace(place),
        _ if word.starts_with(is_word) => Told::new(format!("`{word}' is a reserved word"))
            .label("cannot be a name")
            .hint(habit.unwrap_or_else(|| format!("as a name, write it as a symbol: :{word}"))),
        _ => Told::new(format!("unexpected `{word}'"))
            .label("unexpected")
            .help(habit),
    }
}

fn extra_brace(place: Option<&Place>) -> Told {
    let told = Told::new("this `}' closes nothing").label("no block is open here");
    let Some(place) = place else { return told };
    match braces(place.text).closes_too_much {
        Some((closing, opening)) => told.hint(format!(
            "the `}}' of line {} has closed the block of line {}",
            line_of(place.text, closing),
            line_of(place.text, opening)
        )),
        None => told,
    }
}

fn lexical(error: &LexError, place: Option<&Place>, habit: Option<String>) -> Told {
    match error {
        // What stands in them may be a secret.
        LexError::MalformedChar(_) => Told::new("a text stands in double quotes, not in single ones")
            .label("in single quotes")
            .hint("\"…\"; in backticks `…` the value of ${name} is filled in"),
        LexError::UnterminatedString => {
            // Rhai points somewhere into a text in backticks.
            let last = place.and_then(|place| pieces(place.text).pop());
            let last = last
                .filter(|piece| piece.kind == Kind::Text(false))
                .map(|piece| piece.range.start);
            let backtick = place
                .zip(last)
                .filter(|(place, at)| place.text.get(*at..).is_some_and(|rest| rest.starts_with('`')));
            let mark = if backtick.is_some() { "`" } else { "\"" };
            Told::new("this text has no end")
                .label(format!("its closing {mark} is missing"))
                .at(backtick.and_then(|(place, at)| position(place.text, at)))
                .hint("a text in double quotes ends on its line; one in backticks may have several lines")
        }
        LexError::Runtime(message) => {
            let is_default = place.is_some_and(|place| {
                let rest = place.rest.trim_start_matches(is_word).trim_start();
                rest.starts_with("||=") || rest.starts_with("??=")
            });
            let is_changed = place.is_some_and(|place| {
                let rest = place.rest.trim_start_matches(is_word).trim_start();
                rest.starts_with("&&=")
            });
            let name = place.map_or("name", Place::word);
            Told::new(message.clone())
                .label("not a local variable")
                .hint(if is_changed {
                    format!("what is to hold where something was set is written: if exists(:{name}) {{ set :{name}, value; }}")
                } else if is_default {
                    format!("what is to hold where nothing else was set is written: set_default :{name}, value;")
                } else {
                    format!("a variable of the recipe is set with `set :{name}, value;', a local one made with `let'")
                })
        }
        LexError::UnexpectedInput(text) if text == "}" => extra_brace(place),
        LexError::UnexpectedInput(text) => Told::new(format!("unexpected `{text}'"))
            .label("unexpected")
            .help(habit),
        LexError::ImproperSymbol(symbol, _) if symbol == "eval" => Told::new("a recipe has no `eval'")
            .label("not allowed")
            .hint("a variable whose name is computed is read with fetch(name)"),
        LexError::ImproperSymbol(symbol, _) if symbol.contains('#') => Told::new("`#' begins no comment")
            .label("unexpected")
            .hint("comments begin with //"),
        LexError::MalformedEscapeSequence(_) => {
            Told::new("a backslash stands before a letter that it gives no meaning")
                .label("this one")
                .hint("a backslash in double quotes is written \\\\; in backticks it is itself")
        }
        LexError::ImproperSymbol(symbol, _) => Told::new(format!("unexpected `{symbol}'"))
            .label("unexpected")
            .help(habit),
        other => Told::new(lower(&other.to_string())).help(habit),
    }
}
