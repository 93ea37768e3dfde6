//! `task`, the verbs for the descriptions of tasks, and hooks.

use std::rc::Rc;

use rhai::{Dynamic, FnPtr, Position};

use super::super::block::KeptBlock;
use super::super::verb_context::{Performed, VerbContext};
use super::super::{dialect, precedence};
use super::each_server::{each_server, names_servers};
use crate::configuration::{Hook, HookAction, Selection, Task, When, clean_description};
use crate::diagnostic::{Diagnostic, Fault, Origin};
use crate::event::Level;
use crate::recipe::language::options::{run_options, selection};
use crate::recipe::language::origin::{Fallible, raise};
use crate::recipe::language::values::texts;
use crate::recipe::language::verbs::tasks as rows;
use crate::recipe::language::verbs::tasks::no_event;

pub(super) const DESC: Performed = (&rows::DESC, |cx| {
    cx.interpreter.place().describe(clean_description(&cx.text(0)));
    Ok(Dynamic::UNIT)
});

pub(super) const TASK: Performed = (&rows::TASK, task);

fn task(cx: &mut VerbContext) -> Fallible {
    let interpreter = cx.interpreter;
    let body = cx.keep(cx.block()?);
    let full = interpreter.place().full_name(&cx.text(0));
    let full = match full.strip_suffix(":default") {
        Some(namespace) => {
            interpreter
                .defined()
                .change(|configuration| configuration.tasks.has_default(namespace));
            namespace.to_owned()
        }
        None => full,
    };
    let described = cx.text_option("desc").map(|text| clean_description(&text));
    let before = interpreter.place().take_description();
    let mut function = |name: &str| {
        let (value, _) = cx.call.options.get(name)?;
        let function = value.read_lock::<FnPtr>()?.clone();
        cx.call.options.shift_remove(name);
        Some(interpreter.keep(KeptBlock::function(cx.scope, function, interpreter.place().namespace())))
    };
    let (hosts_from, roles_from) = (function("hosts"), function("roles"));
    let task = Task {
        name: full,
        description: described.or(before),
        selection: Selection {
            hosts_from,
            roles_from,
            ..selection(&cx.call.options)?
        },
        options: run_options(&cx.call.options)?,
        lock: cx.flag("lock", false)?,
        confirm: confirm(cx)?,
        word: cx.text_option("word"),
        arguments: arguments(cx)?,
        body,
        origin: cx.origin().unwrap_or(Origin {
            file: "".into(),
            line: 0,
            column: 0,
        }),
    };
    if precedence::takes_task(interpreter.defined(), &task.name, cx.origin().as_ref(), cx.position())? {
        interpreter
            .defined()
            .change(|configuration| configuration.tasks.define(task));
    }
    Ok(Dynamic::UNIT)
}

/// Returns the names of `:arguments`, each that of a variable of the environment.
fn arguments(cx: &VerbContext) -> Fallible<Vec<String>> {
    let Some((value, position)) = cx.call.options.get("arguments") else {
        return Ok(Vec::new());
    };
    let names = texts(value);
    let wrong = names.iter().enumerate().find(|(at, name)| {
        let takes_rest = name.starts_with('*') && at + 1 == names.len();
        let name = if takes_rest {
            name.get(1..).unwrap_or_default()
        } else {
            name
        };
        name.is_empty() || name.contains(|c: char| !(c.is_alphanumeric() || c == '_'))
    });
    match wrong {
        None => Ok(names),
        Some((_, name)) => {
            let message = format!("`{name}' cannot be an argument of a task");
            let diagnostic = Diagnostic::new(Fault::Recipe, message)
                .label("no name")
                .hint("a name has letters, digits and `_'; the last may be *NAME, which takes the rest");
            Err(raise(diagnostic, *position))
        }
    }
}

/// Returns the question of `:confirm`; it is empty if capr is to word it.
fn confirm(cx: &VerbContext) -> Fallible<Option<String>> {
    let Some((value, position)) = cx.call.options.get("confirm") else {
        return Ok(None);
    };
    if value.is_string() {
        return Ok(Some(value.to_string()));
    }
    match value.as_bool() {
        Ok(true) => Ok(Some(String::new())),
        Ok(false) => Ok(None),
        Err(_) => {
            let diagnostic =
                Diagnostic::new(Fault::Recipe, "`confirm' is a question, true or false").label("no question");
            Err(raise(diagnostic, *position))
        }
    }
}

pub(super) const NAMESPACE: Performed = (&rows::NAMESPACE, namespace);

fn namespace(cx: &mut VerbContext) -> Fallible {
    let block = cx.block()?;
    let interpreter = cx.interpreter;
    let around = interpreter
        .place()
        .enter_namespace(interpreter.place().full_name(&cx.text(0)).into());
    let result = cx.evaluate(block, Vec::new());
    interpreter.place().enter_namespace(around);
    // A description that no task has used is forgotten at the end of its namespace.
    interpreter.place().take_description();
    result.map(|_| Dynamic::UNIT)
}

pub(super) const INVOKE: Performed = (&rows::INVOKE, |cx| {
    let task = named_task(cx, 0)?;
    let again = cx.flag("again", false)?;
    if !again && dialect::has_had_its_run(cx.interpreter, cx.engine(), &task, cx.origin().as_ref()) {
        let text = format!(
            "`{}' has run already, and is left out: :again => true runs it",
            task.name
        );
        cx.interpreter.say(Level::Debug, text);
        return Ok(Dynamic::UNIT);
    }
    cx.interpreter.run_task(cx.engine(), &task)
});

/// Returns the task that an argument names.
fn named_task(cx: &VerbContext, index: usize) -> Fallible<Rc<Task>> {
    let (name, namespace) = (cx.text(index), cx.interpreter.place().namespace());
    let defined = cx.interpreter.defined();
    defined.task(&name, &namespace).ok_or_else(|| {
        let mut diagnostic =
            Diagnostic::new(Fault::Recipe, format!("the task `{name}' does not exist")).label("no such task");
        diagnostic.hints.extend(defined.task_suggestion(&name, &namespace));
        raise(diagnostic, cx.position_of(index))
    })
}

pub(super) const ALIAS_TASK: Performed = (&rows::ALIAS_TASK, |cx| {
    let mut copy = Task::clone(&*named_task(cx, 1)?);
    copy.name = cx.interpreter.place().full_name(&cx.text(0));
    if precedence::takes_task(
        cx.interpreter.defined(),
        &copy.name,
        cx.origin().as_ref(),
        cx.position(),
    )? {
        cx.interpreter
            .defined()
            .change(|configuration| configuration.tasks.define(copy));
    }
    Ok(Dynamic::UNIT)
});

pub(super) const SYNONYM_TASK: Performed = (&rows::SYNONYM_TASK, |cx| {
    if precedence::takes_task(
        cx.interpreter.defined(),
        &cx.text(0),
        cx.origin().as_ref(),
        cx.position(),
    )? {
        cx.interpreter
            .defined()
            .change(|configuration| configuration.tasks.synonym(&cx.text(0), &cx.text(1)));
    }
    Ok(Dynamic::UNIT)
});

pub(super) const CURRENT_TASK: Performed = (&rows::CURRENT_TASK, |cx| {
    let task = cx.interpreter.frames().current();
    Ok(task.map_or(Dynamic::UNIT, |task| task.name.clone().into()))
});

pub(super) const BEFORE: Performed = (&rows::BEFORE, |cx| {
    let only = Some(vec![cx.text(0)]);
    register(cx, When::Before, only, Vec::new())
});

pub(super) const AFTER: Performed = (&rows::AFTER, |cx| {
    let only = Some(vec![cx.text(0)]);
    register(cx, When::After, only, Vec::new())
});

pub(super) const ON: Performed = (&rows::ON, on);

fn on(cx: &mut VerbContext) -> Fallible {
    if names_servers(cx) {
        return each_server(cx);
    }
    let event = cx.text(0);
    let Some(when) = When::from_name(&event) else {
        return Err(no_event(&event, cx.position_of(0)));
    };
    let names = |option: &str| cx.option(option).map(|(value, _)| texts(value));
    let (only, except) = (names("only"), names("except").unwrap_or_default());
    register(cx, when, only, except)
}

fn register(cx: &VerbContext, when: When, only: Option<Vec<String>>, except: Vec<String>) -> Fallible {
    let namespace = cx.interpreter.place().namespace();
    let named: Vec<(String, Position)> = cx
        .call
        .arguments
        .iter()
        .skip(1)
        .flat_map(|(value, position)| texts(value).into_iter().map(|name| (name, *position)))
        .collect();
    let actions: Vec<(HookAction, Position)> = if named.is_empty() || cx.call.block.is_some() {
        vec![(HookAction::Block(cx.keep(cx.block()?)), cx.position())]
    } else {
        named
            .into_iter()
            .map(|(task, position)| (HookAction::Task(task, namespace.to_string()), position))
            .collect()
    };
    let filter = cx.option("only").map(|(_, position)| position);
    let around = cx.origin_of(filter.unwrap_or_else(|| cx.position_of(0)));
    let around = around.or_else(|| cx.origin());
    let hook = |(action, position)| Hook {
        when,
        only: only.clone(),
        except: except.clone(),
        namespace: namespace.to_string(),
        action,
        origin: cx.origin_of(position).or_else(|| cx.origin()),
        around: around.clone(),
    };
    let hooks = actions.into_iter().map(hook);
    cx.interpreter
        .defined()
        .change(|configuration| configuration.hooks.extend(hooks));
    Ok(Dynamic::UNIT)
}
