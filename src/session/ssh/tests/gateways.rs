use std::net::{Ipv4Addr, SocketAddrV4, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rustix::net::{AddressFamily, SocketType, bind, listen, socket};

use crate::configuration::Server;
use crate::exit::Exit;
use crate::session::ssh::testing::{Client, PATIENCE, Sshd, command, free_port, me};
use crate::session::ssh::{SshConnector, SshEnvironment};
use crate::session::{
    Command, ConnectError, Connector, Destination, Input, JobId, LoginReport, Phase, Report, Session, SessionId,
    SshOptions,
};
use crate::source::text;

fn servers(names: &[String]) -> Vec<Server> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}

/// Servers that one connector logs in to at once.
struct Group {
    sessions: Vec<Box<dyn Session>>,
    reports: Receiver<Report>,
}

fn connect(names: &[String], options: &SshOptions) -> (Group, Vec<Option<ConnectError>>) {
    let connector = SshConnector::new(SshEnvironment::default());
    let (sender, reports) = channel();
    let begin = |(number, server): (usize, Server)| {
        let options = options.clone();
        connector.connect(SessionId(number), &Destination { server, options }, sender.clone())
    };
    let sessions: Vec<_> = servers(names).into_iter().enumerate().map(begin).collect();
    let mut errors: Vec<_> = sessions.iter().map(|_| None).collect();
    let mut left = sessions.len();
    while left > 0 {
        match reports.recv_timeout(PATIENCE).expect("a report in time") {
            Report::Connected(..) => left -= 1,
            Report::ConnectFailed(id, error) => {
                errors[id.0] = Some(error);
                left -= 1;
            }
            Report::Login(_, LoginReport::HostKeyAdded(_) | LoginReport::Negotiated(_)) => {}
            other => panic!("unexpected {other:?}"),
        }
    }
    (Group { sessions, reports }, errors)
}

impl Group {
    fn run_everywhere(&self, line: &str) -> Vec<String> {
        self.start_everywhere(&command(line))
    }

    fn start_everywhere(&self, command: &Command) -> Vec<String> {
        for (number, session) in self.sessions.iter().enumerate() {
            session.start(JobId(number as u64), command.clone());
        }
        let mut said = vec![String::new(); self.sessions.len()];
        let mut left = said.len();
        while left > 0 {
            match self.reports.recv_timeout(PATIENCE).expect("a report in time") {
                Report::Output(id, _, _, bytes) => {
                    self.sessions[id.0].drained(bytes.len());
                    said[id.0].push_str(&String::from_utf8_lossy(&bytes));
                }
                Report::Finished(_, _, exit, _) => {
                    assert_eq!(exit, Exit::Status(0));
                    left -= 1;
                }
                Report::Sent(..) => {}
                other => panic!("unexpected {other:?}"),
            }
        }
        said
    }
}

fn logins(sshd: &Sshd) -> usize {
    sshd.log().matches("Accepted publickey").count()
}

/// Returns the options for the target through `gates`; all of them accept the same key.
fn through(target: &Sshd, gates: &[String]) -> SshOptions {
    SshOptions {
        port: None,
        gateway: servers(gates),
        ..target.options()
    }
}

fn trusting(sshd: &Sshd, other: &Sshd) {
    std::fs::copy(other.path("authorized_keys"), sshd.path("authorized_keys")).unwrap();
}

#[test]
fn k8_servers_behind_a_gateway_share_its_connections() {
    let (gate, target) = (Sshd::start(), Sshd::start());
    trusting(&gate, &target);
    let names: Vec<_> = (0..20)
        .map(|number| format!("127.0.0.{}:{}", number % 6 + 1, target.port))
        .collect();
    let options = through(&target, &[format!("127.0.0.1:{}", gate.port)]);
    let (group, errors) = connect(&names, &options);
    assert!(errors.iter().all(Option::is_none), "{errors:?}");
    let said = group.run_everywhere("echo $SSH_CONNECTION");
    assert!(said.iter().all(|line| line.contains(" 127.0.0.")), "{said:?}");
    assert_eq!(logins(&target), 20);
    assert_eq!(logins(&gate), 5);
    // A megabyte each way, at once.
    let said = group.run_everywhere("head -c 1000000 /dev/zero | tr '\\0' x");
    assert!(said.iter().all(|text| text.len() == 1_000_000));
    // The last server that leaves closes the connection to the gateway.
    drop(group);
    let until = Instant::now() + PATIENCE;
    while !gate.serving().is_empty() {
        assert!(Instant::now() < until, "the gateway is still connected");
        std::thread::park_timeout(Duration::from_millis(10));
    }
}

#[test]
fn k8_a_large_upload_goes_through_gateways_to_all_servers_behind_them_without_a_stall() {
    const SIZE: usize = 24 << 20;
    let (first, second, target) = (Sshd::start(), Sshd::start(), Sshd::start());
    trusting(&first, &target);
    trusting(&second, &target);
    let names: Vec<_> = (1..=3)
        .map(|number| format!("127.0.0.{number}:{}", target.port))
        .collect();
    let gates = [
        format!("{}@127.0.0.1:{}", me(), first.port),
        format!("{}@127.0.0.2:{}", me(), second.port),
    ];
    for gates in [&gates[..1], &gates[..]] {
        let (group, errors) = connect(&names, &through(&target, gates));
        assert!(errors.iter().all(Option::is_none), "{errors:?}");
        let begin = Instant::now();
        // A transfer that stalls would wait for a keepalive question, or for ever.
        let said = group.start_everywhere(&Command {
            input: Input::told(text(vec![b'x'; SIZE])),
            ..command("wc -c")
        });
        assert!(said.iter().all(|said| said.trim() == SIZE.to_string()), "{said:?}");
        let took = begin.elapsed();
        assert!(took < PATIENCE, "{took:?} through {}", gates.len());
    }
}

#[test]
fn k8_a_chain_of_gateways_leads_to_the_server() {
    let (first, second, target) = (Sshd::start(), Sshd::start(), Sshd::start());
    trusting(&first, &target);
    trusting(&second, &target);
    let gates = [
        format!("{}@127.0.0.1:{}", me(), first.port),
        format!("127.0.0.2:{}", second.port),
    ];
    let (group, errors) = connect(&[format!("127.0.0.3:{}", target.port)], &through(&target, &gates));
    assert!(errors[0].is_none(), "{errors:?}");
    assert_eq!(group.run_everywhere("echo there"), ["there\n"]);
    assert_eq!([&first, &second, &target].map(logins), [1, 1, 1]);
}

#[test]
fn k8_what_fails_on_the_way_names_the_gateway() {
    let (gate, target) = (Sshd::start(), Sshd::start());
    let nobody = free_port();
    let failure = |gates: &[String], port: u16| {
        let (_, errors) = connect(&[format!("127.0.0.1:{port}")], &through(&target, gates));
        errors[0].clone().expect("no login")
    };
    let door = format!("127.0.0.1:{nobody}");
    let error = failure(std::slice::from_ref(&door), target.port);
    assert_eq!(
        error.reason,
        format!("gateway {door}: connection refused (127.0.0.1:{nobody})")
    );
    // The gateway does not know our key.
    let way = format!("127.0.0.1:{}", gate.port);
    let error = failure(std::slice::from_ref(&way), target.port);
    assert_eq!(error.phase, Phase::Authentication);
    assert!(
        error
            .reason
            .starts_with(&format!("gateway {way}: authentication failed")),
        "{error}"
    );
    trusting(&gate, &target);
    let error = failure(std::slice::from_ref(&way), nobody);
    assert_eq!(
        error.reason,
        format!("gateway {way}: cannot reach 127.0.0.1:{nobody}: connect failed")
    );
    let error = failure(&[way.clone(), door.clone()], target.port);
    assert_eq!(
        error.reason,
        format!("gateway {door}: gateway {way}: cannot reach {door}: connect failed")
    );
    let error = failure(&[way.clone(), way.clone()], target.port);
    assert!(error.reason.contains("circle"), "{error}");
}

#[test]
fn a_new_host_key_is_told_with_the_server_whose_it_is() {
    let (gate, target) = (Sshd::start(), Sshd::start());
    trusting(&gate, &target);
    let way = format!("127.0.0.2:{}", gate.port);
    let options = SshOptions {
        port: Some(target.port),
        ..through(&target, std::slice::from_ref(&way))
    };
    let client = Client::begin("127.0.0.1", options, SshEnvironment::default());
    let mut told = Vec::new();
    loop {
        match client.report() {
            Report::Login(_, LoginReport::HostKeyAdded(key)) => {
                told.push(key.gateway.map(|gateway| gateway.to_string()))
            }
            Report::Connected(..) => break,
            other => panic!("unexpected {other:?}"),
        }
    }
    assert_eq!(told, [Some(way), None]);
}

#[test]
fn a_gateway_that_goes_away_takes_its_servers_with_it_and_is_made_anew() {
    let (gate, target) = (Sshd::start(), Sshd::start());
    trusting(&gate, &target);
    let names = [
        format!("127.0.0.1:{}", target.port),
        format!("127.0.0.2:{}", target.port),
    ];
    let options = through(&target, &[format!("127.0.0.1:{}", gate.port)]);
    let (group, errors) = connect(&names, &options);
    assert!(errors.iter().all(Option::is_none), "{errors:?}");
    gate.drop_connections();
    for _ in 0..2 {
        assert!(matches!(
            group.reports.recv_timeout(PATIENCE).expect("a report in time"),
            Report::Lost(..)
        ));
    }
    let (_, errors) = connect(&names, &options);
    assert!(errors.iter().all(Option::is_none), "{errors:?}");
}

#[test]
fn jump_hosts_and_proxy_commands_of_the_ssh_configuration_lead_to_the_server() {
    let (gate, target) = (Sshd::start(), Sshd::start());
    trusting(&gate, &target);
    let file = target.path("ssh_config");
    let gate_port = gate.port;
    let written = |way: &str| {
        std::fs::write(
            &file,
            format!(
                "Host app\n HostName 127.0.0.3\n Port {}\n {way}\nHost gate\n HostName 127.0.0.1\n Port {gate_port}\n",
                target.port
            ),
        )
        .unwrap();
        let options = SshOptions {
            user: None,
            port: None,
            config: Some(vec![file.clone()]),
            ..target.options()
        };
        let environment = SshEnvironment {
            local_user: me(),
            ..SshEnvironment::default()
        };
        let mut client = Client::begin("app", options, environment);
        client.await_login().map(|()| client)
    };
    let mut client = written("ProxyJump gate").expect("a login");
    assert_eq!(client.run("echo there").out, b"there\n");
    assert_eq!(logins(&gate), 1);
    let bridge = "ProxyCommand bash -c 'exec 3<>/dev/tcp/%h/%p; cat <&3 & exec cat >&3'";
    let mut client = written(bridge).expect("a login");
    assert_eq!(client.run("echo there").out, b"there\n");
    let error = written("ProxyCommand echo nobody is there >&2; false")
        .err()
        .expect("no login");
    assert_eq!(
        error.reason,
        "the server hung up before its SSH greeting; the ProxyCommand said: nobody is there"
    );
}

#[test]
fn a_server_that_does_not_answer_does_not_hold_up_the_others_behind_its_gateway() {
    let (gate, target) = (Sshd::start(), Sshd::start());
    trusting(&gate, &target);
    // Nobody accepts connections at this address, and the queue of its listener is full.
    let door = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    bind(&door, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0)).unwrap();
    listen(&door, 0).unwrap();
    let door = TcpListener::from(door);
    let address = door.local_addr().unwrap();
    let mut waiting = Vec::new();
    while let Ok(one) = TcpStream::connect_timeout(&address, Duration::from_millis(200)) {
        waiting.push(one);
    }
    let mut names = vec![address.to_string()];
    names.extend((1..=3).map(|number| format!("127.0.0.{number}:{}", target.port)));
    let options = SshOptions {
        connect_timeout: Some(Duration::from_secs(5)),
        ..through(&target, &[format!("127.0.0.1:{}", gate.port)])
    };
    let (_, errors) = connect(&names, &options);
    let error = errors[0].as_ref().expect("no login");
    assert!(error.reason.contains("no answer from"), "{error}");
    assert!(errors[1..].iter().all(Option::is_none), "{errors:?}");
}
