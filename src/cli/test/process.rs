//! One test in a process of its own, which is ended at its time limit.

use std::ffi::OsString;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use super::worker::VARIABLE;
use crate::cli::itself;
use crate::verdict::{Order, Reply};

/// The most bytes of an answer: more than any test prints.
const LONGEST: usize = 64 << 20;
/// The most bytes of standard error that are kept of a process that died.
const LAST_WORDS: u64 = 4 << 10;

/// The end of a process.
pub(super) enum End {
    Answered(Reply),
    TimedOut,
    /// It ended without an answer: the reason, followed by its standard error.
    Died(String),
}

/// Runs a test or reads a file for its tests. It is an error if no process can be started.
pub(super) fn run(words: &[OsString], order: &Order, limit: Duration) -> io::Result<End> {
    let mut errors = tempfile::tempfile()?;
    let until = Instant::now() + limit;
    let mut child = Command::new(itself::program()?)
        .args(words)
        .env(VARIABLE, "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(errors.try_clone()?)
        .spawn()?;
    let order = serde_json::to_vec(order)?;
    let told = match child.stdin.take() {
        // A process that died does not read the order; its status shows that.
        Some(mut input) => input.write_all(&order),
        None => Ok(()),
    };
    let answer = match (told, child.stdout.take()) {
        (Ok(()), Some(mut output)) => itself::answer(&mut output, LONGEST, until),
        _ => Ok(Some(Vec::new())),
    };
    let status = itself::end(&mut child, answer.as_ref().is_ok_and(Option::is_some), until)?;
    let Some(answer) = answer? else {
        return Ok(End::TimedOut);
    };
    match serde_json::from_slice(&answer) {
        Ok(reply) if status.success() => Ok(End::Answered(reply)),
        _ => Ok(End::Died(format!("{}\n{}", reason(status), last_words(&mut errors)?))),
    }
}

fn reason(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt as _;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("the process of the test ended with {code} and gave no answer"),
        (None, Some(signal)) => format!("the process of the test was killed by signal {signal}"),
        (None, None) => "the process of the test died".to_owned(),
    }
}

fn last_words(errors: &mut std::fs::File) -> io::Result<String> {
    let length = errors.seek(SeekFrom::End(0))?;
    errors.seek(SeekFrom::Start(length.saturating_sub(LAST_WORDS)))?;
    let mut words = Vec::new();
    errors.read_to_end(&mut words)?;
    Ok(String::from_utf8_lossy(&words).into_owned())
}
