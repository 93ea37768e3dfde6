//! Recipes as texts: words are sorted out before Rhai parses them, and errors are told in words that their author knows.
//! Nothing is evaluated here.

pub(super) mod classes;
pub(super) mod errors;
mod fragments;
mod habits;
pub(super) mod layout;
pub(super) mod lines;
mod locals;
pub(super) mod named;
mod numbers;
pub(super) mod recovery;
pub(super) mod ruby;
mod ruby_lines;
pub(super) mod words;
