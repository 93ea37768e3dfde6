//! The settings of a call, resolved once from the command line: the work to do, the recipe, and the options.

use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::diagnostic::{Diagnostic, Fault};
use crate::journal::Journal;
use crate::recipe;
use crate::report::{Drawing, Listing};
use crate::session::ssh::SshEnvironment;

use super::arguments::{GraphFormat, Tool, TypedArguments};
use super::connectors::Ssh;
use super::resume::Resuming;
use super::search;
use super::shell::Invocation;

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
    #[error("--out, --force and --gems belong to port: capr port config/deploy.rb --out capr")]
    Port,
    #[error(
        "--filter, --list, --jobs, --time-limit, --fail-fast, --junit, --coverage and --lcov belong to test: capr test --list"
    )]
    Test,
    #[error("--check belongs to port, fmt and version: capr fmt --check")]
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
    /// Log in to the server that a word names, after that of a stage.
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
    pub(super) fn resolve(mut arguments: TypedArguments, shell: &Invocation) -> Result<Self, UsageError> {
        let tool = arguments.tool();
        arguments.without_options_of_tools()?;
        let resuming = resuming(&arguments, tool)?;
        let (recovers, is_rehearsal) = (arguments.recovers(), arguments.is_rehearsal());
        let mut set_before = variables("-S", std::mem::take(&mut arguments.set_before))?;
        for (is_said, name, value) in [
            (arguments.finish, "recover_by", "finish"),
            (arguments.undo && recovers, "recover_by", "undo"),
            (recovers && arguments.dry_run, "recover_plans", "true"),
        ] {
            if is_said {
                set_before.push((name.to_owned(), value.to_owned()));
            }
        }
        let set_after = variables("-s", std::mem::take(&mut arguments.set_after))?;
        let typed = std::mem::take(&mut arguments.words);
        let (assigned, mut words) = sorted(typed.into_iter().skip(usize::from(tool.is_some())));
        let mut environment = shell.environment.clone();
        // Recipes name the person by it; cron and many containers do not set it.
        let user = shell.user();
        if !user.is_empty() {
            environment.entry("USER".to_owned()).or_insert(user);
        }
        environment.extend(assigned.iter().cloned());

        let mut pattern = arguments.tasks.clone().flatten();
        let mut recipes = Recipes::named(std::mem::take(&mut arguments.files), &mut words, &mut pattern, shell);
        let named = words.clone();
        let work = work(&mut arguments, tool, words, pattern, resuming)?;
        recipes.find(tool, shell)?;

        let stdlib = arguments
            .stdlib
            .or_else(|| shell.variable("CAPR_STDLIB").map(PathBuf::from));
        let stdlib = stdlib.map(|directory| shell.directory.join(directory));
        let base = recipes.directory.as_deref().unwrap_or(&shell.directory);
        let libraries = search::libraries(&recipes.files, base, shell);
        let home = shell.variable("HOME").map(PathBuf::from);
        let system = shell.variable("CAPR_SYSTEM_FILE").unwrap_or(SYSTEM_FILE);
        let system = (!arguments.skip_system).then(|| PathBuf::from(system));
        let user = home.as_ref().filter(|_| !arguments.skip_user);
        let user = user.map(|home| home.join(USER_FILE));
        let only_looks = work.only_looks();
        let is_doctor = matches!(work, Work::Doctor { .. });
        Ok(Self {
            work,
            ask_password: arguments.ask_password && (!only_looks || is_doctor) && !arguments.dry_run,
            ssh: ssh(arguments.ssh_config.as_deref(), home.clone(), shell),
            recipe_options: recipe::Options {
                words: named,
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
                trust: search::trust(&recipes.said, stdlib.as_deref(), shell),
                stdlib,
                home,
                run: shell.run.clone(),
                recovers,
                consent: recipe::GivenConsent {
                    yes: arguments.yes,
                    stage: arguments.confirm,
                },
                lock_wait: arguments.lock_wait,
                journal: Journal::default(),
                trial: None,
            },
            directory: recipes.directory,
            recipes: recipes.files,
            assigned,
            recovers: recovers && !arguments.dry_run,
        })
    }
}

impl Work {
    /// Returns true if nothing is done on servers.
    fn only_looks(&self) -> bool {
        !matches!(
            self,
            Self::Run { .. } | Self::Resume { .. } | Self::Once { .. } | Self::Shell { .. }
        )
    }
}

/// Returns the way to resume, and rejects options of `resume`, `recover`, `run`, `vars` and `graph` that are given to others.
fn resuming(arguments: &TypedArguments, tool: Option<Tool>) -> Result<Resuming, UsageError> {
    let how = Resuming::of(arguments)?;
    let resumes = how.is_some() && arguments.resumes();
    let recovers = arguments.recovers();
    if (arguments.finish || arguments.undo && !resumes) && !recovers {
        return Err(UsageError::Recovery);
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
    Ok(how.unwrap_or_default())
}

/// Returns the work that a command line asks for; `words` are those after the tool and the recipe.
fn work(
    arguments: &mut TypedArguments,
    tool: Option<Tool>,
    words: Vec<String>,
    pattern: Option<String>,
    resuming: Resuming,
) -> Result<Work, UsageError> {
    let json = arguments.json;
    let takes_json = matches!(
        tool,
        Some(Tool::Check | Tool::Vars | Tool::Doctor | Tool::Tree | Tool::Explain)
    );
    if matches!(tool, Some(Tool::Tree | Tool::Explain)) && words.is_empty() {
        return Err(UsageError::NoTask);
    }
    if json && !takes_json && !arguments.servers {
        return Err(UsageError::Json);
    }
    Ok(match tool {
        Some(Tool::Check) => Work::Check { words, json },
        Some(Tool::Vars) => Work::Variables {
            words,
            values: arguments.values,
            json,
        },
        Some(Tool::Doctor) => Work::Doctor {
            words,
            json,
            all: arguments.verbose > 0,
        },
        Some(Tool::Tree) => Work::Tree { tasks: words, json },
        Some(Tool::Explain) => Work::Explained { tasks: words, json },
        Some(Tool::Graph) => Work::Graph {
            tasks: words,
            drawing: match arguments.format {
                None | Some(GraphFormat::Dot) => Drawing::Dot,
                Some(GraphFormat::Mermaid) => Drawing::Mermaid,
                Some(GraphFormat::Svg) => Drawing::Svg,
            },
        },
        Some(Tool::Definitions) => Work::Definitions { words },
        Some(Tool::Run) => Work::Once {
            words,
            command: std::mem::take(&mut arguments.command),
        },
        Some(Tool::Ssh) => Work::Ssh {
            words,
            command: std::mem::take(&mut arguments.command),
        },
        Some(Tool::Resume) => Work::Resume { words, how: resuming },
        Some(Tool::Shell) => Work::Shell {
            words,
            checks: !arguments.no_check,
        },
        _ => return work_with_tasks(arguments, words, pattern, resuming),
    })
}

/// Returns the work of a command line without a tool: tasks are listed, described, or run.
fn work_with_tasks(
    arguments: &mut TypedArguments,
    words: Vec<String>,
    pattern: Option<String>,
    resuming: Resuming,
) -> Result<Work, UsageError> {
    if let Some(task) = arguments.explain.take() {
        return Ok(Work::Explain { words, task });
    }
    if arguments.tasks.is_some() || arguments.bare {
        let listing = Listing {
            pattern,
            all: arguments.verbose > 0,
            bare: arguments.bare,
        };
        return Ok(Work::List { words, listing });
    }
    if words.is_empty() {
        return Err(UsageError::NoTask);
    }
    Ok(match arguments.servers {
        true => Work::Servers {
            tasks: words,
            json: arguments.json,
        },
        false => Work::Run {
            tasks: words,
            checks: !arguments.no_check,
            resuming,
        },
    })
}

/// The recipes of a command line.
struct Recipes {
    files: Vec<PathBuf>,
    /// Those that the person has named as files, and trusts by that.
    said: Vec<PathBuf>,
    /// The directory in which the recipe was found, if it is another one.
    directory: Option<PathBuf>,
}

impl Recipes {
    /// Returns the recipes that are named: by options, or else by the first word, or by the pattern of a list.
    fn named(files: Vec<PathBuf>, words: &mut Vec<String>, pattern: &mut Option<String>, shell: &Invocation) -> Self {
        let (mut files, mut said) = (files.clone(), files);
        if files.is_empty() {
            if words.first().is_some_and(|word| is_recipe(word, &shell.directory)) {
                files.push(PathBuf::from(words.remove(0)));
            } else {
                // `capr -T flipper.rhai` lists the tasks of that recipe.
                let recipe = pattern.take_if(|pattern| is_recipe(pattern, &shell.directory));
                files.extend(recipe.map(PathBuf::from));
            }
            // A file that happens to lie here may have the same name as a task.
            let is_meant = |file: &&PathBuf| {
                file.extension().is_some_and(|ending| ending == "rhai") || file.components().count() > 1
            };
            said.extend(files.iter().filter(is_meant).cloned());
        }
        let directory = None;
        Self { files, said, directory }
    }

    /// Looks for a recipe here and above, if none is named; else all of them have to be there.
    fn find(&mut self, tool: Option<Tool>, shell: &Invocation) -> Result<(), UsageError> {
        if self.files.is_empty() {
            return match search::find(&shell.directory) {
                Some((found, recipe)) => {
                    self.directory = (found != shell.directory).then_some(found);
                    self.files.push(recipe);
                    Ok(())
                }
                // The language can be described, and this machine examined, without a recipe.
                None if matches!(tool, Some(Tool::Definitions | Tool::Doctor)) => Ok(()),
                None => Err(UsageError::NoRecipe),
            };
        }
        let is_file = |file: &&PathBuf| {
            let found = shell.directory.join(file).metadata();
            found.is_ok_and(|found| !found.is_dir())
        };
        match self.files.iter().find(|file| !is_file(file)) {
            Some(missing) => Err(UsageError::MissingRecipe(missing.clone())),
            None => Ok(()),
        }
    }
}

/// Returns what SSH connections need to know: `files` are those of `-F`.
fn ssh(files: Option<&str>, home: Option<PathBuf>, shell: &Invocation) -> Ssh {
    let absolute = |path: &str| shell.directory.join(path);
    let files = files.or_else(|| shell.variable("CAPR_SSH_CONFIG"));
    let variables = shell.environment.iter();
    Ssh {
        config: files.map(|list| list.split(':').filter(|file| !file.is_empty()).map(absolute).collect()),
        environment: SshEnvironment {
            home,
            local_user: shell.user(),
            variables: variables.map(|(name, value)| (name.clone(), value.clone())).collect(),
        },
    }
}

/// Sorts assignments from the other words.
fn sorted(typed: impl Iterator<Item = String>) -> (Vec<(String, String)>, Vec<String>) {
    let (mut assigned, mut words) = (Vec::new(), Vec::new());
    for word in typed {
        match assignment(&word) {
            Some((name, value)) => assigned.push((name.to_owned(), value.to_owned())),
            None => words.push(word),
        }
    }
    (assigned, words)
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
