//! Runs programs that fetch a library, with limits for their time, for the files that they write and for the output that is read.

use std::fs::File;
use std::io::{self, Read as _, Seek as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use thiserror::Error;

use super::limits::{DOWNLOAD, PATIENCE, SAID};
use crate::child::{sleep, wait_for};
use crate::io_error::plain;

/// Starts a program that cannot write a file of more blocks of 512 bytes than its first argument says.
const LIMITED: &str = "ulimit -f \"$1\" && shift && exec \"$@\"";

/// The most bytes that are read of its messages.
const COMPLAINT: u64 = 16 << 10;

/// The exit status of a shell that does not find a program.
const NOT_FOUND: i32 = 127;

/// The message of git if ssh has failed. It does not say why; the line of ssh above it does.
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

/// The reason why a program did not do what was asked of it. Each variant names the program.
#[derive(Debug, Error)]
pub(crate) enum ProgramError {
    /// The program does not exist on this machine.
    #[error("{0} is not installed here")]
    NotInstalled(String),
    /// The program cannot be started or awaited, or the files for its input and output cannot be used.
    #[error("{program}: {}", plain(.source))]
    System {
        /// The program.
        program: String,
        /// The error of the system.
        source: io::Error,
    },
    /// The program ran for too long, and was killed.
    #[error("{program}: it has not ended within {} s", .patience.as_secs())]
    TooSlow {
        /// The program.
        program: String,
        /// The time that it had.
        patience: Duration,
    },
    /// The program has failed and has said why.
    #[error("{program}: {reason}")]
    Failed {
        /// The program.
        program: String,
        /// The line of its messages that says why.
        reason: String,
    },
    /// The program has failed without a word.
    #[error("{program}: {status}")]
    Silent {
        /// The program.
        program: String,
        /// Its exit status, or the signal that has ended it.
        status: ExitStatus,
    },
    /// The program printed more than any library can be.
    #[error("{0} says more than a library can be")]
    TooMuch(String),
    /// The program was stopped because a file that it wrote became too large.
    #[error("{0} writes more than {limit} MiB", limit = DOWNLOAD >> 20)]
    TooLarge(String),
}

impl ProgramError {
    /// Returns a function that turns errors of the system into errors about this program.
    pub(super) fn of(program: &str) -> impl Fn(io::Error) -> Self {
        move |source| Self::System {
            program: program.to_owned(),
            source,
        }
    }

    /// Returns the error for a program that has ended with an error, from its messages.
    fn ended(program: &str, complaint: &[u8], status: ExitStatus) -> Self {
        let program = program.to_owned();
        if status.code() == Some(NOT_FOUND) {
            return Self::NotInstalled(program);
        }
        if status.signal() == Some(Signal::XFSZ.as_raw()) {
            return Self::TooLarge(program);
        }
        match reason(&String::from_utf8_lossy(complaint)) {
            Some(reason) => Self::Failed { program, reason },
            None => Self::Silent { program, status },
        }
    }
}

/// Runs a program to its end and returns its standard output. `input` is its standard input.
///
/// # Errors
///
/// It cannot be started, has failed, takes too long or prints too much.
pub(super) fn ask(
    words: &[&str],
    around: ProgramSurroundings<'_>,
    input: Option<File>,
) -> Result<Vec<u8>, ProgramError> {
    let program = words.first().copied().unwrap_or_default();
    let mut out = tempfile::tempfile().map_err(ProgramError::of(program))?;
    ask_into(words, around, input, &out)?;
    let said = read(&mut out, SAID + 1).map_err(ProgramError::of(program))?;
    match said.len() as u64 > SAID {
        true => Err(ProgramError::TooMuch(program.to_owned())),
        false => Ok(said),
    }
}

/// Does the same, but writes its output to a file.
pub(super) fn ask_into(
    words: &[&str],
    around: ProgramSurroundings<'_>,
    input: Option<File>,
    out: &File,
) -> Result<(), ProgramError> {
    let program = words.first().copied().unwrap_or_default();
    let failed = ProgramError::of(program);
    let mut complaint = tempfile::tempfile().map_err(&failed)?;
    let mut command = Command::new("/bin/sh");
    command
        .args(["-c", LIMITED, "sh", &(DOWNLOAD / 512).to_string()])
        .args(words)
        .current_dir(around.directory)
        .envs(around.environment.iter().copied())
        .stdin(input.map_or_else(Stdio::null, Stdio::from))
        .stdout(out.try_clone().map_err(&failed)?)
        .stderr(complaint.try_clone().map_err(&failed)?);
    for name in OF_REPOSITORY {
        command.env_remove(name);
    }
    let mut child = command.spawn().map_err(&failed)?;
    let ended = wait(&mut child, around.patience);
    if !matches!(ended, Ok(Some(_))) {
        let _ = child.kill();
        let _ = child.wait();
    }
    let status = ended.map_err(&failed)?.ok_or_else(|| ProgramError::TooSlow {
        program: program.to_owned(),
        patience: around.patience,
    })?;
    match status.success() {
        true => Ok(()),
        false => {
            let complaint = read(&mut complaint, COMPLAINT).map_err(&failed)?;
            Err(ProgramError::ended(program, &complaint, status))
        }
    }
}

/// Returns the line of a program's messages that says why it has failed; `None` if there are no messages.
fn reason(complaint: &str) -> Option<String> {
    let lines = complaint.lines().map(str::trim).filter(|line| !line.is_empty());
    let fatal = |line: &&str| line.starts_with("fatal: ") || line.starts_with("error: ");
    let line = match lines.clone().find(fatal) {
        // The line of ssh stands above it.
        Some(SSH_FAILED) => lines
            .clone()
            .take_while(|line| *line != SSH_FAILED)
            .last()
            .or(Some(SSH_FAILED)),
        found => found.or_else(|| lines.clone().next_back()),
    }?;
    let line = line.trim_start_matches("fatal: ").trim_start_matches("error: ");
    Some(line.to_owned())
}

/// Waits for the end of a program; `None` if it has not ended in time.
fn wait(child: &mut Child, patience: Duration) -> io::Result<Option<ExitStatus>> {
    wait_for(child, Instant::now() + patience, |process, until| {
        sleep(process, until);
        Ok(())
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
    use std::time::Duration;

    use super::{DOWNLOAD, ProgramSurroundings, ask, ask_into};

    #[test]
    fn a_program_that_fails_or_writes_too_much_is_told() {
        let here = ProgramSurroundings::of(Path::new("/"));
        assert_eq!(ask(&["echo", "x"], here, None).unwrap(), b"x\n");
        let told = |words: &[&str]| ask(words, here, None).unwrap_err().to_string();
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
        let (large, out) = (DOWNLOAD + 1, tempfile::tempfile().unwrap());
        let large = ask_into(&["truncate", "-s", &large.to_string(), "/dev/stdout"], here, None, &out).unwrap_err();
        assert_eq!(large.to_string(), "truncate writes more than 256 MiB");
        let hasty = ProgramSurroundings {
            patience: Duration::ZERO,
            ..here
        };
        let slow = ask(&["sleep", "60"], hasty, None).unwrap_err();
        assert_eq!(slow.to_string(), "sleep: it has not ended within 0 s");
    }
}
