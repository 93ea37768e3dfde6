//! Tests of the levels, of dry runs, and of times.

use std::cell::Cell;
use std::io::Write;
use std::rc::Rc;
use std::time::Duration;

use insta::assert_snapshot;

use super::{Paper, clock, console, ended, finished, look, message, options, output, started, task, told};
use crate::configuration::Server;
use crate::event::{ActionId, Event, Level, Reporter};
use crate::exit::{Exit, Stream};
use crate::report::{Console, ConsoleOptions, Ending, Format, Log, Look, Size};
use crate::secret::Redactor;

/// Returns a task with a script that has options, a local command, and messages.
fn events() -> Vec<Event> {
    let (app, db) = (Server::host("app1"), Server::host("db1"));
    let mut script = started(1, "run", "# Make it\na\nb\nc\nd", &[&app, &db]);
    if let Event::ActionStarted { options, .. } = &mut script {
        options.extend([("dir", "/srv".to_owned()), ("env", "A=1 PW=[redacted]".to_owned())]);
        options.push(("default_environment", "B=2".to_owned()));
    }
    vec![
        task("deploy", 0),
        Event::HooksTriggered {
            event: "before".to_owned(),
            task: Some("deploy".to_owned()),
        },
        Event::Connecting {
            servers: vec![app.clone()],
        },
        Event::Negotiated {
            server: app.clone(),
            key_exchange: "x".to_owned(),
            host_key: "y".to_owned(),
            cipher: "z".to_owned(),
            mac: None,
        },
        Event::Connected {
            server: app.clone(),
            elapsed: Duration::from_millis(30),
        },
        script,
        output(1, &app, Stream::Out, "out"),
        output(1, &db, Stream::Err, "err"),
        ended(1, &app, Exit::Status(0)),
        ended(1, &db, Exit::Status(0)),
        finished(1, 0),
        Event::ActionStarted {
            action: ActionId(2),
            verb: "system",
            command: "make".to_owned(),
            options: Vec::new(),
            is_local: true,
            servers: vec![Server::host("localhost")],
        },
        ended(2, &Server::host("localhost"), Exit::Status(0)),
        finished(2, 0),
        started(3, "upload", "upload a -> /b", &[&app]),
        ended(3, &app, Exit::Status(0)),
        finished(3, 0),
        message(Level::Important, None, "important"),
        message(Level::Info, None, "info"),
        message(Level::Debug, None, "debug"),
        message(Level::Trace, None, "trace"),
    ]
}

#[test]
fn l4_each_v_shows_more_in_the_plain_form() {
    let at = |level| told(options(Format::Plain, level, look(false)), &events()).0;
    assert_snapshot!(at(Level::Important), @r"
    *** [err :: db1] err
    *** important
    ");
    assert_snapshot!(at(Level::Info), @r#"
      * executing `deploy'
      * triggering before callbacks for `deploy'
        connecting to: ["app1"]
      * executing # Make it … and 4 more lines
        servers: ["app1", "db1"]
     ** [out :: app1] out
    *** [err :: db1] err
        command finished in 15ms
      * executing locally: "make"
        command finished in 15ms
      * upload a -> /b
        servers: ["app1"]
        command finished in 15ms
    *** important
     ** info
    "#);
    assert_snapshot!(at(Level::Debug), @r#"
      * executing `deploy'
      * triggering before callbacks for `deploy'
        connecting to: ["app1"]
     ** [app1] x, y, z
        [app1] connected in 30ms
      * executing
      *     # Make it
      *     a
      *     b
      *     c
      *     d
        options: :dir /srv, :env A=1 PW=[redacted], :default_environment B=2
        servers: ["app1", "db1"]
     ** [out :: app1] out
    *** [err :: db1] err
        command finished in 15ms
      * executing locally: "make"
        command finished in 15ms
      * upload a -> /b
        servers: ["app1"]
        command finished in 15ms
    *** important
     ** info
      * debug
    "#);
    assert_snapshot!(at(Level::Trace), @r#"
      * executing `deploy'
      * triggering before callbacks for `deploy'
        connecting to: ["app1"]
     ** [app1] x, y, z
        [app1] connected in 30ms
      * executing
      *     # Make it
      *     a
      *     b
      *     c
      *     d
        options: :dir /srv, :env A=1 PW=[redacted], :default_environment B=2
        servers: ["app1", "db1"]
        [app1] executing command
        [db1] executing command
     ** [out :: app1] out
    *** [err :: db1] err
        [app1] finished in 12ms
        [db1] finished in 12ms
        command finished in 15ms
      * executing locally: "make"
        [localhost] finished in 12ms
        command finished in 15ms
      * upload a -> /b
        servers: ["app1"]
        [app1] executing command
        [app1] finished in 12ms
        command finished in 15ms
    *** important
     ** info
      * debug
        trace
    "#);
}

#[test]
fn l4_each_v_shows_more_in_the_pretty_form() {
    let at = |level| told(options(Format::Pretty, level, look(false)), &events()).0;
    assert_snapshot!(at(Level::Important), @r"
      db1  ! err
    important
    ");
    assert_snapshot!(at(Level::Info), @r"
    deploy
      › run # Make it … and 4 more lines
        app1 │ out
        db1  ! err
      ✓ app1 12ms, db1 12ms
      › system make
      ✓ 15ms
      › upload a -> /b
      ✓ app1 12ms
      important
      info
    ");
    assert_snapshot!(at(Level::Debug), @r"
    deploy
      hooks: before deploy
      app1: x, y, z
      app1: connected in 30ms
      › run # Make it
          a
          b
          c
          d
          :dir /srv, :env A=1 PW=[redacted], :default_environment B=2
        app1 │ out
        db1  ! err
      ✓ app1 12ms, db1 12ms
      › system make
      ✓ 15ms
      › upload a -> /b
      ✓ app1 12ms
      important
      info
      debug
    ");
    assert_eq!(
        at(Level::Debug).replace("  debug\n", "  debug\n  trace\n"),
        at(Level::Trace)
    );
}

#[test]
fn l4_at_the_last_v_every_server_is_named_however_many_there_are() {
    let servers: Vec<Server> = (1..=6).map(|number| Server::host(format!("web{number}"))).collect();
    let mut events = vec![started(1, "run", "x", &servers.iter().collect::<Vec<_>>())];
    events.extend(servers.iter().map(|server| ended(1, server, Exit::Status(0))));
    events.push(finished(1, 0));
    let at = |level| told(options(Format::Pretty, level, look(false)), &events).0;
    assert!(at(Level::Debug).contains("6 servers 12ms"));
    assert!(at(Level::Trace).contains("web5 12ms, web6 12ms"));
}

#[test]
fn a_dry_run_reads_as_a_plan() {
    let servers: Vec<Server> = (1..=14)
        .map(|number| Server::host(format!("web{number}.example.com")))
        .collect();
    let mut events = events();
    // In a dry run, commands write no output.
    events.retain(|event| !matches!(event, Event::Output { .. }));
    events.push(started(4, "run", "uptime", &servers.iter().collect::<Vec<_>>()));
    let plan = |format, level, columns| {
        let look = Look {
            columns,
            ..look(columns.is_some())
        };
        let options = ConsoleOptions {
            is_rehearsal: true,
            ..options(format, level, look)
        };
        told(options, &events).0
    };
    assert_snapshot!(plan(Format::Pretty, Level::Info, Some(60)), @r"
    deploy
      › run # Make it … and 4 more lines  app1, db1
          :dir /srv, :env A=1 PW=[redacted]
      › system make
      › upload a -> /b  app1
      important
      info
      › run uptime
          web1, web2, web3, web4, web5, web6, web7, web8, web9,
          web10, web11, web12 and 2 more
    ");
    assert_snapshot!(plan(Format::Pretty, Level::Debug, Some(120)), @r"
    deploy
      hooks: before deploy
      app1: x, y, z
      › run # Make it
          a
          b
          c
          d
          app1, db1
          :dir /srv, :env A=1 PW=[redacted], :default_environment B=2
      › system make
      › upload a -> /b  app1
      important
      info
      debug
      › run uptime  web1, web2, web3, web4, web5, web6, web7, web8, web9, web10, web11, web12, web13, web14
    ");
    assert_snapshot!(plan(Format::Plain, Level::Info, None), @r#"
      * executing `deploy'
      * triggering before callbacks for `deploy'
      * executing # Make it … and 4 more lines
        options: :dir /srv, :env A=1 PW=[redacted]
        servers: ["app1", "db1"]
      * executing locally: "make"
      * upload a -> /b
        servers: ["app1"]
    *** important
     ** info
      * executing "uptime"
        servers: ["web1.example.com", "web2.example.com", "web3.example.com", "web4.example.com", "web5.example.com", "web6.example.com", "web7.example.com", "web8.example.com", "web9.example.com", "web10.example.com", "web11.example.com", "web12.example.com", "web13.example.com", "web14.example.com"]
    "#);
}

#[test]
fn each_line_has_its_time_in_the_log_and_elsewhere_where_it_is_wanted() {
    let server = Server::host("app1");
    let events = [
        task("deploy", 0),
        started(1, "run", "a\nb", &[&server]),
        output(1, &server, Stream::Out, "x"),
    ];
    let log = Paper::default();
    let told_in = |format, stamps| {
        log.0.borrow_mut().clear();
        let options = ConsoleOptions {
            stamps,
            log: Some(Log {
                name: "log".to_owned(),
                file: Box::new(log.clone()),
            }),
            ..options(format, Level::Important, look(false))
        };
        let (mut console, _) = console(options);
        events.iter().for_each(|event| console.report(event));
        console.close(Ending::Done, None);
        log.text()
    };
    // The log holds everything that is shown without `-q`.
    assert_snapshot!(told_in(Format::Pretty, false), @r#"
    2026-01-02T03:04:05.006+00:00   * executing `deploy'
    2026-01-02T03:04:05.006+00:00   * executing
    2026-01-02T03:04:05.006+00:00   *     a
    2026-01-02T03:04:05.006+00:00   *     b
    2026-01-02T03:04:05.006+00:00     servers: ["app1"]
    2026-01-02T03:04:05.006+00:00  ** [out :: app1] x
    2026-01-02T03:04:05.006+00:00  ** done: 1 task, 1 command on 1 server in TIME
    "#);
    let stamped = |format| {
        let options = ConsoleOptions {
            stamps: true,
            ..options(format, Level::Info, look(false))
        };
        told(options, &events).0
    };
    assert_snapshot!(stamped(Format::Plain), @r#"
    2026-01-02T03:04:05.006+00:00   * executing `deploy'
    2026-01-02T03:04:05.006+00:00   * executing
    2026-01-02T03:04:05.006+00:00   *     a
    2026-01-02T03:04:05.006+00:00   *     b
    2026-01-02T03:04:05.006+00:00     servers: ["app1"]
    2026-01-02T03:04:05.006+00:00  ** [out :: app1] x
    "#);
    assert_snapshot!(stamped(Format::Pretty), @r"
    03:04:05 deploy
    03:04:05   › run a
    03:04:05       b
    03:04:05     app1 │ x
    ");
    // Every JSON object has its time anyway, and only once.
    let json = stamped(Format::Json);
    let objects: Vec<&str> = json.lines().collect();
    assert_eq!(objects.len(), 4);
    for object in objects {
        assert_eq!(
            object.matches("\"time\":\"2026-01-02T03:04:05.006Z\"").count(),
            1,
            "{object}"
        );
    }
}

#[test]
fn what_is_done_on_this_machine_is_no_server() {
    let events = events();
    for (local, counted) in [
        (&events[11..14], "0 tasks, 1 command in"),
        (&events[5..14], "2 commands on 2 servers in"),
    ] {
        let options = options(Format::Plain, Level::Info, look(false));
        let (mut console, messages) = console(options);
        local.iter().for_each(|event| console.report(event));
        console.close(Ending::Done, None);
        assert!(messages.text().contains(counted), "{}", messages.text());
    }
}

#[test]
fn the_last_line_is_drawn_anew_as_time_passes_as_wide_as_the_terminal_is_by_then() {
    let options = ConsoleOptions {
        size: || Some(Size { columns: 30, rows: 24 }),
        ..options(Format::Pretty, Level::Info, look(true))
    };
    let (mut console, messages) = console(options);
    console.report(&started(
        1,
        "run",
        "uptime and a lot of other things",
        &[&Server::host("app1")],
    ));
    let drawn = "␛[?7l… run uptim...  waiting for 1␛[?7h␍\n";
    assert_eq!(messages.text(), drawn);
    // Nothing has changed since, so nothing is written.
    console.tick();
    assert_eq!(messages.text(), drawn);
    // The cursor stands before the line, so everything that a terminal has made of the line is after the cursor.
    console.report(&message(Level::Info, None, "said"));
    assert_eq!(messages.text(), format!("{drawn}␍\n␛[K␛7␛[B␛[J␛8said\n{drawn}"));
}

#[test]
fn output_that_nobody_takes_is_not_put_into_words_but_the_log_has_it() {
    /// A stream that accepts nothing until its flag is set.
    #[derive(Clone, Default)]
    struct Reader(Rc<Cell<bool>>, Paper);
    impl Write for Reader {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            match self.0.get() {
                true => self.1.write(bytes),
                false => Err(std::io::ErrorKind::BrokenPipe.into()),
            }
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let app = Server::host("app1");
    let out = |line: &str| output(1, &app, Stream::Out, line);
    for has_log in [false, true] {
        let (reader, log) = (Reader::default(), Paper::default());
        let log_file = Log {
            name: "log".to_owned(),
            file: Box::new(log.clone()),
        };
        let options = ConsoleOptions {
            log: has_log.then_some(log_file),
            ..options(Format::Plain, Level::Info, look(false))
        };
        let messages = Box::new(reader.clone());
        let mut console = Console::on(
            options,
            Redactor::default(),
            clock(),
            messages,
            Box::new(Paper::default()),
        );
        console.report(&out("lost"));
        reader.0.set(true);
        console.report(&out("in vain"));
        console.report(&message(Level::Important, None, "said"));
        console.report(&out("read"));
        let read = reader.1.text();
        assert!(read.ends_with("*** said\n ** [out :: app1] read\n"), "{read}");
        assert_eq!(read.contains("in vain"), has_log, "{read}");
        assert_eq!(log.text().lines().count(), if has_log { 4 } else { 0 });
    }
}
