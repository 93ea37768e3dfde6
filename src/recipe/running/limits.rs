//! The limits of a recipe: its depth, size and time. A signal ends it as well.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use rhai::{Dynamic, Engine, EvalAltResult, Position};
use rustix::time::{ClockId, clock_gettime};

use super::interpreter::Interpreter;
use super::missing;
use super::stops::Stops;
use crate::actor::ActionError;
use crate::diagnostic::{Diagnostic, Fault};
use crate::recipe::language::origin::{Fallible, terminate};
use crate::recipe::language::syntax::reading::MAX_DEPTHS;

/// The deepest nesting of function calls.
const MAX_CALL_LEVELS: usize = 64;
/// The longest string, and the total length of all strings in a list or map, in bytes.
const MAX_TEXT: usize = 64 << 20;
/// The most elements of a list or map, including those in its elements.
const MAX_ELEMENTS: usize = 1 << 20;
/// The most steps of a script while recipes are loaded, and the most time for computing; tasks have no such limits. Steps take
/// different times: one that changes a long list goes through all of it.
const MAX_STEPS: u64 = 3_000_000;
const MAX_TIME: Duration = Duration::from_secs(5);
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

/// The work that scripts may still do before they are ended.
pub(in crate::recipe) struct Budget {
    /// The number of script functions around the current place.
    level: Cell<usize>,
    steps: Cell<u64>,
    /// The computing time of this thread at which scripts are ended.
    until: Cell<Option<Duration>>,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            level: Cell::default(),
            steps: Cell::new(u64::MAX),
            until: Cell::default(),
        }
    }
}

impl Budget {
    /// Does work that comes before any task runs, and that must come to an end.
    pub(in crate::recipe) fn bounded<T>(&self, work: impl FnOnce() -> T) -> T {
        self.steps.set(MAX_STEPS);
        self.until.set(Some(computed() + MAX_TIME));
        let result = work();
        self.until.set(None);
        self.steps.set(u64::MAX);
        result
    }

    /// Returns the number of script functions around the current place.
    pub(super) fn level(&self) -> usize {
        self.level.get()
    }

    /// Notes the number of script functions around the current place.
    pub(in crate::recipe) fn set_level(&self, level: usize) {
        self.level.set(level);
    }

    /// Returns true while recipes are loaded, or are examined in another way that must come to an end: no server is contacted.
    pub(in crate::recipe) fn is_loading(&self) -> bool {
        self.until.get().is_some()
    }

    /// Takes one step; returns false if there is none left.
    fn take_step(&self) -> bool {
        let left = self.steps.get().checked_sub(1);
        self.steps.set(left.unwrap_or(0));
        left.is_some()
    }

    /// Returns true if the time is over.
    fn is_late(&self) -> bool {
        self.until.get().is_some_and(|until| computed() > until)
    }

    /// Does the same as `goes_on` for a function that has waited for another thread or a program since `begun`. Their computing
    /// time is not counted as this thread's, so the time that has passed is.
    pub(super) fn goes_on_since(&self, stops: &Stops, begun: Instant) -> Fallible<()> {
        if self.is_loading() && begun.elapsed() > MAX_TIME {
            return Err(terminate(endless(), Position::NONE));
        }
        self.goes_on(stops)
    }

    /// Returns an error if a script would be ended now. Functions that may take long call it from time to time.
    pub(super) fn goes_on(&self, stops: &Stops) -> Fallible<()> {
        if self.is_late() {
            return Err(terminate(endless(), Position::NONE));
        }
        stops.check(Position::NONE)
    }
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

/// Returns this thread's computing time; waiting for a person or a command does not count.
fn computed() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or(0))
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
