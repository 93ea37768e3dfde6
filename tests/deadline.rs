//! Waits with a limit: a test that waits for something which does not come fails and says for what; also used by the tests of the
//! library.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test ends where its assumption fails"
)]

use std::io;
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::channel;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// A limit that nothing reaches when it works.
pub const LIMIT: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(2);

/// Something that must not be waited for without a limit.
pub trait Limited {
    /// The result of the wait.
    type Comes;

    /// Waits for it; panics if it does not come in time.
    fn within(self, limit: Duration) -> Self::Comes;
}

impl Limited for &TcpListener {
    type Comes = TcpStream;

    fn within(self, limit: Duration) -> TcpStream {
        self.set_nonblocking(true).unwrap();
        let stream = poll(limit, "nobody connects", || awaited(self.accept())).0;
        stream.set_nonblocking(false).unwrap();
        stream
    }
}

impl Limited for &UnixListener {
    type Comes = UnixStream;

    fn within(self, limit: Duration) -> UnixStream {
        self.set_nonblocking(true).unwrap();
        let stream = poll(limit, "nobody connects", || awaited(self.accept())).0;
        stream.set_nonblocking(false).unwrap();
        stream
    }
}

impl<T> Limited for JoinHandle<T> {
    type Comes = T;

    fn within(self, limit: Duration) -> T {
        poll(limit, "a thread does not end", || self.is_finished().then_some(()));
        self.join().unwrap()
    }
}

impl Limited for &mut Child {
    type Comes = ExitStatus;

    fn within(self, limit: Duration) -> ExitStatus {
        let ended = Instant::now() + limit;
        loop {
            if let Some(status) = self.try_wait().unwrap() {
                return status;
            }
            if Instant::now() > ended {
                let _ = self.kill();
                panic!("process {} does not end within {limit:?}", self.id());
            }
            thread::sleep(PAUSE);
        }
    }
}

/// Programs that must end.
pub trait LimitedCommand {
    /// Runs it to its end, like [`Command::output`]; panics with the program's name if it is missing or takes longer than
    /// [`LIMIT`].
    fn limited_output(&mut self) -> Output;
}

impl LimitedCommand for Command {
    fn limited_output(&mut self) -> Output {
        output(self).unwrap_or_else(|error| panic!("{error}"))
    }
}

/// Does the same, with an error that names the program.
pub fn output(command: &mut Command) -> io::Result<Output> {
    let shown = format!("{command:?}");
    let named = |error: io::Error| io::Error::new(error.kind(), format!("cannot run {shown}: {error}"));
    let piped = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let child = piped.spawn().map_err(named)?;
    let pid = Pid::from_child(&child);
    let (sender, ended) = channel();
    thread::spawn(move || sender.send(child.wait_with_output()));
    ended
        .recv_timeout(LIMIT)
        .unwrap_or_else(|_| {
            let _ = kill_process(pid, Signal::KILL);
            Err(io::Error::new(
                io::ErrorKind::TimedOut,
                format!("it does not end within {LIMIT:?}"),
            ))
        })
        .map_err(named)
}

fn awaited<T>(result: io::Result<T>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => None,
        Err(error) => panic!("{error}"),
    }
}

fn poll<T>(limit: Duration, otherwise: &str, mut comes: impl FnMut() -> Option<T>) -> T {
    let ended = Instant::now() + limit;
    loop {
        if let Some(value) = comes() {
            return value;
        }
        assert!(Instant::now() < ended, "{otherwise} within {limit:?}");
        thread::sleep(PAUSE);
    }
}

#[test]
#[should_panic(expected = "nobody connects within 10ms")]
fn nobody_is_waited_for_without_an_end() {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .within(Duration::from_millis(10));
}

#[test]
#[should_panic(expected = "cannot run \"no-such-program\"")]
fn a_program_that_is_missing_is_named() {
    Command::new("no-such-program").limited_output();
}
