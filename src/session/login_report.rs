//! The facts that a login reports while it is under way. None of them ends it, and none waits for an answer.

use std::path::PathBuf;

use crate::configuration::Server;

use super::Step;

/// A fact about a login that is under way, or about one on the way to its server.
#[derive(Clone, Debug)]
pub enum LoginReport {
    /// A host key was met for the first time.
    HostKeyAdded(NewHostKey),
    /// The server has a message for those who log in.
    Banner(Banner),
    /// The keys were exchanged.
    Negotiated(Negotiated),
    /// A step was taken; reported only for a login that only looks.
    Step(Step),
    /// The host key is not the right one, but the configuration continues.
    HostKeyUntrusted(Warning),
    /// A private key was left out.
    KeyLeftOut(Warning),
}

/// A host key that was met for the first time.
#[derive(Clone, Debug)]
pub struct NewHostKey {
    /// The gateway whose key it is, if it belongs to one on the way to the server.
    pub gateway: Option<Server>,
    /// `ssh-ed25519`.
    pub key_type: String,
    /// `SHA256:…`.
    pub fingerprint: String,
    /// The file that it was written to …
    pub file: PathBuf,
    /// … or the reason why it was not.
    pub problem: Option<String>,
}

/// The message that a server shows before the login.
#[derive(Clone, Debug)]
pub struct Banner {
    /// The gateway that shows it, if it is one on the way to the server.
    pub gateway: Option<Server>,
    /// The message, unchanged.
    pub text: String,
}

/// The algorithms of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Negotiated {
    /// The gateway that the connection leads to, if it is one on the way to the server.
    pub gateway: Option<Server>,
    /// `mlkem768x25519-sha256`.
    pub key_exchange: String,
    /// `ssh-ed25519`.
    pub host_key: String,
    /// `chacha20-poly1305@openssh.com`.
    pub cipher: String,
    /// `hmac-sha2-256-etm@openssh.com`; `None` if the cipher has its own.
    pub mac: Option<String>,
}

/// A problem at a login that does not stop it.
#[derive(Clone, Debug)]
pub struct Warning {
    /// The gateway that it is about, if it is one on the way to the server.
    pub gateway: Option<Server>,
    /// The problem, one line in lower case.
    pub text: String,
}
