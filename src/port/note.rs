//! Notes about code that could not be carried over.

use serde::Serialize;

/// The reason why something was not carried over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// A recipe library of a gem, or something that only such a library defines.
    Library,
    /// A class or a function of a gem or of the application.
    Code,
    /// A decision that each server makes.
    PerServer,
    /// A construct of Ruby that has no form here.
    Construct,
    /// A name that nothing in the files defines.
    Name,
    /// A template of ERB.
    Template,
    /// Code that ends with an error in Capistrano too.
    Fails,
}

impl Kind {
    /// Returns the word for it in notes and in the report.
    #[must_use]
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Library => "library",
            Self::Code => "code",
            Self::PerServer => "per server",
            Self::Construct => "construct",
            Self::Name => "name",
            Self::Template => "template",
            Self::Fails => "fails in Capistrano too",
        }
    }
}

/// A place that a person has to work on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Note {
    /// The number of the note, counted from 1 in each file.
    pub number: usize,
    /// The kind of reason.
    pub kind: Kind,
    /// The reason in words.
    pub reason: String,
    /// The line in the Ruby file, counted from 1.
    pub line: usize,
    /// The Ruby code there.
    pub ruby: String,
    /// The number of the note that this one waits for: what it needs was not carried over there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub depends_on: Option<usize>,
    /// The Ruby file with that note, if it is another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub depends_on_file: Option<String>,
    /// True in a task of a gem that nothing in the project calls: work there can wait until somebody does.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub only_if_called: bool,
    /// The thing that the place lacks, which others may lack as well.
    #[serde(skip)]
    pub(super) lack: Option<Lack>,
    /// The error with which Capistrano ends there, if nothing that was not read prevents it.
    #[serde(skip)]
    pub(super) failure: Option<Box<SameError>>,
}

/// The thing that a place lacks. Places that lack the same are one piece of work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Lack {
    /// A recipe library of a gem, by the path that is required.
    Library(String),
    /// A file that is loaded and was not read, by its path.
    File(String),
    /// A class of a gem or of the application.
    Class(String),
    /// Code of the application.
    Application,
    /// A function, an object or a task that something else defines.
    Name(String),
    /// A function of these files that was not carried over whole: the number of its file, and its lines.
    Function(usize, (usize, usize)),
}

/// The error with which Capistrano itself ends at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SameError {
    /// The message, in the words of Ruby or of Capistrano.
    pub(super) error: String,
    /// The condition for it.
    pub(super) if_missing: Missing,
    /// True if it ends a hook or a variable and not the loading of the recipe, though it stands outside of tasks.
    pub(super) waits: bool,
}

/// The thing that must be missing for a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Missing {
    /// Nothing: it always fails.
    Nothing,
    /// A function of this name.
    Function(String),
    /// A class, a module or a constant of this name.
    Class(String),
    /// Tasks of these full names.
    Tasks(Vec<String>),
    /// A file of the project.
    File,
}

impl SameError {
    pub(super) fn new(error: impl Into<String>, if_missing: Missing) -> Box<Self> {
        Box::new(Self {
            error: error.into(),
            if_missing,
            waits: false,
        })
    }
}

/// The reason why an expression has no form here.
#[derive(Clone, Debug)]
pub(super) struct Unported {
    pub(super) kind: Kind,
    pub(super) reason: String,
    /// The number of the note about a value that is needed and was not carried over.
    pub(super) depends_on: Option<usize>,
    pub(super) lack: Option<Lack>,
    pub(super) failure: Option<Box<SameError>>,
}

impl Unported {
    pub(super) fn new(kind: Kind, reason: impl Into<String>) -> Self {
        Self {
            kind,
            reason: reason.into(),
            depends_on: None,
            lack: None,
            failure: None,
        }
    }

    /// Makes the reason for code that surrounds a place with this note.
    pub(super) fn around(note: &Note) -> Self {
        Self {
            kind: note.kind,
            reason: note.reason.clone(),
            depends_on: note.depends_on,
            lack: note.lack.clone(),
            failure: None,
        }
    }

    /// Adds what the place lacks.
    pub(super) fn lacking(self, lack: Lack) -> Self {
        Self {
            lack: Some(lack),
            ..self
        }
    }

    /// Adds the error of Capistrano at that place.
    pub(super) fn failing(self, failure: Box<SameError>) -> Self {
        Self {
            failure: Some(failure),
            ..self
        }
    }

    /// Makes the reason for code that needs the value of a name; `note` is the note about that value, which was not carried over.
    pub(super) fn needs(name: &str, note: Option<usize>) -> Self {
        Self {
            depends_on: note,
            ..Self::new(
                Kind::Name,
                format!("it needs `{name}`, whose value was not carried over"),
            )
        }
    }
}

/// The result of reading.
pub(super) type Read<T> = Result<T, Unported>;
