//! Chooses who makes the sessions of a run.

use std::path::PathBuf;
use std::sync::mpsc::Sender;

use rustix::process::Rlimit;

use crate::session::dry_run::DryRunConnector;
use crate::session::local::LocalConnector;
use crate::session::ssh::{SshConnector, SshEnvironment};
use crate::session::{Connector, Destination, Report, Session, SessionId};

/// What SSH takes from arguments and environment.
#[derive(Clone, Debug, Default)]
pub(super) struct Ssh {
    /// Configuration files instead of the user's and the system's, where the recipe names none.
    pub(super) config: Option<Vec<PathBuf>>,
    pub(super) environment: SshEnvironment,
}

/// The connectors for the servers, and for this machine, whose commands get this limit for core files.
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
    };
    (Box::new(remote), Box::new(LocalConnector { core_files }))
}

/// SSH as the command line has it, and these servers as it reaches them.
pub(super) fn ssh(ssh: Ssh, destinations: &mut [Destination]) -> SshConnector {
    for destination in destinations {
        if destination.options.config.is_none() {
            destination.options.config.clone_from(&ssh.config);
        }
    }
    SshConnector::new(ssh.environment)
}

/// SSH with the configuration files of the command line.
struct Configured {
    config: Option<Vec<PathBuf>>,
    ssh: SshConnector,
}

impl Connector for Configured {
    fn connect(&self, id: SessionId, destination: &Destination, reports: Sender<Report>) -> Box<dyn Session> {
        if self.config.is_none() || destination.options.config.is_some() {
            return self.ssh.connect(id, destination, reports);
        }
        let mut destination = destination.clone();
        destination.options.config.clone_from(&self.config);
        self.ssh.connect(id, &destination, reports)
    }
}
