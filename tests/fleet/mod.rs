//! Real servers on this machine, for tests, benches and the demo: an OpenSSH sshd for each, on its own loopback address, with its
//! own files, processes, host key and users. Nothing of it is left when its owner ends, however that happens.
//!
//! The hosts have the users `deploy` (login by key, or [`PASSWORD`]; sudo asks for it) and `bob`. `/u/apps` exists and belongs to
//! `deploy`.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "used in part by each of tests, benches and demo; what fails there may panic"
)]

mod host;
mod listener;
pub mod place;
mod repository;
mod requirements;
mod root;
mod settled;
mod slot;

use std::fmt::Write as _;
use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;
use std::thread;

use anyhow::{Context, Result, bail, ensure};

use crate::deadline;
pub use host::Host;
use place::Room;
pub use repository::Repository;
pub use settled::settle;
use slot::Slot;

/// The password of `deploy` and `bob`.
pub const PASSWORD: &str = "flipper-secret";
/// The port of every sshd of a fleet; not 22, which the machine's own sshd may hold on all addresses.
pub const SSH_PORT: u16 = 2222;
/// The six servers of the Capistrano manual.
pub const SIX: [&str; 6] = [
    "www1.capistrano.com",
    "www2.capistrano.com",
    "app1.capistrano.com",
    "app2.capistrano.com",
    "db1.capistrano.com",
    "db2.capistrano.com",
];

/// Servers that run on this machine until this is dropped.
#[derive(Debug)]
pub struct Fleet {
    hosts: Vec<Host>,
    subversion: OnceLock<(Host, Repository)>,
    git: OnceLock<Repository>,
    slot: Slot,
    room: Room,
}

impl Fleet {
    /// Starts servers with these names, for a test: if something is missing, it fails the test and says so.
    pub fn start(names: &[&str]) -> Self {
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        match Self::named(&names) {
            Ok(fleet) => fleet,
            Err(error) => panic!("the local fleet does not start: {error:#}"),
        }
    }

    /// Starts the six servers of the manual.
    pub fn six() -> Self {
        Self::start(&SIX)
    }

    /// Starts `count` servers, from `h001` on.
    pub fn numbered(count: usize) -> Self {
        let names: Vec<_> = (1..=count).map(|number| format!("h{number:03}")).collect();
        Self::start(&names.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// Does the same, but returns the error.
    pub fn named(names: &[String]) -> Result<Self> {
        settle();
        requirements::servers()?;
        ensure!(!names.is_empty(), "a fleet needs a server");
        ensure!(names.len() <= Slot::SIZE, "a fleet has at most {} servers", Slot::SIZE);
        for (index, name) in names.iter().enumerate() {
            let valid = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c));
            ensure!(valid && !name.starts_with('-'), "not the name of a server: {name:?}");
            ensure!(
                !names.iter().skip(index + 1).any(|other| other == name),
                "{name} is named twice"
            );
        }
        let slot = Slot::take()?;
        let mut fleet = Self {
            hosts: Vec::new(),
            subversion: OnceLock::new(),
            git: OnceLock::new(),
            slot,
            room: Room::new()?,
        };
        for name in ["client/home", "client/work", "hosts", "sources"] {
            fs::create_dir_all(fleet.directory().join(name))?;
        }
        let key = fleet.key();
        generate_key(&key)?;
        let authorized = fs::read_to_string(key.with_extension("pub"))?;
        fs::write(fleet.ssh_config(), fleet.ssh_config_text(names))?;
        for (index, name) in names.iter().enumerate() {
            fleet.hosts.push(fleet.new_host(index, name, names, &authorized)?);
        }
        each(&fleet.hosts, |host| generate_key(&host.root.join("etc/ssh/host_key")))?;
        each(&fleet.hosts, Host::start)?;
        each(&fleet.hosts, Host::wait)?;
        Ok(fleet)
    }

    /// Returns the names of the servers.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.hosts.iter().map(|host| host.name.as_str())
    }

    /// Returns the servers.
    pub fn hosts(&self) -> &[Host] {
        &self.hosts
    }

    /// Returns a server by its name, or by the part of it before the first dot.
    pub fn host(&self, name: &str) -> &Host {
        self.find(name)
            .unwrap_or_else(|| panic!("no server {name} in the fleet"))
    }

    /// Does the same, if there is one.
    pub fn find(&self, name: &str) -> Option<&Host> {
        let short = |host: &&Host| host.name.split('.').next() == Some(name);
        self.hosts
            .iter()
            .find(|host| host.name == name)
            .or_else(|| self.hosts.iter().find(short))
    }

    /// Returns the address of a server.
    pub fn address(&self, name: &str) -> Ipv4Addr {
        self.host(name).address
    }

    /// Ends a server as by a power cut; its files stay.
    pub fn stop(&self, name: &str) {
        self.host(name).stop();
    }

    /// Starts a stopped server again.
    pub fn restart(&self, name: &str) {
        let host = self.host(name);
        host.start().and_then(|()| host.wait()).unwrap();
    }

    /// Stops all processes of a server where they are: it accepts connections and is silent from then on.
    pub fn freeze(&self, name: &str) {
        self.host(name).freeze().unwrap();
    }

    /// Lets a frozen server continue.
    pub fn thaw(&self, name: &str) {
        self.host(name).thaw().unwrap();
    }

    /// Gives a server another host key and restarts it.
    pub fn change_host_key(&self, name: &str) {
        let host = self.host(name);
        host.stop();
        let key = host.root.join("etc/ssh/host_key");
        fs::remove_file(&key).unwrap();
        generate_key(&key).unwrap();
        self.restart(name);
    }

    /// Puts these lines into a server's sshd configuration, in place of others for the same options, and restarts it.
    pub fn configure(&self, name: &str, lines: &str) {
        let host = self.host(name);
        host.stop();
        let file = host.root.join("etc/ssh/sshd_config");
        let text = fs::read_to_string(&file).unwrap();
        let option = |line: &str| line.split_whitespace().next().unwrap_or_default().to_owned();
        let kept = text
            .lines()
            .filter(|line| !lines.lines().any(|new| option(new) == option(line)));
        let kept: Vec<_> = kept.collect();
        fs::write(&file, format!("{lines}\n{}\n", kept.join("\n"))).unwrap();
        self.restart(name);
    }

    /// Runs a shell script as root on a server, without ssh.
    pub fn exec(&self, name: &str, text: &str) -> Output {
        self.host(name).exec(text).unwrap()
    }

    /// Returns the output of a shell script as root on a server, without ssh and without the last line end; it must succeed.
    pub fn sh(&self, name: &str, text: &str) -> String {
        let output = self.exec(name, text);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "on {name}: {text}\n{}\n{error}", output.status);
        String::from_utf8_lossy(&output.stdout)
            .trim_end_matches('\n')
            .to_owned()
    }

    /// Returns the target of a link on a server, if it is one.
    pub fn read_link(&self, name: &str, path: &str) -> Option<String> {
        Some(
            fs::read_link(self.outside(name, path))
                .ok()?
                .to_string_lossy()
                .into_owned(),
        )
    }

    /// Returns true if a server has something with this name, a dangling link included.
    pub fn exists(&self, name: &str, path: &str) -> bool {
        self.exec(name, &format!("test -e '{path}' || test -L '{path}'"))
            .status
            .success()
    }

    /// Returns the content of a file on a server, following links.
    pub fn read(&self, name: &str, path: &str) -> String {
        self.sh(name, &format!("cat '{path}'"))
    }

    /// Writes a file on a server, owned by `deploy`.
    pub fn write(&self, name: &str, path: &str, text: &str) {
        let outside = self.outside(name, path);
        fs::write(&outside, text).unwrap();
        std::os::unix::fs::chown(outside, Some(root::DEPLOY), Some(root::DEPLOY)).unwrap();
    }

    /// Returns the names in a directory of a server, sorted; none if there is no directory.
    pub fn list(&self, name: &str, path: &str) -> Vec<String> {
        self.sh(name, &format!("ls -A '{path}' 2>/dev/null || true"))
            .lines()
            .map(str::to_owned)
            .collect()
    }

    /// Returns the path of a server's file seen from outside; links in it lead to wrong places.
    fn outside(&self, name: &str, path: &str) -> PathBuf {
        self.host(name).root.join(path.trim_start_matches('/'))
    }

    /// Returns the answer of the application's FastCGI listener on a server's port: `flipper VERSION, process PID`.
    pub fn listener(&self, name: &str, port: u16) -> Option<String> {
        listener::ask(self.address(name), port)
    }

    /// Returns the directory of the whole fleet.
    pub fn directory(&self) -> &Path {
        self.room.path()
    }

    /// Returns the ssh configuration that leads from the servers' names to them.
    pub fn ssh_config(&self) -> PathBuf {
        self.directory().join("client/ssh_config")
    }

    /// Returns the known-hosts file of that configuration; it is empty at first.
    pub fn known_hosts(&self) -> PathBuf {
        self.directory().join("client/known_hosts")
    }

    /// Returns the key that logs in as `deploy`.
    pub fn key(&self) -> PathBuf {
        self.directory().join("client/id_ed25519")
    }

    /// Returns the home directory for programs that use the fleet.
    pub fn home(&self) -> PathBuf {
        self.directory().join("client/home")
    }

    /// Returns the empty working directory for programs that use the fleet.
    pub fn work(&self) -> PathBuf {
        self.directory().join("client/work")
    }

    /// Returns the `flipper` application in Subversion at `http://svn.capistrano.com/flipper/trunk`, for the servers. It is
    /// started at the first call.
    pub fn subversion(&self) -> &Repository {
        &self.subversion_server().unwrap().1
    }

    /// Does the same, but returns the error.
    pub fn subversion_server(&self) -> Result<&(Host, Repository)> {
        if self.subversion.get().is_none() {
            requirements::subversion()?;
            let server = repository::subversion(self.directory(), self.slot.sources())?;
            let _ = self.subversion.set(server);
        }
        self.subversion.get().context("no Subversion server")
    }

    /// Returns the `flipper` application in a bare git repository; its path is the same on this machine and on the servers.
    pub fn git(&self) -> &Repository {
        self.git.get_or_init(|| {
            requirements::git().unwrap();
            repository::git(self.directory()).unwrap()
        })
    }

    fn new_host(&self, index: usize, name: &str, names: &[String], authorized: &str) -> Result<Host> {
        let address = self.slot.address(index);
        let path = self.directory().join("hosts").join(name);
        root::make(&path, name, &self.hosts_file(index, names), authorized)?;
        root::write(&path.join("etc/ssh/sshd_config"), 0o644, &sshd_config(address))?;
        let sources = self.directory().join("sources");
        fs::create_dir_all(path.join(sources.strip_prefix("/")?))?;
        let program = ["/usr/sbin/sshd", "-D", "-e"].map(str::to_owned).to_vec();
        Ok(Host::new(name, (address, SSH_PORT), path, sources, program))
    }

    /// Puts the server's own name first, so that `hostname -i` gives one address.
    fn hosts_file(&self, own: usize, names: &[String]) -> String {
        let mut text = String::from("127.0.0.1 localhost\n");
        for (index, name) in names.iter().enumerate() {
            let short = name.split('.').next().filter(|short| *short != name && index == own);
            let _ = writeln!(
                text,
                "{} {name} {}",
                self.slot.address(index),
                short.unwrap_or_default()
            );
        }
        let _ = writeln!(text, "{} {}", self.slot.sources(), repository::SERVER);
        text
    }

    fn ssh_config_text(&self, names: &[String]) -> String {
        let mut text = String::new();
        for (index, name) in names.iter().enumerate() {
            let _ = writeln!(text, "Host {name}\n  HostName {}", self.slot.address(index));
        }
        let _ = write!(
            text,
            "Host *\n  Port {SSH_PORT}\n  User deploy\n  IdentityFile {}\n  IdentitiesOnly yes\n  UserKnownHostsFile {}\n  \
             GlobalKnownHostsFile /dev/null\n  StrictHostKeyChecking accept-new\n",
            self.key().display(),
            self.known_hosts().display()
        );
        text
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        self.hosts.clear();
        // Before the room that it is in.
        self.subversion.take();
    }
}

fn sshd_config(address: Ipv4Addr) -> String {
    let mut text = format!(
        "ListenAddress {address}:{SSH_PORT}\nHostKey /etc/ssh/host_key\nPidFile none\nUsePAM no\nUseDNS no\n\
         PasswordAuthentication yes\nKbdInteractiveAuthentication no\nPermitRootLogin no\nStrictModes no\n\
         MaxStartups 4096\nMaxSessions 1024\nMaxAuthTries 20\nPrintMotd no\nPrintLastLog no\nX11Forwarding no\n\
         AcceptEnv LANG LC_*\nSubsystem sftp internal-sftp\n"
    );
    if penalizes() {
        text.push_str("PerSourcePenalties no\n");
    }
    text
}

/// Returns true if this sshd rejects addresses after failed logins (OpenSSH 9.8 and later), which all tests share.
fn penalizes() -> bool {
    static PENALIZES: OnceLock<bool> = OnceLock::new();
    *PENALIZES.get_or_init(|| {
        let Ok(output) = deadline::output(Command::new("ssh").arg("-V")) else {
            return false;
        };
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        let version = text.strip_prefix("OpenSSH_").unwrap_or_default();
        let mut numbers = version
            .split(|c: char| !c.is_ascii_digit())
            .map(|n| n.parse::<u32>().unwrap_or(0));
        (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) >= (9, 8)
    })
}

fn generate_key(path: &Path) -> Result<()> {
    let mut command = Command::new("ssh-keygen");
    command
        .args(["-q", "-t", "ed25519", "-N", "", "-C", "fleet", "-f"])
        .arg(path);
    run(&mut command).map(drop)
}

/// Runs a program that must succeed, and returns its output.
fn run(command: &mut Command) -> Result<String> {
    let output = deadline::output(command)?;
    if !output.status.success() {
        bail!(
            "{command:?}: {}\n{}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Calls `act` for all hosts, several at a time.
fn each(hosts: &[Host], act: impl Fn(&Host) -> Result<()> + Sync) -> Result<()> {
    let share = hosts.len().div_ceil(8).max(1);
    let act = &act;
    thread::scope(|scope| {
        let workers: Vec<_> = hosts
            .chunks(share)
            .map(|share| scope.spawn(move || share.iter().try_for_each(act)))
            .collect();
        workers
            .into_iter()
            .try_for_each(|worker| worker.join().unwrap_or_else(|_| bail!("a worker panicked")))
    })
}
