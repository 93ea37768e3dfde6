//! The facts and files of this machine that logins use.

use std::path::PathBuf;
use std::sync::Arc;

use crate::session::ConnectError;

use super::config::SshConfig;

/// The facts that SSH takes from the environment of the process.
#[derive(Clone, Debug, Default)]
pub(crate) struct SshEnvironment {
    /// The home directory: keys, known hosts, configuration.
    pub home: Option<PathBuf>,
    /// The name to log in with if nothing else names one.
    pub local_user: String,
    /// The environment variables: `SSH_AUTH_SOCK` names the agent, and the configuration files may refer to others.
    pub variables: Vec<(String, String)>,
}

/// The configuration of a set of files, or the reason why they cannot be used.
pub(super) type LoadedConfig = Arc<Result<SshConfig, ConnectError>>;
