//! `task`, what is said about tasks, and hooks.

use rhai::{Dynamic, EvalContext, FnPtr, Position};

use super::super::block::{Block, in_place};
use super::super::call::{Call, text};
use super::super::interpreter::Interpreter;
use super::super::performed::Performed;
use super::each_server::{each_server, names_servers};
use crate::configuration::{Hook, HookAction, Selection, Task, When, clean_description};
use crate::diagnostic::{Diagnostic, Fault, Origin};
use crate::recipe::language::options::{flag, run_options, selection};
use crate::recipe::language::origin::{Fallible, origin, raise};
use crate::recipe::language::verb::Verb;
use crate::recipe::language::verbs::tasks as rows;
use crate::recipe::language::verbs::tasks::no_event;

pub(super) const DESC: Performed = (&rows::DESC, |interpreter, _, call| {
    *interpreter.description.borrow_mut() = Some(clean_description(&text(&call, 0)));
    Ok(Dynamic::UNIT)
});

pub(super) const TASK: Performed = (&rows::TASK, task);

fn task(interpreter: &Interpreter, context: &mut EvalContext, mut call: Call) -> Fallible {
    let name = text(&call, 0);
    let Some(block) = call.block else {
        return Err(rows::TASK.lacks_block(&name, call.position));
    };
    let full = interpreter.full_name(&name);
    let full = full.strip_suffix(":default").unwrap_or(&full).to_owned();
    let body = interpreter.keep(Block::capture(context, block, interpreter.namespace()));
    let described = call.options.get("desc");
    let described = described.map(|(text, _)| clean_description(&text.to_string()));
    let before = interpreter.description.borrow_mut().take();
    let mut function = |name: &str| {
        let (value, _) = call.options.get(name)?;
        let function = value.read_lock::<FnPtr>()?.clone();
        call.options.shift_remove(name);
        Some(interpreter.keep(Block::function(context, function, interpreter.namespace())))
    };
    let (hosts_from, roles_from) = (function("hosts"), function("roles"));
    let lock = match call.options.get("lock") {
        Some((value, position)) => flag("lock", value, *position)?,
        None => None,
    };
    let task = Task {
        name: full,
        description: described.or(before),
        selection: Selection {
            hosts_from,
            roles_from,
            ..selection(&call.options)?
        },
        options: run_options(&call.options)?,
        lock: lock.unwrap_or(false),
        word: call.options.get("word").map(|(word, _)| word.to_string()),
        body,
        origin: origin(context.source(), call.position).unwrap_or(Origin {
            file: "".into(),
            line: 0,
            column: 0,
        }),
    };
    interpreter.defined.configuration.borrow_mut().tasks.define(task);
    Ok(Dynamic::UNIT)
}

pub(super) const NAMESPACE: Performed = (&rows::NAMESPACE, namespace);

fn namespace(interpreter: &Interpreter, context: &mut EvalContext, call: Call) -> Fallible {
    let name = text(&call, 0);
    let Some(block) = call.block else {
        return Err(rows::NAMESPACE.lacks_block(&name, call.position));
    };
    let around = interpreter.enter_namespace(interpreter.full_name(&name).into());
    let result = in_place(context, block, Vec::new());
    interpreter.enter_namespace(around);
    // A description that no task took ends with its namespace.
    interpreter.description.borrow_mut().take();
    result.map(|_| Dynamic::UNIT)
}

pub(super) const INVOKE: Performed = (&rows::INVOKE, invoke);

fn invoke(interpreter: &Interpreter, context: &mut EvalContext, call: Call) -> Fallible {
    let name = text(&call, 0);
    match interpreter.defined.task(&name, &interpreter.namespace()) {
        Some(task) => interpreter.run_task(context.engine(), &task),
        None => Err(no_task(interpreter, &name, &call)),
    }
}

fn no_task(interpreter: &Interpreter, name: &str, call: &Call) -> Box<rhai::EvalAltResult> {
    let mut diagnostic =
        Diagnostic::new(Fault::Recipe, format!("the task `{name}' does not exist")).label("no such task");
    diagnostic
        .hints
        .extend(interpreter.defined.task_suggestion(name, &interpreter.namespace()));
    let position = call.arguments.last().map_or(call.position, |(_, position)| *position);
    raise(diagnostic, position)
}

pub(super) const ALIAS_TASK: Performed = (&rows::ALIAS_TASK, alias_task);

fn alias_task(interpreter: &Interpreter, _: &mut EvalContext, call: Call) -> Fallible {
    let old = text(&call, 1);
    let Some(task) = interpreter.defined.task(&old, &interpreter.namespace()) else {
        return Err(no_task(interpreter, &old, &call));
    };
    let mut copy = Task::clone(&task);
    copy.name = interpreter.full_name(&text(&call, 0));
    interpreter.defined.configuration.borrow_mut().tasks.define(copy);
    Ok(Dynamic::UNIT)
}

pub(super) const SYNONYM_TASK: Performed = (&rows::SYNONYM_TASK, |interpreter, _, call| {
    interpreter
        .defined
        .configuration
        .borrow_mut()
        .tasks
        .synonym(&text(&call, 0), &text(&call, 1));
    Ok(Dynamic::UNIT)
});

pub(super) const CURRENT_TASK: Performed = (&rows::CURRENT_TASK, |interpreter, _, _| {
    Ok(interpreter
        .current_task()
        .map_or(Dynamic::UNIT, |task| task.name.clone().into()))
});

pub(super) const BEFORE: Performed = (&rows::BEFORE, |interpreter, context, call| {
    let only = Some(vec![text(&call, 0)]);
    register(
        &rows::BEFORE,
        interpreter,
        context,
        &call,
        When::Before,
        only,
        Vec::new(),
    )
});

pub(super) const AFTER: Performed = (&rows::AFTER, |interpreter, context, call| {
    let only = Some(vec![text(&call, 0)]);
    register(&rows::AFTER, interpreter, context, &call, When::After, only, Vec::new())
});

pub(super) const ON: Performed = (&rows::ON, on);

fn on(interpreter: &Interpreter, context: &mut EvalContext, call: Call) -> Fallible {
    if names_servers(&call) {
        return each_server(interpreter, context, &call);
    }
    let event = text(&call, 0);
    let Some(when) = When::from_name(&event) else {
        let position = call.arguments.first().map_or(call.position, |(_, position)| *position);
        return Err(no_event(&event, position));
    };
    let names = |option: &str| {
        let value = call.options.get(option).map(|(value, _)| value);
        value.map(crate::recipe::language::values::texts)
    };
    register(
        &rows::ON,
        interpreter,
        context,
        &call,
        when,
        names("only"),
        names("except").unwrap_or_default(),
    )
}

fn register(
    verb: &Verb,
    interpreter: &Interpreter,
    context: &EvalContext,
    call: &Call,
    when: When,
    only: Option<Vec<String>>,
    except: Vec<String>,
) -> Fallible {
    let namespace = interpreter.namespace();
    let place = |position| origin(context.source(), position);
    let named: Vec<(String, Position)> = call
        .arguments
        .iter()
        .skip(1)
        .flat_map(|(value, position)| {
            crate::recipe::language::values::texts(value)
                .into_iter()
                .map(|name| (name, *position))
        })
        .collect();
    let actions: Vec<(HookAction, Position)> = match call.block {
        Some(block) => {
            let block = interpreter.keep(Block::capture(context, block, namespace.clone()));
            vec![(HookAction::Block(block), call.position)]
        }
        None if named.is_empty() => return Err(verb.lacks_block("", call.position)),
        None => named
            .into_iter()
            .map(|(task, position)| (HookAction::Task(task, namespace.to_string()), position))
            .collect(),
    };
    let filter = call.options.get("only").map(|(_, position)| *position);
    let first = call.arguments.first().map(|(_, position)| *position);
    let around = filter.or(first).and_then(place).or_else(|| place(call.position));
    let mut configuration = interpreter.defined.configuration.borrow_mut();
    for (action, position) in actions {
        configuration.hooks.push(Hook {
            when,
            only: only.clone(),
            except: except.clone(),
            namespace: namespace.to_string(),
            action,
            origin: place(position).or_else(|| place(call.position)),
            around: around.clone(),
        });
    }
    Ok(Dynamic::UNIT)
}
