//! Libraries of others that a project has added: those that it wants (`capr.toml`), those that it has (`capr.lock`), and the
//! trees of files, which are compared with their digests whenever one is loaded. Recipes are data here: nothing in a library is
//! run.

mod archive;
mod edit;
#[cfg(any(test, feature = "fuzz"))]
pub(crate) mod fuzz;
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

pub(crate) use git::Manner;
pub(crate) use lock::Locked;
pub(crate) use manifest::{MANIFEST, Manifest, is_name};
pub(crate) use project::Project;
pub(crate) use releases::newest;
pub(crate) use resolve::{Change, Fetched, Resolved, Resolver, tarball_digest};
pub(crate) use shelf::{LibraryRecipe, LibraryShelf};
pub(crate) use source::LibrarySource;
pub(crate) use store::{LibraryState, Places, VENDOR};
pub(crate) use tree::Tree;

use crate::diagnostic::{Diagnostic, Fault};

/// An error, as it is reported.
type Wrong = Box<Diagnostic>;

fn failed(message: impl Into<String>) -> Wrong {
    Box::new(Diagnostic::new(Fault::Failed, message))
}

fn hinted(message: impl Into<String>, hint: impl Into<String>) -> Wrong {
    Box::new(Diagnostic::new(Fault::Failed, message).hint(hint))
}
