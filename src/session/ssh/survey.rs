//! Looks at what this machine has for logins: configuration files, agents, keys, known hosts. Nothing is changed.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use indexmap::{IndexMap, IndexSet};

use crate::io_error::plain;
use crate::session::{Destination, SshOptions};

use super::auth::{agent_keys, key_on_hand};
use super::config::{HostConfig, SYSTEM_FILE};
use super::known_hosts::KnownHosts;
use super::{SshConnector, channel, offer};
use crate::configuration::Server;

/// The time for looking at all servers. They are looked at in turn, and programs in the configuration may be slow; the rest is
/// left out.
const PATIENCE: Duration = Duration::from_secs(10);

/// Everything on this machine for the logins at some servers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Survey {
    /// The configuration files that exist …
    pub config: Vec<PathBuf>,
    /// … and the faults in them, with file and line.
    pub troubles: IndexSet<String>,
    /// The sockets of the agents, and the keys that each holds or the reason why it cannot be asked. Empty if no agent is
    /// named.
    pub agents: IndexMap<PathBuf, Result<Vec<AgentKey>, Arc<io::Error>>>,
    /// The key files. Those that do not exist are left out, except if somebody has named them.
    pub keys: IndexMap<PathBuf, Option<FileKey>>,
    /// The known-hosts files that exist.
    pub known_hosts: IndexMap<PathBuf, KnownHostsFile>,
    /// The key exchanges that this build supports, best first.
    pub key_exchanges: Vec<String>,
    /// The version of libssh2.
    pub libssh2: String,
    /// The name and version of libssh2's library for cryptography.
    pub cryptography: String,
    /// The number of servers that were not looked at because it took too long.
    pub left_out: usize,
}

/// A key that an agent holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AgentKey {
    /// The name of its type: `ssh-ed25519`.
    pub key_type: String,
    /// The comment that its owner gave it.
    pub comment: String,
    /// The public key.
    pub blob: Vec<u8>,
}

/// A key file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FileKey {
    /// A private key that can be used.
    Private {
        /// The name of its type: `ssh-ed25519`. Empty if it cannot be read without a passphrase.
        key_type: String,
        /// The key needs a passphrase.
        is_encrypted: bool,
        /// The permission bits of the file.
        mode: u32,
    },
    /// A public key without its private half, which an agent may hold.
    Public,
    /// Others can read or write the file, so it is not used. These are its permission bits.
    TooOpen(u32),
    /// The reason why the file cannot be used.
    Unusable(String),
}

/// A known-hosts file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum KnownHostsFile {
    /// The file was read.
    Read {
        /// The number of keys in it.
        keys: usize,
        /// The lines that are passed over, counted from 1, with the reason.
        passed_over: Vec<(usize, &'static str)>,
    },
    /// The reason why the file cannot be read.
    Unreadable(String),
}

impl SshConnector {
    /// Looks at everything for the logins at these servers; without any, at what a server with no options would use.
    pub(crate) fn survey(&self, destinations: &[Destination]) -> Survey {
        let mut survey = Survey {
            key_exchanges: offer::key_exchanges(),
            libssh2: channel::version(),
            cryptography: openssl::version::version().to_owned(),
            ..Survey::default()
        };
        let anyone = [Destination {
            server: Server::host("localhost"),
            options: SshOptions::default(),
        }];
        let destinations = match destinations {
            [] => &anyone,
            some => some,
        };
        let begun = Instant::now();
        for (index, destination) in destinations.iter().enumerate() {
            if begun.elapsed() > PATIENCE {
                survey.left_out = destinations.len() - index;
                break;
            }
            let files = &destination.options.config;
            for file in self.config_files(files.as_deref()) {
                if !survey.config.contains(&file) {
                    survey.config.push(file);
                }
            }
            let configuration = self.configuration(files);
            let config = configuration.as_ref().as_ref().map_err(Clone::clone);
            match config {
                Err(error) => drop(survey.troubles.insert(error.reason)),
                Ok(config) => {
                    let user = &self.environment.local_user;
                    match config.resolve(&destination.server, &destination.options, user, None) {
                        Ok(config) => self.look_at(&mut survey, &config, &destination.options.keys),
                        // A fault in a server's own options is reported with that server.
                        Err(error) if error.reason.starts_with('/') => drop(survey.troubles.insert(error.reason)),
                        Err(_) => {}
                    }
                }
            }
        }
        survey
    }

    fn config_files(&self, named: Option<&[PathBuf]>) -> Vec<PathBuf> {
        if let Some(named) = named {
            return named.to_vec();
        }
        let own = self.environment.home.as_ref().map(|home| home.join(".ssh/config"));
        let all = own.into_iter().chain([PathBuf::from(SYSTEM_FILE)]);
        all.filter(|file| file.exists()).collect()
    }

    fn look_at(&self, survey: &mut Survey, config: &HostConfig, named: &[PathBuf]) {
        if let Some(socket) = &config.identity_agent
            && !survey.agents.contains_key(socket)
        {
            survey
                .agents
                .insert(socket.clone(), agent_keys(socket).map_err(Arc::new));
        }
        for file in &config.identity_files {
            if survey.keys.contains_key(file) {
                continue;
            }
            let found = key_on_hand(file);
            if found.is_some() || named.contains(file) || !self.is_usual(file) {
                survey.keys.insert(file.clone(), found);
            }
        }
        let files = config
            .user_known_hosts_files
            .iter()
            .chain(&config.global_known_hosts_files);
        for file in files {
            if !file.exists() || file == Path::new("/dev/null") || survey.known_hosts.contains_key(file) {
                continue;
            }
            let found = match KnownHosts::look_through(file) {
                Ok((keys, passed_over)) => KnownHostsFile::Read { keys, passed_over },
                Err(error) => KnownHostsFile::Unreadable(plain(&error)),
            };
            survey.known_hosts.insert(file.clone(), found);
        }
    }

    /// Returns true if the file is one of those that are tried where none is named.
    fn is_usual(&self, file: &Path) -> bool {
        let home = self.environment.home.as_deref();
        let name = home.and_then(|home| file.strip_prefix(home.join(".ssh")).ok());
        name.is_some_and(|name| name.to_string_lossy().starts_with("id_"))
    }
}
