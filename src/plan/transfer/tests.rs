//! Tests that the scripts write files and directories unchanged, in real shells.

mod merging;

use std::fs;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use super::{FILE_FOLLOWS, TAR_FOLLOWS, get_command, put_command, untar_command};
use crate::deadline::{InTime, poll};
use crate::plan::{Mode, command_line};
use crate::source::{all, tree};

/// Runs a line as a login shell would, in `home`.
fn run(home: &Path, line: &str, input: &[u8]) -> Output {
    let mut child = Command::new("sh")
        .args([
            "-c",
            &format!("umask 022; {}", command_line(line, &Default::default(), "", true).line),
        ])
        .current_dir(home)
        .env("HOME", home)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The command may fail before it reads its input.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.in_time()
}

fn put(home: &Path, path: &str, mode: Option<&str>, text: &str) -> Output {
    put_from(home, path, mode, None, text)
}

fn put_from(home: &Path, path: &str, mode: Option<&str>, source: Option<u32>, text: &str) -> Output {
    let mode = mode.map(|mode| Mode::text(mode).unwrap());
    let command = put_command(path, mode.as_ref(), source, text.len() as u64);
    run(home, &command, text.as_bytes())
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn f1_put_writes_content_and_mode_and_leaves_nothing_beside() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    for (path, mode_given, expected) in [
        ("plain", None, 0o644),
        ("~/it's a $(touch x) \"name\"", Some("640"), 0o640),
        ("-dash", Some("0755"), 0o755),
        ("group", Some("g+w"), 0o664),
        ("two\nlines", None, 0o644),
    ] {
        let output = put(home, path, mode_given, "line\nno end");
        assert!(output.status.success(), "{path}: {output:?}");
        let file = home.join(path.trim_start_matches("~/"));
        assert_eq!(fs::read_to_string(&file).unwrap(), "line\nno end");
        assert_eq!(mode(&file), expected, "{path}");
    }
    assert_eq!(
        names(home),
        ["-dash", "group", "it's a $(touch x) \"name\"", "plain", "two\nlines"]
    );
}

#[test]
fn f1_a_file_that_exists_keeps_its_mode_and_a_link_stays_a_link() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    fs::write(home.join("real"), "old").unwrap();
    fs::set_permissions(home.join("real"), fs::Permissions::from_mode(0o600)).unwrap();
    symlink("real", home.join("link")).unwrap();
    let output = put(home, "link", None, "new");
    assert!(output.status.success(), "{output:?}");
    assert_eq!(fs::read_to_string(home.join("real")).unwrap(), "new");
    assert_eq!(mode(&home.join("real")), 0o600);
    assert!(home.join("link").is_symlink());
}

#[test]
fn f1_a_put_that_fails_leaves_the_old_content_and_nothing_beside() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    fs::write(home.join("file"), "old").unwrap();
    fs::create_dir(home.join("directory")).unwrap();
    let short = run(home, &put_command("file", None, None, 100), b"the connection was lost");
    assert!(String::from_utf8_lossy(&short.stderr).contains("not all of the content arrived"));
    for output in [
        short,
        put(home, "directory", None, "new"),
        put(home, "missing/file", None, "new"),
    ] {
        assert!(!output.status.success(), "{output:?}");
        assert!(!output.stderr.is_empty());
    }
    assert_eq!(fs::read_to_string(home.join("file")).unwrap(), "old");
    assert_eq!(names(home), ["directory", "file"]);
}

#[test]
fn f1_a_put_needs_the_directory_and_says_so() {
    let home = tempfile::tempdir().unwrap();
    let output = put(home.path(), "no/such/file", None, "text");
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "no/such/file: there is no directory no/such/\n"
    );
}

#[test]
fn f1_a_put_that_is_told_to_end_leaves_nothing_beside() {
    let home = tempfile::tempdir().unwrap();
    let line = command_line(&put_command("file", None, None, 100), &Default::default(), "", true).line;
    let mut child = Command::new("sh")
        .args(["-c", &line])
        .current_dir(home.path())
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.as_mut().unwrap().write_all(b"some").unwrap();
    poll("nothing is written", || (!names(home.path()).is_empty()).then_some(()));
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    drop(child.stdin.take());
    assert!(!child.in_time().status.success());
    assert!(names(home.path()).is_empty());
}

#[test]
fn f1_a_new_file_has_the_mode_of_its_source_within_the_umask_and_one_that_is_there_no_more_than_it() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    for (there, source, given, expected) in [
        (None, 0o600, None, 0o600),
        (None, 0o777, None, 0o755),
        (None, 0o640, None, 0o640),
        (None, 0o750, None, 0o750),
        (None, 0o4755, None, 0o755),
        (None, 0o444, None, 0o444),
        (None, 0o666, None, 0o644),
        (None, 0o600, Some("0644"), 0o644),
        (None, 0o600, Some("g+r"), 0o640),
        (Some(0o644), 0o600, None, 0o600),
        (Some(0o755), 0o644, None, 0o755),
        (Some(0o664), 0o644, None, 0o644),
        (Some(0o4640), 0o644, None, 0o4640),
        (Some(0o644), 0o600, Some("644"), 0o644),
        (Some(0o600), 0o644, None, 0o600),
    ] {
        let _ = fs::remove_file(home.join("file"));
        if let Some(there) = there {
            fs::write(home.join("file"), "old").unwrap();
            fs::set_permissions(home.join("file"), fs::Permissions::from_mode(there)).unwrap();
        }
        let output = put_from(home, "file", given, Some(source), "text");
        assert!(output.status.success(), "{output:?}");
        let seen = mode(&home.join("file"));
        assert_eq!(seen, expected, "{there:?} {source:o} {given:?} gives {seen:o}");
        assert_eq!(names(home), ["file"]);
    }
}

#[test]
fn what_is_no_regular_file_is_neither_written_to_nor_replaced() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        home.join("fifo"),
        rustix::fs::FileType::Fifo,
        0o666.into(),
        0,
    )
    .unwrap();
    symlink("/dev/null", home.join("null")).unwrap();
    symlink("loop", home.join("loop")).unwrap();
    for (name, why) in [
        ("fifo", "is not a regular file"),
        ("null", "is not a regular file"),
        ("loop", "the link leads nowhere"),
    ] {
        let output = put(home, name, None, "text");
        assert!(!output.status.success(), "{output:?}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), format!("{name}: {why}\n"));
    }
    assert_eq!(names(home), ["fifo", "loop", "null"]);
}

#[test]
fn every_shell_reads_the_scripts() {
    let mut tried = 0;
    for shell in [
        &["dash"][..],
        &["bash"],
        &["bash", "--posix"],
        &["busybox", "sh"],
        &["mksh"],
        &["ksh"],
    ] {
        let home = tempfile::tempdir().unwrap();
        let home = home.path();
        symlink("real", home.join("link")).unwrap();
        fs::create_dir(home.join("real")).unwrap();
        let from = tempfile::tempdir().unwrap();
        fs::write(from.path().join("file"), "2").unwrap();
        let archive = all(&*tree(from.path()).unwrap().source).unwrap();
        let mode = Mode::number(0o640).unwrap();
        for (command, input) in [
            (put_command("link/a b", Some(&mode), Some(0o600), 1), &b"1"[..]),
            (put_command("./link/../real/c", None, Some(0o755), 1), b"1"),
            (untar_command("new/er"), &archive),
            (untar_command("link"), &archive),
        ] {
            let (program, arguments) = shell.split_first().unwrap();
            let started = Command::new(program)
                .args(arguments)
                .args(["-c", &format!("umask 022; {command}")])
                .current_dir(home)
                .stdin(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn();
            let Ok(mut child) = started else { continue };
            child.stdin.take().unwrap().write_all(input).unwrap();
            let output = child.in_time();
            assert!(output.status.success(), "{shell:?}: {output:?}");
            tried += 1;
        }
        if home.join("new").exists() {
            assert_eq!(names(home), ["link", "new", "real"], "{shell:?}");
            assert_eq!(names(&home.join("real")), ["a b", "c", "file"], "{shell:?}");
            assert_eq!(
                (mode_of(home, "real/a b"), mode_of(home, "real/c")),
                (0o640, 0o755),
                "{shell:?}"
            );
            assert_eq!(names(&home.join("new/er")), ["file"], "{shell:?}");
        }
    }
    assert!(tried >= 8, "{tried}");
}

fn mode_of(home: &Path, name: &str) -> u32 {
    mode(&home.join(name))
}

/// Sends a directory with this file in it to `path`.
fn send(home: &Path, path: &str, name: &str, text: &str) -> Output {
    let from = tempfile::tempdir().unwrap();
    let file = from.path().join(name);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, text).unwrap();
    run(
        home,
        &untar_command(path),
        &all(&*tree(from.path()).unwrap().source).unwrap(),
    )
}

#[test]
fn f4_a_directory_is_unpacked_where_it_is_wanted_and_into_what_is_there() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    for (path, name, text) in [
        ("~/to/a b/", "one/file", "1"),
        ("to/a b", "one/two\nlines", "2"),
        ("to/a b", "one/.hidden", "3"),
        ("to/a b", "one/file", "4"),
        ("to/a b", "-dash", "5"),
    ] {
        let output = send(home, path, name, text);
        assert!(output.status.success(), "{output:?}");
    }
    assert_eq!(names(&home.join("to")), ["a b"]);
    assert_eq!(names(&home.join("to/a b")), ["-dash", "one"]);
    assert_eq!(names(&home.join("to/a b/one")), [".hidden", "file", "two\nlines"]);
    assert_eq!(fs::read_to_string(home.join("to/a b/one/file")).unwrap(), "4");
    fs::write(home.join("file"), "x").unwrap();
    let output = send(home, "file", "name", "text");
    assert!(String::from_utf8_lossy(&output.stderr).contains("file: is not a directory"));
    let output = send(home, "to/a b/one", "file/name", "text");
    assert!(!output.status.success(), "{output:?}");
    assert_eq!(names(&home.join("to/a b")), ["-dash", "one"]);
}

#[test]
fn f4_a_directory_of_which_not_all_arrived_changes_nothing() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let from = tempfile::tempdir().unwrap();
    for name in ["a", "b"] {
        fs::write(from.path().join(name), name).unwrap();
    }
    let archive = all(&*tree(from.path()).unwrap().source).unwrap();
    let mut blocks = 0;
    // The last entry marks the end, so an archive without the zeros after it is complete.
    for end in (0..archive.len() - 3 * 512).step_by(512) {
        let output = run(home, &untar_command("to"), &archive[..end]);
        assert!(!output.status.success(), "{end}: {output:?}");
        blocks += 1;
    }
    assert!(blocks > 4 && names(home).is_empty());
}

#[test]
fn f6_a_file_is_sent_as_it_is_and_a_directory_as_an_archive() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let content = b"\x00\xff it's \r\n";
    for name in ["-dash", "it's a $(touch x)"] {
        fs::write(home.join(name), content).unwrap();
        let output = run(home, &get_command(name, true), b"");
        assert_eq!(
            output.stdout,
            [FILE_FOLLOWS, b"10 644\n", content].concat(),
            "{output:?}"
        );
    }
    fs::create_dir(home.join("directory")).unwrap();
    let output = run(home, &get_command("~/directory", true), b"");
    assert!(output.status.success() && output.stdout.starts_with(TAR_FOLLOWS));
    for (path, directories) in [("directory", false), ("missing", true)] {
        let output = run(home, &get_command(path, directories), b"");
        assert!(!output.status.success() && !output.stderr.is_empty(), "{output:?}");
    }
    let pipe = home.join("pipe");
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, 0o666.into(), 0).unwrap();
    symlink("pipe", home.join("link")).unwrap();
    for path in ["pipe", "link", "/dev/zero", "/dev/tty"] {
        let output = run(home, &get_command(path, true), b"");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(said, format!("{path}: is neither a file nor a directory\n"));
        assert!(!output.status.success() && output.stdout.is_empty(), "{output:?}");
    }
}
