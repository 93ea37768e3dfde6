//! Turns a command's string, its shell and its environment into one script for `sh`.

use super::environment::{Assigned, words};
use super::login::login_length;
use super::quote::{quote_always, quote_path};
use crate::configuration::{RunOptions, Server, Shell};

/// The longest line that is sent as a line, in bytes: libssh2 sends no packet above 35,000 bytes, and Linux gives a program no
/// argument above 128 KiB.
const LONGEST: usize = 32_000;

/// The line that starts a command, and its first input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CommandLine {
    /// A script for `sh`; with `is_plain` it is the line for the login shell itself.
    pub line: String,
    /// True if the login shell is to interpret the line.
    pub is_plain: bool,
    /// The input that is read first: the line itself, if it is too long.
    pub first: Vec<u8>,
    /// The input that the command reads first: its own string, if that is too long for a line.
    pub script: Vec<u8>,
}

/// Returns the command line for `text` and keeps its line breaks. `reads` is true if the command may be given input of its own.
/// `before` is a script of one line that runs first, in the command's directory and environment, and reads from the same input.
pub(crate) fn command_line(text: &str, options: &RunOptions, before: &str, reads: bool) -> CommandLine {
    let text = text.replace("\r\n", "\n");
    let text = text.trim_start().trim_end_matches('\n');
    let is_plain = options.shell == Some(Shell::None);
    let line = |text: &str| match is_plain {
        true => plain(text, options, before),
        false => script(text, options, before),
    };
    let fits = |line: &str| match is_plain {
        true => line.len() <= LONGEST,
        false => login_length(line) <= LONGEST,
    };
    let whole = line(text);
    if fits(&whole) {
        return CommandLine {
            line: whole,
            is_plain,
            first: Vec::new(),
            script: Vec::new(),
        };
    }
    let whole = line(&read_script(text.len(), reads));
    if fits(&whole) {
        return CommandLine {
            line: whole,
            is_plain,
            first: Vec::new(),
            script: text.into(),
        };
    }
    // The environment is too long as well.
    CommandLine {
        line: read_script(whole.len(), true),
        is_plain: false,
        first: whole.into_bytes(),
        script: text.into(),
    }
}

/// Returns a script for `sh`, which interprets the string itself unless another shell is named.
fn script(text: &str, options: &RunOptions, before: &str) -> String {
    let Assigned { step, words } = Assigned::of(options.env.as_ref());
    let umask = options.umask.iter().map(|mask| format!("umask {mask}"));
    let dir = options
        .dir
        .iter()
        .map(|dir| format!("cd {} || exit 1", quote_path(dir)));
    let mut steps: Vec<String> = umask.chain(dir).collect();
    steps.extend(step);
    let named = match &options.shell {
        Some(Shell::Named(shell)) => Some(shell.as_str()),
        _ => None,
    };
    let command = |shell: &str| format!("{shell} -c {}", quote_always(text));
    match (words, named) {
        (Some(words), _) => {
            let command = command(named.unwrap_or("sh"));
            steps.push(match before {
                "" => format!("env {words} {command}"),
                _ => format!("env {words} {}", after(before, &command)),
            });
        }
        (None, named) => {
            if !before.is_empty() {
                steps.push(before.to_owned());
            }
            steps.push(named.map_or_else(|| text.to_owned(), command));
        }
    }
    steps.join("; ")
}

/// Returns a line for the login shell itself.
fn plain(text: &str, options: &RunOptions, before: &str) -> String {
    let command = match before {
        "" => text.to_owned(),
        _ => after(before, &format!("\"$SHELL\" -c {}", quote_always(text))),
    };
    let command = match words(options.env.as_ref()) {
        Some(words) => format!("env {words} {command}"),
        None => command,
    };
    let command = match &options.umask {
        Some(mask) => format!("umask {mask}; {command}"),
        None => command,
    };
    match &options.dir {
        // The string may consist of several commands.
        Some(dir) => format!("cd {} || exit 1; {command}", quote_path(dir)),
        None => command,
    }
}

/// Returns the words for a `sh` that runs a script and then becomes the command.
fn after(before: &str, command: &str) -> String {
    format!(
        "sh -c {} capr {command}",
        quote_always(&format!("{before}; exec \"$@\""))
    )
}

/// Returns a shell command that reads this many bytes and evaluates them. If more input may follow, they have to be read one by
/// one: some versions of `head` read ahead.
fn read_script(length: usize, more: bool) -> String {
    match more {
        true => format!("eval \"$(dd ibs=1 obs=65536 count={length} 2>/dev/null)\""),
        false => format!("eval \"$(head -c {length})\""),
    }
}

/// Returns `line` with `$CAPISTRANO:HOST$` and `$CAPISTRANO:HOSTROLES$` replaced; other placeholders stay.
pub(crate) fn placeholders(line: &str, server: &Server, roles: &[&str]) -> String {
    if !line.contains("$CAPISTRANO:") {
        return line.to_owned();
    }
    line.replace("$CAPISTRANO:HOST$", &server.host)
        .replace("$CAPISTRANO:HOSTROLES$", &roles.join(","))
}

/// Replaces the same placeholders in the name of a local file. The name of a server must not lead it out of its directory.
///
/// # Errors
///
/// When the host or the roles would be read as `..`, or as an absolute path.
pub(crate) fn local_name(name: &str, server: &Server, roles: &[&str]) -> Result<String, String> {
    let host = name.contains("$CAPISTRANO:HOST$").then_some(server.host.as_str());
    let roles_stand_there = name.contains("$CAPISTRANO:HOSTROLES$");
    let leads_elsewhere = |text: &&str| text.split('/').any(|part| ["", ".", ".."].contains(&part));
    let mut texts = host
        .into_iter()
        .chain(roles.iter().copied().filter(|_| roles_stand_there));
    match texts.find(leads_elsewhere) {
        Some(text) => Err(format!(
            "`{text}' cannot stand in the local name `{name}': it leads elsewhere"
        )),
        None => Ok(placeholders(name, server, roles)),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io::Write;
    use std::process::{Command, Output, Stdio};

    use indexmap::IndexMap;

    use super::{LONGEST, RunOptions, Server, Shell, local_name, placeholders};
    use crate::configuration::Environment;
    use crate::deadline::InTime;

    fn command_line(text: &str, options: &RunOptions) -> String {
        super::command_line(text, options, "", false).line
    }

    /// Runs the line as a login shell that is `sh` would.
    fn run(line: &str) -> Output {
        Command::new("sh").arg("-c").arg(line).in_time()
    }

    fn output(text: &str, options: &RunOptions) -> String {
        let output = run(&command_line(text, options));
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn with_env(pairs: &[(&str, &str)]) -> RunOptions {
        let pairs = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        RunOptions {
            env: Some(Environment::Map(pairs.collect::<IndexMap<_, _>>())),
            ..RunOptions::default()
        }
    }

    fn with_shell(shell: Shell) -> RunOptions {
        RunOptions {
            shell: Some(shell),
            ..RunOptions::default()
        }
    }

    /// Runs the string as a login shell that is `sh` would, with this as the command's input.
    fn fed(text: &str, options: &RunOptions, input: &str) -> String {
        let command = super::command_line(text, options, "", !input.is_empty());
        assert!(command.line.len() <= LONGEST);
        let mut child = Command::new("sh")
            .args(["-c", &command.line])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let given = [&command.first, &command.script, input.as_bytes()];
        stdin.write_all(&given.concat()).unwrap();
        drop(stdin);
        let output = child.in_time();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    #[test]
    fn new_files_do_not_get_what_the_umask_takes() {
        for shell in [Shell::Default, Shell::Named("bash".to_owned()), Shell::None] {
            let options = RunOptions {
                umask: Some("0026".to_owned()),
                dir: Some("/".to_owned()),
                ..with_shell(shell)
            };
            assert_eq!(output("umask", &options), "0026\n");
        }
    }

    #[test]
    fn c8_a_text_too_long_for_a_line_is_read_by_the_shell() {
        let long: String = (0..5000).map(|n| format!("x={n} # it's a comment\n")).collect();
        let text = format!("{long}cat <<END\n$x \"quoted\"\nEND\ncat\necho $A");
        let bash = with_shell(Shell::Named("bash --norc".to_owned()));
        for options in [
            with_env(&[("A", "a b")]),
            RunOptions {
                env: with_env(&[("A", "a b")]).env,
                ..bash
            },
        ] {
            assert_eq!(fed(&text, &options, ""), "4999 \"quoted\"\na b\n");
            assert_eq!(fed(&text, &options, "input\n"), "4999 \"quoted\"\ninput\na b\n");
        }
        let login = with_shell(Shell::None);
        assert_eq!(fed(&text, &login, "input\n"), "4999 \"quoted\"\ninput\n\n");
        let value = "v".repeat(40_000);
        assert_eq!(
            fed(
                &format!("{long}printf %s \"$A\"; cat"),
                &with_env(&[("A", &value)]),
                "input"
            ),
            format!("{value}input")
        );
    }

    #[test]
    fn c6_each_line_of_a_text_is_a_line_and_crlf_is_lf() {
        let plain = RunOptions::default();
        assert_eq!(output("echo a\necho b", &plain), "a\nb\n");
        assert_eq!(output("\r\n  echo a\r\n  echo b\r\n", &plain), "a\nb\n");
    }

    #[test]
    fn c7_a_comment_line_does_not_swallow_the_next() {
        assert_eq!(
            output("echo a\n# it's a comment\necho b", &RunOptions::default()),
            "a\nb\n"
        );
    }

    #[test]
    fn c8_a_here_document_works() {
        let text = "cat <<'END'\n  it's $HOME \"quoted\" \\\nEND\necho after\n";
        assert_eq!(
            output(text, &RunOptions::default()),
            "  it's $HOME \"quoted\" \\\nafter\n"
        );
        assert_eq!(output("cat <<END\nlast\nEND\n", &RunOptions::default()), "last\n");
    }

    #[test]
    fn c9_the_shell_is_sh_or_the_named_one_or_none() {
        let text = "printf %s 'it'";
        assert_eq!(command_line(text, &RunOptions::default()), text);
        assert_eq!(
            command_line("true", &with_shell(Shell::Named("/bin/bash".to_owned()))),
            "/bin/bash -c 'true'"
        );
        assert_eq!(command_line(text, &with_shell(Shell::None)), text);
        let bash = with_shell(Shell::Named("/bin/bash".to_owned()));
        assert_eq!(output("x=(a 'b c'); echo \"${x[1]}\"", &bash), "b c\n");
    }

    #[test]
    fn a_command_runs_in_its_directory_or_not_at_all() {
        let place = tempfile::tempdir().unwrap();
        let dir = place.path().join("it's a b");
        std::fs::create_dir(&dir).unwrap();
        let inside = |dir: &std::path::Path, shell: Option<Shell>| RunOptions {
            dir: Some(dir.display().to_string()),
            shell,
            ..with_env(&[("A", "1")])
        };
        for shell in [None, Some(Shell::Named("bash".to_owned()))] {
            let said = output("echo $A; basename \"$PWD\"", &inside(&dir, shell.clone()));
            assert_eq!(said, "1\nit's a b\n");
            let gone = run(&command_line("true; echo never", &inside(&dir.join("x"), shell)));
            assert!(!gone.status.success() && gone.stdout.is_empty());
        }
        let plain = RunOptions {
            env: None,
            ..inside(&dir.join("x"), Some(Shell::None))
        };
        let gone = run(&command_line("true; echo never", &plain));
        assert!(!gone.status.success() && gone.stdout.is_empty());
        let home = RunOptions {
            dir: Some("~/x".to_owned()),
            ..RunOptions::default()
        };
        assert_eq!(command_line("true", &home), "cd \"$HOME\"/x || exit 1; true");
    }

    #[test]
    fn c10_an_empty_environment_sends_nothing_and_a_text_is_put_in_as_it_is() {
        assert_eq!(command_line("true", &with_env(&[])), "true");
        let text = |text: &str| RunOptions {
            env: Some(Environment::Text(text.to_owned())),
            ..RunOptions::default()
        };
        assert_eq!(command_line("true", &text(" ")), "true");
        assert_eq!(command_line("true", &text("A=1 B=2")), "env A=1 B=2 sh -c 'true'");
    }

    #[test]
    fn c11_every_value_of_the_environment_arrives_unchanged() {
        let value = "a b\"c;touch x;$OTHER'`id`\\\n*!~ é";
        let options = with_env(&[("RAILS_ENV", "production"), ("V", value), ("EMPTY", "")]);
        assert_eq!(
            output("printf '%s|%s|%s' \"$RAILS_ENV\" \"$V\" \"${EMPTY-unset}\"", &options),
            format!("production|{value}|")
        );
    }

    #[test]
    fn c16_placeholders_become_host_and_roles_and_unknown_ones_stay() {
        let server: Server = "bob@app1:2222".parse().unwrap();
        assert_eq!(
            placeholders(
                "echo $CAPISTRANO:HOST$ $CAPISTRANO:HOSTROLES$ $CAPISTRANO:X$",
                &server,
                &["app", "db"]
            ),
            "echo app1 app,db $CAPISTRANO:X$"
        );
    }

    #[test]
    fn the_name_of_a_server_leads_no_local_file_out_of_its_directory() {
        let named = |host: &str| local_name("got/$CAPISTRANO:HOST$.log", &Server::host(host), &[]);
        for host in ["../../x", "..", ".", "/etc/x", "a/../b", "a//b", "a/"] {
            assert!(named(host).is_err(), "{host}");
        }
        for (host, name) in [
            ("app1", "got/app1.log"),
            ("jump/app1", "got/jump/app1.log"),
            ("::1", "got/::1.log"),
        ] {
            assert_eq!(named(host).unwrap(), name);
        }
        let of_roles = |name: &str| local_name(name, &Server::host(".."), &["app", "../db"]);
        assert_eq!(of_roles("plain").unwrap(), "plain");
        assert!(of_roles("$CAPISTRANO:HOSTROLES$").unwrap_err().contains("../db"));
    }
}
