//! One line of a known-hosts file.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;

use crate::session::ssh::pattern::{Listed, listed};

/// The length of the salt and of the hash of a hashed name, in bytes.
pub(super) const HASH_LENGTH: usize = 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Marker {
    None,
    Revoked,
    /// The key is an authority's: it signs the keys of hosts, and no host has it.
    CertAuthority,
}

#[derive(Clone, Debug)]
pub(super) enum HostNames {
    /// Patterns in lower case; negated ones begin with `!`.
    Patterns(Vec<String>),
    Hashed {
        salt: Vec<u8>,
        hash: Vec<u8>,
    },
}

#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) marker: Marker,
    pub(super) names: HostNames,
    pub(super) key_type: String,
    pub(super) blob: Vec<u8>,
}

impl Entry {
    /// Parses a line; `None` for blank lines, comments and lines that cannot be understood.
    pub(super) fn parse(line: &str) -> Option<Self> {
        Self::read(line).ok().flatten()
    }

    /// Parses a line; `None` for blank lines and comments.
    ///
    /// # Errors
    ///
    /// The reason why a line is passed over.
    pub(super) fn read(line: &str) -> Result<Option<Self>, &'static str> {
        const NO_KEY: &str = "it has no key";
        let blanks = [' ', '\t'];
        let mut rest = line.trim_start_matches(blanks);
        if rest.is_empty() || rest.starts_with(['#', '\0']) {
            return Ok(None);
        }
        let mut marker = Marker::None;
        if rest.starts_with('@') {
            let (word, after) = rest.split_at(rest.find(blanks).ok_or(NO_KEY)?);
            marker = match word {
                "@revoked" => Marker::Revoked,
                "@cert-authority" => Marker::CertAuthority,
                _ => return Err("its marker is neither @revoked nor @cert-authority"),
            };
            rest = after.trim_start_matches(blanks);
            if rest.starts_with('@') {
                return Err("it has two markers");
            }
        }
        if rest.is_empty() || rest.starts_with(['#', '\0']) {
            return Err(NO_KEY);
        }
        // As in ssh, a NUL ends the names like a blank, and after them it ends the line.
        let (names, rest) = rest.split_once([' ', '\t', '\0']).ok_or(NO_KEY)?;
        let names = HostNames::parse(names).ok_or("its name is hashed in a form that is not known")?;
        let rest = rest.split('\0').next().ok_or(NO_KEY)?;
        let mut words = rest.split(blanks).filter(|word| !word.is_empty());
        let key_type = words.next().ok_or(NO_KEY)?;
        let blob = STANDARD.decode(words.next().ok_or(NO_KEY)?.trim_end());
        let blob = blob.map_err(|_| "its key is not in base64")?;
        if !is_whole(&blob, key_type) {
            return Err("its key is not whole, or of another type than it says");
        }
        Ok(Some(Self {
            marker,
            names,
            key_type: key_type.to_owned(),
            blob,
        }))
    }

    /// Returns true if the line is about this name, which is in lower case.
    pub(super) fn is_for(&self, name: &str) -> bool {
        match &self.names {
            HostNames::Patterns(patterns) => listed(patterns.iter().map(String::as_str), name) == Listed::Yes,
            HostNames::Hashed { salt, hash } => hash_of(name, salt).is_some_and(|of_name| of_name == *hash),
        }
    }
}

impl HostNames {
    fn parse(text: &str) -> Option<Self> {
        let Some(hashed) = text.strip_prefix('|') else {
            return Some(Self::Patterns(text.split(',').map(str::to_ascii_lowercase).collect()));
        };
        let (salt, hash) = hashed.strip_prefix("1|")?.split_once('|')?;
        let (salt, hash) = (STANDARD.decode(salt).ok()?, STANDARD.decode(hash).ok()?);
        (salt.len() == HASH_LENGTH && hash.len() == HASH_LENGTH).then_some(Self::Hashed { salt, hash })
    }
}

/// Returns true if these bytes are a complete key of this type. A line that a full disk has cut off must not count as another key
/// of the host.
fn is_whole(blob: &[u8], key_type: &str) -> bool {
    let mut parts = Vec::new();
    let mut rest = blob;
    while !rest.is_empty() {
        let Some((part, behind)) = part(rest) else {
            return false;
        };
        parts.push(part);
        rest = behind;
    }
    // The cut may lie between two fields.
    let count = match key_type {
        "ssh-dss" => 5,
        "sk-ecdsa-sha2-nistp256@openssh.com" => 4,
        "ssh-rsa" | "sk-ssh-ed25519@openssh.com" => 3,
        ecdsa if ecdsa.starts_with("ecdsa-sha2-") => 3,
        _ => 2,
    };
    parts.len() >= count && parts.first() == Some(&key_type.as_bytes())
}

/// Returns the first field of a key, and the bytes after it.
fn part(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
}

pub(super) fn hash_of(name: &str, salt: &[u8]) -> Option<Vec<u8>> {
    let mut mac = Hmac::<Sha1>::new_from_slice(salt).ok()?;
    mac.update(name.as_bytes());
    Some(mac.finalize().into_bytes().to_vec())
}
