//! The actor, as the code of recipes reaches it: for one call at a time.

use std::cell::RefCell;

use crate::actor::Actor;
use crate::event::Event;
use crate::secret::{Redactor, Secret};

/// The actor of a run.
pub(in crate::recipe) struct SharedActor(RefCell<Actor>);

impl SharedActor {
    pub(super) fn new(actor: Actor) -> Self {
        Self(RefCell::new(actor))
    }

    /// Does something with the actor. Code that may run while the actor itself asks for a password uses
    /// [`SharedActor::unless_busy`].
    pub(in crate::recipe) fn with<T>(&self, work: impl FnOnce(&mut Actor) -> T) -> T {
        work(&mut self.0.borrow_mut())
    }

    /// Does something with the actor; `None` if it is at work: it may be asking for a password, and the variable `password` has a
    /// block that is evaluated for it.
    pub(in crate::recipe) fn unless_busy<T>(&self, work: impl FnOnce(&mut Actor) -> T) -> Option<T> {
        let mut actor = self.0.try_borrow_mut().ok()?;
        Some(work(&mut actor))
    }

    /// Reports an event, unless the actor is at work.
    pub(in crate::recipe) fn emit(&self, event: Event) {
        self.unless_busy(|actor| actor.emit(event));
    }

    /// Keeps a secret out of all reports from now on.
    pub(in crate::recipe) fn hide(&self, secret: &Secret) {
        self.unless_busy(|actor| actor.redactor().add(secret));
    }

    /// Returns true if a string contains a secret.
    pub(in crate::recipe) fn holds_secret(&self, text: &str) -> bool {
        self.unless_busy(|actor| !actor.redactor().is_empty() && actor.redactor().clean(text) != text)
            .unwrap_or(false)
    }

    /// Returns the redactor that all reports pass.
    pub(in crate::recipe) fn redactor(&self) -> Redactor {
        self.with(|actor| actor.redactor().clone())
    }

    /// Returns true while a rollback runs.
    pub(in crate::recipe) fn is_rolling_back(&self) -> bool {
        self.with(|actor| actor.is_rolling_back())
    }
}
