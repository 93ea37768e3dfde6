//! Logs in at a server: from a destination to a connection on which commands can run, by way of its address, the key exchange,
//! the host key and authentication.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, RandomState};
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use rustix::event::PollFlags;
use rustix::net::{RecvFlags, recv, sockopt};
use ssh2::{BlockDirections, ErrorCode, MethodType, Session};

use crate::configuration::Server;
use crate::session::{
    Banner, ConnectError, Destination, Negotiated, Phase, Report, SessionId, SshOptions, Step, StepKind, StepWay,
    Warning,
};

use super::agent::Binding;
use super::auth::KeyRing;
use super::channel::{Link, take_ending};
use super::config::{HostConfig, Route};
use super::exchange::{self, Proof};
use super::gateway::{self, Gateway, Gateways};
use super::hostkey::{Expected, Verified, key_type};
use super::inbox::Inbox;
use super::known_hosts::fingerprint;
use super::proxy_command::{Programs, ProxyCommand};
use super::{Configuration, SshEnvironment, auth, offer, stopped, tcp};

/// libssh2's code for "call again".
const EAGAIN: ErrorCode = ErrorCode::Session(libssh2_sys::LIBSSH2_ERROR_EAGAIN);

/// The reason that is given when the server, or somebody in between, violates the protocol.
pub(super) const CORRUPT: &str = "what arrives from the server is corrupt";

/// The hint for a server that has only old algorithms.
const OLD: &str = "it may have only what is not used unless it is asked for: CBC ciphers, MACs without -etm \
                   (Ciphers and MACs, or ssh_options.encryption and hmac: \"+hmac-sha2-256\")";

/// The number of characters that are shown of what a server says before the login.
const LONGEST_SHOWN: usize = 80;

/// Defaults where neither the recipe nor the configuration gives a value.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(15);
const KEEPALIVE_COUNT: u32 = 2;

/// Everything that the thread of one server is given.
pub(super) struct Login {
    pub(super) id: SessionId,
    pub(super) destination: Destination,
    pub(super) environment: Arc<SshEnvironment>,
    pub(super) configuration: Configuration,
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

    /// Reports a step of the login, if the connection is made only to look (`capr doctor`).
    fn tell(&self, step: impl FnOnce() -> StepKind) {
        if self.destination.options.only_looks {
            let (gateway, kind) = (self.gateway(), step());
            let _ = self.reports.send(Report::Step(self.id, Step { gateway, kind }));
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

/// The gateway or program that a connection goes through; it has to be kept as long as the connection.
#[allow(dead_code, reason = "their end is what counts")]
pub(super) enum Way {
    Direct,
    Gateway(Arc<Gateway>),
    Command(ProxyCommand),
}

/// A connection that is logged in.
pub(super) struct Connection {
    pub(super) session: Session,
    pub(super) socket: Arc<OwnedFd>,
    pub(super) way: Way,
    pub(super) keepalive_interval: Duration,
    /// The number of unanswered questions after which the server counts as lost.
    pub(super) keepalive_count: u32,
    /// The agent that the server may use.
    pub(super) forwarded_agent: Option<PathBuf>,
    /// The message that tells that agent about this connection, if everything in it is known.
    pub(super) binding: Option<Binding>,
    /// The login name.
    pub(super) user: String,
    /// True if the login is root's; `None` if that is not known, since another name may be root's as well.
    pub(super) is_root: Option<bool>,
}

/// The reason why a step of the login did not succeed.
pub(super) enum Stop {
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
enum Failure {
    Busy(ConnectError),
    Final(ConnectError),
}

impl From<ConnectError> for Failure {
    fn from(error: ConnectError) -> Self {
        Self::Final(error)
    }
}

/// Makes the connection. Tries once more when the server hung up before it said anything, as it does under load.
pub(super) fn establish(login: &Login, inbox: &mut Inbox) -> Result<Connection, ConnectError> {
    let configuration = login.configuration.as_ref().as_ref().map_err(Clone::clone)?;
    let config = configuration.resolve(
        &login.destination.server,
        &login.destination.options,
        &login.environment.local_user,
        Some(inbox),
    )?;
    match attempt(login, &config, inbox) {
        Ok(connection) => Ok(connection),
        Err(Failure::Final(error)) => Err(error),
        Err(Failure::Busy(_)) => {
            // Servers that were refused at the same moment must not retry at the same moment.
            let pause = login.destination.options.busy_pause;
            let percent = RandomState::new().hash_one(login.id) % 500;
            let jitter = pause.mul_f64(f64::from(u32::try_from(percent).unwrap_or(0)) / 100.0);
            let until = Instant::now() + pause + jitter;
            while Instant::now() < until {
                if inbox.end().is_some() {
                    return Err(stopped(Phase::Connect));
                }
                inbox.wait(None, Some(until));
            }
            attempt(login, &config, inbox).map_err(|failure| match failure {
                Failure::Final(error) => error,
                Failure::Busy(mut error) => {
                    let hint = "a server that is asked for too many logins at once hangs up (its MaxStartups): \
                                ask for fewer, ssh_options.max_logins";
                    error.hints.push(hint.to_owned());
                    error
                }
            })
        }
    }
}

fn attempt(login: &Login, config: &HostConfig, inbox: &mut Inbox) -> Result<Connection, Failure> {
    let options = &login.destination.options;
    let connect_timeout = config.connect_timeout.unwrap_or(CONNECT_TIMEOUT);
    // Zero turns the questions off in ssh; here somebody waits for the end of commands.
    let keepalive_interval = config
        .server_alive_interval
        .filter(|interval| !interval.is_zero())
        .unwrap_or(KEEPALIVE_INTERVAL);
    let begun = Instant::now();
    let (socket, mut way) = reach(login, config, connect_timeout, inbox)?;
    let socket = Arc::new(socket);
    login.tell(|| StepKind::Reached {
        way: match &config.route {
            Route::Direct => StepWay::Direct(tcp::peer(&socket)),
            Route::Jump(hops) => StepWay::Gateways(hops.clone()),
            Route::Command(_) => StepWay::Command,
        },
        elapsed: begun.elapsed(),
    });
    let keepalive_count = config.server_alive_count.unwrap_or(KEEPALIVE_COUNT);
    // Sent bytes that nobody acknowledges end the connection in the same time as silence does.
    let patience = keepalive_interval.saturating_mul(keepalive_count.saturating_add(1));
    let patience = u32::try_from(patience.as_millis()).unwrap_or(u32::MAX);
    let _ = sockopt::set_tcp_user_timeout(&socket, patience);

    let mut session = Session::new().map_err(|error| internal(&error))?;
    session.set_blocking(false);
    session.set_tcp_stream(Arc::clone(&socket));
    let link = Link::new(&session);
    link.wait_for_answers_without_limit();
    link.watch();
    #[cfg(target_os = "linux")]
    link.give_back_unused();
    session.set_compress(config.compression);
    let mut expected = Expected::new(config, options.only_looks, inbox)?;
    let macs = offer::prefer(&session, config, &expected)?;
    let mut attempt = Attempt {
        login,
        config,
        session,
        socket,
        inbox,
        deadline: Instant::now() + options.login_timeout,
        greeting: None,
        banner_is_told: false,
        left_out: BTreeSet::new(),
        taken: Vec::new(),
        is_trusted: true,
        proof: None,
        session_id: None,
    };
    if let Err(stop) = attempt.step(Session::handshake) {
        let said = match &mut way {
            Way::Command(command) => command.last_words(),
            Way::Direct | Way::Gateway(_) => None,
        };
        return Err(match attempt.handshake_failure(stop) {
            Failure::Busy(mut error) | Failure::Final(mut error) if said.is_some() => {
                let said = said.unwrap_or_default();
                error.reason = format!("{}; the ProxyCommand said: {said}", error.reason);
                Failure::Final(error)
            }
            failure => failure,
        });
    }
    if let Some(mac) = attempt.tell_algorithms().filter(|mac| !macs.contains(mac)) {
        return Err(Failure::Final(ConnectError {
            common: None,
            phase: Phase::Handshake,
            reason: format!("the server has no MAC that is accepted, but {mac}"),
            hints: vec![OLD.to_owned()],
        }));
    }
    let shown = attempt.session.host_key().map(|(blob, _)| blob);
    attempt.proof = exchange::proof().filter(|proof| Some(proof.host_key.as_slice()) == shown);
    let verified = match attempt.session.host_key() {
        Some((blob, _)) => {
            let peer = match way {
                Way::Direct => tcp::peer(&attempt.socket).map(|peer| peer.ip()),
                Way::Gateway(_) | Way::Command(_) => None,
            };
            let begun = Instant::now();
            let checked = expected.check(blob, peer, attempt.inbox);
            // Programs of this machine may have been asked (`KnownHostsCommand`); their time does not count against the server.
            attempt.deadline += begun.elapsed();
            let verified = checked?;
            login.tell(|| StepKind::HostKey {
                key_type: key_type(blob),
                fingerprint: fingerprint(blob),
                standing: expected.standing(blob, &verified),
            });
            verified
        }
        None => return Err(attempt.handshake_failure(Stop::Silent)),
    };
    match verified {
        Verified::Known => {}
        // A login that only looks gives no password to an unknown server.
        Verified::Unknown => attempt.is_trusted = false,
        Verified::Added(mut added) => {
            added.gateway = login.gateway();
            let _ = login.reports.send(Report::HostKeyAdded(login.id, added));
        }
        Verified::Untrusted(error) => {
            attempt.is_trusted = false;
            let hints: Vec<String> = error.hints.iter().map(|hint| format!("; {hint}")).collect();
            let warning = Warning {
                gateway: login.gateway(),
                text: format!(
                    "{}{}; it gets no password, no answers and no agent, and only keys log in there",
                    error.reason,
                    hints.concat()
                ),
            };
            let _ = login.reports.send(Report::HostKeyUntrusted(login.id, warning));
        }
    }
    let authenticated = auth::authenticate(&mut attempt);
    attempt.tell_banner();
    authenticated?;
    login.tell(|| StepKind::Entered {
        user: config.user.clone(),
        by: std::mem::take(&mut attempt.taken),
    });
    Ok(Connection {
        binding: attempt.binding(),
        session: attempt.session,
        socket: attempt.socket,
        way,
        keepalive_interval,
        keepalive_count,
        // As with ssh, it is no error if there is no agent to forward.
        forwarded_agent: config.forwarded_agent.clone().filter(|_| attempt.is_trusted),
        user: config.user.clone(),
        is_root: (config.user == "root").then_some(true),
    })
}

/// Opens a socket that leads to the server.
fn reach(
    login: &Login,
    config: &HostConfig,
    timeout: Duration,
    inbox: &mut Inbox,
) -> Result<(OwnedFd, Way), ConnectError> {
    match &config.route {
        Route::Direct => {
            let socket = tcp::connect(config, timeout, inbox, |addresses| {
                login.tell(|| StepKind::Resolved(addresses.iter().map(SocketAddr::ip).collect()));
            })?;
            Ok((socket.into(), Way::Direct))
        }
        Route::Command(line) => {
            let (socket, command) = ProxyCommand::start(line, &login.programs)?;
            Ok((socket.into(), Way::Command(command)))
        }
        Route::Jump(hops) => {
            let Some((last, before)) = hops.split_last() else {
                return Err(stopped(Phase::Configuration));
            };
            let own = &login.destination.options;
            let own = own.of_gateways.as_deref().unwrap_or(own);
            let mut options = SshOptions {
                gateway: before.to_vec(),
                forward_agent: Some(false),
                proxy: None,
                host_name: None,
                host_key_alias: None,
                ..own.clone()
            };
            if login.destination.options.gateway.is_empty() {
                // The jump host comes from the files; the recipe's user and port are meant for its own servers.
                (options.user, options.port) = (None, None);
            }
            let gateway = Destination {
                server: last.clone(),
                options,
            };
            let target = (config.host_name.as_str(), config.port);
            let (socket, way) = gateway::connect(login, gateway, target, timeout, inbox).map_err(|error| {
                if error.phase == Phase::Connect && inbox.end().is_some() {
                    return error;
                }
                ConnectError {
                    common: None,
                    reason: format!("gateway {last}: {}", error.reason),
                    ..error
                }
            })?;
            Ok((socket.into(), Way::Gateway(way)))
        }
    }
}

impl Attempt<'_> {
    /// Calls `call` until it no longer says "would block".
    pub(super) fn step<T>(&mut self, mut call: impl FnMut(&mut Session) -> Result<T, ssh2::Error>) -> Result<T, Stop> {
        self.step_asking(|attempt| call(&mut attempt.session))
    }

    /// Repeats a call that may ask the person in between until it no longer says "would block".
    pub(super) fn step_asking<T>(
        &mut self,
        mut call: impl FnMut(&mut Self) -> Result<T, ssh2::Error>,
    ) -> Result<T, Stop> {
        loop {
            match call(self) {
                Ok(value) => return Ok(value),
                Err(error) if error.code() == EAGAIN => self.wait()?,
                Err(error) => return Err(Stop::Failed(error)),
            }
        }
    }

    fn wait(&mut self) -> Result<(), Stop> {
        let events = match self.session.block_directions() {
            BlockDirections::Inbound => PollFlags::IN,
            BlockDirections::Outbound => PollFlags::OUT,
            BlockDirections::None | BlockDirections::Both => PollFlags::IN | PollFlags::OUT,
        };
        loop {
            // This is checked before the wait: an earlier wait may have used up the bell that announced it.
            if self.inbox.end().is_some() {
                return Err(Stop::Unwanted);
            }
            let woken = self.inbox.wait_for(&self.socket, events, Some(self.deadline));
            // This is checked even if the socket is ready: some servers never stop talking.
            if Instant::now() >= self.deadline {
                return Err(Stop::Silent);
            }
            if woken.readable {
                quick_ack(&self.socket);
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

    /// Returns what the agent may know of this connection, if all of it is known.
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
        let _ = self.login.reports.send(Report::Negotiated(self.login.id, algorithms));
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
            let _ = self.login.reports.send(Report::Banner(self.login.id, banner));
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

    fn handshake_failure(&self, stop: Stop) -> Failure {
        let waited = self.login.destination.options.login_timeout.as_secs_f64();
        let seen = self.greeting();
        let hung_up = matches!(stop, Stop::Failed(_)) && seen.is_none();
        let greeting = seen.unwrap_or_default();
        let is_ssh = greeting.starts_with("SSH-");
        // OpenSSH under load hangs up without a word; since 9.8, and as Debian patches it, it says one of these first.
        let refusals = ["Exceeded MaxStartups", "Not allowed at this time"];
        let refuses = refusals.iter().any(|words| greeting.starts_with(words));
        let ending = take_ending(&*self.socket);
        let mut hints = Vec::new();
        let reason = match stop {
            Stop::Unwanted => return Failure::Final(stopped(Phase::Handshake)),
            Stop::Silent if greeting.is_empty() => format!("connected, but no SSH greeting within {waited} s"),
            Stop::Silent if !is_ssh => {
                format!("not an SSH server: no SSH greeting within {waited} s, it says `{greeting}'")
            }
            Stop::Silent => format!("key exchange not finished within {waited} s"),
            Stop::Failed(_) if hung_up => "the server hung up before its SSH greeting".to_owned(),
            Stop::Failed(_) if refuses => format!("the server takes no more logins now: it says `{greeting}'"),
            Stop::Failed(_) if greeting.is_empty() => "not an SSH server: it says nothing readable".to_owned(),
            Stop::Failed(_) if !is_ssh => format!("not an SSH server: it says `{greeting}'"),
            Stop::Failed(error) => {
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
            Failure::Busy(error)
        } else {
            Failure::Final(error)
        }
    }
}

/// Has TCP acknowledge what was received at once, since the other side may wait for that before its next packet.
pub(super) fn quick_ack(socket: &OwnedFd) {
    #[cfg(target_os = "linux")]
    let _ = sockopt::set_tcp_quickack(socket, true);
}

pub(super) fn internal(error: &ssh2::Error) -> ConnectError {
    ConnectError {
        common: None,
        phase: Phase::Handshake,
        reason: format!("no SSH session: {}", error.message()),
        hints: Vec::new(),
    }
}
