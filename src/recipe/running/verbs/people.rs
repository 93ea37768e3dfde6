//! What recipes say to people.

use rhai::{Dynamic, EvalContext};

use super::super::call::{Call, text};
use super::super::interpreter::Interpreter;
use super::super::performed::Performed;
use crate::diagnostic::{Diagnostic, Fault};
use crate::event::{Event, Level};
use crate::recipe::language::origin::{Fallible, terminate};
use crate::recipe::language::verbs::people as rows;

pub(super) const PUTS: Performed = (&rows::PUTS, |interpreter, _, call| {
    let mut text = text(&call, 0);
    // As Ruby's: a line that has its end gets no second one.
    if text.ends_with('\n') {
        text.pop();
    }
    interpreter.emit(Event::Printed { text });
    Ok(Dynamic::UNIT)
});

pub(super) const INFO: Performed = (&rows::INFO, |interpreter, _, call| {
    interpreter.say(Level::Info, text(&call, 0));
    Ok(Dynamic::UNIT)
});

pub(super) const DEBUG: Performed = (&rows::DEBUG, |interpreter, _, call| {
    interpreter.say(Level::Debug, text(&call, 0));
    Ok(Dynamic::UNIT)
});

pub(super) const WARN: Performed = (&rows::WARN, |interpreter, _, call| {
    interpreter.say(Level::Important, text(&call, 0));
    Ok(Dynamic::UNIT)
});

pub(super) const ABORT: Performed = (&rows::ABORT, abort);

fn abort(_: &Interpreter, _: &mut EvalContext, call: Call) -> Fallible {
    let text = if call.arguments.is_empty() {
        "aborted".to_owned()
    } else {
        text(&call, 0)
    };
    Err(terminate(Diagnostic::new(Fault::Failed, text), call.position))
}
