//! Lets servers use our agent. The server is asked to allow it once per connection; then each client there gets one guarded pipe
//! to the agent, which is told first which server it serves.

use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};

use super::agent::Binding;
use super::agent_guard::Guard;
use super::channel::{AgentDoor, Channel, Link, Trouble};
use super::pipe::Pipes;

/// The most clients of the agent at once on one server; more are turned away.
const MOST_CLIENTS: usize = 64;

enum Stage {
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
    stage: Stage,
}

/// The result of asking the server.
pub(super) enum Asked {
    /// Nothing more is to be done.
    Settled,
    /// The channel is free for a command, in which the agent can be used.
    Granted(Channel),
    /// The server does not allow it, as it may.
    Refused(Channel),
}

impl AgentForwarding {
    pub(super) fn new(socket: PathBuf, binding: Option<Binding>, link: Link) -> Self {
        Self {
            socket,
            binding,
            door: AgentDoor::open(link),
            stage: Stage::Wanted,
        }
    }

    /// Continues to ask; no command may start before the answer is known.
    pub(super) fn ask(&mut self, link: Link) -> Result<Asked, Trouble> {
        if matches!(self.stage, Stage::Wanted) {
            match link.open() {
                Ok(channel) => self.stage = Stage::Asked(channel),
                Err(Trouble::Denied(_)) => self.stage = Stage::Settled,
                Err(trouble) => return Err(trouble),
            }
        }
        let Stage::Asked(channel) = &mut self.stage else {
            return Ok(Asked::Settled);
        };
        let granted = match channel.request_agent() {
            Ok(()) => true,
            Err(Trouble::Denied(_)) => false,
            Err(trouble) => return Err(trouble),
        };
        match std::mem::replace(&mut self.stage, Stage::Settled) {
            Stage::Asked(channel) if granted => Ok(Asked::Granted(channel)),
            Stage::Asked(channel) => Ok(Asked::Refused(channel)),
            _ => Ok(Asked::Settled),
        }
    }

    pub(super) fn is_settled(&self) -> bool {
        matches!(self.stage, Stage::Settled)
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
