//! Texts that are built into the program in a packed form (docs/decisions/0109).

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
        let unpacked = miniz_oxide::inflate::decompress_to_vec(self.0).ok();
        // Tests compare every text with its file.
        unpacked
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .unwrap_or_default()
    }
}

/// Makes a [`Packed`] of a file that `build.rs` has packed; the parts of its path in the checkout are given.
macro_rules! packed {
    ($($part:literal),+) => {
        $crate::packed::Packed::new(include_bytes!(concat!(env!("OUT_DIR"), "/", $($part,)+ ".packed")))
    };
}

pub(crate) use packed;
