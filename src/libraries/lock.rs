//! `capr.lock`: the exact files of a project's libraries.

use serde::{Deserialize, Serialize};

use super::manifest::{is_name, unreadable};
use super::source::LibrarySource;
use super::tree::is_digest;
use super::{Wrong, failed, hinted};

use crate::sort;

/// The name of the file.
pub(super) const LOCK: &str = "capr.lock";

/// The version of the file's format.
const FORM: u32 = 1;

/// The comment above the contents.
const HEAD: &str = "# Written by `capr lib`; commit it beside capr.toml, and do not edit it.\n";

/// The advice about a file that cannot be read.
const AGAIN: &str = "it is written by capr: take it from the repository, or remove it and run capr lib fetch";

/// The contents of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lock {
    /// The libraries, in the order of their names.
    pub libraries: Vec<Locked>,
}

/// One library.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Locked {
    /// Its name.
    pub name: String,
    /// The place that it comes from.
    #[serde(flatten)]
    pub source: LibrarySource,
    /// The commit, for a repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
    /// The version that it names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The version of capr that it needs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capr: Option<String>,
    /// The digest of its tree.
    pub tree: String,
    /// The libraries that it needs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    form: u32,
    #[serde(default, rename = "library", skip_serializing_if = "Vec::is_empty")]
    libraries: Vec<Locked>,
}

impl Lock {
    /// Reads the file; `file` is its name in errors.
    pub(crate) fn read(file: &str, text: &str) -> Result<Self, Wrong> {
        let written: Written = toml::from_str(text).map_err(|error| unreadable(file, text, &error).hint(AGAIN))?;
        if written.form != FORM {
            return Err(hinted(
                format!("{file} has form {}, and this capr knows form {FORM}", written.form),
                "it was written by another version of capr",
            ));
        }
        for library in &written.libraries {
            // The names become names of directories.
            let is_known = is_name(&library.name) && library.needs.iter().all(|name| is_name(name));
            if !is_known || !is_digest(&library.tree) || !library.revision.as_deref().is_none_or(is_revision) {
                return Err(hinted(
                    format!("{file} has a library that capr cannot have written: {:?}", library.name),
                    AGAIN,
                ));
            }
            LibrarySource::of(library.source.clone())
                .map_err(|wrong| hinted(format!("{file}: the library `{}': {wrong}", library.name), AGAIN))?;
        }
        Ok(Self {
            libraries: written.libraries,
        })
    }

    /// Returns the text of the file.
    pub(crate) fn text(&self) -> Result<String, Wrong> {
        let mut libraries = self.libraries.clone();
        sort::by_key(&mut libraries, |library| library.name.clone());
        let written = Written { form: FORM, libraries };
        let text = toml::to_string(&written).map_err(|error| failed(format!("cannot write {LOCK}: {error}")))?;
        Ok(format!("{HEAD}{text}"))
    }

    /// Returns the library with this name.
    pub(crate) fn get(&self, name: &str) -> Option<&Locked> {
        self.libraries.iter().find(|library| library.name == name)
    }
}

/// Returns true for the name of a commit.
pub(super) fn is_revision(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{LibrarySource, Lock, Locked};

    #[test]
    fn it_is_read_as_it_was_written() {
        let lock = Lock {
            libraries: vec![Locked {
                name: "chat".to_owned(),
                source: LibrarySource::git("https://x.org/chat", Some("v1.0.0")),
                revision: Some("a".repeat(40)),
                version: Some("1.0.0".to_owned()),
                capr: None,
                tree: "0".repeat(64),
                needs: vec!["tools".to_owned()],
            }],
        };
        let text = lock.text().unwrap();
        assert!(
            text.contains("form = 1\n\n[[library]]\nname = \"chat\"\ngit = \"https://x.org/chat\"\ntag = \"v1.0.0\"\n"),
            "{text}"
        );
        assert_eq!(Lock::read("capr.lock", &text).unwrap(), lock);
        for (from, to, says) in [
            ("\"chat\"", "\"../../etc\"", "capr cannot have written"),
            ("\"000000", "\"../../", "capr cannot have written"),
            ("\"aaaaa", "\"--xx", "capr cannot have written"),
            ("https://x.org/chat", "ext::id", "git would run a program"),
            ("form = 1", "form = 2", "capr.lock has form 2"),
            ("form = 1", "form = ", "capr.lock:2: "),
        ] {
            let told = Lock::read("capr.lock", &text.replace(from, to)).unwrap_err();
            assert!(told.message.contains(says), "{to}: {}", told.message);
        }
    }
}
