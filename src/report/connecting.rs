//! Connections that are being made: the servers that are waited for, and the failures and new host keys that are reported
//! together.

use std::time::Instant;

use indexmap::IndexMap;

use crate::configuration::Server;

/// A failure, and the servers that it is reported for.
pub(super) type FailedTogether = (Vec<Server>, String);

/// Host keys that were not known, all of one type and added to one file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NewKeys {
    pub(super) key_type: String,
    pub(super) file: String,
    /// The servers of each key, by its fingerprint.
    pub(super) servers: IndexMap<String, Vec<Server>>,
}

/// The connections of one action, until each is made or has failed.
#[derive(Debug)]
pub(super) struct Connecting {
    /// The servers that are waited for.
    pub(super) left: Vec<Server>,
    /// The servers in the order of the recipe.
    order: Vec<Server>,
    pub(super) since: Instant,
    /// The number of servers.
    pub(super) all: usize,
    /// The reasons that were reported, without a server's own part, each with the servers that failed later for the same reason,
    /// and their whole reasons.
    failed: Vec<(String, Vec<(Server, String)>)>,
    /// The host keys that were added and not reported yet.
    added: Vec<NewKeys>,
}

impl Default for Connecting {
    fn default() -> Self {
        Self {
            left: Vec::new(),
            order: Vec::new(),
            since: Instant::now(),
            all: 0,
            failed: Vec::new(),
            added: Vec::new(),
        }
    }
}

impl Connecting {
    /// Notes that these servers are being connected.
    pub(super) fn started(&mut self, servers: &[Server]) {
        self.order = servers.to_vec();
        self.left.extend(servers.iter().cloned());
        self.since = Instant::now();
        self.all = self.left.len();
    }

    /// Notes a connection, and returns the failures to report now.
    pub(super) fn connected(&mut self, server: &Server) -> Vec<FailedTogether> {
        self.left.retain(|other| other != server);
        self.due()
    }

    /// Notes a failure, and returns the failures to report now: the first of its kind at once, later ones when no server is
    /// waited for any more. `common` is the reason without the part that is this server's own.
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

    /// Notes a host key that was added to a file.
    pub(super) fn added(&mut self, server: &Server, key_type: &str, fingerprint: &str, file: &str) {
        let is_alike = |known: &NewKeys| known.key_type == key_type && known.file == file;
        if !self.added.iter().any(is_alike) {
            self.added.push(NewKeys {
                key_type: key_type.to_owned(),
                file: file.to_owned(),
                servers: IndexMap::new(),
            });
        }
        if let Some(alike) = self.added.iter_mut().find(|known| is_alike(known)) {
            alike
                .servers
                .entry(fingerprint.to_owned())
                .or_default()
                .push(server.clone());
        }
    }

    /// Returns true while servers are waited for.
    pub(super) fn is_under_way(&self) -> bool {
        !self.left.is_empty()
    }

    /// Takes the new host keys to report now, in the order of their servers.
    pub(super) fn take_added(&mut self) -> Vec<NewKeys> {
        let mut added = std::mem::take(&mut self.added);
        let place = |server: &Server| self.order.iter().position(|other| other == server);
        for keys in &mut added {
            keys.servers.sort_by_cached_key(|_, servers| servers.first().map(place));
        }
        added
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
