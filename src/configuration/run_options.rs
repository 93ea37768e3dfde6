//! The options of `run` and similar verbs, and their defaults.

use std::time::Duration;

use indexmap::IndexMap;

/// The program that interprets the string of a command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Shell {
    /// `sh -c`.
    #[default]
    Default,
    /// This program, with its own options if there are any: `/bin/bash`, `bash -l`.
    Named(String),
    /// The login shell itself.
    None,
}

/// The environment of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Environment {
    /// Variables by name; each value arrives unchanged but for the variable's own name and `$HOME` before a path.
    Map(IndexMap<String, String>),
    /// A string that is put into the command line as it is: `A=1 B=2`.
    Text(String),
}

/// The standard input of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stdin {
    /// These bytes.
    Text(Vec<u8>),
    /// The content of this file on this machine.
    File(String),
}

/// Returns true for a string that can be a umask: octal digits.
pub(crate) fn is_umask(text: &str) -> bool {
    (1..=4).contains(&text.len()) && text.bytes().all(|digit| matches!(digit, b'0'..=b'7'))
}

/// The options of a command; `None` means that nothing was given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RunOptions {
    /// The shell that interprets it.
    pub shell: Option<Shell>,
    /// The directory it runs in.
    pub dir: Option<String>,
    /// The permissions that its new files do not get, in octal digits.
    pub umask: Option<String>,
    /// Its environment, which is added to that of the login.
    pub env: Option<Environment>,
    /// True if it gets a terminal.
    pub pty: Option<bool>,
    /// The width of the terminal, in characters.
    pub columns: Option<u16>,
    /// The height of the terminal, in characters.
    pub rows: Option<u16>,
    /// The input that it reads first.
    pub stdin: Option<Stdin>,
    /// True if its input ends after that.
    pub eof: Option<bool>,
    /// The time after which it is ended.
    pub timeout: Option<Duration>,
    /// True if it is not announced.
    pub silent: Option<bool>,
    /// False if `command_map` and `command_prefixes` do not apply.
    pub prefix: Option<bool>,
}

impl RunOptions {
    /// Returns these options (the defaults) overridden by those of `call`, key by key; environments that are maps are merged
    /// (C10).
    pub(crate) fn overlaid_by(&self, call: &Self) -> Self {
        let env = match (&self.env, &call.env) {
            (Some(Environment::Map(under)), Some(Environment::Map(over))) => {
                let mut joined = under.clone();
                joined.extend(over.clone());
                Some(Environment::Map(joined))
            }
            (under, over) => over.as_ref().or(under.as_ref()).cloned(),
        };
        Self {
            shell: call.shell.as_ref().or(self.shell.as_ref()).cloned(),
            dir: call.dir.as_ref().or(self.dir.as_ref()).cloned(),
            umask: call.umask.as_ref().or(self.umask.as_ref()).cloned(),
            env,
            pty: call.pty.or(self.pty),
            columns: call.columns.or(self.columns),
            rows: call.rows.or(self.rows),
            stdin: call.stdin.as_ref().or(self.stdin.as_ref()).cloned(),
            eof: call.eof.or(self.eof),
            timeout: call.timeout.or(self.timeout),
            silent: call.silent.or(self.silent),
            prefix: call.prefix.or(self.prefix),
        }
    }
}

#[cfg(test)]
mod tests {
    use indexmap::IndexMap;

    use super::{Environment, RunOptions, Shell};

    fn map(pairs: &[(&str, &str)]) -> Option<Environment> {
        let pairs = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        Some(Environment::Map(pairs.collect::<IndexMap<_, _>>()))
    }

    #[test]
    fn c10_the_calls_environment_wins_per_key_over_the_default() {
        let default = RunOptions {
            env: map(&[("A", "1"), ("B", "1")]),
            ..RunOptions::default()
        };
        let call = RunOptions {
            env: map(&[("B", "2"), ("C", "2")]),
            ..RunOptions::default()
        };
        assert_eq!(
            default.overlaid_by(&call).env,
            map(&[("A", "1"), ("B", "2"), ("C", "2")])
        );
        let text = RunOptions {
            env: Some(Environment::Text("A=3".to_owned())),
            ..RunOptions::default()
        };
        assert_eq!(default.overlaid_by(&text).env, text.env);
        assert_eq!(default.overlaid_by(&RunOptions::default()).env, default.env);
    }

    #[test]
    fn c9_the_calls_shell_beats_the_default_shell() {
        let shell = |shell| RunOptions {
            shell: Some(shell),
            ..RunOptions::default()
        };
        let bash = shell(Shell::Named("/bin/bash".to_owned()));
        assert_eq!(bash.overlaid_by(&shell(Shell::None)).shell, Some(Shell::None));
        assert_eq!(bash.overlaid_by(&RunOptions::default()).shell, bash.shell);
    }
}
