//! Reports the release that a run has made, and what is live if it did not come to its end, from variables that the deploy library has evaluated.
//! Nothing is evaluated for it.

use super::Recipe;
use super::language::values::{plain, text};
use crate::configuration::{Value, VariableRead};
use crate::event::{Event, RELEASE_FACTS};

/// The task of the library that makes a release.
const MAKES: &str = "update_code";

/// The variable with a sentence for a run that fails or is stopped once a release is live; stdlib/flow.rhai sets it.
const LIVE: &str = "live_when_stopped";

impl Recipe {
    /// Reports what was deployed, if this run has made a release.
    pub(super) fn tell_deployed(&self) {
        let interpreter = &self.interpreter;
        let Some(task) = interpreter.defined().task(MAKES, "") else {
            return;
        };
        if interpreter.runs_of(&task) == 0 {
            return;
        }
        let facts = {
            let configuration = interpreter.defined().configuration();
            let known = RELEASE_FACTS
                .into_iter()
                .filter_map(|name| match configuration.variables.read(name) {
                    VariableRead::Value(value) if matches!(plain(&value), Value::Text(_)) => Some((name, text(&value))),
                    _ => None,
                });
            known.collect()
        };
        interpreter.emit(Event::Deployed { facts });
    }

    /// Takes the sentence about what is live, if the run has failed or was stopped after the switch to its release.
    pub(super) fn live(&self) -> Option<String> {
        let defined = self.interpreter.defined();
        let VariableRead::Value(value) = defined.configuration().variables.read(LIVE) else {
            return None;
        };
        let live = matches!(plain(&value), Value::Text(_)).then(|| text(&value));
        defined.change(|configuration| configuration.variables.unset(LIVE));
        live
    }
}
