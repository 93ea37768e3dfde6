//! Sessions over SSH.

pub mod known_hosts;
mod pattern;
