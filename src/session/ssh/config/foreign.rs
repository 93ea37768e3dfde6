//! Asks `ssh -G` where the files contain something that only ssh itself can evaluate: `Match exec`, canonical names.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use rustix::process::getuid;

use super::keyword::{Keyword, KeywordTakes};
use super::search::{Answers, LoginSubject, SearchStop, search};
use super::statement::{ConfigLine, ConfigStatement};
use super::{Place, SshConfig};
use crate::io_error::plain;
use crate::name_service::SystemAccount;
use crate::session::ssh::inbox::Inbox;
use crate::session::ssh::program;

/// Default key files whose key types are obsolete; nobody has such keys.
const GONE: [&str; 2] = ["identityfile ~/.ssh/id_xmss", "identityfile ~/.ssh/id_dsa"];

/// Asks ssh about a host; an error is the reason why ssh does not answer.
pub(super) fn ask(config: &SshConfig, subject: LoginSubject<'_>, inbox: Option<&Inbox>) -> Result<Answers, String> {
    let said = run(config, subject, inbox).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => "there is no `ssh' here".to_owned(),
        _ => format!("`ssh -G {}' fails: {}", subject.host, plain(&error)),
    })?;
    // The answer is a configuration again, for this host alone.
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
        // Nothing in the answer is quoted.
        let words = match (keyword, takes) {
            (Keyword::CanonicalizeHostname, _) => continue,
            (_, KeywordTakes::Time) if value == "none" => continue,
            // The name is in its final form, so that a % in it must not be expanded again.
            (Keyword::HostName, _) => vec![value.replace('%', "%%")],
            (_, KeywordTakes::Files) => value.split(' ').map(str::to_owned).collect(),
            _ => vec![value.to_owned()],
        };
        let statement = ConfigStatement::Set(keyword, words);
        lines.push(ConfigLine { place, statement });
    }
    let resolved = SshConfig {
        files: vec![lines.into()],
        ..SshConfig::default()
    };
    search(&resolved, subject).map_err(|stop| match stop {
        SearchStop::Trouble(trouble) => trouble.text,
        SearchStop::Foreign { what, .. } => format!("it says: {what}"),
    })
}

fn run(config: &SshConfig, subject: LoginSubject<'_>, inbox: Option<&Inbox>) -> io::Result<String> {
    let mut command = Command::new("ssh");
    command.arg("-G");
    match file_for(config)? {
        Some(file) => command.args(["-F", "/dev/stdin"]).stdin(file),
        None => command.stdin(Stdio::null()),
    };
    if let Some(user) = subject.user {
        command.args(["-l", user]);
    }
    if let Some(port) = subject.port {
        command.args(["-p", &port.to_string()]);
    }
    let said = program::ask(command.args(["--", subject.host]).envs(&config.variables), inbox)?;
    if said.status.success() {
        Ok(said.out)
    } else {
        Err(io::Error::other(said.complaint()))
    }
}

/// Returns the file that ssh has to read; `None` if it would read the same files by itself.
fn file_for(config: &SshConfig) -> io::Result<Option<File>> {
    let account = SystemAccount::of(getuid().as_raw()).map(|account| account.home);
    let files: Vec<PathBuf> = match &config.named {
        Some(files) => files.clone(),
        // ssh uses the home directory of the account, whatever the environment says.
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
    let mut file = program::memfd("config")?;
    file.write_all(text.as_bytes())?;
    Ok(Some(file))
}
