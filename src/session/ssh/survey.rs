//! What this machine has for logins: configuration files, agents, keys, known hosts. It is looked at, and not changed.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use indexmap::{IndexMap, IndexSet};

use crate::io_error::plain;
use crate::session::{Destination, SshOptions};

use super::auth::{agent_keys, key_on_hand};
use super::config::{HostConfig, SYSTEM_FILE};
use super::known_hosts::KnownHosts;
use super::{SshConnector, channel, offer};
use crate::configuration::Server;

/// Servers are asked about in turn, and programs of the configuration may be slow: the rest is left out then.
const PATIENCE: Duration = Duration::from_secs(10);

/// What there is for the logins at some servers.
#[derive(Clone, Debug, Default)]
pub struct Survey {
    /// The configuration files that are there …
    pub config: Vec<PathBuf>,
    /// … and what is wrong with them, with file and line.
    pub troubles: IndexSet<String>,
    /// The sockets of agents, and what each holds, or why it cannot be asked. None: no agent is named.
    pub agents: IndexMap<PathBuf, Result<Vec<AgentKey>, String>>,
    /// Key files. Those that are not there are left out, but for those that somebody has named.
    pub keys: IndexMap<PathBuf, Option<FileKey>>,
    /// Known-hosts files that are there.
    pub known_hosts: IndexMap<PathBuf, KnownHostsFile>,
    /// The key exchanges of this build, best first.
    pub key_exchanges: Vec<String>,
    /// The version of libssh2.
    pub libssh2: String,
    /// The name and version of its library for cryptography.
    pub cryptography: String,
    /// So many servers were not looked at, since that took too long.
    pub left_out: usize,
}

/// A key that an agent holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentKey {
    /// `ssh-ed25519`.
    pub key_type: String,
    /// What its owner calls it.
    pub comment: String,
    /// The public key.
    pub blob: Vec<u8>,
}

/// A key file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileKey {
    /// A private key that can be used.
    Private {
        /// `ssh-ed25519`; empty where that does not show without a passphrase.
        key_type: String,
        /// It needs a passphrase.
        is_encrypted: bool,
        /// Permission bits.
        mode: u32,
    },
    /// A public half alone, for a key of the agent.
    Public,
    /// Others can read or write it, so it is not used: its mode.
    TooOpen(u32),
    /// Why it is of no use.
    Unusable(String),
}

/// A known-hosts file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KnownHostsFile {
    /// What stands in it.
    Read {
        /// So many keys.
        keys: usize,
        /// The lines that are passed over, counted from 1, and why.
        passed_over: Vec<(usize, &'static str)>,
    },
    /// Why it cannot be read.
    Unreadable(String),
}

impl SshConnector {
    /// What there is for the logins at these servers; without any, for a server that nothing is said of.
    pub fn survey(&self, destinations: &[Destination]) -> Survey {
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
                        // What is wrong with a server's own words is told of that one.
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
            survey.agents.insert(socket.clone(), agent_keys(socket));
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

    /// Whether it is one of the files that are tried where none is named.
    fn is_usual(&self, file: &Path) -> bool {
        let home = self.environment.home.as_deref();
        let name = home.and_then(|home| file.strip_prefix(home.join(".ssh")).ok());
        name.is_some_and(|name| name.to_string_lossy().starts_with("id_"))
    }
}
