//! The servers on which a handler's commands run.

use super::{ActionError, Bench, SIX};
use crate::session::Phase;
use crate::session::scripted::Answer;
use crate::unanswered::Unanswered;

const FOUR: [&str; 4] = ["www1", "www2", "app1", "app2"];

fn undone_on(bench: &Bench) -> Vec<String> {
    let commands = bench.remote.commands();
    let undone = commands.iter().filter(|record| record.is("*", "undo"));
    undone.map(|record| record.server.to_string()).collect()
}

/// Runs a deploy with one step on `hosts`, which is undone on all six, and then fails on app1 alone.
fn deploy(bench: &mut Bench, hosts: &[&str]) -> Result<(), ActionError> {
    bench.remote.on("*", "fail", Answer::new().exits(1));
    bench.task("deploy", |bench| {
        bench.transaction(|bench| {
            bench.task("change", |bench| {
                bench.undo_by(&SIX, "undo");
                bench.run(hosts, "change").map(drop)
            })?;
            bench.run(&["app1"], "fail").map(drop)
        })
    })
}

#[test]
fn x5_a_handlers_commands_go_to_the_servers_its_task_has_touched() {
    let mut bench = Bench::new();
    assert!(deploy(&mut bench, &FOUR).is_err());
    assert_eq!(undone_on(&bench), FOUR);
    assert_eq!(bench.remote.connections().len(), 4);
}

#[test]
fn x15_the_server_that_failed_is_undone_too() {
    let mut bench = Bench::new();
    bench.remote.on("app2", "change", Answer::new().exits(1));
    assert!(deploy(&mut bench, &["app1", "app2"]).is_err());
    assert_eq!(undone_on(&bench), ["app1", "app2"]);
}

#[test]
fn x5_servers_of_the_tasks_it_called_count_and_those_of_its_callers_do_not() {
    let mut bench = Bench::new();
    bench.remote.on("*", "fail", Answer::new().exits(1));
    let result = bench.task("deploy", |bench| {
        bench.transaction(|bench| {
            bench.task("outer", |bench| {
                bench.undo_by(&SIX, "undo outer");
                bench.run(&["db1"], "x")?;
                bench.task("inner", |bench| {
                    bench.undo_by(&SIX, "undo inner");
                    bench.run(&["app1"], "y").map(drop)
                })
            })?;
            bench.run(&["www1"], "fail").map(drop)
        })
    });
    assert!(result.is_err());
    assert_eq!(
        bench.commands()[3..],
        ["app1: undo inner", "app1: undo outer", "db1: undo outer"]
    );
}

#[test]
fn x5_a_task_that_touched_nothing_has_nothing_undone_remotely() {
    let mut bench = Bench::new();
    let result = bench.task("deploy", |bench| {
        bench.transaction(|bench| {
            bench.undo_by(&SIX, "undo");
            Err(ActionError::Password(Unanswered::nobody("x")))
        })
    });
    assert!(result.is_err());
    assert!(bench.remote.connections().is_empty());
    assert_eq!(bench.told.of("run"), [""; 0]);
    assert_eq!(
        bench.told.of("rollback finished"),
        ["rollback finished, complete: true; deploy: "]
    );
}

#[test]
fn b1_a_server_that_was_never_reached_keeps_nobody_from_being_undone() {
    let mut bench = Bench::new();
    bench.remote.refuse("db2", Phase::Connect, "no route to host");
    let result = bench.task("deploy", |bench| {
        bench.transaction(|bench| {
            bench.undo_by(&SIX, "undo");
            bench.run(&FOUR, "change")?;
            bench.run(&SIX, "more").map(drop)
        })
    });
    assert_eq!(result.unwrap_err().to_string(), "could not connect to db2");
    assert_eq!(undone_on(&bench), FOUR);
    assert_eq!(
        bench.told.of("rollback finished"),
        ["rollback finished, complete: true; deploy: www1 undone, www2 undone, app1 undone, app2 undone"]
    );
}

#[test]
fn b2_a_server_that_died_is_skipped_for_the_whole_rollback_and_named() {
    let mut bench = Bench::new();
    let script = bench.remote.clone();
    bench.remote.on("app2", "die", Answer::new().loses_connection("reset"));
    let result = bench.task("deploy", |bench| {
        bench.transaction(|bench| {
            for (task, undo) in [("a", "undo a"), ("b", "undo b")] {
                bench.task(task, |bench| {
                    bench.on_rollback(move |bench| {
                        bench.run(&SIX, undo)?;
                        bench.run(&SIX, undo).map(drop)
                    });
                    bench.run(&["app1", "app2"], task).map(drop)
                })?;
            }
            script.refuse("app2", Phase::Connect, "no route to host");
            bench.run(&["app2"], "die").map(drop)
        })
    });
    assert!(result.is_err());
    assert_eq!(undone_on(&bench), ["app1"; 4]);
    assert_eq!(
        bench.told.of("skipped"),
        [
            "skipped app2 for b: no route to host",
            "skipped app2 for a: no route to host"
        ]
    );
    // The server was tried once, not once for each command.
    assert_eq!(bench.told.of("no connection").len(), 1);
    assert_eq!(
        bench.told.of("rollback finished"),
        ["rollback finished, complete: false; b: app1 undone, app2 unreachable; a: app1 undone, app2 unreachable"]
    );
}

#[test]
fn b2_a_server_whose_connection_was_lost_is_connected_again_to_be_undone() {
    let mut bench = Bench::new();
    bench
        .remote
        .on_next("app2", "change", Answer::new().loses_connection("reset"));
    assert!(deploy(&mut bench, &["app1", "app2"]).is_err());
    assert_eq!(undone_on(&bench), ["app1", "app2"]);
    assert_eq!(
        bench.told.of("rollback finished"),
        ["rollback finished, complete: true; change: app1 undone, app2 undone"]
    );
}

#[test]
fn x5_local_commands_of_a_handler_run_whatever_was_touched() {
    let mut bench = Bench::new();
    let result = bench.task("deploy", |bench| {
        bench.transaction(|bench| {
            bench.on_rollback(|bench| {
                let mut local = super::action(&["localhost"], "rm archive");
                local.local = true;
                bench.perform(local).map(drop)
            });
            Err(ActionError::Password(Unanswered::nobody("x")))
        })
    });
    assert!(result.is_err());
    assert_eq!(bench.local.lines_on("*"), ["rm archive"]);
}
