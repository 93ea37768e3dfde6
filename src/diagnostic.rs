//! An error in the form in which a person is told about it: what happened, where in the recipe, on which servers, and what may
//! help. This is only data; `report` renders it.

use serde::{Serialize, Serializer};

use crate::configuration::Server;
use crate::exit::Cause;
pub(crate) use crate::origin::Origin;
use crate::unanswered::Unanswered;

/// One server's part in a failure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ServerFailure {
    /// The server.
    pub server: Server,
    /// The end of the command or of the connection, if there was one.
    #[serde(flatten)]
    pub cause: Option<Cause>,
    /// The words for what happened there: `exit status 7`, `connection refused`.
    pub reason: String,
    /// The same reason without this server's name and address, if the reason contains them.
    #[serde(skip)]
    pub common: Option<String>,
    /// The last lines of its standard error, oldest first.
    pub stderr: Vec<String>,
    /// The last lines of its standard output, if it wrote nothing to standard error.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stdout: Vec<String>,
}

impl ServerFailure {
    /// Returns a failure of which only the reason is known.
    pub fn new(server: Server, reason: impl Into<String>) -> Self {
        Self {
            server,
            cause: None,
            reason: reason.into(),
            common: None,
            stderr: Vec::new(),
            stdout: Vec::new(),
        }
    }

    /// Groups failures with the same words. A group has its servers, its reason and its first failure; the groups are in the
    /// order of their first failures.
    pub fn groups<'a>(failures: impl IntoIterator<Item = &'a Self>) -> Vec<(Vec<&'a Server>, &'a str, &'a Self)> {
        let mut groups: Vec<(Vec<&Server>, &Self)> = Vec::new();
        for failure in failures {
            let what = |failure: &'a Self| (failure.shared(), &failure.stderr, &failure.stdout);
            match groups.iter_mut().find(|(_, first)| what(first) == what(failure)) {
                Some((servers, _)) => servers.push(&failure.server),
                None => groups.push((vec![&failure.server], failure)),
            }
        }
        let told = |(servers, first): (Vec<&'a Server>, &'a Self)| match servers.len() {
            1 => (servers, first.reason.as_str(), first),
            _ => (servers, first.shared(), first),
        };
        groups.into_iter().map(told).collect()
    }

    /// Groups the servers of failures with the same reason, whatever they wrote; the groups are in the order of their first failures.
    pub fn by_reason<'a>(failures: impl IntoIterator<Item = &'a Self>) -> Vec<(Vec<&'a Server>, &'a str)> {
        let mut groups: Vec<(Vec<&Self>, &str)> = Vec::new();
        for failure in failures {
            match groups.iter_mut().find(|(_, reason)| *reason == failure.shared()) {
                Some((alike, _)) => alike.push(failure),
                None => groups.push((vec![failure], failure.shared())),
            }
        }
        let told = |(alike, shared): (Vec<&'a Self>, &'a str)| {
            let reason = match alike.as_slice() {
                [one] => one.reason.as_str(),
                _ => shared,
            };
            (alike.into_iter().map(|failure| &failure.server).collect(), reason)
        };
        groups.into_iter().map(told).collect()
    }

    /// Returns the reason in the words that may be the same for other servers.
    fn shared(&self) -> &str {
        self.common.as_deref().unwrap_or(&self.reason)
    }
}

/// The one at fault for a failure, which decides the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A command or a transfer failed on a server, or the recipe called `abort`.
    Failed,
    /// The command line is wrong.
    Usage,
    /// The recipe is wrong.
    Recipe,
    /// A connection or a login failed.
    Connection,
    /// Somebody else holds the lock of the servers.
    Locked,
    /// A signal came; this is the code that a shell would report.
    Signal(u8),
    /// The recipe called `exit` with this code.
    Exit(u8),
}

impl Fault {
    /// Returns the exit code: 1 failed, 2 usage, 3 recipe, 4 connection, 6 locked, 130 and 143 signals.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Recipe => 3,
            Self::Connection => 4,
            Self::Locked => 6,
            Self::Signal(code) | Self::Exit(code) => code,
        }
    }
}

/// Serializes the name, without the code.
impl Serialize for Fault {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(match self {
            Self::Failed => "failed",
            Self::Usage => "usage",
            Self::Recipe => "recipe",
            Self::Connection => "connection",
            Self::Locked => "locked",
            Self::Signal(_) => "signal",
            Self::Exit(_) => "exit",
        })
    }
}

/// The importance of a diagnostic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Something has failed, or cannot work.
    #[default]
    Error,
    /// It works, but is probably a mistake.
    Warning,
}

/// Everything that is known about one failure.
#[derive(Clone, Debug, Serialize)]
pub struct Diagnostic {
    /// The importance.
    #[serde(rename = "type")]
    pub severity: Severity,
    /// The one at fault.
    pub fault: Fault,
    /// The message: lower case, no full stop, so that it fits after `error: `. It may have several lines.
    pub message: String,
    /// The place in a recipe.
    #[serde(flatten)]
    pub origin: Option<Origin>,
    /// The line at that place.
    #[serde(skip)]
    pub line: Option<String>,
    /// The words under the caret: `expected a task's name`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// All servers that failed, in server order.
    pub servers: Vec<ServerFailure>,
    /// The tasks that were running, outermost first.
    pub tasks: Vec<String>,
    /// Hints that may help, one line each.
    pub hints: Vec<String>,
}

impl From<Unanswered> for Diagnostic {
    /// Returns the failure of a question that has no answer: a stop request ends the run with its own exit code.
    fn from(reason: Unanswered) -> Self {
        let stopped = reason.signal().map(|signal| Fault::Signal(signal.exit_code()));
        Self::new(stopped.unwrap_or(Fault::Failed), reason.to_string())
    }
}

impl Diagnostic {
    /// Returns a diagnostic with nothing but a message.
    pub fn new(fault: Fault, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            fault,
            message: message.into(),
            origin: None,
            line: None,
            label: None,
            servers: Vec::new(),
            tasks: Vec::new(),
            hints: Vec::new(),
        }
    }

    /// Returns a warning about a recipe.
    pub fn warning(message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::new(Fault::Recipe, message)
        }
    }

    /// Sets the place, if one is known.
    pub fn at(mut self, origin: impl Into<Option<Origin>>) -> Self {
        self.origin = origin.into();
        self
    }

    /// Sets the words under the caret.
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// Takes the message, the label and the hints of another diagnostic; the place and the tasks stay.
    pub fn say(&mut self, other: Self) {
        (self.message, self.label, self.hints) = (other.message, other.label, other.hints);
    }

    /// Adds a hint.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}
