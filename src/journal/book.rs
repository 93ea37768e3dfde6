//! The file of a journal. It is written record by record, and space for the next records is reserved in advance.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::Builder;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, OFlags, flock};
use rustix::process::geteuid;

/// The number of bytes that are reserved at once. A full disk is noticed before something is done, and a record that does not
/// make the file longer is synced quickly.
const RESERVED: u64 = 64 << 10;

/// The time for which records wait for the next sync of the run, which covers them: a sync of their own would hold it up.
const SOON: Duration = Duration::from_millis(50);

/// A journal's file with its lock, so that only this process writes it.
#[derive(Debug)]
pub(super) struct Book {
    path: PathBuf,
    file: File,
    /// The place for the next record.
    end: u64,
    reserved: u64,
    syncer: Option<Sender<Told>>,
}

/// A message to the thread that syncs records while the recipe continues.
#[derive(Debug, PartialEq, Eq)]
enum Told {
    /// There are records to be synced.
    Soon,
    /// The run syncs all records that there are.
    Covered,
}

impl Book {
    /// Makes a new file.
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)?;
        let book = Self::locked(path, file)?.ok_or(io::ErrorKind::WouldBlock)?;
        Ok(book)
    }

    /// Opens an existing file; `None` if another process has it. The part of a record that a power cut has left is not read.
    pub(super) fn open(path: &Path) -> io::Result<Option<Self>> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(OFlags::NOFOLLOW.bits().cast_signed())
            .open(path)?;
        crate::regular::check(&file)?;
        let there = file.metadata()?;
        // Its records are believed, so nobody else may be able to write them.
        if there.uid() != geteuid().as_raw() || there.mode() & 0o022 != 0 {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, "others can write it"));
        }
        let Some(mut book) = Self::locked(path, file)? else {
            return Ok(None);
        };
        book.reserved = book.file.metadata()?.len();
        let mut lines = book.lines()?;
        let mut line = Vec::new();
        while lines.next_line(&mut line)? {}
        book.end = lines.at;
        Ok(Some(book))
    }

    fn locked(path: &Path, file: File) -> io::Result<Option<Self>> {
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(Self {
                path: path.to_owned(),
                file,
                end: 0,
                reserved: 0,
                syncer: None,
            })),
            Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Returns all records from the first on.
    pub(super) fn lines(&self) -> io::Result<Lines> {
        let mut file = OpenOptions::new().read(true).open(&self.path)?;
        file.seek(SeekFrom::Start(0))?;
        Ok(Lines {
            reader: BufReader::new(file),
            at: 0,
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// Writes one or more records, each of which ends in `
    /// `.
    pub(super) fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        let needed = self.end + lines.len() as u64;
        if needed > self.reserved {
            self.reserve(needed)?;
        }
        self.file.write_all_at(lines, self.end)?;
        self.end = needed;
        Ok(())
    }

    /// Writes zeros after the records, so that there is room for the next ones. The next sync covers the new length.
    fn reserve(&mut self, needed: u64) -> io::Result<()> {
        let until = needed.next_multiple_of(RESERVED) + RESERVED;
        let zeros = vec![0; 64 << 10];
        let mut at = self.reserved;
        while at < until {
            let length = usize::try_from(until - at).unwrap_or(zeros.len()).min(zeros.len());
            self.file.write_all_at(zeros.get(..length).unwrap_or_default(), at)?;
            at += length as u64;
        }
        self.reserved = until;
        Ok(())
    }

    /// Waits until all records would survive a power cut.
    pub(super) fn sync(&self) -> io::Result<()> {
        if let Some(syncer) = &self.syncer {
            let _ = syncer.send(Told::Covered);
        }
        self.file.sync_data()
    }

    /// Replaces all of the content.
    pub(super) fn rewrite(&mut self, write: &mut dyn FnMut(&mut Book) -> io::Result<()>) -> io::Result<()> {
        let beside = self.path.with_extension("new");
        // A killed process may have left such a file.
        let _ = std::fs::remove_file(&beside);
        let mut book = Self::create(&beside)?;
        write(&mut book)?;
        book.sync()?;
        std::fs::rename(&beside, &self.path)?;
        book.path.clone_from(&self.path);
        *self = book;
        self.sync_directory()
    }

    /// Sees to it that the records are on the disk soon, while the recipe continues.
    pub(super) fn sync_soon(&mut self) {
        if self.syncer.is_none() {
            // The file is opened by its name: a duplicate would hold the lock as long as the thread lives.
            self.syncer = File::open(&self.path).ok().and_then(syncer);
        }
        // Without a thread the next step waits for the disk, as it does anyway.
        if let Some(syncer) = &self.syncer {
            let _ = syncer.send(Told::Soon);
        }
    }

    /// Gives back the reserved space.
    pub(super) fn close(&mut self) -> io::Result<()> {
        self.file.set_len(self.end)?;
        self.reserved = self.end;
        self.file.sync_all()
    }

    /// Renames the file.
    pub(super) fn rename(&mut self, path: &Path) -> io::Result<()> {
        std::fs::rename(&self.path, path)?;
        path.clone_into(&mut self.path);
        self.sync_directory()
    }

    /// Waits until the name of the file would survive a power cut.
    pub(super) fn sync_directory(&self) -> io::Result<()> {
        match self.path.parent() {
            Some(directory) => File::open(directory)?.sync_all(),
            None => Ok(()),
        }
    }
}

/// Starts a thread that syncs the file a moment after it is told to. The thread ends with the book.
fn syncer(file: File) -> Option<Sender<Told>> {
    let (sender, told) = channel();
    let syncs = move || {
        while let Ok(first) = told.recv() {
            if first == Told::Soon && !is_covered(&told, Instant::now() + SOON) {
                // The next step that is synced gets the error.
                let _ = file.sync_data();
            }
        }
    };
    Builder::new().name("journal".to_owned()).spawn(syncs).ok()?;
    Some(sender)
}

/// Waits until the run has synced the records itself; returns false if it has not done so in time.
fn is_covered(told: &Receiver<Told>, until: Instant) -> bool {
    loop {
        match told.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(Told::Covered) => return true,
            Ok(Told::Soon) => {}
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return false,
        }
    }
}

/// Reads the records of a file, one after the other.
#[derive(Debug)]
pub(super) struct Lines {
    reader: BufReader<File>,
    at: u64,
}

/// The longest record, in bytes. What a record can hold is limited in other places.
const LONGEST: u64 = 1 << 30;

impl Lines {
    /// Reads the next record; returns false if there is none, or only a part of one.
    pub(super) fn next_line(&mut self, line: &mut Vec<u8>) -> io::Result<bool> {
        line.clear();
        (&mut self.reader).take(LONGEST).read_until(b'\n', line)?;
        if line.last() != Some(&b'\n') || line.first() == Some(&0) {
            line.clear();
            return Ok(false);
        }
        self.at += line.len() as u64;
        Ok(true)
    }

    pub(super) fn at(&self) -> u64 {
        self.at
    }
}
