//! The recipe language on Rhai. The only folder that names rhai; outside it a block is an id.

use std::path::{Path, PathBuf};

use indexmap::IndexMap;

use crate::diagnostic::Diagnostic;
use crate::event::Reporter;
use crate::interrupt::Interrupt;
use crate::secret::Secret;
use crate::session::Connector;

/// What the command line and the environment give to a recipe, resolved once.
#[derive(Debug, Default)]
pub struct Options {
    /// `-S name=value`, in order: set before the recipe is loaded.
    pub set_before: Vec<(String, String)>,
    /// `-s name=value`, in order: set after it is loaded.
    pub set_after: Vec<(String, String)>,
    /// The process environment with the `NAME=value` arguments over it.
    pub environment: IndexMap<String, String>,
    /// Nothing is changed and nobody is connected to.
    pub dry_run: bool,
    /// Use this directory instead of the built-in library.
    pub stdlib: Option<PathBuf>,
    /// The user's home directory.
    pub home: Option<PathBuf>,
}

/// Asks the person.
pub trait Prompts {
    /// Asks for a secret without showing what is typed. An error's text says why there is no answer (no terminal, interrupted).
    fn secret(&mut self, prompt: &str) -> Result<Secret, String>;
}

/// What a recipe works with, made by `cli`.
pub struct Surroundings {
    /// Makes the remote sessions: SSH, or dry run.
    pub remote: Box<dyn Connector>,
    /// Makes the local session of `run_locally`: a process, or dry run.
    pub local: Box<dyn Connector>,
    /// Is told every event.
    pub reporter: Box<dyn Reporter>,
    /// Asks the person.
    pub prompts: Box<dyn Prompts>,
    /// Raised by the signal thread.
    pub interrupt: Interrupt,
}

/// A task as `-T` and `-e` show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskSummary {
    /// Full name: `deploy:web:disable`.
    pub name: String,
    /// The whole cleaned description.
    pub description: Option<String>,
}

/// How a run ended that did not end well.
#[derive(Debug)]
pub struct Stopped {
    /// What failed first.
    pub diagnostic: Diagnostic,
    /// Whether a rollback ran, and if so whether it was complete.
    pub rollback: Option<bool>,
}

/// A loaded recipe, ready to run tasks.
#[derive(Debug)]
pub struct Recipe;

impl Recipe {
    /// Loads a recipe and what it loads; all errors that can be found in one go.
    pub fn load(_path: &Path, _options: Options, _surroundings: Surroundings) -> Result<Self, Vec<Diagnostic>> {
        Err(Vec::new())
    }

    /// All tasks, sorted by name.
    pub fn tasks(&self) -> Vec<TaskSummary> {
        Vec::new()
    }

    /// The diagnostic for a name that is no task, with the nearest names; `None` when it is one.
    pub fn unknown_task(&self, _name: &str) -> Option<Diagnostic> {
        None
    }

    /// Runs tasks in order, each with its `start` and `finish` hooks. All names were checked with `unknown_task`.
    pub fn run(&mut self, _tasks: &[String]) -> Result<(), Stopped> {
        Ok(())
    }
}
