//! Makes strings fit to be shown: no terminal control, nothing invisible, no secrets. Everything that goes to a terminal or a log
//! passes through here: streams accept only [`Clean`] strings, and nobody else can make one.

use super::palette::is_own;
use crate::secret::{REDACTED, Redactor};

/// A string that was cleaned and redacted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Clean(String);

impl Clean {
    /// Returns the string, for a stream.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Cleans every string before it is shown.
#[derive(Clone, Debug, Default)]
pub(super) struct Cleaner {
    redactor: Redactor,
    /// True if programs read the result: they get all bytes except those of secrets.
    for_programs: bool,
    /// True if the styles of terminals stay in JSON.
    keeps_styles: bool,
}

impl Cleaner {
    pub(super) fn new(redactor: Redactor) -> Self {
        Self {
            redactor,
            for_programs: false,
            keeps_styles: false,
        }
    }

    /// Returns a cleaner with the same secrets, for what programs read.
    pub(super) fn for_programs(&self) -> Self {
        Self {
            redactor: self.redactor.clone(),
            for_programs: true,
            keeps_styles: false,
        }
    }

    /// Returns a cleaner with the same secrets, for pages that show the styles of terminals.
    pub(super) fn for_pages(&self) -> Self {
        Self {
            redactor: self.redactor.clone(),
            for_programs: false,
            keeps_styles: true,
        }
    }

    /// Returns one line, fit for a terminal.
    pub(super) fn line(&self, text: &str) -> String {
        self.seen(&self.redact(text), false)
    }

    /// Returns every line of a string, fit for a terminal; none for an empty string.
    pub(super) fn lines(&self, text: &str) -> Vec<String> {
        self.redact(text).lines().map(|line| self.seen(line, false)).collect()
    }

    /// Returns all of a string that was put together from others and, if colours are on, our own styles.
    pub(super) fn whole(&self, text: &str, has_styles: bool) -> Clean {
        let text = self.redact(text);
        let lines: Vec<String> = text.split('\n').map(|line| self.seen(line, has_styles)).collect();
        Clean(lines.join("\n"))
    }

    /// Returns a string for a program, which is not shown: all bytes except those of secrets.
    pub(super) fn kept(&self, text: &str) -> Clean {
        let kept = self.redact(text);
        let whole = self.whole(text, false);
        // A secret may appear only once escape sequences are gone.
        let hidden = |text: &str| text.matches(REDACTED).count();
        if hidden(whole.as_str()) > hidden(&kept) {
            return whole;
        }
        Clean(kept)
    }

    /// Returns a string for JSON, which escapes what a terminal would obey.
    pub(super) fn json(&self, text: &str) -> Clean {
        if self.for_programs {
            self.kept(text)
        } else {
            self.whole(text, self.keeps_styles)
        }
    }

    /// Returns the string without the secrets that it contains literally.
    fn redact(&self, text: &str) -> String {
        if self.redactor.is_empty() {
            text.to_owned()
        } else {
            self.redactor.clean(text)
        }
    }

    /// Returns a line as a terminal may receive it. Secrets are searched for a second time in the characters that a person would
    /// read.
    fn seen(&self, line: &str, has_styles: bool) -> String {
        let Seen { text, aside } = seen(line, has_styles);
        if self.redactor.is_empty() {
            return text;
        }
        let mut read = String::with_capacity(text.len());
        // The place in `text` of each byte of `read`.
        let mut places = Vec::with_capacity(text.len());
        let mut aside = aside.iter().peekable();
        for (at, c) in text.char_indices() {
            while aside.next_if(|aside| aside.end <= at).is_some() {}
            if aside.peek().is_some_and(|aside| aside.start <= at) {
                continue;
            }
            read.push(c);
            places.extend(at..at + c.len_utf8());
        }
        let mut shown = String::with_capacity(text.len());
        let mut from = 0;
        for place in self.redactor.places(&read) {
            let (Some(start), Some(last)) = (places.get(place.start), places.get(place.end - 1)) else {
                continue;
            };
            shown.push_str(text.get(from..*start).unwrap_or_default());
            shown.push_str(REDACTED);
            from = last + 1;
        }
        shown.push_str(text.get(from..).unwrap_or_default());
        shown
    }
}

/// Returns true if a terminal shows a string as it is.
pub(crate) fn is_plain(text: &str) -> bool {
    !text.chars().any(|c| c.is_control() || is_hidden(c))
}

/// Returns one line, fit for a terminal, before any secret is known.
pub(crate) fn shown(line: &str) -> String {
    Cleaner::default().line(line)
}

/// A line as it may be shown.
#[derive(Default)]
struct Seen {
    text: String,
    /// The parts that stand for something invisible, in order.
    aside: Vec<std::ops::Range<usize>>,
}

impl Seen {
    fn aside(&mut self, shown: impl IntoIterator<Item = char>) {
        let from = self.text.len();
        self.text.extend(shown);
        self.aside.push(from..self.text.len());
    }
}

/// Returns a line without escape sequences except those of our styles, with other control characters and invisible characters
/// made visible, and with its tabs. If carriage returns let the line overwrite itself, only the last version is returned.
fn seen(line: &str, has_styles: bool) -> Seen {
    if line.bytes().all(|byte| byte == b'\t' || matches!(byte, b' '..=b'~')) {
        return Seen {
            text: line.to_owned(),
            aside: Vec::new(),
        };
    }
    let last = line
        .trim_end_matches('\r')
        .rsplit('\r')
        .find(|part| !part.is_empty())
        .unwrap_or("");
    let mut seen = Seen::default();
    let mut rest = last.chars().peekable();
    let mut before = '\0';
    while let Some(c) = rest.next() {
        match c {
            '\u{1b}' => match style(&rest).filter(|_| has_styles) {
                Some(style) => {
                    seen.aside(['\u{1b}'].into_iter().chain(style.chars()));
                    rest.nth(style.chars().count() - 1);
                }
                None => skip_sequence(&mut rest),
            },
            '\u{9b}' => skip_parameters(&mut rest),
            '\u{90}' | '\u{98}' | '\u{9d}'..='\u{9f}' => skip_string(&mut rest),
            '\t' => seen.text.push(c),
            '\u{7f}' => seen.aside(['^', '?']),
            '\u{0}'..='\u{1f}' => seen.aside(['^', char::from(c as u8 | 0x40)]),
            // Variation selectors choose how a character is drawn; after a letter they are only invisible.
            '\u{fe00}'..='\u{fe0f}' if !before.is_alphanumeric() && !before.is_ascii() => seen.text.push(c),
            _ if is_hidden(c) => seen.aside(c.escape_unicode()),
            _ => seen.text.push(c),
        }
        before = c;
    }
    seen
}

/// Returns true for characters that are invisible themselves and change how others, or their line, are shown: controls,
/// directions, joiners, marks, and what Unicode calls default ignorable.
pub(super) fn is_hidden(c: char) -> bool {
    matches!(c,
        '\u{80}'..='\u{9f}' | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Returns the rest of an escape sequence, after its ESC, if it is one of our styles: bold, dim, underlined, the first colours,
/// those of the palette, and none.
fn style(rest: &Rest<'_>) -> Option<String> {
    let style: String = rest.clone().take_while(|c| *c != 'm').take(12).collect();
    let numbers = style.strip_prefix('[')?;
    let is_plain = |number: &str| {
        matches!(
            number,
            "" | "0"
                | "1"
                | "2"
                | "4"
                | "22"
                | "31"
                | "32"
                | "33"
                | "34"
                | "35"
                | "36"
                | "91"
                | "92"
                | "93"
                | "94"
                | "95"
                | "96"
        )
    };
    let is_ours = match numbers.strip_prefix("38;5;") {
        Some(number) => is_own(number),
        None => numbers.split(';').all(is_plain),
    };
    is_ours
        .then(|| format!("{style}m"))
        .filter(|style| rest.clone().nth(style.chars().count() - 1) == Some('m'))
}

type Rest<'a> = std::iter::Peekable<std::str::Chars<'a>>;

/// Skips the rest of an escape sequence, after its ESC.
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

/// Skips the parameters and the final byte of a control sequence.
fn skip_parameters(rest: &mut Rest<'_>) {
    while rest.next_if(|c| (' '..='?').contains(c)).is_some() {}
    rest.next_if(|c| ('@'..='~').contains(c));
}

/// Skips a string up to its terminator, or to the end of the line.
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
    use super::Cleaner;
    use crate::secret::{Redactor, Secret};

    fn printable(text: &str) -> String {
        Cleaner::default().line(text)
    }

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
        for interrupted in [
            "\u{1b}[0m",
            "\u{9b}1m",
            "\u{1b}]0;x\u{7}",
            "\u{200b}",
            "\u{202e}",
            "\u{feff}",
            "\u{8}",
            "\u{fe0f}",
        ] {
            let text = format!("a hun{interrupted}ter2 b");
            assert_eq!(cleaner.line(&text), "a [redacted] b", "{interrupted:?}");
            assert_eq!(cleaner.json(&text).as_str(), "a [redacted] b", "{interrupted:?}");
            assert_eq!(
                cleaner.for_programs().json(&text).as_str(),
                "a [redacted] b",
                "{interrupted:?}"
            );
        }
        let kept = "no \u{1b}[1msecret\r\u{202e}";
        assert_eq!(cleaner.for_programs().json(kept).as_str(), kept);
        assert_eq!(cleaner.lines("a\n  hunter2\n"), ["a", "  [redacted]"]);
    }

    #[test]
    fn of_escape_sequences_only_our_styles_stay_and_only_where_there_are_colours() {
        let cleaner = Cleaner::default();
        let ours = "\u{1b}[1m\u{1b}[38;5;160mred\u{1b}[0m\n\u{1b}[2mdim\u{1b}[0m";
        assert_eq!(cleaner.whole(ours, true).as_str(), ours);
        assert_eq!(cleaner.whole(ours, false).as_str(), "red\ndim");
        for theirs in [
            "\u{1b}[8mx",
            "\u{1b}[2Jx",
            "\u{1b}[1",
            "\u{1b}[m;x",
            "\u{1b}]0;m\u{7}x",
            "\u{1b}[38;5;1mx",
        ] {
            assert!(!cleaner.whole(theirs, true).as_str().contains("\u{1b}[8"), "{theirs:?}");
            assert!(!cleaner.whole(theirs, true).as_str().contains("\u{1b}]"), "{theirs:?}");
            assert!(!cleaner.whole(theirs, true).as_str().contains('J'), "{theirs:?}");
        }
    }
}
