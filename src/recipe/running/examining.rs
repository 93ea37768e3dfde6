//! The limits while a recipe is only read. No server is contacted while recipes are loaded; and if a recipe is only examined, no
//! command runs on this machine and nobody is asked.

use rhai::{Dynamic, EvalAltResult, EvalContext, Expression, Position};

use super::action::Request;
use super::clues::NotRun;
use super::interpreter::Interpreter;
use crate::diagnostic::{Diagnostic, Fault, Origin};
use crate::event::Level;
use crate::recipe::language::grammar;
use crate::recipe::language::origin::{Fallible, raise, told_of_caller};
use crate::recipe::language::values::text;
use crate::recipe::language::verbs::takes_names;
use crate::recipe::meaning::mentions::{bare_tasks, path};
use crate::recipe::meaning::names::bare;

/// Refuses an action on servers while recipes are loaded or only examined.
pub(in crate::recipe) fn refuse_servers(interpreter: &Interpreter, verb: &str, position: Position) -> Fallible<()> {
    if !interpreter.budget().is_loading() {
        if !interpreter.mode().only_looks() {
            return Ok(());
        }
        let message = format!("`{verb}' needs a server, and none is asked now");
        return Err(raise(Diagnostic::new(Fault::Failed, message), position));
    }
    let message = format!("`{verb}' needs a server, and none is asked while recipes are loaded");
    let diagnostic = Diagnostic::new(Fault::Recipe, message).label("not while recipes are loaded");
    let diagnostic = match interpreter.frames().current() {
        Some(task) => diagnostic.hint(format!(
            "the task `{0}' runs here, outside of tasks: call it in a task; where only its name is meant, write `:{0}`",
            task.name
        )),
        None => diagnostic.hint("put it into a task; a value that is asked for when it is needed: set :name { … }"),
    };
    Err(raise(diagnostic, position))
}

/// Moves the place of an error in a task of the library to the recipe's call, if the recipe calls the task while it is
/// loaded.
pub(in crate::recipe) fn called_while_loading(
    interpreter: &Interpreter,
    error: Box<EvalAltResult>,
) -> Box<EvalAltResult> {
    match interpreter.budget().is_loading() && interpreter.frames().current().is_none() {
        true => told_of_caller(error, |file| interpreter.defined().is_of_stdlib(file)),
        false => error,
    }
}

/// Leaves out a command on this machine. While recipes are loaded, its output counts as empty, and this is reported; else it
/// is an error.
pub(in crate::recipe) fn leave_undone(
    interpreter: &Interpreter,
    request: &Request,
    place: Option<Origin>,
) -> Fallible<()> {
    let verb = request.verb;
    if !interpreter.budget().is_loading() {
        let message = format!("`{verb}' runs a command on this machine, and none is run now");
        return Err(raise(Diagnostic::new(Fault::Failed, message), Position::NONE));
    }
    let at = place.as_ref().map_or_else(String::new, |place| format!("{place}: "));
    let text = format!("{at}`{verb}' is not run while the recipe is only looked at; its output is taken to be empty");
    interpreter.say(Level::Info, text);
    interpreter.clues().note_not_run(NotRun::new(verb, place, false));
    Ok(())
}

/// Returns true if questions are answered by their defaults and nobody is asked.
pub(in crate::recipe) fn asks_nobody(interpreter: &Interpreter) -> bool {
    match interpreter.mode().only_looks() {
        true => interpreter.budget().is_loading(),
        false => interpreter.mode().is_dry_run(),
    }
}

/// Reports the answer that is assumed.
pub(in crate::recipe) fn leave_unasked(interpreter: &Interpreter, question: &str, taken: Option<&Dynamic>) {
    let question = question.trim().trim_end_matches(':');
    let taken = taken.map(text).filter(|taken| !taken.is_empty());
    let taken = taken.map_or_else(|| "empty".to_owned(), |taken| format!("{taken:?}"));
    interpreter.say(
        Level::Info,
        format!("nobody is asked now: {question}; the answer is taken to be {taken}"),
    );
}

/// Refuses bare names of tasks where a verb takes a name: they would run the task.
pub(in crate::recipe) fn refuse_bare_tasks(
    interpreter: &Interpreter,
    verb: &str,
    context: &EvalContext,
    inputs: &[Expression],
    state: &Dynamic,
) -> Fallible<()> {
    if !takes_names(verb) {
        return Ok(());
    }
    for input in grammar::expressions(inputs, state) {
        for (expression, name) in bare_tasks(input) {
            let first = path(expression).into_iter().flatten().next().unwrap_or_default();
            let is_value = context.scope().contains(&first)
                || first == "ENV"
                || interpreter.defined().configuration().variables.exists(&first);
            if !is_value
                && interpreter
                    .defined()
                    .task(&name, &interpreter.place().namespace())
                    .is_some()
            {
                return Err(raise(bare(&name), expression.position()));
            }
        }
    }
    Ok(())
}
