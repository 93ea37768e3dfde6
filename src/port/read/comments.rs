//! The comments and blank lines of a file, which are taken in their order.

use ruby_prism::ParseResult;

use super::super::ruby::Offsets;

use super::super::form::Above;

/// The comments that were not taken yet.
pub(super) struct Comments<'a> {
    text: &'a [u8],
    /// The beginning, the end, and the words after the mark of each.
    left: std::vec::IntoIter<(usize, usize, String)>,
    next: Option<(usize, usize, String)>,
    /// The end of the last thing that was taken.
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

    /// Takes the comments before a place.
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

    /// Takes the comments inside something that has no place for them.
    pub(super) fn inside(&mut self, end: usize) -> Vec<Above> {
        let mut above = Vec::new();
        while let Some((_, _, comment)) = self.next.take_if(|(start, ..)| *start < end) {
            above.push(Above::Comment(clean(&comment)));
            self.next = self.left.next();
        }
        self.at = self.at.max(end);
        above
    }

    /// Takes a comment on the line where something ends.
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

    /// Returns true if there is an empty line between the last thing that was taken and a place.
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

/// Returns true for comments that are meant for Ruby or its tools.
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
    // Rhai reads three slashes as a comment that documents something.
    match comment.starts_with(['/', '!']) {
        true => format!(" {comment}"),
        false => comment,
    }
}
