//! The proof that a server holds its host key: it comes with the first key exchange, before anything is encrypted. Libssh2 checks it
//! and keeps it to itself; an agent wants to see it before it takes a connection for one to that server.

use std::cell::RefCell;

use super::wire;

/// Longer messages do not come before the keys are exchanged.
const LONGEST: usize = 64 << 10;
/// Longer greetings are not listened to.
const LONGEST_LINE: usize = 16 << 10;

/// RFC 4253, section 12, and RFC 4419, section 5: what a server ends the exchange with, and its answers with the signature in it.
const NEW_KEYS: u8 = 21;
const REPLY: u8 = 31;
const GROUP_REPLY: u8 = 33;

/// A session id that was signed with a host key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Proof {
    pub(super) host_key: Vec<u8>,
    pub(super) signature: Vec<u8>,
}

// As the hooks' other notes: a connection is made by one thread, which looks at them right after its calls.
thread_local! {
    static LISTENER: RefCell<Option<Listener>> = const { RefCell::new(None) };
}

/// From now on what this thread receives is the beginning of a connection.
pub(super) fn listen() {
    LISTENER.set(Some(Listener::default()));
}

/// Takes what was received, as long as it is listened to.
pub(super) fn hear(bytes: &[u8]) {
    LISTENER.with_borrow_mut(|listener| {
        if let Some(listener) = listener {
            listener.hear(bytes);
        }
    });
}

/// What was heard since [`listen`]; nothing is listened to any more.
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

    /// Looks at the message in front, if all of it is there; says how long it is.
    fn message(&mut self) -> Option<usize> {
        if !self.is_greeted {
            let end = self.bytes.iter().position(|byte| *byte == b'\n');
            self.is_over |= end.unwrap_or(self.bytes.len()) > LONGEST_LINE;
            // Other lines may come before it.
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
            // The first of the two numbers also asks for a group, whose message has another form.
            Some((&(REPLY | GROUP_REPLY), reply)) => self.proof = proof_in(reply).or(self.proof.take()),
            _ => {}
        }
        Some(4 + length)
    }
}

/// The host key, the server's half of the secret, the signature.
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
