//! What keeps a recipe from running away: how deep, how large and how long it may get, and that a signal ends it.

use std::rc::Rc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use rhai::{Dynamic, Engine, EvalAltResult, Position};

use super::Fallible;
use super::interpreter::Interpreter;
use super::origin::{terminate, wrong};
use crate::actor::ActionError;
use crate::diagnostic::{Diagnostic, Fault};
use crate::interrupt::Signal;

/// Functions calling functions.
const MAX_CALL_LEVELS: usize = 64;
/// Expressions inside expressions, in a file and in a function.
const MAX_DEPTHS: (usize, usize) = (128, 128);
/// Bytes of a text, and of all texts in a list or map.
const MAX_TEXT: usize = 128 << 20;
/// Elements of a list or map, and of all in it.
const MAX_ELEMENTS: usize = 1 << 22;
/// Steps of a script while recipes are loaded: about a second. A task may take as many as it likes.
const MAX_STEPS: u64 = 10_000_000;
/// How many steps of a script pass between two looks for a signal.
const STEPS: u64 = 4096;

/// Sets the limits, and makes signals end scripts and what they wait for.
pub(super) fn limit(engine: &mut Engine, interpreter: &Rc<Interpreter>) {
    engine.set_max_call_levels(MAX_CALL_LEVELS);
    engine.set_max_expr_depths(MAX_DEPTHS.0, MAX_DEPTHS.1);
    engine.set_max_string_size(MAX_TEXT);
    engine.set_max_array_size(MAX_ELEMENTS);
    engine.set_max_map_size(MAX_ELEMENTS);
    let running = interpreter.clone();
    engine.on_progress(move |steps| {
        let left = running.steps.get();
        if left == 0 {
            return Some(token(endless()));
        }
        running.steps.set(left - 1);
        // The step before has seen the signal and ends the script.
        let signal = (steps % STEPS == 0).then(|| running.interrupt.take()).flatten();
        signal.map(|signal| token(ActionError::Interrupted(signal).diagnostic()))
    });
    let sleep = sleeper(interpreter);
    let seconds = sleep.clone();
    engine.register_fn("sleep", move |number: i64| seconds(number as f64));
    engine.register_fn("sleep", move |number: f64| sleep(number));
}

impl Interpreter {
    /// Does what comes before any task runs, and must come to an end.
    pub(super) fn bounded<T>(&self, work: impl FnOnce() -> T) -> T {
        self.steps.set(MAX_STEPS);
        let result = work();
        self.steps.set(u64::MAX);
        result
    }
}

fn endless() -> Diagnostic {
    Diagnostic::new(Fault::Recipe, "the recipe does not come to an end while it is loaded")
        .hint("is this a loop without an end? what is to be waited for belongs in a task")
}

fn token(diagnostic: Diagnostic) -> Dynamic {
    match *terminate(diagnostic, Position::NONE) {
        EvalAltResult::ErrorTerminated(token, _) => token,
        _ => Dynamic::UNIT,
    }
}

/// Rhai's own `sleep' hears no signal. In a dry run nobody waits.
fn sleeper(interpreter: &Rc<Interpreter>) -> Rc<dyn Fn(f64) -> Fallible<()>> {
    let (sender, signals) = channel::<Signal>();
    interpreter.interrupt.on_raise(move |signal| {
        // Nobody listens any more only when the run is over.
        let _ = sender.send(signal);
    });
    let interpreter = interpreter.clone();
    Rc::new(move |seconds| {
        let time = match Duration::try_from_secs_f64(seconds) {
            Ok(time) => time,
            Err(_) if seconds <= 0.0 => Duration::ZERO,
            Err(_) => return Err(wrong("`sleep' is to be given a number of seconds", Position::NONE)),
        };
        if interpreter.dry_run {
            return Ok(());
        }
        let end = Instant::now().checked_add(time);
        loop {
            // Those that were raised before have been seen by others.
            if let Some(signal) = interpreter.interrupt.take() {
                return Err(terminate(ActionError::Interrupted(signal).diagnostic(), Position::NONE));
            }
            let left = end.map_or(Duration::MAX, |end| end.saturating_duration_since(Instant::now()));
            if signals.recv_timeout(left) == Err(RecvTimeoutError::Timeout) {
                return Ok(());
            }
        }
    })
}
