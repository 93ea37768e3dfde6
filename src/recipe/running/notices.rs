//! The notices that a person gets once in a run.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;

use crate::configuration::Server;

/// The notices that were given.
#[derive(Default)]
pub(in crate::recipe) struct Notices {
    unknown_hosts: Cell<bool>,
    unreleased: RefCell<HashSet<Server>>,
    visible_secrets: RefCell<HashSet<String>>,
}

impl Notices {
    /// Returns true the first time that the command line names hosts which are not in the recipe.
    pub(super) fn unknown_hosts(&self) -> bool {
        !self.unknown_hosts.replace(true)
    }

    /// Allows that notice again: the command line has changed.
    pub(in crate::recipe) fn forget_unknown_hosts(&self) {
        self.unknown_hosts.set(false);
    }

    /// Returns true the first time that a host of the command line is left out of a deploy.
    pub(super) fn unreleased(&self, server: &Server) -> bool {
        self.unreleased.borrow_mut().insert(server.clone())
    }

    /// Returns true the first time that a command has a secret in its line.
    pub(super) fn visible_secret(&self, command: &str) -> bool {
        self.visible_secrets.borrow_mut().insert(command.to_owned())
    }
}
