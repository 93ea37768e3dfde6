//! Reads ssh configuration files and the files that they include.

use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use glob::MatchOptions;

use super::statement::{ConfigLine, ConfigStatement, Parsed, parse};
use super::tokens::tilde;
use super::{Place, Trouble};
use crate::io_error::plain;
use crate::regular;

pub(in crate::session::ssh) const SYSTEM: &str = "/etc/ssh/ssh_config";
/// The limit of nested includes, as in ssh.
const MAX_DEPTH: usize = 16;
/// The limit of files that are read in all; only files that include each other in circles reach it.
const MAX_FILES: usize = 1000;

/// Reads the given files, or the user's and the system's.
pub(super) fn read_all(files: Option<&[PathBuf]>, home: Option<&Path>) -> Result<Vec<Arc<[ConfigLine]>>, Trouble> {
    let mut reader = Reader { home, count: 0 };
    let user = home.map(|home| home.join(".ssh"));
    if let Some(files) = files {
        return files
            .iter()
            .map(|file| {
                let origin = Origin {
                    base: user.as_deref(),
                    private: false,
                    depth: 0,
                };
                let lines = reader.read(file, origin)?;
                lines.ok_or_else(|| Trouble::new(format!("{}: no such file", file.display())))
            })
            .collect();
    }
    let mut read = Vec::new();
    if let Some(base) = &user {
        let origin = Origin {
            base: user.as_deref(),
            private: true,
            depth: 0,
        };
        read.extend(reader.read(&base.join("config"), origin)?);
    }
    let origin = Origin {
        base: Some(Path::new("/etc/ssh")),
        private: false,
        depth: 0,
    };
    read.extend(reader.read(Path::new(SYSTEM), origin)?);
    Ok(read)
}

/// The rules for a file that follow from where it was found.
#[derive(Clone, Copy)]
struct Origin<'a> {
    /// The directory of relative file names.
    base: Option<&'a Path>,
    /// True if nobody but the user may be able to write the file.
    private: bool,
    depth: usize,
}

struct Reader<'a> {
    home: Option<&'a Path>,
    count: usize,
}

impl Reader<'_> {
    /// Reads a file; `None` if it does not exist.
    fn read(&mut self, path: &Path, origin: Origin<'_>) -> Result<Option<Arc<[ConfigLine]>>, Trouble> {
        self.count += 1;
        if origin.depth > MAX_DEPTH || self.count > MAX_FILES {
            return Err(Trouble::new(format!(
                "{}: too many files include each other",
                path.display()
            )));
        }
        let bytes = match contents(path, origin.private) {
            Ok(bytes) => bytes,
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
            Err(error) => return Err(Trouble::new(format!("{}: {}", path.display(), plain(&error)))),
        };
        let file: Arc<Path> = Arc::from(path);
        let mut lines = Vec::new();
        for (number, text) in String::from_utf8_lossy(&bytes).lines().enumerate() {
            let place = Place {
                file: Arc::clone(&file),
                line: number + 1,
            };
            let statement = match parse(text, &place)? {
                Parsed::Nothing => continue,
                Parsed::Statement(statement) => statement,
                Parsed::Include(patterns) => {
                    let mut included = Vec::new();
                    for pattern in patterns {
                        included.extend(self.include(&pattern, &place, origin)?);
                    }
                    ConfigStatement::Include(included)
                }
            };
            lines.push(ConfigLine { place, statement });
        }
        Ok(Some(lines.into()))
    }

    fn include(&mut self, pattern: &str, place: &Place, origin: Origin<'_>) -> Result<Vec<Arc<[ConfigLine]>>, Trouble> {
        let no_home = || Trouble::at(place, "there is no home directory to include from");
        let pattern = match pattern.strip_prefix("~/") {
            Some(rest) => self.home.ok_or_else(no_home)?.join(rest),
            None if pattern.starts_with('~') => tilde(pattern, self.home, place)?.into(),
            None => match Path::new(pattern) {
                absolute if absolute.is_absolute() => absolute.to_owned(),
                relative => origin.base.ok_or_else(no_home)?.join(relative),
            },
        };
        let options = MatchOptions {
            case_sensitive: true,
            require_literal_separator: true,
            require_literal_leading_dot: true,
        };
        let wrong =
            |error: &dyn std::fmt::Display| Trouble::at(place, format!("Include {}: {error}", pattern.display()));
        let paths = glob::glob_with(&pattern.to_string_lossy(), options).map_err(|error| wrong(&error))?;
        let mut included = Vec::new();
        for path in paths {
            let path = path.map_err(|error| wrong(&error))?;
            let origin = Origin {
                private: true,
                depth: origin.depth + 1,
                ..origin
            };
            included.extend(self.read(&path, origin)?);
        }
        Ok(included)
    }
}

fn contents(path: &Path, private: bool) -> io::Result<Vec<u8>> {
    let file = regular::open(path)?;
    if private {
        let metadata = file.metadata()?;
        let ours = metadata.uid() == 0 || metadata.uid() == rustix::process::getuid().as_raw();
        if !ours || metadata.mode() & 0o022 != 0 {
            return Err(io::Error::new(
                ErrorKind::PermissionDenied,
                "others can write this file",
            ));
        }
    }
    regular::content(&file)
}
