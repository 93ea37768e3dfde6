use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Duration;

use crate::deadline::InTime;
use crate::secret::Secret;
use crate::session::{ConnectError, HostKeyPolicy, LoginReport, Phase, Report, SshOptions};

use super::super::SshEnvironment;
use super::super::testing::{Client, PATIENCE, Sshd, TestAgent, free_port, make_key, me};

fn fails(host: &str, options: SshOptions) -> ConnectError {
    let mut client = Client::begin(host, options, SshEnvironment::default());
    client.await_login().expect_err("no login")
}

fn short(port: u16) -> SshOptions {
    SshOptions {
        user: Some("deploy".to_owned()),
        port: Some(port),
        config: Some(Vec::new()),
        connect_timeout: Some(Duration::from_millis(300)),
        login_timeout: Duration::from_millis(500),
        ..SshOptions::default()
    }
}

#[test]
fn a_refused_connection_names_the_address() {
    let port = free_port();
    let error = fails("127.0.0.1", short(port));
    assert_eq!(error.phase, Phase::Connect);
    assert_eq!(error.reason, format!("connection refused (127.0.0.1:{port})"));
}

#[test]
fn a_name_that_does_not_resolve_is_said_so() {
    let error = fails("no-such-host.invalid", short(22));
    assert_eq!(error.phase, Phase::Resolve);
    assert!(
        error
            .reason
            .starts_with("host name `no-such-host.invalid' is not known: "),
        "{error}"
    );
}

#[test]
fn a_server_that_never_greets_is_given_up() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let error = fails("127.0.0.1", short(silent.local_addr().unwrap().port()));
    assert_eq!(error.phase, Phase::Handshake);
    assert_eq!(error.reason, "connected, but no SSH greeting within 0.5 s");
}

#[test]
fn a_server_that_speaks_something_else_is_quoted() {
    let web = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = web.local_addr().unwrap().port();
    let server = std::thread::spawn(move || {
        let mut socket = web.in_time();
        let _ = socket.read(&mut [0; 100]);
        socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
    });
    let error = fails("127.0.0.1", short(port));
    assert_eq!(error.reason, "not an SSH server: it says `HTTP/1.1 400 Bad Request'");
    server.in_time();
}

#[test]
fn a_server_that_hangs_up_before_its_greeting_is_tried_once_more() {
    let busy = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = busy.local_addr().unwrap().port();
    let (sender, visits) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for visit in busy.incoming() {
            drop(visit);
            let _ = sender.send(());
        }
    });
    let options = SshOptions {
        login_timeout: Duration::from_secs(5),
        ..short(port)
    };
    let error = fails("127.0.0.1", options);
    assert_eq!(error.reason, "the server hung up before its SSH greeting");
    visits.recv_timeout(PATIENCE).unwrap();
    visits.recv_timeout(PATIENCE).unwrap();
}

#[test]
fn a_connection_can_be_given_up_while_it_is_made() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let options = SshOptions {
        login_timeout: Duration::from_secs(300),
        ..short(silent.local_addr().unwrap().port())
    };
    let mut client = Client::begin("127.0.0.1", options, SshEnvironment::default());
    let _accepted = silent.in_time();
    client.session.abandon();
    assert_eq!(client.await_login().expect_err("no login").reason, "stopped");
}

#[test]
fn k6_a_login_without_a_usable_key_says_what_was_tried_and_what_would_do() {
    let sshd = Sshd::start();
    make_key(&sshd.path("other"), &["-t", "ed25519"]);
    make_key(&sshd.path("locked"), &["-t", "ed25519", "-N", "secret"]);
    std::fs::write(sshd.path("broken"), "no key at all\n").unwrap();
    let keys: Vec<_> = ["other", "locked", "broken", "missing"]
        .map(|name| sshd.path(name))
        .into();
    let error = sshd
        .connect_with(SshOptions {
            keys: keys.clone(),
            ..sshd.options()
        })
        .err()
        .unwrap();
    assert_eq!(error.phase, Phase::Authentication);
    let shown: Vec<_> = keys.iter().map(|key| key.display().to_string()).collect();
    assert_eq!(
        error.reason,
        format!(
            "authentication failed for `{}' (tried: publickey {} {} {} (not a private key) {} (no such file or directory); server takes: publickey)",
            me(),
            shown[0],
            shown[1],
            shown[2],
            shown[3],
        )
    );
    // The encrypted key would be of no use: nobody is asked for its passphrase.
    assert!(error.hints.is_empty(), "{:?}", error.hints);
}

#[test]
fn keys_of_every_kind_log_in_from_files_and_from_the_agent() {
    let sshd = Sshd::start();
    let kinds: [(&str, &[&str]); 6] = [
        ("ed25519", &["-t", "ed25519"]),
        ("rsa", &["-t", "rsa", "-b", "2048"]),
        ("ecdsa", &["-t", "ecdsa"]),
        ("ecdsa384", &["-t", "ecdsa", "-b", "384"]),
        ("ecdsa521", &["-t", "ecdsa", "-b", "521"]),
        ("pem", &["-t", "rsa", "-b", "2048", "-m", "PEM"]),
    ];
    for (name, arguments) in kinds {
        make_key(&sshd.path(name), arguments);
        std::fs::copy(sshd.path(&format!("{name}.pub")), sshd.path("authorized_keys")).unwrap();
        let options = SshOptions {
            keys: vec![sshd.path(name)],
            ..sshd.options()
        };
        sshd.connect_with(options)
            .unwrap_or_else(|error| panic!("{name}: {error}"));

        let folder = tempfile::tempdir().unwrap();
        let agent = TestAgent::start(folder.path());
        agent.add(&sshd.path(name));
        let options = SshOptions {
            keys: Vec::new(),
            keys_only: Some(false),
            ..sshd.options()
        };
        let mut client = Client::begin("127.0.0.1", options, agent.environment());
        client
            .await_login()
            .unwrap_or_else(|error| panic!("agent, {name}: {error}"));
    }
}

#[test]
fn of_the_agents_keys_only_the_named_ones_are_offered_if_so_asked() {
    let sshd = Sshd::start();
    let folder = tempfile::tempdir().unwrap();
    let agent = TestAgent::start(folder.path());
    make_key(&sshd.path("other"), &["-t", "ed25519"]);
    agent.add(&sshd.path("other"));
    agent.add(&sshd.path("id"));
    // Only the agent has the private half.
    std::fs::remove_file(sshd.path("id")).unwrap();
    let mut client = Client::begin("127.0.0.1", sshd.options(), agent.environment());
    client.await_login().unwrap();
    let log = sshd.log();
    assert_eq!(log.matches("trying public key file").count(), 2, "{log}");

    let options = SshOptions {
        keys: vec![sshd.path("neither")],
        ..sshd.options()
    };
    let mut client = Client::begin("127.0.0.1", options, agent.environment());
    let error = client.await_login().expect_err("no login");
    assert!(error.reason.contains("agent (no key)"), "{error}");
}

#[test]
fn k6_a_password_is_asked_for_after_the_keys_and_a_wrong_one_is_given_back() {
    let sshd = Sshd::with("PasswordAuthentication yes");
    make_key(&sshd.path("other"), &["-t", "ed25519"]);
    let options = SshOptions {
        keys: vec![sshd.path("other")],
        ..sshd.options()
    };
    let mut client = Client::begin("127.0.0.1", options.clone(), SshEnvironment::default());
    let mut refused = Vec::new();
    let error = loop {
        match client.report() {
            Report::PasswordWanted(_, question) => {
                assert_eq!((question.user, question.host.as_str()), (me(), "127.0.0.1"));
                refused.extend(question.refused.map(|secret| secret.reveal().to_owned()));
                let guess = Secret::new(format!("wrong {}", refused.len()));
                client.session.answer(Some(guess));
            }
            Report::ConnectFailed(_, error) => break error,
            Report::Login(_, LoginReport::HostKeyAdded(_)) => {}
            other => panic!("unexpected {other:?}"),
        }
    };
    assert_eq!(refused, ["wrong 0", "wrong 1"]);
    assert!(
        error
            .reason
            .ends_with("other, password; server takes: publickey,password)"),
        "{error}"
    );

    // Nobody is asked while a key works. `None` is the answer of somebody who does not know the password.
    sshd.connect();
    client = Client::begin("127.0.0.1", options, SshEnvironment::default());
    assert!(matches!(client.report(), Report::PasswordWanted(..)));
    client.session.answer(None);
    assert!(matches!(client.report(), Report::ConnectFailed(..)));
}

#[test]
fn k9_an_unknown_host_key_is_added_and_a_changed_one_is_refused() {
    let sshd = Sshd::start();
    let connect = |policy| {
        let options = SshOptions {
            verify_host_key: policy,
            ..sshd.options()
        };
        let client = Client::begin("127.0.0.1", options, SshEnvironment::default());
        match client.report() {
            Report::Login(_, LoginReport::HostKeyAdded(key)) => {
                assert!(matches!(client.report(), Report::Connected(..)));
                Ok(Some(key))
            }
            Report::Connected(..) => Ok(None),
            Report::ConnectFailed(_, error) => Err(error),
            other => panic!("unexpected {other:?}"),
        }
    };
    let file = sshd.path("known_hosts");
    let error = connect(Some(HostKeyPolicy::Strict)).expect_err("not known");
    assert_eq!(error.phase, Phase::HostKey);
    assert!(
        error
            .reason
            .starts_with("host key of 127.0.0.1 is not known: ssh-ed25519 SHA256:"),
        "{error}"
    );
    // As with ssh, an unknown key is written down all the same, so that a change of it is noticed.
    assert!(connect(Some(HostKeyPolicy::Off)).unwrap().is_some());
    std::fs::remove_file(&file).unwrap();
    let added = connect(None).unwrap().expect("a new key");
    assert_eq!((added.key_type.as_str(), &added.file), ("ssh-ed25519", &file));
    assert!(connect(None).unwrap().is_none());
    assert!(connect(Some(HostKeyPolicy::Strict)).unwrap().is_none());

    make_key(&sshd.path("another"), &["-t", "ed25519"]);
    let key = std::fs::read_to_string(sshd.path("another.pub")).unwrap();
    std::fs::write(&file, format!("# mine\n[127.0.0.1]:{} {key}", sshd.port)).unwrap();
    let error = connect(None).expect_err("changed");
    assert_eq!(error.phase, Phase::HostKey);
    assert!(
        error.reason.starts_with("host key of 127.0.0.1 has changed: "),
        "{error}"
    );
    let known = fingerprint_of(&sshd.path("another.pub"));
    let expected = format!(
        "it shows ssh-ed25519 {}, but known is ssh-ed25519 {known} in {}:2",
        fingerprint_of(&sshd.path("host_key.pub")),
        file.display()
    );
    assert!(error.reason.ends_with(&expected), "{error}");
    assert!(error.hints[1].contains("ssh-keygen -R"), "{:?}", error.hints);
}

/// Returns the fingerprint that ssh-keygen shows.
fn fingerprint_of(file: &std::path::Path) -> String {
    let output = std::process::Command::new("ssh-keygen").arg("-lf").arg(file).in_time();
    let said = String::from_utf8(output.stdout).unwrap();
    said.split_whitespace().nth(1).unwrap().to_owned()
}

#[test]
fn k9_keys_of_localhost_are_not_checked_where_the_files_say_so() {
    let sshd = Sshd::start();
    let connect = |lines: &str, host: &str| {
        std::fs::write(sshd.path("ssh_config"), lines).unwrap();
        let options = SshOptions {
            config: Some(vec![sshd.path("ssh_config")]),
            verify_host_key: Some(HostKeyPolicy::Strict),
            ..sshd.options()
        };
        Client::begin(host, options, SshEnvironment::default()).await_login()
    };
    connect("NoHostAuthenticationForLocalhost yes\n", "127.0.0.1").unwrap();
    assert!(!sshd.path("known_hosts").exists());
    for lines in [
        "NoHostAuthenticationForLocalhost no\n",
        "NoHostAuthenticationForLocalhost yes\nHostKeyAlias somebody\n",
    ] {
        assert_eq!(
            connect(lines, "127.0.0.1").unwrap_err().phase,
            Phase::HostKey,
            "{lines}"
        );
    }
    // As with ssh, a revoked key is refused even at localhost.
    std::fs::copy(sshd.path("host_key.pub"), sshd.path("revoked")).unwrap();
    let revoked = format!(
        "NoHostAuthenticationForLocalhost yes\nRevokedHostKeys {}\n",
        sshd.path("revoked").display()
    );
    let error = connect(&revoked, "127.0.0.1").unwrap_err();
    assert!(error.reason.contains("is revoked in"), "{error}");
}

#[test]
fn k9_a_new_name_is_hashed_where_the_files_say_so() {
    let sshd = Sshd::start();
    std::fs::write(sshd.path("ssh_config"), "HashKnownHosts yes\n").unwrap();
    for _ in 0..2 {
        let options = SshOptions {
            config: Some(vec![sshd.path("ssh_config")]),
            ..sshd.options()
        };
        sshd.connect_with(options).map(drop).unwrap();
        let written = std::fs::read_to_string(sshd.path("known_hosts")).unwrap();
        assert!(written.starts_with("|1|"), "{written}");
        assert_eq!(written.lines().count(), 1);
    }
}

#[test]
fn k9_a_server_with_several_keys_shows_the_one_that_is_known() {
    let sshd = Sshd::with_keys(&["ecdsa", "rsa"]);
    for kind in ["ecdsa", "rsa"] {
        let key = std::fs::read_to_string(sshd.path(&format!("host_{kind}.pub"))).unwrap();
        std::fs::write(sshd.path("known_hosts"), format!("[127.0.0.1]:{} {key}", sshd.port)).unwrap();
        let options = SshOptions {
            verify_host_key: Some(HostKeyPolicy::Strict),
            ..sshd.options()
        };
        sshd.connect_with(options)
            .unwrap_or_else(|error| panic!("{kind}: {error}"));
    }
}

/// Logs in and answers each question with the next of these. Returns the result and the number of questions.
fn log_in(options: SshOptions, answers: &[&str]) -> (Result<(), ConnectError>, usize) {
    let client = Client::begin("127.0.0.1", options, SshEnvironment::default());
    let mut asked = 0;
    loop {
        match client.report() {
            Report::PasswordWanted(..) => {
                let answer = answers.get(asked).map(|answer| Secret::new(*answer));
                client.session.answer(answer);
                asked += 1;
            }
            Report::Connected(..) => return (Ok(()), asked),
            Report::ConnectFailed(_, error) => return (Err(error), asked),
            Report::Login(_, LoginReport::HostKeyAdded(_)) => {}
            other => panic!("unexpected {other:?}"),
        }
    }
}

#[test]
fn the_ways_to_log_in_are_those_of_the_recipe_or_of_the_files() {
    let sshd = Sshd::with("PasswordAuthentication yes");
    let password = vec![crate::session::AuthMethod::Password];
    let options = SshOptions {
        auth_methods: Some(password.clone()),
        ..sshd.options()
    };
    let (result, asked) = log_in(options, &["wrong", "wrong"]);
    assert!(result.unwrap_err().reason.contains("(tried: password; "));
    assert_eq!(asked, 3);
    // A given password is tried first, and nobody is asked if nobody is to be asked.
    let options = SshOptions {
        auth_methods: Some(password),
        password: Some(Secret::new("wrong")),
        non_interactive: Some(true),
        ..sshd.options()
    };
    let (result, asked) = log_in(options, &[]);
    assert!(result.unwrap_err().reason.contains("(tried: password; "));
    assert_eq!(asked, 0);

    std::fs::write(
        sshd.path("ssh_config"),
        "PreferredAuthentications password\nBatchMode yes\n",
    )
    .unwrap();
    let options = SshOptions {
        config: Some(vec![sshd.path("ssh_config")]),
        ..sshd.options()
    };
    assert_eq!(log_in(options, &[]).1, 0);
}

#[test]
fn keys_can_be_given_themselves_and_with_their_passphrase() {
    let sshd = Sshd::start();
    make_key(&sshd.path("locked"), &["-t", "ed25519", "-N", "open sesame", "-a", "1"]);
    std::fs::copy(sshd.path("locked.pub"), sshd.path("authorized_keys")).unwrap();
    let key = std::fs::read_to_string(sshd.path("locked")).unwrap();
    let options = SshOptions {
        keys: Vec::new(),
        key_data: vec![Secret::new(key)],
        passphrase: Some(Secret::new("open sesame")),
        non_interactive: Some(true),
        ..sshd.options()
    };
    let (result, asked) = log_in(options, &[]);
    assert!(result.is_ok(), "{result:?}");
    assert_eq!(asked, 0);
}

#[test]
fn algorithms_and_compression_are_those_of_the_recipe() {
    let sshd = Sshd::start();
    let options = SshOptions {
        encryption: Some("aes256-ctr".to_owned()),
        hmac: Some("hmac-sha2-512".to_owned()),
        kex: Some("^ecdh-sha2-nistp256".to_owned()),
        compression: Some(true),
        ..sshd.options()
    };
    let mut client = sshd.connect_with(options).unwrap();
    assert_eq!(client.run("echo there").out, b"there\n");
    let log = sshd.log();
    for expected in [
        "kex: algorithm: ecdh-sha2-nistp256",
        "cipher: aes256-ctr MAC: hmac-sha2-512 compression: zlib",
    ] {
        assert!(log.contains(expected), "{expected}: {log}");
    }
    let options = SshOptions {
        encryption: Some("rot13".to_owned()),
        ..sshd.options()
    };
    let error = sshd.connect_with(options).map(drop).unwrap_err();
    assert_eq!(error.reason, "none of these ciphers is supported here: rot13");
}

#[test]
fn a_key_that_cannot_be_written_down_is_told_and_taken() {
    let sshd = Sshd::start();
    std::fs::write(sshd.path("a-file"), "").unwrap();
    let options = SshOptions {
        user_known_hosts_files: Some(vec![sshd.path("a-file/known_hosts")]),
        ..sshd.options()
    };
    let client = Client::begin("127.0.0.1", options, SshEnvironment::default());
    match client.report() {
        Report::Login(_, LoginReport::HostKeyAdded(key)) => assert_eq!(key.problem.as_deref(), Some("not a directory")),
        other => panic!("unexpected {other:?}"),
    }
    assert!(matches!(client.report(), Report::Connected(..)));
}

#[test]
fn k9_a_key_on_the_list_of_revoked_ones_is_refused() {
    let sshd = Sshd::start();
    std::fs::write(
        sshd.path("ssh_config"),
        format!("RevokedHostKeys {}\n", sshd.path("revoked").display()),
    )
    .unwrap();
    let connect = || {
        let options = SshOptions {
            config: Some(vec![sshd.path("ssh_config")]),
            ..sshd.options()
        };
        sshd.connect_with(options).map(drop)
    };
    assert!(
        connect()
            .unwrap_err()
            .reason
            .ends_with("revoked: no such file or directory")
    );
    std::fs::copy(sshd.path("id.pub"), sshd.path("revoked")).unwrap();
    connect().unwrap();
    std::fs::copy(sshd.path("host_key.pub"), sshd.path("revoked")).unwrap();
    assert!(connect().unwrap_err().reason.contains("is revoked in"));
}

#[test]
fn a_dead_address_does_not_keep_the_next_one_waiting() {
    let sshd = Sshd::start();
    // The server listens on IPv4 alone; the name has an IPv6 address as well.
    let begun = std::time::Instant::now();
    let mut client = Client::begin("localhost", sshd.options(), SshEnvironment::default());
    client.await_login().unwrap();
    assert!(begun.elapsed() < Duration::from_secs(5));
    assert_eq!(client.run("echo there").out, b"there\n");
}

#[test]
fn k6_a_key_of_ours_that_the_files_leave_out_is_not_offered() {
    let sshd = Sshd::start();
    for (name, arguments) in [
        ("rsa", &["-t", "rsa", "-b", "2048"][..]),
        ("pem", &["-t", "rsa", "-b", "2048", "-m", "PEM"]),
        ("ecdsa", &["-t", "ecdsa"]),
        ("ecdsa_pem", &["-t", "ecdsa", "-m", "PEM"]),
    ] {
        make_key(&sshd.path(name), arguments);
        std::fs::copy(sshd.path(&format!("{name}.pub")), sshd.path("authorized_keys")).unwrap();
        let is_rsa = !name.starts_with("ecdsa");
        for (line, is_offered) in [
            ("PubkeyAcceptedAlgorithms ssh-ed25519,rsa-sha2-256", is_rsa),
            ("PubkeyAcceptedAlgorithms +ssh-rsa", true),
            ("PubkeyAcceptedAlgorithms -ecdsa*", is_rsa),
            ("PubkeyAcceptedAlgorithms ssh-ed25519", false),
            ("RequiredRSASize 2048", true),
            ("RequiredRSASize 2049", !is_rsa),
        ] {
            std::fs::write(sshd.path("ssh_config"), format!("{line}\n")).unwrap();
            let options = SshOptions {
                keys: vec![sshd.path(name)],
                config: Some(vec![sshd.path("ssh_config")]),
                ..sshd.options()
            };
            match sshd.connect_with(options) {
                Ok(_) => assert!(is_offered, "{name}, {line}"),
                Err(error) => {
                    assert!(!is_offered, "{name}, {line}: {error}");
                    let hint = error.hints.first().expect("a hint");
                    assert!(hint.starts_with("not offered: "), "{hint}");
                }
            }
        }
    }
    // The server's log names the algorithm with which the key has signed.
    assert!(sshd.log().contains("pkalg rsa-sha2-256"), "{}", sshd.log());
}

/// Returns the server's messages before the login, and true if the login succeeds.
fn told(options: SshOptions, environment: SshEnvironment) -> (Vec<String>, bool) {
    let client = Client::begin("127.0.0.1", options, environment);
    let mut told = Vec::new();
    loop {
        match client.report() {
            Report::Login(_, LoginReport::Banner(banner)) => told.push(banner.text),
            Report::Connected(..) => return (told, true),
            Report::ConnectFailed(..) => return (told, false),
            Report::Login(_, LoginReport::HostKeyAdded(_)) => {}
            Report::PasswordWanted(..) => client.session.answer(Some(Secret::new("open sesame"))),
            other => panic!("unexpected {other:?}"),
        }
    }
}

#[test]
fn what_a_server_says_before_login_is_told_where_no_key_is_taken() {
    let sshd = Sshd::with("Banner FOLDER/banner");
    std::fs::write(sshd.path("banner"), "Members only.\n").unwrap();
    make_key(&sshd.path("other"), &["-t", "ed25519"]);
    let keys = |names: &[&str]| SshOptions {
        keys: names.iter().map(|name| sshd.path(name)).collect(),
        ..sshd.options()
    };
    // A login whose key works shows no banner: that would take another round trip.
    let environment = SshEnvironment::default;
    assert_eq!(told(keys(&["other", "id"]), environment()), (Vec::new(), true));
    assert!(!sshd.log().contains("method none"), "{}", sshd.log());
    for names in [&["other"][..], &[]] {
        let expected = (vec!["Members only.\n".to_owned()], false);
        assert_eq!(told(keys(names), environment()), expected, "{names:?}");
    }
    assert!(sshd.log().contains("method none"), "{}", sshd.log());
    // As with ssh, this level hides the banner.
    std::fs::write(sshd.path("ssh_config"), "LogLevel ERROR\n").unwrap();
    let options = SshOptions {
        config: Some(vec![sshd.path("ssh_config")]),
        ..keys(&["other"])
    };
    assert_eq!(told(options, environment()), (Vec::new(), false));
}
