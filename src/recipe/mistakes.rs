//! Collects the mistakes of a recipe that was loaded, or could not be loaded.

use std::rc::Rc;

use super::Recipe;
use super::language::origin::Fallible;
use super::meaning::files::Files;
use super::meaning::findings::Findings;
use super::running::dialect;
use crate::diagnostic::{Diagnostic, Fault, Severity};
use crate::sort;

/// The point at which the mistakes of a recipe are collected.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum LoadPoint {
    /// The recipe is loaded. A stage follows, which may define what hooks name.
    BeforeStage,
    /// Everything that a run needs is loaded.
    Complete,
    /// Everything is loaded for `capr check`, which also finds what is not looked for before a task is run.
    Checked,
}

impl Recipe {
    /// Returns all findings in the order of files and lines: the reason why loading has failed, and everything else.
    pub(super) fn wrong(&self, loaded: Fallible<()>, point: LoadPoint) -> Vec<Diagnostic> {
        let is_checked = point == LoadPoint::Checked;
        let is_whole = loaded.is_ok();
        let first = loaded.err().map(|error| self.diagnostic(error));
        if let Some(first) = &first
            && first.fault != Fault::Recipe
        {
            // The recipe does not want to be loaded. A library may have asked too early for what its recipe says.
            let mut found = vec![first.clone()];
            if is_checked && !matches!(first.fault, Fault::Exit(_)) {
                let files = self.interpreter.defined().files();
                found.extend(self.findings(&files, false).habits_of_libraries());
            }
            return self.in_order(found);
        }
        let interpreter = &self.interpreter;
        let missing = match is_whole {
            true => Vec::new(),
            false => interpreter.read_rest(&self.engine),
        };
        let mut found = interpreter.defined().files().errors.clone();
        {
            let files = interpreter.defined().files();
            let findings = self.findings(&files, is_whole);
            let more = findings.all(&self.engine, &found, is_checked);
            found.extend(more);
        }
        found.extend(missing);
        if let Some(mut first) = first {
            // This error knows more than the one that was found in the source, which may know the place better.
            let line = |diagnostic: &Diagnostic| {
                let origin = diagnostic.origin.as_ref();
                origin.map(|origin| (Rc::clone(&origin.file), origin.line))
            };
            let is_same = |other: &Diagnostic| other.message == first.message && line(other) == line(&first);
            if let Some(same) = found.iter().find(|other| is_same(other)) {
                first.origin.clone_from(&same.origin);
                first.line.clone_from(&same.line);
            }
            found.retain(|other| {
                other.severity == Severity::Warning || other.origin.is_none() || other.origin != first.origin
            });
            found.insert(0, first);
        } else {
            found.extend(self.loose_ends(point));
        }
        self.in_order(found)
    }

    /// Returns what can be found in the sources that were read; `is_whole` if all of them were evaluated.
    pub(super) fn findings<'a>(&'a self, files: &'a Files, is_whole: bool) -> Findings<'a> {
        let texts = (self.interpreter.defined(), &*self.interpreter as _);
        Findings::of(texts, &files.read, self.own.get(), is_whole)
    }

    /// Returns findings in the order of files and lines, each once, with its line.
    fn in_order(&self, mut found: Vec<Diagnostic>) -> Vec<Diagnostic> {
        for diagnostic in &mut found {
            self.interpreter.defined().name_it(diagnostic);
        }
        let key = |diagnostic: &Diagnostic| {
            let origin = diagnostic.origin.clone();
            (
                origin.map(|origin| (origin.file, origin.line, origin.column)),
                diagnostic.message.clone(),
            )
        };
        // A source that is read twice gives every finding twice.
        sort::by_key(&mut found, key);
        found.dedup_by_key(|diagnostic| key(diagnostic));
        found.into_iter().map(|diagnostic| self.with_line(diagnostic)).collect()
    }

    /// Returns the errors in everything that these tasks can reach, as far as they can be found without running them.
    pub fn wrong_in(&self, tasks: &[String]) -> Vec<Diagnostic> {
        let files = self.interpreter.defined().files();
        let findings = self.findings(&files, true);
        let servers_are_named = {
            let filter = self.interpreter.exclusions().filter();
            filter.hosts.is_some() || filter.roles.is_some()
        };
        let found = findings.reached(&self.engine, tasks, servers_are_named);
        drop(files);
        self.in_order(found)
    }

    /// Returns findings that need everything to be loaded: names in hooks and in strings.
    fn loose_ends(&self, point: LoadPoint) -> Vec<Diagnostic> {
        let is_checked = point == LoadPoint::Checked;
        let mut found = self.interpreter.unfilled(is_checked);
        if point != LoadPoint::BeforeStage {
            found.extend(dialect::settle_names(&self.interpreter, &self.engine));
            found.extend(self.interpreter.defined().dangling_hooks());
        }
        found.extend(self.ambiguous_stages());
        if is_checked {
            found.extend(self.missing_stages());
        }
        found
    }
}
