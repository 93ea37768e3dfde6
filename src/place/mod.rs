//! Writes files on this machine: a place is reached without following links of other users, and a file is made beside it and
//! renamed. What servers send is not trusted: nothing is written outside the place, and the disk is not filled.

mod append;
mod draft;
#[cfg(any(test, feature = "fuzz"))]
pub(crate) mod fuzz;
mod hidden;
mod merge;
mod reach;
mod room;
#[cfg(test)]
mod tests;
mod unpack;

pub(crate) use append::append;
pub(crate) use draft::Draft;
pub(crate) use hidden::New;
pub(crate) use reach::Place;
pub(crate) use room::DiskRoom;
pub(crate) use unpack::{StopCheck, unpack};
