//! Adds a line to a known-hosts file that others read and write at the same time.

use crate::regular;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Seek as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use super::line::{Entry, HASH_LENGTH, HostNames, Marker, hash_of};

/// The time for which another writer is waited for, and the pause between two tries.
const PATIENCE: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(5);

pub(super) fn append(file: &Path, name: &str, key_type: &str, blob: &[u8], hashed: bool) -> io::Result<()> {
    check_name(name)?;
    if let Some(directory) = file.parent().filter(|directory| !directory.exists()) {
        DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    }
    let mut opened = regular::with(&mut OpenOptions::new())
        .read(true)
        .append(true)
        .create(true)
        .mode(0o600)
        .open(file)?;
    regular::check(&opened)?;
    lock(&opened)?;
    let bytes = regular::content(&opened)?;
    let text = String::from_utf8_lossy(&bytes);
    let entries: Vec<Entry> = text.lines().filter_map(Entry::parse).collect();
    // Another session of this run, or another run, may have added the key meanwhile.
    if entries
        .iter()
        .any(|entry| entry.marker == Marker::None && entry.blob == blob && entry.is_for(name))
    {
        return Ok(());
    }
    let hashed = hashed
        || entries
            .iter()
            .any(|entry| matches!(entry.names, HostNames::Hashed { .. }));
    let name = if hashed { hashed_name(name)? } else { name.to_owned() };
    let mut line = format!("{name} {key_type} {}\n", STANDARD.encode(blob));
    if !(bytes.is_empty() || bytes.ends_with(b"\n")) {
        line.insert(0, '\n');
    }
    write_whole(&mut opened, line.as_bytes())
    // Closing the file unlocks it.
}

/// Writes all of the line or nothing: a part of it could later be read as another key of the host. It is written in one piece,
/// for readers that do not lock.
fn write_whole(file: &mut File, line: &[u8]) -> io::Result<()> {
    let written = file.write(line)?;
    if written == line.len() {
        return Ok(());
    }
    let end = file.stream_position()?;
    // A writer that does not lock may have continued after it; then nothing is cut off.
    if file.metadata()?.len() == end {
        file.set_len(end.saturating_sub(written.try_into().unwrap_or(0)))?;
    }
    let reason = "there is room for a part of the line only: is the disk full?";
    Err(io::Error::new(ErrorKind::WriteZero, reason))
}

/// Refuses a name that would be read back as a pattern, a list, a marker or a comment, and so would let in other hosts.
fn check_name(name: &str) -> io::Result<()> {
    let plain = name
        .chars()
        .all(|c| !c.is_whitespace() && !c.is_control() && !"*?!,|#@\"".contains(c));
    if plain && !name.is_empty() {
        Ok(())
    } else {
        let reason = format!("`{name}' cannot be written as a host's name");
        Err(io::Error::new(ErrorKind::InvalidInput, reason))
    }
}

fn lock(file: &File) -> io::Result<()> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match flock(file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(()),
            Err(Errno::INTR) => {}
            Err(Errno::WOULDBLOCK) if Instant::now() < deadline => thread::park_timeout(PAUSE),
            Err(Errno::WOULDBLOCK) => {
                return Err(io::Error::new(
                    ErrorKind::TimedOut,
                    "another program keeps the file locked",
                ));
            }
            Err(error) => return Err(error.into()),
        }
    }
}

fn hashed_name(name: &str) -> io::Result<String> {
    let mut salt = [0; HASH_LENGTH];
    File::open("/dev/urandom")?.read_exact(&mut salt)?;
    let hash = hash_of(name, &salt).ok_or_else(|| io::Error::other("the host's name cannot be hashed"))?;
    Ok(format!("|1|{}|{}", STANDARD.encode(salt), STANDARD.encode(hash)))
}
