//! `capr init`: makes the files of a new project. Files that exist stay as they are.

mod project;
mod recipe;

use std::io::{self, ErrorKind};
use std::path::Path;

use crate::diagnostic::{Diagnostic, Fault};
use crate::io_error::plain;
use crate::place::Draft;
use crate::recipe::{Prompts, format};
use crate::report::Console;

pub(super) use project::{AppKind, InitOptions};

const CAPRFILE: &str = include_str!("init/Caprfile");

/// The recipe of a project of which nothing is known.
const EXAMPLE: &str = include_str!("init/deploy.rhai");
const RECIPE: &str = "config/deploy.rhai";

/// Makes the files in `directory`, which is shown as it was `named`.
pub(super) fn init(
    directory: &Path,
    named: &str,
    said: &InitOptions,
    prompts: &mut dyn Prompts,
    console: &Console,
) -> Result<(), Box<Diagnostic>> {
    if !directory.is_dir() {
        let what = match directory.exists() {
            true => format!("{named} is no directory"),
            false => format!("there is no directory {named}"),
        };
        return Err(failed(what));
    }
    let mut files = vec![("Caprfile".to_owned(), CAPRFILE.to_owned())];
    // If a recipe exists already, nothing is asked: the answers would be written nowhere.
    let project = match directory.join(RECIPE).symlink_metadata() {
        Ok(_) => None,
        Err(_) => project::NewProject::of(directory, said, prompts)?,
    };
    match &project {
        Some(project) => files.extend(recipe::files(project)),
        None => files.push((RECIPE.to_owned(), EXAMPLE.to_owned())),
    }
    for (name, text) in files {
        // An answer in it may make a line too long.
        let text = format(&name, &text).unwrap_or(text);
        let made =
            make(directory, &name, &text).map_err(|error| failed(format!("cannot write {name}: {}", plain(&error))))?;
        console.data(&match made {
            true => format!("[add] {name}\n"),
            false => format!("[skip] {name} is there already\n"),
        });
    }
    let stage = project.and_then(|project| project.stages.into_iter().next());
    console.data(&next(stage.map(|stage| stage.name).as_deref()));
    Ok(())
}

/// Returns the next steps; in a project with stages, commands name one.
fn next(stage: Option<&str>) -> String {
    let stage = stage.map(|stage| format!("{stage} ")).unwrap_or_default();
    let width = "cold_deploy".len() + stage.len();
    let line = |task: &str| format!("capr {:width$}", format!("{stage}{task}"));
    format!(
        "\
[done] next:
  1. look through config/deploy.rhai: what is deployed, and to which servers
  2. capr {:width$}  finds what is wrong in it; no server is asked
     {}  shows what a deploy would do
  3. {}  makes the directories on the servers
     {}  deploys for the first time; capr {stage}deploy from then on
capr {stage}-T lists the tasks, capr -e TASK tells more of one.
",
        "check",
        line("deploy -n"),
        line("setup"),
        line("cold_deploy"),
    )
}

fn failed(message: String) -> Box<Diagnostic> {
    Box::new(Diagnostic::new(Fault::Failed, message))
}

/// Makes a file; returns false if it exists already.
fn make(directory: &Path, name: &str, text: &str) -> io::Result<bool> {
    if directory.join(name).symlink_metadata().is_ok() {
        return Ok(false);
    }
    let mut draft = Draft::below(directory, Path::new(name))?;
    draft.write(text)?;
    match draft.add() {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}
