//! Decides which libraries a project gets: those that it wants and those that they need, one version of each.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs;
use std::io;
use std::path::Path;
use std::rc::Rc;

use indexmap::IndexMap;

use super::limits::LIBRARIES;
use super::lock::{LOCK, Lock, Locked};
use super::manifest::{MANIFEST, Manifest, check_capr};
use super::not_taken::NotTaken;
use super::project::Project;
use super::source::{LibrarySource, SourceKind};
use super::store::LibraryState;
use super::tree::Tree;
use super::version::Version;
use super::{Wrong, archive, failed, git, hinted};
use crate::io_error::plain;
use crate::sort;
use crate::trust::Trust;

/// Fetches the libraries that are wanted and not on this machine.
#[derive(Debug)]
pub(crate) struct Resolver<'a> {
    /// The project as it is.
    pub project: &'a Project,
    /// The rule for whose files may be read.
    pub trust: &'a Trust,
    /// True if nothing may be fetched from another machine.
    pub is_offline: bool,
    /// The manner in which git is called.
    pub manner: git::Manner,
    /// The libraries that are fetched again, whatever the lock says.
    pub anew: Vec<String>,
    /// Fetched libraries, so that each is fetched once.
    pub fetched: Fetched,
}

/// Fetched libraries: the source, the commit that was asked for, and the files.
#[derive(Debug, Default)]
pub(crate) struct Fetched(RefCell<Vec<(LibrarySource, Option<String>, Taken)>>);

/// The libraries of a project after they were chosen.
#[derive(Debug)]
pub(crate) struct Resolved {
    /// The contents of `capr.lock` from now on.
    pub lock: Lock,
    /// The files of each library.
    pub trees: IndexMap<String, Rc<Tree>>,
    /// The entries that are not in the trees, each with the reason.
    pub left_out: Vec<String>,
}

/// A library that changes.
#[derive(Debug)]
pub(crate) struct Change {
    /// Its name.
    pub name: String,
    /// Its entry in the lock before.
    pub before: Option<Locked>,
    /// Its entry in the lock from now on.
    pub after: Option<Locked>,
}

impl Change {
    /// Returns the libraries about which two locks differ.
    pub(crate) fn between(before: &Lock, after: &Lock) -> Vec<Self> {
        let names: BTreeSet<&str> = before
            .libraries
            .iter()
            .chain(&after.libraries)
            .map(|locked| locked.name.as_str())
            .collect();
        let change = |name: &str| Self {
            name: name.to_owned(),
            before: before.get(name).cloned(),
            after: after.get(name).cloned(),
        };
        names
            .into_iter()
            .map(change)
            .filter(|change| change.before != change.after)
            .collect()
    }
}

/// A library that was chosen.
#[derive(Clone, Debug)]
struct Taken {
    tree: Rc<Tree>,
    manifest: Rc<Manifest>,
    revision: Option<String>,
    left_out: Vec<String>,
}

impl Taken {
    fn version(&self, source: &LibrarySource) -> Option<Version> {
        self.manifest.version().or_else(|| source.version())
    }
}

/// The wish for a library.
struct Wish {
    name: String,
    source: LibrarySource,
    /// The library that needs it; `None` if the project does.
    by: Option<String>,
}

impl Wish {
    fn who(&self) -> String {
        match &self.by {
            Some(by) => format!("the library `{by}'"),
            None => "the project".to_owned(),
        }
    }
}

struct Chosen {
    wish: Wish,
    taken: Taken,
}

impl Resolver<'_> {
    /// Returns the name of a library: the one that it gives itself, else that of its source. Fetches it.
    pub(crate) fn name_of(&self, source: &LibrarySource) -> Result<String, Wrong> {
        let taken = self.fetch(&source.name(), source, None)?;
        self.project.places.keep(&taken.tree, self.trust)?;
        let name = taken.manifest.library.as_ref().map(|about| about.name.clone());
        let name = name.unwrap_or_else(|| source.name());
        match super::manifest::is_name(&name) {
            true => Ok(name),
            false => Err(hinted(
                format!("{name:?} is no name of a library"),
                format!("its author names it: {MANIFEST} with [library] and name = \"NAME\" in it"),
            )),
        }
    }

    /// Returns the newest tag of a repository that can replace the wanted one; `None` if there is no newer one.
    pub(crate) fn newer(&self, source: &LibrarySource) -> Result<Option<LibrarySource>, Wrong> {
        let (SourceKind::Git(url, _), Some(version)) = (source.kind(), source.version()) else {
            return Ok(None);
        };
        self.may_fetch(source)?;
        let directory = self.scratch()?;
        let url_here = self.url_here(url);
        let tags = git::tags(&url_here, directory.path(), &self.manner);
        let tags = tags.map_err(|error| unfetched(source, &error.into()))?;
        let newer = tags
            .into_iter()
            .filter_map(|tag| Some((tag.parse::<Version>().ok()?, tag)));
        let newest = newer
            .filter(|(other, _)| *other > version && other.is_kin(version))
            .max();
        Ok(newest.map(|(_, tag)| LibrarySource::git(url, Some(&tag))))
    }

    /// Fetches everything that the manifest wants and its libraries need.
    pub(crate) fn resolve(&self, manifest: &Manifest) -> Result<Resolved, Wrong> {
        let mut raised: BTreeMap<String, LibrarySource> = BTreeMap::new();
        loop {
            match self.round(manifest, &raised)? {
                Round::Done(chosen) => return self.kept(chosen),
                Round::Raise(name, source) => drop(raised.insert(name, source)),
            }
        }
    }

    fn round(&self, manifest: &Manifest, raised: &BTreeMap<String, LibrarySource>) -> Result<Round, Wrong> {
        let wish = |(name, source): (&String, &LibrarySource)| Wish {
            name: name.clone(),
            source: source.clone(),
            by: None,
        };
        let mut wishes: VecDeque<Wish> = manifest.libraries.iter().map(wish).collect();
        let mut chosen: IndexMap<String, Chosen> = IndexMap::new();
        while let Some(mut wish) = wishes.pop_front() {
            if let Some(there) = chosen.get(&wish.name) {
                if reconciled(there, &wish)? {
                    continue;
                }
                return Ok(Round::Raise(wish.name, wish.source));
            }
            if chosen.len() >= LIBRARIES {
                return Err(failed(format!("these are more than {LIBRARIES} libraries")));
            }
            if let Some(source) = raised.get(&wish.name).filter(|_| wish.by.is_some()) {
                wish.source = source.clone();
            }
            let taken = self.take(&wish)?;
            for (name, source) in &taken.manifest.libraries {
                wishes.push_back(needed(&wish, name, source)?);
            }
            chosen.insert(wish.name.clone(), Chosen { wish, taken });
        }
        Ok(Round::Done(chosen))
    }

    fn kept(&self, chosen: IndexMap<String, Chosen>) -> Result<Resolved, Wrong> {
        let (mut lock, mut trees, mut left_out) = (Lock::default(), IndexMap::new(), Vec::new());
        for (name, Chosen { wish, taken }) in chosen {
            let about = taken.manifest.library.clone().unwrap_or_default();
            let version = about
                .version
                .or_else(|| wish.source.version().map(|version| version.to_string()));
            left_out.extend(taken.left_out.iter().map(|line| format!("{name}: {line}")));
            lock.libraries.push(Locked {
                name: name.clone(),
                version,
                capr: about.capr,
                revision: taken.revision,
                tree: taken.tree.digest(),
                needs: taken.manifest.libraries.keys().cloned().collect(),
                source: wish.source,
            });
            trees.insert(name, taken.tree);
        }
        sort::by_key(&mut lock.libraries, |library| library.name.clone());
        Ok(Resolved { lock, trees, left_out })
    }

    /// Returns the library that is wanted: the one in the lock, if that has the same source.
    fn take(&self, wish: &Wish) -> Result<Taken, Wrong> {
        let (name, source) = (&wish.name, &wish.source);
        let locked = self.project.lock.get(name).filter(|locked| locked.source == *source);
        let locked = locked.filter(|_| !self.anew.contains(name));
        let state = locked.map(|locked| self.project.places.state(locked, self.trust));
        let taken = match (state, locked) {
            (Some(LibraryState::Here(tree, _)), Some(locked)) => Taken {
                manifest: Rc::new(manifest_of(name, &tree)?),
                tree: Rc::new(tree),
                revision: locked.revision.clone(),
                left_out: Vec::new(),
            },
            (Some(LibraryState::Wrong(place, reason)), _) if place == self.project.places.vendored(name) => {
                return Err(hinted(
                    format!("{} is not what {LOCK} says: {reason}", place.display()),
                    "somebody has changed it: take it from the repository, or remove it and run capr lib vendor",
                ));
            }
            (_, locked) => {
                let taken = self.fetch(name, source, locked.and_then(|locked| locked.revision.as_deref()))?;
                if let Some(locked) = locked.filter(|locked| locked.tree != taken.tree.digest()) {
                    return Err(hinted(
                        format!(
                            "the library `{name}' of {source} is not what {LOCK} says: its SHA-256 is {}, and not {}",
                            taken.tree.digest(),
                            locked.tree
                        ),
                        format!("it has changed there; capr lib update {name} shows how, and takes it if you say so"),
                    ));
                }
                self.project.places.keep(&taken.tree, self.trust)?;
                taken
            }
        };
        fits(wish, &taken)?;
        Ok(taken)
    }

    fn may_fetch(&self, source: &LibrarySource) -> Result<(), Wrong> {
        match self.is_offline && !source.is_local() {
            true => Err(hinted(
                format!("{source} is not on this machine, and --offline fetches nothing"),
                "without --offline it is fetched",
            )),
            false => Ok(()),
        }
    }

    fn scratch(&self) -> Result<tempfile::TempDir, Wrong> {
        let failed = |error: io::Error| failed(format!("cannot make a directory to fetch into: {}", plain(&error)));
        match &self.project.places.cache {
            Some(cache) => {
                fs::create_dir_all(cache).map_err(failed)?;
                tempfile::Builder::new()
                    .prefix(".fetch.")
                    .tempdir_in(cache)
                    .map_err(failed)
            }
            None => tempfile::tempdir().map_err(failed),
        }
    }

    /// Returns the address of a repository for git, which runs in another directory.
    fn url_here(&self, url: &str) -> String {
        match super::source::is_local(url) && !url.contains("://") {
            true => self.project.places.project.join(url).display().to_string(),
            false => url.to_owned(),
        }
    }

    /// Fetches a library, whatever the lock says.
    fn fetch(&self, name: &str, source: &LibrarySource, revision: Option<&str>) -> Result<Taken, Wrong> {
        self.may_fetch(source)?;
        let known = self.fetched.0.borrow().iter().find_map(|(other, of, taken)| {
            let is_same = other == source && of.as_deref() == revision;
            is_same.then(|| taken.clone())
        });
        if let Some(taken) = known {
            return Ok(taken);
        }
        let asked = revision.map(str::to_owned);
        let here = |path: &str| self.project.places.project.join(path);
        let unfetched = |error: NotTaken| unfetched(source, &error);
        let (tree, left_out, revision) = match source.kind() {
            SourceKind::Git(url, tag) => {
                let directory = self.scratch()?;
                let url = self.url_here(url);
                let taken = git::take(&url, tag, revision, directory.path(), &self.manner).map_err(unfetched)?;
                (taken.tree, taken.left_out, Some(taken.revision))
            }
            SourceKind::Path(path) => {
                let (tree, left_out) = Tree::of_directory(&here(path)).map_err(|error| unfetched(error.into()))?;
                (tree, left_out, None)
            }
            SourceKind::Tarball(file, sha256) => {
                let (tree, left_out) = archive::take(&here(file), sha256).map_err(unfetched)?;
                (tree, left_out, None)
            }
        };
        let taken = Taken {
            manifest: Rc::new(manifest_of(name, &tree)?),
            tree: Rc::new(tree),
            left_out,
            revision,
        };
        self.fetched.0.borrow_mut().push((source.clone(), asked, taken.clone()));
        Ok(taken)
    }
}

/// Returns the digest of a tarball, for a person who compares it.
pub(crate) fn tarball_digest(file: &Path) -> io::Result<String> {
    archive::digest(file)
}

/// Refuses files that are not the library that is wanted, or one for a later capr.
fn fits(wish: &Wish, taken: &Taken) -> Result<(), Wrong> {
    let (name, source) = (&wish.name, &wish.source);
    let about = taken.manifest.library.as_ref();
    check_capr(
        name,
        about.and_then(|about| about.version.as_deref()),
        taken.manifest.capr(),
    )?;
    if let Some(about) = about.filter(|about| about.name != *name) {
        let wanted = wish.who();
        return Err(failed(format!(
            "{wanted} wants {source} as `{name}', and it is the library `{}'",
            about.name
        )));
    }
    if taken.tree.text(&format!("{name}.rhai")).is_none() {
        let recipes: Vec<&str> = taken
            .tree
            .paths()
            .filter(|path| path.ends_with(".rhai"))
            .take(5)
            .collect();
        let there = match recipes.is_empty() {
            true => "it has no recipe".to_owned(),
            false => format!("it has {}", recipes.join(", ")),
        };
        return Err(hinted(
            format!("{source} is no library `{name}': there is no {name}.rhai in it"),
            format!("{there}; {MANIFEST} in it may name it: [library] with name = \"NAME\""),
        ));
    }
    Ok(())
}

enum Round {
    Done(IndexMap<String, Chosen>),
    /// A later version of a library is to be taken.
    Raise(String, LibrarySource),
}

/// Returns the wish for a library that another needs. One that came over the network cannot name a path of this machine.
fn needed(of: &Wish, name: &str, source: &LibrarySource) -> Result<Wish, Wrong> {
    if source.is_local() && !of.source.is_local() {
        return Err(failed(format!(
            "the library `{}' of {} needs `{name}' of {source}, which is a place on this machine: that is not accepted",
            of.name, of.source
        )));
    }
    Ok(Wish {
        name: name.to_owned(),
        source: source.beside(&of.source),
        by: Some(of.name.clone()),
    })
}

/// Returns true if the chosen version serves a wish, and false if the wish is for a later version that serves all; else an error
/// that names both.
fn reconciled(there: &Chosen, wish: &Wish) -> Result<bool, Wrong> {
    let name = &wish.name;
    let (has, wants) = (there.taken.version(&there.wish.source), wish.source.version());
    let is_projects = there.wish.by.is_none();
    let of_two_places = || {
        hinted(
            format!(
                "{} wants `{name}' of {}, and {} of {}",
                there.wish.who(),
                there.wish.source,
                wish.who(),
                wish.source
            ),
            "the project decides: add the one that you mean by capr lib add",
        )
    };
    if !there.wish.source.is_of_one_place(&wish.source) && !is_projects {
        return Err(of_two_places());
    }
    match (has, wants) {
        (Some(has), Some(wants)) if has.serves(wants) => Ok(true),
        (Some(has), Some(wants)) if !is_projects && wants.serves(has) => Ok(false),
        (Some(has), Some(wants)) => Err(hinted(
            format!(
                "{} wants `{name}' {has}, and {} {wants}: one version cannot serve both",
                there.wish.who(),
                wish.who()
            ),
            match is_projects {
                true => format!("capr lib add takes another version of `{name}', or of {}", wish.who()),
                false => "capr lib add takes other versions of those that want it".to_owned(),
            },
        )),
        // Without numbers nobody can say which is later: the project's choice is used, or the first one.
        _ if is_projects || there.wish.source == wish.source || wants.is_none() => Ok(true),
        _ => Err(of_two_places()),
    }
}

fn manifest_of(name: &str, tree: &Tree) -> Result<Manifest, Wrong> {
    let text = tree.text(MANIFEST).unwrap_or_default();
    Manifest::read(&format!("{MANIFEST} of {name}"), text)
}

fn unfetched(source: &LibrarySource, error: &NotTaken) -> Wrong {
    let mut wrong = failed(format!("cannot take {source}: {error}"));
    if let SourceKind::Git(url, _) = source.kind() {
        wrong.hints.extend(git::advice(url, error));
    }
    if let NotTaken::CommitGone(_) = error {
        let hint = "its tag was moved: capr lib update shows what is different now, and takes it if you say so";
        wrong.hints.push(hint.to_owned());
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::{LibrarySource, Wish, needed};

    #[test]
    fn a_library_from_the_network_names_no_place_of_this_machine() {
        let of = |url: &str| Wish {
            name: "chat".to_owned(),
            source: LibrarySource::git(url, Some("v1.0.0")),
            by: None,
        };
        let (far, near) = (
            LibrarySource::git("https://x.org/base", None),
            LibrarySource::git("../base", None),
        );
        for url in ["https://x.org/chat", "git@x.org:chat", "ssh://x.org/chat"] {
            assert!(needed(&of(url), "base", &far).is_ok(), "{url}");
            for source in [&near, &LibrarySource::git("file:///srv/base", None)] {
                let told = needed(&of(url), "base", source)
                    .err()
                    .map(|wrong| wrong.message)
                    .unwrap_or_default();
                assert!(told.contains("which is a place on this machine"), "{url}: {told}");
            }
        }
        // A library of this machine may name another one by its path.
        let found = needed(&of("../libs/chat"), "base", &near)
            .ok()
            .map(|wish| wish.source.to_string());
        assert_eq!(found.as_deref(), Some("../libs/base"));
    }
}
