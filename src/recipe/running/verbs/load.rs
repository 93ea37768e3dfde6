//! Other recipes and libraries.

use rhai::{Dynamic, Position};

use super::super::verb_context::{Performed, VerbContext};
use crate::recipe::language::verbs::load as rows;

pub(super) const LOAD: Performed = (&rows::LOAD, |cx| {
    cx.interpreter
        .load(cx.engine(), &cx.text(0), place(cx), cx.scope.source())?;
    Ok(Dynamic::UNIT)
});

pub(super) const REQUIRE: Performed = (&rows::REQUIRE, |cx| {
    let loaded = cx
        .interpreter
        .require(cx.engine(), &cx.text(0), place(cx), cx.scope.source())?;
    Ok(loaded.into())
});

/// Returns the position of the name, if it is written in the call.
fn place(cx: &VerbContext) -> Position {
    match cx.position_of(0) {
        position if position.is_none() => cx.position(),
        position => position,
    }
}
