//! Errors on their way through a script: what happened and where, kept as a value that a recipe can catch.
//!
//! The innermost block, function or file knows where an error stands; whoever is further out only passes it on. No
//! text made here holds the value of a variable.

use std::rc::Rc;

use rhai::{Dynamic, EvalAltResult, ParseError, ParseErrorType, Position};

use crate::diagnostic::{Diagnostic, Fault, Origin};

/// An error as scripts see it.
#[derive(Clone, Debug)]
pub(super) struct Failure(pub(super) Rc<Diagnostic>);

impl Failure {
    fn has_origin(&self) -> bool {
        self.0.origin.is_some()
    }

    fn at(mut self, source: Option<&str>, position: Position) -> Self {
        if !self.has_origin()
            && let Some(origin) = origin(source, position)
        {
            Rc::make_mut(&mut self.0).origin = Some((origin, None));
        }
        self
    }
}

/// A place in a file; `None` where nothing is known of it.
pub(super) fn origin(source: Option<&str>, position: Position) -> Option<Origin> {
    Some(Origin {
        file: source?.into(),
        line: position.line()?,
        column: position.position().unwrap_or(0),
    })
}

/// An error that a recipe can catch.
pub(super) fn raise(diagnostic: Diagnostic, position: Position) -> Box<EvalAltResult> {
    Box::new(EvalAltResult::ErrorRuntime(
        Dynamic::from(Failure(Rc::new(diagnostic))),
        position,
    ))
}

/// An error that ends the run: `abort`, a signal.
pub(super) fn terminate(diagnostic: Diagnostic, position: Position) -> Box<EvalAltResult> {
    Box::new(EvalAltResult::ErrorTerminated(
        Dynamic::from(Failure(Rc::new(diagnostic))),
        position,
    ))
}

/// An error in the recipe's text, to be caught like any other.
pub(super) fn wrong(message: impl Into<String>, position: Position) -> Box<EvalAltResult> {
    raise(Diagnostic::new(Fault::Recipe, message), position)
}

/// The error with its place in `source`, unless it has one already.
pub(super) fn locate(error: Box<EvalAltResult>, source: Option<&str>) -> Box<EvalAltResult> {
    match *error {
        EvalAltResult::Return(..) | EvalAltResult::LoopBreak(..) | EvalAltResult::Exit(..) => error,
        EvalAltResult::ErrorInFunctionCall(name, file, inner, position) => {
            let file = if file.is_empty() { source } else { Some(file.as_str()) };
            let mut inner = inner;
            if inner.position().is_none() {
                inner.set_position(position);
            }
            // What a native function says of its arguments is about the call.
            let _ = name;
            locate(inner, file)
        }
        EvalAltResult::ErrorInModule(_, inner, _) => locate(inner, source),
        EvalAltResult::ErrorTerminated(token, position) => {
            let failure = failure_of(&token)
                .unwrap_or_else(|| Failure(Rc::new(Diagnostic::new(Fault::Recipe, "the recipe was ended"))));
            let failure = failure.at(source, position);
            Box::new(EvalAltResult::ErrorTerminated(Dynamic::from(failure), position))
        }
        EvalAltResult::ErrorRuntime(token, position) => {
            let failure = failure_of(&token).unwrap_or_else(|| Failure(Rc::new(thrown(&token))));
            Box::new(EvalAltResult::ErrorRuntime(
                Dynamic::from(failure.at(source, position)),
                position,
            ))
        }
        other => {
            let position = other.position();
            let (message, hint) = describe(&other);
            let mut diagnostic = Diagnostic::new(Fault::Recipe, message);
            diagnostic.hints.extend(hint);
            let failure = Failure(Rc::new(diagnostic)).at(source, position);
            Box::new(EvalAltResult::ErrorRuntime(Dynamic::from(failure), position))
        }
    }
}

/// What `throw` was given.
fn thrown(token: &Dynamic) -> Diagnostic {
    let message = match token.as_immutable_string_ref() {
        Ok(text) if !text.is_empty() => text.to_string(),
        _ if token.is_unit() => "the recipe failed".to_owned(),
        _ => token.to_string(),
    };
    Diagnostic::new(Fault::Failed, message)
}

/// The failure inside an error's token.
pub(super) fn failure_of(token: &Dynamic) -> Option<Failure> {
    token.read_lock::<Failure>().map(|failure| failure.clone())
}

/// One task more around an error that leaves it.
pub(super) fn leaving(mut error: Box<EvalAltResult>, task: &str) -> Box<EvalAltResult> {
    if let EvalAltResult::ErrorRuntime(token, _) | EvalAltResult::ErrorTerminated(token, _) = &mut *error
        && let Some(mut failure) = token.write_lock::<Failure>()
    {
        Rc::make_mut(&mut failure.0).tasks.insert(0, task.to_owned());
    }
    error
}

/// The error as a diagnostic, once it has left the script.
pub(super) fn diagnostic(error: Box<EvalAltResult>, source: Option<&str>) -> Diagnostic {
    let located = locate(error, source);
    match &*located {
        EvalAltResult::ErrorRuntime(token, _) | EvalAltResult::ErrorTerminated(token, _) => match failure_of(token) {
            Some(failure) => Rc::unwrap_or_clone(failure.0),
            None => thrown(token),
        },
        EvalAltResult::Exit(value, _) => {
            let code = value.as_int().unwrap_or(0).clamp(0, 255);
            Diagnostic::new(
                Fault::Exit(u8::try_from(code).unwrap_or(1)),
                format!("the recipe called exit with status {code}"),
            )
        }
        EvalAltResult::LoopBreak(..) => Diagnostic::new(Fault::Recipe, "`break' or `continue' outside a loop"),
        _ => Diagnostic::new(Fault::Recipe, "the recipe failed"),
    }
}

/// A syntax error.
pub(super) fn syntax(error: &ParseError, source: &str) -> Diagnostic {
    let (message, hint) = describe_syntax(error.err_type());
    let mut diagnostic = Diagnostic::new(Fault::Recipe, message);
    diagnostic.origin = origin(Some(source), error.position()).map(|origin| (origin, None));
    diagnostic.hints.extend(hint);
    diagnostic
}

fn describe_syntax(error: &ParseErrorType) -> (String, Option<String>) {
    let hint = |text: &str| Some(text.to_owned());
    match error {
        ParseErrorType::UnexpectedEOF => ("the file ends in the middle of a statement".to_owned(), None),
        ParseErrorType::MissingToken(token, _) if token == ";" => (
            "expected `;' after this statement".to_owned(),
            hint("every statement ends with `;', except one that ends in a block"),
        ),
        ParseErrorType::MissingToken(token, what) => (format!("expected `{token}' {what}").trim_end().to_owned(), None),
        ParseErrorType::UnknownOperator(operator) => (format!("unknown operator `{operator}'"), None),
        ParseErrorType::Reserved(word) => (
            format!("`{word}' is a reserved word"),
            Some(format!("as a name, write it as a symbol: :{word}")),
        ),
        ParseErrorType::BadInput(error) => {
            let text = lower(&error.to_string());
            let hint = if text.contains("character") {
                hint("texts stand in double quotes; backticks fill in `${…}'")
            } else if text.contains("reserved") || text.contains("unexpected") && text.contains('#') {
                hint("comments begin with //")
            } else {
                None
            };
            (text, hint)
        }
        other => (lower(&other.to_string()), None),
    }
}

/// What happened, and what may help.
fn describe(error: &EvalAltResult) -> (String, Option<String>) {
    let hint = |text: &str| Some(text.to_owned());
    match error {
        EvalAltResult::ErrorParsing(error, _) => describe_syntax(error),
        EvalAltResult::ErrorVariableNotFound(name, _) => (format!("unknown name `{name}'"), None),
        EvalAltResult::ErrorFunctionNotFound(signature, _) => {
            let name = signature.split(" (").next().unwrap_or(signature).trim();
            let given = signature.split_once(" (").map(|(_, given)| given.trim_end_matches(')'));
            (
                match given {
                    Some(given) if !given.is_empty() => format!("no function `{name}' takes ({})", types(given)),
                    _ => format!("unknown function `{name}'"),
                },
                None,
            )
        }
        EvalAltResult::ErrorAssignmentToConstant(name, _) => {
            let name = super::words::statement_name(name).unwrap_or(name);
            (
                format!("`{name}' cannot be assigned to"),
                Some(format!(
                    "a variable of the recipe is set with `set :{name}, …'; a local one needs `let'"
                )),
            )
        }
        EvalAltResult::ErrorPropertyNotFound(name, _) => (format!("no property `{name}'"), None),
        EvalAltResult::ErrorModuleNotFound(name, _) => (format!("module `{name}' not found"), None),
        EvalAltResult::ErrorMismatchDataType(expected, actual, _)
        | EvalAltResult::ErrorMismatchOutputType(expected, actual, _) => {
            (format!("expected {}, found {}", types(expected), types(actual)), None)
        }
        EvalAltResult::ErrorIndexNotFound(..) => ("no element of that name".to_owned(), None),
        EvalAltResult::ErrorIndexingType(..) => ("this cannot be indexed".to_owned(), None),
        EvalAltResult::ErrorArrayBounds(length, ..) => {
            (format!("index out of bounds: the list has {length} elements"), None)
        }
        EvalAltResult::ErrorStringBounds(length, ..) => {
            (format!("index out of bounds: the text has {length} characters"), None)
        }
        EvalAltResult::ErrorFor(_) => ("`for' needs a list, map, text or range".to_owned(), None),
        EvalAltResult::ErrorStackOverflow(_) => (
            "functions call each other too deeply".to_owned(),
            hint("does one call itself without an end?"),
        ),
        EvalAltResult::ErrorArithmetic(text, _) => {
            // What follows the colon or stands in quotes is a value.
            let text = text.split([':', '\'']).next().unwrap_or(text);
            (lower(text.trim_end()), None)
        }
        other => {
            let text = other.to_string();
            let text = text.split(" (line ").next().unwrap_or(&text);
            (lower(text), None)
        }
    }
}

/// Rhai's names of types as a recipe's author knows them.
fn types(text: &str) -> String {
    let text = text.replace("&str | ImmutableString | String", "text");
    let mut names: Vec<&str> = Vec::new();
    for name in text.split(", ") {
        names.push(match name.trim() {
            "i64" => "number",
            "f64" => "decimal number",
            "string" | "&str" | "String" | "ImmutableString" => "text",
            "array" | "Array" => "list",
            "()" => "nothing",
            other => other,
        });
    }
    names.join(", ")
}

fn lower(text: &str) -> String {
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first.to_lowercase().chain(characters).collect(),
        None => String::new(),
    }
}
