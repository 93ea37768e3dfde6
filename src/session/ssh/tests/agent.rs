use crate::exit::Exit;
use crate::session::SshOptions;
use crate::session::ssh::SshEnvironment;
use crate::session::ssh::testing::{Client, Ran, Sshd, TestAgent, me};

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

fn text(ran: &Ran) -> String {
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

/// An agent that holds a key of a token, as far as a server can tell: it says that somebody touched it, and counts.
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
        let (mut stream, _) = listener.accept().unwrap();
        let mut length = [0; 4];
        while stream.read_exact(&mut length).is_ok() {
            let mut message = vec![0; usize::try_from(u32::from_be_bytes(length)).unwrap()];
            stream.read_exact(&mut message).unwrap();
            let answer = if message[0] == 11 {
                listed.clone()
            } else {
                // The key, what is to be signed, flags.
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
