//! Syntax errors in words for the author of a recipe: what was expected where, and how habits of Ruby are written in a recipe.

use rhai::{LexError, ParseError, ParseErrorType, Position};

use super::super::origin::origin;
use super::super::{mask::starred, secret_name::names_secret};
use super::error_place::{ErrorPlace, ErrorWords, position};
use super::fragments::{own, plain, quoted};
use super::habits::reserved;
use super::layout::{SourcePieceKind, braces, is_word, line_of, meant_end, open_at, pieces};
use super::marks::plain_words;
use super::numbers::number;
use super::{habits, ruby};
use crate::diagnostic::{Diagnostic, Fault};
use crate::io_error::lower;

/// Returns the diagnostic of a syntax error in `text`.
pub(super) fn syntax(error: &ParseError, source: &str, text: &str) -> Diagnostic {
    let at = ErrorPlace::new(text, error.position());
    let ErrorWords {
        message,
        label,
        hint,
        position,
    } = describe(error.err_type(), Some(&at));
    let place = origin(Some(source), position.unwrap_or(error.position()));
    let mut diagnostic = Diagnostic::new(Fault::Recipe, plain_words(&message)).at(place);
    diagnostic.label = label.map(|label| plain_words(&label));
    let is_secret = names_secret(&[at.before, at.rest].concat());
    // Other hints are general forms, which contain no words of the recipe.
    let is_own = |hint: &str| hint.starts_with("write: ");
    let shown = |hint: String| {
        if is_secret && is_own(&hint) {
            starred(&hint)
        } else {
            hint
        }
    };
    diagnostic.hints.extend(hint.map(|hint| shown(plain_words(&hint))));
    diagnostic
}

/// Returns the error for a comment without an end; Rhai would silently skip the rest of the source.
pub(super) fn endless_comment(source: &str, text: &str, at: usize) -> Diagnostic {
    Diagnostic::new(Fault::Recipe, "this comment is never closed")
        .at(origin(Some(source), position(text, at).unwrap_or(Position::NONE)))
        .label("its `*/' is missing")
        .hint("each `/*' needs a `*/', also one inside of a comment")
}

/// The label at a statement without an end.
pub(super) const NO_SEMICOLON: &str = "`;' is missing";

/// Returns the message and the hint for a script that a script has compiled: its source is not available.
pub(in crate::recipe) fn without_text(error: &ParseErrorType) -> (String, Option<String>) {
    let told = describe(error, None);
    (told.message, told.hint)
}

fn describe(error: &ParseErrorType, place: Option<&ErrorPlace>) -> ErrorWords {
    let word = place.map_or("", ErrorPlace::word);
    if place.is_some_and(|place| place.rest.starts_with('#') && comment_at(place.text, place.at)) {
        return ErrorWords::new("`#' begins no comment")
            .label("no comment")
            .hint("comments begin with //");
    }
    if let Some(told) = place.and_then(reserved::filled_in) {
        return told;
    }
    if let (ParseErrorType::MissingToken(token, _), Some(place)) = (error, place)
        && token == "fn"
        && place.word_before() == "private"
    {
        let at = place.behind_code() - "private".len();
        let told = reserved::reserved("private", Some(&ErrorPlace::at_byte(place.text, at)));
        return told.at(position(place.text, at));
    }
    if let Some(place) = place
        && may_be_habit(error)
        && let Some(told) = habits::habit(place)
    {
        return told;
    }
    match error {
        ParseErrorType::UnexpectedEOF => ended(place),
        ParseErrorType::MissingToken(token, _) if token == "}" && word.is_empty() => ended(place),
        ParseErrorType::MissingToken(token, _) if token == ";" => no_semicolon(place),
        ParseErrorType::MissingToken(token, what) => missing(token, what, place),
        ParseErrorType::MissingSymbol(what) => ErrorWords::new(lower(what)),
        ParseErrorType::UnknownOperator(operator) => unknown_operator(operator),
        ParseErrorType::Reserved(word) => reserved(word, place),
        ParseErrorType::AssignmentToInvalidLHS(_) => habits::no_target(place),
        ParseErrorType::BadInput(error) => lexical(error, place),
        ParseErrorType::LoopBreak => ErrorWords::new("`break' or `continue' outside a loop")
            .label("in no `for', `while' or `loop'")
            .hint("a task or a function is left with `return'"),
        ParseErrorType::ExprExpected(what) => {
            ErrorWords::new(format!("expected {}", lower(what))).label("a value is missing here")
        }
        ParseErrorType::VariableExpected => ErrorWords::new("expected the name of a variable")
            .label("this cannot be a name")
            .hint("a name is made of letters, digits and `_', and begins with a letter"),
        ParseErrorType::PropertyExpected => ErrorWords::new("expected the name of a property")
            .label("no name")
            .hint("a map is written: #{ name: value, \"other name\": value }"),
        ParseErrorType::DuplicatedProperty(name) => {
            ErrorWords::new(format!("`{name}' stands twice in this map")).label("the second one")
        }
        ParseErrorType::FnDuplicatedDefinition(name, _) => {
            ErrorWords::new(format!("the function `{name}' is defined twice"))
                .label("the second one")
                .hint("functions of one name differ in the number of their parameters")
        }
        ParseErrorType::WrongFnDefinition => ErrorWords::new("a function cannot be defined in a block")
            .label("not at the top of the file")
            .hint("move it out of the block; or: let name = |parameters| { … };"),
        ParseErrorType::FnMissingParams(name) => ErrorWords::new(format!("the function `{name}' has no parameters"))
            .label("expected `('")
            .hint(format!("a function is written: fn {name}(parameters) {{ … }}")),
        ParseErrorType::FnMissingBody(name) => ErrorWords::new(format!("the function `{name}' has no body"))
            .label("expected `{'")
            .hint(format!("a function is written: fn {name}(parameters) {{ … }}")),
        ParseErrorType::MalformedCapture(_) => ErrorWords::new(format!("`{word}!' cannot be called on a value"))
            .label("no `!' here")
            .hint(match ruby::meant(word) {
                Some(meant) => meant.to_owned(),
                None => format!("a new value is given back: name = {word}(name, …)"),
            }),
        ParseErrorType::MismatchedType(..) => habits::no_condition(place),
        ParseErrorType::MalformedIndexExpr(_) => ErrorWords::new("this cannot be an index"),
        ParseErrorType::AssignmentToConstant(name) => ErrorWords::new(format!("`{name}' is constant"))
            .label("cannot be assigned to")
            .hint("let makes a variable that can change"),
        ParseErrorType::ExprTooDeep => ErrorWords::new("expressions stand in each other too deeply")
            .hint("set parts of it aside with let, or in a function"),
        other => ErrorWords::new(lower(&other.to_string())),
    }
}

/// Returns true if a Ruby comment begins at this byte.
pub(super) fn comment_at(text: &str, at: usize) -> bool {
    pieces(text)
        .iter()
        .any(|piece| piece.kind == SourcePieceKind::Comment && piece.range.start == at)
}

/// Returns true if the parser may have stopped at something from Ruby, and cannot say better itself what is wrong.
fn may_be_habit(error: &ParseErrorType) -> bool {
    match error {
        ParseErrorType::Reserved(sign) => !matches!(sign.as_str(), "#" | "nil" | "null" | "None"),
        ParseErrorType::BadInput(LexError::UnexpectedInput(text)) => text != "}",
        ParseErrorType::BadInput(LexError::ImproperSymbol(symbol, _)) => symbol != "eval" && !symbol.contains('#'),
        ParseErrorType::MissingToken(..)
        | ParseErrorType::MissingSymbol(_)
        | ParseErrorType::UnknownOperator(_)
        | ParseErrorType::ExprExpected(_)
        | ParseErrorType::VariableExpected
        | ParseErrorType::PropertyExpected
        | ParseErrorType::FnMissingParams(_)
        | ParseErrorType::MalformedCapture(_)
        | ParseErrorType::MalformedIndexExpr(_) => true,
        _ => false,
    }
}

/// Describes the error for a source that ends while something is still open.
fn ended(place: Option<&ErrorPlace>) -> ErrorWords {
    let Some(place) = place else {
        return ErrorWords::new("the text ends in the middle of a statement");
    };
    if let Some(opening) = braces(place.text).never_closed {
        let told = ErrorWords::new("this block is never closed")
            .label("its `}' is missing")
            .at(position(place.text, opening));
        let hint = meant_end(place.text, opening);
        return told.help(hint.map(|line| format!("by the indentation it ends before line {line}")));
    }
    let behind = place.behind_code();
    let told = ErrorWords::new("the file ends in the middle of a statement").at(position(place.text, behind));
    match open_at(place.text, place.text.len()) {
        Some((bracket, opening)) => ErrorWords::new(format!("this `{bracket}' is never closed"))
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

fn no_semicolon(place: Option<&ErrorPlace>) -> ErrorWords {
    let Some(place) = place else {
        return ErrorWords::new("expected `;' after a statement");
    };
    if let Some(told) = habits::escaped_backtick(place) {
        return told;
    }
    if !place.begins_line() && ruby::is_argument(place) {
        return ErrorWords::new("expected `,' between two arguments")
            .label("no `,' before this")
            .hint("arguments are separated by `,'");
    }
    let message = match place.word() {
        "" => "expected `;' after this statement".to_owned(),
        "\"" | "`" => "expected `;' before this string".to_owned(),
        word => format!("expected `;' before `{word}'"),
    };
    match place.word() {
        "," => ErrorWords::new("a statement does not go on with `,'")
            .label("it ends before this")
            .hint("every statement ends with `;'; a name gets its value by itself: let a = 1; let b = 2;"),
        "{" => ErrorWords::new("a block cannot stand here")
            .label("no verb before it takes a block")
            .hint("a block stands behind a verb, as in task :name { … }; a map is written #{ name: value }"),
        _ => ErrorWords::new(message)
            .label(NO_SEMICOLON)
            .at(position(place.text, place.behind_code()))
            .hint("every statement ends with `;', except one that ends in a block"),
    }
}

fn missing(token: &str, what: &str, place: Option<&ErrorPlace>) -> ErrorWords {
    let word = place.map_or("", ErrorPlace::word);
    let found = match word {
        "" => "the end of the file".to_owned(),
        "\"" | "`" => "a string".to_owned(),
        word => format!("`{word}'"),
    };
    let open = place.and_then(|place| Some((place.text, open_at(place.text, place.at)?)));
    match (token, open) {
        (")" | "]" | "}" | ",", Some((text, (bracket, opening)))) if bracket != '{' => {
            let told = ErrorWords::new(format!("expected `{}' or `,', found {found}", closing(bracket)));
            let shown = if bracket == '#' {
                "#{".to_owned()
            } else {
                bracket.to_string()
            };
            let is_here = place.is_some_and(|place| line_of(text, place.at) == line_of(text, opening));
            let told = match is_here {
                true => told.hint(format!("`{shown}' is still open here")),
                false => told.hint(format!(
                    "`{shown}' of line {} is still open here",
                    line_of(text, opening)
                )),
            };
            told.label(format!("`{}' is missing before this", closing(bracket)))
        }
        ("{", _) if let Some((_, told)) = place.and_then(habits::command_as_condition) => told,
        ("{", _) => {
            let told = ErrorWords::new(format!("expected `{{' to begin a block, found {found}")).label("expected `{'");
            let hint = place.map(|place| match place.statement_word() {
                word @ ("if" | "while" | "for") => {
                    let head = plain(place.said());
                    let head = head.strip_suffix("then").unwrap_or(&head).trim_end();
                    own(format!("write: {head} {{ … }}")).unwrap_or_else(|| format!("write: {word} … {{ … }}"))
                }
                "else" => "write: } else if condition { … }".to_owned(),
                _ => "a block is written in braces: { … }".to_owned(),
            });
            told.help(hint)
        }
        _ => {
            let what = if what.contains("expression") || what.contains("statement") {
                ""
            } else {
                what
            };
            ErrorWords::new(format!(
                "{}, found {found}",
                format!("expected `{token}' {what}").trim_end()
            ))
            .label(format!("expected `{token}'"))
        }
    }
}

fn unknown_operator(operator: &str) -> ErrorWords {
    ErrorWords::new(format!("there is no operator `{operator}'")).label("not known")
}

fn reserved(word: &str, place: Option<&ErrorPlace>) -> ErrorWords {
    match word {
        "#" => ErrorWords::new("`#' begins no comment")
            .label("no comment")
            .hint("comments begin with //"),
        "@" | "$" => habits::with_sign(word, place),
        ":" if place.is_some_and(|place| place.before.trim_end().ends_with(['"', '`', ']', ')'])) => {
            ErrorWords::new("expected `,' between two arguments")
                .label("no `,' before this")
                .hint("arguments are separated by `,'")
        }
        "nil" if place.is_some_and(|place| place.before.ends_with('.')) => ErrorWords::new("there is no `.nil?'")
            .label("not a function")
            .hint("write: value == ()"),
        ":" => ErrorWords::new("a symbol cannot stand here")
            .label("no value is expected")
            .hint("a pair is written with `=>': :roles => :app"),
        "nil" | "null" | "None" => ErrorWords::new(format!("there is no `{word}' in recipes"))
            .label("nothing is written ()")
            .hint("write: ()"),
        "}" if place.is_some() => extra_brace(place),
        _ if place.is_some_and(|place| matches!(place.word_before(), "let" | "const" | "fn")) => {
            ErrorWords::new(format!("`{word}' is a reserved word"))
                .label("cannot be a name")
                .hint(format!("write another name: my_{word}"))
        }
        _ if word.starts_with(is_word) => reserved::reserved(word, place),
        _ => out_of_place(word),
    }
}

/// Describes the error for a sign that can neither begin nor continue anything at its place.
fn out_of_place(sign: &str) -> ErrorWords {
    match sign {
        ";" | ")" | "]" | "}" | "," => {
            ErrorWords::new(format!("expected a value before `{sign}'")).label("a value is missing before this")
        }
        _ => ErrorWords::new(format!("`{sign}' cannot stand here")).label("nothing can begin with it"),
    }
}

fn extra_brace(place: Option<&ErrorPlace>) -> ErrorWords {
    let told = ErrorWords::new("this `}' closes nothing").label("no block is open here");
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

fn lexical(error: &LexError, place: Option<&ErrorPlace>) -> ErrorWords {
    match error {
        // The string between the quotes may be a secret.
        LexError::MalformedChar(_) => {
            let text = place.and_then(|place| place.rest.get(1..)?.split('\'').next());
            let hint = text.and_then(|text| own(format!("write: {}", quoted(text))));
            ErrorWords::new("a string stands in double quotes, not in single ones")
                .label("in single quotes")
                .hint(hint.unwrap_or_else(|| "write: \"…\", or `…` where a value is filled in: ${name}".to_owned()))
        }
        LexError::UnterminatedString => {
            // Rhai points somewhere inside the string in backticks.
            let last = place.and_then(|place| pieces(place.text).pop());
            let last = last
                .filter(|piece| piece.kind == SourcePieceKind::Text(false))
                .map(|piece| piece.range.start);
            let backtick = place
                .zip(last)
                .filter(|(place, at)| place.text.get(*at..).is_some_and(|rest| rest.starts_with('`')));
            let opened = backtick
                .and_then(|(place, at)| place.text.get(at..))
                .or_else(|| place.map(|place| place.rest))
                .filter(|rest| rest.starts_with('`'));
            let mark = if opened.is_some() { "`" } else { "\"" };
            let escapes = opened
                .and_then(|rest| rest.lines().next())
                .is_some_and(|line| line.contains("\\`"));
            ErrorWords::new("this string has no end")
                .label(format!("its closing {mark} is missing"))
                .at(backtick.and_then(|(place, at)| position(place.text, at)))
                .hint(if escapes {
                    habits::ESCAPED_BACKTICK
                } else {
                    "a string in double quotes ends on its line; one in backticks may have several lines"
                })
        }
        LexError::Runtime(message) => {
            let told = ErrorWords::new(message.clone()).label("not a local variable");
            match place {
                Some(place) => told.hint(habits::assigned(place)),
                None => told,
            }
        }
        LexError::UnexpectedInput(text) if text == "}" => extra_brace(place),
        LexError::UnexpectedInput(text) => out_of_place(text),
        LexError::ImproperSymbol(symbol, _) if symbol == "eval" => ErrorWords::new("a recipe has no `eval'")
            .label("not allowed")
            .hint("a variable whose name is computed is read with fetch(name)"),
        LexError::ImproperSymbol(symbol, _) if symbol.contains('#') => ErrorWords::new("`#' begins no comment")
            .label("no comment")
            .hint("comments begin with //"),
        LexError::MalformedEscapeSequence(text) if text.starts_with("\\e") => {
            ErrorWords::new("there is no `\\e' in recipes")
                .label("this one")
                .hint("write: \\x1b")
        }
        LexError::MalformedEscapeSequence(_) => {
            ErrorWords::new("a backslash stands before a letter that it gives no meaning")
                .label("this one")
                .hint("a backslash in double quotes is written \\\\; in backticks it is itself")
        }
        LexError::ImproperSymbol(symbol, _) => out_of_place(symbol),
        LexError::MalformedNumber(_) => number(place.map_or("", |place| place.rest)),
        other => ErrorWords::new(lower(&other.to_string())),
    }
}
