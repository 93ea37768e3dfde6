//! Chooses servers: those of a selection, and those that a command will have.

use super::around::says_servers;
use super::interpreter::Interpreter;
use crate::actor::ActionError;
use crate::configuration::{Selection, SelectionError, Server, did_you_mean};
use crate::event::Level;

impl Interpreter {
    /// Returns the servers of a selection among those that the person wants.
    pub(in crate::recipe) fn selected(&self, selection: &Selection) -> Result<Vec<Server>, SelectionError> {
        let configuration = self.defined().configuration.borrow();
        self.exclusions().select(&configuration.roles, selection)
    }

    /// Returns the servers of a selection for a command. In the block of one server these are that server, or none if the command
    /// names others.
    fn chosen(&self, selection: &Selection) -> Result<Vec<Server>, SelectionError> {
        let Some(own) = self.around().server() else {
            return self.selected(selection);
        };
        if says_servers(selection) && !self.selected(selection)?.contains(&own) {
            return Ok(Vec::new());
        }
        Ok(vec![own])
    }

    /// Returns the servers that a command will have, for a verb that prepares something for each before any is connected. An error
    /// in the selection itself is reported when the action begins.
    pub(in crate::recipe) fn expected(&self, selection: &Selection) -> Vec<Server> {
        self.chosen(selection).unwrap_or_default()
    }

    /// Returns the servers of a command, at least one; `None` if none matches and the command is to be skipped.
    pub(super) fn servers(&self, selection: &Selection) -> Result<Option<Vec<Server>>, ActionError> {
        let servers = self.chosen(selection)?;
        if !servers.is_empty() {
            return Ok(Some(servers));
        }
        if self.around().server().is_some() {
            return Ok(None);
        }
        let task = self.frames().current().map(|task| task.name.clone());
        if selection.on_no_matching_servers_continue == Some(true) || self.exclusions().narrow(selection) {
            let what = task.map_or_else(|| "a command".to_owned(), |task| format!("`{task}'"));
            self.say(Level::Info, format!("skipping {what} because no servers matched"));
            return Ok(None);
        }
        Err(ActionError::NoServers {
            task,
            conditions: selection.conditions(),
        })
    }

    /// Reports hosts of the command line that the recipe does not name: commands go to them, but they may be a mistake. This
    /// happens once, when servers are first needed: before that, the blocks of roles have not run.
    pub(in crate::recipe) fn report_unknown_hosts(&self) {
        if !self.notices().unknown_hosts() {
            return;
        }
        let unknown = self.exclusions().unknown_hosts(&self.defined().configuration.borrow());
        for (host, meant) in unknown {
            let meant = meant.map_or_else(String::new, |meant| format!("; {}", did_you_mean(&meant)));
            let text = format!("HOSTS names `{host}', which is not in the recipe{meant}");
            self.say(Level::Important, text);
        }
    }

    /// Reports once the hosts of the command line that nothing is deployed to, and that are left out of this selection.
    pub(super) fn report_unreleased(&self, selection: &Selection) {
        let left_out = self
            .exclusions()
            .unreleased(&self.defined().configuration.borrow().roles, selection);
        for server in left_out {
            if self.notices().unreleased(&server) {
                let text = format!("HOSTS names `{server}', which has no_release: nothing is deployed to it");
                self.say(Level::Important, text);
            }
        }
    }
}
