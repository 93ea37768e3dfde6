//! Asking `ssh -G`, where files say what only ssh itself can evaluate: `Match exec`, canonical names.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use nix::unistd::{Uid, User};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{MemfdFlags, memfd_create};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};

use super::keyword::{Keyword, Takes};
use super::search::{Answers, Stop, search};
use super::statement::{Line, Statement};
use super::{Place, SshConfig};
use crate::session::ssh::tcp::plain;

/// It may run commands of the files and ask for names; longer than that it is not waited for.
const PATIENCE: Duration = Duration::from_secs(20);
/// Usual files of keys whose kinds are gone, or nobody has.
const GONE: [&str; 2] = ["identityfile ~/.ssh/id_xmss", "identityfile ~/.ssh/id_dsa"];
/// Most that is read of what it says, in bytes.
const SAID: u64 = 1 << 20;

/// What ssh says about a host; or why it says nothing.
pub(super) fn ask(
    config: &SshConfig,
    host: &str,
    user: Option<&str>,
    port: Option<u16>,
    local_user: &str,
) -> Result<Answers, String> {
    let said = run(config, host, user, port).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => "there is no `ssh' here".to_owned(),
        _ => format!("`ssh -G {host}' fails: {}", plain(&error)),
    })?;
    // What it says is a configuration again, for this host alone.
    let file: Arc<Path> = Arc::from(Path::new("ssh -G"));
    let mut lines = Vec::new();
    for (number, text) in said.lines().enumerate() {
        let place = Place {
            file: Arc::clone(&file),
            line: number + 1,
        };
        let Some((name, value)) = text.split_once(' ').filter(|_| !GONE.contains(&text)) else {
            continue;
        };
        let Some((keyword, takes)) = Keyword::named(name) else {
            continue;
        };
        // Nothing in it is quoted.
        let words = match (keyword, takes) {
            (Keyword::CanonicalizeHostname, _) => continue,
            (_, Takes::Time) if value == "none" => continue,
            // It is given as it is; elsewhere a % in one stands for something.
            (Keyword::HostName, _) => vec![value.replace('%', "%%")],
            (_, Takes::Files) => value.split(' ').map(str::to_owned).collect(),
            _ => vec![value.to_owned()],
        };
        let statement = Statement::Set(keyword, words);
        lines.push(Line { place, statement });
    }
    let resolved = SshConfig {
        files: vec![lines.into()],
        ..SshConfig::default()
    };
    search(&resolved, host, user, port, local_user).map_err(|stop| match stop {
        Stop::Trouble(trouble) => trouble.text,
        Stop::Foreign { what, .. } => format!("it says: {what}"),
    })
}

fn run(config: &SshConfig, host: &str, user: Option<&str>, port: Option<u16>) -> io::Result<String> {
    let mut command = Command::new("ssh");
    command.arg("-G");
    match file_for(config)? {
        Some(file) => command.args(["-F", "/dev/stdin"]).stdin(file),
        None => command.stdin(Stdio::null()),
    };
    if let Some(user) = user {
        command.args(["-l", user]);
    }
    if let Some(port) = port {
        command.args(["-p", &port.to_string()]);
    }
    let mut out = memfd("said")?;
    let mut err = memfd("complained")?;
    let mut child = command
        .args(["--", host])
        .envs(&config.variables)
        .stdout(out.try_clone()?)
        .stderr(err.try_clone()?)
        .process_group(0)
        .spawn()?;
    let ended = wait(&mut child);
    if let (Err(_), Some(group)) = (&ended, pid(&child)) {
        let _ = kill_process_group(group, Signal::KILL);
        let _ = child.wait();
    }
    if ended? {
        return read(&mut out);
    }
    let complaint = read(&mut err)?;
    let last = complaint.lines().rev().find(|line| !line.trim().is_empty());
    let said: String = last
        .unwrap_or("no reason given")
        .chars()
        .filter(|c| !c.is_control())
        .collect();
    Err(io::Error::other(said))
}

/// The file that ssh is to read; `None` for those that it reads by itself.
fn file_for(config: &SshConfig) -> io::Result<Option<File>> {
    let account = User::from_uid(Uid::current()).ok().flatten().map(|account| account.dir);
    let files: Vec<PathBuf> = match &config.named {
        Some(files) => files.clone(),
        // Ssh takes the home directory of the account, whatever the environment says.
        None if config.home == account => return Ok(None),
        None => {
            let user = config.home.iter().map(|home| home.join(".ssh/config"));
            user.chain([PathBuf::from(super::file::SYSTEM)]).collect()
        }
    };
    let mut text = String::new();
    for file in files {
        let _ = writeln!(text, "Include \"{}\"", file.display());
    }
    let mut file = memfd("config")?;
    file.write_all(text.as_bytes())?;
    Ok(Some(file))
}

/// Whether it ended well.
fn wait(child: &mut Child) -> io::Result<bool> {
    let Some(pid) = pid(child) else {
        return Ok(child.wait()?.success());
    };
    let process = pidfd_open(pid, PidfdFlags::empty())?;
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status.success());
        }
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            let reason = format!("no answer within {} s", PATIENCE.as_secs());
            return Err(io::Error::new(io::ErrorKind::TimedOut, reason));
        }
        let left = Timespec::try_from(left).ok();
        let _ = poll(&mut [PollFd::new(&process, PollFlags::IN)], left.as_ref());
    }
}

fn pid(child: &Child) -> Option<Pid> {
    i32::try_from(child.id()).ok().and_then(Pid::from_raw)
}

fn memfd(name: &str) -> io::Result<File> {
    Ok(File::from(memfd_create(name, MemfdFlags::CLOEXEC)?))
}

fn read(file: &mut File) -> io::Result<String> {
    file.rewind()?;
    let mut bytes = Vec::new();
    file.take(SAID).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
