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
