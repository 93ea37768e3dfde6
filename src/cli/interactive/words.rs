//! Completion in the interactive shell: its own words, roles, servers, tasks, variables, and the programs of earlier commands.

use std::collections::BTreeSet;

use rustyline::completion::Completer;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::validate::Validator;
use rustyline::{Context, Helper};

use super::line::{ALL, ShellLine, What};
use crate::recipe::Recipe;
use crate::report::is_plain;

/// The shell's own words that begin a line.
const FIRST: [&str; 6] = ["exit", "help", "on", "quit", "set", "with"];

/// The names that can be completed.
#[derive(Debug, Default)]
pub(super) struct ShellNames {
    pub(super) tasks: Vec<String>,
    pub(super) roles: Vec<String>,
    pub(super) servers: Vec<String>,
    pub(super) variables: Vec<String>,
    programs: BTreeSet<String>,
}

impl ShellNames {
    pub(super) fn of(recipe: &Recipe) -> Self {
        let variables = recipe.variables(|_| true, false);
        let words = Self {
            tasks: {
                let tasks = recipe.tasks().into_iter().chain(recipe.synonyms());
                tasks.map(|task| task.name).collect()
            },
            roles: recipe.roles(),
            servers: recipe.servers(),
            variables: variables.into_iter().map(|variable| variable.name).collect(),
            programs: BTreeSet::new(),
        };
        // Control and hidden characters cannot be typed, and a terminal would obey some of them.
        let plain = |words: Vec<String>| words.into_iter().filter(|word| is_plain(word)).collect();
        Self {
            tasks: plain(words.tasks),
            roles: plain(words.roles),
            servers: plain(words.servers),
            variables: plain(words.variables),
            ..words
        }
    }

    /// Remembers the program that a line calls.
    pub(super) fn remember(&mut self, line: &str) {
        if let ShellLine::Do {
            what: What::Command(command),
            ..
        } = ShellLine::of(line)
            && let Some(program) = command.split_whitespace().next()
        {
            self.programs.insert(program.to_owned());
        }
    }

    /// Returns the words that may replace the one at the end of `before`, and the place where that one begins.
    fn offers(&self, before: &str) -> (usize, Vec<String>) {
        let (scope, rest) = split_scope(before);
        let start = before.len() - rest.len();
        let fitting = |word: &str, offers: &mut dyn Iterator<Item = &str>| -> (usize, Vec<String>) {
            let found = offers.filter(|offer| offer.starts_with(word)).map(str::to_owned);
            (before.len() - word.len(), found.collect())
        };
        let last = rest.rsplit(char::is_whitespace).next().unwrap_or_default();
        if let Some(tasks) = rest.strip_prefix('!') {
            let last = tasks.rsplit(char::is_whitespace).next().unwrap_or_default();
            return fitting(last, &mut of(&self.tasks));
        }
        let name = last.rsplit(',').next().unwrap_or_default();
        match rest.split_once(char::is_whitespace) {
            None => {
                let own = FIRST.into_iter().filter(|_| scope == 0);
                let mut offers: BTreeSet<&str> = own.collect();
                offers.extend(self.programs.iter().map(String::as_str));
                fitting(last, &mut offers.into_iter())
            }
            Some(("with", names)) if scope == 0 && is_one_word(names) => {
                fitting(name, &mut of(&self.roles).chain(of(&self.tasks)).chain([ALL]))
            }
            Some(("on", names)) if scope == 0 && is_one_word(names) => {
                fitting(name, &mut of(&self.servers).chain([ALL]))
            }
            Some(("set", word)) if scope == 0 && is_one_word(word) => match word.trim_start().strip_prefix(':') {
                Some(name) => fitting(name, &mut of(&self.variables)),
                None => fitting(last, &mut ["-o", "-v", ":"].into_iter()),
            },
            _ => (start, Vec::new()),
        }
    }
}

fn of(words: &[String]) -> impl Iterator<Item = &str> {
    words.iter().map(String::as_str)
}

fn is_one_word(text: &str) -> bool {
    !text.trim_start().contains(char::is_whitespace)
}

/// Returns the length of `with … ` or `on … ` before a command, and the command.
fn split_scope(text: &str) -> (usize, &str) {
    let rest = text.trim_start();
    let behind = |rest: &'_ str| -> Option<usize> {
        let (word, names) = rest.split_once(char::is_whitespace)?;
        let (_, command) = names.trim_start().split_once(char::is_whitespace)?;
        matches!(word, "with" | "on").then_some(command.trim_start().len())
    };
    match behind(rest).and_then(|length| text.split_at_checked(text.len() - length)) {
        Some((scope, command)) => (scope.len(), command),
        None => (0, rest),
    }
}

impl Completer for ShellNames {
    type Candidate = String;

    fn complete(&self, line: &str, at: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<String>)> {
        Ok(self.offers(line.get(..at).unwrap_or(line)))
    }
}

impl Hinter for ShellNames {
    type Hint = String;
}

impl Highlighter for ShellNames {}
impl Validator for ShellNames {}
impl Helper for ShellNames {}

#[cfg(test)]
mod tests {
    use super::ShellNames;

    #[test]
    fn what_was_typed_says_which_names_may_follow() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let mut words = ShellNames {
            tasks: names(&["deploy", "deploy:restart", "web:disable"]),
            roles: names(&["app", "web"]),
            servers: names(&["app1", "u@app2:2222"]),
            variables: names(&["branch"]),
            ..ShellNames::default()
        };
        words.remember("uptime -p");
        words.remember("with app uname -a");
        words.remember("!deploy");
        for (before, at, offers) in [
            (
                "",
                0,
                &["exit", "help", "on", "quit", "set", "uname", "uptime", "with"][..],
            ),
            ("u", 0, &["uname", "uptime"]),
            ("with a", 5, &["app", "all"]),
            ("with app,w", 9, &["web", "web:disable"]),
            ("with app u", 9, &["uname", "uptime"]),
            ("with app s", 9, &[]),
            ("on a", 3, &["app1", "all"]),
            ("on app1,u", 8, &["u@app2:2222"]),
            ("!dep", 1, &["deploy", "deploy:restart"]),
            ("!deploy web:", 8, &["web:disable"]),
            ("with app !deploy:", 10, &["deploy:restart"]),
            ("set :b", 5, &["branch"]),
            ("set -", 4, &["-o", "-v"]),
            ("ls -l wi", 0, &[]),
        ] {
            let (start, found) = words.offers(before);
            assert_eq!(found, offers, "{before:?}");
            assert!(offers.is_empty() || start == at, "{before:?}: {start}");
        }
    }
}
