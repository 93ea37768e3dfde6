//! Plain data that a recipe builds: servers, roles, tasks, hooks, variables.

mod nearest;
mod role;
mod run_options;
mod selection;
mod server;
mod value;

pub use nearest::nearest;
pub use role::{Assignment, AttributeError, Roles};
pub use run_options::{Environment, RunOptions, Shell};
pub use selection::{Filter, Selection, SelectionError, select};
pub use server::{Server, ServerSyntax};
pub use value::{Attributes, Value};

/// Names a block of the recipe that is kept for later; only the recipe layer knows what is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BlockId(pub usize);
