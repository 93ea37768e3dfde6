//! Finds files below a directory.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

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
    /// Adds the files below a directory, in the order of their names. Links are not followed, and hidden files are left out.
    pub(super) fn collect(&self, directory: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
        let entries: io::Result<Vec<_>> = fs::read_dir(self.base.join(directory))?.collect();
        let mut entries = entries?;
        entries.sort_by_key(fs::DirEntry::file_name);
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
