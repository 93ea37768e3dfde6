//! The process that owns a fleet started by hand, and the way to ask it: words, separated by NUL, over a socket; the first byte
//! of the answer says whether it succeeded.

use std::fmt::Write as _;
use std::fs;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};

use crate::fleet::{Fleet, Host};

/// The state of the fleet of this checkout.
pub const STATE: &str = ".fleet";
/// The file of the daemon's messages when it does not start.
pub const LOG: &str = ".fleet/log";
/// The longest time for an answer.
const PATIENCE: Duration = Duration::from_secs(120);
const SOCKET: &str = ".fleet/socket";

/// Starts the servers, says so on standard output, and serves until told to end.
pub fn run(names: &[&str]) -> Result<()> {
    let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
    let fleet = Fleet::named(&names)?;
    let mut said = format!("{} servers are up", names.len());
    // Without it everything except the recipe's own repository works.
    if let Err(error) = fleet.subversion_server() {
        let _ = write!(said, "; no Subversion server: {error:#}");
    }
    fleet.git();
    fs::write(fleet.directory().join("client/env"), environment(&fleet)?)?;
    let listener = UnixListener::bind(SOCKET).context(SOCKET)?;
    writeln!(std::io::stdout(), "{}", said.replace('\n', " "))?;
    for stream in listener.incoming() {
        let mut stream = stream?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        let mut question = String::new();
        if stream.read_to_string(&mut question).is_err() {
            continue;
        }
        let words: Vec<_> = question.split('\0').collect();
        if words == ["down"] {
            drop(fleet);
            let _ = fs::remove_file(SOCKET);
            let _ = stream.write_all(b"+all servers are stopped\n");
            return Ok(());
        }
        // The one who asked may be gone.
        let _ = match answer(&fleet, &words) {
            Ok(text) => stream.write_all(format!("+{text}").as_bytes()),
            Err(error) => stream.write_all(format!("-{error:#}").as_bytes()),
        };
    }
    Ok(())
}

/// Asks the daemon.
pub fn ask(words: &[&str]) -> Result<String> {
    let mut stream = UnixStream::connect(SOCKET).map_err(|_| anyhow!("no fleet is up: scripts/fleet up"))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(words.join("\0").as_bytes())?;
    stream.shutdown(Shutdown::Write)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    match answer.strip_prefix('+') {
        Some(text) => Ok(text.to_owned()),
        None => bail!("{}", answer.strip_prefix('-').unwrap_or("the fleet's daemon ended")),
    }
}

fn answer(fleet: &Fleet, words: &[&str]) -> Result<String> {
    let host = |name: &str| fleet.find(name).with_context(|| format!("no server {name}"));
    match words {
        ["status"] => Ok(status(fleet)),
        ["show"] => show(fleet),
        ["directory"] => Ok(format!("{}\n", fleet.directory().display())),
        ["pid", name] => Ok(host(name)?.pid()?.to_string()),
        ["stop", name] => {
            host(name)?.stop();
            Ok(format!("{name} is stopped\n"))
        }
        ["start", name] => {
            let host = host(name)?;
            host.start()?;
            host.wait()?;
            Ok(format!("{name} is up\n"))
        }
        ["freeze", name] => host(name)?.freeze().map(|()| format!("{name} is frozen\n")),
        ["thaw", name] => host(name)?.thaw().map(|()| format!("{name} goes on\n")),
        ["commit", path, text] => {
            let text = format!("{text}\n");
            let git = fleet.git().commit(path, &text)?;
            let subversion = fleet.subversion_server()?.1.commit(path, &text)?;
            Ok(format!("revision {subversion} in Subversion, {git} in git\n"))
        }
        _ => bail!("unknown command {words:?}"),
    }
}

fn status(fleet: &Fleet) -> String {
    let mut text = String::new();
    for Host {
        name, address, port, ..
    } in fleet.hosts()
    {
        let running = fleet.find(name).is_some_and(Host::is_running);
        let _ = writeln!(
            text,
            "{name:24} {address}:{port} {}",
            if running { "runs" } else { "stopped" }
        );
    }
    text
}

/// Prints the release that is deployed on each server.
fn show(fleet: &Fleet) -> Result<String> {
    const LOOK: &str = "cd /u/apps/flipper 2>/dev/null || { echo 'nothing is set up'; exit; }
        release=$(readlink current) || { echo 'no current release'; exit; }
        echo \"current -> ${release##*/}, VERSION $(cat current/VERSION 2>&1), releases kept: $(ls releases | wc -l)\"
        ps -e -o args | grep -q '[s]cript/process/spinner' && echo 'a spinner'";
    let mut text = String::new();
    for host in fleet.hosts() {
        if !host.is_running() {
            let _ = writeln!(text, "{:20} is stopped", host.name);
            continue;
        }
        let seen = host.exec(LOOK)?.stdout;
        let mut said = String::from_utf8_lossy(&seen).trim_end().replace('\n', ", ");
        let answers: Vec<_> = (7000..7005)
            .filter_map(|port| Some((port, fleet.listener(&host.name, port)?)))
            .collect();
        if !answers.is_empty() {
            let ports: Vec<_> = answers.iter().map(|(port, _)| port.to_string()).collect();
            let mut versions: Vec<_> = answers
                .iter()
                .filter_map(|(_, answer)| answer.split(',').next())
                .collect();
            versions.dedup();
            let _ = write!(said, ", ports {} serve {}", ports.join(" "), versions.join(" and "));
        }
        let _ = writeln!(text, "{:20} {said}", host.name);
    }
    Ok(text)
}

/// Returns a file for a shell to source.
fn environment(fleet: &Fleet) -> Result<String> {
    let programs = std::env::current_exe()?;
    let programs = programs.ancestors().nth(2).context("directory of the build")?;
    let programs = programs.to_str().context("the path of the checkout is not text")?;
    Ok(format!(
        "PATH={}:$PATH\nCAPR_SSH_CONFIG='{}'\nFLEET_GIT='{}'\nFLEET_PASSWORD='{}'\n\
         export PATH CAPR_SSH_CONFIG FLEET_GIT FLEET_PASSWORD\n",
        shlex::try_quote(programs)?,
        fleet.ssh_config().display(),
        fleet.git().url,
        crate::fleet::PASSWORD
    ))
}
