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
    /// The last command whose output counts as empty, since it was not run.
    not_run: RefCell<Option<NotRun>>,
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

    /// Notes that a command was not run.
    pub(super) fn note_not_run(&self, not_run: NotRun) {
        self.not_run.replace(Some(not_run));
    }

    /// Returns the hint about a command that was not run, if there is one.
    pub(in crate::recipe) fn take_not_run(&self) -> Option<String> {
        self.not_run.take().map(|not_run| not_run.hint())
    }
}

/// A command whose output counts as empty, since it was not run.
pub(super) struct NotRun {
    verb: &'static str,
    place: Option<Origin>,
    in_dry_run: bool,
}

impl NotRun {
    /// Returns the command of a verb at a place: in a dry run, or else while the recipe is only looked at.
    pub(super) fn new(verb: &'static str, place: Option<Origin>, in_dry_run: bool) -> Self {
        Self {
            verb,
            place,
            in_dry_run,
        }
    }

    fn hint(&self) -> String {
        let Self { verb, place, .. } = self;
        let at = place.as_ref().map_or_else(String::new, |place| format!(" at {place}"));
        if !self.in_dry_run {
            return format!(
                "`{verb}'{at} was not run, since the recipe is only looked at; made lazy it is not needed: set :name {{ … }}"
            );
        }
        let instead = match *verb {
            "capture" | "run_locally" => "; say what to take for it: :dry_run => \"…\"",
            _ => "",
        };
        format!("a dry run did not run `{verb}'{at}, and took its output to be empty{instead}")
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
