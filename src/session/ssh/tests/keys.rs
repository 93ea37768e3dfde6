use std::path::{Path, PathBuf};
use std::process::Command as Process;
use std::sync::mpsc::channel;

use crate::configuration::Server;
use crate::deadline::InTime;
use crate::secret::Secret;
use crate::session::{
    ConnectError, Connector, Destination, LoginReport, PasswordQuestion, Report, SessionId, SshOptions, Wanted,
};

use crate::session::ssh::testing::{Client, PATIENCE, Sshd, TestAgent, make_key, me};
use crate::session::ssh::{SshConnector, SshEnvironment};

/// Logs in at this many servers at once and returns all results; `answer` is asked for passphrases.
fn log_in(
    servers: usize,
    options: &SshOptions,
    environment: SshEnvironment,
    mut answer: impl FnMut(&PasswordQuestion) -> Option<&'static str>,
) -> Vec<Result<(), ConnectError>> {
    let connector = SshConnector::new(environment);
    let (sender, reports) = channel();
    let sessions: Vec<_> = (1..=servers)
        .map(|number| {
            let destination = Destination {
                server: Server::host(format!("127.0.0.{number}")),
                options: options.clone(),
            };
            connector.connect(SessionId(number - 1), &destination, sender.clone())
        })
        .collect();
    let mut ended: Vec<_> = sessions.iter().map(|_| None).collect();
    while ended.iter().any(Option::is_none) {
        match reports.recv_timeout(PATIENCE).expect("a report in time") {
            Report::Connected(id, _) => ended[id.0] = Some(Ok(())),
            Report::ConnectFailed(id, error) => ended[id.0] = Some(Err(error)),
            Report::PasswordWanted(id, question) => sessions[id.0].answer(answer(&question).map(Secret::new)),
            Report::Login(_, LoginReport::HostKeyAdded(_) | LoginReport::Negotiated(_)) => {}
            other => panic!("unexpected {other:?}"),
        }
    }
    ended.into_iter().flatten().collect()
}

fn allow(sshd: &Sshd, key: &Path) {
    let public = std::fs::read_to_string(key.with_extension("pub")).unwrap();
    std::fs::write(sshd.path("authorized_keys"), public).unwrap();
}

fn with_key(sshd: &Sshd, name: &str) -> SshOptions {
    SshOptions {
        keys: vec![sshd.path(name)],
        ..sshd.options()
    }
}

/// The options for an encrypted key, with few rounds, so that the tests do not wait for them.
const ENCRYPTED: [&str; 6] = ["-t", "ed25519", "-N", "open sesame", "-a", "1"];

#[test]
fn an_encrypted_key_is_opened_once_for_all_servers() {
    let sshd = Sshd::start();
    make_key(&sshd.path("locked"), &ENCRYPTED);
    allow(&sshd, &sshd.path("locked"));
    std::fs::remove_file(sshd.path("locked.pub")).unwrap();
    let mut asked = Vec::new();
    let ended = log_in(5, &with_key(&sshd, "locked"), SshEnvironment::default(), |question| {
        asked.push((question.wanted.clone(), question.refused.is_some()));
        Some(if asked.len() == 1 { "wrong" } else { "open sesame" })
    });
    assert!(ended.iter().all(Result::is_ok), "{ended:?}");
    let shown = Wanted::Passphrase(sshd.path("locked").display().to_string());
    assert_eq!(asked, [(shown.clone(), false), (shown, true)]);
}

#[test]
fn encrypted_keys_of_all_formats_are_opened() {
    let sshd = Sshd::start();
    let kinds: [&[&str]; 4] = [
        &["-t", "rsa", "-b", "2048", "-N", "open sesame", "-a", "1"],
        &[
            "-t",
            "ecdsa",
            "-N",
            "open sesame",
            "-a",
            "1",
            "-Z",
            "aes256-gcm@openssh.com",
        ],
        &["-t", "rsa", "-b", "2048", "-N", "open sesame", "-m", "PEM"],
        &["-t", "ecdsa", "-N", "open sesame", "-m", "PKCS8"],
    ];
    for (number, kind) in kinds.into_iter().enumerate() {
        let name = format!("locked{number}");
        make_key(&sshd.path(&name), kind);
        allow(&sshd, &sshd.path(&name));
        let mut asked = 0;
        let ended = log_in(1, &with_key(&sshd, &name), SshEnvironment::default(), |_| {
            asked += 1;
            Some(if asked == 1 { "wrong" } else { "open sesame" })
        });
        assert!(ended[0].is_ok(), "{kind:?}: {ended:?}");
        assert_eq!(asked, 2, "{kind:?}");
    }
}

#[test]
fn a_passphrase_that_nobody_knows_is_asked_for_three_times_and_told() {
    let sshd = Sshd::start();
    make_key(&sshd.path("locked"), &ENCRYPTED);
    allow(&sshd, &sshd.path("locked"));
    for (answer, times) in [(Some("wrong"), 3), (None, 1)] {
        let mut asked = 0;
        let ended = log_in(3, &with_key(&sshd, "locked"), SshEnvironment::default(), |_| {
            asked += 1;
            answer
        });
        assert_eq!(asked, times);
        for end in ended {
            let error = end.expect_err("no login");
            assert!(error.reason.contains("locked (encrypted)"), "{error}");
            assert!(error.hints[0].contains("ssh-add"), "{:?}", error.hints);
        }
    }
}

#[test]
fn nobody_is_asked_for_a_key_that_the_server_does_not_take_or_the_agent_holds() {
    let sshd = Sshd::start();
    make_key(&sshd.path("locked"), &ENCRYPTED);
    let nobody = |question: &PasswordQuestion| panic!("asked: {question:?}");
    let ended = log_in(1, &with_key(&sshd, "locked"), SshEnvironment::default(), nobody);
    assert!(!ended[0].as_ref().expect_err("no login").reason.contains("encrypted"));

    let open = sshd.path("open");
    std::fs::copy(sshd.path("locked"), &open).unwrap();
    let opened = Process::new("ssh-keygen")
        .args(["-q", "-p", "-P", "open sesame", "-N", "", "-f"])
        .arg(&open)
        .in_time();
    assert!(opened.status.success());
    let agent = TestAgent::start(sshd.folder.path());
    agent.add(&open);
    allow(&sshd, &sshd.path("locked"));
    let ended = log_in(1, &with_key(&sshd, "locked"), agent.environment(), nobody);
    assert!(ended[0].is_ok(), "{ended:?}");
}

#[test]
fn a_certificate_beside_a_key_is_offered() {
    let sshd = Sshd::start();
    make_key(&sshd.path("authority"), &["-t", "ed25519"]);
    for (name, options) in [("id", &["-t", "ed25519"][..]), ("locked", &ENCRYPTED)] {
        if name != "id" {
            make_key(&sshd.path(name), options);
        }
        let signed = Process::new("ssh-keygen")
            .arg("-q")
            .args(["-I", "test", "-n", &me(), "-s"])
            .arg(sshd.path("authority"))
            .arg(sshd.path(&format!("{name}.pub")))
            .in_time();
        assert!(signed.status.success());
    }
    let authority = std::fs::read_to_string(sshd.path("authority.pub")).unwrap();
    std::fs::write(sshd.path("authorized_keys"), format!("cert-authority {authority}")).unwrap();
    for name in ["id", "locked"] {
        let ended = log_in(1, &with_key(&sshd, name), SshEnvironment::default(), |_| {
            Some("open sesame")
        });
        assert!(ended[0].is_ok(), "{name}: {ended:?}");
    }
}

#[test]
fn keys_of_all_kinds_and_formats_log_in() {
    let sshd = Sshd::start();
    let kinds: [&[&str]; 4] = [
        &["-t", "rsa", "-b", "2048"],
        &["-t", "ecdsa", "-b", "256"],
        &["-t", "ecdsa", "-b", "384"],
        &["-t", "ecdsa", "-b", "521"],
    ];
    let formats: [&[&str]; 3] = [&["-a", "1"], &["-m", "PEM"], &["-m", "PKCS8"]];
    let mut number = 0;
    for kind in kinds {
        for format in formats {
            for passphrase in ["", "open sesame"] {
                number += 1;
                let name = format!("key{number}");
                make_key(&sshd.path(&name), &[kind, format, &["-N", passphrase]].concat());
                allow(&sshd, &sshd.path(&name));
                let ended = log_in(1, &with_key(&sshd, &name), SshEnvironment::default(), |_| {
                    assert!(!passphrase.is_empty(), "{kind:?} {format:?}");
                    Some("open sesame")
                });
                assert!(ended[0].is_ok(), "{kind:?} {format:?} {passphrase:?}: {ended:?}");
            }
        }
    }
}

#[test]
fn a_certificate_of_a_file_or_of_the_agent_logs_in() {
    let sshd = Sshd::with("TrustedUserCAKeys FOLDER/ca.pub");
    for key in ["ca", "mine"] {
        make_key(&sshd.path(key), &["-t", "ed25519"]);
    }
    std::fs::write(sshd.path("authorized_keys"), "").unwrap();
    let signed = Process::new("ssh-keygen")
        .arg("-q")
        .arg("-s")
        .arg(sshd.path("ca"))
        .args(["-I", "somebody", "-n", &me()])
        .arg(sshd.path("mine.pub"))
        .in_time();
    assert!(signed.status.success());
    let nobody = |question: &PasswordQuestion| panic!("asked: {question:?}");
    let options = |lines: String, keys_only| {
        std::fs::write(sshd.path("ssh_config"), lines).unwrap();
        SshOptions {
            config: Some(vec![sshd.path("ssh_config")]),
            keys: Vec::new(),
            keys_only: Some(keys_only),
            ..sshd.options()
        }
    };
    // The agent holds the key and its certificate, which ssh-add has found beside it.
    let holds_both = TestAgent::start(sshd.folder.path());
    holds_both.add(&sshd.path("mine"));
    let ended = log_in(1, &options(String::new(), false), holds_both.environment(), nobody);
    assert!(ended[0].is_ok(), "{ended:?}");
    drop(holds_both);

    std::fs::rename(sshd.path("mine-cert.pub"), sshd.path("elsewhere.pub")).unwrap();
    let file = format!(
        "IdentityFile {}\nCertificateFile {}\n",
        sshd.path("mine").display(),
        sshd.path("elsewhere.pub").display()
    );
    let ended = log_in(1, &options(file.clone(), true), SshEnvironment::default(), nobody);
    assert!(ended[0].is_ok(), "{ended:?}");

    // The agent has the key alone, and the file of the key is gone.
    std::fs::remove_file(sshd.path("agent")).unwrap();
    let holds_key = TestAgent::start(sshd.folder.path());
    holds_key.add(&sshd.path("mine"));
    std::fs::remove_file(sshd.path("mine")).unwrap();
    let ended = log_in(1, &options(file, true), holds_key.environment(), nobody);
    assert!(ended[0].is_ok(), "{ended:?}");
    assert!(sshd.log().matches("Accepted publickey").count() == 3, "{}", sshd.log());
}

#[test]
#[allow(clippy::print_stdout, reason = "the count is part of the result")]
fn a_private_key_that_others_can_use_is_refused_as_by_ssh() {
    use std::os::unix::fs::PermissionsExt as _;
    let sshd = Sshd::start();
    let mut compared = 0;
    for mode in [
        0o600, 0o400, 0o700, 0o500, 0o604, 0o640, 0o644, 0o660, 0o666, 0o620, 0o602, 0o610, 0o601, 0o777,
    ] {
        std::fs::set_permissions(sshd.path("id"), std::fs::Permissions::from_mode(mode)).unwrap();
        let ours = sshd.connect_with(sshd.options()).map(drop);
        let theirs = std::process::Command::new("ssh")
            .args(["-F", "none", "-o", "BatchMode=yes", "-o", "IdentityAgent=none"])
            .args(["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"])
            .args(["-p", &sshd.port.to_string(), "-i"])
            .arg(sshd.path("id"))
            .arg(format!("{}@127.0.0.1", me()))
            .arg("true")
            .in_time();
        assert_eq!(ours.is_ok(), theirs.status.success(), "{mode:o} {ours:?}");
        if let Err(error) = ours {
            let said = format!("has mode {mode:04o}, so that others can read or write it, and is not used: chmod 600 ");
            assert!(error.hints.iter().any(|hint| hint.contains(&said)), "{error:?}");
        }
        compared += 1;
    }
    println!("{compared} modes of keys held against ssh");
    // Such a key is reported even if another one logs in; a public half may be readable by all.
    std::fs::copy(sshd.path("id"), sshd.path("open")).unwrap();
    std::fs::set_permissions(sshd.path("open"), std::fs::Permissions::from_mode(0o640)).unwrap();
    std::fs::set_permissions(sshd.path("id"), std::fs::Permissions::from_mode(0o600)).unwrap();
    let options = SshOptions {
        keys: vec![sshd.path("id.pub"), sshd.path("open"), sshd.path("id")],
        ..sshd.options()
    };
    let client = Client::begin("127.0.0.1", options, SshEnvironment::default());
    match client.report() {
        Report::Login(_, LoginReport::KeyLeftOut(warning)) => {
            assert!(warning.text.contains("/open has mode 0640"), "{warning:?}")
        }
        other => panic!("{other:?}"),
    }
    assert!(matches!(client.report(), Report::Connected(..)));
}

#[test]
fn a_pipe_or_a_device_in_the_place_of_a_file_holds_no_login_up() {
    let sshd = Sshd::start();
    let pipe = sshd.path("pipe");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &pipe,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RWXU,
        0,
    )
    .unwrap();
    let begun = std::time::Instant::now();
    for file in [pipe.as_path(), Path::new("/dev/zero")] {
        let shown = file.display().to_string();
        let kind = if file == pipe { "pipe" } else { "device" };
        for (line, is_error) in [
            (format!("UserKnownHostsFile {shown}"), true),
            (format!("GlobalKnownHostsFile {shown}"), true),
            (format!("RevokedHostKeys {shown}"), true),
            (format!("Include {shown}"), true),
            (format!("IdentityFile {shown}"), false),
            (format!("CertificateFile {shown}"), false),
        ] {
            std::fs::write(sshd.path("ssh_config"), &line).unwrap();
            let options = SshOptions {
                config: Some(vec![sshd.path("ssh_config")]),
                user_known_hosts_files: (!line.starts_with("User")).then(|| vec![sshd.path("known_hosts")]),
                login_timeout: PATIENCE,
                ..sshd.options()
            };
            match sshd.connect_with(options) {
                Err(error) => assert!(is_error && error.reason.contains(&shown), "{line}: {error}"),
                Ok(_) => assert!(!is_error, "{line}"),
            }
        }
        let named = SshOptions {
            config: Some(vec![file.to_owned()]),
            ..sshd.options()
        };
        let error = sshd.connect_with(named).map(drop).unwrap_err();
        assert_eq!(error.reason, format!("{shown}: it is a {kind}, not a file"));
        // The error of a login names a key that is not a regular file.
        let key = SshOptions {
            keys: vec![file.to_owned()],
            ..sshd.options()
        };
        let error = sshd.connect_with(key).map(drop).unwrap_err();
        assert!(
            error.reason.contains(&format!("{shown} (it is a {kind}, not a file)")),
            "{error}"
        );
    }
    assert!(begun.elapsed() < PATIENCE, "{:?}", begun.elapsed());
    // `/dev/null` is a list without hosts, and accepts what is written.
    let options = SshOptions {
        user_known_hosts_files: Some(vec![PathBuf::from("/dev/null")]),
        ..sshd.options()
    };
    let client = Client::begin("127.0.0.1", options, SshEnvironment::default());
    match client.report() {
        Report::Login(_, LoginReport::HostKeyAdded(key)) => assert_eq!(key.problem, None),
        other => panic!("{other:?}"),
    }
}
