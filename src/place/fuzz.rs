//! A target of `scripts/fuzz`: the archive of a directory that a server sends.

use std::fs::{self, DirEntry};
use std::io::{Seek as _, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use crate::fuzz::Target;

use super::{DiskRoom, Place, unpack};

/// The targets of this folder.
pub(crate) const TARGETS: &[Target] = &[Target {
    name: "archive",
    about: "a server that sends a directory",
    seeds: &[
        include_bytes!("../../tests/fixtures/fuzz/gnu.archive"),
        include_bytes!("../../tests/fixtures/fuzz/pax.archive"),
    ],
    words: &[
        "../",
        "/",
        "..",
        "./",
        "outside",
        "/etc/passwd",
        "a/",
        "link",
        "0",
        "1",
        "2",
        "5",
        "L",
        "K",
        "S",
        "x",
        "g",
        "\0",
        "\0\0\0\0\0\0\0\0",
        "77777777777",
        "00000001000",
        "00000000000",
        "19 path=../outside\n",
        "18 size=4294967296\n",
        "23 linkpath=../outside\n",
        "26 GNU.sparse.realsize=99\n",
        "ustar\x0000",
        "ustar  \0",
    ],
    read: read_archive,
}];

const PRECIOUS: &str = "precious";

/// Unpacks an archive into a new directory or, if the first byte is odd, into an existing one. Returns true if all of it was
/// accepted.
fn read_archive(bytes: &[u8]) -> bool {
    let (first, bytes) = bytes.split_first().unwrap_or((&0, &[]));
    let mut bytes = bytes.to_vec();
    // One archive in eight is left as it is. Without valid checksums little but the check of a header would be tried.
    if first >> 1 & 7 != 0 {
        crate::fuzz::mend(&mut bytes);
    }
    attempt(&bytes, first & 1 == 1).unwrap_or_else(|error| panic!("no place to unpack to: {error}"))
}

fn attempt(bytes: &[u8], is_there: bool) -> std::io::Result<bool> {
    let home = tempfile::tempdir()?;
    let (outside, inside) = (home.path().join("outside"), home.path().join("in"));
    fs::write(&outside, PRECIOUS)?;
    fs::create_dir(&inside)?;
    let to = inside.join("d");
    if is_there {
        fs::create_dir_all(to.join("a"))?;
        fs::write(to.join("file"), "old")?;
    }
    let before = fs::metadata(&outside)?;
    let mut file = tempfile::tempfile()?;
    file.write_all(bytes)?;
    file.rewind()?;
    let done = unpack(file, &Place::of(&to)?, &mut DiskRoom::default(), &|| false);
    let after = fs::metadata(&outside)?;
    assert_eq!(fs::read_to_string(&outside)?, PRECIOUS, "a file outside was written to");
    assert_eq!(
        (before.ino(), before.mode(), before.mtime(), before.nlink()),
        (after.ino(), after.mode(), after.mtime(), after.nlink()),
        "a file outside was changed"
    );
    assert_eq!(names(home.path())?, ["in", "outside"]);
    let made = is_there || done.is_ok();
    assert_eq!(names(&inside)?, if made { vec!["d"] } else { Vec::new() });
    if made {
        look(&to, &to.canonicalize()?)?;
    }
    Ok(done.is_ok())
}

/// Checks that nothing in a directory leads out of `top`, and that nothing has more than the usual permissions.
fn look(directory: &Path, top: &Path) -> std::io::Result<()> {
    // Root can read everything.
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let metadata = fs::symlink_metadata(&path)?;
        if metadata.is_symlink() {
            if let Ok(really) = path.canonicalize() {
                assert!(
                    really.starts_with(top),
                    "{} leads to {}",
                    path.display(),
                    really.display()
                );
            }
        } else {
            assert_eq!(
                metadata.mode() & 0o7022,
                0,
                "{} has {:o}",
                path.display(),
                metadata.mode()
            );
            if metadata.is_dir() {
                look(&path, top)?;
            }
        }
    }
    Ok(())
}

fn names(directory: &Path) -> std::io::Result<Vec<String>> {
    let name = |entry: DirEntry| entry.file_name().to_string_lossy().into_owned();
    let mut names: Vec<String> = fs::read_dir(directory)?
        .map(|entry| entry.map(name))
        .collect::<std::io::Result<_>>()?;
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::TARGETS;

    #[test]
    fn archives_of_servers_are_survived_and_stay_inside() {
        crate::fuzz::survives(TARGETS, 1500);
    }
}
