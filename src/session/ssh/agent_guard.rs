//! Limits what a server may ask our agent: which keys it has, and for signatures. No other request reaches the agent: it could be
//! told to load a library (CVE-2023-38408), to forget its keys, or to lock itself.

use super::agent::{EXTENSION, FAILURE, MAX_MESSAGE, REQUEST_IDENTITIES, SESSION_BIND, SIGN_REQUEST, SUCCESS};
use super::wire;

/// Checks the messages of one client of the agent, one request at a time.
pub(super) struct Guard {
    /// Bytes from the server that were not looked at yet.
    requests: Vec<u8>,
    /// Bytes from the agent that were not looked at yet.
    answers: Vec<u8>,
    state: GuardState,
    /// True once the agent knows that a server uses it, and which one.
    is_bound: bool,
}

enum GuardState {
    /// The message that goes to the agent first, if there is one.
    Fresh(Option<Vec<u8>>),
    /// The agent was told which server it serves; its answer is awaited.
    Binding,
    /// The next request may come.
    Idle,
    /// The agent has a request; its answer is awaited.
    Awaiting,
}

/// The next thing to do.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum GuardStep {
    ToAgent(Vec<u8>),
    ToServer(Vec<u8>),
    /// One of the sides violates the protocol.
    Over,
    /// More bytes have to arrive first.
    Wait,
}

impl Guard {
    /// Makes a guard. `binding` is the request that tells the agent which server uses it, if that is known.
    pub(super) fn new(binding: Option<Vec<u8>>) -> Self {
        Self {
            requests: Vec::new(),
            answers: Vec::new(),
            state: GuardState::Fresh(binding),
            is_bound: false,
        }
    }

    /// Returns true if more of the server's requests are of use now. The rest waits in the channel, so that little is kept here.
    pub(super) fn takes_requests(&self) -> bool {
        matches!(self.state, GuardState::Idle) && !is_whole(&self.requests)
    }

    pub(super) fn asked(&mut self, bytes: &[u8]) {
        self.requests.extend_from_slice(bytes);
    }

    pub(super) fn answered(&mut self, bytes: &[u8]) {
        self.answers.extend_from_slice(bytes);
    }

    pub(super) fn step(&mut self) -> GuardStep {
        loop {
            let from = match &mut self.state {
                GuardState::Fresh(binding) => match binding.take() {
                    Some(binding) => {
                        self.state = GuardState::Binding;
                        return GuardStep::ToAgent(wire::packed(&binding));
                    }
                    None => {
                        self.state = GuardState::Idle;
                        continue;
                    }
                },
                // The agent sent something without being asked.
                GuardState::Idle if !self.answers.is_empty() => return GuardStep::Over,
                GuardState::Idle => &mut self.requests,
                GuardState::Binding | GuardState::Awaiting => &mut self.answers,
            };
            let message = match message(from) {
                Ok(Some(message)) => message,
                Ok(None) => return GuardStep::Wait,
                Err(()) => return GuardStep::Over,
            };
            match self.state {
                GuardState::Binding => {
                    self.is_bound = message.first() == Some(&SUCCESS);
                    self.state = GuardState::Idle;
                }
                GuardState::Awaiting => {
                    self.state = GuardState::Idle;
                    return GuardStep::ToServer(wire::packed(&message));
                }
                _ if self.allows(&message) => {
                    self.state = GuardState::Awaiting;
                    return GuardStep::ToAgent(wire::packed(&message));
                }
                _ => return GuardStep::ToServer(wire::packed(&[FAILURE])),
            }
        }
    }

    fn allows(&self, request: &[u8]) -> bool {
        match request.split_first() {
            Some((&REQUEST_IDENTITIES, _)) => request.len() == 1,
            Some((&SIGN_REQUEST, _)) => true,
            // This binds the agent to the next hop. If the connection is not bound to this server, the agent would take the next
            // hop for the first.
            Some((&EXTENSION, rest)) => self.is_bound && wire::text(rest).is_some_and(|(name, _)| name == SESSION_BIND),
            _ => false,
        }
    }
}

/// Returns true if the message in front is complete, or is too long to be one.
fn is_whole(bytes: &[u8]) -> bool {
    bytes.split_first_chunk::<4>().is_some_and(|(length, rest)| {
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        length > MAX_MESSAGE || rest.len() >= length
    })
}

/// Takes the message in front, once it is complete.
fn message(bytes: &mut Vec<u8>) -> Result<Option<Vec<u8>>, ()> {
    let Some((length, _)) = bytes.split_first_chunk::<4>() else {
        return Ok(None);
    };
    let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
    if length == 0 || length > MAX_MESSAGE {
        return Err(());
    }
    if bytes.len() < 4 + length {
        return Ok(None);
    }
    let message = bytes.drain(..4 + length).skip(4).collect();
    Ok(Some(message))
}

/// A target of `scripts/fuzz`: what a server asks, and what an agent answers.
#[cfg(any(test, feature = "fuzz"))]
pub(super) mod fuzz {
    use super::{Guard, GuardStep, MAX_MESSAGE, wire};
    use crate::session::ssh::agent::{EXTENSION, REQUEST_IDENTITIES, SESSION_BIND, SIGN_REQUEST};

    /// The most bytes that the socket takes at once.
    const READ: usize = 255;

    /// Reads pieces. In front of each are two bytes: who sends it (1: the agent; 2, in the first: the agent is told about the
    /// server first) and its length. Returns true if something reached the agent.
    pub(in crate::session::ssh) fn read_requests(mut bytes: &[u8]) -> bool {
        let binding = bytes.first().is_some_and(|first| first & 2 != 0);
        let own = [&[EXTENSION][..], &wire::packed(SESSION_BIND), b"own"].concat();
        let mut guard = Guard::new(binding.then(|| own.clone()));
        let (mut is_reached, mut awaits_own) = (false, binding);
        // This does what the pipe does: take steps as long as there are any, then read what has come.
        loop {
            match guard.step() {
                GuardStep::Over => return is_reached,
                GuardStep::Wait => {}
                GuardStep::ToServer(message) => {
                    assert!(wire::text(&message).is_some_and(|(_, rest)| rest.is_empty()));
                    continue;
                }
                GuardStep::ToAgent(message) => {
                    let (message, rest) = wire::text(&message).unwrap_or_default();
                    assert!(rest.is_empty() && message.len() <= MAX_MESSAGE, "more than a message");
                    let is_own = std::mem::take(&mut awaits_own) && message == own;
                    let is_right = match message.split_first() {
                        Some((&REQUEST_IDENTITIES, rest)) => rest.is_empty(),
                        Some((&SIGN_REQUEST, _)) => true,
                        Some((&EXTENSION, rest)) => {
                            guard.is_bound && wire::text(rest).is_some_and(|(name, _)| name == SESSION_BIND)
                        }
                        _ => false,
                    };
                    assert!(is_own || is_right, "the agent is asked {message:?}");
                    is_reached |= !is_own;
                    continue;
                }
            }
            let Some((&[who, length], rest)) = bytes.split_first_chunk() else {
                return is_reached;
            };
            let (piece, rest) = rest.split_at(usize::from(length).min(rest.len()));
            bytes = rest;
            if who & 1 == 1 {
                guard.answered(piece);
            } else if guard.takes_requests() {
                guard.asked(piece);
            }
            assert!(guard.requests.len() <= MAX_MESSAGE + 4 + READ && guard.answers.len() <= MAX_MESSAGE + 4 + READ);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Guard, GuardStep, wire};

    const LIST: [u8; 1] = [11];

    fn bind() -> Vec<u8> {
        [&[27][..], &wire::packed(b"session-bind@openssh.com"), b"rest"].concat()
    }

    fn idle() -> Guard {
        let mut guard = Guard::new(None);
        assert_eq!(guard.step(), GuardStep::Wait);
        guard
    }

    fn bound(answer: u8) -> Guard {
        let mut guard = Guard::new(Some(bind()));
        assert!(!guard.takes_requests());
        assert_eq!(guard.step(), GuardStep::ToAgent(wire::packed(&bind())));
        guard.answered(&wire::packed(&[answer]));
        assert_eq!(guard.step(), GuardStep::Wait);
        assert!(guard.takes_requests());
        guard
    }

    #[test]
    fn all_that_is_no_list_and_no_signature_is_refused_and_never_reaches_the_agent() {
        for mut guard in [idle(), bound(6), bound(5)] {
            for kind in (0..=255).filter(|kind| ![11, 13].contains(kind)) {
                for rest in [&b""[..], b"/x.so", &wire::packed(b"query")] {
                    guard.asked(&wire::packed(&[&[kind][..], rest].concat()));
                    assert_eq!(guard.step(), GuardStep::ToServer(wire::packed(&[5])), "{kind}");
                }
            }
            for request in [&LIST[..], &[13, 0, 0]] {
                guard.asked(&wire::packed(request));
                assert_eq!(guard.step(), GuardStep::ToAgent(wire::packed(request)));
                guard.answered(&wire::packed(b"answer"));
                assert_eq!(guard.step(), GuardStep::ToServer(wire::packed(b"answer")));
            }
        }
    }

    #[test]
    fn a_further_hop_is_told_to_an_agent_that_knows_of_this_one() {
        for (mut guard, expected) in [
            (bound(6), GuardStep::ToAgent(wire::packed(&bind()))),
            (bound(5), GuardStep::ToServer(wire::packed(&[5]))),
            (idle(), GuardStep::ToServer(wire::packed(&[5]))),
        ] {
            guard.asked(&wire::packed(&bind()));
            assert_eq!(guard.step(), expected);
        }
    }

    #[test]
    fn requests_go_one_by_one_in_whatever_pieces_they_come() {
        let mut guard = idle();
        let requests = [wire::packed(&LIST), wire::packed(&[17]), wire::packed(&LIST)].concat();
        let mut steps = Vec::new();
        for byte in requests {
            guard.asked(&[byte]);
            match guard.step() {
                GuardStep::Wait => {}
                step => steps.push(step),
            }
        }
        assert_eq!(steps, [GuardStep::ToAgent(wire::packed(&LIST))]);
        assert!(!guard.takes_requests());
        assert_eq!(guard.step(), GuardStep::Wait);
        guard.answered(&wire::packed(b"keys"));
        assert_eq!(guard.step(), GuardStep::ToServer(wire::packed(b"keys")));
        // No more requests are taken while one waits.
        assert!(!guard.takes_requests());
        assert_eq!(guard.step(), GuardStep::ToServer(wire::packed(&[5])));
        assert_eq!(guard.step(), GuardStep::ToAgent(wire::packed(&LIST)));
    }

    #[test]
    fn what_is_no_message_ends_it() {
        for bytes in [[0, 0, 0, 0], [0, 4, 0, 1], [255; 4]] {
            let mut guard = idle();
            guard.asked(&bytes);
            assert_eq!(guard.step(), GuardStep::Over);
            let mut guard = idle();
            guard.asked(&wire::packed(&LIST));
            guard.step();
            guard.answered(&bytes);
            assert_eq!(guard.step(), GuardStep::Over);
        }
        let mut guard = idle();
        guard.answered(b"unasked");
        assert_eq!(guard.step(), GuardStep::Over);
    }
}
