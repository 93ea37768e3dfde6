//! The names that this system knows: accounts, groups, addresses of hosts. They may come from LDAP, sssd, mDNS or systemd, which
//! only glibc asks. The packaged program holds musl instead (docs/decisions/0115), which reads files and asks DNS; it asks the
//! system's own `getent` for the rest, so that a name means what it means to ssh.

use std::fs::File;
use std::io::{self, Read as _, Seek as _};
use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::unistd::{Gid, Uid};
use rustix::fs::{MemfdFlags, memfd_create};

use crate::child::{sleep, wait_for};

/// True if this program's libc asks all services that nsswitch.conf names.
const ASKS_ALL: bool = cfg!(not(target_env = "musl"));
/// The longest time for an answer of `getent`; it may have to ask other machines.
const PATIENCE: Duration = Duration::from_secs(20);
/// The most bytes that are read of an answer.
const LONGEST: u64 = 1 << 20;
/// The exit status of `getent` for a name that nobody knows.
const UNKNOWN: i32 = 2;

/// An account of this machine.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SystemAccount {
    pub(crate) name: String,
    pub(crate) home: PathBuf,
}

/// A group of this machine.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SystemGroup {
    pub(crate) name: String,
    /// The names of the accounts that are in it in addition to their own group.
    pub(crate) members: Vec<String>,
}

impl SystemAccount {
    /// Returns the account with this number.
    pub(crate) fn of(uid: u32) -> Option<Self> {
        let known = nix::unistd::User::from_uid(Uid::from_raw(uid)).ok().flatten();
        known
            .map(Self::from)
            .or_else(|| asked("passwd", &uid.to_string(), Self::read))
    }

    /// Returns the account with this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let known = nix::unistd::User::from_name(name).ok().flatten();
        known.map(Self::from).or_else(|| asked("passwd", name, Self::read))
    }

    /// Reads a line as in `/etc/passwd`.
    fn read(line: &str) -> Option<Self> {
        let mut fields = line.split(':');
        Some(Self {
            name: fields.next()?.to_owned(),
            home: PathBuf::from(fields.nth(4)?),
        })
    }
}

impl From<nix::unistd::User> for SystemAccount {
    fn from(user: nix::unistd::User) -> Self {
        Self {
            name: user.name,
            home: user.dir,
        }
    }
}

impl SystemGroup {
    /// Returns the group with this number.
    pub(crate) fn of(gid: u32) -> Option<Self> {
        let known = nix::unistd::Group::from_gid(Gid::from_raw(gid)).ok().flatten();
        let known = known.map(|group| Self {
            name: group.name,
            members: group.mem,
        });
        known.or_else(|| asked("group", &gid.to_string(), Self::read))
    }

    /// Reads a line as in `/etc/group`.
    fn read(line: &str) -> Option<Self> {
        let mut fields = line.split(':');
        let name = fields.next()?.to_owned();
        let members = fields.nth(2)?.split(',').filter(|member| !member.is_empty());
        Some(Self {
            name,
            members: members.map(str::to_owned).collect(),
        })
    }
}

/// Returns the addresses of a host, in the order in which they are to be tried. An error has the system's
/// reason why there are none.
pub(crate) fn addresses(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    let mut found: Vec<SocketAddr> = Vec::new();
    let mut add = |address| {
        if !found.contains(&address) {
            found.push(address);
        }
    };
    let elsewhere = !ASKS_ALL && host.parse::<IpAddr>().is_err() && asks_others(&services());
    match elsewhere.then(|| getent("ahosts", host)) {
        Some(Ok(Some(answer))) => {
            for address in answer.lines().filter_map(|line| line.split_whitespace().next()) {
                (address, port).to_socket_addrs()?.for_each(&mut add);
            }
        }
        Some(Ok(None)) => return Err(io::Error::other("Name or service not known")),
        // Without `getent` there is nobody else to ask.
        Some(Err(_)) | None => (host, port).to_socket_addrs()?.for_each(&mut add),
    }
    Ok(found)
}

/// Returns the line of nsswitch.conf that names the services for hosts.
fn services() -> String {
    let text = std::fs::read_to_string("/etc/nsswitch.conf").unwrap_or_default();
    let lines = text
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default().trim());
    let mut hosts = lines.filter_map(|line| line.strip_prefix("hosts:"));
    hosts.next().unwrap_or_default().to_owned()
}

/// Returns true if services are named that musl does not ask.
fn asks_others(services: &str) -> bool {
    services
        .split_whitespace()
        .any(|service| !matches!(service, "files" | "dns"))
}

/// Asks `getent` for one entry, where this program's libc does not know all of them.
fn asked<T>(database: &str, key: &str, read: impl Fn(&str) -> Option<T>) -> Option<T> {
    if ASKS_ALL {
        return None;
    }
    read(getent(database, key).ok()??.lines().next()?)
}

/// Returns the answer of `getent`; `None` if there is no such entry. An error means that it could not answer.
fn getent(database: &str, key: &str) -> io::Result<Option<String>> {
    let mut answer = File::from(memfd_create("answer", MemfdFlags::CLOEXEC)?);
    let mut child = Command::new("getent")
        .args(["--", database, key])
        .stdin(Stdio::null())
        .stdout(answer.try_clone()?)
        .stderr(Stdio::null())
        .spawn()?;
    let until = Instant::now() + PATIENCE;
    let ended = wait_for(&mut child, until, |process, until| {
        sleep(process, until);
        Ok(())
    });
    let status = match ended {
        Ok(Some(status)) => status,
        ended => {
            let _ = child.kill();
            let _ = child.wait();
            ended?;
            return Err(io::Error::new(io::ErrorKind::TimedOut, "no answer"));
        }
    };
    match status.code() {
        Some(0) => {
            answer.rewind()?;
            let mut text = String::new();
            answer.take(LONGEST).read_to_string(&mut text)?;
            Ok(Some(text))
        }
        Some(UNKNOWN) => Ok(None),
        _ => Err(io::Error::other(status.to_string())),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{SystemAccount, SystemGroup, asks_others, getent};

    #[test]
    fn an_account_and_a_group_are_read_from_their_lines() {
        let account = SystemAccount::read("deploy:x:1001:1001:Deploy,,,:/home/deploy:/bin/sh").unwrap();
        assert_eq!(
            (account.name.as_str(), account.home.to_str().unwrap()),
            ("deploy", "/home/deploy")
        );
        assert_eq!(SystemAccount::read("deploy:x:1001"), None);
        let group = SystemGroup::read("deployers:*:2000:ann,bob").unwrap();
        assert_eq!(
            (group.name.as_str(), group.members),
            ("deployers", vec!["ann".to_owned(), "bob".to_owned()])
        );
        assert!(SystemGroup::read("deploy:x:1001:").unwrap().members.is_empty());
        assert_eq!(SystemGroup::read("deploy"), None);
    }

    #[test]
    fn getent_answers_as_libc_does_and_knows_who_is_not_there() {
        let root = getent("passwd", "0").unwrap().unwrap();
        assert_eq!(SystemAccount::read(root.trim()), SystemAccount::of(0));
        assert!(
            getent("ahosts", "127.0.0.1")
                .unwrap()
                .unwrap()
                .starts_with("127.0.0.1 ")
        );
        assert_eq!(getent("passwd", "nobody-has-this-name").unwrap(), None);
        assert!(getent("no-such-database", "x").is_err());
        // A name is no option, whatever it begins with.
        assert_eq!(getent("passwd", "--version").unwrap(), None);
    }

    #[test]
    fn only_files_and_dns_are_asked_without_getent() {
        assert!(!asks_others(" files dns"));
        assert!(!asks_others(""));
        assert!(asks_others("files mdns4_minimal [NOTFOUND=return] dns"));
        assert!(asks_others("files resolve [!UNAVAIL=return] dns"));
    }
}
