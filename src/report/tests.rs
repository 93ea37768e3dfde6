//! One run, told in every form.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod hostile;
mod json;
mod levels;

use std::cell::RefCell;
use std::io::Write;
use std::rc::Rc;
use std::time::Duration;

use insta::assert_snapshot;

use jiff::tz::TimeZone;

use super::clock::Clock;
use super::{Console, Ending, Format, Log, Look, Options};
use crate::configuration::Server;
use crate::diagnostic::{Diagnostic, Fault, ServerFailure};
use crate::event::{ActionId, Event, Level, Reporter};
use crate::exit::{Exit, Stream};
use crate::interrupt::Interrupt;
use crate::interrupt::Signal;
use crate::secret::{Redactor, Secret};

#[derive(Clone, Default)]
struct Paper(Rc<RefCell<Vec<u8>>>);

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Paper {
    /// What was written, escape characters made visible, the run's own time made constant.
    fn text(&self) -> String {
        let text = String::from_utf8(self.0.borrow().clone()).unwrap();
        text.replace('\u{1b}', "␛")
            .replace('\r', "␍\n")
            .replace(" servers in 0ms", " servers in TIME")
            .replace(" commands in 0ms", " commands in TIME")
    }
}

/// Stands still at 2026-01-02 03:04:05.006.
fn clock() -> Clock {
    Clock::still(TimeZone::UTC)
}

fn look(live: bool) -> Look {
    Look {
        color: false,
        columns: live.then_some(100),
        live,
    }
}

fn options(format: Format, threshold: Level, look: Look) -> Options {
    Options {
        format,
        threshold,
        look,
        data_columns: None,
        is_rehearsal: false,
        stamps: false,
        width: || None,
        log: None,
        interrupt: Interrupt::default(),
    }
}

/// Standard error and standard output of a console that was told these events.
fn told(options: Options, events: &[Event]) -> (String, String) {
    let (messages, data) = (Paper::default(), Paper::default());
    let redactor = Redactor::default();
    redactor.add(&Secret::new("hunter2"));
    let mut console = Console::on(
        options,
        redactor,
        clock(),
        Box::new(messages.clone()),
        Box::new(data.clone()),
    );
    for event in events {
        console.report(event);
    }
    (messages.text(), data.text())
}

fn started(action: u64, verb: &'static str, command: &str, servers: &[&Server]) -> Event {
    Event::ActionStarted {
        action: ActionId(action),
        verb,
        command: command.to_owned(),
        options: Vec::new(),
        is_local: verb == "run_locally",
        servers: servers.iter().map(|server| (*server).clone()).collect(),
    }
}

fn output(action: u64, server: &Server, stream: Stream, line: &str) -> Event {
    Event::Output {
        action: ActionId(action),
        server: server.clone(),
        stream,
        lines: vec![line.to_owned()],
    }
}

fn ended(action: u64, server: &Server, exit: Exit) -> Event {
    Event::ServerFinished {
        action: ActionId(action),
        server: server.clone(),
        failed: !exit.is_success(),
        exit,
        elapsed: Duration::from_millis(12),
    }
}

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

fn finished(action: u64, failed: usize) -> Event {
    Event::ActionFinished {
        action: ActionId(action),
        elapsed: Duration::from_millis(15),
        failed,
    }
}

fn task(name: &str, depth: usize) -> Event {
    Event::TaskStarted {
        task: name.to_owned(),
        depth,
    }
}

fn left(name: &str, depth: usize) -> Event {
    Event::TaskFinished {
        task: name.to_owned(),
        depth,
        elapsed: Duration::from_millis(20),
        ok: false,
    }
}

fn message(level: Level, tag: Option<&str>, text: &str) -> Event {
    Event::Message {
        level,
        tag: tag.map(str::to_owned),
        text: text.to_owned(),
    }
}

/// A deployment that fails on one of two servers and is rolled back on the other.
fn run() -> Vec<Event> {
    let (app, db) = (Server::host("app1"), Server::host("db1.example.com"));
    vec![
        Event::HooksTriggered {
            event: "start".to_owned(),
            task: None,
        },
        task("deploy", 0),
        Event::TransactionStarted,
        task("deploy:update_code", 1),
        Event::Connecting {
            servers: vec![app.clone(), db.clone()],
        },
        Event::HostKeyAdded {
            server: app.clone(),
            key_type: "ssh-ed25519".to_owned(),
            fingerprint: "SHA256:abc".to_owned(),
            file: "~/.ssh/known_hosts".to_owned(),
        },
        Event::Connected {
            server: app.clone(),
            elapsed: Duration::from_millis(30),
        },
        Event::Connected {
            server: db.clone(),
            elapsed: Duration::from_millis(31),
        },
        started(1, "run", "mkdir -p /u/apps", &[&app, &db]),
        ended(1, &db, Exit::Status(0)),
        ended(1, &app, Exit::Status(0)),
        finished(1, 0),
        started(2, "run", "svn co \\\n  -q --password hunter2", &[&app, &db]),
        output(2, &app, Stream::Out, "  A  trunk\u{1b}[0m"),
        output(2, &db, Stream::Err, "svn: hunter2 is wrong"),
        ended(2, &app, Exit::Status(0)),
        ended(2, &db, Exit::Status(1)),
        finished(2, 1),
        left("deploy:update_code", 1),
        Event::RollbackStarted {
            task: "deploy:update_code".to_owned(),
        },
        Event::RollingBack {
            task: "deploy:update_code".to_owned(),
        },
        started(3, "run", "rm -rf /u/apps/x", &[&app]),
        ended(3, &app, Exit::Signal("KILL".to_owned())),
        finished(3, 1),
        Event::RollbackFailed {
            task: "deploy:update_code".to_owned(),
            reason: "command failed on app1".to_owned(),
        },
        Event::RollbackSkipped {
            task: "deploy:update_code".to_owned(),
            server: db,
            reason: "connection lost".to_owned(),
        },
        Event::RollbackFinished { complete: false },
        left("deploy", 0),
        message(Level::Important, Some("app1"), "two\nlines"),
        Event::Printed {
            text: "data hunter2".to_owned(),
        },
        Event::Interrupted { signal: Signal::Int },
    ]
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
fn a_pretty_report_reads_well_without_a_terminal() {
    let (messages, _) = told(options(Format::Pretty, Level::Trace, look(false)), &run());
    assert_snapshot!(messages, @r"
    hooks: start
    deploy
      transaction: start
      deploy:update_code
        app1: new host key ssh-ed25519 SHA256:abc added to ~/.ssh/known_hosts
        app1: connected in 30ms
        db1.example.com: connected in 31ms
        › run mkdir -p /u/apps
        ✓ app1 12ms, db1.example.com 12ms
        › run svn co \
              -q --password [redacted]
          app1            │   A  trunk
          db1.example.com ! svn: [redacted] is wrong
        ✓ app1 12ms
        ✗ db1.example.com exit status 1 12ms
      ↩ deploy:update_code failed, rolling back
        ↩ deploy:update_code
        › run rm -rf /u/apps/x
        ✗ app1 killed by signal KILL 12ms
        ✗ deploy:update_code not rolled back: command failed on app1
        ✗ deploy:update_code on db1.example.com not rolled back: connection lost
      ✗ rollback incomplete
    [app1] two
    [app1] lines
    ! interrupted, ending the remote commands
    ");
}

#[test]
fn a_pretty_report_on_a_terminal_redraws_its_last_line() {
    let (messages, _) = told(options(Format::Pretty, Level::Trace, look(true)), &run()[..18]);
    assert_snapshot!(messages, @r"
    hooks: start
    deploy
      transaction: start
      deploy:update_code
    ␛[?7l    … connecting  waiting for 2: app1, db1.example.com␛[?7h␍
    ␍
    ␛[J    app1: new host key ssh-ed25519 SHA256:abc added to ~/.ssh/known_hosts
    ␛[?7l    … connecting  waiting for 2: app1, db1.example.com␛[?7h␍
    ␍
    ␛[J    app1: connected in 30ms
    ␛[?7l    … connecting  waiting for 1 of 2: db1.example.com␛[?7h␍
    ␍
    ␛[J    db1.example.com: connected in 31ms
    ␛[?7l    … run mkdir -p /u/apps  waiting for 2: app1, db1.example.com␛[?7h␍
    ␍
    ␛[J␛[?7l    … run mkdir -p /u/apps  waiting for 1 of 2: app1␛[?7h␍
    ␍
    ␛[J␛[?7l    … run mkdir -p /u/apps␛[?7h␍
    ␍
    ␛[J    ✓ run mkdir -p /u/apps  app1 12ms, db1.example.com 12ms
    ␛[?7l    … run svn co \  waiting for 2: app1, db1.example.com␛[?7h␍
    ␍
    ␛[J    › run svn co \
              -q --password [redacted]
          app1            │   A  trunk
    ␛[?7l    … run svn co \  waiting for 2: app1, db1.example.com␛[?7h␍
    ␍
    ␛[J      db1.example.com ! svn: [redacted] is wrong
    ␛[?7l    … run svn co \  waiting for 2: app1, db1.example.com␛[?7h␍
    ␍
    ␛[J␛[?7l    … run svn co \  waiting for 1 of 2: db1.example.com␛[?7h␍
    ␍
    ␛[J␛[?7l    … run svn co \␛[?7h␍
    ␍
    ␛[J    ✓ app1 12ms
        ✗ db1.example.com exit status 1 12ms
    ");
}

#[test]
fn a_quiet_pretty_report_shows_failures_new_host_keys_and_standard_error_only() {
    let (messages, _) = told(options(Format::Pretty, Level::Important, look(false)), &run());
    assert_snapshot!(messages, @r"
        app1: new host key ssh-ed25519 SHA256:abc added to ~/.ssh/known_hosts
          db1.example.com ! svn: [redacted] is wrong
        ✗ db1.example.com exit status 1 12ms
      ↩ deploy:update_code failed, rolling back
        ↩ deploy:update_code
        ✗ app1 killed by signal KILL 12ms
        ✗ deploy:update_code not rolled back: command failed on app1
        ✗ deploy:update_code on db1.example.com not rolled back: connection lost
      ✗ rollback incomplete
    [app1] two
    [app1] lines
    ! interrupted, ending the remote commands
    ");
}

#[test]
fn a_wrong_host_key_is_told_at_every_level_and_algorithms_where_they_are_asked_for() {
    let server = Server::host("app1");
    let events = [
        Event::Negotiated {
            server: server.clone(),
            key_exchange: "curve25519-sha256".to_owned(),
            host_key: "ssh-ed25519".to_owned(),
            cipher: "aes256-ctr".to_owned(),
            mac: Some("hmac-sha2-256-etm@openssh.com".to_owned()),
        },
        Event::HostKeyUntrusted {
            server,
            reason: "host key of app1 has changed".to_owned(),
        },
    ];
    let algorithms = "app1: curve25519-sha256, ssh-ed25519, aes256-ctr, hmac-sha2-256-etm@openssh.com";
    for level in [Level::Important, Level::Info, Level::Debug, Level::Trace] {
        for format in [Format::Plain, Format::Pretty, Format::Json] {
            let (messages, _) = told(options(format, level, look(false)), &events);
            assert!(messages.contains("host key of app1 has changed"), "{messages}");
            let shown = messages.replace("[app1]", "app1:").contains(algorithms);
            if format == Format::Json {
                assert!(messages.contains("\"type\":\"negotiated\""), "{messages}");
            } else {
                assert_eq!(shown, level >= Level::Debug, "{format:?} {level:?} {messages}");
            }
        }
    }
}

#[test]
fn many_servers_are_counted_and_a_failing_one_is_named() {
    let servers: Vec<Server> = (1..=9).map(|number| Server::host(format!("web{number}"))).collect();
    let all: Vec<&Server> = servers.iter().collect();
    let mut events = vec![task("spread", 0)];
    for action in [1, 2] {
        events.push(started(action, "run", "uptime", &all));
        for (number, server) in servers.iter().enumerate() {
            let status = i32::from(action == 2 && number == 4);
            events.push(ended(action, server, Exit::Status(status)));
        }
        events.push(finished(action, 0));
    }
    let mut options = options(Format::Pretty, Level::Trace, look(false));
    options.look.live = true;
    let (messages, _) = told(options, &events);
    let lines: Vec<&str> = messages
        .lines()
        .map(|line| line.trim_start_matches("␛[2K"))
        .filter(|line| !line.starts_with('␛'))
        .collect();
    assert_snapshot!(lines.join("\n"), @r"
    spread
    ␍
    ␍
    ␍
    ␍
    ␍
    ␍
    ␍
    ␍
    ␍
    ␍
    ␍
    ␍
    ␍
    ␍
    ␍
    ␍
    ␍
    ␍
    ␍
    ␍
      ✗ web5 exit status 1 12ms
    ");
}

#[test]
fn a_long_script_is_told_by_its_first_line() {
    let app = Server::host("app1");
    let script = "# Make the release current\numask 002\ncd /u/apps\nls";
    let events = [
        started(1, "run", script, &[&app]),
        ended(1, &app, Exit::Status(0)),
        finished(1, 0),
    ];
    let (messages, _) = told(options(Format::Pretty, Level::Trace, look(false)), &events);
    assert_snapshot!(messages, @r"
    › run # Make the release current
        umask 002
        cd /u/apps
        ls
    ✓ app1 12ms
    ");
    let (messages, _) = told(options(Format::Plain, Level::Debug, look(false)), &events);
    assert_snapshot!(messages, @r#"
    * executing
    *     # Make the release current
    *     umask 002
    *     cd /u/apps
    *     ls
      servers: ["app1"]
      command finished in 15ms
    "#);
    let mut rehearsal = options(Format::Plain, Level::Debug, look(false));
    rehearsal.is_rehearsal = true;
    let (messages, _) = told(rehearsal, &events);
    assert_snapshot!(messages, @r#"
    * executing
    *     # Make the release current
    *     umask 002
    *     cd /u/apps
    *     ls
      servers: ["app1"]
    "#);
}

#[test]
fn json_lines_begin_with_a_version_and_escape_what_a_terminal_would_obey() {
    let (messages, _) = told(options(Format::Json, Level::Trace, look(false)), &run());
    assert_snapshot!(messages, @r#"
    {"time":"2026-01-02T03:04:05.006Z","type":"version","capr":"0.1.0","log_format":"2.0"}
    {"time":"2026-01-02T03:04:05.006Z","type":"hooks_triggered","event":"start"}
    {"time":"2026-01-02T03:04:05.006Z","type":"task_started","task":"deploy","depth":0}
    {"time":"2026-01-02T03:04:05.006Z","type":"transaction_started"}
    {"time":"2026-01-02T03:04:05.006Z","type":"task_started","task":"deploy:update_code","depth":1}
    {"time":"2026-01-02T03:04:05.006Z","type":"connecting","servers":["app1","db1.example.com"]}
    {"time":"2026-01-02T03:04:05.006Z","type":"host_key_added","server":"app1","key_type":"ssh-ed25519","fingerprint":"SHA256:abc","file":"~/.ssh/known_hosts"}
    {"time":"2026-01-02T03:04:05.006Z","type":"connected","server":"app1","elapsed_ms":30}
    {"time":"2026-01-02T03:04:05.006Z","type":"connected","server":"db1.example.com","elapsed_ms":31}
    {"time":"2026-01-02T03:04:05.006Z","type":"action_started","action":1,"verb":"run","command":"mkdir -p /u/apps","options":{},"local":false,"servers":["app1","db1.example.com"]}
    {"time":"2026-01-02T03:04:05.006Z","type":"server_finished","action":1,"server":"db1.example.com","how":"exited","status":0,"elapsed_ms":12,"failed":false}
    {"time":"2026-01-02T03:04:05.006Z","type":"server_finished","action":1,"server":"app1","how":"exited","status":0,"elapsed_ms":12,"failed":false}
    {"time":"2026-01-02T03:04:05.006Z","type":"action_finished","action":1,"elapsed_ms":15,"failed":0}
    {"time":"2026-01-02T03:04:05.006Z","type":"action_started","action":2,"verb":"run","command":"svn co \\\n  -q --password [redacted]","options":{},"local":false,"servers":["app1","db1.example.com"]}
    {"time":"2026-01-02T03:04:05.006Z","type":"output","action":2,"server":"app1","stream":"out","line":"  A  trunk"}
    {"time":"2026-01-02T03:04:05.006Z","type":"output","action":2,"server":"db1.example.com","stream":"err","line":"svn: [redacted] is wrong"}
    {"time":"2026-01-02T03:04:05.006Z","type":"server_finished","action":2,"server":"app1","how":"exited","status":0,"elapsed_ms":12,"failed":false}
    {"time":"2026-01-02T03:04:05.006Z","type":"server_finished","action":2,"server":"db1.example.com","how":"exited","status":1,"elapsed_ms":12,"failed":true}
    {"time":"2026-01-02T03:04:05.006Z","type":"action_finished","action":2,"elapsed_ms":15,"failed":1}
    {"time":"2026-01-02T03:04:05.006Z","type":"task_finished","task":"deploy:update_code","depth":1,"elapsed_ms":20,"ok":false}
    {"time":"2026-01-02T03:04:05.006Z","type":"rollback_started","task":"deploy:update_code"}
    {"time":"2026-01-02T03:04:05.006Z","type":"rolling_back","task":"deploy:update_code"}
    {"time":"2026-01-02T03:04:05.006Z","type":"action_started","action":3,"verb":"run","command":"rm -rf /u/apps/x","options":{},"local":false,"servers":["app1"]}
    {"time":"2026-01-02T03:04:05.006Z","type":"server_finished","action":3,"server":"app1","how":"signaled","signal":"KILL","elapsed_ms":12,"failed":true}
    {"time":"2026-01-02T03:04:05.006Z","type":"action_finished","action":3,"elapsed_ms":15,"failed":1}
    {"time":"2026-01-02T03:04:05.006Z","type":"rollback_failed","task":"deploy:update_code","reason":"command failed on app1"}
    {"time":"2026-01-02T03:04:05.006Z","type":"rollback_skipped","task":"deploy:update_code","server":"db1.example.com","reason":"connection lost"}
    {"time":"2026-01-02T03:04:05.006Z","type":"rollback_finished","complete":false}
    {"time":"2026-01-02T03:04:05.006Z","type":"task_finished","task":"deploy","depth":0,"elapsed_ms":20,"ok":false}
    {"time":"2026-01-02T03:04:05.006Z","type":"message","level":"important","tag":"app1","text":"two\nlines"}
    {"time":"2026-01-02T03:04:05.006Z","type":"printed","text":"data [redacted]"}
    {"time":"2026-01-02T03:04:05.006Z","type":"interrupted","signal":"interrupted"}
    "#);
}

#[test]
fn closing_words_name_what_failed_besides_and_what_was_not_rolled_back() {
    let mut diagnostic = Diagnostic::new(Fault::Failed, "command failed on db1.example.com");
    diagnostic.servers = vec![ServerFailure {
        common: None,
        server: Server::host("db1.example.com"),
        cause: None,
        reason: "exit status 1".to_owned(),
        stderr: vec![],
        stdout: vec![],
    }];
    for format in [Format::Plain, Format::Json] {
        let messages = Paper::default();
        let mut console = Console::on(
            options(format, Level::Important, look(false)),
            Redactor::default(),
            clock(),
            Box::new(messages.clone()),
            Box::new(Paper::default()),
        );
        for event in run() {
            console.report(&event);
        }
        messages.0.borrow_mut().clear();
        console.errors([&diagnostic]);
        console.close(Ending::Failed { rollback: Some(false) }, Some(&diagnostic));
        match format {
            Format::Json => assert_snapshot!(messages.text().replace("\"elapsed_ms\":0", "\"elapsed_ms\":TIME"), @r#"
            {"time":"2026-01-02T03:04:05.006Z","type":"error","fault":"failed","message":"command failed on db1.example.com","servers":[{"server":"db1.example.com","reason":"exit status 1","stderr":[]}],"tasks":[],"hints":[]}
            {"time":"2026-01-02T03:04:05.006Z","type":"summary","ok":false,"rolled_back":false,"tasks":2,"commands":3,"servers":2,"failed":2,"elapsed_ms":TIME}
            "#),
            _ => assert_snapshot!(messages.text(), @r"
            error: command failed on db1.example.com
              db1.example.com: exit status 1
            also failed:
              app1: killed by signal KILL
            not rolled back:
              deploy:update_code: command failed on app1
              deploy:update_code on db1.example.com: connection lost
            *** failed, rollback incomplete: 2 tasks, 3 commands on 2 servers in TIME, 2 failed
            "),
        }
    }
}

#[test]
fn l12_a_dry_run_tells_of_no_connections_and_says_that_nothing_was_changed() {
    let messages = Paper::default();
    let mut options = options(Format::Plain, Level::Trace, look(false));
    options.is_rehearsal = true;
    let mut console = Console::on(
        options,
        Redactor::default(),
        clock(),
        Box::new(messages.clone()),
        Box::new(Paper::default()),
    );
    for event in &run()[4..8] {
        console.report(event);
    }
    console.close(Ending::Done, None);
    assert_snapshot!(messages.text(), @r"
    *** [app1] new host key ssh-ed25519 SHA256:abc added to ~/.ssh/known_hosts
     ** done, nothing was changed (dry run): 0 tasks, 0 commands in TIME
    ");
}

#[test]
fn data_is_cleaned_for_a_terminal_and_left_as_it_is_for_a_program() {
    let events = [Event::Printed {
        text: "a\u{1b}[2J\n\tb".to_owned(),
    }];
    for (data_columns, shown) in [(Some(80), "a\n\tb\n"), (None, "a␛[2J\n\tb\n")] {
        let mut options = options(Format::Plain, Level::Trace, look(false));
        options.data_columns = data_columns;
        assert_eq!(told(options, &events).1, shown);
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
