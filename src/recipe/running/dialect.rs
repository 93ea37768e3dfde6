//! Tasks with names of Capistrano 1, and their meaning in the recipe's dialect.

use std::rc::Rc;

use rhai::{Engine, INT, Map};

use super::interpreter::Interpreter;
use crate::configuration::{ServerChoice, Setter, Task};
use crate::diagnostic::{Diagnostic, Origin};
use crate::event::Level;
use crate::recipe::language::origin::Fallible;
use crate::recipe::language::values::texts;
use crate::recipe::meaning::dialect::ambiguous;
use crate::recipe::meaning::library::TO_BE_REPLACED;
use crate::recipe::meaning::stdlib::LIBRARIES;

/// Decides what such tasks of recipes mean: in dialect 1 they replace the library's tasks, in 2 and 3 they are tasks of their
/// own. Returns errors if the dialect cannot be known.
pub(in crate::recipe) fn settle_names(interpreter: &Interpreter, engine: &Engine) -> Vec<Diagnostic> {
    let found = interpreter.defined().tasks_of_one();
    if found.is_empty() {
        return Vec::new();
    }
    match dialect_said(interpreter, engine) {
        Some(1) => Vec::new(),
        Some(_) => {
            for (task, _) in found {
                let is_own = |task: &Task| !interpreter.defined().is_of_stdlib(&task.origin.file);
                interpreter
                    .defined()
                    .change(|configuration| configuration.tasks.part(&task.name, is_own));
            }
            Vec::new()
        }
        None if interpreter.defined().dialect_spoken() == 1 => Vec::new(),
        None => found.iter().map(|(task, other)| ambiguous(task, other)).collect(),
    }
}

/// Reports once which tasks of the library are replaced by those of recipes, if that is easily overlooked: if another task of
/// the library runs them.
pub(in crate::recipe) fn tell_replaced(interpreter: &Interpreter) {
    for (task, other) in interpreter.defined().tasks_of_one() {
        let is_run = {
            let tasks: Vec<Rc<Task>> = interpreter.defined().configuration().tasks.iter().cloned().collect();
            tasks
                .iter()
                .filter(|other| interpreter.defined().is_of_stdlib(&other.origin.file))
                .any(|other| {
                    interpreter
                        .defined()
                        .mentions(other.body)
                        .iter()
                        .any(|run| Rc::ptr_eq(run, &task))
                })
        };
        if is_run && !TO_BE_REPLACED.contains(&task.name.as_str()) {
            let (name, origin) = (&task.name, &task.origin);
            let text = format!("the task `{name}' of {origin} takes the place of the library's `{other}'");
            interpreter.say(Level::Info, text);
        }
    }
}

/// Returns true for a task that has run, where it is a recipe that asks for it once more and says `set :dialect, 3`: Capistrano 3 runs each
/// task once (docs/decisions/0126).
pub(in crate::recipe) fn has_had_its_run(
    interpreter: &Interpreter,
    engine: &Engine,
    task: &Task,
    asks: Option<&Origin>,
) -> bool {
    interpreter.runs_of(task) > 0
        && asks.is_some_and(|origin| !interpreter.defined().is_of_stdlib(&origin.file))
        && dialect_said(interpreter, engine) == Some(3)
}

/// Returns true in a recipe in the words of Capistrano 3, where nothing may be evaluated to find it out.
pub(super) fn speaks_three(interpreter: &Interpreter) -> bool {
    let defined = interpreter.defined();
    defined.dialect_told().unwrap_or_else(|| defined.dialect_spoken()) == 3
}

/// Reads `HOSTS=`, `ROLES=` and the variable `filter`: in a recipe that says that it is in the words of Capistrano 3 they choose among the servers of
/// a task. The recipe has been read by then.
pub(in crate::recipe) fn read_conditions(interpreter: &Interpreter, engine: &Engine) -> Fallible<()> {
    if interpreter.defined().dialect_told() != Some(3) {
        return Ok(());
    }
    let filter = interpreter.variable(engine, "filter")?.unwrap_or_default();
    let of = |names: [&str; 2], condition: fn(Vec<String>) -> ServerChoice| {
        let map = filter.read_lock::<Map>()?;
        let given: Vec<String> = names.iter().filter_map(|name| map.get(*name)).flat_map(texts).collect();
        (!given.is_empty()).then(|| condition(given))
    };
    let of_recipe = [
        of(["hosts", "host"], ServerChoice::Hosts),
        of(["roles", "role"], ServerChoice::Roles),
    ];
    interpreter
        .exclusions()
        .only_narrow(of_recipe.into_iter().flatten().collect());
    Ok(())
}

/// Returns true in a task, not of the library, of a recipe that says that it is in the words of Capistrano 3.
pub(super) fn is_task_of_three(interpreter: &Interpreter) -> bool {
    let task = interpreter.frames().current();
    let is_of_recipe = task.is_some_and(|task| !interpreter.defined().is_of_stdlib(&task.origin.file));
    is_of_recipe && interpreter.defined().dialect_told() == Some(3)
}

/// Returns true in a task of a library in the place of a gem, where the recipe says that it is in the words of Capistrano 3: a gem does nothing
/// there for a role that no server has. The page of a maintenance is one of them.
pub(super) fn is_task_for_gem(interpreter: &Interpreter) -> bool {
    let is_library = |task: Rc<Task>| {
        let file = &task.origin.file;
        let is_one = file.contains(LIBRARIES) || file.ends_with("/web.rhai");
        is_one && interpreter.defined().is_of_stdlib(file)
    };
    interpreter.frames().current().is_some_and(is_library) && interpreter.defined().dialect_told() == Some(3)
}

/// Returns the dialect that somebody has set.
pub(super) fn dialect_said(interpreter: &Interpreter, engine: &Engine) -> Option<INT> {
    let by = {
        let configuration = interpreter.defined().configuration();
        configuration
            .variables
            .settings("dialect")
            .map(|(setting, _)| setting.by.clone())
    };
    by.filter(|by| !matches!(by, Setter::Default(_)))?;
    interpreter.variable(engine, "dialect").ok().flatten()?.as_int().ok()
}
