//! The server's host key: which algorithms to ask for, and whether to trust the key that the server shows.

use std::io::{ErrorKind, Write as _};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::io_error::plain;
use crate::regular;
use crate::session::{ConnectError, HostKeyPolicy, NewHostKey, Phase, Standing};
use crate::sort;

use super::algorithms::chosen;
use super::certificate::{CERTIFIED, HostCertificate};
use super::config::{HostConfig, percent};
use super::inbox::Inbox;
use super::known_hosts::{KeyVerdict, KnownHosts, fingerprint, name};
use super::program;

/// The name that is shown in place of a file for a key that the `KnownHostsCommand` has named.
const COMMAND: &str = "KnownHostsCommand";
/// The first bytes of a binary list of revoked keys, which only OpenSSH itself can read.
const BINARY_LIST: &[u8] = b"SSHKRL";

/// The signature algorithms for host keys, best first.
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

/// The result of checking a server's key.
pub(super) enum Verified {
    Known,
    /// The key was not known and was added to the known-hosts file.
    Added(NewHostKey),
    /// The key is not known, and nothing is written.
    Unknown,
    /// The key has changed or is revoked, and the configuration continues all the same. As with ssh, the server gets neither
    /// passwords nor our agent.
    Untrusted(ConnectError),
}

/// The treatment of a key that was not known.
enum Met {
    Added(NewHostKey),
    /// Nothing was written, because the connection is made only to look or there is no file to write to.
    Unwritten,
}

/// The reason why a key is not accepted.
enum Objection {
    /// The known-hosts files contradict the key; the configuration may continue all the same.
    Untrusted(ConnectError),
    /// The key is refused, whatever the configuration says.
    Refused(ConnectError),
}

impl From<ConnectError> for Objection {
    fn from(error: ConnectError) -> Self {
        Self::Refused(error)
    }
}

/// Everything that is known about a server's key before the server shows it.
pub(super) struct Expected<'a> {
    config: &'a HostConfig,
    known: KnownHosts,
    /// The arguments that the `KnownHostsCommand` was given last.
    asked: Vec<String>,
    name: &'a str,
    port: u16,
    /// A key that is not known is not added.
    only_looks: bool,
}

impl<'a> Expected<'a> {
    pub(super) fn new(config: &'a HostConfig, only_looks: bool, inbox: &Inbox) -> Result<Self, ConnectError> {
        let files: Vec<PathBuf> = config
            .user_known_hosts_files
            .iter()
            .chain(&config.global_known_hosts_files)
            .cloned()
            .collect();
        // An alias stands in the files as it is, without a port.
        let (name, port) = match &config.host_key_alias {
            Some(alias) => (alias.as_str(), 22),
            None => (config.host_name.as_str(), config.port),
        };
        let mut expected = Self {
            config,
            known: KnownHosts::load(&files).map_err(|(file, error)| {
                let reason = format!("known-hosts file {}: {}", file.display(), plain(&error));
                refused(reason, Vec::new())
            })?,
            asked: Vec::new(),
            name,
            port,
            only_looks,
        };
        expected.ask_command("ORDER", None, inbox)?;
        Ok(expected)
    }

    /// Runs the `KnownHostsCommand`, which names keys; a second time only if its arguments have changed.
    fn ask_command(&mut self, occasion: &str, key: Option<&[u8]>, inbox: &Inbox) -> Result<(), ConnectError> {
        let Some((program, arguments)) = self.config.known_hosts_command.split_first() else {
            return Ok(());
        };
        let failed = |why: &str| refused(format!("{COMMAND} {program}: {why}"), Vec::new());
        let value = |token| {
            let of_key = |shown: fn(&[u8]) -> String| key.map_or_else(|| "NONE".to_owned(), shown);
            Some(match token {
                '%' => "%".to_owned(),
                'H' => name(self.name, self.port),
                'I' => occasion.to_owned(),
                't' => of_key(key_type),
                'f' => of_key(|key| match HostCertificate::read(key) {
                    Some(certificate) => fingerprint(&certificate.key),
                    None => fingerprint(key),
                }),
                'K' => of_key(|key| STANDARD.encode(key)),
                _ => return None,
            })
        };
        let arguments = arguments.iter().map(|argument| percent(argument, value));
        let arguments: Vec<String> = arguments.collect::<Result<_, _>>().map_err(|why| failed(&why))?;
        if key.is_some() && arguments == self.asked {
            return Ok(());
        }
        let mut command = Command::new(program);
        command.args(&arguments).stdin(Stdio::null());
        let said = program::ask(&mut command, Some(inbox)).map_err(|error| failed(&plain(&error)))?;
        if !said.status.success() {
            return Err(failed(&said.complaint()));
        }
        self.known.replace(Path::new(COMMAND), &said.out);
        self.asked = arguments;
        Ok(())
    }

    /// Returns the algorithms to offer: certificates where their authority is known, then the algorithms of the known keys, so
    /// that a server with several keys shows a known one.
    pub(super) fn algorithms(&self) -> String {
        let known = self.known.known_types(self.name, self.port);
        let has_authority = self.known.has_authority(self.name, self.port);
        let rank = |algorithm: &&str| {
            let key_type = if algorithm.starts_with("rsa-") {
                "ssh-rsa"
            } else {
                algorithm
            };
            // libssh2 does not check who signed a certificate.
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
        sort::by_key(&mut offered, rank);
        offered.join(",")
    }

    /// Checks the key. `peer` is the address that the connection leads to, if it is known.
    pub(super) fn check(&mut self, blob: &[u8], peer: Option<IpAddr>, inbox: &Inbox) -> Result<Verified, ConnectError> {
        if let Some(weakness) = self.config.weakness_of(blob) {
            let reason = format!("host key of {} is too weak: {weakness}", self.name);
            return Err(refused(reason, Vec::new()));
        }
        for file in &self.config.revoked_host_keys {
            self.check_revoked(file, blob, inbox)?;
        }
        // As with ssh, an alias means that one particular host is expected, so localhost is not trusted then.
        let trusted = self.config.trusts_localhost
            && self.config.host_key_alias.is_none()
            && peer.is_some_and(|peer| peer.is_loopback());
        if trusted {
            return Ok(Verified::Known);
        }
        self.ask_command("HOSTNAME", Some(blob), inbox)?;
        match self.look_up(blob, peer) {
            Ok(None) => Ok(Verified::Known),
            Ok(Some(Met::Added(added))) => Ok(Verified::Added(added)),
            Ok(Some(Met::Unwritten)) => Ok(Verified::Unknown),
            Err(Objection::Untrusted(error)) if self.config.host_key_policy == HostKeyPolicy::Off => {
                Ok(Verified::Untrusted(error))
            }
            Err(Objection::Untrusted(error) | Objection::Refused(error)) => Err(error),
        }
    }

    fn look_up(&self, blob: &[u8], peer: Option<IpAddr>) -> Result<Option<Met>, Objection> {
        if key_type(blob).ends_with(CERTIFIED) {
            let unreadable = || {
                let reason = format!("host certificate of {} cannot be read", self.name);
                refused(reason, Vec::new())
            };
            return self.check_certificate(&HostCertificate::read(blob).ok_or_else(unreadable)?);
        }
        self.check_address(blob, peer)?;
        self.check_key(blob)
    }

    /// Returns the facts about a key that was not refused, for a login that only looks.
    pub(super) fn standing(&self, blob: &[u8], verified: &Verified) -> Standing {
        let place = |(file, line): (&Path, usize)| match file == Path::new(COMMAND) {
            true => COMMAND.to_owned(),
            false => format!("{}:{line}", file.display()),
        };
        match verified {
            Verified::Unknown | Verified::Added(_) => {
                Standing::Unknown(self.config.user_known_hosts_files.first().cloned())
            }
            Verified::Untrusted(_) => Standing::Untrusted,
            Verified::Known => {
                let certificate = HostCertificate::read(blob);
                let authority = certificate
                    .as_ref()
                    .and_then(|certificate| self.known.authority(self.name, self.port, &certificate.authority));
                if let Some(found) = authority {
                    return Standing::Certified(place(found));
                }
                let key = certificate
                    .as_ref()
                    .map_or(blob, |certificate| certificate.key.as_slice());
                let found = self.known.place_of(self.name, self.port, key);
                found.map_or(Standing::Local, |found| Standing::Known(place(found)))
            }
        }
    }

    /// Checks the key against the one that is known for the server's address, as ssh does, if the configuration wants that and
    /// the address is not this machine's.
    fn check_address(&self, blob: &[u8], peer: Option<IpAddr>) -> Result<(), Objection> {
        let Some(peer) = peer.filter(|peer| self.config.checks_host_ip && !peer.is_loopback()) else {
            return Ok(());
        };
        let address = peer.to_string();
        let port = self.config.port;
        match self.known.check(&address, port, &key_type(blob), blob) {
            KeyVerdict::Known | KeyVerdict::Unknown => Ok(()),
            KeyVerdict::Revoked { file, line } => Err(Objection::Untrusted(self.revoked(blob, &file, Some(line)))),
            KeyVerdict::Changed { file, line, .. } => Err(Objection::Untrusted(refused(
                format!(
                    "host key of {} differs from the one of its address {address} in {}:{line} (CheckHostIP)",
                    self.name,
                    file.display()
                ),
                vec![format!(
                    "if the address is another server's now: ssh-keygen -R '{}' -f '{}'",
                    name(&address, port),
                    file.display()
                )],
            ))),
        }
    }

    /// Refuses a key that is on a list of revoked keys. As with ssh, a list that cannot be read revokes every key.
    fn check_revoked(&self, file: &Path, blob: &[u8], inbox: &Inbox) -> Result<(), ConnectError> {
        let unusable = |why: &str| {
            let reason = format!("RevokedHostKeys {}: {why}", file.display());
            refused(reason, Vec::new())
        };
        let list = regular::read(file).map_err(|error| unusable(&plain(&error)))?;
        if list.starts_with(BINARY_LIST) {
            let revoked = is_in_binary_list(file, blob, inbox).map_err(|why| unusable(&why))?;
            return if revoked {
                Err(self.revoked(blob, file, None))
            } else {
                Ok(())
            };
        }
        let list = String::from_utf8_lossy(&list);
        let certificate = HostCertificate::read(blob);
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
                return Err(self.revoked(key, file, Some(number + 1)));
            }
        }
        Ok(())
    }

    fn check_certificate(&self, certificate: &HostCertificate) -> Result<Option<Met>, Objection> {
        for key in [&certificate.authority, &certificate.key] {
            if let KeyVerdict::Revoked { file, line } = self.known.check(self.name, self.port, &key_type(key), key) {
                return Err(Objection::Untrusted(self.revoked(key, &file, Some(line))));
            }
        }
        let Some((file, line)) = self.known.authority(self.name, self.port, &certificate.authority) else {
            // As with ssh, a certificate by an unknown authority is ignored, and its plain key is checked.
            return self.check_key(&certificate.key);
        };
        let signature = certificate.signature().unwrap_or_default();
        let checked = if self.config.takes_authority(&signature) {
            certificate.check(self.name, SystemTime::now())
        } else {
            Err(format!(
                "it is signed with {signature}, which CASignatureAlgorithms leaves out"
            ))
        };
        checked.map_err(|why| {
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

    fn check_key(&self, blob: &[u8]) -> Result<Option<Met>, Objection> {
        let key_type = key_type(blob);
        let shown = format!("{key_type} {}", fingerprint(blob));
        match self.known.check(self.name, self.port, &key_type, blob) {
            KeyVerdict::Known => Ok(None),
            KeyVerdict::Unknown if self.config.host_key_policy != HostKeyPolicy::Strict => Ok(self.add(key_type, blob)),
            KeyVerdict::Unknown => Err(Objection::Refused(refused(
                format!("host key of {} is not known: {shown}", self.name),
                vec![format!(
                    "compare the fingerprint with the server's, then: {}",
                    self.scan_command()
                )],
            ))),
            KeyVerdict::Changed {
                file,
                line,
                key_type: old,
                fingerprint: old_fingerprint,
            } => Err(Objection::Untrusted(refused(
                format!(
                    "host key of {} has changed: it shows {shown}, but known is {old} {old_fingerprint} in {}:{line}",
                    self.name,
                    file.display()
                ),
                vec![
                    "somebody may be listening in between; ask whoever runs the server".to_owned(),
                    if file == Path::new(COMMAND) {
                        format!("if the change is expected: {COMMAND} has to name the new key")
                    } else {
                        format!(
                            "if the change is expected: ssh-keygen -R '{}' -f '{}'",
                            name(self.name, self.port),
                            file.display()
                        )
                    },
                ],
            ))),
            KeyVerdict::Revoked { file, line } => Err(Objection::Untrusted(self.revoked(blob, &file, Some(line)))),
        }
    }

    fn revoked(&self, blob: &[u8], file: &Path, line: Option<usize>) -> ConnectError {
        let shown = format!("{} {}", key_type(blob), fingerprint(blob));
        let line = line.map_or_else(String::new, |line| format!(":{line}"));
        let place = file.display();
        refused(
            format!("host key of {} is revoked in {place}{line}: {shown}", self.name),
            Vec::new(),
        )
    }

    fn add(&self, key_type: String, blob: &[u8]) -> Option<Met> {
        if self.only_looks {
            return Some(Met::Unwritten);
        }
        let file = self.config.user_known_hosts_files.first()?;
        let added = KnownHosts::append(
            file,
            &name(self.name, self.port),
            &key_type,
            blob,
            self.config.hash_known_hosts,
        );
        Some(Met::Added(NewHostKey {
            gateway: None,
            key_type,
            fingerprint: fingerprint(blob),
            file: file.clone(),
            // As with ssh, a key that cannot be written down is accepted like one that was.
            problem: added.err().map(|error| plain(&error)),
        }))
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

/// Asks `ssh-keygen` whether the list revokes the key or, for a certificate, its key or its authority.
fn is_in_binary_list(list: &Path, blob: &[u8], inbox: &Inbox) -> Result<bool, String> {
    let asked = || {
        let mut key = program::memfd("key")?;
        writeln!(key, "{} {}", key_type(blob), STANDARD.encode(blob))?;
        let mut command = Command::new("ssh-keygen");
        command.arg("-Q").arg("-f").arg(list).arg("/dev/stdin").stdin(key);
        program::ask(&mut command, Some(inbox))
    };
    let said = asked().map_err(|error| match error.kind() {
        ErrorKind::NotFound => "only ssh-keygen can read it, and there is none here".to_owned(),
        _ => format!("ssh-keygen fails: {}", plain(&error)),
    })?;
    match said.status.code() {
        Some(0) => Ok(false),
        Some(1) if said.out.trim_end().ends_with("REVOKED") => Ok(true),
        _ => Err(format!("ssh-keygen fails: {}", said.complaint())),
    }
}

fn refused(reason: String, hints: Vec<String>) -> ConnectError {
    ConnectError {
        common: None,
        phase: Phase::HostKey,
        reason,
        hints,
    }
}

/// Returns the name of the key's type, which stands in front of every public key.
pub(super) fn key_type(blob: &[u8]) -> String {
    let name = super::wire::text(blob).map_or(&[][..], |(name, _)| name);
    String::from_utf8_lossy(name).into_owned()
}
