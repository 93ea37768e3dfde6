//! The files of libraries on this machine: copied into the project, or in the cache of the user. They are compared with their
//! digest, and must belong to somebody who is trusted.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use super::lock::Locked;
use super::not_taken::NotTaken;
use super::tree::{Refused, Tree};
use super::{Wrong, failed, hinted};
use crate::io_error::plain;
use crate::trust::Trust;

/// The directory of `capr lib vendor`, below the project.
pub(crate) const VENDOR: &str = "vendor/capr";

/// The directories of a project's libraries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Places {
    /// The directory of `capr.toml`.
    pub project: PathBuf,
    /// The cache; `None` if nobody knows whose it would be.
    pub cache: Option<PathBuf>,
}

/// The state of a library on this machine.
#[derive(Debug)]
pub(crate) enum LibraryState {
    /// Its files, and their directory.
    Here(Tree, PathBuf),
    /// There is nothing.
    Missing,
    /// Something else is there; the difference.
    Wrong(PathBuf, NotTaken),
}

impl Places {
    /// Returns the path of the copy in the project.
    pub(crate) fn vendored(&self, name: &str) -> PathBuf {
        self.project.join(VENDOR).join(name)
    }

    fn cached(&self, digest: &str) -> Option<PathBuf> {
        Some(self.cache.as_ref()?.join(digest))
    }

    /// Looks for a library, first in the project.
    pub(crate) fn state(&self, locked: &Locked, trust: &Trust) -> LibraryState {
        let places = [Some(self.vendored(&locked.name)), self.cached(&locked.tree)];
        let mut places = places.into_iter().flatten();
        match places.find(|place| place.symlink_metadata().is_ok()) {
            None => LibraryState::Missing,
            Some(place) => match copy(&place, trust) {
                Ok(tree) if tree.digest() == locked.tree => LibraryState::Here(tree, place),
                Ok(tree) => LibraryState::Wrong(
                    place,
                    NotTaken::Differs {
                        found: tree.digest(),
                        wanted: locked.tree.clone(),
                    },
                ),
                Err(refused) => LibraryState::Wrong(place, refused.into()),
            },
        }
    }

    /// Keeps a tree in the cache.
    pub(super) fn keep(&self, tree: &Tree, trust: &Trust) -> Result<(), Wrong> {
        let digest = tree.digest();
        let Some(place) = self.cached(&digest) else {
            return Err(hinted(
                "there is no place for libraries: neither XDG_CACHE_HOME nor HOME is set",
                "capr lib vendor needs one for a moment, too",
            ));
        };
        if copy(&place, trust).is_ok_and(|there| there == *tree) {
            return Ok(());
        }
        put(tree, &place)?;
        // It may be somebody else's directory.
        copy(&place, trust).map(drop).map_err(|reason| {
            hinted(
                format!("the cache cannot be used: {reason}"),
                "XDG_CACHE_HOME names another place for it",
            )
        })
    }

    /// Copies a tree into the project, replacing one that capr has put there: `before` is its digest.
    pub(crate) fn vendor(&self, name: &str, tree: &Tree, before: Option<&str>, trust: &Trust) -> Result<(), Wrong> {
        self.refuse_links()?;
        let place = self.vendored(name);
        if place.symlink_metadata().is_ok() {
            let there = copy(&place, trust).map(|there| there.digest()).ok();
            if there.as_deref() == Some(&tree.digest()) {
                return Ok(());
            }
            if there.is_none() || there.as_deref() != before {
                return Err(hinted(
                    format!("{} is not what capr has put there", place.display()),
                    "nothing was copied over it; move it away, or remove it",
                ));
            }
        }
        put(tree, &place)
    }

    /// Refuses links on the way to the copies: they may have come with the project, and lead out of it.
    fn refuse_links(&self) -> Result<(), Wrong> {
        let way = Path::new(VENDOR)
            .ancestors()
            .filter(|part| !part.as_os_str().is_empty());
        let mut way = way.map(|part| self.project.join(part));
        match way.find(|part| part.is_symlink()) {
            Some(link) => Err(hinted(
                format!("{} is a link, and may lead elsewhere", link.display()),
                "libraries are copied into the project itself: make it a directory",
            )),
            None => Ok(()),
        }
    }

    /// Removes the copy of a library from the project, if it is what capr has put there.
    pub(crate) fn remove_vendored(&self, locked: &Locked, trust: &Trust) -> Result<bool, Wrong> {
        self.refuse_links()?;
        let place = self.vendored(&locked.name);
        if copy(&place, trust).is_ok_and(|there| there.digest() == locked.tree) {
            return fs::remove_dir_all(&place)
                .map(|()| true)
                .map_err(|error| unwritable(&place, &error));
        }
        Ok(false)
    }
}

/// Reads a tree that capr has written.
fn copy(place: &Path, trust: &Trust) -> Result<Tree, Refused> {
    if !place.symlink_metadata().is_ok_and(|there| there.is_dir()) {
        return Err(Refused::NoDirectory);
    }
    Tree::of_copy(place, &|file| trust.read(file).map_err(io::Error::other))
}

/// Writes a tree beside its place and renames it; an existing one is removed.
fn put(tree: &Tree, place: &Path) -> Result<(), Wrong> {
    let failed = |error: io::Error| unwritable(place, &error);
    let above = place.parent().unwrap_or(Path::new("/"));
    DirBuilder::new()
        .recursive(true)
        .mode(0o755)
        .create(above)
        .map_err(failed)?;
    let made = tempfile::Builder::new()
        .prefix(".capr.")
        .tempdir_in(above)
        .map_err(failed)?;
    let new = made.path().join("new");
    DirBuilder::new().mode(0o755).create(&new).map_err(failed)?;
    tree.write(&new).map_err(failed)?;
    if place.symlink_metadata().is_ok() {
        // The old tree is removed with this temporary directory.
        fs::rename(place, made.path().join("old")).map_err(failed)?;
    }
    fs::rename(&new, place).map_err(failed)
}

fn unwritable(place: &Path, error: &io::Error) -> Wrong {
    failed(format!("cannot write {}: {}", place.display(), plain(error)))
}
