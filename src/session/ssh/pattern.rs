//! The patterns of ssh's files: `*`, `?`, lists with commas, negation with `!`.

/// The answer of a list of patterns for a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Listed {
    Yes,
    No,
    /// A negated pattern matches, which outweighs all others.
    Excluded,
}

/// Returns true if a pattern matches a whole string; case counts.
pub(super) fn fits(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut p, mut t) = (0, 0);
    // The place to continue from when the last star has to match one byte more. An earlier star never has to.
    let mut star: Option<(usize, usize)> = None;
    while let Some(byte) = text.get(t) {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(wanted) if *wanted == b'?' || wanted == byte => {
                p += 1;
                t += 1;
            }
            _ => match &mut star {
                Some((at, swallowed)) => {
                    *swallowed += 1;
                    (p, t) = (*at + 1, *swallowed);
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(p).all(|byte| *byte == b'*')
}

/// Checks a string against patterns, each of which may be negated.
pub(super) fn listed<'a>(patterns: impl IntoIterator<Item = &'a str>, text: &str) -> Listed {
    let mut found = Listed::No;
    for pattern in patterns {
        match pattern.strip_prefix('!') {
            Some(pattern) if fits(pattern, text) => return Listed::Excluded,
            Some(_) => {}
            None if fits(pattern, text) => found = Listed::Yes,
            None => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{Listed, fits, listed};

    #[test]
    fn stars_and_question_marks_fit_as_in_a_shell() {
        for (pattern, text, expected) in [
            ("", "", true),
            ("*", "", true),
            ("*", "app1", true),
            ("app?", "app1", true),
            ("app?", "app", false),
            ("?", "", false),
            ("*.example.com", "www.example.com", true),
            ("*.example.com", "example.com", false),
            ("*a*b*c", "xxaxxbxxbxxc", true),
            ("*a*b*c", "xxaxxbxxbxx", false),
            ("**", "x", true),
            ("App", "app", false),
        ] {
            assert_eq!(fits(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn many_stars_do_not_take_forever() {
        assert!(!fits(&"*a".repeat(500), &"a".repeat(499)));
    }

    #[test]
    fn a_negated_pattern_outweighs_the_others() {
        assert_eq!(listed(["*.com", "!www.*"], "www.a.com"), Listed::Excluded);
        assert_eq!(listed(["!www.*", "*.com"], "ftp.a.com"), Listed::Yes);
        assert_eq!(listed(["!www.*"], "ftp.a.com"), Listed::No);
    }
}
