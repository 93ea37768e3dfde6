//! A real sshd for one test, on a port of its own at the loopback address. Everything that it started is gone when it is dropped.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command as Process, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rustix::fs::{StatVfsMountFlags, statvfs};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::configuration::Server;
use crate::deadline::InTime;
use crate::exit::{Exit, Stream};
use crate::session::{
    Command, ConnectError, Connector, Destination, Input, JobId, LoginReport, Report, Session, SessionId, SshOptions,
    Terminal,
};

use super::{SshConnector, SshEnvironment};

/// The longest time that a test waits for anything.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Sshd {
    pub(crate) folder: TempDir,
    pub(crate) port: u16,
    listener: Child,
}

/// Makes a folder in which programs may run: `/tmp` may be mounted with `noexec`.
fn folder() -> TempDir {
    let allows = |base: &&str| statvfs(*base).is_ok_and(|mount| !mount.f_flag.contains(StatVfsMountFlags::NOEXEC));
    let base = ["/tmp", "/var/tmp", "/run"].into_iter().find(allows);
    tempfile::tempdir_in(base.unwrap_or("/tmp")).expect("a folder")
}

impl Sshd {
    pub(crate) fn start() -> Self {
        Self::with("")
    }

    /// Starts it with more lines in its configuration; PORT and FOLDER in them stand for its port and its folder.
    pub(crate) fn with(configuration: &str) -> Self {
        Self::with_all(configuration, &[])
    }

    /// Starts it with more host keys, named `host_<kind>`.
    pub(crate) fn with_keys(kinds: &[&str]) -> Self {
        Self::with_all("", kinds)
    }

    fn with_all(configuration: &str, kinds: &[&str]) -> Self {
        let folder = folder();
        let path = |name: &str| folder.path().join(name);
        let mut configuration = configuration.to_owned();
        for kind in kinds {
            let file = path(&format!("host_{kind}"));
            make_key(&file, &["-t", kind]);
            configuration.push_str(&format!("\nHostKey {}", file.display()));
        }
        make_key(&path("host_key"), &["-t", "ed25519"]);
        make_key(&path("id"), &["-t", "ed25519"]);
        fs::copy(path("id.pub"), path("authorized_keys")).expect("a copy");
        if rustix::process::geteuid().is_root() {
            // Its privilege separation wants this folder; the service would have made it.
            let _ = fs::DirBuilder::new().recursive(true).mode(0o755).create("/run/sshd");
        }
        let port = free_port();
        let configuration = configuration
            .replace("PORT", &port.to_string())
            .replace("FOLDER", &folder.path().display().to_string());
        fs::write(
            path("config"),
            format!(
                "{configuration}\n{addresses}HostKey {host_key}\nPidFile none\nUsePAM no\nStrictModes no\n\
                 PermitRootLogin yes\nAuthorizedKeysFile {authorized}\nPasswordAuthentication no\n\
                 KbdInteractiveAuthentication no\nMaxStartups 500\nLogLevel DEBUG1\n\
                 SetEnv HOME={home}\n",
                // The start files in the person's own home could print something in the tests.
                home = folder.path().display(),
                addresses = (1..=6)
                    .map(|n| format!("ListenAddress 127.0.0.{n}:{port}\n"))
                    .collect::<String>(),
                host_key = path("host_key").display(),
                authorized = path("authorized_keys").display(),
            ),
        )
        .expect("a configuration");
        // Its log must not go to standard error: the commands' output would carry it.
        let listener = Process::new("/usr/sbin/sshd")
            .arg("-D")
            .arg("-E")
            .arg(path("log"))
            .arg("-f")
            .arg(path("config"))
            .stdin(Stdio::null())
            .spawn()
            .expect("sshd is installed");
        let sshd = Self { folder, port, listener };
        let until = Instant::now() + PATIENCE;
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < until, "sshd does not listen: {}", sshd.log());
            std::thread::park_timeout(Duration::from_millis(5));
        }
        sshd
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    pub(crate) fn options(&self) -> SshOptions {
        SshOptions {
            user: Some(me()),
            port: Some(self.port),
            keys: vec![self.path("id")],
            keys_only: Some(true),
            config: Some(Vec::new()),
            user_known_hosts_files: Some(vec![self.path("known_hosts")]),
            ..SshOptions::default()
        }
    }

    /// Returns a client that has just logged in.
    pub(crate) fn connect(&self) -> Client {
        self.connect_with(self.options()).expect("a login")
    }

    pub(crate) fn connect_with(&self, options: SshOptions) -> Result<Client, ConnectError> {
        let mut client = Client::begin("127.0.0.1", options, SshEnvironment::default());
        client.await_login()?;
        Ok(client)
    }

    /// Returns the processes that serve connections.
    pub(crate) fn serving(&self) -> Vec<i32> {
        let mut found = Vec::new();
        children(i32::try_from(self.listener.id()).expect("a pid"), &mut found);
        found
    }

    /// Stops or continues everything that serves connections; commands are not touched.
    pub(crate) fn freeze(&self, frozen: bool) {
        for pid in self.serving() {
            send(pid, if frozen { Signal::STOP } else { Signal::CONT });
        }
    }

    /// Kills the processes of all connections.
    pub(crate) fn drop_connections(&self) {
        for pid in self.serving() {
            send(pid, Signal::KILL);
        }
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        let serving = self.serving();
        let _ = self.listener.kill();
        let _ = self.listener.wait();
        for pid in serving {
            send(pid, Signal::KILL);
        }
    }
}

fn send(pid: i32, signal: Signal) {
    if let Some(pid) = Pid::from_raw(pid) {
        let _ = kill_process(pid, signal);
    }
}

/// Adds the processes below `parent` that are called sshd.
fn children(parent: i32, found: &mut Vec<i32>) {
    let text = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).unwrap_or_default();
    for pid in text.split_whitespace().filter_map(|pid| pid.parse().ok()) {
        let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
        if name.starts_with("sshd") {
            found.push(pid);
            children(pid, found);
        }
    }
}

pub(crate) fn me() -> String {
    let output = Process::new("id").arg("-un").in_time();
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

pub(crate) fn make_key(file: &Path, arguments: &[&str]) {
    let made = Process::new("ssh-keygen")
        .args(["-q", "-f"])
        .arg(file)
        .args(if arguments.contains(&"-N") {
            &[][..]
        } else {
            &["-N", ""][..]
        })
        .args(arguments)
        .in_time();
    assert!(made.status.success(), "ssh-keygen");
    fs::set_permissions(file, fs::Permissions::from_mode(0o600)).expect("a key");
}

pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .and_then(|socket| socket.local_addr())
        .expect("a port")
        .port()
}

/// The result of one command.
#[derive(Debug)]
pub(crate) struct CommandResult {
    pub(crate) exit: Exit,
    pub(crate) out: Vec<u8>,
    pub(crate) err: Vec<u8>,
    pub(crate) took: Duration,
}

pub(crate) struct Client {
    pub(crate) session: Box<dyn Session>,
    pub(crate) reports: Receiver<Report>,
    next: u64,
}

impl Client {
    pub(crate) fn begin(host: &str, options: SshOptions, environment: SshEnvironment) -> Self {
        Self::begin_at(Server::host(host), options, environment)
    }

    pub(crate) fn begin_at(server: Server, options: SshOptions, environment: SshEnvironment) -> Self {
        let (sender, reports) = channel();
        let connector = SshConnector::new(environment);
        let destination = Destination { server, options };
        Self {
            session: connector.connect(SessionId(1), &destination, sender),
            reports,
            next: 0,
        }
    }

    /// Returns the next report except those of algorithms, which come with every connection.
    pub(crate) fn report(&self) -> Report {
        loop {
            match self.reports.recv_timeout(PATIENCE).expect("a report in time") {
                Report::Login(_, LoginReport::Negotiated(_)) => {}
                report => return report,
            }
        }
    }

    pub(crate) fn await_login(&mut self) -> Result<(), ConnectError> {
        loop {
            match self.report() {
                Report::Connected(..) => return Ok(()),
                Report::ConnectFailed(_, error) => return Err(error),
                Report::Login(..) => {}
                other => panic!("unexpected {other:?}"),
            }
        }
    }

    pub(crate) fn start(&mut self, command: Command) -> JobId {
        self.next += 1;
        self.session.start(JobId(self.next), command);
        JobId(self.next)
    }

    pub(crate) fn run(&mut self, line: &str) -> CommandResult {
        let job = self.start(command(line));
        self.finish(job)
    }

    pub(crate) fn finish(&self, job: JobId) -> CommandResult {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            match self.report() {
                Report::Output(_, of, stream, bytes) if of == job => {
                    self.session.drained(bytes.len());
                    match stream {
                        Stream::Out => out.extend(bytes),
                        Stream::Err => err.extend(bytes),
                    }
                }
                Report::Finished(_, of, exit, took) if of == job => return CommandResult { exit, out, err, took },
                Report::Output(_, _, _, bytes) => self.session.drained(bytes.len()),
                other => panic!("unexpected {other:?}"),
            }
        }
        panic!("the command does not end");
    }

    /// Waits for the next output of a command.
    pub(crate) fn await_output(&self) -> Vec<u8> {
        match self.report() {
            Report::Output(_, _, _, bytes) => bytes,
            other => panic!("unexpected {other:?}"),
        }
    }
}

pub(crate) fn command(line: &str) -> Command {
    Command {
        line: line.to_owned(),
        is_plain: false,
        terminal: None,
        input: Input::none(),
        timeout: None,
        sudo: None,
        meant: None,
    }
}

pub(crate) fn on_terminal(line: &str) -> Command {
    Command {
        terminal: Some(Terminal { columns: 100, rows: 30 }),
        ..command(line)
    }
}

/// An agent for one test.
pub(crate) struct TestAgent {
    agent: Child,
    pub(crate) socket: PathBuf,
}

impl TestAgent {
    pub(crate) fn start(folder: &Path) -> Self {
        Self::run(folder, "-D")
    }

    /// Starts an agent that logs what it does.
    pub(crate) fn watched(folder: &Path) -> Self {
        Self::run(folder, "-d")
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.socket.with_extension("log")).unwrap_or_default()
    }

    fn run(folder: &Path, mode: &str) -> Self {
        let socket = folder.join("agent");
        let log = fs::File::create(socket.with_extension("log")).expect("a log");
        let agent = Process::new("ssh-agent")
            .arg(mode)
            .arg("-a")
            .arg(&socket)
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("ssh-agent");
        let until = Instant::now() + PATIENCE;
        while std::os::unix::net::UnixStream::connect(&socket).is_err() {
            assert!(Instant::now() < until, "ssh-agent does not listen");
            std::thread::park_timeout(Duration::from_millis(5));
        }
        Self { agent, socket }
    }

    pub(crate) fn add(&self, key: &Path) {
        let added = Process::new("ssh-add")
            .arg("-q")
            .arg(key)
            .env("SSH_AUTH_SOCK", &self.socket)
            .in_time();
        assert!(added.status.success(), "ssh-add");
    }

    pub(crate) fn environment(&self) -> SshEnvironment {
        SshEnvironment {
            variables: vec![("SSH_AUTH_SOCK".to_owned(), self.socket.display().to_string())],
            ..SshEnvironment::default()
        }
    }
}

impl Drop for TestAgent {
    fn drop(&mut self) {
        let _ = self.agent.kill();
        let _ = self.agent.wait();
    }
}
