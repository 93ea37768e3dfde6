//! Tests on a real sshd.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod addresses;
mod agent;
mod algorithms;
mod certificates;
mod commands;
mod gateways;
mod host_keys;
mod keys;
mod logins;
mod looking;
mod untrusted;
