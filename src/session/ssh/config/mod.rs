//! The user's ssh configuration, as far as it decides where and how to connect. A line that would affect this and cannot be
//! understood is an error for the hosts that it is about; it is never passed over. `ssh -G` is the reference, and the tests
//! compare with it.

mod file;
mod foreign;
#[cfg(any(test, feature = "fuzz"))]
pub(super) mod fuzz;
mod keyword;
mod resolve;
mod search;
mod statement;
mod tokens;
mod words;

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::configuration::Server;
use crate::session::{AuthMethod, ConnectError, HostKeyPolicy, Phase, SshOptions};

use super::inbox::Inbox;
pub(super) use file::SYSTEM as SYSTEM_FILE;
use statement::ConfigLine;
pub(super) use tokens::percent;

/// The least length of RSA keys, in bits. Shorter ones are refused whatever is configured, as by OpenSSH.
pub(super) const LEAST_RSA_BITS: u32 = 1024;

/// The way to a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// A connection from this machine.
    Direct,
    /// Through these servers, in this order.
    Jump(Vec<Server>),
    /// Through the standard input and output of this shell command.
    Command(String),
}

/// The addresses of a host that are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AddressFamily {
    /// All addresses.
    Any,
    /// IPv4 addresses.
    V4,
    /// IPv6 addresses.
    V6,
}

/// Lists of algorithms in ssh's syntax: `a,b`, or `+a`, `-a*`, `^a` to change the usual ones. `None` means the usual ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Algorithms {
    /// Key exchange.
    pub key_exchange: Option<String>,
    /// Host keys.
    pub host_keys: Option<String>,
    /// Ciphers.
    pub ciphers: Option<String>,
    /// Message authentication codes.
    pub macs: Option<String>,
    /// The signature algorithms for our keys.
    pub login_keys: Option<String>,
    /// The algorithms with which authorities may sign the certificates of hosts.
    pub authorities: Option<String>,
}

/// Everything that is needed to connect to a server.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct HostConfig {
    /// The name or address to connect to.
    pub host_name: String,
    /// The port to connect to.
    pub port: u16,
    /// The login name.
    pub user: String,
    /// The private keys to try, in order; those that do not exist are skipped.
    pub identity_files: Vec<PathBuf>,
    /// The certificates of those keys, or of the agent's.
    pub certificate_files: Vec<PathBuf>,
    /// True if only those keys are used, and no others of the agent.
    pub identities_only: bool,
    /// The ways to log in, best first.
    pub methods: Vec<AuthMethod>,
    /// The number of times that a password is asked for.
    pub password_prompts: u32,
    /// True if the server's message before the login is shown.
    pub shows_banner: bool,
    /// The agent's socket; `None` if no agent is used.
    pub identity_agent: Option<PathBuf>,
    /// The user's known-hosts files; new keys go into the first. The list may be empty.
    pub user_known_hosts_files: Vec<PathBuf>,
    /// The system's known-hosts files.
    pub global_known_hosts_files: Vec<PathBuf>,
    /// A program with its arguments that names more host keys. Tokens about the server's key are not expanded yet.
    pub known_hosts_command: Vec<String>,
    /// Files with keys that no host may have.
    pub revoked_host_keys: Vec<PathBuf>,
    /// True if the names in new lines of known-hosts files are hashed.
    pub hash_known_hosts: bool,
    /// True if servers at a loopback address are trusted whatever key they show.
    pub trusts_localhost: bool,
    /// True if a server has to show the key that is known for its address, where one is known.
    pub checks_host_ip: bool,
    /// The least length of RSA keys, the servers' and ours, in bits.
    pub required_rsa_bits: u32,
    /// The policy for a server's key that is not known.
    pub host_key_policy: HostKeyPolicy,
    /// The name under which keys are looked up and written instead of the host's, without a port.
    pub host_key_alias: Option<String>,
    /// The time limit for the TCP connection, if the files set one.
    pub connect_timeout: Option<Duration>,
    /// The time of silence after which the server is asked whether it is alive, if the files set one.
    pub server_alive_interval: Option<Duration>,
    /// The number of attempts to connect; they are a second apart.
    pub connection_attempts: u32,
    /// The addresses of the host that are used.
    pub address_family: AddressFamily,
    /// The address of this machine to connect from.
    pub bind_address: Option<String>,
    /// The network interface of this machine to connect from, if no such address is set.
    pub bind_interface: Option<String>,
    /// The number of unanswered questions after which the server counts as lost, if the files set it.
    pub server_alive_count: Option<u32>,
    /// True if the connection is compressed.
    pub compression: bool,
    /// The algorithms that are offered.
    pub algorithms: Algorithms,
    /// The socket of the agent that the server may use.
    pub forwarded_agent: Option<PathBuf>,
    /// The way to the server.
    pub route: Route,
}

/// The ssh configuration files after reading; they are evaluated once per server.
#[derive(Clone, Debug, Default)]
pub(crate) struct SshConfig {
    files: Vec<Arc<[ConfigLine]>>,
    /// The files that were named, if they are not the default ones.
    named: Option<Vec<PathBuf>>,
    home: Option<PathBuf>,
    variables: HashMap<String, String>,
}

impl SshConfig {
    /// Reads these files; for `None`, the user's and the system's, which need not exist.
    ///
    /// # Errors
    ///
    /// When a file cannot be read, others than the user can write it, or a line cannot be understood. The error names the place.
    pub(crate) fn load(files: Option<&[PathBuf]>, home: Option<&Path>) -> Result<Self, ConnectError> {
        Ok(Self {
            files: file::read_all(files, home).map_err(Trouble::into_error)?,
            named: files.map(<[PathBuf]>::to_vec),
            home: home.map(Path::to_owned),
            variables: HashMap::new(),
        })
    }

    /// Sets the environment variables that the files may refer to. `SSH_AUTH_SOCK` among them names the agent, unless the files
    /// do.
    #[must_use]
    pub(crate) fn with_variables(mut self, variables: impl IntoIterator<Item = (String, String)>) -> Self {
        self.variables.extend(variables);
        self
    }

    /// Returns what the files and the recipe's options say about a server. `local_user` is the user who runs capr; `inbox`
    /// belongs to the login, which may be stopped meanwhile.
    ///
    /// # Errors
    ///
    /// When the files ask for something that is not supported, or cannot be expanded, for this server.
    pub(super) fn resolve(
        &self,
        server: &Server,
        options: &SshOptions,
        local_user: &str,
        inbox: Option<&Inbox>,
    ) -> Result<HostConfig, ConnectError> {
        resolve::resolve(self, server, options, local_user, inbox).map_err(Trouble::into_error)
    }
}

/// A line of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    file: Arc<Path>,
    line: usize,
}

impl Place {
    /// Returns the place of values that stand in no file.
    fn recipe() -> Self {
        Self {
            file: Arc::from(Path::new("ssh_options")),
            line: 0,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}", self.file.display()),
            line => write!(f, "{}:{line}", self.file.display()),
        }
    }
}

/// A fault in a configuration.
#[derive(Debug)]
struct Trouble {
    text: String,
}

impl Trouble {
    fn new(text: impl Into<String>) -> Self {
        Self { text: text.into() }
    }

    fn at(place: &Place, text: impl fmt::Display) -> Self {
        Self::new(format!("{place}: {text}"))
    }

    fn into_error(self) -> ConnectError {
        ConnectError::new(Phase::Configuration, self.text)
    }
}

#[cfg(test)]
mod tests;
