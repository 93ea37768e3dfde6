//! Keys that a program names, and keys that a binary list revokes, compared with what ssh itself accepts.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command as Process, Stdio};
use std::time::{Duration, Instant};

use crate::deadline::InTime;
use crate::session::{ConnectError, Phase, SshOptions};

use crate::session::ssh::config::SshConfig;
use crate::session::ssh::hostkey::Expected;
use crate::session::ssh::testing::{Client, PATIENCE, Sshd, make_key, me};
use crate::session::ssh::{SshEnvironment, inbox};

/// A variable of the environment.
const VARIABLE: [&str; 2] = ["CAPR_TEST", "a value"];

/// Returns options with a configuration file; DIR in it stands for the server's folder.
fn options(sshd: &Sshd, lines: &str) -> SshOptions {
    let lines = lines.replace("DIR", &sshd.folder.path().display().to_string());
    fs::write(sshd.path("ssh_config"), lines).unwrap();
    SshOptions {
        config: Some(vec![sshd.path("ssh_config")]),
        ..sshd.options()
    }
}

fn connect(sshd: &Sshd, lines: &str) -> Result<(), ConnectError> {
    sshd.connect_with(options(sshd, lines)).map(drop)
}

fn ssh_connects(sshd: &Sshd) -> bool {
    let status = Process::new("ssh")
        .arg("-F")
        .arg(sshd.path("ssh_config"))
        .args(["-o", "BatchMode=yes", "-o", "GlobalKnownHostsFile=none", "-o"])
        .arg(format!("UserKnownHostsFile={}", sshd.path("known_hosts").display()))
        .arg("-i")
        .arg(sshd.path("id"))
        .args(["-p", &sshd.port.to_string()])
        .arg(format!("{}@127.0.0.1", me()))
        .arg("true")
        .env(VARIABLE[0], VARIABLE[1])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .in_time()
        .status;
    status.success()
}

/// Writes a program with these shell commands.
fn program(sshd: &Sshd, name: &str, text: &str) {
    let text = text.replace("DIR", &sshd.folder.path().display().to_string());
    fs::write(sshd.path(name), format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(sshd.path(name), fs::Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn k9_keys_that_a_program_names_are_known_as_ssh_knows_them() {
    let sshd = Sshd::with_keys(&["ecdsa"]);
    make_key(&sshd.path("other"), &["-t", "ed25519"]);
    for (text, line, expected) in [
        // The name is given as it stands in files, with its port.
        ("echo \"$1 $(cat DIR/host_key.pub)\"", "DIR/keys %H", Ok(())),
        ("echo \"* $(cat DIR/host_key.pub)\"", "DIR/keys", Ok(())),
        // The server is asked for the key that is known.
        ("echo \"* $(cat DIR/host_ecdsa.pub)\"", "DIR/keys", Ok(())),
        ("echo \"$1 $2 $3\"", "DIR/keys %H %t %K", Ok(())),
        (
            "echo \"other $(cat DIR/host_key.pub)\"",
            "DIR/keys",
            Err("is not known"),
        ),
        ("true", "DIR/keys", Err("is not known")),
        (
            "echo \"* $(cat DIR/other.pub)\"",
            "DIR/keys",
            Err("known is ssh-ed25519"),
        ),
        (
            "echo \"@revoked * $(cat DIR/host_key.pub)\"",
            "DIR/keys",
            Err("is revoked in KnownHostsCommand:1"),
        ),
        ("echo no such table >&2; exit 3", "DIR/keys", Err("keys: no such table")),
        ("exit 3", "DIR/keys", Err("keys: exit status: 3")),
        ("kill $$", "DIR/keys", Err("keys: signal: 15")),
    ] {
        program(&sshd, "keys", text);
        let lines = format!("KnownHostsCommand {line}\nStrictHostKeyChecking yes\n");
        match (connect(&sshd, &lines), expected) {
            (Ok(()), Ok(())) => {}
            (Err(error), Err(why)) => {
                assert_eq!(error.phase, Phase::HostKey);
                assert!(error.reason.contains(why), "{text}: {error}");
            }
            (result, _) => panic!("{text}: {result:?}"),
        }
        assert_eq!(ssh_connects(&sshd), expected.is_ok(), "{text}");
    }
    assert!(!sshd.path("known_hosts").exists());
    let error = connect(&sshd, "KnownHostsCommand DIR/missing\n").unwrap_err();
    assert!(error.reason.ends_with("/missing: no such file or directory"), "{error}");
}

#[test]
fn k9_a_program_that_names_keys_is_given_what_ssh_gives_it() {
    let sshd = Sshd::start();
    program(
        &sshd,
        "keys",
        "printf '<%s>' \"$@\" >> DIR/given; echo >> DIR/given; echo \"$2 $(cat DIR/host_key.pub)\"",
    );
    let words = "%I %H %t %f %K %h %n %p %r 100%% 'a b'\\ c # %i ${CAPR_TEST}";
    let lines = format!("KnownHostsCommand DIR/keys {words}\nHostKeyAlias Some-Name\nStrictHostKeyChecking yes\n");
    let environment = SshEnvironment {
        variables: vec![VARIABLE.map(str::to_owned).into()],
        ..SshEnvironment::default()
    };
    let mut client = Client::begin("127.0.0.1", options(&sshd, &lines), environment);
    client.await_login().unwrap();
    let given = || fs::read_to_string(sshd.path("given")).unwrap();
    let ours = given();
    assert!(
        ours.starts_with("<ORDER><some-name><NONE><NONE><NONE><127.0.0.1>"),
        "{ours}"
    );
    fs::remove_file(sshd.path("given")).unwrap();
    assert!(ssh_connects(&sshd));
    // In its first call ssh gives the host's name instead of the name that is looked up.
    let theirs = given().replace("<ORDER><127.0.0.1>", "<ORDER><some-name>");
    assert_eq!(ours, theirs);
    // If the arguments would be the same both times, the program is called only once.
    fs::remove_file(sshd.path("given")).unwrap();
    connect(&sshd, "KnownHostsCommand DIR/keys x %H\nStrictHostKeyChecking yes\n").unwrap();
    assert_eq!(given().lines().count(), 1);
}

#[test]
fn k9_a_program_that_never_names_keys_ends_with_the_login() {
    let sshd = Sshd::start();
    program(
        &sshd,
        "keys",
        "echo $$ > DIR/pid.new; mv DIR/pid.new DIR/pid; sleep 1000",
    );
    let mut client = Client::begin(
        "127.0.0.1",
        options(&sshd, "KnownHostsCommand DIR/keys\n"),
        SshEnvironment::default(),
    );
    let until = Instant::now() + PATIENCE;
    while !sshd.path("pid").exists() {
        assert!(Instant::now() < until, "it does not start");
        std::thread::park_timeout(Duration::from_millis(5));
    }
    let pid = fs::read_to_string(sshd.path("pid")).unwrap();
    client.session.abandon();
    client.await_login().unwrap_err();
    assert!(!fs::exists(format!("/proc/{}", pid.trim())).unwrap());
}

#[test]
fn k9_a_binary_list_of_revoked_keys_refuses_what_it_refuses_with_ssh() {
    let sshd = Sshd::start();
    make_key(&sshd.path("other"), &["-t", "ed25519"]);
    let list = |name: &str, arguments: &[&str]| {
        let made = Process::new("ssh-keygen")
            .args(["-q", "-k", "-f"])
            .arg(sshd.path(name))
            .args(arguments)
            .in_time();
        assert!(made.status.success());
    };
    let public = |name: &str| sshd.path(&format!("{name}.pub")).display().to_string();
    let hash = format!("hash: SHA256:{}", {
        let output = Process::new("ssh-keygen").arg("-lf").arg(public("host_key")).in_time();
        let said = String::from_utf8(output.stdout).unwrap();
        said.split(' ').nth(1).unwrap().trim_start_matches("SHA256:").to_owned()
    });
    fs::write(sshd.path("hashes"), hash).unwrap();
    list("ours.krl", &[&public("host_key"), &public("other")]);
    list("hash.krl", &[&sshd.path("hashes").display().to_string()]);
    list("others.krl", &[&public("other")]);
    list("empty.krl", &[]);
    fs::write(sshd.path("broken.krl"), b"SSHKRL\n\0\xff").unwrap();
    for (name, expected) in [
        ("others.krl", None),
        ("empty.krl", None),
        ("ours.krl", Some("is revoked in")),
        ("hash.krl", Some("is revoked in")),
        ("broken.krl", Some("ssh-keygen fails: ")),
        ("missing.krl", Some("missing.krl: no such file or directory")),
    ] {
        let lines = format!("RevokedHostKeys DIR/{name}\nStrictHostKeyChecking accept-new\n");
        match (connect(&sshd, &lines), expected) {
            (Ok(()), None) => {}
            (Err(error), Some(why)) => {
                assert_eq!(error.phase, Phase::HostKey);
                assert!(error.reason.contains(why), "{name}: {error}");
            }
            (result, _) => panic!("{name}: {result:?}"),
        }
        assert_eq!(ssh_connects(&sshd), expected.is_none(), "{name}");
    }
    // Newer versions of ssh accept several lists.
    let error = connect(&sshd, "RevokedHostKeys DIR/others.krl DIR/ours.krl\n").unwrap_err();
    assert!(error.reason.contains("ours.krl: ssh-ed25519 SHA256:"), "{error}");
}

#[test]
fn k9_a_short_rsa_key_of_a_server_is_refused_as_ssh_refuses_it() {
    let sshd = Sshd::with_keys(&["rsa"]);
    for (bits, is_taken) in [(0, true), (3072, true), (3073, false)] {
        let lines = format!("HostKeyAlgorithms rsa-sha2-512\nStrictHostKeyChecking no\nRequiredRSASize {bits}\n");
        match connect(&sshd, &lines) {
            Ok(()) => assert!(is_taken, "{bits}"),
            Err(error) => {
                assert!(!is_taken, "{error}");
                let why =
                    "host key of 127.0.0.1 is too weak: an RSA key of 3072 bits, where RequiredRSASize wants 3073";
                assert_eq!(error.reason, why);
            }
        }
        assert_eq!(ssh_connects(&sshd), is_taken, "{bits}");
    }
}

#[test]
fn k9_a_key_that_is_another_one_than_its_addresss_is_refused_where_the_files_want_that_checked() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    for name in ["key", "other"] {
        make_key(&path(name), &["-t", "ed25519"]);
    }
    let key = |name: &str| fs::read_to_string(path(&format!("{name}.pub"))).unwrap();
    let line = key("key");
    let blob = STANDARD.decode(line.split(' ').nth(1).unwrap()).unwrap();
    let (_outbox, inbox) = inbox::pair(&inbox::space()).unwrap();
    let check = |checks: &str, known: String, peer: &str| {
        fs::write(path("known"), known).unwrap();
        let lines = format!("CheckHostIP {checks}\nUserKnownHostsFile {}\n", path("known").display());
        fs::write(path("config"), lines).unwrap();
        let config = SshConfig::load(Some(&[path("config")]), None).unwrap();
        let server = "app1".parse().unwrap();
        let config = config.resolve(&server, &SshOptions::default(), "bob", None).unwrap();
        let mut expected = Expected::new(&config, false, &inbox).unwrap();
        expected.check(&blob, Some(peer.parse().unwrap()), &inbox).map(drop)
    };
    let both = |address: &str| format!("app1 {}{address} {}", key("key"), key("other"));
    let error = check("yes", both("192.0.2.7"), "192.0.2.7").unwrap_err();
    assert!(
        error
            .reason
            .contains("differs from the one of its address 192.0.2.7 in "),
        "{error}"
    );
    check("no", both("192.0.2.7"), "192.0.2.7").unwrap();
    check("yes", both("192.0.2.8"), "192.0.2.7").unwrap();
    check("yes", both("127.0.0.1"), "127.0.0.1").unwrap();
    let error = check("yes", format!("@revoked 2001:db8::1 {}", key("key")), "2001:db8::1").unwrap_err();
    assert!(error.reason.contains("is revoked in"), "{error}");
}
