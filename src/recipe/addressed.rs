//! Which servers tasks would address, without connecting to any.

use std::rc::Rc;

use super::interpreter::Interpreter;
use crate::configuration::{HookAction, Task, When, select};

/// A task and the servers its commands go to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addressed {
    /// Full name.
    pub task: String,
    /// What it says about its servers: `roles: app, only: {primary: true}`; empty where it says nothing.
    pub conditions: String,
    /// What the person says over it: `HOSTFILTER=app1`.
    pub filters: Vec<String>,
    /// The servers.
    pub servers: Servers,
}

/// What came of a selection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Servers {
    /// Each with its roles, in order; perhaps none.
    Found(Vec<(String, Vec<String>)>),
    /// Why there can be none.
    Wrong(String),
}

pub(super) fn addressed(interpreter: &Interpreter, names: &[String]) -> Vec<Addressed> {
    let mut tasks = Vec::new();
    for name in names {
        if let Some(task) = interpreter.task(name, "") {
            follow(interpreter, &task, &mut tasks);
        }
    }
    tasks.iter().map(|task| servers(interpreter, task)).collect()
}

/// The task, and what it and its hooks name.
fn follow(interpreter: &Interpreter, task: &Rc<Task>, tasks: &mut Vec<Rc<Task>>) {
    if tasks.iter().any(|other| Rc::ptr_eq(other, task)) {
        return;
    }
    tasks.push(task.clone());
    for named in interpreter.mentions(task.body) {
        follow(interpreter, &named, tasks);
    }
    for when in [When::Before, When::After] {
        let hooks = interpreter.configuration.borrow().hooks.clone();
        for hook in hooks
            .iter()
            .filter(|hook| hook.when == when && interpreter.fires(hook, Some(task)))
        {
            let named = match &hook.action {
                HookAction::Task(name, namespace) => interpreter.task(name, namespace).into_iter().collect(),
                HookAction::Block(block) => interpreter.mentions(*block),
            };
            for named in named {
                follow(interpreter, &named, tasks);
            }
        }
    }
}

fn servers(interpreter: &Interpreter, task: &Task) -> Addressed {
    let configuration = interpreter.configuration.borrow();
    let (roles, filter) = (&configuration.roles, &interpreter.filter);
    let servers = match select(roles, &task.selection, filter) {
        Ok(servers) => Servers::Found(
            servers
                .iter()
                .map(|server| {
                    let of = roles.roles_of(server).into_iter().map(str::to_owned);
                    (server.to_string(), of.collect())
                })
                .collect(),
        ),
        Err(error) => Servers::Wrong(error.to_string()),
    };
    let skips = task.selection.skip_hostfilter == Some(true);
    let filters = [
        ("HOSTS", &filter.hosts, false),
        ("ROLES", &filter.roles, false),
        ("HOSTFILTER", &filter.host_filter, skips),
        ("HOSTROLEFILTER", &filter.host_role_filter, skips),
    ];
    let mut conditions = task.selection.conditions();
    if task.selection.once == Some(true) {
        let separator = if conditions.is_empty() { "" } else { ", " };
        conditions.push_str(separator);
        conditions.push_str("the first one alone");
    }
    Addressed {
        task: task.name.clone(),
        conditions,
        filters: filters
            .into_iter()
            .filter(|(.., is_skipped)| !is_skipped)
            .filter_map(|(name, values, _)| Some(format!("{name}={}", values.as_ref()?.join(","))))
            .collect(),
        servers,
    }
}
