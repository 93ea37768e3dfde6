//! Takes the files out of a tarball whose digest is known.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::Path;

use tar::{Archive, EntryType};

use super::limits::{BYTES, DOWNLOAD, FILES};
use super::not_taken::NotTaken;
use super::program::{ProgramSurroundings, ask_into};
use super::tree::{Refused, Tree, check, sha256};
use crate::regular;

/// The first bytes of the output of gzip.
const GZIP: &[u8] = &[0x1f, 0x8b];

/// Returns the digest of a tarball.
pub(super) fn digest(file: &Path) -> io::Result<String> {
    regular::read(file).map(|bytes| sha256(&bytes))
}

/// Returns the files in a tarball, and the entries that are left out. If everything is in one directory at the top, paths begin
/// below it.
pub(super) fn take(file: &Path, digest: &str) -> Result<(Tree, Vec<String>), NotTaken> {
    let bytes = regular::read(file)?;
    let found = sha256(&bytes);
    if found != digest {
        return Err(NotTaken::Differs {
            found,
            wanted: digest.to_owned(),
        });
    }
    let mut archive = tempfile::tempfile()?;
    archive.write_all(&bytes)?;
    archive.rewind()?;
    if bytes.starts_with(GZIP) {
        let plain = tempfile::tempfile()?;
        ask_into(
            &["gzip", "-dc"],
            ProgramSurroundings::of(Path::new("/")),
            Some(archive),
            &plain,
        )?;
        archive = plain;
        archive.rewind()?;
    }
    entries(archive)
}

pub(super) fn entries(archive: File) -> Result<(Tree, Vec<String>), NotTaken> {
    let (mut files, mut left_out) = (Vec::new(), Vec::new());
    let mut bytes = 0_u64;
    let mut archive = Archive::new(archive.take(DOWNLOAD));
    for entry in archive.entries().map_err(NotTaken::NoTarball)? {
        let mut entry = entry.map_err(NotTaken::NoTarball)?;
        let path = entry.path_bytes().into_owned();
        let path = String::from_utf8(path).map_err(|_| Refused::NotUtf8)?;
        let path = path.trim_start_matches("./").trim_end_matches('/').to_owned();
        match entry.header().entry_type() {
            EntryType::Regular | EntryType::Continuous => {
                bytes = bytes.saturating_add(entry.size());
                if bytes > BYTES {
                    return Err(Refused::TooLarge.into());
                }
                let mut content = Vec::new();
                entry.read_to_end(&mut content).map_err(NotTaken::NoTarball)?;
                files.push((path, content));
            }
            EntryType::Directory | EntryType::XGlobalHeader => {}
            EntryType::Symlink | EntryType::Link => left_out.push((path, "is a link")),
            _ => left_out.push((path, "is no file")),
        }
        if files.len() + left_out.len() > FILES {
            return Err(Refused::TooManyFiles.into());
        }
    }
    let top = top(files.iter().map(|(path, _)| path.as_str()));
    let below = |path: &str| path.strip_prefix(&top).unwrap_or(path).to_owned();
    let mut tree = Tree::default();
    for (path, content) in files {
        tree.add(&below(&path), content)?;
    }
    let mut told = Vec::new();
    for (path, why) in left_out {
        let path = below(&path);
        check(&path)?;
        told.push(format!("{path} {why}"));
    }
    Ok((tree, told))
}

/// Returns the directory that all paths begin with, with its `/`; empty if there is none.
fn top<'a>(mut paths: impl Iterator<Item = &'a str>) -> String {
    let first = paths.next().and_then(|path| path.split_once('/'));
    let Some((first, _)) = first.filter(|(first, _)| check(first).is_ok()) else {
        return String::new();
    };
    let top = format!("{first}/");
    match paths.all(|path| path.starts_with(&top)) {
        true => top,
        false => String::new(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use std::fs;

    use tar::{Builder, EntryType, Header};

    use super::{digest, take, top};

    fn tarball(entries: &[(&str, EntryType, &[u8])]) -> (tempfile::TempDir, std::path::PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.tar");
        let mut builder = Builder::new(Vec::new());
        for (name, kind, content) in entries {
            let mut header = Header::new_gnu();
            // The name is written as an attacker would do it: the crate `tar` refuses `..`.
            header.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
            header.set_entry_type(*kind);
            header.set_size(content.len() as u64);
            header.set_mode(0o4777);
            if *kind == EntryType::Symlink {
                header.set_link_name("/etc/passwd").unwrap();
            }
            header.set_cksum();
            builder.append(&header, *content).unwrap();
        }
        fs::write(&path, builder.into_inner().unwrap()).unwrap();
        (directory, path)
    }

    #[test]
    fn the_files_are_taken_and_what_is_no_file_is_told() {
        let (_directory, path) = tarball(&[
            ("chat-1.0/", EntryType::Directory, b""),
            ("chat-1.0/chat.rhai", EntryType::Regular, b"x"),
            ("chat-1.0/etc", EntryType::Symlink, b""),
            ("chat-1.0/pipe", EntryType::Fifo, b""),
        ]);
        let (tree, left_out) = take(&path, &digest(&path).unwrap()).unwrap();
        assert_eq!(tree.paths().collect::<Vec<_>>(), ["chat.rhai"]);
        assert_eq!(left_out, ["etc is a link", "pipe is no file"]);
        assert!(
            take(&path, &"0".repeat(64))
                .unwrap_err()
                .to_string()
                .contains("and not 0000")
        );
    }

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        for name in [
            "../x.rhai",
            "/etc/x.rhai",
            "a/../../x.rhai",
            "a\x1b[2J.rhai",
            ".git/config",
        ] {
            let (_directory, path) = tarball(&[(name, EntryType::Regular, b"x")]);
            let told = take(&path, &digest(&path).unwrap()).unwrap_err().to_string();
            assert!(told.contains("a path that is not accepted"), "{name:?}: {told}");
        }
    }

    #[test]
    fn a_directory_around_all_files_is_no_part_of_their_names() {
        assert_eq!(top(["a/b", "a/c/d"].into_iter()), "a/");
        assert_eq!(top(["a/b", "c"].into_iter()), "");
        assert_eq!(top(["b"].into_iter()), "");
        assert_eq!(top(["../b"].into_iter()), "");
    }
}
