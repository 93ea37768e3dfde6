//! `capr lib`: the libraries of others that a project has added, and those that a person writes for others.

mod doc;
mod list;
mod new;
mod show;
mod take;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use crate::diagnostic::{Diagnostic, Fault};
use crate::interrupt::Interrupt;
use crate::libraries::{Fetched, Manner, Places, Project, Resolver};
use crate::report::Console;
use crate::secret::Redactor;
use crate::trust::Trust;

use super::arguments::TypedArguments;
use super::search;
use super::settings::UsageError;
use super::shell::Invocation;

/// The words after `capr lib`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Deed {
    /// Adds a library to the project
    Add,
    /// Takes newer versions
    Update,
    /// Fetches what capr.lock names
    Fetch,
    /// Lists the libraries of the project
    List,
    /// Takes a library out of the project
    Remove,
    /// Copies the libraries into the project
    Vendor,
    /// Makes a library
    New,
    /// Writes the reference of a library
    Doc,
}

/// The options of a call.
struct Options<'a> {
    yes: bool,
    locked: bool,
    offline: bool,
    sha256: Option<&'a str>,
    json: bool,
}

/// A call in a project.
struct Call<'a> {
    options: Options<'a>,
    shell: &'a Invocation,
    console: &'a Console,
    redactor: Redactor,
    trust: Trust,
    project: Project,
}

/// The line for a project without libraries of others.
const NOTHING_ADDED: &str = "this project has added no library: capr lib add GIT_URL[@TAG]\n";

/// An error, as it is reported.
type Wrong = Box<Diagnostic>;

/// Runs the command and returns its exit code.
pub(super) fn run(
    arguments: &TypedArguments,
    shell: &Invocation,
    console: &Console,
    redactor: Redactor,
) -> Result<u8, Wrong> {
    let words: Vec<&str> = arguments.words.iter().skip(1).map(String::as_str).collect();
    let (deed, words) = match words.split_first() {
        Some((first, rest)) => (Deed::from_str(first, false).map_err(|_| no_deed(first))?, rest),
        None => {
            return Err(usage(
                "lib takes a word: add, update, fetch, list, remove, vendor, new or doc",
            ));
        }
    };
    check_options(deed, arguments)?;
    let directory = directory(shell);
    let trust = search::trust(&[], None, shell);
    let places = Places {
        project: directory.clone(),
        cache: search::cache(shell),
    };
    if deed == Deed::New {
        return match words {
            [name] => new::new(name, shell, console),
            _ => Err(usage("lib new takes the name of a library: capr lib new chat")),
        };
    }
    let mut call = Call {
        options: Options {
            yes: arguments.yes,
            locked: arguments.locked,
            offline: arguments.offline,
            sha256: arguments.sha256.as_deref(),
            json: arguments.json,
        },
        project: Project::open(places, &trust)?,
        shell,
        console,
        redactor,
        trust,
    };
    match (deed, words) {
        (Deed::Add, [word]) => call.add(word),
        (Deed::Add, _) => Err(usage("lib add takes one source: capr lib add GIT_URL[@TAG]")),
        (Deed::Update, names) => call.update(names),
        (Deed::Fetch, []) => call.fetch(),
        (Deed::List, []) => call.list(),
        (Deed::Remove, [name]) => call.remove(name),
        (Deed::Remove, _) => Err(usage("lib remove takes the name of a library: capr lib remove chat")),
        (Deed::Vendor, []) => call.vendor(),
        (Deed::Doc, [word]) => call.doc(word),
        (Deed::Doc, _) => Err(usage(
            "lib doc takes the name or the path of a library: capr lib doc chat",
        )),
        (Deed::Fetch | Deed::List | Deed::Vendor, _) => Err(usage("lib fetch, list and vendor take no words")),
        (Deed::New, _) => Ok(0),
    }
}

fn usage(message: impl Into<String>) -> Wrong {
    Box::new(Diagnostic::new(Fault::Usage, message))
}

fn no_deed(word: &str) -> Wrong {
    let names = Deed::value_variants().iter().filter_map(Deed::to_possible_value);
    let names: Vec<String> = names.map(|name| name.get_name().to_owned()).collect();
    let mut wrong = Diagnostic::new(Fault::Usage, format!("lib has no `{word}'"));
    let meant = crate::configuration::suggestion(word, names.iter().map(String::as_str));
    wrong
        .hints
        .push(meant.unwrap_or_else(|| format!("it has {}", names.join(", "))));
    Box::new(wrong)
}

fn check_options(deed: Deed, arguments: &TypedArguments) -> Result<(), Wrong> {
    if arguments.out.is_some() || arguments.force {
        return Err(Box::new(UsageError::Port.into()));
    }
    for (is_said, option, deeds) in [
        (arguments.json, "--json", &[Deed::List][..]),
        (arguments.sha256.is_some(), "--sha256", &[Deed::Add]),
        (arguments.locked, "--locked", &[Deed::Fetch, Deed::Vendor]),
        (
            arguments.offline,
            "--offline",
            &[Deed::Add, Deed::Fetch, Deed::Remove, Deed::Update, Deed::Vendor],
        ),
        (
            arguments.yes,
            "--yes",
            &[Deed::Add, Deed::Fetch, Deed::Remove, Deed::Update, Deed::Vendor],
        ),
    ] {
        if is_said && !deeds.contains(&deed) {
            let names = deeds.iter().filter_map(Deed::to_possible_value);
            let names: Vec<String> = names.map(|name| format!("lib {}", name.get_name())).collect();
            return Err(usage(format!("{option} belongs to {}", names.join(", "))));
        }
    }
    Ok(())
}

/// Returns the directory of the project: that of `capr.toml`, else that of the recipe, else this one.
fn directory(shell: &Invocation) -> PathBuf {
    let of_recipe = || search::find(&shell.directory).map(|(directory, _)| directory);
    Project::find(&shell.directory)
        .or_else(of_recipe)
        .unwrap_or_else(|| shell.directory.clone())
}

/// Returns the names of the project's libraries, for completion; none if its files cannot be read.
pub(super) fn names(shell: &Invocation) -> BTreeSet<String> {
    let places = Places {
        project: directory(shell),
        cache: search::cache(shell),
    };
    let Ok(project) = Project::open(places, &search::trust(&[], None, shell)) else {
        return BTreeSet::new();
    };
    let locked = project.lock.libraries.into_iter().map(|locked| locked.name);
    project.manifest.libraries.into_keys().chain(locked).collect()
}

impl Call<'_> {
    fn resolver(&self, anew: Vec<String>) -> Resolver<'_> {
        Resolver {
            project: &self.project,
            trust: &self.trust,
            is_offline: self.options.offline,
            manner: Manner {
                may_ask: self.shell.messages.is_terminal && !self.options.yes,
                ssh: self.shell.variable("GIT_SSH_COMMAND").map(str::to_owned),
                patience: None,
            },
            anew,
            fetched: Fetched::default(),
        }
    }

    /// Returns true if the project neither wants nor has libraries of others.
    fn has_added_nothing(&self) -> bool {
        self.project.lock.libraries.is_empty() && self.project.manifest.libraries.is_empty()
    }

    fn tell(&self, text: &str) {
        // The page contains other people's strings, so it is cleaned.
        self.console.page(text, false);
    }

    /// Returns a path that was typed here as it is written in the project's files.
    fn seen_from_project(&self, typed: &str) -> String {
        let here = &self.shell.directory;
        match Path::new(typed).is_absolute() || *here == self.project.places.project {
            true => typed.to_owned(),
            false => seen_from(&here.join(typed), &self.project.places.project),
        }
    }

    /// Asks whether to do what was shown.
    fn ask(&self, question: &str) -> Result<bool, Wrong> {
        if self.options.yes {
            return Ok(true);
        }
        let prompts =
            super::prompts::TerminalPrompts::new(self.console.clone(), self.redactor.clone(), Interrupt::default());
        let failed = |error: std::io::Error| Diagnostic::new(Fault::Failed, crate::io_error::plain(&error));
        let mut prompts = prompts.map_err(|error| Box::new(failed(error)))?;
        let answer = crate::recipe::Prompts::question(&mut prompts, &format!("{question} [y/N] "));
        let answer = answer.map_err(|reason| Box::new(reason.into()))?;
        match answer.as_deref().map(str::trim) {
            Some("y" | "Y" | "yes") => Ok(true),
            Some(_) => Ok(false),
            None => {
                let wrong = Diagnostic::new(Fault::Usage, "nobody can be asked here, so nothing was changed");
                Err(Box::new(wrong.hint("--yes takes what was shown")))
            }
        }
    }
}

/// Returns a path as it is seen from a directory.
fn seen_from(path: &Path, directory: &Path) -> String {
    let common = path
        .components()
        .zip(directory.components())
        .take_while(|(a, b)| a == b)
        .count();
    let up = directory.components().skip(common).map(|_| "..".into());
    let down = path
        .components()
        .skip(common)
        .map(|part| PathBuf::from(part.as_os_str()));
    let seen: PathBuf = up.chain(down).collect();
    match seen.as_os_str().is_empty() {
        true => ".".to_owned(),
        false => seen.display().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::seen_from;

    #[test]
    fn a_path_is_written_as_it_is_seen_from_the_project() {
        for (path, directory, seen) in [
            ("/srv/shop/libs/chat", "/srv/shop", "libs/chat"),
            ("/srv/chat", "/srv/shop", "../chat"),
            ("/srv/chat", "/srv/shop/config", "../../chat"),
            ("/srv/shop", "/srv/shop", "."),
        ] {
            assert_eq!(seen_from(Path::new(path), Path::new(directory)), seen, "{path}");
        }
    }
}
