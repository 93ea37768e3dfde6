//! The end of a command or a connection on one server, and the stream that a piece of output came from.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize, Serializer};

/// One of the two output streams of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

impl fmt::Display for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Out => "out",
            Self::Err => "err",
        })
    }
}

/// The end of a command on one server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exit {
    /// It ended by itself with this status.
    Status(i32),
    /// A signal ended it; the name has no `SIG` in front (`TERM`).
    Signal(String),
    /// The connection was lost before the end was known.
    Lost(String),
    /// It ended, and the server did not tell how.
    Unknown,
    /// The server refused to start it (a channel, a terminal or the request itself).
    Refused(String),
    /// Its input could not be sent as a whole.
    Unsent(String),
    /// It was still running after this time, and was ended.
    TimedOut(Duration),
    /// capr ended it because the run was interrupted.
    Cancelled,
    /// It ended in this way when it was told to, but the processes that it had started could not be looked for.
    Unsearched(Box<Exit>),
    /// It did not end, whatever was done; the time is the timeout, if that was the reason.
    Unended(Option<Duration>),
}

impl Exit {
    /// Returns true for status 0 alone.
    pub fn is_success(&self) -> bool {
        *self == Self::Status(0)
    }
}

/// The members of the JSON object for an `Exit`.
#[derive(Default, Serialize)]
struct Members<'a> {
    how: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signal: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after_ms: Option<u64>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    may_still_run: bool,
}

impl Exit {
    fn members(&self) -> Members<'_> {
        let how = |how| Members {
            how,
            ..Members::default()
        };
        let timed_out = |after: &Duration| Members {
            after_ms: Some(milliseconds(*after)),
            ..how("timed_out")
        };
        match self {
            Self::Status(status) => Members {
                status: Some(*status),
                ..how("exited")
            },
            Self::Signal(name) => Members {
                signal: Some(name),
                ..how("signaled")
            },
            Self::Lost(_) => how("lost"),
            Self::Unknown => how("unknown"),
            Self::Refused(_) => how("refused"),
            Self::Unsent(_) => how("unsent"),
            Self::TimedOut(after) => timed_out(after),
            Self::Cancelled => how("stopped"),
            Self::Unsearched(exit) => Members {
                may_still_run: true,
                ..exit.members()
            },
            Self::Unended(after) => Members {
                may_still_run: true,
                ..after.as_ref().map_or_else(|| how("stopped"), timed_out)
            },
        }
    }
}

/// Serializes the end as members of an object: `how`, and the values that belong to it.
impl Serialize for Exit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.members().serialize(serializer)
    }
}

/// Returns a time in whole milliseconds.
pub(crate) fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// The step in which a connection failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Reading the ssh configuration.
    Configuration,
    /// The look-up of the address.
    Resolve,
    /// The TCP connection.
    Connect,
    /// The key exchange.
    Handshake,
    /// The server's key.
    HostKey,
    /// The login.
    Authentication,
}

/// The cause of one server's failure, for programs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Cause {
    /// A command has ended in this way.
    Exit(Exit),
    /// There was no connection.
    Connection {
        /// The step that failed.
        phase: Phase,
    },
}

/// Writes words that fit after a server's name: `exit status 7`.
impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "exit status {status}"),
            Self::Signal(name) => write!(f, "killed by signal {name}"),
            Self::Lost(reason) => write!(f, "connection lost: {reason}"),
            Self::Unknown => f.write_str("ended without an exit status"),
            Self::Refused(reason) => write!(f, "could not start: {reason}"),
            Self::Unsent(reason) => write!(f, "could not be sent: {reason}"),
            Self::TimedOut(after) => write!(f, "timed out after {} s", after.as_secs_f64()),
            Self::Cancelled => f.write_str("stopped"),
            Self::Unsearched(exit) => {
                write!(f, "{exit}; what it started could not be looked for and may still run")
            }
            Self::Unended(Some(after)) => {
                write!(
                    f,
                    "timed out after {} s, could not be ended and may still run",
                    after.as_secs_f64()
                )
            }
            Self::Unended(None) => f.write_str("could not be ended and may still run"),
        }
    }
}
