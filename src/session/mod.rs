//! One server: connect, log in, run commands. The only folder that names ssh2.
//!
//! A [`Connector`] makes sessions; SSH, local execution, dry run and the scripted servers of tests are connectors, so nothing
//! above asks which one it has. A session works on its own thread: orders go in through [`Session`], everything that happens
//! comes out as [`Report`]s on one channel that all sessions of a run share.

pub mod dry_run;
mod feed;
pub mod local;
pub mod scripted;
pub mod ssh;
mod step;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::Duration;

use thiserror::Error;

use crate::configuration::Server;
pub use crate::exit::Phase;
use crate::exit::{Exit, Stream};
use crate::interrupt::Signal;
use crate::secret::Secret;
use crate::source::{Source, text};

pub use self::step::{Standing, Step, StepKind, StepWay};

/// Names a session among all of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId(pub usize);

/// Names a command on a session; unique in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JobId(pub u64);

/// What is to be done with a host key that is not known, or not as known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HostKeyPolicy {
    /// Unknown keys are added and said so; a changed key is refused.
    #[default]
    AcceptNew,
    /// Unknown keys are refused, too.
    Strict,
    /// Unknown keys are added, too. To one that has changed or is revoked goes neither a password nor our agent, and it is told.
    Off,
}

/// A way to log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthMethod {
    /// With keys, of files or of the agent.
    PublicKey,
    /// With a password.
    Password,
    /// With answers to the server's questions, which mostly are for the password, too.
    KeyboardInteractive,
}

impl AuthMethod {
    /// As the protocol calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::PublicKey => "publickey",
            Self::Password => "password",
            Self::KeyboardInteractive => "keyboard-interactive",
        }
    }

    /// By that name; `None` for others.
    pub fn named(name: &str) -> Option<Self> {
        [Self::PublicKey, Self::Password, Self::KeyboardInteractive]
            .into_iter()
            .find(|method| method.name() == name)
    }
}

/// How to reach a server: what the recipe says. What it leaves open, the user's ssh configuration decides.
#[derive(Clone, Debug, PartialEq)]
pub struct SshOptions {
    /// Login name, below the one in the server's text, above the ssh configuration.
    pub user: Option<String>,
    /// Port, likewise.
    pub port: Option<u16>,
    /// Private key files, tried in this order, before those of the ssh configuration.
    pub keys: Vec<PathBuf>,
    /// Only the keys named here and in the ssh configuration, no others of the agent.
    pub keys_only: Option<bool>,
    /// Offer our agent to the server, or do not, whatever the ssh configuration says.
    pub forward_agent: Option<bool>,
    /// Servers through which it is reached, the first one first, instead of what the ssh configuration says.
    pub gateway: Vec<Server>,
    /// Ssh configuration files: `None` for the user's and the system's, an empty list for none.
    pub config: Option<Vec<PathBuf>>,
    /// Private keys themselves, tried before those of files.
    pub key_data: Vec<Secret>,
    /// Opens encrypted keys.
    pub passphrase: Option<Secret>,
    /// Tried before anybody is asked for one.
    pub password: Option<Secret>,
    /// Ways to log in, best first, instead of the configured ones.
    pub auth_methods: Option<Vec<AuthMethod>>,
    /// How often a password is asked for.
    pub password_prompts: Option<u32>,
    /// Nobody is asked for anything.
    pub non_interactive: Option<bool>,
    /// False: no agent.
    pub use_agent: Option<bool>,
    /// A command that leads to the server, in the words of `ProxyCommand`.
    pub proxy: Option<String>,
    /// Name or address to connect to, instead of the configured one.
    pub host_name: Option<String>,
    /// Name under which host keys are known.
    pub host_key_alias: Option<String>,
    /// A key that is known for the server's address must be the same.
    pub check_host_ip: Option<bool>,
    /// Address of this machine to connect from.
    pub bind_address: Option<String>,
    /// Compress what travels.
    pub compression: Option<bool>,
    /// Key exchange algorithms, as a list in the words of `KexAlgorithms`; the next three likewise.
    pub kex: Option<String>,
    /// Host key algorithms.
    pub host_key: Option<String>,
    /// Ciphers.
    pub encryption: Option<String>,
    /// Message authentication codes.
    pub hmac: Option<String>,
    /// Known-hosts files instead of the configured ones; new keys go to the first.
    pub user_known_hosts_files: Option<Vec<PathBuf>>,
    /// Known-hosts files of the system instead of the configured ones.
    pub global_known_hosts_files: Option<Vec<PathBuf>>,
    /// Instead of the configured `StrictHostKeyChecking`.
    pub verify_host_key: Option<HostKeyPolicy>,
    /// Time for the TCP connection; where neither this nor the configuration says one, ten seconds.
    pub connect_timeout: Option<Duration>,
    /// Time from connected to logged in.
    pub login_timeout: Duration,
    /// A server that was too busy to greet is asked again after this time or up to six times as long.
    pub busy_pause: Duration,
    /// A server that is silent this long is asked whether it lives; fifteen seconds where nothing is said …
    pub keepalive_interval: Option<Duration>,
    /// … and is lost after so many times without an answer; three where nothing is said.
    pub keepalive_count: Option<u32>,
    /// This login waits while so many others are under way.
    pub max_logins: usize,
    /// What holds for the gateways on the way, where the server has options of its own.
    pub of_gateways: Option<Arc<SshOptions>>,
    /// Nothing is written on this machine, and each step of the login is told.
    pub only_looks: bool,
}

impl SshOptions {
    /// The same for somebody who only looks, at the gateways too: nobody is asked for anything.
    #[must_use]
    pub fn looking(self) -> Self {
        let of_gateways = self.of_gateways.as_deref();
        Self {
            of_gateways: of_gateways.map(|options| Arc::new(options.clone().looking())),
            non_interactive: Some(true),
            only_looks: true,
            ..self
        }
    }
}

impl Default for SshOptions {
    fn default() -> Self {
        Self {
            user: None,
            port: None,
            keys: Vec::new(),
            keys_only: None,
            forward_agent: None,
            gateway: Vec::new(),
            config: None,
            key_data: Vec::new(),
            passphrase: None,
            password: None,
            auth_methods: None,
            password_prompts: None,
            non_interactive: None,
            use_agent: None,
            proxy: None,
            host_name: None,
            host_key_alias: None,
            check_host_ip: None,
            bind_address: None,
            compression: None,
            kex: None,
            host_key: None,
            encryption: None,
            hmac: None,
            user_known_hosts_files: None,
            global_known_hosts_files: None,
            verify_host_key: None,
            connect_timeout: None,
            login_timeout: Duration::from_secs(30),
            busy_pause: Duration::from_millis(200),
            keepalive_interval: None,
            keepalive_count: None,
            max_logins: 64,
            of_gateways: None,
            only_looks: false,
        }
    }
}

/// A server and how to reach it.
#[derive(Clone, Debug, PartialEq)]
pub struct Destination {
    /// As the recipe names it; shown in everything that is told about it.
    pub server: Server,
    /// Options of the recipe for it.
    pub options: SshOptions,
}

/// Size of a terminal, in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terminal {
    /// Columns.
    pub columns: u16,
    /// Rows.
    pub rows: u16,
}

/// What a command reads.
#[derive(Clone, Debug)]
pub struct Input {
    /// Sent as soon as the command runs. Shared by all servers.
    pub source: Arc<dyn Source>,
    /// Whether the end of input follows; otherwise more may come by [`Session::write`].
    pub then_end: bool,
    /// Whether it is told how much was sent.
    pub is_told: bool,
    /// What is waited for before more is given.
    pub opening: Option<Arc<Opening>>,
}

/// What a command says before what the recipe wants begins, and what it is given then, by [`Session::feed`].
#[derive(Clone, Debug)]
pub struct Opening {
    /// Said first; behind it, up to the line end, the word with which sudo asks.
    pub mark: String,
    /// So many of its questions are answered.
    pub questions: usize,
    /// Given as soon as the mark was said.
    pub then: Option<Input>,
    /// Said when sudo has started its command, which nothing is asked after, and what that is given.
    pub started: Option<(String, Input)>,
}

impl Input {
    /// These bytes and no more.
    pub fn text(bytes: impl Into<Arc<[u8]>>) -> Self {
        Self {
            source: text(bytes),
            then_end: true,
            is_told: false,
            opening: None,
        }
    }

    /// All of this; it is told how much was sent.
    pub fn told(source: Arc<dyn Source>) -> Self {
        Self {
            source,
            then_end: true,
            is_told: true,
            opening: None,
        }
    }

    /// Nothing to read.
    pub fn none() -> Self {
        Self::text([])
    }

    /// How many bytes it is given, at once and later.
    pub fn length(&self) -> u64 {
        let later = self.opening.as_ref().map_or(0, |opening| {
            let then = opening.then.as_ref().map_or(0, Input::length);
            then + opening.started.as_ref().map_or(0, |(_, input)| input.length())
        });
        self.source.length() + later
    }

    /// Nothing yet; it comes by [`Session::write`].
    pub fn open() -> Self {
        Self {
            then_end: false,
            ..Self::none()
        }
    }
}

/// One command on one server.
#[derive(Clone, Debug)]
pub struct Command {
    /// A script for `sh`.
    pub line: String,
    /// The login shell is given the line as it is, whatever comes of it.
    pub is_plain: bool,
    /// With a terminal of this size.
    pub terminal: Option<Terminal>,
    /// Standard input.
    pub input: Input,
    /// Ended after this time.
    pub timeout: Option<Duration>,
    /// What it calls sudo by, if it does: so is ended what it has started as another user.
    pub sudo: Option<String>,
}

/// Why there is no session. The text names the phase where the reason alone would not tell it.
#[derive(Clone, Debug, Error)]
#[error("{reason}")]
pub struct ConnectError {
    /// In which step.
    pub phase: Phase,
    /// One line, lower case: `connection refused (127.0.1.3:22)`, `authentication failed for `deploy' (tried: …)`.
    pub reason: String,
    /// The same without what is this server's alone (its name, its address), where the reason has some.
    pub common: Option<String>,
    /// What may help, one line each.
    pub hints: Vec<String>,
}

/// What sessions tell; all of a run on one channel.
#[derive(Debug)]
pub enum Report {
    /// The session is ready.
    Connected(SessionId, Duration),
    /// There will be no session; its thread has ended.
    ConnectFailed(SessionId, ConnectError),
    /// A host key was added.
    HostKeyAdded(SessionId, NewHostKey),
    /// The server has a message for whoever logs in.
    Banner(SessionId, Banner),
    /// Keys were exchanged.
    Negotiated(SessionId, Negotiated),
    /// Told where somebody only looks.
    Step(SessionId, Step),
    /// The host key is not the right one, and the configuration wants to go on.
    HostKeyUntrusted(SessionId, Warning),
    /// A private key was left out.
    KeyLeftOut(SessionId, Warning),
    /// A password or a passphrase is wanted; login goes on after [`Session::answer`].
    PasswordWanted(SessionId, PasswordQuestion),
    /// Said by the login shell before a command began.
    Before(SessionId, JobId, Vec<u8>),
    /// Output of a command, as it came.
    Output(SessionId, JobId, Stream, Vec<u8>),
    /// So many bytes of a command's input were sent so far. At times; at the end of its input, too.
    Sent(SessionId, JobId, u64),
    /// A command ended, but something that it started holds its output open.
    Lingers(SessionId, JobId),
    /// A command ended; nothing more comes from it.
    Finished(SessionId, JobId, Exit, Duration),
    /// The connection is gone; every running command was reported `Finished` with [`Exit::Lost`] before.
    Lost(SessionId, String),
    /// A stop request; sent by the signal thread through the same channel so that one wait sees all.
    Interrupted(Signal),
}

/// A host key met for the first time.
#[derive(Clone, Debug)]
pub struct NewHostKey {
    /// Whose key it is, where that is a gateway on the way to the server.
    pub gateway: Option<Server>,
    /// `ssh-ed25519`.
    pub key_type: String,
    /// `SHA256:…`.
    pub fingerprint: String,
    /// File it was written to …
    pub file: PathBuf,
    /// … or why it was not.
    pub problem: Option<String>,
}

/// What a server says before login.
#[derive(Clone, Debug)]
pub struct Banner {
    /// Who says it, where that is a gateway on the way to the server.
    pub gateway: Option<Server>,
    /// As it came.
    pub text: String,
}

/// The algorithms of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Negotiated {
    /// Whose, where that is a gateway on the way to the server.
    pub gateway: Option<Server>,
    /// `mlkem768x25519-sha256`.
    pub key_exchange: String,
    /// `ssh-ed25519`.
    pub host_key: String,
    /// `chacha20-poly1305@openssh.com`.
    pub cipher: String,
    /// `hmac-sha2-256-etm@openssh.com`; `None` where the cipher does it.
    pub mac: Option<String>,
}

/// What is wrong at a login, and does not keep it from going on.
#[derive(Clone, Debug)]
pub struct Warning {
    /// Where that is about a gateway on the way to the server.
    pub gateway: Option<Server>,
    /// One line, lower case.
    pub text: String,
}

/// What a person is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// The password of the login.
    Password {
        /// The server's words, fit to be shown, where they do not say that it is for the password.
        words: Option<String>,
    },
    /// The passphrase of this key file, named as it is to be shown.
    Passphrase(String),
    /// What the server asks in its own words, and for this login alone.
    Answer {
        /// Its words, fit to be shown.
        question: String,
        /// What is typed is not shown.
        hidden: bool,
    },
}

/// Something is needed to log in.
#[derive(Clone, Debug)]
pub struct PasswordQuestion {
    /// What.
    pub wanted: Wanted,
    /// Login name.
    pub user: String,
    /// As the server's text names it.
    pub host: String,
    /// The answer given before, which the server did not take.
    pub refused: Option<Secret>,
}

/// What to send to a command that is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobSignal {
    /// SIGTERM to its process group.
    Term,
    /// SIGKILL.
    Kill,
}

impl JobSignal {
    /// One after the other. INT is none of them: a shell's background processes ignore it, and a server no longer knows
    /// their group once the shell has died of it.
    pub const LADDER: [Self; 2] = [Self::Term, Self::Kill];

    /// How long a command then has, before the next step.
    pub fn patience(self) -> Duration {
        match self {
            Self::Term => Duration::from_secs(5),
            Self::Kill => Duration::from_secs(2),
        }
    }

    /// Without `SIG` in front.
    pub fn name(self) -> &'static str {
        match self {
            Self::Term => "TERM",
            Self::Kill => "KILL",
        }
    }
}

/// One connection, or what stands for one. Orders return at once; what comes of them is reported.
pub trait Session {
    /// Starts a command.
    fn start(&self, job: JobId, command: Command);
    /// Sends bytes to a command's standard input.
    fn write(&self, job: JobId, bytes: Vec<u8>);
    /// Sends all of a source to a command's standard input.
    fn feed(&self, job: JobId, source: Arc<dyn Source>);
    /// Ends a command's standard input.
    fn end_input(&self, job: JobId);
    /// Sends a signal to a command's process group.
    fn signal(&self, job: JobId, signal: JobSignal);
    /// The password asked for by [`Report::PasswordWanted`]; `None` when there is none.
    fn answer(&self, _password: Option<Secret>) {}
    /// So many bytes of this session's output were taken from the channel; a session that waits for that reads on.
    fn drained(&self, _bytes: usize) {}
    /// Gives up on the connection now: running commands are reported lost or cancelled. Does not wait.
    fn abandon(&self);
    /// Whether the connection is gone, which may be seen before it is reported.
    fn is_gone(&self) -> bool {
        false
    }
    /// Begins to close in an orderly way, which dropping the session waits a moment for: many close at the same time.
    fn close(&self) {}
}

/// Makes sessions.
pub trait Connector {
    /// Begins to connect; `Connected` or `ConnectFailed` is reported. Dropping the session closes it in an orderly way
    /// without blocking longer than a moment.
    fn connect(&self, id: SessionId, destination: &Destination, reports: Sender<Report>) -> Box<dyn Session>;
}

impl fmt::Debug for dyn Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Session")
    }
}
