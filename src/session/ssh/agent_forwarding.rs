//! Lets servers use our agent. The server is asked to allow it once per connection; then each client there gets one guarded pipe
//! to the agent, which is told first which server it serves.

use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};

use super::agent::Binding;
use super::agent_guard::Guard;
use super::channel::{AgentDoor, Channel, SessionLink, Trouble};
use super::pipe::Pipes;

/// The most clients of the agent at once on one server; more are turned away.
const MOST_CLIENTS: usize = 64;

enum ForwardingState {
    Wanted,
    /// The channel on which the server was asked. It accepts the question once; later commands inherit the answer.
    Asked(Channel),
    Settled,
}

pub(super) struct AgentForwarding {
    /// The agent's socket.
    socket: PathBuf,
    /// The message that tells the agent about the server, if that is known.
    binding: Option<Binding>,
    door: AgentDoor,
    state: ForwardingState,
}

/// The result of asking the server.
pub(super) enum ForwardingAnswer {
    /// Nothing more is to be done.
    Settled,
    /// The channel is free for a command, in which the agent can be used.
    Granted(Channel),
    /// The server does not allow it, as it may.
    Refused(Channel),
}

impl AgentForwarding {
    pub(super) fn new(socket: PathBuf, binding: Option<Binding>, link: SessionLink) -> Self {
        Self {
            socket,
            binding,
            door: AgentDoor::open(link),
            state: ForwardingState::Wanted,
        }
    }

    /// Continues to ask; no command may start before the answer is known.
    pub(super) fn ask(&mut self, link: SessionLink) -> Result<ForwardingAnswer, Trouble> {
        if matches!(self.state, ForwardingState::Wanted) {
            match link.open() {
                Ok(channel) => self.state = ForwardingState::Asked(channel),
                Err(Trouble::Denied(_)) => self.state = ForwardingState::Settled,
                Err(trouble) => return Err(trouble),
            }
        }
        let ForwardingState::Asked(channel) = &mut self.state else {
            return Ok(ForwardingAnswer::Settled);
        };
        let granted = match channel.request_agent() {
            Ok(()) => true,
            Err(Trouble::Denied(_)) => false,
            Err(trouble) => return Err(trouble),
        };
        match std::mem::replace(&mut self.state, ForwardingState::Settled) {
            ForwardingState::Asked(channel) if granted => Ok(ForwardingAnswer::Granted(channel)),
            ForwardingState::Asked(channel) => Ok(ForwardingAnswer::Refused(channel)),
            _ => Ok(ForwardingAnswer::Settled),
        }
    }

    pub(super) fn is_settled(&self) -> bool {
        matches!(self.state, ForwardingState::Settled)
    }

    /// Connects the clients that have come since the last call.
    pub(super) fn admit(&self, pipes: &mut Pipes, closing: &mut Vec<Channel>) {
        for channel in self.door.arrived() {
            match self.agent() {
                Ok(socket) if pipes.len() < MOST_CLIENTS => {
                    let binding = self.binding.as_ref().map(|binding| binding.request(true));
                    pipes.add_guarded(channel, socket, Guard::new(binding));
                }
                _ => closing.push(channel),
            }
        }
    }

    fn agent(&self) -> Result<UnixStream, Errno> {
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
        connect(&socket, &SocketAddrUnix::new(&self.socket)?)?;
        Ok(UnixStream::from(socket))
    }
}
