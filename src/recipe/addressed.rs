//! Finds the servers that tasks would address, without connecting to any.

use std::rc::Rc;

use rhai::{ASTNode, Engine, Expr};

use super::meaning::errors::diagnostic;
use super::meaning::read::says_of_servers;
use super::running::interpreter::Interpreter;
use super::running::role_block;
use super::running::selected;
use crate::configuration::{Addressed, HookAction, Selection, Servers, Task, When};

pub(super) fn addressed(interpreter: &Interpreter, engine: &Engine, names: &[String]) -> Vec<Addressed> {
    let mut tasks = Vec::new();
    for name in names {
        if let Some(task) = interpreter.defined().task(name, "") {
            follow(interpreter, &task, &mut tasks);
        }
    }
    let mut found = Vec::new();
    for task in &tasks {
        found.push(servers(interpreter, engine, task, None));
        let commands = commands(interpreter, task);
        found.extend(
            commands
                .into_iter()
                .map(|command| servers(interpreter, engine, task, Some(command))),
        );
    }
    found
}

/// The verb of a command, its line, and what it says about its servers.
type Command = (&'static str, usize, Selection);

/// Returns the commands in a task's body that have a selection of their own.
fn commands(interpreter: &Interpreter, task: &Task) -> Vec<Command> {
    let mut commands = Vec::new();
    if let Some(block) = interpreter.defined().body(task.body) {
        block.expression.walk(&mut Vec::new(), &mut |nodes| {
            if let Some(ASTNode::Expr(Expr::Custom(call, _))) = nodes.last() {
                commands.extend(says_of_servers(call));
            }
            true
        });
    }
    commands
}

/// Collects the task, and the tasks that it and its hooks mention.
fn follow(interpreter: &Interpreter, task: &Rc<Task>, tasks: &mut Vec<Rc<Task>>) {
    if tasks.iter().any(|other| Rc::ptr_eq(other, task)) {
        return;
    }
    tasks.push(task.clone());
    for named in interpreter.defined().mentions(task.body) {
        follow(interpreter, &named, tasks);
    }
    for when in [When::Before, When::After] {
        let (hooks, implicit) = {
            let configuration = interpreter.defined().configuration();
            (
                configuration.hooked(when, Some(task)),
                configuration.implicit(when, task),
            )
        };
        for hook in &implicit {
            follow(interpreter, hook, tasks);
        }
        for hook in &hooks {
            let named = match &hook.action {
                HookAction::Task(name, namespace) => interpreter.defined().task(name, namespace).into_iter().collect(),
                HookAction::Block(block) => interpreter.defined().mentions(*block),
            };
            for named in named {
                follow(interpreter, &named, tasks);
            }
        }
    }
}

/// Returns the servers of a task, or of one of its commands that says something else.
pub(super) fn servers(interpreter: &Interpreter, engine: &Engine, task: &Task, command: Option<Command>) -> Addressed {
    let said = command.as_ref().map(|(.., said)| said.clone()).unwrap_or_default();
    let both = task.selection.overlaid_by(&said);
    let resolved =
        role_block::resolved(interpreter, engine, both.clone(), &said).map_err(|error| diagnostic(error).message);
    let configuration = interpreter.defined().configuration();
    let (roles, filter) = (&configuration.roles, interpreter.exclusions().filter());
    let found = resolved
        .as_ref()
        .map_err(Clone::clone)
        .and_then(|selection| selected::addressed(interpreter, selection).map_err(|error| error.to_string()));
    let servers = match found {
        Ok(servers) => Servers::Found(
            servers
                .iter()
                .map(|server| {
                    let of = roles.roles_of(server).into_iter().map(str::to_owned);
                    (server.to_string(), of.collect())
                })
                .collect(),
        ),
        Err(error) => Servers::Wrong(error),
    };
    let skips = both.skip_hostfilter == Some(true);
    let filters = [
        ("HOSTS", &filter.hosts, false),
        ("ROLES", &filter.roles, false),
        ("HOSTFILTER", &filter.host_filter, skips),
        ("HOSTROLEFILTER", &filter.host_role_filter, skips),
    ];
    let mut conditions = resolved.as_ref().unwrap_or(&both).conditions();
    if both.once == Some(true) {
        let separator = if conditions.is_empty() { "" } else { ", " };
        conditions.push_str(separator);
        conditions.push_str("the first one alone");
    }
    Addressed {
        task: task.name.clone(),
        command: command.map(|(verb, line, _)| (verb.to_owned(), line)),
        conditions,
        filters: filters
            .into_iter()
            .filter(|(.., is_skipped)| !is_skipped)
            .filter_map(|(name, values, _)| Some(format!("{name}={}", values.as_ref()?.join(","))))
            .collect(),
        servers,
    }
}
