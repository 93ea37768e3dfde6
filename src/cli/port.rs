//! `capr port`: writes the recipes of a Capistrano project as recipes of capr.

use std::io;
use std::path::{Component, Path, PathBuf};

use clap::ValueEnum;

use crate::diagnostic::{Diagnostic, Fault};
use crate::io_error::plain;
use crate::place::Draft;
use crate::port::{Done, File, GemPlaces, PortRefusal, Ported, RubyProject, json, port_with_gems, report};
use crate::report::Console;

use super::arguments::{Tool, TypedArguments};
use super::settings::UsageError;
use super::shell::Invocation;

/// The exit code if something needs manual work.
const NEEDS_A_LOOK: u8 = 1;

/// Runs the command; returns its exit code, or the error.
pub(super) fn run(arguments: &TypedArguments, shell: &Invocation, console: &Console) -> Result<u8, Box<Diagnostic>> {
    if arguments.stdin {
        return Err(Box::new(UsageError::Stdin.into()));
    }
    let named: Vec<PathBuf> = arguments
        .words
        .iter()
        .skip(1)
        .map(|word| shell.directory.join(word))
        .collect();
    if named.is_empty() {
        let wrong = Diagnostic::new(Fault::Usage, "port takes files or a directory");
        return Err(Box::new(
            wrong.hint("capr port config/deploy.rb, or all of a project: capr port ."),
        ));
    }
    let (root, project) = RubyProject::find(&named).map_err(refused)?;
    let mut ported = port_with_gems(&project, &gem_places(arguments, shell), &root).map_err(refused)?;
    let shadowed = shadowed_stages(&ported);
    ported.remarks.extend(shadowed);
    let done = match arguments.only_check {
        true => Done::Checked,
        false => {
            let below = arguments.out.as_ref().map_or(root, |out| shell.directory.join(out));
            write(&ported, &below, arguments.force)?;
            Done::Added
        }
    };
    match arguments.json {
        true => console.data(&json(&ported)),
        // The report contains strings of the files, which may be anybody's, so it is cleaned.
        false => console.page(&report(&ported, done), false),
    }
    Ok(if ported.is_complete() { 0 } else { NEEDS_A_LOOK })
}

/// Returns a remark for each stage with the name of a tool: the tool comes first on the command line.
fn shadowed_stages(ported: &Ported) -> Vec<String> {
    let stages = ported.files.iter().filter_map(|file| {
        let place = Path::new(&file.to);
        let is_stage = matches!(place.parent()?.file_name()?.to_str()?, "deploy" | "stages");
        let name = place.file_stem()?.to_str()?;
        (is_stage && Tool::from_str(name, false).is_ok()).then_some(name)
    });
    let main = ported
        .files
        .iter()
        .find(|file| file.to == "Caprfile")
        .or(ported.files.first());
    let main = main.map_or("Caprfile", |file| file.to.as_str());
    stages
        .map(|name| format!("the stage `{name}` has the name of a command of capr: name the recipe before it, `capr {main} {name} deploy`"))
        .collect()
}

/// Returns the places of gems that the command line and the environment name.
fn gem_places(arguments: &TypedArguments, shell: &Invocation) -> GemPlaces {
    let variable = |name: &str| shell.environment.get(name).filter(|value| !value.is_empty());
    let path = |name: &str| variable(name).map(PathBuf::from);
    let home = path("HOME");
    let gem_path = variable("GEM_PATH")
        .into_iter()
        .flat_map(|paths| paths.split(':'))
        .map(PathBuf::from);
    let managers = ["RBENV_ROOT", "ASDF_DATA_DIR", "MISE_DATA_DIR", "rvm_path"];
    GemPlaces {
        named: arguments.gems.iter().map(|named| shell.directory.join(named)).collect(),
        bundle_path: path("BUNDLE_PATH"),
        gem_paths: path("GEM_HOME").into_iter().chain(gem_path).collect(),
        home,
        of_managers: managers.into_iter().filter_map(path).collect(),
        with_system: true,
    }
}

fn refused(refusal: PortRefusal) -> Box<Diagnostic> {
    let fault = match refusal {
        PortRefusal::Named(_) => Fault::Usage,
        PortRefusal::Unreadable(..) => Fault::Failed,
        PortRefusal::NotRuby { .. } | PortRefusal::OtherTool { .. } => Fault::Recipe,
    };
    let message = match &refusal {
        PortRefusal::Unreadable(_, error) => format!("{refusal}: {}", plain(error)),
        other => other.to_string(),
    };
    Box::new(Diagnostic::new(fault, message))
}

/// Writes all files, or none if one exists already.
fn write(ported: &Ported, below: &Path, force: bool) -> Result<(), Box<Diagnostic>> {
    let places: Vec<(&File, PathBuf)> = ported.files.iter().map(|file| (file, safe(&file.to))).collect();
    let there: Vec<&str> = places
        .iter()
        .filter(|(_, place)| !force && below.join(place).symlink_metadata().is_ok())
        .map(|(file, _)| file.to.as_str())
        .collect();
    if !there.is_empty() {
        let wrong = Diagnostic::new(Fault::Usage, format!("{} is there already", there.join(", ")));
        let hint = "nothing was written; --force writes over it, --out DIR writes into another directory";
        return Err(Box::new(wrong.hint(hint)));
    }
    for (index, (file, place)) in places.iter().enumerate() {
        if let Err(error) = put(below, place, &file.text, force) {
            // Half of a port is of no use. What was there before is not known any more.
            let written = places.iter().take(if force { 0 } else { index });
            written.for_each(|(_, place)| drop(std::fs::remove_file(below.join(place))));
            let message = format!("cannot write {}: {}", below.join(place).display(), plain(&error));
            return Err(Box::new(Diagnostic::new(Fault::Failed, message)));
        }
    }
    Ok(())
}

/// Returns the path below the output directory, whatever the name of the Ruby file was.
fn safe(path: &str) -> PathBuf {
    let path = Path::new(path);
    match path.components().all(|part| matches!(part, Component::Normal(_))) {
        true => path.to_owned(),
        false => PathBuf::from(path.file_name().unwrap_or_default()),
    }
}

/// Writes a file below the output directory, and through no link: the project may be anybody's.
fn put(below: &Path, place: &Path, text: &str, force: bool) -> io::Result<()> {
    let mut draft = Draft::below(below, place)?;
    draft.write(text)?;
    match force {
        true => draft.replace(),
        false => draft.add(),
    }
}
