//! Chooses the connectors that make the sessions of a run.

use std::path::PathBuf;
use std::sync::mpsc::Sender;

use rustix::process::Rlimit;

use crate::session::dry_run::DryRunConnector;
use crate::session::local::LocalConnector;
use crate::session::ssh::{SshConnector, SshEnvironment};
use crate::session::{Connector, Destination, Report, Session, SessionId};

/// The settings for SSH from arguments and environment.
#[derive(Clone, Debug, Default)]
pub(super) struct Ssh {
    /// Configuration files that replace the user's and the system's, if the recipe names none.
    pub(super) config: Option<Vec<PathBuf>>,
    pub(super) environment: SshEnvironment,
}

/// Returns the connectors for the servers and for this machine, whose commands get this limit for core files.
pub(super) fn make(
    is_rehearsal: bool,
    ssh: Ssh,
    core_files: Option<Rlimit>,
) -> (Box<dyn Connector>, Box<dyn Connector>) {
    if is_rehearsal {
        return (Box::new(DryRunConnector), Box::new(DryRunConnector));
    }
    let remote = Configured {
        config: ssh.config,
        ssh: SshConnector::new(ssh.environment),
        local: LocalConnector { core_files },
    };
    (Box::new(remote), Box::new(LocalConnector { core_files }))
}

/// Returns the connector for SSH with the settings of the command line, which are also put into these destinations.
pub(super) fn ssh(ssh: Ssh, destinations: &mut [Destination]) -> SshConnector {
    for destination in destinations {
        if destination.options.config.is_none() {
            destination.options.config.clone_from(&ssh.config);
        }
    }
    SshConnector::new(ssh.environment)
}

/// SSH with the configuration files of the command line; the shell of this machine for servers that are this machine.
struct Configured {
    config: Option<Vec<PathBuf>>,
    ssh: SshConnector,
    local: LocalConnector,
}

impl Connector for Configured {
    fn connect(&self, id: SessionId, destination: &Destination, reports: Sender<Report>) -> Box<dyn Session> {
        if destination.options.local {
            return self.local.connect(id, destination, reports);
        }
        if self.config.is_none() || destination.options.config.is_some() {
            return self.ssh.connect(id, destination, reports);
        }
        let mut destination = destination.clone();
        destination.options.config.clone_from(&self.config);
        self.ssh.connect(id, &destination, reports)
    }
}
