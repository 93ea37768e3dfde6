//! Sessions over SSH.

pub mod agent;
pub mod known_hosts;
mod pattern;
