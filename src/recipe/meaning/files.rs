//! The files of a run: their sources, and what was read from them.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use indexmap::IndexMap;
use rhai::Position;

use super::claims::Text;
use super::stdlib;
use crate::diagnostic::Diagnostic;
use crate::recipe::language::meanings::{Meaning, meanings};
use crate::recipe::language::syntax::unfilled::Unfilled;
use crate::trust::Trust;

/// The files of a run.
pub(in crate::recipe) struct Files {
    pub(in crate::recipe) stdlib: Option<PathBuf>,
    /// The directories with libraries, in the order in which they are searched.
    pub(in crate::recipe) libraries: Vec<PathBuf>,
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
    /// The syntax errors of all sources.
    pub(in crate::recipe) errors: Vec<Diagnostic>,
}

impl Files {
    pub(in crate::recipe) fn new(stdlib: Option<PathBuf>, libraries: Vec<PathBuf>, trust: Trust) -> Self {
        Self {
            stdlib,
            libraries,
            trust,
            texts: IndexMap::new(),
            loaded: HashSet::new(),
            depth: 0,
            unfilled: Vec::new(),
            read: Vec::new(),
            errors: Vec::new(),
        }
    }

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

    /// Returns true if a file belongs to the library.
    pub(in crate::recipe) fn is_of_stdlib(&self, file: &str) -> bool {
        stdlib::is_own(file)
            || self
                .stdlib()
                .is_some_and(|directory| Path::new(file).starts_with(directory))
    }
}
