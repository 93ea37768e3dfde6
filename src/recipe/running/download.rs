//! Files from servers: they are written beside their place while they arrive, and renamed when everything has succeeded.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use indexmap::IndexMap;
use thiserror::Error;

use super::trial::Trial;
use crate::configuration::Server;
use crate::diagnostic::{Diagnostic, Fault};
use crate::io_error::plain;
use crate::place::{DiskRoom, New, Place, StopCheck, unpack};
use crate::plan::{FILE_FOLLOWS, Mode, TAR_FOLLOWS, placeholders};
use crate::source::files_of_archive;

/// The most that a login shell may print before the content begins, in bytes.
const NOISE: usize = 64 * 1024;

/// The mode of a file if the server does not tell it.
const CLOSED: u32 = 0o600;

/// The error for a server that ends without sending anything.
const NOTHING: &str = "the server sent nothing";

/// The local files of one download, one for each server.
pub(in crate::recipe) struct Downloads {
    /// The local path as the recipe writes it …
    said: String,
    /// … and from the top, with its placeholders.
    to: PathBuf,
    /// True if the server may send a directory.
    directories: bool,
    /// The mode that the recipe wants for a file.
    mode: Option<Mode>,
    /// The test that keeps the files in memory; nothing is written to the disk.
    memory: Option<Trial>,
    arriving: RefCell<IndexMap<Server, Arriving>>,
}

/// The state of what one server sends.
enum Arriving {
    /// The bytes before the content has begun.
    Begin(Vec<u8>),
    Content(Content),
}

/// The content that a server sends, and its place.
struct Content {
    place: Rc<Place>,
    /// The bytes that have arrived, in a file beside the place; an archive's file has no name.
    file: File,
    kind: Kind,
    room: DiskRoom,
}

enum Kind {
    /// A file; `source` is its mode on the server.
    File {
        new: New,
        source: u32,
    },
    Directory,
}

impl Downloads {
    pub(in crate::recipe) fn new(said: &str, to: PathBuf, directories: bool, mode: Option<Mode>) -> Self {
        Self {
            said: said.to_owned(),
            to,
            directories,
            mode,
            memory: None,
            arriving: RefCell::default(),
        }
    }

    /// Lets a test with scripted servers keep the files.
    pub(in crate::recipe) fn kept_by(mut self, trial: Option<&Trial>) -> Self {
        self.memory = trial.filter(|trial| trial.servers().is_some()).cloned();
        self
    }

    /// Notes that these servers send something, if a test keeps the files: a scripted server that sends nothing is an error as in a
    /// real run. A dry run has no such servers.
    pub(in crate::recipe) fn expect<'a>(&self, servers: impl Iterator<Item = &'a Server>) {
        if self.memory.is_some() {
            let nothing = servers.map(|server| (server.clone(), Arriving::Begin(Vec::new())));
            self.arriving.borrow_mut().extend(nothing);
        }
    }

    /// Returns the path for the file of a server.
    pub(in crate::recipe) fn place(&self, server: &Server) -> PathBuf {
        PathBuf::from(placeholders(&self.to.to_string_lossy(), server, &[]))
    }

    /// Takes bytes as they arrive. Returns the facts about the content once, when it begins.
    pub(in crate::recipe) fn take(&self, server: &Server, bytes: &[u8]) -> Result<Option<ContentBegun>, NotWritten> {
        let to = self.place(server);
        let mut all = self.arriving.borrow_mut();
        let arriving = all.entry(server.clone()).or_insert_with(|| Arriving::Begin(Vec::new()));
        if let (Some(_), Arriving::Begin(seen)) = (&self.memory, &mut *arriving) {
            seen.extend_from_slice(bytes);
            return Ok(None);
        }
        arriving
            .take(&to, self.directories, self.mode.as_ref(), bytes)
            .map_err(|cause| NotWritten { to, cause })
    }

    /// Puts everything that has arrived into its place, except the files of servers that `failed`, and those that are left when
    /// it has to stop.
    pub(in crate::recipe) fn keep(&self, failed: &[&Server], stop: StopCheck<'_>) -> Kept {
        let mut kept = Kept::default();
        for (server, arriving) in self.arriving.borrow_mut().drain(..) {
            if failed.contains(&&server) || stop() {
                continue;
            }
            let result = match (&self.memory, arriving) {
                (Some(trial), Arriving::Begin(seen)) => self.remember(trial, &self.place(&server), &seen),
                (_, arriving) => arriving.keep(self.mode.as_ref(), stop),
            };
            match result {
                Ok(left_out) => kept.left_out.extend(left_out),
                Err(cause) => {
                    let to = self.place(&server);
                    kept.errors.push((server, NotWritten { to, cause }));
                }
            }
        }
        kept
    }

    /// Gives a test what a server has sent.
    fn remember(&self, trial: &Trial, to: &Path, seen: &[u8]) -> io::Result<Vec<String>> {
        let Some((head, content)) = begin(seen) else {
            return Err(io::Error::other(NOTHING));
        };
        head.refuse(self.directories, self.mode.as_ref())?;
        let files = match head {
            Head::File { .. } => vec![(to.to_owned(), content.to_vec())],
            Head::Directory => {
                let files = files_of_archive(content).into_iter();
                files.map(|(path, content)| (to.join(path), content)).collect()
            }
        };
        for (path, content) in files {
            trial.write(path, &String::from_utf8_lossy(&content));
        }
        Ok(Vec::new())
    }
}

/// The reason why a local file was not written.
#[derive(Debug, Error)]
#[error("cannot write {}: {}", to.display(), plain(cause))]
pub(in crate::recipe) struct NotWritten {
    to: PathBuf,
    #[source]
    cause: io::Error,
}

/// Returns the error of downloads in which two servers would write one file; each server is given with its own files.
pub(in crate::recipe) fn written_twice<'a>(
    all: impl Iterator<Item = (&'a Server, &'a Downloads)>,
) -> Option<Diagnostic> {
    let mut places: HashMap<PathBuf, &Server> = HashMap::new();
    for (server, downloads) in all {
        if let Some(other) = places.insert(downloads.place(server), server) {
            let message = format!("{other} and {server} would both be written to `{}'", downloads.said);
            let hint = "`$CAPISTRANO:HOST$' in the local name stands for each server's host name";
            return Some(Diagnostic::new(Fault::Recipe, message).hint(hint));
        }
    }
    None
}

/// The facts about content that has begun.
pub(in crate::recipe) struct ContentBegun {
    /// The number of bytes that came before it.
    pub(in crate::recipe) before: u64,
    /// The size of the content, if it is known.
    pub(in crate::recipe) total: Option<u64>,
}

/// The result of putting files into their places.
#[derive(Default)]
pub(in crate::recipe) struct Kept {
    /// The parts of directories that were left out, with the reasons.
    pub(in crate::recipe) left_out: Vec<String>,
    pub(in crate::recipe) errors: Vec<(Server, NotWritten)>,
}

impl Arriving {
    fn take(
        &mut self,
        to: &Path,
        directories: bool,
        mode: Option<&Mode>,
        bytes: &[u8],
    ) -> io::Result<Option<ContentBegun>> {
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
                head.refuse(directories, mode)?;
                let begun = ContentBegun {
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

    fn keep(self, mode: Option<&Mode>, stop: StopCheck<'_>) -> io::Result<Vec<String>> {
        let Self::Content(mut content) = self else {
            return Err(io::Error::other(NOTHING));
        };
        match content.kind {
            Kind::File { new, source } => new.keep(&content.file, source, mode).map(|()| Vec::new()),
            Kind::Directory => unpack(content.file, &content.place, &mut content.room, stop),
        }
    }
}

impl Content {
    /// Starts to receive content. `is_closed` keeps others from reading the file until it has the mode that the recipe wants.
    fn begin(to: &Path, head: &Head, is_closed: bool) -> io::Result<Self> {
        let place = Rc::new(Place::of(to)?);
        let room = DiskRoom::default();
        let (file, kind) = match head {
            Head::File { total, mode } => {
                place.takes_file()?;
                let source = mode.unwrap_or(CLOSED);
                let (new, file) = place.create(if is_closed { CLOSED } else { source })?;
                room.expect(&file, total.unwrap_or(0))?;
                (file, Kind::File { new, source })
            }
            // The file of the archive loses its name at once.
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

/// The facts in front of the content, as far as they are known.
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

    /// Returns an error where the recipe does not take a directory.
    fn refuse(&self, directories: bool, mode: Option<&Mode>) -> io::Result<()> {
        let message = match self {
            Self::Directory if !directories => "the server sends a directory, and `recursive' is false",
            Self::Directory if mode.is_some() => "`mode' is for a file; the files of a directory keep their own",
            _ => return Ok(()),
        };
        Err(io::Error::other(message))
    }
}

/// Returns the facts about the content and its first bytes, once a mark has arrived.
fn begin(seen: &[u8]) -> Option<(Head, &[u8])> {
    if let Some(rest) = after(seen, FILE_FOLLOWS) {
        let end = rest.iter().position(|byte| *byte == b'\n')?;
        let (said, rest) = rest.split_at_checked(end)?;
        let mut said = std::str::from_utf8(said).unwrap_or_default().split(' ');
        // Files of the kernel claim to be empty.
        let total = said
            .next()
            .and_then(|total| total.parse().ok())
            .filter(|total| *total > 0);
        let mode = said.next().and_then(|mode| u32::from_str_radix(mode, 8).ok());
        return Some((Head::File { total, mode }, rest.get(1..)?));
    }
    Some((Head::Directory, after(seen, TAR_FOLLOWS)?))
}

/// Returns the bytes after `mark`.
fn after<'a>(seen: &'a [u8], mark: &[u8]) -> Option<&'a [u8]> {
    let place = seen.windows(mark.len()).position(|window| window == mark)?;
    seen.get(place + mark.len()..)
}
