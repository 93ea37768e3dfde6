//! Files of this machine as sources. The content of a pipe or a device is copied into a temporary file first.

use std::fs::{File, Metadata};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{FileExt, FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, makedev};
use rustix::io::Errno;

use super::Source;
use super::window::{Stored, Window};
use crate::place::DiskRoom;
use crate::plan::PERMISSIONS;

/// The time after which a wait for a pipe is interrupted, to see if it is to go on.
const PATIENCE: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 100_000_000,
};
/// The longest time that a pipe may be without a writer.
const WRITER: Duration = if cfg!(test) {
    Duration::from_millis(300)
} else {
    Duration::from_secs(10)
};

/// The properties that show that a file has changed.
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

    /// Reads a part of the file, and makes sure that it is still the same file.
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

/// Opens a regular file as a source. If the file changes meanwhile, this is an error; old and new content are never mixed.
pub(crate) fn file(path: &Path) -> io::Result<Arc<dyn Source>> {
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    Ok(Arc::new(Window::new(Whole {
        file,
        stamp: Stamp::of(&metadata),
        mode: Some(metadata.mode() & PERMISSIONS),
    })))
}

/// A source in the making, for the output of a pipe or a command: a file without a name, in the directory for temporary files.
#[derive(Debug)]
pub(super) struct Spool(File);

impl Spool {
    /// Makes an empty one.
    pub(super) fn new() -> io::Result<Self> {
        tempfile::tempfile().map(Self)
    }

    /// Returns a source of everything that was written.
    pub(super) fn source(mut self) -> io::Result<Arc<dyn Source>> {
        self.0.rewind()?;
        let stamp = Stamp::of(&self.0.metadata()?);
        let (file, mode) = (self.0, None);
        Ok(Arc::new(Window::new(Whole { file, stamp, mode })))
    }
}

/// Reads a pipe, or a file that does not tell its size, to its end; `stopped` is called from time to time and returns true to
/// give up. A device is an error, except `/dev/null`, and so is a pipe that nobody opens for writing.
pub(crate) fn piped(path: &Path, stopped: &dyn Fn() -> bool) -> io::Result<Arc<dyn Source>> {
    // A plain open would wait for a writer, and so would a plain read.
    let file = File::options()
        .read(true)
        .custom_flags(OFlags::NONBLOCK.bits() as i32)
        .open(path)?;
    let metadata = file.metadata()?;
    let kind = metadata.file_type();
    let is_null = kind.is_char_device() && metadata.rdev() == makedev(1, 3);
    if (kind.is_char_device() && !is_null) || kind.is_block_device() {
        return Err(io::Error::other("is a device, and has no end"));
    }
    let mut spool = Spool::new()?;
    let mut room = DiskRoom::default();
    let (begun, mut has_writer) = (Instant::now(), !kind.is_fifo());
    let mut buffer = vec![0; 64 << 10];
    loop {
        if stopped() {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let mut waited = [PollFd::new(&file, PollFlags::IN)];
        match poll(&mut waited, Some(&PATIENCE)) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        has_writer |= !waited.iter().all(|waited| waited.revents().is_empty());
        match (&file).read(&mut buffer) {
            Ok(0) if has_writer => return spool.source(),
            Ok(0) if begun.elapsed() > WRITER => {
                return Err(io::Error::other("is a pipe that nobody writes to"));
            }
            Ok(0) => {}
            Ok(count) => {
                has_writer = true;
                room.take(&spool.0, count as u64)?;
                spool.write_all(buffer.get(..count).unwrap_or_default())?;
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => has_writer = true,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
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
    use std::path::Path;

    use rustix::fs::{CWD, FileType, mknodat};

    use super::{Spool, file, piped};
    use crate::deadline::InTime;
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
    fn f3_devices_and_pipes_without_a_writer_are_errors_and_no_hang() {
        for device in ["/dev/zero", "/dev/full", "/dev/urandom"] {
            let error = piped(Path::new(device), &|| false).unwrap_err().to_string();
            assert_eq!(error, "is a device, and has no end", "{device}");
        }
        assert_eq!(piped(Path::new("/dev/null"), &|| false).unwrap().length(), 0);
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("pipe");
        mknodat(CWD, &path, FileType::Fifo, 0o600.into(), 0).unwrap();
        let error = piped(&path, &|| false).unwrap_err().to_string();
        assert_eq!(error, "is a pipe that nobody writes to");
        let writer = std::thread::spawn({
            let path = path.clone();
            move || fs::write(path, "late").unwrap()
        });
        assert_eq!(all(&*piped(&path, &|| false).unwrap()).unwrap(), b"late");
        writer.in_time();
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
