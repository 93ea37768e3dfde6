//! Turns bytes as they come into characters and whole lines.

use crate::secret::Redactor;

/// The longest line, in bytes. A longer one is cut, though not inside a secret, so that a server which never ends a line cannot
/// fill the memory.
const LONGEST: usize = 64 * 1024;

/// Turns bytes into characters: bytes that are not UTF-8 are replaced, and a character that the network has cut is joined again.
#[derive(Debug, Default)]
pub(super) struct Decoder(Vec<u8>);

impl Decoder {
    pub(super) fn push(&mut self, bytes: &[u8]) -> String {
        let held = std::mem::take(&mut self.0);
        let joined;
        let mut bytes = bytes;
        if !held.is_empty() {
            joined = [held.as_slice(), bytes].concat();
            bytes = &joined;
        }
        let mut text = String::with_capacity(bytes.len());
        let mut chunks = bytes.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            text.push_str(chunk.valid());
            let wrong = chunk.invalid();
            let unfinished =
                chunks.peek().is_none() && std::str::from_utf8(wrong).is_err_and(|error| error.error_len().is_none());
            if unfinished {
                self.0 = wrong.to_vec();
            } else if !wrong.is_empty() {
                text.push(char::REPLACEMENT_CHARACTER);
            }
        }
        text
    }

    /// Returns what is left at the end.
    pub(super) fn finish(&mut self) -> String {
        let held = std::mem::take(&mut self.0);
        String::from_utf8_lossy(&held).into_owned()
    }
}

/// Turns strings into whole lines, without their newlines.
#[derive(Debug, Default)]
pub(super) struct LineSplitter(String);

impl LineSplitter {
    pub(super) fn push(&mut self, text: &str, redactor: &Redactor, mut line: impl FnMut(&str)) {
        for part in text.split_inclusive('\n') {
            let Some(end) = part.strip_suffix('\n') else {
                self.0.push_str(part);
                if self.0.len() > LONGEST {
                    let rest = self.0.split_off(redactor.settled(&self.0));
                    line(&std::mem::replace(&mut self.0, rest));
                }
                continue;
            };
            if self.0.is_empty() {
                line(end.strip_suffix('\r').unwrap_or(end));
            } else {
                self.0.push_str(end);
                line(self.0.strip_suffix('\r').unwrap_or(&self.0));
                self.0.clear();
            }
        }
    }

    /// Returns the line that has not ended yet.
    pub(super) fn rest(&self) -> &str {
        &self.0
    }

    /// Hands out the rest, if the last line has not ended.
    pub(super) fn finish(&mut self, mut line: impl FnMut(&str)) {
        let rest = std::mem::take(&mut self.0);
        let rest = rest.strip_suffix('\r').unwrap_or(&rest);
        if !rest.is_empty() {
            line(rest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Decoder, LONGEST, LineSplitter};
    use crate::secret::{Redactor, Secret};

    #[test]
    fn c23_lines_are_put_together_and_the_rest_comes_at_the_end() {
        let mut lines = LineSplitter::default();
        let mut seen = Vec::new();
        for text in ["hel", "lo\r", "\n\n  two\nthr", "ee"] {
            lines.push(text, &Redactor::default(), |line| seen.push(line.to_owned()));
        }
        lines.finish(|line| seen.push(line.to_owned()));
        lines.finish(|line| seen.push(line.to_owned()));
        assert_eq!(seen, ["hello", "", "  two", "three"]);
    }

    #[test]
    fn c28_a_line_without_end_does_not_grow_without_limit() {
        let mut lines = LineSplitter::default();
        let mut count = 0;
        let chunk = "x".repeat(LONGEST);
        for _ in 0..4 {
            lines.push(&chunk, &Redactor::default(), |_| count += 1);
        }
        assert_eq!(count, 2);
    }

    #[test]
    fn a_line_is_not_cut_in_a_secret() {
        let redactor = Redactor::default();
        redactor.add(&Secret::new("hunter2!"));
        let mut lines = LineSplitter::default();
        let mut seen = Vec::new();
        for text in ["x".repeat(LONGEST), "xhunt".to_owned(), "er2!\n".to_owned()] {
            lines.push(&text, &redactor, |line| {
                seen.push(line.trim_start_matches('x').to_owned())
            });
        }
        assert_eq!(seen, ["", "hunter2!"]);
    }

    #[test]
    fn a_character_cut_by_the_network_is_whole_again_and_wrong_bytes_are_replaced() {
        let mut decoder = Decoder::default();
        let bytes = "aé€b".as_bytes();
        let text: String = bytes.iter().map(|byte| decoder.push(&[*byte])).collect();
        assert_eq!(text, "aé€b");
        assert_eq!(decoder.push(b"x\xffy\xe2\x82"), "x\u{fffd}y");
        assert_eq!(decoder.push(b"z"), "\u{fffd}z");
        decoder.push(b"\xe2");
        assert_eq!(decoder.finish(), "\u{fffd}");
        assert_eq!(decoder.finish(), "");
    }
}
