//! Tests that a directory is merged into an existing one, in every shell and with few processes.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use super::mode_of;
use crate::deadline::InTime;
use crate::plan::transfer::untar_command;
use crate::source::{all, tree};

/// The programs that the script calls, except those that a test takes away.
const TOOLS: &[&str] = &[
    "chmod", "find", "id", "ls", "mkdir", "mktemp", "mv", "perl", "printf", "readlink", "rm", "rmdir", "sh", "tar",
];

/// Returns a search path with these programs alone, each of which writes its name to a log when it is called.
fn path_without(place: &Path, missing: &[&str]) -> (PathBuf, PathBuf) {
    let (path, log) = (place.join("bin"), place.join("log"));
    fs::create_dir(&path).unwrap();
    for tool in TOOLS.iter().filter(|tool| !missing.contains(tool)) {
        let found = ["/usr/bin", "/bin", "/usr/local/bin"]
            .map(|directory| Path::new(directory).join(tool))
            .into_iter()
            .find(|found| found.exists());
        let Some(found) = found else { continue };
        let text = format!(
            "#!/bin/sh\necho {tool} >> '{}'\nexec '{}' \"$@\"\n",
            log.display(),
            found.display()
        );
        fs::write(path.join(tool), text).unwrap();
        fs::set_permissions(path.join(tool), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    }
    (path, log)
}

/// Sends `from` to the directory `to` below `home`.
fn send(shell: &[&str], path: &Path, home: &Path, from: &Path) -> Option<Output> {
    let archive = all(&*tree(from).unwrap().source).unwrap();
    let input = home.join("../archive");
    fs::write(&input, archive).unwrap();
    let (program, arguments) = shell.split_first().unwrap();
    let started = Command::new(program)
        .args(arguments)
        .args([
            "-c",
            &format!("PATH='{}'; umask 022; {}", path.display(), untar_command("to")),
        ])
        .current_dir(home)
        .stdin(fs::File::open(&input).unwrap())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    Some(started.ok()?.in_time())
}

fn write(place: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let file = place.join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
}

/// Collects all files below, with their content.
fn files(place: &Path, below: &str, found: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(place.join(below)).unwrap() {
        let name = format!("{below}{}", entry.unwrap().file_name().into_string().unwrap());
        let path = place.join(&name);
        if path.is_dir() && !path.is_symlink() {
            found.insert(format!("{name}/"), format!("{:o}", mode_of(place, &name)));
            files(place, &format!("{name}/"), found);
        } else if let Ok(link) = fs::read_link(&path) {
            found.insert(name, format!("-> {}", link.display()));
        } else {
            found.insert(name, fs::read_to_string(&path).unwrap());
        }
    }
}

/// The files afterwards: names of directories end in a slash and have their mode.
const MERGED: &str = r#""elsewhere" not ours
"real/" 755
"real/inner" new
"real/kept" kept
"to/" 755
"to/.hidden/" 755
"to/.hidden/..kept" kept
"to/.hidden/.file" new
"to/a b/" 755
"to/a b/-dash/" 755
"to/a b/-dash/file" new
"to/closed/" 700
"to/closed/file" new
"to/closed/kept" kept
"to/dangling" -> nowhere
"to/empty/" 755
"to/file" new
"to/kept" kept
"to/link" new
"to/linked" -> ../real
"to/two\nlines/" 755
"to/two\nlines/kept" kept
"to/two\nlines/sub/" 755
"to/two\nlines/sub/file" new
"to/whole/" 755
"to/whole/sub/" 755
"to/whole/sub/file" new"#;

#[test]
fn f4_what_is_there_stays_what_is_sent_replaces_in_every_shell_and_with_few_programs() {
    let mut tried = 0;
    for shell in [&["dash"][..], &["bash"], &["busybox", "sh"], &["mksh"], &["ksh"]] {
        for missing in [&[][..], &["perl"], &["perl", "find"]] {
            let place = tempfile::tempdir().unwrap();
            let (home, from) = (place.path().join("home"), place.path().join("from"));
            write(
                &home,
                &[
                    ("elsewhere", "not ours"),
                    ("real/kept", "kept"),
                    ("to/kept", "kept"),
                    ("to/file", "old"),
                    ("to/a b/-dash/file", "old"),
                    ("to/two\nlines/kept", "kept"),
                    ("to/.hidden/..kept", "kept"),
                    ("to/closed/kept", "kept"),
                ],
            );
            symlink("../elsewhere", home.join("to/link")).unwrap();
            symlink("../real", home.join("to/linked")).unwrap();
            fs::set_permissions(
                home.join("to/closed"),
                std::os::unix::fs::PermissionsExt::from_mode(0o700),
            )
            .unwrap();
            write(
                &from,
                &[
                    ("file", "new"),
                    ("link", "new"),
                    ("linked/inner", "new"),
                    ("a b/-dash/file", "new"),
                    ("two\nlines/sub/file", "new"),
                    (".hidden/.file", "new"),
                    ("closed/file", "new"),
                    ("whole/sub/file", "new"),
                ],
            );
            fs::create_dir(from.join("empty")).unwrap();
            symlink("nowhere", from.join("dangling")).unwrap();
            let (path, _) = path_without(place.path(), missing);
            let Some(output) = send(shell, &path, &home, &from) else {
                continue;
            };
            assert!(output.status.success(), "{shell:?} without {missing:?}: {output:?}");
            let mut found = BTreeMap::new();
            files(&home, "", &mut found);
            let lines: Vec<_> = found.iter().map(|(name, text)| format!("{name:?} {text}")).collect();
            assert_eq!(lines.join("\n"), MERGED, "{shell:?} without {missing:?}");
            tried += 1;
        }
    }
    assert!(tried >= 6, "{tried}");
}

#[test]
fn f4_many_directories_are_merged_by_a_few_processes() {
    for (missing, most) in [(&[][..], 40), (&["perl"], 2 * 400 + 40)] {
        let place = tempfile::tempdir().unwrap();
        let (home, from) = (place.path().join("home"), place.path().join("from"));
        for number in 0..400 {
            write(&home, &[(&format!("to/{number}/file"), "old")]);
            write(&from, &[(&format!("{number}/file"), "new")]);
        }
        let (path, log) = path_without(place.path(), missing);
        let output = send(&["sh"], &path, &home, &from).unwrap();
        assert!(output.status.success(), "{output:?}");
        assert_eq!(fs::read_to_string(home.join("to/399/file")).unwrap(), "new");
        let called = fs::read_to_string(&log).unwrap().lines().count();
        assert!(called <= most, "{called} processes without {missing:?}");
    }
}

#[test]
fn f4_a_directory_that_leads_to_another_file_system_is_merged_and_what_cannot_be_is_told() {
    for missing in [&[][..], &["perl"]] {
        let place = tempfile::tempdir().unwrap();
        let other = tempfile::tempdir_in("/dev/shm").unwrap();
        let (home, from) = (place.path().join("home"), place.path().join("from"));
        write(&home, &[("to/kept", "kept")]);
        symlink(other.path(), home.join("to/there")).unwrap();
        write(&from, &[("there/file", "new"), ("there/sub/file", "new")]);
        let (path, _) = path_without(place.path(), missing);
        let output = send(&["sh"], &path, &home, &from).unwrap();
        assert!(output.status.success(), "{output:?}");
        assert_eq!(fs::read_to_string(other.path().join("sub/file")).unwrap(), "new");
        fs::remove_file(other.path().join("file")).unwrap();
        fs::create_dir(other.path().join("file")).unwrap();
        let output = send(&["sh"], &path, &home, &from).unwrap();
        assert!(!output.status.success(), "{output:?}");
        assert!(
            String::from_utf8_lossy(&output.stderr).contains("overwrite directory"),
            "{output:?}"
        );
        let left: Vec<_> = fs::read_dir(&home).unwrap().collect();
        assert_eq!(left.len(), 1, "{left:?}");
    }
}
