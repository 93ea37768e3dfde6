//! Makes a TCP connection to a host name, and gives up when told to.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, SocketAddrV6, TcpStream};
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use nix::ifaddrs::getifaddrs;
use nix::net::if_::InterfaceFlags;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{
    AddressFamily as Family, SocketFlags, SocketType, bind, connect as connect_socket, socket_with, sockopt,
};

use crate::io_error::plain;
use crate::name_service;
use crate::session::{ConnectError, Phase};

use super::config::{AddressFamily, HostConfig};
use super::inbox::Inbox;

/// The head start of an address before the next one is tried (RFC 8305, section 5).
const LEAD: Duration = Duration::from_millis(250);
/// The pause between two rounds of attempts.
const PAUSE: Duration = Duration::from_secs(1);

/// Connects to whichever address of the host answers first; the next address is tried when one is slow or has failed. Each
/// address has `timeout`. `resolved` is called with all addresses.
pub(super) fn connect(
    config: &HostConfig,
    timeout: Duration,
    inbox: &Inbox,
    resolved: impl FnOnce(&[SocketAddr]),
) -> Result<TcpStream, ConnectError> {
    let mut addresses = addresses(config)?;
    resolved(&addresses);
    let own = match (&config.bind_address, &config.bind_interface) {
        (Some(name), _) => Some(resolve(name, 0)?),
        (None, Some(interface)) => Some(addresses_of(interface, &mut addresses)?),
        (None, None) => None,
    };
    let mut attempts = config.connection_attempts;
    loop {
        attempts = attempts.saturating_sub(1);
        match Race::new(&addresses, own.as_deref(), timeout).run(inbox) {
            Err(error) if attempts > 0 && inbox.end().is_none() => {
                let until = Instant::now() + PAUSE;
                while Instant::now() < until {
                    if inbox.end().is_some() {
                        return Err(error);
                    }
                    inbox.wait(None, Some(until));
                }
            }
            outcome => return outcome,
        }
    }
}

/// Returns the addresses of the host that may be used, alternating between the two families and beginning with the family of the
/// first.
fn addresses(config: &HostConfig) -> Result<Vec<SocketAddr>, ConnectError> {
    let mut found = resolve(&config.host_name, config.port)?;
    found.retain(|address| match config.address_family {
        AddressFamily::Any => true,
        AddressFamily::V4 => address.is_ipv4(),
        AddressFamily::V6 => address.is_ipv6(),
    });
    let Some(first) = found.first() else {
        return Err(unknown(&config.host_name, "it has no address of the wanted family"));
    };
    let first_is_v6 = first.is_ipv6();
    let (mut leading, mut others): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|address| address.is_ipv6() == first_is_v6);
    let mut mixed = Vec::new();
    leading.reverse();
    others.reverse();
    while let Some(address) = leading.pop().or_else(|| others.pop()) {
        mixed.push(address);
        mixed.extend(others.pop());
    }
    Ok(mixed)
}

/// Returns the addresses of an interface to connect from, at most one of each family, and removes the addresses of other families
/// from `addresses`. As with ssh, a loopback or link-local address is used only if there is no other.
fn addresses_of(interface: &str, addresses: &mut Vec<SocketAddr>) -> Result<Vec<SocketAddr>, ConnectError> {
    let failed = |why: &str| ConnectError::new(Phase::Connect, format!("BindInterface {interface}: {why}"));
    let all = getifaddrs().map_err(|error| failed(&plain(&error.into())))?;
    let of_it: Vec<_> = all.filter(|address| address.interface_name == interface).collect();
    if of_it.is_empty() {
        return Err(failed("there is no such network interface"));
    }
    let up = of_it
        .iter()
        .filter(|address| address.flags.contains(InterfaceFlags::IFF_UP));
    let own: Vec<SocketAddr> = up
        .filter_map(|of_it| {
            let address = of_it.address?;
            let v4 = address
                .as_sockaddr_in()
                .map(|of_it| SocketAddr::from(SocketAddrV4::from(*of_it)));
            v4.or_else(|| {
                address
                    .as_sockaddr_in6()
                    .map(|of_it| SocketAddr::from(SocketAddrV6::from(*of_it)))
            })
        })
        .collect();
    let is_near = |address: &&SocketAddr| match address {
        SocketAddr::V4(address) => *address.ip() == Ipv4Addr::LOCALHOST,
        SocketAddr::V6(address) => address.ip().is_loopback() || address.ip().is_unicast_link_local(),
    };
    let best = |v4: bool| {
        let of_family = || own.iter().filter(|address| address.is_ipv4() == v4);
        of_family()
            .find(|address| !is_near(address))
            .or_else(|| of_family().next())
    };
    let own: Vec<SocketAddr> = [true, false].into_iter().filter_map(best).copied().collect();
    addresses.retain(|address| own.iter().any(|own| own.is_ipv4() == address.is_ipv4()));
    if addresses.is_empty() {
        return Err(failed("it is down, or has no address of the server's kind"));
    }
    Ok(own)
}

fn resolve(host: &str, port: u16) -> Result<Vec<SocketAddr>, ConnectError> {
    name_service::addresses(host, port).map_err(|error| {
        let text = plain(&error);
        let why = text.rsplit_once("information: ").map_or(text.as_str(), |(_, why)| why);
        unknown(host, why)
    })
}

fn unknown(host: &str, why: &str) -> ConnectError {
    ConnectError {
        phase: Phase::Resolve,
        reason: format!("host name `{host}' is not known: {why}"),
        common: Some(format!("the host name is not known: {why}")),
        hints: Vec::new(),
    }
}

/// The attempts at all addresses of a host, one of which has to succeed.
struct Race<'a> {
    /// The addresses that were not tried yet.
    left: std::slice::Iter<'a, SocketAddr>,
    own: Option<&'a [SocketAddr]>,
    timeout: Duration,
    running: Vec<Attempt>,
    reasons: Vec<(String, SocketAddr)>,
}

struct Attempt {
    address: SocketAddr,
    socket: OwnedFd,
    until: Instant,
}

impl<'a> Race<'a> {
    fn new(addresses: &'a [SocketAddr], own: Option<&'a [SocketAddr]>, timeout: Duration) -> Self {
        Self {
            left: addresses.iter(),
            own,
            timeout,
            running: Vec::new(),
            reasons: Vec::new(),
        }
    }

    fn run(mut self, inbox: &Inbox) -> Result<TcpStream, ConnectError> {
        let mut next = Instant::now();
        loop {
            let now = Instant::now();
            if self.running.is_empty() || now >= next {
                if let Some(&address) = self.left.next() {
                    next = now + LEAD;
                    if let Some(socket) = self.start(address) {
                        return Ok(TcpStream::from(socket));
                    }
                    continue;
                }
                if self.running.is_empty() {
                    return Err(ConnectError {
                        phase: Phase::Connect,
                        reason: self.all(|(why, address)| format!("{why} ({address})")),
                        common: Some(self.all(|(why, _)| why.clone())),
                        hints: Vec::new(),
                    });
                }
            }
            if inbox.end().is_some() {
                return Err(ConnectError::stopped(Phase::Connect));
            }
            let until = self.running.iter().map(|attempt| attempt.until).min();
            let until = if self.left.len() > 0 {
                until.map(|until| until.min(next))
            } else {
                until
            };
            let sockets = self
                .running
                .iter()
                .map(|attempt| (attempt.socket.as_fd(), PollFlags::OUT));
            inbox.wait_for_any(sockets, until);
            let failed = self.running.len();
            if let Some(socket) = self.take_connected() {
                return Ok(TcpStream::from(socket));
            }
            if self.running.len() < failed {
                // Nothing is left to wait for, so the next attempt may begin.
                next = Instant::now();
            }
        }
    }

    /// Begins an attempt; returns the socket if it connected at once.
    fn start(&mut self, address: SocketAddr) -> Option<OwnedFd> {
        match self.try_start(address) {
            Ok((socket, true)) => return Some(socket),
            Ok((socket, false)) => self.running.push(Attempt {
                address,
                socket,
                until: Instant::now() + self.timeout,
            }),
            Err(error) => self.failed(address, &plain(&error.into())),
        }
        None
    }

    fn try_start(&self, address: SocketAddr) -> Result<(OwnedFd, bool), Errno> {
        let family = if address.is_ipv4() { Family::INET } else { Family::INET6 };
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let socket = socket_with(family, SocketType::STREAM, flags, None)?;
        sockopt::set_tcp_nodelay(&socket, true)?;
        if let Some(own) = self.own {
            let own = own.iter().find(|own| own.is_ipv4() == address.is_ipv4());
            bind(&socket, own.ok_or(Errno::ADDRNOTAVAIL)?)?;
        }
        match connect_socket(&socket, &address) {
            Ok(()) => Ok((socket, true)),
            Err(Errno::INPROGRESS) => Ok((socket, false)),
            Err(error) => Err(error),
        }
    }

    /// Removes the attempts that have ended: returns the first that is connected, and keeps the reasons of those that failed.
    fn take_connected(&mut self) -> Option<OwnedFd> {
        let now = Instant::now();
        for attempt in std::mem::take(&mut self.running) {
            match sockopt::socket_error(&attempt.socket) {
                Ok(Ok(())) if rustix::net::getpeername(&attempt.socket).is_ok() => return Some(attempt.socket),
                Ok(Ok(())) if now < attempt.until => self.running.push(attempt),
                Ok(Ok(())) => {
                    let waited = self.timeout.as_secs_f64();
                    self.failed(attempt.address, &format!("no answer within {waited} s"));
                }
                Ok(Err(error)) | Err(error) => self.failed(attempt.address, &plain(&error.into())),
            }
        }
        None
    }

    /// Returns the reasons why all attempts have failed.
    fn all(&self, shown: impl Fn(&(String, SocketAddr)) -> String) -> String {
        let mut reasons: Vec<String> = self.reasons.iter().map(shown).collect();
        reasons.dedup();
        reasons.join(", ")
    }

    fn failed(&mut self, address: SocketAddr, why: &str) {
        self.reasons.push((why.to_owned(), address));
    }
}

/// Returns the address at the other end.
pub(super) fn peer(socket: &OwnedFd) -> Option<SocketAddr> {
    SocketAddr::try_from(rustix::net::getpeername(socket).ok()??).ok()
}

/// Returns true if something can be sent without waiting.
pub(super) fn is_writable(socket: impl AsFd) -> bool {
    poll(
        &mut [PollFd::new(&socket, PollFlags::OUT)],
        Some(&Timespec { tv_sec: 0, tv_nsec: 0 }),
    )
    .is_ok_and(|ready| ready > 0)
}

/// Has TCP acknowledge what was received at once, since the other side may wait for that before its next packet.
pub(super) fn quick_ack(socket: &OwnedFd) {
    #[cfg(target_os = "linux")]
    let _ = sockopt::set_tcp_quickack(socket, true);
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::net::{SocketAddr, TcpListener, TcpStream};
    use std::os::fd::OwnedFd;
    use std::time::{Duration, Instant};

    use rustix::net::{AddressFamily, SocketType, bind, connect, getsockname, listen, socket};

    use super::{LEAD, Race};
    use crate::session::ssh::inbox;
    use crate::session::{ConnectError, Phase};

    /// Returns an address that never answers, because the queue of its listener is full.
    fn silent() -> (SocketAddr, Vec<OwnedFd>) {
        let listener = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
        bind(&listener, &"127.0.0.1:0".parse::<SocketAddr>().unwrap()).unwrap();
        listen(&listener, 0).unwrap();
        let address = SocketAddr::try_from(getsockname(&listener).unwrap()).unwrap();
        let mut held = vec![listener];
        for _ in 0..3 {
            let waiting = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
            rustix::io::ioctl_fionbio(&waiting, true).unwrap();
            let _ = connect(&waiting, &address);
            held.push(waiting);
        }
        (address, held)
    }

    fn refusing() -> SocketAddr {
        TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
    }

    fn run(addresses: &[SocketAddr], timeout: Duration) -> (Result<TcpStream, ConnectError>, Duration) {
        let (_outbox, inbox) = inbox::pair(&inbox::space()).unwrap();
        let begun = Instant::now();
        let outcome = Race::new(addresses, None, timeout).run(&inbox);
        (outcome, begun.elapsed())
    }

    #[test]
    fn a_silent_address_has_a_short_lead_on_the_next_one() {
        let (silent, _held) = silent();
        let good = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = good.local_addr().unwrap();
        let (outcome, took) = run(&[silent, address], Duration::from_secs(20));
        assert_eq!(outcome.unwrap().peer_addr().unwrap(), address);
        assert!(took >= LEAD && took < Duration::from_secs(5), "{took:?}");
    }

    #[test]
    fn an_address_that_refuses_has_none() {
        let good = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = good.local_addr().unwrap();
        let (outcome, took) = run(&[refusing(), address], Duration::from_secs(20));
        assert_eq!(outcome.unwrap().peer_addr().unwrap(), address);
        assert!(took < LEAD, "{took:?}");
    }

    #[test]
    fn where_no_address_answers_each_is_told() {
        let ((silent, _held), refusing) = (silent(), refusing());
        let (outcome, took) = run(&[silent, refusing], Duration::from_millis(400));
        let error = outcome.unwrap_err();
        assert_eq!(error.phase, Phase::Connect);
        assert_eq!(
            error.reason,
            format!("connection refused ({refusing}), no answer within 0.4 s ({silent})")
        );
        assert!(took < Duration::from_secs(5), "{took:?}");
    }
}
