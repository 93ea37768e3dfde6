//! Secrets on their way to a command. Those in its environment are read by its shell, so that no list of processes shows them; a
//! secret in a command line is reported.

use indexmap::IndexMap;
use rhai::{Array, Dynamic, ImmutableString, Map};
use rustix::io::Errno;
use rustix::rand::{GetRandomFlags, getrandom};

use super::command::Unsendable;
use super::interpreter::Interpreter;
use super::shared_actor::SharedActor;
use crate::actor::Action;
use crate::configuration::{Environment, RunOptions};
use crate::event::{Level, worded};
use crate::plan::exports;
use crate::recipe::language::secret_name::is_secret_name;
use crate::secret::{Secret, passwords_in};

/// Values that are not secrets, whatever the name of their variable.
const PLAIN: [&str; 4] = ["true", "false", "none", "null"];
/// The least length of a string that counts as a secret only because the map around it has the name of a secret. A shorter one may
/// be anything, such as a port.
const LONG: usize = 8;

/// Returns a random word that nobody can know.
pub(in crate::recipe) fn random_mark() -> Result<String, Unsendable> {
    let mut bytes = [0; 16];
    let filled = getrandom(&mut bytes, GetRandomFlags::empty()).map_err(Unsendable::NoRandomNumbers)?;
    // Linux always fills so few bytes at once.
    if filled < bytes.len() {
        return Err(Unsendable::NoRandomNumbers(Errno::AGAIN));
    }
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("capr-{digits}-"))
}

impl SharedActor {
    /// Hides the value of a variable whose name says that it is a secret, and all secrets in other values.
    pub(in crate::recipe) fn keep_secret(&self, name: &str, value: &Dynamic) {
        if is_secret_name(name) {
            self.keep_all(name, value);
        }
        self.keep_secrets(value);
    }

    /// Hides values in maps whose names say that they are secrets, and passwords in addresses.
    pub(in crate::recipe) fn keep_secrets(&self, value: &Dynamic) {
        if let Some(map) = value.read_lock::<Map>() {
            map.iter().for_each(|(name, value)| self.keep_secret(name, value));
        } else if let Some(list) = value.read_lock::<Array>() {
            list.iter().for_each(|value| self.keep_secrets(value));
        } else if let Some(text) = value.read_lock::<ImmutableString>() {
            self.keep_passwords(&text);
        }
    }

    /// Hides the secrets of the environment, once a recipe has read it.
    pub(super) fn keep_environment(&self, environment: &Map) {
        for (name, value) in environment {
            if is_secret_name(name) {
                self.keep_all(name, value);
            }
            self.keep_secrets(value);
        }
    }

    /// Hides everything in the value of a secret.
    fn keep_all(&self, name: &str, value: &Dynamic) {
        if let Some(list) = value.read_lock::<Array>() {
            list.iter().for_each(|value| self.keep_all(name, value));
        } else if let Some(map) = value.read_lock::<Map>() {
            let is_any = |value: &Dynamic| {
                value
                    .read_lock::<ImmutableString>()
                    .is_some_and(|text| text.len() < LONG)
            };
            let long = map.values().filter(|value| !is_any(value));
            long.for_each(|value| self.keep_all(name, value));
        } else if value.is_string() || !name.ends_with('s') && (value.is_int() || value.is_float()) {
            self.hide_string(&value.to_string());
        }
    }

    fn keep_passwords(&self, text: &str) {
        let found = passwords_in(text).into_iter();
        found
            .filter_map(|place| text.get(place))
            .for_each(|password| self.hide_string(password));
    }

    fn hide_string(&self, secret: &str) {
        if !PLAIN.contains(&secret) {
            self.hide(&Secret::new(secret));
        }
    }

    /// Returns the options without the secrets of their environment, and these secrets as commands for a shell.
    pub(in crate::recipe) fn without_secrets(&self, options: &RunOptions) -> Result<(RunOptions, String), Unsendable> {
        let mut options = options.clone();
        let (environment, secrets) = self.secrets_apart(options.env.take())?;
        options.env = environment;
        Ok((options, secrets))
    }

    /// Returns an environment without secrets, and these secrets as commands for a shell.
    pub(in crate::recipe) fn secrets_apart(
        &self,
        environment: Option<Environment>,
    ) -> Result<(Option<Environment>, String), Unsendable> {
        match environment {
            Some(Environment::Map(map)) => {
                let (secret, plain): (IndexMap<_, _>, IndexMap<_, _>) =
                    map.into_iter().partition(|(name, value)| self.is_secret(name, value));
                let secrets = exports(secret.iter().map(|(name, value)| (name.as_str(), value.as_str())));
                Ok((Some(Environment::Map(plain)), secrets))
            }
            Some(Environment::Text(text)) if self.holds_secret(&text) => Err(Unsendable::SecretInEnvironment),
            other => Ok((other, String::new())),
        }
    }

    /// Returns true if a variable is secret by its name, or because its value is a secret elsewhere.
    fn is_secret(&self, name: &str, value: &str) -> bool {
        let is_named = is_secret_name(name);
        if is_named {
            self.hide_string(value);
        }
        self.keep_passwords(value);
        is_named || self.holds_secret(value)
    }
}

/// Reports once for each command that its line contains a secret.
pub(in crate::recipe) fn tell_secrets(interpreter: &Interpreter, action: &Action) {
    let mut lines = action.jobs.iter().map(|(_, command)| command.line.as_str());
    if !lines.any(|line| interpreter.actor().holds_secret(line)) || !interpreter.notices().visible_secret(&action.shown)
    {
        return;
    }
    let whose = if action.local { "this machine" } else { "the server" };
    interpreter.say(
        Level::Important,
        format!(
            "a secret stands in the command line of `{}', where every user of {whose} can read it while it runs: \
             give it by :env or :data",
            worded(action.verb, action.shown.lines().next().unwrap_or_default())
        ),
    );
}
