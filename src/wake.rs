//! Wakes a thread that sleeps in `poll` from any other thread.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};

/// An eventfd that others write to, and that its owner polls and resets.
#[derive(Debug)]
pub(crate) struct Wake(OwnedFd);

impl Wake {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self(eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)?))
    }

    pub(crate) fn ring(&self) {
        // The write fails only when the counter has reached 2^64 - 1.
        let _ = rustix::io::write(&self.0, &1_u64.to_ne_bytes());
    }

    fn silence(&self) {
        let _ = rustix::io::read(&self.0, &mut [0_u8; 8]);
    }

    fn fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// The events that ended a wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Woken {
    /// The socket is ready, or something is wrong with it.
    pub(crate) socket: bool,
    /// There are bytes to read, or the other side has closed.
    pub(crate) readable: bool,
    /// The other side has closed, or the connection has failed.
    pub(crate) hung_up: bool,
}

impl Wake {
    /// Sleeps until the socket has one of `events`, one of the others has one of its own, another thread rings, or `until` has
    /// come.
    pub(crate) fn wait<'a>(
        &'a self,
        socket: Option<(BorrowedFd<'a>, PollFlags)>,
        others: impl Iterator<Item = (BorrowedFd<'a>, PollFlags)>,
        until: Option<Instant>,
    ) -> Woken {
        let timeout = until.map(|until| {
            let left = until.saturating_duration_since(Instant::now());
            // The time is rounded up: a timer that fires a little early would cause a busy loop. A time of zero stays zero.
            if left.is_zero() {
                left
            } else {
                left + Duration::from_micros(50)
            }
        });
        let timeout = timeout.and_then(|left| Timespec::try_from(left).ok());
        let fds = [(self.fd(), PollFlags::IN)].into_iter().chain(socket).chain(others);
        let mut fds: Vec<PollFd<'_>> = fds.map(|(fd, events)| PollFd::from_borrowed_fd(fd, events)).collect();
        // An interrupted poll returns no events; the caller looks and waits again.
        let _ = poll(&mut fds, timeout.as_ref());
        let seen = |index: usize| fds.get(index).map_or(PollFlags::empty(), PollFd::revents);
        let rang = !seen(0).is_empty();
        let events = if socket.is_some() { seen(1) } else { PollFlags::empty() };
        let mut woken = Woken::default();
        if rang {
            self.silence();
        }
        woken.hung_up = events.intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::RDHUP);
        woken.socket = !events.is_empty();
        woken.readable = events.intersects(PollFlags::IN | PollFlags::HUP | PollFlags::ERR);
        woken
    }
}
