//! The steps of a login, which are reported only if the login only looks.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use crate::configuration::Server;

/// A step that a login has taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The gateway that the login is at, if it is one on the way to the server.
    pub gateway: Option<Server>,
    /// The kind of the step.
    pub kind: StepKind,
}

/// The steps, in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepKind {
    /// The name was looked up and has these addresses.
    Resolved(Vec<IpAddr>),
    /// The connection is made.
    Reached {
        /// The way that it takes.
        way: StepWay,
        /// The time since the login began, including gateways on the way.
        elapsed: Duration,
    },
    /// The server has shown its key, and it was not refused.
    HostKey {
        /// `ssh-ed25519`.
        key_type: String,
        /// `SHA256:…`.
        fingerprint: String,
        /// The facts that are known about the key.
        standing: Standing,
    },
    /// The server has accepted the login.
    Entered {
        /// The login name.
        user: String,
        /// The keys, passwords and answers that it accepted, in this order: `key ~/.ssh/id_ed25519`. Empty if it needed none.
        by: Vec<String>,
    },
}

/// The way that a connection takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepWay {
    /// A direct connection to this address.
    Direct(Option<SocketAddr>),
    /// Through these servers, in this order.
    Gateways(Vec<Server>),
    /// Through a `ProxyCommand`.
    Command,
}

/// The facts that are known about a host key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is known from this place: a file and its line, or the name of a command.
    Known(String),
    /// An authority has signed it, which is known from this place.
    Certified(String),
    /// It belongs to this machine, and the configuration trusts any such key.
    Local,
    /// It is not known. A run would add it to this file, if there is one, and continue.
    Unknown(Option<PathBuf>),
    /// It has changed or is revoked, but the configuration continues.
    Untrusted,
}
