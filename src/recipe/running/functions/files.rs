//! Functions for files on this machine. A relative path begins at the working directory, `~/` at the home directory.

use std::cell::Cell;
use std::io::{self, Write};
use std::path::Path;
use std::rc::Rc;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread::Builder;
use std::time::{Duration, Instant};

use rhai::{Array, Dynamic, Engine, Position};

use super::super::interpreter::Interpreter;
use super::super::limits::fits_list;
use super::super::sources::read_file;
use crate::event::Level;
use crate::io_error::plain;
use crate::pattern::with_plain_stars;
use crate::place::Place;
use crate::plan::PERMISSIONS;
use crate::recipe::language::origin::{Fallible, wrong};

/// The time after which a search checks if it has to stop.
const LOOK: Duration = Duration::from_millis(100);

/// The rules of a shell: names that begin with a dot match only a pattern that does so.
const FITS: glob::MatchOptions = glob::MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: true,
};

/// Registers the functions.
pub(super) fn register(engine: &mut Engine, interpreter: &Rc<Interpreter>) {
    let home = interpreter.clone();
    engine.register_fn("file_exists", move |path: &str| -> Fallible<bool> {
        let written = || home.mode().trial()?.written(&home.machine().path(path));
        let exists = || Ok((written().is_some() || home.machine().path(path).exists()).into());
        Ok(home
            .recorded("file_exists", path, exists)?
            .as_bool()
            .unwrap_or_default())
    });
    let home = interpreter.clone();
    engine.register_fn("dir_exists", move |path: &str| -> Fallible<bool> {
        let exists = || Ok(home.machine().path(path).is_dir().into());
        Ok(home.recorded("dir_exists", path, exists)?.as_bool().unwrap_or_default())
    });
    let home = interpreter.clone();
    engine.register_fn("read_file", move |path: &str| read(&home, path));
    let home = interpreter.clone();
    engine.register_fn("write_file", move |path: &str, text: &str| -> Fallible<()> {
        if home.mode().only_looks() {
            return Ok(());
        }
        if home.mode().is_dry_run() {
            home.say(Level::Info, format!("write {path}"));
            return Ok(());
        }
        if let Some(trial) = home.mode().trial() {
            trial.write(home.machine().path(path), text);
            return Ok(());
        }
        write(&home.machine().path(path), text)
            .map_err(|error| wrong(format!("cannot write {path}: {}", plain(&error)), Position::NONE))
    });
    let home = interpreter.clone();
    engine.register_fn("glob", move |pattern: &str| {
        let find = || {
            let whole = home.machine().path(&with_plain_stars(pattern)).display().to_string();
            let paths = glob::glob_with(&whole, FITS)
                .map_err(|error| wrong(format!("`glob' has a wrong pattern: {}", error.msg), Position::NONE))?;
            fitting(&home, paths).map(Dynamic::from)
        };
        home.recorded("glob", pattern, find)
    });
    let (kept, named) = (interpreter.clone(), Cell::new(0_u64));
    engine.register_fn("temp_dir", move || -> Fallible<String> {
        if let Some(trial) = kept.mode().trial() {
            return Ok(trial.directory());
        }
        if kept.mode().is_idle() {
            named.set(named.get() + 1);
            return Ok(format!("/tmp/capr-dry-run-{}", named.get()));
        }
        let path = kept
            .recorded("temp_dir", "", || temporary(&kept).map(Dynamic::from))?
            .to_string();
        // A run that is only undone does not need the directory.
        if !Path::new(&path).is_dir() && !kept.journal().is_undoing() {
            let message =
                format!("the temporary directory {path} of the run that is resumed is gone, with what was made there");
            return Err(kept.not_resumed(message));
        }
        Ok(path)
    });
}

/// Makes a directory that is removed at the end.
fn temporary(interpreter: &Interpreter) -> Fallible<String> {
    let made = interpreter.machine().temporary_directory().map_err(|error| {
        let message = format!("cannot make a temporary directory: {}", plain(&error));
        wrong(message, Position::NONE)
    })?;
    Ok(made.display().to_string())
}

/// Writes a file beside its place and renames it; an existing file keeps its mode.
fn write(path: &Path, text: &str) -> io::Result<()> {
    // A name without a directory has an empty parent: the working directory.
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    if parent.is_some_and(|parent| !parent.is_dir()) {
        return Err(io::ErrorKind::NotFound.into());
    }
    let place = Rc::new(Place::of(path)?);
    place.takes_file()?;
    let (new, mut file) = place.create(0o666)?;
    file.write_all(text.as_bytes())?;
    new.keep(&file, PERMISSIONS, None)
}

/// Returns all paths that match. A thread looks for them, since the search may go on without end before one matches.
fn fitting(interpreter: &Interpreter, paths: glob::Paths) -> Fallible<Array> {
    let unable = |error: io::Error| wrong(format!("`glob' cannot start: {}", plain(&error)), Position::NONE);
    let (sender, found) = sync_channel(1024);
    // If the search is given up, the thread ends at the next path that matches, or with capr.
    let looks = Builder::new().name("glob".to_owned()).spawn(move || {
        // A directory that cannot be read has no matches.
        let _ = paths
            .flatten()
            .try_for_each(|path| sender.send(path.display().to_string()));
    });
    looks.map_err(unable)?;
    let mut fitting = Array::new();
    let begun = Instant::now();
    loop {
        interpreter.budget().goes_on_since(interpreter.stops(), begun)?;
        match found.recv_timeout(LOOK) {
            Ok(path) => fitting.push(path.into()),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Ok(fitting),
        }
        fits_list(fitting.len())?;
    }
}

/// Reads a file as a string.
pub(super) fn read(interpreter: &Interpreter, path: &str) -> Fallible<String> {
    read_file(interpreter, path, "", Position::NONE)
}
