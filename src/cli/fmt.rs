//! `capr fmt`: formats recipes, libraries, and all recipes of a directory.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use similar::TextDiff;

use crate::diagnostic::{Diagnostic, Fault};
use crate::io_error::plain;
use crate::place::Draft;
use crate::recipe::format;
use crate::regular;
use crate::report::Console;

use super::arguments::TypedArguments;
use super::below::Below;
use super::search;
use super::settings::UsageError;
use super::shell::Invocation;

/// The exit code of `--check` if something needs formatting.
const DIFFERS: u8 = 1;

/// The most time for a difference; if finding it takes longer, it is shown with more lines than it needs.
const PATIENCE: Duration = Duration::from_secs(5);

/// The name of standard input in messages.
const INPUT: &str = "standard input";

/// Runs the command and returns its exit code. A file that cannot be read or written does not keep others from being formatted.
pub(super) fn run(arguments: &TypedArguments, shell: &Invocation, console: &Console) -> Result<u8, Box<Diagnostic>> {
    if arguments.out.is_some() || arguments.force {
        return Err(Box::new(UsageError::Port.into()));
    } else if arguments.json {
        return Err(Box::new(UsageError::Json.into()));
    }
    let words = arguments.words.get(1..).unwrap_or_default();
    let mut formatter = Formatter {
        is_check: arguments.only_check,
        console,
        differs: false,
        wrong: Vec::new(),
    };
    if arguments.stdin {
        if !words.is_empty() {
            let wrong = Diagnostic::new(Fault::Usage, "--stdin takes no files");
            return Err(Box::new(wrong.hint("capr fmt --stdin < deploy.rhai")));
        }
        formatter.input();
        return Ok(formatter.end());
    }
    for file in files(words, shell)? {
        formatter.file(&shell.directory, &file);
    }
    Ok(formatter.end())
}

/// Returns the files to format, as they are named.
fn files(words: &[String], shell: &Invocation) -> Result<Vec<PathBuf>, Box<Diagnostic>> {
    if words.is_empty() {
        let found = search::find(&shell.directory).ok_or(UsageError::NoRecipe);
        let (directory, recipe) = found.map_err(|error| Box::new(error.into()))?;
        let is_here = directory == shell.directory;
        return Ok(vec![if is_here { recipe } else { directory.join(recipe) }]);
    }
    let below = Below {
        base: &shell.directory,
        is_wanted: is_recipe,
        left_out: &[],
    };
    let mut files = Vec::new();
    for word in words {
        match below.named(word)? {
            Some(found) => files.extend(found),
            None => files.push(PathBuf::from(word)),
        }
    }
    Ok(files)
}

/// Returns true for a recipe by its name. The files of `capr definitions` are for editors.
fn is_recipe(name: &str) -> bool {
    name == "Caprfile" || name.ends_with(".rhai") && !name.ends_with(".d.rhai")
}

/// Formats one file after the other, and keeps the errors to report at the end.
struct Formatter<'a> {
    is_check: bool,
    console: &'a Console,
    differs: bool,
    wrong: Vec<Diagnostic>,
}

impl Formatter<'_> {
    fn input(&mut self) {
        let mut text = String::new();
        if let Err(error) = io::stdin().read_to_string(&mut text) {
            self.fail(format!("cannot read {INPUT}: {}", plain(&error)));
            return;
        }
        let Some(formatted) = self.formatted(INPUT, &text) else {
            return;
        };
        match self.is_check {
            true => self.compare(INPUT, &text, &formatted),
            false => self.console.data(&formatted),
        }
    }

    fn file(&mut self, base: &Path, file: &Path) {
        let (name, path) = (file.display().to_string(), base.join(file));
        let text = match regular::text(&path) {
            Ok(text) => text,
            Err(error) => return self.fail(format!("cannot read {name}: {}", plain(&error))),
        };
        let Some(formatted) = self.formatted(&name, &text) else {
            return;
        };
        if formatted == text {
            return;
        }
        if self.is_check {
            self.compare(&name, &text, &formatted);
            return;
        }
        match write(&path, &formatted) {
            Ok(()) => self.console.data(&format!("{name}\n")),
            Err(error) => self.fail(format!("cannot write {name}: {}", plain(&error))),
        }
    }

    fn formatted(&mut self, name: &str, text: &str) -> Option<String> {
        format(name, text).map_err(|wrong| self.wrong.extend(wrong)).ok()
    }

    fn fail(&mut self, message: String) {
        self.wrong.push(Diagnostic::new(Fault::Failed, message));
    }

    /// Shows the changes that formatting would make.
    fn compare(&mut self, name: &str, text: &str, formatted: &str) {
        if text == formatted {
            return;
        }
        self.differs = true;
        let diff = TextDiff::configure().timeout(PATIENCE).diff_lines(text, formatted);
        let shown = diff
            .unified_diff()
            .header(name, &format!("{name} formatted"))
            .to_string();
        self.console.data(&shown);
    }

    /// Reports the errors and returns the exit code; the first decides it.
    fn end(self) -> u8 {
        self.console.errors(&self.wrong);
        match self.wrong.first() {
            Some(first) => first.fault.exit_code(),
            None if self.differs => DIFFERS,
            None => 0,
        }
    }
}

/// Replaces a file; a link stays, and its target is written.
fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut draft = Draft::of(path, 0o777)?;
    draft.write(text)?;
    draft.replace()
}
