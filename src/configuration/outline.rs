//! The outline of a task, read from its source: its steps in their order, with the tasks and hooks among them, its servers, and
//! the variables that it reads.

use super::{Addressed, Setting};
use crate::origin::Origin;

/// A task with everything that it consists of.
#[derive(Clone, Debug)]
pub struct Outline {
    /// The full name.
    pub task: String,
    /// The whole description, cleaned.
    pub description: Option<String>,
    /// The place where it is defined.
    pub origin: Origin,
    /// True if the standard library defines it.
    pub is_of_library: bool,
    /// Its servers, and its own selection of servers.
    pub addressed: Addressed,
    /// Its other options: `lock`, and the options for all of its commands.
    pub options: Vec<(&'static str, String)>,
    /// The variables that its body and the functions it calls name, in the order in which they are named.
    pub reads: Vec<ReadVariable>,
    /// Its steps, in the order of the source, including the hooks around it.
    pub steps: Vec<TaskStep>,
    /// True if its steps are left out: they are shown where the task is named first, it is one of its own steps, or it is too
    /// deep.
    pub is_again: bool,
}

/// A variable that a task reads.
#[derive(Clone, Debug)]
pub struct ReadVariable {
    /// Its name.
    pub name: String,
    /// The code that set it; `None` if nothing has set it yet.
    pub setting: Option<Setting>,
}

/// One thing that a task does, or that holds for others.
#[derive(Clone, Debug)]
pub struct TaskStep {
    /// The action itself.
    pub act: Act,
    /// The place where it is written.
    pub origin: Option<Origin>,
    /// The steps in its block.
    pub steps: Vec<Self>,
}

/// The action of a step.
#[derive(Clone, Debug)]
pub enum Act {
    /// Runs a task.
    Task(Box<Outline>),
    /// Runs a hook: the task or the block below it.
    Hook(&'static str),
    /// Calls a verb; its arguments are shown as they are written.
    Command {
        /// Its name.
        verb: &'static str,
        /// Its arguments; secrets that are written out are starred.
        text: String,
        /// True if it runs on this machine.
        is_local: bool,
        /// Its servers, if they differ from those of the task.
        addressed: Option<Addressed>,
    },
    /// A block that holds for the steps in it: `transaction`, `parallel`, `within "…"`.
    Block {
        /// The verb.
        verb: &'static str,
        /// Its arguments.
        text: String,
        /// Its servers, if they differ from those of the task.
        addressed: Option<Addressed>,
    },
    /// A condition or a loop, by its line in the source: `if exists(:x)`.
    Under(String),
}

/// A task in the graph of all tasks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GraphTask {
    /// The full name.
    pub name: String,
    /// The first sentence of its description.
    pub said: Option<String>,
    /// True if the standard library defines it.
    pub is_of_library: bool,
}

/// The reason for which one task leads to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Link {
    /// The first calls the second.
    Calls,
    /// The second is a hook before the first.
    Before,
    /// The second is a hook after the first.
    After,
}

/// Tasks and the links between them; a link names its tasks by their indices.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Graph {
    /// The tasks, in the order in which they are found.
    pub tasks: Vec<GraphTask>,
    /// The links, each once.
    pub links: Vec<(usize, usize, Link)>,
}
