//! Libraries of others that a project has added: those that it wants (`capr.toml`), those that it has (`capr.lock`), and the
//! trees of files, which are compared with their digests whenever one is loaded. Recipes are data here: nothing in a library is
//! run.

mod archive;
mod edit;
#[cfg(any(test, feature = "fuzz"))]
pub mod fuzz;
mod git;
mod limits;
mod lock;
mod manifest;
mod not_taken;
mod program;
mod project;
mod releases;
mod resolve;
mod shelf;
mod source;
mod store;
mod tree;
mod version;

pub use git::Manner;
pub use lock::Locked;
pub use manifest::{MANIFEST, Manifest, is_name};
pub use not_taken::NotTaken;
pub use program::ProgramError;
pub use project::Project;
pub use releases::newest;
pub use resolve::{Change, Fetched, Resolved, Resolver, tarball_digest};
pub use shelf::{LibraryRecipe, LibraryShelf};
pub use source::LibrarySource;
pub use store::{LibraryState, Places, VENDOR};
pub use tree::{Refused, Tree};

use crate::diagnostic::{Diagnostic, Fault};

/// An error, as it is reported.
type Wrong = Box<Diagnostic>;

fn failed(message: impl Into<String>) -> Wrong {
    Box::new(Diagnostic::new(Fault::Failed, message))
}

fn hinted(message: impl Into<String>, hint: impl Into<String>) -> Wrong {
    Box::new(Diagnostic::new(Fault::Failed, message).hint(hint))
}
