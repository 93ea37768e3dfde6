//! Connections that are being made: the servers that are waited for, and the failures that are reported together.

use std::time::Instant;

use crate::configuration::Server;

/// A failure, and the servers that it is reported for.
pub(super) type FailedTogether = (Vec<Server>, String);

/// The connections of one action, until each is made or has failed.
#[derive(Debug)]
pub(super) struct Connecting {
    /// The servers that are waited for.
    pub(super) left: Vec<Server>,
    pub(super) since: Instant,
    /// The number of servers.
    pub(super) all: usize,
    /// The reasons that were reported, each with the servers and reasons that are the same except for each server's own part.
    failed: Vec<(String, Vec<(Server, String)>)>,
}

impl Default for Connecting {
    fn default() -> Self {
        Self {
            left: Vec::new(),
            since: Instant::now(),
            all: 0,
            failed: Vec::new(),
        }
    }
}

impl Connecting {
    /// Notes that these servers are being connected.
    pub(super) fn started(&mut self, servers: &[Server]) {
        self.left.extend(servers.iter().cloned());
        self.since = Instant::now();
        self.all = self.left.len();
    }

    /// Notes a connection, and returns the failures to report now.
    pub(super) fn connected(&mut self, server: &Server) -> Vec<FailedTogether> {
        self.left.retain(|other| other != server);
        self.due()
    }

    /// Notes a failure, and returns the failures to report now: the first of its kind at once, equal ones when all have ended.
    /// `common` is the reason without the part that is this server's own.
    pub(super) fn failed(&mut self, server: &Server, reason: &str, common: Option<&str>) -> Vec<FailedTogether> {
        let common = common.unwrap_or(reason);
        self.left.retain(|other| other != server);
        let mut told = Vec::new();
        match self.failed.iter_mut().find(|(known, _)| known == common) {
            Some((_, others)) => others.push((server.clone(), reason.to_owned())),
            None => {
                self.failed.push((common.to_owned(), Vec::new()));
                told.push((vec![server.clone()], reason.to_owned()));
            }
        }
        told.extend(self.due());
        told
    }

    /// Gives up on the servers that are left, and returns the failures to report now.
    pub(super) fn stopped(&mut self) -> Vec<FailedTogether> {
        self.left.clear();
        self.due()
    }

    fn due(&mut self) -> Vec<FailedTogether> {
        if !self.left.is_empty() {
            return Vec::new();
        }
        let failed = std::mem::take(&mut self.failed).into_iter();
        let told = failed.filter_map(|(common, others)| match others.as_slice() {
            [] => None,
            [(server, reason)] => Some((vec![server.clone()], reason.clone())),
            _ => Some((others.into_iter().map(|(server, _)| server).collect(), common)),
        });
        told.collect()
    }
}
