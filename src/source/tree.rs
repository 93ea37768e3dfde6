//! A directory as a tar archive that exists nowhere: its headers are made, and its files are read, when a reader comes to them.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tar::{Builder, EntryType, Header};

use super::Source;
use super::file::Stamp;
use super::window::{Stored, Window};
use crate::io_error::plain;
use crate::plan::PERMISSIONS;

/// The unit of a tar archive.
const BLOCK: u64 = 512;

/// The name of the last entry of every archive: once it is there, all of the archive has arrived. (tar takes the end of its input
/// for the end of the archive.)
pub(crate) const END: &str = ".capr.end";

/// A directory that is to be sent.
#[derive(Debug)]
pub(crate) struct SentTree {
    /// The archive of the directory.
    pub source: Arc<dyn Source>,
    /// The files that are not in it: sockets, pipes, devices.
    pub left_out: Vec<PathBuf>,
}

/// Reads a directory with everything in it. Links stay links; owners are not kept.
pub(crate) fn tree(directory: &Path) -> io::Result<SentTree> {
    let mut archive = Archive {
        root: directory.to_owned(),
        entries: Vec::new(),
        end: 0,
    };
    let mut left_out = Vec::new();
    archive.add(PathBuf::from("."), &mut left_out)?;
    archive.push(Entry {
        path: PathBuf::from(END),
        what: What::Mark,
        mode: 0o600,
        modified: 0,
        start: 0,
        head: 0,
    })?;
    Ok(SentTree {
        source: Arc::new(Window::new(archive)),
        left_out,
    })
}

#[derive(Debug)]
struct Archive {
    root: PathBuf,
    entries: Vec<Entry>,
    /// The end of the last entry.
    end: u64,
}

#[derive(Debug)]
struct Entry {
    /// The path below the root.
    path: PathBuf,
    what: What,
    mode: u32,
    modified: u64,
    /// The place in the archive where the entry begins.
    start: u64,
    /// The length of its header.
    head: u64,
}

#[derive(Debug)]
enum What {
    Directory,
    File(Stamp),
    Link(PathBuf),
    Mark,
}

impl Entry {
    fn size(&self) -> u64 {
        match &self.what {
            What::File(stamp) => stamp.size(),
            _ => 0,
        }
    }

    /// Returns the header, with the entry for a long name in front of it if that is needed.
    fn header(&self) -> io::Result<Vec<u8>> {
        let mut header = Header::new_gnu();
        header.set_mode(self.mode);
        header.set_mtime(self.modified);
        header.set_uid(0);
        header.set_gid(0);
        header.set_size(self.size());
        let mut builder = Builder::new(Vec::new());
        match &self.what {
            What::Link(to) => {
                header.set_entry_type(EntryType::Symlink);
                builder.append_link(&mut header, &self.path, to)?;
            }
            What::Directory => {
                header.set_entry_type(EntryType::Directory);
                builder.append_data(&mut header, &self.path, io::empty())?;
            }
            What::File(_) | What::Mark => {
                header.set_entry_type(EntryType::Regular);
                builder.append_data(&mut header, &self.path, io::empty())?;
            }
        }
        Ok(std::mem::take(builder.get_mut()))
    }
}

impl Archive {
    fn add(&mut self, path: PathBuf, left_out: &mut Vec<PathBuf>) -> io::Result<()> {
        let full = self.root.join(&path);
        let at = |error: io::Error| io::Error::new(error.kind(), format!("{}: {}", full.display(), plain(&error)));
        // The path of the directory itself may be a link.
        let metadata = if self.entries.is_empty() {
            fs::metadata(&full)
        } else {
            fs::symlink_metadata(&full)
        }
        .map_err(at)?;
        let kind = metadata.file_type();
        let what = if kind.is_dir() {
            What::Directory
        } else if kind.is_symlink() {
            What::Link(fs::read_link(&full).map_err(at)?)
        } else if kind.is_file() {
            // If the file cannot be read, this should be known before anything is sent.
            File::open(&full).map_err(at)?;
            What::File(Stamp::of(&metadata))
        } else {
            left_out.push(full);
            return Ok(());
        };
        let modified = metadata
            .modified()
            .ok()
            .and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
        let mode = metadata.permissions().mode() & PERMISSIONS;
        self.push(Entry {
            path: path.clone(),
            what,
            mode,
            modified: modified.map_or(0, |since| since.as_secs()),
            start: 0,
            head: 0,
        })?;
        if kind.is_dir() {
            let entries = fs::read_dir(&full).map_err(at)?;
            let mut names = entries
                .map(|entry| entry.map(|entry| entry.file_name()))
                .collect::<io::Result<Vec<_>>>()
                .map_err(at)?;
            crate::sort::by(&mut names, Ord::cmp);
            for name in names {
                self.add(path.join(name), left_out)?;
            }
        }
        Ok(())
    }

    fn push(&mut self, mut entry: Entry) -> io::Result<()> {
        entry.start = self.end;
        entry.head = entry.header()?.len() as u64;
        self.end += entry.head + entry.size().next_multiple_of(BLOCK);
        self.entries.push(entry);
        Ok(())
    }

    /// Copies the header, content or padding that stands at `at` to the beginning of `into`; returns the number of bytes.
    fn copy(&self, at: u64, into: &mut [u8]) -> io::Result<usize> {
        let index = self.entries.partition_point(|entry| entry.start <= at);
        let entry = index.checked_sub(1).and_then(|index| self.entries.get(index));
        let Some(entry) = entry.filter(|_| at < self.end) else {
            // Two empty blocks end an archive.
            into.fill(0);
            return Ok(into.len());
        };
        let offset = at - entry.start;
        let content = entry.head + entry.size();
        let until = match offset {
            _ if offset < entry.head => entry.head,
            _ if offset < content => content,
            _ => entry.head + entry.size().next_multiple_of(BLOCK),
        };
        let count = usize::try_from(until - offset).unwrap_or(usize::MAX).min(into.len());
        let into = into.get_mut(..count).unwrap_or_default();
        if offset < entry.head {
            let header = entry.header()?;
            let from = usize::try_from(offset).unwrap_or_default();
            into.copy_from_slice(header.get(from..from + count).unwrap_or_default());
        } else if offset < content {
            self.read_file(entry, offset - entry.head, into)?;
        } else {
            into.fill(0);
        }
        Ok(count)
    }

    fn read_file(&self, entry: &Entry, at: u64, into: &mut [u8]) -> io::Result<()> {
        let What::File(stamp) = &entry.what else {
            return Ok(());
        };
        let path = self.root.join(&entry.path);
        let read = File::open(&path).and_then(|file| stamp.read(&file, at, into));
        read.map_err(|error| io::Error::new(error.kind(), format!("{}: {}", path.display(), plain(&error))))
    }
}

impl Stored for Archive {
    fn length(&self) -> u64 {
        self.end + 2 * BLOCK
    }

    fn read(&self, at: u64, into: &mut [u8]) -> io::Result<()> {
        let mut filled = 0;
        while let Some(rest) = into.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            filled += self.copy(at + filled as u64, rest)?;
        }
        Ok(())
    }
}

/// Returns the archive of a directory with these files, by their paths below it.
pub(crate) fn archive_of_files<'a>(files: impl Iterator<Item = (&'a str, &'a [u8])>) -> io::Result<Vec<u8>> {
    let mut archive = Builder::new(Vec::new());
    for (path, content) in files {
        let mut header = Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, path, content)?;
    }
    archive.into_inner()
}

/// Returns the files in the archive of a directory, by their paths below it; it ends at the first entry that cannot be read.
pub(crate) fn files_of_archive(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut archive = tar::Archive::new(bytes);
    let mut files = Vec::new();
    let Ok(entries) = archive.entries() else {
        return files;
    };
    for entry in entries {
        let Ok(mut entry) = entry else {
            break;
        };
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let path = path.trim_start_matches("./");
        let mut content = Vec::new();
        let is_file = entry.header().entry_type() == EntryType::Regular && path != END;
        if is_file && entry.read_to_end(&mut content).is_ok() {
            files.push((path.to_owned(), content));
        }
    }
    files
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::ffi::OsStr;
    use std::fs;
    use std::io::Write;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::os::unix::net::UnixListener;
    use std::path::Path;
    use std::process::{Command, Stdio};

    use super::{END, tree};
    use crate::deadline::InTime;
    use crate::source::{Source, all};

    fn unpack(source: &dyn Source, into: &Path) {
        fs::create_dir(into).unwrap();
        let mut tar = Command::new("tar")
            .args(["-xf", "-", "-C"])
            .arg(into)
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        tar.stdin.take().unwrap().write_all(&all(source).unwrap()).unwrap();
        assert!(tar.in_time().status.success());
        fs::remove_file(into.join(END)).unwrap();
    }

    #[test]
    fn f4_a_directory_is_sent_with_links_modes_empty_directories_and_any_name() {
        let place = tempfile::tempdir().unwrap();
        let from = place.path().join("from");
        let long = "d".repeat(120);
        fs::create_dir_all(from.join("empty")).unwrap();
        fs::create_dir_all(from.join(&long).join(&long)).unwrap();
        let wild = OsStr::from_bytes(b"not utf-8 \xff\xfe");
        for (name, size) in [("two\nlines", 3), ("-dash", 0), ("big", 700_001), ("block", 1024)] {
            fs::write(from.join(name), "xyz".repeat(size)).unwrap();
        }
        fs::write(from.join(wild), "wild").unwrap();
        fs::write(from.join(&long).join(&long).join("deep"), "deep").unwrap();
        fs::set_permissions(from.join("block"), fs::Permissions::from_mode(0o4750)).unwrap();
        symlink("/no/where", from.join("link")).unwrap();
        symlink("l".repeat(200), from.join("long link")).unwrap();
        let _socket = UnixListener::bind(from.join("socket")).unwrap();

        let sent = tree(&from).unwrap();
        assert_eq!(sent.left_out, [from.join("./socket")]);
        let to = place.path().join("to");
        unpack(&*sent.source, &to);
        fs::remove_file(from.join("socket")).unwrap();
        let same = Command::new("diff")
            .args(["-r", "--no-dereference"])
            .args([&from, &to])
            .in_time();
        assert!(same.status.success(), "{same:?}");
        assert_eq!(fs::read_link(to.join("link")).unwrap(), Path::new("/no/where"));
        assert_eq!(
            fs::metadata(to.join("block")).unwrap().permissions().mode() & 0o777,
            0o750
        );
        assert!(to.join("empty").is_dir());
    }

    #[test]
    fn f4_a_file_that_changes_meanwhile_is_named() {
        let place = tempfile::tempdir().unwrap();
        fs::write(place.path().join("file"), "content").unwrap();
        let sent = tree(place.path()).unwrap();
        fs::write(place.path().join("file"), "other").unwrap();
        let error = all(&*sent.source).unwrap_err().to_string();
        assert!(error.contains("file: the file changed while it was sent"), "{error}");
    }
}
