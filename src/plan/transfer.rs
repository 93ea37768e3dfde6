//! Command lines that take files from their standard input.

use std::sync::Arc;

use super::quote::{quote, quote_always, quote_path};

/// A file to be written on servers.
#[derive(Clone, Debug)]
pub struct Upload {
    /// Its content; shared by all servers.
    pub data: Arc<[u8]>,
    /// Where; `~/` at the start means the home directory.
    pub path: String,
    /// As chmod takes it: `644`, `g+w`.
    pub mode: Option<String>,
}

impl Upload {
    /// The command that takes the content.
    pub fn command(&self) -> String {
        put_command(&self.path, self.mode.as_deref(), self.data.len() as u64)
    }
}

/// Written beside the target and renamed: who reads the target sees the old content or the new one, whole.
/// The connection may end in the middle, which looks like the end of the input; hence the length.
const PUT: &str = r#"fail() { echo "$p: $1" >&2; exit 1; }
if [ -h "$p" ]; then p=$(readlink -f "$p") || fail "the link leads nowhere"; fi
if [ -d "$p" ]; then fail "is a directory"; fi
case $p in */*) t=${p%/*}/.capr.$$ ;; *) t=.capr.$$ ;; esac
n=0; while [ -e "$t" ] || [ -h "$t" ]; do n=$((n + 1)); t=${t%.$$*}.$$.$n; done
trap 'rm -f "$t"' EXIT
trap 'exit 1' HUP INT TERM
old=
if [ -e "$p" ]; then old=$(stat -c %a "$p" 2>/dev/null || stat -f %Lp "$p" 2>/dev/null); fi
case $m in '' | *[!0-7]*) first=$old ;; *) first=$m ;; esac
mask=$(umask)
if [ -n "$first" ]; then umask 077; fi
set -C; cat > "$t" || exit 1; set +C; umask "$mask"
if [ "$(($(wc -c < "$t")))" -ne "$l" ]; then fail "not all of the content arrived"; fi
if [ -n "$first" ]; then chmod "$first" "$t" || exit 1; fi
if [ "$m" != "$first" ] && [ -n "$m" ]; then chmod "$m" "$t" || exit 1; fi
mv -f "$t" "$p" || exit 1
trap - EXIT"#;

/// A command line that writes `length` bytes of standard input to `path`, all or nothing. Without a mode, a file that exists
/// keeps its own.
pub fn put_command(path: &str, mode: Option<&str>, length: u64) -> String {
    // One line: a login shell that is a csh takes no line end within quotes.
    let script = format!(
        "p={} m={} l={length}; {}",
        quote_path(path),
        quote(mode.unwrap_or_default()),
        PUT.replace('\n', "; ")
    );
    format!("sh -c {}", quote_always(&script))
}

/// A command line that unpacks a tar archive from standard input into the directory `path`, which is made if needed.
pub fn untar_command(path: &str) -> String {
    let path = quote_path(path);
    let script = format!("mkdir -p {path} && tar -xof - -C {path}");
    format!("sh -c {}", quote_always(&script))
}

/// What stands in front of the content of a file that comes from a server: a login shell may have said something before.
pub const FILE_FOLLOWS: &[u8] = b"\0capr:file\n";
/// What stands in front of the tar archive of a directory.
pub const TAR_FOLLOWS: &[u8] = b"\0capr:tar\n";

/// A command line that writes a file to standard output, or a directory as a tar archive, with what it is in front of it.
pub fn get_command(path: &str, directories: bool) -> String {
    let directory = match directories {
        true => "printf '\\000capr:tar\\n'; exec tar -cf - -C \"$p\" .",
        false => "echo \"$p: is a directory\" >&2; exit 1",
    };
    let script = format!(
        "p={}; if [ -d \"$p\" ]; then {directory}; fi; printf '\\000capr:file\\n'; exec cat \"$p\"",
        quote_path(path)
    );
    format!("sh -c {}", quote_always(&script))
}

/// A command line that removes a file, or with `recursive` a directory with all that is in it.
pub fn remove_command(path: &str, recursive: bool) -> String {
    format!("rm {} {}", if recursive { "-rf" } else { "-f" }, quote_path(path))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::fs;
    use std::io::Write;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::path::Path;
    use std::process::{Command, Output, Stdio};

    use super::{FILE_FOLLOWS, TAR_FOLLOWS, get_command, put_command, untar_command};

    /// Runs a line as a login shell would, in `home`.
    fn run(home: &Path, line: &str, input: &[u8]) -> Output {
        let mut child = Command::new("sh")
            .args(["-c", &format!("umask 022; {line}")])
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
    fn f4_a_directory_is_unpacked_where_it_is_wanted() {
        let home = tempfile::tempdir().unwrap();
        let home = home.path();
        fs::create_dir(home.join("from")).unwrap();
        fs::write(home.join("from/file"), "x").unwrap();
        let archive = Command::new("tar")
            .args(["-cf", "-", "-C"])
            .arg(home.join("from"))
            .arg(".")
            .output()
            .unwrap();
        let output = run(home, &untar_command("~/to/a b"), &archive.stdout);
        assert!(output.status.success(), "{output:?}");
        assert_eq!(fs::read_to_string(home.join("to/a b/file")).unwrap(), "x");
    }

    #[test]
    fn f6_a_file_is_sent_as_it_is_and_a_directory_as_an_archive() {
        let home = tempfile::tempdir().unwrap();
        let home = home.path();
        let content = b"\x00\xff it's \r\n";
        for name in ["-dash", "it's a $(touch x)"] {
            fs::write(home.join(name), content).unwrap();
            let output = run(home, &get_command(name, true), b"");
            assert_eq!(output.stdout, [FILE_FOLLOWS, content].concat(), "{output:?}");
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
