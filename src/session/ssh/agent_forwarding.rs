//! Our agent for the servers' use: asked for once per connection, then one guarded pipe for each of their clients, which the agent
//! is told of first.

use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};

use super::agent::Binding;
use super::agent_guard::Guard;
use super::channel::{AgentDoor, Channel, Link, Trouble};
use super::pipe::Pipes;

/// Clients of the agent at once on one server; more are turned away.
const MOST_CLIENTS: usize = 64;

enum Stage {
    Wanted,
    /// The channel on which the server was asked. It takes the question once; later commands inherit what came of it.
    Asked(Channel),
    Settled,
}

pub(super) struct AgentForwarding {
    /// The agent.
    socket: PathBuf,
    /// What it is told of the server, where that is known.
    binding: Option<Binding>,
    door: AgentDoor,
    stage: Stage,
}

/// What came of asking.
pub(super) enum Asked {
    /// Nothing more is to be done.
    Settled,
    /// The channel is free for a command, in which the agent can be used.
    Granted(Channel),
    /// The server does not want it, as it may.
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

    /// Goes on asking; no command may start before that is settled.
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

    /// Lets the clients in that have come since.
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
