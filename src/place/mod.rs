//! Where files of this machine are written: reached without links of others, made beside their place, then renamed.
//! What servers send is not trusted: nothing is written outside, and the disk is not filled.

mod append;
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
pub use hidden::New;
pub use reach::Place;
pub use room::Room;
pub use unpack::{Stop, unpack};
