//! The hooks that run around tasks: `before`, `after` and the events of a run.

use super::BlockId;
use crate::origin::Origin;

/// The moment at which a hook runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    /// Before a task's body; a failure keeps the body from running.
    Before,
    /// After a task's body, if that did not fail.
    After,
    /// Before a task that was named on the command line.
    Start,
    /// After a task that was named on the command line.
    Finish,
    /// Once, when all recipes are loaded; for a hook that a stage registers, when that stage is loaded.
    Load,
    /// Once, when the stage is known and before its file is loaded.
    Stage,
    /// Once, when all tasks of the command line succeeded.
    Exit,
    /// After a task that was named on the command line has failed, and was rolled back.
    Failure,
}

impl When {
    /// Returns the word for it in a recipe.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::After => "after",
            Self::Start => "start",
            Self::Finish => "finish",
            Self::Load => "load",
            Self::Stage => "stage",
            Self::Exit => "exit",
            Self::Failure => "failure",
        }
    }

    /// Returns the event of this name.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        [
            Self::Before,
            Self::After,
            Self::Start,
            Self::Finish,
            Self::Load,
            Self::Stage,
            Self::Exit,
            Self::Failure,
        ]
        .into_iter()
        .find(|when| when.name() == name)
    }
}

/// The action of a hook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum HookAction {
    /// Runs a task on its own servers. These are the name as it is written, and the namespace in which it is written.
    Task(String, String),
    /// Runs a block in the hooked task's frame.
    Block(BlockId),
}

/// One hook that was registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hook {
    /// The moment at which it runs.
    pub when: When,
    /// The tasks that it runs around, named as they are written; `None` means all.
    pub only: Option<Vec<String>>,
    /// The tasks that it does not run around. They are ignored if `only` is given.
    pub except: Vec<String>,
    /// The namespace in which the hook was registered: names in it may be relative to that.
    pub namespace: String,
    /// The action.
    pub action: HookAction,
    /// The place where the action is named.
    pub origin: Option<Origin>,
    /// The place where the tasks that it runs around are named.
    pub around: Option<Origin>,
}
