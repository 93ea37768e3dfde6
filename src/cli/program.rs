//! The things that every command works with: the terminal, signals, secrets; and the part of them that a recipe gets.

use std::os::unix::fs::FileTypeExt as _;
use std::path::Path;

use anyhow::Context as _;
use rustix::io::Errno;

use crate::diagnostic::{Diagnostic, Fault};
use crate::interrupt::Interrupt;
use crate::place::append;
use crate::recipe::{Prompts as _, Recipe, Surroundings};
use crate::report::{Console, Log};
use crate::secret::Redactor;

use super::prompts::TerminalPrompts;
use super::settings::Settings;
use super::shell::Invocation;
use super::{connectors, interactive};

/// This process.
pub(super) struct Program<'a> {
    pub(super) shell: &'a Invocation,
    pub(super) console: &'a Console,
    pub(super) redactor: &'a Redactor,
    pub(super) interrupt: &'a Interrupt,
}

impl Program<'_> {
    /// Returns the surroundings that a recipe works with.
    pub(super) fn surroundings(&self, settings: &Settings) -> Result<Surroundings, Box<Diagnostic>> {
        let is_rehearsal = settings.recipe_options.dry_run;
        let (remote, local) = connectors::make(is_rehearsal, settings.ssh.clone(), self.shell.core_files);
        Ok(Surroundings {
            remote,
            local,
            reporter: Box::new(self.console.clone()),
            prompts: Box::new(self.prompts()?),
            redactor: self.redactor.clone(),
            interrupt: self.interrupt.clone(),
        })
    }

    /// Asks for the password at once, if that is wanted.
    pub(super) fn ask_password(&self, settings: &mut Settings) -> Result<(), Box<Diagnostic>> {
        if !settings.ask_password {
            return Ok(());
        }
        let password = self.prompts()?.secret("Password: ");
        let password = password.map_err(|reason| Box::new(reason.into()))?;
        settings.recipe_options.password = Some(password);
        Ok(())
    }

    fn prompts(&self) -> Result<TerminalPrompts, Box<Diagnostic>> {
        TerminalPrompts::new(self.console.clone(), self.redactor.clone(), self.interrupt.clone())
            .context("cannot wait for an answer")
            .map_err(|error| Box::new(Diagnostic::new(Fault::Failed, format!("{error:#}"))))
    }

    /// Returns the surroundings that the interactive shell works with.
    pub(super) fn of_shell(&self, checks: bool) -> interactive::ShellSurroundings<'_> {
        interactive::ShellSurroundings {
            shell: self.shell,
            console: self.console,
            redactor: self.redactor,
            interrupt: self.interrupt,
            checks,
        }
    }
}

/// Opens the file that `-l` names.
pub(super) fn open_log(path: &Path, interrupt: &Interrupt) -> anyhow::Result<Log> {
    let unwritable = || format!("cannot write the log {}", path.display());
    let is_pipe = path.metadata().is_ok_and(|there| there.file_type().is_fifo());
    let file = append(path).map_err(|error| match error.raw_os_error() {
        Some(code) if is_pipe && code == Errno::NXIO.raw_os_error() => {
            anyhow::anyhow!("nobody reads this pipe; start its reader first")
        }
        _ => error.into(),
    });
    let file = file.with_context(unwritable)?;
    Ok(Log::to(path.display().to_string(), file, interrupt.clone()))
}

/// The last words that mean the interactive shell; Capistrano 3 has the second.
pub(super) const SHELL: [&str; 2] = ["shell", "console"];

/// Returns true if the only word, or the only one after a stage, is this command and no task has its name.
pub(super) fn asks_for(recipe: &Recipe, words: &[String], command: &[&str]) -> bool {
    let is_stage = |word: &String| recipe.stages().any(|stage| stage == word);
    let is_command = |word: &String| command.contains(&word.as_str()) && recipe.unknown_task(word).is_some();
    match words {
        [word] => is_command(word),
        [stage, word] => is_stage(stage) && is_command(word),
        _ => false,
    }
}
