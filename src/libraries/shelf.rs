//! Finds the libraries of a project by name during a run. Nothing is fetched: a library that is not on this machine, or differs
//! from `capr.lock`, is an error.

use std::cell::{OnceCell, RefCell};
use std::path::{Component, Path, PathBuf};
use std::rc::Rc;

use indexmap::IndexMap;

use super::lock::LOCK;
use super::manifest::{CAPR, check_capr};
use super::project::Project;
use super::store::{LibraryState, Places};
use super::tree::Tree;
use super::{Wrong, hinted};
use crate::trust::Trust;

/// The libraries of a project; its files are read at the first search.
#[derive(Clone, Debug, Default)]
pub struct LibraryShelf {
    /// The directory of `capr.toml`, and the cache.
    places: Option<Places>,
    /// The directory; paths below it are shown without it.
    base: PathBuf,
    project: OnceCell<Rc<Project>>,
    /// The libraries that were looked for, compared with their digests.
    trees: RefCell<IndexMap<String, (PathBuf, Rc<Tree>)>>,
}

/// A recipe of a library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LibraryRecipe {
    /// Its path, as it is shown.
    pub file: PathBuf,
    /// Its text.
    pub text: String,
}

impl LibraryShelf {
    /// Returns the libraries of the project that has the directory `start`; paths below `base` are shown without it.
    pub fn new(start: &Path, base: &Path, cache: Option<PathBuf>) -> Self {
        Self {
            places: Project::find(start).map(|project| Places { project, cache }),
            base: base.to_owned(),
            ..Self::default()
        }
    }

    /// Returns the recipe for `require "chat"` or `require "chat/more"`; `None` if no such library was added.
    pub fn find(&self, name: &str, trust: &Trust) -> Result<Option<LibraryRecipe>, Wrong> {
        let library = name.split('/').next().unwrap_or(name);
        let library = library.strip_suffix(".rhai").unwrap_or(library).to_owned();
        let Some(project) = self.project(trust)? else {
            return Ok(None);
        };
        if project.manifest.libraries.is_empty() && project.lock.libraries.is_empty() {
            return Ok(None);
        }
        let unsettled = project.unsettled();
        if unsettled.contains(&library.as_str()) {
            return Err(project.not_settled(&unsettled));
        }
        if project.lock.get(&library).is_none() {
            return Ok(None);
        }
        let (root, tree) = self.tree(&library, &project, trust)?;
        Ok(self.recipe(&root, &tree, Path::new(name)))
    }

    fn project(&self, trust: &Trust) -> Result<Option<Rc<Project>>, Wrong> {
        if let (None, Some(places)) = (self.project.get(), &self.places) {
            let project = Project::open(places.clone(), trust)?;
            return Ok(Some(Rc::clone(self.project.get_or_init(|| Rc::new(project)))));
        }
        Ok(self.project.get().cloned())
    }

    /// Returns the files of a library and their directory.
    fn tree(&self, name: &str, project: &Project, trust: &Trust) -> Result<(PathBuf, Rc<Tree>), Wrong> {
        if let Some((root, tree)) = self.trees.borrow().get(name) {
            return Ok((root.clone(), Rc::clone(tree)));
        }
        let Some(locked) = project.lock.get(name) else {
            return Err(project.not_settled(&[name]));
        };
        check_capr(name, locked.version.as_deref(), locked.capr.as_deref())?;
        match project.places.state(locked, trust) {
            LibraryState::Here(tree, root) => {
                let tree = Rc::new(tree);
                self.trees
                    .borrow_mut()
                    .insert(name.to_owned(), (root.clone(), Rc::clone(&tree)));
                Ok((root, tree))
            }
            LibraryState::Missing => Err(hinted(
                format!("the library `{name}' of {} is not on this machine", locked.source),
                "capr lib fetch fetches what capr.lock names",
            )),
            LibraryState::Wrong(place, reason) => {
                let is_vendored = place == project.places.vendored(name);
                let message = format!(
                    "the library `{name}' in {} is not what {LOCK} says: {reason}",
                    place.display()
                );
                let hint = match is_vendored {
                    true => {
                        "somebody has changed it: take it from the repository, or remove it and run capr lib vendor"
                    }
                    false => "somebody has changed it: look at it; capr lib fetch puts there what belongs there",
                };
                Err(hinted(message, hint))
            }
        }
    }

    /// Returns the recipe with that path in a tree, with or without its ending.
    fn recipe(&self, root: &Path, tree: &Tree, path: &Path) -> Option<LibraryRecipe> {
        let path = inside(path)?;
        let with_ending = format!("{path}.rhai");
        let path = [path, with_ending].into_iter().find(|path| tree.text(path).is_some())?;
        let file = root.join(&path);
        Some(LibraryRecipe {
            text: tree.text(&path)?.to_owned(),
            file: file.strip_prefix(&self.base).unwrap_or(&file).to_owned(),
        })
    }

    /// Returns the library that a file belongs to, as it is shown.
    pub fn library_of(&self, file: &str) -> Option<String> {
        self.home_of(file).map(|(name, ..)| name)
    }

    fn home_of(&self, file: &str) -> Option<(String, PathBuf, Rc<Tree>)> {
        let file = self.base.join(file);
        let trees = self.trees.borrow();
        let (name, (root, tree)) = trees.iter().find(|(_, (root, _))| file.starts_with(root))?;
        Some((name.clone(), root.clone(), Rc::clone(tree)))
    }

    /// Returns the recipe that lies beside one of a library; `None` if `from` is no file of one, or if there is none.
    pub fn beside(&self, from: &str, name: &Path) -> Option<LibraryRecipe> {
        let (_, root, tree) = self.home_of(from)?;
        let file = self.base.join(from);
        let directory = file.parent()?.strip_prefix(&root).ok()?;
        self.recipe(&root, &tree, &directory.join(name))
    }

    /// Returns true if a file is a recipe of the library that the project itself is.
    pub fn is_made_here(&self, file: &str, trust: &Trust) -> bool {
        let Ok(Some(project)) = self.project(trust) else {
            return false;
        };
        let Some(about) = &project.manifest.library else {
            return false;
        };
        let file = self.base.join(file);
        let Some(path) = file.strip_prefix(&project.places.project).ok().and_then(inside) else {
            return false;
        };
        path == format!("{}.rhai", about.name) || path.starts_with(&format!("{}/", about.name))
    }

    /// Returns the library whose task or variable of this name is used, if `capr.toml` says so.
    pub fn winner(&self, what: &str) -> Option<&str> {
        self.project.get()?.manifest.wins.get(what).map(String::as_str)
    }

    /// Returns the entries of `[wins]` whose library the project has not added, each with the name of a task or variable first.
    pub fn winners_of_others(&self) -> Vec<(&str, &str)> {
        let Some(project) = self.project.get() else {
            return Vec::new();
        };
        let entries = project.manifest.wins.iter();
        entries
            .filter(|(_, library)| *library != CAPR && project.lock.get(library).is_none())
            .map(|(what, library)| (what.as_str(), library.as_str()))
            .collect()
    }

    /// Returns the names of the libraries that the project has.
    pub fn names(&self) -> Vec<&str> {
        let project = self.project.get();
        let locked = project.iter().flat_map(|project| &project.lock.libraries);
        locked.map(|locked| locked.name.as_str()).collect()
    }
}

/// Returns a path inside a tree, without `.` and `..`; `None` if it leads out.
fn inside(path: &Path) -> Option<String> {
    let mut steps: Vec<&str> = Vec::new();
    for part in path.components() {
        match part {
            Component::Normal(step) => steps.push(step.to_str()?),
            Component::CurDir => {}
            Component::ParentDir => drop(steps.pop()?),
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    (!steps.is_empty()).then(|| steps.join("/"))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::inside;

    #[test]
    fn nothing_outside_of_a_tree_is_found_in_it() {
        for (path, found) in [
            ("chat", Some("chat")),
            ("./a/../chat", Some("chat")),
            ("../chat", None),
            ("a/../../chat", None),
            ("/etc/passwd", None),
            ("", None),
        ] {
            assert_eq!(inside(Path::new(path)).as_deref(), found, "{path}");
        }
    }
}
