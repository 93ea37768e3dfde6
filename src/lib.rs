//! capr runs tasks on many servers over SSH and deploys applications, with Capistrano's model.
//!
//! The layers, lowest first; a layer names only those before it (`tests/architecture.rs` checks the `use` lines):
//!
//! - `address_space`, `child`, [`secret`], `exit`, [`interrupt`], `io_error`, `name_service`, `origin`, `regular`, `run_id`,
//!   `trust`, [`unanswered`], `wake`: small types and functions that every layer uses.
//! - `configuration`: plain data that a recipe builds: servers, roles, tasks, hooks, variables.
//! - [`diagnostic`]: a failure, its place and its servers. `finding`: the results of `capr doctor`.
//!   `verdict`: the results of tests of recipes.
//! - [`event`]: everything that can be reported to a person or a program.
//! - `report`: the only folder that prints: events, diagnostics, lists.
//! - `plan`: makes servers and command lines from the configuration and an action; pure. `source`: bytes to send to servers.
//!   [`place`]: writes files of this machine. `journal`: keeps what a run has done, for the next one.
//!   `libraries`: other people's libraries that a project has added: fetched, locked, compared with their digests.
//! - [`session`]: one server; the only folder that names ssh2. `fanout`: many servers.
//! - `transaction`, [`actor`]: perform actions for the current task, and undo them.
//! - [`recipe`]: the only folder that names rhai. `doctor`: looks at this machine, a recipe and its servers.
//! - `port` (a feature): reads recipes of Capistrano and writes them as recipes of capr; the only folder that names ruby_prism.
//! - [`manual`]: the guide's pages, for terminals and for `man`.
//! - [`cli`]: the only folder that reads argv, environment and terminal.

#![warn(unreachable_pub)]

pub mod actor;
mod address_space;
mod child;
pub mod cli;
mod configuration;
#[cfg(test)]
mod deadline;
pub mod diagnostic;
mod doctor;
pub mod event;
mod exit;
mod fanout;
mod finding;
#[cfg(any(test, feature = "fuzz"))]
pub mod fuzz;
pub mod interrupt;
mod io_error;
mod journal;
pub mod libraries;
pub mod manual;
mod name_service;
mod origin;
pub mod place;
mod plan;
#[cfg(feature = "port")]
pub mod port;
pub mod recipe;
mod regular;
mod report;
mod run_id;
pub mod secret;
pub mod session;
mod source;
mod transaction;
mod trust;
pub mod unanswered;
mod verdict;
mod wake;
