//! The settings of a call, resolved once from the command line: the work to do, the recipe, and the options.

use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::diagnostic::{Diagnostic, Fault};
use crate::journal::Journal;
use crate::recipe;
use crate::report::{Drawing, Listing};
use crate::session::ssh::SshEnvironment;

use super::arguments::{Arguments, GraphFormat, Tool};
use super::connectors::Ssh;
use super::resume::Resuming;
use super::search;
use super::shell::Shell;

/// A command line that makes no sense.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub(super) enum UsageError {
    #[error("no task was named")]
    NoTask,
    #[error("no recipe was found")]
    NoRecipe,
    #[error("there is no recipe {}", .0.display())]
    MissingRecipe(PathBuf),
    #[error(
        "--json belongs to check, vars, tree, explain, port, doctor, test, lib list and --servers: capr check RECIPE --json"
    )]
    Json,
    #[error("what stands behind `--' is a command for run and ssh: capr run -- uptime")]
    Command,
    #[error("--format belongs to graph: capr graph RECIPE --format svg")]
    Format,
    #[error("--values belongs to vars: capr vars RECIPE --values")]
    Values,
    #[error("--undo, --redo, --skip, --changed-recipe and --forget belong to resume: capr RECIPE resume --undo")]
    Resume,
    #[error("--redo and --skip exclude each other")]
    RedoAndSkip,
    #[error("--out and --force belong to port: capr port config/deploy.rb --out capr")]
    Port,
    #[error(
        "--filter, --list, --jobs, --time-limit, --fail-fast, --junit, --coverage and --lcov belong to test: capr test --list"
    )]
    Test,
    #[error("--check belongs to port and fmt: capr fmt --check")]
    OnlyCheck,
    #[error("--stdin belongs to fmt: capr fmt --stdin < deploy.rhai")]
    Stdin,
    #[error("--locked, --offline and --sha256 belong to lib: capr lib fetch --locked")]
    Lib,
    #[error("--finish and --undo belong to recover: capr RECIPE recover --undo")]
    Recovery,
    /// A mistake in an assignment; the value is not shown, as it may be a secret.
    #[error("{0} takes name=value, and the name or the `=' is missing")]
    Variable(&'static str),
}

impl From<UsageError> for Diagnostic {
    fn from(error: UsageError) -> Self {
        let diagnostic = Self::new(Fault::Usage, error.to_string());
        match error {
            UsageError::NoTask => diagnostic.hint("-T lists the tasks"),
            UsageError::NoRecipe => diagnostic
                .hint(format!(
                    "looked here and in every directory above for {}",
                    search::NAMES.join(", ")
                ))
                .hint("name one: capr RECIPE TASK; or make one: capr init"),
            _ => diagnostic,
        }
    }
}

/// The file that is loaded before every recipe, unless `-X` is given.
const SYSTEM_FILE: &str = "/etc/capr.rhai";
/// The file of the user, in the home directory, that is loaded before every recipe, unless `-x` is given.
const USER_FILE: &str = ".capr.rhai";

/// The work to do with the recipe.
#[derive(Clone, Debug)]
pub(super) enum Work {
    /// Run these tasks; at least one.
    Run {
        tasks: Vec<String>,
        /// True if errors that `capr check` finds in them refuse the run.
        checks: bool,
        /// The way to resume, if the last word is `resume`.
        resuming: Resuming,
    },
    /// Run this command, with the stage that a word may name.
    Once { words: Vec<String>, command: Vec<String> },
    /// Continue a run that died, of the stage that the word may name.
    Resume { words: Vec<String>, how: Resuming },
    /// Run the lines that are typed, with the stage that a word may name.
    Shell { words: Vec<String>, checks: bool },
    /// Log in to the server that a word names, behind that of a stage.
    Ssh { words: Vec<String>, command: Vec<String> },
    /// Show the servers that these tasks address.
    Servers { tasks: Vec<String>, json: bool },
    /// Check the recipe, with all its stages or the one that is named.
    Check { words: Vec<String>, json: bool },
    /// List variables, of the stage that the first word may name; the other words are parts of names.
    Variables {
        words: Vec<String>,
        values: bool,
        json: bool,
    },
    /// Examine this machine and the servers, with the stage that the word may name.
    Doctor { words: Vec<String>, json: bool, all: bool },
    /// Show what these tasks do.
    Tree { tasks: Vec<String>, json: bool },
    /// Explain in words what this task does; a word for the stage may stand before it.
    Explained { tasks: Vec<String>, json: bool },
    /// Draw these tasks, or all.
    Graph { tasks: Vec<String>, drawing: Drawing },
    /// Write definitions for editors, with those of the stage that the word may name.
    Definitions { words: Vec<String> },
    /// List tasks, with those of the stage that the word may name.
    List { words: Vec<String>, listing: Listing },
    /// Show one task's description; the task may belong to the stage that the word names.
    Explain { words: Vec<String>, task: String },
}

/// Everything that arguments and environment decide.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) work: Work,
    /// The recipes; the first is the main one. Empty only if no recipe is needed.
    pub(super) recipes: Vec<PathBuf>,
    /// The directory to go to before the recipe is loaded.
    pub(super) directory: Option<PathBuf>,
    pub(super) recipe_options: recipe::Options,
    pub(super) ask_password: bool,
    pub(super) ssh: Ssh,
    /// The assignments `NAME=value`, as typed.
    pub(super) assigned: Vec<(String, String)>,
    /// True if what a dead run has left is put in order, and not only looked at.
    pub(super) recovers: bool,
}

impl Settings {
    /// Resolves the arguments, and rejects a command line that makes no sense before anything is loaded.
    pub(super) fn resolve(arguments: Arguments, shell: &Shell) -> Result<Self, UsageError> {
        let tool = arguments.tool();
        arguments.without_options_of_tools()?;
        let how = Resuming::of(&arguments)?;
        let (recovers, is_rehearsal) = (arguments.recovers(), arguments.is_rehearsal());
        let resumes = how.is_some() && arguments.resumes();
        if (arguments.finish || arguments.undo && !resumes) && !recovers {
            return Err(UsageError::Recovery);
        }
        let mut set_before = variables("-S", arguments.set_before)?;
        for (is_said, name, value) in [
            (arguments.finish, "recover_by", "finish"),
            (arguments.undo && recovers, "recover_by", "undo"),
            (recovers && arguments.dry_run, "recover_plans", "true"),
        ] {
            if is_said {
                set_before.push((name.to_owned(), value.to_owned()));
            }
        }
        let set_after = variables("-s", arguments.set_after)?;
        let mut environment = shell.environment.clone();
        let (mut words, mut assigned) = (Vec::new(), Vec::new());
        for word in arguments.words.into_iter().skip(usize::from(tool.is_some())) {
            match assignment(&word) {
                Some((name, value)) => {
                    assigned.push((name.to_owned(), value.to_owned()));
                    environment.insert(name.to_owned(), value.to_owned());
                }
                None => words.push(word),
            }
        }
        let mut pattern = arguments.tasks.clone().flatten();
        let mut named = arguments.files;
        let mut said = named.clone();
        if named.is_empty() {
            if words.first().is_some_and(|word| is_recipe(word, &shell.directory)) {
                named.push(PathBuf::from(words.remove(0)));
            } else {
                // `capr -T flipper.rhai` lists the tasks of that recipe.
                let recipe = pattern.take_if(|pattern| is_recipe(pattern, &shell.directory));
                named.extend(recipe.map(PathBuf::from));
            }
            // A file that happens to lie here may have the same name as a task.
            let is_meant = |file: &&PathBuf| {
                file.extension().is_some_and(|ending| ending == "rhai") || file.components().count() > 1
            };
            said.extend(named.iter().filter(is_meant).cloned());
        }
        if !arguments.command.is_empty() && !matches!(tool, Some(Tool::Run | Tool::Ssh)) {
            return Err(UsageError::Command);
        }
        if arguments.values && tool != Some(Tool::Vars) {
            return Err(UsageError::Values);
        }
        if arguments.format.is_some() && tool != Some(Tool::Graph) {
            return Err(UsageError::Format);
        }
        if how.is_some() && !resumes && !recovers {
            return Err(UsageError::Resume);
        }
        let how = how.unwrap_or_default();
        let work = if tool == Some(Tool::Check) {
            Work::Check {
                words,
                json: arguments.json,
            }
        } else if tool == Some(Tool::Vars) {
            Work::Variables {
                words,
                values: arguments.values,
                json: arguments.json,
            }
        } else if tool == Some(Tool::Doctor) {
            Work::Doctor {
                words,
                json: arguments.json,
                all: arguments.verbose > 0,
            }
        } else if matches!(tool, Some(Tool::Tree | Tool::Explain)) && words.is_empty() {
            return Err(UsageError::NoTask);
        } else if tool == Some(Tool::Tree) {
            Work::Tree {
                tasks: words,
                json: arguments.json,
            }
        } else if tool == Some(Tool::Explain) {
            Work::Explained {
                tasks: words,
                json: arguments.json,
            }
        } else if arguments.json && !arguments.servers {
            return Err(UsageError::Json);
        } else if tool == Some(Tool::Graph) {
            let drawing = match arguments.format {
                None | Some(GraphFormat::Dot) => Drawing::Dot,
                Some(GraphFormat::Mermaid) => Drawing::Mermaid,
                Some(GraphFormat::Svg) => Drawing::Svg,
            };
            Work::Graph { tasks: words, drawing }
        } else if tool == Some(Tool::Definitions) {
            Work::Definitions { words }
        } else if tool == Some(Tool::Run) {
            Work::Once {
                words,
                command: arguments.command,
            }
        } else if tool == Some(Tool::Ssh) {
            Work::Ssh {
                words,
                command: arguments.command,
            }
        } else if tool == Some(Tool::Resume) {
            Work::Resume { words, how }
        } else if tool == Some(Tool::Shell) {
            Work::Shell {
                words,
                checks: !arguments.no_check,
            }
        } else if let Some(task) = arguments.explain {
            Work::Explain { words, task }
        } else if arguments.tasks.is_some() || arguments.bare {
            Work::List {
                words,
                listing: Listing {
                    pattern,
                    all: arguments.verbose > 0,
                    bare: arguments.bare,
                },
            }
        } else if words.is_empty() {
            return Err(UsageError::NoTask);
        } else if arguments.servers {
            Work::Servers {
                tasks: words,
                json: arguments.json,
            }
        } else {
            Work::Run {
                tasks: words,
                checks: !arguments.no_check,
                resuming: how,
            }
        };
        let mut directory = None;
        if named.is_empty() {
            match search::find(&shell.directory) {
                Some((found, recipe)) => {
                    directory = (found != shell.directory).then_some(found);
                    named.push(recipe);
                }
                // The language can be described, and this machine examined, without a recipe.
                None if matches!(tool, Some(Tool::Definitions | Tool::Doctor)) => {}
                None => return Err(UsageError::NoRecipe),
            }
        } else if let Some(missing) = named
            .iter()
            .find(|file| !shell.directory.join(file).metadata().is_ok_and(|there| !there.is_dir()))
        {
            return Err(UsageError::MissingRecipe(missing.clone()));
        }
        let absolute = |path: &str| shell.directory.join(path);
        let ssh_config = arguments
            .ssh_config
            .as_deref()
            .or_else(|| shell.variable("CAPR_SSH_CONFIG"));
        let stdlib = arguments
            .stdlib
            .or_else(|| shell.variable("CAPR_STDLIB").map(PathBuf::from));
        let stdlib = stdlib.map(|directory| shell.directory.join(directory));
        let trust = search::trust(&said, stdlib.as_deref(), shell);
        let base = directory.as_deref().unwrap_or(&shell.directory);
        let libraries = search::libraries(&named, base, shell);
        let home = shell.variable("HOME").map(PathBuf::from);
        let system = shell.variable("CAPR_SYSTEM_FILE").unwrap_or(SYSTEM_FILE);
        let system = (!arguments.skip_system).then(|| PathBuf::from(system));
        let user = home.as_ref().filter(|_| !arguments.skip_user);
        let user = user.map(|home| home.join(USER_FILE));
        let only_looks = !matches!(
            work,
            Work::Run { .. } | Work::Resume { .. } | Work::Once { .. } | Work::Shell { .. }
        );
        let is_doctor = matches!(work, Work::Doctor { .. });
        Ok(Self {
            work,
            directory,
            ask_password: arguments.ask_password && (!only_looks || is_doctor) && !arguments.dry_run,
            ssh: Ssh {
                config: ssh_config.map(|list| list.split(':').filter(|file| !file.is_empty()).map(absolute).collect()),
                environment: SshEnvironment {
                    home: home.clone(),
                    local_user: shell.user(),
                    variables: shell
                        .environment
                        .iter()
                        .map(|(name, value)| (name.clone(), value.clone()))
                        .collect(),
                },
            },
            recipe_options: recipe::Options {
                preserve_roles: arguments.preserve_roles,
                libraries: libraries.first,
                shelf: libraries.added,
                libraries_after: libraries.last,
                before: [system, user].into_iter().flatten().collect(),
                set_before,
                set_after,
                environment,
                dry_run: is_rehearsal || tool == Some(Tool::Check),
                asks_consent: arguments.debug,
                only_looks,
                password: None,
                stdlib,
                home,
                trust,
                run: shell.run.clone(),
                recovers,
                consent: recipe::Consent {
                    yes: arguments.yes,
                    stage: arguments.confirm,
                },
                lock_wait: arguments.lock_wait,
                journal: Journal::default(),
                trial: None,
            },
            recipes: named,
            assigned,
            recovers: recovers && !arguments.dry_run,
        })
    }
}

/// Returns true if a word is `NAME=value`.
pub(super) fn is_assignment(word: &str) -> bool {
    assignment(word).is_some()
}

/// Splits `NAME=value`, if the name consists of letters, digits and underscores.
fn assignment(word: &str) -> Option<(&str, &str)> {
    word.split_once('=')
        .filter(|(name, _)| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
}

pub(super) fn is_recipe(word: &str, directory: &Path) -> bool {
    Path::new(word).extension().is_some_and(|extension| extension == "rhai") || directory.join(word).is_file()
}

/// Splits assignments at the first `=`; blanks around the name do not belong to it.
fn variables(option: &'static str, given: Vec<String>) -> Result<Vec<(String, String)>, UsageError> {
    given
        .into_iter()
        .map(|given| match given.split_once('=') {
            Some((name, value)) if !name.trim().is_empty() => Ok((name.trim().to_owned(), value.to_owned())),
            _ => Err(UsageError::Variable(option)),
        })
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
