//! The password that is in use: given to every login and every sudo that asks, forgotten once when it is refused.

use super::Passwords;
use crate::secret::{Redactor, Secret};

#[derive(Default)]
pub(super) struct Asked {
    current: Option<Secret>,
    failure: Option<String>,
}

impl Asked {
    /// The password, from now on redacted. After a failure nobody is asked again until [`Asked::reset`].
    pub fn get(&mut self, passwords: &mut dyn Passwords, why: &str, redactor: &Redactor) -> Result<Secret, String> {
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

    /// A server did not take `password`. True when it is the one in use, which is then forgotten: that several servers
    /// refuse the same one makes nobody ask twice.
    pub fn refused(&mut self, passwords: &mut dyn Passwords, password: &Secret) -> bool {
        let in_use = self.current.as_ref() == Some(password);
        if in_use {
            self.current = None;
            passwords.forget();
        }
        in_use
    }

    /// Why there was no password, if one was asked for in vain.
    pub fn reset(&mut self) -> Option<String> {
        self.failure.take()
    }
}
