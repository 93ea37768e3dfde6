//! The directories in which Bundler and RubyGems keep gems, in the order in which they are searched. Only these levels are looked at.

use std::fs;
use std::path::{Path, PathBuf};

/// The most entries of a directory that are looked at.
const MOST: usize = 5000;

/// The places of gems that the person and the environment name.
#[derive(Clone, Debug, Default)]
pub(crate) struct GemPlaces {
    /// The directories that the person names: of gems, of checkouts, or of one gem.
    pub(crate) named: Vec<PathBuf>,
    /// `BUNDLE_PATH`.
    pub(crate) bundle_path: Option<PathBuf>,
    /// `GEM_HOME`, then those of `GEM_PATH`.
    pub(crate) gem_paths: Vec<PathBuf>,
    /// The home directory.
    pub(crate) home: Option<PathBuf>,
    /// The directories of rbenv, RVM, asdf and mise if the environment names them.
    pub(crate) of_managers: Vec<PathBuf>,
    /// True if the gems of the system are searched.
    pub(crate) with_system: bool,
}

/// The directories of a system, each for one version of Ruby or for all.
const SYSTEM: &[&str] = &[
    "/var/lib/gems/*/gems",
    "/usr/local/lib/ruby/gems/*/gems",
    "/usr/local/bundle/gems",
    "/usr/local/bundle/bundler/gems",
    "/usr/lib/ruby/gems/*/gems",
    "/usr/lib64/ruby/gems/*/gems",
    "/usr/share/gems/gems",
    "/usr/share/rubygems-integration/*/gems",
    "/opt/rubies/*/lib/ruby/gems/*/gems",
    "/usr/local/rvm/gems/*/gems",
    "/usr/local/rvm/gems/*/bundler/gems",
];

/// The directories below the home directory.
const OF_HOME: &[&str] = &[
    ".gem/ruby/*/gems",
    ".gem/ruby/*/bundler/gems",
    ".local/share/gem/ruby/*/gems",
    ".bundle/ruby/*/gems",
    ".bundle/ruby/*/bundler/gems",
    ".rbenv/versions/*/lib/ruby/gems/*/gems",
    ".rbenv/versions/*/lib/ruby/gems/*/bundler/gems",
    ".rvm/gems/*/gems",
    ".rvm/gems/*/bundler/gems",
    ".asdf/installs/ruby/*/lib/ruby/gems/*/gems",
    ".asdf/installs/ruby/*/lib/ruby/gems/*/bundler/gems",
    ".local/share/mise/installs/ruby/*/lib/ruby/gems/*/gems",
    ".local/share/mise/installs/ruby/*/lib/ruby/gems/*/bundler/gems",
    ".rubies/*/lib/ruby/gems/*/gems",
    ".rubies/*/lib/ruby/gems/*/bundler/gems",
];

/// The directories below the one of a manager of Rubies.
const OF_MANAGERS: &[&str] = &[
    "versions/*/lib/ruby/gems/*/gems",
    "versions/*/lib/ruby/gems/*/bundler/gems",
    "gems/*/gems",
    "gems/*/bundler/gems",
    "installs/ruby/*/lib/ruby/gems/*/gems",
    "installs/ruby/*/lib/ruby/gems/*/bundler/gems",
];

impl GemPlaces {
    /// Returns the directories with gems that exist, for the project in this directory.
    pub(super) fn directories(&self, root: &Path) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut below = |base: &Path, patterns: &[&str]| {
            for pattern in patterns {
                for directory in matching(base, pattern) {
                    if !found.contains(&directory) {
                        found.push(directory);
                    }
                }
            }
        };
        let configured = bundle_path(root).or_else(|| self.bundle_path.clone());
        for base in configured.into_iter().map(|path| root.join(path)) {
            below(&base, &["ruby/*/gems", "ruby/*/bundler/gems", "gems", "bundler/gems"]);
        }
        for base in ["vendor/bundle", "vendor/bundler"] {
            below(&root.join(base), &["ruby/*/gems", "ruby/*/bundler/gems"]);
        }
        below(root, &["vendor/gems"]);
        for base in &self.gem_paths {
            below(base, &["gems", "bundler/gems"]);
        }
        for base in &self.of_managers {
            below(base, OF_MANAGERS);
        }
        if let Some(base) = &self.home {
            below(base, OF_HOME);
        }
        if self.with_system {
            below(
                Path::new("/"),
                &SYSTEM
                    .iter()
                    .map(|path| path.trim_start_matches('/'))
                    .collect::<Vec<_>>(),
            );
        }
        found
    }
}

/// Returns the `BUNDLE_PATH` in `.bundle/config` of a project.
fn bundle_path(root: &Path) -> Option<PathBuf> {
    let text = fs::read_to_string(root.join(".bundle/config")).ok()?;
    let value = text.lines().find_map(|line| line.strip_prefix("BUNDLE_PATH:"))?;
    Some(PathBuf::from(value.trim().trim_matches(['"', '\''])))
}

/// Returns the directories that a pattern names, in which `*` is one level; the newest names come first.
fn matching(base: &Path, pattern: &str) -> Vec<PathBuf> {
    let mut found = vec![base.to_owned()];
    for part in pattern.split('/') {
        found = match part {
            "*" => found
                .iter()
                .flat_map(|directory| entries(directory).into_iter().rev())
                .collect(),
            part => found.into_iter().map(|directory| directory.join(part)).collect(),
        };
        found.retain(|directory| directory.is_dir());
    }
    found
}

/// Returns the entries of a directory in order; none if it cannot be read.
pub(super) fn entries(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.take(MOST).map(|entry| entry.path()).collect();
    crate::sort::by(&mut paths, Ord::cmp);
    paths
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::fs;

    use super::GemPlaces;

    #[test]
    fn the_directories_of_bundler_come_before_those_of_the_environment_and_of_the_home_directory() {
        let there = tempfile::tempdir().unwrap();
        let at = |path: &str| there.path().join(path);
        for path in [
            "app/.bundle",
            "app/deps/ruby/3.1.0/gems",
            "app/deps/ruby/3.1.0/bundler/gems",
            "app/vendor/bundle/ruby/2.7.0/gems",
            "env/gems",
            "home/.rbenv/versions/3.2.0/lib/ruby/gems/3.2.0/gems",
            "home/.rbenv/versions/3.3.0/lib/ruby/gems/3.3.0/gems",
        ] {
            fs::create_dir_all(at(path)).unwrap();
        }
        fs::write(at("app/.bundle/config"), "---\nBUNDLE_PATH: \"deps\"\n").unwrap();
        let places = GemPlaces {
            gem_paths: vec![at("env"), at("nowhere")],
            home: Some(at("home")),
            ..GemPlaces::default()
        };
        let found = places.directories(&at("app"));
        let found: Vec<_> = found
            .iter()
            .map(|path| path.strip_prefix(there.path()).unwrap())
            .collect();
        let wanted = [
            "app/deps/ruby/3.1.0/gems",
            "app/deps/ruby/3.1.0/bundler/gems",
            "app/vendor/bundle/ruby/2.7.0/gems",
            "env/gems",
            "home/.rbenv/versions/3.3.0/lib/ruby/gems/3.3.0/gems",
            "home/.rbenv/versions/3.2.0/lib/ruby/gems/3.2.0/gems",
        ];
        assert_eq!(found, wanted.map(std::path::Path::new));
    }
}
