//! The files of a run: their texts, and what was read of them.

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

/// All files of a run.
pub(in crate::recipe) struct Files {
    pub(in crate::recipe) stdlib: Option<PathBuf>,
    /// Directories with libraries, in the order they are looked through.
    pub(in crate::recipe) libraries: Vec<PathBuf>,
    /// Whose files are read.
    pub(in crate::recipe) trust: Trust,
    pub(in crate::recipe) texts: IndexMap<String, Rc<str>>,
    /// By what they are, not by how they were named.
    pub(in crate::recipe) loaded: HashSet<PathBuf>,
    pub(in crate::recipe) depth: usize,
    /// Names in texts that will not be filled in, by file.
    pub(in crate::recipe) unfilled: Vec<(String, Unfilled)>,
    /// Every text that could be parsed, in the order they were read; what is broken in it is left out.
    pub(in crate::recipe) read: Vec<Text>,
    /// Syntax errors, of all texts.
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

    /// The character that stands at a place.
    pub(in crate::recipe) fn character(&self, file: &str, position: Position) -> Option<char> {
        let line = self.line(file, position.line()?)?;
        line.chars().nth(position.position()?.checked_sub(1)?)
    }

    /// All that was read, with the names of the files.
    pub(in crate::recipe) fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.texts.iter().map(|(name, text)| (name.as_str(), &**text))
    }

    /// The text of a line, counted from 1.
    pub(in crate::recipe) fn line(&self, file: &str, number: usize) -> Option<String> {
        let text = self.texts.get(file)?;
        text.lines().nth(number.checked_sub(1)?).map(str::to_owned)
    }

    /// The meanings of variables in the files that are wanted; where several tell of one, the last.
    pub(in crate::recipe) fn meanings(&self, is_wanted: impl Fn(&str) -> bool) -> Vec<Meaning> {
        let wanted = self.texts.iter().filter(|(file, _)| is_wanted(file));
        let all = wanted.flat_map(|(_, text)| meanings(text));
        let by_name: IndexMap<String, Meaning> = all.map(|meaning| (meaning.name.clone(), meaning)).collect();
        by_name.into_values().collect()
    }

    /// What stands before that line.
    pub(in crate::recipe) fn before(&self, file: &str, number: usize) -> String {
        let text = self.texts.get(file).map(|text| &**text).unwrap_or_default();
        text.split_inclusive('\n').take(number.saturating_sub(1)).collect()
    }

    /// Returns true if a file is one of the library.
    pub(in crate::recipe) fn is_of_stdlib(&self, file: &str) -> bool {
        stdlib::is_own(file)
            || self
                .stdlib()
                .is_some_and(|directory| Path::new(file).starts_with(directory))
    }
}
