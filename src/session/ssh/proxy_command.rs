//! A program of this machine that leads to the server (`ProxyCommand`).

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};

use crate::session::{ConnectError, Phase};

use super::program;
use super::tcp::plain;

/// Most that is read of what the program said, in bytes.
const SAID: u64 = 4096;

/// The program; ended when it is dropped.
pub(super) struct ProxyCommand {
    child: Child,
    /// Its standard error, which must not appear between our own lines.
    said: File,
}

impl ProxyCommand {
    /// Starts it; the socket leads to what it speaks with.
    pub(super) fn start(line: &str) -> Result<(UnixStream, Self), ConnectError> {
        Self::try_start(line).map_err(|error| ConnectError {
            phase: Phase::Connect,
            reason: format!("the ProxyCommand does not start: {}", plain(&error)),
            hints: Vec::new(),
        })
    }

    fn try_start(line: &str) -> std::io::Result<(UnixStream, Self)> {
        let (ours, theirs) = UnixStream::pair()?;
        ours.set_nonblocking(true)?;
        let said = program::memfd("said")?;
        let child = Command::new("/bin/sh")
            .arg("-c")
            .arg(format!("exec {line}"))
            .stdin(Stdio::from(OwnedFd::from(theirs.try_clone()?)))
            .stdout(Stdio::from(OwnedFd::from(theirs)))
            .stderr(said.try_clone()?)
            // Ctrl-C is for us: what still has to be done on the server needs the connection.
            .process_group(0)
            .spawn()?;
        Ok((ours, Self { child, said }))
    }

    /// The last line that the program said.
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
        program::end(&mut self.child);
    }
}
