//! The directory of journals: it decides about their names, which of them belong to a recipe, and how many are kept.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use rustix::process::geteuid;
use sha2::{Digest as _, Sha256};

use super::book::Book;
use super::half_done::HalfDone;
use super::record::{Head, Record, VERSION};

/// The number of journals that are kept for a recipe.
const KEPT: usize = 20;
/// The file ending for a run that has not ended in order.
const OPEN: &str = "open";
/// The file ending for a run that has ended in order.
const ENDED: &str = "ended";

/// The journals of one recipe.
#[derive(Clone, Debug)]
pub struct Shelf {
    directory: PathBuf,
    /// The beginning of the names of its journals.
    prefix: String,
}

/// A run that died, or whose rollback is not complete.
#[derive(Debug)]
pub struct Unfinished {
    path: PathBuf,
    /// The run as it was asked for.
    pub head: Head,
    /// The work that it had done.
    pub half_done: HalfDone,
}

/// A journal that only this process may continue.
#[derive(Debug)]
pub struct Taken {
    pub(super) book: Book,
    /// The run as it was asked for.
    pub head: Head,
    /// The work that it had done.
    pub half_done: HalfDone,
}

impl Shelf {
    /// Returns the shelf of a recipe, below the directory where a user's programs keep their state.
    pub fn of(state: &Path, recipe: &Path) -> Self {
        let whole = fs::canonicalize(recipe).unwrap_or_else(|_| recipe.to_owned());
        let digest = digest(whole.as_os_str().as_encoded_bytes());
        Self {
            directory: state.join("capr/journal"),
            prefix: format!("{}-", digest.get(..16).unwrap_or_default()),
        }
    }

    /// Makes a new journal, which is not synced yet. Old ones are removed if there are many.
    pub(super) fn begin(&self, run: &str) -> io::Result<Book> {
        let mut builder = DirBuilder::new();
        builder.recursive(true).mode(0o700).create(&self.directory)?;
        let there = fs::symlink_metadata(&self.directory)?;
        if there.uid() != geteuid().as_raw() {
            return Err(io::Error::other("the directory belongs to another user"));
        }
        if there.mode() & 0o077 != 0 {
            fs::set_permissions(&self.directory, fs::Permissions::from_mode(0o700))?;
        }
        self.prune();
        let now = jiff::Timestamp::now().as_millisecond();
        let path = self.directory.join(format!("{}{now:015}-{run}.{OPEN}", self.prefix));
        Book::create(&path)
    }

    /// Marks a journal as that of a run that has ended in order.
    pub(super) fn end(book: &mut Book) -> io::Result<()> {
        book.close()?;
        let path = book.path().with_extension(ENDED);
        book.rename(&path)
    }

    /// Returns all journals of this recipe with this file ending, newest first.
    fn named(&self, ending: &str) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(&self.directory) else {
            return Vec::new();
        };
        let is_named = |path: &PathBuf| {
            let name = path.file_name().and_then(|name| name.to_str());
            name.is_some_and(|name| name.starts_with(&self.prefix))
                && path.extension().is_some_and(|extension| extension == ending)
        };
        let mut found: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(is_named).collect();
        crate::sort::by(&mut found, Ord::cmp);
        found.reverse();
        found
    }

    /// Removes the oldest journals, first those of runs that have ended in order.
    fn prune(&self) {
        let open = self.named(OPEN);
        let ended = self.named(ENDED);
        let room = KEPT.saturating_sub(open.len()).max(1);
        let old = ended.iter().skip(room).chain(open.iter().skip(KEPT));
        for path in old {
            // Journals that another process is working on stay.
            if let Ok(Some(_)) = Book::open(path) {
                let _ = fs::remove_file(path);
            }
        }
    }

    /// Returns the runs that nobody is continuing, newest first. A run that has only read is left out, and so is one whose
    /// journal cannot be read.
    pub fn unfinished(&self) -> Vec<Unfinished> {
        let mut found = Vec::new();
        for path in self.named(OPEN) {
            let Ok(Some(book)) = Book::open(&path) else { continue };
            match read(&book) {
                Ok(Some((head, half_done))) if half_done.has_changed() => {
                    found.push(Unfinished { path, head, half_done })
                }
                // The run has left nothing half done.
                Ok(Some(_)) => drop(fs::remove_file(&path)),
                _ => {}
            }
        }
        found
    }

    /// Returns the processes that are working on runs of this recipe now.
    pub fn running(&self) -> Vec<u32> {
        let is_taken = |path: &PathBuf| matches!(Book::open(path), Ok(None));
        let taken = self.named(OPEN).into_iter().filter(is_taken);
        taken.filter_map(|path| HalfDone::process_of(&path)).collect()
    }
}

impl Unfinished {
    /// Takes the journal, so that nobody else continues it; `None` if somebody was faster.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub fn take(self) -> io::Result<Option<Taken>> {
        let book = match Book::open(&self.path) {
            Ok(Some(book)) => book,
            Ok(None) => return Ok(None),
            // Somebody has finished the run meanwhile.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        // The run may have continued since the journal was read.
        Ok(read(&book)?.map(|(head, half_done)| Taken { book, head, half_done }))
    }

    /// Marks the run as ended, so that it is not reported any more. Returns false if somebody is working on it.
    ///
    /// # Errors
    ///
    /// When that cannot be written.
    pub fn forget(self) -> io::Result<bool> {
        match Book::open(&self.path)? {
            Some(mut book) => Shelf::end(&mut book).map(|()| true),
            None => Ok(false),
        }
    }
}

/// Reads a journal; `None` if it has another format or is not a journal.
pub(super) fn read(book: &Book) -> io::Result<Option<(Head, HalfDone)>> {
    let mut lines = book.lines()?;
    let mut line = Vec::new();
    if !lines.next_line(&mut line)? {
        return Ok(None);
    }
    let Ok(mut head) = serde_json::from_slice::<Head>(&line) else {
        return Ok(None);
    };
    if head.version != VERSION {
        return Ok(None);
    }
    let mut half_done = HalfDone::new(&head);
    while lines.at() < book.end() && lines.next_line(&mut line)? {
        match serde_json::from_slice(&line) {
            Ok(Record::Texts { texts }) => head.texts = texts,
            Ok(record) => half_done.add(record),
            Err(_) => {}
        }
    }
    Ok(Some((head, half_done)))
}

/// Returns a digest as hexadecimal digits.
pub(super) fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
