//! Programs of this machine that lead to servers (`ProxyCommand`). None of them outlives the run.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::io_error::plain;
use crate::session::{ConnectError, Phase};

use super::program;

/// The most that is read of a program's standard error, in bytes.
const SAID: u64 = 4096;

/// The time that programs get to end by themselves once nobody needs them.
const PATIENCE: Duration = Duration::from_millis(200);

/// The programs of a run that have not ended; `None` once no more may be started.
pub(super) struct Programs {
    running: Mutex<Option<Vec<u32>>>,
    ended: Condvar,
}

impl Default for Programs {
    fn default() -> Self {
        Self {
            running: Mutex::new(Some(Vec::new())),
            ended: Condvar::new(),
        }
    }
}

impl Programs {
    /// Locks the list. A thread that died while it held the lock has left nothing half done.
    fn running(&self) -> MutexGuard<'_, Option<Vec<u32>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn start(&self, command: &mut Command) -> io::Result<Child> {
        // The lock is held from the start of the program until it is listed, so that nobody ends the others in between.
        let mut running = self.running();
        let over = || io::Error::new(io::ErrorKind::Interrupted, "stopped");
        let running = running.as_mut().ok_or_else(over)?;
        let child = command.spawn()?;
        running.push(child.id());
        Ok(child)
    }

    /// Ends one program. It is taken off the list before it is awaited, so that a listed number always belongs to a program of
    /// ours.
    fn end(&self, child: &mut Child) {
        program::kill(child.id());
        if let Some(running) = &mut *self.running() {
            running.retain(|id| *id != child.id());
        }
        self.ended.notify_all();
        let _ = child.wait();
    }
}

/// Held by everybody who may still need programs. The last one to drop it waits for a moment and then ends those that are left.
pub(super) struct Household(pub(super) Arc<Programs>);

impl Drop for Household {
    fn drop(&mut self) {
        let are_left = |running: &mut Option<Vec<u32>>| running.as_ref().is_some_and(|running| !running.is_empty());
        let running = self.0.ended.wait_timeout_while(self.0.running(), PATIENCE, are_left);
        let (mut running, _) = running.unwrap_or_else(PoisonError::into_inner);
        running.take().into_iter().flatten().for_each(program::kill);
    }
}

/// A running program; it is ended when this is dropped.
pub(super) struct ProxyCommand {
    programs: Arc<Programs>,
    child: Child,
    /// A file for its standard error, which must not appear between our own lines.
    said: File,
}

impl ProxyCommand {
    /// Starts the program and returns a socket that leads to its standard input and output.
    pub(super) fn start(line: &str, programs: &Arc<Programs>) -> Result<(UnixStream, Self), ConnectError> {
        Self::try_start(line, programs).map_err(|error| {
            ConnectError::new(
                Phase::Connect,
                format!("the ProxyCommand does not start: {}", plain(&error)),
            )
        })
    }

    fn try_start(line: &str, programs: &Arc<Programs>) -> io::Result<(UnixStream, Self)> {
        let (ours, theirs) = UnixStream::pair()?;
        ours.set_nonblocking(true)?;
        let said = program::memfd("said")?;
        let mut command = Command::new("/bin/sh");
        command
            .arg("-c")
            .arg(format!("exec {line}"))
            .stdin(Stdio::from(OwnedFd::from(theirs.try_clone()?)))
            .stdout(Stdio::from(OwnedFd::from(theirs)))
            .stderr(said.try_clone()?)
            // Ctrl-C is meant for capr alone: work that is left to do on the server needs the connection.
            .process_group(0);
        let started = Self {
            child: programs.start(&mut command)?,
            programs: Arc::clone(programs),
            said,
        };
        Ok((ours, started))
    }

    /// Returns the last line of the program's standard error.
    pub(super) fn last_words(&mut self) -> Option<String> {
        let mut text = Vec::new();
        let end = self.said.seek(SeekFrom::End(0)).ok()?;
        self.said.seek(SeekFrom::Start(end.saturating_sub(SAID))).ok()?;
        (&self.said).take(SAID).read_to_end(&mut text).ok()?;
        let text = String::from_utf8_lossy(&text).into_owned();
        let line = text.lines().rev().find(|line| !line.trim().is_empty())?;
        Some(line.chars().filter(|c| !c.is_control()).collect())
    }
}

impl Drop for ProxyCommand {
    fn drop(&mut self) {
        self.programs.end(&mut self.child);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::os::unix::process::ExitStatusExt as _;
    use std::sync::Arc;

    use super::{Household, Programs, ProxyCommand};
    use crate::deadline::InTime;

    #[test]
    fn a_program_whose_thread_is_not_done_ends_with_the_run_and_none_begins_after_it() {
        let programs = Arc::new(Programs::default());
        let (_socket, mut left) = ProxyCommand::start("sleep 20", &programs).unwrap();
        let (_socket, ended) = ProxyCommand::start("sleep 20", &programs).unwrap();
        drop(ended);
        drop(Household(Arc::clone(&programs)));
        assert_eq!((&mut left.child).in_time().signal(), Some(9));
        let error = ProxyCommand::start("sleep 20", &programs).err().unwrap();
        assert_eq!(error.reason, "the ProxyCommand does not start: stopped");
    }
}
