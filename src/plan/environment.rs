//! The environment of a command in the syntax of a shell. A value is literal except for two names: the variable's own, such as
//! `$PATH` in the value of `PATH`, is the server's value, and `$HOME` the account's home. See `docs/decisions/0052-*`.

use std::borrow::Cow;

use super::quote::quote;
use crate::configuration::Environment;

/// Variables that a shell sets by itself, protects, or uses at once. They are set for the program that the shell starts, not
/// in the shell.
const SHELLS_OWN: &[&str] = &[
    "BASHOPTS",
    "BASH_VERSINFO",
    "EUID",
    "GROUPS",
    "IFS",
    "LINENO",
    "OPTARG",
    "OPTIND",
    "POSIXLY_CORRECT",
    "PPID",
    "PS4",
    "RANDOM",
    "SECONDS",
    "SHELLOPTS",
    "UID",
    "_",
];

/// An environment in the syntax of a shell.
#[derive(Debug, Default)]
pub(super) struct Assigned {
    /// A command of `sh` that sets the environment, if there is something to set.
    pub step: Option<String>,
    /// The words for `env`, if it is needed.
    pub words: Option<String>,
}

impl Assigned {
    /// Returns the environment for commands that `sh` runs.
    pub(super) fn of(environment: Option<&Environment>) -> Self {
        match environment {
            None => Self::default(),
            Some(Environment::Text(_)) => Self {
                step: None,
                words: words(environment),
            },
            Some(Environment::Map(map)) => {
                let (exported, given): (Vec<_>, Vec<_>) = map
                    .iter()
                    .partition(|(name, _)| is_variable(name) && !SHELLS_OWN.contains(&name.as_str()));
                let join = |pairs: Vec<(&String, &String)>| {
                    let pairs = pairs
                        .iter()
                        .map(|(name, value)| format!("{}={}", quote(name), extended(name, value)));
                    Some(pairs.collect::<Vec<_>>().join(" ")).filter(|joined| !joined.is_empty())
                };
                Self {
                    step: join(exported).map(|pairs| format!("export {pairs}")),
                    words: join(given),
                }
            }
        }
    }
}

/// Returns the whole environment as words for `env`, in the syntax of any shell; `None` if it is empty.
pub(super) fn words(environment: Option<&Environment>) -> Option<String> {
    let text = match environment? {
        Environment::Text(text) => text.trim().to_owned(),
        Environment::Map(map) => {
            let pairs = map.iter().map(|(name, value)| {
                let (pieces, names) = pieces(name, value);
                let mut word = format!(
                    "{}={}",
                    quote(name),
                    quoted(pieces.first().copied().unwrap_or_default())
                );
                for (mentioned, piece) in names.into_iter().zip(pieces.into_iter().skip(1)) {
                    word += &format!("\"${mentioned}\"{}", quoted(piece));
                }
                word
            });
            pairs.collect::<Vec<_>>().join(" ")
        }
    };
    (!text.is_empty()).then_some(text)
}

/// Returns a value as a word of `sh`. If the server's variable is empty, the colon beside it is left out: an empty part of a
/// search path would mean the current directory.
fn extended(name: &str, value: &str) -> String {
    let (mut pieces, names) = pieces(name, value);
    let mut word = String::new();
    for (index, mentioned) in names.into_iter().enumerate() {
        let Some([before, after]) = pieces.get_mut(index..index + 2) else {
            break;
        };
        let found = if mentioned != name {
            format!("\"${mentioned}\"")
        } else if let Some(less) = before.strip_suffix(':') {
            *before = less;
            format!("\"${{{name}:+:${name}}}\"")
        } else if let Some(less) = after.strip_prefix(':') {
            *after = less;
            format!("\"${{{name}:+${name}:}}\"")
        } else {
            format!("\"${name}\"")
        };
        word.push_str(&quoted(before));
        word.push_str(&found);
    }
    word.push_str(&quoted(pieces.last().copied().unwrap_or_default()));
    word
}

/// Returns the parts of a value between the names that mean something in it, and these names.
fn pieces<'a>(name: &'a str, value: &'a str) -> (Vec<&'a str>, Vec<&'a str>) {
    let (mut pieces, mut names) = (Vec::new(), Vec::new());
    let (mut begin, mut from) = (0, 0);
    while let Some(at) = value.get(from..).and_then(|rest| rest.find('$')) {
        let at = from + at;
        from = at + 1;
        let behind = value.get(from..).unwrap_or_default();
        let rest_after = |name: &str| match behind.strip_prefix('{') {
            Some(braced) => braced.strip_prefix(name)?.strip_prefix('}'),
            None => behind
                .strip_prefix(name)
                .filter(|after| !after.starts_with(|c: char| c == '_' || c.is_ascii_alphanumeric())),
        };
        let meant = [name, "HOME"].into_iter().filter(|name| is_variable(name));
        // The home begins a path; in other values the five characters stay what they are.
        let begins = at == 0 || value.get(..at).is_some_and(|before| before.ends_with(':'));
        let is_path = |after: &str| begins && (after.is_empty() || after.starts_with(['/', ':']));
        let found = meant
            .filter_map(|meant| Some((meant, rest_after(meant)?)))
            .find(|(meant, after)| *meant == name || is_path(after));
        if let Some((mentioned, after)) = found {
            pieces.push(value.get(begin..at).unwrap_or_default());
            names.push(mentioned);
            begin = value.len() - after.len();
            from = begin;
        }
    }
    pieces.push(value.get(begin..).unwrap_or_default());
    (pieces, names)
}

fn quoted(piece: &str) -> Cow<'_, str> {
    match piece {
        "" => Cow::Borrowed(piece),
        _ => quote(piece),
    }
}

/// Returns true if a shell can have a variable of this name.
fn is_variable(name: &str) -> bool {
    let mut letters = name.chars();
    letters.next().is_some_and(|c| c == '_' || c.is_ascii_alphabetic())
        && letters.all(|c| c == '_' || c.is_ascii_alphanumeric())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::process::Command;

    use super::{Assigned, extended, words};
    use crate::configuration::Environment;
    use crate::deadline::InTime;

    fn map(pairs: &[(&str, &str)]) -> Environment {
        let pairs = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Environment::Map(pairs.collect())
    }

    /// Returns the value that results in a shell whose variable is `has`.
    fn value(has: Option<&str>, value: &str) -> String {
        let assigned = Assigned::of(Some(&map(&[("SEARCH", value)])));
        let mut command = Command::new("/bin/sh");
        command.args(["-c", &format!("{}; printf %s \"$SEARCH\"", assigned.step.unwrap())]);
        command.env_remove("SEARCH").env("HOME", "/home/a b");
        if let Some(has) = has {
            command.env("SEARCH", has);
        }
        String::from_utf8(command.in_time().stdout).unwrap()
    }

    #[test]
    fn a_value_can_extend_what_the_server_has_and_is_literal_otherwise() {
        for (given, expected, without) in [
            ("/opt/bin:$SEARCH", "/opt/bin:a b:*", "/opt/bin"),
            ("$SEARCH:/opt/bin", "a b:*:/opt/bin", "/opt/bin"),
            ("/x:${SEARCH}:/y", "/x:a b:*:/y", "/x:/y"),
            ("$SEARCH", "a b:*", ""),
            ("-$SEARCH-", "-a b:*-", "--"),
            ("$SEARCH:$SEARCH", "a b:*:a b:*", ""),
            (
                "$SEARCHED:$HOMES:$(id)`id`",
                "$SEARCHED:$HOMES:$(id)`id`",
                "$SEARCHED:$HOMES:$(id)`id`",
            ),
            (
                "$HOME/bin:${HOME}/it's:$SEARCH",
                "/home/a b/bin:/home/a b/it's:a b:*",
                "/home/a b/bin:/home/a b/it's",
            ),
            ("$SEARCH:$HOME", "a b:*:/home/a b", "/home/a b"),
            ("x$HOME/y $HOME 'c'", "x$HOME/y $HOME 'c'", "x$HOME/y $HOME 'c'"),
            ("it's $", "it's $", "it's $"),
            ("~:\\$SEARCH", "~:\\a b:*", "~:\\"),
            ("", "", ""),
        ] {
            assert_eq!(value(Some("a b:*"), given), expected, "{given}");
            assert_eq!(value(None, given), without, "{given}");
        }
        assert_eq!(extended("PATH", "/opt/bin:$PATH"), "/opt/bin\"${PATH:+:$PATH}\"");
        assert_eq!(
            words(Some(&map(&[("PATH", "/opt/bin:$PATH")]))).unwrap(),
            "PATH=/opt/bin:\"$PATH\""
        );
        assert_eq!(
            words(Some(&map(&[("PATH", "$HOME/bin:$PATH"), ("a.b", "$HOME")]))).unwrap(),
            "PATH=\"$HOME\"/bin:\"$PATH\" a.b=\"$HOME\""
        );
    }

    #[test]
    fn what_a_shell_cannot_set_is_given_to_what_it_starts() {
        let assigned = Assigned::of(Some(&map(&[("A", "1"), ("a.b", "$a.b"), ("UID", "7"), ("B", "x y")])));
        assert_eq!(assigned.step.unwrap(), "export A=1 B='x y'");
        assert_eq!(assigned.words.unwrap(), "a.b='$a.b' UID=7");
        assert_eq!(Assigned::of(Some(&map(&[]))).words, None);
        let text = Assigned::of(Some(&Environment::Text(" A=1 $B ".to_owned())));
        assert_eq!((text.step, text.words.unwrap()), (None, "A=1 $B".to_owned()));
    }
}
