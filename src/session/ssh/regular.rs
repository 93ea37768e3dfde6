//! Reads files on the way to a login: regular ones, since a pipe or a device may keep whoever opens or reads it for ever.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read as _};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use rustix::fs::{OFlags, major, minor};

/// Longer ones are no keys, lists of hosts or configurations.
const LONGEST: u64 = 64 << 20;

/// Opens a file for reading.
///
/// # Errors
///
/// Besides the usual ones `InvalidInput`, where it is no regular file; `/dev/null` is taken for one, as it is empty.
pub(super) fn open(path: &Path) -> io::Result<File> {
    let file = with(OpenOptions::new().read(true)).open(path)?;
    check(&file)?;
    Ok(file)
}

/// Makes these options such that opening waits for nobody; what was opened so is to be [checked](check).
pub(super) fn with(options: &mut OpenOptions) -> &mut OpenOptions {
    options.custom_flags((OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed())
}

/// Refuses what is no regular file.
pub(super) fn check(file: &File) -> io::Result<()> {
    let metadata = file.metadata()?;
    let device = metadata.rdev();
    let is_null = metadata.file_type().is_char_device() && (major(device), minor(device)) == (1, 3);
    if metadata.is_file() || is_null {
        Ok(())
    } else if metadata.is_dir() {
        Err(ErrorKind::IsADirectory.into())
    } else {
        Err(io::Error::new(ErrorKind::InvalidInput, "not a regular file"))
    }
}

/// The content of a file.
pub(super) fn read(path: &Path) -> io::Result<Vec<u8>> {
    content(&open(path)?)
}

/// The content of a file that is open.
pub(super) fn content(file: &File) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if file.take(LONGEST + 1).read_to_end(&mut bytes)? > usize::try_from(LONGEST).unwrap_or(usize::MAX) {
        return Err(ErrorKind::FileTooLarge.into());
    }
    Ok(bytes)
}

/// The content of a file that is a text.
pub(super) fn text(path: &Path) -> io::Result<String> {
    String::from_utf8(read(path)?).map_err(|_| io::Error::new(ErrorKind::InvalidData, "not a text"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::fs;
    use std::io::ErrorKind;
    use std::path::Path;

    use super::{read, text};

    #[test]
    fn pipes_and_devices_are_refused_at_once_and_the_empty_device_is_empty() {
        let directory = tempfile::tempdir().unwrap();
        let pipe = directory.path().join("pipe");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &pipe,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RWXU,
            0,
        )
        .unwrap();
        for path in [pipe.as_path(), Path::new("/dev/zero"), Path::new("/dev/tty")] {
            let error = read(path).unwrap_err();
            let is_there = error.kind() == ErrorKind::InvalidInput;
            assert!(is_there || path == Path::new("/dev/tty"), "{}: {error}", path.display());
        }
        assert_eq!(read(Path::new("/dev/null")).unwrap(), b"");
        assert_eq!(read(directory.path()).unwrap_err().kind(), ErrorKind::IsADirectory);
        fs::write(directory.path().join("file"), "text").unwrap();
        assert_eq!(text(&directory.path().join("file")).unwrap(), "text");
    }
}
