//! Reads regular files only: opening or reading a pipe or a device may wait for ever.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Read as _};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use rustix::fs::{OFlags, major, minor};

/// The largest file that is read, in bytes: a larger one is not a key, a list of hosts, a configuration or a recipe.
const LONGEST: u64 = 64 << 20;

/// Opens a file for reading. Anything but a regular file is not even opened.
///
/// # Errors
///
/// Besides the usual ones `InvalidInput` if it is not a regular file. `/dev/null` counts as an empty one.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    is_regular(&path.metadata()?)?;
    let file = with(OpenOptions::new().read(true)).open(path)?;
    check(&file)?;
    Ok(file)
}

/// Makes opening with these options never wait; the file has to be [checked](check) afterwards.
pub(crate) fn with(options: &mut OpenOptions) -> &mut OpenOptions {
    options.custom_flags((OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed())
}

/// Refuses anything but a regular file.
pub(crate) fn check(file: &File) -> io::Result<()> {
    is_regular(&file.metadata()?)
}

/// Refuses anything but a regular file; the error says what it is.
pub(crate) fn is_regular(metadata: &Metadata) -> io::Result<()> {
    let (kind, device) = (metadata.file_type(), metadata.rdev());
    let is_null = kind.is_char_device() && (major(device), minor(device)) == (1, 3);
    let what = if kind.is_file() || is_null {
        return Ok(());
    } else if kind.is_dir() {
        return Err(ErrorKind::IsADirectory.into());
    } else if kind.is_fifo() {
        "a pipe"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    };
    let message = format!("it is {what}, not a file");
    Err(io::Error::new(ErrorKind::InvalidInput, message))
}

/// Returns the content of a file.
pub(crate) fn read(path: &Path) -> io::Result<Vec<u8>> {
    content(&open(path)?)
}

/// Returns the content of an open file.
pub(crate) fn content(file: &File) -> io::Result<Vec<u8>> {
    // One read for all of it, and one that finds the end. The length of a file that grows is only the first guess.
    let length = file.metadata()?.len().min(LONGEST) + 1;
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
    if file.take(LONGEST + 1).read_to_end(&mut bytes)? > usize::try_from(LONGEST).unwrap_or(usize::MAX) {
        return Err(io::Error::new(ErrorKind::FileTooLarge, "it is larger than 64 MiB"));
    }
    Ok(bytes)
}

/// Returns the content of a file as a string.
pub(crate) fn text(path: &Path) -> io::Result<String> {
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
            assert!(
                error.to_string().ends_with(", not a file") || path == Path::new("/dev/tty"),
                "{error}"
            );
            assert!(is_there || path == Path::new("/dev/tty"), "{}: {error}", path.display());
        }
        assert_eq!(read(Path::new("/dev/null")).unwrap(), b"");
        assert_eq!(read(directory.path()).unwrap_err().kind(), ErrorKind::IsADirectory);
        fs::write(directory.path().join("file"), "text").unwrap();
        assert_eq!(text(&directory.path().join("file")).unwrap(), "text");
    }
}
