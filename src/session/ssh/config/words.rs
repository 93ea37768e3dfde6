//! Splits a line into words. ssh has two ways to do that, and both are needed to read what it reads.

const BLANKS: [char; 4] = [' ', '\t', '\r', '\n'];

/// Splits off the first word: a blank or one `=` ends it, and double quotes keep blanks in it. Returns the word and the rest;
/// `None` if a quote is not closed.
pub(super) fn first(text: &str) -> Option<(String, &str)> {
    let Some(end) = text.find(|c| BLANKS.contains(&c) || c == '=' || c == '"') else {
        return Some((text.to_owned(), ""));
    };
    let (word, rest) = text.split_at_checked(end)?;
    if let Some(quoted) = rest.strip_prefix('"') {
        let (inside, rest) = quoted.split_once('"')?;
        return Some((format!("{word}{inside}"), rest.trim_start_matches(BLANKS)));
    }
    let equals = rest.starts_with('=');
    let rest = rest.get(1..)?.trim_start_matches(BLANKS);
    let rest = match rest.strip_prefix('=') {
        Some(after) if !equals => after.trim_start_matches(BLANKS),
        _ => rest,
    };
    Some((word.to_owned(), rest))
}

/// Returns all words up to a comment. Quotes of both kinds and backslashes work as in ssh. `None` if a quote is not closed.
pub(super) fn all(text: &str) -> Option<Vec<String>> {
    split(text, true)
}

/// Returns all words of a command, which has no comments.
pub(super) fn command(text: &str) -> Option<Vec<String>> {
    split(text, false)
}

fn split(text: &str, has_comments: bool) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut chars = text.chars().peekable();
    loop {
        while chars.next_if(|c| matches!(c, ' ' | '\t')).is_some() {}
        match chars.peek() {
            None => return Some(words),
            Some('#') if has_comments => return Some(words),
            Some(_) => {}
        }
        let mut word = String::new();
        let mut quote = None;
        while let Some(c) = chars.next() {
            match (c, quote) {
                ('\\', _) => {
                    let escaped =
                        chars.next_if(|next| matches!(next, '\'' | '"' | '\\') || (quote.is_none() && *next == ' '));
                    word.push(escaped.unwrap_or('\\'));
                }
                (' ' | '\t', None) => break,
                ('"' | '\'', None) => quote = Some(c),
                (_, Some(open)) if c == open => quote = None,
                _ => word.push(c),
            }
        }
        if quote.is_some() {
            return None;
        }
        words.push(word);
    }
}

#[cfg(test)]
mod tests {
    use super::{all, first};

    #[test]
    fn the_keyword_ends_at_a_blank_or_one_equals_sign() {
        for (text, expected) in [
            ("Port 22", Some(("Port", "22"))),
            ("Port=22", Some(("Port", "22"))),
            ("Port \t= 22", Some(("Port", "22"))),
            ("Port==22", Some(("Port", "=22"))),
            ("Port", Some(("Port", ""))),
            ("\"Po rt\"  22", Some(("Po rt", "22"))),
            ("\"Port 22", None),
        ] {
            let expected = expected.map(|(word, rest)| (word.to_owned(), rest));
            assert_eq!(first(text), expected, "{text}");
        }
    }

    #[test]
    fn arguments_may_be_quoted_and_end_at_a_comment() {
        for (text, expected) in [
            ("a  b\tc", Some(vec!["a", "b", "c"])),
            ("\"a b\" 'c \"d' e\\ f # g", Some(vec!["a b", "c \"d", "e f"])),
            ("a#b", Some(vec!["a#b"])),
            ("\"\" x\\y", Some(vec!["", "x\\y"])),
            ("\"a", None),
            ("", Some(vec![])),
        ] {
            let expected = expected.map(|words| words.into_iter().map(str::to_owned).collect::<Vec<_>>());
            assert_eq!(all(text), expected, "{text}");
        }
    }
}
