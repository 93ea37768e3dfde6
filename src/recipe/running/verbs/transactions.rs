//! `transaction` and `on_rollback`.

use rhai::{Dynamic, EvalAltResult};

use super::super::rollback;
use super::super::verb_context::{Performed, VerbContext};
use crate::actor::Actor;
use crate::diagnostic::{Diagnostic, Fault};
use crate::event::Level;
use crate::recipe::language::origin::{Fallible, raise};
use crate::recipe::language::verbs::transactions as rows;

pub(super) const TRANSACTION: Performed = (&rows::TRANSACTION, transaction);

fn transaction(cx: &mut VerbContext) -> Fallible {
    let block = cx.block()?;
    let interpreter = cx.interpreter;
    if interpreter.frames().current().is_none() {
        let message = "`transaction' can only stand in a task";
        let diagnostic = Diagnostic::new(Fault::Recipe, message).label("not in a task");
        let hint = "write: task :name { transaction { … } }";
        return Err(raise(diagnostic.hint(hint), cx.position()));
    }
    interpreter.around().refuse_in_server("transaction", cx.position())?;
    let (kept, is_outermost) = interpreter
        .actor()
        .with(|actor| (actor.handlers(), actor.begin_transaction()));
    // A transaction that a handler opens is a part of the rollback.
    let is_handler = !is_outermost && interpreter.actor().is_rolling_back();
    let result = cx.evaluate(block, Vec::new());
    let failure = result.as_ref().err();
    let failure = failure.filter(|error| !matches!(***error, EvalAltResult::Return(..) | EvalAltResult::LoopBreak(..)));
    if let Some(failure) = failure.filter(|_| !is_handler) {
        rollback::roll_back(interpreter, cx.engine(), failure, kept, is_outermost);
    } else if is_outermost {
        if let Err(undone) = interpreter.come_to_end(cx.position()) {
            rollback::roll_back(interpreter, cx.engine(), &undone, kept, is_outermost);
            return Err(undone);
        }
        interpreter.journal().committed();
        interpreter.actor().with(Actor::commit_transaction);
    }
    result
}

pub(super) const ON_ROLLBACK: Performed = (&rows::ON_ROLLBACK, on_rollback);

fn on_rollback(cx: &mut VerbContext) -> Fallible {
    let block = cx.block()?;
    let interpreter = cx.interpreter;
    interpreter.around().refuse_in_server("on_rollback", cx.position())?;
    let Some(task) = interpreter.frames().current() else {
        let message = "`on_rollback' can only stand in a task";
        let diagnostic = Diagnostic::new(Fault::Recipe, message).label("not in a task");
        let hint = "write it in the task that it undoes: task :name { on_rollback { … } run \"…\"; }";
        return Err(raise(diagnostic.hint(hint), cx.position()));
    };
    if !interpreter.actor().with(|actor| actor.in_transaction()) {
        interpreter.say(
            Level::Important,
            format!("`on_rollback' in `{}' has no effect: no transaction is open", task.name),
        );
        return Ok(Dynamic::UNIT);
    }
    rollback::register(interpreter, cx.keep(block), task);
    Ok(Dynamic::UNIT)
}
