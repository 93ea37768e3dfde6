//! The user's ssh configuration, as far as it decides where and how to connect. What would decide that and is not understood is an
//! error for the hosts it is about, never passed over; `ssh -G` is the reference (the tests compare with it).

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
use statement::Line;
pub(super) use tokens::percent;

/// Shorter RSA keys are refused whatever is configured, as by OpenSSH.
pub(super) const LEAST_RSA_BITS: u32 = 1024;

/// How a server is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// By a connection from here.
    Direct,
    /// Through these servers, the first one first.
    Jump(Vec<Server>),
    /// Through what this shell command reads and writes.
    Command(String),
}

/// Which of a host's addresses are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressFamily {
    /// All.
    Any,
    /// Those of IPv4.
    V4,
    /// Those of IPv6.
    V6,
}

/// Lists of algorithms in ssh's words, where there are any: `a,b`, or `+a`, `-a*`, `^a` to change the usual ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Algorithms {
    /// Key exchange.
    pub key_exchange: Option<String>,
    /// Host keys.
    pub host_keys: Option<String>,
    /// Ciphers.
    pub ciphers: Option<String>,
    /// Message authentication codes.
    pub macs: Option<String>,
    /// Signatures with our keys.
    pub login_keys: Option<String>,
    /// Signatures of authorities under certificates of hosts.
    pub authorities: Option<String>,
}

/// Everything that is to be known to connect to a server.
#[derive(Clone, Debug, PartialEq)]
pub struct HostConfig {
    /// Name or address to connect to.
    pub host_name: String,
    /// Port to connect to.
    pub port: u16,
    /// Login name.
    pub user: String,
    /// Private keys to try, in order; those that are not there are skipped.
    pub identity_files: Vec<PathBuf>,
    /// Certificates of those keys, or of the agent's.
    pub certificate_files: Vec<PathBuf>,
    /// Only those keys, no others of the agent.
    pub identities_only: bool,
    /// Ways to log in, best first.
    pub methods: Vec<AuthMethod>,
    /// How often a password is asked for.
    pub password_prompts: u32,
    /// What the server says before login is told.
    pub shows_banner: bool,
    /// The agent's socket; `None` for no agent.
    pub identity_agent: Option<PathBuf>,
    /// Known-hosts files of the user; new keys go to the first. None at all is possible.
    pub user_known_hosts_files: Vec<PathBuf>,
    /// Known-hosts files of the system.
    pub global_known_hosts_files: Vec<PathBuf>,
    /// A program, and what it is given, that names host keys, too; tokens about the key are still in it.
    pub known_hosts_command: Vec<String>,
    /// Lists of keys that no host may have.
    pub revoked_host_keys: Vec<PathBuf>,
    /// New names are hashed.
    pub hash_known_hosts: bool,
    /// Servers at a loopback address are trusted whatever key they show.
    pub trusts_localhost: bool,
    /// A key that is known for the server's address must be the same.
    pub checks_host_ip: bool,
    /// Least bits of RSA keys, the servers' and ours.
    pub required_rsa_bits: u32,
    /// What to do with a key that is not known.
    pub host_key_policy: HostKeyPolicy,
    /// The name under which keys are looked up and written instead, as for port 22.
    pub host_key_alias: Option<String>,
    /// Time for the TCP connection, where the files say one.
    pub connect_timeout: Option<Duration>,
    /// Time of silence after which the server is asked whether it lives, where the files say one.
    pub server_alive_interval: Option<Duration>,
    /// Attempts to connect, a second apart.
    pub connection_attempts: u32,
    /// Which addresses count.
    pub address_family: AddressFamily,
    /// Address of this machine to connect from.
    pub bind_address: Option<String>,
    /// Network interface of this machine to connect from, where there is no such address.
    pub bind_interface: Option<String>,
    /// How often it is asked before it is given up, where the files say so.
    pub server_alive_count: Option<u32>,
    /// Compress what travels.
    pub compression: bool,
    /// Which algorithms are offered.
    pub algorithms: Algorithms,
    /// The agent that the server may use.
    pub forwarded_agent: Option<PathBuf>,
    /// The way there.
    pub route: Route,
}

/// The ssh configuration files, read and understood; asked once per server.
#[derive(Clone, Debug, Default)]
pub struct SshConfig {
    files: Vec<Arc<[Line]>>,
    /// The files that were named, where it is not the usual ones.
    named: Option<Vec<PathBuf>>,
    home: Option<PathBuf>,
    variables: HashMap<String, String>,
}

impl SshConfig {
    /// Reads the files: the user's and the system's for `None`, where those that are missing do not matter; otherwise exactly these.
    ///
    /// # Errors
    ///
    /// When a file cannot be read, others than the user can write it, or a line cannot be understood; says which.
    pub fn load(files: Option<&[PathBuf]>, home: Option<&Path>) -> Result<Self, ConnectError> {
        Ok(Self {
            files: file::read_all(files, home).map_err(Trouble::into_error)?,
            named: files.map(<[PathBuf]>::to_vec),
            home: home.map(Path::to_owned),
            variables: HashMap::new(),
        })
    }

    /// With variables of the environment: `SSH_AUTH_SOCK` is the agent where the files name none, all of them are what the files
    /// may refer to.
    #[must_use]
    pub fn with_variables(mut self, variables: impl IntoIterator<Item = (String, String)>) -> Self {
        self.variables.extend(variables);
        self
    }

    /// What the files and the recipe's options say about a server. `local_user` is who runs capr; `inbox`: of whoever may no longer
    /// want to know.
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
    /// Of what no file says.
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

/// What is wrong with a configuration.
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
        ConnectError {
            common: None,
            phase: Phase::Configuration,
            reason: self.text,
            hints: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests;
