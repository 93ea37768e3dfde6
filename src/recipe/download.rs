//! Files that come from servers: written beside their place while they come, and renamed when all went well.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use indexmap::IndexMap;

use crate::configuration::Server;
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

    /// Takes bytes as they come.
    pub(super) fn take(&self, server: &Server, bytes: &[u8]) -> Result<(), String> {
        let to = self.place(server);
        let mut all = self.arriving.borrow_mut();
        let arriving = all.entry(server.clone()).or_insert_with(|| Arriving::Begin(Vec::new()));
        arriving
            .take(&to, bytes)
            .map_err(|error| format!("cannot write {}: {error}", to.display()))
    }

    /// Puts everything that came into its place, but what came from `failed`.
    pub(super) fn keep(&self, failed: &[&Server]) -> Result<(), String> {
        let mut result = Ok(());
        for (server, arriving) in self.arriving.borrow_mut().drain(..) {
            if failed.contains(&&server) {
                continue;
            }
            let to = self.place(&server);
            let kept = arriving
                .keep(&to)
                .map_err(|error| format!("cannot write {}: {error}", to.display()));
            result = result.and(kept);
        }
        result
    }
}

impl Arriving {
    fn take(&mut self, to: &Path, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Content { file, .. } => file.write_all(bytes),
            Self::Begin(seen) => {
                seen.extend_from_slice(bytes);
                let file = after(seen, FILE_FOLLOWS).map(|rest| (Kind::File, rest));
                let Some((kind, rest)) = file.or_else(|| after(seen, TAR_FOLLOWS).map(|rest| (Kind::Directory, rest)))
                else {
                    if seen.len() > NOISE {
                        return Err(io::Error::other("the server sends something else"));
                    }
                    return Ok(());
                };
                if matches!(kind, Kind::File) && to.is_dir() {
                    return Err(io::ErrorKind::IsADirectory.into());
                }
                let (beside, mut file) = Beside::create(to)?;
                file.write_all(rest)?;
                *self = Self::Content { kind, file, beside };
                Ok(())
            }
        }
    }

    fn keep(self, to: &Path) -> io::Result<()> {
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
                std::fs::create_dir_all(to)?;
                let mut archive = tar::Archive::new(File::open(&beside.0)?);
                archive.set_preserve_permissions(false);
                archive.unpack(to)
            }
        }
    }
}

/// What stands behind `mark`.
fn after<'a>(seen: &'a [u8], mark: &[u8]) -> Option<&'a [u8]> {
    let place = seen.windows(mark.len()).position(|window| window == mark)?;
    seen.get(place + mark.len()..)
}

/// A new file in the directory of another one; removed in the end if it is still there.
struct Beside(PathBuf);

impl Beside {
    fn create(to: &Path) -> io::Result<(Self, File)> {
        let directory = match to.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        std::fs::create_dir_all(directory)?;
        for number in 0..u32::MAX {
            let path = directory.join(format!(".capr.{}.{number}", std::process::id()));
            match File::options().write(true).create_new(true).open(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                opened => return opened.map(|file| (Self(path), file)),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}
