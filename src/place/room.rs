//! Limits how much is written to a disk.

use std::io;
use std::os::fd::AsFd;

use rustix::fs::fstatvfs;

/// The number of bytes that are written between two checks of the disk.
const STEP: u64 = 16 << 20;
/// The space that an empty file takes, in bytes.
const ENTRY: u64 = 4096;

/// Keeps some of a disk free from what others send: a twentieth of it, but at most 1 GiB.
#[derive(Debug)]
pub(crate) struct DiskRoom {
    most: u64,
    written: u64,
}

impl Default for DiskRoom {
    fn default() -> Self {
        Self::keeping(1 << 30)
    }
}

impl DiskRoom {
    /// Keeps `most` bytes free, or a twentieth of the disk if that is less.
    fn keeping(most: u64) -> Self {
        Self { most, written: 0 }
    }

    /// Notes that this many bytes will be written to the disk of `file`; an error if there is no room for them.
    pub(crate) fn take(&mut self, file: impl AsFd, bytes: u64) -> io::Result<()> {
        self.written = self.written.saturating_add(bytes);
        if self.written < STEP {
            return Ok(());
        }
        let room = self.left(file)?;
        if room < self.written {
            return Err(full(room));
        }
        self.written = 0;
        Ok(())
    }

    /// Does the same for one more name.
    pub(super) fn take_entry(&mut self, file: impl AsFd) -> io::Result<()> {
        self.take(file, ENTRY)
    }

    /// Returns an error if this many bytes are known to be too many.
    pub(crate) fn expect(&self, file: impl AsFd, bytes: u64) -> io::Result<()> {
        let room = self.left(file)?;
        match bytes >= STEP && room < bytes {
            true => Err(full(room)),
            false => Ok(()),
        }
    }

    fn left(&self, file: impl AsFd) -> io::Result<u64> {
        let disk = fstatvfs(file)?;
        // A file system without a fixed number of names has 0 here.
        if disk.f_files > 0 && disk.f_favail < disk.f_files / 20 {
            return Ok(0);
        }
        let kept = (disk.f_blocks.saturating_mul(disk.f_frsize) / 20).min(self.most);
        Ok(disk.f_bavail.saturating_mul(disk.f_frsize).saturating_sub(kept))
    }
}

fn full(room: u64) -> io::Error {
    let message = format!("the disk has room for {} MiB more, which is not enough", room >> 20);
    io::Error::new(io::ErrorKind::StorageFull, message)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{DiskRoom, STEP};

    #[test]
    fn what_comes_without_an_end_stops_before_the_disk_is_full() {
        let file = tempfile::tempfile().unwrap();
        let mut room = DiskRoom::default();
        for _ in 0..STEP / 4096 - 1 {
            room.take_entry(&file).unwrap();
        }
        assert!(room.take(&file, u64::MAX).is_err());
        assert!(room.expect(&file, u64::MAX).is_err());
        room.expect(&file, 1).unwrap();
    }
}
