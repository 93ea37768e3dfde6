//! A client of ssh-agent. Every wait is bounded: an agent that does not answer must not hold up a login for ever.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::sockopt::{self, Timeout};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};

use super::exchange::Proof;
use super::wire;

/// The longest message that is accepted from an agent, in bytes; it is OpenSSH's own limit.
pub(super) const MAX_MESSAGE: usize = 256 * 1024;
/// The most identities that are accepted from an agent; it is OpenSSH's own limit.
const MAX_IDENTITIES: u32 = 2048;

/// The shortest timeout that a socket accepts.
const SHORTEST: Duration = Duration::from_millis(1);

pub(super) const FAILURE: u8 = 5;
pub(super) const SUCCESS: u8 = 6;
pub(super) const REQUEST_IDENTITIES: u8 = 11;
const IDENTITIES_ANSWER: u8 = 12;
pub(super) const SIGN_REQUEST: u8 = 13;
const SIGN_RESPONSE: u8 = 14;
pub(super) const EXTENSION: u8 = 27;
/// The extension that tells the agent which server a connection to it serves (OpenSSH's PROTOCOL.agent).
pub(super) const SESSION_BIND: &[u8] = b"session-bind@openssh.com";

/// A flag of [`Agent::sign`]: an RSA key signs with SHA-256.
pub(crate) const RSA_SHA2_256: u32 = 2;
/// A flag of [`Agent::sign`]: an RSA key signs with SHA-512.
pub(crate) const RSA_SHA2_512: u32 = 4;

/// A connection to an agent. After an error it cannot be used any more.
#[derive(Debug)]
pub(crate) struct Agent {
    stream: UnixStream,
    timeout: Duration,
}

/// The facts that identify a connection to a server for an agent. Keys that are restricted to servers (`ssh-add -h`) need them.
#[derive(Clone, Debug)]
pub(super) struct Binding {
    pub(super) proof: Proof,
    pub(super) session_id: Vec<u8>,
}

impl Binding {
    /// Returns the request for the agent; `forwarding` if the server is going to use the agent, rather than we to log in there.
    pub(super) fn request(&self, forwarding: bool) -> Vec<u8> {
        let mut request = vec![EXTENSION];
        for text in [
            SESSION_BIND,
            &self.proof.host_key,
            &self.session_id,
            &self.proof.signature,
        ] {
            request.extend(wire::packed(text));
        }
        request.push(u8::from(forwarding));
        request
    }
}

/// A key that an agent holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    /// The public key or certificate in SSH's wire format.
    pub blob: Vec<u8>,
    /// The comment that its owner gave it.
    pub comment: String,
}

impl Agent {
    /// Connects to an agent's socket. Programs that are started later do not inherit the connection. Each exchange may take
    /// `timeout`.
    ///
    /// # Errors
    ///
    /// When nobody listens there, or the listener does not accept the connection in time.
    pub(crate) fn connect(socket: &Path, timeout: Duration) -> io::Result<Self> {
        let address = SocketAddrUnix::new(socket)?;
        let deadline = Instant::now().checked_add(timeout);
        let fd = socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
        loop {
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            // This also bounds the wait for a place in the listener's queue. Zero would mean no limit.
            sockopt::set_socket_timeout(&fd, Timeout::Send, left.map(|left| left.max(SHORTEST)))?;
            match connect(&fd, &address) {
                Ok(()) => break,
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => {
                    return Err(io::Error::new(
                        ErrorKind::TimedOut,
                        "the ssh agent takes no connections",
                    ));
                }
                Err(error) => return Err(error.into()),
            }
        }
        let stream = UnixStream::from(fd);
        stream.set_nonblocking(true)?;
        Ok(Self { stream, timeout })
    }

    /// Returns the keys that the agent holds, in its order.
    ///
    /// # Errors
    ///
    /// When the agent refuses (it may be locked), is silent for too long, or sends something that cannot be read.
    pub(crate) fn identities(&mut self) -> io::Result<Vec<Identity>> {
        let answer = self.exchange(&[REQUEST_IDENTITIES], IDENTITIES_ANSWER)?;
        let mut answer = Reader(&answer);
        let count = answer.number()?;
        if count > MAX_IDENTITIES {
            return Err(nonsense());
        }
        (0..count)
            .map(|_| {
                Ok(Identity {
                    blob: answer.string()?.to_vec(),
                    comment: String::from_utf8_lossy(answer.string()?).into_owned(),
                })
            })
            .collect()
    }

    /// Lets the agent sign `data`. Returns the whole signature in wire format, beginning with the name of its algorithm.
    ///
    /// # Errors
    ///
    /// As for [`identities`](Self::identities); also when the agent asked the person, who refused.
    pub(crate) fn sign(&mut self, identity: &Identity, data: &[u8], flags: u32) -> io::Result<Vec<u8>> {
        let mut request = vec![SIGN_REQUEST];
        put_string(&mut request, &identity.blob)?;
        put_string(&mut request, data)?;
        request.extend(flags.to_be_bytes());
        let answer = self.exchange(&request, SIGN_RESPONSE)?;
        Ok(Reader(&answer).string()?.to_vec())
    }

    /// Tells the agent which server the next signature is for.
    ///
    /// # Errors
    ///
    /// As for [`identities`](Self::identities); many agents do not support this request.
    pub(super) fn bind(&mut self, binding: &Binding) -> io::Result<()> {
        self.exchange(&binding.request(false), SUCCESS).map(drop)
    }

    /// Sends a request and returns the content of the answer, which must be of the expected kind.
    fn exchange(&mut self, request: &[u8], expected: u8) -> io::Result<Vec<u8>> {
        let deadline = Instant::now().checked_add(self.timeout);
        let mut message = Vec::with_capacity(request.len() + 4);
        put_string(&mut message, request)?;
        self.send(&message, deadline)?;
        let mut length = [0; 4];
        self.receive(&mut length, deadline)?;
        let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
        if length == 0 || length > MAX_MESSAGE {
            return Err(nonsense());
        }
        let mut answer = vec![0; length];
        self.receive(&mut answer, deadline)?;
        match answer.split_first() {
            Some((kind, content)) if *kind == expected => Ok(content.to_vec()),
            Some((&FAILURE, _)) => Err(io::Error::other("the ssh agent refused")),
            _ => Err(nonsense()),
        }
    }

    fn send(&mut self, mut bytes: &[u8], deadline: Option<Instant>) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.stream.write(bytes) {
                Ok(sent) => bytes = bytes.get(sent..).unwrap_or_default(),
                Err(error) => self.wait_after(error, PollFlags::OUT, deadline)?,
            }
        }
        Ok(())
    }

    fn receive(&mut self, mut bytes: &mut [u8], deadline: Option<Instant>) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.stream.read(bytes) {
                Ok(0) => return Err(io::Error::new(ErrorKind::UnexpectedEof, "the ssh agent hung up")),
                Ok(received) => bytes = bytes.get_mut(received..).unwrap_or_default(),
                Err(error) => self.wait_after(error, PollFlags::IN, deadline)?,
            }
        }
        Ok(())
    }

    /// Waits until the socket is ready, if the error was that it was not.
    fn wait_after(&self, error: io::Error, flags: PollFlags, deadline: Option<Instant>) -> io::Result<()> {
        match error.kind() {
            ErrorKind::Interrupted => return Ok(()),
            ErrorKind::WouldBlock => {}
            _ => return Err(error),
        }
        // One deadline holds for the whole exchange, so that an agent which sends a byte now and then times out, too.
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let left = left.and_then(|left| Timespec::try_from(left).ok());
        match poll(&mut [PollFd::new(&self.stream, flags)], left.as_ref()) {
            Ok(0) => Err(io::Error::new(ErrorKind::TimedOut, "the ssh agent does not answer")),
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

fn nonsense() -> io::Error {
    io::Error::new(ErrorKind::InvalidData, "the ssh agent's answer makes no sense")
}

fn put_string(message: &mut Vec<u8>, bytes: &[u8]) -> io::Result<()> {
    let length = u32::try_from(bytes.len())
        .ok()
        .filter(|_| bytes.len() <= MAX_MESSAGE)
        .ok_or_else(|| io::Error::new(ErrorKind::InvalidInput, "the message is too long for an ssh agent"))?;
    message.extend(length.to_be_bytes());
    message.extend_from_slice(bytes);
    Ok(())
}

/// Reads the fields of an answer.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn number(&mut self) -> io::Result<u32> {
        let (number, rest) = self.0.split_first_chunk::<4>().ok_or_else(nonsense)?;
        self.0 = rest;
        Ok(u32::from_be_bytes(*number))
    }

    fn string(&mut self) -> io::Result<&'a [u8]> {
        let length = usize::try_from(self.number()?).map_err(|_| nonsense())?;
        let (string, rest) = self.0.split_at_checked(length).ok_or_else(nonsense)?;
        self.0 = rest;
        Ok(string)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use std::fs;
    use std::io::{ErrorKind, Read as _, Write as _};
    use std::os::unix::net::UnixListener;
    use std::path::{Path, PathBuf};
    use std::process::{Child, Command, Stdio};
    use std::thread;
    use std::time::{Duration, Instant};

    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use tempfile::TempDir;

    use super::{Agent, Identity, RSA_SHA2_256, RSA_SHA2_512};
    use crate::deadline::InTime;

    const BOUND: Duration = Duration::from_secs(20);

    /// A real agent in the foreground, killed at the end.
    struct Running {
        directory: TempDir,
        agent: Child,
    }

    impl Running {
        fn new() -> Self {
            let directory = TempDir::new().unwrap();
            let agent = Command::new("ssh-agent")
                .args(["-D", "-a"])
                .arg(directory.path().join("agent"))
                .stdout(Stdio::null())
                .spawn()
                .unwrap();
            let running = Self { directory, agent };
            let deadline = Instant::now() + BOUND;
            while Agent::connect(&running.socket(), BOUND).is_err() {
                assert!(Instant::now() < deadline, "ssh-agent does not start");
                thread::yield_now();
            }
            running
        }

        fn socket(&self) -> PathBuf {
            self.directory.path().join("agent")
        }

        /// Makes a key, adds it and returns its public half.
        fn add(&self, key_type: &str) -> Vec<u8> {
            let file = self.directory.path().join(key_type);
            let made = Command::new("ssh-keygen")
                .args(["-q", "-t", key_type, "-N", "", "-C", &format!("my {key_type}"), "-f"])
                .arg(&file)
                .in_time()
                .status;
            assert!(made.success());
            let added = Command::new("ssh-add")
                .arg("-q")
                .arg(&file)
                .env("SSH_AUTH_SOCK", self.socket())
                .in_time()
                .status;
            assert!(added.success());
            let public = fs::read_to_string(file.with_extension("pub")).unwrap();
            STANDARD.decode(public.split(' ').nth(1).unwrap()).unwrap()
        }

        fn connect(&self) -> Agent {
            Agent::connect(&self.socket(), BOUND).unwrap()
        }
    }

    impl Drop for Running {
        fn drop(&mut self) {
            let _ = self.agent.kill();
            let _ = self.agent.wait();
        }
    }

    fn algorithm(signature: &[u8]) -> &str {
        let length = usize::from(signature[3]);
        std::str::from_utf8(&signature[4..4 + length]).unwrap()
    }

    #[test]
    fn an_agent_lists_its_keys_and_signs_with_them() {
        let running = Running::new();
        assert!(running.connect().identities().unwrap().is_empty());
        let ed25519 = running.add("ed25519");
        let rsa = running.add("rsa");
        let mut agent = running.connect();
        let identities = agent.identities().unwrap();
        assert_eq!(identities.len(), 2);
        assert_eq!(identities[0].blob, ed25519);
        assert_eq!(identities[0].comment, "my ed25519");
        assert_eq!(identities[1].blob, rsa);
        let signature = agent.sign(&identities[0], b"text", 0).unwrap();
        assert_eq!(algorithm(&signature), "ssh-ed25519");
        let signature = agent.sign(&identities[1], b"text", RSA_SHA2_512).unwrap();
        assert_eq!(algorithm(&signature), "rsa-sha2-512");
        let signature = agent.sign(&identities[1], b"text", RSA_SHA2_256).unwrap();
        assert_eq!(algorithm(&signature), "rsa-sha2-256");
    }

    #[test]
    fn a_key_that_the_agent_does_not_hold_is_refused() {
        let running = Running::new();
        let unknown = Identity {
            blob: b"\0\0\0\x0bssh-ed25519\0\0\0\x20aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".to_vec(),
            comment: String::new(),
        };
        let error = running.connect().sign(&unknown, b"text", 0).unwrap_err();
        assert_eq!(error.to_string(), "the ssh agent refused");
    }

    #[test]
    fn nobody_at_the_socket_is_an_error() {
        assert!(Agent::connect(Path::new("/nonexistent/agent"), BOUND).is_err());
    }

    #[test]
    fn an_agent_that_takes_nobody_in_does_not_hold_us() {
        use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};

        let directory = TempDir::new().unwrap();
        let socket = directory.path().join("agent");
        let _listener = UnixListener::bind(&socket).unwrap();
        // These connections fill the listener's queue.
        let mut waiting = Vec::new();
        loop {
            let one = socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::NONBLOCK, None).unwrap();
            if connect(&one, &SocketAddrUnix::new(&socket).unwrap()).is_err() {
                break;
            }
            waiting.push(one);
        }
        let begun = Instant::now();
        let error = Agent::connect(&socket, Duration::from_millis(100)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert!(begun.elapsed() < BOUND, "{:?}", begun.elapsed());
    }

    /// Returns the error when an agent answers with these bytes and then keeps the connection open.
    fn asked(answer: &'static [u8], timeout: Duration) -> ErrorKind {
        let directory = TempDir::new().unwrap();
        let socket = directory.path().join("agent");
        let listener = UnixListener::bind(&socket).unwrap();
        let server = thread::spawn(move || {
            let mut stream = listener.in_time();
            stream.read_exact(&mut [0; 5]).unwrap();
            stream.write_all(answer).unwrap();
            // This waits until the client hangs up.
            let _ = stream.read(&mut [0]);
        });
        let error = Agent::connect(&socket, timeout).unwrap().identities().unwrap_err();
        server.in_time();
        error.kind()
    }

    #[test]
    fn an_agent_that_is_silent_or_talks_nonsense_does_not_hold_us() {
        let brief = Duration::from_millis(30);
        assert_eq!(asked(b"", brief), ErrorKind::TimedOut);
        assert_eq!(asked(b"\0\0\0\x09\x0c\0", brief), ErrorKind::TimedOut);
        for answer in [
            &b"\xff\xff\xff\xff\x0c"[..],
            b"\0\0\0\0",
            b"\0\0\0\x01\x0e",
            b"\0\0\0\x01\x0c",
            b"\0\0\0\x05\x0c\xff\xff\xff\xff",
            b"\0\0\0\x09\x0c\0\0\0\x01\0\0\0\x50",
        ] {
            assert_eq!(asked(answer, BOUND), ErrorKind::InvalidData, "{answer:?}");
        }
    }
}
