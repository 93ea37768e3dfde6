//! Versions of libraries and of capr: three numbers.

use std::fmt;
use std::str::FromStr;

/// Three numbers, of which the last ones may be left out; a `v` may stand in front.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version([u64; 3]);

impl Version {
    /// Returns the version of this program.
    pub(super) fn of_capr() -> Self {
        env!("CARGO_PKG_VERSION").parse().unwrap_or(Self([0; 3]))
    }

    /// Returns true if a library that was made for the other version works with this one: it is not older, and the first number
    /// that is not 0 is the same.
    pub(super) fn serves(self, wanted: Self) -> bool {
        self >= wanted && self.is_kin(wanted)
    }

    /// Returns true if the later of both can replace the other.
    pub(super) fn is_kin(self, other: Self) -> bool {
        let Self([major, minor, patch]) = self;
        let Self([other_major, other_minor, other_patch]) = other;
        match (major, minor) {
            (0, 0) => (other_major, other_minor, other_patch) == (0, 0, patch),
            (0, _) => (other_major, other_minor) == (0, minor),
            _ => other_major == major,
        }
    }
}

impl FromStr for Version {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut numbers = [0; 3];
        let parts: Vec<&str> = text.strip_prefix('v').unwrap_or(text).split('.').collect();
        if parts.len() > numbers.len() {
            return Err(());
        }
        for (number, part) in numbers.iter_mut().zip(parts) {
            if part.is_empty() || !part.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(());
            }
            *number = part.parse().map_err(|_| ())?;
        }
        Ok(Self(numbers))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self([major, minor, patch]) = self;
        write!(f, "{major}.{minor}.{patch}")
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::Version;

    #[test]
    fn a_version_serves_who_wants_an_earlier_one_with_the_same_first_number() {
        let version = |text: &str| text.parse::<Version>().unwrap();
        for (has, wanted, serves) in [
            ("1.2.3", "v1.2", true),
            ("1.2.3", "1.2.4", false),
            ("2.0.0", "1.9.0", false),
            ("0.3.1", "0.3.0", true),
            ("0.4.0", "0.3.0", false),
            ("0.0.2", "0.0.1", false),
            ("1", "1.0.0", true),
        ] {
            assert_eq!(version(has).serves(version(wanted)), serves, "{has} {wanted}");
        }
        for text in ["", "v", "1.x", "1.2.3.4", "1.-2", "99999999999999999999999"] {
            assert!(text.parse::<Version>().is_err(), "{text}");
        }
        assert_eq!(version("v1.2").to_string(), "1.2.0");
    }
}
