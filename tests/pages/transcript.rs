//! Pages that are worked through from top to bottom: files to write, lines to type, and the output that they show.

use std::fmt::Write as _;
use std::fs;

use regex::{Regex, escape};

use crate::fleet::Fleet;
use crate::fleet::place::checkout;
use crate::harness::Case;

/// A line that is typed, and the output that the page shows.
struct Typed {
    line: String,
    shown: String,
}

/// A page as a script for a shell.
#[derive(Default)]
pub(super) struct Transcript {
    script: String,
    typed: Vec<Typed>,
}

impl Transcript {
    /// Reads a page: recipes whose first line is `// deploy.rhai` are written to that file, `// added to deploy.rhai` is
    /// appended, and the lines after `$` in a block `console` are typed.
    pub(super) fn read(path: &str) -> Self {
        let text = fs::read_to_string(checkout().join(path)).unwrap();
        let mut transcript = Self::default();
        for block in text.split("\n```").skip(1).step_by(2) {
            let (language, body) = block.split_once('\n').unwrap();
            match language {
                "rhai" => transcript.recipe(body),
                "console" => transcript.console(body),
                _ => {}
            }
        }
        transcript
    }

    fn recipe(&mut self, body: &str) {
        let (title, _) = body.split_once('\n').unwrap();
        let write = if title.starts_with("// added to") { ">>" } else { ">" };
        let _ = writeln!(
            self.script,
            "cat {write} deploy.rhai <<'END OF FILE'\n{body}\nEND OF FILE"
        );
    }

    fn console(&mut self, body: &str) {
        for part in format!("\n{body}").split("\n$ ").skip(1) {
            let (line, shown) = part.split_once('\n').unwrap_or((part, ""));
            let number = self.typed.len();
            let _ = writeln!(self.script, "echo '@@@ {number}'\n{line}\necho \"@@@ exit $?\"");
            self.typed.push(Typed {
                line: line.to_owned(),
                shown: shown.to_owned(),
            });
        }
    }

    /// Types all of it, with these files present, and returns the exit code of each line.
    #[track_caller]
    pub(super) fn run(&self, fleet: Option<&Fleet>, files: &[(&str, &str)]) -> Vec<i32> {
        const BEGIN: &str = "exec 2>&1\nchmod -R u+x .\ncapr() { command capr \"$@\" --log-format pretty; }\n";
        let mut case = Case::new();
        for (path, text) in files {
            case = case.file(path, text);
        }
        if let Some(fleet) = fleet {
            case = case.env("FLEET_GIT", &fleet.git().url).on(fleet);
        }
        let finished = case.shell(&format!("{BEGIN}{}", self.script)).run();
        let said: Vec<&str> = finished.stdout.split("@@@ ").skip(1).collect();
        assert_eq!(said.len(), 2 * self.typed.len(), "{}", finished.stdout);
        let mut codes = Vec::new();
        for (typed, said) in self.typed.iter().zip(said.chunks(2)) {
            let (_, output) = said[0].split_once('\n').unwrap();
            assert!(
                pattern(&typed.shown).is_match(output),
                "{}\n--- the page shows\n{}\n--- it says\n{output}",
                typed.line,
                typed.shown
            );
            codes.push(said[1].trim().strip_prefix("exit ").unwrap().parse().unwrap());
        }
        codes
    }
}

/// Returns a pattern for what is shown, in which `…` matches anything: lines if it stands on a line of its own, else a part of a
/// line.
fn pattern(shown: &str) -> Regex {
    let mut pattern = String::from("^");
    for line in shown.lines() {
        if line.trim() == "…" {
            pattern.push_str("(?:.*\n)*?");
        } else {
            let _ = writeln!(pattern, "{}", escape(line).replace('…', ".*"));
        }
    }
    Regex::new(&format!("{pattern}$")).unwrap()
}

#[test]
fn dots_stand_for_whatever_there_is() {
    assert!(pattern("a\n…\nb … d").is_match("a\nx\ny\nb c d\n"));
    assert!(pattern("a\n…\nb").is_match("a\nb\n"));
    assert!(!pattern("a\n…\nb").is_match("a\nx\n"));
    assert!(!pattern("a").is_match("a\nb\n"));
}
