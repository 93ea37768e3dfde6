use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::exit::Exit;
use crate::session::{Command, Input, JobSignal, Report, SshOptions};

use super::super::testing::{PATIENCE, Sshd, command, on_terminal};

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
        input: Input::text(Arc::clone(&bytes)),
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
        input: Input::open(),
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
        input: Input::text(vec![b'x'; 8 << 20]),
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
    // No output is reported as drained until the flood has stopped by itself.
    while let Ok(report) = client.reports.recv_timeout(Duration::from_millis(1500)) {
        match report {
            Report::Output(_, _, _, bytes) => held += bytes.len(),
            other => panic!("unexpected {other:?}"),
        }
    }
    assert!((1 << 20..2 << 20).contains(&held), "{held}");
    client.session.drained(held);
    let ran = client.finish(job);
    taken.extend(ran.out);
    assert_eq!(taken.len() + held, 40_000_000);
    assert_eq!(ran.err, b"done\n");
}

#[test]
fn an_end_that_arrives_while_another_channel_is_read_is_noticed_at_once() {
    let sshd = Sshd::start();
    // Without keepalive questions only the end itself can wake a thread.
    let options = SshOptions {
        keepalive_interval: Some(Duration::ZERO),
        ..sshd.options()
    };
    let mut clients: Vec<_> = (0..20).map(|_| sshd.connect_with(options.clone()).unwrap()).collect();
    for round in 0..50 {
        for client in &mut clients {
            client.start(command("sleep 0.05"));
        }
        for client in &clients {
            match client.reports.recv_timeout(Duration::from_secs(5)) {
                Ok(Report::Finished(_, _, exit, _)) => assert_eq!(exit, Exit::Status(0)),
                other => panic!("round {round}: {other:?}"),
            }
        }
    }
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
    // One that ignores the first signal gets the next one.
    let job = client.start(Command {
        timeout,
        ..command("trap '' TERM; echo $$; while :; do sleep 0.1; done")
    });
    let ran = client.finish(job);
    assert_eq!(ran.exit, Exit::TimedOut(Duration::from_millis(300)));
    assert!(ran.took > Duration::from_secs(2));
}

#[test]
fn b3_a_signal_ends_a_remote_command_without_a_terminal() {
    let sshd = Sshd::start();
    let mut client = sshd.connect();
    for signal in [JobSignal::Term, JobSignal::Kill] {
        let job = client.start(command("echo $$; sleep 300 >/dev/null 2>&1 & sleep 300"));
        let pid = String::from_utf8_lossy(&client.await_output()).trim().to_owned();
        client.session.signal(job, signal);
        assert_eq!(client.finish(job).exit, Exit::Signal(signal.name().to_owned()));
        let group = client.run(&format!("ps -o stat= -g {pid} | grep -vc Z"));
        assert_eq!(String::from_utf8_lossy(&group.out), "0\n", "{signal:?}");
    }
}

#[test]
fn b3_of_several_commands_only_the_one_that_is_meant_is_ended() {
    let sshd = Sshd::start();
    let mut client = sshd.connect();
    let line = "echo $$; (sleep 300; true) | cat & sleep 300";
    let mut jobs = Vec::new();
    for timeout in [None, Some(Duration::from_secs(1)), None] {
        let job = client.start(Command {
            timeout,
            ..command(line)
        });
        let pid = String::from_utf8_lossy(&client.await_output()).trim().to_owned();
        jobs.push((job, pid));
    }
    let left = |client: &mut crate::session::ssh::testing::Client| {
        let groups: Vec<_> = jobs.iter().map(|(_, pid)| pid.as_str()).collect();
        let said = client.run("ps -A -o stat= -o pgid= | grep -v ^Z; true");
        let said = String::from_utf8_lossy(&said.out).into_owned();
        let alive = said.lines().filter_map(|line| line.split_whitespace().last());
        let alive: std::collections::BTreeSet<_> = alive.collect();
        groups.iter().map(|group| alive.contains(group)).collect::<Vec<_>>()
    };
    assert!(matches!(client.finish(jobs[1].0).exit, Exit::TimedOut(_)));
    assert_eq!(left(&mut client), [true, false, true]);
    for (job, _) in [&jobs[0], &jobs[2]] {
        client.session.signal(*job, JobSignal::Term);
    }
    let mut ended = 0;
    while ended < 2 {
        if let Report::Finished(_, _, exit, _) = client.report() {
            assert_eq!(exit, Exit::Signal("TERM".to_owned()));
            ended += 1;
        }
    }
    assert_eq!(left(&mut client), [false, false, false]);
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
    let first = client.start(command("sleep 0.3; echo first"));
    let second = client.start(command("sleep 1; echo second"));
    let third = client.start(command("echo third"));
    assert_eq!(client.await_output(), b"first\n");
    client.session.signal(third, JobSignal::Term);
    let mut ends = Vec::new();
    while ends.len() < 3 {
        if let Report::Finished(_, job, exit, _) = client.report() {
            ends.push((job, exit));
        }
    }
    ends.sort_by_key(|(job, _)| *job);
    let ended = [Exit::Status(0), Exit::Status(0), Exit::Cancelled];
    assert_eq!(ends, [first, second, third].into_iter().zip(ended).collect::<Vec<_>>());
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
            keepalive_interval: Some(Duration::from_secs(1)),
            ..sshd.options()
        })
        .unwrap();
    // A server that lives is not lost in a longer time than that.
    assert_eq!(client.run("sleep 5").exit, Exit::Status(0));
    let job = client.start(command("echo up; sleep 300"));
    client.await_output();
    sshd.freeze(true);
    let frozen = Instant::now();
    let ran = client.finish(job);
    assert_eq!(
        ran.exit,
        Exit::Lost("no sign of life for 3 s, while the command ran".to_owned())
    );
    assert!(frozen.elapsed() < Duration::from_secs(6));
    sshd.freeze(false);
}

#[test]
fn k11_the_number_of_questions_is_that_of_the_recipe_or_of_the_files() {
    let sshd = Sshd::start();
    std::fs::write(
        sshd.path("ssh_config"),
        "ServerAliveInterval 1\nServerAliveCountMax 0\n",
    )
    .unwrap();
    for (recipe, waited) in [(Some(3), "4"), (None, "1")] {
        let options = SshOptions {
            config: Some(vec![sshd.path("ssh_config")]),
            keepalive_count: recipe,
            ..sshd.options()
        };
        let mut client = sshd.connect_with(options).unwrap();
        let job = client.start(command("echo up; sleep 300"));
        client.await_output();
        sshd.freeze(true);
        let expected = format!("no sign of life for {waited} s, while the command ran");
        assert_eq!(client.finish(job).exit, Exit::Lost(expected));
        sshd.freeze(false);
    }
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
    assert!(started.elapsed() < Duration::from_secs(3));
    sshd.freeze(false);
}

#[test]
fn dropping_a_session_says_goodbye_without_waiting() {
    let sshd = Sshd::start();
    let client = sshd.connect();
    sshd.freeze(true);
    let started = Instant::now();
    drop(client.session);
    assert!(started.elapsed() < Duration::from_secs(3));
    sshd.freeze(false);
    assert!(client.reports.recv_timeout(PATIENCE).is_err());
}
