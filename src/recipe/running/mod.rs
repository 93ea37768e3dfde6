//! Runs recipes: the interpreter, what verbs and functions do, blocks, limits.

pub(super) mod action;
pub(super) mod asleep;
pub(super) mod block;
pub(super) mod call;
pub(super) mod channel;
pub(super) mod command;
pub(super) mod connection;
pub(super) mod download;
pub(super) mod functions;
pub(super) mod hooks;
pub(super) mod interpreter;
pub(super) mod limits;
pub(super) mod loader;
pub(super) mod missing;
pub(super) mod names;
pub(super) mod parallel;
pub(super) mod passwords;
pub(super) mod role_block;
pub(super) mod rollback;
pub(super) mod secrets;
pub(super) mod shown;
pub(super) mod sources;
pub(super) mod stack;
pub(super) mod stdlib;
pub(super) mod surroundings;
pub(super) mod verbs;
