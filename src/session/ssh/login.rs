//! The orders for one login, and its reports.

use std::sync::Arc;
use std::sync::mpsc::Sender;

use crate::configuration::Server;
use crate::session::{Destination, LoginReport, Report, SessionId, Step, StepKind};

use super::auth::KeyRing;
use super::environment::{LoadedConfig, SshEnvironment};
use super::gateway::Gateways;
use super::proxy_command::Programs;

/// Everything that the thread of one server is given.
pub(super) struct Login {
    pub(super) id: SessionId,
    pub(super) destination: Destination,
    pub(super) environment: Arc<SshEnvironment>,
    pub(super) configuration: LoadedConfig,
    pub(super) keys: Arc<KeyRing>,
    pub(super) gateways: Arc<Gateways>,
    pub(super) programs: Arc<Programs>,
    /// For the login at a gateway: the servers from the target back to this gateway that need it.
    pub(super) on_the_way: Vec<Server>,
    pub(super) reports: Sender<Report>,
}

impl Login {
    /// Returns the gateway that this login is for, or `None` if it is for the server itself.
    pub(super) fn gateway(&self) -> Option<Server> {
        self.on_the_way.last().filter(|_| self.on_the_way.len() > 1).cloned()
    }

    /// Reports a fact about the login. Nobody may be left who reads it.
    pub(super) fn report(&self, fact: LoginReport) {
        let _ = self.reports.send(Report::Login(self.id, fact));
    }

    /// Reports a step of the login, if the connection is made only to look (`capr doctor`).
    pub(super) fn tell(&self, step: impl FnOnce() -> StepKind) {
        if self.destination.options.only_looks {
            let (gateway, kind) = (self.gateway(), step());
            self.report(LoginReport::Step(Step { gateway, kind }));
        }
    }

    /// Returns the login at a gateway that this one needs.
    pub(super) fn towards(&self, gateway: &Destination) -> Self {
        let mut on_the_way = self.on_the_way.clone();
        on_the_way.push(gateway.server.clone());
        Self {
            id: self.id,
            destination: gateway.clone(),
            environment: Arc::clone(&self.environment),
            configuration: Arc::clone(&self.configuration),
            reports: self.reports.clone(),
            keys: Arc::clone(&self.keys),
            gateways: Arc::clone(&self.gateways),
            programs: Arc::clone(&self.programs),
            on_the_way,
        }
    }
}
