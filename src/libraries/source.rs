//! The source of a library: as it is typed, and as `capr.toml` and `capr.lock` have it.

use std::fmt;
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::tree::is_digest;
use super::version::Version;

/// The source of a library, as it is written in `capr.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LibrarySource {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) git: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) tag: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) path: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) tarball: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) sha256: Option<String>,
}

/// The most characters of a name; longer ones name nothing.
const LONGEST: usize = 1_000;

/// The kinds of sources.
#[derive(Clone, Copy, Debug)]
pub(super) enum SourceKind<'a> {
    /// A repository, and the tag, branch or revision of it.
    Git(&'a str, Option<&'a str>),
    /// A directory.
    Path(&'a str),
    /// An archive and its digest.
    Tarball(&'a str, &'a str),
}

impl LibrarySource {
    /// Returns a repository as a source.
    pub(super) fn git(url: &str, tag: Option<&str>) -> Self {
        Self {
            git: Some(url.to_owned()),
            tag: tag.map(str::to_owned),
            path: None,
            tarball: None,
            sha256: None,
        }
    }

    /// Reads a word after `capr lib add`: `URL[@TAG]`, a directory or a tarball, seen from the directory `base`.
    ///
    /// # Errors
    ///
    /// The mistake in it.
    pub(crate) fn typed(word: &str, sha256: Option<&str>, base: &Path) -> Result<Self, String> {
        let local = base.join(word);
        if local.is_dir() {
            return Self::of(Self {
                path: Some(word.to_owned()),
                git: None,
                tag: None,
                tarball: None,
                sha256: sha256.map(str::to_owned),
            });
        }
        if is_archive(word) {
            if !local.is_file() {
                return Err(match word.contains("://") {
                    true => "a tarball is not fetched from the network: fetch it, and name the file".to_owned(),
                    false => format!("there is no file {word}"),
                });
            }
            return Self::of(Self {
                tarball: Some(word.to_owned()),
                sha256: sha256.map(str::to_owned),
                git: None,
                tag: None,
                path: None,
            });
        }
        let (url, tag) = split(word);
        if is_local(url) && !url.contains("://") && !base.join(url).is_dir() {
            return Err(format!("there is no directory, repository or tarball {url}"));
        }
        Self::of(Self {
            sha256: sha256.map(str::to_owned),
            ..Self::git(url, tag)
        })
    }

    /// Returns the source, if it names exactly one thing that capr accepts.
    ///
    /// # Errors
    ///
    /// The mistake in it.
    pub(super) fn of(source: Self) -> Result<Self, String> {
        let named = [&source.git, &source.path, &source.tarball];
        if named.iter().filter(|named| named.is_some()).count() != 1 {
            return Err("it needs one of git, path and tarball".to_owned());
        }
        if source.tag.is_some() && source.git.is_none() {
            return Err("only a git repository has a tag".to_owned());
        }
        if source.sha256.is_some() && source.tarball.is_none() {
            return Err("only a tarball has a sha256; that of others stands in capr.lock".to_owned());
        }
        for text in named.into_iter().flatten().chain(&source.tag) {
            if text.is_empty() || text.len() > LONGEST || text.chars().any(|c| c.is_control() || c == '"' || c == '\\')
            {
                return Err("a source is not empty, and has no control characters, quotes or backslashes".to_owned());
            }
            if text.starts_with('-') {
                return Err(format!("a source does not begin with a hyphen: {text}"));
            }
        }
        if let Some(url) = &source.git {
            check_url(url)?;
        }
        if let Some(tag) = source.tag.as_deref().filter(|tag| !is_tag(tag)) {
            return Err(format!("`{tag}' is no tag, branch or revision"));
        }
        if let (Some(file), None) = (&source.tarball, &source.sha256) {
            return Err(format!("the tarball {file} needs its SHA-256"));
        }
        match source.sha256.as_deref().is_none_or(is_digest) {
            true => Ok(source),
            false => Err("a SHA-256 has 64 digits of 0-9 and a-f".to_owned()),
        }
    }

    pub(super) fn kind(&self) -> SourceKind<'_> {
        match (&self.git, &self.path, &self.tarball) {
            (Some(url), ..) => SourceKind::Git(url, self.tag.as_deref()),
            (None, Some(path), _) => SourceKind::Path(path),
            (None, None, file) => SourceKind::Tarball(
                file.as_deref().unwrap_or_default(),
                self.sha256.as_deref().unwrap_or_default(),
            ),
        }
    }

    /// Returns true if it is on this machine: only a library that is here itself may name such a source.
    pub(super) fn is_local(&self) -> bool {
        match self.kind() {
            SourceKind::Git(url, _) => is_local(url),
            SourceKind::Path(_) | SourceKind::Tarball(..) => true,
        }
    }

    /// Returns the version that its tag names.
    pub(super) fn version(&self) -> Option<Version> {
        self.tag.as_deref()?.parse().ok()
    }

    /// Returns true if both come from the same place, whatever the version.
    pub(super) fn is_of_one_place(&self, other: &Self) -> bool {
        let plain = |url: &Option<String>| {
            url.as_deref()
                .map(|url| url.trim_end_matches('/').trim_end_matches(".git").to_owned())
        };
        plain(&self.git) == plain(&other.git) && self.path == other.path && self.tarball == other.tarball
    }

    /// Returns the source that the library `of` names, as the project sees it: the paths in a library are relative to its own
    /// directory.
    pub(super) fn beside(&self, of: &Self) -> Self {
        let base = match of.kind() {
            SourceKind::Path(path) => Path::new(path).to_owned(),
            SourceKind::Git(url, _) if is_local(url) && !url.contains("://") => Path::new(url).to_owned(),
            SourceKind::Tarball(file, _) => Path::new(file).parent().unwrap_or(Path::new("")).to_owned(),
            SourceKind::Git(..) => return self.clone(),
        };
        self.moved(|path| plain(&base.join(path)).display().to_string())
    }

    /// Returns the same with its path written as it is seen from another directory.
    pub(crate) fn moved(&self, seen: impl Fn(&str) -> String) -> Self {
        let moved = |path: &String| seen(path);
        let mut source = self.clone();
        source.path = self.path.as_ref().map(moved);
        source.tarball = self.tarball.as_ref().map(moved);
        source.git = self
            .git
            .as_ref()
            .map(|url| match is_local(url) && !url.contains("://") {
                true => moved(url),
                false => url.clone(),
            });
        source
    }

    /// Returns the name of a library that does not give itself one.
    pub(super) fn name(&self) -> String {
        let text = match self.kind() {
            SourceKind::Git(text, _) | SourceKind::Path(text) | SourceKind::Tarball(text, _) => text,
        };
        let last = text.trim_end_matches('/').rsplit(['/', ':']).next().unwrap_or_default();
        let endings = [".git", ".tar.gz", ".tgz", ".tar"];
        let stem = endings
            .iter()
            .find_map(|ending| last.strip_suffix(ending))
            .unwrap_or(last);
        stem.strip_prefix("capr-").unwrap_or(stem).to_owned()
    }

    /// Returns the value in `capr.toml`.
    pub(super) fn inline(&self) -> String {
        let parts = [
            ("git", &self.git),
            ("tag", &self.tag),
            ("path", &self.path),
            ("tarball", &self.tarball),
            ("sha256", &self.sha256),
        ];
        // They have no quotes, backslashes or control characters.
        let parts: Vec<String> = parts
            .into_iter()
            .filter_map(|(key, value)| Some(format!("{key} = \"{}\"", value.as_ref()?)))
            .collect();
        format!("{{ {} }}", parts.join(", "))
    }
}

/// Writes it as it was typed.
impl fmt::Display for LibrarySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind() {
            SourceKind::Git(url, Some(tag)) => write!(f, "{url}@{tag}"),
            SourceKind::Git(text, None) | SourceKind::Path(text) | SourceKind::Tarball(text, _) => f.write_str(text),
        }
    }
}

/// Returns a path without `.`, and without `..` after a part that can be left out with it.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match (part, plain.components().next_back()) {
            (Component::CurDir, _) => {}
            (Component::ParentDir, Some(Component::Normal(_))) => drop(plain.pop()),
            (part, _) => plain.push(part),
        }
    }
    plain
}

fn is_archive(word: &str) -> bool {
    [".tar.gz", ".tgz", ".tar"].iter().any(|ending| word.ends_with(ending))
}

/// Splits a URL at its last `@`, unless that belongs to the host.
fn split(word: &str) -> (&str, Option<&str>) {
    match word.rsplit_once('@') {
        Some((url, tag))
            if !url.is_empty() && !tag.contains(':') && (url.contains(['/', ':']) || !tag.contains('/')) =>
        {
            // `https://user@host/x`: the host is not a tag.
            match url.ends_with("//") || url.split_once("://").is_some_and(|(_, rest)| !rest.contains('/')) {
                true => (word, None),
                false => (url, Some(tag)),
            }
        }
        _ => (word, None),
    }
}

/// Returns true for a repository of this machine: `file:///srv/x.git`, `../x`.
pub(super) fn is_local(url: &str) -> bool {
    if let Some((scheme, _)) = url.split_once("://") {
        return scheme == "file";
    }
    // `host:path`, as for scp.
    !url.split('/').next().is_some_and(|first| first.contains(':'))
}

/// Checks the protocol: accepted are those that nobody on the way can change, and files of this machine.
fn check_url(url: &str) -> Result<(), String> {
    if url.contains("::") {
        return Err(format!("git would run a program for {url}: it is not accepted"));
    }
    let Some((scheme, rest)) = url.split_once("://") else {
        return Ok(());
    };
    if !matches!(scheme, "https" | "ssh" | "file") {
        return Err(format!(
            "{scheme}:// is not accepted: a library comes by https://, ssh:// or file://"
        ));
    }
    let host = rest.split('/').next().unwrap_or_default();
    if host.starts_with('-') {
        return Err(format!("a host does not begin with a hyphen: {url}"));
    }
    match host.rsplit_once('@').is_some_and(|(user, _)| user.contains(':')) {
        // The URL is not shown: it holds a secret.
        true => Err("a password does not belong in the URL of a library: `git help credentials' says where".to_owned()),
        false => Ok(()),
    }
}

/// Returns true if this can be the name of a tag, a branch or a revision.
fn is_tag(tag: &str) -> bool {
    let mut characters = tag.chars();
    characters.next().is_some_and(|first| first.is_ascii_alphanumeric())
        && characters.all(|c| c.is_ascii_alphanumeric() || "._/+-".contains(c))
        && !tag.contains("..")
        && !tag.contains("//")
        && !tag.ends_with(['/', '.'])
        && !tag.ends_with(".lock")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::path::Path;

    use super::{LibrarySource, split};

    #[test]
    fn what_was_typed_is_a_url_and_a_tag() {
        for (word, url, tag) in [
            ("https://x.org/chat@v1.0.0", "https://x.org/chat", Some("v1.0.0")),
            ("https://me@x.org/chat", "https://me@x.org/chat", None),
            ("https://me@x.org/chat.git@v1", "https://me@x.org/chat.git", Some("v1")),
            ("git@x.org:team/chat.git", "git@x.org:team/chat.git", None),
            (
                "git@x.org:team/chat@feature/x",
                "git@x.org:team/chat",
                Some("feature/x"),
            ),
            ("ssh://git@x.org/chat", "ssh://git@x.org/chat", None),
            ("../chat@v1", "../chat", Some("v1")),
            ("../chat", "../chat", None),
        ] {
            assert_eq!(split(word), (url, tag), "{word}");
        }
    }

    #[test]
    fn sources_that_would_run_something_or_that_others_can_change_are_refused() {
        let base = Path::new("/nowhere");
        for (word, says) in [
            ("ext::sh -c id", "git would run a program"),
            ("http://x.org/chat", "http:// is not accepted"),
            ("git://x.org/chat", "git:// is not accepted"),
            ("ssh://-oProxyCommand=id/x", "a host does not begin with a hyphen"),
            ("--upload-pack=id", "there is no directory, repository or tarball"),
            ("-x:y", "a source does not begin with a hyphen"),
            ("https://me:word@x.org/chat", "a password does not belong"),
            (
                "https://x.org/chat@--upload-pack=id",
                "a source does not begin with a hyphen",
            ),
            ("https://x.org/chat@a..b", "is no tag"),
            ("https://x.org/a\x1b[2J", "no control characters"),
            ("https://x.org/chat.tar.gz", "a tarball is not fetched from the network"),
        ] {
            let told = LibrarySource::typed(word, None, base).unwrap_err();
            assert!(told.contains(says), "{word}: {told}");
        }
    }

    #[test]
    fn a_source_is_written_as_it_is_read() {
        let source = LibrarySource::git("https://x.org/capr-chat.git", Some("v1.0.0"));
        assert_eq!(
            source.inline(),
            "{ git = \"https://x.org/capr-chat.git\", tag = \"v1.0.0\" }"
        );
        assert_eq!(source.name(), "chat");
        assert_eq!(source.to_string(), "https://x.org/capr-chat.git@v1.0.0");
        let near = LibrarySource {
            path: Some("../tools".to_owned()),
            git: None,
            tag: None,
            tarball: None,
            sha256: None,
        };
        let of = LibrarySource {
            path: Some("../libs/chat".to_owned()),
            ..near.clone()
        };
        assert_eq!(near.beside(&of).to_string(), "../libs/tools");
    }
}
