//! The proof that a server holds its host key. It comes with the first key exchange, before anything is encrypted. libssh2 checks
//! it but does not give it to its caller; an agent wants to see it before it believes that a connection leads to that server.

use std::cell::RefCell;

use super::wire;

/// The longest message that is accepted before the keys are exchanged, in bytes.
const LONGEST: usize = 64 << 10;
/// The longest line of a greeting that is accepted, in bytes.
const LONGEST_LINE: usize = 16 << 10;

/// The messages with which a server ends the exchange, and its replies that contain the signature (RFC 4253, section 12; RFC
/// 4419, section 5).
const NEW_KEYS: u8 = 21;
const REPLY: u8 = 31;
const GROUP_REPLY: u8 = 33;

/// The host key and its signature of the session id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Proof {
    pub(super) host_key: Vec<u8>,
    pub(super) signature: Vec<u8>,
}

// This is thread-local like the other notes of the hooks: one thread makes a connection, and reads them right after its calls.
thread_local! {
    static LISTENER: RefCell<Option<Listener>> = const { RefCell::new(None) };
}

/// Starts to listen: what this thread receives from now on is the beginning of a connection.
pub(super) fn listen() {
    LISTENER.set(Some(Listener::default()));
}

/// Takes received bytes, while there is a listener.
pub(super) fn hear(bytes: &[u8]) {
    LISTENER.with_borrow_mut(|listener| {
        if let Some(listener) = listener {
            listener.hear(bytes);
        }
    });
}

/// Returns the proof that was seen since [`listen`], and stops listening.
pub(super) fn proof() -> Option<Proof> {
    LISTENER.take()?.proof
}

#[derive(Default)]
struct Listener {
    bytes: Vec<u8>,
    is_greeted: bool,
    is_over: bool,
    proof: Option<Proof>,
}

impl Listener {
    fn hear(&mut self, bytes: &[u8]) {
        if self.is_over {
            return;
        }
        self.bytes.extend_from_slice(bytes);
        while !self.is_over {
            let Some(count) = self.message() else { break };
            self.bytes.drain(..count);
        }
        if self.is_over {
            self.bytes = Vec::new();
        }
    }

    /// Looks at the message in front, if it is complete; returns its length.
    fn message(&mut self) -> Option<usize> {
        if !self.is_greeted {
            let end = self.bytes.iter().position(|byte| *byte == b'\n');
            self.is_over |= end.unwrap_or(self.bytes.len()) > LONGEST_LINE;
            // Other lines may come before the greeting.
            self.is_greeted = end.is_some() && self.bytes.starts_with(b"SSH-");
            return Some(end? + 1);
        }
        let (length, rest) = self.bytes.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        if length > LONGEST {
            self.is_over = true;
            return None;
        }
        let packet = rest.get(..length)?;
        let (padding, packet) = packet.split_first()?;
        let content = packet.get(..packet.len().saturating_sub(usize::from(*padding)))?;
        match content.split_first() {
            Some((&NEW_KEYS, _)) => self.is_over = true,
            // The number 31 is also that of the server's group in a group exchange, whose message has another form and is passed
            // over.
            Some((&(REPLY | GROUP_REPLY), reply)) => self.proof = proof_in(reply).or(self.proof.take()),
            _ => {}
        }
        Some(4 + length)
    }
}

/// Reads the host key, the server's half of the secret and the signature out of a reply.
fn proof_in(reply: &[u8]) -> Option<Proof> {
    let (host_key, rest) = wire::text(reply)?;
    let (_half, rest) = wire::text(rest)?;
    let (signature, rest) = wire::text(rest)?;
    rest.is_empty().then(|| Proof {
        host_key: host_key.to_vec(),
        signature: signature.to_vec(),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{Listener, Proof, wire};

    fn packet(content: &[u8]) -> Vec<u8> {
        let padded = [&[4][..], content, &[0; 4]].concat();
        wire::packed(&padded)
    }

    fn reply(kind: u8, texts: &[&[u8]]) -> Vec<u8> {
        let texts: Vec<u8> = texts.iter().flat_map(|text| wire::packed(text)).collect();
        packet(&[&[kind][..], &texts].concat())
    }

    fn heard(parts: &[Vec<u8>], step: usize) -> Option<Proof> {
        let mut listener = Listener::default();
        for bytes in parts.concat().chunks(step) {
            listener.hear(bytes);
        }
        listener.proof
    }

    #[test]
    fn the_signature_is_found_in_the_first_exchange_however_it_arrives() {
        let greeting = b"an other line\r\nSSH-2.0-x\r\n".to_vec();
        let expected = Some(Proof {
            host_key: b"key".to_vec(),
            signature: b"signature".to_vec(),
        });
        let init = packet(&[20; 300]);
        let own = reply(31, &[b"key", b"half", b"signature"]);
        // A group is sent first.
        let group = [
            reply(31, &[b"prime", b"2"]),
            reply(33, &[b"key", b"half", b"signature"]),
        ]
        .concat();
        let later = [packet(&[21]), reply(31, &[b"other", b"half", b"other"])].concat();
        for exchange in [own, group] {
            for step in [1, 7, 10_000] {
                let parts = [greeting.clone(), init.clone(), exchange.clone(), later.clone()];
                assert_eq!(heard(&parts, step), expected);
            }
        }
    }

    #[test]
    fn what_is_no_exchange_gives_nothing_and_is_not_kept() {
        for bytes in [
            vec![b'x'; 1 << 20],
            [b"SSH-2.0-x\n".to_vec(), vec![0xff; 1 << 20]].concat(),
            [b"SSH-2.0-x\n".to_vec(), vec![0; 4]].concat(),
            [b"SSH-2.0-x\n".to_vec(), reply(31, &[b"key"])].concat(),
            [b"SSH-2.0-x\n".to_vec(), wire::packed(&[255, 31])].concat(),
        ] {
            let mut listener = Listener::default();
            for part in bytes.chunks(1000) {
                listener.hear(part);
            }
            assert_eq!(listener.proof, None);
            assert!(listener.bytes.len() < 128 << 10, "{}", listener.bytes.len());
        }
    }
}
