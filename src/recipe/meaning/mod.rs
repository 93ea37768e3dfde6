//! What recipes mean, without running them: what each text says, what is defined, and what is wrong with it.

pub(super) mod asked;
pub(super) mod backticks;
pub(super) mod bared;
pub(super) mod calls;
pub(super) mod claims;
pub(super) mod conditions;
pub(super) mod dialect;
pub(super) mod ends;
pub(super) mod errors;
pub(super) mod escapes;
pub(super) mod findings;
pub(super) mod flow;
pub(super) mod library;
pub(super) mod loads;
pub(super) mod lost;
pub(super) mod mentions;
pub(super) mod missing;
pub(super) mod modules;
pub(super) mod names;
pub(super) mod properties;
pub(super) mod reach;
pub(super) mod read;
pub(super) mod templates;
pub(super) mod types;
