//! Plain data that a recipe builds: servers, roles, tasks, hooks, variables.

mod server;

pub use server::{Server, ServerSyntax};
