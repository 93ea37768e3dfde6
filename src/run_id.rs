//! The name of a run: it is in the run's JSON log, and in everything that the run leaves on servers and on this machine.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::time::SystemTime;

use serde::Serialize;

/// A run's name, made at its start: sixteen random hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct RunId(String);

impl RunId {
    /// Makes the name of a new run.
    pub fn new() -> Self {
        // The hash keys are random numbers from the system.
        let chance = RandomState::new().hash_one((std::process::id(), SystemTime::now()));
        Self(format!("{chance:016x}"))
    }

    /// Returns the name of a run that continues.
    pub fn known(name: &str) -> Self {
        Self(name.to_owned())
    }

    /// Returns the name as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for RunId {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::RunId;

    #[test]
    fn no_two_runs_have_one_name() {
        let names: HashSet<RunId> = (0..1000).map(|_| RunId::new()).collect();
        assert_eq!(names.len(), 1000);
        let is_hexadecimal = |name: &RunId| name.as_str().len() == 16 && u64::from_str_radix(name.as_str(), 16).is_ok();
        assert!(names.iter().all(is_hexadecimal));
    }
}
