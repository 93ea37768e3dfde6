//! The password that is in use. It is given to every login and every sudo that asks, and is forgotten once when it is refused.

use super::Passwords;
use crate::secret::{Redactor, Secret};
use crate::unanswered::Unanswered;

#[derive(Default)]
pub(super) struct PasswordInUse {
    current: Option<Secret>,
    failure: Option<Unanswered>,
}

impl PasswordInUse {
    /// Returns the password, which is redacted from now on. After a failure nobody is asked again until [`PasswordInUse::reset`].
    pub(super) fn get(
        &mut self,
        passwords: &mut dyn Passwords,
        why: &str,
        redactor: &Redactor,
    ) -> Result<Secret, Unanswered> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        match passwords.password(why) {
            Ok(password) => {
                redactor.add(&password);
                self.current = Some(password.clone());
                Ok(password)
            }
            Err(failure) => {
                self.failure = Some(failure.clone());
                Err(failure)
            }
        }
    }

    /// Notes that a server refused `password`. Returns true if it is the one in use, which is then forgotten; if several servers
    /// refuse the same one, the person is asked only once.
    pub(super) fn refused(&mut self, passwords: &mut dyn Passwords, password: &Secret) -> bool {
        let in_use = self.current.as_ref() == Some(password);
        if in_use {
            self.current = None;
            passwords.forget();
        }
        in_use
    }

    /// Returns the reason why there was no password, if one was asked for in vain, and lets the person be asked again.
    pub(super) fn reset(&mut self) -> Option<Unanswered> {
        self.failure.take()
    }
}
