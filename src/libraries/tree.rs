//! The files of a library: their paths and contents, nothing else. Links, devices and modes are not part of it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use thiserror::Error;

use super::limits::{BYTES, DEPTH, FILES, PATH};
use crate::io_error::plain;
use crate::regular;

/// The characters of names besides letters and digits: none that a terminal or a shell would obey.
const SIGNS: &str = " ._-+@~#%=,()[]{}!&'";

/// The number of characters that are shown of a name that is rejected.
const SHOWN: usize = 80;

/// All files of a library, by their path from its top.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tree {
    files: BTreeMap<String, Vec<u8>>,
    bytes: u64,
}

/// The way in which a directory is read.
struct Reader<'a> {
    read: &'a dyn Fn(&Path) -> io::Result<Vec<u8>>,
    /// True if capr has written it: there is no `.git` in it.
    is_copy: bool,
}

/// The reason why a tree is rejected, or cannot be read. Paths and names are as they are shown.
#[derive(Debug, Error)]
pub(crate) enum Refused {
    /// The tree has more files than a library may have.
    #[error("it has more than {FILES} files")]
    TooManyFiles,
    /// The files are larger than those of a library may be.
    #[error("its files are larger than {} MiB in all", BYTES >> 20)]
    TooLarge,
    /// A path has more bytes than it may have.
    #[error("it has a path longer than {PATH} bytes: {0}")]
    TooLong(String),
    /// A path has more directories than it may have.
    #[error("it has more than {DEPTH} directories in each other")]
    TooDeep,
    /// A path leads elsewhere, belongs to git, or has a character that a terminal or a shell would obey.
    #[error("it has a path that is not accepted: {0}")]
    Path(String),
    /// A name in a repository or a tarball is not UTF-8.
    #[error("a name in it is not UTF-8")]
    NotUtf8,
    /// A name in a directory is not UTF-8.
    #[error("the name {0} is not UTF-8")]
    Name(String),
    /// A copy that capr has made has an entry that capr does not make: `sub/x is a link`.
    #[error("in it {0}")]
    Foreign(String),
    /// Something else stands where a copy should be.
    #[error("it is no directory")]
    NoDirectory,
    /// A directory, or a file in it, cannot be read.
    #[error("cannot read {}: {}", .directory.display(), plain(.source))]
    Unreadable {
        /// The directory.
        directory: PathBuf,
        /// The error of the system, or the reason why a file is not trusted.
        source: io::Error,
    },
}

impl Tree {
    /// Adds a file.
    pub(super) fn add(&mut self, path: &str, content: Vec<u8>) -> Result<(), Refused> {
        check(path)?;
        self.bytes = self.bytes.saturating_add(content.len() as u64);
        self.files.insert(path.to_owned(), content);
        self.fits()
    }

    /// Rejects a tree that is larger than a library may be.
    fn fits(&self) -> Result<(), Refused> {
        if self.files.len() > FILES {
            return Err(Refused::TooManyFiles);
        }
        if self.bytes > BYTES {
            return Err(Refused::TooLarge);
        }
        Ok(())
    }

    /// Returns the paths of its files, in order.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// Returns the content of a file.
    pub(crate) fn content(&self, path: &str) -> Option<&[u8]> {
        self.files.get(path).map(Vec::as_slice)
    }

    /// Returns the text of a file; `None` if it does not exist or is not text.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        std::str::from_utf8(self.content(path)?).ok()
    }

    /// Returns the recipes, without the tests.
    pub(crate) fn recipes(&self) -> impl Iterator<Item = (&str, &str)> {
        self.paths()
            .filter(|path| path.ends_with(".rhai") && !path.ends_with("_test.rhai") && !path.ends_with(".d.rhai"))
            .filter_map(|path| Some((path, self.text(path)?)))
    }

    /// Returns the SHA-256 of the list of its files, a line `DIGEST  PATH` each, sorted by path: `sha256sum` makes the same.
    pub(crate) fn digest(&self) -> String {
        let mut list = String::new();
        for (path, content) in &self.files {
            // Writing to a String cannot fail.
            let _ = writeln!(list, "{}  {path}", sha256(content));
        }
        sha256(list.as_bytes())
    }

    /// Reads a directory; also returns the entries that are left out, with the reason: links, and everything that is not a file.
    /// `.git` is skipped.
    pub(super) fn of_directory(directory: &Path) -> Result<(Self, Vec<String>), Refused> {
        let (mut tree, mut left_out) = (Self::default(), Vec::new());
        let reader = Reader {
            read: &|file| regular::read(file),
            is_copy: false,
        };
        tree.collect(&reader, directory, "", &mut left_out)?;
        Ok((tree, left_out))
    }

    /// Reads a directory without a list of the entries that are left out: its files are only shown.
    pub(crate) fn of_sources(directory: &Path) -> Result<Self, Refused> {
        Self::of_directory(directory).map(|(tree, _)| tree)
    }

    /// Reads a directory in which only files may be; `read` reads one.
    pub(super) fn of_copy(directory: &Path, read: &dyn Fn(&Path) -> io::Result<Vec<u8>>) -> Result<Self, Refused> {
        let (mut tree, mut left_out) = (Self::default(), Vec::new());
        let reader = Reader { read, is_copy: true };
        tree.collect(&reader, directory, "", &mut left_out)?;
        match left_out.first() {
            None => Ok(tree),
            Some(first) => Err(Refused::Foreign(first.clone())),
        }
    }

    fn collect(
        &mut self,
        reader: &Reader<'_>,
        directory: &Path,
        above: &str,
        left_out: &mut Vec<String>,
    ) -> Result<(), Refused> {
        let unreadable = |source: io::Error| Refused::Unreadable {
            directory: directory.to_owned(),
            source,
        };
        for entry in fs::read_dir(directory).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let name = entry.file_name();
            let Some(name) = name.to_str() else {
                return Err(Refused::Name(shown(&name.to_string_lossy())));
            };
            if name == ".git" && !reader.is_copy {
                continue;
            }
            let path = match above {
                "" => name.to_owned(),
                above => format!("{above}/{name}"),
            };
            check(&path)?;
            let kind = entry.file_type().map_err(unreadable)?;
            if kind.is_dir() {
                self.collect(reader, &entry.path(), &path, left_out)?;
            } else if kind.is_file() {
                let length = entry.metadata().map_err(unreadable)?.len();
                if self.bytes.saturating_add(length) > BYTES {
                    self.bytes = u64::MAX;
                    return self.fits();
                }
                let content = (reader.read)(&entry.path()).map_err(unreadable)?;
                self.add(&path, content)?;
            } else {
                let what = if kind.is_symlink() { "a link" } else { "no file" };
                left_out.push(format!("{path} is {what}"));
            }
        }
        Ok(())
    }

    /// Writes the tree into a new directory.
    pub(super) fn write(&self, directory: &Path) -> io::Result<()> {
        for (path, content) in &self.files {
            let place = directory.join(path);
            if let Some(above) = place.parent() {
                DirBuilder::new().recursive(true).mode(0o755).create(above)?;
            }
            let mut file = OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o644)
                .open(&place)?;
            file.write_all(content)?;
        }
        Ok(())
    }
}

/// Rejects a path that leads elsewhere, that cannot be shown as it is, or that is too long.
pub(super) fn check(path: &str) -> Result<(), Refused> {
    let is_plain = |part: &str| {
        let is_git = part.eq_ignore_ascii_case(".git");
        !matches!(part, "" | "." | "..") && !is_git && part.chars().all(|c| c.is_alphanumeric() || SIGNS.contains(c))
    };
    if path.len() > PATH {
        return Err(Refused::TooLong(shown(path)));
    }
    if path.split('/').count() > DEPTH + 1 {
        return Err(Refused::TooDeep);
    }
    match path.split('/').all(is_plain) {
        true => Ok(()),
        false => Err(Refused::Path(shown(path))),
    }
}

/// Returns a name as it is shown: characters that cannot be printed are written out.
fn shown(name: &str) -> String {
    let written: String = name.escape_debug().take(SHOWN).collect();
    written
}

/// Returns the SHA-256 in hexadecimal digits.
pub(super) fn sha256(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in Sha256::digest(bytes) {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Returns true for a SHA-256 in hexadecimal digits.
pub(super) fn is_digest(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::{BYTES, DEPTH, Tree, check};

    #[test]
    fn the_digest_is_that_of_the_list_that_sha256sum_writes() {
        let mut tree = Tree::default();
        tree.add("b/c.rhai", b"x\n".to_vec()).unwrap();
        tree.add("a.rhai", Vec::new()).unwrap();
        // sha256sum a.rhai b/c.rhai | sha256sum
        assert_eq!(
            tree.digest(),
            "33a06c5ce1fa95569cafa5de7cf57ad4b5d58601e156c8c140b57769415181e7"
        );
    }

    #[test]
    fn paths_that_lead_elsewhere_or_would_act_on_a_terminal_are_refused() {
        for path in [
            "",
            "/etc/passwd",
            "../x",
            "a/../../x",
            "a//b",
            "./a",
            ".git/config",
            "sub/.GIT/hooks/x",
            "a\x1b[2Jb",
            "a\nb",
            "a\u{202e}b",
            "a\\b",
            "a`b",
        ] {
            assert!(check(path).is_err(), "{path:?}");
        }
        assert!(check(&"a/".repeat(DEPTH + 2)).is_err());
        assert!(check(&"a".repeat(300)).is_err());
        for path in ["a.rhai", ".gitattributes", "docs/Größe 1.md", "a/b_test.rhai"] {
            check(path).unwrap();
        }
    }

    #[test]
    fn links_are_left_out_of_a_directory_and_refused_in_a_copy() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        fs::create_dir_all(path.join(".git/hooks")).unwrap();
        fs::create_dir(path.join("sub")).unwrap();
        fs::write(path.join(".git/config"), "x").unwrap();
        fs::write(path.join("sub/a.rhai"), "a").unwrap();
        let (tree, left_out) = Tree::of_directory(path).unwrap();
        assert_eq!(tree.paths().collect::<Vec<_>>(), ["sub/a.rhai"]);
        assert!(left_out.is_empty());
        symlink("/etc", path.join("sub/etc")).unwrap();
        let (tree, left_out) = Tree::of_directory(path).unwrap();
        assert_eq!(tree.paths().count(), 1);
        assert_eq!(left_out, ["sub/etc is a link"]);
        let refused = Tree::of_copy(path, &|file| fs::read(file)).unwrap_err();
        assert_eq!(refused.to_string(), "it has a path that is not accepted: .git");
        fs::remove_dir_all(path.join(".git")).unwrap();
        let refused = Tree::of_copy(path, &|file| fs::read(file)).unwrap_err();
        assert_eq!(refused.to_string(), "in it sub/etc is a link");
    }

    #[test]
    fn a_tree_that_is_too_large_is_refused_before_it_is_read() {
        let directory = tempfile::tempdir().unwrap();
        let file = fs::File::create(directory.path().join("a.rhai")).unwrap();
        file.set_len(BYTES + 1).unwrap();
        let refused = Tree::of_directory(directory.path()).unwrap_err();
        assert_eq!(refused.to_string(), "its files are larger than 16 MiB in all");
    }
}
