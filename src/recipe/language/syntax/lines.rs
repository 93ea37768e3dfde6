//! The lines of a recipe's source.

use std::cell::Cell;

use rhai::Position;

/// The lines of a source. For each token, one after the other, they are asked for the source at it.
#[derive(Default)]
pub(super) struct SourceLines {
    lines: Vec<String>,
    /// The place that was last asked for: index of the line, characters and bytes before it. The next place is usually close
    /// after it.
    last: Cell<(usize, usize, usize)>,
}

/// The highest number that Rhai can count to, for lines and for the characters of one.
const MAX: usize = u16::MAX as usize - 1;

/// Returns the number of the first line that Rhai cannot count, or whose characters it cannot count.
pub(in crate::recipe) fn uncountable(text: &str) -> Option<usize> {
    let is_long = |line: &str| line.len() > MAX && line.chars().nth(MAX).is_some();
    let long = text
        .split('\n')
        .enumerate()
        .find(|(index, line)| *index >= MAX || is_long(line));
    long.map(|(index, _)| index + 1)
}

impl SourceLines {
    pub(super) fn new(text: &str) -> Self {
        Self {
            lines: text.lines().map(str::to_owned).collect(),
            last: Cell::default(),
        }
    }

    /// Returns the rest of the line from a position on.
    pub(super) fn rest(&self, position: Position) -> Option<&str> {
        let (index, column) = (position.line()?.checked_sub(1)?, position.position()?.checked_sub(1)?);
        let line = self.lines.get(index)?;
        let (characters, bytes) = match self.last.get() {
            (last, characters, bytes) if last == index && characters <= column => (characters, bytes),
            _ => (0, 0),
        };
        let between = line.get(bytes..)?.chars().take(column - characters);
        let bytes = bytes + between.map(char::len_utf8).sum::<usize>();
        self.last.set((index, column, bytes));
        line.get(bytes..)
    }

    /// Returns the characters from a position on, after the first `skipped`. Comments are left out, and line ends become blanks.
    pub(super) fn code(&self, position: Position, skipped: usize) -> impl Iterator<Item = char> {
        let number = position.line().unwrap_or(self.lines.len());
        let first = self.rest(position).and_then(|rest| rest.get(skipped..)).unwrap_or("");
        let below = self.lines.iter().skip(number).map(String::as_str);
        let mut in_comment = false;
        std::iter::once(first).chain(below).flat_map(move |line| {
            let mut to_skip = 0;
            line.char_indices()
                .chain([(line.len(), ' ')])
                .filter_map(|(at, c)| {
                    let rest = line.get(at..).unwrap_or("");
                    if at < to_skip {
                        return None;
                    }
                    if in_comment {
                        in_comment = !rest.starts_with("*/");
                        to_skip = if in_comment { 0 } else { at + 2 };
                        return None;
                    }
                    if rest.starts_with("//") {
                        to_skip = line.len();
                        return None;
                    }
                    in_comment = rest.starts_with("/*");
                    (!in_comment).then_some(c)
                })
                .collect::<Vec<char>>()
        })
    }

    /// Returns the rest of the line after a word, or a later line, without blanks and comments in front.
    pub(super) fn behind(&self, word: &str, position: Position) -> Option<&str> {
        let number = position.line()?;
        let first = self.rest(position)?.get(word.len()..)?;
        let mut in_comment = false;
        for mut line in std::iter::once(first).chain(self.lines.iter().skip(number).map(String::as_str)) {
            loop {
                line = line.trim_start();
                if in_comment {
                    let Some((_, rest)) = line.split_once("*/") else { break };
                    (line, in_comment) = (rest, false);
                } else if let Some(rest) = line.strip_prefix("/*") {
                    (line, in_comment) = (rest, true);
                } else if line.is_empty() || line.starts_with("//") {
                    break;
                } else {
                    return Some(line);
                }
            }
        }
        Some("")
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use rhai::Position;

    use super::{MAX, SourceLines, uncountable};

    #[test]
    fn the_rest_of_a_line_is_found_forwards_and_backwards_and_in_characters() {
        let lines = SourceLines::new("aé字b\nsecond");
        for (line, column, rest) in [
            (1, 1, "aé字b"),
            (1, 4, "b"),
            (1, 3, "字b"),
            (2, 4, "ond"),
            (1, 4, "b"),
            (1, 5, ""),
        ] {
            assert_eq!(lines.rest(Position::new(line, column)), Some(rest), "{line}:{column}");
        }
        assert_eq!(lines.rest(Position::new(3, 1)), None);
        assert_eq!(lines.rest(Position::NONE), None);
        assert_eq!(lines.rest(Position::new(1, 0)), None);
        assert_eq!(SourceLines::new("ab").rest(Position::new(1, 9)), Some(""));
    }

    #[test]
    fn code_is_what_is_left_without_comments() {
        let lines = SourceLines::new("a |b, // |x|\n c /* | */ | {\n}");
        let code: String = lines.code(Position::new(1, 3), 1).collect();
        assert_eq!(code.split_whitespace().collect::<String>(), "b,c|{}");
    }

    #[test]
    fn what_cannot_be_counted_is_found() {
        assert_eq!(uncountable(&"\n".repeat(MAX - 1)), None);
        assert_eq!(uncountable(&"\n".repeat(MAX)), Some(MAX + 1));
        assert_eq!(uncountable(&format!("a\n{}", "é".repeat(MAX))), None);
        assert_eq!(uncountable(&format!("a\n{}", "é".repeat(MAX + 1))), Some(2));
    }
}
