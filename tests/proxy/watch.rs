//! Follows the messages of a server, packet by packet, to know the phase of the connection.

use super::Phase;

/// Message numbers of RFC 4253 that are not encrypted.
const KEX_REPLY: u8 = 31;
const NEWKEYS: u8 = 21;

/// The sizes of AES-GCM: four bytes of length, the rest encrypted, a tag.
const LENGTH: usize = 4;
const TAG: usize = 16;
/// The size of packets with little in them: success, failure, end of output.
const SMALLEST: usize = LENGTH + 16 + TAG;
/// The size of an opened channel or an exit status.
const SMALL: usize = LENGTH + 32 + TAG;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Greeting,
    Clear,
    /// Encrypted, after this many packets.
    Sealed(usize),
    LoggedIn,
    Opened,
    Started,
    Said,
}

pub(super) struct Watch(Stage);

/// The next message of a server.
pub(super) struct Unit {
    pub(super) length: usize,
    /// The phase that ends if this is not let through.
    pub(super) before: Option<Phase>,
    /// The phase that ends once this was let through.
    pub(super) after: Option<Phase>,
}

impl Watch {
    pub(super) fn new() -> Self {
        Self(Stage::Greeting)
    }

    /// Returns the whole unit at the beginning of `bytes`, if it is there.
    pub(super) fn next(&mut self, bytes: &[u8]) -> Option<Unit> {
        let length = match self.0 {
            Stage::Greeting => bytes.iter().position(|byte| *byte == b'\n')? + 1,
            stage => {
                let length = bytes.first_chunk().map(|length| u32::from_be_bytes(*length))?;
                let length = usize::try_from(length).unwrap();
                assert!(length < 1 << 20, "the server does not use the ciphers for proxies");
                let tag = if stage == Stage::Clear { 0 } else { TAG };
                LENGTH + length + tag
            }
        };
        if bytes.len() < length {
            return None;
        }
        let (mut before, mut after) = (None, None);
        self.0 = match self.0 {
            Stage::Greeting => {
                before = Some(Phase::Greeting);
                Stage::Clear
            }
            Stage::Clear => match bytes[LENGTH + 1] {
                NEWKEYS => Stage::Sealed(0),
                KEX_REPLY => {
                    before = Some(Phase::KeyExchange);
                    Stage::Clear
                }
                _ => Stage::Clear,
            },
            Stage::Sealed(_) if length == SMALLEST => Stage::LoggedIn,
            Stage::Sealed(count) => {
                // The first two announce extensions and accept the login service.
                before = (count >= 2).then_some(Phase::Authentication);
                Stage::Sealed(count + 1)
            }
            Stage::LoggedIn if length == SMALL => {
                before = Some(Phase::Channel);
                Stage::Opened
            }
            Stage::Opened if length == SMALLEST => {
                before = Some(Phase::Exec);
                Stage::Started
            }
            Stage::Started if length > SMALL => {
                after = Some(Phase::Output);
                Stage::Said
            }
            Stage::Said if length == SMALLEST => {
                before = Some(Phase::Status);
                Stage::Said
            }
            stage => stage,
        };
        Some(Unit { length, before, after })
    }
}
