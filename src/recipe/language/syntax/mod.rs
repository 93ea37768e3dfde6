//! Recipes as sources: words are marked before Rhai parses them, and errors are described in words that their author knows.
//! Nothing is evaluated here.

mod ahead;
pub(in crate::recipe) mod classes;
pub(in crate::recipe) mod cut;
mod error_place;
pub(in crate::recipe) mod errors;
mod fragments;
mod habits;
pub(in crate::recipe) mod layout;
pub(in crate::recipe) mod lines;
mod locals;
pub(in crate::recipe) mod marks;
pub(in crate::recipe) mod named;
mod numbers;
pub(in crate::recipe) mod reading;
pub(in crate::recipe) mod recovery;
pub(in crate::recipe) mod ruby;
mod ruby_lines;
pub(in crate::recipe) mod unfilled;
pub(in crate::recipe) mod words;
