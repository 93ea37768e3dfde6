//! The files of a run: their sources, and what was read from them.

use std::cell::RefCell;
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use indexmap::IndexMap;
use rhai::Position;

use super::bodies::LibraryBodies;
use super::claims::Text;
use super::stdlib;
use crate::diagnostic::Diagnostic;
use crate::libraries::LibraryShelf;
use crate::recipe::language::meanings::{Meaning, meanings};
use crate::recipe::language::syntax::unfilled::Unfilled;
use crate::trust::Trust;

/// The library that a file belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::recipe) enum Owner {
    /// A library that the project has added.
    Added(String),
    /// One of those that come with capr and are required by name.
    Named(String),
    /// The deploy library.
    Deploy,
}

impl Owner {
    /// Returns the name that the library has in the table `[wins]` of `capr.toml`.
    pub(in crate::recipe) fn name(&self) -> &str {
        match self {
            Self::Added(name) | Self::Named(name) => name,
            Self::Deploy => "capr",
        }
    }
}

/// The files of a run.
#[derive(Default)]
pub(in crate::recipe) struct Files {
    pub(in crate::recipe) stdlib: Option<PathBuf>,
    /// The directories with libraries, in the order in which they are searched.
    pub(in crate::recipe) libraries: Vec<PathBuf>,
    /// The libraries that the project has added; they are searched after `libraries`.
    pub(in crate::recipe) shelf: LibraryShelf,
    /// The directories with libraries that are searched last.
    pub(in crate::recipe) libraries_after: Vec<PathBuf>,
    /// Pairs of a library and another one that it has loaded.
    pub(in crate::recipe) uses: RefCell<HashSet<(Owner, Owner)>>,
    /// The rule for whose files may be read.
    pub(in crate::recipe) trust: Trust,
    pub(in crate::recipe) texts: IndexMap<String, Rc<str>>,
    /// The loaded files by their real paths, so that the names they were loaded under do not matter.
    pub(in crate::recipe) loaded: HashSet<PathBuf>,
    pub(in crate::recipe) depth: usize,
    /// Names in strings that will not be filled in, by file.
    pub(in crate::recipe) unfilled: Vec<(String, Unfilled)>,
    /// All sources that could be parsed, in the order in which they were read; broken parts are left out.
    pub(in crate::recipe) read: Vec<Text>,
    /// The bodies that were cut out of sources of the library.
    pub(in crate::recipe) bodies: LibraryBodies,
    /// The syntax errors of all sources.
    pub(in crate::recipe) errors: Vec<Diagnostic>,
}

impl Files {
    pub(in crate::recipe) fn stdlib(&self) -> Option<&Path> {
        self.stdlib.as_deref()
    }

    /// Returns the character at a place.
    pub(in crate::recipe) fn character(&self, file: &str, position: Position) -> Option<char> {
        let line = self.line(file, position.line()?)?;
        line.chars().nth(position.position()?.checked_sub(1)?)
    }

    /// Returns all sources with the names of their files.
    pub(in crate::recipe) fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.texts.iter().map(|(name, text)| (name.as_str(), &**text))
    }

    /// Returns a line, counted from 1.
    pub(in crate::recipe) fn line(&self, file: &str, number: usize) -> Option<String> {
        let text = self.texts.get(file)?;
        text.lines().nth(number.checked_sub(1)?).map(str::to_owned)
    }

    /// Returns the meanings of variables in the files that are wanted; if several describe one variable, the last counts.
    pub(in crate::recipe) fn meanings(&self, is_wanted: impl Fn(&str) -> bool) -> Vec<Meaning> {
        let wanted = self.texts.iter().filter(|(file, _)| is_wanted(file));
        let all = wanted.flat_map(|(_, text)| meanings(text));
        let by_name: IndexMap<String, Meaning> = all.map(|meaning| (meaning.name.clone(), meaning)).collect();
        by_name.into_values().collect()
    }

    /// Returns the source before this line.
    pub(in crate::recipe) fn before(&self, file: &str, number: usize) -> String {
        let text = self.texts.get(file).map(|text| &**text).unwrap_or_default();
        text.split_inclusive('\n').take(number.saturating_sub(1)).collect()
    }

    /// Returns true if a file belongs to the library that comes with capr.
    pub(in crate::recipe) fn is_of_stdlib(&self, file: &str) -> bool {
        stdlib::is_own(file)
            || self
                .stdlib()
                .is_some_and(|directory| Path::new(file).starts_with(directory))
    }

    /// Returns the library that a file belongs to; `None` for the project's own files.
    pub(in crate::recipe) fn owner(&self, file: &str) -> Option<Owner> {
        if let Some(name) = self.shelf.library_of(file) {
            return Some(Owner::Added(name));
        }
        if !self.is_of_stdlib(file) {
            return None;
        }
        let path = match (file.strip_prefix(stdlib::FOLDER), self.stdlib()) {
            (Some(path), _) => Path::new(path),
            (None, Some(directory)) => Path::new(file).strip_prefix(directory).unwrap_or(Path::new(file)),
            (None, None) => Path::new(file),
        };
        let named = path.strip_prefix(stdlib::LIBRARIES).ok();
        let named = named.and_then(|path| path.iter().next()?.to_str());
        Some(match named {
            Some(name) => Owner::Named(name.strip_suffix(".rhai").unwrap_or(name).to_owned()),
            None => Owner::Deploy,
        })
    }

    /// Notes that one file has loaded another, if both belong to libraries.
    pub(in crate::recipe) fn used(&self, from: &str, loaded: &str) {
        if let (Some(from), Some(loaded)) = (self.owner(from), self.owner(loaded)) {
            self.uses.borrow_mut().insert((from, loaded));
        }
    }

    /// Returns true if a file is a library that others load: it lies in a directory for libraries, or `capr.toml` says so.
    pub(in crate::recipe) fn is_library(&self, file: &str) -> bool {
        let mut directories = Path::new(file).parent().into_iter().flat_map(Path::ancestors);
        directories.any(|directory| directory.ends_with("lib/capr")) || self.shelf.is_made_here(file, &self.trust)
    }
}
