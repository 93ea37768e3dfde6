//! The state that the owner of a session shares with its thread: orders, the wish to end, and the output that was not taken yet.

use std::collections::VecDeque;
use std::io;
use std::ops::RangeInclusive;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Instant;

use rustix::event::PollFlags;

use crate::secret::Secret;
use crate::session::backlog::{Backlog, Space};
use crate::session::{Command, JobId, JobSignal};
use crate::source::Source;
use crate::wake::{Wake, Woken};

use super::tunnel::Tunnel;

/// The most output that may wait for the main thread, in bytes, over all servers. Each has an equal share …
const MOST_QUEUED: usize = 32 << 20;
/// … between these limits.
const SHARES: RangeInclusive<usize> = 64 << 10..=1 << 20;

/// Returns the space that the output of all servers of a run shares.
pub(super) fn space() -> Space {
    Space::new(MOST_QUEUED, SHARES)
}

pub(super) enum SessionOrder {
    Start(JobId, Command),
    Feed(JobId, Arc<dyn Source>),
    EndInput(JobId),
    Signal(JobId, JobSignal),
    Answer(Option<Secret>),
    Tunnel(Tunnel),
}

/// The ways in which a session can end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SessionEnd {
    /// In an orderly way.
    Close,
    /// At once.
    Abandon,
}

#[derive(Debug)]
struct Shared {
    wake: Wake,
    end: AtomicU8,
    /// The connection has ended.
    gone: AtomicBool,
    backlog: Backlog,
}

/// The owner's side.
pub(super) struct Outbox {
    orders: Sender<SessionOrder>,
    shared: Arc<Shared>,
}

/// The thread's side.
pub(super) struct Inbox {
    orders: Receiver<SessionOrder>,
    /// Orders that came before the session was ready for them.
    early: VecDeque<SessionOrder>,
    shared: Arc<Shared>,
}

pub(super) fn pair(space: &Space) -> io::Result<(Outbox, Inbox)> {
    let (sender, receiver) = channel();
    let wake = Wake::new()?;
    let shared = Arc::new(Shared {
        wake,
        end: AtomicU8::new(0),
        gone: AtomicBool::new(false),
        backlog: Backlog::new(space),
    });
    let outbox = Outbox {
        orders: sender,
        shared: Arc::clone(&shared),
    };
    let inbox = Inbox {
        orders: receiver,
        early: VecDeque::new(),
        shared,
    };
    Ok((outbox, inbox))
}

impl Outbox {
    pub(super) fn send(&self, order: SessionOrder) {
        // A thread that has ended has reported that; nobody waits for the order.
        let _ = self.orders.send(order);
        self.shared.wake.ring();
    }

    pub(super) fn end(&self, end: SessionEnd) {
        let value = match end {
            SessionEnd::Close => 1,
            SessionEnd::Abandon => 2,
        };
        self.shared.end.fetch_max(value, Ordering::SeqCst);
        self.shared.wake.ring();
    }

    pub(super) fn is_ending(&self) -> bool {
        self.shared.end.load(Ordering::SeqCst) != 0
    }

    pub(super) fn is_gone(&self) -> bool {
        self.shared.gone.load(Ordering::SeqCst)
    }

    pub(super) fn drained(&self, bytes: usize) {
        if self.shared.backlog.take(bytes) {
            self.shared.wake.ring();
        }
    }
}

/// Wakes the thread of an inbox, and can do nothing else.
#[derive(Clone, Debug)]
pub(super) struct Bell(Arc<Shared>);

impl Bell {
    pub(super) fn ring(&self) {
        self.0.wake.ring();
    }
}

impl Inbox {
    pub(super) fn bell(&self) -> Bell {
        Bell(Arc::clone(&self.shared))
    }

    pub(super) fn end(&self) -> Option<SessionEnd> {
        match self.shared.end.load(Ordering::SeqCst) {
            0 => None,
            1 => Some(SessionEnd::Close),
            _ => Some(SessionEnd::Abandon),
        }
    }

    /// Marks the connection as gone before any report of that arrives.
    pub(super) fn tell_gone(&self) {
        self.shared.gone.store(true, Ordering::SeqCst);
    }

    /// Returns the next order, if there is one.
    pub(super) fn take(&mut self) -> Option<SessionOrder> {
        self.early.pop_front().or_else(|| self.orders.try_recv().ok())
    }

    /// Returns the answer to a question, if it has come; other orders are kept for later.
    pub(super) fn take_answer(&mut self) -> Option<Option<Secret>> {
        while let Ok(order) = self.orders.try_recv() {
            match order {
                SessionOrder::Answer(answer) => return Some(answer),
                order => self.early.push_back(order),
            }
        }
        None
    }

    pub(super) fn wait(&self, socket: Option<(BorrowedFd<'_>, PollFlags)>, until: Option<Instant>) -> Woken {
        self.shared.wake.wait(socket, std::iter::empty(), until)
    }

    /// Waits for an event on the socket or on one of the others.
    pub(super) fn wait_for_all<'a>(
        &'a self,
        socket: (BorrowedFd<'a>, PollFlags),
        others: impl Iterator<Item = (BorrowedFd<'a>, PollFlags)>,
        until: Option<Instant>,
    ) -> Woken {
        self.shared.wake.wait(Some(socket), others, until)
    }

    /// Waits for an event on one of these.
    pub(super) fn wait_for_any<'a>(
        &'a self,
        sockets: impl Iterator<Item = (BorrowedFd<'a>, PollFlags)>,
        until: Option<Instant>,
    ) {
        self.shared.wake.wait(None, sockets, until);
    }

    pub(super) fn wait_for(&self, socket: &impl AsFd, events: PollFlags, until: Option<Instant>) -> Woken {
        self.wait(Some((socket.as_fd(), events)), until)
    }

    /// Returns the output that was reported and not taken yet.
    pub(super) fn backlog(&self) -> &Backlog {
        &self.shared.backlog
    }
}
