//! Paths: the checkout and its programs, looked up at each call, since a checkout may be moved after it was built; and rooms for
//! files that the users of all servers may read, wherever the checkout is.
#![allow(clippy::expect_used, reason = "nothing goes on without them")]

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use rustix::fs::{FlockOperation, StatVfsMountFlags, flock, statvfs};

/// The directories for rooms: every user may pass through these, and their paths are short enough for sockets. `TMPDIR` promises
/// neither.
const BASES: [&str; 3] = ["/var/tmp", "/var/lib", "/run"];
/// The beginning of a room's name.
const PREFIX: &str = "capr-room.";

/// Returns the directory of the checkout: the one that cargo or `scripts/` has entered.
pub fn checkout() -> PathBuf {
    let here = std::env::current_dir().ok();
    let built = std::env::current_exe().ok();
    let above = |path: Option<PathBuf>| {
        let is_it = |path: &&Path| path.join("tests/fleet/place.rs").is_file();
        path.as_deref()?.ancestors().find(is_it).map(Path::to_owned)
    };
    let named = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    above(named)
        .or_else(|| above(here))
        .or_else(|| above(built))
        .expect("run inside the checkout, or by cargo")
}

/// Returns the built capr, beside the running program.
pub fn capr() -> PathBuf {
    let asks = std::env::current_exe().expect("the path of this program");
    let built = asks.ancestors().nth(2).expect("a program of a build").join("capr");
    assert!(built.is_file(), "{} is missing: cargo build", built.display());
    built
}

/// A directory that exists until this is dropped; rooms of killed owners are removed when the next one is made.
#[derive(Debug)]
pub struct Room {
    path: PathBuf,
    /// Shows that the owner is alive: the kernel releases the lock when it ends, and process numbers differ between namespaces.
    lock: File,
}

impl Room {
    /// Makes a room that others may pass through but not list.
    pub fn new() -> Result<Self> {
        BASES.iter().for_each(|base| sweep(base));
        let base = base();
        let made = || -> Result<Self> {
            let fresh = tempfile::Builder::new().prefix(".capr-new.").tempdir_in(base)?;
            fs::set_permissions(fresh.path(), Permissions::from_mode(0o711))?;
            let lock = File::open(fresh.path())?;
            flock(&lock, FlockOperation::NonBlockingLockExclusive)?;
            let unique = fresh.path().extension().and_then(|name| name.to_str()).unwrap_or("x");
            // Only a locked room has a name that is swept.
            let path = Path::new(base).join(format!("{PREFIX}{unique}"));
            fs::rename(fresh.path(), &path)?;
            let _ = fresh.keep();
            Ok(Self { path, lock })
        };
        made().with_context(|| format!("cannot make a directory in {base}"))
    }

    /// Returns its path.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// Returns the first directory that allows programs to run, which tests put there.
fn base() -> &'static str {
    let allows = |base: &&&str| statvfs(**base).is_ok_and(|mount| !mount.f_flag.contains(StatVfsMountFlags::NOEXEC));
    BASES.iter().find(allows).unwrap_or(&BASES[0])
}

/// Removes the rooms of this user whose owners are gone.
fn sweep(base: &str) {
    let own = rustix::process::geteuid().as_raw();
    for entry in fs::read_dir(base).into_iter().flatten().flatten() {
        if !entry.file_name().to_string_lossy().starts_with(PREFIX) {
            continue;
        }
        // Not through a link: anybody may make one here.
        let is_own = fs::symlink_metadata(entry.path()).is_ok_and(|found| found.is_dir() && found.uid() == own);
        let Some(room) = is_own.then(|| File::open(entry.path()).ok()).flatten() else {
            continue;
        };
        if flock(&room, FlockOperation::NonBlockingLockExclusive).is_ok() {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_goes_with_its_owner_or_is_swept_after_it() {
        let (left, mode) = {
            let room = Room::new().unwrap();
            let mode = fs::metadata(room.path()).unwrap().permissions().mode() & 0o7777;
            (room.path().to_owned(), mode)
        };
        assert_eq!((left.exists(), mode), (false, 0o711));
        let (kept, lost) = (Room::new().unwrap(), Room::new().unwrap());
        fs::write(lost.path().join("file"), "x").unwrap();
        let path = lost.path().to_owned();
        // In the state that a killed owner leaves: existing and unlocked.
        flock(&lost.lock, FlockOperation::Unlock).unwrap();
        let _next = Room::new().unwrap();
        assert!(!path.exists());
        assert!(kept.path().exists());
    }
}
