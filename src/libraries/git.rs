//! Takes the files of one revision out of a repository with the system's git. Nothing is checked out: no filter, hook, link or
//! submodule of the repository is used, its files are read from git's objects.

use std::fs::File;
use std::io::{Seek as _, Write as _};
use std::path::Path;
use std::time::Duration;

use super::limits::{BYTES, FILES, PATIENCE};
use super::lock::is_revision;
use super::not_taken::NotTaken;
use super::program::{ProgramError, ProgramSurroundings, ask};
use super::source::is_local;
use super::tree::{Refused, Tree, check};

/// The files of one revision.
pub(super) struct TakenRevision {
    pub(super) tree: Tree,
    /// The entries that are not in the tree, each with the reason.
    pub(super) left_out: Vec<String>,
    pub(super) revision: String,
}

/// The manner in which git is called.
#[derive(Clone, Debug, Default)]
pub(crate) struct Manner {
    /// True if git and ssh may ask somebody on the terminal.
    pub may_ask: bool,
    /// The command for ssh that the environment names: `GIT_SSH_COMMAND`.
    pub ssh: Option<String>,
    /// The longest time of a call; some minutes if none is given.
    pub patience: Option<Duration>,
}

/// The name under which a fetched revision is kept while it is read.
const WANTED: &str = "refs/capr/wanted";

/// Settings that replace the user's: those that could run programs or ask for more than is wanted.
const SETTINGS: &[&str] = &[
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "submodule.recurse=false",
    "fetch.recurseSubmodules=false",
    "fetch.unpackLimit=1",
    "transfer.fsckObjects=true",
    "http.lowSpeedLimit=1000",
    "http.lowSpeedTime=60",
];

/// Fetches one revision, or the newest of a tag or branch (of `HEAD`, if none is named), into `directory`, which is empty.
pub(super) fn take(
    url: &str,
    tag: Option<&str>,
    revision: Option<&str>,
    directory: &Path,
    manner: &Manner,
) -> Result<TakenRevision, NotTaken> {
    let git = Git::begin(url, directory, manner)?;
    let named = match revision {
        Some(revision) => revision.to_owned(),
        None => git.named(tag)?,
    };
    match (git.fetch(&named), revision.and(tag)) {
        // A server may refuse to send a revision without a name; the tag may still lead to it.
        (Err(ProgramError::Failed { .. }), Some(tag)) => git.fetch(&git.named(Some(tag))?)?,
        (fetched, _) => fetched?,
    }
    let found = git.say(&["rev-parse", "--verify", "--quiet", &format!("{WANTED}^{{commit}}")])?;
    let found = String::from_utf8_lossy(&found).trim().to_owned();
    if !is_revision(&found) {
        return Err(NotTaken::NoCommit(named));
    }
    if let Some(revision) = revision.filter(|revision| *revision != found) {
        return Err(NotTaken::CommitGone(revision.to_owned()));
    }
    let (tree, left_out) = git.tree(&found)?;
    Ok(TakenRevision {
        tree,
        left_out,
        revision: found,
    })
}

/// Returns the tags of a repository.
pub(super) fn tags(url: &str, directory: &Path, manner: &Manner) -> Result<Vec<String>, ProgramError> {
    let git = Git::begin(url, directory, manner)?;
    let said = git.say(&["ls-remote", "--quiet", "--tags", "--refs", "--", url])?;
    let said = String::from_utf8_lossy(&said).into_owned();
    let tags = said.lines().filter_map(|line| line.split_once("\trefs/tags/"));
    Ok(tags.map(|(_, tag)| tag.to_owned()).collect())
}

/// Returns the hint for a repository that could not be read. The cases are told apart by the words of git, curl and OpenSSH,
/// which give nothing else.
pub(super) fn advice(url: &str, error: &NotTaken) -> Option<String> {
    let NotTaken::Program(ProgramError::Failed { reason, .. }) = error else {
        return None;
    };
    let has = |words: &[&str]| words.iter().any(|word| reason.contains(word));
    let host = host(url);
    if has(&["Host key verification failed", "REMOTE HOST IDENTIFICATION"]) {
        return Some(format!(
            "ssh does not know this host key, or knows another: log in once by hand, compare the fingerprint, and say yes: ssh {host}"
        ));
    }
    if has(&["Permission denied"]) {
        return Some(format!(
            "none of your keys is accepted there: ssh-add -l lists those of the agent, ssh -v {host} shows which are tried"
        ));
    }
    if has(&[
        "could not read Username",
        "could not read Password",
        "Authentication failed",
    ]) {
        return Some(
            "the repository wants a name and a password. capr asks for none with --yes or without a terminal: git takes them from a credential \
             helper (git config credential.helper), or use its ssh address"
                .to_owned(),
        );
    }
    has(&["certificate", "SSL"]).then(|| {
        format!(
            "if the certificate is made by an authority of your own: git config --global http.https://{host}/.sslCAInfo FILE, or GIT_SSL_CAINFO=FILE"
        )
    })
}

/// Returns the host of a URL, with user and port where it has them.
fn host(url: &str) -> &str {
    match url.split_once("://") {
        Some((_, rest)) => rest.split('/').next().unwrap_or_default(),
        None => url.split(':').next().unwrap_or_default(),
    }
}

struct Git<'a> {
    url: &'a str,
    directory: &'a Path,
    environment: Vec<(&'static str, String)>,
    patience: Duration,
}

impl<'a> Git<'a> {
    fn begin(url: &'a str, directory: &'a Path, manner: &Manner) -> Result<Self, ProgramError> {
        let mut git = Self {
            url,
            directory,
            patience: manner.patience.unwrap_or(PATIENCE),
            environment: [
                ("GIT_ALLOW_PROTOCOL", if is_local(url) { "file" } else { "https:ssh" }),
                ("GIT_TERMINAL_PROMPT", if manner.may_ask { "1" } else { "0" }),
                ("GIT_NO_REPLACE_OBJECTS", "1"),
                ("GIT_NO_LAZY_FETCH", "1"),
                ("LC_ALL", "C"),
            ]
            .map(|(name, value)| (name, value.to_owned()))
            .into(),
        };
        git.say(&["init", "--quiet", "--bare", "--template=", "."])?;
        if !manner.may_ask && !is_local(url) && !url.starts_with("https://") {
            let ssh = git.ssh(manner);
            git.environment
                .push(("GIT_SSH_COMMAND", format!("{ssh} -o BatchMode=yes")));
        }
        Ok(git)
    }

    /// Returns the command that the user wants git to run for ssh. ssh asks on the terminal, whatever git is told.
    fn ssh(&self, manner: &Manner) -> String {
        let configured = || {
            let said = self.say(&["config", "--get", "core.sshCommand"]).ok()?;
            Some(String::from_utf8_lossy(&said).trim().to_owned()).filter(|command| !command.is_empty())
        };
        let command = manner.ssh.clone().filter(|command| !command.is_empty());
        command.or_else(configured).unwrap_or_else(|| "ssh".to_owned())
    }

    fn say(&self, words: &[&str]) -> Result<Vec<u8>, ProgramError> {
        self.say_with(words, None)
    }

    fn say_with(&self, words: &[&str], input: Option<File>) -> Result<Vec<u8>, ProgramError> {
        let mut all = vec!["git", "--git-dir=."];
        for setting in SETTINGS {
            all.extend(["-c", setting]);
        }
        all.extend(words);
        let environment: Vec<(&str, &str)> = self
            .environment
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let around = ProgramSurroundings {
            directory: self.directory,
            environment: &environment,
            patience: self.patience,
        };
        ask(&all, around, input)
    }

    /// Returns the full name of a tag or a branch, or the revision that it is itself.
    fn named(&self, tag: Option<&str>) -> Result<String, NotTaken> {
        let Some(tag) = tag else {
            return Ok("HEAD".to_owned());
        };
        let (as_tag, as_branch) = (format!("refs/tags/{tag}"), format!("refs/heads/{tag}"));
        let said = self.say(&["ls-remote", "--quiet", "--", self.url, &as_tag, &as_branch])?;
        let said = String::from_utf8_lossy(&said).into_owned();
        let has = |name: &str| {
            said.lines()
                .any(|line| line.split_once('\t').is_some_and(|(_, other)| other == name))
        };
        if has(&as_tag) {
            Ok(as_tag)
        } else if has(&as_branch) {
            Ok(as_branch)
        } else if is_revision(tag) {
            Ok(tag.to_owned())
        } else {
            Err(NotTaken::NoTag(tag.to_owned()))
        }
    }

    fn fetch(&self, named: &str) -> Result<(), ProgramError> {
        let refspec = format!("+{named}:{WANTED}");
        let words = [
            "fetch",
            "--quiet",
            "--depth=1",
            "--no-tags",
            "--no-recurse-submodules",
            "--no-write-fetch-head",
            "--",
            self.url,
            &refspec,
        ];
        self.say(&words).map(drop)
    }

    fn tree(&self, revision: &str) -> Result<(Tree, Vec<String>), NotTaken> {
        let list = self.say(&["ls-tree", "-r", "-z", "-l", "--full-tree", revision])?;
        let (mut wanted, mut left_out, mut bytes) = (Vec::new(), Vec::new(), 0_u64);
        for entry in list.split(|byte| *byte == 0).filter(|entry| !entry.is_empty()) {
            let entry = std::str::from_utf8(entry).map_err(|_| Refused::NotUtf8)?;
            let (about, path) = entry.split_once('\t').ok_or(NotTaken::StrangeEntry)?;
            check(path)?;
            let mut about = about.split_whitespace();
            let (mode, kind, object, size) = (about.next(), about.next(), about.next(), about.next());
            match (mode, kind) {
                (Some("120000"), _) => left_out.push(format!("{path} is a link")),
                (_, Some("commit")) => left_out.push(format!("{path} is a submodule")),
                (_, Some("blob")) => {
                    let size: u64 = size.and_then(|size| size.parse().ok()).unwrap_or(u64::MAX);
                    bytes = bytes.saturating_add(size);
                    wanted.push((path, object.unwrap_or_default()));
                }
                _ => return Err(NotTaken::StrangeEntry),
            }
        }
        if wanted.len() + left_out.len() > FILES {
            return Err(Refused::TooManyFiles.into());
        }
        if bytes > BYTES {
            return Err(Refused::TooLarge.into());
        }
        let contents = self.contents(wanted.iter().map(|(_, object)| *object))?;
        let mut tree = Tree::default();
        for ((path, _), content) in wanted.iter().zip(contents) {
            tree.add(path, content)?;
        }
        Ok((tree, left_out))
    }

    fn contents<'b>(&self, objects: impl Iterator<Item = &'b str>) -> Result<Vec<Vec<u8>>, NotTaken> {
        let failed = ProgramError::of("git");
        let objects: Vec<&str> = objects.collect();
        let mut list = tempfile::tempfile().map_err(&failed)?;
        for object in &objects {
            writeln!(list, "{object}").map_err(&failed)?;
        }
        list.rewind().map_err(&failed)?;
        let said = self.say_with(&["cat-file", "--batch"], Some(list))?;
        let (mut rest, mut contents) = (said.as_slice(), Vec::new());
        for object in objects {
            let (content, behind) = blob(rest, object).ok_or(NotTaken::NoContent)?;
            contents.push(content.to_vec());
            rest = behind;
        }
        Ok(contents)
    }
}

/// Reads one answer of `cat-file --batch`: a line `OBJECT blob SIZE`, the content, a line end.
fn blob<'a>(said: &'a [u8], object: &str) -> Option<(&'a [u8], &'a [u8])> {
    let end = said.iter().position(|byte| *byte == b'\n')?;
    let line = std::str::from_utf8(said.get(..end)?).ok()?;
    let size: usize = line.strip_prefix(object)?.strip_prefix(" blob ")?.parse().ok()?;
    let from = end + 1;
    let to = from.checked_add(size)?;
    let content = said.get(from..to)?;
    (said.get(to)? == &b'\n').then_some((content, said.get(to + 1..)?))
}

#[cfg(test)]
mod tests {
    use super::blob;

    #[test]
    fn an_answer_of_git_is_taken_apart_by_its_size() {
        let said = b"ab blob 4\nx\ny\n\ncd blob 0\n\n";
        let (content, rest) = blob(said, "ab").unwrap_or_default();
        assert_eq!(content, b"x\ny\n");
        assert_eq!(blob(rest, "cd"), Some((&b""[..], &b""[..])));
        for said in [
            &b"ab blob 9\nx\n"[..],
            b"ab missing\n",
            b"",
            b"ab blob -1\n",
            b"ab blob 18446744073709551615\nx",
        ] {
            assert_eq!(blob(said, "ab"), None);
        }
    }
}
