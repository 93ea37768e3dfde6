#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::exit::Exit;
use crate::secret::Secret;
use crate::session::{Command, ConnectError, HostKeyPolicy, Input, JobSignal, Phase, Report, SshOptions};

use super::SshEnvironment;
use super::testing::{Client, PATIENCE, Sshd, TestAgent, command, free_port, make_key, me, on_terminal};

#[test]
fn k1_a_second_command_uses_the_same_connection() {
    let sshd = Sshd::start();
    let mut client = sshd.connect();
    let peers: Vec<_> = (0..3).map(|_| client.run("echo $SSH_CONNECTION").out).collect();
    assert!(!peers[0].is_empty());
    assert!(peers.iter().all(|peer| *peer == peers[0]));
}

#[test]
fn c2_exit_statuses_arrive_as_they_are() {
    let sshd = Sshd::start();
    let mut client = sshd.connect();
    for status in [0, 1, 7, 255] {
        assert_eq!(client.run(&format!("exit {status}")).exit, Exit::Status(status));
    }
}

#[test]
fn c5_a_command_killed_by_a_signal_is_told_apart_from_one_that_failed() {
    let sshd = Sshd::start();
    let mut client = sshd.connect();
    assert_eq!(client.run("kill -TERM $$").exit, Exit::Signal("TERM".to_owned()));
    assert_eq!(client.run("exit 143").exit, Exit::Status(143));
}

#[test]
fn c12_a_terminal_only_where_asked_for() {
    let sshd = Sshd::start();
    let mut client = sshd.connect();
    assert_eq!(client.run("test -t 1").exit, Exit::Status(1));
    let job = client.start(on_terminal("test -t 1 && stty size"));
    let ran = client.finish(job);
    assert_eq!((ran.exit, ran.out), (Exit::Status(0), b"30 100\r\n".to_vec()));
}

#[test]
fn c13_input_arrives_whole_and_ends() {
    let sshd = Sshd::start();
    let mut client = sshd.connect();
    let bytes: Arc<[u8]> = (0..5_000_000_u32).map(|n| (n % 251) as u8).collect();
    let job = client.start(Command {
        input: Input {
            bytes: Arc::clone(&bytes),
            then_end: true,
        },
        ..command("cat")
    });
    let ran = client.finish(job);
    assert_eq!(ran.exit, Exit::Status(0));
    assert!(ran.out == *bytes, "{} of {} bytes", ran.out.len(), bytes.len());
}

#[test]
fn c14_input_can_follow_what_the_command_says() {
    let sshd = Sshd::start();
    let mut client = sshd.connect();
    let job = client.start(Command {
        input: Input {
            bytes: Arc::from([]),
            then_end: false,
        },
        ..command("printf 'name? '; read name; echo \"hello $name\"; cat")
    });
    assert_eq!(client.await_output(), b"name? ");
    client.session.drained(6);
    client.session.write(job, b"capr\nmore\n".to_vec());
    client.session.end_input(job);
    let ran = client.finish(job);
    assert_eq!(String::from_utf8_lossy(&ran.out), "hello capr\nmore\n");
}

#[test]
fn input_that_the_command_does_not_want_is_dropped() {
    let sshd = Sshd::start();
    let mut client = sshd.connect();
    let job = client.start(Command {
        input: Input {
            bytes: vec![b'x'; 8 << 20].into(),
            then_end: true,
        },
        ..command("exit 4")
    });
    assert_eq!(client.finish(job).exit, Exit::Status(4));
    assert_eq!(client.run("true").exit, Exit::Status(0));
}

#[test]
fn c28_ten_megabytes_of_both_streams_arrive_whole() {
    let sshd = Sshd::start();
    let mut client = sshd.connect();
    let ran = client.run("head -c 10000000 /dev/zero >&2 & head -c 10000000 /dev/zero | tr '\\0' a; wait; exit 3");
    assert_eq!(ran.exit, Exit::Status(3));
    assert_eq!((ran.out.len(), ran.err.len()), (10_000_000, 10_000_000));
    assert!(ran.out.iter().all(|byte| *byte == b'a'));
}

#[test]
fn a_flood_that_nobody_takes_stops_at_a_bound_and_goes_on() {
    let sshd = Sshd::start();
    let mut client = sshd.connect();
    let job = client.start(command("head -c 40000000 /dev/zero; echo done >&2"));
    let mut taken = Vec::new();
    let mut held = 0;
    // Nothing is said to be drained until the flood has stopped by itself.
    while let Ok(report) = client.reports.recv_timeout(Duration::from_millis(1500)) {
        match report {
            Report::Output(_, _, _, bytes) => held += bytes.len(),
            other => panic!("unexpected {other:?}"),
        }
    }
    assert!((8 << 20..16 << 20).contains(&held), "{held}");
    client.session.drained(held);
    let ran = client.finish(job);
    taken.extend(ran.out);
    assert_eq!(taken.len() + held, 40_000_000);
    assert_eq!(ran.err, b"done\n");
}

#[test]
fn c29_a_child_that_holds_the_output_open_is_waited_for() {
    let sshd = Sshd::start();
    let mut client = sshd.connect();
    let ran = client.run("(sleep 1; echo late) & exit 3");
    assert_eq!((ran.exit, ran.out), (Exit::Status(3), b"late\n".to_vec()));
    let ran = client.run("(sleep 20) >/dev/null 2>&1 & echo $!");
    assert_eq!(ran.exit, Exit::Status(0));
    assert!(ran.took < Duration::from_secs(10));
    client.run(&format!("kill {}", String::from_utf8_lossy(&ran.out)));
}

#[test]
fn c30_a_command_that_runs_too_long_is_ended_on_the_server() {
    let sshd = Sshd::start();
    let mut client = sshd.connect();
    let timeout = Some(Duration::from_millis(300));
    let job = client.start(Command {
        timeout,
        ..command("echo $$; exec sleep 300")
    });
    let ran = client.finish(job);
    assert_eq!(ran.exit, Exit::TimedOut(Duration::from_millis(300)));
    let pid = String::from_utf8_lossy(&ran.out).trim().to_owned();
    assert_eq!(client.run(&format!("kill -0 {pid} 2>/dev/null")).exit, Exit::Status(1));
    // One that ignores the first signals gets the next ones.
    let job = client.start(Command {
        timeout,
        ..command("trap '' INT; echo $$; while :; do sleep 0.1; done")
    });
    let ran = client.finish(job);
    assert_eq!(ran.exit, Exit::TimedOut(Duration::from_millis(300)));
    assert!(ran.took > Duration::from_secs(2));
}

#[test]
fn b3_a_signal_ends_a_remote_command_without_a_terminal() {
    let sshd = Sshd::start();
    let mut client = sshd.connect();
    for (signal, name) in [
        (JobSignal::Int, "INT"),
        (JobSignal::Term, "TERM"),
        (JobSignal::Kill, "KILL"),
    ] {
        let job = client.start(command("echo $$; sleep 300 >/dev/null 2>&1 & sleep 300"));
        let pid = String::from_utf8_lossy(&client.await_output()).trim().to_owned();
        client.session.signal(job, signal);
        assert_eq!(client.finish(job).exit, Exit::Signal(name.to_owned()));
        let group = client.run(&format!("ps -o stat= -g {pid} | grep -vc Z"));
        // A shell tells its background processes to ignore INT.
        if signal != JobSignal::Int {
            assert_eq!(String::from_utf8_lossy(&group.out), "0\n", "{name}");
        }
        client.run(&format!("kill -KILL -{pid}"));
    }
}

#[test]
fn several_commands_run_at_once_on_one_connection() {
    let sshd = Sshd::start();
    let mut client = sshd.connect();
    let started = Instant::now();
    let jobs: Vec<_> = (0..5)
        .map(|n| client.start(command(&format!("sleep 1; exit {n}"))))
        .collect();
    let mut exits = Vec::new();
    while exits.len() < jobs.len() {
        match client.report() {
            Report::Finished(_, job, exit, _) => exits.push((job, exit)),
            other => panic!("unexpected {other:?}"),
        }
    }
    assert!(started.elapsed() < Duration::from_secs(4));
    exits.sort_by_key(|(job, _)| *job);
    let expected: Vec<_> = jobs
        .into_iter()
        .zip(0..)
        .map(|(job, n)| (job, Exit::Status(n)))
        .collect();
    assert_eq!(exits, expected);
}

#[test]
fn a_server_that_allows_one_command_at_a_time_is_served_one_by_one() {
    let sshd = Sshd::with("MaxSessions 1");
    let mut client = sshd.connect();
    for _ in 0..3 {
        assert_eq!(client.run("true").exit, Exit::Status(0));
    }
    let first = client.start(command("sleep 0.5"));
    let second = client.start(command("true"));
    assert_eq!(
        client.finish(second).exit,
        Exit::Refused("the server opens no more channels".to_owned())
    );
    assert_eq!(client.finish(first).exit, Exit::Status(0));
}

#[test]
fn the_channel_of_the_next_command_is_open_before_it_is_needed() {
    let sshd = Sshd::start();
    let mut client = sshd.connect();
    for _ in 0..3 {
        client.run("true");
    }
    // Three commands and the spare one; sshd logs an opened channel before the command that uses it.
    client.run("true");
    let log = sshd.log();
    let events: Vec<_> = log
        .lines()
        .filter_map(|line| match line {
            line if line.contains("server_input_channel_open: confirm session") => Some('o'),
            line if line.contains("Starting session: command for") => Some('c'),
            _ => None,
        })
        .collect();
    let opened_before = |n: usize| {
        let at = events
            .iter()
            .enumerate()
            .filter(|(_, event)| **event == 'c')
            .nth(n)
            .unwrap()
            .0;
        events[..at].iter().filter(|event| **event == 'o').count()
    };
    assert!(opened_before(0) >= 1, "{events:?}");
    assert!(opened_before(2) >= 3, "{events:?}");
}

#[test]
fn k5_a_dropped_connection_is_told_for_the_command_and_the_session() {
    let sshd = Sshd::start();
    let mut client = sshd.connect();
    let job = client.start(command("echo up; sleep 300"));
    client.await_output();
    sshd.drop_connections();
    let ran = client.finish(job);
    assert!(matches!(ran.exit, Exit::Lost(_)), "{ran:?}");
    assert!(matches!(client.report(), Report::Lost(..)));
}

#[test]
fn k5_an_idle_connection_that_drops_is_told() {
    let sshd = Sshd::start();
    let client = sshd.connect();
    sshd.drop_connections();
    assert!(matches!(client.report(), Report::Lost(..)));
}

#[test]
fn k11_a_silent_server_is_noticed_within_three_intervals() {
    let sshd = Sshd::start();
    let mut client = sshd
        .connect_with(SshOptions {
            keepalive_interval: Duration::from_secs(1),
            ..sshd.options()
        })
        .unwrap();
    // It answers for longer than that while it lives.
    assert_eq!(client.run("sleep 5").exit, Exit::Status(0));
    let job = client.start(command("echo up; sleep 300"));
    client.await_output();
    sshd.freeze(true);
    let frozen = Instant::now();
    let ran = client.finish(job);
    assert_eq!(ran.exit, Exit::Lost("no sign of life for 3 s".to_owned()));
    assert!(frozen.elapsed() < Duration::from_secs(6));
    sshd.freeze(false);
}

#[test]
fn abandoning_ends_everything_at_once() {
    let sshd = Sshd::start();
    let mut client = sshd.connect();
    let job = client.start(command("echo up; sleep 300"));
    client.await_output();
    sshd.freeze(true);
    let started = Instant::now();
    client.session.abandon();
    assert_eq!(client.finish(job).exit, Exit::Cancelled);
    assert!(matches!(client.report(), Report::Lost(..)));
    drop(client);
    assert!(started.elapsed() < Duration::from_secs(1));
    sshd.freeze(false);
}

#[test]
fn dropping_a_session_says_goodbye_without_waiting() {
    let sshd = Sshd::start();
    let client = sshd.connect();
    sshd.freeze(true);
    let started = Instant::now();
    drop(client.session);
    assert!(started.elapsed() < Duration::from_millis(500));
    sshd.freeze(false);
    assert!(client.reports.recv_timeout(PATIENCE).is_err());
}

fn fails(host: &str, options: SshOptions) -> ConnectError {
    let mut client = Client::begin(host, options, SshEnvironment::default());
    client.await_login().expect_err("no login")
}

fn short(port: u16) -> SshOptions {
    SshOptions {
        user: Some("deploy".to_owned()),
        port: Some(port),
        config: Some(Vec::new()),
        connect_timeout: Duration::from_millis(300),
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
        let (mut socket, _) = web.accept().unwrap();
        let _ = socket.read(&mut [0; 100]);
        socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
    });
    let error = fails("127.0.0.1", short(port));
    assert_eq!(error.reason, "not an SSH server: it says `HTTP/1.1 400 Bad Request'");
    assert!(server.is_finished());
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
    let _accepted = silent.accept().unwrap();
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
            "authentication failed for `{}' (tried: publickey {} {} (encrypted) {} (not a private key) {} (no such file or directory); server takes: publickey)",
            me(),
            shown[0],
            shown[1],
            shown[2],
            shown[3],
        )
    );
    assert_eq!(
        error.hints,
        [format!("{0} is encrypted; add it to the agent: ssh-add {0}", shown[1])]
    );
}

#[test]
fn keys_of_every_kind_log_in_from_files_and_from_the_agent() {
    let sshd = Sshd::start();
    let kinds: [(&str, &[&str]); 4] = [
        ("ed25519", &["-t", "ed25519"]),
        ("rsa", &["-t", "rsa", "-b", "2048"]),
        ("ecdsa", &["-t", "ecdsa"]),
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
            keys_only: false,
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
            Report::HostKeyAdded(..) => {}
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

    // Nobody is asked while a key works, and whoever does not know it says so.
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
            Report::HostKeyAdded(_, key) => {
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
    assert!(connect(Some(HostKeyPolicy::Off)).unwrap().is_none());
    assert!(!file.exists());
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
    assert!(error.reason.contains(&format!("{}:2", file.display())), "{error}");
    assert!(error.hints[1].contains("ssh-keygen -R"), "{:?}", error.hints);
    assert!(connect(Some(HostKeyPolicy::Off)).is_ok());
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
