//! Files that come from servers: written beside their place while they come, and renamed when all went well.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use indexmap::IndexMap;

use crate::configuration::Server;
use crate::io_error::plain;
use crate::place::{New, Place, Room, Stop, unpack};
use crate::plan::{FILE_FOLLOWS, Mode, TAR_FOLLOWS, placeholders};

/// How much a login shell may say before the content begins.
const NOISE: usize = 64 * 1024;

/// A server may not say what mode a file has.
const CLOSED: u32 = 0o600;

/// The local files of one download, one for each server.
pub(in crate::recipe) struct Downloads {
    /// Where; placeholders still in it.
    to: PathBuf,
    /// Whether a directory may come.
    directories: bool,
    /// What the recipe wants a file to have.
    mode: Option<Mode>,
    arriving: RefCell<IndexMap<Server, Arriving>>,
}

/// What one server sends.
enum Arriving {
    /// Nothing of the content yet.
    Begin(Vec<u8>),
    Content(Content),
}

/// What comes, and where it goes.
struct Content {
    place: Rc<Place>,
    /// What has come, beside the place; without a name where it is an archive.
    file: File,
    kind: Kind,
    room: Room,
}

enum Kind {
    /// `source`: the mode of the file on the server.
    File {
        new: New,
        source: u32,
    },
    Directory,
}

impl Downloads {
    pub(in crate::recipe) fn new(to: PathBuf, directories: bool, mode: Option<Mode>) -> Self {
        Self {
            to,
            directories,
            mode,
            arriving: RefCell::default(),
        }
    }

    /// Where the file of a server goes.
    pub(in crate::recipe) fn place(&self, server: &Server) -> PathBuf {
        PathBuf::from(placeholders(&self.to.to_string_lossy(), server, &[]))
    }

    /// Takes bytes as they come; says once what is known of the content.
    pub(in crate::recipe) fn take(&self, server: &Server, bytes: &[u8]) -> Result<Option<Begun>, String> {
        let to = self.place(server);
        let mut all = self.arriving.borrow_mut();
        let arriving = all.entry(server.clone()).or_insert_with(|| Arriving::Begin(Vec::new()));
        arriving
            .take(&to, self.directories, self.mode.as_ref(), bytes)
            .map_err(|error| format!("cannot write {}: {}", to.display(), plain(&error)))
    }

    /// Puts everything that came into its place, but what came from `failed`, and what is not there yet when it is to stop.
    pub(in crate::recipe) fn keep(&self, failed: &[&Server], stop: Stop<'_>) -> Kept {
        let mut kept = Kept::default();
        for (server, arriving) in self.arriving.borrow_mut().drain(..) {
            if failed.contains(&&server) || stop() {
                continue;
            }
            match arriving.keep(self.mode.as_ref(), stop) {
                Ok(left_out) => kept.left_out.extend(left_out),
                Err(error) => {
                    let to = self.place(&server);
                    kept.errors
                        .push(format!("{server}: cannot write {}: {}", to.display(), plain(&error)));
                }
            }
        }
        kept
    }
}

/// The content has begun.
pub(in crate::recipe) struct Begun {
    /// So many bytes came before it.
    pub(in crate::recipe) before: u64,
    /// So many it has.
    pub(in crate::recipe) total: Option<u64>,
}

/// What became of what came.
#[derive(Default)]
pub(in crate::recipe) struct Kept {
    /// What of a directory is not there, and why.
    pub(in crate::recipe) left_out: Vec<String>,
    pub(in crate::recipe) errors: Vec<String>,
}

impl Arriving {
    fn take(&mut self, to: &Path, directories: bool, mode: Option<&Mode>, bytes: &[u8]) -> io::Result<Option<Begun>> {
        match self {
            Self::Content(content) => content.write(bytes).map(|()| None),
            Self::Begin(seen) => {
                seen.extend_from_slice(bytes);
                let Some((head, rest)) = begin(seen) else {
                    if seen.len() > NOISE {
                        return Err(io::Error::other("the server sends something else"));
                    }
                    return Ok(None);
                };
                if !directories && matches!(head, Head::Directory) {
                    return Err(io::Error::other(
                        "the server sends a directory, and `recursive' is false",
                    ));
                }
                if mode.is_some() && matches!(head, Head::Directory) {
                    let message = "`mode' is for a file; the files of a directory keep their own";
                    return Err(io::Error::other(message));
                }
                let begun = Begun {
                    before: (seen.len() - rest.len()) as u64,
                    total: head.total(),
                };
                let mut content = Content::begin(to, &head, mode.is_some())?;
                content.write(rest)?;
                *self = Self::Content(content);
                Ok(Some(begun))
            }
        }
    }

    fn keep(self, mode: Option<&Mode>, stop: Stop<'_>) -> io::Result<Vec<String>> {
        let Self::Content(mut content) = self else {
            return Err(io::Error::other("the server sent nothing"));
        };
        match content.kind {
            Kind::File { new, source } => new.keep(&content.file, source, mode).map(|()| Vec::new()),
            Kind::Directory => unpack(content.file, &content.place, &mut content.room, stop),
        }
    }
}

impl Content {
    /// `is_closed`: nobody else may read it until it has the mode that the recipe wants.
    fn begin(to: &Path, head: &Head, is_closed: bool) -> io::Result<Self> {
        let place = Rc::new(Place::of(to)?);
        let room = Room::default();
        let (file, kind) = match head {
            Head::File { total, mode } => {
                place.takes_file()?;
                let source = mode.unwrap_or(CLOSED);
                let (new, file) = place.create(if is_closed { CLOSED } else { source })?;
                room.expect(&file, total.unwrap_or(0))?;
                (file, Kind::File { new, source })
            }
            // The archive loses its name at once.
            Head::Directory => (place.create(CLOSED)?.1, Kind::Directory),
        };
        Ok(Self {
            place,
            file,
            kind,
            room,
        })
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.room.take(&self.file, bytes.len() as u64)?;
        self.file.write_all(bytes)
    }
}

/// What is said of the content in front of it, where it is known.
enum Head {
    File { total: Option<u64>, mode: Option<u32> },
    Directory,
}

impl Head {
    fn total(&self) -> Option<u64> {
        match self {
            Self::File { total, .. } => *total,
            Self::Directory => None,
        }
    }
}

/// What comes, and its beginning: once a mark is there.
fn begin(seen: &[u8]) -> Option<(Head, &[u8])> {
    if let Some(rest) = after(seen, FILE_FOLLOWS) {
        let end = rest.iter().position(|byte| *byte == b'\n')?;
        let (said, rest) = rest.split_at_checked(end)?;
        let mut said = std::str::from_utf8(said).unwrap_or_default().split(' ');
        // Files of the kernel say that they are empty.
        let total = said
            .next()
            .and_then(|total| total.parse().ok())
            .filter(|total| *total > 0);
        let mode = said.next().and_then(|mode| u32::from_str_radix(mode, 8).ok());
        return Some((Head::File { total, mode }, rest.get(1..)?));
    }
    Some((Head::Directory, after(seen, TAR_FOLLOWS)?))
}

/// What stands behind `mark`.
fn after<'a>(seen: &'a [u8], mark: &[u8]) -> Option<&'a [u8]> {
    let place = seen.windows(mark.len()).position(|window| window == mark)?;
    seen.get(place + mark.len()..)
}
