//! A target of `scripts/fuzz`: the output of a command on its way from bytes to lines, with and without the marks of sudo.

use crate::fuzz::Target;
use crate::secret::{Redactor, Secret};

use super::sudo::{SudoFilter, SudoPart};
use super::text::{Decoder, LineSplitter};

/// The targets of this folder.
pub(crate) const TARGETS: &[Target] = &[Target {
    name: "output",
    about: "a command on a server, or what pretends to be sudo there",
    seeds: &[
        b"\x08capr-0-66f2473001074826\n66f2473001074826\r\nroot\r\n",
        b"\x03capr-0-66f2473001074826\n[sudo: 66f2473001074826] Password: \r\nSorry, try again.\ncapr-1-\ndone\n",
        b"\x20a line\nhunter2!\n\xc3\xa9\xf0\x9f\x98\x80\r\nno end",
    ],
    words: &[
        "capr-0-",
        "capr-1-",
        "66f2473001074826",
        "[sudo: ",
        "Sorry, try again",
        "hunter2!",
        "\r",
        "\n",
        "\r\n",
        "\0",
        "\u{1f600}",
    ],
    read: read_output,
}];

const MARK: &str = "capr-0-";

/// Reads output. The first byte gives the size of the pieces in which the others come. Returns true if sudo asked for a password.
fn read_output(bytes: &[u8]) -> bool {
    let (size, bytes) = bytes.split_first().unwrap_or((&1, &[]));
    let (text, asked) = told(bytes, usize::from(*size).max(1));
    let whole = String::from_utf8_lossy(bytes);
    if !whole.contains(MARK) {
        assert_eq!(text, whole, "something is lost or added");
    }
    let redactor = Redactor::default();
    redactor.add(&Secret::new("hunter2!"));
    let mut lines = LineSplitter::default();
    for piece in text.as_bytes().chunks(usize::from(*size).max(1)) {
        lines.push(&String::from_utf8_lossy(piece), &redactor, |line| {
            assert!(!line.contains('\n'))
        });
    }
    lines.finish(|line| assert!(!line.contains('\n')));
    asked
}

/// Returns the output that is left for the person when it comes in pieces, and true if sudo asked in it.
fn told(bytes: &[u8], size: usize) -> (String, bool) {
    let mut decoder = Decoder::default();
    let mut filter = SudoFilter::new(MARK, Some("capr-1-"));
    let (mut text, mut asked) = (String::new(), false);
    let mut take = |filter: &mut SudoFilter, piece: &str| {
        for found in filter.push(piece, asked) {
            match found {
                SudoPart::Text(said) => text.push_str(&said),
                SudoPart::Question => asked = true,
                SudoPart::Begun | SudoPart::Refusal | SudoPart::Started => {}
            }
        }
    };
    for piece in bytes.chunks(size) {
        take(&mut filter, &decoder.push(piece));
    }
    take(&mut filter, &decoder.finish());
    text.push_str(&filter.finish());
    (text, asked)
}

#[cfg(test)]
mod tests {
    use super::TARGETS;

    #[test]
    fn what_a_command_writes_is_survived() {
        crate::fuzz::survives(TARGETS, 2000);
    }
}
