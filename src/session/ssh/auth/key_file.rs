//! A private key file, the files beside it, and how a passphrase opens it.

use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::process::getuid;
use ssh_key::PrivateKey;
use ssh_key::private::KeypairData;

use crate::regular;
use crate::secret::Secret;

use super::super::certificate;

/// The words that stand in every private key.
const PRIVATE: &str = "PRIVATE KEY";

/// A key file as it was read.
pub(super) struct KeyFile {
    pub(super) file: PathBuf,
    text: Secret,
    /// The permission bits of the file.
    mode: u32,
    /// The certificates for the key: those in `FILE-cert.pub`, if it exists, and others.
    pub(super) certificates: Vec<String>,
}

/// The reason why a key file is left out.
pub(super) enum Unreadable {
    /// These permission bits let others read or write it.
    TooOpen(u32),
    Io(io::Error),
}

impl From<io::Error> for Unreadable {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// A key that can be used for a login.
#[derive(Clone)]
pub(super) struct OpenKey {
    pub(super) text: Secret,
    /// The passphrase. Keys in other formats than OpenSSH's are decrypted at each login, which takes no time.
    pub(super) passphrase: Option<Secret>,
}

impl KeyFile {
    /// Reads a key file. Refuses, as ssh does, a private key of ours that others can read or write.
    pub(super) fn read(file: &Path) -> Result<Self, Unreadable> {
        let opened = regular::open(file)?;
        let metadata = opened.metadata()?;
        let text = String::from_utf8(regular::content(&opened)?)
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "not a private key"))?;
        let mode = metadata.mode() & 0o7777;
        // The file may hold a public key instead, for a key of the agent.
        let is_private = text.contains(PRIVATE);
        if is_private && metadata.uid() == getuid().as_raw() && mode & 0o077 != 0 {
            return Err(Unreadable::TooOpen(mode));
        }
        Ok(Self {
            text: Secret::new(text),
            mode,
            certificates: regular::text(&beside(file, "-cert.pub")).into_iter().collect(),
            file: file.to_owned(),
        })
    }

    /// Takes a key that is in no file.
    pub(super) fn of_text(name: String, text: Secret) -> Self {
        Self {
            file: PathBuf::from(name),
            text,
            mode: 0o600,
            certificates: Vec::new(),
        }
    }

    pub(super) fn mode(&self) -> u32 {
        self.mode
    }

    /// Returns true if the file holds a private key.
    pub(super) fn is_private(&self) -> bool {
        self.text.reveal().contains(PRIVATE)
    }

    /// Returns the key, if it is not encrypted.
    pub(super) fn plain(&self) -> Option<OpenKey> {
        (!is_encrypted(self.text.reveal())).then(|| OpenKey {
            text: self.text.clone(),
            passphrase: None,
        })
    }

    /// Returns the public key and the certificates, as far as they are known without the passphrase.
    pub(super) fn public(&self) -> Vec<Vec<u8>> {
        let certificates = self.certificates.iter().filter_map(|text| blob(text));
        let own = PrivateKey::from_openssh(self.text.reveal())
            .ok()
            .and_then(|key| key.public_key().to_bytes().ok());
        let own = own.or_else(|| blob(&regular::text(&beside(&self.file, ".pub")).ok()?));
        certificates.chain(own).collect()
    }

    /// Opens the key with a passphrase; `None` if the passphrase is wrong, as far as that can be seen before the key is used.
    pub(super) fn open(&self, passphrase: &Secret) -> Option<OpenKey> {
        let as_it_is = || {
            Some(OpenKey {
                text: self.text.clone(),
                passphrase: Some(passphrase.clone()),
            })
        };
        let Ok(key) = PrivateKey::from_openssh(self.text.reveal()) else {
            return as_it_is();
        };
        let key = match key.decrypt(passphrase.reveal()) {
            Ok(key) => key,
            Err(ssh_key::Error::Crypto) => return None,
            // ssh-key cannot read a P-521 key whose number begins with a zero, which is the case for every fourth key; libssh2
            // can.
            Err(_) => return as_it_is(),
        };
        if matches!(key.key_data(), KeypairData::Encrypted(_)) {
            return None;
        }
        let text = key.to_openssh(ssh_key::LineEnding::LF).ok()?;
        Some(OpenKey {
            text: Secret::new(text.as_str()),
            passphrase: None,
        })
    }
}

/// A user's certificate in a file of its own.
pub(super) struct UserCertificate {
    pub(super) text: String,
    pub(super) blob: Vec<u8>,
    /// The key that the certificate is for.
    pub(super) key: Vec<u8>,
}

impl UserCertificate {
    pub(super) fn read(file: &Path) -> Option<Self> {
        let text = regular::text(file).ok()?;
        let blob = blob(&text)?;
        let key = certificate::HostCertificate::read(&blob)?.key;
        Some(Self { text, blob, key })
    }
}

/// Returns the public keys and certificates that lie beside a key file.
pub(super) fn public_halves(file: &Path) -> Vec<Vec<u8>> {
    let is_public = file.extension().is_some_and(|extension| extension == "pub");
    let public = if is_public {
        file.to_owned()
    } else {
        beside(file, ".pub")
    };
    [public, beside(file, "-cert.pub")]
        .iter()
        .filter_map(|file| blob(&regular::text(file).ok()?))
        .collect()
}

fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// Returns the key in a line of a `.pub` file, in wire format.
pub(super) fn blob(line: &str) -> Option<Vec<u8>> {
    decode_base64(line.split_whitespace().nth(1)?)
}

/// Returns true if a private key needs a passphrase, in any of the known formats.
fn is_encrypted(text: &str) -> bool {
    if text.contains("BEGIN ENCRYPTED PRIVATE KEY") || text.contains("Proc-Type: 4,ENCRYPTED") {
        return true;
    }
    let Some((_, body)) = text.split_once("BEGIN OPENSSH PRIVATE KEY-----") else {
        return false;
    };
    // The magic string, then the name of the cipher: `none` if there is no passphrase.
    let body: String = body.chars().filter(|c| !c.is_whitespace()).take(36).collect();
    decode_base64(body.get(..36).unwrap_or_default())
        .is_some_and(|start| !start.get(15..).is_some_and(|rest| rest.starts_with(b"\0\0\0\x04none")))
}

fn decode_base64(text: &str) -> Option<Vec<u8>> {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    STANDARD.decode(text).ok()
}
