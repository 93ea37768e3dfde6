//! The only folder that prints: reporters, diagnostics, summary, task lists. It receives events and diagnostics, and decides only
//! how they look.

mod addressed;
mod asked;
mod ci;
mod clean;
mod clock;
mod connecting;
mod console;
mod diagnostic;
mod doctor;
mod gather;
mod graph;
mod json;
mod junit;
mod live;
mod names;
mod options;
mod outlet;
mod outline;
mod palette;
mod plain;
mod pretty;
mod pretty_output;
mod record;
mod screen;
mod tally;
mod tasks;
#[cfg(test)]
mod tests;
mod text;
mod undone;
mod variables;
mod verdicts;

pub use ci::{Ci, Service};
pub use clean::{Clean, is_plain, shown};
pub use console::Console;
pub use graph::Drawing;
pub use junit::junit;
pub use options::{Ending, Format, Log, Options};
pub use palette::Look;
pub use record::Record;
pub use tasks::{Listing, matches};
pub use verdicts::lcov;
