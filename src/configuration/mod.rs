//! Plain data that a recipe builds: servers, roles, tasks, hooks, variables.

mod around;
mod filter;
mod hooks;
mod kind;
mod nearest;
mod outline;
mod role;
mod run_options;
mod selection;
mod server;
mod summary;
mod task;
mod value;
mod variables;

pub(crate) use filter::{Filter, ServerChoice};
pub(crate) use hooks::{Hook, HookAction, When};
pub(crate) use kind::VariableKind;
pub(crate) use nearest::{did_you_mean, nearest, suggestion};
pub(crate) use outline::{Act, Graph, GraphTask, Link, Outline, ReadVariable, TaskStep};
pub(crate) use role::{Assignment, AttributeError, Roles};
pub(crate) use run_options::{Environment, RunOptions, Shell, Stdin, is_umask};
pub(crate) use selection::{Selection, SelectionError, select};
pub(crate) use server::{HOST_RULE, Server, ServerSyntax, USER_RULE, is_plain_host, is_plain_user};
pub(crate) use summary::{Addressed, Servers, Shown, TaskSummary, Variable};
pub(crate) use task::{Task, TaskId, Tasks, clean_description, is_internal, join, outwards};
pub(crate) use value::{Attributes, Value};
pub(crate) use variables::{Setter, Setting, VariableRead, Variables, is_variable_name};

/// The number of a block of the recipe that is kept for later; only the recipe layer knows its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct BlockId(pub usize);

/// Everything that a recipe defines; `V` is the recipe layer's type for the values of variables.
#[derive(Clone, Debug)]
pub(crate) struct Configuration<V> {
    /// The variables, by `set`.
    pub variables: Variables<V>,
    /// The roles, by `role` and `server`.
    pub roles: Roles,
    /// The tasks, by `task`.
    pub tasks: Tasks,
    /// The hooks, by `before`, `after` and `on`, in the order in which they were registered.
    pub hooks: Vec<Hook>,
    /// The number of hooks that were registered when those of `load` ran last.
    loaded: usize,
}

impl<V> Default for Configuration<V> {
    fn default() -> Self {
        Self {
            variables: Variables::default(),
            roles: Roles::default(),
            tasks: Tasks::default(),
            hooks: Vec::new(),
            loaded: 0,
        }
    }
}
