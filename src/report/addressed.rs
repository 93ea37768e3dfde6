//! Which servers tasks would address, for standard output.

use crate::recipe::{Addressed, Servers};

/// A line for each task, and one for each of its servers with its roles.
pub fn addressed(tasks: &[Addressed]) -> String {
    tasks.iter().map(task).collect()
}

fn task(task: &Addressed) -> String {
    let conditions = match task.conditions.as_str() {
        "" => "all servers",
        conditions => conditions,
    };
    let filters: String = task.filters.iter().map(|filter| format!("; {filter}")).collect();
    let mut text = format!("{}: {conditions}{filters}\n", task.task);
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
