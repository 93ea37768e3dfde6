//! Local files that are sent to servers; they are opened before any server is connected.

use std::io;
use std::path::Path;
use std::sync::Arc;

use rhai::{EvalAltResult, Position};

use super::interpreter::Interpreter;
use super::limits::fits;
use crate::io_error::plain;
use crate::recipe::language::origin::{Fallible, wrong};
use crate::regular;
use crate::source::{self, Source};

/// Opens a file, or reads a pipe to its end, which a dry run does not do. `unreadable` makes the error for one that cannot be
/// sent.
pub(in crate::recipe) fn open(
    interpreter: &Interpreter,
    path: &Path,
    position: Position,
    unreadable: &dyn Fn(&io::Error) -> Box<EvalAltResult>,
) -> Fallible<Arc<dyn Source>> {
    if let Some(text) = interpreter.mode().trial().and_then(|trial| trial.written(path)) {
        return Ok(source::text(text.into_bytes()));
    }
    let metadata = std::fs::metadata(path).map_err(|error| unreadable(&error))?;
    if metadata.is_dir() {
        return Err(unreadable(&io::ErrorKind::IsADirectory.into()));
    }
    // A file without a size may have content when it is read (`/proc`).
    if metadata.is_file() && metadata.len() > 0 {
        return source::file(path).map_err(|error| unreadable(&error));
    }
    if interpreter.mode().is_dry_run() {
        return Ok(source::text([]));
    }
    // A pipe can be read only once, and its size is not known.
    let read = source::piped(path, &|| interpreter.stops().pending().is_some());
    interpreter.stops().check(position)?;
    read.map_err(|error| unreadable(&error))
}

/// Reads a file as a string; an error puts `what` before its name. While recipes are loaded it must be a regular file; otherwise
/// a pipe is read to its end.
pub(in crate::recipe) fn read_file(
    interpreter: &Interpreter,
    path: &str,
    what: &str,
    position: Position,
) -> Fallible<String> {
    let file = interpreter.machine().path(path);
    if let Some(text) = interpreter.mode().trial().and_then(|trial| trial.written(&file)) {
        return Ok(text);
    }
    let unreadable = |error: &io::Error| wrong(format!("cannot read {what}{path}: {}", plain(error)), position);
    let is_piped =
        !interpreter.budget().is_loading() && file.metadata().is_ok_and(|there| !there.is_file() && !there.is_dir());
    let bytes = if is_piped {
        let source = open(interpreter, &file, position, &unreadable)?;
        fits(usize::try_from(source.length()).unwrap_or(usize::MAX))?;
        source::all(&*source)
    } else {
        regular::read(&file)
    };
    let bytes = bytes.map_err(|error| unreadable(&error))?;
    interpreter.same_as_before(path, &bytes)?;
    String::from_utf8(bytes).map_err(|_| unreadable(&io::Error::other("it is not UTF-8")))
}
