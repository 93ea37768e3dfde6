//! Functions about tasks and the words that recipes have for them.

use std::rc::Rc;

use rhai::{Engine, INT, ImmutableString};

use super::super::interpreter::Interpreter;

/// Registers the functions.
pub(super) fn register(engine: &mut Engine, interpreter: &Rc<Interpreter>) {
    let speaking = interpreter.clone();
    engine.register_fn("recipe_dialect", move || -> INT { speaking.defined.dialect_spoken() });
    let counting = interpreter.clone();
    engine.register_fn("task_runs", move |name: ImmutableString| -> INT {
        let task = counting.defined.task(&name, "");
        task.map_or(0, |task| counting.runs_of(&task))
    });
    let looking = interpreter.clone();
    engine.register_fn("is_own_task", move |name: ImmutableString| -> bool {
        let task = looking.defined.task(&name, "");
        task.is_some_and(|task| !looking.defined.is_of_stdlib(&task.origin.file))
    });
}
