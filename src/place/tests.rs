//! Tests with archives that no honest server sends, and with places that others have prepared.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::cell::Cell;
use std::fs::{self, File};
use std::io::{Seek, Write};
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::Path;
use std::rc::Rc;

use super::{DiskRoom, Place, StopCheck, unpack};

/// An entry: its name, its kind, the target of a link, the claimed size, the content.
type Sent<'a> = (&'a [u8], u8, &'a [u8], Option<u64>, &'a [u8]);

fn archive(entries: &[Sent<'_>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, kind, link, size, content) in entries {
        let mut header = tar::Header::new_gnu();
        header.as_old_mut().name[..name.len()].copy_from_slice(name);
        header.as_old_mut().linkname[..link.len()].copy_from_slice(link);
        header.as_old_mut().linkflag = [*kind];
        header.set_mode(0o6777);
        header.set_size(size.unwrap_or(content.len() as u64));
        header.set_cksum();
        bytes.extend_from_slice(header.as_bytes());
        bytes.extend_from_slice(content);
        bytes.resize(bytes.len().next_multiple_of(512), 0);
    }
    bytes.resize(bytes.len() + 1024, 0);
    bytes
}

/// Unpacks an archive to `d` in a new directory that contains a file and another directory; returns the result.
fn unpacked(bytes: &[u8]) -> (tempfile::TempDir, Result<Vec<String>, String>) {
    unpacked_until(bytes, &|| false)
}

/// Does the same until it has to stop.
fn unpacked_until(bytes: &[u8], stop: StopCheck<'_>) -> (tempfile::TempDir, Result<Vec<String>, String>) {
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("precious"), "old").unwrap();
    fs::create_dir(outside.path().join("in")).unwrap();
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file.rewind().unwrap();
    let place = Place::of(&outside.path().join("in/d")).unwrap();
    let done = unpack(file, &place, &mut DiskRoom::default(), stop).map_err(|error| error.to_string());
    (outside, done)
}

/// Checks that everything new is in the directory, and that nothing is there in part.
fn assert_closed(name: &str, outside: &Path, done: bool) {
    assert_eq!(listed(outside), ["in", "precious"], "{name}");
    assert_eq!(fs::read_to_string(outside.join("precious")).unwrap(), "old", "{name}");
    let expected: &[&str] = if done { &["d"] } else { &[] };
    assert_eq!(listed(&outside.join("in")), expected, "{name}");
}

fn listed(directory: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

const FILE: u8 = b'0';
const HARD: u8 = b'1';
const LINK: u8 = b'2';
const DIRECTORY: u8 = b'5';

/// The name of a case, its entries, and the beginning or a part of the error; or the files afterwards and the number of entries
/// that were left out.
type Case<'a> = (&'a str, &'a [Sent<'a>], Result<(&'a [&'a str], usize), &'a str>);

#[test]
fn f4_no_archive_writes_outside_or_is_followed() {
    let deep = "a/".repeat(45).into_bytes();
    let hidden = archive(&[(b"x", b'L', b"", None, &[b'n'; 8 << 20])]);
    let cases: &[Case<'_>] = &[
        ("nothing", &[], Ok((&[], 0))),
        (
            "parent",
            &[(b"good", FILE, b"", None, b"x"), (b"../evil", FILE, b"", None, b"x")],
            Err("leads elsewhere"),
        ),
        (
            "deep parent",
            &[(b"a/../../evil", FILE, b"", None, b"x")],
            Err("leads elsewhere"),
        ),
        ("absolute", &[(b"/evil", FILE, b"", None, b"x")], Err("leads elsewhere")),
        (
            "absolute directory",
            &[(b"/evil/", DIRECTORY, b"", None, b"")],
            Err("leads elsewhere"),
        ),
        ("no name", &[(b".", FILE, b"", None, b"x")], Err("leads elsewhere")),
        (
            "link out and through",
            &[(b"l", LINK, b"..", None, b""), (b"l/evil", FILE, b"", None, b"x")],
            Ok((&["l"], 1)),
        ),
        (
            "absolute link",
            &[(b"l", LINK, b"/etc/passwd", None, b"")],
            Ok((&[], 1)),
        ),
        (
            "link out of a directory",
            &[(b"a/l", LINK, b"../../precious", None, b"")],
            Ok((&[], 1)),
        ),
        (
            "link by a link",
            &[(b"x", LINK, b".", None, b""), (b"l", LINK, b"x/..", None, b"")],
            Ok((&["x"], 1)),
        ),
        ("link to nothing", &[(b"l", LINK, b"", None, b"")], Ok((&[], 1))),
        (
            "link inside",
            &[(b"a/f", FILE, b"", None, b"x"), (b"b/l", LINK, b"../a/f", None, b"")],
            Ok((&["a", "b"], 0)),
        ),
        (
            "through a link inside",
            &[
                (b"a", DIRECTORY, b"", None, b""),
                (b"l", LINK, b"a", None, b""),
                (b"l/f", FILE, b"", None, b"x"),
            ],
            Err(""),
        ),
        (
            "hard link out",
            &[(b"l", HARD, b"../../precious", None, b"")],
            Err("leads elsewhere"),
        ),
        (
            "absolute hard link",
            &[(b"l", HARD, b"/etc/passwd", None, b"")],
            Err("leads elsewhere"),
        ),
        (
            "hard link to a link",
            &[(b"s", LINK, b"x", None, b""), (b"l", HARD, b"s", None, b"")],
            Err("leads elsewhere"),
        ),
        ("hard link to nothing", &[(b"l", HARD, b"x", None, b"")], Err("")),
        (
            "hard link",
            &[(b"f", FILE, b"", None, b"x"), (b"l", HARD, b"./f", None, b"")],
            Ok((&["f", "l"], 0)),
        ),
        (
            "devices",
            &[
                (b"c", b'3', b"", None, b""),
                (b"b", b'4', b"", None, b""),
                (b"p", b'6', b"", None, b""),
                (b"z", b'Z', b"", None, b""),
            ],
            Ok((&[], 4)),
        ),
        (
            "file twice",
            &[(b"f", FILE, b"", None, b"x"), (b"f", FILE, b"", None, b"y")],
            Ok((&["f"], 0)),
        ),
        (
            "link, then file",
            &[
                (b"a", FILE, b"", None, b"x"),
                (b"f", LINK, b"a", None, b""),
                (b"f", FILE, b"", None, b"y"),
            ],
            Ok((&["a", "f"], 0)),
        ),
        (
            "file, then directory",
            &[(b"f", FILE, b"", None, b"x"), (b"f/g", FILE, b"", None, b"y")],
            Err(""),
        ),
        (
            "directory, then file",
            &[(b"f/g", FILE, b"", None, b"x"), (b"f", FILE, b"", None, b"y")],
            Err(""),
        ),
        (
            "directory, then link",
            &[(b"f/g", FILE, b"", None, b"x"), (b"f", LINK, b"g", None, b"")],
            Err(""),
        ),
        ("more than there is", &[(b"f", FILE, b"", Some(1 << 40), b"x")], Err("")),
        (
            "all that a number holds",
            &[(b"f", FILE, b"", Some(u64::MAX), b"x")],
            Err(""),
        ),
        (
            "half of that",
            &[(b"f", FILE, b"", Some(i64::MAX as u64), b"x")],
            Err(""),
        ),
        ("holes", &[(b"f", b'S', b"", Some(1 << 60), b"")], Err("holes")),
        (
            "holes of others",
            &[
                (b"x", b'x', b"", None, b"26 GNU.sparse.realsize=99\n"),
                (b"f", FILE, b"", None, b""),
            ],
            Err("holes"),
        ),
        ("a long name", &[(b"x", b'L', b"", Some(2 << 20), b"")], Err("too long")),
        (
            "a name of a megabyte",
            &[(b"x", b'L', b"", None, &[b'n'; 1 << 20]), (b"f", FILE, b"", None, b"")],
            Err(""),
        ),
        (
            "a name of many megabytes in what another reader takes for content",
            &[
                (b"x", b'x', b"", None, b"10 size=0\n"),
                (b"f", FILE, b"", None, &hidden),
            ],
            Err("the server sends a name that is too long"),
        ),
        (
            "deep",
            &[(b"x", b'L', b"", None, &deep.repeat(6)), (b"f", FILE, b"", None, b"")],
            Err("in each other"),
        ),
        (
            "nul in a name",
            &[
                (b"x", b'x', b"", None, b"13 path=a\0b\n\n"),
                (b"f", FILE, b"", None, b""),
            ],
            Ok((&["f"], 0)),
        ),
    ];
    for (name, entries, expected) in cases {
        let (outside, done) = unpacked(&archive(entries));
        match (&done, expected) {
            (Ok(left_out), Ok((there, count))) => {
                assert_eq!(left_out.len(), *count, "{name}: {left_out:?}");
                assert_eq!(listed(&outside.path().join("in/d")), *there, "{name}");
            }
            (Err(error), Err(part)) => assert!(error.contains(part), "{name}: {error}"),
            _ => assert!(name.contains("nul"), "{name}: {done:?}"),
        }
        assert_closed(name, outside.path(), done.is_ok());
    }
    assert!(cases.len() >= 34, "{}", cases.len());
}

#[test]
fn of_what_is_left_out_a_hundred_are_told_by_name_and_the_others_by_their_number() {
    let fifo = |name| -> Sent<'_> { (name, b'6', b"", None, b"") };
    let names: Vec<String> = (0..150).map(|number| format!("p{number}")).collect();
    let entries: Vec<Sent<'_>> = names.iter().map(|name| fifo(name.as_bytes())).collect();
    let left_out = unpacked(&archive(&entries)).1.unwrap();
    assert_eq!(left_out.len(), 101);
    assert_eq!(left_out[99], "p99 is no file, directory or link");
    assert_eq!(left_out[100], "50 more are no files, directories or links, or lead out");
    // Of a name of half a megabyte only the beginning is shown.
    let long = [&[b'n'; 250][..], b"/"].concat().repeat(2000);
    let link: &[Sent<'_>] = &[(b"x", b'K', b"", None, &long), (b"l", LINK, b"", None, b"")];
    let left_out = unpacked(&archive(link)).1.unwrap_or_else(|error| vec![error]);
    assert!(left_out.iter().all(|line| line.len() < 1000), "{}", left_out[0].len());
}

#[test]
fn f4_archives_that_are_broken_anywhere_neither_panic_nor_write_outside() {
    let good = archive(&[
        (b"a/", DIRECTORY, b"", None, b""),
        (b"a/f", FILE, b"", None, b"content"),
        (b"l", LINK, b"a/f", None, b""),
        (b"h", HARD, b"a/f", None, b""),
        (b"x", b'x', b"", None, b"13 path=a/bc\n"),
        (b"f", FILE, b"", None, &[b'y'; 700]),
    ]);
    let mut random = fastrand::Rng::with_seed(1);
    for number in 0..400 {
        let mut bytes = good.clone();
        for _ in 0..random.usize(1..6) {
            let at = random.usize(..bytes.len());
            bytes[at] = random.u8(..);
        }
        // With a wrong checksum nothing but the checksum would be checked.
        for block in bytes.chunks_mut(512).filter(|block| block[257..262] == *b"ustar") {
            let mut header = tar::Header::new_gnu();
            header.as_mut_bytes().copy_from_slice(block);
            header.set_cksum();
            block.copy_from_slice(header.as_bytes());
        }
        bytes.truncate(random.usize(..=bytes.len()));
        let (outside, done) = unpacked(&bytes);
        assert_closed(&number.to_string(), outside.path(), done.is_ok());
    }
}

#[test]
fn f4_many_entries_and_modes_within_the_umask() {
    let mut entries: Vec<Sent<'_>> = vec![(b"d", DIRECTORY, b"", None, b"")];
    let names: Vec<String> = (0..5000).map(|number| format!("d/{}", number % 2500)).collect();
    entries.extend(
        names
            .iter()
            .map(|name| (name.as_bytes(), FILE, &b""[..], None, &b""[..])),
    );
    let (outside, done) = unpacked(&archive(&entries));
    assert_eq!(done, Ok(Vec::new()));
    let directory = outside.path().join("in/d");
    assert_eq!(listed(&directory.join("d")).len(), 2500);
    let probe = outside.path().join("probe");
    fs::create_dir(&probe).unwrap();
    let umask = fs::metadata(&probe).unwrap().mode() & 0o777;
    for path in [directory.join("d"), directory.join("d/0")] {
        assert_eq!(
            fs::metadata(&path).unwrap().mode() & 0o7777,
            umask,
            "{}",
            path.display()
        );
    }
}

#[test]
fn f4_names_of_directories_are_no_longer_than_128_mib_in_all() {
    // All entries name the same directory, by the longest path that is accepted.
    let deep = [&[b'n'; 255][..], b"/"].concat().repeat(249);
    let named: &[Sent<'_>] = &[(b"x", b'L', b"", None, &deep), (b"d", DIRECTORY, b"", None, b"")];
    let count = (128 << 20) / (deep.len() - 1) + 1;
    let entries: Vec<Sent<'_>> = std::iter::repeat_n(named, count).flatten().copied().collect();
    let (outside, done) = unpacked(&archive(&entries));
    let said = "the server sends directories whose names are longer than 128 MiB in all";
    assert_eq!(done, Err(said.to_owned()));
    assert_closed(said, outside.path(), false);
}

#[test]
fn f4_what_is_stopped_while_it_is_unpacked_leaves_nothing() {
    let large = vec![b'x'; 4 << 20];
    let mut entries: Vec<Sent<'_>> = vec![(b"d/", DIRECTORY, b"", None, b"")];
    let names: Vec<String> = (0..50).map(|number| format!("d/{number}")).collect();
    entries.extend(
        names
            .iter()
            .map(|name| (name.as_bytes(), FILE, &b""[..], None, &b"text"[..])),
    );
    entries.push((b"large", FILE, b"", None, &large));
    entries.push((b"last", DIRECTORY, b"", None, b""));
    let bytes = archive(&entries);
    let looks = Cell::new(0);
    let whole = unpacked_until(&bytes, &|| {
        looks.set(looks.get() + 1);
        false
    });
    assert_eq!(whole.1, Ok(Vec::new()));
    // Each entry is looked at twice, and written; the large file takes more than a look for each 64 KiB of it.
    let all = looks.get();
    assert!(all > 150 + 64, "{all}");
    for last in (0..all).step_by(7).chain([all - 1]) {
        looks.set(0);
        let (outside, done) = unpacked_until(&bytes, &|| {
            looks.set(looks.get() + 1);
            looks.get() > last
        });
        assert_eq!(done, Err("stopped".to_owned()), "{last}");
        assert_eq!(looks.get(), last + 1, "it goes on after that");
        assert_closed(&last.to_string(), outside.path(), false);
    }
}

#[test]
fn a_new_file_has_the_mode_of_its_source_and_one_that_is_there_no_more_than_it() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("new/file");
    let write = |mode: u32| {
        let place = Rc::new(Place::of(&path)?);
        place.takes_file()?;
        let (new, mut file) = place.create(mode)?;
        file.write_all(b"text")?;
        new.keep(&file, mode, None)?;
        Ok::<_, std::io::Error>(fs::metadata(&path)?.mode() & 0o7777)
    };
    assert_eq!(write(0o600).unwrap(), 0o600);
    assert_eq!(write(0o4644).unwrap(), 0o600);
    fs::remove_file(&path).unwrap();
    assert_eq!(write(0o6777).unwrap() & 0o7022, 0);
    assert_eq!(write(0o640).unwrap() & 0o7027, 0);
    assert_eq!(listed(path.parent().unwrap()), ["file"]);
    fs::remove_file(&path).unwrap();
    symlink("other", &path).unwrap();
    write(0o600).unwrap();
    assert!(path.is_symlink() && home.path().join("new/other").is_file());
    drop(File::open(&path).unwrap());
    fs::remove_file(&path).unwrap();
    symlink("/dev/null", &path).unwrap();
    assert_eq!(write(0o600).unwrap_err().to_string(), "is not a regular file");
}
