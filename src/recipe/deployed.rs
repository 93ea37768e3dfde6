//! Reports the release that a run has made, and what is live when it was stopped, from variables that the deploy library has evaluated.
//! Nothing is evaluated for it.

use super::Recipe;
use super::language::values::{plain, text};
use crate::configuration::{Value, VariableRead};
use crate::event::{Event, Level};

/// The task of the library that makes a release.
const MAKES: &str = "update_code";

/// The variable with a sentence for a run that is stopped once a release is live; stdlib/flow.rhai sets it.
const LIVE: &str = "live_when_stopped";

/// The variables that describe a release, in this order.
const FACTS: [&str; 7] = [
    "application",
    "stage",
    "branch",
    "revision",
    "real_revision",
    "release_path",
    "current_path",
];

impl Recipe {
    /// Reports what was deployed, if this run has made a release.
    pub(super) fn tell_deployed(&self) {
        let interpreter = &self.interpreter;
        let Some(task) = interpreter.defined.task(MAKES, "") else {
            return;
        };
        if interpreter.runs_of(&task) == 0 {
            return;
        }
        let facts = {
            let configuration = interpreter.defined.configuration.borrow();
            let known = FACTS
                .into_iter()
                .filter_map(|name| match configuration.variables.read(name) {
                    VariableRead::Value(value) if matches!(plain(&value), Value::Text(_)) => Some((name, text(&value))),
                    _ => None,
                });
            known.collect()
        };
        interpreter.emit(Event::Deployed { facts });
    }

    /// Says what is live if a run was stopped after the switch to its release, when the hooks for failures do not run any more.
    pub(super) fn tell_live(&self) {
        let read = self.interpreter.defined.configuration.borrow().variables.read(LIVE);
        if let VariableRead::Value(value) = read
            && matches!(plain(&value), Value::Text(_))
        {
            self.interpreter.say(Level::Important, text(&value));
        }
    }
}
