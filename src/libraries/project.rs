//! A project with the libraries that it wants and those that it has, as its two files say.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use super::lock::{LOCK, Lock};
use super::manifest::{MANIFEST, Manifest};
use super::source::LibrarySource;
use super::store::Places;
use super::{Wrong, edit, failed, hinted};
use crate::diagnostic::{Diagnostic, Fault};
use crate::io_error::plain;
use crate::place::Draft;
use crate::trust::Trust;

/// A project.
#[derive(Clone, Debug)]
pub(crate) struct Project {
    /// The directories of its libraries.
    pub places: Places,
    /// The contents of `capr.toml`.
    pub manifest: Manifest,
    /// The contents of `capr.lock`.
    pub lock: Lock,
    /// The text of `capr.toml`.
    text: String,
}

impl Project {
    /// Returns the nearest directory upwards that has a `capr.toml`.
    pub(crate) fn find(start: &Path) -> Option<PathBuf> {
        let mut above = start.ancestors();
        above
            .find(|directory| directory.join(MANIFEST).symlink_metadata().is_ok())
            .map(Path::to_owned)
    }

    /// Reads both files; a missing one counts as empty.
    pub(crate) fn open(places: Places, trust: &Trust) -> Result<Self, Wrong> {
        let text = read(&places.project.join(MANIFEST), trust)?;
        let lock = read(&places.project.join(LOCK), trust)?;
        Ok(Self {
            manifest: Manifest::read(MANIFEST, text.as_deref().unwrap_or_default())?,
            lock: lock.map_or(Ok(Lock::default()), |lock| Lock::read(LOCK, &lock))?,
            text: text.unwrap_or_default(),
            places,
        })
    }

    /// Returns the lock without the libraries that this manifest does not need; `None` if the lock lacks one that it needs.
    pub(crate) fn pruned(&self, wanted: &Manifest) -> Option<Lock> {
        let other = Self {
            manifest: wanted.clone(),
            ..self.clone()
        };
        let reached = other.reached();
        let kept = self
            .lock
            .libraries
            .iter()
            .filter(|locked| reached.contains(locked.name.as_str()));
        let lock = Lock {
            libraries: kept.cloned().collect(),
        };
        let is_whole = wanted
            .libraries
            .iter()
            .all(|(name, source)| lock.get(name).is_some_and(|locked| locked.source == *source));
        let is_own = |name: &str| self.manifest.libraries.contains_key(name) && !wanted.libraries.contains_key(name);
        // If another library still needs one that the manifest no longer names, that library's wish decides which version it is.
        (is_whole && !reached.iter().any(|name| is_own(name))).then_some(lock)
    }

    /// Returns the names of libraries about which the two files disagree.
    pub(crate) fn unsettled(&self) -> Vec<&str> {
        let wanted = self.manifest.libraries.iter();
        let mut names: Vec<&str> = wanted
            .filter(|(name, source)| self.lock.get(name).is_none_or(|locked| locked.source != **source))
            .map(|(name, _)| name.as_str())
            .collect();
        let reached = self.reached();
        let locked = self.lock.libraries.iter().map(|locked| locked.name.as_str());
        names.extend(locked.filter(|name| !reached.contains(name)));
        // Libraries that another one needs and that were not locked with it.
        names.extend(
            reached
                .iter()
                .filter(|name| self.lock.get(name).is_none() && !self.manifest.libraries.contains_key(**name)),
        );
        names
    }

    /// Returns the libraries that the project wants, and those that they need.
    fn reached(&self) -> BTreeSet<&str> {
        let mut left: Vec<&str> = self.manifest.libraries.keys().map(String::as_str).collect();
        let mut reached = BTreeSet::new();
        while let Some(name) = left.pop() {
            if reached.insert(name) {
                let needs = self.lock.get(name).map(|locked| locked.needs.as_slice());
                left.extend(needs.unwrap_or_default().iter().map(String::as_str));
            }
        }
        reached
    }

    /// Returns the error if the two files disagree.
    pub(crate) fn not_settled(&self, names: &[&str]) -> Wrong {
        hinted(
            format!("{MANIFEST} and {LOCK} do not say the same of {}", names.join(", ")),
            format!("capr lib fetch writes {LOCK} anew; or take both files from one commit"),
        )
    }

    /// Writes `capr.toml` with this library, in place of one with that name.
    pub(crate) fn add(&mut self, name: &str, source: &LibrarySource) -> Result<(), Wrong> {
        self.change(edit::with(&self.text, name, source)?)
    }

    /// Writes `capr.toml` without this library.
    pub(crate) fn remove(&mut self, name: &str) -> Result<(), Wrong> {
        self.change(edit::without(&self.text, name)?)
    }

    fn change(&mut self, text: String) -> Result<(), Wrong> {
        self.manifest = Manifest::read(MANIFEST, &text)?;
        write(&self.places.project.join(MANIFEST), &text)?;
        self.text = text;
        Ok(())
    }

    /// Writes `capr.lock`.
    pub(crate) fn save(&mut self, lock: Lock) -> Result<(), Wrong> {
        if lock != self.lock || !self.places.project.join(LOCK).exists() {
            write(&self.places.project.join(LOCK), &lock.text()?)?;
        }
        self.lock = lock;
        Ok(())
    }
}

fn read(file: &Path, trust: &Trust) -> Result<Option<String>, Wrong> {
    if file
        .symlink_metadata()
        .is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
    {
        return Ok(None);
    }
    let bytes = trust.read(file).map_err(|refusal| {
        let mut wrong = Diagnostic::new(Fault::Recipe, refusal.to_string());
        wrong.hints = refusal.hints();
        Box::new(wrong)
    })?;
    let text = String::from_utf8(bytes).map_err(|_| failed(format!("{} is not UTF-8", file.display())))?;
    Ok(Some(text))
}

/// Writes a file of the project; an existing one keeps its mode.
fn write(file: &Path, text: &str) -> Result<(), Wrong> {
    let name = Path::new(file.file_name().unwrap_or_default());
    let written = Draft::below(file.parent().unwrap_or(Path::new(".")), name).and_then(|mut draft| {
        draft.write(text)?;
        draft.replace()
    });
    written.map_err(|error| failed(format!("cannot write {}: {}", file.display(), plain(&error))))
}
