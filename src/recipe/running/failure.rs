//! The errors of actions as errors of recipes.

use rhai::{EvalAltResult, Position};

use crate::actor::ActionError;
use crate::recipe::language::origin::{raise, terminate};

/// Turns an action's error into one that a recipe can catch; the error of a signal ends the run.
pub(in crate::recipe) fn failure(error: ActionError, position: Position) -> Box<EvalAltResult> {
    let diagnostic = error.diagnostic();
    match error.can_be_caught() {
        true => raise(diagnostic, position),
        false => terminate(diagnostic, position),
    }
}
