//! `capr manual`: writes the pages for `man`.

use std::fmt::Write;
use std::io;
use std::path::Path;

use clap::{CommandFactory, ValueEnum};
use clap_mangen::Man;

use super::arguments::{Tool, TypedArguments};
use super::help::{self, NOTES};
use crate::diagnostic::{Diagnostic, Fault};
use crate::io_error::plain;
use crate::manual::{PAGES, escaped, page, roff};
use crate::place::Draft;
use crate::report::Console;

/// Files, each with what it is for.
const FILES: [(&str, &str); 11] = [
    (
        "Caprfile, deploy.rhai, config/deploy.rhai",
        "the recipe, here or in a parent directory, where none is named",
    ),
    ("config/deploy/STAGE.rhai", "a stage, beside the recipe in config"),
    (
        "capr.toml, capr.lock",
        "the libraries that a project has added by capr lib, and which files they are",
    ),
    ("~/.cache/capr/lib", "what was fetched of them"),
    (
        "~/.capr.rhai",
        "loaded before every recipe of this user; -x leaves it out",
    ),
    (
        "/etc/capr.rhai",
        "loaded before every recipe on this machine; -X leaves it out",
    ),
    ("~/.ssh/config, /etc/ssh/ssh_config", "read as ssh(1) reads them"),
    (
        "~/.ssh/known_hosts, /etc/ssh/ssh_known_hosts",
        "the keys of servers that are known",
    ),
    ("~/.ssh/id_*", "keys to log in with"),
    ("~/.local/state/capr/history", "what was typed in capr shell"),
    ("/usr/share/doc/capr", "the guide, where a package has installed it"),
];

/// A page: its path and its source.
struct Written {
    path: String,
    source: String,
}

/// Writes all pages below a directory, as `man` looks for them: `man1`, `man5`. Prints the names of the files.
pub(super) fn write(directory: &Path, console: &Console) -> Result<(), Box<Diagnostic>> {
    let failed = |what: &str, error: &io::Error| {
        Box::new(Diagnostic::new(
            Fault::Failed,
            format!("cannot {what}: {}", plain(error)),
        ))
    };
    let pages = pages().map_err(|error| failed("make the manual pages", &error))?;
    for page in pages {
        let path = directory.join(&page.path);
        let written = Draft::below(directory, Path::new(&page.path)).and_then(|mut draft| {
            draft.write(&page.source)?;
            draft.replace()
        });
        written.map_err(|error| failed(&format!("write {}", path.display()), &error))?;
        console.data(&format!("{}\n", path.display()));
    }
    Ok(())
}

fn pages() -> io::Result<Vec<Written>> {
    let mut pages = vec![whole()?];
    for tool in Tool::value_variants() {
        pages.push(command(*tool)?);
    }
    pages.push(recipe()?);
    Ok(pages)
}

fn put(name: &str, section: char, source: String) -> Written {
    Written {
        path: format!("man{section}/{name}.{section}"),
        source,
    }
}

/// Returns the head of a page: its title and the section NAME.
fn head(name: &str, about: &str, section: char) -> io::Result<(Man, Vec<u8>)> {
    let command = TypedArguments::command().display_name(name.to_owned());
    let man = Man::new(command.about(about.to_owned()).long_about(None::<&str>))
        .title(name.to_uppercase())
        .section(section)
        .date("")
        .source(concat!("capr ", env!("CARGO_PKG_VERSION")))
        .manual("Manual of capr");
    let mut source = Vec::new();
    man.render_title(&mut source)?;
    man.render_name_section(&mut source)?;
    Ok((man, source))
}

/// Returns `capr(1)`.
fn whole() -> io::Result<Written> {
    let (man, source) = head(
        "capr",
        "runs tasks on many servers over SSH and deploys applications",
        '1',
    )?;
    let mut options = Vec::new();
    man.render_options_section(&mut options)?;
    let mut text = String::from_utf8_lossy(&source).into_owned();
    section(&mut text, "SYNOPSIS");
    for (form, _) in help::TASKS {
        synopsis(&mut text, form);
    }
    synopsis(&mut text, "COMMAND [WORD]...");
    let (about, environment, codes) = notes();
    section(&mut text, "DESCRIPTION");
    text.push_str(
        "capr runs the tasks of a recipe on the servers of their roles, on all at once, and deploys applications. What a transaction\n\
         did is undone when it fails. Recipes are described in\n.BR capr\\-recipe (5).\n",
    );
    text.push_str(&about);
    section(&mut text, "COMMANDS");
    text.push_str("The first word may also be one of these commands, each with a page of its own.\n");
    for tool in Tool::value_variants() {
        let (form, brief) = help::line(*tool);
        let name = help::name(*tool);
        entry(
            &mut text,
            &format!("capr {form}"),
            &format!("{brief}; see capr-{name}(1)"),
        );
    }
    text.push_str(&String::from_utf8_lossy(&options));
    section(&mut text, "GUIDE");
    text.push_str("The guide comes with the program:\n");
    for page in PAGES {
        entry(&mut text, &format!("capr help {}", page.name), page.brief);
    }
    section(&mut text, "ENVIRONMENT");
    text.push_str(&environment);
    section(&mut text, "FILES");
    for (file, what) in FILES {
        entry(&mut text, file, what);
    }
    section(&mut text, "EXIT STATUS");
    text.push_str(&codes);
    let names = Tool::value_variants()
        .iter()
        .map(|tool| format!("capr-{}", help::name(*tool)));
    see_also(
        &mut text,
        names,
        &[("capr-recipe", '5'), ("ssh", '1'), ("ssh_config", '5')],
    );
    Ok(put("capr", '1', text))
}

/// Returns the parts of the help besides commands and options: the introduction, the environment, the exit codes.
fn notes() -> (String, String, String) {
    let (mut about, mut environment, mut codes) = (String::new(), String::new(), String::new());
    for paragraph in NOTES.split("\n\n") {
        if let Some(rest) = paragraph.strip_prefix("Environment: ") {
            environment.push_str(&body(rest));
        } else if let Some(rest) = paragraph.strip_prefix("Exit codes: ") {
            codes.push_str(&body(rest));
        } else {
            about.push_str(".PP\n");
            about.push_str(&body(paragraph));
        }
    }
    (about, environment, codes)
}

/// Returns a paragraph whose lines are filled, except for indented ones.
fn body(paragraph: &str) -> String {
    let mut text = String::new();
    let mut stands = false;
    for line in paragraph.lines() {
        if line.starts_with("  ") != stands {
            stands = !stands;
            text.push_str(if stands { ".PP\n.RS 4\n.nf\n" } else { ".fi\n.RE\n.PP\n" });
        }
        text.push_str(&escaped(line.trim_start()));
        text.push('\n');
    }
    if stands {
        text.push_str(".fi\n.RE\n");
    }
    text
}

/// Returns `capr-TOOL(1)`: the explanation in the help, and the part of the guide about it.
fn command(tool: Tool) -> io::Result<Written> {
    let (form, brief) = help::line(tool);
    let name = help::name(tool);
    let page_name = format!("capr-{name}");
    let (_, source) = head(&page_name, brief, '1')?;
    let mut text = String::from_utf8_lossy(&source).into_owned();
    section(&mut text, "SYNOPSIS");
    synopsis(&mut text, form);
    section(&mut text, "DESCRIPTION");
    let _ = writeln!(text, "{}", escaped(help::text(tool)));
    let guide = page("command-line").map(|page| page.document());
    if let Some(part) = guide.and_then(|guide| guide.part(&format!("capr {name}"))) {
        text.push_str(".PP\n");
        text.push_str(&roff(&part));
    }
    section(&mut text, "OPTIONS");
    text.push_str("The options are those of\n.BR capr (1).\n");
    see_also(&mut text, std::iter::empty(), &[("capr", '1'), ("capr-recipe", '5')]);
    Ok(put(&page_name, '1', text))
}

/// Returns `capr-recipe(5)`: the reference of the language.
fn recipe() -> io::Result<Written> {
    let (_, source) = head("capr-recipe", "the language of capr's recipes", '5')?;
    let mut text = String::from_utf8_lossy(&source).into_owned();
    section(&mut text, "DESCRIPTION");
    text.push_str(
        "A recipe sets variables, puts servers into roles and defines tasks. It is a script in the language Rhai (https://rhai.rs),\n\
         with the verbs that are listed here.\n",
    );
    if let Some(page) = page("language") {
        text.push_str(".PP\n");
        text.push_str(&roff(&page.document()));
    }
    see_also(&mut text, std::iter::empty(), &[("capr", '1'), ("capr-check", '1')]);
    Ok(put("capr-recipe", '5', text))
}

fn section(text: &mut String, name: &str) {
    let _ = writeln!(text, ".SH {name}");
}

fn synopsis(text: &mut String, form: &str) {
    let _ = writeln!(text, "\\fBcapr\\fR {}\n.br", escaped(form));
}

fn entry(text: &mut String, term: &str, what: &str) {
    let _ = writeln!(text, ".TP\n\\fB{}\\fR\n{}", escaped(term), escaped(what));
}

fn see_also(text: &mut String, first: impl Iterator<Item = String>, others: &[(&str, char)]) {
    section(text, "SEE ALSO");
    let first = first.map(|name| (name, '1'));
    let others = others.iter().map(|(name, section)| ((*name).to_owned(), *section));
    let all: Vec<(String, char)> = first.chain(others).collect();
    for (place, (name, section)) in all.iter().enumerate() {
        let comma = if place + 1 < all.len() { "," } else { "" };
        let _ = writeln!(text, ".BR {} ({section}){comma}", escaped(name));
    }
}
