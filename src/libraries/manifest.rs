//! `capr.toml`: the libraries that a project wants, and a library's description of itself.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::source::LibrarySource;
use super::version::Version;
use super::{Wrong, failed, hinted};

/// The name of the file.
pub(crate) const MANIFEST: &str = "capr.toml";

/// The name of the deploy library in `[wins]`.
pub(super) const CAPR: &str = "capr";

/// The contents of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Manifest {
    /// The part of a library about itself; `None` if this is no library.
    pub library: Option<About>,
    /// The libraries that are wanted, by name.
    pub libraries: BTreeMap<String, LibrarySource>,
    /// The library whose task or variable is used, by the name of the task or variable: for names that several libraries define.
    pub wins: BTreeMap<String, String>,
}

/// The part of a library about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct About {
    /// Its name.
    pub name: String,
    /// Its version.
    #[serde(default)]
    pub version: Option<String>,
    /// The version of capr that it was made for.
    #[serde(default)]
    pub capr: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    library: Option<About>,
    #[serde(default)]
    libraries: BTreeMap<String, LibrarySource>,
    #[serde(default)]
    wins: BTreeMap<String, String>,
}

impl Manifest {
    /// Reads the file; `file` is its name in errors.
    pub(crate) fn read(file: &str, text: &str) -> Result<Self, Wrong> {
        let written: Written = toml::from_str(text).map_err(|error| unreadable(file, text, &error))?;
        let said = |what: String| failed(format!("{file}: {what}"));
        if let Some(about) = &written.library {
            if !is_name(&about.name) {
                return Err(no_name(file, &about.name));
            }
            for (key, version) in [("version", &about.version), ("capr", &about.capr)] {
                if let Some(version) = version
                    && version.parse::<Version>().is_err()
                {
                    return Err(said(format!(
                        "{key} in [library] is three numbers, such as \"1.0.0\", not {version:?}"
                    )));
                }
            }
        }
        let mut libraries = BTreeMap::new();
        for (name, source) in written.libraries {
            if !is_name(&name) {
                return Err(no_name(file, &name));
            }
            let source = LibrarySource::of(source).map_err(|wrong| said(format!("the library `{name}': {wrong}")))?;
            libraries.insert(name, source);
        }
        if let Some((what, name)) = written.wins.iter().find(|(_, name)| !is_name(name) && *name != CAPR) {
            return Err(said(format!(
                "[wins]: {what:?} takes the name of a library, not {name:?}"
            )));
        }
        Ok(Self {
            library: written.library,
            libraries,
            wins: written.wins,
        })
    }

    /// Returns the version that the library names, as numbers.
    pub(super) fn version(&self) -> Option<Version> {
        self.library.as_ref()?.version.as_deref()?.parse().ok()
    }

    /// Returns the version of capr that it needs, as it is written.
    pub(super) fn capr(&self) -> Option<&str> {
        self.library.as_ref()?.capr.as_deref()
    }
}

/// Returns the error for a file that is not TOML, or contains unknown keys.
pub(super) fn unreadable(file: &str, text: &str, error: &toml::de::Error) -> Wrong {
    let before = error.span().and_then(|span| text.get(..span.start));
    let line = before.map(|before| format!("{file}:{}: ", before.matches('\n').count() + 1));
    let line = line.unwrap_or_else(|| format!("{file}: "));
    failed(format!("{line}{}", error.message().trim().replace('\n', ", ")))
}

fn no_name(file: &str, name: &str) -> Wrong {
    hinted(
        format!("{file}: {name:?} is no name of a library"),
        "a name is made of lower-case letters, digits, `-' and `_', and begins with a letter",
    )
}

/// Returns true if a library may have this name. It becomes a name of a directory.
pub(crate) fn is_name(name: &str) -> bool {
    let mut characters = name.chars();
    name.len() <= 64
        && name != CAPR
        && characters.next().is_some_and(|first| first.is_ascii_lowercase())
        && characters.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_')
}

/// Rejects a library that was made for a later capr than this one.
pub(super) fn check_capr(name: &str, version: Option<&str>, wanted: Option<&str>) -> Result<(), Wrong> {
    let own = Version::of_capr();
    match wanted.and_then(|wanted| wanted.parse().ok()) {
        Some(wanted) if !own.serves(wanted) => {
            let version = version.map(|version| format!(" {version}")).unwrap_or_default();
            Err(hinted(
                format!("the library `{name}'{version} needs capr {wanted}, and this is capr {own}"),
                "use a capr that it was made for, or another version of the library: capr lib add URL@TAG",
            ))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{Manifest, check_capr, is_name};

    #[test]
    fn what_is_wrong_in_it_is_told_with_its_line() {
        for (text, says) in [
            ("[libraries]\nchat = 1\n", "capr.toml:2: "),
            (
                "[libraries]\n\nchat = { gti = \"x\" }\n",
                "capr.toml:3: unknown field `gti`",
            ),
            ("[libaries]\n", "unknown field `libaries`"),
            (
                "[libraries]\n\"../x\" = { path = \"x\" }\n",
                "\"../x\" is no name of a library",
            ),
            (
                "[libraries]\nchat = {}\n",
                "the library `chat': it needs one of git, path and tarball",
            ),
            ("[libraries]\nchat = { git = \"x\", path = \"y\" }\n", "it needs one of"),
            (
                "[library]\nname = \"chat\"\nversion = \"one\"\n",
                "version in [library] is three numbers",
            ),
            ("[wins]\n\"a:b\" = \"../x\"\n", "takes the name of a library"),
        ] {
            let told = Manifest::read("capr.toml", text).unwrap_err();
            assert!(told.message.contains(says), "{text}: {}", told.message);
        }
        assert_eq!(Manifest::read("capr.toml", "").unwrap(), Manifest::default());
    }

    #[test]
    fn a_name_can_be_that_of_a_directory() {
        for (name, is) in [
            ("chat", true),
            ("team-chat_2", true),
            ("..", false),
            ("Chat", false),
            ("a/b", false),
            ("", false),
            ("capr", false),
        ] {
            assert_eq!(is_name(name), is, "{name}");
        }
    }

    #[test]
    fn a_library_for_a_later_capr_is_refused() {
        check_capr("chat", Some("1.0.0"), Some("0.1")).unwrap();
        let told = check_capr("chat", Some("1.0.0"), Some("99.0")).unwrap_err();
        assert!(
            told.message
                .starts_with("the library `chat' 1.0.0 needs capr 99.0.0, and this is capr 0.")
        );
    }
}
