//! Lines that fit a terminal: their columns, and the places where a longer one is broken.

use unicode_width::UnicodeWidthChar;

/// The columns from one tab stop to the next.
const TAB: usize = 8;
/// The least room of a line, however narrow the terminal is.
const LEAST: usize = 20;

/// Returns the number of columns that a string without styles takes.
pub(super) fn columns_of(text: &str) -> usize {
    text.chars().map(of).sum()
}

/// Returns the columns of a character: none for one that is put on the one before, two for a wide one.
fn of(c: char) -> usize {
    c.width().unwrap_or(1)
}

/// Returns a string with blanks after it that fill this many columns.
pub(super) fn padded(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(columns_of(text))))
}

/// Breaks a line at its words. The first line has `first` columns, all others `rest`; a word that is longer than that is broken
/// where the room ends. Tabs become blanks.
pub(super) fn broken(line: &str, first: usize, rest: usize) -> Vec<String> {
    let (mut room, rest) = (first.max(LEAST), rest.max(LEAST));
    let line = without_tabs(line);
    let mut left = line.as_str();
    let mut lines = Vec::new();
    while columns_of(left) > room {
        let (end, next) = place(left, room, rest);
        lines.push(left.get(..end).unwrap_or_default().trim_end().to_owned());
        left = left.get(next..).unwrap_or_default();
        room = rest;
    }
    if !left.is_empty() || lines.is_empty() {
        lines.push(left.to_owned());
    }
    lines
}

/// Returns the end of the part that has room on the first line, and the beginning of the next line, as byte offsets.
fn place(text: &str, room: usize, rest: usize) -> (usize, usize) {
    let (mut used, mut end, mut blank, mut is_word) = (0, 0, None, false);
    for (at, c) in text.char_indices() {
        if c == ' ' && is_word {
            blank = Some(at);
        }
        is_word = c != ' ';
        used += of(c);
        if used > room {
            break;
        }
        end = at + c.len_utf8();
    }
    let after = |blank: usize| text.get(blank..).unwrap_or_default();
    let next_word = |blank: usize| {
        after(blank)
            .split(' ')
            .find(|word| !word.is_empty())
            .unwrap_or_default()
    };
    match blank {
        Some(blank) if columns_of(next_word(blank)) <= rest => {
            let blanks = after(blank).len() - after(blank).trim_start_matches(' ').len();
            (blank, blank + blanks)
        }
        // At least one character is on the line, even if it has no room.
        _ => {
            let end = end.max(text.chars().next().map_or(1, char::len_utf8));
            (end, end)
        }
    }
}

fn without_tabs(line: &str) -> String {
    if !line.contains('\t') {
        return line.to_owned();
    }
    let mut text = String::with_capacity(line.len() + TAB);
    for part in line.split_inclusive('\t') {
        let Some(part) = part.strip_suffix('\t') else {
            text.push_str(part);
            continue;
        };
        text.push_str(part);
        let blanks = TAB - columns_of(&text) % TAB;
        text.push_str(&" ".repeat(blanks));
    }
    text
}

/// Returns as much of a string as has room; `...` stands for what is cut off.
pub(super) fn cut_to(text: &str, room: usize) -> String {
    if columns_of(text) <= room {
        return text.to_owned();
    }
    let dots: String = "...".chars().take(room).collect();
    let mut left = room - dots.len();
    let kept = text.chars().take_while(|c| {
        let columns = of(*c);
        let fits = columns <= left;
        left = left.saturating_sub(columns);
        fits
    });
    let kept: String = kept.collect();
    format!("{}{dots}", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, proptest};
    use proptest::{prop_assert, prop_assert_eq};

    use super::{LEAST, broken, columns_of, cut_to, padded};

    #[test]
    fn lines_are_broken_at_their_words_and_keep_the_blanks_within() {
        for (line, first, rest, expected) in [
            ("short", 20, 20, &["short"][..]),
            ("", 20, 20, &[""]),
            (
                "one  two three four five six",
                20,
                24,
                &["one  two three four", "five six"],
            ),
            // A word that is longer than a line is broken where the line is full.
            (
                "run /a/path/that/is/much/too/long/for/a/line",
                24,
                20,
                &["run /a/path/that/is/much", "/too/long/for/a/line"],
            ),
            ("name\tvalue", 20, 20, &["name    value"]),
            // Characters of two columns.
            ("日本語日本語日本語日本語", 20, 20, &["日本語日本語日本語日", "本語"]),
            (
                "  indented words go on below",
                20,
                20,
                &["  indented words go", "on below"],
            ),
        ] {
            assert_eq!(broken(line, first, rest), expected, "{line:?}");
        }
    }

    proptest! {
        #[test]
        fn no_line_is_longer_than_its_room_and_no_word_is_lost(line in any::<String>(), first in 0_usize..60, rest in 0_usize..60) {
            let lines = broken(&line, first, rest);
            for (index, part) in lines.iter().enumerate() {
                let room = if index == 0 { first } else { rest };
                prop_assert!(columns_of(part) <= room.max(LEAST), "{part:?}");
            }
            let seen = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            prop_assert_eq!(seen(&lines.concat()), seen(&line));
        }

        #[test]
        fn what_is_cut_has_room(text in any::<String>(), room in 0_usize..40) {
            prop_assert!(columns_of(&cut_to(&text, room)) <= room);
        }
    }

    #[test]
    fn a_string_is_padded_and_cut_by_columns() {
        assert_eq!(padded("日本", 6), "日本  ");
        assert_eq!(cut_to("日本語日本語", 8), "日本...");
        assert_eq!(cut_to("abcd efgh", 8), "abcd...");
        assert_eq!(cut_to("abcdefgh", 2), "..");
    }
}
