//! Makes the line that a login shell is given so that `sh` runs a script. The login shell may be any program, so the line uses
//! only what all shells read in the same way, and a mark shows where the output of profile files ends. See
//! `docs/decisions/0032-*`.

/// The marks that are printed and checked before a script begins.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Start<'a> {
    /// The mark that is printed first on each stream, on a line of its own. It contains no characters with a meaning to a shell,
    /// and has more than four.
    pub mark: &'a str,
    /// The first line that the input has to have, if that is checked; the same rules apply to it.
    pub guard: Option<&'a str>,
    /// True if there is a terminal, so that there is only one stream.
    pub terminal: bool,
}

/// Returns a line that makes any login shell run `script` in `sh`. `sh` replaces the login shell, so that the exit status is that
/// of the script.
pub(crate) fn login_line(script: &str, start: &Start) -> String {
    let mark = broken(start.mark);
    let mut steps = Vec::new();
    if !start.terminal {
        steps.push(format!("echo {mark}>&2"));
    }
    if let Some(guard) = start.guard {
        // If a profile file has read the guard, it may have read a part of the script's input as well.
        steps.push(format!(
            "read -r capr;[ \"$capr\" = \"{guard}\" ]||{{ echo \"capr: {TAKEN}\" >&2; exit 1; }};unset capr"
        ));
    }
    if !script.contains('\n') {
        steps.push(script.to_owned());
        return format!("echo {mark};exec sh -c {}", word(&steps.join(";")));
    }
    // Shells have no common way to write a newline. So the lines are separate words, which `sh` joins by the third character of
    // IFS, a newline. The marks are printed even if the script cannot be parsed.
    steps.insert(0, format!("echo {mark}"));
    steps.push("capr=$IFS IFS=${IFS#??};set -- \"$*\";IFS=$capr;unset capr;eval \"set --;$1\"".to_owned());
    let lines: Vec<String> = script.split('\n').map(word).collect();
    format!("exec sh -c {} sh {}", word(&steps.join(";")), lines.join(" "))
}

/// The message if something has read the input before the script.
const TAKEN: &str = "a profile file of this account has read what was sent to the command";

/// Returns the greatest possible length of the line for a script.
pub(super) fn login_length(script: &str) -> usize {
    let grown: usize = script.chars().map(|c| replaced(c).map_or(c.len_utf8(), str::len)).sum();
    grown + OVERHEAD
}

/// The length of a line without its script; it is rounded up.
const OVERHEAD: usize = 512;

/// Returns a word that is written in another way than it is printed: a shell that only shows the line does not print the mark.
fn broken(word: &str) -> String {
    let (begin, end) = word.split_at_checked(4).unwrap_or((word, ""));
    format!("{begin}\"\"{end}")
}

/// Returns `text`, which has no newline, as one word of every shell. Between single quotes csh interprets `!`, and fish
/// interprets backslashes.
fn word(text: &str) -> String {
    let mut word = String::with_capacity(text.len() + 2);
    word.push('\'');
    for c in text.chars() {
        match replaced(c) {
            Some(replaced) => word.push_str(replaced),
            None => word.push(c),
        }
    }
    word.push('\'');
    word
}

/// Returns the replacement for a character that shells treat differently.
fn replaced(c: char) -> Option<&'static str> {
    match c {
        '\'' => Some(r#"'"'"'"#),
        '\\' => Some(r"'\\'"),
        '!' => Some(r"'\!'"),
        '\n' => Some("' '"),
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use std::io::Write;
    use std::process::{Command, Output, Stdio};

    use proptest::prelude::{ProptestConfig, proptest};
    use proptest::{prop_assert_eq, string::string_regex};

    use super::{Start, login_length, login_line};
    use crate::deadline::InTime;

    const SHELLS: [&[&str]; 9] = [
        &["bash"],
        &["dash"],
        &["zsh"],
        &["ksh93"],
        &["mksh"],
        &["busybox", "sh"],
        &["tcsh"],
        &["bsd-csh"],
        &["fish"],
    ];

    const START: Start = Start {
        mark: "capr-mark",
        guard: None,
        terminal: false,
    };

    fn run(shell: &[&str], line: &str, input: &str) -> Output {
        let mut child = Command::new(shell[0])
            .args(&shell[1..])
            .args(["-c", line])
            .env("HOME", "/nonexistent")
            .env("LC_ALL", "C")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}: scripts/prepare installs it", shell[0]));
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        child.in_time()
    }

    fn same_in_all(script: &str, input: &str) {
        let expected = run(&["sh"], script, input);
        let line = login_line(script, &START);
        assert!(line.len() <= login_length(script) && !line.contains('\n') && !line.contains("capr-mark"));
        for shell in SHELLS {
            let output = run(shell, &line, input);
            let said = [b"capr-mark\n", expected.stdout.as_slice()].concat();
            let seen = String::from_utf8_lossy(&output.stdout).into_owned();
            assert_eq!(seen, String::from_utf8_lossy(&said), "{shell:?}: {script}");
            assert_eq!(output.status.code(), expected.status.code(), "{shell:?}: {script}");
            assert!(
                output.stderr.starts_with(b"capr-mark\n") || script.contains("esac"),
                "{shell:?}: {output:?}"
            );
        }
    }

    #[test]
    fn a_script_is_the_same_script_in_every_login_shell() {
        for script in [
            r#"printf '%s|' 'a\\b\' "it's !x !! !$ ^a^b $HOME \\" '~ {a,b} *' a\ b"#,
            "printf 'é ü \u{1}\u{7f}\t日本' | od -c",
            "cat <<'END'\n  it's $HOME \"quoted\" \\\n\n!$ !! % \\\\ \\n\nEND\necho after",
            "# it's a comment\necho $#\nprintf '%s' \"$IFS\" | od -c; echo ${capr-unset}",
            "cat; exit 7",
            "echo one\nexit 7",
            "echo one\nif true; then\n",
            "esac",
            "exec sh -c 'kill -9 $$'",
            "",
        ] {
            same_in_all(script, "input it's");
        }
        let long: String = (0..900).map(|n| format!("x={n} # it's a comment!\n")).collect();
        same_in_all(&format!("{long}echo $x"), "");
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_text_arrives_through_every_login_shell(text in string_regex("([^\0]|['\"\\\\$`!~* \n\r\t^-]){0,24}").unwrap()) {
            let script = format!("printf %s '{}'", text.replace('\'', r"'\''"));
            for shell in SHELLS {
                let output = run(shell, &login_line(&script, &START), "");
                let expected = format!("capr-mark\n{text}").into_bytes();
                prop_assert_eq!(output.stdout, expected, "{:?}", shell);
            }
        }
    }

    #[test]
    fn what_reads_the_input_too_early_is_noticed() {
        let start = Start {
            guard: Some("exit #0123"),
            ..START
        };
        for script in ["cat", "cat\ntrue"] {
            let line = login_line(script, &start);
            for shell in SHELLS {
                let output = run(shell, &line, "exit #0123\na\nb");
                assert_eq!(output.stdout, b"capr-mark\na\nb", "{shell:?}");
                for input in ["", "a\nb"] {
                    let output = run(shell, &line, input);
                    assert_eq!(output.stdout, b"capr-mark\n", "{shell:?}");
                    assert!(!output.status.success());
                }
            }
        }
        for shell in SHELLS {
            let mut line = shell.to_vec();
            let name = line.remove(0);
            let mut child = Command::new(name)
                .args(&line)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            child
                .stdin
                .take()
                .unwrap()
                .write_all(b"exit #0123\necho executed\n")
                .unwrap();
            let output = child.in_time();
            assert_eq!(output.stdout, b"", "{shell:?}");
        }
    }
}
