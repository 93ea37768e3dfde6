use super::{ActionError, Bench};
use crate::session::scripted::Answer;

fn bench() -> Bench {
    let bench = Bench::new();
    bench.remote.on("*", "fail", Answer::new().exits(1));
    bench
}

/// Runs a task that registers an undo, runs its own command, and then `rest`.
fn step(
    bench: &mut Bench,
    name: &'static str,
    rest: impl FnOnce(&mut Bench) -> Result<(), ActionError>,
) -> Result<(), ActionError> {
    bench.task(name, |bench| {
        bench.on_rollback(move |bench| bench.run(&["app1"], &format!("undo {name}")).map(drop));
        bench.run(&["app1"], name)?;
        rest(bench)
    })
}

fn fail(bench: &mut Bench) -> Result<(), ActionError> {
    bench.run(&["app1"], "fail").map(drop)
}

fn lines(bench: &Bench) -> Vec<String> {
    bench.remote.lines_on("app1")
}

#[test]
fn x1_success_commits_and_runs_no_handler() {
    let mut bench = bench();
    bench
        .task("deploy", |bench| {
            bench.transaction(|bench| step(bench, "a", |_| Ok(())))
        })
        .unwrap();
    assert_eq!(lines(&bench), ["a"]);
    assert_eq!(bench.told.of("transaction"), ["transaction"]);
    assert_eq!(bench.told.of("commit"), ["commit"]);
    assert!(!bench.actor.in_transaction());
}

#[test]
fn x2_failure_runs_the_handlers_last_registered_first_and_keeps_the_first_error() {
    let mut bench = bench();
    let result = bench.task("deploy", |bench| {
        bench.transaction(|bench| {
            step(bench, "a", |_| Ok(()))?;
            step(bench, "b", fail)
        })
    });
    assert_eq!(result.unwrap_err().to_string(), "`fail' failed on app1");
    assert_eq!(lines(&bench), ["a", "b", "fail", "undo b", "undo a"]);
    assert_eq!(
        bench.told.of("roll"),
        [
            "rollback after b",
            "rolling back b",
            "rolling back a",
            "rollback finished, complete: true; b: app1 undone; a: app1 undone"
        ]
    );
}

#[test]
fn x3_a_callee_that_registers_later_is_undone_earlier() {
    let mut bench = bench();
    let result = bench.task("e", |bench| {
        bench.transaction(|bench| {
            step(bench, "d", |bench| {
                step(bench, "b", |_| Ok(()))?;
                bench.task("c", |bench| bench.run(&["app1"], "c").map(drop))
            })?;
            step(bench, "a", |_| Ok(()))?;
            fail(bench)
        })
    });
    assert!(result.is_err());
    assert_eq!(
        bench.told.of("rolling"),
        ["rolling back a", "rolling back b", "rolling back d"]
    );
}

#[test]
fn x4_a_caller_that_registers_after_its_callee_is_undone_first() {
    let mut bench = bench();
    let result = bench.task("deploy", |bench| {
        bench.transaction(|bench| {
            bench.task("caller", |bench| {
                step(bench, "callee", |_| Ok(()))?;
                bench.undo_by(&["app1"], "undo caller");
                fail(bench)
            })
        })
    });
    assert!(result.is_err());
    assert_eq!(bench.told.of("rolling"), ["rolling back caller", "rolling back callee"]);
}

#[test]
fn x6_a_handler_that_fails_is_told_and_the_next_one_runs() {
    let mut bench = bench();
    let result = bench.task("deploy", |bench| {
        bench.transaction(|bench| {
            step(bench, "a", |_| Ok(()))?;
            bench.task("b", |bench| {
                bench.undo_by(&["app1"], "fail to undo b");
                fail(bench)
            })
        })
    });
    assert_eq!(result.unwrap_err().to_string(), "`fail' failed on app1");
    assert_eq!(lines(&bench), ["a", "fail", "fail to undo b", "undo a"]);
    assert_eq!(
        bench.told.of("rollback of"),
        ["rollback of b failed: `fail to undo b' failed on app1"]
    );
    assert_eq!(
        bench.told.of("rollback finished"),
        ["rollback finished, complete: false; b: app1 failed; a: app1 undone"]
    );
}

#[test]
fn x7_two_handlers_of_one_task_both_run_in_reverse() {
    let mut bench = bench();
    let result = bench.task("deploy", |bench| {
        bench.transaction(|bench| {
            bench.task("a", |bench| {
                bench.undo_by(&["app1"], "undo 1");
                bench.undo_by(&["app1"], "undo 2");
                fail(bench)
            })
        })
    });
    assert!(result.is_err());
    assert_eq!(lines(&bench), ["fail", "undo 2", "undo 1"]);
}

#[test]
fn x8_outside_a_transaction_registering_has_no_effect_and_says_so() {
    let mut bench = bench();
    let result = bench.task("a", |bench| {
        assert!(!bench.undo_by(&["app1"], "undo"));
        fail(bench)
    });
    assert!(result.is_err());
    assert_eq!(lines(&bench), ["fail"]);
    assert!(!bench.undo_by(&["app1"], "undo"));
}

#[test]
fn x9_the_task_that_opens_the_transaction_may_register() {
    let mut bench = bench();
    let result = bench.task("deploy", |bench| {
        bench.transaction(|bench| {
            assert!(bench.undo_by(&["app1"], "undo deploy"));
            fail(bench)
        })
    });
    assert!(result.is_err());
    assert_eq!(lines(&bench), ["fail", "undo deploy"]);
}

#[test]
fn x10_a_nested_transaction_joins_the_outer_one() {
    let mut bench = bench();
    let result = bench.task("deploy", |bench| {
        bench.transaction(|bench| {
            step(bench, "outer", |_| Ok(()))?;
            bench.transaction(|bench| step(bench, "first", |_| Ok(())))?;
            bench.transaction(|bench| step(bench, "second", fail))
        })
    });
    assert!(result.is_err());
    assert_eq!(
        bench.told.of("rolling"),
        ["rolling back second", "rolling back first", "rolling back outer"]
    );
    assert_eq!(bench.told.of("transaction").len(), 1);
    assert_eq!(bench.told.of("commit").len(), 0);
}

#[test]
fn x13_a_task_called_twice_is_undone_twice() {
    let mut bench = bench();
    let result = bench.task("deploy", |bench| {
        bench.transaction(|bench| {
            step(bench, "a", |_| Ok(()))?;
            step(bench, "a", |_| Ok(()))?;
            fail(bench)
        })
    });
    assert!(result.is_err());
    assert_eq!(lines(&bench), ["a", "a", "fail", "undo a", "undo a"]);
}

#[test]
fn x16_what_was_not_reached_is_not_undone() {
    let mut bench = bench();
    let result = bench.task("deploy", |bench| {
        bench.transaction(|bench| {
            bench.task("a", |bench| {
                fail(bench)?;
                bench.undo_by(&["app1"], "undo a");
                Ok(())
            })?;
            step(bench, "b", |_| Ok(()))
        })
    });
    assert!(result.is_err());
    assert_eq!(lines(&bench), ["fail"]);
    assert_eq!(bench.told.of("rollback after"), ["rollback after a"]);
}

#[test]
fn x17_a_failure_after_the_commit_undoes_nothing() {
    let mut bench = bench();
    let result = bench.task("deploy", |bench| {
        bench.transaction(|bench| step(bench, "a", |_| Ok(())))?;
        fail(bench)
    });
    assert!(result.is_err());
    assert_eq!(lines(&bench), ["a", "fail"]);
}

#[test]
fn x18_after_a_failed_transaction_a_new_one_starts_clean() {
    let mut bench = bench();
    bench
        .task("deploy", |bench| {
            assert!(bench.transaction(|bench| step(bench, "a", fail)).is_err());
            assert!(bench.transaction(fail).is_err());
            Ok(())
        })
        .unwrap();
    assert_eq!(lines(&bench), ["a", "fail", "undo a", "fail"]);
    assert_eq!(
        bench.told.of("rollback after"),
        ["rollback after a", "rollback after transaction start"]
    );
}

#[test]
fn x19_a_handler_ends_at_its_first_failing_command() {
    let mut bench = bench();
    let result = bench.task("deploy", |bench| {
        bench.transaction(|bench| {
            bench.on_rollback(|bench| {
                bench.run(&["app1"], "fail to undo")?;
                bench.run(&["app1"], "never").map(drop)
            });
            fail(bench)
        })
    });
    assert!(result.is_err());
    assert_eq!(lines(&bench), ["fail", "fail to undo"]);
    assert_eq!(bench.told.of("rollback of").len(), 1);
}

#[test]
fn x20_what_a_handlers_tasks_register_is_ignored() {
    let mut bench = bench();
    let result = bench.task("deploy", |bench| {
        bench.transaction(|bench| {
            bench.on_rollback(|bench| {
                bench.task("helper", |bench| {
                    assert!(bench.undo_by(&["app1"], "never"));
                    bench.run(&["app1"], "undo deploy").map(drop)
                })
            });
            fail(bench)
        })
    });
    assert!(result.is_err());
    assert_eq!(lines(&bench), ["fail", "undo deploy"]);
    assert!(bench.told.lines().contains(&"task 2 helper".to_owned()));
}
