//! Runs the rollback handlers of a failed transaction.

use std::rc::Rc;

use rhai::{Engine, EvalAltResult};

use super::interpreter::Interpreter;
use crate::actor::Actor;
use crate::configuration::{BlockId, Task};
use crate::diagnostic::{Fault, ServerFailure};
use crate::recipe::language::origin::ended_by;
use crate::recipe::meaning::errors::diagnostic;

/// Registers a handler of `task` in the open transaction.
pub(in crate::recipe) fn register(interpreter: &Interpreter, handler: BlockId, task: Rc<Task>) {
    if interpreter.actor().with(|actor| actor.on_rollback(handler)) {
        interpreter.frames().handlers().keep(handler, task);
    }
}

/// Runs the handlers, last registered first, except the first `kept`. If one fails, this is reported and the next one runs. If
/// a signal has caused the rollback, the next signal stops it; otherwise the first signal is ignored and the second one stops
/// it.
pub(in crate::recipe) fn roll_back(
    interpreter: &Interpreter,
    engine: &Engine,
    failure: &EvalAltResult,
    kept: usize,
    is_outermost: bool,
) {
    if interpreter.actor().with(|actor| actor.handlers()) <= kept && !is_outermost {
        return;
    }
    if interpreter.actor().with(|actor| actor.is_undone()) {
        interpreter.actor().with(Actor::close_transaction);
        return;
    }
    if interpreter.journal().is_refused() {
        // The run was refused before it did anything: the changes of the earlier run are left as they are.
        interpreter.actor().with(Actor::close_transaction);
        return;
    }
    // Changes in earlier turns of `rolling` are undone as well: each handler knows its servers.
    let turn = interpreter.exclusions().replace_turn(None);
    let is_stopped = is_stop(failure);
    interpreter.actor().with(|actor| actor.start_rollback(kept, is_stopped));
    interpreter.journal().rolling_back();
    let mut left = Vec::new();
    // The actor is not borrowed while the handler runs.
    while let Some(step) = interpreter.actor().with(Actor::next_handler) {
        let task = interpreter.frames().handlers().task_of(step.handler);
        let result = interpreter
            .frames()
            .within(task, || interpreter.call(engine, step.handler, &[]));
        let signalled = result.as_ref().is_err_and(|error| is_stop(error));
        let result = match result {
            Ok(_) => Ok(()),
            Err(error) => Err(summary(error)),
        };
        interpreter.actor().with(|actor| actor.handler_done(result));
        if signalled {
            left = interpreter.actor().with(Actor::stop_rollback);
            break;
        }
    }
    interpreter.exclusions().replace_turn(turn);
    if interpreter.journal().is_refused() {
        interpreter.actor().with(Actor::close_transaction);
        return;
    }
    let complete = interpreter.actor().with(|actor| actor.finish_rollback(is_outermost));
    interpreter.frames().handlers().ended(kept, complete);
    interpreter.journal().rolled_back(complete, left);
}

fn is_stop(error: &EvalAltResult) -> bool {
    matches!(ended_by(error), Some(Fault::Signal(_)))
}

/// Returns one string for a handler's error, with all servers.
fn summary(error: Box<EvalAltResult>) -> String {
    let diagnostic = diagnostic(error);
    let mut text = diagnostic.message;
    for (servers, reason, failure) in ServerFailure::groups(&diagnostic.servers) {
        let servers: Vec<String> = servers.iter().map(ToString::to_string).collect();
        text.push_str(&format!("\n{}: {reason}", servers.join(", ")));
        for line in failure.stderr.iter().chain(&failure.stdout) {
            text.push_str(&format!("\n    {line}"));
        }
    }
    text
}
