//! Repositories that want a name and a password.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::deadline::LimitedCommand;

use super::stage::{HOSTS, Servers, git};
use super::{A, B};

const NAME: &str = "deploy";
const PASSWORD: &str = "it's \"$HOME\" xyzzy";

/// Serves the files of a repository to who says the name and the password; gives its address.
fn served(repository: PathBuf) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let repository = repository.clone();
            thread::spawn(move || answer(stream.unwrap(), &repository));
        }
    });
    address
}

fn answer(mut stream: TcpStream, repository: &Path) {
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let expected = format!("Authorization: Basic {}", STANDARD.encode(format!("{NAME}:{PASSWORD}")));
    let lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let request: Vec<String> = lines
        .map_while(Result::ok)
        .take_while(|line| !line.is_empty())
        .collect();
    let path = request.first().and_then(|line| line.split([' ', '?']).nth(1));
    let path = path.unwrap_or_default().trim_start_matches('/');
    let (status, body) = match fs::read(repository.join(path)) {
        _ if !request.contains(&expected) => ("401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"code\"", Vec::new()),
        Ok(file) => ("200 OK", file),
        Err(_) => ("404 Not Found", Vec::new()),
    };
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    // Who has what it wanted may be gone.
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body));
}

#[test]
fn g6_git_logs_in_with_the_name_and_the_password_of_the_recipe() {
    let servers = Servers::new();
    let revision = servers.commit("VERSION", "2");
    git(&servers.repository(), &["update-server-info"]);
    let address = served(servers.repository().join(".git"));
    let login = |via: &str, name: &str, password: &str| {
        format!(
            "set :repository, \"{address}\"; set :scm, :git; set :deploy_via, :{via}; set :copy_dir, \"{}\";\n\
             {name} set :scm_password, {password:?};",
            servers.directory.path().display()
        )
    };
    let named = format!("set :scm_username, {NAME:?};");
    for (release, via) in [(A, "remote_cache"), (B, "copy")] {
        let told = servers
            .release(release, &login(via, &named, PASSWORD), &["update"])
            .unwrap();
        assert!(!told.contains("xyzzy"), "{told}");
        for host in HOSTS {
            let deployed = fs::read_to_string(servers.path(host, "current/REVISION")).unwrap();
            assert_eq!(deployed.trim(), revision);
        }
    }
    // Nothing of it is kept.
    let kept = Command::new("grep")
        .args(["-rlF", "xyzzy"])
        .arg(servers.path("one", ""))
        .limited_output();
    assert_eq!(String::from_utf8_lossy(&kept.stdout), "");
    let refused = servers
        .run(&login("remote_cache", &named, "no"), &["update"])
        .unwrap_err();
    let said = format!("{:?}", refused.diagnostic);
    assert!(said.contains("Authentication failed"), "{said}");
    let nobody = servers
        .run(&login("remote_cache", "", PASSWORD), &["update"])
        .unwrap_err();
    let said = nobody.diagnostic.message;
    assert!(said.contains("scm_password is set, but scm_username is not"), "{said}");
    assert_eq!(servers.current("one").as_deref(), Some(B));
}

/// Serves a Subversion repository to the same; gives its address.
fn svn_served(repository: PathBuf) -> String {
    let settings = "[general]\nanon-access = none\nauth-access = write\npassword-db = passwd\n";
    fs::write(repository.join("conf/svnserve.conf"), settings).unwrap();
    let passwords = format!("[users]\n{NAME} = {PASSWORD}\n");
    fs::write(repository.join("conf/passwd"), passwords).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("svn://{}/", listener.local_addr().unwrap());
    thread::spawn(move || {
        // One for each connection, which ends with it.
        for stream in listener.incoming() {
            let socket = OwnedFd::from(stream.unwrap());
            let mut server = Command::new("svnserve");
            server.args(["--inetd", "--root"]).arg(&repository);
            let server = server
                .stdin(socket.try_clone().unwrap())
                .stdout(socket)
                .stderr(Stdio::null());
            let mut server = server.spawn().expect("svnserve cannot be run: scripts/prepare");
            thread::spawn(move || server.wait());
        }
    });
    address
}

#[test]
fn g6_g8_subversion_logs_in_with_the_name_and_the_password_of_the_recipe() {
    let servers = Servers::new();
    let made = servers.path("svn", "");
    let mut create = Command::new("svnadmin");
    create.arg("create").arg(&made);
    assert!(create.limited_output().status.success());
    let trunk = format!("file://{}/trunk", made.display().to_string().trim_end_matches('/'));
    let imported = Command::new("svn")
        .args(["import", "-q", "-m", "first"])
        .arg(servers.repository().join("VERSION"))
        .arg(format!("{trunk}/VERSION"))
        .limited_output();
    assert!(imported.status.success(), "{imported:?}");
    let address = svn_served(made);
    let login = |password: &str| {
        format!(
            "set :repository, \"{address}trunk\"; set :scm, :subversion; set :deploy_via, :export;\n\
             set :scm_username, {NAME:?}; set :scm_password, {password:?};"
        )
    };
    let told = servers.release(A, &login(PASSWORD), &["update"]).unwrap();
    assert!(!told.contains("xyzzy"), "{told}");
    for host in HOSTS {
        assert_eq!(fs::read_to_string(servers.path(host, "current/VERSION")).unwrap(), "1");
    }
    let refused = servers.release(B, &login("no"), &["update"]).unwrap_err();
    let said = format!("{:?}", refused.diagnostic);
    assert!(said.contains("Password incorrect"), "{said}");
    assert_eq!(servers.releases("one"), [A]);
}
