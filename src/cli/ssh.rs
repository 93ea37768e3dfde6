//! `capr ssh`: logs in to a server of a recipe with the system's `ssh`, using the recipe's settings for reaching it.

use std::io::{IsTerminal, stdin};
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use crate::configuration::suggestion;
use crate::diagnostic::{Diagnostic, Fault};
use crate::io_error::plain;
use crate::listed::listed;
use crate::plan::quote_words;
use crate::recipe::{Examined, Recipe};
use crate::report::Console;
use crate::session::ssh::command_line;

use super::connectors::{self, Ssh};
use super::refuse;

/// The number of servers that an error names.
const NAMED: usize = 12;

/// A login that a person wants.
pub(super) struct WantedLogin {
    /// The server, after the stage that a word may name.
    pub(super) words: Vec<String>,
    /// The command to run there; empty for the login shell.
    pub(super) command: Vec<String>,
    pub(super) ssh: Ssh,
    /// True if the command line is only shown.
    pub(super) is_rehearsal: bool,
}

/// Becomes ssh. Returns only if it cannot, or if only the command line is to be shown.
pub(super) fn run(recipe: &Recipe, login: WantedLogin, console: &Console) -> u8 {
    let is_shown = login.is_rehearsal;
    match call(recipe, login) {
        Ok(call) if is_shown => {
            console.data(&format!("{}\n", quote_words(&call)));
            0
        }
        Ok(call) => {
            let error = Command::new("ssh").args(call.get(1..).unwrap_or_default()).exec();
            let message = format!("cannot run ssh: {}", plain(&error));
            refuse(
                console,
                &[Diagnostic::new(Fault::Failed, message).hint("it comes with the package openssh-client")],
            )
        }
        Err(wrong) => refuse(console, &wrong),
    }
}

/// Returns the whole command line.
fn call(recipe: &Recipe, login: WantedLogin) -> Result<Vec<String>, Vec<Diagnostic>> {
    let WantedLogin {
        words, command, ssh, ..
    } = login;
    let usage = |message: String| vec![Diagnostic::new(Fault::Usage, message)];
    let named = recipe.enter_stage(&words)?;
    let [named] = named.as_slice() else {
        let message = "ssh takes one server: capr ssh RECIPE SERVER";
        let names = recipe.examined().map(|servers| servers_listed(&names(&servers)));
        let wrong = Diagnostic::new(Fault::Usage, message);
        return Err(vec![names.into_iter().fold(wrong, Diagnostic::hint)]);
    };
    let servers = recipe.examined().map_err(|wrong| vec![*wrong])?;
    let server = found(&servers, named).map_err(|wrong| vec![*wrong])?;
    let mut destinations = [server.destination.clone()];
    // This adds the configuration files of the command line.
    connectors::ssh(ssh, &mut destinations);
    let [destination] = &destinations;
    let mut call = vec!["ssh".to_owned()];
    if !command.is_empty() && stdin().is_terminal() {
        // A command that a person types may want a terminal.
        call.push("-t".to_owned());
    }
    call.extend(command_line(destination).map_err(usage)?);
    match command.as_slice() {
        [] => {}
        [text] => call.push(text.clone()),
        words => call.push(quote_words(words)),
    }
    Ok(call)
}

/// Returns the server that a name stands for: its whole name, or the beginning of it up to a dot if no other has the same.
fn found<'a>(servers: &'a [Examined], named: &str) -> Result<&'a Examined, Box<Diagnostic>> {
    let whole = |server: &&Examined| {
        let server = &server.destination.server;
        server.to_string() == named || server.host == named
    };
    let short = |server: &&Examined| {
        let rest = server.destination.server.host.strip_prefix(named);
        rest.is_some_and(|rest| rest.starts_with('.'))
    };
    let mut fitting: Vec<&Examined> = servers.iter().filter(whole).collect();
    if fitting.is_empty() {
        fitting = servers.iter().filter(short).collect();
    }
    match fitting.as_slice() {
        [server] => Ok(server),
        [] => {
            let names = names(servers);
            let mut diagnostic = Diagnostic::new(Fault::Usage, format!("the recipe has no server `{named}'"));
            diagnostic
                .hints
                .extend(suggestion(named, names.iter().map(String::as_str)));
            if diagnostic.hints.is_empty() {
                diagnostic.hints.push(servers_listed(&names));
            }
            Err(Box::new(diagnostic))
        }
        several => {
            let names: Vec<String> = several
                .iter()
                .map(|server| server.destination.server.to_string())
                .collect();
            let message = format!("`{named}' may be each of {}", names.join(", "));
            Err(Box::new(Diagnostic::new(Fault::Usage, message)))
        }
    }
}

/// Returns the names of servers.
fn names(servers: &[Examined]) -> Vec<String> {
    let servers = servers.iter();
    servers.map(|server| server.destination.server.to_string()).collect()
}

/// Returns a sentence with the names of a recipe's servers, of many the first ones.
fn servers_listed(names: &[String]) -> String {
    let shown = listed(names, NAMED);
    match names.len() {
        0 => "it names no servers; role :app, \"app1.example.com\"; names one".to_owned(),
        1..=NAMED => format!("its servers: {shown}"),
        _ => format!("its servers: {shown}: capr RECIPE TASK --servers"),
    }
}

#[cfg(test)]
mod tests {
    use super::servers_listed;

    #[test]
    fn of_many_servers_the_first_are_named_and_of_none_it_is_said_how_one_is() {
        let names: Vec<String> = (1..=200).map(|number| format!("app{number}")).collect();
        assert_eq!(
            servers_listed(names.get(..2).unwrap_or_default()),
            "its servers: app1, app2"
        );
        assert!(servers_listed(&names).contains("app12 and 188 more"));
        assert!(servers_listed(&[]).starts_with("it names no servers"));
    }
}
