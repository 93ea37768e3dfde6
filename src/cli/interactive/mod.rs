//! `capr shell`: commands for all servers, tasks and settings, line by line, over connections that are kept.

mod history;
mod line;
mod reader;
mod run;
mod words;

pub(super) use run::{ShellSurroundings, run};
