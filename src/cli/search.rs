//! Finds the recipe if none was named, and the libraries that go with it; decides whose files are run.

use std::path::{Path, PathBuf};

use crate::libraries::LibraryShelf;
use crate::trust::Trust;

use super::shell::Invocation;

/// The names of recipes, in the order in which each directory is searched for them.
pub(super) const NAMES: [&str; 3] = ["Caprfile", "deploy.rhai", "config/deploy.rhai"];

/// Returns the directory, from `start` upwards, that has a recipe, and the recipe's path from there.
pub(super) fn find(start: &Path) -> Option<(PathBuf, PathBuf)> {
    start.ancestors().find_map(|directory| {
        NAMES
            .iter()
            .find(|name| directory.join(name).metadata().is_ok_and(|there| !there.is_dir()))
            .map(|name| (directory.to_owned(), PathBuf::from(name)))
    })
}

/// The places in which libraries are looked for.
pub(super) struct Libraries {
    /// The project's directories, and those of `CAPR_PATH`.
    pub(super) first: Vec<PathBuf>,
    /// The libraries that the project has added.
    pub(super) added: LibraryShelf,
    /// The user's.
    pub(super) last: Vec<PathBuf>,
}

/// Returns the places for the libraries of a recipe; `base` is the directory that its path is seen from.
pub(super) fn libraries(recipes: &[PathBuf], base: &Path, shell: &Invocation) -> Libraries {
    let mut first = Vec::new();
    let beside = recipes.first().and_then(|recipe| recipe.parent());
    if let Some(beside) = beside {
        // The project of `config/deploy.rhai` is the directory above `config`.
        if beside.file_name().is_some_and(|name| name == "config")
            && let Some(above) = beside.parent()
        {
            first.push(above.join("lib/capr"));
        }
        first.push(beside.join("lib/capr"));
    }
    let listed = shell.variable("CAPR_PATH").unwrap_or_default().split(':');
    let listed = listed.filter(|directory| !directory.is_empty());
    first.extend(listed.map(|directory| shell.directory.join(directory)));
    let configured = shell.variable("XDG_CONFIG_HOME").map(PathBuf::from);
    let configured = configured.or_else(|| Some(Path::new(shell.variable("HOME")?).join(".config")));
    Libraries {
        first,
        added: LibraryShelf::new(&base.join(beside.unwrap_or(Path::new(""))), base, cache(shell)),
        last: configured
            .map(|directory| directory.join("capr/lib"))
            .into_iter()
            .collect(),
    }
}

/// Returns the directory of the libraries that were fetched.
pub(super) fn cache(shell: &Invocation) -> Option<PathBuf> {
    let caches = shell.variable("XDG_CACHE_HOME").map(PathBuf::from);
    let caches = caches.filter(|directory| directory.is_absolute());
    let caches = caches.or_else(|| Some(Path::new(shell.variable("HOME")?).join(".cache")));
    caches.map(|directory| directory.join("capr/lib"))
}

/// Returns the files that are trusted besides our own and root's: those of the caller of `sudo`, those that the person named, and
/// those in directories of `CAPR_TRUST` and of `--stdlib`.
pub(super) fn trust(said: &[PathBuf], stdlib: Option<&Path>, shell: &Invocation) -> Trust {
    let mut trust = Trust::default();
    trust.caller(shell.variable("SUDO_UID"));
    for file in said {
        trust.name(&shell.directory.join(file));
    }
    let listed = shell.variable("CAPR_TRUST").unwrap_or_default().split(':');
    for directory in listed.filter(|directory| Path::new(directory).is_absolute()) {
        trust.believe(Path::new(directory));
    }
    stdlib.into_iter().for_each(|directory| trust.believe(directory));
    trust
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::find;
    use std::fs;
    use std::path::Path;

    #[test]
    fn d22_the_nearest_directory_upwards_that_has_a_recipe_wins() {
        let root = tempfile::tempdir().unwrap();
        let below = root.path().join("app/models");
        fs::create_dir_all(&below).unwrap();
        fs::create_dir(root.path().join("config")).unwrap();
        fs::write(root.path().join("config/deploy.rhai"), "").unwrap();
        let found = |name: &str| Some((root.path().to_owned(), Path::new(name).to_owned()));
        assert_eq!(find(&below), found("config/deploy.rhai"));
        fs::write(root.path().join("Caprfile"), "").unwrap();
        assert_eq!(find(&below), found("Caprfile"));
        fs::write(below.join("deploy.rhai"), "").unwrap();
        assert_eq!(find(&below), Some((below.clone(), Path::new("deploy.rhai").to_owned())));
    }
}
