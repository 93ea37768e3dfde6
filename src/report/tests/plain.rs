//! Tests of the plain form.

use std::time::Duration;

use insta::assert_snapshot;

use super::{Paper, ended, finished, look, message, options, output, run, started, told};
use crate::configuration::Server;
use crate::event::{ActionId, Event, Level};
use crate::exit::{Exit, Phase, Stream};
use crate::interrupt::Signal;
use crate::report::{Format, Log, Look};

#[test]
fn equal_ends_are_told_once_and_silence_with_what_was_written_last() {
    let servers: Vec<Server> = ["a", "b", "c", "d"].map(Server::host).into();
    let mut events = vec![started(1, "run", "make", &servers.iter().collect::<Vec<_>>())];
    for line in [None, Some("Go on? hunter2")] {
        events.push(Event::Silent {
            action: ActionId(1),
            command: "make".to_owned(),
            servers: servers[..2].to_vec(),
            elapsed: Duration::from_secs(60),
            line: line.map(str::to_owned),
        });
    }
    let exits = [Exit::Status(2), Exit::Status(2), Exit::Status(1), Exit::Status(2)];
    events.extend(servers.iter().zip(exits).map(|(server, exit)| ended(1, server, exit)));
    events.push(finished(1, 4));
    for (format, expected) in [
        (
            Format::Plain,
            [
                " ** still running after 60 s on a, b: make\n",
                "*** [a, b] waits, and wrote last: Go on? [redacted]\n",
                " ** [a] exit status 2\n",
                " ** [c] exit status 1\n",
                " ** [b, d] exit status 2\n",
            ],
        ),
        (
            Format::Pretty,
            [
                "still running after 60 s on a, b: make\n",
                "a, b: waits, and wrote last: Go on? [redacted]\n",
                "✗ a, b, d exit status 2 12ms\n",
                "✗ c exit status 1 12ms\n",
                "",
            ],
        ),
    ] {
        let look = Look {
            color: false,
            many: false,
            columns: None,
            live: false,
        };
        let (text, _) = told(options(format, Level::Trace, look), &events);
        for part in expected {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert_eq!(
            text.matches("exit status 2").count(),
            if format == Format::Plain { 2 } else { 1 },
            "{text}"
        );
    }
}

#[test]
fn o1_plain_lines_have_capistranos_prefixes() {
    let (messages, data) = told(options(Format::Plain, Level::Trace, look(false)), &run());
    assert_snapshot!(messages, @r#"
      * triggering start callbacks
      * executing `deploy'
     ** transaction: start
      * executing `deploy:update_code'
        connecting to: ["app1", "db1.example.com"]
    *** [app1] new host key ssh-ed25519 SHA256:abc added to ~/.ssh/known_hosts
        [app1] connected in 30ms
        [db1.example.com] connected in 31ms
      * executing "mkdir -p /u/apps"
        servers: ["app1", "db1.example.com"]
        [app1] executing command
        [db1.example.com] executing command
        [db1.example.com] finished in 12ms
        [app1] finished in 12ms
        command finished in 15ms
      * executing
      *     svn co \
      *       -q --password [redacted]
        servers: ["app1", "db1.example.com"]
        [app1] executing command
        [db1.example.com] executing command
     ** [out :: app1]   A  trunk
    *** [err :: db1.example.com] svn: [redacted] is wrong
        [app1] finished in 12ms
     ** [db1.example.com] exit status 1
        command finished in 15ms
    *** [deploy:update_code] transaction: rollback
    *** [deploy:update_code] rolling back
      * executing "rm -rf /u/apps/x"
        servers: ["app1"]
        [app1] executing command
    *** [app1] killed by signal KILL
        command finished in 15ms
    *** [deploy:update_code] rollback failed: command failed on app1
    *** [deploy:update_code] not rolled back on db1.example.com: connection lost
    *** transaction: rollback incomplete
    *** [app1] two
    *** [app1] lines
    *** interrupted, ending the remote commands
    "#);
    assert_eq!(data, "data [redacted]\n");
}

#[test]
fn o2_every_line_of_a_message_gets_the_prefix_and_leading_blanks_of_output_are_kept() {
    let app = Server::host("app1");
    let events = [
        message(Level::Info, Some("tag"), "one\n\n  three  \n"),
        message(Level::Trace, None, "quiet"),
        output(1, &app, Stream::Out, "    indented"),
        output(1, &app, Stream::Out, ""),
    ];
    let (messages, _) = told(options(Format::Plain, Level::Trace, look(false)), &events);
    assert_snapshot!(messages, @r"
    ** [tag] one
    ** [tag]
    ** [tag]   three
       quiet
    ** [out :: app1]     indented
    ** [out :: app1]
    ");
}

#[test]
fn o3_only_messages_at_or_under_the_level_are_shown() {
    let events = [
        message(Level::Important, None, "important"),
        message(Level::Info, None, "info"),
        message(Level::Debug, None, "debug"),
        message(Level::Trace, None, "trace"),
    ];
    for (level, shown) in [
        (Level::Important, "*** important\n"),
        (Level::Info, "*** important\n ** info\n"),
        (Level::Debug, "*** important\n ** info\n  * debug\n"),
        (Level::Trace, "*** important\n ** info\n  * debug\n    trace\n"),
    ] {
        assert_eq!(told(options(Format::Plain, level, look(false)), &events).0, shown);
    }
}

#[test]
fn l13_a_log_is_written_in_the_plain_form_whatever_the_terminal_shows() {
    let log = Paper::default();
    let mut options = options(Format::Pretty, Level::Trace, look(true));
    options.log = Some(Log {
        name: "log".to_owned(),
        file: Box::new(log.clone()),
    });
    told(options, &run()[1..3]);
    let time = "2026-01-02T03:04:05.006+00:00 ";
    assert_eq!(
        log.text(),
        format!("{time}  * executing `deploy'\n{time} ** transaction: start\n")
    );
}

#[test]
fn equal_failures_of_connections_are_told_once_with_their_servers() {
    let servers: Vec<Server> = ["a", "b", "c", "d", "e"].map(Server::host).into();
    let failed = |number: usize, reason: &str| Event::ConnectFailed {
        server: servers[number].clone(),
        phase: Phase::Connect,
        reason: format!("{reason} (127.0.0.{number})"),
        common: Some(reason.to_owned()),
    };
    let connecting = |servers: &[Server]| Event::Connecting {
        servers: servers.to_vec(),
    };
    let events = [
        connecting(&servers),
        failed(3, "connect: refused"),
        failed(0, "connect: refused"),
        failed(4, "login: denied"),
        failed(1, "connect: refused"),
        Event::Connected {
            server: servers[2].clone(),
            elapsed: Duration::from_millis(5),
        },
        // A failure that was reported for one action is reported again for the next.
        connecting(&servers[..2]),
        failed(0, "connect: refused"),
        failed(1, "connect: refused"),
        // A stop comes before all have ended.
        connecting(&servers[..3]),
        failed(0, "connect: refused"),
        failed(1, "connect: refused"),
        Event::Interrupted { signal: Signal::Int },
    ];
    let (plain, _) = told(options(Format::Plain, Level::Important, look(false)), &events);
    assert_snapshot!(plain, @r"
    *** [d] connection failed: connect: refused (127.0.0.3)
    *** [e] connection failed: login: denied (127.0.0.4)
    *** [a, b] connection failed: connect: refused
    *** [a] connection failed: connect: refused (127.0.0.0)
    *** [b] connection failed: connect: refused (127.0.0.1)
    *** [a] connection failed: connect: refused (127.0.0.0)
    *** [b] connection failed: connect: refused (127.0.0.1)
    *** interrupted, ending the remote commands
    ");
    let (pretty, _) = told(options(Format::Pretty, Level::Important, look(false)), &events);
    assert_snapshot!(pretty, @r"
    ✗ d: connect: refused (127.0.0.3)
    ✗ e: login: denied (127.0.0.4)
    ✗ a, b: connect: refused
    ✗ a: connect: refused (127.0.0.0)
    ✗ b: connect: refused (127.0.0.1)
    ✗ a: connect: refused (127.0.0.0)
    ✗ b: connect: refused (127.0.0.1)
    ! interrupted, ending the remote commands
    ");
    let (json, _) = told(options(Format::Json, Level::Important, look(false)), &events);
    assert_eq!(json.matches("\"connect_failed\"").count(), 8);
}
