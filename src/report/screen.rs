//! The writer of a report: lines above, and on a terminal last lines that are drawn again and again.

use std::io::{Error, ErrorKind, Write};

use super::clean::Clean;
use crate::io_error::plain;

/// Lines on one writer, with last lines that may be redrawn.
pub(super) struct Screen {
    out: Box<dyn Write>,
    /// The last lines as they are drawn.
    drawn: Option<String>,
    /// The first reason why something could not be written.
    lost: Option<Error>,
    /// True if nobody read what was written last.
    is_unread: bool,
}

/// Erases the last lines, even if a terminal that became narrower has made several lines of one: the cursor stands at the
/// beginning of the first, so all others are below. The first is erased by itself: if everything from the upper left corner on
/// were erased at once, tmux would take it for a whole screen and keep it in its history.
const ERASE: &str = "\r\u{1b}[K\u{1b}7\u{1b}[B\u{1b}[J\u{1b}8";
/// Marks of synchronized output: terminals that know them show everything between them at once, the others ignore them.
const BEGIN: &str = "\u{1b}[?2026h";
const END: &str = "\u{1b}[?2026l";

/// Returns the number of lines below the first.
fn below(live: Option<&str>) -> usize {
    live.map_or(0, |live| live.matches('\n').count())
}

impl Screen {
    pub(super) fn new(out: Box<dyn Write>) -> Self {
        Self {
            out,
            drawn: None,
            lost: None,
            is_unread: false,
        }
    }

    /// Returns true if nobody read what was written last: the reader is gone, or the run is to stop and nobody reads any more.
    pub(super) fn is_unread(&self) -> bool {
        self.is_unread
    }

    /// Writes whole lines, then draws `live` as the last lines. They must be fewer than the terminal has.
    ///
    /// A write that fails is remembered and not reported: the run itself must continue to its end.
    pub(super) fn write(&mut self, lines: &Clean, live: Option<&Clean>) {
        let (lines, live) = (lines.as_str(), live.map(Clean::as_str));
        if lines.is_empty() && self.drawn.as_deref() == live {
            return;
        }
        let mut text = String::with_capacity(lines.len() + 80);
        let is_whole = below(self.drawn.as_deref()) + below(live) > 0;
        if is_whole {
            text.push_str(BEGIN);
        }
        if self.drawn.is_some() {
            text.push_str(ERASE);
        }
        text.push_str(lines);
        self.drawn = live.map(str::to_owned);
        if let Some(live) = live {
            // Wrapping is turned off, since the terminal may have become narrower.
            text.push_str("\u{1b}[?7l");
            text.push_str(live);
            text.push_str("\u{1b}[?7h");
            match below(Some(live)) {
                0 => {}
                below => text.push_str(&format!("\u{1b}[{below}A")),
            }
            text.push('\r');
        }
        if is_whole {
            text.push_str(END);
        }
        let written = self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush());
        self.is_unread = matches!(&written, Err(error) if error.kind() == ErrorKind::BrokenPipe);
        if let Err(error) = written {
            self.lost.get_or_insert(error);
        }
    }

    /// Returns the reason why something was not written. A reader that has stopped reading is no reason.
    pub(super) fn lost(&self) -> Option<String> {
        let error = self.lost.as_ref();
        let error = error.filter(|error| error.kind() != ErrorKind::BrokenPipe);
        error.map(plain)
    }

    /// Returns the reason why something was not written, also if it is the reader: for a stream that must be complete.
    pub(super) fn is_cut(&self) -> Option<String> {
        self.lost.as_ref().map(plain)
    }

    /// Removes the last lines so that somebody else can write.
    pub(super) fn erase(&mut self) {
        self.write(&Clean::default(), None);
    }
}

impl std::fmt::Debug for Screen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Screen").field("drawn", &self.drawn).finish()
    }
}
