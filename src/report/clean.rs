//! Makes text from servers and recipes fit to be shown: no terminal control, no secrets.

use crate::secret::Redactor;

/// Cleans every text before it is shown.
#[derive(Clone, Debug, Default)]
pub(super) struct Cleaner {
    redactor: Redactor,
}

impl Cleaner {
    pub(super) fn new(redactor: Redactor) -> Self {
        Self { redactor }
    }

    /// One line, fit for a terminal.
    pub(super) fn line(&self, text: &str) -> String {
        // Twice: a secret may hold what cleaning changes, and may come apart by an escape sequence in its middle.
        self.redact(&printable(&self.redact(text)))
    }

    /// Every line of a text, fit for a terminal; none for an empty text.
    pub(super) fn lines(&self, text: &str) -> Vec<String> {
        self.redact(text).lines().map(|line| self.line(line)).collect()
    }

    /// The text without secrets, all else kept.
    pub(super) fn redact(&self, text: &str) -> String {
        if self.redactor.is_empty() {
            text.to_owned()
        } else {
            self.redactor.clean(text)
        }
    }
}

/// A line without escape sequences, other control characters made visible, tabs kept. Of a line that overwrote itself by
/// carriage returns, what stood there last.
fn printable(line: &str) -> String {
    let last = line
        .trim_end_matches('\r')
        .rsplit('\r')
        .find(|part| !part.is_empty())
        .unwrap_or("");
    let mut shown = String::with_capacity(last.len());
    let mut rest = last.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\u{1b}' => skip_sequence(&mut rest),
            '\u{9b}' => skip_parameters(&mut rest),
            '\u{90}' | '\u{98}' | '\u{9d}'..='\u{9f}' => skip_string(&mut rest),
            '\t' => shown.push(c),
            '\u{0}'..='\u{1f}' | '\u{7f}' => {
                shown.push('^');
                shown.push(if c == '\u{7f}' { '?' } else { char::from(c as u8 | 0x40) });
            }
            _ if is_hidden(c) => shown.extend(c.escape_unicode()),
            _ => shown.push(c),
        }
    }
    shown
}

/// Characters that change how others are shown, or the line they stand on, and are invisible themselves.
pub(super) fn is_hidden(c: char) -> bool {
    matches!(c, '\u{80}'..='\u{9f}' | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

type Rest<'a> = std::iter::Peekable<std::str::Chars<'a>>;

/// What follows an ESC.
fn skip_sequence(rest: &mut Rest<'_>) {
    match rest.peek() {
        Some('[') => {
            rest.next();
            skip_parameters(rest);
        }
        Some(']' | 'P' | 'X' | '^' | '_') => {
            rest.next();
            skip_string(rest);
        }
        _ => {
            while rest.next_if(|c| (' '..='/').contains(c)).is_some() {}
            rest.next_if(|c| ('0'..='~').contains(c));
        }
    }
}

/// Parameters and final byte of a control sequence.
fn skip_parameters(rest: &mut Rest<'_>) {
    while rest.next_if(|c| (' '..='?').contains(c)).is_some() {}
    rest.next_if(|c| ('@'..='~').contains(c));
}

/// A string up to its terminator, or the end of the line.
fn skip_string(rest: &mut Rest<'_>) {
    while let Some(c) = rest.next() {
        match c {
            '\u{7}' | '\u{9c}' => return,
            '\u{1b}' => {
                rest.next_if_eq(&'\\');
                return;
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Cleaner, printable};
    use crate::secret::{Redactor, Secret};

    #[test]
    fn escape_sequences_are_removed_and_other_controls_made_visible() {
        for (text, shown) in [
            ("  plain\ttext ", "  plain\ttext "),
            ("\u{1b}[1;31mred\u{1b}[0m", "red"),
            ("\u{1b}]0;title\u{7}x", "x"),
            ("\u{1b}]8;;http://a\u{1b}\\link\u{1b}]8;;\u{1b}\\", "link"),
            ("\u{1b}(Bx\u{1b}c", "x"),
            ("\u{1b}Pstring\u{1b}\\x", "x"),
            ("a\u{9b}2Jb", "ab"),
            ("bell\u{7}", "bell^G"),
            ("del\u{7f}", "del^?"),
            ("\u{202e}live", "\\u{202e}live"),
            ("lone \u{1b}", "lone "),
            ("ünïcode ✓ 日本", "ünïcode ✓ 日本"),
        ] {
            assert_eq!(printable(text), shown, "{text:?}");
        }
    }

    #[test]
    fn a_line_that_overwrites_itself_shows_what_stood_there_last() {
        assert_eq!(printable("10%\r 50%\r100%"), "100%");
        assert_eq!(printable("10%\r100%\r"), "100%");
        assert_eq!(printable("\r"), "");
    }

    #[test]
    fn b22_a_secret_is_redacted_even_with_an_escape_sequence_in_it() {
        let redactor = Redactor::default();
        redactor.add(&Secret::new("hunter2"));
        let cleaner = Cleaner::new(redactor);
        assert_eq!(cleaner.line("echo hunter2"), "echo [redacted]");
        assert_eq!(cleaner.line("hun\u{1b}[0mter2"), "[redacted]");
        assert_eq!(cleaner.lines("a\n  hunter2\n"), ["a", "  [redacted]"]);
    }
}
