//! Encrypted keys that are opened once for all servers: one login asks for the passphrase, and the others that want the same key
//! wait.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::super::inbox::Bell;
use super::key_file::OpenKey;

#[derive(Default)]
pub(in crate::session::ssh) struct KeyRing(Mutex<HashMap<PathBuf, State>>);

enum State {
    /// One login asks for the passphrase; these others are woken when it is done.
    Asking(Vec<Bell>),
    Open(OpenKey),
    /// Nobody knows the passphrase.
    Locked,
}

/// The state of a key for one login.
pub(super) enum KeyForLogin<'a> {
    Open(OpenKey),
    Locked,
    /// Another login asks for the passphrase; the bell rings when to look again.
    Busy,
    /// This login has to ask for the passphrase.
    Unasked(PassphraseTurn<'a>),
}

impl KeyRing {
    pub(super) fn look(&self, file: &Path, bell: &Bell) -> KeyForLogin<'_> {
        let mut states = self.states();
        match states.get_mut(file) {
            Some(State::Open(key)) => KeyForLogin::Open(key.clone()),
            Some(State::Locked) => KeyForLogin::Locked,
            Some(State::Asking(bells)) => {
                bells.push(bell.clone());
                KeyForLogin::Busy
            }
            None => {
                states.insert(file.to_owned(), State::Asking(Vec::new()));
                KeyForLogin::Unasked(PassphraseTurn {
                    ring: self,
                    file: file.to_owned(),
                    outcome: None,
                })
            }
        }
    }

    // A thread that died while it held the lock has left nothing half done.
    fn states(&self) -> MutexGuard<'_, HashMap<PathBuf, State>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to ask for one passphrase; dropping it gives it back.
pub(super) struct PassphraseTurn<'a> {
    ring: &'a KeyRing,
    file: PathBuf,
    outcome: Option<State>,
}

impl PassphraseTurn<'_> {
    pub(super) fn opened(mut self, key: OpenKey) {
        self.outcome = Some(State::Open(key));
    }

    pub(super) fn stays_locked(mut self) {
        self.outcome = Some(State::Locked);
    }
}

impl Drop for PassphraseTurn<'_> {
    fn drop(&mut self) {
        let mut states = self.ring.states();
        let before = match self.outcome.take() {
            Some(state) => states.insert(self.file.clone(), state),
            // The login ended before it had an answer, so another one asks.
            None => states.remove(&self.file),
        };
        if let Some(State::Asking(bells)) = before {
            bells.iter().for_each(Bell::ring);
        }
    }
}
