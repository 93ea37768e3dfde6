//! Programs of this machine that are run for an answer. Their time and their output are bounded, and they end with the login that
//! asks.

use std::fs::File;
use std::io::{self, ErrorKind, Read as _, Seek as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use rustix::event::PollFlags;
use rustix::fs::{MemfdFlags, memfd_create};
use rustix::process::{Pid, Signal, kill_process_group};

use crate::child::{sleep, wait_for};

use super::inbox::Inbox;

/// The longest time that a program may take; it may have to ask other machines.
const PATIENCE: Duration = Duration::from_secs(20);
/// The most output that is read from a program, in bytes.
const SAID: u64 = 1 << 20;

/// The output of a program, and how it ended.
pub(super) struct ProgramOutput {
    pub(super) out: String,
    err: String,
    pub(super) status: ExitStatus,
}

impl ProgramOutput {
    /// Returns the reason why the program failed: the last line of its standard error, or its exit status.
    pub(super) fn complaint(&self) -> String {
        let last = self.err.lines().rev().find(|line| !line.trim().is_empty());
        match last {
            Some(line) => line.chars().filter(|c| !c.is_control()).collect(),
            None => self.status.to_string(),
        }
    }
}

/// Runs a program to its end. An error is about starting or awaiting it. `inbox` belongs to the login, which may be stopped
/// meanwhile.
pub(super) fn ask(command: &mut Command, inbox: Option<&Inbox>) -> io::Result<ProgramOutput> {
    let (mut out, mut err) = (memfd("said")?, memfd("complained")?);
    let mut child = command
        .stdout(out.try_clone()?)
        .stderr(err.try_clone()?)
        // Ctrl-C is meant for capr alone.
        .process_group(0)
        .spawn()?;
    let status = wait(&mut child, inbox);
    if status.is_err() {
        kill(child.id());
        let _ = child.wait();
    }
    let status = status?;
    let (out, err) = (read(&mut out)?, read(&mut err)?);
    if u64::try_from(out.len()).is_ok_and(|length| length > SAID) {
        return Err(io::Error::new(ErrorKind::FileTooLarge, "it says too much"));
    }
    Ok(ProgramOutput { out, err, status })
}

/// Kills a program that was not awaited yet, and everything in its process group.
pub(super) fn kill(id: u32) {
    if let Some(group) = pid(id) {
        let _ = kill_process_group(group, Signal::KILL);
    }
}

fn wait(child: &mut Child, inbox: Option<&Inbox>) -> io::Result<ExitStatus> {
    let ended = wait_for(child, Instant::now() + PATIENCE, |process, until| {
        match inbox {
            Some(inbox) if inbox.end().is_some() => return Err(io::Error::new(ErrorKind::Interrupted, "stopped")),
            Some(inbox) => inbox.wait_for_any([(process, PollFlags::IN)].into_iter(), Some(until)),
            None => sleep(process, until),
        }
        Ok(())
    })?;
    ended.ok_or_else(|| {
        let reason = format!("no answer within {} s", PATIENCE.as_secs());
        io::Error::new(ErrorKind::TimedOut, reason)
    })
}

fn pid(id: u32) -> Option<Pid> {
    i32::try_from(id).ok().and_then(Pid::from_raw)
}

/// Makes a file without a name, for the input or output of a program.
pub(super) fn memfd(name: &str) -> io::Result<File> {
    Ok(File::from(memfd_create(name, MemfdFlags::CLOEXEC)?))
}

fn read(file: &mut File) -> io::Result<String> {
    file.rewind()?;
    let mut bytes = Vec::new();
    file.take(SAID + 1).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
