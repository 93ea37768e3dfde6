//! Comments and blank lines, taken from the file in its order.

use ruby_prism::ParseResult;

use super::super::ruby::Offsets;

use super::super::form::Above;

/// Those that were not taken yet.
pub(super) struct Comments<'a> {
    text: &'a [u8],
    /// Beginning, end, and what stands behind the mark.
    left: std::vec::IntoIter<(usize, usize, String)>,
    next: Option<(usize, usize, String)>,
    /// Where the last thing that was taken ends.
    at: usize,
}

impl<'a> Comments<'a> {
    pub(super) fn of(parsed: &ParseResult<'_>, text: &'a [u8]) -> Self {
        let mut found = Vec::new();
        for comment in parsed.comments() {
            let location = comment.location();
            let (start, end) = (location.start_offset(), location.end_offset());
            let whole = String::from_utf8_lossy(comment.text()).into_owned();
            if is_for_ruby(&whole, start) {
                continue;
            }
            match whole.strip_prefix("=begin") {
                Some(inner) => {
                    let inner = inner.trim_end();
                    let inner = inner.strip_suffix("=end").unwrap_or(inner);
                    let lines = inner.trim_matches('\n').lines();
                    found.extend(lines.map(|line| (start, end, format!(" {line}"))));
                }
                None => found.push((start, end, whole.strip_prefix("#").unwrap_or(&whole).to_owned())),
            }
        }
        let mut left = found.into_iter();
        let next = left.next();
        Self {
            text,
            left,
            next,
            at: 0,
        }
    }

    /// What stands before a place, and was not taken yet.
    pub(super) fn before(&mut self, place: usize) -> Vec<Above> {
        let mut above = Vec::new();
        while let Some((start, end, comment)) = self.next.take_if(|(start, ..)| *start < place) {
            if self.is_blank_before(start) {
                above.push(Above::Blank);
            }
            above.push(Above::Comment(clean(&comment)));
            self.at = end;
            self.next = self.left.next();
        }
        if self.is_blank_before(place) {
            above.push(Above::Blank);
        }
        self.at = self.at.max(place);
        above
    }

    /// Comments inside of something that has no place for them.
    pub(super) fn inside(&mut self, end: usize) -> Vec<Above> {
        let mut above = Vec::new();
        while let Some((_, _, comment)) = self.next.take_if(|(start, ..)| *start < end) {
            above.push(Above::Comment(clean(&comment)));
            self.next = self.left.next();
        }
        self.at = self.at.max(end);
        above
    }

    /// A comment on the line on which something ends.
    pub(super) fn beside(&mut self, end: usize) -> Option<String> {
        let (start, stop, _) = self.next.as_ref()?;
        let (start, stop) = (*start, *stop);
        if self.text.get(end..start)?.contains(&b'\n') {
            return None;
        }
        let (_, _, comment) = self.next.take()?;
        self.next = self.left.next();
        self.at = stop;
        Some(clean(&comment))
    }

    /// Whether there is an empty line between what was taken last and a place.
    fn is_blank_before(&self, place: usize) -> bool {
        let between = self.text.get(self.at..place).unwrap_or(&[]);
        let mut ends = 0;
        for byte in between {
            match byte {
                b'\n' => ends += 1,
                b' ' | b'\t' | b'\r' => {}
                _ => ends = 0,
            }
            if ends == 2 {
                return true;
            }
        }
        false
    }
}

/// Comments that Ruby or its tools read, not people.
fn is_for_ruby(comment: &str, start: usize) -> bool {
    let body = comment.trim_start_matches('#').trim().to_lowercase();
    let is_magic = body.starts_with("frozen_string_literal:")
        || body.starts_with("-*-")
        || body.starts_with("encoding:")
        || body.starts_with("coding:")
        || body.starts_with("rubocop:")
        || body.starts_with("vim:");
    is_magic || start == 0 && comment.starts_with("#!")
}

fn clean(comment: &str) -> String {
    let comment: String = comment
        .trim_end()
        .chars()
        .map(|c| if c.is_control() && c != '\t' { ' ' } else { c })
        .collect();
    // Rhai takes three for a comment that documents something.
    match comment.starts_with(['/', '!']) {
        true => format!(" {comment}"),
        false => comment,
    }
}
