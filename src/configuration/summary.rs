//! What is told of a loaded recipe: its tasks, the servers that they address, its variables.

use super::task::is_internal;
use super::{Setting, Value};

/// A task as `-T` and `-e` show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskSummary {
    /// Full name: `deploy:web:disable`.
    pub name: String,
    /// The whole cleaned description.
    pub description: Option<String>,
}

impl TaskSummary {
    /// Returns true if `-T` lists it: it has a description and is not internal.
    pub fn is_public(&self) -> bool {
        self.description.as_deref().is_some_and(|text| !text.is_empty()) && !self.is_internal()
    }

    /// Returns true if it is there for other tasks alone.
    pub fn is_internal(&self) -> bool {
        is_internal(self.description.as_deref())
    }
}

/// A task and the servers its commands go to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addressed {
    /// Full name.
    pub task: String,
    /// Where it is about one command of the task that says something else than the task: its verb and line.
    pub command: Option<(String, usize)>,
    /// What it says about its servers: `roles: app, only: {primary: true}`; empty where it says nothing.
    pub conditions: String,
    /// What the person says over it: `HOSTFILTER=app1`.
    pub filters: Vec<String>,
    /// The servers.
    pub servers: Servers,
}

/// What came of a selection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Servers {
    /// Each with its roles, in order; perhaps none.
    Found(Vec<(String, Vec<String>)>),
    /// Why there can be none.
    Wrong(String),
}

/// A variable as `capr vars` shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Who has set it.
    pub setting: Setting,
    /// The settings that do not hold, in order.
    pub overridden: Vec<Setting>,
    /// Its meaning, where a recipe says one.
    pub meaning: Option<String>,
    /// What was asked for.
    pub value: Option<Shown>,
}

/// A value as far as it can be shown.
#[derive(Clone, Debug, PartialEq)]
pub enum Shown {
    /// Without what is secret in it.
    Value(Value),
    /// The variable holds a secret by its name.
    Secret,
    /// Why its block gives no value now.
    Failed(String),
}
