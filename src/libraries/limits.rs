//! The most that a library may be: a repository of somebody else must not fill disk or memory.

use std::time::Duration;

/// Files of a tree.
pub(super) const FILES: usize = 2_000;
/// Bytes of all its files.
pub(super) const BYTES: u64 = 16 << 20;
/// Bytes of a path in it.
pub(super) const PATH: usize = 240;
/// Directories in each other.
pub(super) const DEPTH: usize = 12;
/// Libraries of a project, with those that they need.
pub(super) const LIBRARIES: usize = 100;
/// Bytes of one file that a program may write: the pack that git receives, a tarball that was compressed.
pub(super) const DOWNLOAD: u64 = 256 << 20;
/// Bytes that are read of what a program says: all files of a tree, and a line for each.
pub(super) const SAID: u64 = BYTES + (FILES * (PATH + 128)) as u64;
/// A program that takes longer is ended.
pub(super) const PATIENCE: Duration = Duration::from_secs(300);
