//! The journal of a run, kept on this machine while it runs, so that a run that died can be resumed or undone.
//!
//! It knows only the names of servers, and nothing of scripts. Each run has a file with one record per line. `record.rs` defines
//! the records, `replay.rs` reads them again, and `half_done.rs` describes them to a person.

mod book;
mod half_done;
mod keeper;
mod record;
mod replay;
mod scrub;
mod shelf;
mod state;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests;

pub(crate) use keeper::{Asked, Begun, Journal};
pub(crate) use record::{Ended, Failed, Failure, Head};
pub(crate) use replay::{Found, Refusal, Replayed, Ways};
pub(crate) use shelf::{Shelf, Taken, Unfinished};
