//! Text that must never be shown, and the redactor that keeps it out of everything that is.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

/// What stands where a secret was.
pub const REDACTED: &str = "[redacted]";

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
    /// would garble everything and tell the secret by the holes.
    pub fn add(&self, secret: &Secret) {
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
}
