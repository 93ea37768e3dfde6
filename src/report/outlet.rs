//! One of our own output streams. Whoever reads it slowly slows the run down, and with it the servers; that nobody reads it at
//! all does not keep the run from being stopped.

use std::io::{Error, ErrorKind, Result, Write};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::interrupt::Interrupt;

/// What a pipe that is ready takes at once.
const PART: usize = 4096;
/// How often somebody who waits for room looks whether the run is to stop.
const LOOK: Duration = Duration::from_millis(100);
/// How long there may be no room once it is.
const PATIENCE: Duration = Duration::from_secs(1);

pub(super) struct Outlet<S> {
    stream: S,
    interrupt: Interrupt,
    /// Nobody has read since the run was to stop: only what there is room for is written.
    is_abandoned: bool,
}

impl<S: AsFd> Outlet<S> {
    pub(super) fn new(stream: S, interrupt: Interrupt) -> Self {
        Self {
            stream,
            interrupt,
            is_abandoned: false,
        }
    }

    /// Waits for room; false where there is none and the run is to stop.
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
        loop {
            if !self.has_room()? {
                return Err(Error::new(ErrorKind::BrokenPipe, "nobody reads"));
            }
            match rustix::io::write(&self.stream, bytes.get(..PART).unwrap_or(bytes)) {
                // Others write there as well.
                Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => {}
                written => return Ok(written?),
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
    use std::os::unix::net::UnixStream;

    use super::Outlet;
    use crate::interrupt::{Interrupt, Signal};

    #[test]
    fn what_nobody_reads_is_waited_for_until_the_run_is_to_stop() {
        let (mut reader, stream) = UnixStream::pair().unwrap();
        stream.set_nonblocking(true).unwrap();
        let interrupt = Interrupt::default();
        let mut outlet = Outlet::new(stream, interrupt.clone());
        let writing = std::thread::spawn(move || {
            let mut written = 0;
            loop {
                match outlet.write(&[b'x'; 10_000]) {
                    Ok(count) => written += count,
                    Err(error) => return (outlet, written, error.to_string()),
                }
            }
        });
        interrupt.raise(Signal::Int);
        let (mut outlet, mut written, reason) = writing.join().unwrap();
        assert_eq!(reason, "nobody reads");
        // The request was taken. There is still no room.
        interrupt.take();
        assert!(outlet.write(b"more").is_err());
        let mut all = vec![0; written];
        reader.read_exact(&mut all).unwrap();
        written = outlet.write(b"and after").unwrap();
        assert_eq!(written, 9);
    }
}
