//! Other recipes and libraries.

use rhai::{Dynamic, EvalContext, Position};

use super::super::call::{Call, text};
use super::super::interpreter::Interpreter;
use super::super::performed::Performed;
use crate::recipe::language::origin::Fallible;
use crate::recipe::language::verbs::load as rows;

pub(super) const LOAD: Performed = (&rows::LOAD, |interpreter, context, call| {
    interpreter.load(context.engine(), &text(&call, 0), place(&call), context.source())?;
    Ok(Dynamic::UNIT)
});

pub(super) const REQUIRE: Performed = (&rows::REQUIRE, require);

fn require(interpreter: &Interpreter, context: &mut EvalContext, call: Call) -> Fallible {
    let loaded = interpreter.require(context.engine(), &text(&call, 0), place(&call), context.source())?;
    Ok(loaded.into())
}

/// Of the name, if it is written there.
fn place(call: &Call) -> Position {
    let name = call.arguments.first().map(|(_, position)| *position);
    name.filter(|position| !position.is_none()).unwrap_or(call.position)
}
