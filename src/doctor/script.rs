//! The script that runs on a server, and its answers: one line for each, `WORD<tab>VALUE`.
//!
//! It changes nothing there. The parts that may take long come last, so that the other answers are known even if it does not end
//! in time.

use std::collections::HashMap;

use crate::plan::quote;

use super::needs::{Deploys, Needs};

/// The programs that the library's own scripts call.
const BASIC: [&str; 12] = [
    "awk", "basename", "cat", "cut", "date", "df", "find", "grep", "head", "readlink", "sed", "sort",
];

/// The longest answer, in characters; longer ones are cut.
const LONGEST: usize = 400;

/// The parts of the script that a server needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ScriptParts {
    /// True if releases go there.
    pub(super) releases: bool,
    /// True if migrations run there.
    pub(super) migrations: bool,
}

/// Returns true if the library's own scripts call this program.
pub(super) fn is_basic(tool: &str) -> bool {
    BASIC.contains(&tool)
}

/// Returns the script for a server.
pub(super) fn script(needs: &Needs, parts: ScriptParts) -> String {
    let mut text = String::from(
        r#"# What does this server have?
say() { printf '%s\t%s\n' "$1" "$(printf '%s' "$2" | tr '\n\t' '  ')"; }
say clock "$(date +%s)"
say user "$(id -un)"
say system "$(uname -srm)"
say shell "$SHELL"
bad() { say "bad $1" "$2"; }
tool() { if command -v "$1" >/dev/null 2>&1; then say has "$1"; else say lacks "$1"; fi; }
room() {
  place=$1
  until [ -d "$place" ] || [ "$place" = / ]; do place=$(dirname -- "$place"); done
  say room "$(df -Pk -- "$place" | awk 'NR == 2 { print $4 }') $(df -Pi -- "$place" 2>/dev/null | awk 'NR == 2 && $2 > 0 { print $4 }')"
  say at "$place"
}
"#,
    );
    let deploys = needs.deploys.as_ref().filter(|_| parts.releases);
    for tool in tools(needs, deploys, parts) {
        text.push_str(&format!("tool {}\n", quote(&tool)));
    }
    let on_server = deploys.filter(|deploys| !deploys.is_copied);
    if let Some((program, _)) = on_server.and_then(|deploys| deploys.scm.as_ref()) {
        text.push_str(&format!(
            "say scm \"$({} --version 2>/dev/null | head -n 1)\"\n",
            quote(program)
        ));
    }
    let place = deploys.and_then(|deploys| deploys.deploy_to.as_deref());
    let place = place.map_or_else(|| "\"$HOME\"".to_owned(), |place| quote(place).into_owned());
    text.push_str(&format!("say step disk\nroom {place}\n"));
    if let Some(Deploys {
        needs_script: Some(needs),
        ..
    }) = deploys
    {
        text.push_str(&format!("say step deploy_to\n(\n{needs}\n)\nsay done needs\n"));
    }
    if let Some(Deploys {
        status_script: Some(status),
        ..
    }) = deploys
    {
        text.push_str(&format!("say step release\nsay release \"$(\n{status}\n)\"\n"));
    }
    if let Some(Deploys {
        lock_script: Some(lock),
        ..
    }) = deploys
    {
        text.push_str(&format!(
            "say step lock\n(\n{lock}\n) | while IFS= read -r line; do say lock \"$line\"; done\nsay done lock\n"
        ));
    }
    if let Some(Deploys {
        depend_script: Some(depend),
        ..
    }) = deploys
    {
        text.push_str(&format!("say step depend\n(\n:\n{depend}\n)\n"));
    }
    if let Some(sudo) = &needs.sudo {
        text.push_str(&format!(
            "say step sudo\nsaid=$(LC_ALL=C {sudo} -n -k true 2>&1 </dev/null)\nsay sudo \"$? $said\"\n"
        ));
    }
    text.push_str("say done all\n");
    text
}

fn tools(needs: &Needs, deploys: Option<&Deploys>, parts: ScriptParts) -> Vec<String> {
    let mut tools: Vec<String> = Vec::new();
    if let Some(deploys) = deploys {
        tools.extend(BASIC.map(str::to_owned));
        match deploys.is_copied {
            true => tools.push("tar".to_owned()),
            false => tools.extend(deploys.scm.as_ref().map(|(program, _)| program.clone())),
        }
        // The value may be several words: bundle exec rake.
        let rake = deploys.rake.as_deref().filter(|_| parts.migrations);
        tools.extend(rake.and_then(first_word));
    }
    tools.extend(needs.shell.as_deref().and_then(first_word));
    tools
}

/// Returns the program that a command begins with, behind its environment: `env A=b bundle exec rake`.
fn first_word(text: &str) -> Option<String> {
    let mut words = text
        .split_whitespace()
        .skip_while(|word| *word == "env" || word.contains('='));
    words.next().map(str::to_owned)
}

/// Returns the script that checks if the repository can be read from a server.
pub(super) fn repository_script(script: &str) -> String {
    format!(
        "# Can the repository be read?\nbad() {{ printf 'bad %s\\t%s\\n' \"$1\" \"$2\"; }}\n{script}\nprintf 'done\\trepository\\n'\n"
    )
}

/// The answers of a server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ScriptAnswers {
    words: HashMap<String, Vec<String>>,
}

impl ScriptAnswers {
    /// Reads the output of a script; other lines are passed over.
    pub(super) fn read(bytes: &[u8]) -> Self {
        let mut words: HashMap<String, Vec<String>> = HashMap::new();
        for line in String::from_utf8_lossy(bytes).lines() {
            if let Some((word, value)) = line.split_once('\t') {
                let value: String = value.trim().chars().take(LONGEST).collect();
                words.entry(word.to_owned()).or_default().push(value);
            }
        }
        Self { words }
    }

    /// Returns all answers for a word.
    pub(super) fn all(&self, word: &str) -> &[String] {
        self.words.get(word).map_or(&[], Vec::as_slice)
    }

    /// Returns the first answer for a word, unless it is empty.
    pub(super) fn first(&self, word: &str) -> Option<&str> {
        let first = self.all(word).first().map(String::as_str);
        first.filter(|value| !value.is_empty())
    }

    /// Returns true if a part of the script has come to its end.
    pub(super) fn is_done(&self, part: &str) -> bool {
        self.all("done").iter().any(|done| done == part)
    }

    /// Returns the last part of the script that has begun.
    pub(super) fn step(&self) -> Option<&str> {
        self.all("step").last().map(String::as_str)
    }

    /// Returns the free kibibytes, and the number of files that can still be made.
    pub(super) fn room(&self) -> (Option<u64>, Option<u64>) {
        let mut numbers = self.first("room").unwrap_or_default().split(' ');
        let mut number = || numbers.next().and_then(|number| number.parse().ok());
        (number(), number())
    }

    /// Returns sudo's exit status and its output.
    pub(super) fn sudo(&self) -> Option<(i32, &str)> {
        let (status, said) = self.first("sudo")?.split_once(' ').unwrap_or((self.first("sudo")?, ""));
        Some((status.parse().ok()?, said))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use std::process::Command;

    use super::{Needs, ScriptAnswers, ScriptParts, script};
    use crate::deadline::InTime;
    use crate::doctor::needs::Deploys;

    #[test]
    fn what_a_server_says_is_read_word_by_word_and_all_else_is_passed_over() {
        let said = b"welcome\nclock\t12\nroom\t100 7\nlacks\tgit\nlacks\tsvn\nsudo\t1 sudo: a password is required\nstep\tsudo\nx\t\xff\n";
        let answers = ScriptAnswers::read(said);
        assert_eq!(answers.first("clock"), Some("12"));
        assert_eq!(answers.all("lacks"), ["git", "svn"]);
        assert_eq!(answers.room(), (Some(100), Some(7)));
        assert_eq!(answers.sudo(), Some((1, "sudo: a password is required")));
        assert_eq!(answers.step(), Some("sudo"));
        assert!(!answers.is_done("all"));
        assert_eq!(ScriptAnswers::read(b"room\t \nsudo\t0\n").room(), (None, None));
        assert_eq!(ScriptAnswers::read(b"sudo\t0\n").sudo(), Some((0, "")));
        assert_eq!(
            ScriptAnswers::read(b"sudo\tx y\nroom\t-1 99999999999999999999\n").sudo(),
            None
        );
    }

    #[test]
    fn the_script_comes_to_its_end_in_every_posix_shell() {
        let needs = Needs {
            sudo: Some("sh -c 'echo no; exit 3' x".to_owned()),
            deploys: Some(Deploys {
                deploy_to: Some("/no where/it's".to_owned()),
                scm: Some(("no such program".to_owned(), "git".to_owned())),
                needs_script: Some("bad deploy_to \"$(printf 'a\\nb')\"; exit 3".to_owned()),
                status_script: Some("echo one; exit 4".to_owned()),
                depend_script: Some(String::new()),
                ..Deploys::default()
            }),
            ..Needs::default()
        };
        let parts = ScriptParts {
            releases: true,
            migrations: false,
        };
        for shell in [&["dash"][..], &["bash"], &["busybox", "sh"]] {
            let output = Command::new(shell[0])
                .args(&shell[1..])
                .args(["-c", &script(&needs, parts)])
                .in_time();
            let answers = ScriptAnswers::read(&output.stdout);
            assert!(answers.is_done("all"), "{shell:?}: {output:?}");
            assert_eq!(answers.all("bad deploy_to"), ["a b"], "{shell:?}");
            assert_eq!(answers.first("release"), Some("one"));
            assert_eq!(answers.sudo(), Some((3, "no")));
            assert_eq!(answers.all("lacks"), ["no such program"], "{shell:?}");
            assert!(answers.room().0.is_some(), "{shell:?}: {output:?}");
        }
    }
}
