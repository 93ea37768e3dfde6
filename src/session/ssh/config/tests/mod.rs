//! Configuration files of every kind, compared with `ssh -G`, and files that are refused.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod differential;
mod keywords;
mod refused;

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use super::{HostConfig, SshConfig};
use crate::deadline::InTime;
use crate::session::{ConnectError, Phase, SshOptions};

/// The home directory and the name that `ssh` itself uses: those of the account, not of the environment.
struct Account {
    name: String,
    home: PathBuf,
}

fn account() -> Account {
    let uid = rustix::process::getuid().as_raw().to_string();
    let passwd = fs::read_to_string("/etc/passwd").unwrap();
    let fields: Vec<&str> = passwd
        .lines()
        .map(|line| line.split(':').collect::<Vec<_>>())
        .find(|fields| fields.get(2) == Some(&uid.as_str()))
        .unwrap();
    Account {
        name: fields[0].to_owned(),
        home: fields[5].into(),
    }
}

/// Our agent.
const AGENT: &str = "/our/agent";

struct Sample {
    directory: TempDir,
    file: PathBuf,
}

impl Sample {
    fn new(text: &str) -> Self {
        let directory = TempDir::new().unwrap();
        let file = directory.path().join("config");
        let sample = Self { directory, file };
        fs::write(&sample.file, sample.place(text)).unwrap();
        sample
    }

    /// Replaces `DIR` in a string by the directory of the files.
    fn place(&self, text: &str) -> String {
        text.replace("DIR", &self.directory.path().display().to_string())
    }

    fn with(self, name: &str, text: &str) -> Self {
        let path = self.directory.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, self.place(text)).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        self
    }

    fn load(&self) -> Result<SshConfig, ConnectError> {
        let account = account();
        SshConfig::load(Some(std::slice::from_ref(&self.file)), Some(&account.home))
    }

    fn resolve(&self, server: &str) -> Result<HostConfig, ConnectError> {
        self.resolve_with(server, &SshOptions::default())
    }

    fn resolve_with(&self, server: &str, options: &SshOptions) -> Result<HostConfig, ConnectError> {
        self.load()?
            .with_variables([("SSH_AUTH_SOCK".to_owned(), AGENT.to_owned())])
            .resolve(&server.parse().unwrap(), options, &account().name, None)
    }

    fn error(&self, server: &str) -> String {
        let error = self.resolve(server).unwrap_err();
        assert_eq!(error.phase, Phase::Configuration);
        error
            .reason
            .replace(&self.directory.path().display().to_string(), "DIR")
    }

    /// Returns the output of `ssh -G`, the values of each keyword in order; `None` if ssh refuses the file.
    fn ssh(&self, server: &str) -> Option<HashMap<String, Vec<String>>> {
        let (user_host, port) = match server.split_once(':') {
            Some((user_host, port)) => (user_host, Some(port)),
            None => (server, None),
        };
        let mut command = Command::new("ssh");
        command.arg("-G").arg("-F").arg(&self.file);
        if let Some(port) = port {
            command.args(["-p", port]);
        }
        let output = command.arg("--").arg(user_host).in_time();
        if !output.status.success() {
            return None;
        }
        let mut values: HashMap<String, Vec<String>> = HashMap::new();
        for line in String::from_utf8(output.stdout).unwrap().lines() {
            let (keyword, value) = line.split_once(' ').unwrap_or((line, ""));
            values.entry(keyword.to_owned()).or_default().push(value.to_owned());
        }
        Some(values)
    }
}

fn joined(files: &[PathBuf]) -> String {
    let files: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    files.join(" ")
}
