//! Targets of `scripts/fuzz`: what a library of somebody else brings along, and the lock, which others may have changed.

use std::io::{Seek as _, Write as _};

use super::Manifest;
use super::archive::entries;
use super::limits::{BYTES, FILES};
use super::lock::Lock;
use super::tree::check;
use crate::fuzz::Target;

/// The targets of this folder.
pub(crate) const TARGETS: &[Target] = &[
    Target {
        name: "manifest",
        about: "a library with its capr.toml",
        seeds: &[
            b"[library]\nname = \"chat\"\nversion = \"1.2.0\"\ncapr = \"0.1\"\n\n[libraries]\n\
              base = { git = \"https://example.com/base\", tag = \"v1.0.0\" }\nnear = { path = \"../near\" }\n",
            b"[libraries]\nchat = { file = \"chat.tar\", sha256 = \"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\" }\n\
              \n[wins]\n\"chat:say\" = \"chat\"\n",
        ],
        words: &[
            "[", "]", "{ ", " }", "=", "\"", "\"\"\"", "\n", ".", "..", "/", "@", "-", "#", "\\u0000", "\\u202e", "git", "path", "tag",
            "sha256", "ext::", "file://", "99999999999999999999", "1979-05-27", "inf", "\u{feff}",
        ],
        read: |bytes| std::str::from_utf8(bytes).is_ok_and(|text| Manifest::read("capr.toml", text).is_ok()),
    },
    Target {
        name: "lock",
        about: "somebody who has changed capr.lock",
        seeds: &[LOCK],
        words: &[
            "[[library]]", "name", "..", "/", "\"", "\n", "\\u0000", "0", "f", "tree = ", "revision = ", "version = ", "libraries = [",
        ],
        read: read_lock,
    },
    Target {
        name: "tarball",
        about: "a library that comes as a tarball",
        seeds: &[
            include_bytes!("../../tests/fixtures/fuzz/gnu.archive"),
            include_bytes!("../../tests/fixtures/fuzz/pax.archive"),
        ],
        words: &[
            "../", "/", "..", "./", "x.rhai", "0", "1", "2", "5", "7", "L", "K", "S", "x", "g", "\0", "\0\0\0\0\0\0\0\0", "77777777777",
            "00000001000", "19 path=../outside\n", "18 size=4294967296\n", "26 GNU.sparse.realsize=99\n", "ustar\x0000", "ustar  \0",
        ],
        read: read_tarball,
    },
];

const LOCK: &[u8] = b"form = 1\n\n[[library]]\nname = \"chat\"\ngit = \"https://example.com/chat\"\ntag = \"v1.0.0\"\n\
    revision = \"5ca1ab1e5ca1ab1e5ca1ab1e5ca1ab1e5ca1ab1e\"\nversion = \"1.0.0\"\n\
    tree = \"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"\nneeds = [\"tools\"]\n\n\
    [[library]]\nname = \"tools\"\npath = \"../tools\"\n\
    tree = \"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"\n";

/// Reads a lock; what is accepted is written and read again as the same.
fn read_lock(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    let Ok(mut lock) = Lock::read("capr.lock", text) else {
        return false;
    };
    let written = lock
        .text()
        .unwrap_or_else(|wrong| panic!("it cannot be written: {}", wrong.message));
    let again = Lock::read("capr.lock", &written);
    lock.libraries.sort_by_cached_key(|library| library.name.clone());
    assert_eq!(again.ok(), Some(lock), "it is read otherwise: {written}");
    true
}

/// Takes the files out of a tarball and writes them into a directory; they are read again as the same.
fn read_tarball(bytes: &[u8]) -> bool {
    let (first, bytes) = bytes.split_first().unwrap_or((&0, &[]));
    let mut bytes = bytes.to_vec();
    // One tarball in eight is left as it is.
    if first & 7 != 0 {
        crate::fuzz::mend(&mut bytes);
    }
    taken(&bytes).unwrap_or_else(|error| panic!("no place to unpack to: {error}"))
}

fn taken(bytes: &[u8]) -> std::io::Result<bool> {
    let mut file = tempfile::tempfile()?;
    file.write_all(bytes)?;
    file.rewind()?;
    let Ok((tree, left_out)) = entries(file) else {
        return Ok(false);
    };
    let size: usize = tree
        .paths()
        .filter_map(|path| tree.content(path))
        .map(<[u8]>::len)
        .sum();
    assert!(size as u64 <= BYTES && tree.paths().count() <= FILES && left_out.len() <= FILES);
    for path in tree.paths() {
        assert!(check(path).is_ok(), "a path that is not taken");
    }
    let home = tempfile::tempdir()?;
    let top = home.path().join("tree");
    // A name may be that of a file and of a directory.
    if tree.write(&top).is_ok() && tree.paths().next().is_some() {
        let (again, left_out) = super::Tree::of_directory(&top).unwrap_or_else(|refused| panic!("{refused}"));
        assert_eq!((again.digest(), left_out), (tree.digest(), Vec::new()));
    }
    for entry in std::fs::read_dir(home.path())? {
        assert_eq!(entry?.file_name(), "tree", "a file outside");
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::TARGETS;

    #[test]
    fn what_comes_with_a_library_is_survived_and_stays_inside() {
        crate::fuzz::survives(TARGETS, 400);
    }
}
