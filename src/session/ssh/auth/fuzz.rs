//! Targets of `scripts/fuzz` for logins: key files, and the questions of servers.

use crate::secret::Secret;

use super::dialogue;
use super::key_file::KeyFile;
use super::signer::Signer;

/// Reads a key file. Returns true if the key can be used without a passphrase.
pub(in crate::session::ssh) fn read_key(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let file = KeyFile::of_text("key".to_owned(), Secret::new(text.as_ref()));
    let _ = file.public();
    if let Some(signer) = Signer::read(&text) {
        return signer
            .sign(b"rsa-sha2-512", b"request")
            .is_some_and(|signature| !signature.is_empty());
    }
    file.plain().is_some()
}

/// Reads a question. Returns true if it asks for a password.
pub(in crate::session::ssh) fn read_question(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let shown = dialogue::shown(&text);
    assert!(!shown.chars().any(char::is_control), "a control character is shown");
    dialogue::is_for_password(&text) == Some(true)
}
