//! capr runs tasks on many servers over SSH and deploys applications, with Capistrano's model.
//!
//! The layers, lowest first; a layer names only those before it (`tests/architecture.rs` checks the `use` lines):
//!
//! - `address_space`, `child`, `secret`, `exit`, `interrupt`, `io_error`, `name_service`, `origin`, `packed`, `pattern`, `regular`, `run_id`,
//!   `trust`, `unanswered`, `wake`: small types and functions that every layer uses.
//! - `configuration`: plain data that a recipe builds: servers, roles, tasks, hooks, variables.
//! - `diagnostic`: a failure, its place and its servers. `finding`: the results of `capr doctor`.
//!   `verdict`: the results of tests of recipes.
//! - `event`: everything that can be reported to a person or a program.
//! - `report`: the only folder that prints: events, diagnostics, lists.
//! - `plan`: makes servers and command lines from the configuration and an action; pure. `source`: bytes to send to servers.
//!   `place`: writes files of this machine. `journal`: keeps what a run has done, for the next one.
//!   `libraries`: other people's libraries that a project has added: fetched, locked, compared with their digests.
//! - `session`: one server; the only folder that names ssh2. `fanout`: many servers.
//! - `transaction`, `actor`: perform actions for the current task, and undo them.
//! - `recipe`: the only folder that names rhai. `doctor`: looks at this machine, a recipe and its servers.
//! - `port` (a feature): reads recipes of Capistrano and writes them as recipes of capr; the only folder that names ruby_prism.
//! - `manual`: the guide's pages, for terminals and for `man`.
//! - [`cli`]: the only folder that reads argv, environment and terminal.

#![warn(unreachable_pub)]

mod actor;
mod address_space;
mod child;
pub mod cli;
mod configuration;
#[cfg(test)]
mod deadline;
mod diagnostic;
mod doctor;
mod event;
mod exit;
mod fanout;
mod finding;
#[cfg(any(test, feature = "fuzz"))]
mod fuzz;
mod interrupt;
mod io_error;
mod journal;
mod libraries;
mod listed;
mod manual;
mod name_service;
mod origin;
mod packed;
mod pattern;
mod place;
mod plan;
#[cfg(feature = "port")]
mod port;
mod recipe;
mod regular;
mod report;
mod run_id;
mod secret;
mod session;
mod sort;
mod source;
mod transaction;
mod trust;
mod unanswered;
mod verdict;
mod wake;

// The tests and the fuzzer of this repository call these besides `cli::run`. Everything else is private, so that rustc finds what
// nobody uses.
pub use diagnostic::Diagnostic;
pub use event::{Event, Reporter, Rollback};
pub use interrupt::Interrupt;
pub use manual::{PAGES, index as index_of_pages};
pub use recipe::{
    Nobody, Options, Prompts, Recipe, Surroundings, VARIABLES, format as format_recipe, library_names, on_large_stack,
    reference, reference_of_tests,
};
pub use secret::{Redactor, Secret};
pub use session::dry_run::DryRunConnector;
pub use session::local::LocalConnector;
pub use unanswered::Unanswered;

#[cfg(feature = "fuzz")]
pub use fuzz::Target;

/// The readers of foreign bytes that the fuzzer passes its inputs to.
#[cfg(feature = "fuzz")]
pub const FUZZ_TARGETS: &[&[Target]] = &[
    place::fuzz::TARGETS,
    libraries::fuzz::TARGETS,
    session::ssh::fuzz::TARGETS,
    actor::fuzz::TARGETS,
    recipe::fuzz::TARGETS,
    #[cfg(feature = "port")]
    port::fuzz::TARGETS,
];
