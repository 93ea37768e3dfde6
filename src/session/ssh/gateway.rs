//! Servers that are reached through others: a few connections to each gateway are shared by all servers behind it.
//!
//! The login that needs a gateway first makes the connection, on its own thread and with its own questions. After that the
//! gateway gets a thread, which works like a server's but runs no commands. Other logins wait and get the same connection, or its
//! error.

use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{TryRecvError, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use crate::io_error::plain;
use crate::session::{ConnectError, Destination, Phase};

use super::connection::Connection;
use super::establish::establish;
use super::inbox::{self, Bell, Inbox, Outbox, SessionEnd, SessionOrder};
use super::login::Login;
use super::tunnel::{Tunnel, TunnelProgress, TunnelReply};
use super::worker::{STACK, Worker};

/// The number of servers per connection: channels are opened one after the other on each …
const SERVERS_PER_CONNECTION: usize = 4;
/// … and the most connections to one gateway: a server accepts only so many at once.
const MOST_CONNECTIONS: usize = 8;
/// The time after which a connection counts as stuck if the turn of a server that waits for a channel has not come: the channel
/// before it leads to a server that does not answer.
const TURN: Duration = Duration::from_secs(3);

/// The connections to gateways.
#[derive(Default)]
pub(super) struct Gateways(Mutex<Vec<(Destination, Weak<Gateway>)>>);

/// One connection to a gateway. It is closed when the last server behind it has gone.
pub(super) struct Gateway {
    state: Mutex<State>,
    /// True if the connection stays with those who have it, but is not given to others.
    stuck: AtomicBool,
}

enum State {
    Making(Vec<Bell>),
    Open(Outbox),
    Failed(ConnectError),
    /// The login that was making it was stopped.
    GivenUp,
}

impl Gateways {
    /// Returns a connection with room for one more server, and true if the caller has to make it.
    fn choose(&self, destination: &Destination) -> (Arc<Gateway>, bool) {
        // A thread that died while it held the lock has left nothing half done.
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|(_, gateway)| gateway.upgrade().is_some_and(|gateway| gateway.is_usable()));
        let ways = all.iter().filter(|(of, _)| of == destination).map(|(_, way)| way);
        let count = ways.clone().count();
        let least = ways.min_by_key(|way| way.strong_count());
        if let Some(least) = least
            && (least.strong_count() < SERVERS_PER_CONNECTION || count >= MOST_CONNECTIONS)
            && let Some(gateway) = least.upgrade()
        {
            return (gateway, false);
        }
        let gateway = Arc::new(Gateway {
            state: Mutex::new(State::Making(Vec::new())),
            stuck: AtomicBool::new(false),
        });
        all.push((destination.clone(), Arc::downgrade(&gateway)));
        (gateway, true)
    }
}

impl Gateway {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, state: State) {
        let before = std::mem::replace(&mut *self.state(), state);
        if let State::Making(bells) = before {
            bells.iter().for_each(Bell::ring);
        }
    }

    fn is_usable(&self) -> bool {
        !self.stuck.load(Ordering::SeqCst) && matches!(*self.state(), State::Making(_) | State::Open(_))
    }

    /// Waits until another login has made the connection; returns false if that login gave up.
    fn is_made(&self, inbox: &Inbox) -> Result<bool, ConnectError> {
        loop {
            match &mut *self.state() {
                State::Open(_) => return Ok(true),
                State::Failed(error) => return Err(error.clone()),
                State::GivenUp => return Ok(false),
                State::Making(bells) => bells.push(inbox.bell()),
            }
            if inbox.end().is_some() {
                return Err(ConnectError::stopped(Phase::Connect));
            }
            inbox.wait(None, None);
        }
    }

    /// Opens a tunnel to a server; `None` if others keep the connection busy for too long.
    fn tunnel(
        &self,
        host: &str,
        port: u16,
        timeout: Duration,
        inbox: &Inbox,
    ) -> Result<Option<UnixStream>, ConnectError> {
        let (ours, theirs) = sockets().map_err(|error| failed(plain(&error)))?;
        let (answers, answer) = channel();
        let tunnel = Tunnel {
            host: host.to_owned(),
            port,
            socket: theirs,
            reply: TunnelReply::new(answers, inbox.bell()),
        };
        match &*self.state() {
            State::Open(outbox) => outbox.send(SessionOrder::Tunnel(tunnel)),
            State::Failed(error) => return Err(error.clone()),
            State::Making(_) | State::GivenUp => return Ok(None),
        }
        let mut begun = false;
        let mut until = Instant::now() + TURN;
        loop {
            match answer.try_recv() {
                Ok(TunnelProgress::Begun) => {
                    begun = true;
                    until = Instant::now() + timeout;
                }
                Ok(TunnelProgress::Open) => return Ok(Some(ours)),
                Ok(TunnelProgress::Refused(reason)) => {
                    return Err(failed(format!("cannot reach {host}:{port}: {reason}")));
                }
                Err(TryRecvError::Disconnected) => return Err(failed("the connection was lost".to_owned())),
                Err(TryRecvError::Empty) if inbox.end().is_some() => return Err(ConnectError::stopped(Phase::Connect)),
                Err(TryRecvError::Empty) if Instant::now() >= until => {
                    self.stuck.store(true, Ordering::SeqCst);
                    if begun {
                        let waited = timeout.as_secs_f64();
                        return Err(failed(format!("no answer from {host}:{port} within {waited} s")));
                    }
                    return Ok(None);
                }
                Err(TryRecvError::Empty) => {
                    inbox.wait(None, Some(until));
                }
            }
        }
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        if let State::Open(outbox) = &*self.state() {
            outbox.end(SessionEnd::Close);
        }
    }
}

/// Opens a socket that leads to a server through a gateway, and returns it with the gateway, which has to be kept as long. An
/// error does not name the gateway yet.
pub(super) fn connect(
    login: &Login,
    gateway: Destination,
    (host, port): (&str, u16),
    timeout: Duration,
    inbox: &mut Inbox,
) -> Result<(UnixStream, Arc<Gateway>), ConnectError> {
    if login.on_the_way.contains(&gateway.server) {
        return Err(failed("the gateways lead in a circle".to_owned()));
    }
    loop {
        let (way, is_new) = login.gateways.choose(&gateway);
        if is_new {
            make(login, &gateway, &way, inbox)?;
        } else if !way.is_made(inbox)? {
            continue;
        }
        if let Some(socket) = way.tunnel(host, port, timeout, inbox)? {
            return Ok((socket, way));
        }
    }
}

fn make(login: &Login, destination: &Destination, way: &Arc<Gateway>, inbox: &mut Inbox) -> Result<(), ConnectError> {
    /// Marks the connection as given up when the login ends without making it, so that nobody waits for it.
    struct Will<'a>(&'a Gateway);
    impl Drop for Will<'_> {
        fn drop(&mut self) {
            if matches!(*self.0.state(), State::Making(_)) {
                self.0.set(State::GivenUp);
            }
        }
    }
    let _will = Will(way);
    match establish(&login.towards(destination), inbox).and_then(|connection| start(connection, login, way)) {
        Ok(outbox) => {
            way.set(State::Open(outbox));
            Ok(())
        }
        Err(error) => {
            if inbox.end().is_none() {
                way.set(State::Failed(error.clone()));
            }
            Err(error)
        }
    }
}

fn start(connection: Connection, login: &Login, way: &Arc<Gateway>) -> Result<Outbox, ConnectError> {
    let (outbox, inbox) = inbox::pair(&inbox::space()).map_err(|error| failed(plain(&error)))?;
    let (id, way) = (login.id, Arc::downgrade(way));
    // The servers behind the gateway report what becomes of it, so its own reports go nowhere.
    let (reports, _) = channel();
    thread::Builder::new()
        .stack_size(STACK)
        .name("ssh gateway".to_owned())
        .spawn(move || {
            Worker::new(id, reports, inbox, connection).into_gateway().run();
            if let Some(way) = way.upgrade() {
                way.set(State::Failed(failed("the connection was lost".to_owned())));
            }
        })
        .map_err(|error| failed(plain(&error)))?;
    Ok(outbox)
}

fn sockets() -> std::io::Result<(UnixStream, UnixStream)> {
    let (ours, theirs) = UnixStream::pair()?;
    ours.set_nonblocking(true)?;
    theirs.set_nonblocking(true)?;
    Ok((ours, theirs))
}

fn failed(reason: String) -> ConnectError {
    ConnectError::new(Phase::Connect, reason)
}
