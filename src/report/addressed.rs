//! The servers that tasks would address, for standard output.

use serde::Serialize;

use super::json::Json;
use crate::configuration::{Addressed, Servers};

/// Returns a line for each task, and one for each of its servers with its roles.
pub(super) fn addressed(tasks: &[Addressed]) -> String {
    tasks.iter().map(task).collect()
}

/// Returns one JSON object per line for each task.
pub(super) fn addressed_json(tasks: &[Addressed], json: &Json) -> String {
    tasks.iter().map(|task| json.line(&Line::of(task))).collect()
}

/// A task in JSON.
#[derive(Serialize)]
#[serde(tag = "type", rename = "addressed")]
struct Line<'a> {
    task: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    conditions: &'a str,
    filters: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    failed: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    servers: Option<Vec<Found<'a>>>,
}

#[derive(Serialize)]
struct Found<'a> {
    server: &'a str,
    roles: &'a [String],
}

impl<'a> Line<'a> {
    fn of(task: &'a Addressed) -> Self {
        let (failed, servers) = match &task.servers {
            Servers::Wrong(reason) => (Some(reason.as_str()), None),
            Servers::Found(servers) => (None, Some(servers)),
        };
        Self {
            task: &task.task,
            command: task.command.as_ref().map(|(verb, _)| verb.as_str()),
            line: task.command.as_ref().map(|(_, line)| *line),
            conditions: &task.conditions,
            filters: &task.filters,
            failed,
            servers: servers.map(|servers| servers.iter().map(|(server, roles)| Found { server, roles }).collect()),
        }
    }
}

fn task(task: &Addressed) -> String {
    let conditions = match task.conditions.as_str() {
        "" => "all servers",
        conditions => conditions,
    };
    let filters: String = task.filters.iter().map(|filter| format!("; {filter}")).collect();
    let command = match &task.command {
        Some((verb, line)) => format!(", {verb} at line {line}"),
        None => String::new(),
    };
    let mut text = format!("{}{command}: {conditions}{filters}\n", task.task);
    match &task.servers {
        Servers::Wrong(reason) => text.push_str(&format!("  none: {reason}\n")),
        Servers::Found(servers) if servers.is_empty() => text.push_str("  none: no server matches\n"),
        Servers::Found(servers) => {
            let width = servers.iter().map(|(server, _)| server.len()).max().unwrap_or(0);
            for (server, roles) in servers {
                let line = format!("  {server:width$}  {}", roles.join(", "));
                text.push_str(line.trim_end());
                text.push('\n');
            }
        }
    }
    text
}
