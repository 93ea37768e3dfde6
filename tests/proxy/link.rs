//! One connection through a proxy.

use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::sockopt::set_socket_linger;

use super::watch::Watch;
use super::{Fault, Phase, Shared};

/// The most bytes that are held in one direction.
const MOST: usize = 256 << 10;
/// The time after which a slow link lets the next piece pass.
const TICK: Duration = Duration::from_millis(20);

pub(super) struct Link {
    client: TcpStream,
    server: TcpStream,
    fault: Option<(Phase, Fault)>,
    watch: Watch,
    /// Bytes from the server that were not let through yet.
    unseen: Vec<u8>,
    /// Bytes that were let through.
    to_client: Vec<u8>,
    to_server: Vec<u8>,
    server_ended: bool,
    silent: bool,
    pace: Option<usize>,
    next_tick: Instant,
    corrupt: bool,
}

enum End {
    Reset,
    Close,
}

impl Link {
    pub(super) fn new(client: TcpStream, server: TcpStream, fault: Option<(Phase, Fault)>) -> io::Result<Self> {
        for socket in [&client, &server] {
            socket.set_nonblocking(true)?;
            socket.set_nodelay(true)?;
        }
        Ok(Self {
            client,
            server,
            fault,
            watch: Watch::new(),
            unseen: Vec::new(),
            to_client: Vec::new(),
            to_server: Vec::new(),
            server_ended: false,
            silent: false,
            pace: None,
            next_tick: Instant::now(),
            corrupt: false,
        })
    }

    pub(super) fn run(mut self, shared: &Shared) -> io::Result<()> {
        let mut end = self.due(Phase::Connect, 0, shared);
        while end.is_none() {
            if shared.stop.is_rung() {
                return Ok(());
            }
            if shared.now.is_rung() {
                end = self.due(Phase::Told, 0, shared);
                if end.is_some() {
                    break;
                }
            }
            if self.silent {
                // Everything that arrives stays in the kernel.
                return shared.wait(&shared.stop.fd, PollFlags::empty()).map(drop);
            }
            self.poll(shared)?;
            if pull(&mut self.client, &mut self.to_server)? {
                return Ok(());
            }
            self.server_ended |= pull(&mut self.server, &mut self.unseen)?;
            end = self.let_through(shared);
            push(&mut self.server, &mut self.to_server)?;
            self.push_to_client()?;
            if self.server_ended && self.to_client.is_empty() && end.is_none() {
                return Ok(());
            }
        }
        if matches!(end, Some(End::Reset)) {
            set_socket_linger(&self.client, Some(Duration::ZERO))?;
        } else {
            // Everything that was let through is to arrive before the end.
            self.client.set_nonblocking(false)?;
            self.client.set_write_timeout(Some(Duration::from_secs(1)))?;
            let _ = self.client.write_all(&self.to_client);
        }
        Ok(())
    }

    fn poll(&mut self, shared: &Shared) -> io::Result<()> {
        let mut from_client = PollFlags::empty();
        let mut from_server = PollFlags::empty();
        from_client.set(PollFlags::IN, self.to_server.len() < MOST);
        from_client.set(PollFlags::OUT, !self.to_client.is_empty() && self.pace.is_none());
        from_server.set(
            PollFlags::IN,
            self.to_client.len() + self.unseen.len() < MOST && !self.server_ended,
        );
        from_server.set(PollFlags::OUT, !self.to_server.is_empty());
        let waits = matches!(self.fault, Some((Phase::Told, _)));
        let told = if waits { PollFlags::IN } else { PollFlags::empty() };
        let mut fds = [
            PollFd::new(&self.client, from_client),
            PollFd::new(&self.server, from_server),
            PollFd::new(&shared.stop.fd, PollFlags::IN),
            PollFd::new(&shared.now.fd, told),
        ];
        let tick = self.pace.map(|_| Timespec::try_from(TICK).unwrap());
        poll(&mut fds, tick.as_ref())?;
        Ok(())
    }

    /// Returns true if nothing is to be inspected any more.
    fn is_open(&self) -> bool {
        self.fault.is_none() && !self.corrupt
    }

    fn let_through(&mut self, shared: &Shared) -> Option<End> {
        if self.is_open() {
            self.to_client.append(&mut self.unseen);
            return None;
        }
        while let Some(unit) = self.watch.next(&self.unseen) {
            if let Some(end) = unit.before.and_then(|phase| self.due(phase, unit.length, shared)) {
                return Some(end);
            }
            if self.silent {
                return None;
            }
            let mut unit_bytes: Vec<u8> = self.unseen.drain(..unit.length).collect();
            if std::mem::take(&mut self.corrupt) {
                unit_bytes[unit.length / 2] ^= 1;
            }
            self.to_client.extend(unit_bytes);
            if let Some(end) = unit.after.and_then(|phase| self.due(phase, 0, shared)) {
                return Some(end);
            }
            if self.is_open() {
                self.to_client.append(&mut self.unseen);
            }
        }
        if self.server_ended {
            self.to_client.append(&mut self.unseen);
        }
        None
    }

    /// Returns the fault if it is due; `unit` is the length of the next unit.
    fn due(&mut self, now: Phase, unit: usize, shared: &Shared) -> Option<End> {
        let (_, fault) = self.fault.take_if(|(phase, _)| *phase == now)?;
        shared.failed.fetch_add(1, Ordering::SeqCst);
        match fault {
            Fault::Reset => Some(End::Reset),
            Fault::Close => Some(End::Close),
            Fault::Silent => {
                self.silent = true;
                None
            }
            Fault::Corrupt => {
                self.corrupt = true;
                None
            }
            Fault::Cut => {
                self.to_client.extend(self.unseen.drain(..unit / 2));
                Some(End::Close)
            }
            Fault::Slow(pace) => {
                self.pace = Some(pace);
                None
            }
        }
    }

    fn push_to_client(&mut self) -> io::Result<()> {
        let Some(pace) = self.pace else {
            return push(&mut self.client, &mut self.to_client);
        };
        if Instant::now() < self.next_tick || self.to_client.is_empty() {
            return Ok(());
        }
        self.next_tick = Instant::now() + TICK;
        let share = pace / usize::try_from(Duration::from_secs(1).as_millis() / TICK.as_millis()).unwrap();
        let later = self.to_client.split_off(share.max(1).min(self.to_client.len()));
        push(&mut self.client, &mut self.to_client)?;
        self.to_client.extend(later);
        Ok(())
    }
}

/// Reads everything that has arrived; returns true at the end.
fn pull(from: &mut TcpStream, to: &mut Vec<u8>) -> io::Result<bool> {
    let mut buffer = [0; 16 << 10];
    while to.len() < MOST {
        match from.read(&mut buffer) {
            Ok(0) => return Ok(true),
            Ok(count) => to.extend(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
            Err(error) => return Err(error),
        }
    }
    Ok(false)
}

fn push(to: &mut TcpStream, from: &mut Vec<u8>) -> io::Result<()> {
    while !from.is_empty() {
        match to.write(from) {
            Ok(count) => drop(from.drain(..count)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
