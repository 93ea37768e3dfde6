//! A connection that is logged in.

use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ssh2::Session;

use super::agent::Binding;
use super::config::HostConfig;
use super::gateway::Gateway;
use super::proxy_command::ProxyCommand;

/// Defaults where neither the recipe nor the configuration gives a value.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(15);
const KEEPALIVE_COUNT: u32 = 2;

/// The gateway or program that a connection goes through; it has to be kept as long as the connection.
#[allow(dead_code, reason = "their end is what counts")]
pub(super) enum ConnectionWay {
    Direct,
    Gateway(Arc<Gateway>),
    Command(ProxyCommand),
}

/// A connection that is logged in.
pub(super) struct Connection {
    pub(super) session: Session,
    pub(super) socket: Arc<OwnedFd>,
    pub(super) way: ConnectionWay,
    pub(super) keepalive: Keepalive,
    /// The agent that the server may use.
    pub(super) forwarded_agent: Option<PathBuf>,
    /// The message that tells that agent about this connection, if everything in it is known.
    pub(super) binding: Option<Binding>,
    /// The login name.
    pub(super) user: String,
    /// True if the login is root's; `None` if that is not known, since another name may be root's as well.
    pub(super) is_root: Option<bool>,
}

/// The questions that find out whether a silent server is still there.
#[derive(Clone, Copy)]
pub(super) struct Keepalive {
    /// The silence after which the server is asked.
    pub(super) interval: Duration,
    /// The number of unanswered questions after which the server counts as lost.
    pub(super) count: u32,
}

impl Keepalive {
    pub(super) fn of(config: &HostConfig) -> Self {
        // In ssh zero turns the questions off; capr keeps its default, since it waits for the end of commands.
        let interval = config.server_alive_interval.filter(|interval| !interval.is_zero());
        Self {
            interval: interval.unwrap_or(KEEPALIVE_INTERVAL),
            count: config.server_alive_count.unwrap_or(KEEPALIVE_COUNT),
        }
    }

    /// Returns the silence after which the server counts as lost.
    pub(super) fn patience(self) -> Duration {
        self.interval.saturating_mul(self.count.saturating_add(1))
    }
}
