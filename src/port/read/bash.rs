//! Finds what bash knows and `sh` does not: Capistrano 3 gives commands to the login shell, which is bash nearly everywhere.

use super::super::form::{Expr, Part};

/// The commands that only bash has.
const COMMANDS: &[&str] = &[
    "[[", "declare", "disown", "function", "let", "popd", "pushd", "shopt", "source", "typeset",
];

/// The words that a command follows.
const BEFORE: &[&str] = &["!", ";", "do", "elif", "else", "if", "then", "until", "while", "{"];

/// The signs that only bash reads, wherever it stands outside of quotes.
const SIGNS: &[&str] = &["&>", "|&", "<<<", " <(", " >(", "=(", "pipefail", "$RANDOM"];

/// Returns true for a command that needs bash.
pub(super) fn needs_bash(command: &Expr) -> bool {
    let text: String = command
        .clone()
        .parts()
        .iter()
        .map(|part| match part {
            Part::Text(text) => text.as_str(),
            Part::Value(_) => "VALUE",
        })
        .collect();
    let Some(bare) = without_quoted(&text) else { return true };
    // `sh` reads no file there, and a shell looks into double quotes as well.
    let reads_file = ["$(<", "$( <", "`<"].iter().any(|sign| text.contains(sign));
    reads_file || SIGNS.iter().any(|sign| bare.contains(sign)) || has_braces(&bare) || has_command(&bare)
}

/// Returns a command in which what is quoted is one word; `None` if it has a quote of bash, `$'…'`.
fn without_quoted(text: &str) -> Option<String> {
    let (mut bare, mut quote) = (String::new(), None);
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (c, quote) {
            ('\\', None | Some('"')) => {
                chars.next();
                bare.push('Q');
            }
            ('\'', None) if bare.ends_with('$') => return None,
            ('\'' | '"', None) => quote = Some(c),
            (c, Some(end)) if c == end => {
                quote = None;
                bare.push('Q');
            }
            (_, Some(_)) => {}
            (c, None) => bare.push(c),
        }
    }
    Some(bare)
}

/// Returns true for `{a,b}` and `{1..3}`, and for what bash does with a variable, `${x//a/b}` and `${x:1}`.
fn has_braces(bare: &str) -> bool {
    bare.match_indices('{').any(|(at, _)| {
        let (before, rest) = bare.split_at(at);
        let inside = rest
            .get(1..)
            .and_then(|rest| rest.split('}').next())
            .unwrap_or_default();
        if inside.contains(char::is_whitespace) || inside.len() + 1 >= rest.len() {
            return false;
        }
        match before.ends_with('$') {
            true => {
                let name = inside.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_');
                let cuts = name
                    .strip_prefix(':')
                    .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
                cuts || name.starts_with(['/', '^', ',', '[']) && name != inside
            }
            false => inside.contains(',') || inside.contains(".."),
        }
    })
}

/// Returns true for a command that only bash has, for `echo -e`, and for `==` in `[ … ]`.
fn has_command(bare: &str) -> bool {
    let spaced = bare.replace([';', '|', '&', '(', ')', '`', '\n'], " ; ");
    let (mut begins, mut tests, mut echoes) = (true, false, false);
    for word in spaced.split_whitespace() {
        if begins && COMMANDS.contains(&word) || tests && word == "==" || echoes && word == "-e" {
            return true;
        }
        tests = word == "[" || begins && word == "test" || tests && word != ";" && word != "]";
        echoes = begins && word == "echo";
        begins = BEFORE.contains(&word);
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_bash_are_told_from_those_of_every_shell() {
        for text in [
            "source ~/.x && bundle",
            "cd /x; if [[ -d a ]]; then b; fi",
            "mkdir -p {a,b}/c",
            "touch {1..3}",
            "diff <(a) <(b)",
            "x &> /dev/null",
            "printf $'a'",
            "[ \"$a\" == \"b\" ] && c",
            "set -o pipefail; a | b",
            "echo ${x//a/b}",
            "echo ${x:0:7}",
            "echo -e 'a'",
            "kill -s QUIT $(< /srv/x.pid)",
            "kill \"`< /srv/x.pid`\"",
        ] {
            assert!(needs_bash(&Expr::text(text)), "{text}");
        }
        for text in [
            ". ~/.x && bundle",
            "awk '{print $1,$2}' x",
            "echo \"{a,b}\" ${x:-y} ${HOME##*/} $((1+2))",
            "[ -d a ] && { b; c; }",
            "bash -c 'source x'",
            "npm run source -e",
            "find . -exec rm {} +",
            "a > b 2>&1 &",
            "git show HEAD@{1}",
            "[ a = b ] || x --y==",
        ] {
            assert!(!needs_bash(&Expr::text(text)), "{text}");
        }
    }
}
