//! Files and directories that are made beside their final place. Whatever happens, nothing is left of them there.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::rc::Rc;

use rustix::fs::{AtFlags, FileType, Mode, OFlags, fchmod, linkat, mkdirat, openat, renameat, statat, unlinkat};
use rustix::io::Errno;
use rustix::rand::{GetRandomFlags, getrandom};

use super::merge::{clear, open};
use super::reach::Place;
use crate::plan::{self, PERMISSIONS, narrowed};

/// A new file that is not in its place yet.
#[derive(Debug)]
pub(crate) struct New {
    place: Rc<Place>,
    name: OsString,
}

impl Place {
    /// Returns an error if a file cannot be put in this place.
    pub(crate) fn takes_file(&self) -> io::Result<()> {
        match self.there()?.map(|there| FileType::from_raw_mode(there.st_mode)) {
            Some(FileType::Directory) => Err(io::ErrorKind::IsADirectory.into()),
            None | Some(FileType::RegularFile) => Ok(()),
            Some(_) => Err(io::Error::other("is not a regular file")),
        }
    }

    /// Makes a file beside the place, with a mode within the umask.
    pub(crate) fn create(self: &Rc<Self>, mode: u32) -> io::Result<(New, File)> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let (name, file) =
            unused(|name| openat(self.directory(), name, flags, Mode::from_raw_mode(mode & PERMISSIONS)))?;
        let place = Rc::clone(self);
        Ok((New { place, name }, file.into()))
    }

    /// Returns the permissions that the umask leaves. Reading the umask itself would change it, so a directory is made.
    fn allowed(&self) -> io::Result<u32> {
        let make = |name: &OsString| mkdirat(self.directory(), name, Mode::from_raw_mode(PERMISSIONS));
        let (name, ()) = unused(make)?;
        let made = statat(self.directory(), &name, AtFlags::SYMLINK_NOFOLLOW);
        unlinkat(self.directory(), &name, AtFlags::REMOVEDIR)?;
        Ok(made?.st_mode & PERMISSIONS)
    }

    pub(super) fn hide(&self) -> io::Result<Hidden<'_>> {
        let (name, ()) = unused(|name| mkdirat(self.directory(), name, Mode::from_raw_mode(0o700)))?;
        let directory = open(self.directory(), &name)?;
        Ok(Hidden {
            place: self,
            name,
            directory,
        })
    }
}

impl New {
    /// Puts the file in its place. Nobody may do more with it than with a file of the mode `source`. If a file is there whose
    /// mode is to be kept, nobody may do more than with that file either. `mode` overrides both.
    pub(crate) fn keep(self, file: &File, source: u32, mode: Option<&plan::Mode>) -> io::Result<()> {
        self.place.takes_file()?;
        let there = self.place.there()?.filter(|there| self.place.keeps(there));
        let kept = there.map(|there| narrowed(there.st_mode & 0o7777, source));
        let changed = match mode {
            Some(mode) => {
                let allowed = self.place.allowed()?;
                Some(mode.applied(kept.unwrap_or(source & allowed), allowed))
            }
            None => kept,
        };
        if let Some(changed) = changed {
            fchmod(file, Mode::from_raw_mode(changed))?;
        }
        let directory = self.place.directory();
        Ok(renameat(directory, &self.name, directory, self.place.name())?)
    }

    /// Puts the file in its place, where nothing may be yet.
    pub(super) fn add(self) -> io::Result<()> {
        let directory = self.place.directory();
        // The other name is removed when this is dropped.
        Ok(linkat(
            directory,
            &self.name,
            directory,
            self.place.name(),
            AtFlags::empty(),
        )?)
    }
}

impl Drop for New {
    fn drop(&mut self) {
        let _ = unlinkat(self.place.directory(), &self.name, AtFlags::empty());
    }
}

/// A new directory that nobody else can look into.
pub(super) struct Hidden<'a> {
    place: &'a Place,
    name: OsString,
    directory: OwnedFd,
}

impl Hidden<'_> {
    pub(super) fn directory(&self) -> &OwnedFd {
        &self.directory
    }

    /// Puts the directory in its place, where nothing may be yet.
    pub(super) fn keep(self) -> io::Result<()> {
        let directory = self.place.directory();
        Ok(renameat(directory, &self.name, directory, self.place.name())?)
    }
}

impl Drop for Hidden<'_> {
    fn drop(&mut self) {
        // If the directory was kept, it has another name now.
        if open(self.place.directory(), &self.name).is_ok() {
            let _ = clear(self.directory.as_fd());
            let _ = unlinkat(self.place.directory(), &self.name, AtFlags::REMOVEDIR);
        }
    }
}

/// Makes something under a name that nobody can predict.
fn unused<T>(make: impl Fn(&OsString) -> rustix::io::Result<T>) -> io::Result<(OsString, T)> {
    loop {
        let mut random = [0; 8];
        getrandom(&mut random, GetRandomFlags::empty())?;
        let name = OsString::from(format!(".capr.{:016x}", u64::from_ne_bytes(random)));
        match make(&name) {
            Err(Errno::EXIST) => {}
            made => return Ok((name, made?)),
        }
    }
}
