//! Text that must never be shown, and the redactor that keeps it out of everything that is.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

/// What stands where a secret was.
pub const REDACTED: &str = "[redacted]";

/// Shorter lines of a secret may be anything.
const LINE: usize = 8;

/// A password or the like: shown as `[redacted]` however it is formatted.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a text that must not be shown.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the one place that needs it.
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

/// Every secret met in this run; shared by all who hand text to a reporter. Main thread only.
#[derive(Clone, Debug, Default)]
pub struct Redactor(Rc<RefCell<Vec<Secret>>>);

impl Redactor {
    /// From now on `secret` is replaced in every text. Texts under four characters are left alone: replacing them
    /// would garble everything and tell the secret by the holes. So is what it is in a shell's quotes, and each longer
    /// line of it: servers say it line by line.
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
            // A secret that contains another is replaced first.
            secrets.sort_by_key(|secret| std::cmp::Reverse(secret.reveal().len()));
        }
    }

    /// `text` with every known secret replaced.
    pub fn clean(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in self.0.borrow().iter() {
            if text.contains(secret.reveal()) {
                text = text.replace(secret.reveal(), REDACTED);
            }
        }
        text
    }

    /// Whether there is nothing to replace.
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
    fn a_secret_is_replaced_in_quotes_and_line_by_line() {
        let redactor = Redactor::default();
        redactor.add(&Secret::new("it's me"));
        redactor.add(&Secret::new("-----BEGIN KEY-----\nMIIEpAIBAAKC\n}\n"));
        assert_eq!(redactor.clean(r"mysql -p'it'\''s me' {}"), "mysql -p'[redacted]' {}");
        assert_eq!(redactor.clean("MIIEpAIBAAKC"), "[redacted]");
    }
}
