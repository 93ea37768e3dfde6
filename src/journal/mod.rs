//! What a run has done, kept on this machine as it goes, so that a run that died can be resumed or undone.
//!
//! Knows nothing of servers but their names and nothing of scripts. A file for each run, one record a line; what a record
//! is stands in `record.rs`, what of it is read again in `replay.rs`, what a person is told of it in `half_done.rs`.

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

pub use half_done::HalfDone;
pub use keeper::{Asked, Begun, Journal};
pub use record::{Ended, Failed, Failure, Head};
pub use replay::{Found, Refusal, Replayed, Ways};
pub use shelf::{Shelf, Taken, Unfinished};
