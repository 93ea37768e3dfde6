//! From a host name to a TCP connection, giving up when told to.

use std::io;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use rustix::event::PollFlags;
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, connect as connect_socket, socket_with, sockopt};

use crate::session::{ConnectError, Phase};

use super::inbox::Inbox;
use super::stopped;

/// Tries every address of the host, each for `timeout`.
pub(super) fn connect(host: &str, port: u16, timeout: Duration, inbox: &Inbox) -> Result<TcpStream, ConnectError> {
    let addresses = resolve(host, port)?;
    let mut reasons = Vec::new();
    for address in addresses {
        match connect_to(address, timeout, inbox) {
            Ok(socket) => return Ok(socket),
            Err(_) if inbox.end().is_some() => return Err(stopped(Phase::Connect)),
            Err(reason) => reasons.push(format!("{reason} ({address})")),
        }
    }
    Err(ConnectError {
        phase: Phase::Connect,
        reason: reasons.join(", "),
        hints: Vec::new(),
    })
}

fn resolve(host: &str, port: u16) -> Result<Vec<SocketAddr>, ConnectError> {
    let failed = |why: &str| ConnectError {
        phase: Phase::Resolve,
        reason: format!("host name `{host}' is not known: {why}"),
        hints: Vec::new(),
    };
    let mut addresses: Vec<SocketAddr> = match (host, port).to_socket_addrs() {
        Ok(addresses) => addresses.collect(),
        Err(error) => {
            let text = plain(&error);
            return Err(failed(
                text.rsplit_once("information: ").map_or(text.as_str(), |(_, why)| why),
            ));
        }
    };
    addresses.dedup();
    if addresses.is_empty() {
        return Err(failed("it has no address"));
    }
    Ok(addresses)
}

fn connect_to(address: SocketAddr, timeout: Duration, inbox: &Inbox) -> Result<TcpStream, String> {
    let family = if address.is_ipv4() {
        AddressFamily::INET
    } else {
        AddressFamily::INET6
    };
    let why = |error: Errno| plain(&error.into());
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = socket_with(family, SocketType::STREAM, flags, None).map_err(why)?;
    sockopt::set_tcp_nodelay(&socket, true).map_err(why)?;
    match connect_socket(&socket, &address) {
        Ok(()) => {}
        Err(Errno::INPROGRESS) => {
            let deadline = Instant::now() + timeout;
            while !inbox.wait_for(&socket, PollFlags::OUT, Some(deadline)).socket {
                if inbox.end().is_some() {
                    return Err("stopped".to_owned());
                }
                if Instant::now() >= deadline {
                    return Err(format!("no answer within {} s", timeout.as_secs_f64()));
                }
            }
            sockopt::socket_error(&socket).map_err(why)?.map_err(why)?;
        }
        Err(error) => return Err(why(error)),
    }
    Ok(TcpStream::from(socket))
}

/// The system's words for an error, lower case and without its number.
pub(super) fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split_once(" (os error").map_or(text.as_str(), |(text, _)| text);
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_lowercase().chain(letters).collect(),
        None => String::new(),
    }
}
