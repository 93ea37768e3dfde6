//! Tests of the parts that all forms share, and of the end of a run.

use insta::assert_snapshot;

use super::{console, look, options, run, told};
use crate::configuration::Server;
use crate::diagnostic::{Diagnostic, Fault, ServerFailure};
use crate::event::{Event, Level, Reporter, Rollback};
use crate::report::{Ending, Format};

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
        let (mut console, messages) = console(options(format, Level::Important, look(false)));
        for event in run() {
            console.report(&event);
        }
        messages.0.borrow_mut().clear();
        console.errors([&diagnostic]);
        console.close(
            Ending::Failed {
                rollback: Rollback::Incomplete,
            },
            Some(&diagnostic),
        );
        match format {
            Format::Json => assert_snapshot!(messages.text(), @r#"
            {"time":"2026-01-02T03:04:05.006Z","type":"error","fault":"failed","message":"command failed on db1.example.com","servers":[{"server":"db1.example.com","reason":"exit status 1","stderr":[]}],"tasks":[],"hints":[]}
            {"time":"2026-01-02T03:04:05.006Z","type":"summary","ok":false,"rolled_back":false,"tasks":2,"commands":3,"servers":2,"failed":2,"elapsed_ms":0}
            "#),
            _ => assert_snapshot!(messages.text(), @r"
            error: command failed on db1.example.com
              db1.example.com: exit status 1
            also failed:
              app1: killed by signal KILL
            rollback               app1         db1.example.com
            deploy:create_symlink  undone       unreachable
            deploy:update_code     failed       unreachable
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
    let mut options = options(Format::Plain, Level::Trace, look(false));
    options.is_rehearsal = true;
    let (mut console, messages) = console(options);
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
