//! Scripts that run before a command, and before the command that sudo runs, so that it is known when they begin. They print
//! marks and the word that sudo asks with, and read secrets from the input, so that these are in no command line. Each is one
//! line for `sh`.

use super::environment::Assigned;
use super::quote::{quote_always, quote_path};
use crate::configuration::Environment;

/// The script that runs before a command.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Before<'a> {
    /// The mark that is printed first, if somebody waits for it.
    pub mark: Option<&'a str>,
    /// True if sudo's prompt is printed after the mark. It is a random word that is made on the server, and only sudo and the
    /// login know it.
    pub asks: bool,
    /// The number of bytes that are read and evaluated.
    pub secrets: usize,
    /// True if there is a terminal.
    pub terminal: bool,
}

impl Before<'_> {
    /// Returns a script for `sh`; empty if there is nothing to do.
    pub(crate) fn script(&self) -> String {
        let mut steps = Vec::new();
        let silences = self.secrets > 0 && self.terminal;
        if silences {
            // A terminal would show the input and change it.
            steps.push("capr=$(stty -g) && stty raw -echo || exit 1".to_owned());
        }
        if self.asks {
            steps.push("SUDO_PROMPT=$(od -An -N16 -tx1 /dev/urandom | tr -d \" \")".to_owned());
            steps.push(
                "[ \"$SUDO_PROMPT\" ] || { echo \"capr: no word for sudo to ask with: there is no od, tr or \
                 /dev/urandom\" >&2; exit 1; }"
                    .to_owned(),
            );
            steps.push("export SUDO_PROMPT".to_owned());
        }
        if let Some(mark) = self.mark {
            let word = if self.asks { "$SUDO_PROMPT" } else { "" };
            steps.push(format!("echo \"{mark}{word}\" >&2"));
            if !self.terminal {
                // sudo may ask on either stream, and each is read separately.
                steps.push(format!("echo \"{mark}{word}\""));
            }
        }
        if self.secrets > 0 {
            steps.push(read_secrets(self.secrets));
        }
        if silences {
            steps.push("stty \"$capr\"; unset capr".to_owned());
        }
        steps.join("; ")
    }
}

/// The script that runs under sudo before its command.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Within<'a> {
    /// The mark that is printed first: sudo asks nothing after it.
    pub mark: Option<&'a str>,
    /// The number of bytes that are read and evaluated.
    pub secrets: usize,
    /// The environment of the command.
    pub environment: Option<&'a Environment>,
    /// The directory of the command.
    pub directory: Option<&'a str>,
}

impl Within<'_> {
    /// Returns the words to put before the command.
    pub(crate) fn words(&self) -> String {
        let mut steps = Vec::new();
        if let Some(mark) = self.mark {
            steps.push(format!("echo \"{mark}\" >&2"));
        }
        if self.secrets > 0 {
            steps.push(read_secrets(self.secrets));
        }
        // The login's shell replaces `~` by its home.
        let path = self.directory.map_or_else(|| "capr".to_owned(), quote_path);
        if self.directory.is_some() {
            steps.push("cd \"$0\" || exit 1".to_owned());
        }
        let Assigned { step, words } = Assigned::of(self.environment);
        steps.extend(step);
        steps.push(match words {
            Some(words) => format!("exec env {words} \"$@\""),
            None => "exec \"$@\"".to_owned(),
        });
        format!("sh -c {} {path}", quote_always(&steps.join("; ")))
    }
}

/// Returns a command that changes to `directory`. If the login may not enter it, the command sets `$@` to words that change to
/// it under sudo.
pub(crate) fn towards(directory: &str) -> String {
    let path = quote_path(directory);
    let words = "sh -c 'cd \"$0\" && exec \"$@\"'";
    format!("cd {path} 2>/dev/null || set -- {words} {path}")
}

/// Returns the shell commands that set these variables. They are sent as secrets.
pub(crate) fn exports<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let pairs = pairs
        .into_iter()
        .map(|(name, value)| format!("export {name}={}\n", quote_always(value)));
    pairs.collect()
}

/// Returns a shell command that reads the secrets byte by byte: the input after them belongs to the command.
fn read_secrets(length: usize) -> String {
    format!("eval \"$(dd ibs=1 count={length} 2>/dev/null)\"")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io::Write;
    use std::process::{Command, Stdio};

    use super::{Before, Within, exports, towards};
    use crate::configuration::{Environment, RunOptions, Shell};
    use crate::deadline::InTime;
    use crate::plan::{Start, command_line, login_line, quote};

    /// Returns the standard output and standard error of a login shell that runs the line with this input.
    fn run(shell: &str, line: &str, input: &str) -> (String, String) {
        let mut child = Command::new(shell)
            .args(["-c", line])
            .env("SHELL", shell)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.in_time();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (text(output.stdout), text(output.stderr))
    }

    #[test]
    fn the_word_of_sudo_is_said_behind_the_mark_and_stands_in_no_line_in_every_login_shell() {
        let before = Before {
            mark: Some("<mark>"),
            asks: true,
            ..Before::default()
        };
        for shell in [None, Some(Shell::Named("bash".to_owned())), Some(Shell::None)] {
            let options = RunOptions {
                shell,
                ..RunOptions::default()
            };
            let command = command_line("echo \"it's $SUDO_PROMPT\"", &options, &before.script(), false);
            let start = Start {
                mark: "start-mark",
                guard: None,
                terminal: false,
            };
            for login in ["sh", "bash", "fish", "tcsh"] {
                let line = match command.is_plain {
                    true => command.line.clone(),
                    false => login_line(&command.line, &start),
                };
                let (out, err) = run(login, &line, "");
                let (out, err) = match command.is_plain {
                    true => (out.as_str(), err.as_str()),
                    false => (
                        out.strip_prefix("start-mark\n").unwrap(),
                        err.strip_prefix("start-mark\n").unwrap(),
                    ),
                };
                let word = err.strip_prefix("<mark>").unwrap().trim_end();
                assert_eq!(word.len(), 32, "{login}: {err}");
                assert_eq!(out, format!("<mark>{word}\nit's {word}\n"), "{login}");
            }
        }
    }

    #[test]
    fn c11_secrets_are_read_from_the_input_and_the_rest_of_it_is_the_commands() {
        let secret = "a b\"c;touch x;$HOME'`id`\\\n*!~ é";
        let secrets = exports([("TOKEN", secret), ("OTHER", "x")]);
        let before = Before {
            secrets: secrets.len(),
            ..Before::default()
        };
        let text = "printf '%s|%s|' \"$TOKEN\" \"$OTHER\"; cat";
        let command = command_line(text, &RunOptions::default(), &before.script(), true);
        let (out, _) = run("sh", &command.line, &format!("{secrets}input\n"));
        assert_eq!(out, format!("{secret}|x|input\n"));
        assert!(!command.line.contains("touch"));
    }

    #[test]
    fn within_sudo_a_command_has_its_directory_its_environment_and_its_input() {
        let secrets = exports([("TOKEN", "it's")]);
        let environment = Environment::Map([("A".to_owned(), "1 '2'".to_owned())].into_iter().collect());
        let within = Within {
            mark: Some("<on>"),
            secrets: secrets.len(),
            environment: Some(&environment),
            directory: Some("/"),
        };
        let line = format!("env {} sh -c 'pwd; echo \"$A $TOKEN\"; cat'", within.words());
        let (out, err) = run("sh", &line, &format!("{secrets}input\n"));
        assert_eq!((out.as_str(), err.as_str()), ("/\n1 '2' it's\ninput\n", "<on>\n"));
        let text = Environment::Text("A=1 B=2".to_owned());
        let within = Within {
            environment: Some(&text),
            ..Within::default()
        };
        let (out, _) = run("sh", &format!("{} sh -c 'echo $A $B'", within.words()), "");
        assert_eq!(out, "1 2\n");
    }

    #[test]
    fn sudo_goes_only_where_the_login_cannot_go() {
        let place = tempfile::tempdir().unwrap();
        let there = place.path().join("it's a b");
        std::fs::create_dir(&there).unwrap();
        let line = |path: &str| format!("{}; env \"$@\" pwd", towards(path));
        let (out, _) = run("sh", &line(there.to_str().unwrap()), "");
        assert_eq!(out.trim_end(), there.to_str().unwrap());
        std::fs::remove_dir(&there).unwrap();
        let (out, err) = run("sh", &line(there.to_str().unwrap()), "");
        assert!(out.is_empty() && err.contains("cd"), "{out} {err}");
        let late = format!("mkdir {}; env \"$@\" pwd", quote(there.to_str().unwrap()));
        let (out, _) = run("sh", &format!("{}; {late}", towards(there.to_str().unwrap())), "");
        assert_eq!(out.trim_end(), there.to_str().unwrap());
    }
}
