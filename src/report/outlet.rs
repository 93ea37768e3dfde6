//! One of our own output streams. A slow reader slows the run down, and with it the servers; without any reader the run can still
//! be stopped.

use std::cell::Cell;
use std::io::{Error, ErrorKind, Result, Write};
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::rc::Rc;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::interrupt::Interrupt;

/// The number of bytes that a ready pipe accepts at once.
const PART: usize = 4096;
/// The time after which a writer that waits for room checks if the run is to stop.
const LOOK: Duration = Duration::from_millis(100);
/// The longest wait for room once the run is to stop.
const PATIENCE: Duration = Duration::from_secs(1);

/// The stream that was last found ready, and the number of bytes that it still accepts. Shared by all outlets, which may lead to
/// the same pipe.
#[derive(Clone, Default)]
pub(super) struct Room(Rc<Cell<Option<(RawFd, usize)>>>);

impl Room {
    fn left(&self, stream: RawFd) -> usize {
        match self.0.get() {
            Some((ready, left)) if ready == stream => left,
            _ => 0,
        }
    }
}

pub(super) struct Outlet<S> {
    stream: S,
    room: Room,
    interrupt: Interrupt,
    /// True if nobody has read since the run was to stop: then only as much is written as there is room for.
    is_abandoned: bool,
}

impl<S: AsFd> Outlet<S> {
    pub(super) fn new(stream: S, room: Room, interrupt: Interrupt) -> Self {
        Self {
            stream,
            room,
            interrupt,
            is_abandoned: false,
        }
    }

    /// Waits for room; returns false if there is none and the run is to stop.
    fn has_room(&mut self) -> Result<bool> {
        let mut stopped = None;
        loop {
            let wait = if self.is_abandoned { Duration::ZERO } else { LOOK };
            if self.is_ready(wait)? {
                self.is_abandoned = false;
                return Ok(true);
            }
            if self.interrupt.was_raised() {
                let since: Instant = *stopped.get_or_insert_with(Instant::now);
                self.is_abandoned |= since.elapsed() >= PATIENCE;
            }
            if self.is_abandoned {
                return Ok(false);
            }
        }
    }

    fn is_ready(&self, wait: Duration) -> Result<bool> {
        let wait = Timespec {
            tv_sec: 0,
            tv_nsec: wait.subsec_nanos().into(),
        };
        match poll(&mut [PollFd::new(&self.stream, PollFlags::OUT)], Some(&wait)) {
            Ok(ready) => Ok(ready > 0),
            Err(rustix::io::Errno::INTR) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

impl<S: AsFd> Write for Outlet<S> {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        let part = bytes.get(..PART).unwrap_or(bytes);
        let stream = self.stream.as_fd().as_raw_fd();
        let mut left = self.room.left(stream);
        loop {
            if left < part.len() {
                if !self.has_room()? {
                    return Err(Error::new(ErrorKind::BrokenPipe, "nobody reads"));
                }
                // A terminal may be halted at any time, so only this part is sure to have room.
                left = if rustix::termios::isatty(&self.stream) {
                    part.len()
                } else {
                    PART
                };
            }
            match rustix::io::write(&self.stream, part) {
                // Other processes write there as well, and may have taken the room.
                Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => left = 0,
                written => {
                    let written = written?;
                    self.room.0.set(Some((stream, left.saturating_sub(written))));
                    return Ok(written);
                }
            }
        }
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io::{Read, Write};

    use super::{Outlet, Room};
    use crate::deadline::InTime;
    use crate::interrupt::{Interrupt, Signal};

    #[test]
    fn what_nobody_reads_is_waited_for_until_the_run_is_to_stop() {
        let (mut reader, stream) = std::io::pipe().unwrap();
        let interrupt = Interrupt::default();
        let stops = interrupt.clone();
        let writing = std::thread::spawn(move || {
            let mut outlet = Outlet::new(stream.try_clone().unwrap(), Room::default(), stops.clone());
            let mut written = 0;
            loop {
                match outlet.write(&[b'x'; 70]) {
                    Ok(count) => written += count,
                    Err(error) => {
                        assert_eq!(error.to_string(), "nobody reads");
                        break;
                    }
                }
            }
            // The stop request was taken, but there is still no room.
            stops.take();
            assert!(outlet.write(&[b'x'; 70]).is_err());
            (stream, written)
        });
        interrupt.raise(Signal::Int);
        let (stream, written) = writing.in_time();
        let mut all = vec![0; written];
        reader.read_exact(&mut all).unwrap();
        let mut outlet = Outlet::new(stream, Room::default(), interrupt);
        assert_eq!(outlet.write(b"and after").unwrap(), 9);
    }
}
