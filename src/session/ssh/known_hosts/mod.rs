//! Known host keys: they are looked up as OpenSSH does, and added one line at a time. Lines of others are never changed.

mod append;
mod line;

use crate::regular;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use sha2::{Digest as _, Sha256};

use line::{Entry, Marker};

const DEFAULT_PORT: u16 = 22;

/// The host keys in some files. This is a snapshot: keys that are appended later are not seen.
#[derive(Clone, Debug, Default)]
pub(crate) struct KnownHosts {
    entries: Vec<(Place, Entry)>,
}

#[derive(Clone, Debug)]
struct Place {
    file: PathBuf,
    line: usize,
}

/// The answer of the files about a server's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum KeyVerdict {
    /// This key is known for this host.
    Known,
    /// No key is known for this host.
    Unknown,
    /// Other keys are known for this host, but not this one. As with OpenSSH, this includes a key of another type than the known
    /// ones: a server is asked for the known types first, so an honest one shows one of those.
    Changed {
        /// The file with one of the other keys: one of the same type, if there is one.
        file: PathBuf,
        /// Counted from 1.
        line: usize,
        /// The type of that other key.
        key_type: String,
        /// Its fingerprint.
        fingerprint: String,
    },
    /// This key must not be used.
    Revoked {
        /// The file that says so.
        file: PathBuf,
        /// Counted from 1.
        line: usize,
    },
}

impl KnownHosts {
    /// Reads files in order. A file that cannot be read counts as empty, and lines that cannot be understood are skipped.
    ///
    /// # Errors
    ///
    /// When one is a pipe or a device, which might be read for ever, or is far too long.
    pub(crate) fn load(files: &[PathBuf]) -> Result<Self, (PathBuf, io::Error)> {
        let mut known = Self::default();
        for file in files {
            match regular::read(file) {
                Ok(bytes) => known.read(file, &String::from_utf8_lossy(&bytes)),
                Err(error) if matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::FileTooLarge) => {
                    return Err((file.clone(), error));
                }
                Err(_) => {}
            }
        }
        Ok(known)
    }

    /// Returns the number of keys in a file, and the lines that are passed over: their numbers, counted from 1, with the reasons.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub(super) fn look_through(file: &Path) -> io::Result<(usize, Vec<(usize, &'static str)>)> {
        let bytes = regular::read(file)?;
        let (mut keys, mut passed_over) = (0, Vec::new());
        for (number, line) in String::from_utf8_lossy(&bytes).lines().enumerate() {
            match Entry::read(line) {
                Ok(Some(_)) => keys += 1,
                Ok(None) => {}
                Err(why) => passed_over.push((number + 1, why)),
            }
        }
        Ok((keys, passed_over))
    }

    /// Replaces the keys of a file by those in this string.
    pub(super) fn replace(&mut self, file: &Path, text: &str) {
        self.entries.retain(|(place, _)| place.file != file);
        self.read(file, text);
    }

    fn read(&mut self, file: &Path, text: &str) {
        for (number, line) in text.lines().enumerate() {
            if let Some(entry) = Entry::parse(line) {
                let place = Place {
                    file: file.to_owned(),
                    line: number + 1,
                };
                self.entries.push((place, entry));
            }
        }
    }

    /// Returns the types of the keys that are known for a host, in file order, each once: `ssh-ed25519`. With a `HostKeyAlias`
    /// the host is the alias and the port is 22.
    pub(crate) fn known_types(&self, host: &str, port: u16) -> Vec<String> {
        let mut types = Vec::new();
        for name in names(host, port) {
            for (_, entry) in self.entries_for(&name) {
                if entry.marker == Marker::None && !types.contains(&entry.key_type) {
                    types.push(entry.key_type.clone());
                }
            }
            if !types.is_empty() {
                break;
            }
        }
        types
    }

    /// Returns the line that allows an authority to sign the keys of a host.
    pub(crate) fn authority(&self, host: &str, port: u16, blob: &[u8]) -> Option<(&Path, usize)> {
        let mut names = names(host, port).into_iter();
        names.find_map(|name| {
            let (place, _) = self
                .entries_for(&name)
                .find(|(_, entry)| entry.marker == Marker::CertAuthority && entry.blob == blob)?;
            Some((place.file.as_path(), place.line))
        })
    }

    /// Returns the line with a key of a host.
    pub(crate) fn place_of(&self, host: &str, port: u16, blob: &[u8]) -> Option<(&Path, usize)> {
        let mut names = names(host, port).into_iter();
        names.find_map(|name| {
            let (place, _) = self
                .entries_for(&name)
                .find(|(_, entry)| entry.marker == Marker::None && entry.blob == blob)?;
            Some((place.file.as_path(), place.line))
        })
    }

    /// Returns true if some authority may sign the keys of a host.
    pub(crate) fn has_authority(&self, host: &str, port: u16) -> bool {
        names(host, port).iter().any(|name| {
            self.entries_for(name)
                .any(|(_, entry)| entry.marker == Marker::CertAuthority)
        })
    }

    /// Looks up the key that a server showed.
    ///
    /// On a port other than 22 a key that is known for the host without a port is accepted, too; other keys of that host do not
    /// matter. But a key that is revoked there is refused, whereas OpenSSH would treat it as unknown.
    pub(crate) fn check(&self, host: &str, port: u16, key_type: &str, blob: &[u8]) -> KeyVerdict {
        let mut verdict = KeyVerdict::Unknown;
        for (rank, name) in names(host, port).iter().enumerate() {
            let mut other: Option<&(Place, Entry)> = None;
            let mut known = false;
            for found in self.entries_for(name) {
                let (place, entry) = found;
                let same = entry.blob == blob;
                match entry.marker {
                    Marker::Revoked if same => {
                        return KeyVerdict::Revoked {
                            file: place.file.clone(),
                            line: place.line,
                        };
                    }
                    Marker::None if same => known = true,
                    Marker::None if other.is_none_or(|(_, entry)| entry.key_type != key_type) => other = Some(found),
                    _ => {}
                }
            }
            if verdict != KeyVerdict::Unknown {
                continue;
            }
            if known {
                verdict = KeyVerdict::Known;
            } else if let (Some((place, entry)), 0) = (other, rank) {
                verdict = KeyVerdict::Changed {
                    file: place.file.clone(),
                    line: place.line,
                    key_type: entry.key_type.clone(),
                    fingerprint: fingerprint(&entry.blob),
                };
            }
        }
        verdict
    }

    /// Adds the key of a host, by its [`name`], to a file under a lock, unless it is there already. Creates the file and its
    /// directory for the user alone. The name is hashed if that is wanted, or if there are hashed names in the file.
    ///
    /// # Errors
    ///
    /// When the file cannot be written, stays locked for two seconds, or the host could not be read back from the line.
    pub(crate) fn append(file: &Path, name: &str, key_type: &str, blob: &[u8], hashed: bool) -> io::Result<()> {
        append::append(file, name, key_type, blob, hashed)
    }

    fn entries_for<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a (Place, Entry)> {
        self.entries.iter().filter(move |(_, entry)| entry.is_for(name))
    }
}

/// Returns the name under which a host stands in a file.
pub(super) fn name(host: &str, port: u16) -> String {
    let host = host.to_ascii_lowercase();
    if port == DEFAULT_PORT {
        host
    } else {
        format!("[{host}]:{port}")
    }
}

/// Returns the names under which a host is looked up, the most specific first.
fn names(host: &str, port: u16) -> Vec<String> {
    let mut names = vec![name(host, port)];
    if port != DEFAULT_PORT {
        names.push(name(host, DEFAULT_PORT));
    }
    names
}

/// Returns a key's fingerprint as OpenSSH shows it: `SHA256:` and base64 without padding.
pub(crate) fn fingerprint(blob: &[u8]) -> String {
    format!("SHA256:{}", STANDARD_NO_PAD.encode(Sha256::digest(blob)))
}

#[cfg(test)]
mod tests;
