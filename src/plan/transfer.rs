//! Command lines for transfers: they take files from standard input, write files to standard output, and remove files.

use super::mode::{Mode, adoption, narrowing};
use super::quote::{quote, quote_path};
use crate::source::END;

/// The functions that both scripts below use.
const BESIDE: &str = include_str!("transfer/beside.sh");
const PUT: &str = include_str!("transfer/put.sh");
const UNTAR: &str = include_str!("transfer/untar.sh");

/// The place to which something is sent.
pub(crate) enum SentTo<'a> {
    /// This path itself.
    Path(&'a str),
    /// This path, or its place of this name in the directory that the path is.
    PathOrInside(&'a str, &'a str),
}

impl<'a> From<&'a str> for SentTo<'a> {
    fn from(path: &'a str) -> Self {
        Self::Path(path)
    }
}

impl SentTo<'_> {
    /// Returns the names that a script gets, with that of the path, and what it does first.
    fn named(&self, names: &str) -> String {
        match self {
            Self::Path(path) => format!("p={} {names}", quote_path(path)),
            Self::PathOrInside(path, name) => {
                let (path, name) = (quote_path(path), quote(name));
                format!("p={path} {names}\nif [ -d \"$p\" ]; then p=${{p%/}}/{name}; fi")
            }
        }
    }
}

/// The permissions of a file for which no mode is asked.
pub(crate) struct UnaskedMode {
    /// The mode of a new file.
    new: Option<u32>,
    /// The mode that says what nobody may do with a file that is there.
    most: Option<u32>,
}

impl UnaskedMode {
    /// Only a new file gets this mode.
    pub(crate) fn of_new(mode: u32) -> Self {
        Self {
            new: Some(mode),
            most: None,
        }
    }
}

impl From<Option<u32>> for UnaskedMode {
    fn from(mode: Option<u32>) -> Self {
        Self { new: mode, most: mode }
    }
}

/// Returns a script that writes `length` bytes of standard input to a file, all or nothing. Without a mode, an existing file
/// keeps its own; it keeps its owner and its group if we may give files away. Nobody may do more with it than with the `source`,
/// whose mode a new file gets.
pub(crate) fn put_command<'a>(
    target: impl Into<SentTo<'a>>,
    mode: Option<&Mode>,
    source: impl Into<UnaskedMode>,
    length: u64,
) -> String {
    let source = source.into();
    let names = format!(
        "m={} a={} s={} l={length}",
        quote(mode.map(Mode::as_str).unwrap_or_default()),
        source.new.map(adoption).unwrap_or_default(),
        source.most.map(narrowing).unwrap_or_default(),
    );
    script(&target.into().named(&names), PUT)
}

/// Returns a script that unpacks a tar archive from standard input into a directory once all of it has arrived. The
/// directory is made if needed.
pub(crate) fn untar_command<'a>(target: impl Into<SentTo<'a>>) -> String {
    script(&target.into().named(&format!("end={END}")), UNTAR)
}

/// Returns a script without its comments, blank lines and indentation.
fn script(names: &str, text: &str) -> String {
    let lines = BESIDE.lines().chain(text.lines()).map(str::trim);
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    [names].into_iter().chain(lines).collect::<Vec<_>>().join("\n")
}

/// The marker in front of the content of a file that comes from a server. Its length, its mode (empty if unknown) and a newline
/// follow. The login shell may have printed something before it.
pub(crate) const FILE_FOLLOWS: &[u8] = b"\0capr:file ";
/// The marker in front of the tar archive of a directory.
pub(crate) const TAR_FOLLOWS: &[u8] = b"\0capr:tar\n";

/// Returns a script that writes a file to standard output, or a directory as a tar archive, with its marker in front. A pipe or a
/// device is refused: it may never end, or never begin.
pub(crate) fn get_command(path: &str, directories: bool) -> String {
    let directory = match directories {
        true => "printf '\\000capr:tar\\n'; exec tar -cf - -C \"$p\" .",
        false => "echo \"$p: is a directory\" >&2; exit 1",
    };
    format!(
        "p={}; if [ -d \"$p\" ]; then {directory}; fi; \
         if [ -f \"$p\" ]; then :; elif [ -e \"$p\" ]; then echo \"$p: is neither a file nor a directory\" >&2; exit 1; fi; \
         n=$(stat -Lc '%s %a' \"$p\" 2>/dev/null || stat -Lf '%z %Lp' \"$p\" 2>/dev/null); \
         printf '\\000capr:file %s\\n' \"$n\"; exec cat \"$p\"",
        quote_path(path)
    )
}

/// Returns a command line that removes a file, or with `recursive` a directory with everything in it.
pub(crate) fn remove_command(path: &str, recursive: bool) -> String {
    format!("rm {} {}", if recursive { "-rf" } else { "-f" }, quote_path(path))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests;
