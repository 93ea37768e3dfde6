//! Errors on their way through a script, as values that a recipe can catch: what happened and where.
//!
//! The innermost block, function or file knows the place of an error; code further out only passes it on. No message that is made
//! here contains the value of a variable.

use std::rc::Rc;

use rhai::{Dynamic, EvalAltResult, Position};

use crate::diagnostic::{Diagnostic, Fault, Origin};

/// The value of a piece of script, or its error.
pub(in crate::recipe) type Fallible<T = Dynamic> = Result<T, Box<EvalAltResult>>;

/// An error in the form that scripts see.
#[derive(Clone, Debug)]
pub(in crate::recipe) struct ScriptFailure {
    pub(in crate::recipe) diagnostic: Rc<Diagnostic>,
    /// The function that was not found: `name (types of its arguments)`.
    pub(in crate::recipe) missing: Option<Rc<str>>,
}

impl From<Diagnostic> for ScriptFailure {
    fn from(diagnostic: Diagnostic) -> Self {
        Self {
            diagnostic: Rc::new(diagnostic),
            missing: None,
        }
    }
}

impl ScriptFailure {
    fn has_origin(&self) -> bool {
        self.diagnostic.origin.is_some()
    }

    pub(in crate::recipe) fn at(mut self, source: Option<&str>, position: Position) -> Self {
        if !self.has_origin()
            && let Some(origin) = origin(source, position)
        {
            Rc::make_mut(&mut self.diagnostic).origin = Some(origin);
        }
        self
    }
}

/// The most tasks around an error that are named.
const MAX_TASKS: usize = 12;

/// Returns a place in a file; `None` if it is not known.
pub(in crate::recipe) fn origin(source: Option<&str>, position: Position) -> Option<Origin> {
    Some(Origin {
        file: source?.into(),
        line: position.line()?,
        column: position.position().unwrap_or(0),
    })
}

/// Makes an error that a recipe can catch.
pub(in crate::recipe) fn raise(diagnostic: Diagnostic, position: Position) -> Box<EvalAltResult> {
    Box::new(EvalAltResult::ErrorRuntime(
        Dynamic::from(ScriptFailure::from(diagnostic)),
        position,
    ))
}

/// Makes an error that ends the run: `abort`, a signal.
pub(in crate::recipe) fn terminate(diagnostic: Diagnostic, position: Position) -> Box<EvalAltResult> {
    Box::new(EvalAltResult::ErrorTerminated(
        Dynamic::from(ScriptFailure::from(diagnostic)),
        position,
    ))
}

/// Makes an error for a mistake in the recipe; it can be caught like any other.
pub(in crate::recipe) fn wrong(message: impl Into<String>, position: Position) -> Box<EvalAltResult> {
    raise(Diagnostic::new(Fault::Recipe, message), position)
}

/// Returns the failure inside an error's token.
pub(in crate::recipe) fn failure_of(token: &Dynamic) -> Option<ScriptFailure> {
    token.read_lock::<ScriptFailure>().map(|failure| failure.clone())
}

/// Removes the place of an `abort` in the library for lack of something, so that the call in the recipe becomes its place.
pub(in crate::recipe) fn asked_by_recipe(
    mut error: Box<EvalAltResult>,
    is_own: impl Fn(&str) -> bool,
) -> Box<EvalAltResult> {
    if let EvalAltResult::ErrorTerminated(token, position) = &mut *error
        && let Some(mut failure) = token.write_lock::<ScriptFailure>()
        && failure.diagnostic.fault == Fault::Failed
        && failure
            .diagnostic
            .origin
            .as_ref()
            .is_some_and(|origin| is_own(&origin.file))
    {
        Rc::make_mut(&mut failure.diagnostic).origin = None;
        *position = Position::NONE;
    }
    error
}

/// Removes the place of an error inside the library, so that the call in the recipe becomes its place.
pub(in crate::recipe) fn told_of_caller(
    mut error: Box<EvalAltResult>,
    is_own: impl Fn(&str) -> bool,
) -> Box<EvalAltResult> {
    if let EvalAltResult::ErrorRuntime(token, position) | EvalAltResult::ErrorTerminated(token, position) = &mut *error
        && let Some(mut failure) = token.write_lock::<ScriptFailure>()
        && let Some(origin) = &failure.diagnostic.origin
        && is_own(&origin.file)
    {
        Rc::make_mut(&mut failure.diagnostic).origin = None;
        *position = Position::NONE;
    }
    error
}

/// Returns the same error with another diagnostic; an error that could not be caught still cannot.
pub(in crate::recipe) fn said_instead(error: &EvalAltResult, told: Diagnostic) -> Box<EvalAltResult> {
    let position = error.position();
    match error {
        EvalAltResult::ErrorTerminated(..) => terminate(told, position),
        _ => raise(told, position),
    }
}

/// Adds a task to those around an error.
pub(in crate::recipe) fn leaving(mut error: Box<EvalAltResult>, task: &str) -> Box<EvalAltResult> {
    if let EvalAltResult::ErrorRuntime(token, _) | EvalAltResult::ErrorTerminated(token, _) = &mut *error
        && let Some(mut failure) = token.write_lock::<ScriptFailure>()
    {
        let tasks = &mut Rc::make_mut(&mut failure.diagnostic).tasks;
        tasks.insert(0, task.to_owned());
        if tasks.len() > MAX_TASKS {
            // The innermost tasks show what happened, the outermost how it began.
            tasks.drain(1..3);
            tasks.insert(1, "…".to_owned());
        }
    }
    error
}

/// Returns the reason why the script ended, if the error cannot be caught: a signal, `exit`, `abort`.
pub(in crate::recipe) fn ended_by(error: &EvalAltResult) -> Option<Fault> {
    match error {
        EvalAltResult::ErrorTerminated(token, _) => failure_of(token).map(|failure| failure.diagnostic.fault),
        EvalAltResult::ErrorInFunctionCall(_, _, inner, _) | EvalAltResult::ErrorInModule(_, inner, _) => {
            ended_by(inner)
        }
        _ => None,
    }
}
