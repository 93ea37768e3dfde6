//! `capr doctor`: looks at this machine, a recipe and its servers, and changes nothing.
//!
//! ```text
//! needs.rs    the needs of a recipe, for which its servers are examined
//! script.rs   the one script that runs on a server, and its answers
//! visit.rs    all servers at once: login, script, repository
//! here.rs     findings of this machine     login.rs, server.rs, lock.rs   findings of a visit
//! ```
//!
//! The findings are data; `report` shows them.

mod here;
mod lock;
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
