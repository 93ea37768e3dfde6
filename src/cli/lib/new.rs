//! `capr lib new`: makes a library that others can add.

use std::io;
use std::path::Path;

use crate::diagnostic::{Diagnostic, Fault};
use crate::io_error::plain;
use crate::libraries::{MANIFEST, is_name};
use crate::place::Draft;
use crate::recipe::library_names;
use crate::report::Console;

use super::super::shell::Invocation;
use super::{Wrong, usage};

/// The words in the files that stand for the name, for the name as a part of a variable, and for the version of capr.
const HOLES: [&str; 3] = ["NAME", "VARIABLE", "CAPR"];

/// The namespace of the deploy library, in which the tasks of a library of this name would be.
const DEPLOY: &str = "deploy";

/// The files, by their path below the library.
const FILES: &[(&str, &str)] = &[
    (MANIFEST, include_str!("new/capr.toml")),
    ("NAME.rhai", include_str!("new/recipe.rhai")),
    ("NAME_test.rhai", include_str!("new/test.rhai")),
    ("README.md", include_str!("new/README.md")),
];

/// Makes the library in a directory with its name.
pub(super) fn new(name: &str, shell: &Invocation, console: &Console) -> Result<u8, Wrong> {
    if !is_name(name) {
        let wrong = Diagnostic::new(Fault::Usage, format!("`{name}' is no name of a library"));
        let hint = match name {
            "capr" => "in capr.toml this name stands for the deploy library",
            _ => "a name is made of lower-case letters, digits, `-' and `_', and begins with a letter",
        };
        return Err(Box::new(wrong.hint(hint)));
    }
    if library_names().any(|other| other == name) {
        return Err(usage(format!(
            "a library `{name}' comes with capr: another name is needed"
        )));
    }
    if name == DEPLOY {
        return Err(usage(format!(
            "the tasks of the deploy library are in the namespace `{DEPLOY}': another name is needed"
        )));
    }
    let values = [
        name.to_owned(),
        name.replace('-', "_"),
        env!("CARGO_PKG_VERSION").to_owned(),
    ];
    let filled = |text: &str| {
        HOLES
            .iter()
            .zip(&values)
            .fold(text.to_owned(), |text, (hole, value)| text.replace(hole, value))
    };
    let files: Vec<(String, String)> = FILES
        .iter()
        .map(|(path, text)| (format!("{name}/{}", filled(path)), filled(text)))
        .collect();
    let there = files
        .iter()
        .map(|(path, _)| path)
        .filter(|path| shell.directory.join(path).symlink_metadata().is_ok());
    let there: Vec<&str> = there.map(String::as_str).collect();
    if !there.is_empty() {
        let verb = if there.len() == 1 { "is" } else { "are" };
        let wrong = Diagnostic::new(Fault::Usage, format!("{} {verb} there already", there.join(", ")));
        return Err(Box::new(wrong.hint("nothing was written")));
    }
    for (path, text) in &files {
        write(&shell.directory, path, text).map_err(|error| {
            let message = format!("cannot write {path}: {}", plain(&error));
            Box::new(Diagnostic::new(Fault::Failed, message))
        })?;
        console.data(&format!("{path}\n"));
    }
    Ok(0)
}

fn write(directory: &Path, path: &str, text: &str) -> io::Result<()> {
    let mut draft = Draft::below(directory, Path::new(path))?;
    draft.write(text)?;
    draft.add()
}
