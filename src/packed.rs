//! Texts that are built into the program in a packed form (docs/decisions/0109).

use std::sync::LazyLock;

use miniz_oxide::inflate::core::inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress};
use miniz_oxide::inflate::decompress_to_vec;

/// The texts that others follow, in the order of `build.rs`.
static DICTIONARIES: [LazyLock<Vec<u8>>; 2] = [
    LazyLock::new(|| {
        plain(include_bytes!(concat!(
            env!("OUT_DIR"),
            "/stdlib/lib/puma.rhai.dictionary"
        )))
    }),
    LazyLock::new(|| plain(include_bytes!(concat!(env!("OUT_DIR"), "/docs/deploy.md.dictionary")))),
];

/// A text that is unpacked where it is read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Packed(&'static [u8]);

impl Packed {
    /// Takes what the build has packed; `packed!` calls it.
    pub(crate) const fn new(packed: &'static [u8]) -> Self {
        Self(packed)
    }

    /// Returns the text.
    pub(crate) fn text(self) -> String {
        let number = self.0.first().map_or(0, |number| usize::from(*number));
        let dictionary = number.checked_sub(1).and_then(|number| DICTIONARIES.get(number));
        let unpacked = match dictionary {
            Some(dictionary) => behind(dictionary, self.0),
            None => plain(self.0),
        };
        // Tests compare every text with its file.
        String::from_utf8(unpacked).unwrap_or_default()
    }
}

/// Unpacks a text that follows no other.
fn plain(packed: &[u8]) -> Vec<u8> {
    let unpacked = packed.get(1..).and_then(|packed| decompress_to_vec(packed).ok());
    unpacked.unwrap_or_default()
}

/// Unpacks a text that follows another one. Its length stands before it.
fn behind(before: &[u8], packed: &[u8]) -> Vec<u8> {
    let length = packed.get(1..5).and_then(|length| length.try_into().ok());
    let length = length.map_or(0, |length| u32::from_le_bytes(length) as usize);
    let mut text = before.to_vec();
    text.resize(before.len() + length, 0);
    let packed = packed.get(5..).unwrap_or_default();
    let flags = TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
    decompress(&mut DecompressorOxide::new(), packed, &mut text, before.len(), flags);
    text.split_off(before.len())
}

/// Makes a [`Packed`] of a file that `build.rs` has packed; the parts of its path in the checkout are given.
macro_rules! packed {
    ($($part:literal),+) => {
        $crate::packed::Packed::new(include_bytes!(concat!(env!("OUT_DIR"), "/", $($part,)+ ".packed")))
    };
}

pub(crate) use packed;

#[cfg(test)]
mod tests {
    #[test]
    fn texts_come_back_as_they_were_packed_whether_they_follow_others_or_not() {
        macro_rules! whole {
            ($($path:literal),+) => {
                $(assert_eq!(packed!($path).text(), include_str!(concat!("../", $path)), $path);)+
            };
        }
        whole!(
            "docs/deploy.md",
            "docs/porting.md",
            "docs/reference/libraries.md",
            "src/port/known.txt",
            "src/report/record/page.css",
            "stdlib/lib/nginx.rhai",
            "stdlib/lib/puma.rhai",
            "stdlib/process/reaper",
            "stdlib/release.rhai",
            "stdlib/workplace.rhai"
        );
    }
}
