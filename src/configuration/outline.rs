//! What a task does as far as its text says it: its steps in their order, the tasks and hooks among them, its servers, the variables
//! that it reads.

use super::{Addressed, Setting};
use crate::origin::Origin;

/// A task with all that it comes to.
#[derive(Clone, Debug)]
pub struct Outline {
    /// Full name.
    pub task: String,
    /// The whole cleaned description.
    pub description: Option<String>,
    /// Where it is defined.
    pub origin: Origin,
    /// The library defines it.
    pub is_of_library: bool,
    /// Its servers, and what it says about them.
    pub addressed: Addressed,
    /// What it says besides: `lock`, and options for all its commands.
    pub options: Vec<(&'static str, String)>,
    /// The variables that its body and its functions name, in the order they are named.
    pub reads: Vec<ReadVariable>,
    /// In the order of the text; hooks around it among them.
    pub steps: Vec<Step>,
    /// Its steps are told where it is named first, or it is one of its own steps.
    pub is_again: bool,
}

/// A variable that a task reads.
#[derive(Clone, Debug)]
pub struct ReadVariable {
    /// Its name.
    pub name: String,
    /// Who has set it; `None` where nobody has yet.
    pub setting: Option<Setting>,
}

/// One thing that a task does, or that holds for others.
#[derive(Clone, Debug)]
pub struct Step {
    /// What is done.
    pub act: Act,
    /// Where it is written.
    pub origin: Option<Origin>,
    /// What stands in its block.
    pub steps: Vec<Self>,
}

/// What a step does.
#[derive(Clone, Debug)]
pub enum Act {
    /// Runs a task.
    Task(Box<Outline>),
    /// Runs a hook: the task or the block below it.
    Hook(&'static str),
    /// Calls a verb, with what it is given as it is written.
    Command {
        /// Its name.
        verb: &'static str,
        /// Secrets that are written out are starred.
        text: String,
        /// It runs on this machine.
        is_local: bool,
        /// Its servers, where it says something else than the task.
        addressed: Option<Addressed>,
    },
    /// A block that holds for the steps in it: `transaction`, `parallel`, `within "…"`.
    Block {
        /// The verb.
        verb: &'static str,
        /// What it is given.
        text: String,
    },
    /// A condition or a loop, by the line of its text: `if exists(:x)`.
    Under(String),
}

/// A task in the graph of all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GraphTask {
    /// Full name.
    pub name: String,
    /// The first sentence of its description.
    pub said: Option<String>,
    /// The library defines it.
    pub is_of_library: bool,
}

/// Why one task leads to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Link {
    /// The first calls the second.
    Calls,
    /// The second is a hook before the first.
    Before,
    /// The second is a hook behind the first.
    After,
}

/// Tasks, and how they lead to each other, by their places among the tasks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Graph {
    /// In the order they are come to.
    pub tasks: Vec<GraphTask>,
    /// Each once.
    pub links: Vec<(usize, usize, Link)>,
}
