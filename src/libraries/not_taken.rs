//! The reason why a library is not taken from its source.

use std::io;

use thiserror::Error;

use super::program::ProgramError;
use super::tree::Refused;
use crate::io_error::plain;

/// The reason why a library is not taken, or is not what the lock says.
#[derive(Debug, Error)]
pub(crate) enum NotTaken {
    /// Its files are not accepted, or cannot be read.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// git or gzip has failed.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// A file of capr's own, or the tarball, cannot be read or written.
    #[error("{}", plain(.0))]
    System(#[from] io::Error),
    /// The tarball is damaged, or is no tarball.
    #[error("it is no tarball that can be read{}", detail(.0))]
    NoTarball(#[source] io::Error),
    /// The tarball or the tree is not the one that was asked for.
    #[error("its SHA-256 is {found}, and not {wanted}")]
    Differs {
        /// The digest of what is there.
        found: String,
        /// The digest that was asked for.
        wanted: String,
    },
    /// The repository has neither a tag nor a branch of this name.
    #[error("it has no tag or branch `{0}'")]
    NoTag(String),
    /// git has fetched something that is no commit.
    #[error("git names no commit of {0}")]
    NoCommit(String),
    /// The commit of the lock was fetched by its tag, and the tag leads to another one now.
    #[error("the repository does not have the commit {0} any more")]
    CommitGone(String),
    /// git lists an entry that is neither a file, a link nor a submodule, or a line of another form.
    #[error("git lists something else than files")]
    StrangeEntry,
    /// git does not give the content of a file that it has listed.
    #[error("git does not give a file that it lists")]
    NoContent,
}

/// Returns the detail of an error about an archive, unless it quotes the bytes of the archive, which may be anything.
fn detail(error: &io::Error) -> String {
    let text = plain(error);
    let is_plain = |sign: char| sign.is_ascii_graphic() || sign == ' ';
    match text.len() <= 100 && text.chars().all(is_plain) {
        true => format!(": {text}"),
        false => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;
    use std::io;
    use std::path::Path;

    use super::NotTaken;
    use crate::libraries::tree::Tree;

    #[test]
    fn the_error_of_the_system_is_found_behind_the_words() {
        let missing = Path::new("/nonexistent/library");
        let Err(refused) = Tree::of_directory(missing) else {
            panic!("there is such a directory");
        };
        let wrong = NotTaken::from(refused);
        assert_eq!(
            wrong.to_string(),
            "cannot read /nonexistent/library: no such file or directory"
        );
        let quotes = io::Error::other("numeric field did not have utf-8 text: \u{fffd}\u{1b}[2J when getting cksum");
        assert_eq!(
            NotTaken::NoTarball(quotes).to_string(),
            "it is no tarball that can be read"
        );
        let cause = wrong.source().and_then(|cause| cause.downcast_ref::<io::Error>());
        assert_eq!(cause.map(io::Error::kind), Some(io::ErrorKind::NotFound));
    }
}
