//! The form for terminals in four widths: lines are broken at their words and never longer than the terminal is wide, and there
//! are never more last lines than it has room for.

use std::time::Duration;

use insta::assert_snapshot;

use super::{console, ended, finished, left, look, message, options, output, started, task, undone};
use crate::configuration::Server;
use crate::event::{ActionId, Event, Level, Reporter, UndoneEnd};
use crate::exit::{Exit, Stream};
use crate::report::broken::columns_of;
use crate::report::{ConsoleOptions, Ending, Format, Look, Size};

fn servers(number: usize) -> Vec<Server> {
    let host = |number| Server::host(format!("web{number:03}.eu.example.com"));
    (1..=number).map(host).collect()
}

/// Returns a run on six servers with long commands, long and wide output, and failures.
fn run() -> Vec<Event> {
    let six = servers(6);
    let all: Vec<&Server> = six.iter().collect();
    let reason = "connection lost: the server said nothing for 30 s, and then the network was unreachable".to_owned();
    let ends = |verb, number: usize| {
        let exit = |place| Exit::Status(i32::from(place < number));
        let ended = all
            .iter()
            .enumerate()
            .map(move |(place, server)| ended(verb, server, exit(place)));
        ended.collect::<Vec<_>>()
    };
    let mut events = vec![
        task("deploy", 0),
        task("deploy:update_code", 1),
        started(1, "run", "mkdir -p /u/apps/shop/releases", &all),
    ];
    events.extend(ends(1, 0));
    events.push(finished(1, 0));
    events.push(started(
        2,
        "run",
        "bundle install --deployment --path /u/apps/shop/shared/bundle --without development test\nbundle clean",
        &all[..2],
    ));
    for (server, line) in [
        (
            0,
            "Fetching gem metadata from https://rubygems.org/, which takes a while because nothing is cached yet",
        ),
        (
            1,
            "Fetching gem metadata from https://rubygems.org/, which takes a while because nothing is cached yet",
        ),
        (
            0,
            "日本語の出力も桁数どおりに折り返されなければならないので、ここに長い行があります",
        ),
    ] {
        events.push(output(2, &six[server], Stream::Out, line));
    }
    events.push(output(
        2,
        &six[1],
        Stream::Err,
        "name\tvalue\t/a/very/long/path/without/any/blank/in/it/which/has/to/be/broken/somewhere",
    ));
    events.extend([
        ended(2, &six[0], Exit::Status(0)),
        ended(2, &six[1], Exit::Status(0)),
        finished(2, 0),
    ]);
    events.push(started(3, "run", "systemctl restart shop", &all));
    events.extend(ends(3, 5));
    events.push(finished(3, 5));
    events.extend([
        left("deploy:update_code", 1),
        Event::RollbackStarted {
            task: "deploy:update_code".to_owned(),
        },
        Event::RollbackSkipped {
            task: "deploy:update_code".to_owned(),
            server: six[5].clone(),
            reason: reason.clone(),
        },
        Event::RollbackFinished {
            complete: false,
            steps: vec![
                undone("deploy:create_symlink", &[(&six[0], UndoneEnd::Undone), (&six[5], UndoneEnd::Unreachable { reason: reason.clone() })]),
                undone("deploy:update_code", &[(&six[0], UndoneEnd::Undone), (&six[5], UndoneEnd::Unreachable { reason })]),
            ],
        },
        left("deploy", 0),
        message(
            Level::Important,
            None,
            "20261128134517 is current on web001.eu.example.com, web002.eu.example.com and stays, not on web006.eu.example.com: go back by capr rollback",
        ),
    ]);
    events
}

fn shown(columns: usize, color: bool, is_rehearsal: bool) -> String {
    let options = ConsoleOptions {
        is_rehearsal,
        ..options(
            Format::Pretty,
            Level::Info,
            Look {
                color,
                many: true,
                columns: Some(columns),
                ..look(false)
            },
        )
    };
    let (mut console, paper) = console(options);
    run().iter().for_each(|event| console.report(event));
    console.close(
        Ending::Failed {
            rollback: crate::event::Rollback::Incomplete,
        },
        None,
    );
    // The length of the last line depends on the time that the run took.
    let text = paper.text();
    let (text, _) = text.split_once("failed, rollback incomplete: ").unwrap();
    text.to_owned()
}

#[test]
fn a_run_has_room_in_60_80_120_and_200_columns() {
    let styles = regex::Regex::new("␛\\[[0-9;]*m").unwrap();
    for columns in [60, 80, 120, 200] {
        let text = shown(columns, false, false);
        assert!(text.contains("not rolled back:\n"));
        for line in text.lines() {
            assert!(columns_of(line) <= columns, "{columns}: {line}");
        }
        assert_snapshot!(format!("run_in_{columns}_columns"), text);
        // Colours do not change where lines are broken.
        let colored = shown(columns, true, false);
        assert_eq!(styles.replace_all(&colored, ""), text);
        assert!(!colored.contains("␛[33m") && !colored.contains("␛[9"), "{colored}");
    }
    assert_snapshot!("plan_in_80_columns", shown(80, false, true));
}

#[test]
fn the_last_lines_of_200_servers_have_room_on_every_terminal() {
    let all = servers(200);
    let names: Vec<&Server> = all.iter().collect();
    for (columns, rows, most) in [
        (80, 24, 10),
        (200, 60, 10),
        (60, 10, 5),
        (80, 3, 1),
        (80, 1, 1),
        (40, 0, 1),
    ] {
        let size = Size { columns, rows };
        let mut pretty = super::super::pretty::Pretty::new(
            super::super::clean::Cleaner::default(),
            Look {
                columns: Some(columns),
                ..look(true)
            },
            Level::Info,
            false,
            Duration::ZERO,
        );
        pretty.tell(&started(1, "upload", "site.tar to /srv/site.tar", &names));
        for (place, server) in all.iter().enumerate() {
            pretty.tell(&Event::Transferred {
                action: ActionId(1),
                server: server.clone(),
                bytes: 1000 * place as u64,
                total: Some(200_000),
            });
        }
        pretty.begun_earlier(Duration::from_secs(10));
        let live = pretty.live(size).unwrap();
        let lines: Vec<&str> = live.lines().collect();
        assert_eq!(lines.len(), most, "{columns} {rows}: {live}");
        assert!(lines.iter().all(|line| columns_of(line) < columns.max(2)), "{live}");
        assert!(columns < 60 || lines[0].contains("waiting for 200"), "{live}");
    }
}

#[test]
fn many_last_lines_are_emptied_as_one() {
    let options = ConsoleOptions {
        size: || Some(Size { columns: 60, rows: 24 }),
        ..options(Format::Pretty, Level::Info, look(true))
    };
    let (mut console, paper) = console(options);
    let [app, db] = ["app1", "db1"].map(Server::host);
    console.report(&started(1, "run", "make", &[&app, &db]));
    console.begun_earlier(Duration::from_secs(5));
    console.report(&output(1, &app, Stream::Out, "compiling"));
    console.tick();
    // The cursor goes up to the first of two lines.
    let text = paper.text();
    assert!(text.contains("␛[?2026h"), "{text}");
    assert!(text.contains("  app1  compiling"), "{text}");
    assert!(text.contains("␛[?7h␛[1A␍\n␛[?2026l"), "{text}");
}
