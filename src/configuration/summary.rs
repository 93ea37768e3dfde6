//! The facts about a loaded recipe that are shown: its tasks, the servers that they address, and its variables.

use super::task::is_internal;
use super::{Setting, Value};

/// A task in the form in which `-T` and `-e` show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskSummary {
    /// The full name: `deploy:web:disable`.
    pub name: String,
    /// The whole cleaned description.
    pub description: Option<String>,
    /// The names of what it takes in brackets behind its name.
    pub arguments: Vec<String>,
}

impl TaskSummary {
    /// Returns true if `-T` lists the task: it has a description and is not internal.
    pub fn is_public(&self) -> bool {
        self.description.as_deref().is_some_and(|text| !text.is_empty()) && !self.is_internal()
    }

    /// Returns the name with what it takes: `db:copy[from,to]`.
    pub fn usage(&self) -> String {
        match self.arguments.as_slice() {
            [] => self.name.clone(),
            names => format!("{}[{}]", self.name, names.join(",")),
        }
    }

    /// Returns true if only other tasks are meant to call the task.
    pub fn is_internal(&self) -> bool {
        is_internal(self.description.as_deref())
    }
}

/// A task and the servers its commands go to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addressed {
    /// The full name of the task.
    pub task: String,
    /// The verb and the line of one command of the task, if this is about a command with a selection of its own.
    pub command: Option<(String, usize)>,
    /// The conditions for the servers: `roles: app, only: {primary: true}`; empty if there are none.
    pub conditions: String,
    /// The conditions that the person has added: `HOSTFILTER=app1`.
    pub filters: Vec<String>,
    /// The servers.
    pub servers: Servers,
}

/// The result of a selection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Servers {
    /// The servers with their roles, in order; the list may be empty.
    Found(Vec<(String, Vec<String>)>),
    /// The reason why there can be none.
    Wrong(String),
}

/// A variable as `capr vars` shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// The setting that is in force.
    pub setting: Setting,
    /// The settings that are overridden, in order.
    pub overridden: Vec<Setting>,
    /// Its meaning, if a recipe gives one.
    pub meaning: Option<String>,
    /// The value, if it was asked for.
    pub value: Option<Shown>,
}

/// A value, as far as it can be shown.
#[derive(Clone, Debug, PartialEq)]
pub enum Shown {
    /// The value, with secrets removed.
    Value(Value),
    /// A secret, as the name of the variable says.
    Secret,
    /// The reason why its block returns no value now.
    Failed(String),
}
