//! The meaning of a line of the interactive shell. Pure.

use crate::event::Level;
use crate::recipe::Whom;

/// A line that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ShellLine {
    /// An empty line, or a comment.
    Nothing,
    Help,
    Leave,
    /// Sets the verbosity: `set -v 2`.
    Verbosity(Level),
    /// Sets the keys for editing: `set -o vi`.
    Keys(Keys),
    /// Sets a variable: `set :name value`.
    Set {
        name: String,
        value: String,
    },
    /// Sets the servers of the lines that follow.
    Scope(Whom),
    /// Runs tasks or a command, for these servers if the line names some.
    Do {
        whom: Option<Whom>,
        what: What,
    },
    /// An error, with the right form.
    Wrong(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    Tasks(Vec<String>),
    Command(String),
}

/// The keys by which a line is edited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keys {
    Emacs,
    Vi,
}

/// The word for all servers in place of roles and hosts.
pub(super) const ALL: &str = "all";

impl ShellLine {
    /// Reads a line.
    pub(super) fn of(text: &str) -> Self {
        let text = text.trim();
        if text.is_empty() || text.starts_with('#') {
            return Self::Nothing;
        }
        let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let rest = rest.trim_start();
        match (word, rest) {
            ("help" | "?", "") => Self::Help,
            ("exit" | "quit", "") => Self::Leave,
            ("set", rest) => setting(rest).unwrap_or_else(|| done(None, text)),
            ("with", "") => Self::Wrong(format!("with takes roles or tasks: with app,db [COMMAND]; with {ALL}")),
            ("on", "") => Self::Wrong(format!("on takes servers: on app1,app2 [COMMAND]; on {ALL}")),
            ("with" | "on", rest) => {
                let (names, rest) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
                let whom = whom(word, names);
                match rest.trim_start() {
                    "" => Self::Scope(whom),
                    rest => done(Some(whom), rest),
                }
            }
            _ => done(None, text),
        }
    }
}

fn done(whom: Option<Whom>, text: &str) -> ShellLine {
    let Some(tasks) = text.strip_prefix('!') else {
        return ShellLine::Do {
            whom,
            what: What::Command(text.to_owned()),
        };
    };
    let tasks: Vec<String> = tasks.split_whitespace().map(str::to_owned).collect();
    match tasks.is_empty() {
        true => ShellLine::Wrong("! takes the names of tasks: !deploy:restart".to_owned()),
        false => ShellLine::Do {
            whom,
            what: What::Tasks(tasks),
        },
    }
}

fn whom(word: &str, names: &str) -> Whom {
    let names: Vec<String> = names
        .split(',')
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect();
    match names.as_slice() {
        [] => Whom::All,
        [name] if name == ALL => Whom::All,
        _ if word == "with" => Whom::Roles(names),
        _ => Whom::Hosts(names),
    }
}

/// Reads a setting; `None` for a `set` that belongs to the servers' shells.
fn setting(rest: &str) -> Option<ShellLine> {
    if let Some(rest) = rest.strip_prefix(':') {
        let (name, value) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        return Some(match (name, value.trim()) {
            ("", _) | (_, "") => ShellLine::Wrong("set takes a name and a value: set :branch main".to_owned()),
            (name, value) => ShellLine::Set {
                name: name.to_owned(),
                value: value.to_owned(),
            },
        });
    }
    if let Some(number) = rest.strip_prefix("-v") {
        return Some(match number.trim() {
            "0" => ShellLine::Verbosity(Level::Important),
            "1" => ShellLine::Verbosity(Level::Info),
            "2" => ShellLine::Verbosity(Level::Debug),
            "3" => ShellLine::Verbosity(Level::Trace),
            _ => ShellLine::Wrong("set -v takes 0 (what is important), 1, 2 or 3 (everything)".to_owned()),
        });
    }
    match rest.split_whitespace().collect::<Vec<_>>().as_slice() {
        ["-o", "vi"] => Some(ShellLine::Keys(Keys::Vi)),
        ["-o", "emacs"] => Some(ShellLine::Keys(Keys::Emacs)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Keys, ShellLine, What};
    use crate::event::Level;
    use crate::recipe::Whom;

    fn command(whom: Option<Whom>, text: &str) -> ShellLine {
        ShellLine::Do {
            whom,
            what: What::Command(text.to_owned()),
        }
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn i1_words_of_the_shell_stand_alone() {
        for (text, line) in [
            ("", ShellLine::Nothing),
            ("   ", ShellLine::Nothing),
            ("# a note", ShellLine::Nothing),
            (" help ", ShellLine::Help),
            ("?", ShellLine::Help),
            ("exit", ShellLine::Leave),
            ("quit", ShellLine::Leave),
            ("exit 3", command(None, "exit 3")),
            ("help me", command(None, "help me")),
            (" ls  -l ", command(None, "ls  -l")),
        ] {
            assert_eq!(ShellLine::of(text), line, "{text:?}");
        }
    }

    #[test]
    fn i2_with_and_on_say_whom_a_line_is_for_or_all_that_come() {
        let roles = |given: &[&str]| Whom::Roles(names(given));
        let hosts = |given: &[&str]| Whom::Hosts(names(given));
        for (text, line) in [
            ("with app uptime", command(Some(roles(&["app"])), "uptime")),
            ("with app,db  ls -l", command(Some(roles(&["app", "db"])), "ls -l")),
            (
                "on h1,u@h2:22 uptime",
                command(Some(hosts(&["h1", "u@h2:22"])), "uptime"),
            ),
            ("with app", ShellLine::Scope(roles(&["app"]))),
            ("on h1", ShellLine::Scope(hosts(&["h1"]))),
            ("with all", ShellLine::Scope(Whom::All)),
            ("on all", ShellLine::Scope(Whom::All)),
            ("on all uptime", command(Some(Whom::All), "uptime")),
            ("once upon", command(None, "once upon")),
            ("without app", command(None, "without app")),
        ] {
            assert_eq!(ShellLine::of(text), line, "{text:?}");
        }
        assert!(matches!(ShellLine::of("with"), ShellLine::Wrong(_)));
        assert!(matches!(ShellLine::of("on "), ShellLine::Wrong(_)));
    }

    #[test]
    fn i3_an_exclamation_mark_runs_tasks() {
        let tasks = |whom, given: &[&str]| ShellLine::Do {
            whom,
            what: What::Tasks(names(given)),
        };
        assert_eq!(
            ShellLine::of("!deploy web:disable"),
            tasks(None, &["deploy", "web:disable"])
        );
        assert_eq!(ShellLine::of("! deploy"), tasks(None, &["deploy"]));
        assert_eq!(
            ShellLine::of("with app !deploy"),
            tasks(Some(Whom::Roles(names(&["app"]))), &["deploy"])
        );
        assert!(matches!(ShellLine::of("!"), ShellLine::Wrong(_)));
    }

    #[test]
    fn i4_set_is_of_the_shell_where_it_says_so() {
        let set = |name: &str, value: &str| ShellLine::Set {
            name: name.to_owned(),
            value: value.to_owned(),
        };
        for (text, line) in [
            ("set -v 2", ShellLine::Verbosity(Level::Debug)),
            ("set -v0", ShellLine::Verbosity(Level::Important)),
            ("set -o vi", ShellLine::Keys(Keys::Vi)),
            ("set -o emacs", ShellLine::Keys(Keys::Emacs)),
            ("set :branch  main line", set("branch", "main line")),
            ("set -e; ls", command(None, "set -e; ls")),
            ("set", command(None, "set")),
        ] {
            assert_eq!(ShellLine::of(text), line, "{text:?}");
        }
        for text in ["set -v 4", "set -v", "set :branch", "set : x"] {
            assert!(matches!(ShellLine::of(text), ShellLine::Wrong(_)), "{text:?}");
        }
    }
}
