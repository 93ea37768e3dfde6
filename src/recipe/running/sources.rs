//! Local files, opened to be sent to servers before anybody is connected to.

use std::io;
use std::path::Path;
use std::sync::Arc;

use rhai::{EvalAltResult, Position};

use super::action::failure;
use super::interpreter::Interpreter;
use crate::actor::ActionError;
use crate::recipe::language::origin::Fallible;
use crate::source::{self, Source};

impl Interpreter {
    /// A file, or what comes out of a pipe; a dry run does not read that. `unreadable` makes the error of one that cannot be
    /// sent.
    pub(in crate::recipe) fn source(
        &self,
        path: &Path,
        position: Position,
        unreadable: &dyn Fn(&io::Error) -> Box<EvalAltResult>,
    ) -> Fallible<Arc<dyn Source>> {
        let metadata = std::fs::metadata(path).map_err(|error| unreadable(&error))?;
        if metadata.is_dir() {
            return Err(unreadable(&io::ErrorKind::IsADirectory.into()));
        }
        // What has no size may have something to say when it is read (`/proc`).
        if metadata.is_file() && metadata.len() > 0 {
            return source::file(path).map_err(|error| unreadable(&error));
        }
        if self.dry_run {
            return Ok(source::text([]));
        }
        // It comes once, and nobody knows how much it is.
        let read = source::piped(path, &|| self.interrupt.pending().is_some());
        match (read, self.interrupt.take()) {
            (_, Some(signal)) => Err(failure(ActionError::Interrupted(signal), position)),
            (Ok(source), None) => Ok(source),
            (Err(error), None) => Err(unreadable(&error)),
        }
    }
}
