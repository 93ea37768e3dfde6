//! `capr help [WORD]`: an overview of capr, one of its commands, a page of the guide, or a verb or function of the language.

use clap::{CommandFactory, ValueEnum};

use super::arguments::{Tool, TypedArguments};
use super::shell::Invocation;
use super::{help, pager, refuse};
use crate::configuration::suggestion;
use crate::diagnostic::{Diagnostic, Fault};
use crate::manual::{self, Document, PAGES, everything, page, screen, section};
use crate::report::Console;

/// The word of `capr help all`: all pages in one, as Markdown.
pub(super) const ALL: &str = "all";

/// The width of a page if there is no terminal.
const COLUMNS: usize = 100;

pub(super) fn help(words: &[String], is_colored: bool, shell: &Invocation, console: &Console) -> u8 {
    let named = match words {
        [_] => {
            console.data(&TypedArguments::command().render_help().to_string());
            return 0;
        }
        [_, all] if all == ALL => {
            console.data(&everything());
            return 0;
        }
        [_, named] => named,
        _ => {
            let message = "help takes one word, a command, a topic, a verb or a function: capr help check";
            return refuse(console, &[Diagnostic::new(Fault::Usage, message)]);
        }
    };
    let columns = shell.data.columns.unwrap_or(COLUMNS);
    let shown = |document: Document| screen(&document, columns, is_colored);
    let topic = page(named).map(|page| page.document()).or_else(|| section(named));
    match (Tool::from_str(named, false).ok(), topic) {
        // A command and a topic may have the same name.
        (Some(tool), Some(topic)) => {
            let both = format!("{}\n{}", help::of(tool), shown(topic));
            pager::show(&both, is_colored, shell, console);
        }
        (Some(tool), None) => console.data(&help::of(tool)),
        (None, Some(topic)) => pager::show(&shown(topic), is_colored, shell, console),
        (None, None) => return refuse(console, &[unknown(named)]),
    }
    0
}

fn unknown(named: &str) -> Diagnostic {
    let tools = Tool::value_variants()
        .iter()
        .filter_map(|tool| tool.to_possible_value());
    let mut names: Vec<String> = tools.map(|tool| tool.get_name().to_owned()).collect();
    names.extend(PAGES.iter().map(|page| page.name.to_owned()));
    names.extend(manual::names());
    let message = format!("there is no command, topic, verb or function `{named}'");
    let mut diagnostic = Diagnostic::new(Fault::Usage, message);
    diagnostic
        .hints
        .extend(suggestion(named, names.iter().map(String::as_str)));
    let tasks = format!("capr help lists commands and topics; capr -e {named} tells of a task");
    diagnostic.hint(tasks)
}
