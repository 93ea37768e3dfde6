//! What a recipe is given to work with: what was typed, servers, this machine, the person.

use std::path::PathBuf;
use std::time::Duration;

use indexmap::IndexMap;

use crate::event::Reporter;
use crate::interrupt::Interrupt;
use crate::journal::Journal;
use crate::run_id::RunId;
use crate::secret::{Redactor, Secret};
use crate::session::Connector;
use crate::trust::Trust;

/// What the command line and the environment give to a recipe, resolved once.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// `-S name=value`, in order: set before the recipe is loaded.
    pub set_before: Vec<(String, String)>,
    /// `-s name=value`, in order: set after it is loaded.
    pub set_after: Vec<(String, String)>,
    /// The process environment with the `NAME=value` arguments over it.
    pub environment: IndexMap<String, String>,
    /// `-r`: `ROLES=` narrows the roles of a task instead of replacing them.
    pub preserve_roles: bool,
    /// Nothing is changed and nobody is connected to.
    pub dry_run: bool,
    /// `-d`: the person is asked before each command.
    pub asks_consent: bool,
    /// The recipe is only looked at: no server, no command of this machine, no file that is written, no question.
    pub only_looks: bool,
    /// `-p`: what the person was asked for at once; the variable `password`, unless `-S` says otherwise.
    pub password: Option<Secret>,
    /// Use this directory instead of the built-in library.
    pub stdlib: Option<PathBuf>,
    /// Directories in which `require` and `import` look for libraries, in this order.
    pub libraries: Vec<PathBuf>,
    /// Loaded before the recipe, in this order, where they exist: the system's file, then the user's.
    pub before: Vec<PathBuf>,
    /// The user's home directory.
    pub home: Option<PathBuf>,
    /// Whose files are run.
    pub trust: Trust,
    /// The name of this run; the variable `run_id`.
    pub run: RunId,
    /// What a run that died has left is put in order: hooks do not run.
    pub recovers: bool,
    /// `--lock-wait`: how long another's lock is waited for.
    pub lock_wait: Duration,
    /// Where what is done is kept.
    pub journal: Journal,
}

/// Asks the person.
pub trait Prompts {
    /// Asks for a secret without showing what is typed. An error's text says why there is no answer (no terminal, interrupted).
    fn secret(&mut self, prompt: &str) -> Result<Secret, String>;
    /// Asks for a line and shows what is typed. `None` where nobody can be asked, at once.
    fn question(&mut self, prompt: &str) -> Result<Option<String>, String>;
    /// Whether somebody may answer.
    fn can_ask(&self) -> bool {
        true
    }
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
    /// Keeps secrets out of everything that is told; the reporter's own.
    pub redactor: Redactor,
    /// Raised by the signal thread.
    pub interrupt: Interrupt,
}
