//! Shows a page in a pager if standard output is a terminal; else prints it.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{Seek, Write};
use std::os::unix::process::CommandExt;
use std::process::Command;

use super::shell::Invocation;
use crate::report::Console;

/// The pager if nobody names one.
const USUAL: &str = "less";
/// The environment of `less` if the person sets none: a page that fits on the screen stays there, and styles are kept.
const OPTIONS: (&str, &str) = ("LESS", "FRX");

/// Shows a page, with or without styles. A pager replaces this process, so that everything that is typed there (Ctrl-C, too) is
/// for the pager alone.
pub(super) fn show(page: &str, has_styles: bool, shell: &Invocation, console: &Console) {
    if let Some(pager) = pager(shell)
        && let Ok(file) = unnamed(page)
    {
        let mut command = command(pager, shell);
        // It returns only if the pager cannot be started.
        let _ = command.stdin(file).exec();
    }
    console.page(page, has_styles);
}

/// Returns the command in `PAGER`, as `man` reads it; `None` if no terminal would show it.
fn pager(shell: &Invocation) -> Option<&str> {
    if !shell.data.is_terminal || shell.is_dumb() {
        return None;
    }
    let named = shell.environment.get("PAGER").map_or(USUAL, String::as_str).trim();
    Some(named).filter(|named| !["", "cat"].contains(named))
}

fn command(pager: &str, shell: &Invocation) -> Command {
    let mut command = match pager.contains(char::is_whitespace) {
        true => Command::new("sh"),
        false => Command::new(pager),
    };
    if command.get_program() == OsStr::new("sh") {
        command.args(["-c", pager]);
    }
    let (name, value) = OPTIONS;
    if shell.variable(name).is_none() {
        command.env(name, value);
    }
    command
}

/// Returns a file without a name that holds the page, at its beginning.
fn unnamed(page: &str) -> std::io::Result<File> {
    let mut file = tempfile::tempfile()?;
    file.write_all(page.as_bytes())?;
    file.rewind()?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::{Invocation, pager};
    use crate::cli::shell::StreamTerminal;

    #[test]
    fn only_a_terminal_has_a_pager() {
        let with = |is_terminal, environment: &[(&str, &str)]| {
            let environment = environment.iter();
            let shell = Invocation {
                environment: environment
                    .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                    .collect(),
                data: StreamTerminal {
                    is_terminal,
                    columns: None,
                },
                ..Invocation::default()
            };
            pager(&shell).map(str::to_owned)
        };
        assert_eq!(with(false, &[("PAGER", "more")]), None);
        assert_eq!(with(true, &[]).as_deref(), Some("less"));
        assert_eq!(with(true, &[("PAGER", "more -s")]).as_deref(), Some("more -s"));
        for environment in [("PAGER", ""), ("PAGER", "cat"), ("TERM", "dumb")] {
            assert_eq!(with(true, &[environment]), None, "{environment:?}");
        }
    }
}
