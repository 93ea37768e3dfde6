//! Command lines that take files from their standard input.

use super::quote::{quote, quote_path};
use crate::source::END;

/// The functions and names of both scripts below: `p` is the target, `d` the directory it stands in, `t` a new name there.
/// Whatever happens, nothing is left under that name.
const BESIDE: &str = r#"fail() { echo "$p: $1" >&2; exit 1; }
beside() { case $p in */*) d=${p%/*}/ ;; *) d= ;; esac; t=$d.capr.$$; n=0; while [ -e "$t" ] || [ -h "$t" ]; do n=$((n + 1)); t=$d.capr.$$.$n; done; }
clean() { trap 'rm -rf "$t"' EXIT; trap 'exit 1' HUP INT PIPE TERM; }"#;

/// Written beside the target and renamed: who reads the target sees the old content or the new one, whole.
/// The connection may end in the middle, which looks like the end of the input; hence the length.
const PUT: &str = r#"if [ -h "$p" ]; then p=$(readlink -f "$p") || fail "the link leads nowhere"; fi
if [ -d "$p" ]; then fail "is a directory"; fi
beside
if [ -n "$d" ] && [ ! -d "$d" ]; then fail "there is no directory $d"; fi
clean
old=; owner=; of() { stat -c "$1" "$3" 2>/dev/null || stat -f "$2" "$3" 2>/dev/null; }
if [ -e "$p" ]; then old=$(of %a %Lp "$p"); owner=$(of %u:%g %u:%g "$p"); fi
case $m in '' | *[!0-7]*) first=$old ;; *) first=$m ;; esac
mask=$(umask)
if [ -n "$first" ]; then umask 077; fi
set -C; cat > "$t" || exit 1; set +C; umask "$mask"
if [ "$(($(wc -c < "$t")))" -ne "$l" ]; then fail "not all of the content arrived"; fi
if [ -n "$owner" ] && [ "$owner" != "$(of %u:%g %u:%g "$t")" ]; then chown "$owner" "$t" 2>/dev/null || chgrp "${owner#*:}" "$t" 2>/dev/null; fi
if [ -n "$first" ]; then chmod "$first" "$t" || exit 1; fi
if [ "$m" != "$first" ] && [ -n "$m" ]; then chmod "$m" "$t" || exit 1; fi
mv -f "$t" "$p" || exit 1
trap - EXIT"#;

/// Unpacked beside the target. Where there is nothing yet, it is renamed; into a directory everything is moved, piece by
/// piece as large as they come. (A shell has one set of variables for all calls of a function, hence the braces.)
const UNTAR: &str = r#"case $p in ?*/) p=${p%/} ;; esac
if [ -e "$p" ] || [ -h "$p" ]; then [ -d "$p" ] || fail "is not a directory"; fi
beside
if [ -n "$d" ]; then mkdir -p "$d" || exit 1; fi
merge() ( for e in "$1"/* "$1"/.[!.]* "$1"/..?*; do if [ -e "$e" ] || [ -h "$e" ]; then to=$2/${e##*/}; if [ -d "$e" ] && [ ! -h "$e" ] && [ -d "$to" ]; then merge "$e" "$to" || exit 1; else mv -f "$e" "$2/" || exit 1; fi; fi; done )
clean
mkdir -m 700 "$t" || exit 1
tar -xof - -C "$t" || exit 1
if [ ! -f "$t/$end" ]; then fail "not all of the content arrived"; fi
rm -f "$t/$end"
if [ -d "$p" ]; then merge "$t" "$p" || exit 1; else mv "$t" "$p" || exit 1; fi"#;

/// A script that writes `length` bytes of standard input to `path`, all or nothing. Without a mode, a file that exists keeps
/// its own; it keeps its owner and its group where we may give files away.
pub fn put_command(path: &str, mode: Option<&str>, length: u64) -> String {
    let names = format!(
        "p={} m={} l={length}",
        quote_path(path),
        quote(mode.unwrap_or_default())
    );
    script(&names, PUT)
}

/// A script that unpacks a tar archive from standard input into the directory `path`, which is made if needed, once all of
/// it has arrived.
pub fn untar_command(path: &str) -> String {
    script(&format!("p={} end={END}", quote_path(path)), UNTAR)
}

/// One line: a login shell that is a csh takes no line end within quotes.
fn script(names: &str, text: &str) -> String {
    format!("{names}; {}; {}", BESIDE.replace('\n', "; "), text.replace('\n', "; "))
}

/// What stands in front of the content of a file that comes from a server, before its length (empty where unknown) and a
/// line end: a login shell may have said something before.
pub const FILE_FOLLOWS: &[u8] = b"\0capr:file ";
/// What stands in front of the tar archive of a directory.
pub const TAR_FOLLOWS: &[u8] = b"\0capr:tar\n";

/// A script that writes a file to standard output, or a directory as a tar archive, with what it is in front of it.
pub fn get_command(path: &str, directories: bool) -> String {
    let directory = match directories {
        true => "printf '\\000capr:tar\\n'; exec tar -cf - -C \"$p\" .",
        false => "echo \"$p: is a directory\" >&2; exit 1",
    };
    format!(
        "p={}; if [ -d \"$p\" ]; then {directory}; fi; \
         n=$(stat -Lc %s \"$p\" 2>/dev/null || stat -Lf %z \"$p\" 2>/dev/null); \
         printf '\\000capr:file %s\\n' \"$n\"; exec cat \"$p\"",
        quote_path(path)
    )
}

/// A command line that removes a file, or with `recursive` a directory with all that is in it.
pub fn remove_command(path: &str, recursive: bool) -> String {
    format!("rm {} {}", if recursive { "-rf" } else { "-f" }, quote_path(path))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use std::fs;
    use std::io::Write;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::path::Path;
    use std::process::{Command, Output, Stdio};

    use super::{FILE_FOLLOWS, TAR_FOLLOWS, get_command, put_command, untar_command};
    use crate::plan::command_line;
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
        // The command may refuse before it reads.
        let _ = child.stdin.take().unwrap().write_all(input);
        child.wait_with_output().unwrap()
    }

    fn put(home: &Path, path: &str, mode: Option<&str>, text: &str) -> Output {
        run(home, &put_command(path, mode, text.len() as u64), text.as_bytes())
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
        let short = run(home, &put_command("file", None, 100), b"the connection was lost");
        assert!(String::from_utf8_lossy(&short.stderr).contains("not all of the content arrived"));
        for output in [
            short,
            put(home, "file", Some("nonsense"), "new"),
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
        let line = command_line(&put_command("file", None, 100), &Default::default(), "", true).line;
        let mut child = Command::new("sh")
            .args(["-c", &format!("exec {line}")])
            .current_dir(home.path())
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.as_mut().unwrap().write_all(b"some").unwrap();
        while names(home.path()).is_empty() {
            std::thread::yield_now();
        }
        let pid = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        drop(child.stdin.take());
        assert!(!child.wait().unwrap().success());
        assert!(names(home.path()).is_empty());
    }

    /// A directory with this file in it, sent to `path`.
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
        // The last entry is the mark; without the zeros behind it nothing is missing.
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
            assert_eq!(output.stdout, [FILE_FOLLOWS, b"10\n", content].concat(), "{output:?}");
        }
        fs::create_dir(home.join("directory")).unwrap();
        let output = run(home, &get_command("~/directory", true), b"");
        assert!(output.status.success() && output.stdout.starts_with(TAR_FOLLOWS));
        for (path, directories) in [("directory", false), ("missing", true)] {
            let output = run(home, &get_command(path, directories), b"");
            assert!(!output.status.success() && !output.stderr.is_empty(), "{output:?}");
        }
    }
}
