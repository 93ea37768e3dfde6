//! Finds the recipe where none was named.

use std::path::{Path, PathBuf};

/// Looked for in this order in each directory.
pub(super) const NAMES: [&str; 3] = ["Caprfile", "deploy.rhai", "config/deploy.rhai"];

/// The directory, from `start` upwards, that has a recipe, and the recipe's path from there.
pub(super) fn find(start: &Path) -> Option<(PathBuf, PathBuf)> {
    start.ancestors().find_map(|directory| {
        NAMES
            .iter()
            .find(|name| directory.join(name).metadata().is_ok_and(|there| !there.is_dir()))
            .map(|name| (directory.to_owned(), PathBuf::from(name)))
    })
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
