//! Looks at the keys of files and agents, without a server.

use std::io::{self, ErrorKind};
use std::path::Path;
use std::time::Duration;

use super::super::agent::Agent;
use super::super::hostkey::key_type;
use super::super::survey::{AgentKey, FileKey};
use super::key_file::{KeyFile, Unreadable, blob};
use crate::io_error::plain;

/// The longest wait for an agent.
const PATIENCE: Duration = Duration::from_secs(5);

/// Looks at a key file; `None` if it does not exist.
pub(in crate::session::ssh) fn key_on_hand(file: &Path) -> Option<FileKey> {
    match KeyFile::read(file) {
        Ok(key) => {
            let of_public = key.public().first().map(|blob| key_type(blob));
            // The file may hold the public half of a key that an agent holds.
            let is_public = || crate::regular::text(file).is_ok_and(|text| blob(&text).is_some());
            if !key.is_private() {
                return Some(match is_public() {
                    true => FileKey::Public,
                    false => FileKey::Unusable("it is no private key".to_owned()),
                });
            }
            Some(FileKey::Private {
                key_type: of_public.unwrap_or_default(),
                is_encrypted: key.plain().is_none(),
                mode: key.mode(),
            })
        }
        Err(Unreadable::TooOpen(mode)) => Some(FileKey::TooOpen(mode)),
        Err(Unreadable::Io(error)) if error.kind() == ErrorKind::NotFound => None,
        Err(Unreadable::Io(error)) => Some(FileKey::Unusable(plain(&error))),
    }
}

/// Returns the keys that an agent holds.
///
/// # Errors
///
/// When the agent cannot be asked.
pub(in crate::session::ssh) fn agent_keys(socket: &Path) -> io::Result<Vec<AgentKey>> {
    let keys = Agent::connect(socket, PATIENCE).and_then(|mut agent| agent.identities())?;
    let of = |key: super::super::agent::Identity| AgentKey {
        key_type: key_type(&key.blob),
        comment: key.comment,
        blob: key.blob,
    };
    Ok(keys.into_iter().map(of).collect())
}
