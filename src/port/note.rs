//! What could not be carried over, and what is told beside.

use serde::Serialize;

/// Why something was not carried over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A recipe library of a gem, or what only such a library defines.
    Library,
    /// A class or function of a gem or of the application.
    Code,
    /// A decision for each server.
    PerServer,
    /// A construct of Ruby that has no form here.
    Construct,
    /// A name that nothing in the files defines.
    Name,
    /// A template of ERB.
    Template,
    /// Ruby's parser stopped there.
    Syntax,
}

impl Kind {
    /// As it stands in notes and in the report.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Library => "library",
            Self::Code => "code",
            Self::PerServer => "per server",
            Self::Construct => "construct",
            Self::Name => "name",
            Self::Template => "template",
            Self::Syntax => "syntax",
        }
    }
}

/// Something that needs a hand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Note {
    /// Counted from 1 in each file.
    pub number: usize,
    /// Why.
    pub kind: Kind,
    /// The reason in words.
    pub reason: String,
    /// The line in the file of Ruby, counted from 1.
    pub line: usize,
    /// What stands there.
    pub ruby: String,
}

/// Why an expression has no form here.
#[derive(Clone, Debug)]
pub(super) struct Unported {
    pub(super) kind: Kind,
    pub(super) reason: String,
}

impl Unported {
    pub(super) fn new(kind: Kind, reason: impl Into<String>) -> Self {
        Self {
            kind,
            reason: reason.into(),
        }
    }
}

/// What reading gives.
pub(super) type Read<T> = Result<T, Unported>;
