//! Unpacks archives that servers send. Whatever is in one, nothing is written outside of a new directory, which is closed to
//! others until everything is in it.

use std::cell::Cell;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{
    AtFlags, FileType, Mode, OFlags, Timespec, Timestamps, fchmod, futimens, linkat, mkdirat, openat, statat,
    symlinkat, unlinkat,
};
use rustix::io::Errno;
use tar::{Archive, Entry, EntryType};

use super::hidden::Hidden;
use super::merge::{merge, open};
use super::reach::Place;
use super::room::DiskRoom;
use crate::plan::PERMISSIONS;
use crate::sort;

/// The longest extension of an entry, such as a long name, in bytes. Extensions are kept in memory.
const LONGEST_EXTENSION: u64 = 1 << 20;
/// The most bytes in front of the content of an entry: two long names and two other extensions, with their headers.
const LONGEST_HEAD: u64 = 4 * LONGEST_EXTENSION;
/// The deepest nesting of directories.
const DEEPEST: usize = 250;
/// The most directories: their modes are kept in memory until everything is there.
const MOST_DIRECTORIES: usize = 1_000_000;
/// The longest total length of their names, which are kept in memory as well, in bytes.
const LONGEST_NAMES: usize = 128 << 20;
/// The number of entries left out that are reported by name.
const MOST_LEFT_OUT: usize = 100;
/// The number of characters of a name that are shown.
const LONGEST_SHOWN: usize = 200;

/// Unpacks an archive to a place, or into the directory that is there. If it is stopped before the end, nothing of it is there.
/// Returns the entries that were left out.
pub(crate) fn unpack(
    mut archive: File,
    place: &Place,
    room: &mut DiskRoom,
    stop: StopCheck<'_>,
) -> io::Result<Vec<String>> {
    inspect(&archive, stop)?;
    archive.rewind()?;
    let hidden = place.hide()?;
    let mut tree = Tree::new(&hidden, room, stop)?;
    let head = Cell::new(None);
    let metered = Metered {
        file: &archive,
        head: &head,
    };
    let mut metered = Archive::new(metered);
    let mut entries = metered.entries()?;
    loop {
        head.set(Some(LONGEST_HEAD));
        let Some(entry) = entries.next() else { break };
        head.set(None);
        let mut entry = entry?;
        tree.add(&mut entry)?;
        // A link has no content, whatever its header says.
        io::copy(&mut entry, &mut Stoppable(io::sink(), stop))?;
    }
    let own = tree.set_modes()?;
    let left_out = tree.left_out.told();
    match place.there()? {
        None => {
            fchmod(hidden.directory(), Mode::from_raw_mode(own))?;
            hidden.keep()?;
        }
        Some(there) if FileType::from_raw_mode(there.st_mode) != FileType::Directory => {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        Some(there) if !place.is_ours(&there) => {
            let message = "the directory belongs to another user, where all may write";
            return Err(io::Error::other(message));
        }
        Some(_) => merge(
            hidden.directory().as_fd(),
            open(place.directory(), place.name())?.as_fd(),
        )?,
    }
    Ok(left_out)
}

/// A function that returns true if a long operation is to stop.
pub(crate) type StopCheck<'a> = &'a dyn Fn() -> bool;

fn goes_on(stop: StopCheck<'_>) -> io::Result<()> {
    match stop() {
        true => Err(io::Error::other("stopped")),
        false => Ok(()),
    }
}

/// An archive that limits how many bytes are read that are not the content of an entry, since `tar` keeps these in memory. The
/// sizes that an archive states can be understood in several ways, the bytes that are read in only one.
struct Metered<'a> {
    file: &'a File,
    /// The number of bytes that may still be read; `None` while content is read.
    head: &'a Cell<Option<u64>>,
}

impl Read for Metered<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = (&mut &*self.file).read(buffer)?;
        if let Some(left) = self.head.get() {
            let left = left.checked_sub(count as u64).ok_or_else(too_long)?;
            self.head.set(Some(left));
        }
        Ok(count)
    }
}

fn too_long() -> io::Error {
    io::Error::other("the server sends a name that is too long")
}

/// The entries that are not there afterwards, with the reasons. Only as many lines as are reported are kept.
#[derive(Default)]
struct LeftOut {
    lines: Vec<String>,
    more: usize,
}

impl LeftOut {
    fn add(&mut self, name: &str, why: &str) {
        match self.lines.len() < MOST_LEFT_OUT {
            true => self.lines.push(format!("{name} {why}")),
            false => self.more += 1,
        }
    }

    fn told(mut self) -> Vec<String> {
        if self.more > 0 {
            self.lines.push(format!(
                "{} more are no files, directories or links, or lead out",
                self.more
            ));
        }
        self.lines
    }
}

/// Returns a name in a form that is fit to be shown.
fn shown(name: &[u8]) -> String {
    // A character that is cut here is beyond the part that is shown.
    let start = name.get(..4 * LONGEST_SHOWN).unwrap_or(name);
    let text = Path::new(OsStr::from_bytes(start)).display().to_string();
    match text.char_indices().nth(LONGEST_SHOWN) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

/// Refuses archives that cannot be unpacked before anything is made.
fn inspect(archive: &File, stop: StopCheck<'_>) -> io::Result<()> {
    for entry in Archive::new(archive).entries_with_seek()?.raw(true) {
        goes_on(stop)?;
        let entry = entry?;
        let kind = entry.header().entry_type();
        let is_extension = kind.is_gnu_longname()
            || kind.is_gnu_longlink()
            || kind.is_pax_local_extensions()
            || kind.is_pax_global_extensions();
        if is_extension && entry.header().entry_size()? > LONGEST_EXTENSION {
            return Err(too_long());
        }
        if kind.is_gnu_sparse() {
            return Err(holes(&entry.path_bytes()));
        }
    }
    Ok(())
}

fn holes(name: &[u8]) -> io::Error {
    io::Error::other(format!(
        "the server sends a file with holes, which is not unpacked: {}",
        shown(name)
    ))
}

struct Tree<'a> {
    root: &'a OwnedFd,
    room: &'a mut DiskRoom,
    /// The permissions that the umask leaves.
    umask: u32,
    /// The last directory that something was put into, with the parts of its path from the root.
    last: Option<(Vec<OsString>, OwnedFd)>,
    /// The modes of directories. They are set last, since a read-only directory has to be filled first.
    modes: Vec<(PathBuf, u32, u64)>,
    /// The total length of the names in it, in bytes.
    names: usize,
    left_out: LeftOut,
    stop: StopCheck<'a>,
}

impl<'a> Tree<'a> {
    fn new(hidden: &'a Hidden<'_>, room: &'a mut DiskRoom, stop: StopCheck<'a>) -> io::Result<Self> {
        let root = hidden.directory();
        mkdirat(root, "umask", Mode::from_raw_mode(PERMISSIONS))?;
        let made = statat(root, "umask", AtFlags::SYMLINK_NOFOLLOW)?;
        unlinkat(root, "umask", AtFlags::REMOVEDIR)?;
        Ok(Self {
            root,
            room,
            umask: made.st_mode & PERMISSIONS,
            last: None,
            modes: Vec::new(),
            names: 0,
            left_out: LeftOut::default(),
            stop,
        })
    }

    fn add(&mut self, entry: &mut Entry<'_, Metered<'_>>) -> io::Result<()> {
        goes_on(self.stop)?;
        let kind = entry.header().entry_type();
        if kind == EntryType::XGlobalHeader {
            return Ok(());
        }
        let has_holes = entry.pax_extensions()?.is_some_and(|extensions| {
            let mut extensions = extensions.flatten();
            extensions.any(|extension| extension.key_bytes().starts_with(b"GNU.sparse"))
        });
        if has_holes {
            return Err(holes(&entry.path_bytes()));
        }
        let mut steps = steps(&entry.path_bytes())?;
        let mode = entry.header().mode()? & PERMISSIONS;
        let modified = entry.header().mtime()?;
        self.room.take_entry(self.root)?;
        if kind.is_dir() {
            return self.directory(&steps, mode, modified);
        }
        let shown = shown(&entry.path_bytes());
        let Some(name) = steps.pop() else {
            return Err(elsewhere(&shown));
        };
        match kind {
            EntryType::Regular | EntryType::Continuous => self.write(&steps, &name, entry, mode, modified),
            EntryType::Symlink | EntryType::Link => {
                let to = entry.link_name_bytes().unwrap_or_default().into_owned();
                match kind {
                    EntryType::Symlink => self.symlink((&steps, &name), &to, &shown),
                    _ => self.hard_link((&steps, &name), &to, &shown),
                }
            }
            _ => {
                self.left_out.add(&shown, "is no file, directory or link");
                Ok(())
            }
        }
    }

    /// Makes a directory; its mode and time are set last.
    fn directory(&mut self, steps: &[OsString], mode: u32, modified: u64) -> io::Result<()> {
        self.enter(steps)?;
        let name: PathBuf = steps.iter().collect();
        self.names += name.as_os_str().len();
        if self.modes.len() >= MOST_DIRECTORIES {
            return Err(io::Error::other("the server sends more than a million directories"));
        }
        if self.names > LONGEST_NAMES {
            let message = "the server sends directories whose names are longer than 128 MiB in all";
            return Err(io::Error::other(message));
        }
        self.modes.push((name, mode, modified));
        Ok(())
    }

    /// Makes a symbolic link, unless it leads out of the directory. `shown` is its path for messages.
    fn symlink(&mut self, (steps, name): (&[OsString], &OsStr), to: &[u8], shown: &str) -> io::Result<()> {
        if leads_out(steps.len(), to) {
            let why = format!("is a link that leads out of the directory, to {}", self::shown(to));
            self.left_out.add(shown, &why);
            return Ok(());
        }
        let parent = self.enter(steps)?;
        anew(parent, name, || symlinkat(OsStr::from_bytes(to), parent, name))
    }

    /// Makes another name for a file that was unpacked before.
    fn hard_link(&mut self, (steps, name): (&[OsString], &OsStr), to: &[u8], shown: &str) -> io::Result<()> {
        let mut to = self::steps(to)?;
        let Some(first) = to.pop() else {
            return Err(elsewhere(shown));
        };
        let from = self.enter(&to)?.try_clone_to_owned()?;
        let there = statat(&from, &first, AtFlags::SYMLINK_NOFOLLOW)?;
        if FileType::from_raw_mode(there.st_mode) != FileType::RegularFile {
            return Err(elsewhere(shown));
        }
        let parent = self.enter(steps)?;
        anew(parent, name, || linkat(&from, &first, parent, name, AtFlags::empty()))
    }

    fn write(
        &mut self,
        steps: &[OsString],
        name: &OsStr,
        entry: &mut Entry<'_, Metered<'_>>,
        mode: u32,
        modified: u64,
    ) -> io::Result<()> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let parent = self.enter(steps)?;
        let made = anew(parent, name, || openat(parent, name, flags, Mode::from_raw_mode(mode)))?;
        let size = entry.size();
        let file = File::from(made);
        let into = Roomy(&file, self.room);
        if io::copy(entry, &mut Stoppable(into, self.stop))? != size {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        set_time(file.as_fd(), modified)
    }

    /// Opens the directory with this path, and makes what is missing.
    fn enter(&mut self, steps: &[OsString]) -> io::Result<BorrowedFd<'_>> {
        if self.last.as_ref().is_none_or(|(last, _)| last != steps) {
            let mut directory = self.root.try_clone()?;
            for step in steps {
                match mkdirat(&directory, step, Mode::from_raw_mode(0o700)) {
                    Ok(()) => self.room.take_entry(self.root)?,
                    Err(Errno::EXIST) => {}
                    Err(error) => return Err(error.into()),
                }
                directory = open(directory.as_fd(), step)?;
            }
            self.last = Some((steps.to_vec(), directory));
        }
        Ok(self
            .last
            .as_ref()
            .map_or(self.root.as_fd(), |(_, directory)| directory.as_fd()))
    }

    /// Sets the modes of the directories, innermost first, and returns that of the root.
    fn set_modes(&mut self) -> io::Result<u32> {
        let mut own = self.umask;
        let mut modes = std::mem::take(&mut self.modes);
        sort::by_key(&mut modes, |(name, ..)| std::cmp::Reverse(name.components().count()));
        for (name, mode, modified) in modes {
            goes_on(self.stop)?;
            let mode = mode & self.umask;
            let steps: Vec<OsString> = name.iter().map(OsStr::to_owned).collect();
            if steps.is_empty() {
                own = mode;
                continue;
            }
            let directory = self.enter(&steps)?;
            set_time(directory, modified)?;
            fchmod(directory, Mode::from_raw_mode(mode))?;
            self.last = None;
        }
        Ok(own)
    }
}

/// Writes only what there is room for.
struct Roomy<'a>(&'a File, &'a mut DiskRoom);

impl Write for Roomy<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.1.take(self.0, bytes.len() as u64)?;
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Writes until it is stopped.
struct Stoppable<'a, W>(W, StopCheck<'a>);

impl<W: Write> Write for Stoppable<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        goes_on(self.1)?;
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Makes something in place of an earlier entry with the same name, unless that was a directory.
fn anew<T>(parent: BorrowedFd<'_>, name: &OsStr, make: impl Fn() -> rustix::io::Result<T>) -> io::Result<T> {
    match make() {
        Err(Errno::EXIST) => {
            unlinkat(parent, name, AtFlags::empty())?;
            Ok(make()?)
        }
        made => Ok(made?),
    }
}

/// Splits a name in an archive into its parts.
fn steps(name: &[u8]) -> io::Result<Vec<OsString>> {
    let mut steps = Vec::new();
    for step in Path::new(OsStr::from_bytes(name)).components() {
        match step {
            Component::Normal(step) => steps.push(step.to_owned()),
            Component::CurDir => {}
            _ => return Err(elsewhere(&shown(name))),
        }
    }
    if steps.len() > DEEPEST {
        return Err(io::Error::other(format!(
            "the server sends more than {DEEPEST} directories in each other"
        )));
    }
    Ok(steps)
}

fn elsewhere(name: &str) -> io::Error {
    io::Error::other(format!("the server sends a name that leads elsewhere: {name}"))
}

/// Returns true if a link at this depth of a directory can lead out of it. A `..` is safe only at the front, where no other link
/// comes before it.
fn leads_out(depth: usize, to: &[u8]) -> bool {
    let path = Path::new(OsStr::from_bytes(to));
    let up = path
        .components()
        .take_while(|step| *step == Component::ParentDir)
        .count();
    to.is_empty()
        || up > depth
        || path
            .components()
            .skip(up)
            .any(|step| !matches!(step, Component::Normal(_) | Component::CurDir))
}

fn set_time(file: BorrowedFd<'_>, modified: u64) -> io::Result<()> {
    let time = Timespec {
        tv_sec: i64::try_from(modified).unwrap_or_default(),
        tv_nsec: 0,
    };
    let times = Timestamps {
        last_access: time,
        last_modification: time,
    };
    Ok(futimens(file, &times)?)
}
