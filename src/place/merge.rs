//! Moves the content of directories into others, and empties directories. Links are never followed.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat, fchmod, openat, renameat, statat, unlinkat};
use rustix::io::Errno;

use crate::io_error::plain;

/// Opens a directory in another one.
pub(super) fn open(parent: BorrowedFd<'_>, name: &OsStr) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(openat(parent, name, flags, Mode::empty())?)
}

/// Moves the content of one directory into another. A link there is replaced, or it is an error.
pub(super) fn merge(from: BorrowedFd<'_>, into: BorrowedFd<'_>) -> io::Result<()> {
    // A directory without write permission cannot be emptied either.
    fchmod(from, Mode::from_raw_mode(0o700))?;
    for name in names(from)? {
        move_one(from, into, &name)
            .map_err(|error| io::Error::new(error.kind(), format!("{}: {}", name.display(), plain(&error))))?;
    }
    Ok(())
}

fn move_one(from: BorrowedFd<'_>, into: BorrowedFd<'_>, name: &OsStr) -> io::Result<()> {
    let comes = statat(from, name, AtFlags::SYMLINK_NOFOLLOW)?;
    if !is_directory(&comes) {
        return Ok(renameat(from, name, into, name)?);
    }
    let directory = open_whatever_mode(from, name)?;
    match statat(into, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(there) if is_directory(&there) => merge(directory.as_fd(), open(into, name)?.as_fd()),
        Ok(_) | Err(Errno::NOENT) => {
            // A directory has to be writable to get another parent.
            fchmod(&directory, Mode::from_raw_mode(0o700))?;
            let moved = renameat(from, name, into, name);
            fchmod(&directory, Mode::from_raw_mode(comes.st_mode & 0o7777))?;
            Ok(moved?)
        }
        Err(error) => Err(error.into()),
    }
}

/// Removes everything in a directory of ours.
pub(super) fn clear(directory: BorrowedFd<'_>) -> io::Result<()> {
    fchmod(directory, Mode::from_raw_mode(0o700))?;
    for name in names(directory)? {
        if is_directory(&statat(directory, &name, AtFlags::SYMLINK_NOFOLLOW)?) {
            clear(open_whatever_mode(directory, &name)?.as_fd())?;
            unlinkat(directory, &name, AtFlags::REMOVEDIR)?;
        } else {
            unlinkat(directory, &name, AtFlags::empty())?;
        }
    }
    Ok(())
}

/// Opens a directory of ours, even if nobody may read it.
fn open_whatever_mode(parent: BorrowedFd<'_>, name: &OsStr) -> io::Result<OwnedFd> {
    open(parent, name).or_else(|_| {
        rustix::fs::chmodat(parent, name, Mode::from_raw_mode(0o700), AtFlags::empty())?;
        open(parent, name)
    })
}

fn names(directory: BorrowedFd<'_>) -> io::Result<Vec<OsString>> {
    let mut names = Vec::new();
    for entry in Dir::read_from(directory)? {
        let name = entry?.file_name().to_bytes().to_vec();
        if name != b"." && name != b".." {
            names.push(OsString::from_vec(name));
        }
    }
    Ok(names)
}

fn is_directory(there: &Stat) -> bool {
    FileType::from_raw_mode(there.st_mode) == FileType::Directory
}
