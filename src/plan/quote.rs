//! Shell quoting.

use std::borrow::Cow;

/// Returns `text` as one word of a POSIX shell, which arrives unchanged; a string that needs no quotes gets none.
pub(crate) fn quote(text: &str) -> Cow<'_, str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_@%+=:,./-".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(quote_always(text))
    }
}

/// Returns `text` as one word of a POSIX shell, always in quotes.
pub(super) fn quote_always(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// The words that a shell reads as a part of its own language at the beginning of a command, unless they are quoted.
const KEYWORDS: &[&str] = &[
    "case",
    "coproc",
    "do",
    "done",
    "elif",
    "else",
    "end",
    "esac",
    "fi",
    "for",
    "foreach",
    "function",
    "if",
    "in",
    "nocorrect",
    "noglob",
    "repeat",
    "select",
    "switch",
    "then",
    "time",
    "until",
    "while",
];

/// Returns a command of these words, each of which arrives unchanged.
pub(crate) fn quote_words(words: &[String]) -> String {
    let quoted = words.iter().enumerate().map(|(index, word)| match index {
        0 if KEYWORDS.contains(&word.as_str()) => Cow::Owned(quote_always(word)),
        _ => quote(word),
    });
    quoted.collect::<Vec<_>>().join(" ")
}

/// Returns a path as one word of a POSIX shell: a leading `~/` or `$HOME/` means the home directory, and a leading dash is not an option.
pub(crate) fn quote_path(path: &str) -> String {
    if path == "~" || path == "$HOME" {
        "\"$HOME\"".to_owned()
    } else if let Some(rest) = path.strip_prefix("~/").or_else(|| path.strip_prefix("$HOME/")) {
        format!(
            "\"$HOME\"/{}",
            if rest.is_empty() {
                Cow::Borrowed("")
            } else {
                quote(rest)
            }
        )
    } else if path.starts_with('-') {
        format!("./{}", quote(path))
    } else {
        quote(path).into_owned()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::process::Command;

    use proptest::prelude::{ProptestConfig, proptest};
    use proptest::{prop_assert_eq, string::string_regex};

    use super::{quote, quote_always, quote_path};
    use crate::deadline::InTime;

    /// Returns the words that a shell reads in the line.
    fn words(line: &str) -> String {
        let output = Command::new("sh")
            .arg("-c")
            .arg(format!("printf '%s\\0' {line}"))
            .in_time();
        String::from_utf8(output.stdout).unwrap()
    }

    #[test]
    fn a_path_may_begin_at_the_home_directory_in_either_spelling() {
        let home = words("\"$HOME\"");
        let home = home.trim_end_matches('\0');
        let line = ["~/.x", "$HOME/.x", "$HOME", "/$HOME/x"].map(quote_path).join(" ");
        assert_eq!(words(&line), format!("{home}/.x\0{home}/.x\0{home}\0/$HOME/x\0"));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_quoted_text_is_one_word_whatever_is_in_it(text in string_regex("([^\0]|['\"\\\\$`!~* \n\r\t-]){0,20}").unwrap()) {
            let seen = words(&format!("{} {} {}", quote(&text), quote_always(&text), quote(&format!("'{text}'"))));
            prop_assert_eq!(seen, format!("{text}\0{text}\0'{text}'\0"));
        }
    }
}
