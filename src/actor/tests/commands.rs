use std::time::Duration;

use super::{Accepts, Action, Actor, Bench, Outcome, Output, Person, SIX, Told, action, reasons};
use crate::exit::Exit;
use crate::interrupt::Interrupt;
use crate::secret::{Redactor, Secret};
use crate::session::dry_run::DryRunConnector;
use crate::session::scripted::Answer;
use crate::session::{Input, JobSignal, Terminal};

#[test]
fn c1_every_host_is_given_the_command_once_and_told_in_order() {
    let mut bench = Bench::new();
    bench
        .remote
        .on("app1", "uptime", Answer::new().out("up 3 days\n").err("hm\n"));
    bench.run(&["app1", "app2"], "uptime").unwrap();
    assert_eq!(bench.commands(), ["app1: uptime", "app2: uptime"]);
    let told = bench.told.lines();
    assert_eq!(told[0], "connecting app1 app2");
    for line in [
        "connected app1",
        "run `uptime' on app1 app2",
        "out app1: up 3 days",
        "err app1: hm",
    ] {
        assert!(told.contains(&line.to_owned()), "{line}: {told:#?}");
    }
    assert_eq!(told.last().unwrap(), "all finished, 0 failed");
}

#[test]
fn c2_the_others_are_completed_and_the_error_names_the_one_with_status_and_stderr() {
    let mut bench = Bench::new();
    bench
        .remote
        .on("app1", "make", Answer::new().err("no rule\nstop").exits(7));
    bench
        .remote
        .on("app2", "make", Answer::new().once_ended("app1", "make").out("done\n"));
    let error = bench.run(&["app1", "app2"], "make").unwrap_err();
    assert_eq!(error.to_string(), "`make' failed on app1");
    assert_eq!(reasons(&error), ["app1: exit status 7"]);
    assert_eq!(error.diagnostic().servers[0].stderr, ["no rule", "stop"]);
    assert_eq!(bench.exits("app2"), [Some(Exit::Status(0))]);
    assert_eq!(bench.told.of("out"), ["out app2: done"]);
}

#[test]
fn c2_an_error_shows_the_last_ten_lines_of_stderr_or_of_a_terminal() {
    let mut bench = Bench::new();
    let lines: String = (1..=30).map(|n| format!("{n}\n")).collect();
    bench.remote.on("app1", "make", Answer::new().out(lines).exits(1));
    let mut with_terminal = action(&["app1"], "make");
    with_terminal.jobs[0].1.terminal = Some(Terminal { columns: 80, rows: 24 });
    let shown = |error: super::ActionError| error.diagnostic().servers[0].stderr.clone();
    let error = bench.perform(with_terminal).unwrap_err();
    assert_eq!(shown(error), (21..=30).map(|n| n.to_string()).collect::<Vec<_>>());
    let error = bench.run(&["app1"], "make").unwrap_err();
    assert!(shown(error).is_empty());
}

#[test]
fn c3_when_all_fail_the_error_lists_them_in_server_order() {
    let mut bench = Bench::new();
    // The last is the first to end.
    for (host, after) in [("www1", "www2"), ("www2", "app1")] {
        bench.remote.on(host, "", Answer::new().once_ended(after, "").exits(1));
    }
    bench.remote.on("app1", "", Answer::new().exits(2));
    let error = bench.run(&["www1", "www2", "app1"], "false").unwrap_err();
    assert_eq!(error.to_string(), "`false' failed on 3 of 3 servers");
    assert_eq!(
        reasons(&error),
        ["www1: exit status 1", "www2: exit status 1", "app1: exit status 2"]
    );
}

#[test]
fn c5_a_signal_is_a_failure_that_names_it() {
    let mut bench = Bench::new();
    bench
        .remote
        .on("app1", "", Answer::new().ends(Exit::Signal("TERM".to_owned())));
    let error = bench.run(&["app1"], "sleep 9").unwrap_err();
    assert_eq!(reasons(&error), ["app1: killed by signal TERM"]);
}

#[test]
fn c12_a_refused_start_is_that_hosts_failure() {
    let mut bench = Bench::new();
    let refused = Exit::Refused("no terminal".to_owned());
    bench.remote.on("app2", "", Answer::new().ends(refused));
    let error = bench.run(&["app1", "app2"], "top").unwrap_err();
    assert_eq!(reasons(&error), ["app2: could not start: no terminal"]);
}

#[test]
fn c13_data_arrives_on_every_host_and_its_end_is_seen() {
    let mut bench = Bench::new();
    bench.remote.on("*", "cat", Answer::new().reads_all());
    let mut put = action(&["app1", "app2"], "cat > x");
    for (_, command) in &mut put.jobs {
        command.input = Input::text(*b"text");
    }
    bench.perform(put).unwrap();
    for record in bench.remote.commands() {
        assert_eq!(record.input, b"text");
        assert!(record.input_ended);
    }
}

#[test]
fn c14_a_handler_gets_pieces_of_both_streams_and_answers_a_host() {
    let mut bench = Bench::new();
    for host in ["app1", "app2"] {
        let answer = Answer::new().out("na").out("me? ").reads_line().err("bye\n");
        bench.remote.on(host, "greet", answer);
    }
    let mut greet = action(&["app1", "app2"], "greet");
    greet.output = Output::Handler;
    greet
        .jobs
        .iter_mut()
        .for_each(|(_, command)| command.input.then_end = false);
    let mut running = bench.actor.start(greet, &mut bench.person).unwrap();
    let mut seen = Vec::new();
    while let Some(piece) = bench.actor.next(&mut running, &mut bench.person).unwrap() {
        if piece.text.ends_with("? ") {
            bench
                .actor
                .write(&running, piece.index, &format!("I am {}\n", piece.server));
        }
        seen.push(format!("{} {}: {}", piece.server, piece.stream, piece.text));
    }
    assert_eq!(bench.actor.finish(running).unwrap(), Outcome::default());
    for host in ["app1", "app2"] {
        let of_host: Vec<_> = seen.iter().filter(|piece| piece.starts_with(host)).collect();
        assert_eq!(
            of_host,
            [
                &format!("{host} out: na"),
                &format!("{host} out: me? "),
                &format!("{host} err: bye\n")
            ]
        );
    }
    let inputs: Vec<_> = bench.remote.commands().into_iter().map(|record| record.input).collect();
    assert_eq!(inputs, [b"I am app1\n", b"I am app2\n"]);
    assert_eq!(bench.told.of("out"), [""; 0]);
}

#[test]
fn c15_b18_a_handler_that_fails_ends_the_commands_on_every_host_and_tells_it() {
    let mut bench = Bench::new();
    bench.remote.on("*", "", Answer::new().out("tick\n").hangs());
    let mut tail = action(&["app1", "app2"], "tail -f log");
    tail.output = Output::Handler;
    let mut running = bench.actor.start(tail, &mut bench.person).unwrap();
    assert!(bench.actor.next(&mut running, &mut bench.person).unwrap().is_some());
    bench.actor.stop(running);
    for record in bench.remote.commands() {
        assert_eq!(record.signals, [JobSignal::Term]);
        assert!(record.exit.is_some());
    }
    assert_eq!(bench.told.of("finished").len(), 2);
    assert_eq!(bench.told.of("all finished").len(), 1);
}

#[test]
fn c23_partial_lines_are_put_together_and_the_rest_is_told_at_the_end() {
    let mut bench = Bench::new();
    bench.remote.on(
        "app1",
        "",
        Answer::new().out("hel").err("warn").out("lo\r\n  two").err("ing\n"),
    );
    bench.run(&["app1"], "x").unwrap();
    assert_eq!(bench.told.of("out"), ["out app1: hello", "out app1:   two"]);
    assert_eq!(bench.told.of("err"), ["err app1: warning"]);
}

#[test]
fn c26_a_run_is_announced_once_and_a_silent_one_not_at_all() {
    let mut bench = Bench::new();
    bench.run(&SIX, "uptime").unwrap();
    assert_eq!(bench.told.of("run").len(), 1);
    bench.remote.on("app1", "quiet", Answer::new().out("x\n").exits(1));
    let silent = Action {
        silent: true,
        ..action(&["app1"], "quiet")
    };
    let before = bench.told.lines().len();
    assert!(bench.perform(silent).is_err());
    assert_eq!(bench.told.lines()[before..], ["out app1: x"]);
}

#[test]
fn a_status_that_was_asked_for_is_no_failure_and_a_lost_connection_is_one() {
    let mut bench = Bench::new();
    let asking = |text| Action {
        accepts: Accepts::AnyStatus,
        ..action(&["app1", "app2"], text)
    };
    bench.remote.on("app2", "grep", Answer::new().exits(1));
    let outcome = bench.perform(asking("grep")).unwrap();
    assert_eq!(outcome.statuses.values().collect::<Vec<_>>(), [&0, &1]);
    assert_eq!(bench.told.of("all finished"), ["all finished, 0 failed"]);
    bench
        .remote
        .on("app2", "killed", Answer::new().ends(Exit::Signal("KILL".to_owned())));
    let error = bench.perform(asking("killed")).unwrap_err();
    assert_eq!(reasons(&error), ["app2: killed by signal KILL"]);
}

#[test]
fn c27_a_local_command_runs_here_and_its_failure_has_the_status() {
    let mut bench = Bench::new();
    bench.local.on("*", "false", Answer::new().exits(3));
    let local = |text, output| Action {
        local: true,
        verb: "run_locally",
        output,
        ..action(&["localhost"], text)
    };
    bench.local.on("*", "hostname", Answer::new().out("here\n"));
    let outcome = bench.perform(local("hostname", Output::Capture)).unwrap();
    assert_eq!(outcome.stdout.values().collect::<Vec<_>>(), ["here\n"]);
    let error = bench.perform(local("false", Output::Report)).unwrap_err();
    assert_eq!(reasons(&error), ["localhost: exit status 3"]);
    assert_eq!(bench.commands(), [""; 0]);
    assert_eq!(bench.told.of("connect"), [""; 0]);
}

#[test]
fn c28_ten_megabytes_from_each_of_six_hosts_arrive_whole() {
    let mut bench = Bench::new();
    let chunk = "0123456789abcde\n".repeat(64 * 1024);
    let answer = (0..10).fold(Answer::new(), |answer, _| answer.out(&chunk));
    bench.remote.on("*", "", answer);
    let mut capture = action(&SIX, "cat big");
    capture.output = Output::Capture;
    let outcome = bench.perform(capture).unwrap();
    let lengths: Vec<_> = outcome.stdout.values().map(String::len).collect();
    assert_eq!(lengths, [chunk.len() * 10; 6]);
}

#[test]
fn c30_a_command_that_takes_too_long_is_ended_and_the_host_named() {
    let mut bench = Bench::new();
    bench.remote.on("app1", "", Answer::new().hangs());
    let mut slow = action(&["app1", "app2"], "sleep 99");
    for (_, command) in &mut slow.jobs {
        command.timeout = Some(Duration::from_secs(2));
    }
    let error = bench.perform(slow).unwrap_err();
    assert_eq!(reasons(&error), ["app1: timed out after 2 s"]);
}

#[test]
fn f10_capture_keeps_stdout_as_it_came_and_stderr_is_told() {
    let mut bench = Bench::new();
    bench.remote.on(
        "app1",
        "",
        Answer::new().out(b"  one\r\nt\xc3").out(b"\xa9o\n\n").err("hm\n"),
    );
    let mut capture = action(&["app1"], "cat x");
    capture.output = Output::Capture;
    let outcome = bench.perform(capture).unwrap();
    assert_eq!(outcome.stdout.values().collect::<Vec<_>>(), ["  one\r\ntéo\n\n"]);
    assert_eq!(bench.told.of("out"), [""; 0]);
    assert_eq!(bench.told.of("err"), ["err app1: hm"]);
    bench.remote.on_next("app2", "", Answer::new().exits(1));
    let mut capture = action(&["app2"], "cat x");
    capture.output = Output::Capture;
    assert!(bench.perform(capture).is_err());
}

#[test]
fn f11_stream_prints_stdout_of_all_hosts_and_tells_stderr() {
    let mut bench = Bench::new();
    bench.remote.on("*", "", Answer::new().out("line\n").err("hm\n"));
    let mut stream = action(&["app1", "app2"], "tail log");
    stream.output = Output::Stream;
    bench.perform(stream).unwrap();
    assert_eq!(bench.told.of("printed"), ["printed [app1] line", "printed [app2] line"]);
    assert_eq!(bench.told.of("err").len(), 2);
}

#[test]
fn b22_secrets_are_redacted_in_command_output_and_error() {
    let mut bench = Bench::new();
    bench.actor.redactor().add(&Secret::new("s3cret!"));
    bench.remote.on(
        "app1",
        "",
        Answer::new().out("PW=s3c").out("ret!\n").err("no s3cret!\n").exits(1),
    );
    let error = bench.run(&["app1"], "mysql -ps3cret!").unwrap_err();
    assert_eq!(bench.commands(), ["app1: mysql -ps3cret!"]);
    assert_eq!(error.to_string(), "`mysql -p[redacted]' failed on app1");
    assert_eq!(error.diagnostic().servers[0].stderr, ["no [redacted]"]);
    let told = bench.told.lines().join("\n");
    assert!(told.contains("out app1: PW=[redacted]"), "{told}");
    assert!(!told.contains("s3cret"), "{told}");
}

#[test]
fn t12_the_running_tasks_are_known_outermost_first_and_none_after_an_error() {
    let mut bench = Bench::new();
    bench.remote.on("*", "false", Answer::new().exits(1));
    let result = bench.task("outer", |bench| {
        bench.task("inner", |bench| {
            assert_eq!(bench.actor.tasks(), ["outer", "inner"]);
            bench.run(&["app1"], "false").map(drop)
        })
    });
    assert!(result.is_err());
    assert!(bench.actor.tasks().is_empty());
    assert_eq!(bench.told.of("task"), ["task 0 outer", "task 1 inner"]);
    assert_eq!(bench.told.of("end"), ["end inner false", "end outer false"]);
}

#[test]
fn c25_a_dry_run_tells_the_commands_and_captures_nothing() {
    let told = Told::default();
    let mut actor = Actor::new(
        Box::new(DryRunConnector),
        Box::new(DryRunConnector),
        Box::new(told.clone()),
        Redactor::default(),
        Interrupt::default(),
    );
    let mut capture = action(&["no.such.host.invalid"], "cat VERSION");
    capture.output = Output::Capture;
    let mut running = actor.start(capture, &mut Person::default()).unwrap();
    assert_eq!(actor.next(&mut running, &mut Person::default()).unwrap(), None);
    let outcome = actor.finish(running).unwrap();
    assert_eq!(outcome.stdout.values().collect::<Vec<_>>(), [""]);
    assert_eq!(told.of("run"), ["run `cat VERSION' on no.such.host.invalid"]);
}

#[test]
fn b17_an_upload_that_fails_on_two_hosts_names_both() {
    let mut bench = Bench::new();
    for host in ["www2", "db1"] {
        bench
            .remote
            .on(host, "", Answer::new().reads_all().err("disk full\n").exits(1));
    }
    let mut put = action(&SIX, "put motd");
    put.verb = "put";
    let error = bench.perform(put).unwrap_err();
    assert_eq!(error.to_string(), "`put motd' failed on 2 of 6 servers");
    assert_eq!(reasons(&error), ["www2: exit status 1", "db1: exit status 1"]);
    assert_eq!(bench.commands().len(), 6);
}

#[test]
fn a_command_that_writes_more_than_is_kept_is_ended_and_that_is_an_error() {
    let mut bench = Bench::new();
    let chunk = "x".repeat(1 << 19);
    let endless = Answer::new().out(&chunk).out(&chunk).out("x").hangs();
    bench.remote.on("app1", "", endless);
    let mut action = action(&["app1"], "yes");
    action.output = Output::Capture;
    action.most_captured = 1 << 20;
    let error = bench.perform(action).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`yes' has written more than 1 MiB on app1, which is more than is kept"
    );
    assert!(
        error
            .diagnostic()
            .hints
            .iter()
            .any(|hint| hint.contains("capture_limit"))
    );
    assert!(bench.remote.commands()[0].exit.is_some());
}

#[test]
fn an_error_shows_the_beginning_of_a_line_that_is_too_long() {
    let mut bench = Bench::new();
    bench
        .remote
        .on("app1", "", Answer::new().err("é".repeat(1 << 20)).exits(1));
    let error = bench.run(&["app1"], "x").unwrap_err();
    let diagnostic = error.diagnostic();
    let shown: usize = diagnostic.servers[0].stderr.iter().map(String::len).sum();
    assert!(shown < 10 * 4200, "{shown}");
}
