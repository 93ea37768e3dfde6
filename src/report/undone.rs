//! The table of a rollback: a row for each handler, a column for all servers to which the same has happened.

use indexmap::IndexMap;

use super::text::{cut, wrap};
use crate::configuration::Server;
use crate::event::UndoneStep;
use crate::listed::listed;

/// The columns of a table where the width of the terminal is not known.
const WIDTH: usize = 80;
/// The most columns of a task's name.
const NAME: usize = 30;
/// The least and the most columns for servers.
const SERVERS: (usize, usize) = (11, 24);
/// The most servers that are named in a column.
const NAMED: usize = 8;
/// The mark for a handler whose task has done nothing on a server.
const NOTHING: &str = "-";

/// Returns the words for the end of a rollback that had this number of handlers.
pub(super) fn rollback_end(is_complete: bool, handlers: usize) -> &'static str {
    match (is_complete, handlers) {
        (false, _) => "rollback incomplete",
        (true, 0) => "nothing to roll back",
        (true, _) => "rolled back",
    }
}

/// The table.
#[derive(Debug, Default)]
pub(super) struct Undone {
    /// The tasks of the handlers.
    pub tasks: Vec<String>,
    /// Servers to which the same has happened, with a word for each handler.
    pub groups: Vec<(Vec<String>, Vec<String>)>,
}

impl Undone {
    /// Makes the table of handlers, each with its servers and a word for what became of it there.
    pub(super) fn of<'a, S>(steps: impl IntoIterator<Item = (&'a str, S)>) -> Self
    where
        S: IntoIterator<Item = (String, &'a str)>,
    {
        let (mut tasks, mut by_server) = (Vec::new(), IndexMap::<String, Vec<String>>::new());
        for (task, servers) in steps {
            for (server, word) in servers {
                let words = by_server.entry(server).or_default();
                words.resize(tasks.len(), NOTHING.to_owned());
                words.push(word.to_owned());
            }
            tasks.push(task.to_owned());
        }
        let mut groups = IndexMap::<Vec<String>, Vec<String>>::new();
        for (server, mut words) in by_server {
            words.resize(tasks.len(), NOTHING.to_owned());
            groups.entry(words).or_default().push(server);
        }
        let groups = groups.into_iter().map(|(words, servers)| (servers, words)).collect();
        Self { tasks, groups }
    }

    /// Makes the table of what was reported; `name` gives the name of a server.
    pub(super) fn of_steps(steps: &[UndoneStep], name: impl Fn(&Server) -> String) -> Self {
        Self::of(steps.iter().map(|step| {
            let servers = step.servers.iter();
            let words = servers.map(|on| (name(&on.server), on.end.word()));
            (step.task.as_str(), words)
        }))
    }

    /// Returns the table for a terminal of this width; servers that have no room beside the others follow below.
    pub(super) fn render(&self, columns: Option<usize>) -> String {
        let columns = columns.unwrap_or(WIDTH).max(NAME + SERVERS.1);
        let widest = self.tasks.iter().map(|task| task.chars().count()).max().unwrap_or(0);
        let name = widest.clamp("rollback".len(), NAME);
        let (mut text, mut part, mut room) = (String::new(), Vec::new(), columns - name - 2);
        for (servers, words) in &self.groups {
            let width = servers
                .iter()
                .map(|server| server.chars().count() + 1)
                .max()
                .unwrap_or(0);
            let width = width.clamp(SERVERS.0, SERVERS.1).min(columns - name - 2);
            if room < width + 2 && !part.is_empty() {
                self.add(&mut text, name, &part);
                (part, room) = (Vec::new(), columns - name - 2);
            }
            room = room.saturating_sub(width + 2);
            part.push((width, head(servers, width), words));
        }
        self.add(&mut text, name, &part);
        text
    }

    /// Adds the lines of a part of the table: these columns beside each other.
    fn add(&self, text: &mut String, name: usize, part: &[(usize, Vec<String>, &Vec<String>)]) {
        let mut line = |first: &str, cells: Vec<&str>| {
            let mut line = format!("{first:name$}  ");
            for (cell, (width, ..)) in cells.into_iter().zip(part) {
                line.push_str(&format!("{cell:width$}  "));
            }
            text.push_str(line.trim_end());
            text.push('\n');
        };
        let height = part.iter().map(|(_, head, _)| head.len()).max().unwrap_or(0);
        for row in 0..height {
            let cells = part.iter().map(|(_, head, _)| head.get(row).map_or("", String::as_str));
            line(if row == 0 { "rollback" } else { "" }, cells.collect());
        }
        for (row, task) in self.tasks.iter().enumerate() {
            let cells = part.iter().map(|(.., words)| words.get(row).map_or("", String::as_str));
            line(&cut(task, name), cells.collect());
        }
    }
}

/// Returns the lines above a column: the servers, as many as are named.
fn head(servers: &[String], width: usize) -> Vec<String> {
    let lines = wrap(&listed(servers, NAMED), width);
    lines.iter().map(|line| cut(line, width)).collect()
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::Undone;

    fn on<'a>(names: &[&str], word: &'a str) -> Vec<(String, &'a str)> {
        names.iter().map(|name| ((*name).to_owned(), word)).collect()
    }

    #[test]
    fn b27_servers_to_which_the_same_has_happened_share_a_column() {
        let (good, bad) = (["www1.example.com", "www2.example.com", "db1"], ["app2"]);
        let switch = [on(&good, "undone"), on(&bad, "failed"), on(&["db2"], "unreachable")].concat();
        let update = [on(&good, "undone"), on(&bad, "undone"), on(&["db2"], "unreachable")].concat();
        let steps = [
            ("deploy:web:disable", on(&good[..2], "undone")),
            ("deploy:create_symlink", switch),
            ("deploy:update_code", update),
        ];
        let table = Undone::of(steps);
        assert_snapshot!(table.render(Some(80)), @r"
        rollback               www1.example.com,  db1          app2
                               www2.example.com
        deploy:web:disable     undone             -            -
        deploy:create_symlink  undone             undone       failed
        deploy:update_code     undone             undone       undone
        rollback               db2
        deploy:web:disable     -
        deploy:create_symlink  unreachable
        deploy:update_code     unreachable
        ");
    }

    #[test]
    fn a_table_of_many_servers_and_long_names_is_as_wide_as_the_terminal() {
        let names: Vec<String> = (0..40)
            .map(|number| format!("h{number:03}.a-long-name.example.com"))
            .collect();
        let words = ["undone", "failed", "broken off", "unreachable", "not tried"];
        let servers = names.iter().cloned().zip(words.into_iter().cycle());
        let task = "a:namespace:of:a:library:with_a_long_name";
        let table = Undone::of([(task, servers.collect::<Vec<_>>())]);
        for columns in [80, 54, 200] {
            let text = table.render(Some(columns));
            assert!(text.lines().all(|line| line.chars().count() <= columns), "{text}");
            for word in words {
                assert!(text.contains(word), "{word}: {text}");
            }
        }
    }
}
