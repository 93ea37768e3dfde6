//! Permissions: those that recipes give, and those that a source passes on.

use thiserror::Error;

/// The permission bits that a source can pass on: those of its owner, its group and all others. The setuid, setgid and sticky
/// bits are never passed on.
pub(crate) const PERMISSIONS: u32 = 0o777;

/// Permissions that a recipe asks for, in the syntax of `chmod`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mode(String);

/// The reason why a value is not a mode.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub(crate) enum NoMode {
    /// A number that cannot be permissions.
    #[error("`mode' must be a number from 0 to 07777")]
    OutOfRange,
    /// A number that was probably meant to be octal.
    #[error("`mode' must be octal: {0} is {0:#o}; write 0{0}")]
    Decimal(i64),
    /// A string that `chmod` does not understand.
    #[error("`mode' must be octal (0644) or as chmod takes it (\"u=rw,go=r\"), not \"{0}\"")]
    Text(String),
}

impl Mode {
    /// Reads a number. A decimal number with only octal digits is refused if nobody would want it as a mode: `644` is 01204,
    /// and was probably meant to be 0644.
    pub(crate) fn number(number: i64) -> Result<Self, NoMode> {
        let looks_octal = number >= 100 && number.to_string().bytes().all(|digit| digit < b'8');
        match u32::try_from(number) {
            Ok(mode @ 0..=0o7777) if !(looks_octal && is_odd(mode)) => Ok(Self(format!("{mode:04o}"))),
            _ if looks_octal && number <= 7777 => Err(NoMode::Decimal(number)),
            _ => Err(NoMode::OutOfRange),
        }
    }

    /// Reads a string: octal digits, or changes separated by commas.
    pub(crate) fn text(text: &str) -> Result<Self, NoMode> {
        let is_octal = (1..=4).contains(&text.len()) && text.bytes().all(|digit| (b'0'..b'8').contains(&digit));
        match is_octal || text.split(',').all(is_change) {
            true => Ok(Self(text.to_owned())),
            false => Err(NoMode::Text(text.to_owned())),
        }
    }

    /// Returns true if a number is a plausible mode, but also looks like another one in octal, so that it matters how it was
    /// written: `400` is 0620, and was probably meant to be 0400.
    pub(crate) fn is_doubtful(number: i64) -> bool {
        matches!(number, 400 | 500)
    }

    /// Returns the mode of a file after `chmod`. `own` is its mode before, and `allowed` are the bits that the umask leaves.
    pub(crate) fn applied(&self, own: u32, allowed: u32) -> u32 {
        match u32::from_str_radix(&self.0, 8) {
            Ok(mode) => mode,
            Err(_) => self.0.split(',').fold(own, |own, change| changed(own, change, allowed)),
        }
    }

    /// Returns the mode in the syntax of `chmod`.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Applies one change of a symbolic mode, which may have several steps: `u=rw`, `go-w+r`.
fn changed(own: u32, change: &str, allowed: u32) -> u32 {
    let actions = change.trim_start_matches(['u', 'g', 'o', 'a']);
    let said = change.strip_suffix(actions).unwrap_or_default();
    let classes = |all: &str| -> u32 {
        let of = [('u', 0o4700), ('g', 0o2070), ('o', 0o1007)];
        let chosen = of.iter().filter(|(class, _)| all.contains(['a', *class]));
        chosen.fold(0, |bits, (_, class)| bits | class)
    };
    // If no class is named, the umask limits the change.
    let (concerned, limit) = match said {
        "" => (0o7777, allowed | 0o7000),
        said => (classes(said), 0o7777),
    };
    let mut mode = own;
    let mut rest = actions;
    while let Some(sign) = rest.chars().next() {
        let steps = rest.get(1..).unwrap_or_default();
        let end = steps.find(['+', '-', '=']).unwrap_or(steps.len());
        let (letters, next) = steps.split_at(end);
        let executes = mode & 0o111 != 0;
        let bits = letters.chars().fold(0, |bits, letter| {
            bits | match letter {
                'r' => 0o444,
                'w' => 0o222,
                'x' => 0o111,
                'X' if executes => 0o111,
                's' => 0o6000,
                't' => 0o1000,
                'u' => (mode >> 6 & 7) * 0o111,
                'g' => (mode >> 3 & 7) * 0o111,
                'o' => (mode & 7) * 0o111,
                _ => 0,
            }
        });
        let bits = bits & concerned & limit;
        mode = match sign {
            '+' => mode | bits,
            '-' => mode & !bits,
            _ => mode & !concerned | bits,
        };
        rest = next;
    }
    mode
}

/// Returns true if nobody would want this mode: the owner may not read the file, or the group may do more than the owner, or all
/// others more than the group.
fn is_odd(mode: u32) -> bool {
    let (owner, group, others) = (mode >> 6, mode >> 3, mode);
    owner & 4 == 0 || (group & !owner) & 7 != 0 || (others & !group) & 7 != 0
}

/// Returns true if this is one change of a symbolic mode: `u=rw`, `+X`, `go-w+r`, `g=u`.
fn is_change(change: &str) -> bool {
    let actions = change.trim_start_matches(['u', 'g', 'o', 'a']);
    let mut parts = actions.split(['+', '-', '=']);
    let permissions = |part: &str| matches!(part, "u" | "g" | "o") || part.chars().all(|c| "rwxXst".contains(c));
    // The classes were trimmed, so the first part is empty.
    let says_something = actions.len() > 1 || actions == "=";
    parts.next() == Some("") && says_something && parts.all(permissions)
}

/// Returns the mode for an existing file whose new content has the mode `source`: its own mode without the permissions that the
/// group and others do not have for the source. Those who may still read the file may still execute it.
pub(crate) fn narrowed(own: u32, source: u32) -> u32 {
    own & !withheld(source, 3) & !withheld(source, 0)
}

/// Returns the bits of one class, shifted to their place, that a source withholds.
fn withheld(source: u32, shift: u32) -> u32 {
    let given = source >> shift & 7;
    let execute = if given & 4 == 0 { !given & 1 } else { 0 };
    (!given & 6 | execute) << shift
}

/// Returns the changes for `chmod` that do the same as [`narrowed`]; empty if there is nothing to change.
pub(super) fn narrowing(source: u32) -> String {
    let taken = withheld(source, 3) | withheld(source, 0);
    changes(&[("g", taken >> 3), ("o", taken)], None)
}

/// Returns the changes for `chmod` that give a file which has just been made the mode `source`, within the umask.
pub(super) fn adoption(source: u32) -> String {
    let execute = (source & 0o111 != 0).then_some("+x");
    // A file is made without the permission to execute it, so that need not be removed.
    let taken = match execute {
        Some(_) => !source,
        None => !source & 0o666,
    };
    changes(&[("u", taken >> 6), ("g", taken >> 3), ("o", taken)], execute)
}

fn changes(taken: &[(&str, u32)], first: Option<&str>) -> String {
    let mut all: Vec<String> = first.map(str::to_owned).into_iter().collect();
    for (class, bits) in taken {
        let letters: String = [(4, 'r'), (2, 'w'), (1, 'x')]
            .iter()
            .filter(|(bit, _)| bits & bit != 0)
            .map(|(_, letter)| letter)
            .collect();
        if !letters.is_empty() {
            all.push(format!("{class}-{letters}"));
        }
    }
    all.join(",")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{Mode, NoMode, adoption, narrowed, narrowing};
    use crate::deadline::InTime;

    #[test]
    fn a_decimal_that_looks_octal_is_no_mode_and_what_is_octal_is_one() {
        for octal in [
            0o644, 0o755, 0o600, 0o640, 0o660, 0o664, 0o666, 0o700, 0o711, 0o750, 0o755, 0o770, 0o775, 0o777, 0o400,
            0o440, 0o444, 0o500, 0o550, 0o555, 0o4755, 0o2755, 0o2775, 0o1777, 0o6755, 0,
        ] {
            assert_eq!(Mode::number(octal).unwrap().as_str(), format!("{octal:04o}"));
        }
        for decimal in [
            644, 755, 600, 640, 660, 664, 666, 700, 711, 750, 770, 775, 777, 440, 444, 555, 2755, 2775, 1777, 4755,
            6755,
        ] {
            assert_eq!(Mode::number(decimal), Err(NoMode::Decimal(decimal)), "{decimal}");
        }
        assert_eq!(
            Mode::number(644).unwrap_err().to_string(),
            "`mode' must be octal: 644 is 0o1204; write 0644"
        );
        for number in [-1, 4096, 99999, i64::MAX, i64::MIN] {
            assert!(Mode::number(number).is_err(), "{number}");
        }
    }

    #[test]
    fn a_text_is_octal_or_what_chmod_knows_and_never_an_option() {
        for text in [
            "644",
            "0644",
            "7",
            "g+w",
            "u=rw,go=r",
            "a+X",
            "+x",
            "-w",
            "u+s",
            "+t",
            "g=u",
            "go=",
            "u=rwx,go-w+r",
            "ug+rw-x",
        ] {
            assert_eq!(Mode::text(text).unwrap().as_str(), text);
        }
        for text in [
            "",
            "-R",
            "--reference=/etc/shadow",
            "-",
            "u",
            "8",
            "00644",
            "0o644",
            "u+z",
            "g+w,",
            "rw",
            "u+r g+r",
            "u+r\n",
            "é+w",
            "-rR",
            "u=rg",
        ] {
            assert_eq!(Mode::text(text), Err(NoMode::Text(text.to_owned())), "{text}");
        }
    }

    #[test]
    fn f1_a_mode_gives_what_chmod_gives() {
        use std::fs::{File, Permissions, metadata, set_permissions};
        use std::os::unix::fs::PermissionsExt;

        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("file");
        File::create(&file).unwrap();
        for own in [0o600, 0o644, 0o755, 0o4711, 0o2750, 0o1666] {
            for text in [
                "400",
                "0640",
                "4755",
                "g+w",
                "u=rw,go=r",
                "a+X",
                "+x",
                "-w",
                "=r",
                "u+s",
                "g+s,o+t",
                "g=u",
                "go=",
                "u=rwx,go-w+r",
                "ug+rw-x",
                "o=g",
                "a=rw",
                "-t",
                "u-s",
                "g=s",
            ] {
                set_permissions(&file, Permissions::from_mode(own)).unwrap();
                let script = "umask 027; chmod -- \"$0\" \"$1\"";
                let status = std::process::Command::new("sh")
                    .args(["-c", script, text])
                    .arg(&file)
                    .in_time();
                assert!(status.status.success() || text.starts_with(['-', '+', '=']));
                let expected = metadata(&file).unwrap().permissions().mode() & 0o7777;
                let seen = Mode::text(text).unwrap().applied(own, 0o750);
                assert_eq!(seen, expected, "{own:o} {text}: {seen:o}, not {expected:o}");
            }
        }
    }

    #[test]
    fn f1_a_source_never_gives_more_than_it_has() {
        for (own, source, expected) in [
            (0o644, 0o600, 0o600),
            (0o755, 0o600, 0o700),
            (0o755, 0o644, 0o755),
            (0o664, 0o644, 0o644),
            (0o4640, 0o644, 0o4640),
            (0o600, 0o777, 0o600),
            (0o777, 0o711, 0o711),
            (0o666, 0o640, 0o640),
        ] {
            assert_eq!(narrowed(own, source), expected, "{own:o} {source:o}");
        }
        assert_eq!(
            (narrowing(0o600).as_str(), narrowing(0o777).as_str()),
            ("g-rwx,o-rwx", "")
        );
        assert_eq!(
            (narrowing(0o644).as_str(), narrowing(0o640).as_str()),
            ("g-w,o-w", "g-w,o-rwx")
        );
        assert_eq!((adoption(0o600).as_str(), adoption(0o666).as_str()), ("g-rw,o-rw", ""));
        assert_eq!(adoption(0o750), "+x,g-w,o-rwx");
    }
}
