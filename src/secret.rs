//! Strings that must never be shown, and the redactor that keeps them out of all output.

use std::cell::RefCell;
use std::fmt;
use std::ops::Range;
use std::rc::Rc;

use zeroize::Zeroizing;

use crate::sort;

/// The word in place of a secret.
pub(crate) const REDACTED: &str = "[redacted]";

/// The least length of a line of a secret that is hidden by itself. A shorter line may be anything.
const LINE: usize = 8;

/// A password or similar string: it is shown as `[redacted]` in every format, and overwritten in memory when it is dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Wraps a string that must not be shown.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// Returns the string itself, for the one place that needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

/// The longest user name in a web address. A longer one is a token, for which no password is needed.
const LONGEST_USER: usize = 19;

/// Returns the places of passwords in the addresses in a string, in order: in `https://user:password@host` and
/// `https://token@host`.
pub(crate) fn passwords_in(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for (at, sign) in text.match_indices("://") {
        let begin = at + sign.len();
        let rest = text.get(begin..).unwrap_or_default();
        let end = rest.find(|c: char| c == '/' || c.is_whitespace() || c == '"' || c == '\'');
        let authority = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
        let Some((login, _)) = authority.rsplit_once('@') else {
            continue;
        };
        let is_web = ["http", "https"]
            .iter()
            .any(|scheme| text.get(..at).unwrap_or_default().ends_with(scheme));
        match login.find(':') {
            Some(colon) => found.push(begin + colon + 1..begin + login.len()),
            None if is_web && login.len() > LONGEST_USER => found.push(begin..begin + login.len()),
            None => {}
        }
    }
    found
}

/// All secrets of this run. Everybody who passes strings to a reporter shares it. It belongs to the main thread.
#[derive(Clone, Debug, Default)]
pub struct Redactor(Rc<RefCell<Vec<Secret>>>);

impl Redactor {
    /// Replaces `secret` in every string from now on. Its form in single quotes of a shell is replaced as well, and so is each of
    /// its longer lines, since servers print it line by line. Secrets under four characters are not replaced: this would garble
    /// all output, and the gaps would reveal the secret.
    pub fn add(&self, secret: &Secret) {
        self.add_text(secret);
        if secret.reveal().contains('\'') {
            self.add_text(&Secret::new(secret.reveal().replace('\'', r"'\''")));
        }
        if secret.reveal().trim().contains('\n') {
            let lines = secret.reveal().lines().map(str::trim);
            lines
                .filter(|line| line.len() >= LINE)
                .for_each(|line| self.add_text(&Secret::new(line)));
        }
    }

    fn add_text(&self, secret: &Secret) {
        let mut secrets = self.0.borrow_mut();
        if secret.reveal().len() >= 4 && !secrets.contains(secret) {
            secrets.push(secret.clone());
            // Longer secrets come first, so that one which contains another is replaced as a whole.
            sort::by_key(&mut secrets, |secret| std::cmp::Reverse(secret.reveal().len()));
        }
    }

    /// Returns `text` with all known secrets replaced.
    pub fn clean(&self, text: &str) -> String {
        let mut cleaned = String::with_capacity(text.len());
        let mut from = 0;
        for place in self.places(text) {
            cleaned.push_str(text.get(from..place.start).unwrap_or_default());
            cleaned.push_str(REDACTED);
            from = place.end;
        }
        cleaned.push_str(text.get(from..).unwrap_or_default());
        cleaned
    }

    /// Returns the places of secrets in a string, in order; those that overlap are one place.
    pub fn places(&self, text: &str) -> Vec<Range<usize>> {
        let secrets = self.0.borrow();
        let of = |secret: &str| -> Vec<Range<usize>> {
            let found = text.match_indices(secret);
            found.map(|(at, found)| at..at + found.len()).collect()
        };
        let mut found: Vec<Range<usize>> = secrets.iter().flat_map(|secret| of(secret.reveal())).collect();
        if found.is_empty() {
            return found;
        }
        // A string that was redacted before is not redacted again.
        let done = of(REDACTED);
        found.retain(|place| {
            !done
                .iter()
                .any(|done| done.start <= place.start && place.end <= done.end)
        });
        sort::by_key(&mut found, |place| (place.start, place.end));
        let mut places: Vec<Range<usize>> = Vec::new();
        for place in found {
            match places.last_mut() {
                Some(last) if place.start < last.end => last.end = last.end.max(place.end),
                _ => places.push(place),
            }
        }
        places
    }

    /// Returns the length of the beginning of a string that can be shown before the rest is known: no secret crosses its end.
    pub fn settled(&self, text: &str) -> usize {
        let secrets = self.0.borrow();
        let mut end = text.len();
        for secret in secrets.iter().map(Secret::reveal) {
            let begun = (1..secret.len()).rev().find(|length| {
                let beginning = secret.get(..*length);
                beginning.is_some_and(|beginning| text.ends_with(beginning))
            });
            end = end.min(text.len() - begun.unwrap_or(0));
        }
        // A complete secret must not be cut either.
        let across = |end: usize| {
            secrets.iter().map(Secret::reveal).find_map(|secret| {
                let mut places = (0..=end.saturating_sub(secret.len() - 1)).rev();
                let from = places.find(|at| text.is_char_boundary(*at))?;
                let found = text.get(from..)?.find(secret)? + from;
                (found < end && end < found + secret.len()).then_some(found)
            })
        };
        while let Some(found) = across(end) {
            end = found;
        }
        end
    }

    /// Returns the number of secrets.
    pub fn len(&self) -> usize {
        self.0.borrow().len()
    }

    /// Returns true if there is nothing to replace.
    pub fn is_empty(&self) -> bool {
        self.0.borrow().is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::{Redactor, Secret};

    #[test]
    fn a_secret_is_replaced_everywhere_and_never_formatted() {
        let redactor = Redactor::default();
        let secret = Secret::new("hunter2!");
        redactor.add(&secret);
        redactor.add(&Secret::new("abc"));
        assert_eq!(
            redactor.clean("a hunter2! b hunter2! abc"),
            "a [redacted] b [redacted] abc"
        );
        assert_eq!(format!("{secret} {secret:?}"), "[redacted] [redacted]");
    }

    #[test]
    fn what_is_settled_cuts_no_secret() {
        let redactor = Redactor::default();
        redactor.add(&Secret::new("hunter2!"));
        redactor.add(&Secret::new("übel-übel"));
        for (text, settled) in [
            ("", ""),
            ("say hunt", "say "),
            ("say hunter2!", "say hunter2!"),
            ("say hunter2!h", "say hunter2!"),
            ("übel-übel", ""),
            ("übel-übe", ""),
            ("no übel-übel.", "no übel-übel."),
        ] {
            assert_eq!(text.get(..redactor.settled(text)), Some(settled), "{text}");
        }
    }

    #[test]
    fn a_secret_is_replaced_in_quotes_and_line_by_line() {
        let redactor = Redactor::default();
        redactor.add(&Secret::new("it's me"));
        redactor.add(&Secret::new("-----BEGIN KEY-----\nMIIEpAIBAAKC\n}\n"));
        assert_eq!(redactor.clean(r"mysql -p'it'\''s me' {}"), "mysql -p'[redacted]' {}");
        assert_eq!(redactor.clean("MIIEpAIBAAKC"), "[redacted]");
    }
}
