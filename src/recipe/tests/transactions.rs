//! Tests of what is undone, in which order, and on which servers.

use super::{Case, Outcome, recipe};
use crate::diagnostic::Fault;
use crate::event::{Event, Level, Rollback};
use crate::interrupt::Signal;
use crate::session::scripted::Answer;

fn rollback(outcome: &Outcome) -> Rollback {
    let stopped = outcome.result.as_ref().err();
    stopped.map_or(Rollback::None, |stopped| stopped.rollback)
}

fn count(outcome: &Outcome, wanted: fn(&Event) -> bool) -> usize {
    outcome.events.iter().filter(|event| wanted(event)).count()
}

#[test]
fn x1_a_transaction_that_goes_well_runs_no_handler() {
    let outcome = recipe("task :t { transaction { on_rollback { puts \"undone\"; } puts \"done\"; } }").run(&["t"]);
    assert_eq!(count(&outcome, |event| matches!(event, Event::TransactionStarted)), 1);
    assert_eq!(count(&outcome, |event| matches!(event, Event::TransactionCommitted)), 1);
    assert_eq!(outcome.printed(), ["done"]);
}

#[test]
fn x2_handlers_run_last_registered_first_and_the_first_error_stays() {
    let text = "task :a { on_rollback { puts \"a\"; } } task :b { on_rollback { puts \"b\"; } throw \"first\"; } task :t { transaction { a; b; } }";
    let outcome = recipe(text).run(&["t"]);
    assert_eq!(outcome.printed, ["b", "a"]);
    assert_eq!(
        (outcome.error().message.as_str(), rollback(&outcome)),
        ("first", Rollback::Complete)
    );
}

#[test]
fn x3_handlers_of_tasks_in_tasks_run_in_reverse_order_of_registration() {
    let text = "task :a { on_rollback { puts \"a\"; } } task :b { on_rollback { puts \"b\"; } } task :c { } \
                task :d { on_rollback { puts \"d\"; } b; c; } task :t { transaction { d; a; throw \"x\"; } }";
    assert_eq!(recipe(text).run(&["t"]).printed, ["a", "b", "d"]);
}

#[test]
fn x4_a_caller_that_registers_after_its_callee_is_undone_first() {
    let text = "task :inner { on_rollback { puts \"inner\"; } } task :outer { inner; on_rollback { puts \"outer\"; } } \
                task :t { transaction { outer; throw \"x\"; } }";
    assert_eq!(recipe(text).run(&["t"]).printed, ["outer", "inner"]);
}

fn on_two_roles(body: &str) -> Case {
    recipe(&format!(
        "role :app, \"a1\", \"a2\"; role :db, \"d\"; \
         task :change, :roles => :app {{ on_rollback {{ run \"undo\"; }} run \"alter\"; }} task :t {{ transaction {{ {body} }} }}"
    ))
}

#[test]
fn x5_a_handlers_commands_go_to_the_servers_of_its_task() {
    let outcome = on_two_roles("change; run \"all\"; throw \"x\";").run(&["t"]);
    assert_eq!(outcome.script.lines_on("a1"), ["alter", "all", "undo"]);
    assert_eq!(outcome.script.lines_on("d"), ["all"]);
}

#[test]
fn x15_a_command_that_failed_on_one_server_is_undone_on_all_of_the_task() {
    let case = on_two_roles("change;");
    case.script.on("a2", "alter", Answer::new().exits(1));
    let outcome = case.run(&["t"]);
    for host in ["a1", "a2"] {
        assert_eq!(outcome.script.lines_on(host), ["alter", "undo"]);
    }
    assert_eq!(rollback(&outcome), Rollback::Complete);
}

#[test]
fn x6_a_handler_that_fails_is_told_and_the_next_one_runs() {
    let text = "role :app, \"a\"; task :a { on_rollback { puts \"a\"; } run \"x\"; } task :b { on_rollback { run \"undo b\"; } run \"x\"; } \
                task :c { on_rollback { nothing_here; } } task :t { transaction { a; b; c; throw \"first\"; } }";
    let case = recipe(text);
    case.script.on("*", "undo b", Answer::new().err("stuck\n").exits(9));
    let outcome = case.run(&["t"]);
    assert_eq!(outcome.printed, ["a"]);
    assert_eq!(
        (outcome.error().message.as_str(), rollback(&outcome)),
        ("first", Rollback::Incomplete)
    );
    let failed: Vec<_> = outcome
        .events
        .iter()
        .filter_map(|event| match event {
            Event::RollbackFailed { task, reason } => Some((task.as_str(), reason.as_str())),
            _ => None,
        })
        .collect();
    assert_eq!(failed[0], ("c", "unknown variable or task `nothing_here'"));
    assert_eq!(failed[1].0, "b");
    assert!(
        failed[1].1.contains("a: exit status 9") && failed[1].1.contains("stuck"),
        "{failed:?}"
    );
}

#[test]
fn x7_a_task_may_register_several_handlers() {
    let text = "task :t { transaction { on_rollback { puts 1; } on_rollback { puts 2; } throw \"x\"; } }";
    assert_eq!(recipe(text).run(&["t"]).printed, ["2", "1"]);
}

#[test]
fn x8_a_handler_outside_a_transaction_warns() {
    let outcome = recipe("task :t { on_rollback { puts 1; } throw \"x\"; }").run(&["t"]);
    assert_eq!(
        outcome.messages(Level::Important),
        ["`on_rollback' in `t' has no effect: no transaction is open"]
    );
    assert_eq!((outcome.printed.len(), rollback(&outcome)), (0, Rollback::None));
}

#[test]
fn x9_the_task_that_opens_the_transaction_may_register() {
    let text = "task :a { on_rollback { puts \"a\"; } } task :t { transaction { on_rollback { puts \"t\"; } a; throw \"x\"; } }";
    assert_eq!(recipe(text).run(&["t"]).printed, ["a", "t"]);
}

#[test]
fn x10_a_transaction_in_a_transaction_is_part_of_it() {
    let text = "task :a { on_rollback { puts \"a\"; } } task :b { transaction { on_rollback { puts \"b\"; } } } \
                task :t { transaction { a; b; throw \"x\"; } }";
    let outcome = recipe(text).run(&["t"]);
    assert_eq!(outcome.printed, ["b", "a"]);
    assert_eq!(count(&outcome, |event| matches!(event, Event::TransactionStarted)), 1);
}

#[test]
fn x10_an_error_that_leaves_a_nested_transaction_undoes_both_in_reverse_order() {
    let text = "task :a { on_rollback { puts \"a\"; } } task :b { transaction { on_rollback { puts \"b\"; } throw \"x\"; } } \
                task :t { transaction { a; b; } }";
    let outcome = recipe(text).run(&["t"]);
    assert_eq!(outcome.printed, ["b", "a"]);
    assert_eq!(
        (outcome.error().message.as_str(), rollback(&outcome)),
        ("x", Rollback::Complete)
    );
    // Where the outer one has nothing to undo, one rollback is told.
    let outcome =
        recipe("task :t { transaction { transaction { on_rollback { puts 1; } throw \"x\"; } } }").run(&["t"]);
    assert_eq!(outcome.printed, ["1"]);
    assert_eq!(
        count(&outcome, |event| matches!(event, Event::RollbackStarted { .. })),
        1
    );
}

#[test]
fn x11_an_error_that_is_caught_between_transactions_undoes_the_inner_one_alone() {
    let text = "task :a { on_rollback { puts \"undo a\"; } } \
                task :t { transaction { a; try { transaction { on_rollback { puts \"undo inner\"; } throw \"x\"; } } \
                catch (e) { puts \"caught\"; } END } }";
    let ended = recipe(&text.replace("END", "puts \"on\";")).run(&["t"]);
    assert_eq!(count(&ended, |event| matches!(event, Event::TransactionCommitted)), 1);
    assert_eq!(ended.printed(), ["undo inner", "caught", "on"]);
    let failed = recipe(&text.replace("END", "on_rollback { puts \"undo t\"; } throw \"y\";")).run(&["t"]);
    assert_eq!(failed.printed, ["undo inner", "caught", "undo t", "undo a"]);
    assert_eq!(
        (failed.error().message.as_str(), rollback(&failed)),
        ("y", Rollback::Complete)
    );
}

#[test]
fn a_transaction_without_handlers_rolls_nothing_back() {
    let outcome = recipe("task :t { transaction { throw \"x\"; } }").run(&["t"]);
    assert_eq!(rollback(&outcome), Rollback::None);
    // An earlier one has.
    let text = "task :t { try { transaction { on_rollback { puts 1; } throw \"x\"; } } catch {} transaction { throw \"y\"; } }";
    assert_eq!(rollback(&recipe(text).run(&["t"])), Rollback::Complete);
}

#[test]
fn x11_a_transaction_in_a_handler_is_a_part_of_the_rollback() {
    let text = "task :t { transaction { on_rollback { puts 1; } on_rollback { try { transaction { throw \"in\"; } } catch (e) { puts 2; } } throw \"x\"; } }";
    assert_eq!(recipe(text).run(&["t"]).printed, ["2", "1"]);
}

#[test]
fn x12_a_transaction_outside_a_task_or_without_a_block_is_an_error() {
    for (text, message) in [
        ("transaction { }", "`transaction' can only stand in a task"),
        ("on_rollback { }", "`on_rollback' can only stand in a task"),
        ("task :t { transaction; }", "`transaction' has no block"),
    ] {
        assert_eq!(recipe(text).errors()[0].message, message);
    }
}

#[test]
fn x13_a_task_called_twice_is_undone_twice() {
    let text = "task :a { on_rollback { puts \"undo\"; } } task :t { transaction { a; a; throw \"x\"; } }";
    assert_eq!(recipe(text).run(&["t"]).printed, ["undo", "undo"]);
}

#[test]
fn x14_abort_is_undone_and_cannot_be_caught() {
    let text = "task :t { transaction { on_rollback { puts \"undone\"; } try { abort \"enough\"; } catch (e) { puts \"caught\"; } } }";
    let outcome = recipe(text).run(&["t"]);
    assert_eq!(outcome.printed, ["undone"]);
    assert_eq!(
        (outcome.error().message.as_str(), outcome.error().fault),
        ("enough", Fault::Failed)
    );
}

#[test]
fn b26_exit_in_a_transaction_is_undone_and_does_not_go_well() {
    for (code, fault) in [(0, Fault::Failed), (7, Fault::Exit(7))] {
        let text = format!("task :t {{ transaction {{ on_rollback {{ puts \"undone\"; }} exit({code}); }} }}");
        let outcome = recipe(&text).run(&["t"]);
        assert_eq!(outcome.printed, ["undone"]);
        assert_eq!((outcome.error().fault, rollback(&outcome)), (fault, Rollback::Complete));
        assert_eq!(outcome.error().tasks, ["t"]);
    }
    assert!(recipe("task :t { exit(0); }").run(&["t"]).result.is_ok());
}

#[test]
fn x16_what_was_not_reached_is_not_undone() {
    let text = "task :a { throw \"x\"; on_rollback { puts \"a\"; } } task :b { on_rollback { puts \"b\"; } } task :t { transaction { a; b; } }";
    assert_eq!(recipe(text).run(&["t"]).printed, [""; 0]);
}

#[test]
fn x17_a_failure_behind_the_transaction_undoes_nothing() {
    let outcome = recipe("task :t { transaction { on_rollback { puts \"undone\"; } } throw \"x\"; }").run(&["t"]);
    assert_eq!((outcome.printed.len(), rollback(&outcome)), (0, Rollback::None));
}

#[test]
fn x18_after_a_failed_transaction_another_starts_clean() {
    let text = "task :t { try { transaction { on_rollback { puts \"first\"; } throw \"x\"; } } catch (e) { } \
                transaction { on_rollback { puts \"second\"; } throw \"y\"; } }";
    let outcome = recipe(text).run(&["t"]);
    assert_eq!(outcome.printed, ["first", "second"]);
    assert_eq!(outcome.error().message, "y");
}

#[test]
fn x19_a_handler_ends_at_its_first_failure() {
    let text = "role :app, \"a\"; task :t { transaction { on_rollback { run \"one\"; run \"two\"; } run \"do\"; throw \"x\"; } }";
    let case = recipe(text);
    case.script.on("*", "one", Answer::new().exits(1));
    let outcome = case.run(&["t"]);
    assert_eq!(outcome.script.lines_on("a"), ["do", "one"]);
    assert_eq!(rollback(&outcome), Rollback::Incomplete);
}

#[test]
fn x20_what_a_handler_registers_is_not_run() {
    let text = "task :a { on_rollback { puts \"never\"; } puts \"a\"; } task :t { transaction { on_rollback { a; } throw \"x\"; } }";
    assert_eq!(recipe(text).run(&["t"]).printed, ["a"]);
}

#[test]
fn x21_an_error_of_the_recipe_itself_is_undone_too() {
    let outcome = recipe("task :t { transaction { on_rollback { puts \"undone\"; } nothing_here; } }").run(&["t"]);
    assert_eq!(
        (outcome.printed.as_slice(), outcome.error().fault),
        (["undone".to_owned()].as_slice(), Fault::Recipe)
    );
}

#[test]
fn a_transaction_left_by_return_or_break_commits() {
    for body in [
        "transaction { on_rollback { puts 1; } return; }",
        "for i in 0..2 { transaction { on_rollback { puts 1; } break; } }",
    ] {
        let outcome = recipe(&format!("task :t {{ {body} throw \"x\"; }}")).run(&["t"]);
        assert_eq!(
            count(&outcome, |event| matches!(event, Event::TransactionCommitted)),
            1,
            "{body}"
        );
        assert_eq!(outcome.printed, [""; 0], "{body}");
    }
}

#[test]
fn b3_a_stop_request_ends_the_command_on_every_server_and_undoes() {
    let case = recipe(
        "role :app, \"a1\", \"a2\"; task :t { transaction { on_rollback { run \"undo\"; } try { run \"long\"; } catch (e) { puts \"caught\"; } } }",
    );
    let interrupt = case.interrupt.clone();
    case.script.on(
        "a1",
        "long",
        Answer::new().calls(move || interrupt.raise(Signal::Int)).hangs(),
    );
    case.script.on("a2", "long", Answer::new().hangs());
    let outcome = case.run(&["t"]);
    let commands = outcome.script.commands();
    assert!(commands.iter().all(|record| record.exit.is_some()), "{commands:?}");
    for host in ["a1", "a2"] {
        assert_eq!(outcome.script.lines_on(host), ["long", "undo"]);
    }
    assert_eq!(
        (outcome.error().fault, rollback(&outcome)),
        (Fault::Signal(130), Rollback::Complete)
    );
    assert_eq!(outcome.printed, [""; 0]);
}

#[test]
fn b4_a_second_stop_request_ends_the_rollback_and_says_what_is_left() {
    let case = recipe(
        "role :app, \"a\"; task :one { on_rollback { run \"undo one\"; } run \"do\"; } task :two { on_rollback { run \"undo two\"; } run \"do\"; } \
         task :t { transaction { one; two; throw \"x\"; } }",
    );
    let interrupt = case.interrupt.clone();
    case.script.on(
        "*",
        "undo two",
        Answer::new()
            .calls(move || {
                interrupt.raise(Signal::Int);
                interrupt.raise(Signal::Int);
            })
            .hangs(),
    );
    let outcome = case.run(&["t"]);
    let left = outcome.events.iter().find_map(|event| match event {
        Event::RollbackStopped { left } => Some(left.clone()),
        _ => None,
    });
    assert_eq!(left, Some(vec!["one".to_owned()]));
    assert_eq!(rollback(&outcome), Rollback::Incomplete);
}

#[test]
fn b4_a_first_stop_request_in_the_rollback_of_a_failure_lets_it_go_on_and_is_told() {
    let case = recipe(
        "role :app, \"a\"; task :one { on_rollback { run \"undo one\"; } run \"do\"; } task :two { on_rollback { run \"undo two\"; } run \"do\"; } \
         task :t { transaction { one; transaction { two; throw \"x\"; } } }",
    );
    let interrupt = case.interrupt.clone();
    case.script.on(
        "*",
        "undo two",
        Answer::new().calls(move || interrupt.raise(Signal::Int)),
    );
    let outcome = case.run(&["t"]);
    assert_eq!(outcome.script.lines_on("a"), ["do", "do", "undo two", "undo one"]);
    assert_eq!(rollback(&outcome), Rollback::Complete);
    let told = outcome.events.iter().filter(
        |event| matches!(event, Event::Message { text, .. } if text.starts_with("interrupted, but the rollback goes on")),
    );
    assert_eq!(told.count(), 1);
}
