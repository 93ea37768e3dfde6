//! `transaction` and `on_rollback`.

use rhai::{Dynamic, EvalAltResult, EvalContext};

use super::super::block::{Block, in_place};
use super::super::call::Call;
use super::super::interpreter::Interpreter;
use super::super::performed::Performed;
use crate::diagnostic::{Diagnostic, Fault};
use crate::event::Level;
use crate::recipe::language::origin::{Fallible, raise};
use crate::recipe::language::verbs::transactions as rows;

pub(super) const TRANSACTION: Performed = (&rows::TRANSACTION, transaction);

fn transaction(interpreter: &Interpreter, context: &mut EvalContext, call: Call) -> Fallible {
    let Some(block) = call.block else {
        return Err(rows::TRANSACTION.lacks_block("", call.position));
    };
    if interpreter.current_task().is_none() {
        let message = "`transaction' can only stand in a task";
        let diagnostic = Diagnostic::new(Fault::Recipe, message).label("not in a task");
        let hint = "write: task :name { transaction { … } }";
        return Err(raise(diagnostic.hint(hint), call.position));
    }
    interpreter.refuse_in_server("transaction", call.position)?;
    let kept = interpreter.actor.borrow().handlers();
    let is_outermost = interpreter.actor.borrow_mut().begin_transaction();
    // What a handler opens is a part of the rollback.
    let is_handler = !is_outermost && interpreter.actor.borrow().is_rolling_back();
    let result = in_place(context, block, Vec::new());
    let failure = result.as_ref().err();
    let failure = failure.filter(|error| !matches!(***error, EvalAltResult::Return(..) | EvalAltResult::LoopBreak(..)));
    if let Some(failure) = failure.filter(|_| !is_handler) {
        interpreter.roll_back(context.engine(), failure, kept, is_outermost);
    } else if is_outermost {
        if let Err(undone) = interpreter.come_to_end(call.position) {
            interpreter.roll_back(context.engine(), &undone, kept, is_outermost);
            return Err(undone);
        }
        interpreter.journal.committed();
        interpreter.actor.borrow_mut().commit_transaction();
    }
    result
}

pub(super) const ON_ROLLBACK: Performed = (&rows::ON_ROLLBACK, on_rollback);

fn on_rollback(interpreter: &Interpreter, context: &mut EvalContext, call: Call) -> Fallible {
    let Some(block) = call.block else {
        return Err(rows::ON_ROLLBACK.lacks_block("", call.position));
    };
    interpreter.refuse_in_server("on_rollback", call.position)?;
    let Some(task) = interpreter.current_task() else {
        let message = "`on_rollback' can only stand in a task";
        let diagnostic = Diagnostic::new(Fault::Recipe, message).label("not in a task");
        let hint = "write it in the task that it undoes: task :name { on_rollback { … } run \"…\"; }";
        return Err(raise(diagnostic.hint(hint), call.position));
    };
    if !interpreter.actor.borrow().in_transaction() {
        interpreter.say(
            Level::Important,
            format!("`on_rollback' in `{}' has no effect: no transaction is open", task.name),
        );
        return Ok(Dynamic::UNIT);
    }
    let handler = interpreter.keep(Block::capture(context, block, interpreter.namespace()));
    interpreter.on_rollback(handler, task);
    Ok(Dynamic::UNIT)
}
