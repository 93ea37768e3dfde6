use crate::deadline::InTime;
use crate::exit::Exit;
use crate::session::SshOptions;
use crate::session::ssh::SshEnvironment;
use crate::session::ssh::testing::{Client, CommandResult, Sshd, TestAgent, make_key, me};

fn logged_in(options: SshOptions, environment: SshEnvironment) -> Client {
    let mut client = Client::begin("127.0.0.1", options, environment);
    client.await_login().expect("a login");
    client
}

fn forwarding(sshd: &Sshd) -> SshOptions {
    SshOptions {
        forward_agent: Some(true),
        ..sshd.options()
    }
}

fn text(ran: &CommandResult) -> String {
    assert_eq!(ran.exit, Exit::Status(0), "{}", String::from_utf8_lossy(&ran.err));
    String::from_utf8_lossy(&ran.out).into_owned()
}

#[test]
fn a_server_sees_the_forwarded_agent_and_reaches_the_next_server_with_it() {
    let sshd = Sshd::start();
    let agent = TestAgent::start(sshd.folder.path());
    agent.add(&sshd.path("id"));
    let mut client = logged_in(forwarding(&sshd), agent.environment());
    assert!(text(&client.run("ssh-add -l")).contains("ED25519"));
    let hop = format!(
        "ssh -F none -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -p {} {}@127.0.0.2 echo there",
        sshd.port,
        me()
    );
    assert_eq!(text(&client.run(&hop)), "there\n");
    // Later commands have it, too.
    for _ in 0..3 {
        assert!(text(&client.run("ssh-add -L")).starts_with("ssh-ed25519 "));
    }
}

#[test]
fn many_clients_use_the_forwarded_agent_at_once() {
    let sshd = Sshd::start();
    let agent = TestAgent::start(sshd.folder.path());
    agent.add(&sshd.path("id"));
    let mut client = logged_in(forwarding(&sshd), agent.environment());
    let out = text(&client.run("for n in 1 2 3 4 5 6 7 8; do ssh-add -L & done; wait"));
    assert_eq!(
        out.lines().filter(|line| line.starts_with("ssh-ed25519 ")).count(),
        8,
        "{out}"
    );
}

#[test]
fn without_forwarding_or_without_an_agent_commands_run_as_ever() {
    let sshd = Sshd::start();
    let agent = TestAgent::start(sshd.folder.path());
    agent.add(&sshd.path("id"));
    for (options, environment) in [
        (sshd.options(), agent.environment()),
        (forwarding(&sshd), SshEnvironment::default()),
    ] {
        let mut client = logged_in(options, environment);
        assert_eq!(text(&client.run("echo \"<$SSH_AUTH_SOCK>\"")), "<>\n");
    }
}

#[test]
fn a_server_that_refuses_the_agent_runs_commands_all_the_same() {
    let sshd = Sshd::with("AllowAgentForwarding no");
    let agent = TestAgent::start(sshd.folder.path());
    let mut client = logged_in(forwarding(&sshd), agent.environment());
    for _ in 0..2 {
        assert_eq!(text(&client.run("echo \"<$SSH_AUTH_SOCK>\"")), "<>\n");
    }
}

#[test]
fn an_agent_that_is_gone_fails_only_what_asks_for_it() {
    let sshd = Sshd::start();
    let agent = TestAgent::start(sshd.folder.path());
    let mut client = logged_in(forwarding(&sshd), agent.environment());
    drop(agent);
    assert_ne!(client.run("ssh-add -l").exit, Exit::Status(0));
    assert_eq!(text(&client.run("echo on")), "on\n");
}

/// Starts an agent that holds a security key, as far as a server can tell: its signatures contain the flag for a touch and a
/// counter.
fn token(socket: &std::path::Path) -> String {
    use std::io::{Read as _, Write as _};
    const KIND: &[u8] = b"sk-ssh-ed25519@openssh.com";
    let text = |bytes: &[u8]| [&u32::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat();
    let key = openssl::pkey::PKey::generate_ed25519().unwrap();
    let public = [text(KIND), text(&key.raw_public_key().unwrap()), text(b"ssh:")].concat();
    let listed = [&[12][..], &1_u32.to_be_bytes(), &text(&public), &text(b"a token")].concat();
    let line = format!("sk-ssh-ed25519@openssh.com {}", openssl::base64::encode_block(&public));
    let listener = std::os::unix::net::UnixListener::bind(socket).unwrap();
    std::thread::spawn(move || {
        let mut stream = listener.in_time();
        let mut length = [0; 4];
        while stream.read_exact(&mut length).is_ok() {
            let mut message = vec![0; usize::try_from(u32::from_be_bytes(length)).unwrap()];
            stream.read_exact(&mut message).unwrap();
            let answer = if message[0] == 11 {
                listed.clone()
            } else {
                // The request holds the key, the bytes to sign, and flags.
                let data = &message[1 + text(&public).len() + 4..message.len() - 4];
                let touched = [&[1][..], &7_u32.to_be_bytes()].concat();
                let digest = |bytes: &[u8]| openssl::sha::sha256(bytes).to_vec();
                let signed = [digest(b"ssh:"), touched.clone(), digest(data)].concat();
                let mut signer = openssl::sign::Signer::new_without_digest(&key).unwrap();
                let signature = signer.sign_oneshot_to_vec(&signed).unwrap();
                let signature = [text(KIND), text(&signature), touched].concat();
                [&[14][..], &text(&signature)].concat()
            };
            stream.write_all(&text(&answer)).unwrap();
        }
    });
    line
}

#[test]
fn k6_a_key_on_a_token_logs_in_by_way_of_the_agent() {
    let sshd = Sshd::start();
    let socket = sshd.path("token");
    std::fs::write(sshd.path("authorized_keys"), token(&socket)).unwrap();
    let environment = SshEnvironment {
        variables: vec![("SSH_AUTH_SOCK".to_owned(), socket.display().to_string())],
        ..SshEnvironment::default()
    };
    let options = SshOptions {
        keys: Vec::new(),
        keys_only: Some(false),
        ..sshd.options()
    };
    let mut client = logged_in(options, environment);
    assert_eq!(text(&client.run("echo there")), "there\n");
    assert!(sshd.log().contains("Accepted key ED25519-SK"), "{}", sshd.log());
}

/// Adds a key of its own to the agent. All servers accept it, and it may be used as `restriction` says.
fn restricted(agent: &TestAgent, home: &Sshd, servers: &[&Sshd], restriction: &[&str]) {
    let key = home.path("restricted");
    make_key(&key, &["-t", "ed25519"]);
    let public = std::fs::read_to_string(key.with_extension("pub")).unwrap();
    for sshd in servers {
        std::fs::write(sshd.path("authorized_keys"), &public).unwrap();
    }
    let known: String = servers
        .iter()
        .zip(1..)
        .map(|(sshd, number)| {
            let host_key = std::fs::read_to_string(sshd.path("host_key.pub")).unwrap();
            format!("server{number} {host_key}")
        })
        .collect();
    std::fs::write(home.path("servers"), known).unwrap();
    let added = std::process::Command::new("ssh-add")
        .args(["-q", "-H"])
        .arg(home.path("servers"))
        .args(restriction.iter().flat_map(|hop| ["-h", hop]))
        .arg(&key)
        .env("SSH_AUTH_SOCK", &agent.socket)
        .in_time()
        .status;
    assert!(added.success());
}

/// Logs in with the agent alone.
fn by_agent(sshd: &Sshd, agent: &TestAgent, forwards: bool) -> Result<Client, crate::session::ConnectError> {
    let options = SshOptions {
        keys: Vec::new(),
        keys_only: Some(false),
        forward_agent: Some(forwards),
        ..sshd.options()
    };
    let mut client = Client::begin("127.0.0.1", options, agent.environment());
    client.await_login().map(|()| client)
}

fn hop(to: &Sshd) -> String {
    format!(
        "ssh -v -F none -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -p {} {}@127.0.0.1 echo there",
        to.port,
        me()
    )
}

#[test]
fn a_server_has_the_agent_list_and_sign_and_nothing_else() {
    let sshd = Sshd::start();
    let agent = TestAgent::start(sshd.folder.path());
    agent.add(&sshd.path("id"));
    make_key(&sshd.path("more"), &["-t", "ed25519"]);
    let listed = || {
        let listed = std::process::Command::new("ssh-add")
            .arg("-L")
            .env("SSH_AUTH_SOCK", &agent.socket)
            .in_time();
        listed.stdout
    };
    let before = listed();
    let mut client = logged_in(forwarding(&sshd), agent.environment());
    let more = sshd.path("more").display().to_string();
    for request in [
        "echo 1234 | SSH_ASKPASS=/bin/true SSH_ASKPASS_REQUIRE=force ssh-add -s /x.so",
        "ssh-add -e /x.so",
        "ssh-add -D",
        &format!("ssh-add -d {more}"),
        &format!("ssh-add {more}"),
        "SSH_ASKPASS=/bin/true SSH_ASKPASS_REQUIRE=force ssh-add -x",
        "SSH_ASKPASS=/bin/true SSH_ASKPASS_REQUIRE=force ssh-add -X",
    ] {
        assert_ne!(client.run(request).exit, Exit::Status(0), "{request}");
        assert_eq!(listed(), before, "{request}");
    }
    // The server can still list the keys and ask for signatures.
    assert!(text(&client.run("ssh-add -L")).starts_with("ssh-ed25519 "));
    let signed = "echo text > $HOME/text && ssh-keygen -Y sign -n x -f $HOME/id.pub $HOME/text";
    std::fs::rename(sshd.path("id"), sshd.path("away")).unwrap();
    text(&client.run(signed));
    assert!(sshd.path("text.sig").exists());
}

#[test]
fn the_agent_is_told_which_server_asks() {
    let sshd = Sshd::start();
    let agent = TestAgent::watched(sshd.folder.path());
    agent.add(&sshd.path("id"));
    let mut client = by_agent(&sshd, &agent, true).unwrap();
    text(&client.run("ssh-add -l"));
    let log = agent.log();
    assert_eq!(log.matches("recorded ED25519").count(), 2, "{log}");
}

#[test]
fn a_key_that_is_restricted_to_servers_is_of_use_there_and_nowhere_else() {
    let (first, second) = (Sshd::start(), Sshd::start());
    let agent = TestAgent::start(first.folder.path());
    let servers = [&first, &second];
    // The key is for the first server alone: it leads there, and from there nowhere.
    restricted(&agent, &first, &servers, &["server1"]);
    let mut client = by_agent(&first, &agent, true).unwrap();
    assert!(!text(&client.run("ssh-add -L; true")).contains("ssh-ed25519"));
    assert_ne!(client.run(&hop(&second)).exit, Exit::Status(0));
    drop(client);
    let error = by_agent(&second, &agent, false).map(drop).unwrap_err();
    assert_eq!(error.phase, crate::session::Phase::Authentication);
    drop(agent);
}

#[test]
fn a_key_goes_on_to_the_servers_that_it_is_meant_for() {
    let (first, second) = (Sshd::start(), Sshd::start());
    let agent = TestAgent::start(first.folder.path());
    // The key is for both servers, for the second by way of the first.
    restricted(&agent, &first, &[&first, &second], &["server1", "server1>server2"]);
    let mut client = by_agent(&first, &agent, true).unwrap();
    assert_eq!(text(&client.run(&hop(&second))), "there\n");
}

#[test]
fn a_key_for_direct_logins_is_of_no_use_to_a_server_that_asks_the_agent() {
    let (first, second) = (Sshd::start(), Sshd::start());
    let agent = TestAgent::start(first.folder.path());
    // We ourselves may log in at the second server; the first may not do so in our name.
    restricted(&agent, &first, &[&first, &second], &["server2"]);
    by_agent(&second, &agent, false).map(drop).unwrap();
    std::fs::copy(first.path("id.pub"), first.path("authorized_keys")).unwrap();
    for options in [
        forwarding(&first),
        // libssh2 signs with such a key by itself, and does not tell the session id.
        SshOptions {
            keys: vec![pem(&first)],
            ..forwarding(&first)
        },
    ] {
        let mut client = logged_in(options, agent.environment());
        let ran = client.run(&hop(&second));
        assert_ne!(ran.exit, Exit::Status(0));
        assert_eq!(ran.out, b"");
        // Other keys of the agent are of use.
        agent.add(&first.path("id"));
        assert!(text(&client.run("ssh-add -L")).contains("ssh-ed25519"));
    }
}

/// Makes a key in one of OpenSSL's formats.
fn pem(sshd: &Sshd) -> std::path::PathBuf {
    let file = sshd.path("pem");
    make_key(&file, &["-t", "ecdsa", "-m", "PEM"]);
    let public = std::fs::read(file.with_extension("pub")).unwrap();
    let mut authorized = std::fs::read(sshd.path("authorized_keys")).unwrap();
    authorized.extend(public);
    std::fs::write(sshd.path("authorized_keys"), authorized).unwrap();
    file
}
