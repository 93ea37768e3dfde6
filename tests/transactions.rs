//! Transactions, rollback and signals on real servers (cases X and B).

use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::fleet::Fleet;
use crate::harness::{Case, Finished};

/// Runs the task `t` of a recipe on app1 and app2. `mark("x")` writes a line to /tmp/log on the current task's servers.
fn run(fleet: &Fleet, recipe: &str) -> Finished {
    case(fleet, recipe).run()
}

fn case(fleet: &Fleet, recipe: &str) -> Case {
    let recipe: String = recipe.split("mark(").enumerate().map(mark).collect();
    Case::new()
        .recipe(&format!("role :app, \"app1\", \"app2\";\n{recipe}"))
        .args(["t"])
        .on(fleet)
}

/// `mark("x")` becomes the command that writes it.
fn mark((index, piece): (usize, &str)) -> String {
    if index == 0 {
        return piece.to_owned();
    }
    let (word, rest) = piece.split_once(')').unwrap();
    format!("run \"echo {} >> /tmp/log\"{rest}", word.trim_matches('"'))
}

fn log(fleet: &Fleet, host: &str) -> String {
    fleet.sh(host, "cat /tmp/log 2>/dev/null || true").replace('\n', " ")
}

fn two() -> Fleet {
    Fleet::start(&["app1", "app2"])
}

#[test]
fn x1_a_transaction_that_succeeds_is_committed_and_undoes_nothing() {
    let fleet = two();
    run(
        &fleet,
        r#"task :t { transaction { a; } } task :a { on_rollback { mark("undo"); } mark("do"); }"#,
    )
    .ok()
    .says_in_order(&["transaction: start", "transaction: commit"])
    .silent_on("rolling back");
    assert_eq!(log(&fleet, "app1"), "do");
}

#[test]
fn x2_handlers_run_last_first_and_the_first_error_is_told() {
    let fleet = two();
    run(
        &fleet,
        r#"task :t { transaction { a; b; fails; } }
           task :a { on_rollback { mark("undo-a"); } mark("a"); }
           task :b { on_rollback { mark("undo-b"); } mark("b"); }
           task :fails { run "exit 9"; }"#,
    )
    .code(1)
    .says_in_order(&["rolling back", "rolling back", "exit status 9"]);
    for host in ["app1", "app2"] {
        assert_eq!(log(&fleet, host), "a b undo-b undo-a");
    }
}

#[test]
fn x3_x4_handlers_run_in_reverse_order_of_registration_across_tasks() {
    let fleet = two();
    run(
        &fleet,
        r#"task :t { transaction { d; a; run "exit 1"; } }
           task :d { on_rollback { mark("undo-d"); } mark("d"); b; }
           task :b { on_rollback { mark("undo-b"); } mark("b"); c; }
           task :c { mark("c"); }
           task :a { on_rollback { mark("undo-a"); } mark("a"); }"#,
    )
    .code(1);
    assert_eq!(log(&fleet, "app1"), "d b c a undo-a undo-b undo-d");
}

#[test]
fn x5_a_handler_reaches_the_servers_of_its_task() {
    let fleet = two();
    run(
        &fleet,
        r#"role :one, "app2";
           task :t { transaction { a; run "exit 1"; } }
           task :a, :roles => :one { on_rollback { mark("undo"); } mark("a"); }"#,
    )
    .code(1);
    assert_eq!(
        (log(&fleet, "app1").as_str(), log(&fleet, "app2").as_str()),
        ("", "a undo")
    );
}

#[test]
fn x6_b27_a_failing_handler_is_told_and_the_next_one_runs() {
    let fleet = two();
    run(
        &fleet,
        r#"task :t { transaction { a; b; c; run "exit 9"; } }
           task :a { on_rollback { mark("undo-a"); } mark("a"); }
           task :b { on_rollback { run "exit 8"; } mark("b"); }
           task :c { on_rollback { throw "of the recipe"; } mark("c"); }"#,
    )
    .code(5)
    .says("exit status 9")
    .says("exit status 8")
    .says("of the recipe")
    .says("rollback incomplete")
    .says("rollback  app1, app2\nc         not tried\nb         failed\na         undone\nnot rolled back:\n");
    assert_eq!(log(&fleet, "app1"), "a b c undo-a");
}

#[test]
fn x7_both_handlers_of_one_task_run() {
    let fleet = two();
    run(
        &fleet,
        r#"task :t { transaction { a; run "exit 1"; } }
           task :a { on_rollback { mark("first"); } mark("a"); on_rollback { mark("second"); } }"#,
    )
    .code(1);
    assert_eq!(log(&fleet, "app1"), "a second first");
}

#[test]
fn x8_a_handler_outside_a_transaction_warns_and_does_not_run() {
    let fleet = two();
    run(
        &fleet,
        r#"task :t { on_rollback { mark("undo"); } mark("a"); run "exit 1"; }"#,
    )
    .code(1)
    .says("on_rollback");
    assert_eq!(log(&fleet, "app1"), "a");
}

#[test]
fn x9_the_body_that_opens_the_transaction_may_register() {
    let fleet = two();
    run(
        &fleet,
        r#"task :t { transaction { on_rollback { mark("undo"); } mark("a"); run "exit 1"; } }"#,
    )
    .code(1);
    assert_eq!(log(&fleet, "app1"), "a undo");
}

#[test]
fn x10_a_nested_transaction_is_a_part_of_the_outer_one() {
    let fleet = two();
    let finished = run(
        &fleet,
        r#"task :t { transaction { a; transaction { b; } run "exit 1"; } }
           task :a { on_rollback { mark("undo-a"); } mark("a"); }
           task :b { on_rollback { mark("undo-b"); } mark("b"); }"#,
    )
    .code(1);
    assert_eq!(finished.stderr.matches("transaction: start").count(), 1);
    assert_eq!(log(&fleet, "app1"), "a b undo-b undo-a");
}

#[test]
fn x13_a_task_called_twice_is_undone_twice() {
    let fleet = two();
    run(
        &fleet,
        r#"task :t { transaction { a; a; run "exit 1"; } } task :a { on_rollback { mark("undo"); } mark("a"); }"#,
    )
    .code(1);
    assert_eq!(log(&fleet, "app1"), "a a undo undo");
}

#[test]
fn x14_b26_abort_and_exit_in_a_transaction_roll_back() {
    let fleet = two();
    let recipe =
        |end: &str| format!("task :t {{ transaction {{ on_rollback {{ mark(\"undo\"); }} mark(\"a\"); {end}; }} }}");
    run(&fleet, &recipe("abort \"not today\"")).code(1).says("not today");
    assert_eq!(log(&fleet, "app1"), "a undo");
    fleet.sh("app1", "rm /tmp/log");
    let finished = run(&fleet, &recipe("exit(0)"));
    assert_ne!(finished.status.code(), Some(0), "{}", finished.stderr);
    assert_eq!(log(&fleet, "app1"), "a undo");
}

#[test]
fn x15_a_failure_on_one_server_undoes_both() {
    let fleet = two();
    run(
        &fleet,
        r#"task :t { transaction { a; } }
           task :a { on_rollback { mark("undo"); } run "echo a >> /tmp/log; test $(hostname) = app1"; }"#,
    )
    .code(1)
    .says("app2: exit status 1")
    .silent_on("app1: exit");
    assert_eq!(
        (log(&fleet, "app1").as_str(), log(&fleet, "app2").as_str()),
        ("a undo", "a undo")
    );
}

#[test]
fn x16_what_was_not_reached_is_not_undone() {
    let fleet = two();
    run(
        &fleet,
        r#"task :t { transaction { a; b; } }
           task :a { mark("a"); run "exit 1"; on_rollback { mark("undo-late"); } }
           task :b { on_rollback { mark("undo-b"); } mark("b"); }"#,
    )
    .code(1);
    assert_eq!(log(&fleet, "app1"), "a");
}

#[test]
fn x17_a_failure_after_the_commit_undoes_nothing() {
    let fleet = two();
    run(
        &fleet,
        r#"task :t { transaction { on_rollback { mark("undo"); } mark("a"); } run "exit 1"; }"#,
    )
    .code(1)
    .silent_on("rolling back");
    assert_eq!(log(&fleet, "app1"), "a");
}

#[test]
fn x19_the_rest_of_a_handler_is_left_out_after_its_failure() {
    let fleet = two();
    run(
        &fleet,
        r#"task :t { transaction { on_rollback { run "exit 8"; mark("not-me"); } mark("a"); run "exit 9"; } }"#,
    )
    .code(5)
    .says("exit status 8");
    assert_eq!(log(&fleet, "app1"), "a");
}

#[test]
fn x21_an_error_of_the_recipe_rolls_back() {
    let fleet = two();
    run(
        &fleet,
        r#"task :t { transaction { on_rollback { mark("undo"); } mark("a"); let x = [1]; x[5]; } }"#,
    )
    .says("recipe.rhai:2")
    .says("rolling back");
    assert_eq!(log(&fleet, "app1"), "a undo");
}

#[test]
fn b1_an_unreachable_server_keeps_no_other_from_being_rolled_back() {
    let fleet = Fleet::start(&["app1", "app2", "db2"]);
    fleet.stop("db2");
    run(
        &fleet,
        r#"role :db, "db2";
           task :t { transaction { a; run "touch /tmp/all"; } }
           task :a, :roles => :app { on_rollback { mark("undo"); } mark("a"); }"#,
    )
    .code(4)
    .says("db2: connection refused")
    .says("rolled back");
    for host in ["app1", "app2"] {
        assert_eq!(log(&fleet, host), "a undo");
        assert!(!fleet.exists(host, "/tmp/all"));
    }
}

#[test]
fn b2_a_server_lost_between_change_and_undo_is_named_and_the_other_is_rolled_back() {
    let fleet = two();
    let mut running = case(
        &fleet,
        r#"task :t { transaction { a; run "echo waiting; while ! test -e /tmp/go; do sleep 0.05; done; exit 1"; } }
           task :a { on_rollback { mark("undo"); } mark("a"); }"#,
    )
    .start();
    running.wait_for("[out :: app1] waiting");
    running.wait_for("[out :: app2] waiting");
    fleet.stop("app2");
    fleet.sh("app1", "touch /tmp/go");
    running
        .finish()
        .code(5)
        .says("rollback incomplete")
        .says("rollback  app1         app2\na         undone       unreachable\nnot rolled back:\n  a on app2: ");
    assert_eq!(log(&fleet, "app1"), "a undo");
}

/// A long command that writes until it is ended, and that does not end by losing its terminal or its output.
const TICKS: &str = r#"task :t { transaction { on_rollback { mark("undo"); } run "echo tick >> /tmp/log; echo begun; while :; do echo tick >> /tmp/log; sleep 0.05; done"; } }"#;

fn interrupted(signal: Signal, code: i32) {
    let fleet = two();
    let mut running = case(&fleet, TICKS).start();
    running.wait_for("[out :: app1] begun");
    running.wait_for("[out :: app2] begun");
    running.signal(signal);
    running.finish().code(code).says("rolling back");
    let after: Vec<_> = ["app1", "app2"].iter().map(|host| log(&fleet, host)).collect();
    // Long enough for several ticks.
    thread::sleep(Duration::from_millis(300));
    for (host, after) in ["app1", "app2"].iter().zip(after) {
        assert!(after.ends_with("tick undo"), "{host}: {after}");
        assert_eq!(log(&fleet, host), after, "{host} still writes");
        assert_eq!(fleet.sh(host, "pgrep -u deploy -f tick || true"), "", "{host}");
    }
}

#[test]
fn b3_ctrl_c_ends_the_remote_commands_and_then_rolls_back() {
    interrupted(Signal::INT, 130);
}

#[test]
fn b5_sigterm_ends_the_remote_commands_and_then_rolls_back() {
    interrupted(Signal::TERM, 143);
}

#[test]
fn b4_a_second_ctrl_c_stops_the_rollback_and_lists_what_is_left() {
    let fleet = two();
    let mut running = case(
        &fleet,
        r#"task :t { transaction { first; second; run "echo begun; sleep 60"; } }
           task :first { on_rollback { mark("undo-first"); } mark("first"); }
           task :second { on_rollback { run "echo undoing; sleep 60"; } mark("second"); }"#,
    )
    .start();
    running.wait_for("[out :: app2] begun");
    running.signal(Signal::INT);
    running.wait_for("[out :: app1] undoing");
    running.wait_for("[out :: app2] undoing");
    let begin = Instant::now();
    running.signal(Signal::INT);
    let finished = running.finish();
    assert!(begin.elapsed() < Duration::from_secs(30));
    assert!(!finished.status.success());
    finished.says("rollback  app1, app2\nsecond    failed\nfirst     not tried\nnot rolled back:\n");
    assert_eq!(log(&fleet, "app1"), "first second");
    assert_eq!(fleet.sh("app1", "pgrep -u deploy sleep || true"), "");
}

#[test]
fn b4_a_first_ctrl_c_in_the_rollback_of_a_failure_lets_it_go_on_on_all_servers() {
    let fleet = two();
    let mut running = case(
        &fleet,
        r#"task :t { transaction { first; second; run "exit 9"; } }
           task :first { on_rollback { mark("undo-first"); } mark("first"); }
           task :second { on_rollback { run "echo undoing; until [ -e /tmp/go ]; do sleep 0.05; done"; mark("undo-second"); } mark("second"); }"#,
    )
    .start();
    running.wait_for("[out :: app1] undoing");
    running.wait_for("[out :: app2] undoing");
    running.signal(Signal::INT);
    running.wait_for("interrupted, but the rollback goes on; once more stops it");
    for host in ["app1", "app2"] {
        fleet.write(host, "/tmp/go", "");
    }
    running.finish().code(1).says("exit status 9");
    for host in ["app1", "app2"] {
        assert_eq!(log(&fleet, host), "first second undo-second undo-first");
    }
}

#[test]
fn b21_a_typo_shows_no_variable() {
    Case::new()
        .recipe("set :database_password, \"open sesame\";\nrole :app, \"app1\";\ntask :t { puts databse_password; }")
        .args(["t"])
        .run()
        .code(3)
        .says("databse_password")
        .says("database_password")
        .says("recipe.rhai:3")
        .silent_on("sesame");
}
