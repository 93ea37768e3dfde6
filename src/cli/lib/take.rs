//! `add`, `update`, `fetch`, `remove` and `vendor`: the changes are shown first and made then.

use std::fs;

use crate::diagnostic::{Diagnostic, Fault};
use crate::io_error::plain;
use crate::libraries::{Change, LibrarySource, Manifest, Resolved, VENDOR, tarball_digest};

use super::show::{changes, short};
use super::{Call, NOTHING_ADDED, Wrong, usage};

impl Call<'_> {
    pub(super) fn add(&mut self, word: &str) -> Result<u8, Wrong> {
        let source = self.typed(word)?;
        let resolver = self.resolver(Vec::new());
        let name = resolver.name_of(&source)?;
        let mut wanted = self.project.manifest.clone();
        let is_there = wanted.libraries.get(&name) == Some(&source);
        wanted.libraries.insert(name.clone(), source.clone());
        let mut resolver = resolver;
        resolver.anew.push(name.clone());
        let resolved = resolver.resolve(&wanted)?;
        let changed = Change::between(&self.project.lock, &resolved.lock);
        if is_there && changed.is_empty() {
            self.tell(&format!("{name} is there already, and nothing is newer\n"));
            return Ok(0);
        }
        self.show(&changed, &resolved, &wanted);
        if !self.ask("Add it?")? {
            self.tell("nothing was changed\n");
            return Ok(1);
        }
        self.project.add(&name, &source)?;
        self.take(&resolved, &changed)?;
        self.tell(&format!("added {name}: require \"{name}\";\n"));
        Ok(0)
    }

    /// Reads the word after `add` into the form of `capr.toml`.
    fn typed(&self, word: &str) -> Result<LibrarySource, Wrong> {
        let file = self.shell.directory.join(word);
        let is_archive = [".tar", ".tar.gz", ".tgz"].iter().any(|ending| word.ends_with(ending));
        if is_archive && self.options.sha256.is_none() && file.is_file() {
            let wrong = Diagnostic::new(Fault::Usage, format!("the tarball {word} needs its SHA-256"));
            let digest = tarball_digest(&file).map(|digest| format!("that of this file is {digest}"));
            let digest = digest.unwrap_or_else(|error| format!("it cannot be read: {}", plain(&error)));
            let how = format!("compare it with what its author says, then: capr lib add {word} --sha256 DIGEST");
            return Err(Box::new(wrong.hint(digest).hint(how)));
        }
        let source = LibrarySource::typed(word, self.options.sha256, &self.shell.directory);
        let source = source.map_err(|wrong| {
            usage(format!(
                "{wrong}: {}",
                "capr lib add GIT_URL[@TAG], a directory, or a tarball"
            ))
        })?;
        Ok(source.moved(|path| self.seen_from_project(path)))
    }

    pub(super) fn update(&mut self, names: &[&str]) -> Result<u8, Wrong> {
        if self.has_added_nothing() && names.is_empty() {
            self.tell(NOTHING_ADDED);
            return Ok(0);
        }
        for name in names {
            if self.project.lock.get(name).is_none() && !self.project.manifest.libraries.contains_key(*name) {
                return Err(self.no_library(name));
            }
        }
        let anew = match names.is_empty() {
            true => self
                .project
                .lock
                .libraries
                .iter()
                .map(|locked| locked.name.clone())
                .collect(),
            false => names.iter().map(|name| (*name).to_owned()).collect(),
        };
        let resolver = self.resolver(anew);
        let mut wanted = self.project.manifest.clone();
        let mut newer = Vec::new();
        for (name, source) in &mut wanted.libraries {
            if (names.is_empty() || names.contains(&name.as_str()))
                && let Some(found) = resolver.newer(source)?
            {
                *source = found.clone();
                newer.push((name.clone(), found));
            }
        }
        let resolved = resolver.resolve(&wanted)?;
        let changed = Change::between(&self.project.lock, &resolved.lock);
        if changed.is_empty() {
            self.tell("nothing is newer\n");
            return Ok(0);
        }
        self.show(&changed, &resolved, &wanted);
        if !self.ask("Take it?")? {
            self.tell("nothing was changed\n");
            return Ok(1);
        }
        for (name, source) in &newer {
            self.project.add(name, source)?;
        }
        self.take(&resolved, &changed)?;
        Ok(0)
    }

    pub(super) fn fetch(&mut self) -> Result<u8, Wrong> {
        self.settled(false)
    }

    pub(super) fn vendor(&mut self) -> Result<u8, Wrong> {
        self.settled(true)
    }

    /// Gets everything that the project wants, on this machine or into its own directory.
    fn settled(&mut self, is_vendored: bool) -> Result<u8, Wrong> {
        let unsettled = self.project.unsettled();
        if self.options.locked && !unsettled.is_empty() {
            return Err(self.project.not_settled(&unsettled));
        }
        if self.has_added_nothing() {
            self.tell(NOTHING_ADDED);
        }
        let wanted = self.project.manifest.clone();
        let resolved = self.resolver(Vec::new()).resolve(&wanted)?;
        let changed = Change::between(&self.project.lock, &resolved.lock);
        if self.options.locked && !changed.is_empty() {
            let names: Vec<&str> = changed.iter().map(|change| change.name.as_str()).collect();
            return Err(self.project.not_settled(&names));
        }
        if !changed.is_empty() {
            self.show(&changed, &resolved, &wanted);
            if !self.ask("Take it?")? {
                self.tell("nothing was changed\n");
                return Ok(1);
            }
        }
        if is_vendored {
            for (name, tree) in &resolved.trees {
                let before = self.project.lock.get(name).map(|locked| locked.tree.clone());
                self.project.places.vendor(name, tree, before.as_deref(), &self.trust)?;
            }
        }
        self.take(&resolved, &changed)?;
        for locked in &resolved.lock.libraries {
            let version = locked.version.as_deref().unwrap_or("");
            let place = match is_vendored {
                true => format!(" in {VENDOR}/{}", locked.name),
                false => String::new(),
            };
            self.tell(&format!("{} {version}{place}\n", locked.name).replace(" \n", "\n"));
        }
        self.tell_strays();
        Ok(0)
    }

    /// Reports copies in the project that belong to no library any more.
    fn tell_strays(&self) {
        let entries = fs::read_dir(self.project.places.project.join(VENDOR))
            .into_iter()
            .flatten()
            .flatten();
        for entry in entries {
            let name = entry.file_name().to_string_lossy().into_owned();
            if self.project.lock.get(&name).is_none() && !name.starts_with('.') {
                self.tell(&format!("{VENDOR}/{name} is of no library that the project has\n"));
            }
        }
    }

    pub(super) fn remove(&mut self, name: &str) -> Result<u8, Wrong> {
        if !self.project.manifest.libraries.contains_key(name) {
            return Err(match self.needing(name) {
                others if others.is_empty() => self.no_library(name),
                others => {
                    let message = format!(
                        "the project itself has not added `{name}'; it is there for {}",
                        others.join(", ")
                    );
                    let hint = "it goes with the last library that needs it";
                    Box::new(Diagnostic::new(Fault::Usage, message).hint(hint))
                }
            });
        }
        let mut wanted = self.project.manifest.clone();
        wanted.libraries.remove(name);
        let resolved = match self.project.pruned(&wanted) {
            Some(lock) => Resolved {
                lock,
                trees: indexmap::IndexMap::new(),
                left_out: Vec::new(),
            },
            None => self.resolver(Vec::new()).resolve(&wanted)?,
        };
        let changed = Change::between(&self.project.lock, &resolved.lock);
        if changed.iter().any(|change| change.after.is_some()) {
            self.show(&changed, &resolved, &wanted);
            if !self.ask("Take it?")? {
                self.tell("nothing was changed\n");
                return Ok(1);
            }
        }
        self.project.remove(name)?;
        self.take(&resolved, &changed)?;
        let gone = changed.iter().filter(|change| change.after.is_none());
        let gone: Vec<&str> = gone.map(|change| change.name.as_str()).collect();
        match self.project.lock.get(name) {
            None => self.tell(&format!("removed {}\n", gone.join(", "))),
            Some(_) => {
                let others = self.needing(name).join(", ");
                self.tell(&format!("{name} stays, since {others} needs it\n"));
            }
        }
        Ok(0)
    }

    /// Returns the libraries that need this one.
    fn needing(&self, name: &str) -> Vec<&str> {
        let all = self.project.lock.libraries.iter();
        let others = all.filter(|locked| locked.needs.iter().any(|need| need == name));
        others.map(|locked| locked.name.as_str()).collect()
    }

    fn show(&self, changed: &[Change], resolved: &Resolved, wanted: &Manifest) {
        self.tell(&changes(self, changed, resolved, wanted));
    }

    /// Writes the lock, and updates the copies in the project.
    fn take(&mut self, resolved: &Resolved, changed: &[Change]) -> Result<(), Wrong> {
        for change in changed {
            let Some(before) = &change.before else { continue };
            let is_vendored = self.project.places.vendored(&change.name).symlink_metadata().is_ok();
            match (is_vendored, resolved.trees.get(&change.name)) {
                (true, Some(tree)) => {
                    let place = &self.project.places;
                    place.vendor(&change.name, tree, Some(&before.tree), &self.trust)?;
                }
                (true, None)
                    if change.after.is_none() && !self.project.places.remove_vendored(before, &self.trust)? =>
                {
                    let name = &change.name;
                    self.tell(&format!("{VENDOR}/{name} was changed by hand, and stays\n"));
                }
                _ => {}
            }
        }
        self.project.save(resolved.lock.clone())
    }

    fn no_library(&self, name: &str) -> Wrong {
        let mut wrong = Diagnostic::new(Fault::Usage, format!("the project has no library `{name}'"));
        let names = self.project.lock.libraries.iter().map(|locked| locked.name.as_str());
        let names: Vec<&str> = names
            .chain(self.project.manifest.libraries.keys().map(String::as_str))
            .collect();
        wrong.hints.extend(crate::configuration::suggestion(name, names));
        wrong.hints.push("capr lib list lists them".to_owned());
        Box::new(wrong)
    }
}

/// Returns a commit as it is shown.
pub(super) fn commit(revision: Option<&str>) -> String {
    revision
        .map(|revision| format!(", commit {}", short(revision)))
        .unwrap_or_default()
}
