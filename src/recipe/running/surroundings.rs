//! Everything that a recipe is given to work with: the command line, servers, this machine, the person.

use std::path::PathBuf;
use std::time::Duration;

use indexmap::IndexMap;

use super::consent::GivenConsent;
use super::trial::Trial;
use crate::event::Reporter;
use crate::interrupt::Interrupt;
use crate::journal::Journal;
use crate::libraries::LibraryShelf;
use crate::run_id::RunId;
use crate::secret::{Redactor, Secret};
use crate::session::Connector;
use crate::trust::Trust;
use crate::unanswered::Unanswered;

/// The options from the command line and the environment, resolved once.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// `-S name=value`, in order: variables that are set before the recipe is loaded.
    pub set_before: Vec<(String, String)>,
    /// `-s name=value`, in order: variables that are set after it is loaded.
    pub set_after: Vec<(String, String)>,
    /// The process environment, overridden by the `NAME=value` arguments.
    pub environment: IndexMap<String, String>,
    /// The words of the command line that name the stage and the tasks.
    pub words: Vec<String>,
    /// `-r`: `ROLES=` narrows the roles of a task instead of replacing them.
    pub preserve_roles: bool,
    /// True if nothing is changed and no server is connected.
    pub dry_run: bool,
    /// `-d`: the person is asked before each command.
    pub asks_consent: bool,
    /// True if the recipe is only examined: no server is contacted, no command runs on this machine, no file is written, and
    /// nobody is asked.
    pub only_looks: bool,
    /// `-p`: the password that the person was asked for at once. It becomes the variable `password`, unless `-S` sets that.
    pub password: Option<Secret>,
    /// A directory with a library that is used instead of the built-in one.
    pub stdlib: Option<PathBuf>,
    /// The directories in which `require` and `import` look for libraries, in this order.
    pub libraries: Vec<PathBuf>,
    /// The libraries that the project has added by `capr lib`: looked for after those.
    pub shelf: LibraryShelf,
    /// Further directories, looked through after these.
    pub libraries_after: Vec<PathBuf>,
    /// Recipes that are loaded before the recipe, in this order, if they exist: the system's file, then the user's.
    pub before: Vec<PathBuf>,
    /// The user's home directory.
    pub home: Option<PathBuf>,
    /// The rule for whose files may be run.
    pub trust: Trust,
    /// The name of this run, which is also the variable `run_id`.
    pub run: RunId,
    /// True if only the remains of a run that died are cleaned up: hooks do not run.
    pub recovers: bool,
    /// `--lock-wait`: the time for which somebody else's lock is waited for.
    pub lock_wait: Duration,
    /// The consent of the command line: `-y` and `--confirm`.
    pub consent: GivenConsent,
    /// The journal of the run.
    pub journal: Journal,
    /// The world of a test, if one is run.
    pub trial: Option<Trial>,
}

/// Asks the person.
pub trait Prompts {
    /// Asks for a secret without showing what is typed.
    fn secret(&mut self, prompt: &str) -> Result<Secret, Unanswered>;
    /// Asks for a line and shows what is typed. Returns `None` at once if nobody can be asked.
    fn question(&mut self, prompt: &str) -> Result<Option<String>, Unanswered>;
    /// Returns true if somebody may answer.
    fn can_ask(&self) -> bool {
        true
    }
}

/// The parts that a recipe works with; `cli` makes them.
pub struct Surroundings {
    /// Makes the remote sessions: SSH, or dry run.
    pub remote: Box<dyn Connector>,
    /// Makes the local session of `run_locally`: a process, or dry run.
    pub local: Box<dyn Connector>,
    /// Receives every event.
    pub reporter: Box<dyn Reporter>,
    /// Asks the person.
    pub prompts: Box<dyn Prompts>,
    /// Keeps secrets out of all reports; the reporter uses the same.
    pub redactor: Redactor,
    /// Raised by the signal thread.
    pub interrupt: Interrupt,
}
