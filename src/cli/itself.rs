//! This program in a process of its own, which answers on its standard output and is ended when it takes long.

use std::io::{self, Read as _};
use std::os::fd::AsFd as _;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, ExitStatus};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// Returns the path of this program, also if its file was replaced meanwhile.
pub(super) fn program() -> io::Result<PathBuf> {
    let itself = PathBuf::from("/proc/self/exe");
    match itself.exists() {
        true => Ok(itself),
        false => std::env::current_exe(),
    }
}

/// Returns everything that the process writes before it closes its output, but hardly more than `longest` bytes; `None` if the
/// output is still open at `until`.
pub(super) fn answer(output: &mut ChildStdout, longest: usize, until: Instant) -> io::Result<Option<Vec<u8>>> {
    let (mut answer, mut part) = (Vec::new(), vec![0; 1 << 16]);
    while answer.len() < longest {
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
            0 => break,
            read => answer.extend_from_slice(part.get(..read).unwrap_or_default()),
        }
    }
    Ok(Some(answer))
}

/// Waits for a process that has answered, and kills one that has not.
pub(super) fn end(child: &mut Child, has_answered: bool, until: Instant) -> io::Result<ExitStatus> {
    while has_answered && Instant::now() < until {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        std::thread::yield_now();
    }
    // The process may have ended by itself.
    let _ = child.kill();
    child.wait()
}
