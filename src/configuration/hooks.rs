//! What runs around tasks: `before`, `after` and the events of a run.

use super::BlockId;
use crate::origin::Origin;

/// When a hook runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Before a task's body; a failure keeps the body from running.
    Before,
    /// After a task's body, if that did not fail.
    After,
    /// Before a task that was named on the command line.
    Start,
    /// After a task that was named on the command line.
    Finish,
    /// Once, when all recipes are loaded.
    Load,
    /// Once, when all tasks of the command line succeeded.
    Exit,
    /// After a task that was named on the command line has failed, and was rolled back.
    Failure,
}

impl When {
    /// The word for it in a recipe.
    pub fn name(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::After => "after",
            Self::Start => "start",
            Self::Finish => "finish",
            Self::Load => "load",
            Self::Exit => "exit",
            Self::Failure => "failure",
        }
    }

    /// The event of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [
            Self::Before,
            Self::After,
            Self::Start,
            Self::Finish,
            Self::Load,
            Self::Exit,
            Self::Failure,
        ]
        .into_iter()
        .find(|when| when.name() == name)
    }
}

/// What a hook does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HookAction {
    /// Runs a task, on its own servers. The name as written, and the namespace it was written in.
    Task(String, String),
    /// Runs a block in the hooked task's frame.
    Block(BlockId),
}

/// One registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hook {
    /// When.
    pub when: When,
    /// Only around these tasks; `None` for all. Names as written.
    pub only: Option<Vec<String>>,
    /// Not around these; not looked at where `only` is given.
    pub except: Vec<String>,
    /// The namespace in which the hook was registered: names in it may be short.
    pub namespace: String,
    /// What.
    pub action: HookAction,
    /// Where it is named.
    pub origin: Option<Origin>,
    /// Where the tasks that it runs around are named.
    pub around: Option<Origin>,
}
