//! Notices that a person is given once in a run.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;

use crate::configuration::Server;

/// The notices that were given.
#[derive(Default)]
pub(in crate::recipe) struct Told {
    strangers: Cell<bool>,
    unreleased: RefCell<HashSet<Server>>,
    bared: RefCell<HashSet<String>>,
}

impl Told {
    /// Hosts of the command line that the recipe does not name: true the first time.
    pub(super) fn strangers(&self) -> bool {
        !self.strangers.replace(true)
    }

    /// Lets them be told again: the command line has changed.
    pub(in crate::recipe) fn forget_strangers(&self) {
        self.strangers.set(false);
    }

    /// A host of the command line that is left out of what deploys: true the first time.
    pub(super) fn unreleased(&self, server: &Server) -> bool {
        self.unreleased.borrow_mut().insert(server.clone())
    }

    /// A command with a secret in its line: true the first time.
    pub(super) fn bared(&self, command: &str) -> bool {
        self.bared.borrow_mut().insert(command.to_owned())
    }
}
