//! The `flipper` application under source control: Subversion over HTTP, as the manual's recipe names it, and git.

use std::fs;
use std::io;
use std::net::Ipv4Addr;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use super::host::Host;
use super::requirements::SUBVERSION_MODULE;
use super::{place, root, run};

/// The name of the Subversion server.
pub const SERVER: &str = "svn.capistrano.com";

const HTTP_PORT: u16 = 80;
/// A repository that holds the application.
#[derive(Debug)]
pub struct Repository {
    /// The address for `set :repository`.
    pub url: String,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    /// The address of trunk on this machine, and a configuration directory, so that the user's own is not made.
    Subversion(String, PathBuf),
    /// A clone to commit in.
    Git(PathBuf),
}

impl Repository {
    /// Commits a file with this content; returns the new revision.
    pub fn commit(&self, path: &str, text: &str) -> Result<String> {
        match &self.kind {
            Kind::Subversion(trunk, configuration) => {
                let file = configuration.with_extension("new");
                fs::write(&file, text)?;
                let put = || {
                    let mut command = Command::new("svnmucc");
                    command.args([
                        "--non-interactive",
                        "-u",
                        "jamis",
                        "-m",
                        &format!("change {path}"),
                        "--config-dir",
                    ]);
                    run(command
                        .arg(configuration)
                        .arg("put")
                        .arg(&file)
                        .arg(format!("{trunk}/{path}")))
                };
                if put().is_err() {
                    let parent = Path::new(trunk)
                        .join(path)
                        .parent()
                        .map(Path::to_owned)
                        .unwrap_or_default();
                    run(Command::new("svn")
                        .args(["mkdir", "-q", "--parents", "-m", "make room", "--config-dir"])
                        .arg(configuration)
                        .arg(parent))?;
                    put()?;
                }
            }
            Kind::Git(clone) => return self.change(clone, path, |file| fs::write(file, text)),
        }
        self.revision()
    }

    /// Commits a symbolic link to git, in place of what is there; returns the new revision.
    pub fn link(&self, path: &str, target: &str) -> Result<String> {
        let Kind::Git(clone) = &self.kind else {
            bail!("links are committed to git alone");
        };
        let place = clone.join(path);
        if place.is_dir() {
            fs::remove_dir_all(&place)?;
        }
        let _ = fs::remove_file(&place);
        self.change(clone, path, |file| symlink(target, file))
    }

    fn change(&self, clone: &Path, path: &str, write: impl FnOnce(&Path) -> io::Result<()>) -> Result<String> {
        let file = clone.join(path);
        fs::create_dir_all(file.parent().unwrap_or(clone))?;
        write(&file)?;
        git_in(clone, &["add", "--all"])?;
        git_in(clone, &["commit", "-q", "-m", &format!("change {path}")])?;
        git_in(clone, &["push", "-q", "origin", "HEAD"])?;
        self.revision()
    }

    /// Returns the newest revision, as its tool names it.
    pub fn revision(&self) -> Result<String> {
        Ok(match &self.kind {
            Kind::Subversion(trunk, configuration) => run(Command::new("svn")
                .args([
                    "info",
                    "--non-interactive",
                    "--show-item",
                    "last-changed-revision",
                    trunk,
                    "--config-dir",
                ])
                .arg(configuration))?,
            Kind::Git(clone) => git_in(clone, &["rev-parse", "HEAD"])?,
        }
        .trim()
        .to_owned())
    }
}

/// Makes the Subversion repository and its server.
pub fn subversion(directory: &Path, address: Ipv4Addr) -> Result<(Host, Repository)> {
    let sources = directory.join("sources");
    let repository = sources.join("svn/flipper");
    fs::create_dir_all(sources.join("svn"))?;
    run(Command::new("svnadmin").arg("create").arg(&repository))?;
    let trunk = format!("file://{}/trunk", repository.display());
    let configuration = directory.join("client/subversion");
    run(Command::new("svn")
        .args([
            "import",
            "-q",
            "--non-interactive",
            "--no-ignore",
            "--username",
            "jamis",
            "-m",
            "flipper",
        ])
        .arg(application())
        .arg(&trunk)
        .arg("--config-dir")
        .arg(&configuration))?;
    let path = directory.join("hosts").join(SERVER);
    root::make(&path, SERVER, &format!("127.0.0.1 localhost\n{address} {SERVER}\n"), "")?;
    fs::create_dir_all(path.join(sources.strip_prefix("/")?))?;
    root::write(&path.join("etc/httpd.conf"), 0o644, &http_config(address, &repository))?;
    let program = ["/usr/sbin/apache2", "-D", "FOREGROUND", "-f", "/etc/httpd.conf"]
        .map(str::to_owned)
        .to_vec();
    let server = Host::new(SERVER, (address, HTTP_PORT), path, sources, program);
    server.start()?;
    server.wait()?;
    Ok((
        server,
        Repository {
            url: format!("http://{SERVER}/flipper/trunk"),
            kind: Kind::Subversion(trunk, configuration),
        },
    ))
}

/// Makes the git repository.
pub fn git(directory: &Path) -> Result<Repository> {
    let bare = directory.join("sources/git/flipper.git");
    let clone = directory.join("client/flipper");
    fs::create_dir_all(&bare)?;
    run(Command::new("cp").arg("-R").arg(application()).arg(&clone))?;
    git_in(&bare, &["init", "-q", "--bare", "-b", "main"])?;
    git_in(&clone, &["init", "-q", "-b", "main"])?;
    git_in(&clone, &["add", "--all"])?;
    git_in(&clone, &["commit", "-q", "-m", "flipper"])?;
    git_in(&clone, &["remote", "add", "origin", &bare.display().to_string()])?;
    git_in(&clone, &["push", "-q", "origin", "HEAD"])?;
    Ok(Repository {
        url: bare.display().to_string(),
        kind: Kind::Git(clone),
    })
}

fn application() -> PathBuf {
    place::checkout().join("tests/fleet/flipper")
}

fn git_in(directory: &Path, arguments: &[&str]) -> Result<String> {
    let mut command = Command::new("git");
    command
        .current_dir(directory)
        .args([
            "-c",
            "user.name=Jamis",
            "-c",
            "user.email=jamis@capistrano.com",
            "-c",
            "safe.directory=*",
        ])
        .args(arguments);
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
        command.env_remove(name);
    }
    run(command
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1"))
}

fn http_config(address: Ipv4Addr, repository: &Path) -> String {
    let modules = Path::new(SUBVERSION_MODULE)
        .parent()
        .unwrap_or(Path::new("/"))
        .display();
    format!(
        "ServerRoot /run\nServerName {SERVER}\nListen {address}:{HTTP_PORT}\nPidFile /run/httpd.pid\n\
         User #5000\nGroup #5000\nErrorLog /dev/stderr\nLogLevel warn\nDocumentRoot /srv\n\
         LoadModule mpm_event_module {modules}/mod_mpm_event.so\n\
         LoadModule authz_core_module {modules}/mod_authz_core.so\n\
         LoadModule dav_module {modules}/mod_dav.so\n\
         LoadModule dav_svn_module {modules}/mod_dav_svn.so\n\
         StartServers 1\nMaxRequestWorkers 100\n\
         <Location /flipper>\n  DAV svn\n  SVNPath \"{}\"\n</Location>\n",
        repository.display()
    )
}
