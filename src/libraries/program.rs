//! Runs programs that fetch a library, with limits for their time, for the files that they write and for the output that is read.

use std::fs::File;
use std::io::{self, Read as _, Seek as _};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use super::limits::{DOWNLOAD, PATIENCE, SAID};
use crate::child::{sleep, wait_for};
use crate::io_error::plain;

/// Starts a program that cannot write a file of more blocks of 512 bytes than its first argument says.
const LIMITED: &str = "ulimit -f \"$1\" && shift && exec \"$@\"";

/// The most bytes that are read of its messages.
const COMPLAINT: u64 = 16 << 10;

/// The exit status of a shell that does not find a program.
const NOT_FOUND: i32 = 127;

/// All that git says of the reason for which ssh has failed.
const SSH_FAILED: &str = "fatal: Could not read from remote repository.";

/// Variables that name the repository in which somebody works: git must not mistake it for the one that is fetched into.
const OF_REPOSITORY: &[&str] = &[
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_GRAFT_FILE",
    "GIT_INDEX_FILE",
    "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_TEMPLATE_DIR",
    "GIT_WORK_TREE",
];

/// The surroundings of a program.
#[derive(Clone, Copy, Debug)]
pub(super) struct ProgramSurroundings<'a> {
    pub(super) directory: &'a Path,
    pub(super) environment: &'a [(&'a str, &'a str)],
    /// The time after which it is ended.
    pub(super) patience: Duration,
}

impl<'a> ProgramSurroundings<'a> {
    /// Returns the surroundings of a program that may take long, without variables of its own.
    pub(super) fn of(directory: &'a Path) -> Self {
        Self {
            directory,
            environment: &[],
            patience: PATIENCE,
        }
    }
}

/// Runs a program to its end and returns its standard output. `input` is its standard input.
///
/// # Errors
///
/// One line: it cannot be started, has failed, takes too long or prints too much.
pub(super) fn ask(words: &[&str], around: ProgramSurroundings<'_>, input: Option<File>) -> Result<Vec<u8>, String> {
    let program = words.first().copied().unwrap_or_default();
    let failed = |error: io::Error| format!("{program}: {}", plain(&error));
    let mut out = tempfile::tempfile().map_err(failed)?;
    ask_into(words, around, input, &out)?;
    let said = read(&mut out, SAID + 1).map_err(failed)?;
    match said.len() as u64 > SAID {
        true => Err(format!("{program} says more than a library can be")),
        false => Ok(said),
    }
}

/// Does the same, but writes its output to a file.
pub(super) fn ask_into(
    words: &[&str],
    around: ProgramSurroundings<'_>,
    input: Option<File>,
    out: &File,
) -> Result<(), String> {
    let program = words.first().copied().unwrap_or_default();
    let failed = |error: io::Error| format!("{program}: {}", plain(&error));
    let mut complaint = tempfile::tempfile().map_err(failed)?;
    let mut command = Command::new("sh");
    command
        .args(["-c", LIMITED, "sh", &(DOWNLOAD / 512).to_string()])
        .args(words)
        .current_dir(around.directory)
        .envs(around.environment.iter().copied())
        .stdin(input.map_or_else(Stdio::null, Stdio::from))
        .stdout(out.try_clone().map_err(failed)?)
        .stderr(complaint.try_clone().map_err(failed)?);
    for name in OF_REPOSITORY {
        command.env_remove(name);
    }
    let mut child = command.spawn().map_err(failed)?;
    let status = wait(&mut child, around.patience);
    if status.is_err() {
        let _ = child.kill();
        let _ = child.wait();
    }
    let status = status.map_err(failed)?;
    if !status.success() {
        return Err(match status.code() {
            Some(NOT_FOUND) => format!("{program} is not installed here"),
            _ => told(program, &read(&mut complaint, COMPLAINT).map_err(failed)?, status),
        });
    }
    Ok(())
}

/// Returns the reason why it failed, in its own words if there are any.
fn told(program: &str, complaint: &[u8], status: ExitStatus) -> String {
    let text = String::from_utf8_lossy(complaint);
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let fatal = |line: &&str| line.starts_with("fatal: ") || line.starts_with("error: ");
    let line = match lines.clone().find(fatal) {
        // What ssh said stands above it.
        Some(SSH_FAILED) => lines
            .clone()
            .take_while(|line| *line != SSH_FAILED)
            .last()
            .or(Some(SSH_FAILED)),
        found => found.or_else(|| lines.clone().next_back()),
    };
    match line {
        Some(line) => format!(
            "{program}: {}",
            line.trim_start_matches("fatal: ").trim_start_matches("error: ")
        ),
        None => format!("{program}: {status}"),
    }
}

fn wait(child: &mut Child, patience: Duration) -> io::Result<ExitStatus> {
    let ended = wait_for(child, Instant::now() + patience, |process, until| {
        sleep(process, until);
        Ok(())
    })?;
    ended.ok_or_else(|| {
        let reason = format!("it has not ended within {} s", patience.as_secs());
        io::Error::new(io::ErrorKind::TimedOut, reason)
    })
}

fn read(file: &mut File, most: u64) -> io::Result<Vec<u8>> {
    file.rewind()?;
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::path::Path;

    use super::{ProgramSurroundings, ask};

    #[test]
    fn a_program_that_fails_or_writes_too_much_is_told() {
        let here = ProgramSurroundings::of(Path::new("/"));
        assert_eq!(ask(&["echo", "x"], here, None).unwrap(), b"x\n");
        let told = |words: &[&str]| ask(words, here, None).unwrap_err();
        assert_eq!(
            told(&["capr-no-such-program"]),
            "capr-no-such-program is not installed here"
        );
        assert_eq!(
            told(&["sh", "-c", "echo a; echo 'fatal: no' >&2; echo more >&2; exit 1"]),
            "sh: no"
        );
        assert_eq!(
            told(&[
                "sh",
                "-c",
                "printf 'jo@x: Permission denied.\nfatal: Could not read from remote repository.\n\nPlease.\n' >&2; exit 1"
            ]),
            "sh: jo@x: Permission denied."
        );
        assert!(told(&["sh", "-c", "exit 3"]).contains("exit status: 3"));
        assert!(told(&["head", "-c", "30000000", "/dev/zero"]).contains("says more than a library can be"));
    }
}
