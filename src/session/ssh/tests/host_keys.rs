//! Keys that a program names, and keys that a binary list revokes, held against what ssh itself takes.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command as Process, Stdio};
use std::time::{Duration, Instant};

use crate::session::{ConnectError, Phase, SshOptions};

use crate::session::ssh::SshEnvironment;
use crate::session::ssh::testing::{Client, PATIENCE, Sshd, make_key, me};

/// Of the environment.
const VARIABLE: [&str; 2] = ["CAPR_TEST", "a value"];

/// A configuration file; DIR in it is the server's folder.
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
        .status()
        .unwrap();
    status.success()
}

/// A program with this text of a shell.
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
        // The name is as it stands in files, with its port.
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
    // The first time ssh gives the host's name where the name that is looked up is due.
    let theirs = given().replace("<ORDER><127.0.0.1>", "<ORDER><some-name>");
    assert_eq!(ours, theirs);
    // Once is enough where it is given the same both times.
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
            .status();
        assert!(made.is_ok_and(|status| status.success()));
    };
    let public = |name: &str| sshd.path(&format!("{name}.pub")).display().to_string();
    let hash = format!("hash: SHA256:{}", {
        let output = Process::new("ssh-keygen")
            .arg("-lf")
            .arg(public("host_key"))
            .output()
            .unwrap();
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
    // Newer versions of ssh take several.
    let error = connect(&sshd, "RevokedHostKeys DIR/others.krl DIR/ours.krl\n").unwrap_err();
    assert!(error.reason.contains("ours.krl: ssh-ed25519 SHA256:"), "{error}");
}
