//! Targets of `scripts/fuzz`: what servers send before a login, and the files that other programs write for ssh.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use crate::configuration::Server;
use crate::fuzz::Target;
use crate::session::{Connector as _, Destination, Report, SessionId, SshOptions};

use super::agent_guard::fuzz::read_requests;
use super::auth::fuzz::{read_key, read_question};
use super::certificate::HostCertificate;
use super::config::fuzz::read_config;
use super::errand::fuzz::read_processes;
use super::hostkey::key_type;
use super::known_hosts::{KnownHosts, fingerprint};
use super::{SshConnector, SshEnvironment};

/// The targets of this folder.
pub(crate) const TARGETS: &[Target] = &[
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
    Target {
        name: "agent",
        about: "a server that asks our agent for something, and an agent that answers anything",
        seeds: &[
            b"\x00\x05\0\0\0\x01\x0b\x81\x05\0\0\0\x01\x0c\x00\x05\0\0\0\x01\x0d\x01\x05\0\0\0\x01\x0e",
            b"\x03\x05\0\0\0\x01\x06\x00\x25\0\0\0\x21\x1b\0\0\0\x18session-bind@openssh.com\0\0\0\0\x01\x05\0\0\0\x01\x06",
            b"\x00\x0d\0\0\0\x09\x14\0\0\0\x04/x.s",
        ],
        words: &[
            "\0\0\0\u{1}\u{b}",
            "\0\0\0\u{1}\u{d}",
            "\0\0\0\u{1}\u{11}",
            "\u{1b}\0\0\0\u{18}session-bind@openssh.com",
            "\0\u{4}\0\u{1}",
            "\u{1}\u{5}",
            "\0\u{5}",
        ],
        read: read_requests,
    },
    Target {
        name: "processes",
        about: "a server that tells of its processes when a command is to end",
        seeds: &[
            b"\x81motd\ncapr 5f5f ready 15 10\n20 10 20 1 S other\n21 20 20 2 S sudo\n22 21 22 3 S sudo\n23 22 22 4 R other\n\
              still 20 1\nstill 21 2\nstill 22 3\ncapr 5f5f done\n21 1 20 2 S other\n30 21 20 5 S other\nstill 21 2\ncapr 5f5f done\n",
            b"\x12capr 5f5f ready 15 10\n20 10 20 1 S other\n40 10 7 2 Z sudo\n41 10 7 3 S other\nstill 20 1\nstill 41 3\n\
              capr 5f5f done\ncapr 5f5f unproven\n",
        ],
        words: &[
            "capr 5f5f ",
            "capr 5f5f done\n",
            "capr 5f5f ready 15 10\n",
            "capr 5f5f unproven\n",
            "still ",
            "still 20 1\n",
            " sudo\n",
            " other\n",
            "4294967295",
            "18446744073709551616",
            "-1",
            "20 10 20 1 S other\n",
            "\n",
            " ",
        ],
        read: read_processes,
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
    let Some(certificate) = HostCertificate::read(bytes) else {
        return false;
    };
    let _ = certificate.signature();
    let _ = certificate.check("www1.example.com", SystemTime::UNIX_EPOCH);
    true
}

/// The longest time that a login may take here.
const LOGIN: Duration = Duration::from_secs(2);

/// Connects to a server that sends these bytes and hangs up. Returns true if the key exchange began.
fn read_greeting(bytes: &[u8]) -> bool {
    TcpListener::bind((next_address(), 0)).is_ok_and(|listener| converse(&listener, bytes))
}

/// Returns one loopback address after the other. The kernel remembers closed connections for a minute; on one address alone some
/// hundred inputs a second soon met ports that were still remembered, and waited a second for the kernel to ask again.
fn next_address() -> Ipv4Addr {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let next = NEXT.fetch_add(1, Ordering::Relaxed) % (1 << 16);
    let [.., third, fourth] = next.to_be_bytes();
    Ipv4Addr::new(127, 77, third, fourth)
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
        busy_pause: Duration::ZERO,
        ..SshOptions::default()
    };
    let server = Server::host(address.ip().to_string());
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
