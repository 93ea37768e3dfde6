//! Clues to the cause of the next error.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use rhai::Position;

use crate::diagnostic::Origin;

/// The clues that were found so far.
#[derive(Default)]
pub(in crate::recipe) struct Clues {
    missing: MissingValue,
    /// The last call of an unknown name in a namespace: the namespace and the name.
    member: RefCell<Option<(Rc<str>, String)>>,
    /// The last command of this machine that was not run, since the recipe is only looked at: its verb and its place.
    not_run: RefCell<Option<(&'static str, Option<Origin>)>>,
}

impl Clues {
    /// Returns the place where a string was made of a missing value.
    pub(super) fn missing(&self) -> &MissingValue {
        &self.missing
    }

    /// Notes that a name in a namespace is not known.
    pub(in crate::recipe) fn note_member(&self, namespace: Rc<str>, name: String) {
        self.member.replace(Some((namespace, name)));
    }

    /// Takes the namespace in which a name of this call is not known.
    pub(super) fn take_member(&self, name: &str) -> Option<Rc<str>> {
        let (namespace, member) = self.member.take()?;
        (member == name).then_some(namespace)
    }

    /// Notes that a command of this machine was not run.
    pub(super) fn note_not_run(&self, verb: &'static str, place: Option<Origin>) {
        self.not_run.replace(Some((verb, place)));
    }

    /// Returns the hint about a command that was not run, if there is one.
    pub(in crate::recipe) fn take_not_run(&self) -> Option<String> {
        let (verb, place) = self.not_run.take()?;
        let at = place.map_or_else(String::new, |place| format!(" at {place}"));
        Some(format!(
            "`{verb}'{at} was not run, since the recipe is only looked at; made lazy it is not needed: set :name {{ … }}"
        ))
    }
}

/// The place where a string was first made of a missing value since the last check.
#[derive(Default)]
pub(in crate::recipe) struct MissingValue {
    /// True if there is a place: the check at each step must cost little.
    is_noted: Cell<bool>,
    place: RefCell<Option<(Option<Rc<str>>, Position)>>,
}

impl MissingValue {
    /// Notes the place, unless there is one already.
    pub(super) fn note(&self, file: Option<&str>, position: Position) {
        if !self.is_noted.replace(true) {
            self.place.replace(Some((file.map(Into::into), position)));
        }
    }

    /// Takes the place: the file, and the position in it.
    pub(super) fn take(&self) -> Option<(Option<Rc<str>>, Position)> {
        match self.is_noted.replace(false) {
            true => self.place.take(),
            false => None,
        }
    }
}
