//! How a command ended on one server, and which of its streams a piece of output came from.

use std::fmt;
use std::time::Duration;

/// One of the two output streams of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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

/// How a command ended on one server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exit {
    /// It ended by itself with this status.
    Status(i32),
    /// A signal ended it; the name has no `SIG` in front (`TERM`).
    Signal(String),
    /// The connection was lost before the end was known.
    Lost(String),
    /// It ended, and the server did not say how.
    Unknown,
    /// The server refused to start it (a channel, a terminal or the request itself).
    Refused(String),
    /// Its input could not be sent as a whole.
    Unsent(String),
    /// It was still running after this time, and was ended.
    TimedOut(Duration),
    /// capr ended it because the run was interrupted.
    Cancelled,
    /// It ended so when it was told to; what it had started could not be looked for.
    Unsearched(Box<Exit>),
    /// It did not end for all that was done; what had run too long, after which time.
    Unended(Option<Duration>),
}

impl Exit {
    /// True for status 0 alone.
    pub fn is_success(&self) -> bool {
        *self == Self::Status(0)
    }
}

/// Fits after a server's name: `exit status 7`.
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
