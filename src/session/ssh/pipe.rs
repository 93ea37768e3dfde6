//! Moves bytes between a channel and a socket of this machine, in both directions, without waiting for either.

use std::io::{ErrorKind, Read as _, Write as _};
use std::os::fd::{AsFd as _, BorrowedFd};
use std::os::unix::net::UnixStream;

use rustix::event::PollFlags;

use crate::exit::Stream;

use super::agent_guard::{Guard, GuardStep};
use super::channel::{Channel, SessionLink, Trouble};

/// The bytes on their way in one direction.
#[derive(Default)]
struct Flow {
    bytes: Vec<u8>,
    sent: usize,
    ended: bool,
}

impl Flow {
    fn rest(&self) -> &[u8] {
        self.bytes.get(self.sent..).unwrap_or_default()
    }

    fn is_empty(&self) -> bool {
        self.sent >= self.bytes.len()
    }

    fn fill(&mut self, bytes: &[u8]) {
        self.bytes.clear();
        self.bytes.extend_from_slice(bytes);
        self.sent = 0;
    }
}

struct Pipe {
    channel: Channel,
    socket: UnixStream,
    /// From the server to the socket.
    inward: Flow,
    /// From the socket to the server.
    outward: Flow,
    /// True if a packet was sent in part: it has to be completed before anything else is sent.
    half_sent: bool,
    /// The guard that checks all messages, if the socket leads to our agent.
    guard: Option<Guard>,
}

/// The pipes of one connection.
#[derive(Default)]
pub(super) struct Pipes(Vec<Pipe>);

impl Pipes {
    /// Adds a pipe; the socket has to be non-blocking.
    pub(super) fn add(&mut self, channel: Channel, socket: UnixStream) {
        self.push(channel, socket, None);
    }

    /// Adds a pipe on which messages pass one by one, after the guard has checked them.
    pub(super) fn add_guarded(&mut self, channel: Channel, socket: UnixStream, guard: Guard) {
        self.push(channel, socket, Some(guard));
    }

    fn push(&mut self, channel: Channel, socket: UnixStream, guard: Option<Guard>) {
        self.0.push(Pipe {
            guard,
            channel,
            socket,
            inward: Flow::default(),
            outward: Flow::default(),
            half_sent: false,
        });
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Moves the bytes that can be moved now; the channels of pipes that have ended go to `closing`. Returns true if something
    /// could not be sent.
    pub(super) fn pump(
        &mut self,
        link: SessionLink,
        buffer: &mut [u8],
        closing: &mut Vec<Channel>,
    ) -> Result<bool, Trouble> {
        let mut blocked = false;
        let mut index = 0;
        while let Some(pipe) = self.0.get_mut(index) {
            pipe.pump(link, buffer)?;
            blocked |= pipe.half_sent;
            if pipe.has_ended() {
                closing.push(self.0.swap_remove(index).channel);
            } else {
                index += 1;
            }
        }
        Ok(blocked)
    }

    /// Returns the events that the thread has to wait for.
    pub(super) fn interests(&self) -> impl Iterator<Item = (BorrowedFd<'_>, PollFlags)> {
        self.0.iter().map(|pipe| {
            let mut events = PollFlags::empty();
            if pipe.outward.is_empty() && !pipe.outward.ended {
                events |= PollFlags::IN;
            }
            if !pipe.inward.is_empty() {
                events |= PollFlags::OUT;
            }
            (pipe.socket.as_fd(), events)
        })
    }
}

impl Pipe {
    /// Returns true if either direction has ended: neither SSH nor the agent's protocol continues in one direction alone.
    fn has_ended(&self) -> bool {
        let over = |flow: &Flow| flow.ended && flow.is_empty();
        !self.half_sent && (over(&self.inward) || over(&self.outward))
    }

    fn pump(&mut self, link: SessionLink, buffer: &mut [u8]) -> Result<(), Trouble> {
        loop {
            let received = self.receive(buffer)?;
            let sorted = self.sort();
            let written = self.deliver();
            let read = self.collect(buffer);
            let sent = self.send(link)?;
            if !(received || sorted || written || read || sent) || self.has_ended() {
                return Ok(());
            }
        }
    }

    /// Lets the next message pass, if there is a guard; returns true if something has changed.
    fn sort(&mut self) -> bool {
        let Some(guard) = &mut self.guard else { return false };
        if !self.inward.is_empty() || !self.outward.is_empty() || self.inward.ended || self.outward.ended {
            return false;
        }
        let took_requests = guard.takes_requests();
        match guard.step() {
            GuardStep::ToAgent(message) => self.inward.fill(&message),
            GuardStep::ToServer(message) => self.outward.fill(&message),
            GuardStep::Over => self.inward.ended = true,
            // A request may have arrived before the guard accepted any. libssh2 holds it, and no poll would report it again.
            GuardStep::Wait => return !took_requests && guard.takes_requests(),
        }
        true
    }

    fn receive(&mut self, buffer: &mut [u8]) -> Result<bool, Trouble> {
        let is_busy = self.guard.as_ref().is_some_and(|guard| !guard.takes_requests());
        if !self.inward.is_empty() || self.inward.ended || is_busy {
            return Ok(false);
        }
        match self.channel.read(Stream::Out, buffer) {
            Ok(0) => {
                self.inward.ended = self.channel.at_eof();
                Ok(self.inward.ended)
            }
            Ok(count) => {
                let bytes = buffer.get(..count).unwrap_or_default();
                match &mut self.guard {
                    Some(guard) => guard.asked(bytes),
                    None => self.inward.fill(bytes),
                }
                Ok(true)
            }
            Err(Trouble::WouldBlock) => Ok(false),
            Err(Trouble::Denied(_)) => {
                self.inward.ended = true;
                Ok(true)
            }
            Err(trouble) => Err(trouble),
        }
    }

    fn deliver(&mut self) -> bool {
        if self.inward.is_empty() {
            return false;
        }
        match self.socket.write(self.inward.rest()) {
            Ok(count) if count > 0 => {
                self.inward.sent += count;
                true
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => false,
            Err(error) if error.kind() == ErrorKind::Interrupted => true,
            // Nobody reads from that socket any more.
            _ => {
                self.inward.fill(&[]);
                self.inward.ended = true;
                true
            }
        }
    }

    fn collect(&mut self, buffer: &mut [u8]) -> bool {
        if !self.outward.is_empty() || self.outward.ended {
            return false;
        }
        match self.socket.read(buffer) {
            Ok(count) if count > 0 => {
                let bytes = buffer.get(..count).unwrap_or_default();
                match &mut self.guard {
                    Some(guard) => guard.answered(bytes),
                    None => self.outward.fill(bytes),
                }
                true
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => false,
            Err(error) if error.kind() == ErrorKind::Interrupted => true,
            _ => {
                self.outward.ended = true;
                true
            }
        }
    }

    fn send(&mut self, link: SessionLink) -> Result<bool, Trouble> {
        if self.outward.is_empty() {
            return Ok(false);
        }
        match self.channel.write(self.outward.rest()) {
            Ok(count) => {
                self.half_sent = false;
                self.outward.sent += count;
                Ok(count > 0)
            }
            // The window of the other side may be full instead, which holds up nothing else.
            Err(Trouble::WouldBlock) => {
                self.half_sent = link.waits_for_sending();
                Ok(false)
            }
            Err(Trouble::Denied(_)) => {
                self.half_sent = false;
                self.outward.fill(&[]);
                self.outward.ended = true;
                Ok(true)
            }
            Err(trouble) => Err(trouble),
        }
    }
}
