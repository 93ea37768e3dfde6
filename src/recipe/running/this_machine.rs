//! The things of this machine that a run uses: the environment, the home directory, temporary directories.

use std::cell::RefCell;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use rhai::{Dynamic, Map};

use super::surroundings::Options;
use crate::recipe::language::values::map;

/// The environment and the directories of a run.
pub(in crate::recipe) struct ThisMachine {
    /// The environment as recipes see it. It is shared, so that `ENV["NAME"] = …` changes it.
    environment: Dynamic,
    /// The environment that capr was started with, which its local commands have by themselves.
    inherited: Map,
    home: Option<PathBuf>,
    /// Directories that are removed at the end.
    temporary: RefCell<Vec<tempfile::TempDir>>,
}

impl ThisMachine {
    pub(super) fn of(options: &Options) -> Self {
        let environment = options.environment.iter();
        let environment = map(environment.map(|(name, value)| (name.as_str(), value.clone())));
        Self {
            environment: Dynamic::from_map(environment.clone()).into_shared(),
            inherited: environment,
            home: options.home.clone(),
            temporary: RefCell::default(),
        }
    }

    /// Returns the environment in the form in which recipes change it.
    pub(super) fn shared_environment(&self) -> Dynamic {
        self.environment.clone()
    }

    /// Reads the environment; no recipe runs meanwhile.
    pub(super) fn read_environment<T: Default>(&self, read: impl FnOnce(&Map) -> T) -> T {
        self.environment
            .read_lock::<Map>()
            .map(|environment| read(&environment))
            .unwrap_or_default()
    }

    /// Returns a copy of the environment.
    pub(in crate::recipe) fn environment(&self) -> Map {
        self.read_environment(Map::clone)
    }

    /// Returns a variable of the environment.
    pub(super) fn environment_variable(&self, name: &str) -> Option<String> {
        self.read_environment(|environment| environment.get(name).map(ToString::to_string))
    }

    /// Sets a variable of the environment.
    pub(in crate::recipe) fn set_environment_variable(&self, name: String, value: String) {
        self.change_environment(|environment| {
            environment.insert(name.into(), value.into());
        });
    }

    /// Puts another environment in its place.
    pub(in crate::recipe) fn replace_environment(&self, by: Map) {
        self.change_environment(|environment| *environment = by);
    }

    fn change_environment(&self, change: impl FnOnce(&mut Map)) {
        let mut shared = self.environment.clone();
        if let Some(mut environment) = shared.write_lock::<Map>() {
            change(&mut environment);
        }
    }

    /// Returns the part of the environment that the recipe has changed.
    pub(super) fn changed_environment(&self) -> IndexMap<String, String> {
        let is_own = |name: &str, value: &Dynamic| {
            let before = self.inherited.get(name).map(Dynamic::to_string);
            before.as_deref() != Some(value.to_string().as_str()) && !value.is_unit()
        };
        self.read_environment(|environment| {
            let changed = environment.iter().filter(|(name, value)| is_own(name, value));
            changed
                .map(|(name, value)| (name.to_string(), value.to_string()))
                .collect()
        })
    }

    /// Returns the home directory of the person.
    pub(super) fn home(&self) -> Option<&Path> {
        self.home.as_deref()
    }

    /// Returns a path with `~/` at its beginning replaced by the home directory.
    pub(in crate::recipe) fn path(&self, path: &str) -> PathBuf {
        match (path.strip_prefix("~/"), &self.home) {
            (Some(rest), Some(home)) => home.join(rest),
            _ => PathBuf::from(path),
        }
    }

    /// Makes a directory that nobody else can read and that is removed at the end; returns its path.
    pub(super) fn temporary_directory(&self) -> std::io::Result<PathBuf> {
        let made = tempfile::Builder::new()
            .prefix("capr-")
            .permissions(Permissions::from_mode(0o700))
            .tempdir()?;
        let path = made.path().to_owned();
        self.temporary.borrow_mut().push(made);
        Ok(path)
    }
}
