//! The order of the versions of gems.

use std::cmp::Ordering;

/// Compares two versions as RubyGems does: part by part, and a part with letters is before any number.
pub(super) fn compare(one: &str, other: &str) -> Ordering {
    let (one, other) = (parts(one), parts(other));
    for index in 0..one.len().max(other.len()) {
        let part = |of: &[Part]| of.get(index).cloned().unwrap_or(Part::Number(0));
        let order = part(&one).cmp(&part(&other));
        if order != Ordering::Equal {
            return order;
        }
    }
    Ordering::Equal
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Letters(String),
    Number(u64),
}

fn parts(version: &str) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    for piece in version.split(['.', '-']) {
        let mut rest = piece;
        while let Some(first) = rest.chars().next() {
            let is_digit = first.is_ascii_digit();
            let end = rest
                .find(|c: char| c.is_ascii_digit() != is_digit)
                .unwrap_or(rest.len());
            let (run, after) = rest.split_at(end);
            parts.push(match run.parse() {
                Ok(number) if is_digit => Part::Number(number),
                _ => Part::Letters(run.to_owned()),
            });
            rest = after;
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::compare;
    use std::cmp::Ordering::{Equal, Greater, Less};

    #[test]
    fn versions_have_the_order_of_rubygems() {
        for (one, order, other) in [
            ("1.10.0", Greater, "1.9.3"),
            ("2.0", Equal, "2.0.0"),
            ("3.0.0.pre1", Less, "3.0.0"),
            ("3.0.0.rc10", Greater, "3.0.0.rc9"),
            ("99999999999999999999999", Less, "1"),
        ] {
            assert_eq!(compare(one, other), order, "{one} {other}");
        }
    }
}
