//! `capr doctor`: looks at this machine, a recipe and its servers, and changes nothing.
//!
//! ```text
//! needs.rs    what a recipe says that servers are looked at for
//! script.rs   the one script that a server is asked by, and its answers
//! visit.rs    all servers at once: login, script, repository
//! here.rs     findings of this machine     login.rs, server.rs   findings of a visit
//! ```
//!
//! What it finds is data; `report` shows it.

mod here;
mod login;
mod needs;
mod script;
mod server;
mod visit;

pub(crate) use here::{Circumstances, here};
pub(crate) use needs::Needs;
pub(crate) use visit::{Visit, visit};

use crate::finding::Examination;

/// Returns the findings of all visits.
pub(crate) fn of_servers(visits: &[Visit], needs: &Needs) -> Vec<Examination> {
    visits.iter().map(|visit| server::examination(visit, needs)).collect()
}
