//! Sessions over SSH.

pub mod agent;
pub mod config;
pub mod known_hosts;
mod pattern;
