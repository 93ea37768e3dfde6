//! The limits of a library: a repository of somebody else must not fill disk or memory.

use std::time::Duration;

/// The most files of a tree.
pub(super) const FILES: usize = 2_000;
/// The most bytes of all its files.
pub(super) const BYTES: u64 = 16 << 20;
/// The most bytes of a path in it.
pub(super) const PATH: usize = 240;
/// The most directories inside each other.
pub(super) const DEPTH: usize = 12;
/// The most libraries of a project, with those that they need.
pub(super) const LIBRARIES: usize = 100;
/// The most bytes of one file that a program may write: the pack that git receives, a tarball that was compressed.
pub(super) const DOWNLOAD: u64 = 256 << 20;
/// The most bytes that are read of a program's output: all files of a tree, and a line for each.
pub(super) const SAID: u64 = BYTES + (FILES * (PATH + 128)) as u64;
/// The longest time for a program.
pub(super) const PATIENCE: Duration = Duration::from_secs(300);
