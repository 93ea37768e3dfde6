//! The servers that commands leave out: those that the person does not want, and those that failed while the recipe went on.

use std::cell::RefCell;

use indexmap::IndexMap;

use crate::configuration::{Configuration, Filter, Roles, Selection, SelectionError, Server, ServerChoice, select};
use crate::diagnostic::ServerFailure;

/// The servers that are left out.
pub(in crate::recipe) struct Exclusions {
    /// The person's conditions. They change only between the lines of an interactive shell, and with the turns of `rolling`.
    filter: RefCell<Filter>,
    /// Servers that failed while the recipe continues, with their failures.
    failed: RefCell<IndexMap<Server, ServerFailure>>,
}

impl Exclusions {
    pub(super) fn new(filter: Filter) -> Self {
        Self {
            filter: RefCell::new(filter),
            failed: RefCell::default(),
        }
    }

    /// Returns the servers of a selection among those that the person wants.
    pub(super) fn select(&self, roles: &Roles, selection: &Selection) -> Result<Vec<Server>, SelectionError> {
        select(roles, selection, &self.filter.borrow())
    }

    /// Returns true if the person's conditions may leave out servers of a selection.
    pub(in crate::recipe) fn narrow(&self, selection: &Selection) -> bool {
        self.filter.borrow().narrows(selection)
    }

    /// Returns the hosts of the command line that the recipe does not name, each with one that was perhaps meant.
    pub(super) fn unknown_hosts<V>(&self, configuration: &Configuration<V>) -> Vec<(String, Option<String>)> {
        self.filter
            .borrow()
            .unknown_hosts(&configuration.roles, &configuration.tasks)
    }

    /// Returns the hosts of the command line to which nothing is deployed, and which a selection leaves out.
    pub(super) fn unreleased(&self, roles: &Roles, selection: &Selection) -> Vec<Server> {
        self.filter.borrow().unreleased(roles, selection)
    }

    /// Returns the person's conditions.
    pub(in crate::recipe) fn filter(&self) -> Filter {
        self.filter.borrow().clone()
    }

    /// Makes the person's conditions choose among the servers of tasks alone, as in Capistrano 3, together with those of the recipe.
    pub(in crate::recipe) fn only_narrow(&self, of_recipe: Vec<ServerChoice>) {
        let mut filter = self.filter.borrow_mut();
        filter.only_narrows = true;
        filter.of_recipe = of_recipe;
    }

    /// Puts other conditions in their place, and returns those before.
    pub(in crate::recipe) fn replace_filter(&self, filter: Filter) -> Filter {
        self.filter.replace(filter)
    }

    /// Returns true in a turn of `rolling`.
    pub(in crate::recipe) fn has_turn(&self) -> bool {
        self.filter.borrow().turn.is_some()
    }

    /// Lets commands reach only these servers, as in a turn of `rolling`; returns those before.
    pub(in crate::recipe) fn replace_turn(&self, turn: Option<Vec<Server>>) -> Option<Vec<Server>> {
        std::mem::replace(&mut self.filter.borrow_mut().turn, turn)
    }

    /// Leaves out servers that have failed. The first failure of each is kept.
    pub(super) fn leave_out(&self, failures: Vec<ServerFailure>) {
        let mut failed = self.failed.borrow_mut();
        for failure in failures {
            failed.entry(failure.server.clone()).or_insert(failure);
        }
    }

    /// Returns true if a server has failed and is left out.
    pub(super) fn has_failed(&self, server: &Server) -> bool {
        self.failed.borrow().contains_key(server)
    }

    /// Returns the failures of the servers that were left out.
    pub(in crate::recipe) fn failures(&self) -> Vec<ServerFailure> {
        self.failed.borrow().values().cloned().collect()
    }

    /// Lets commands reach the servers that have failed.
    pub(in crate::recipe) fn forget_failures(&self) {
        self.failed.borrow_mut().clear();
    }
}

#[cfg(test)]
mod tests {
    use super::Exclusions;
    use crate::configuration::{Filter, Server};
    use crate::diagnostic::ServerFailure;

    #[test]
    fn the_first_failure_of_a_server_is_kept_and_its_turn_given_back() {
        let exclusions = Exclusions::new(Filter::default());
        let app = Server::host("app1");
        let failure = |why: &str| ServerFailure::new(app.clone(), why);
        exclusions.leave_out(vec![failure("first"), failure("second")]);
        assert!(exclusions.has_failed(&app));
        assert_eq!(exclusions.failures().len(), 1);
        exclusions.forget_failures();
        assert!(!exclusions.has_failed(&app));
        assert_eq!(exclusions.replace_turn(Some(vec![app.clone()])), None);
        assert!(exclusions.has_turn());
        assert_eq!(exclusions.replace_turn(None), Some(vec![app]));
        assert!(!exclusions.has_turn());
    }
}
