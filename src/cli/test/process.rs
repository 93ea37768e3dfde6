//! One test in a process of its own, which is ended at its time limit.

use std::ffi::OsString;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::worker::VARIABLE;
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

/// Runs it; the error is that no process can be started.
pub(super) fn run(words: &[OsString], order: &Order, limit: Duration) -> io::Result<End> {
    let itself = PathBuf::from("/proc/self/exe");
    let itself = if itself.exists() {
        itself
    } else {
        std::env::current_exe()?
    };
    let mut errors = tempfile::tempfile()?;
    let until = Instant::now() + limit;
    let mut child = Command::new(itself)
        .args(words)
        .env(VARIABLE, "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(errors.try_clone()?)
        .spawn()?;
    let order = serde_json::to_vec(order)?;
    let told = match child.stdin.take() {
        // A process that died does not read it, which shows in its status.
        Some(mut input) => input.write_all(&order),
        None => Ok(()),
    };
    let answer = match (told, child.stdout.take()) {
        (Ok(()), Some(output)) => read(output, until),
        _ => Ok(Some(Vec::new())),
    };
    let status = end(&mut child, answer.as_ref().is_ok_and(Option::is_some), until)?;
    let Some(answer) = answer? else {
        return Ok(End::TimedOut);
    };
    match serde_json::from_slice(&answer) {
        Ok(reply) if status.success() => Ok(End::Answered(reply)),
        _ => Ok(End::Died(format!("{}\n{}", reason(status), last_words(&mut errors)?))),
    }
}

/// Waits for a process that has answered, and kills one that has not.
fn end(child: &mut Child, has_answered: bool, until: Instant) -> io::Result<ExitStatus> {
    while has_answered && Instant::now() < until {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        std::thread::yield_now();
    }
    // Whether it has ended by itself or not.
    let _ = child.kill();
    child.wait()
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

/// Returns everything that it writes before it closes its output; `None` if that does not come in time.
fn read(mut output: ChildStdout, until: Instant) -> io::Result<Option<Vec<u8>>> {
    let (mut answer, mut part) = (Vec::new(), vec![0; 1 << 16]);
    while answer.len() < LONGEST {
        let left = until.saturating_duration_since(Instant::now());
        let wait = Timespec {
            tv_sec: 0,
            tv_nsec: left.min(Duration::from_millis(999)).subsec_nanos().into(),
        };
        match poll(
            &mut [PollFd::from_borrowed_fd(output.as_fd(), PollFlags::IN)],
            Some(&wait),
        ) {
            Ok(1..) => {}
            Ok(0) if left.is_zero() => return Ok(None),
            Ok(_) | Err(rustix::io::Errno::INTR) => continue,
            Err(error) => return Err(error.into()),
        }
        match output.read(&mut part)? {
            0 => return Ok(Some(answer)),
            read => answer.extend_from_slice(part.get(..read).unwrap_or_default()),
        }
    }
    Ok(Some(answer))
}
