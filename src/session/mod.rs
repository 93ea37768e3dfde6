//! One server: connect, log in, run commands. This is the only folder that names ssh2.
//!
//! A [`Connector`] makes sessions. SSH, local execution, the dry run and the scripted servers of tests are connectors, so no
//! layer above has to know which one it uses. A session works on its own thread: orders go in through [`Session`], and everything
//! that happens comes out as [`Report`]s on one channel that all sessions of a run share.
//!
//! Rules that hold for commands wherever they run stand here once: the steps that end a command against its will (`ladder`), the
//! output that may wait (`backlog`), and the input that is left (`feed`).

mod backlog;
pub(crate) mod dry_run;
mod feed;
mod ladder;
pub(crate) mod local;
mod login_report;
pub(crate) mod recorded;
pub(crate) mod scripted;
pub(crate) mod ssh;
mod step;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::Duration;

use thiserror::Error;

use crate::configuration::Server;
pub(crate) use crate::exit::Phase;
use crate::exit::{Exit, Stream};
use crate::interrupt::Signal;
use crate::secret::Secret;
use crate::source::{Source, text};

pub(crate) use self::ladder::{Ladder, Rung};
pub(crate) use self::login_report::{Banner, LoginReport, Negotiated, NewHostKey, Warning};
pub(crate) use self::step::{Standing, Step, StepKind, StepWay};

/// The number of a session, unique in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId(pub usize);

/// The number of a command, unique in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JobId(pub u64);

/// The policy for a host key that is not known, or differs from the known one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HostKeyPolicy {
    /// Unknown keys are added, which is reported; a changed key is refused.
    #[default]
    AcceptNew,
    /// Unknown keys are refused as well.
    Strict,
    /// Unknown keys are added. A server whose key has changed or is revoked gets neither a password nor our agent, and this is
    /// reported.
    Off,
}

/// A way to log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthMethod {
    /// Keys, from files or from the agent.
    PublicKey,
    /// A password.
    Password,
    /// Answers to the server's questions, which usually ask for the password, too.
    KeyboardInteractive,
}

impl AuthMethod {
    /// Returns the name that the protocol uses.
    pub fn name(self) -> &'static str {
        match self {
            Self::PublicKey => "publickey",
            Self::Password => "password",
            Self::KeyboardInteractive => "keyboard-interactive",
        }
    }

    /// Returns the method with this name; `None` if there is none.
    pub fn named(name: &str) -> Option<Self> {
        [Self::PublicKey, Self::Password, Self::KeyboardInteractive]
            .into_iter()
            .find(|method| method.name() == name)
    }
}

/// The options that the recipe gives for reaching a server. The user's ssh configuration decides about those that are left out.
#[derive(Clone, Debug, PartialEq)]
pub struct SshOptions {
    /// The login name. A name in the server's own string comes before it, the ssh configuration after it.
    pub user: Option<String>,
    /// The port, with the same order of precedence.
    pub port: Option<u16>,
    /// The private key files. They are tried in this order, before those of the ssh configuration.
    pub keys: Vec<PathBuf>,
    /// Only the keys named here and in the ssh configuration are used, and no others of the agent.
    pub keys_only: Option<bool>,
    /// True offers our agent to the server, false does not, whatever the ssh configuration says.
    pub forward_agent: Option<bool>,
    /// The servers through which the server is reached, in this order, instead of the way that the ssh configuration names.
    pub gateway: Vec<Server>,
    /// The ssh configuration files: `None` means the user's and the system's, an empty list means none.
    pub config: Option<Vec<PathBuf>>,
    /// Private keys as strings; they are tried before those of files.
    pub key_data: Vec<Secret>,
    /// The passphrase that opens encrypted keys.
    pub passphrase: Option<Secret>,
    /// True for a server that is this machine: its commands run here, without SSH.
    pub local: bool,
    /// The password that is tried before anybody is asked for one.
    pub password: Option<Secret>,
    /// The ways to log in, best first, instead of the configured ones.
    pub auth_methods: Option<Vec<AuthMethod>>,
    /// The number of times that a password is asked for.
    pub password_prompts: Option<u32>,
    /// True if nobody is to be asked for anything.
    pub non_interactive: Option<bool>,
    /// False if no agent is to be used.
    pub use_agent: Option<bool>,
    /// A command that leads to the server, in the syntax of `ProxyCommand`.
    pub proxy: Option<String>,
    /// The name or address to connect to, instead of the configured one.
    pub host_name: Option<String>,
    /// The name under which host keys are known.
    pub host_key_alias: Option<String>,
    /// True if a key that is known for the server's address must be the same.
    pub check_host_ip: Option<bool>,
    /// The address of this machine to connect from.
    pub bind_address: Option<String>,
    /// True if the connection is to be compressed.
    pub compression: Option<bool>,
    /// The key exchange algorithms, a list in the syntax of `KexAlgorithms`; the next three are such lists, too.
    pub kex: Option<String>,
    /// The host key algorithms.
    pub host_key: Option<String>,
    /// The ciphers.
    pub encryption: Option<String>,
    /// The message authentication codes.
    pub hmac: Option<String>,
    /// The known-hosts files, instead of the configured ones; new keys go into the first.
    pub user_known_hosts_files: Option<Vec<PathBuf>>,
    /// The system's known-hosts files, instead of the configured ones.
    pub global_known_hosts_files: Option<Vec<PathBuf>>,
    /// The policy for host keys, instead of the configured `StrictHostKeyChecking`.
    pub verify_host_key: Option<HostKeyPolicy>,
    /// The time limit for the TCP connection; ten seconds if neither this nor the configuration sets one.
    pub connect_timeout: Option<Duration>,
    /// The time limit from the TCP connection to the end of the login.
    pub login_timeout: Duration,
    /// A server that was too busy to greet is tried again after this time, or up to six times as long.
    pub busy_pause: Duration,
    /// The time of silence after which a server is asked whether it is alive; fifteen seconds by default …
    pub keepalive_interval: Option<Duration>,
    /// … and the number of unanswered questions after which it counts as lost; three by default.
    pub keepalive_count: Option<u32>,
    /// The number of logins that may be under way at the same time; this login waits for its turn.
    pub max_logins: usize,
    /// The options for the gateways on the way, if the server has options of its own.
    pub of_gateways: Option<Arc<SshOptions>>,
    /// True if nothing is to be written on this machine, and each step of the login is to be reported.
    pub only_looks: bool,
}

impl SshOptions {
    /// Returns the same options for a login that only looks, at the gateways as well: nobody is asked for anything.
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
            local: false,
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

/// A server and the options for reaching it.
#[derive(Clone, Debug, PartialEq)]
pub struct Destination {
    /// The server as the recipe names it; this name appears in everything that is reported about it.
    pub server: Server,
    /// The recipe's options for it.
    pub options: SshOptions,
}

/// The size of a terminal, in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terminal {
    /// The number of columns.
    pub columns: u16,
    /// The number of rows.
    pub rows: u16,
}

/// The standard input of a command.
#[derive(Clone, Debug)]
pub struct Input {
    /// The bytes that are sent as soon as the command runs. All servers share the source.
    pub source: Arc<dyn Source>,
    /// True if the end of input follows; otherwise more may come by [`Session::write`].
    pub then_end: bool,
    /// True if the amount that was sent is to be reported.
    pub is_told: bool,
    /// The marks that are awaited before more is sent.
    pub opening: Option<Arc<Opening>>,
}

/// The marks that a command prints before its own output begins, and the input that it is given at each of them, by
/// [`Session::feed`].
#[derive(Clone, Debug)]
pub struct Opening {
    /// The mark that is printed first. The word with which sudo asks follows it, up to the end of the line.
    pub mark: String,
    /// The number of sudo's questions that are answered.
    pub questions: usize,
    /// The input that is given as soon as the mark was printed.
    pub then: Option<Input>,
    /// The mark that is printed when sudo has started its command, after which no question is answered, and the input that is
    /// given then.
    pub started: Option<(String, Input)>,
}

impl Input {
    /// Returns an input of these bytes alone.
    pub fn text(bytes: impl Into<Arc<[u8]>>) -> Self {
        Self {
            source: text(bytes),
            then_end: true,
            is_told: false,
            opening: None,
        }
    }

    /// Returns an input of this source; the amount that was sent is reported.
    pub fn told(source: Arc<dyn Source>) -> Self {
        Self {
            source,
            then_end: true,
            is_told: true,
            opening: None,
        }
    }

    /// Returns an empty input.
    pub fn none() -> Self {
        Self::text([])
    }

    /// Returns the number of bytes that the command is given, at once and later.
    pub fn length(&self) -> u64 {
        let later = self.opening.as_ref().map_or(0, |opening| {
            let then = opening.then.as_ref().map_or(0, Input::length);
            then + opening.started.as_ref().map_or(0, |(_, input)| input.length())
        });
        self.source.length() + later
    }

    /// Returns an input that is empty so far and is written by [`Session::write`].
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
    /// True if the login shell is given the line as it is, even if that fails.
    pub is_plain: bool,
    /// The size of its terminal; `None` if it gets none.
    pub terminal: Option<Terminal>,
    /// Standard input.
    pub input: Input,
    /// The time after which it is ended.
    pub timeout: Option<Duration>,
    /// The sudo command that it uses, if it does. With it, processes of another user that it has started are ended as well.
    pub sudo: Option<String>,
    /// The command as the recipe says it, if commands are to be compared.
    pub meant: Option<Arc<Meant>>,
}

/// A command as the recipe says it for one server.
#[derive(Clone, Debug)]
pub struct Meant {
    /// The verb: `run`, `sudo`, `put`.
    pub verb: &'static str,
    /// The command, or what a transfer does.
    pub command: String,
    /// Options, each with its value as it is shown.
    pub options: Vec<(&'static str, String)>,
    /// Its standard input.
    pub input: Arc<dyn Source>,
    /// The file that it writes.
    pub file: Option<SentFile>,
    /// The output that is assumed for a server if no test gives its answer.
    pub otherwise: Option<String>,
}

/// A file that is sent to a server.
#[derive(Clone, Debug)]
pub struct SentFile {
    /// Its path on the server.
    pub path: String,
    /// Its permissions, where the recipe says them.
    pub mode: Option<String>,
    /// True if this is a directory: its files are sent as an archive.
    pub is_directory: bool,
}

/// The reason why there is no session. Its message names the phase only where the reason alone would not show it.
#[derive(Clone, Debug, Error)]
#[error("{reason}")]
pub struct ConnectError {
    /// The step that failed.
    pub phase: Phase,
    /// The reason, one line in lower case: `connection refused (127.0.1.3:22)`, `authentication failed for `deploy' (tried: …)`.
    pub reason: String,
    /// The same reason without this server's name and address, if the reason contains them.
    pub common: Option<String>,
    /// Hints that may help, one line each.
    pub hints: Vec<String>,
}

impl ConnectError {
    /// Makes an error without hints.
    pub fn new(phase: Phase, reason: impl Into<String>) -> Self {
        Self {
            phase,
            reason: reason.into(),
            common: None,
            hints: Vec::new(),
        }
    }

    /// Makes the error of a connection that was given up while it was being made.
    pub(crate) fn stopped(phase: Phase) -> Self {
        Self::new(phase, "stopped")
    }
}

/// The reports of sessions; all sessions of a run use one channel.
#[derive(Debug)]
pub enum Report {
    /// The session is ready.
    Connected(SessionId, Duration),
    /// There will be no session; its thread has ended.
    ConnectFailed(SessionId, ConnectError),
    /// A fact about a login that is under way.
    Login(SessionId, LoginReport),
    /// A password or a passphrase is needed; the login continues after [`Session::answer`].
    PasswordWanted(SessionId, PasswordQuestion),
    /// Output of the login shell from before a command began.
    Before(SessionId, JobId, Vec<u8>),
    /// Output of a command, unchanged.
    Output(SessionId, JobId, Stream, Vec<u8>),
    /// The number of bytes of a command's input that were sent so far. It is reported from time to time, and at the end of the
    /// input.
    Sent(SessionId, JobId, u64),
    /// A command has ended, but a process that it started holds its output open.
    Lingers(SessionId, JobId),
    /// A command has ended, and no more reports about it follow.
    Finished(SessionId, JobId, Exit, Duration),
    /// The connection is gone. Every running command was reported as `Finished` with [`Exit::Lost`] before.
    Lost(SessionId, String),
    /// A stop request. The signal thread sends it through the same channel, so that one wait sees everything.
    Interrupted(Signal),
}

/// The things that a person can be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// The password of the login.
    Password {
        /// The server's words, fit to be shown, if they do not say that they ask for the password.
        words: Option<String>,
    },
    /// The passphrase of this key file, whose name is fit to be shown.
    Passphrase(String),
    /// The answer to a question of the server in its own words, for this login alone.
    Answer {
        /// The server's words, fit to be shown.
        question: String,
        /// True if the answer must not be shown while it is typed.
        hidden: bool,
    },
}

/// A question to the person that a login depends on.
#[derive(Clone, Debug)]
pub struct PasswordQuestion {
    /// The thing that is asked for.
    pub wanted: Wanted,
    /// The login name.
    pub user: String,
    /// The host as the server's own string names it.
    pub host: String,
    /// The answer that was given before, which the server did not accept.
    pub refused: Option<Secret>,
}

/// A signal for a command that is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobSignal {
    /// SIGTERM, to its process group.
    Term,
    /// SIGKILL.
    Kill,
}

impl JobSignal {
    /// Returns the name without `SIG` in front.
    pub fn name(self) -> &'static str {
        match self {
            Self::Term => "TERM",
            Self::Kill => "KILL",
        }
    }
}

/// One connection, or a stand-in for one. Orders return at once; their results are reported.
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
    /// Gives the password that [`Report::PasswordWanted`] asked for; `None` if there is none.
    fn answer(&self, _password: Option<Secret>) {}
    /// Notes that this many bytes of the session's output were taken from the channel, so that a session which waits for that
    /// reads on.
    fn drained(&self, _bytes: usize) {}
    /// Notes that the one who waits for this session's commands has waited for a while and nothing has come. Scripted servers then
    /// end what would never end.
    fn waited_for(&self) {}
    /// Gives up the connection now, without waiting: running commands are reported as lost or cancelled.
    fn abandon(&self);
    /// Returns true if the connection is gone, which may be known before it is reported.
    fn is_gone(&self) -> bool {
        false
    }
    /// Begins to close in an orderly way. Dropping the session waits for that for a moment, so that many sessions can close at
    /// the same time.
    fn close(&self) {}
}

/// Makes sessions.
pub trait Connector {
    /// Begins to connect; `Connected` or `ConnectFailed` is reported. Dropping the session closes it in an orderly way, which
    /// takes no longer than a moment.
    fn connect(&self, id: SessionId, destination: &Destination, reports: Sender<Report>) -> Box<dyn Session>;
}

impl fmt::Debug for dyn Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Session")
    }
}
