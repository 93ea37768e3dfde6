//! One server: a directory that is its root, and a process tree in namespaces of its own.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Output, Stdio};
use std::sync::mpsc::channel;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

use super::requirements::PATH;
use crate::deadline::{self, LIMIT, Limited as _};

const INIT: &str = include_str!("init.sh");
const PATIENCE: Duration = Duration::from_secs(30);

/// Stops every process of the server except PID 1, its watcher and itself; the second round meets the processes that were started
/// meanwhile.
const SIGNAL_ALL: &str = r#"
read -r watcher </run/fleet/watcher
for turn in 1 2; do
  for directory in /proc/[0-9]*; do
    case ${directory#/proc/} in 1 | "$watcher" | $$) ;; *) kill "-$1" "${directory#/proc/}" 2>/dev/null ;; esac
  done
done
:
"#;

/// A server of a fleet.
#[derive(Debug)]
pub struct Host {
    /// The name in recipes.
    pub name: String,
    /// The address on which its sshd, or another program, listens.
    pub address: Ipv4Addr,
    /// The port.
    pub port: u16,
    /// Its file system, seen from outside.
    pub root: PathBuf,
    /// The directory that all servers see read-only, under the same path.
    sources: PathBuf,
    program: Vec<String>,
    running: Mutex<Option<Running>>,
}

#[derive(Debug)]
struct Running {
    unshare: Child,
    /// Its end ends the server.
    _life: ChildStdin,
    /// PID 1 of the server, as seen from outside.
    pid: Pid,
}

impl Host {
    /// Makes a server whose files are in `root` and that runs `program`; it is not started yet.
    pub fn new(
        name: &str,
        (address, port): (Ipv4Addr, u16),
        root: PathBuf,
        sources: PathBuf,
        program: Vec<String>,
    ) -> Self {
        Self {
            name: name.into(),
            address,
            port,
            root,
            sources,
            program,
            running: Mutex::new(None),
        }
    }

    /// Starts it with the files that it has. [`Host::wait`] waits until it can be reached.
    pub fn start(&self) -> Result<()> {
        let mut running = self.lock();
        if running.is_some() {
            return Ok(());
        }
        fs::create_dir_all(self.log().parent().unwrap_or(&self.root))?;
        let init = self.root.join(".machine/init");
        fs::write(&init, INIT)?;
        let mut unshare = Command::new("unshare")
            .args(["--mount", "--uts", "--pid", "--fork", "sh"])
            .arg(&init)
            .args([&self.root, Path::new(&self.name), &self.sources])
            .args(&self.program)
            .env_clear()
            .env("PATH", PATH)
            .env("LANG", "C.UTF-8")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(File::create(self.log())?)
            .spawn()
            .context("unshare")?;
        let (Some(life), Some(stdout)) = (unshare.stdin.take(), unshare.stdout.take()) else {
            bail!("unshare without pipes");
        };
        let (sender, said) = channel();
        thread::spawn(move || {
            let mut line = String::new();
            let _ = BufReader::new(stdout).read_line(&mut line);
            sender.send(line)
        });
        let line = said.recv_timeout(PATIENCE).unwrap_or_default();
        let Some(pid) = line.trim().parse().ok().and_then(Pid::from_raw) else {
            drop(life);
            unshare.within(LIMIT);
            bail!(
                "{} does not start (namespaces and mounts must be allowed here):\n{}",
                self.name,
                self.log_text()
            );
        };
        *running = Some(Running {
            unshare,
            _life: life,
            pid,
        });
        Ok(())
    }

    /// Waits until it can be reached.
    pub fn wait(&self) -> Result<()> {
        let address = SocketAddr::from((self.address, self.port));
        let begin = Instant::now();
        loop {
            if TcpStream::connect_timeout(&address, PATIENCE).is_ok() {
                return Ok(());
            }
            let ended = match &mut *self.lock() {
                Some(running) => running.unshare.try_wait()?.is_some(),
                None => bail!("{} was stopped", self.name),
            };
            if ended || begin.elapsed() > PATIENCE {
                bail!("{} does not listen on {address}:\n{}", self.name, self.log_text());
            }
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Ends it as by a power cut: every process at once. Its files stay.
    pub fn stop(&self) {
        if let Some(mut running) = self.lock().take() {
            let _ = kill_process(running.pid, Signal::KILL);
            running.unshare.within(LIMIT);
        }
    }

    /// Stops all its processes where they are; the kernel still accepts connections for it.
    pub fn freeze(&self) -> Result<()> {
        self.signal_all("STOP")
    }

    /// Lets them continue.
    pub fn thaw(&self) -> Result<()> {
        self.signal_all("CONT")
    }

    /// Runs a shell script on it as root, without ssh.
    pub fn exec(&self, text: &str) -> Result<Output> {
        let mut command = Self::enter(self.pid()?);
        command.args(["sh", "-c", text]);
        Ok(deadline::output(&mut command)?)
    }

    /// Returns a command that runs its further arguments as root on the server with this PID 1.
    pub fn enter(pid: u32) -> Command {
        let mut command = Command::new("nsenter");
        command
            .args(["--target", &pid.to_string(), "--mount", "--uts", "--pid", "--"])
            .env_clear()
            .env("PATH", PATH)
            .env("HOME", "/root")
            .env("LANG", "C.UTF-8");
        command
    }

    /// Returns its PID 1, as seen from outside.
    pub fn pid(&self) -> Result<u32> {
        let running = self.lock();
        let running = running.as_ref().with_context(|| format!("{} is stopped", self.name))?;
        Ok(running.pid.as_raw_nonzero().get().unsigned_abs())
    }

    /// Returns true if it was started and not stopped.
    pub fn is_running(&self) -> bool {
        self.lock().is_some()
    }

    /// Returns the messages of its init and its program.
    pub fn log_text(&self) -> String {
        fs::read_to_string(self.log()).unwrap_or_default()
    }

    fn log(&self) -> PathBuf {
        self.root.join("var/log/server.log")
    }

    fn signal_all(&self, signal: &str) -> Result<()> {
        let output = deadline::output(Self::enter(self.pid()?).args(["sh", "-c", SIGNAL_ALL, "sh", signal]))?;
        if !output.status.success() {
            bail!(
                "cannot signal {}: {}",
                self.name,
                String::from_utf8_lossy(&output.stderr)
            );
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.stop();
    }
}
