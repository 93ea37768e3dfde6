//! The steps of a login, told to those who only look.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use crate::configuration::Server;

/// A step that a login has gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Whose login, where that is one at a gateway on the way to the server.
    pub gateway: Option<Server>,
    /// Which step.
    pub kind: StepKind,
}

/// One of the steps, in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepKind {
    /// The name was looked up, and has these addresses.
    Resolved(Vec<IpAddr>),
    /// There is a connection.
    Reached {
        /// How it was made.
        way: StepWay,
        /// Since the login began; gateways on the way are part of it.
        elapsed: Duration,
    },
    /// The server has shown its key, which is not refused.
    HostKey {
        /// `ssh-ed25519`.
        key_type: String,
        /// `SHA256:…`.
        fingerprint: String,
        /// What is known of it.
        standing: Standing,
    },
    /// The server has let us in.
    Entered {
        /// The login name.
        user: String,
        /// The keys, passwords and answers that it took, in this order: `key ~/.ssh/id_ed25519`. Empty where it wants none.
        by: Vec<String>,
    },
}

/// How a connection was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepWay {
    /// To this address.
    Direct(Option<SocketAddr>),
    /// Through these servers, the first one first.
    Gateways(Vec<Server>),
    /// By a `ProxyCommand`.
    Command,
}

/// What is known of a host key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It stands there: a file and its line, or the name of a command.
    Known(String),
    /// An authority has signed it, which stands there.
    Certified(String),
    /// It is that of this machine, and the configuration asks for no more.
    Local,
    /// It is not known; a run would add it to this file, where there is one, and go on.
    Unknown(Option<PathBuf>),
    /// It has changed or is revoked, and the configuration wants to go on.
    Untrusted,
}
