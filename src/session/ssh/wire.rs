//! The length-prefixed texts that keys and signatures are made of (RFC 4251, section 5).

/// The text at the front, and what follows it.
pub(super) fn text(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
}

/// A text as it travels.
pub(super) fn packed(text: &[u8]) -> Vec<u8> {
    let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
    [&length.to_be_bytes(), text].concat()
}

/// A positive number, as signatures are made of.
pub(super) fn number(digits: &[u8]) -> Vec<u8> {
    // A first bit that is set would make it a negative one.
    let zero: &[u8] = if digits.first().is_some_and(|digit| digit & 0x80 != 0) {
        &[0]
    } else {
        &[]
    };
    packed(&[zero, digits].concat())
}
