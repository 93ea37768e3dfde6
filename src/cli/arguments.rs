//! The arguments of the command line, as they were typed.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Parser, ValueEnum};
use jiff::SignedDuration;

use super::help;
use super::init::AppKind;
use super::settings::{UsageError, is_assignment};

/// Runs tasks on many servers over SSH and deploys applications.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "capr",
    version,
    arg_required_else_help = true,
    override_usage = "capr [RECIPE] [STAGE] TASK... [NAME=value]... [OPTIONS]",
    before_help = help::commands(),
    after_help = help::NOTES,
    help_template = "{about-with-newline}\n{before-help}{all-args}{after-help}"
)]
pub(super) struct TypedArguments {
    /// A recipe, tasks to run in this order, and NAME=value for the recipe's environment
    #[arg(value_name = "RECIPE|TASK|NAME=value")]
    pub(super) words: Vec<String>,

    /// With run: the command, after `--'
    #[arg(last = true, value_name = "COMMAND")]
    pub(super) command: Vec<String>,

    /// Use this recipe; all words are tasks then. Several are loaded in this order
    #[arg(short = 'f', long = "file", value_name = "FILE", action = ArgAction::Append)]
    pub(super) files: Vec<PathBuf>,

    /// Do not load ~/.capr.rhai before the recipe
    #[arg(short = 'x', long = "skip-user-file")]
    pub(super) skip_user: bool,

    /// Do not load /etc/capr.rhai, or the file that CAPR_SYSTEM_FILE names, before the recipe
    #[arg(short = 'X', long = "skip-system-file")]
    pub(super) skip_system: bool,

    /// ROLES=... narrows the roles of a task instead of replacing them
    #[arg(short = 'r', long = "preserve-roles")]
    pub(super) preserve_roles: bool,

    /// Set a variable after the recipe is loaded
    #[arg(short = 's', long = "set", value_name = "NAME=VALUE", action = ArgAction::Append)]
    pub(super) set_after: Vec<String>,

    /// Set a variable before the recipe is loaded
    #[arg(short = 'S', long = "set-before", value_name = "NAME=VALUE", action = ArgAction::Append)]
    pub(super) set_before: Vec<String>,

    /// List all tasks, or those with PATTERN in their name; a PATTERN with `*' in it has to match the whole name
    #[arg(short = 'T', long = "tasks", value_name = "PATTERN", num_args = 0..=1, conflicts_with = "explain")]
    pub(super) tasks: Option<Option<String>>,

    /// List the bare names
    #[arg(short = 't', long = "tool", conflicts_with = "explain")]
    pub(super) bare: bool,

    /// Show a task's whole description
    #[arg(short = 'e', long = "explain", value_name = "TASK")]
    pub(super) explain: Option<String>,

    /// Show which servers these tasks and the tasks that they call go to, and why, without connecting; also for single commands
    /// that name other servers. With test: run on the real servers of --ssh-config
    #[arg(long, conflicts_with_all = ["tasks", "bare", "explain"])]
    pub(super) servers: bool,

    /// With vars: also the values, except secrets. Lazy variables are evaluated
    #[arg(long)]
    pub(super) values: bool,

    /// With graph: how tasks are drawn
    #[arg(long, value_name = "FORMAT", value_enum)]
    pub(super) format: Option<GraphFormat>,

    /// With init: what is deployed, instead of asking
    #[arg(long, value_name = "KIND", value_enum)]
    pub(super) kind: Option<AppKind>,

    /// With init: the address of the repository
    #[arg(long, value_name = "ADDRESS")]
    pub(super) repository: Option<String>,

    /// With init: a server of a project without stages
    #[arg(long, value_name = "HOST", action = ArgAction::Append)]
    pub(super) server: Vec<String>,

    /// With init: a stage, and its servers
    #[arg(long, value_name = "NAME[=HOST,...]", action = ArgAction::Append)]
    pub(super) stage: Vec<String>,

    /// With port: write the recipes below this directory instead of beside those of Ruby
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,

    /// With port: look here first for the gems whose recipe libraries are required: a directory of gems, or one gem
    #[arg(long, value_name = "DIR", action = ArgAction::Append)]
    pub(super) gems: Vec<PathBuf>,

    /// With port: write over recipes that are there already
    #[arg(long)]
    pub(super) force: bool,

    /// With port: write nothing, only list what needs manual work. With fmt: write nothing, show what would change. With version: ask the
    /// repository whether there is a newer release
    #[arg(long = "check")]
    pub(super) only_check: bool,

    /// With fmt: format standard input, and write it on standard output
    #[arg(long)]
    pub(super) stdin: bool,

    /// With resume: repeat steps that were begun and whose end is not known
    #[arg(long)]
    pub(super) redo: bool,

    /// With resume: treat steps that were begun and whose end is not known as done
    #[arg(long)]
    pub(super) skip: bool,

    /// With resume: continue although the recipe has changed since
    #[arg(long)]
    pub(super) changed_recipe: bool,

    /// With resume: do nothing, and do not mention the runs that died any more
    #[arg(long)]
    pub(super) forget: bool,

    /// With lib fetch and lib vendor: fail if capr.toml and capr.lock disagree, and change neither
    #[arg(long)]
    pub(super) locked: bool,

    /// With lib: fetch nothing from other machines
    #[arg(long)]
    pub(super) offline: bool,

    /// With lib add: the digest that the tarball has
    #[arg(long, value_name = "DIGEST")]
    pub(super) sha256: Option<String>,

    /// With test: run only tests with PATTERN in their file or name; a PATTERN with `*' in it has to match the whole
    #[arg(long, value_name = "PATTERN", action = ArgAction::Append)]
    pub(super) filter: Vec<String>,

    /// With test: list the tests, run none
    #[arg(long)]
    pub(super) list: bool,

    /// With test: run this many at once; the default is one per core, and one in all with --servers
    #[arg(short = 'j', long, value_name = "NUMBER")]
    pub(super) jobs: Option<usize>,

    /// With test: end a test that takes longer than this: 90 (seconds), 5m; the default is a minute
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(super) time_limit: Option<Duration>,

    /// With test: start no more tests once one has failed
    #[arg(long)]
    pub(super) fail_fast: bool,

    /// With test: also write the results to this file, as JUnit XML
    #[arg(long, value_name = "FILE")]
    pub(super) junit: Option<PathBuf>,

    /// With test: show which lines and branches of the recipes were run
    #[arg(long)]
    pub(super) coverage: bool,

    /// With test: write these lines and branches to this file, in the format of lcov
    #[arg(long, value_name = "FILE")]
    pub(super) lcov: Option<PathBuf>,

    /// With check, vars, tree, explain, port, doctor, test and lib list: print JSON on standard output, one object per line
    #[arg(long)]
    pub(super) json: bool,

    /// Show what would be done; connect nowhere and change nothing
    #[arg(short = 'n', long = "dry-run")]
    pub(super) dry_run: bool,

    /// Answer yes to the questions of tasks with `:confirm'. With lib: make the changes that are shown, without asking
    #[arg(short = 'y', long)]
    pub(super) yes: bool,

    /// Confirm that this protected stage is meant, instead of typing its name
    #[arg(long, value_name = "STAGE")]
    pub(super) confirm: Option<String>,

    /// Wait this long for servers that somebody else has locked: 90 (seconds), 5m, 1h30m; without it, that is an error
    #[arg(long, value_name = "TIME", value_parser = time, default_value = "0", hide_default_value = true)]
    pub(super) lock_wait: Duration,

    /// With recover: complete a switch that reached only some servers
    #[arg(long, conflicts_with = "undo")]
    pub(super) finish: bool,

    /// With recover: undo a switch that reached only some servers. With resume: roll back what the run that died has left open
    #[arg(long)]
    pub(super) undo: bool,

    /// Run the tasks without checking them first, as `capr check` does
    #[arg(long)]
    pub(super) no_check: bool,

    /// Ask before each command: yes, no (skip it) or abort (fail, and roll back what was done)
    #[arg(short = 'd', long)]
    pub(super) debug: bool,

    /// Ask for the password of logins and sudo at the start, and not when it is first needed
    #[arg(short = 'p', long = "password")]
    pub(super) ask_password: bool,

    /// Show only what is important: standard error of commands, warnings, failures, rollbacks
    #[arg(short = 'q', long = "quiet", conflicts_with = "verbose")]
    pub(super) quiet: bool,

    /// Show more: debug messages, connection times and algorithms, whole scripts; -vv: also when each server begins and ends. With -T: also hidden tasks
    #[arg(short = 'v', long = "verbose", action = ArgAction::Count)]
    pub(super) verbose: u8,

    /// Also append it to this file, each line after its time, even with -q; if it cannot be written, the exit code is 1
    #[arg(short = 'l', long = "log", value_name = "FILE")]
    pub(super) log: Option<PathBuf>,

    /// Write a page about the run when it has ended, for a browser: what ran when and where, with all output
    #[arg(long, value_name = "FILE")]
    pub(super) report: Option<PathBuf>,

    /// Write a trace of the run when it has ended, for Perfetto (ui.perfetto.dev): a file whose name ends with .json
    #[arg(long, value_name = "FILE", value_parser = trace_file)]
    pub(super) trace: Option<PathBuf>,

    /// Format of the messages: pretty on a terminal, else plain; in a job of GitHub Actions or GitLab CI the one that its log shows best
    #[arg(long, value_name = "FORMAT", value_enum)]
    pub(super) log_format: Option<LogFormat>,

    /// Begin each line with the time; with --log-format json every object has one anyway
    #[arg(long)]
    pub(super) timestamps: bool,

    /// When to use colours
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = ColorChoice::Auto)]
    pub(super) color: ColorChoice,

    /// Read this ssh configuration instead of the user's; several are separated by `:' [env: CAPR_SSH_CONFIG]
    #[arg(long, value_name = "FILE")]
    pub(super) ssh_config: Option<String>,

    /// Use the task library in this directory instead of the built-in one [env: CAPR_STDLIB]
    #[arg(long, value_name = "DIR")]
    pub(super) stdlib: Option<PathBuf>,
}

impl TypedArguments {
    /// Returns the tool that is called. Only the first word can name it: elsewhere it is a task.
    pub(super) fn tool(&self) -> Option<Tool> {
        let word = self.words.first().filter(|_| self.files.is_empty())?;
        Tool::from_str(word, false).ok()
    }

    /// Returns true if the last word is `recover`, which puts the leftovers of a dead run in order.
    pub(super) fn recovers(&self) -> bool {
        let last = self.words.iter().rfind(|word| !is_assignment(word));
        last.is_some_and(|word| word == RECOVER) && self.tool().is_none()
    }

    /// Returns true if a run that died is to be continued.
    pub(super) fn resumes(&self) -> bool {
        let last = self.words.iter().rfind(|word| !is_assignment(word));
        self.tool() == Some(Tool::Resume) || last.is_some_and(|word| word == RESUME) && self.tool().is_none()
    }

    /// Returns true if nothing is done. A recovery is no rehearsal: its plan is made from the servers' answers, so they are
    /// asked.
    pub(super) fn is_rehearsal(&self) -> bool {
        self.dry_run && !self.recovers()
    }
}

/// The last word of `capr RECIPE resume`.
pub(super) const RESUME: &str = "resume";

/// The task that puts the leftovers of a dead run in order.
const RECOVER: &str = "recover";

/// Reads the name of the file of `--trace`. Capistrano's option of that name takes no file: what follows it there is a stage or a task.
fn trace_file(text: &str) -> Result<PathBuf, String> {
    match text.ends_with(".json") {
        true => Ok(PathBuf::from(text)),
        false => Err("the name of the file ends with .json; more is shown by -v".to_owned()),
    }
}

/// Reads a time: a number of seconds, or numbers with units.
fn time(text: &str) -> Result<Duration, String> {
    if let Ok(seconds) = text.parse() {
        return Ok(Duration::from_secs(seconds));
    }
    let time = text.parse::<SignedDuration>().ok();
    let time = time.and_then(|time| Duration::try_from(time).ok());
    time.ok_or_else(|| "a time is a number of seconds, or has units: 90, 5m, 1h30m".to_owned())
}

impl TypedArguments {
    /// Rejects options of the tools that need no recipe.
    pub(super) fn without_options_of_tools(&self) -> Result<(), UsageError> {
        if self.out.is_some() || self.force || !self.gems.is_empty() {
            Err(UsageError::Port)
        } else if self.only_check {
            Err(UsageError::OnlyCheck)
        } else if self.stdin {
            Err(UsageError::Stdin)
        } else if self.locked || self.offline || self.sha256.is_some() {
            Err(UsageError::Lib)
        } else {
            Ok(())
        }
    }

    /// Refuses options of `capr test` for all others.
    pub(super) fn without_options_of_tests(&self) -> Result<(), UsageError> {
        let is_said = !self.filter.is_empty()
            || self.list
            || self.jobs.is_some()
            || self.time_limit.is_some()
            || self.fail_fast
            || self.junit.is_some()
            || self.coverage
            || self.lcov.is_some();
        match is_said && self.tool() != Some(Tool::Test) {
            true => Err(UsageError::Test),
            false => Ok(()),
        }
    }
}

/// The tools: the commands for recipes besides running their tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Tool {
    /// Finds the mistakes in it
    Check,
    /// Lists its variables
    Vars,
    /// Shows what its tasks do, as a tree
    Tree,
    /// Explains in words what one of its tasks does
    Explain,
    /// Draws its tasks and hooks
    Graph,
    /// Writes definitions for editors
    Definitions,
    /// Examines this machine and its servers
    Doctor,
    /// Runs one command on its servers
    Run,
    /// Logs in to one of its servers
    Ssh,
    /// Continues a run that died, or undoes it
    Resume,
    /// Runs commands and tasks that are typed line by line
    Shell,
    /// Runs the tests of recipes and libraries
    Test,
    /// Formats it
    Fmt,
    /// Adds other people's libraries to it, or makes one
    Lib,
    /// Makes one of a Capistrano recipe
    Port,
    /// Makes one
    Init,
    /// Makes a page of a log in JSON
    Report,
    /// Writes a script for a shell that completes what is typed
    Completions,
    /// Writes the pages for man
    Manual,
    /// Explains a command, and shows the guide
    Help,
    /// Prints the version
    Version,
}

/// `--log-format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum LogFormat {
    /// Task tree and live state, for terminals; long scripts by their first line
    Pretty,
    /// Capistrano's prefixes
    Plain,
    /// One JSON object per line
    Json,
    /// Plain, with groups, errors at their lines and a summary for GitHub Actions
    Github,
    /// Plain, with sections for GitLab CI
    Gitlab,
}

/// `--format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum GraphFormat {
    /// The language of Graphviz
    Dot,
    /// The language of Mermaid
    Mermaid,
    /// A picture, made without any other program
    Svg,
}

/// `--color`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ColorChoice {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Also in files and pipes
    Always,
    /// Never
    Never,
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::time::Duration;

    use super::time;

    #[test]
    fn times_are_seconds_or_have_units() {
        for (text, seconds) in [("0", 0), ("90", 90), ("5m", 300), ("1h30m", 5400), ("45s", 45)] {
            assert_eq!(time(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "soon", "-5m", "5 lightyears"] {
            assert!(time(text).is_err(), "{text}");
        }
    }
}
