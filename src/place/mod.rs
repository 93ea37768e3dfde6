//! Writes files on this machine: a place is reached without following links of other users, and a file is made beside it and
//! renamed. What servers send is not trusted: nothing is written outside the place, and the disk is not filled.

mod append;
mod draft;
#[cfg(any(test, feature = "fuzz"))]
pub mod fuzz;
mod hidden;
mod merge;
mod reach;
mod room;
#[cfg(test)]
mod tests;
mod unpack;

pub use append::append;
pub use draft::Draft;
pub use hidden::New;
pub use reach::Place;
pub use room::DiskRoom;
pub use unpack::{StopCheck, unpack};
