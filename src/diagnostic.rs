//! An error as a person is told it: what happened, where in the recipe, on which servers, and what may help.
//! Data only; `report` renders it.

use serde::{Serialize, Serializer};

use crate::configuration::Server;
use crate::exit::Cause;
pub use crate::origin::Origin;

/// One server's part in a failure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ServerFailure {
    /// The server.
    pub server: Server,
    /// How the command or the connection ended, where one did.
    #[serde(flatten)]
    pub cause: Option<Cause>,
    /// What happened there: `exit status 7`, `connection refused`.
    pub reason: String,
    /// The same without what is this server's alone, where the reason has some.
    #[serde(skip)]
    pub common: Option<String>,
    /// The last lines of its standard error, oldest first.
    pub stderr: Vec<String>,
    /// The last lines of its standard output, where it wrote nothing on standard error.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stdout: Vec<String>,
}

impl ServerFailure {
    /// A failure of which no more is known than its reason.
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

    /// Failures in groups that say the same, each with its servers and what is true of all; in the order of the first of each.
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

    /// The reason as it may be true of other servers, too.
    fn shared(&self) -> &str {
        self.common.as_deref().unwrap_or(&self.reason)
    }
}

/// Whose fault a failure is; decides the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A command or transfer failed on a server, or the recipe said `abort`.
    Failed,
    /// The command line.
    Usage,
    /// The recipe's text.
    Recipe,
    /// A connection or a login.
    Connection,
    /// Somebody else holds the lock of the servers.
    Locked,
    /// A signal, with the code a shell would report.
    Signal(u8),
    /// The recipe called `exit` with this code.
    Exit(u8),
}

impl Fault {
    /// DESIGN: 1 failed, 2 usage, 3 recipe, 4 connection, 6 locked, 130 and 143 signals.
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

/// By its name; what belongs to it is not told.
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

/// How much a diagnostic matters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Something failed, or cannot work.
    #[default]
    Error,
    /// It works, but is probably not what was meant.
    Warning,
}

/// Everything known about one failure.
#[derive(Clone, Debug, Serialize)]
pub struct Diagnostic {
    /// How much it matters.
    #[serde(rename = "type")]
    pub severity: Severity,
    /// Whose fault it was.
    pub fault: Fault,
    /// What happened: lower case, no full stop, fits after `error: `. May have several lines.
    pub message: String,
    /// Where in which recipe.
    #[serde(flatten)]
    pub origin: Option<Origin>,
    /// The text of that line.
    #[serde(skip)]
    pub line: Option<String>,
    /// What stands under the caret: `expected a task's name`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Every server that failed, in server order.
    pub servers: Vec<ServerFailure>,
    /// The tasks that were running, outermost first.
    pub tasks: Vec<String>,
    /// What may help, one line each.
    pub hints: Vec<String>,
}

impl Diagnostic {
    /// A diagnostic with a message alone.
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

    /// A warning about a recipe's text.
    pub fn warning(message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::new(Fault::Recipe, message)
        }
    }

    /// At this place, if one is known.
    pub fn at(mut self, origin: impl Into<Option<Origin>>) -> Self {
        self.origin = origin.into();
        self
    }

    /// With a text under the caret.
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// Says what another one says; the place and what led there stay.
    pub fn say(&mut self, other: Self) {
        (self.message, self.label, self.hints) = (other.message, other.label, other.hints);
    }

    /// With one more hint.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}
