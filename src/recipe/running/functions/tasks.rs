//! Functions about tasks and their names.

use std::rc::Rc;

use rhai::{Array, Engine, INT, ImmutableString, Position};

use super::super::interpreter::Interpreter;
use crate::configuration::{Setter, When};
use crate::recipe::language::origin::{Fallible, wrong};

/// Registers the functions.
pub(super) fn register(engine: &mut Engine, interpreter: &Rc<Interpreter>) {
    let typed = interpreter.clone();
    engine.register_fn("arguments", move || -> Array {
        let words = typed.mode().words().iter();
        words.map(|word| word.clone().into()).collect()
    });
    let speaking = interpreter.clone();
    engine.register_fn("recipe_dialect", move || -> INT { speaking.defined().dialect_spoken() });
    let counting = interpreter.clone();
    engine.register_fn("task_runs", move |name: ImmutableString| -> INT {
        let task = counting.defined().task(&name, "");
        task.map_or(0, |task| counting.runs_of(&task))
    });
    let looking = interpreter.clone();
    engine.register_fn("is_own_task", move |name: ImmutableString| -> bool {
        let task = looking.defined().task(&name, "");
        task.is_some_and(|task| !looking.defined().is_of_stdlib(&task.origin.file))
    });
    let asking = interpreter.clone();
    engine.register_fn("is_own_variable", move |name: ImmutableString| -> bool {
        let configuration = asking.defined().configuration();
        let setting = configuration.variables.settings(&name);
        setting.is_some_and(|(setting, _)| !matches!(setting.by, Setter::Default(_)))
    });
    let hooked = interpreter.clone();
    engine.register_fn(
        "is_hooked",
        move |name: ImmutableString, event: ImmutableString| -> Fallible<bool> {
            let when = match event.as_str() {
                "before" => When::Before,
                "after" => When::After,
                _ => return Err(wrong("the event is `before' or `after'", Position::NONE)),
            };
            let task = hooked.defined().task(&name, "");
            let configuration = hooked.defined().configuration();
            Ok(task.is_some_and(|task| {
                !configuration.hooked(when, Some(&task)).is_empty() || !configuration.implicit(when, &task).is_empty()
            }))
        },
    );
}
