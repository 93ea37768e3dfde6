//! A login under way on one socket: the key exchange, the host key, and the steps of authentication, each within the deadline.

use std::collections::BTreeSet;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Instant;

use rustix::event::PollFlags;
use rustix::net::{RecvFlags, recv};
use ssh2::{BlockDirections, ErrorCode, MethodType, Session};

use crate::session::{Banner, ConnectError, LoginReport, Negotiated, Phase, StepKind, Warning};

use super::agent::Binding;
use super::channel::{SessionLink, take_ending};
use super::config::HostConfig;
use super::connection::{Connection, ConnectionWay, Keepalive};
use super::exchange::{self, Proof};
use super::hostkey::{Expected, Verified, key_type};
use super::inbox::Inbox;
use super::known_hosts::fingerprint;
use super::login::Login;
use super::{offer, tcp};

/// libssh2's code for "call again".
const EAGAIN: ErrorCode = ErrorCode::Session(libssh2_sys::LIBSSH2_ERROR_EAGAIN);

/// The hint for a server that has only old algorithms.
const OLD: &str = "it may have only what is not used unless it is asked for: CBC ciphers, MACs without -etm \
                   (Ciphers and MACs, or ssh_options.encryption and hmac: \"+hmac-sha2-256\")";

/// The number of characters that are shown of what a server says before the login.
const LONGEST_SHOWN: usize = 80;

/// The reason why a step of the login did not succeed.
pub(super) enum AttemptStop {
    /// libssh2 reported an error.
    Failed(ssh2::Error),
    /// The deadline has passed.
    Silent,
    /// Nobody wants the connection any more.
    Unwanted,
}

/// A login under way.
pub(super) struct Attempt<'a> {
    pub(super) login: &'a Login,
    pub(super) config: &'a HostConfig,
    pub(super) session: Session,
    pub(super) socket: Arc<OwnedFd>,
    pub(super) inbox: &'a mut Inbox,
    pub(super) deadline: Instant,
    /// The first bytes that the server sent.
    greeting: Option<Vec<u8>>,
    banner_is_told: bool,
    /// The proof that the server holds its host key.
    pub(super) proof: Option<Proof>,
    /// The session id. libssh2 gives it only to callers that sign with a key which the server accepts.
    pub(super) session_id: Option<Vec<u8>>,
    /// False where the host key has changed or is revoked, and the configuration continues all the same.
    pub(super) is_trusted: bool,
    /// Keys of ours that the configuration does not allow to be used.
    pub(super) left_out: BTreeSet<String>,
    /// The keys, passwords and answers that the server took.
    pub(super) taken: Vec<String>,
}

/// A failed attempt: either the server was too busy to greet and another attempt may help, or not.
pub(super) enum AttemptFailure {
    Busy(ConnectError),
    Final(ConnectError),
}

impl From<ConnectError> for AttemptFailure {
    fn from(error: ConnectError) -> Self {
        Self::Final(error)
    }
}

impl<'a> Attempt<'a> {
    /// Begins a login on a socket that leads to the server.
    pub(super) fn new(
        login: &'a Login,
        config: &'a HostConfig,
        socket: Arc<OwnedFd>,
        inbox: &'a mut Inbox,
    ) -> Result<Self, ConnectError> {
        let mut session = Session::new().map_err(|error| offer::no_session(&error))?;
        session.set_blocking(false);
        session.set_tcp_stream(Arc::clone(&socket));
        session.set_compress(config.compression);
        let link = SessionLink::new(&session);
        link.wait_for_answers_without_limit();
        link.watch();
        #[cfg(target_os = "linux")]
        link.give_back_unused();
        Ok(Self {
            login,
            config,
            session,
            socket,
            inbox,
            deadline: Instant::now() + login.destination.options.login_timeout,
            greeting: None,
            banner_is_told: false,
            left_out: BTreeSet::new(),
            taken: Vec::new(),
            is_trusted: true,
            proof: None,
            session_id: None,
        })
    }

    /// Exchanges keys. Reports the algorithms, of which the MAC has to be one that is accepted.
    pub(super) fn exchange_keys(
        &mut self,
        expected: &Expected<'_>,
        way: &mut ConnectionWay,
    ) -> Result<(), AttemptFailure> {
        let macs = offer::prefer(&self.session, self.config, expected)?;
        if let Err(stop) = self.step(Session::handshake) {
            let said = match way {
                ConnectionWay::Command(command) => command.last_words(),
                ConnectionWay::Direct | ConnectionWay::Gateway(_) => None,
            };
            return Err(match (self.handshake_failure(stop), said) {
                (AttemptFailure::Busy(mut error) | AttemptFailure::Final(mut error), Some(said)) => {
                    error.reason = format!("{}; the ProxyCommand said: {said}", error.reason);
                    AttemptFailure::Final(error)
                }
                (failure, None) => failure,
            });
        }
        if let Some(mac) = self.tell_algorithms().filter(|mac| !macs.contains(mac)) {
            return Err(AttemptFailure::Final(ConnectError {
                common: None,
                phase: Phase::Handshake,
                reason: format!("the server has no MAC that is accepted, but {mac}"),
                hints: vec![OLD.to_owned()],
            }));
        }
        let shown = self.session.host_key().map(|(blob, _)| blob);
        self.proof = exchange::proof().filter(|proof| Some(proof.host_key.as_slice()) == shown);
        Ok(())
    }

    /// Compares the host key with the known one, and reports a key that is new or not the right one.
    pub(super) fn verify_host_key(
        &mut self,
        expected: &mut Expected<'_>,
        way: &ConnectionWay,
    ) -> Result<(), AttemptFailure> {
        let Some((blob, _)) = self.session.host_key() else {
            return Err(self.handshake_failure(AttemptStop::Silent));
        };
        let peer = match way {
            ConnectionWay::Direct => tcp::peer(&self.socket).map(|peer| peer.ip()),
            ConnectionWay::Gateway(_) | ConnectionWay::Command(_) => None,
        };
        let begun = Instant::now();
        let checked = expected.check(blob, peer, self.inbox);
        // Programs of this machine may have been asked (`KnownHostsCommand`); their time does not count against the server.
        self.deadline += begun.elapsed();
        let verified = checked?;
        self.login.tell(|| StepKind::HostKey {
            key_type: key_type(blob),
            fingerprint: fingerprint(blob),
            standing: expected.standing(blob, &verified),
        });
        match verified {
            Verified::Known => {}
            // A login that only looks gives no password to an unknown server.
            Verified::Unknown => self.is_trusted = false,
            Verified::Added(mut added) => {
                added.gateway = self.login.gateway();
                self.login.report(LoginReport::HostKeyAdded(added));
            }
            Verified::Untrusted(error) => {
                self.is_trusted = false;
                let hints: Vec<String> = error.hints.iter().map(|hint| format!("; {hint}")).collect();
                self.login.report(LoginReport::HostKeyUntrusted(Warning {
                    gateway: self.login.gateway(),
                    text: format!(
                        "{}{}; it gets no password, no answers and no agent, and only keys log in there",
                        error.reason,
                        hints.concat()
                    ),
                }));
            }
        }
        Ok(())
    }

    /// Ends a login that was successful.
    pub(super) fn into_connection(self, way: ConnectionWay, keepalive: Keepalive) -> Connection {
        Connection {
            binding: self.binding(),
            session: self.session,
            socket: self.socket,
            way,
            keepalive,
            // As with ssh, it is no error if there is no agent to forward.
            forwarded_agent: self.config.forwarded_agent.clone().filter(|_| self.is_trusted),
            user: self.config.user.clone(),
            is_root: (self.config.user == "root").then_some(true),
        }
    }

    /// Calls `call` until it no longer says "would block".
    pub(super) fn step<T>(
        &mut self,
        mut call: impl FnMut(&mut Session) -> Result<T, ssh2::Error>,
    ) -> Result<T, AttemptStop> {
        self.step_asking(|attempt| call(&mut attempt.session))
    }

    /// Repeats a call that may ask the person in between until it no longer says "would block".
    pub(super) fn step_asking<T>(
        &mut self,
        mut call: impl FnMut(&mut Self) -> Result<T, ssh2::Error>,
    ) -> Result<T, AttemptStop> {
        loop {
            match call(self) {
                Ok(value) => return Ok(value),
                Err(error) if error.code() == EAGAIN => self.wait()?,
                Err(error) => return Err(AttemptStop::Failed(error)),
            }
        }
    }

    fn wait(&mut self) -> Result<(), AttemptStop> {
        let events = match self.session.block_directions() {
            BlockDirections::Inbound => PollFlags::IN,
            BlockDirections::Outbound => PollFlags::OUT,
            BlockDirections::None | BlockDirections::Both => PollFlags::IN | PollFlags::OUT,
        };
        loop {
            // This is checked before the wait: an earlier wait may have used up the bell that announced it.
            if self.inbox.end().is_some() {
                return Err(AttemptStop::Unwanted);
            }
            let woken = self.inbox.wait_for(&self.socket, events, Some(self.deadline));
            // This is checked even if the socket is ready: some servers never stop talking.
            if Instant::now() >= self.deadline {
                return Err(AttemptStop::Silent);
            }
            if woken.readable {
                tcp::quick_ack(&self.socket);
                if self.greeting.is_none() && self.session.banner_bytes().is_none() {
                    let mut start = [0_u8; 200];
                    let count = recv(&*self.socket, &mut start, RecvFlags::PEEK | RecvFlags::DONTWAIT)
                        .map_or(0, |(count, _)| count);
                    self.greeting = start.get(..count).map(<[u8]>::to_vec);
                }
            }
            if woken.socket {
                return Ok(());
            }
        }
    }

    /// Returns the facts that identify this connection to an agent, if all of them are known.
    fn binding(&self) -> Option<Binding> {
        Some(Binding {
            proof: self.proof.clone()?,
            session_id: self.session_id.clone()?,
        })
    }

    /// Reports the negotiated algorithms. Returns the MAC, if the cipher needs one.
    fn tell_algorithms(&self) -> Option<String> {
        let method = |kind| self.session.methods(kind).unwrap_or_default().to_owned();
        let (cipher, mac) = (method(MethodType::CryptCs), method(MethodType::MacCs));
        // libssh2 names a MAC even for a cipher that has its own; that one is not used.
        let is_own = mac.is_empty()
            || mac.starts_with("INTEGRATED")
            || cipher.starts_with("chacha20")
            || cipher.contains("-gcm@");
        let mac = (!is_own).then_some(mac);
        let algorithms = Negotiated {
            gateway: self.login.gateway(),
            key_exchange: method(MethodType::Kex),
            host_key: method(MethodType::HostKey),
            cipher,
            mac: mac.clone(),
        };
        self.login.report(LoginReport::Negotiated(algorithms));
        mac
    }

    /// Reports the server's banner for those who log in, once it has come.
    pub(super) fn tell_banner(&mut self) {
        if self.banner_is_told || !self.config.shows_banner {
            return;
        }
        if let Ok(Some(text)) = self.session.userauth_banner() {
            self.banner_is_told = true;
            let banner = Banner {
                gateway: self.login.gateway(),
                text: text.to_owned(),
            };
            self.login.report(LoginReport::Banner(banner));
        }
    }

    /// Returns the server's greeting, or the first line that it sent instead; `None` if it sent nothing.
    fn greeting(&self) -> Option<String> {
        // When libssh2 took the bytes before they could be looked at here, it has kept the last line.
        let banner = self.session.banner_bytes();
        let greeted = banner.filter(|banner| banner.starts_with(b"SSH-"));
        let seen = greeted.or(self.greeting.as_deref()).or(banner);
        let seen = String::from_utf8_lossy(seen.filter(|seen| !seen.is_empty())?).into_owned();
        let line = seen.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        let line: String = line.chars().filter(|c| !c.is_control()).collect();
        Some(match line.char_indices().nth(LONGEST_SHOWN) {
            Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
            None => line,
        })
    }

    fn handshake_failure(&self, stop: AttemptStop) -> AttemptFailure {
        let waited = self.login.destination.options.login_timeout.as_secs_f64();
        let seen = self.greeting();
        let hung_up = matches!(stop, AttemptStop::Failed(_)) && seen.is_none();
        let greeting = seen.unwrap_or_default();
        let is_ssh = greeting.starts_with("SSH-");
        // OpenSSH under load hangs up without a word; since 9.8, and as Debian patches it, it says one of these first.
        let refusals = ["Exceeded MaxStartups", "Not allowed at this time"];
        let refuses = refusals.iter().any(|words| greeting.starts_with(words));
        let ending = take_ending(&*self.socket);
        let mut hints = Vec::new();
        let reason = match stop {
            AttemptStop::Unwanted => return AttemptFailure::Final(ConnectError::stopped(Phase::Handshake)),
            AttemptStop::Silent if greeting.is_empty() => format!("connected, but no SSH greeting within {waited} s"),
            AttemptStop::Silent if !is_ssh => {
                format!("not an SSH server: no SSH greeting within {waited} s, it says `{greeting}'")
            }
            AttemptStop::Silent => format!("key exchange not finished within {waited} s"),
            AttemptStop::Failed(_) if hung_up => "the server hung up before its SSH greeting".to_owned(),
            AttemptStop::Failed(_) if refuses => format!("the server takes no more logins now: it says `{greeting}'"),
            AttemptStop::Failed(_) if greeting.is_empty() => "not an SSH server: it says nothing readable".to_owned(),
            AttemptStop::Failed(_) if !is_ssh => format!("not an SSH server: it says `{greeting}'"),
            AttemptStop::Failed(error) => {
                if error.code() == ErrorCode::Session(libssh2_sys::LIBSSH2_ERROR_KEX_FAILURE) {
                    hints.push(OLD.to_owned());
                }
                let reason = ending.unwrap_or_else(|| error.message().to_owned());
                format!("key exchange with {greeting} failed: {reason}")
            }
        };
        let busy = hung_up || refuses;
        let error = ConnectError {
            common: None,
            phase: Phase::Handshake,
            reason,
            hints,
        };
        if busy {
            AttemptFailure::Busy(error)
        } else {
            AttemptFailure::Final(error)
        }
    }
}
