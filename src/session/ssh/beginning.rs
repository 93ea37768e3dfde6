//! Where the output of a command begins. Profile files of the login shell may say something before, read what is meant for the
//! command, or become another program, so that the command never runs: a mark that is random for each command tells.

use std::hash::{BuildHasher as _, RandomState};

use crate::exit::Stream;
use crate::plan::{Start, login_line};

/// Standard error is kept until it is known whose it is, but not more than this, in bytes.
const MOST_KEPT: usize = 64 * 1024;

/// What runs a script of a command on a server, and what of its output counts.
pub(super) struct Beginning {
    mark: String,
    guard: Option<String>,
    out: Awaited,
    err: Awaited,
}

enum Awaited {
    /// The mark has not been said here; this came before it.
    Yes(Vec<u8>),
    No,
}

/// What is in a piece of output.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Sorted<'a> {
    /// It was said before the command began.
    pub(super) before: Vec<u8>,
    /// It is the command's.
    pub(super) own: &'a [u8],
}

impl<'a> Sorted<'a> {
    /// All of it is the command's.
    pub(super) fn own(bytes: &'a [u8]) -> Self {
        Self {
            before: Vec::new(),
            own: bytes,
        }
    }
}

impl Beginning {
    /// `reads`: the command is given input, which nothing else is to take for commands.
    pub(super) fn new(reads: bool, terminal: bool) -> Self {
        let number = RandomState::new().hash_one(0_u8);
        // A terminal would show it.
        let guarded = reads && !terminal;
        Self {
            mark: format!("capr-{number:016x}"),
            // A shell that takes it for a command ends there. What says again what it reads does not say the mark.
            guard: guarded.then(|| format!("exit #{number:016x}")),
            out: Awaited::Yes(Vec::new()),
            err: if terminal {
                Awaited::No
            } else {
                Awaited::Yes(Vec::new())
            },
        }
    }

    /// What the login shell is given.
    pub(super) fn line(&self, script: &str, terminal: bool) -> String {
        let start = Start {
            mark: &self.mark,
            guard: self.guard.as_deref(),
            terminal,
        };
        login_line(script, &start)
    }

    /// The first line of the input, where there is to be one of our own.
    pub(super) fn guard(&self) -> Option<String> {
        self.guard.as_ref().map(|guard| format!("{guard}\n"))
    }

    /// Whether `sh` has begun with the command.
    pub(super) fn has_begun(&self) -> bool {
        matches!(self.out, Awaited::No)
    }

    /// Sorts what has come.
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
            // The end of the mark's line cannot have come before.
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

    /// What is left at the end of the command: what was said on standard output, and on standard error, which is the command's
    /// own where only that was not marked: a script may be none for its shell.
    pub(super) fn rest(&mut self) -> (Vec<u8>, Vec<u8>) {
        let rest = |awaited: &mut Awaited| match awaited {
            Awaited::Yes(seen) => std::mem::take(seen),
            Awaited::No => Vec::new(),
        };
        (rest(&mut self.out), rest(&mut self.err))
    }
}

/// Where the line of the mark begins and ends; whatever was said before may have had no end of line.
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

/// How much of the end may be the beginning of the mark's line.
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
    use super::{Beginning, MOST_KEPT, Sorted};
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
        for cut in 0..whole(&Beginning::new(false, false)).len() {
            let mut beginning = Beginning::new(false, false);
            let said = whole(&beginning);
            let first = beginning.take(Stream::Out, &said.as_bytes()[..cut]);
            let second = beginning.take(Stream::Out, &said.as_bytes()[cut..]);
            assert_eq!([first.before, second.before].concat(), b"hello\nx");
            assert_eq!([first.own, second.own].concat(), b"own", "{cut}");
            assert!(beginning.has_begun());
        }
        let mut beginning = Beginning::new(false, true);
        let said = format!("{}\r\nown", beginning.mark);
        assert_eq!(beginning.take(Stream::Out, said.as_bytes()), sorted("", "own"));
        assert_eq!(beginning.take(Stream::Out, b"more"), sorted("", "more"));
    }

    #[test]
    fn what_only_shows_the_line_has_not_begun_and_much_is_not_kept() {
        let mut beginning = Beginning::new(true, false);
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
        let mut beginning = Beginning::new(false, false);
        let mark = format!("{}\n", beginning.mark);
        assert_eq!(beginning.take(Stream::Err, b"noise\n"), Sorted::default());
        assert_eq!(beginning.take(Stream::Out, mark.as_bytes()), sorted("", ""));
        assert_eq!(beginning.take(Stream::Err, b"sh: no\n"), Sorted::default());
        assert_eq!(beginning.rest(), (Vec::new(), b"noise\nsh: no\n".to_vec()));
    }
}
