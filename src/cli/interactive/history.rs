//! The lines of earlier interactive shells, in a file that only the person can read. A line that is or may be a secret is never
//! written.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use rustix::process::geteuid;

use crate::cli::shell::Invocation;
use crate::recipe::names_secret;
use crate::secret::Redactor;

/// The most lines that are kept.
const LINES: usize = 1000;
/// The most bytes that are read: more than that many lines have.
const LONGEST: u64 = 4 << 20;
/// The mode of the file: only the person may read and write it.
const MODE: u32 = 0o600;

/// The file, if there can be one.
#[derive(Debug)]
pub(super) struct History {
    file: Option<PathBuf>,
}

impl History {
    /// Returns the history in the user's directory for the state of programs.
    pub(super) fn of(shell: &Invocation) -> Self {
        let state = shell.variable("XDG_STATE_HOME").map(PathBuf::from);
        let state = state.filter(|state| state.is_absolute());
        let state = state.or_else(|| Some(Path::new(shell.variable("HOME")?).join(".local/state")));
        Self {
            file: state.map(|state| state.join("capr/history")),
        }
    }

    /// Returns the earlier lines, oldest first; an error says why none are kept.
    pub(super) fn load(&self) -> io::Result<Vec<String>> {
        let Some(path) = &self.file else {
            return Ok(Vec::new());
        };
        if let Some(directory) = path.parent() {
            DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
            let metadata = fs::symlink_metadata(directory)?;
            let is_own = metadata.is_dir() && metadata.uid() == geteuid().as_raw() && metadata.mode() & 0o022 == 0;
            if !is_own {
                let message = format!("{} is not yours alone", directory.display());
                return Err(io::Error::new(io::ErrorKind::PermissionDenied, message));
            }
        }
        let mut text = Vec::new();
        open(path)?.take(LONGEST).read_to_end(&mut text)?;
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let kept = lines
            .get(lines.len().saturating_sub(LINES)..)
            .unwrap_or_default()
            .to_vec();
        if lines.len() > 2 * LINES {
            // A line that another shell appends at this moment may be lost.
            let mut text = kept.join("\n");
            text.push('\n');
            open(path)?.set_len(0)?;
            open(path)?.write_all(text.as_bytes())?;
        }
        Ok(kept)
    }

    /// Appends a line, unless it may hold a secret or begins with a blank.
    pub(super) fn add(&self, line: &str, redactor: &Redactor) {
        if let Some(path) = &self.file
            && is_to_be_kept(line, redactor)
        {
            // A file that cannot be written was reported when it was read.
            let _ = open(path).and_then(|mut file| file.write_all(format!("{line}\n").as_bytes()));
        }
    }
}

/// Returns true for a line without secrets and without characters that would make it more than one line in a file.
fn is_to_be_kept(line: &str, redactor: &Redactor) -> bool {
    let is_hidden = line.starts_with(char::is_whitespace) || line.chars().any(char::is_control);
    !is_hidden && !line.is_empty() && !names_secret(line) && redactor.places(line).is_empty()
}

/// Opens the file for appending and reading. It must be the person's own and no link.
fn open(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new()
        .read(true)
        .append(true)
        .create(true)
        .mode(MODE)
        .custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed())
        .open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() || metadata.uid() != geteuid().as_raw() {
        let message = format!("{} is no file of yours", path.display());
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, message));
    }
    if metadata.mode() & 0o777 != MODE {
        file.set_permissions(Permissions::from_mode(MODE))?;
    }
    Ok(file)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::{History, LINES};
    use crate::secret::{Redactor, Secret};

    #[test]
    fn lines_come_back_but_for_those_that_may_hold_a_secret() {
        let place = tempfile::tempdir().unwrap();
        let history = History {
            file: Some(place.path().join("state/capr/history")),
        };
        assert!(history.load().unwrap().is_empty());
        let redactor = Redactor::default();
        redactor.add(&Secret::new("s3cr3t".to_owned()));
        for line in [
            "uptime",
            " hidden",
            "",
            "echo s3cr3t",
            "set :db_password x",
            "curl -H 'TOKEN: y'",
            "two\nlines",
            "ls",
        ] {
            history.add(line, &redactor);
        }
        assert_eq!(history.load().unwrap(), ["uptime", "ls"]);
        let file = history.file.clone().unwrap();
        let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700));
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        history.load().unwrap();
        assert_eq!(mode(&file), 0o600);
    }

    #[test]
    fn a_long_history_is_cut() {
        let place = tempfile::tempdir().unwrap();
        let history = History {
            file: Some(place.path().join("history")),
        };
        fs::set_permissions(place.path(), fs::Permissions::from_mode(0o700)).unwrap();
        let lines: Vec<String> = (0..3 * LINES).map(|number| format!("echo {number}")).collect();
        fs::write(history.file.as_ref().unwrap(), lines.join("\n") + "\n").unwrap();
        assert_eq!(history.load().unwrap(), lines.get(2 * LINES..).unwrap());
        let left = fs::read_to_string(history.file.as_ref().unwrap()).unwrap();
        assert_eq!(left.lines().count(), LINES);
    }

    #[test]
    fn a_link_is_not_followed() {
        let place = tempfile::tempdir().unwrap();
        fs::set_permissions(place.path(), fs::Permissions::from_mode(0o700)).unwrap();
        let elsewhere = place.path().join("elsewhere");
        fs::write(&elsewhere, "mine\n").unwrap();
        symlink(&elsewhere, place.path().join("history")).unwrap();
        let history = History {
            file: Some(place.path().join("history")),
        };
        history.load().unwrap_err();
        history.add("uptime", &Redactor::default());
        assert_eq!(fs::read_to_string(&elsewhere).unwrap(), "mine\n");
    }
}
