//! Other recipes and libraries.

use rhai::{Dynamic, EvalContext, Position};

use super::super::interpreter::Interpreter;
use super::{NONE, Verb, text};
use crate::recipe::language::grammar::{Call, Tail};
use crate::recipe::language::origin::Fallible;

pub(super) const LOAD: Verb = Verb {
    name: "load",
    form: "load \"path\"",
    arguments: (1, 1),
    tail: Tail::Nothing,
    options: NONE,
    doc: "Evaluates another recipe here. A relative path begins at the directory of this recipe, then at the working \
          directory, then in the standard library; `.rhai` can be left out.",
    example: "load \"deploy\";",
    perform: |interpreter, context, call| {
        interpreter.load(context.engine(), &text(&call, 0), place(&call), context.source())?;
        Ok(Dynamic::UNIT)
    },
};

pub(super) const REQUIRE: Verb = Verb {
    name: "require",
    form: "require \"name\"",
    arguments: (1, 1),
    tail: Tail::Nothing,
    options: NONE,
    doc: "As `load`, but looks for the file also in the directories with libraries, before the working directory, and \
          does not load again what was loaded before. True if it was loaded now.",
    example: "require \"deploy\";",
    perform: require,
};

fn require(interpreter: &Interpreter, context: &mut EvalContext, call: Call) -> Fallible {
    let loaded = interpreter.require(context.engine(), &text(&call, 0), place(&call), context.source())?;
    Ok(loaded.into())
}

/// Of the name, if it is written there.
fn place(call: &Call) -> Position {
    let name = call.arguments.first().map(|(_, position)| *position);
    name.filter(|position| !position.is_none()).unwrap_or(call.position)
}
