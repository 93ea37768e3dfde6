//! The only folder that prints: reporters, diagnostics, summary, task lists. It receives events and diagnostics, and decides only
//! how they look.

mod addressed;
mod asked;
mod broken;
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
mod pace;
mod palette;
mod plain;
mod pretty;
mod pretty_action;
mod pretty_lines;
mod pretty_output;
mod progress;
mod record;
mod screen;
mod summary;
mod tally;
mod tasks;
#[cfg(test)]
mod tests;
mod text;
mod undone;
mod variables;
mod verdicts;

pub(crate) use ci::{Ci, Service};
pub(crate) use clean::{Clean, is_plain, shown};
pub(crate) use console::Console;
pub(crate) use doctor::FindingForm;
pub(crate) use graph::Drawing;
pub(crate) use junit::junit;
pub(crate) use options::{ConsoleOptions, Ending, Format, Log, Size, Times};
pub(crate) use palette::Look;
pub(crate) use record::RunRecord;
pub(crate) use summary::SummaryFile;
pub(crate) use tasks::{Listing, matches};
pub(crate) use verdicts::lcov;
