//! A link between capr and a server that fails at a chosen moment, in a chosen way; and peers that are no SSH servers.
//!
//! Everything after the key exchange is encrypted. Servers behind a proxy therefore use [`CIPHERS`], which leave the length of a
//! packet readable, and the lengths tell the moments of a login and of a first command apart.
#![allow(dead_code, reason = "its words are for all tests")]

mod link;
mod watch;

use std::io::{self, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};

use rustix::event::{EventfdFlags, PollFd, PollFlags, eventfd, poll};

use link::Link;

/// The ciphers for the configuration of servers that are reached through a proxy.
pub const CIPHERS: &str = "Ciphers aes256-gcm@openssh.com\n";

/// The moment in which a link fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// After the connection was accepted.
    Connect,
    /// Instead of the server's greeting.
    Greeting,
    /// Instead of the server's half of the key exchange.
    KeyExchange,
    /// Instead of the first answer to a login.
    Authentication,
    /// Instead of the first channel.
    Channel,
    /// Instead of the answer to the first command.
    Exec,
    /// After the first output of more than a few letters.
    Output,
    /// Instead of the message that follows that output.
    Status,
    /// When [`Proxy::fail_now`] is called.
    Told,
}

/// The ways in which a link fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// With a TCP reset.
    Reset,
    /// With an orderly TCP end.
    Close,
    /// Nothing passes any more in either direction, and neither side is informed.
    Silent,
    /// One bit of a packet is flipped.
    Corrupt,
    /// In the middle of a packet.
    Cut,
    /// From then on only this many bytes a second pass from the server.
    Slow(usize),
}

/// A peer that accepts connections; all of it ends when it is dropped.
pub struct Proxy {
    /// Its address.
    pub address: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    stop: Bell,
    now: Bell,
    accepted: AtomicUsize,
    failed: AtomicUsize,
}

impl Proxy {
    /// Makes a link to this server whose first `times` connections fail in this way.
    pub fn failing(server: SocketAddr, phase: Phase, fault: Fault, times: usize) -> Self {
        Self::serving(move |client, shared| match TcpStream::connect(server) {
            Ok(server) => {
                let number = shared.accepted.load(Ordering::SeqCst);
                let fault = (number <= times).then_some((phase, fault));
                Link::new(client, server, fault).and_then(|link| link.run(shared))
            }
            Err(error) => Err(error),
        })
    }

    /// Makes a peer that sends this when it is connected, again and again if `endless`, and then nothing.
    pub fn saying(text: &'static [u8], endless: bool) -> Self {
        Self::serving(move |mut client, shared| {
            client.set_nonblocking(true)?;
            loop {
                match client.write(text) {
                    Ok(_) if endless => {}
                    Ok(_) => return shared.wait(&client, PollFlags::empty()).map(drop),
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                        if shared.wait(&client, PollFlags::OUT)? {
                            return Ok(());
                        }
                    }
                    Err(error) => return Err(error),
                }
            }
        })
    }

    fn serving(serve: impl Fn(TcpStream, &Shared) -> io::Result<()> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            stop: Bell::new(),
            now: Bell::new(),
            accepted: AtomicUsize::new(0),
            failed: AtomicUsize::new(0),
        });
        let (serve, ours) = (Arc::new(serve), Arc::clone(&shared));
        let thread = thread::spawn(move || {
            let mut connections = Vec::new();
            while ours.wait(&listener, PollFlags::IN).is_ok_and(|stopped| !stopped) {
                let Ok((client, _)) = listener.accept() else { break };
                ours.accepted.fetch_add(1, Ordering::SeqCst);
                let (serve, ours) = (Arc::clone(&serve), Arc::clone(&ours));
                // These exist for connections that their peer ends.
                connections.push(thread::spawn(move || drop(serve(client, &ours))));
            }
            for connection in connections {
                let _ = connection.join();
            }
        });
        Self {
            address,
            shared,
            thread: Some(thread),
        }
    }

    /// Returns the number of connections so far.
    pub fn connections(&self) -> usize {
        self.shared.accepted.load(Ordering::SeqCst)
    }

    /// Returns the number of connections that have failed as they should.
    pub fn failures(&self) -> usize {
        self.shared.failed.load(Ordering::SeqCst)
    }

    /// Fails the connections that wait for [`Phase::Told`].
    pub fn fail_now(&self) {
        self.shared.now.ring();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.stop.ring();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A bell that rings until the end, for everybody who waits for it.
struct Bell {
    rung: AtomicBool,
    fd: OwnedFd,
}

impl Bell {
    fn new() -> Self {
        Self {
            rung: AtomicBool::new(false),
            fd: eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC).unwrap(),
        }
    }

    fn ring(&self) {
        self.rung.store(true, Ordering::SeqCst);
        rustix::io::write(&self.fd, &1_u64.to_ne_bytes()).unwrap();
    }

    fn is_rung(&self) -> bool {
        self.rung.load(Ordering::SeqCst)
    }
}

impl Shared {
    /// Waits for a socket; returns true if everything is to end.
    fn wait(&self, socket: &impl AsFd, events: PollFlags) -> io::Result<bool> {
        let mut fds = [PollFd::new(socket, events), PollFd::new(&self.stop.fd, PollFlags::IN)];
        poll(&mut fds, None)?;
        Ok(self.stop.is_rung())
    }
}

/// An address where connections are neither accepted nor refused, as behind a firewall that drops them.
pub struct Hole {
    /// Its address.
    pub address: SocketAddr,
    _listener: OwnedFd,
    _queued: Vec<OwnedFd>,
}

impl Hole {
    /// Makes a listener whose queue is full.
    pub fn new() -> Self {
        use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, connect, getsockname, listen, socket_with};
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket = || socket_with(AddressFamily::INET, SocketType::STREAM, flags, None).unwrap();
        let listener = socket();
        bind(&listener, &SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap();
        listen(&listener, 0).unwrap();
        let address = SocketAddr::try_from(getsockname(&listener).unwrap()).unwrap();
        let mut queued = Vec::new();
        // One more than fits into the queue, which is one more than was requested.
        for _ in 0..3 {
            let client = socket();
            let _ = connect(&client, &address);
            queued.push(client);
        }
        Self {
            address,
            _listener: listener,
            _queued: queued,
        }
    }
}
