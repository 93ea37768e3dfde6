//! Finds where the output of a command begins. Before it, the profile files of the login shell may print something, read what is
//! meant for the command, or become another program, so that the command never runs. A mark that is random for each command shows
//! that it has begun.

use std::hash::{BuildHasher as _, RandomState};

use crate::exit::Stream;
use crate::plan::{Start, login_line};

/// The most bytes of standard error that are kept until it is known where they come from.
const MOST_KEPT: usize = 64 * 1024;

/// The line that runs a command's script on a server, and the search for the beginning of its output.
pub(super) struct Beginning {
    mark: String,
    guard: Option<String>,
    out: Awaited,
    err: Awaited,
}

enum Awaited {
    /// The mark has not been seen on this stream; these bytes came before it.
    Yes(Vec<u8>),
    No,
}

/// A piece of output, sorted by where it comes from.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Sorted<'a> {
    /// Output from before the command began.
    pub(super) before: Vec<u8>,
    /// The command's own output.
    pub(super) own: &'a [u8],
}

impl<'a> Sorted<'a> {
    /// Returns output that belongs to the command alone.
    pub(super) fn own(bytes: &'a [u8]) -> Self {
        Self {
            before: Vec::new(),
            own: bytes,
        }
    }
}

/// The input of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CommandInput {
    /// The command has none.
    Nothing,
    /// The command is given some, which the login shell must not take for commands: a guard stands in front of it.
    Given,
    /// The command has a terminal. It would show a guard, so there is none.
    Terminal,
}

impl Beginning {
    /// Makes a new mark.
    pub(super) fn new(input: CommandInput) -> Self {
        let number = RandomState::new().hash_one(0_u8);
        let (guarded, terminal) = (input == CommandInput::Given, input == CommandInput::Terminal);
        Self {
            mark: format!("capr-{number:016x}"),
            // A shell that reads the guard as a command ends. A program that prints what it reads does not print the mark.
            guard: guarded.then(|| format!("exit #{number:016x}")),
            out: Awaited::Yes(Vec::new()),
            err: if terminal {
                Awaited::No
            } else {
                Awaited::Yes(Vec::new())
            },
        }
    }

    /// Returns the command line for the login shell.
    pub(super) fn line(&self, script: &str, terminal: bool) -> String {
        let start = Start {
            mark: &self.mark,
            guard: self.guard.as_deref(),
            terminal,
        };
        login_line(script, &start)
    }

    /// Returns the first line of the input, if the input has to be guarded.
    pub(super) fn guard(&self) -> Option<String> {
        self.guard.as_ref().map(|guard| format!("{guard}\n"))
    }

    /// Returns true if `sh` has begun with the command.
    pub(super) fn has_begun(&self) -> bool {
        matches!(self.out, Awaited::No)
    }

    /// Sorts a piece of output.
    pub(super) fn take<'a>(&mut self, stream: Stream, bytes: &'a [u8]) -> Sorted<'a> {
        let awaited = match stream {
            Stream::Out => &mut self.out,
            Stream::Err => &mut self.err,
        };
        let Awaited::Yes(seen) = awaited else {
            return Sorted::own(bytes);
        };
        let known = seen.len();
        seen.extend_from_slice(bytes);
        let mark = self.mark.as_bytes();
        if let Some((at, end)) = end_of(seen, mark) {
            let before = seen.get(..at).unwrap_or_default().to_vec();
            // The end of the mark's line cannot have come in an earlier piece.
            let own = bytes.get(end.saturating_sub(known)..).unwrap_or_default();
            *awaited = Awaited::No;
            return Sorted { before, own };
        }
        let kept = match stream {
            Stream::Out => begun(seen, mark),
            Stream::Err => MOST_KEPT,
        };
        Sorted {
            before: seen.drain(..seen.len().saturating_sub(kept)).collect(),
            own: &[],
        }
    }

    /// Returns what is left when the command has ended: output from before it began, and standard error. The latter is the
    /// command's own if only it has no mark, since the login shell may not be able to run the script at all.
    pub(super) fn rest(&mut self) -> (Vec<u8>, Vec<u8>) {
        let rest = |awaited: &mut Awaited| match awaited {
            Awaited::Yes(seen) => std::mem::take(seen),
            Awaited::No => Vec::new(),
        };
        (rest(&mut self.out), rest(&mut self.err))
    }
}

/// Returns the beginning and the end of the mark's line; earlier output may not end in a newline.
fn end_of(seen: &[u8], mark: &[u8]) -> Option<(usize, usize)> {
    let mut from = 0;
    loop {
        let at = from
            + seen
                .get(from..)?
                .windows(mark.len())
                .position(|window| window == mark)?;
        let end = at + mark.len();
        match seen.get(end..)? {
            [b'\n', ..] => return Some((at, end + 1)),
            [b'\r', b'\n', ..] => return Some((at, end + 2)),
            [] | [b'\r'] => return None,
            _ => from = at + 1,
        }
    }
}

/// Returns how many bytes at the end may be the beginning of the mark's line.
fn begun(seen: &[u8], mark: &[u8]) -> usize {
    let line = [mark, b"\r"].concat();
    let longest = line.len().min(seen.len());
    let lengths = (1..=longest).rev();
    let mut fits = lengths.filter(|length| line.get(..*length).is_some_and(|beginning| seen.ends_with(beginning)));
    fits.next().unwrap_or(0)
}

#[cfg(test)]
#[allow(clippy::indexing_slicing)]
mod tests {
    use super::{Beginning, CommandInput, MOST_KEPT, Sorted};
    use crate::exit::Stream;

    fn sorted<'a>(before: &'a str, own: &'a str) -> Sorted<'a> {
        Sorted {
            before: before.into(),
            own: own.as_bytes(),
        }
    }

    #[test]
    fn what_comes_before_the_mark_is_not_the_commands_however_it_is_cut() {
        let whole = |beginning: &Beginning| format!("hello\nx{}\nown", beginning.mark);
        for cut in 0..whole(&Beginning::new(CommandInput::Nothing)).len() {
            let mut beginning = Beginning::new(CommandInput::Nothing);
            let said = whole(&beginning);
            let first = beginning.take(Stream::Out, &said.as_bytes()[..cut]);
            let second = beginning.take(Stream::Out, &said.as_bytes()[cut..]);
            assert_eq!([first.before, second.before].concat(), b"hello\nx");
            assert_eq!([first.own, second.own].concat(), b"own", "{cut}");
            assert!(beginning.has_begun());
        }
        let mut beginning = Beginning::new(CommandInput::Terminal);
        let said = format!("{}\r\nown", beginning.mark);
        assert_eq!(beginning.take(Stream::Out, said.as_bytes()), sorted("", "own"));
        assert_eq!(beginning.take(Stream::Out, b"more"), sorted("", "more"));
    }

    #[test]
    fn what_only_shows_the_line_has_not_begun_and_much_is_not_kept() {
        let mut beginning = Beginning::new(CommandInput::Given);
        let line = beginning.line("cat", false);
        let guard = beginning.guard().unwrap_or_default();
        for said in [line.as_str(), "\n", &guard, &"x".repeat(1 << 20)] {
            assert_eq!(beginning.take(Stream::Out, said.as_bytes()), sorted(said, ""));
            beginning.take(Stream::Err, said.as_bytes());
        }
        assert!(!beginning.has_begun());
        assert_eq!(beginning.rest().1.len(), MOST_KEPT);
    }

    #[test]
    fn each_stream_is_marked_and_one_that_is_not_is_left() {
        let mut beginning = Beginning::new(CommandInput::Nothing);
        let mark = format!("{}\n", beginning.mark);
        assert_eq!(beginning.take(Stream::Err, b"noise\n"), Sorted::default());
        assert_eq!(beginning.take(Stream::Out, mark.as_bytes()), sorted("", ""));
        assert_eq!(beginning.take(Stream::Err, b"sh: no\n"), Sorted::default());
        assert_eq!(beginning.rest(), (Vec::new(), b"noise\nsh: no\n".to_vec()));
    }
}
