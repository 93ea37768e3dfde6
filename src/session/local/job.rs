//! One local command: its process, the thread that moves its input and output, and its end.

use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{self as std_process, Child, ChildStderr, ChildStdin, ChildStdout, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::PollFlags;
use rustix::process::{self, Pid, Resource, Rlimit, Signal, WaitId, WaitIdOptions};

use crate::exit::{Exit, Stream};
use crate::io_error::plain;
use crate::session::backlog::Backlog;
use crate::session::feed::Feed;
use crate::session::{Command, JobSignal, Ladder, Rung};
use crate::source::Source;
use crate::wake::Wake;

/// The time for which output is still read after a command was told to end and did, while a process outside its group holds the
/// output open.
const LINGER: Duration = Duration::from_millis(500);
/// The unit of `ulimit -c` in a POSIX shell, in bytes.
const BLOCK: u64 = 512;
/// The most bytes that are read from a stream at a time.
const CHUNK: usize = 64 * 1024;

pub(super) type OnOutput = Box<dyn Fn(Stream, Vec<u8>) + Send>;
pub(super) type OnEnd = Box<dyn FnOnce(Exit, Duration) + Send>;

pub(super) enum JobOrder {
    Feed(Arc<dyn Source>),
    EndInput,
    /// The command was sent a signal that tells it to end.
    Signalled,
    /// The command was killed because its session ends.
    Abandoned,
    /// The process has ended and is not reaped yet.
    Exited,
}

/// A handle to a running command.
#[derive(Clone)]
pub(super) struct Handle {
    group: Arc<Group>,
    orders: Sender<JobOrder>,
    waker: Arc<Wake>,
}

impl Handle {
    pub(super) fn order(&self, order: JobOrder) {
        let _ = self.orders.send(order);
        self.wake();
    }

    pub(super) fn wake(&self) {
        self.waker.ring();
    }

    /// Sends a signal to the whole process group, and tells the job why. The job is told first: it may end of the signal at once.
    pub(super) fn kill(&self, signal: JobSignal, reason: JobOrder) {
        self.order(reason);
        self.group.kill(signal);
    }
}

/// A process group; `None` once its leader is reaped, when the number may be given to another.
struct Group(Mutex<Option<Pid>>);

impl Group {
    fn lock(&self) -> MutexGuard<'_, Option<Pid>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn kill(&self, signal: JobSignal) {
        let signal = match signal {
            JobSignal::Term => Signal::TERM,
            JobSignal::Kill => Signal::KILL,
        };
        if let Some(leader) = *self.lock() {
            // The group may have ended just now.
            let _ = process::kill_process_group(leader, signal);
        }
    }
}

/// The process. Dropping this kills the process with its group and reaps it.
struct Leader {
    child: Child,
    group: Arc<Group>,
}

impl Leader {
    fn reap(&mut self) -> io::Result<ExitStatus> {
        let mut leader = self.group.lock();
        *leader = None;
        self.child.wait()
    }
}

impl Drop for Leader {
    fn drop(&mut self) {
        if self.group.lock().is_some() {
            self.group.kill(JobSignal::Kill);
            let _ = self.reap();
        }
    }
}

/// The shell that runs the line. If it has another limit for core files than capr, a first shell sets that and becomes the one that
/// runs the line: a limit that is set from outside may come after the first commands of the line.
fn shell(line: &str, core_files: Option<Rlimit>) -> std_process::Command {
    let mut shell = std_process::Command::new("/bin/sh");
    shell.arg("-c");
    match core_files {
        Some(Rlimit { current, .. }) if current != process::getrlimit(Resource::Core).current => {
            let blocks = current.map_or_else(|| "unlimited".to_owned(), |bytes| (bytes / BLOCK).to_string());
            shell.args(["ulimit -Sc \"$1\"; exec /bin/sh -c \"$2\"", "sh", &blocks, line]);
        }
        _ => {
            shell.arg(line);
        }
    }
    shell
}

pub(super) struct LocalJob {
    leader: Leader,
    started: Instant,
    stdin: Option<ChildStdin>,
    stdout: Option<ChildStdout>,
    stderr: Option<ChildStderr>,
    input: Feed,
    end_input: bool,
    unsent: Option<String>,
    orders: Receiver<JobOrder>,
    woken: Arc<Wake>,
    timeout: Option<Duration>,
    /// The steps against a command that has run too long, or whose input cannot be read.
    ladder: Ladder,
    told_to_end: bool,
    abandoned: bool,
    exited: Option<Instant>,
    backlog: Arc<Backlog>,
    /// True if reading has stopped, since the backlog is full.
    paused: bool,
    output: OnOutput,
}

impl LocalJob {
    pub(super) fn start(
        command: Command,
        core_files: Option<Rlimit>,
        backlog: Arc<Backlog>,
        output: OnOutput,
        ended: OnEnd,
    ) -> io::Result<Handle> {
        let woken = Arc::new(Wake::new()?);
        let (orders, received) = mpsc::channel();
        let mut child = shell(&command.line, core_files)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()?;
        let pid = Pid::from_child(&child);
        let group = Arc::new(Group(Mutex::new(Some(pid))));
        let handle = Handle {
            group: Arc::clone(&group),
            orders,
            waker: Arc::clone(&woken),
        };
        let started = Instant::now();
        let job = Self {
            started,
            stdin: child.stdin.take(),
            stdout: child.stdout.take(),
            stderr: child.stderr.take(),
            leader: Leader { child, group },
            input: Feed::new(command.input.source),
            end_input: command.input.then_end,
            unsent: None,
            orders: received,
            woken,
            timeout: command.timeout,
            ladder: Ladder::due_at(command.timeout.and_then(|timeout| started.checked_add(timeout))),
            told_to_end: false,
            abandoned: false,
            exited: None,
            backlog,
            paused: false,
            output,
        };
        job.make_nonblocking()?;
        let exited = handle.clone();
        thread::Builder::new().name("local wait".to_owned()).spawn(move || {
            // The process is not reaped here, so that the group's number stays ours as long as signals may be sent to it.
            while let Err(rustix::io::Errno::INTR) =
                process::waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT)
            {}
            exited.order(JobOrder::Exited);
        })?;
        thread::Builder::new().name("local".to_owned()).spawn(move || {
            let started = job.started;
            let exit = job.run();
            ended(exit, started.elapsed());
        })?;
        Ok(handle)
    }

    fn make_nonblocking(&self) -> io::Result<()> {
        let fds = [
            self.stdin.as_ref().map(AsFd::as_fd),
            self.stdout.as_ref().map(AsFd::as_fd),
            self.stderr.as_ref().map(AsFd::as_fd),
        ];
        for fd in fds.into_iter().flatten() {
            rustix::io::ioctl_fionbio(fd, true)?;
        }
        Ok(())
    }

    fn run(mut self) -> Exit {
        let mut buffer = vec![0; CHUNK];
        loop {
            self.take_orders();
            self.write();
            self.read(&mut buffer);
            if self.is_over() {
                break;
            }
            self.strike();
            self.wait();
        }
        if self.told_to_end {
            // Processes that outlive the leader must not continue after capr has reported the end.
            self.leader.group.kill(JobSignal::Kill);
        }
        let status = self.leader.reap();
        match (self.unsent, status, self.timeout) {
            _ if self.abandoned => Exit::Cancelled,
            (Some(reason), ..) => Exit::Unsent(reason),
            (_, _, Some(timeout)) if self.ladder.has_begun() => Exit::TimedOut(timeout),
            (_, Ok(status), _) => exit_of(status),
            (_, Err(error), _) => Exit::Lost(plain(&error)),
        }
    }

    fn read(&mut self, buffer: &mut [u8]) {
        self.paused = self.backlog.is_full(self.paused);
        if self.paused {
            return;
        }
        let (output, backlog) = (&self.output, &self.backlog);
        let mut told = |stream, bytes: Vec<u8>| {
            backlog.put(bytes.len());
            output(stream, bytes);
        };
        pump(&mut self.stdout, Stream::Out, buffer, &mut told);
        pump(&mut self.stderr, Stream::Err, buffer, &mut told);
    }

    fn take_orders(&mut self) {
        while let Ok(order) = self.orders.try_recv() {
            match order {
                JobOrder::Feed(source) => self.input.push(source),
                JobOrder::EndInput => self.end_input = true,
                JobOrder::Signalled => self.told_to_end = true,
                JobOrder::Abandoned => {
                    self.told_to_end = true;
                    self.abandoned = true;
                }
                JobOrder::Exited => self.exited = Some(Instant::now()),
            }
        }
    }

    fn write(&mut self) {
        let Some(stdin) = &mut self.stdin else {
            self.input.clear();
            return;
        };
        loop {
            let rest = match self.input.rest() {
                Ok([]) => break,
                Ok(rest) => rest,
                // The command must not take a part of its input for all of it.
                Err(error) => {
                    self.unsent = Some(plain(&error));
                    self.ladder.begin(Instant::now());
                    self.input.clear();
                    return;
                }
            };
            match stdin.write(rest) {
                Ok(written) => self.input.take(written),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                // The command does not read any more, which is not an error.
                Err(_) => {
                    self.end_input = true;
                    break;
                }
            }
        }
        if self.end_input && self.unsent.is_none() {
            self.stdin = None;
        }
    }

    fn is_over(&self) -> bool {
        self.exited.is_some_and(|exited| {
            let silent = self.stdout.is_none() && self.stderr.is_none();
            silent || (self.told_to_end && exited.elapsed() >= LINGER)
        })
    }

    /// Ends a command whose time is over, or whose input cannot be read to its end.
    fn strike(&mut self) {
        if let Some(Rung::Signal(signal)) = self.ladder.due(Instant::now()) {
            self.leader.group.kill(signal);
            self.told_to_end = true;
        }
    }

    fn wait(&self) {
        let stdin = self.stdin.as_ref().filter(|_| !self.input.is_empty());
        let stdout = self.stdout.as_ref().filter(|_| !self.paused);
        let stderr = self.stderr.as_ref().filter(|_| !self.paused);
        let awaited = [
            stdin.map(|pipe| (pipe.as_fd(), PollFlags::OUT)),
            stdout.map(|pipe| (pipe.as_fd(), PollFlags::IN)),
            stderr.map(|pipe| (pipe.as_fd(), PollFlags::IN)),
        ];
        self.woken
            .wait(None, awaited.into_iter().flatten(), self.next_deadline());
    }

    fn next_deadline(&self) -> Option<Instant> {
        let lingers = self.exited.filter(|_| self.told_to_end).map(|exited| exited + LINGER);
        lingers.or_else(|| self.ladder.next())
    }
}

/// Reads one chunk of the output that is there, and closes the stream at its end.
fn pump(stream: &mut Option<impl Read>, which: Stream, buffer: &mut [u8], told: &mut impl FnMut(Stream, Vec<u8>)) {
    let Some(reader) = stream else {
        return;
    };
    match reader.read(buffer) {
        Ok(0) => *stream = None,
        Ok(count) => told(which, buffer.iter().take(count).copied().collect()),
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
        Err(_) => *stream = None,
    }
}

fn exit_of(status: ExitStatus) -> Exit {
    match (status.code(), status.signal()) {
        (Some(code), _) => Exit::Status(code),
        (None, Some(signal)) => Exit::Signal(signal_name(signal)),
        (None, None) => Exit::Lost(status.to_string()),
    }
}

fn signal_name(number: i32) -> String {
    const NAMES: [(Signal, &str); 16] = [
        (Signal::HUP, "HUP"),
        (Signal::INT, "INT"),
        (Signal::QUIT, "QUIT"),
        (Signal::ILL, "ILL"),
        (Signal::TRAP, "TRAP"),
        (Signal::ABORT, "ABRT"),
        (Signal::BUS, "BUS"),
        (Signal::FPE, "FPE"),
        (Signal::KILL, "KILL"),
        (Signal::USR1, "USR1"),
        (Signal::SEGV, "SEGV"),
        (Signal::USR2, "USR2"),
        (Signal::PIPE, "PIPE"),
        (Signal::ALARM, "ALRM"),
        (Signal::TERM, "TERM"),
        (Signal::XCPU, "XCPU"),
    ];
    NAMES
        .iter()
        .find(|(signal, _)| signal.as_raw() == number)
        .map_or_else(|| number.to_string(), |(_, name)| (*name).to_owned())
}
