//! Servers reached over SSH: one thread per server owns its connection and all commands on it.
//!
//! ```text
//! connector       starts the thread of a server; the owner's handle
//!   environment     facts and files of this machine
//!   inbox           the orders to it, and its output that was not taken yet
//!   establish       logs in: a socket, the keys, the host key, authentication
//!     config          ~/.ssh/config, certificates' rules and defaults become settings of one server
//!     tcp, proxy_command, gateway (with pipe, tunnel)   the three ways to a socket
//!     attempt         one login on one socket, step by step within its deadline
//!       offer, algorithms   the algorithms that are offered
//!       exchange            the proof that the server holds its host key
//!       hostkey, known_hosts, certificate   the known keys
//!       auth                keys (agent, files), passwords, answers
//!   worker          runs the commands of a connection
//!     job             one command, from its channel to its exit
//!       beginning, ending   its first and last words, and the signals that end it (errand, family: by proof)
//!     channels        those that belong to no command
//!     silence         keepalive questions
//!     agent_forwarding    the person's agent for the server, bound to this connection (agent_guard)
//!       channel         channels of libssh2; the only `unsafe` code of this folder
//! used by several: login, connection (what goes into a login and comes out), key_rules, pattern, program, wire, agent
//! ```
//!
//! A login goes from `connector` to `establish`, `attempt` and `auth`; a command goes from the handle in `connector` through
//! `inbox` to `worker`, `job` and `channel`, and its output comes back as [`Report`](crate::session::Report)s. A file names only
//! files below it, but for `establish` and `gateway`: the way to a server may begin with a login at another one. `command_line`
//! and `survey` are for programs and for the doctor, and connect nothing.

pub(crate) mod agent;
mod agent_forwarding;
mod agent_guard;
mod algorithms;
mod attempt;
mod auth;
mod beginning;
mod certificate;
mod channel;
mod channels;
mod command_line;
pub(crate) mod config;
mod connection;
mod connector;
mod ending;
mod environment;
mod errand;
mod establish;
mod exchange;
mod family;
#[cfg(any(test, feature = "fuzz"))]
pub(crate) mod fuzz;
mod gateway;
mod hostkey;
mod inbox;
mod job;
mod key_rules;
pub(crate) mod known_hosts;
mod login;
mod offer;
mod pattern;
mod pipe;
mod program;
mod proxy_command;
mod silence;
mod survey;
mod tcp;
mod tunnel;
mod wire;
mod worker;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

pub(crate) use self::command_line::command_line;
pub(crate) use self::connector::SshConnector;
pub(crate) use self::environment::SshEnvironment;
pub(crate) use self::survey::{AgentKey, FileKey, KnownHostsFile, Survey};
