//! A place in a directory that is held open.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::path::{Component, Path};

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, Stat, fstat, mkdirat, openat, readlinkat, statat};
use rustix::io::Errno;
use rustix::process::geteuid;

/// The most links that are followed, as in the kernel.
const MOST_LINKS: usize = 40;

/// The flags for opening a directory on the way, which need not be readable.
#[cfg(target_os = "linux")]
const LOOK: OFlags = OFlags::PATH;
#[cfg(not(target_os = "linux"))]
const LOOK: OFlags = OFlags::RDONLY;

/// A name in an open directory.
#[derive(Debug)]
pub(crate) struct Place {
    directory: OwnedFd,
    name: OsString,
    /// True if other users may make names there.
    is_shared: bool,
}

impl Place {
    /// Finds the place that a path names, follows links, and makes missing directories. In a directory that all may write to, or
    /// that somebody else made in one, a link is an error unless it is ours or root's.
    pub(crate) fn of(path: &Path) -> io::Result<Self> {
        let mut walk = Walk::begin()?;
        walk.add(path)?;
        walk.into_place()
    }

    /// Finds the place of a path below a directory, and makes missing directories. Nothing below the directory may be a link, not
    /// even one of ours: it may have come with a project that somebody else has made.
    pub(crate) fn below(directory: &Path, path: &Path) -> io::Result<Self> {
        let mut walk = Walk::begin()?;
        walk.add(directory)?;
        while let Some(name) = walk.left.pop() {
            walk.step(name)?;
        }
        walk.is_confined = true;
        walk.add(path)?;
        walk.into_place()
    }

    /// Returns what is in the place now.
    pub(crate) fn there(&self) -> io::Result<Option<Stat>> {
        match statat(&self.directory, &self.name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(there) => Ok(Some(there)),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Returns true if what is there may be added to: it is ours, or nobody else could have put it there.
    pub(super) fn is_ours(&self, there: &Stat) -> bool {
        !self.is_shared || is_trusted(there)
    }

    /// Returns true if a new file takes over the mode of the one that is there.
    pub(super) fn keeps(&self, there: &Stat) -> bool {
        !self.is_shared || there.st_uid == geteuid().as_raw()
    }

    pub(super) fn directory(&self) -> BorrowedFd<'_> {
        self.directory.as_fd()
    }

    pub(super) fn name(&self) -> &OsStr {
        &self.name
    }
}

struct Walk {
    directory: OwnedFd,
    /// True if somebody else made the directory where all may write.
    is_foreign: bool,
    /// The parts of the path that are left, the last one first.
    left: Vec<OsString>,
    links: usize,
    /// True if nothing leads out of the directory that was reached.
    is_confined: bool,
}

impl Walk {
    fn begin() -> io::Result<Self> {
        Ok(Self {
            directory: openat(CWD, ".", LOOK | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?,
            is_foreign: false,
            left: Vec::new(),
            links: 0,
            is_confined: false,
        })
    }

    /// Goes on to the directory of the last name, which need not exist.
    fn into_place(mut self) -> io::Result<Place> {
        while let Some(name) = self.left.pop() {
            if self.left.is_empty() && name != ".." && !self.is_link(&name)? {
                return self.end(name);
            }
            self.step(name)?;
        }
        self.end(".".into())
    }

    fn is_link(&self, name: &OsStr) -> io::Result<bool> {
        match statat(&self.directory, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(there) => Ok(FileType::from_raw_mode(there.st_mode) == FileType::Symlink),
            Err(Errno::NOENT) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Enters a directory, follows a link, or makes a directory that is missing.
    fn step(&mut self, name: OsString) -> io::Result<()> {
        match statat(&self.directory, &name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(there) if FileType::from_raw_mode(there.st_mode) == FileType::Symlink => self.follow(&name, &there),
            Ok(_) => self.enter(&name),
            Err(Errno::NOENT) => {
                match mkdirat(&self.directory, &name, Mode::from_raw_mode(0o777)) {
                    Ok(()) | Err(Errno::EXIST) => {}
                    Err(error) => return Err(error.into()),
                }
                self.left.push(name);
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    fn add(&mut self, path: &Path) -> io::Result<()> {
        let is_plain = |step: Component<'_>| matches!(step, Component::Normal(_) | Component::CurDir);
        if self.is_confined && !path.components().all(is_plain) {
            return Err(io::Error::other("it would be outside of the directory"));
        }
        if path.has_root() {
            self.directory = openat(CWD, "/", LOOK | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
            self.is_foreign = false;
        }
        let steps = path.components().rev().filter_map(|step| match step {
            Component::Normal(name) => Some(name.to_owned()),
            Component::ParentDir => Some("..".into()),
            _ => None,
        });
        self.left.extend(steps);
        Ok(())
    }

    fn follow(&mut self, name: &OsStr, link: &Stat) -> io::Result<()> {
        if self.is_confined {
            let name = name.display();
            return Err(io::Error::other(format!("{name} is a link, and may lead elsewhere")));
        }
        self.links += 1;
        if self.links > MOST_LINKS {
            return Err(Errno::LOOP.into());
        }
        if (self.is_foreign || is_open(&fstat(&self.directory)?)) && !is_trusted(link) {
            let name = name.display();
            return Err(io::Error::other(format!(
                "it leads through the link {name}, which belongs to another user"
            )));
        }
        let target = readlinkat(&self.directory, name, Vec::new())?;
        self.add(Path::new(&OsString::from_vec(target.into_bytes())))
    }

    fn enter(&mut self, name: &OsStr) -> io::Result<()> {
        let flags = LOOK | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let next = openat(&self.directory, name, flags, Mode::empty())?;
        if self.is_foreign || is_open(&fstat(&self.directory)?) {
            self.is_foreign = !is_trusted(&fstat(&next)?);
        }
        self.directory = next;
        Ok(())
    }

    fn end(self, name: OsString) -> io::Result<Place> {
        let is_shared = self.is_foreign || is_open(&fstat(&self.directory)?);
        Ok(Place {
            directory: self.directory,
            name,
            is_shared,
        })
    }
}

/// Returns true if all may write to the directory.
fn is_open(directory: &Stat) -> bool {
    directory.st_mode & 0o002 != 0
}

fn is_trusted(there: &Stat) -> bool {
    there.st_uid == 0 || there.st_uid == geteuid().as_raw()
}
