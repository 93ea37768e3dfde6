//! The length-prefixed strings that keys and signatures consist of (RFC 4251, section 5).

/// Returns the string in front, and the bytes after it.
pub(super) fn text(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
}

/// Returns a string with its length in front.
pub(super) fn packed(text: &[u8]) -> Vec<u8> {
    let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
    [&length.to_be_bytes(), text].concat()
}

/// Returns a positive number in the form in which signatures contain it.
pub(super) fn number(digits: &[u8]) -> Vec<u8> {
    // If the first bit were set, the number would be negative.
    let zero: &[u8] = if digits.first().is_some_and(|digit| digit & 0x80 != 0) {
        &[0]
    } else {
        &[]
    };
    packed(&[zero, digits].concat())
}
