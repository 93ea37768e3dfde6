//! Waits for a program of this machine, with a limit.

use std::io;
use std::os::fd::{AsFd as _, BorrowedFd};
use std::process::{Child, ExitStatus};
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

/// Returns how a program has ended, or `None` if it still runs at `until`. `sleep` has to return when the program's descriptor is
/// readable, which means that it has ended, and may return before; its error ends the wait.
pub(crate) fn wait_for(
    child: &mut Child,
    until: Instant,
    mut sleep: impl FnMut(BorrowedFd<'_>, Instant) -> io::Result<()>,
) -> io::Result<Option<ExitStatus>> {
    let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) else {
        return child.wait().map(Some);
    };
    let process = pidfd_open(pid, PidfdFlags::empty())?;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= until {
            return Ok(None);
        }
        sleep(process.as_fd(), until)?;
    }
}

/// Sleeps until a descriptor is readable or the time has come.
pub(crate) fn sleep(process: BorrowedFd<'_>, until: Instant) {
    let left = Timespec::try_from(until.saturating_duration_since(Instant::now())).ok();
    let _ = poll(&mut [PollFd::from_borrowed_fd(process, PollFlags::IN)], left.as_ref());
}
