//! Whole numbers in recipes: octal ones begin with a zero, and numbers that do not fit are errors.

use std::collections::BTreeSet;

use rhai::{LexError, Token};

use super::error_place::ErrorWords;

/// The numbers that have to be remembered, from all sources so far.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    /// Numbers that were written with a zero in front.
    octals: BTreeSet<i64>,
}

impl Numbers {
    /// Reads a number. `0644` is octal, as in recipes of Ruby. `rest` begins with the number as it is written.
    pub(super) fn integer(&mut self, number: i64, rest: &str) -> Token {
        let unsigned = rest.strip_prefix('-').map(str::trim_start);
        let digits = literal(unsigned.unwrap_or(rest));
        // Rhai accepts hexadecimal and binary numbers that set the sign bit, and makes negative numbers of them.
        if unsigned.is_none() && number < 0 {
            return malformed(&digits);
        }
        let Some(octal) = digits.strip_prefix('0').filter(|octal| !octal.is_empty()) else {
            return Token::IntegerConstant(number);
        };
        let number = match octal.starts_with(|c: char| c.is_ascii_alphabetic()) {
            true => Ok(number),
            false => i64::from_str_radix(octal, 8).map(|value| if unsigned.is_some() { -value } else { value }),
        };
        let Ok(number) = number else {
            return malformed(&digits);
        };
        self.octals.insert(number);
        Token::IntegerConstant(number)
    }

    /// Returns true if a number was written with a zero in front.
    pub(super) fn has_octal(&self, number: i64) -> bool {
        self.octals.contains(&number)
    }
}

/// Returns true for a whole number. Rhai reads one that does not fit as a float.
pub(super) fn is_whole(number: &str) -> bool {
    number.trim_start_matches('-').bytes().all(|c| c.is_ascii_digit())
}

/// Returns the token for a number that does not fit.
pub(super) fn malformed(digits: &str) -> Token {
    Token::LexError(Box::new(LexError::MalformedNumber(digits.to_owned())))
}

/// Returns the number at the front of a source as it is written, without underscores.
fn literal(text: &str) -> String {
    let digits = text.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_');
    digits.filter(|c| *c != '_').collect()
}

/// Returns the error for source that begins like a number but is none, or does not fit. Its digits appear only in the hint, since
/// they may be a secret.
pub(super) fn number(rest: &str) -> ErrorWords {
    let digits = literal(rest.trim_start_matches(['-', ' ']));
    let (radix, rest) = match digits.get(..2) {
        Some("0x" | "0X") => (16, digits.get(2..)),
        Some("0o" | "0O") => (8, digits.get(2..)),
        Some("0b" | "0B") => (2, digits.get(2..)),
        _ => (10, Some(digits.as_str())),
    };
    let is_number = rest.is_some_and(|rest| !rest.is_empty() && rest.chars().all(|c| c.is_digit(radix)));
    if !is_number {
        return ErrorWords::new("this is no number").label("begins like one");
    }
    let plain = digits.trim_start_matches('0');
    if radix == 10 && digits.starts_with('0') && plain.contains(['8', '9']) {
        return ErrorWords::new("a number with a zero in front is octal, and octal numbers have no 8 and no 9")
            .label("octal")
            .hint(format!("write: {plain} for the number, \"{digits}\" for the string"));
    }
    ErrorWords::new("this number is too large; the largest one is 9223372036854775807")
        .label("too large")
        .hint(format!("write: \"{digits}\" where a string will do"))
}

#[cfg(test)]
mod tests {
    use rhai::Token;

    use super::{Numbers, is_whole};

    #[test]
    fn a_number_with_a_zero_in_front_is_octal() {
        let mut numbers = Numbers::default();
        for (written, decimal, expected) in [
            ("0644;", 644, Some(420)),
            ("0_10", 10, Some(8)),
            ("010 + 0", 10, Some(8)),
            ("-010", -10, Some(-8)),
            ("0", 0, Some(0)),
            ("10", 10, Some(10)),
            ("0x10", 16, Some(16)),
            ("-9223372036854775808", i64::MIN, Some(i64::MIN)),
            ("08", 8, None),
            ("0799", 799, None),
            ("0xffffffffffffffff", -1, None),
        ] {
            let found = match numbers.integer(decimal, written) {
                Token::IntegerConstant(number) => Some(number),
                _ => None,
            };
            assert_eq!(found, expected, "{written}");
        }
        assert!(numbers.has_octal(420) && numbers.has_octal(16) && !numbers.has_octal(10));
        assert!(is_whole("9223372036854775808") && is_whole("-9223372036854775809"));
        assert!(!is_whole("9e30") && !is_whole("9.0"));
    }
}
