//! The requirements of the fleet; if one is missing, the error says what to install.

use std::path::Path;

use anyhow::{Result, bail};

/// The search path on the servers and for programs that the fleet starts.
pub const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The programs, each with the Debian package that contains it.
const SERVERS: &[(&str, &str)] = &[
    ("unshare", "util-linux"),
    ("nsenter", "util-linux"),
    ("pivot_root", "util-linux"),
    ("mount", "mount"),
    ("hostname", "hostname"),
    ("sshd", "openssh-server"),
    ("ssh", "openssh-client"),
    ("ssh-keygen", "openssh-client"),
    ("sudo", "sudo"),
    ("ps", "procps"),
];

const SUBVERSION: &[(&str, &str)] = &[
    ("svn", "subversion"),
    ("svnadmin", "subversion"),
    ("svnmucc", "subversion"),
    ("apache2", "apache2-bin"),
];

const GIT: &[(&str, &str)] = &[("git", "git")];

/// The module of apache2 that serves Subversion.
pub const SUBVERSION_MODULE: &str = "/usr/lib/apache2/modules/mod_dav_svn.so";

/// Checks that servers can be started at all.
pub fn servers() -> Result<()> {
    if !rustix::process::geteuid().is_root() {
        bail!("the local fleet needs root: its servers have own mounts and process numbers");
    }
    programs(SERVERS)
}

/// Checks for the Subversion server.
pub fn subversion() -> Result<()> {
    programs(SUBVERSION)?;
    if !Path::new(SUBVERSION_MODULE).exists() {
        bail!("{SUBVERSION_MODULE} is missing: apt-get install libapache2-mod-svn");
    }
    Ok(())
}

/// Checks for git.
pub fn git() -> Result<()> {
    programs(GIT)
}

fn programs(wanted: &[(&str, &str)]) -> Result<()> {
    let missing: Vec<_> = wanted.iter().filter(|(program, _)| !installed(program)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let programs: Vec<_> = missing.iter().map(|(program, _)| *program).collect();
    let mut packages: Vec<_> = missing.iter().map(|(_, package)| *package).collect();
    packages.dedup();
    bail!(
        "the local fleet needs {}: apt-get install {}",
        programs.join(", "),
        packages.join(" ")
    );
}

fn installed(program: &str) -> bool {
    PATH.split(':')
        .any(|directory| Path::new(directory).join(program).exists())
}
