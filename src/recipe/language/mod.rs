//! The language as data: reading recipes, the rows of verbs and functions, and errors. Nothing is evaluated here, and nothing
//! here knows the interpreter.

pub(super) mod capistrano;
pub(super) mod choice;
pub(super) mod function;
pub(super) mod functions;
pub(super) mod gems;
pub(super) mod grammar;
pub(super) mod literal;
pub(super) mod mask;
pub(super) mod meanings;
pub(super) mod options;
pub(super) mod origin;
pub(super) mod secret_name;
pub(super) mod ssh_options;
pub(super) mod syntax;
pub(super) mod takes;
pub(super) mod values;
pub(super) mod verb;
pub(super) mod verbs;
