//! The releases of capr itself: the tags of its repository.

use std::time::Duration;

use super::git::{self, Manner};
use super::not_taken::NotTaken;
use super::version::Version;

/// The longest time for each of the two calls of git.
const PATIENCE: Duration = Duration::from_secs(10);

/// The newest release of a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Newest {
    /// Its version.
    pub version: String,
    /// True if this program is older.
    pub is_newer: bool,
}

/// Asks a repository for the newest release; `None` if it has none. Tags that are no versions (`v1.0.0-rc1`) do not count.
///
/// # Errors
///
/// git is missing, the repository does not answer in time, or it refuses.
pub(crate) fn newest(url: &str, ssh: Option<&str>) -> Result<Option<Newest>, NotTaken> {
    let directory = tempfile::tempdir()?;
    let manner = Manner {
        may_ask: false,
        ssh: ssh.map(str::to_owned),
        patience: Some(PATIENCE),
    };
    Ok(newest_of(&git::tags(url, directory.path(), &manner)?))
}

fn newest_of(tags: &[String]) -> Option<Newest> {
    let versions = tags.iter().filter_map(|tag| tag.parse::<Version>().ok());
    versions.max().map(|version| Newest {
        version: version.to_string(),
        is_newer: version > Version::of_capr(),
    })
}

#[cfg(test)]
mod tests {
    use super::newest_of;

    #[test]
    fn the_newest_release_is_the_highest_version_and_no_other_tag() {
        let newest = |tags: &[&str]| {
            let tags: Vec<String> = tags.iter().map(|tag| (*tag).to_owned()).collect();
            newest_of(&tags).map(|newest| (newest.version, newest.is_newer))
        };
        assert_eq!(newest(&[]), None);
        assert_eq!(newest(&["stable", "v99.0.0-rc1"]), None);
        assert_eq!(newest(&["v0.0.9", "v0.0.10"]), Some(("0.0.10".to_owned(), false)));
        assert_eq!(
            newest(&[concat!("v", env!("CARGO_PKG_VERSION"))]).map(|found| found.1),
            Some(false)
        );
        assert_eq!(
            newest(&["v9.0.0", "v10.1.0", "v2.0.0"]),
            Some(("10.1.0".to_owned(), true))
        );
    }
}
