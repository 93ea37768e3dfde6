use super::{ActionError, Bench};
use crate::deadline::InTime;
use crate::exit::Exit;
use crate::interrupt::Signal;
use crate::session::JobSignal;
use crate::session::scripted::Answer;

/// Raises the request as soon as a command runs; the command does not end by itself.
fn interrupting(bench: &Bench, signal: Signal) -> Answer {
    let interrupt = bench.interrupt.clone();
    Answer::new().calls(move || interrupt.raise(signal)).hangs()
}

#[test]
fn b3_commands_are_ended_on_every_host_before_anything_is_undone() {
    let mut bench = Bench::new();
    bench.remote.on("app1", "make", interrupting(&bench, Signal::Int));
    bench.remote.on("app2", "make", Answer::new().hangs());
    let ended = bench.remote.clone();
    let result = bench.task("build", |bench| {
        bench.transaction(|bench| {
            bench.on_rollback(move |bench| {
                assert!(ended.commands().iter().all(|record| record.exit.is_some()));
                bench.run(&["app1", "app2"], "undo").map(drop)
            });
            bench.run(&["app1", "app2"], "make").map(drop)
        })
    });
    assert!(matches!(result, Err(ActionError::Interrupted(Signal::Int))));
    assert_eq!(bench.remote.commands()[1].signals, [JobSignal::Term]);
    assert_eq!(bench.commands()[2..], ["app1: undo", "app2: undo"]);
    assert_eq!(bench.told.of("interrupted"), ["interrupted"]);
    assert_eq!(
        bench.told.of("rollback finished"),
        ["rollback finished, complete: true; build: app1 undone, app2 undone"]
    );
}

#[test]
fn b5_sigterm_does_the_same_and_keeps_its_code() {
    let mut bench = Bench::new();
    bench.remote.on("app1", "make", interrupting(&bench, Signal::Term));
    let error = bench.run(&["app1"], "make").unwrap_err();
    assert_eq!(error.diagnostic().fault.exit_code(), 143);
    assert_eq!(bench.told.of("terminated"), ["terminated"]);
}

#[test]
fn b3_a_request_between_two_commands_starts_nothing_more_and_is_seen_once() {
    let mut bench = Bench::new();
    bench.run(&["app1"], "first").unwrap();
    bench.interrupt.raise(Signal::Int);
    let error = bench.run(&["app1"], "second").unwrap_err();
    assert!(matches!(error, ActionError::Interrupted(Signal::Int)));
    bench.run(&["app1", "app2"], "undo").unwrap();
    assert_eq!(bench.commands(), ["app1: first", "app1: undo", "app2: undo"]);
}

#[test]
fn b4_a_second_request_stops_the_rollback_and_lists_what_is_left() {
    let mut bench = Bench::new();
    bench.remote.on("*", "fail", Answer::new().exits(1));
    bench.remote.on("app1", "undo c", interrupting(&bench, Signal::Int));
    let result = bench.task("deploy", |bench| {
        bench.transaction(|bench| {
            for (task, undo) in [("a", "undo a"), ("b", "undo b"), ("c", "undo c")] {
                bench.task(task, |bench| {
                    bench.undo_by(&["app1"], undo);
                    bench.run(&["app1"], task).map(drop)
                })?;
            }
            bench.run(&["app1"], "fail").map(drop)
        })
    });
    assert!(matches!(result, Err(ActionError::Failed { .. })));
    let last = bench.remote.commands().pop().unwrap();
    assert_eq!(last.line, "undo c");
    assert_ne!(last.exit, Some(Exit::Status(0)));
    assert_eq!(bench.told.of("rollback stopped"), ["rollback stopped, left: b a"]);
    assert_eq!(
        bench.told.of("rollback finished"),
        ["rollback finished, complete: false; c: app1 failed; b: app1 not tried; a: app1 not tried"]
    );
}

#[test]
fn b3_a_request_while_connecting_starts_nothing() {
    let mut bench = Bench::new();
    bench.remote.stall("app2");
    let interrupt = bench.interrupt.clone();
    let raised = std::thread::spawn(move || interrupt.raise(Signal::Int));
    let error = bench.run(&["app1", "app2"], "make").unwrap_err();
    raised.in_time();
    assert!(matches!(error, ActionError::Interrupted(Signal::Int)));
    assert_eq!(bench.commands(), [""; 0]);
    assert_eq!(bench.told.of("interrupted"), ["interrupted"]);
}
