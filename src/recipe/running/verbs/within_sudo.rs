//! The parts of a command that belong within sudo: its directory and its environment, and its input at the right moment.

use super::super::action::{Asking, CallSettings, Sudo};
use super::super::command::Unsendable;
use super::super::interpreter::Interpreter;
use super::super::secrets::random_mark;
use super::commands::CommandWay;
use crate::configuration::{Environment, Shell};
use crate::plan::{Within as Words, towards, within_sudo, without_prompts};
use crate::session::Input;

/// The parts that belong within sudo.
pub(super) struct WithinSudo {
    directory: Option<String>,
    environment: Option<Environment>,
    /// The variables of the environment that are read as input, since no list of processes may show them.
    secrets: String,
    mark: String,
    /// True if there is a password, or somebody who may know it.
    can_answer: bool,
}

impl WithinSudo {
    /// Returns the parts for the verb `sudo`: the directory and the environment that are given for its command are meant for the
    /// program that sudo runs. Those of all commands (`default_environment`) stay outside, as with Capistrano: a rule of sudo may
    /// allow just the command itself.
    pub(super) fn of(interpreter: &Interpreter, way: &CommandWay, settings: &CallSettings) -> Result<Self, Unsendable> {
        let mut within = Self {
            directory: None,
            environment: None,
            secrets: String::new(),
            mark: random_mark()?,
            can_answer: interpreter.defined().configuration().variables.exists("password")
                || interpreter.person().password().is_some()
                || interpreter.person().can_ask(),
        };
        if way.sudo.is_some() {
            within.directory = settings.options.dir.clone();
            (within.environment, within.secrets) = interpreter.actor().secrets_apart(settings.environment.clone())?;
        }
        Ok(within)
    }

    fn has_environment(&self) -> bool {
        let is_said = match &self.environment {
            Some(Environment::Map(map)) => !map.is_empty(),
            Some(Environment::Text(text)) => !text.trim().is_empty(),
            None => false,
        };
        is_said || !self.secrets.is_empty()
    }

    /// Returns the string to be sent, and the answers for sudo.
    pub(super) fn called(
        self,
        sudo: &Sudo,
        text: &str,
        calls: usize,
        settings: &mut CallSettings,
    ) -> (String, Option<Asking>) {
        let (program, prompt) = (sudo.program.as_str(), sudo.prompt.as_str());
        let asks = !prompt.is_empty();
        let reads = settings.options.stdin.is_some();
        // A rule of sudo may allow just this command, without a password. If there is no password, only such a rule helps.
        let is_quiet = asks && reads && !self.can_answer && !self.has_environment();
        let options = if is_quiet { " -n" } else { "" };
        let sent = |text: &str| without_prompts(text, program, prompt, options);
        if is_quiet {
            settings.options.pty = Some(false);
        }
        let unread = (asks && !is_quiet).then_some(Asking {
            questions: calls,
            started: None,
        });
        if !asks && !self.secrets.is_empty() {
            // Without a prompt nobody can tell when sudo has started its command, and input would come too early: so everything
            // stays outside.
            return (sent(text), None);
        }
        let waits = asks && !is_quiet && (reads || !self.secrets.is_empty());
        if waits || self.has_environment() {
            let words = Words {
                mark: waits.then_some(self.mark.as_str()),
                secrets: self.secrets.len(),
                environment: self.environment.as_ref(),
                directory: self.directory.as_deref(),
            };
            let options = if waits { " -S" } else { "" };
            return match within_sudo(text, program, prompt, options, &words.words()) {
                Some(text) => {
                    self.moved_in(settings);
                    let started = waits.then(|| (self.mark.clone(), Input::text(self.secrets.as_bytes())));
                    if waits {
                        settings.options.pty = Some(false);
                    }
                    (
                        sent(&text),
                        asks.then_some(Asking {
                            questions: calls,
                            started,
                        }),
                    )
                }
                // The call of sudo cannot be changed, so nobody can tell when it starts its command: sudo must not ask, and the
                // input is sent at once.
                None if waits => (sent(text), None),
                None => (sent(text), unread),
            };
        }
        if let Some(directory) = &self.directory {
            let is_plain = settings.options.shell == Some(Shell::None);
            let words = Words {
                directory: Some(directory),
                ..Words::default()
            };
            let (before, words) = match is_plain {
                true => (String::new(), words.words()),
                false => (format!("{}; ", towards(directory)), "\"$@\"".to_owned()),
            };
            if let Some(text) = within_sudo(text, program, prompt, options, &words) {
                settings.options.dir = None;
                return (format!("{before}{}", sent(&text)), unread);
            }
        }
        (sent(text), unread)
    }

    /// Removes from the settings what is done within sudo.
    fn moved_in(&self, settings: &mut CallSettings) {
        if self.directory.is_some() {
            settings.options.dir = None;
        }
        if self.has_environment()
            && let (Some(Environment::Map(all)), Some(Environment::Map(own))) =
                (&mut settings.options.env, &settings.environment)
        {
            all.retain(|name, value| own.get(name) != Some(value));
        } else if self.has_environment() {
            settings.options.env = None;
        }
    }
}
