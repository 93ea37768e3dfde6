//! `scripts/fleet`: the fleet for people. `up` leaves a daemon that owns the servers; the other commands speak to it.

#[allow(dead_code, reason = "tests wait for more")]
#[path = "../deadline.rs"]
mod deadline;
#[path = "mod.rs"]
mod fleet;

mod daemon;

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, io, thread};

use anyhow::{Context, Result, bail};

use fleet::{Host, SIX};

const USAGE: &str = "\
usage: scripts/fleet COMMAND
  up [--hosts A,B,... | COUNT]   start servers: the six of the manual, these, or h001 to COUNT
  down                           stop everything and remove its files
  status                         the servers, their addresses and whether they run
  stop|start|freeze|thaw SERVER  one server; a frozen one accepts connections and is silent
  show                           what is deployed: the release `current` names, its VERSION, which listeners run
  exec SERVER COMMAND...         run a command as root on a server, past ssh
  commit FILE TEXT               change a file in the Subversion and git repositories of the application
  directory                      print the path of the servers' files
  ssh-config                     print the path of the ssh configuration that leads to the servers
  env                            print the environment for using the fleet by hand (a file to source)
Servers may be named without their domain. A fleet belongs to the checkout that started it.
";

fn main() -> ExitCode {
    match command(&env::args().skip(1).collect::<Vec<_>>()) {
        Ok(code) => code,
        Err(error) => {
            say_error(&format!("fleet: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn command(arguments: &[String]) -> Result<ExitCode> {
    // Socket paths have to be short, and a checkout may be moved: all paths of the daemon are relative to the checkout.
    env::set_current_dir(fleet::place::checkout())?;
    let words: Vec<_> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["up", rest @ ..] => up(&names(rest)?)?,
        ["daemon", names @ ..] => daemon::run(names)?,
        ["down"] => down()?,
        ["status" | "show"] => say(&daemon::ask(&words)?),
        ["stop" | "start" | "freeze" | "thaw", _] | ["commit", _, _] => say(&daemon::ask(&words)?),
        ["exec", server, command @ ..] if !command.is_empty() => exec(server, command)?,
        ["directory"] => say(&daemon::ask(&words)?),
        ["ssh-config"] => say(&format!(
            "{}/client/ssh_config\n",
            daemon::ask(&["directory"])?.trim_end()
        )),
        ["env"] => say(&format!("{}/client/env\n", daemon::ask(&["directory"])?.trim_end())),
        ["help" | "-h" | "--help"] => say(USAGE),
        _ => {
            say_error(USAGE.trim_end());
            return Ok(ExitCode::from(2));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn names(arguments: &[&str]) -> Result<Vec<String>> {
    Ok(match arguments {
        [] => SIX.map(str::to_owned).to_vec(),
        ["--hosts", list] => list.split(',').map(str::to_owned).collect(),
        [count] => {
            let count: usize = count
                .parse()
                .with_context(|| format!("not a number of servers: {count}"))?;
            (1..=count).map(|number| format!("h{number:03}")).collect()
        }
        _ => bail!("up takes --hosts A,B,... or a number"),
    })
}

fn up(names: &[String]) -> Result<()> {
    if daemon::ask(&["status"]).is_ok() {
        bail!("a fleet is up already: scripts/fleet down");
    }
    remove_remains()?;
    fs::create_dir_all(daemon::STATE)?;
    let mut daemon = Command::new("setsid")
        .arg(env::current_exe()?)
        .arg("daemon")
        .args(names)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(fs::File::create(daemon::LOG)?)
        .spawn()
        .context("setsid")?;
    let mut answer = String::new();
    if let Some(stdout) = daemon.stdout.take() {
        io::BufRead::read_line(&mut io::BufReader::new(stdout), &mut answer)?;
    }
    if answer.is_empty() {
        daemon.wait()?;
        let reason = fs::read_to_string(daemon::LOG).unwrap_or_default();
        remove_remains()?;
        bail!("{}", reason.trim());
    }
    say(&answer);
    Ok(())
}

fn down() -> Result<()> {
    if let Ok(answer) = daemon::ask(&["down"]) {
        // The daemon ends after its answer; only then is everything gone.
        let begin = Instant::now();
        while daemon::ask(&["status"]).is_ok() && begin.elapsed() < Duration::from_secs(10) {
            thread::sleep(Duration::from_millis(20));
        }
        say(&answer);
    } else {
        say("no fleet is up\n");
    }
    remove_remains()
}

/// Removes what a daemon left that was killed; its servers ended with it.
fn remove_remains() -> Result<()> {
    if Path::new(daemon::STATE).exists() {
        fs::remove_dir_all(daemon::STATE).context(daemon::STATE)?;
    }
    Ok(())
}

fn exec(server: &str, command: &[&str]) -> Result<()> {
    let pid = daemon::ask(&["pid", server])?
        .trim()
        .parse()
        .context("pid of the server")?;
    let mut enter = Host::enter(pid);
    match command {
        [text] => enter.args(["sh", "-c", text]),
        words => enter.args(words),
    };
    Err(enter.exec()).context("nsenter")
}

#[allow(clippy::print_stdout, reason = "a command for people")]
fn say(text: &str) {
    print!("{text}");
}

#[allow(clippy::print_stderr, reason = "a command for people")]
fn say_error(text: &str) {
    eprintln!("{text}");
}
