//! A file of this machine; what is no regular file (a pipe, a device) is kept in a temporary one first.

use std::fs::{File, Metadata};
use std::io::{self, Seek, Write};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use super::Source;
use super::window::{Stored, Window};
use crate::plan::PERMISSIONS;

/// How often somebody who waits for a pipe looks whether to go on.
const PATIENCE: Duration = Duration::from_millis(100);

/// What tells that a file is not what it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
}

impl Stamp {
    pub(super) fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
        }
    }

    pub(super) fn size(self) -> u64 {
        self.size
    }

    /// Reads a part of the file, and is sure that it still is that file.
    pub(super) fn read(self, file: &File, at: u64, into: &mut [u8]) -> io::Result<()> {
        let read = file.read_exact_at(into, at);
        if Self::of(&file.metadata()?) != self {
            return Err(io::Error::other("the file changed while it was sent"));
        }
        read
    }
}

#[derive(Debug)]
struct Whole {
    file: File,
    stamp: Stamp,
    mode: Option<u32>,
}

impl Stored for Whole {
    fn length(&self) -> u64 {
        self.stamp.size
    }

    fn mode(&self) -> Option<u32> {
        self.mode
    }

    fn read(&self, at: u64, into: &mut [u8]) -> io::Result<()> {
        self.stamp.read(&self.file, at, into)
    }
}

/// A regular file. A file that changes in the meantime is an error, not a mixture.
pub fn file(path: &Path) -> io::Result<Arc<dyn Source>> {
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    Ok(Arc::new(Window::new(Whole {
        file,
        stamp: Stamp::of(&metadata),
        mode: Some(metadata.mode() & PERMISSIONS),
    })))
}

/// A source in the making, of what comes from a pipe or a command: a file without a name, in the directory for temporary
/// files.
#[derive(Debug)]
pub struct Spool(File);

impl Spool {
    /// Nothing yet.
    pub fn new() -> io::Result<Self> {
        tempfile::tempfile().map(Self)
    }

    /// Everything that was written to it.
    pub fn source(mut self) -> io::Result<Arc<dyn Source>> {
        self.0.rewind()?;
        let stamp = Stamp::of(&self.0.metadata()?);
        let (file, mode) = (self.0, None);
        Ok(Arc::new(Window::new(Whole { file, stamp, mode })))
    }
}

/// What comes out of a pipe or a device, to its end; `stopped` is asked from time to time whether to give up on it.
pub fn piped(path: PathBuf, stopped: &dyn Fn() -> bool) -> io::Result<Arc<dyn Source>> {
    let mut spool = Spool::new()?;
    let (done, ended) = channel();
    // Opening a pipe waits for its writer, reading for what it writes. Given up on, the thread ends with capr.
    std::thread::Builder::new().name("pipe".to_owned()).spawn(move || {
        let copied = File::open(path).and_then(|mut file| io::copy(&mut file, &mut spool));
        drop(done.send(copied.and_then(|_| spool.source())));
    })?;
    loop {
        match ended.recv_timeout(PATIENCE) {
            Ok(result) => return result,
            Err(RecvTimeoutError::Timeout) if !stopped() => {}
            Err(_) => return Err(io::ErrorKind::Interrupted.into()),
        }
    }
}

impl Write for Spool {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::fs;
    use std::io::Write;

    use super::{Spool, file};
    use crate::source::all;

    #[test]
    fn f3_a_file_is_read_in_chunks_and_whole() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        let bytes: Vec<u8> = (0..1_000_003_u32).map(|n| (n % 251) as u8).collect();
        fs::write(&path, &bytes).unwrap();
        let source = file(&path).unwrap();
        assert_eq!(source.length(), bytes.len() as u64);
        assert!(source.chunk(0).unwrap().len() < bytes.len());
        assert!(all(&*source).unwrap() == bytes);
    }

    #[test]
    fn f3_a_file_that_changes_while_it_is_sent_is_an_error() {
        let directory = tempfile::tempdir().unwrap();
        for change in [&b"longer than it was"[..], b"x"] {
            let path = directory.path().join("file");
            fs::write(&path, "content").unwrap();
            let source = file(&path).unwrap();
            fs::write(&path, change).unwrap();
            let error = source.chunk(0).unwrap_err().to_string();
            assert!(error.contains("changed while it was sent"), "{error}");
        }
    }

    #[test]
    fn f3_a_spool_gives_what_was_written() {
        let mut spool = Spool::new().unwrap();
        spool.write_all(b"from a ").unwrap();
        spool.write_all(b"pipe").unwrap();
        let source = spool.source().unwrap();
        assert_eq!(all(&*source).unwrap(), b"from a pipe");
    }
}
