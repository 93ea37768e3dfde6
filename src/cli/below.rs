//! Finds files below a directory.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::diagnostic::{Diagnostic, Fault};
use crate::io_error::plain;
use crate::sort;

/// The files to find.
pub(super) struct Below<'a> {
    /// The directory from which paths are seen.
    pub(super) base: &'a Path,
    /// Returns true for the name of a file that is to be found.
    pub(super) is_wanted: fn(&str) -> bool,
    /// Names of directories that are left out.
    pub(super) left_out: &'a [&'a str],
}

impl Below<'_> {
    /// Returns the files below what a word of the command line names, or `None` if that is no directory.
    pub(super) fn named(&self, word: &str) -> Result<Option<Vec<PathBuf>>, Box<Diagnostic>> {
        let unreadable = |error: io::Error| {
            let message = format!("cannot read {word}: {}", plain(&error));
            Box::new(Diagnostic::new(Fault::Usage, message))
        };
        let named = self.base.join(word).metadata().map_err(unreadable)?;
        let mut files = Vec::new();
        if named.is_dir() {
            self.collect(Path::new(word), &mut files).map_err(unreadable)?;
        }
        Ok(named.is_dir().then_some(files))
    }

    /// Adds the files below a directory, in the order of their names. Links are not followed, and hidden files are left out.
    fn collect(&self, directory: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
        let entries: io::Result<Vec<_>> = fs::read_dir(self.base.join(directory))?.collect();
        let mut entries = entries?;
        sort::by_key(&mut entries, fs::DirEntry::file_name);
        for entry in entries {
            let (name, kind) = (entry.file_name(), entry.file_type()?);
            let name = name.to_string_lossy();
            let path = match directory == Path::new(".") {
                true => PathBuf::from(entry.file_name()),
                false => directory.join(entry.file_name()),
            };
            if name.starts_with('.') || self.left_out.contains(&&*name) {
                continue;
            } else if kind.is_dir() {
                self.collect(&path, files)?;
            } else if kind.is_file() && (self.is_wanted)(&name) {
                files.push(path);
            }
        }
        Ok(())
    }
}
