//! Runs the built `capr` as a person would, in a place and an environment of its own.

use std::fmt::{Display, Write as _};
use std::fs;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use regex::Regex;
use rustix::process::{Pid, Signal, kill_process};

use crate::fleet::place::{Room, capr};
use crate::fleet::{Fleet, settle};

/// A limit that nothing reaches when it works.
const LIMIT: Duration = Duration::from_secs(60);

/// A call of capr to be made.
#[derive(Debug)]
pub struct Case {
    directory: Room,
    recipe: bool,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    input: Option<String>,
    terminal: bool,
    piped: bool,
    unread: bool,
    limit: Duration,
    /// The commands of the shell that becomes capr.
    circumstances: Option<String>,
    /// The command line of a shell, instead of capr's arguments.
    line: Option<String>,
}

impl Case {
    /// Makes a case in an empty directory, with an empty home.
    pub fn new() -> Self {
        settle();
        let directory = Room::new().unwrap();
        for name in ["home", "work"] {
            fs::create_dir(directory.path().join(name)).unwrap();
        }
        Self {
            directory,
            recipe: false,
            arguments: Vec::new(),
            environment: Vec::new(),
            input: None,
            terminal: false,
            piped: false,
            unread: false,
            limit: LIMIT,
            circumstances: None,
            line: None,
        }
    }

    /// Calls capr from a shell that runs this first: `ulimit -v 100000`.
    pub fn after(mut self, text: &str) -> Self {
        self.circumstances = Some(text.into());
        self
    }

    /// Calls a shell with this line instead of capr; the shell knows capr by its name.
    pub fn shell(mut self, line: &str) -> Self {
        self.line = Some(line.into());
        let built = capr().parent().unwrap().display().to_string();
        let path = std::env::var("PATH").unwrap_or_default();
        self.env("PATH", format!("{built}:{path}"))
    }

    /// Adds this recipe, which is the first argument.
    pub fn recipe(mut self, text: &str) -> Self {
        self.recipe = true;
        self.file("recipe.rhai", text)
    }

    /// Adds another file in the directory.
    pub fn file(self, path: &str, text: &str) -> Self {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    /// Adds these arguments, after the recipe.
    pub fn args<T: Display>(mut self, arguments: impl IntoIterator<Item = T>) -> Self {
        self.arguments
            .extend(arguments.into_iter().map(|argument| argument.to_string()));
        self
    }

    /// Adds a variable to the environment.
    pub fn env(mut self, name: &str, value: impl Display) -> Self {
        self.environment.push((name.into(), value.to_string()));
        self
    }

    /// Sets the text on standard input.
    pub fn input(mut self, text: &str) -> Self {
        self.input = Some(text.into());
        self
    }

    /// Calls it on a terminal of its own, on which [`Running::answer`] types; all output appears there, and so in `stdout`.
    pub fn terminal(mut self) -> Self {
        self.terminal = true;
        self.env("TERM", "dumb")
    }

    /// Uses a pipe for standard input, into which [`Running::send`] writes while it runs.
    pub fn piped(mut self) -> Self {
        self.piped = true;
        self
    }

    /// Reads nothing of its output before [`Running::read_on`].
    pub fn unread(mut self) -> Self {
        self.unread = true;
        self
    }

    /// Sets another time limit than a minute.
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Makes names of servers lead to those of the fleet.
    pub fn on(self, fleet: &Fleet) -> Self {
        let config = fleet.ssh_config();
        self.env("CAPR_SSH_CONFIG", config.display())
    }

    /// Does the same, but makes these names lead elsewhere.
    pub fn through<'a>(self, fleet: &Fleet, links: impl IntoIterator<Item = (&'a str, SocketAddr)>) -> Self {
        let mut config = String::new();
        for (name, address) in links {
            let _ = writeln!(
                config,
                "Host {name}\n  HostName {}\n  Port {}",
                address.ip(),
                address.port()
            );
        }
        config.push_str(&fs::read_to_string(fleet.ssh_config()).unwrap());
        let file = self.path("../ssh_config");
        fs::write(&file, config).unwrap();
        self.env("CAPR_SSH_CONFIG", file.display())
    }

    /// Returns the path of a file in the directory in which capr is called.
    pub fn path(&self, path: &str) -> PathBuf {
        self.directory.path().join("work").join(path)
    }

    /// Runs it to its end.
    #[track_caller]
    pub fn run(self) -> Finished {
        self.start().finish()
    }

    /// Starts it.
    #[track_caller]
    pub fn start(self) -> Running {
        let capr = capr();
        let home = self.directory.path().join("home");
        let arguments = self.recipe.then_some("recipe.rhai").into_iter();
        let arguments = arguments.chain(self.arguments.iter().map(String::as_str));
        let mut command;
        if self.terminal {
            let called = || shlex::try_join([capr.to_str().unwrap()].into_iter().chain(arguments)).unwrap();
            let line = self.line.clone().unwrap_or_else(called);
            command = Command::new("script");
            // A shell that waits would be ended by Ctrl-C as well.
            command.args(["-qec", &format!("exec {line}"), "/dev/null"]);
        } else if let Some(line) = &self.line {
            command = Command::new("bash");
            command.args(["--norc", "-c", line]);
        } else if let Some(text) = &self.circumstances {
            command = Command::new("sh");
            command.args(["-c", &format!("{text}; exec \"$0\" \"$@\"")]);
            command.arg(capr).args(arguments);
        } else {
            command = Command::new(capr);
            command.args(arguments);
        }
        command.current_dir(self.path(""));
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command
            .env("HOME", &home)
            // The machine may have one of its own.
            .env("CAPR_SYSTEM_FILE", self.directory.path().join("system.rhai"))
            .env("USER", "tester")
            .env("LOGNAME", "tester")
            .env("TZ", "UTC")
            .env("LANG", "C.UTF-8");
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        let input = if self.input.is_some() || self.terminal || self.piped {
            Stdio::piped()
        } else {
            Stdio::null()
        };
        let mut child = command
            .stdin(input)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut keyboard = child.stdin.take();
        if let (Some(text), Some(mut stdin)) = (&self.input, keyboard.take_if(|_| self.input.is_some())) {
            // A program that does not read its input may end.
            let _ = stdin.write_all(text.as_bytes());
        }
        let (sender, chunks) = channel();
        let unread = if self.unread {
            Some(sender)
        } else {
            pump_both(&mut child, sender);
            None
        };
        let shown = format!("capr {}", self.arguments.join(" "));
        let shown = self.line.unwrap_or(shown);
        let deadline = Instant::now() + self.limit;
        Running {
            directory: self.directory,
            shown,
            child,
            keyboard,
            unread,
            chunks,
            deadline,
            stdout: Vec::new(),
            stderr: Vec::new(),
            before: Vec::new(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stream {
    Out,
    Err,
}

fn pump_both(child: &mut Child, to: Sender<(Stream, Vec<u8>)>) {
    pump(child.stdout.take().unwrap(), Stream::Out, to.clone());
    pump(child.stderr.take().unwrap(), Stream::Err, to);
}

fn pump(mut from: impl Read + Send + 'static, stream: Stream, to: Sender<(Stream, Vec<u8>)>) {
    thread::spawn(move || {
        let mut buffer = [0; 8192];
        while let Ok(count @ 1..) = from.read(&mut buffer) {
            if to.send((stream, buffer[..count].to_vec())).is_err() {
                return;
            }
        }
    });
}

/// A running capr.
#[derive(Debug)]
pub struct Running {
    directory: Room,
    shown: String,
    child: Child,
    /// The keyboard of the terminal.
    keyboard: Option<ChildStdin>,
    /// The receiver of its output, once that is read.
    unread: Option<Sender<(Stream, Vec<u8>)>>,
    chunks: Receiver<(Stream, Vec<u8>)>,
    deadline: Instant,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    /// Standard output up to the last question that was answered.
    before: Vec<u8>,
}

impl Running {
    /// Waits until one of its streams contains this.
    #[track_caller]
    pub fn wait_for(&mut self, text: &str) {
        while !self.output().contains(text) {
            if !self.receive() {
                panic!("{}: ended without saying {text:?}\n{}", self.shown, self.output());
            }
        }
    }

    /// Waits for a question and types a line.
    #[track_caller]
    pub fn answer(&mut self, question: &str, line: &str) {
        self.wait_for(question);
        let keyboard = self.keyboard.as_mut().expect("a terminal");
        keyboard.write_all(format!("{line}\n").as_bytes()).unwrap();
        // The next question may be the same.
        let at = self
            .stdout
            .windows(question.len())
            .position(|part| part == question.as_bytes());
        let at = at.expect("was waited for");
        let asked = self.stdout.drain(..at + question.len());
        self.before.extend(asked);
    }

    /// Presses these keys, or writes this into the pipe.
    #[track_caller]
    pub fn send(&mut self, keys: &str) {
        let keyboard = self.keyboard.as_mut().expect("a terminal or a pipe");
        keyboard.write_all(keys.as_bytes()).unwrap();
    }

    /// Ends the pipe.
    pub fn hang_up(&mut self) {
        self.keyboard = None;
    }

    /// Returns the path of a file in the directory in which it was called.
    pub fn path(&self, path: &str) -> PathBuf {
        self.directory.path().join("work").join(path)
    }

    /// Sends it a signal, as `kill` does.
    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Reads its output from now on.
    pub fn read_on(&mut self) {
        if let Some(sender) = self.unread.take() {
            pump_both(&mut self.child, sender);
        }
    }

    /// Waits for its end, which must come although nobody reads its output.
    #[track_caller]
    pub fn finish_unread(mut self) -> Finished {
        while self.child.try_wait().unwrap().is_none() {
            self.check_time();
            thread::sleep(Duration::from_millis(5));
        }
        self.read_on();
        self.finish()
    }

    /// Waits for its end.
    #[track_caller]
    pub fn finish(mut self) -> Finished {
        while self.receive() {}
        let mut stdout = std::mem::take(&mut self.before);
        stdout.append(&mut self.stdout);
        self.stdout = stdout;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            self.check_time();
            thread::sleep(Duration::from_millis(5));
        };
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Finished {
            status,
            stdout: text(&self.stdout),
            stderr: text(&self.stderr),
            shown: self.shown.clone(),
            directory: self.directory,
        }
    }

    /// Receives more output; returns false at the end of both streams.
    #[track_caller]
    fn receive(&mut self) -> bool {
        match self
            .chunks
            .recv_timeout(self.deadline.saturating_duration_since(Instant::now()))
        {
            Ok((Stream::Out, bytes)) => self.stdout.extend(bytes),
            Ok((Stream::Err, bytes)) => self.stderr.extend(bytes),
            Err(RecvTimeoutError::Disconnected) => return false,
            Err(RecvTimeoutError::Timeout) => self.check_time(),
        }
        true
    }

    #[track_caller]
    fn check_time(&mut self) {
        if Instant::now() >= self.deadline {
            let _ = self.child.kill();
            let _ = self.child.wait();
            panic!("{}: does not end in time\n{}", self.shown, self.output());
        }
    }

    fn output(&self) -> String {
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        format!("--- stdout\n{}\n--- stderr\n{}", text(&self.stdout), text(&self.stderr))
    }
}

/// The result of a call of capr.
#[derive(Debug)]
pub struct Finished {
    /// Its exit status.
    pub status: ExitStatus,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
    shown: String,
    directory: Room,
}

impl Finished {
    /// Requires this exit code.
    #[track_caller]
    pub fn code(self, code: i32) -> Self {
        assert!(
            self.status.code() == Some(code),
            "{}expected exit code {code}",
            self.everything()
        );
        self
    }

    /// Requires success.
    #[track_caller]
    pub fn ok(self) -> Self {
        self.code(0)
    }

    /// Requires this in one of its streams.
    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        assert!(
            self.stdout.contains(text) || self.stderr.contains(text),
            "{}expected to say {text:?}",
            self.everything()
        );
        self
    }

    /// Requires that neither stream contains this.
    #[track_caller]
    pub fn silent_on(self, text: &str) -> Self {
        let silent = !self.stdout.contains(text) && !self.stderr.contains(text);
        assert!(silent, "{}expected not to say {text:?}", self.everything());
        self
    }

    /// Requires these in its standard error, each once or more, in this order.
    #[track_caller]
    pub fn says_in_order(self, texts: &[&str]) -> Self {
        let mut rest = self.stderr.as_str();
        for text in texts {
            match rest.find(text) {
                Some(at) => rest = &rest[at + text.len()..],
                None => panic!(
                    "{}expected {text:?}, after those before it in {texts:?}",
                    self.everything()
                ),
            }
        }
        self
    }

    /// Returns a file that the call left in its directory.
    #[track_caller]
    pub fn file(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap_or_else(|error| panic!("{}{path}: {error}", self.everything()))
    }

    /// Returns the path of a file in its directory.
    pub fn path(&self, path: &str) -> PathBuf {
        self.directory.path().join("work").join(path)
    }

    /// Returns its output for a snapshot, with everything that differs from run to run redacted.
    pub fn redacted(&self) -> String {
        redact(&self.everything(), self.directory.path())
    }

    fn everything(&self) -> String {
        let Self {
            shown,
            status,
            stdout,
            stderr,
            ..
        } = self;
        format!("$ {shown}\n--- {status}\n--- stdout\n{stdout}\n--- stderr\n{stderr}\n---\n")
    }
}

/// Replaces everything that differs from run to run: the case's directory, addresses, fingerprints, releases, times.
pub fn redact(text: &str, directory: &Path) -> String {
    let text = text.replace(&*directory.to_string_lossy(), "[directory]");
    [
        (r"127\.\d+\.\d+\.\d+(:\d+)?", "[address]"),
        (r"SHA256:[A-Za-z0-9+/]{43}", "[fingerprint]"),
        (r"\b20\d{12}(-\d+)?\b", "[release]"),
        (
            r"\b20\d\d-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?( ?(Z|UTC|[+-]\d\d:?\d\d))?",
            "[date]",
        ),
        (r"\b\d+(\.\d+)? ?(ms|s)\b", "[time]"),
    ]
    .iter()
    .fold(text, |text, (pattern, name)| {
        Regex::new(pattern).unwrap().replace_all(&text, *name).into_owned()
    })
}
