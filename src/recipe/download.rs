//! Files that come from servers: written beside their place while they come, and renamed when all went well.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use indexmap::IndexMap;

use crate::configuration::Server;
use crate::io_error::plain;
use crate::plan::{FILE_FOLLOWS, TAR_FOLLOWS, placeholders};

/// How much a login shell may say before the content begins.
const NOISE: usize = 64 * 1024;

/// The local files of one download, one for each server.
pub(super) struct Downloads {
    /// Where; placeholders still in it.
    to: PathBuf,
    arriving: RefCell<IndexMap<Server, Arriving>>,
}

/// What one server sends.
enum Arriving {
    /// Nothing of the content yet.
    Begin(Vec<u8>),
    Content {
        kind: Kind,
        file: File,
        beside: Beside,
    },
}

#[derive(Clone, Copy)]
enum Kind {
    File,
    Directory,
}

impl Downloads {
    pub(super) fn new(to: PathBuf) -> Self {
        Self {
            to,
            arriving: RefCell::default(),
        }
    }

    /// Where the file of a server goes.
    pub(super) fn place(&self, server: &Server) -> PathBuf {
        PathBuf::from(placeholders(&self.to.to_string_lossy(), server, &[]))
    }

    /// Takes bytes as they come; says once what is known of the content.
    pub(super) fn take(&self, server: &Server, bytes: &[u8]) -> Result<Option<Begun>, String> {
        let to = self.place(server);
        let mut all = self.arriving.borrow_mut();
        let arriving = all.entry(server.clone()).or_insert_with(|| Arriving::Begin(Vec::new()));
        arriving
            .take(&to, bytes)
            .map_err(|error| format!("cannot write {}: {}", to.display(), plain(&error)))
    }

    /// Puts everything that came into its place, but what came from `failed`.
    pub(super) fn keep(&self, failed: &[&Server]) -> Kept {
        let mut kept = Kept::default();
        for (server, arriving) in self.arriving.borrow_mut().drain(..) {
            if failed.contains(&&server) {
                continue;
            }
            let to = self.place(&server);
            if let Err(error) = arriving.keep(&to, &mut kept.left_out) {
                kept.errors
                    .push(format!("{server}: cannot write {}: {}", to.display(), plain(&error)));
            }
        }
        kept
    }
}

/// The content has begun.
pub(super) struct Begun {
    /// So many bytes came before it.
    pub(super) before: u64,
    /// So many it has.
    pub(super) total: Option<u64>,
}

/// What became of what came.
#[derive(Default)]
pub(super) struct Kept {
    /// Entries that are no file, directory or link.
    pub(super) left_out: Vec<String>,
    pub(super) errors: Vec<String>,
}

impl Arriving {
    fn take(&mut self, to: &Path, bytes: &[u8]) -> io::Result<Option<Begun>> {
        match self {
            Self::Content { file, .. } => file.write_all(bytes).map(|()| None),
            Self::Begin(seen) => {
                seen.extend_from_slice(bytes);
                let Some((kind, total, rest)) = begin(seen) else {
                    if seen.len() > NOISE {
                        return Err(io::Error::other("the server sends something else"));
                    }
                    return Ok(None);
                };
                if matches!(kind, Kind::File) && to.is_dir() {
                    return Err(io::ErrorKind::IsADirectory.into());
                }
                let begun = Begun {
                    before: (seen.len() - rest.len()) as u64,
                    total,
                };
                let (beside, mut file) = Beside::file(to)?;
                file.write_all(rest)?;
                *self = Self::Content { kind, file, beside };
                Ok(Some(begun))
            }
        }
    }

    fn keep(self, to: &Path, left_out: &mut Vec<String>) -> io::Result<()> {
        let Self::Content { kind, file, beside } = self else {
            return Err(io::Error::other("the server sent nothing"));
        };
        match kind {
            Kind::File => {
                // A link stays a link, and a file keeps its permissions.
                let target = to.canonicalize().unwrap_or_else(|_| to.to_owned());
                if let Ok(metadata) = target.metadata() {
                    file.set_permissions(metadata.permissions())?;
                }
                drop(file);
                std::fs::rename(&beside.0, target)
            }
            Kind::Directory => {
                drop(file);
                unpack(File::open(&beside.0)?, to, left_out)
            }
        }
    }
}

/// What comes, how much of it where that is said, and its beginning: once a mark is there.
fn begin(seen: &[u8]) -> Option<(Kind, Option<u64>, &[u8])> {
    if let Some(rest) = after(seen, FILE_FOLLOWS) {
        let end = rest.iter().position(|byte| *byte == b'\n')?;
        let (total, rest) = rest.split_at_checked(end)?;
        let total = std::str::from_utf8(total).ok().and_then(|total| total.parse().ok());
        // Files of the kernel say that they are empty.
        return Some((Kind::File, total.filter(|total| *total > 0), rest.get(1..)?));
    }
    Some((Kind::Directory, None, after(seen, TAR_FOLLOWS)?))
}

/// What stands behind `mark`.
fn after<'a>(seen: &'a [u8], mark: &[u8]) -> Option<&'a [u8]> {
    let place = seen.windows(mark.len()).position(|window| window == mark)?;
    seen.get(place + mark.len()..)
}

/// Unpacks an archive beside `to`, then renames it, or moves what is in it into the directory that is there. Whatever the
/// names in the archive are, nothing is written outside.
fn unpack(file: File, to: &Path, left_out: &mut Vec<String>) -> io::Result<()> {
    // `to.` would be another place for the names beside it.
    let to: PathBuf = to.components().collect();
    let beside = Beside::directory(&to)?;
    let mut archive = tar::Archive::new(file);
    archive.set_preserve_permissions(false);
    // Last, since one that must not be written to is to be filled first.
    let mut directories = Vec::new();
    for entry in archive.entries()? {
        let mut entry = entry?;
        let kind = entry.header().entry_type();
        if kind.is_dir() {
            directories.push(entry);
        } else if kind.is_fifo() || kind.is_character_special() || kind.is_block_special() {
            left_out.push(entry.path()?.display().to_string());
        } else {
            unpack_entry(&mut entry, &beside.0)?;
        }
    }
    directories.sort_by(|one, other| other.path_bytes().cmp(&one.path_bytes()));
    for mut directory in directories {
        unpack_entry(&mut directory, &beside.0)?;
    }
    match std::fs::symlink_metadata(&to) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => std::fs::rename(&beside.0, &to),
        _ => merge(&beside.0, &to),
    }
}

fn unpack_entry(entry: &mut tar::Entry<'_, File>, into: &Path) -> io::Result<()> {
    let path = entry.path()?.into_owned();
    if path.is_absolute() || !entry.unpack_in(into)? {
        let error = format!("the server sends a name that leads elsewhere: {}", path.display());
        return Err(io::Error::other(error));
    }
    Ok(())
}

/// Moves what is in one directory into another one. A link there is replaced or in the way, never followed.
fn merge(from: &Path, into: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = into.join(entry.file_name());
        let is_there = std::fs::symlink_metadata(&target).is_ok_and(|there| there.is_dir());
        if is_there && entry.file_type()?.is_dir() {
            merge(&entry.path(), &target)?;
        } else {
            let moved = std::fs::rename(entry.path(), &target);
            moved.map_err(|error| io::Error::new(error.kind(), format!("{}: {}", target.display(), plain(&error))))?;
        }
    }
    Ok(())
}

/// A new file or directory in the directory of another one; removed in the end if it is still there.
struct Beside(PathBuf);

impl Beside {
    fn file(to: &Path) -> io::Result<(Self, File)> {
        Self::create(to, |path| File::options().write(true).create_new(true).open(path))
    }

    fn directory(to: &Path) -> io::Result<Self> {
        Self::create(to, |path| std::fs::create_dir(path)).map(|(beside, ())| beside)
    }

    fn create<T>(to: &Path, make: impl Fn(&Path) -> io::Result<T>) -> io::Result<(Self, T)> {
        let directory = match to.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        std::fs::create_dir_all(directory)?;
        for number in 0..u32::MAX {
            let path = directory.join(format!(".capr.{}.{number}", std::process::id()));
            match make(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                made => return made.map(|made| (Self(path), made)),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        if std::fs::remove_file(&self.0).is_err() {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }
}
