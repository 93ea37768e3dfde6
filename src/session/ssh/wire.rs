//! The length-prefixed texts that keys and signatures are made of (RFC 4251, section 5).

/// The text at the front, and what follows it.
pub(super) fn text(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
}
