//! `transaction` and `on_rollback`.

use rhai::{Dynamic, EvalAltResult, EvalContext};

use super::super::block::{Block, in_place};
use super::super::interpreter::Interpreter;
use super::{NONE, Verb};
use crate::diagnostic::{Diagnostic, Fault};
use crate::event::Level;
use crate::recipe::language::grammar::{Call, Tail};
use crate::recipe::language::origin::{Fallible, raise};

pub(super) const TRANSACTION: Verb = Verb {
    name: "transaction",
    form: "transaction { … }",
    arguments: (0, 0),
    tail: Tail::Required("block"),
    options: NONE,
    doc: "If anything fails in the block (a command, the recipe itself, `abort`, Ctrl-C), the rollback handlers that \
          were registered in it run, last registered first. A transaction inside another is part of it: \
          what fails in the outer one undoes both. What fails in the inner one undoes the inner one first; if the \
          recipe catches the error between them, the outer one goes on.",
    example: "task :change { on_rollback { puts \"undone\"; } puts \"done\"; }\ntask :example { transaction { change; } }",
    perform: transaction,
};

fn transaction(interpreter: &Interpreter, context: &mut EvalContext, call: Call) -> Fallible {
    let Some(block) = call.block else {
        return Err(TRANSACTION.lacks_block("", call.position));
    };
    if interpreter.current_task().is_none() {
        let message = "`transaction' can only stand in a task";
        let diagnostic = Diagnostic::new(Fault::Recipe, message).label("not in a task");
        let hint = "write: task :name { transaction { … } }";
        return Err(raise(diagnostic.hint(hint), call.position));
    }
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
        interpreter.actor.borrow_mut().commit_transaction();
    }
    result
}

pub(super) const ON_ROLLBACK: Verb = Verb {
    name: "on_rollback",
    form: "on_rollback { … }",
    arguments: (0, 0),
    tail: Tail::Required("block"),
    options: NONE,
    doc: "Registers what undoes the current task, to be run if the transaction fails later. Its commands go to the \
          task's servers on which it had started something. A task can register several; outside a transaction there \
          is nothing to undo, and a warning says so.",
    example: "task :example {\n  transaction {\n    on_rollback { puts \"undone\"; }\n    puts \"done\";\n  }\n}",
    perform: on_rollback,
};

fn on_rollback(interpreter: &Interpreter, context: &mut EvalContext, call: Call) -> Fallible {
    let Some(block) = call.block else {
        return Err(ON_ROLLBACK.lacks_block("", call.position));
    };
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
