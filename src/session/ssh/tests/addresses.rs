use std::path::Path;
use std::process::Command as Process;
use std::time::{Duration, Instant};

use crate::deadline::InTime;
use crate::session::ssh::SshEnvironment;
use crate::session::ssh::testing::{Client, CommandResult, Sshd, free_port, me};
use crate::session::{ConnectError, HostKeyPolicy, Phase, SshOptions};

fn with_files(sshd: &Sshd, lines: &str) -> SshOptions {
    std::fs::write(sshd.path("ssh_config"), lines).unwrap();
    SshOptions {
        config: Some(vec![sshd.path("ssh_config")]),
        ..sshd.options()
    }
}

fn text(ran: &CommandResult) -> String {
    String::from_utf8_lossy(&ran.out).into_owned()
}

fn client(server: &str, options: SshOptions) -> Result<Client, ConnectError> {
    let server = server.parse().unwrap();
    let mut client = Client::begin_at(server, options, SshEnvironment::default());
    client.await_login().map(|()| client)
}

fn ssh_trusts(sshd: &Sshd, known_hosts: &Path) -> bool {
    Process::new("ssh")
        .args(["-F", "none", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes"])
        .args(["-o", "GlobalKnownHostsFile=none", "-o"])
        .arg(format!("UserKnownHostsFile={}", known_hosts.display()))
        .arg("-i")
        .arg(sshd.path("id"))
        .args(["-p", &sshd.port.to_string(), "-l", &me(), "::1", "true"])
        .in_time()
        .status
        .success()
}

#[test]
fn a_server_at_an_ipv6_address_is_reached_and_known_as_ssh_knows_it() {
    let sshd = Sshd::with("ListenAddress [::1]:PORT");
    let server = format!("{}@[::1]:{}", me(), sshd.port);
    let options = SshOptions {
        user: None,
        port: None,
        ..sshd.options()
    };
    let mut first = client(&server, options.clone()).unwrap();
    assert!(text(&first.run("echo $SSH_CONNECTION")).starts_with("::1 "));
    let known = std::fs::read_to_string(sshd.path("known_hosts")).unwrap();
    assert!(
        known.starts_with(&format!("[::1]:{} ssh-ed25519 ", sshd.port)),
        "{known}"
    );
    assert!(ssh_trusts(&sshd, &sshd.path("known_hosts")));
    let strict = SshOptions {
        verify_host_key: Some(HostKeyPolicy::Strict),
        ..options
    };
    client(&server, strict).map(drop).unwrap();
}

#[test]
fn the_address_to_connect_from_is_that_of_the_recipe_or_of_the_files() {
    let sshd = Sshd::start();
    let files = with_files(&sshd, "BindAddress 127.0.0.5\n");
    let recipe = SshOptions {
        bind_address: Some("127.0.0.6".to_owned()),
        ..files.clone()
    };
    for (options, expected) in [(files, "127.0.0.5 "), (recipe, "127.0.0.6 ")] {
        let mut client = client("127.0.0.1", options).unwrap();
        let from = text(&client.run("echo $SSH_CONNECTION"));
        assert!(from.starts_with(expected), "{from}");
    }
    let nowhere = with_files(&sshd, "BindAddress 203.0.113.1\n");
    let error = client("127.0.0.1", nowhere).map(drop).unwrap_err();
    assert_eq!(error.phase, Phase::Connect);
}

#[test]
fn attempts_to_connect_are_as_many_as_the_files_say() {
    let sshd = Sshd::start();
    let port = free_port();
    for (attempts, least) in [(1, 0), (2, 1)] {
        let options = SshOptions {
            port: Some(port),
            ..with_files(&sshd, &format!("ConnectionAttempts {attempts}\n"))
        };
        let begun = Instant::now();
        let error = client("127.0.0.1", options).map(drop).unwrap_err();
        assert_eq!(error.reason, format!("connection refused (127.0.0.1:{port})"));
        let took = begun.elapsed();
        let range = Duration::from_secs(least)..Duration::from_millis(least * 1000 + 900);
        assert!(range.contains(&took), "{attempts}: {took:?}");
    }
}

#[test]
fn a_connection_comes_from_an_address_of_the_interface_that_the_files_name() {
    use nix::ifaddrs::getifaddrs;
    use nix::net::if_::InterfaceFlags;

    let sshd = Sshd::start();
    let of = |interface: &str| client("127.0.0.3", with_files(&sshd, &format!("BindInterface {interface}\n")));
    let all: Vec<_> = getifaddrs()
        .unwrap()
        .filter(|found| found.flags.contains(InterfaceFlags::IFF_UP))
        .filter_map(|found| {
            let address = found.address?.as_sockaddr_in()?.ip().to_string();
            Some((found.interface_name, address))
        })
        .collect();
    assert!(all.iter().any(|(name, _)| name == "lo"), "{all:?}");
    for (name, _) in &all {
        let said = text(&of(name).unwrap().run("echo $SSH_CONNECTION"));
        let from = said.split(' ').next().unwrap();
        assert!(all.contains(&(name.clone(), from.to_owned())), "{name}: {said}");
    }
    let error = of("no-such0").err().expect("no login");
    assert_eq!(error.phase, Phase::Connect);
    assert_eq!(
        error.reason,
        "BindInterface no-such0: there is no such network interface"
    );
    // An address outweighs an interface.
    let options = with_files(&sshd, "BindInterface no-such0\nBindAddress 127.0.0.5\n");
    let said = text(&client("127.0.0.3", options).unwrap().run("echo $SSH_CONNECTION"));
    assert!(said.starts_with("127.0.0.5 "), "{said}");
}
