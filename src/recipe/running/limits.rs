//! The limits of a recipe: its depth, size and time. A signal ends it as well.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use rhai::{Dynamic, Engine, EvalAltResult, Position};

use super::budget::endless;
use super::interpreter::Interpreter;
use super::missing;
use crate::actor::ActionError;
use crate::diagnostic::Diagnostic;
use crate::recipe::language::origin::{Fallible, terminate};
use crate::recipe::language::syntax::reading::MAX_DEPTHS;

/// The deepest nesting of function calls.
const MAX_CALL_LEVELS: usize = 64;
/// The longest string, and the total length of all strings in a list or map, in bytes.
const MAX_TEXT: usize = 64 << 20;
/// The most elements of a list or map, including those in its elements.
const MAX_ELEMENTS: usize = 1 << 20;
/// The number of steps between two checks of the time.
const STEPS_OF_TIME: u64 = 128;
/// The number of steps between two checks for a signal.
const STEPS: u64 = 4096;
/// The time after which both are checked, however few steps there were.
const LOOK: Duration = Duration::from_millis(20);

/// Sets the limits, and makes signals end scripts.
pub(in crate::recipe) fn limit(engine: &mut Engine, interpreter: &Rc<Interpreter>) {
    engine.set_max_call_levels(MAX_CALL_LEVELS);
    engine.set_max_expr_depths(MAX_DEPTHS.0, MAX_DEPTHS.1);
    engine.set_max_string_size(MAX_TEXT);
    engine.set_max_array_size(MAX_ELEMENTS);
    engine.set_max_map_size(MAX_ELEMENTS);
    let running = interpreter.clone();
    let looked = Cell::new(Instant::now());
    engine.on_progress(move |steps| {
        // One step may take long: the digest of a long string.
        let now = Instant::now();
        let is_slow = now.duration_since(looked.get()) > LOOK;
        if is_slow {
            looked.set(now);
        }
        let is_looked_at = is_slow || steps % STEPS_OF_TIME == 0;
        if !running.budget().take_step() || is_looked_at && running.budget().is_late() {
            return Some(token(endless()));
        }
        if let Some(missing) = missing::take(&running, None) {
            return Some(token(missing));
        }
        // While recipes are loaded, a step that takes long looks for a signal itself, and ends the script: `goes_on`.
        let is_asked = is_slow && !running.budget().is_loading() || steps % STEPS == 0;
        let signal = is_asked.then(|| running.stops().take()).flatten();
        signal.map(|signal| token(ActionError::Interrupted(signal).diagnostic()))
    });
}

/// Returns an error if a string of this size is too long. It is called before the string is made, since Rhai checks only
/// afterwards.
pub(in crate::recipe) fn fits(bytes: usize) -> Fallible<()> {
    if bytes <= MAX_TEXT {
        return Ok(());
    }
    Err(EvalAltResult::ErrorDataTooLarge("Length of string".to_owned(), Position::NONE).into())
}

/// Does the same for the elements of a list.
pub(in crate::recipe) fn fits_list(elements: usize) -> Fallible<()> {
    if elements <= MAX_ELEMENTS {
        return Ok(());
    }
    Err(EvalAltResult::ErrorDataTooLarge("Size of array/BLOB".to_owned(), Position::NONE).into())
}

fn token(diagnostic: Diagnostic) -> Dynamic {
    match *terminate(diagnostic, Position::NONE) {
        EvalAltResult::ErrorTerminated(token, _) => token,
        _ => Dynamic::UNIT,
    }
}
