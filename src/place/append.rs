//! Opens files to append to them.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags, Stat, fstat, openat};

use super::reach::Place;

/// The flags for opening. They keep the open from waiting: a pipe or a device could do so for ever.
const FLAGS: OFlags = OFlags::WRONLY
    .union(OFlags::APPEND)
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY)
    .union(OFlags::CLOEXEC);

/// Opens a file to append to it, and makes it if there is none. It never waits.
///
/// # Errors
///
/// Besides the usual ones, these are errors in a directory that all may write to, or that somebody else made in one: a link that
/// is neither ours nor root's, and a file that somebody else put there, who could read what is written.
pub(crate) fn append(path: &Path) -> io::Result<File> {
    match openat(CWD, path, FLAGS, Mode::empty()) {
        Ok(file) => {
            let place = Place::of(path)?;
            match place.there()? {
                Some(there) if is_same(&there, &fstat(&file)?) && !place.is_ours(&there) => Err(io::Error::other(
                    "it belongs to another user, in a directory where all may write",
                )),
                // A file without a name of its own, such as `/dev/fd/3`, belongs to whoever started capr.
                _ => Ok(file.into()),
            }
        }
        Err(error) if error.kind() == ErrorKind::NotFound && has_directory(path) => {
            let place = Place::of(path)?;
            let new = FLAGS | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW;
            let mode = Mode::from_raw_mode(0o666);
            Ok(openat(place.directory(), place.name(), new, mode)?.into())
        }
        Err(error) => Err(error.into()),
    }
}

fn is_same(one: &Stat, other: &Stat) -> bool {
    (one.st_dev, one.st_ino) == (other.st_dev, other.st_ino)
}

fn has_directory(path: &Path) -> bool {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    parent.is_none_or(Path::is_dir)
}
