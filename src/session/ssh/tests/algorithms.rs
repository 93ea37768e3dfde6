//! The algorithms that are offered, and the errors for servers that have others.

use crate::session::ssh::SshEnvironment;
use crate::session::ssh::testing::{Client, PATIENCE, Sshd};
use crate::session::{ConnectError, LoginReport, Negotiated, Report, SshOptions};

fn negotiated(sshd: &Sshd, options: SshOptions) -> Result<Negotiated, ConnectError> {
    let client = Client::begin("127.0.0.1", options, SshEnvironment::default());
    let mut algorithms = None;
    loop {
        match client.reports.recv_timeout(PATIENCE).expect("a report in time") {
            Report::Login(_, LoginReport::Negotiated(told)) => algorithms = Some(told),
            Report::Login(_, LoginReport::HostKeyAdded(_)) => {}
            Report::Connected(..) => return Ok(algorithms.expect("algorithms before the login")),
            Report::ConnectFailed(_, error) => return Err(error),
            other => panic!("{other:?} {}", sshd.log()),
        }
    }
}

/// The algorithms that OpenSSH 7.4 offers by default, as far as the installed version still supports them.
const OF_7_4: &str = "Ciphers chacha20-poly1305@openssh.com,aes128-ctr,aes192-ctr,aes256-ctr,aes128-gcm@openssh.com,aes256-gcm@openssh.com
MACs umac-64-etm@openssh.com,umac-128-etm@openssh.com,hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com,hmac-sha1-etm@openssh.com,umac-64@openssh.com,umac-128@openssh.com,hmac-sha2-256,hmac-sha2-512,hmac-sha1
KexAlgorithms curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256,ecdh-sha2-nistp384,ecdh-sha2-nistp521,diffie-hellman-group-exchange-sha256,diffie-hellman-group16-sha512,diffie-hellman-group18-sha512,diffie-hellman-group14-sha256,diffie-hellman-group14-sha1";

#[test]
fn usual_servers_are_reached_with_authenticated_ciphers_or_macs_of_what_is_encrypted() {
    for (configuration, cipher, mac) in [
        ("", "chacha20-poly1305@openssh.com", None),
        (OF_7_4, "chacha20-poly1305@openssh.com", None),
        (
            "Ciphers aes256-gcm@openssh.com\nMACs hmac-sha2-256",
            "aes256-gcm@openssh.com",
            None,
        ),
        (
            "Ciphers chacha20-poly1305@openssh.com\nMACs hmac-sha2-256",
            "chacha20-poly1305@openssh.com",
            None,
        ),
        (
            "Ciphers aes128-ctr",
            "aes128-ctr",
            Some("hmac-sha2-256-etm@openssh.com"),
        ),
        (
            "Ciphers aes256-ctr\nMACs hmac-sha2-512-etm@openssh.com,hmac-sha2-256",
            "aes256-ctr",
            Some("hmac-sha2-512-etm@openssh.com"),
        ),
    ] {
        let sshd = Sshd::with(configuration);
        let told = negotiated(&sshd, sshd.options()).unwrap_or_else(|error| panic!("{configuration}: {error}"));
        assert_eq!(
            (told.cipher.as_str(), told.mac.as_deref()),
            (cipher, mac),
            "{configuration}"
        );
        assert_eq!(told.host_key, "ssh-ed25519");
        assert!(told.key_exchange.contains("25519"), "{told:?}");
    }
}

#[test]
fn old_ciphers_and_macs_are_offered_where_they_are_asked_for_and_nowhere_else() {
    let with = |sshd: &Sshd, lists: [Option<&str>; 2]| SshOptions {
        encryption: lists[0].map(str::to_owned),
        hmac: lists[1].map(str::to_owned),
        ..sshd.options()
    };
    for (configuration, cipher, mac) in [
        ("Ciphers aes256-cbc", "aes256-cbc", None),
        (
            "Ciphers aes256-ctr\nMACs hmac-sha2-256",
            "aes256-ctr",
            Some("hmac-sha2-256"),
        ),
    ] {
        let sshd = Sshd::with(configuration);
        let error = negotiated(&sshd, sshd.options()).unwrap_err();
        assert!(
            error.hints.iter().any(|hint| hint.contains("MACs without -etm")),
            "{error:?}"
        );
        for prefix in ["", "+", "^"] {
            let asked = |name: Option<&str>| name.map(|name| format!("{prefix}{name}"));
            let (ciphers, macs) = (asked(Some(cipher)), asked(mac));
            let told = negotiated(&sshd, with(&sshd, [ciphers.as_deref(), macs.as_deref()])).unwrap();
            assert_eq!(told.cipher, cipher, "{prefix}");
            assert!(mac.is_none() || told.mac.as_deref() == mac, "{told:?}");
        }
        // By the files, likewise.
        let lines = format!("Ciphers +{cipher}\nMACs +{}\n", mac.unwrap_or("hmac-sha2-512"));
        std::fs::write(sshd.path("ssh_config"), lines).unwrap();
        let options = SshOptions {
            config: Some(vec![sshd.path("ssh_config")]),
            ..sshd.options()
        };
        assert_eq!(negotiated(&sshd, options).unwrap().cipher, cipher);
    }
}

#[test]
fn a_key_exchange_that_quantum_computers_do_not_break_is_there_with_a_new_openssl() {
    let session = ssh2::Session::new().unwrap();
    let exchanges = session.supported_algs(ssh2::MethodType::Kex).unwrap();
    assert_eq!(
        exchanges.contains(&"mlkem768x25519-sha256"),
        openssl::version::number() >= 0x3050_0000,
        "{}: {exchanges:?}",
        openssl::version::version()
    );
}
