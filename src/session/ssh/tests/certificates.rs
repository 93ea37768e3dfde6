//! Servers that show certificates, compared with what ssh itself accepts.

use std::fs;
use std::process::{Command as Process, Stdio};

use tempfile::TempDir;

use crate::deadline::InTime;
use crate::session::{ConnectError, HostKeyPolicy, Phase, SshOptions};

use crate::session::ssh::testing::{Sshd, make_key, me};

/// A server whose key of this type is signed by an authority of that type, with these options for `ssh-keygen`.
struct Certified {
    keys: TempDir,
    sshd: Sshd,
}

impl Certified {
    fn new(key: &str, authority: &[&str], words: &[&str]) -> Self {
        let keys = TempDir::new().unwrap();
        let path = |name: &str| keys.path().join(name);
        make_key(&path("authority"), authority);
        make_key(&path("key"), &["-t", key]);
        let signed = Process::new("ssh-keygen")
            .args(["-q", "-I", "test"])
            .args(words)
            .arg("-s")
            .arg(path("authority"))
            .arg(path("key.pub"))
            .in_time();
        assert!(signed.status.success(), "{words:?}");
        let sshd = Sshd::with(&format!(
            "HostKey {}\nHostCertificate {}\n",
            path("key").display(),
            path("key-cert.pub").display()
        ));
        Self { keys, sshd }
    }

    fn public(&self, name: &str) -> String {
        fs::read_to_string(self.keys.path().join(format!("{name}.pub"))).unwrap()
    }

    fn known(&self, lines: &str) {
        fs::write(self.sshd.path("known_hosts"), lines).unwrap();
    }

    fn connect(&self) -> Result<(), ConnectError> {
        let options = SshOptions {
            verify_host_key: Some(HostKeyPolicy::Strict),
            ..self.sshd.options()
        };
        self.sshd.connect_with(options).map(drop)
    }

    fn ssh_connects(&self) -> bool {
        let known = self.sshd.path("known_hosts");
        let status = Process::new("ssh")
            .args(["-F", "none", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes"])
            .arg("-o")
            .arg(format!("UserKnownHostsFile={}", known.display()))
            .args(["-o", "GlobalKnownHostsFile=none", "-i"])
            .arg(self.sshd.path("id"))
            .args(["-p", &self.sshd.port.to_string()])
            .arg(format!("{}@127.0.0.1", me()))
            .arg("true")
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .in_time()
            .status;
        status.success()
    }
}

const ED25519: &[&str] = &["-t", "ed25519"];

#[test]
fn k9_a_certificate_of_a_known_authority_is_taken_where_ssh_takes_it() {
    let rsa: &[&str] = &["-t", "rsa", "-b", "2048"];
    for (key, authority, words, expected) in [
        ("ed25519", ED25519, &["-h"][..], Ok(())),
        (
            "ecdsa",
            &["-t", "ecdsa", "-b", "256"],
            &["-h", "-n", "127.0.0.1"],
            Ok(()),
        ),
        (
            "rsa",
            &["-t", "ecdsa", "-b", "384"],
            &["-h", "-n", "app1,127.0.0.1"],
            Ok(()),
        ),
        (
            "ed25519",
            &["-t", "ecdsa", "-b", "521"],
            &["-h", "-n", "127.0.0.*"],
            Ok(()),
        ),
        ("ed25519", rsa, &["-h", "-t", "rsa-sha2-256"], Ok(())),
        ("ecdsa", rsa, &["-h", "-t", "rsa-sha2-512", "-V", "-1d:+1d"], Ok(())),
        (
            "ed25519",
            rsa,
            &["-h", "-t", "ssh-rsa"],
            Err("its signature is wrong, or of a kind"),
        ),
        (
            "ed25519",
            ED25519,
            &["-h", "-n", "app1,app2"],
            Err("it is for app1, app2"),
        ),
        ("ed25519", ED25519, &["-h", "-V", "-2d:-1d"], Err("it expired 20")),
        (
            "ed25519",
            ED25519,
            &["-h", "-V", "+1d:+2d"],
            Err("it is not valid before 20"),
        ),
        (
            "ed25519",
            ED25519,
            &["-h", "-O", "critical:dance=yes"],
            Err("it asks for `dance'"),
        ),
    ] {
        let server = Certified::new(key, authority, words);
        server.known(&format!("@cert-authority * {}", server.public("authority")));
        // Only newer versions of ssh accept patterns of names.
        if !words.iter().any(|word| word.contains('*')) {
            assert_eq!(server.ssh_connects(), expected.is_ok(), "{words:?}");
        }
        match (server.connect(), expected) {
            (Ok(()), Ok(())) => {}
            (Err(error), Err(why)) => {
                let start = format!("host certificate of 127.0.0.1 is not accepted: {why}");
                assert!(error.reason.starts_with(&start), "{words:?}: {error}");
                assert_eq!(error.phase, Phase::HostKey);
                assert!(error.hints[0].contains("known_hosts:1; "), "{:?}", error.hints);
            }
            (result, _) => panic!("{key} {authority:?} {words:?}: {result:?}"),
        }
    }
}

#[test]
fn k9_a_certificate_of_another_authority_is_worth_no_more_than_its_key() {
    let server = Certified::new("ed25519", ED25519, &["-h"]);
    let (authority, key) = (server.public("authority"), server.public("key"));
    make_key(&server.keys.path().join("other"), ED25519);
    let other = server.public("other");
    let port = server.sshd.port;
    for (lines, expected) in [
        (format!("@cert-authority * {other}"), Err("is not known")),
        (format!("@cert-authority * {other}* {key}"), Ok(())),
        (format!("@cert-authority * {other}* {other}"), Err("has changed")),
        (format!("@cert-authority app1 {authority}"), Err("is not known")),
        (format!("@cert-authority [127.0.0.*]:{port} {authority}"), Ok(())),
        (
            format!("@cert-authority * {authority}@revoked * {authority}"),
            Err("is revoked"),
        ),
        (
            format!("@cert-authority * {authority}@revoked * {key}"),
            Err("is revoked"),
        ),
        (format!("@cert-authority * {authority}* {other}"), Ok(())),
    ] {
        server.known(&lines);
        assert_eq!(server.ssh_connects(), expected.is_ok(), "{lines}");
        match (server.connect(), expected) {
            (Ok(()), Ok(())) => {}
            (Err(error), Err(why)) => assert!(error.reason.contains(why), "{lines}{error}"),
            (result, _) => panic!("{lines}: {result:?}"),
        }
    }
}

#[test]
fn a_users_certificate_and_a_forged_one_prove_no_host() {
    use crate::session::ssh::certificate::HostCertificate;
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use std::time::SystemTime;

    let blob = |words: &[&str]| {
        let server = Certified::new("ed25519", ED25519, words);
        let line = fs::read_to_string(server.keys.path().join("key-cert.pub")).unwrap();
        STANDARD.decode(line.split(' ').nth(1).unwrap()).unwrap()
    };
    let why = |blob: &[u8]| HostCertificate::read(blob).map(|read| read.check("app1", SystemTime::now()));
    let host = blob(&["-h"]);
    assert_eq!(why(&host), Some(Ok(())));
    assert_eq!(why(&blob(&[])), Some(Err("it is a user's".to_owned())));
    // A certificate with any byte changed, or cut off anywhere, is not read or not accepted.
    for at in 0..host.len() {
        let mut forged = host.clone();
        forged[at] ^= 1;
        assert_ne!(why(&forged), Some(Ok(())), "byte {at}");
        assert_ne!(why(&host[..at]), Some(Ok(())), "to byte {at}");
    }
}

#[test]
fn k9_a_binary_list_revokes_certificates_by_number_by_name_and_with_their_authority() {
    let server = Certified::new("ed25519", ED25519, &["-h", "-z", "7"]);
    let authority = server.public("authority");
    server.known(&format!("@cert-authority * {authority}"));
    let path = |name: &str| server.keys.path().join(name);
    for (list, is_revoked) in [
        ("serial: 7\n", true),
        ("serial: 8\n", false),
        ("id: test\n", true),
        ("id: other\n", false),
        (authority.as_str(), true),
        (server.public("key").as_str(), true),
    ] {
        fs::write(path("list"), list).unwrap();
        let mut make = Process::new("ssh-keygen");
        make.args(["-q", "-k", "-f"]).arg(path("krl"));
        if list.contains(": ") {
            make.arg("-s").arg(path("authority.pub"));
        }
        assert!(make.arg(path("list")).in_time().status.success());
        fs::write(
            path("ssh_config"),
            format!("RevokedHostKeys {}\n", path("krl").display()),
        )
        .unwrap();
        let options = SshOptions {
            config: Some(vec![path("ssh_config")]),
            verify_host_key: Some(HostKeyPolicy::Strict),
            ..server.sshd.options()
        };
        match server.sshd.connect_with(options) {
            Ok(_) => assert!(!is_revoked, "{list}"),
            Err(error) => assert!(is_revoked && error.reason.contains("is revoked in"), "{list}: {error}"),
        }
    }
}

#[test]
fn k9_how_an_authority_may_sign_is_said_by_the_files() {
    let rsa: &[&str] = &["-t", "rsa", "-b", "2048"];
    let server = Certified::new("ed25519", rsa, &["-h", "-t", "rsa-sha2-256"]);
    server.known(&format!("@cert-authority * {}", server.public("authority")));
    for (list, is_taken) in [
        ("rsa-sha2-256", true),
        ("+ssh-ed25519", true),
        ("rsa-sha2-512,ssh-ed25519", false),
        ("-rsa*", false),
    ] {
        let file = server.keys.path().join("ssh_config");
        fs::write(&file, format!("CASignatureAlgorithms {list}\n")).unwrap();
        let options = SshOptions {
            config: Some(vec![file]),
            verify_host_key: Some(HostKeyPolicy::Strict),
            ..server.sshd.options()
        };
        match server.sshd.connect_with(options) {
            Ok(_) => assert!(is_taken, "{list}"),
            Err(error) => {
                let why = "it is signed with rsa-sha2-256, which CASignatureAlgorithms leaves out";
                assert!(!is_taken && error.reason.ends_with(why), "{list}: {error}");
            }
        }
    }
}
