//! Waits of the unit tests, all of which have a deadline. `tests/deadline.rs` has those of the other tests.
#![allow(clippy::unwrap_used, reason = "a test ends where its assumption fails")]

use std::net::{TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::Receiver;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use std::{fmt, io};

use rustix::process::{Pid, Signal, kill_process};

/// The longest wait: longer than anything takes that works, even on a busy machine.
const LIMIT: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(2);

/// A value that has to come in time; else the test fails.
pub(crate) trait InTime {
    /// The type of the value.
    type Comes;

    /// Waits for the value.
    fn in_time(self) -> Self::Comes;
}

impl InTime for &TcpListener {
    type Comes = TcpStream;

    fn in_time(self) -> TcpStream {
        self.set_nonblocking(true).unwrap();
        let stream = poll("nobody connects", || accepted(self.accept()));
        stream.set_nonblocking(false).unwrap();
        stream
    }
}

impl InTime for &UnixListener {
    type Comes = UnixStream;

    fn in_time(self) -> UnixStream {
        self.set_nonblocking(true).unwrap();
        let stream = poll("nobody connects", || accepted(self.accept()));
        stream.set_nonblocking(false).unwrap();
        stream
    }
}

impl<T> InTime for JoinHandle<T> {
    type Comes = T;

    fn in_time(self) -> T {
        poll("a thread does not end", || self.is_finished().then_some(()));
        self.join().unwrap()
    }
}

impl<T: fmt::Debug> InTime for &Receiver<T> {
    type Comes = T;

    fn in_time(self) -> T {
        self.recv_timeout(LIMIT).unwrap()
    }
}

impl InTime for &mut Child {
    type Comes = ExitStatus;

    fn in_time(self) -> ExitStatus {
        let ended = Instant::now() + LIMIT;
        loop {
            if let Some(status) = self.try_wait().unwrap() {
                return status;
            }
            if Instant::now() > ended {
                let _ = self.kill();
                panic!("process {} does not end within {LIMIT:?}", self.id());
            }
            thread::sleep(PAUSE);
        }
    }
}

/// Waits for a program's end and returns its output.
impl InTime for Child {
    type Comes = Output;

    fn in_time(self) -> Output {
        let pid = Pid::from_child(&self);
        let (sender, ended) = std::sync::mpsc::channel();
        thread::spawn(move || sender.send(self.wait_with_output()));
        match ended.recv_timeout(LIMIT) {
            Ok(output) => output.unwrap(),
            Err(_) => {
                let _ = kill_process(pid, Signal::KILL);
                panic!("process {pid:?} does not end within {LIMIT:?}");
            }
        }
    }
}

/// Runs a program to its end, without input; panics if it is missing.
impl InTime for &mut Command {
    type Comes = Output;

    fn in_time(self) -> Output {
        let piped = self.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = piped.spawn();
        child.unwrap_or_else(|error| panic!("{self:?}: {error}")).in_time()
    }
}

/// Calls a function again and again until it returns a value.
pub(crate) fn poll<T>(otherwise: &str, mut comes: impl FnMut() -> Option<T>) -> T {
    let ended = Instant::now() + LIMIT;
    loop {
        if let Some(value) = comes() {
            return value;
        }
        assert!(Instant::now() < ended, "{otherwise} within {LIMIT:?}");
        thread::sleep(PAUSE);
    }
}

fn accepted<T, A>(result: io::Result<(T, A)>) -> Option<T> {
    match result {
        Ok((stream, _)) => Some(stream),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => None,
        Err(error) => panic!("{error}"),
    }
}
