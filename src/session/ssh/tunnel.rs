//! Connections that a gateway makes for the servers behind it: they are opened one after the other, then they are pipes like any
//! other.

use std::collections::VecDeque;
use std::os::unix::net::UnixStream;
use std::sync::mpsc::Sender;

use super::channel::{Channel, SessionLink, Trouble};
use super::inbox::Bell;

/// A request for a connection.
pub(super) struct Tunnel {
    pub(super) host: String,
    pub(super) port: u16,
    /// The socket that is to be connected to there; it is non-blocking.
    pub(super) socket: UnixStream,
    pub(super) reply: TunnelReply,
}

/// The progress of a request.
pub(super) enum TunnelProgress {
    /// Its turn has come.
    Begun,
    Open,
    Refused(String),
}

/// Reports the progress to whoever made the request. Dropping it reports the end.
pub(super) struct TunnelReply {
    answers: Option<Sender<TunnelProgress>>,
    bell: Bell,
}

impl TunnelReply {
    pub(super) fn new(answers: Sender<TunnelProgress>, bell: Bell) -> Self {
        Self {
            answers: Some(answers),
            bell,
        }
    }

    fn tell(&self, answer: TunnelProgress) {
        if let Some(answers) = &self.answers {
            // Nobody may be waiting for the answer any more.
            let _ = answers.send(answer);
        }
        self.bell.ring();
    }
}

impl Drop for TunnelReply {
    fn drop(&mut self) {
        self.answers = None;
        self.bell.ring();
    }
}

/// The requests on one connection.
#[derive(Default)]
pub(super) struct Tunnels {
    waiting: VecDeque<Tunnel>,
    opening: Option<Tunnel>,
}

impl Tunnels {
    pub(super) fn wish(&mut self, tunnel: Tunnel) {
        self.waiting.push_back(tunnel);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.opening.is_none()
    }

    /// Continues to open connections; nothing else may open channels meanwhile. `reason` returns why the server refused the last
    /// one.
    pub(super) fn open(
        &mut self,
        link: SessionLink,
        reason: &dyn Fn() -> String,
    ) -> Result<Option<(Channel, UnixStream)>, Trouble> {
        loop {
            let tunnel = match self.opening.take() {
                Some(tunnel) => tunnel,
                None => {
                    let Some(tunnel) = self.waiting.pop_front() else {
                        return Ok(None);
                    };
                    tunnel.reply.tell(TunnelProgress::Begun);
                    tunnel
                }
            };
            match link.open_tunnel(&tunnel.host, tunnel.port) {
                Ok(channel) => {
                    tunnel.reply.tell(TunnelProgress::Open);
                    return Ok(Some((channel, tunnel.socket)));
                }
                Err(Trouble::Denied(_)) => tunnel.reply.tell(TunnelProgress::Refused(reason())),
                Err(trouble) => {
                    self.opening = Some(tunnel);
                    return Err(trouble);
                }
            }
        }
    }
}

/// Shortens "Channel open failure (connect failed)" to the part in parentheses.
pub(super) fn refusal(message: &str) -> String {
    let inner = message.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
    inner.unwrap_or(message).to_owned()
}
