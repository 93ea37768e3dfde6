//! Targets of `scripts/fuzz`: what servers say before anybody is logged in, and the files that other programs write for ssh.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use crate::configuration::Server;
use crate::fuzz::Target;
use crate::session::{Connector as _, Destination, Report, SessionId, SshOptions};

use super::auth::fuzz::{read_key, read_question};
use super::certificate::Certificate;
use super::config::fuzz::read_config;
use super::hostkey::key_type;
use super::known_hosts::{KnownHosts, fingerprint};
use super::{SshConnector, SshEnvironment};

/// All of this folder.
pub const TARGETS: &[Target] = &[
    Target {
        name: "greeting",
        about: "a server, until a login would begin: its version, its key exchange",
        seeds: &[include_bytes!("../../../tests/fixtures/fuzz/greeting")],
        words: &[
            "SSH-2.0-",
            "SSH-1.99-x\n",
            "\r\n",
            "\n",
            "\0",
            "curve25519-sha256",
            "ssh-ed25519",
            ",",
            "\0\0\0\x0bssh-ed25519",
            "none",
        ],
        read: read_greeting,
    },
    Target {
        name: "question",
        about: "a server that asks for a password or a code",
        seeds: &[b"Password: ", b"(deploy@app1) Password: ", "Mot de passe :".as_bytes(), b"Duo\r\npasscode: "],
        words: &["password", "\x1b[2J", "\u{202e}", "\u{9b}", "\r", "\n", "code", "\u{130}", "@", "."],
        read: read_question,
    },
    Target {
        name: "known_hosts",
        about: "whoever writes known_hosts files",
        seeds: &[
            b"www1.example.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJcEJxLYvvCDlq/IQCV+cOTJcRHq+9tPHpdAiUyrgGRx x\n",
            b"@cert-authority *.example.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJcEJxLYvvCDlq/IQCV+cOTJcRHq+9tPHpdAiUyrgGRx\n\
              @revoked * ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJcEJxLYvvCDlq/IQCV+cOTJcRHq+9tPHpdAiUyrgGRx\n# a comment\n",
            b"|1|F1E1KeoE/eEWhi10WpGv4OdiO6Y=|3988QV0VE8wmZL7suNrYQLITLCg= ssh-ed25519 \
              AAAAC3NzaC1lZDI1NTE5AAAAIJcEJxLYvvCDlq/IQCV+cOTJcRHq+9tPHpdAiUyrgGRx\n[www1.example.com]:2222,!a,10.0.0.* \
              ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJcEJxLYvvCDlq/IQCV+cOTJcRHq+9tPHpdAiUyrgGRx\n",
        ],
        words: &["@", "@revoked", "@cert-authority", "|1|", "|", "=", "*", "?", "!", ",", "[", "]:", " ", "\t", "\n", "\0", "ssh-rsa"],
        read: read_known_hosts,
    },
    Target {
        name: "certificate",
        about: "a server that shows a certificate",
        seeds: &[
            include_bytes!("../../../tests/fixtures/fuzz/host-ed25519.cert"),
            include_bytes!("../../../tests/fixtures/fuzz/host-ecdsa.cert"),
            include_bytes!("../../../tests/fixtures/fuzz/host-rsa.cert"),
        ],
        words: &["\0\0\0\x0bssh-ed25519", "-cert-v01@openssh.com", "*", "\0\0\0\0", "\x7f\u{7f}"],
        read: read_certificate,
    },
    Target {
        name: "ssh_config",
        about: "whoever writes ssh_config files",
        seeds: &[
            b"Host a *.b !c\n  HostName %h.example.com\n  User deploy\n  Port 2222\n  ProxyJump x@y:22,z\n",
            b"Match host a,b user c originalhost !d\nIdentityFile ~/.ssh/%u\nCiphers +aes128-ctr\nConnectTimeout 1m30s\n\
              ProxyCommand nc %h %p\nSetEnv A=b \"C=d e\"\n",
            b"Include config.d/* other\nUserKnownHostsFile = /a \"/b c\"\nRequiredRSASize=2048\nHostKeyAlgorithms -ssh-rsa\n",
        ],
        words: &["Host", "Match", "all", "final", "=", "\"", "'", "\\", "%", "%%", "%h", "${HOME}", "~", "*", "!", ",", "\t", "\n", "none", "-1", "999999999999"],
        read: read_config,
    },
    Target {
        name: "key",
        about: "whoever writes key files",
        seeds: &[
            include_bytes!("../../../tests/fixtures/fuzz/plain.key"),
            include_bytes!("../../../tests/fixtures/fuzz/rsa.pem"),
        ],
        words: &["-----BEGIN OPENSSH PRIVATE KEY-----\n", "-----END", "\n", "=", "Proc-Type: 4,ENCRYPTED\n", "AAAA", "////"],
        read: read_key,
    },
];

const HOSTS: [(&str, u16); 3] = [("www1.example.com", 22), ("www1.example.com", 2222), ("10.0.0.1", 22)];

fn read_known_hosts(bytes: &[u8]) -> bool {
    let mut known = KnownHosts::default();
    known.replace(Path::new("known_hosts"), &String::from_utf8_lossy(bytes));
    let found = HOSTS.iter().filter(|(host, port)| {
        let _ = known.authority(host, *port, bytes);
        let _ = known.check(host, *port, "ssh-ed25519", bytes);
        !known.known_types(host, *port).is_empty() || known.has_authority(host, *port)
    });
    found.count() > 0
}

fn read_certificate(bytes: &[u8]) -> bool {
    let _ = (key_type(bytes), fingerprint(bytes));
    let Some(certificate) = Certificate::read(bytes) else {
        return false;
    };
    let _ = certificate.signature();
    let _ = certificate.check("www1.example.com", SystemTime::UNIX_EPOCH);
    true
}

/// How long a login may take here.
const LOGIN: Duration = Duration::from_secs(2);

/// Connects to a server that says these bytes and hangs up. True where it was taken for a server: its key exchange began.
fn read_greeting(bytes: &[u8]) -> bool {
    // Who hangs up without a version is asked a second time, a second later: a few of those are enough.
    let mut lines = bytes.split_inclusive(|byte| *byte == b'\n');
    let has_version = lines.any(|line| line.starts_with(b"SSH-") && line.ends_with(b"\n"));
    if !has_version && !bytes.len().is_multiple_of(512) {
        return false;
    }
    TcpListener::bind("127.0.0.1:0").is_ok_and(|listener| converse(&listener, bytes))
}

fn converse(listener: &TcpListener, bytes: &[u8]) -> bool {
    let Ok(address) = listener.local_addr() else {
        return false;
    };
    let options = SshOptions {
        user: Some("fuzz".to_owned()),
        port: Some(address.port()),
        keys_only: Some(true),
        config: Some(Vec::new()),
        user_known_hosts_files: Some(vec![PathBuf::from("/dev/null")]),
        login_timeout: LOGIN,
        ..SshOptions::default()
    };
    let server = Server::host("127.0.0.1");
    let (sender, reports) = channel();
    let connector = SshConnector::new(SshEnvironment::default());
    let is_over = AtomicBool::new(false);
    let began = Instant::now();
    thread::scope(|scope| {
        scope.spawn(|| {
            for client in listener.incoming().map_while(Result::ok) {
                if is_over.load(Ordering::Relaxed) {
                    return;
                }
                say(client, bytes);
            }
        });
        let session = connector.connect(SessionId(0), &Destination { server, options }, sender);
        let mut error = String::new();
        while let Ok(report) = reports.recv_timeout(LOGIN * 5) {
            if let Report::ConnectFailed(_, reason) = report {
                error = reason.to_string();
                break;
            }
        }
        drop(session);
        is_over.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(address);
        assert!(!error.is_empty(), "the login neither fails nor ends");
        assert!(began.elapsed() < LOGIN * 4, "the login takes {:?}", began.elapsed());
        error.contains("key exchange")
    })
}

fn say(mut client: TcpStream, bytes: &[u8]) {
    let _ = client.write_all(bytes);
    let _ = client.shutdown(Shutdown::Write);
    let _ = client.set_read_timeout(Some(LOGIN));
    let mut buffer = [0; 4096];
    while client.read(&mut buffer).is_ok_and(|count| count > 0) {}
}

#[cfg(test)]
mod tests {
    use super::TARGETS;

    #[test]
    fn what_servers_and_files_of_ssh_say_is_survived() {
        crate::fuzz::survives(TARGETS, 300);
    }
}
