//! Runs the hooks of a task or an event.

use std::rc::Rc;

use rhai::{Engine, Position};

use super::interpreter::Interpreter;
use super::{dialect, lock_owed};
use crate::configuration::{Configuration, Hook, HookAction, Task, When};
use crate::event::Event;
use crate::recipe::language::origin::{Fallible, wrong};

/// Runs the hooks of an event around `task`, in the order in which they were registered. A task is not a hook of itself.
pub(in crate::recipe) fn run(
    interpreter: &Interpreter,
    engine: &Engine,
    when: When,
    task: Option<&Rc<Task>>,
) -> Fallible<()> {
    if interpreter.mode().recovers() && when != When::Stage {
        return Ok(());
    }
    let mut done = 0;
    loop {
        let hooks = interpreter.defined().configuration().hooked(when, task);
        let Some(more) = hooks.get(done..).filter(|more| !more.is_empty()) else {
            return Ok(());
        };
        fire(interpreter, engine, when, task, more)?;
        done = hooks.len();
        // With Rake a task also runs what is added to it while it ends.
        if when != When::After || interpreter.defined().dialect_told() != Some(3) {
            return Ok(());
        }
    }
}

/// Runs the hooks of `load` that have not run yet: those of the recipe once it is loaded, and then those of its stage.
pub(in crate::recipe) fn run_of_load(interpreter: &Interpreter, engine: &Engine) -> Fallible<()> {
    let hooks = interpreter.defined().change(Configuration::newly_loaded);
    fire(interpreter, engine, When::Load, None, &hooks)
}

fn fire(
    interpreter: &Interpreter,
    engine: &Engine,
    when: When,
    task: Option<&Rc<Task>>,
    hooks: &[Hook],
) -> Fallible<()> {
    // Hooks of the library itself are not reported.
    let is_own = |hook: &Hook| {
        hook.origin
            .as_ref()
            .is_none_or(|origin| !interpreter.defined().is_of_stdlib(&origin.file))
    };
    if hooks.iter().any(is_own) {
        lock_owed::settle(interpreter, engine)?;
        interpreter.emit(Event::HooksTriggered {
            event: when.name().to_owned(),
            task: task.map(|task| task.name.clone()),
        });
    }
    for hook in hooks {
        match &hook.action {
            HookAction::Block(block) => drop(interpreter.call(engine, *block, &[])?),
            HookAction::Task(name, namespace) => match interpreter.defined().task(name, namespace) {
                Some(task) if dialect::has_had_its_run(interpreter, engine, &task, hook.origin.as_ref()) => {}
                Some(task) => drop(interpreter.run_task(engine, &task)?),
                None => {
                    let event = when.name();
                    return Err(wrong(
                        format!("the task `{name}' of an `{event}' hook does not exist"),
                        Position::NONE,
                    ));
                }
            },
        }
    }
    Ok(())
}

/// Runs the tasks that are hooks of this one by their names.
pub(in crate::recipe) fn run_implicit(
    interpreter: &Interpreter,
    engine: &Engine,
    task: &Rc<Task>,
    when: When,
) -> Fallible<()> {
    if interpreter.mode().recovers() {
        return Ok(());
    }
    let hooks = interpreter.defined().configuration().implicit(when, task);
    for hook in hooks {
        let _ = interpreter.run_task(engine, &hook)?;
    }
    Ok(())
}
