//! The server's key: which kind to ask for, and whether to trust what came.

use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::session::{ConnectError, HostKeyPolicy, NewHostKey, Phase};

use super::algorithms::chosen;
use super::certificate::{CERTIFIED, Certificate};
use super::config::HostConfig;
use super::known_hosts::{KnownHosts, Verdict, fingerprint};
use super::tcp::plain;

/// Signature algorithms, best first.
const ALGORITHMS: [&str; 12] = [
    "ssh-ed25519-cert-v01@openssh.com",
    "ecdsa-sha2-nistp256-cert-v01@openssh.com",
    "ecdsa-sha2-nistp384-cert-v01@openssh.com",
    "ecdsa-sha2-nistp521-cert-v01@openssh.com",
    "rsa-sha2-512-cert-v01@openssh.com",
    "rsa-sha2-256-cert-v01@openssh.com",
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "rsa-sha2-512",
    "rsa-sha2-256",
];

/// What is known of a server's key before it is met.
pub(super) struct Expected<'a> {
    config: &'a HostConfig,
    known: KnownHosts,
    name: &'a str,
    port: u16,
}

impl<'a> Expected<'a> {
    pub(super) fn new(config: &'a HostConfig) -> Self {
        let files: Vec<PathBuf> = config
            .user_known_hosts_files
            .iter()
            .chain(&config.global_known_hosts_files)
            .cloned()
            .collect();
        // An alias stands in the files as it is, whatever the port.
        let (name, port) = match &config.host_key_alias {
            Some(alias) => (alias.as_str(), 22),
            None => (config.host_name.as_str(), config.port),
        };
        Self {
            config,
            known: KnownHosts::load(&files),
            name,
            port,
        }
    }

    /// The algorithms to offer: certificates where their authority is known, then those of the known keys, so that a server with
    /// several keys shows a known one.
    pub(super) fn algorithms(&self) -> String {
        let known = self.known.known_types(self.name, self.port);
        let has_authority = self.known.has_authority(self.name, self.port);
        let rank = |algorithm: &&str| {
            let key_type = if algorithm.starts_with("rsa-") {
                "ssh-rsa"
            } else {
                algorithm
            };
            // Libssh2 does not look who signed a certificate.
            match (
                algorithm.ends_with(CERTIFIED),
                known.iter().any(|known| known == key_type),
            ) {
                (true, _) => 0,
                (false, true) => 1,
                (false, false) => 2,
            }
        };
        let mut offered = match &self.config.algorithms.host_keys {
            Some(list) => chosen(list, &ALGORITHMS),
            None => ALGORITHMS.to_vec(),
        };
        offered.retain(|algorithm| has_authority || !algorithm.ends_with(CERTIFIED));
        offered.sort_by_key(rank);
        offered.join(",")
    }

    /// Whether the key is trusted; a new one that was written down is returned. `peer` is where the connection leads, if that is known.
    pub(super) fn check(&self, blob: &[u8], peer: Option<IpAddr>) -> Result<Option<NewHostKey>, ConnectError> {
        if let Some(file) = &self.config.revoked_host_keys {
            self.check_revoked(file, blob)?;
        }
        // As with ssh: an alias says that this is somebody in particular.
        let trusted = self.config.trusts_localhost
            && self.config.host_key_alias.is_none()
            && peer.is_some_and(|peer| peer.is_loopback());
        if trusted || self.config.host_key_policy == HostKeyPolicy::Off {
            return Ok(None);
        }
        if key_type(blob).ends_with(CERTIFIED) {
            let unreadable = || {
                let reason = format!("host certificate of {} cannot be read", self.name);
                refused(reason, Vec::new())
            };
            return self.check_certificate(&Certificate::read(blob).ok_or_else(unreadable)?);
        }
        self.check_key(blob)
    }

    /// As with ssh, a list that cannot be read revokes every key.
    fn check_revoked(&self, file: &Path, blob: &[u8]) -> Result<(), ConnectError> {
        let unusable = |why: &str| {
            let reason = format!("RevokedHostKeys {}: {why}", file.display());
            refused(reason, Vec::new())
        };
        let list = fs::read_to_string(file).map_err(|error| unusable(&plain(&error)))?;
        if list.starts_with("SSHKRL") {
            return Err(unusable("only lists of keys are supported"));
        }
        let certificate = Certificate::read(blob);
        let keys = match &certificate {
            Some(certificate) => vec![certificate.key.as_slice(), certificate.authority.as_slice()],
            None => vec![blob],
        };
        for (number, line) in list.lines().enumerate() {
            let listed = line
                .split_whitespace()
                .nth(1)
                .and_then(|text| STANDARD.decode(text).ok());
            if let Some(key) = keys.iter().find(|key| listed.as_deref() == Some(**key)) {
                return Err(self.revoked(key, file, number + 1));
            }
        }
        Ok(())
    }

    fn check_certificate(&self, certificate: &Certificate) -> Result<Option<NewHostKey>, ConnectError> {
        for key in [&certificate.authority, &certificate.key] {
            if let Verdict::Revoked { file, line } = self.known.check(self.name, self.port, &key_type(key), key) {
                return Err(self.revoked(key, &file, line));
            }
        }
        let Some((file, line)) = self.known.authority(self.name, self.port, &certificate.authority) else {
            // As with ssh: somebody else's certificate is worth as much as none.
            return self.check_key(&certificate.key);
        };
        certificate.check(self.name, SystemTime::now()).map_err(|why| {
            refused(
                format!("host certificate of {} is not accepted: {why}", self.name),
                vec![format!(
                    "it is signed by the authority {} in {}:{line}; ask whoever runs it",
                    fingerprint(&certificate.authority),
                    file.display()
                )],
            )
        })?;
        Ok(None)
    }

    fn check_key(&self, blob: &[u8]) -> Result<Option<NewHostKey>, ConnectError> {
        let key_type = key_type(blob);
        let shown = format!("{key_type} {}", fingerprint(blob));
        match self.known.check(self.name, self.port, &key_type, blob) {
            Verdict::Known => Ok(None),
            Verdict::Unknown if self.config.host_key_policy == HostKeyPolicy::AcceptNew => Ok(self.add(key_type, blob)),
            Verdict::Unknown => Err(refused(
                format!("host key of {} is not known: {shown}", self.name),
                vec![format!(
                    "compare the fingerprint with the server's, then: {}",
                    self.scan_command()
                )],
            )),
            Verdict::Changed {
                file,
                line,
                key_type: old,
                fingerprint: old_fingerprint,
            } => Err(refused(
                format!(
                    "host key of {} has changed: it shows {shown}, but known is {old} {old_fingerprint} in {}:{line}",
                    self.name,
                    file.display()
                ),
                vec![
                    "somebody may be listening in between; ask whoever runs the server".to_owned(),
                    format!(
                        "if the change is expected: ssh-keygen -R '{}' -f '{}'",
                        self.entry(),
                        file.display()
                    ),
                ],
            )),
            Verdict::Revoked { file, line } => Err(self.revoked(blob, &file, line)),
        }
    }

    fn revoked(&self, blob: &[u8], file: &Path, line: usize) -> ConnectError {
        let shown = format!("{} {}", key_type(blob), fingerprint(blob));
        let place = file.display();
        refused(
            format!("host key of {} is revoked in {place}:{line}: {shown}", self.name),
            Vec::new(),
        )
    }

    fn add(&self, key_type: String, blob: &[u8]) -> Option<NewHostKey> {
        let file = self.config.user_known_hosts_files.first()?;
        let added = KnownHosts::append(
            file,
            self.name,
            self.port,
            &key_type,
            blob,
            self.config.hash_known_hosts,
        );
        Some(NewHostKey {
            gateway: None,
            key_type,
            fingerprint: fingerprint(blob),
            file: file.clone(),
            // As with ssh, a key that cannot be written down is as good as one that was.
            problem: added.err().map(|error| plain(&error)),
        })
    }

    /// The server as a known-hosts file names it.
    fn entry(&self) -> String {
        if self.port == 22 {
            self.name.to_owned()
        } else {
            format!("[{}]:{}", self.name, self.port)
        }
    }

    fn scan_command(&self) -> String {
        let file = self.config.user_known_hosts_files.first();
        let file = file.map_or_else(|| "~/.ssh/known_hosts".to_owned(), |file| file.display().to_string());
        format!(
            "ssh-keyscan -p {} {} >> '{file}'",
            self.config.port, self.config.host_name
        )
    }
}

fn refused(reason: String, hints: Vec<String>) -> ConnectError {
    ConnectError {
        phase: Phase::HostKey,
        reason,
        hints,
    }
}

/// The name in front of every public key.
pub(super) fn key_type(blob: &[u8]) -> String {
    let name = super::wire::text(blob).map_or(&[][..], |(name, _)| name);
    String::from_utf8_lossy(name).into_owned()
}
