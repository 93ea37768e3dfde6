//! Finds the servers that tasks would address, without connecting to any.

use rhai::Engine;

use super::meaning::errors::diagnostic;
use super::running::interpreter::Interpreter;
use super::running::role_block;
use super::running::selected;
use crate::configuration::{Act, Addressed, Outline, Selection, Servers, Task, TaskStep};

/// The verb of a command, its line, and what it says about its servers.
pub(super) type SaidOfServers = (&'static str, usize, Selection);

/// Adds the servers of an outlined task and of those of its steps that say something else about them, then those of the tasks below it.
pub(super) fn of_outline(outline: Outline, found: &mut Vec<Addressed>) {
    if outline.is_again {
        return;
    }
    found.push(outline.addressed);
    let mut below = Vec::new();
    of_steps(outline.steps, found, &mut below);
    for task in below {
        of_outline(task, found);
    }
}

fn of_steps(steps: Vec<TaskStep>, found: &mut Vec<Addressed>, below: &mut Vec<Outline>) {
    for step in steps {
        match step.act {
            Act::Task(outline) => below.push(*outline),
            Act::Command { addressed, .. } | Act::Block { addressed, .. } => found.extend(addressed),
            Act::Hook(_) | Act::Under(_) => {}
        }
        of_steps(step.steps, found, below);
    }
}

/// Returns the servers of a task, or of one of its commands that says something else.
pub(super) fn servers(
    interpreter: &Interpreter,
    engine: &Engine,
    task: &Task,
    command: Option<SaidOfServers>,
) -> Addressed {
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
