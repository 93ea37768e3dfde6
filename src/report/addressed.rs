//! Which servers tasks would address, for standard output.

use super::clean::Cleaner;
use super::json::Object;
use crate::configuration::{Addressed, Servers};

/// A line for each task, and one for each of its servers with its roles.
pub(super) fn addressed(tasks: &[Addressed]) -> String {
    tasks.iter().map(task).collect()
}

/// An object on a line of its own for each.
pub(super) fn addressed_json(tasks: &[Addressed], cleaner: &Cleaner) -> String {
    tasks.iter().map(|task| line(task, cleaner)).collect()
}

fn line(task: &Addressed, cleaner: &Cleaner) -> String {
    let mut line = Object::new(cleaner, "addressed");
    line.text("task", &task.task);
    if let Some((verb, number)) = &task.command {
        line.text("command", verb).number("line", *number);
    }
    line.text("conditions", &task.conditions)
        .texts("filters", &task.filters);
    match &task.servers {
        Servers::Wrong(reason) => line.text("failed", reason),
        Servers::Found(servers) => {
            let servers: Vec<String> = servers
                .iter()
                .map(|(server, roles)| of(server, roles, cleaner))
                .collect();
            line.raw("servers", &format!("[{}]", servers.join(",")))
        }
    };
    line.line()
}

fn of(server: &str, roles: &[String], cleaner: &Cleaner) -> String {
    let mut object = Object::untyped(cleaner);
    object.text("server", server).texts("roles", roles);
    object.end()
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
