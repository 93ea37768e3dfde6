//! Tests of the form for terminals.

use std::time::Duration;

use insta::assert_snapshot;

use super::{console, ended, finished, look, options, output, run, started, task, told};
use crate::configuration::Server;
use crate::event::{Event, Level, Reporter as _};
use crate::exit::{Exit, Stream};
use crate::report::Format;

#[test]
fn a_pretty_report_reads_well_without_a_terminal() {
    let (messages, _) = told(options(Format::Pretty, Level::Trace, look(false)), &run());
    assert_snapshot!(messages, @r"
    hooks: start
    deploy
      transaction: start
      deploy:update_code
        app1: connected in 30ms
        db1: connected in 31ms
        app1: new host key ssh-ed25519 SHA256:abc added to ~/.ssh/known_hosts
        › run mkdir -p /u/apps
        ✓ app1 12ms, db1 12ms
        › run svn co \
              -q --password [redacted]
          app1 │   A  trunk
          db1  ! svn: [redacted] is wrong
        ✓ app1 12ms
        ✗ db1  exit status 1 12ms
      ↩ deploy:update_code failed, rolling back
        ↩ deploy:update_code
        › run rm -rf /u/apps/x
        ✗ app1 killed by signal KILL 12ms
        ✗ deploy:update_code not rolled back: command failed on app1
        ✗ deploy:update_code on db1 not rolled back: connection lost
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
    ␛[?7l    … connecting  waiting for 2: app1, db1␛[?7h␍
    ␍
    ␛[K␛7␛[B␛[J␛8    app1: connected in 30ms
    ␛[?7l    … connecting  waiting for 1 of 2: db1␛[?7h␍
    ␍
    ␛[K␛7␛[B␛[J␛8    db1: connected in 31ms
        app1: new host key ssh-ed25519 SHA256:abc added to ~/.ssh/known_hosts
    ␛[?7l    … run mkdir -p /u/apps  waiting for 2: app1, db1␛[?7h␍
    ␍
    ␛[K␛7␛[B␛[J␛8␛[?7l    … run mkdir -p /u/apps  waiting for 1 of 2: app1␛[?7h␍
    ␍
    ␛[K␛7␛[B␛[J␛8␛[?7l    … run mkdir -p /u/apps␛[?7h␍
    ␍
    ␛[K␛7␛[B␛[J␛8    ✓ run mkdir -p /u/apps  app1 12ms, db1 12ms
    ␛[?7l    … run svn co \  waiting for 2: app1, db1␛[?7h␍
    ␍
    ␛[K␛7␛[B␛[J␛8␛[?7l    … run svn co \  waiting for 1 of 2: db1␛[?7h␍
    ␍
    ␛[K␛7␛[B␛[J␛8␛[?7l    … run svn co \␛[?7h␍
    ␍
    ␛[K␛7␛[B␛[J␛8    › run svn co \
              -q --password [redacted]
          app1 │   A  trunk
          db1  ! svn: [redacted] is wrong
        ✓ app1 12ms
        ✗ db1  exit status 1 12ms
    ");
}

#[test]
fn a_quiet_pretty_report_shows_failures_new_host_keys_and_standard_error_only() {
    let (messages, _) = told(options(Format::Pretty, Level::Important, look(false)), &run());
    assert_snapshot!(messages, @r"
        app1: new host key ssh-ed25519 SHA256:abc added to ~/.ssh/known_hosts
          db1  ! svn: [redacted] is wrong
        ✗ db1  exit status 1 12ms
      ↩ deploy:update_code failed, rolling back
        ↩ deploy:update_code
        ✗ app1 killed by signal KILL 12ms
        ✗ deploy:update_code not rolled back: command failed on app1
        ✗ deploy:update_code on db1 not rolled back: connection lost
      ✗ rollback incomplete
    [app1] two
    [app1] lines
    ! interrupted, ending the remote commands
    ");
}

fn added(server: &Server, fingerprint: &str) -> Event {
    Event::HostKeyAdded {
        server: server.clone(),
        key_type: "ssh-ed25519".to_owned(),
        fingerprint: fingerprint.to_owned(),
        file: "/home/deploy/.ssh/known_hosts".to_owned(),
    }
}

#[test]
fn new_host_keys_are_gathered_until_all_servers_are_connected_and_take_a_line_each() {
    let servers: Vec<Server> = (1..=4)
        .map(|number| Server::host(format!("web{number}.example.com")))
        .collect();
    let fingerprint = |letter: &str| format!("SHA256:{}", letter.repeat(43));
    let connected = |server: &Server| Event::Connected {
        server: server.clone(),
        elapsed: Duration::from_millis(12),
    };
    let [one, two, three, four] = servers.as_slice() else {
        panic!("four servers");
    };
    let events = [
        Event::Connecting {
            servers: servers.clone(),
        },
        added(two, &fingerprint("b")),
        // This server is a copy of the second, with the same key.
        added(three, &fingerprint("b")),
        connected(two),
        added(one, &fingerprint("a")),
        connected(one),
        connected(three),
    ];
    let wide = || {
        let mut wide = options(Format::Pretty, Level::Info, look(false));
        wide.look.columns = Some(80);
        wide
    };
    let (before, _) = told(wide(), &events);
    assert_eq!(before, "");
    let all = [&events[..], &[connected(four)]].concat();
    let (messages, _) = told(wide(), &all);
    assert_snapshot!(messages, @r"
    new host keys ssh-ed25519 added to /home/deploy/.ssh/known_hosts
      web1 SHA256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
      web2, web3 SHA256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb
    ");
    // A person who is asked something has seen the keys that came before the question.
    let (mut asking, screen) = console(wide());
    events.iter().take(2).for_each(|event| asking.report(event));
    assert_eq!(screen.text(), "");
    asking.make_room();
    assert!(screen.text().contains(&fingerprint("b")), "{}", screen.text());
    // A single key is reported in one sentence, and at once if no other server is waited for.
    let (alone, _) = told(wide(), &[added(one, &fingerprint("a"))]);
    assert_snapshot!(alone, @r"
    web1.example.com: new host key ssh-ed25519
      SHA256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa added to
      /home/deploy/.ssh/known_hosts
    ");
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
fn what_several_servers_say_alike_is_shown_once_and_names_are_short() {
    let hosts = ["app1", "app2", "app3", "app4", "db1"].map(|name| Server::host(format!("{name}.example.com")));
    let all: Vec<&Server> = hosts.iter().collect();
    let mut events = vec![task("look", 0)];
    for (action, line) in [(1, "Linux"), (2, "up")] {
        events.push(started(action, "run", "uname", &all));
        for (number, server) in hosts.iter().enumerate() {
            let own = if action == 2 && number % 4 == 0 { "down" } else { line };
            events.push(output(action, server, Stream::Out, own));
            events.push(ended(action, server, Exit::Status(0)));
        }
        events.push(finished(action, 0));
    }
    let (messages, _) = told(options(Format::Pretty, Level::Info, look(false)), &events);
    assert_snapshot!(messages, @r"
    look
      › run uname
        5 servers │ Linux
      ✓ 5 servers 12ms
      › run uname
        app1, db1        │ down
        app2, app3, app4 │ up
      ✓ 5 servers 12ms
    ");
}
