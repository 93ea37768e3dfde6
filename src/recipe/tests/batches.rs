//! Tests of servers in turns, and of servers that fail while the recipe continues.

use super::{Outcome, recipe};
use crate::diagnostic::Fault;
use crate::event::{Event, Level, Rollback};
use crate::session::Phase;
use crate::session::scripted::Answer;

const SIX: &str = r#"
role :web, "www1", "www2";
role :app, "app1", "app2";
role :db, "db1", "db2";
"#;

fn batches(outcome: &Outcome) -> Vec<usize> {
    let sizes = outcome.events.iter().filter_map(|event| match event {
        Event::ActionStarted { servers, .. } => Some(servers.len()),
        _ => None,
    });
    sizes.collect()
}

fn hosts(outcome: &Outcome, part: &str) -> Vec<String> {
    let commands = outcome.script.commands();
    let with = commands.iter().filter(|record| record.line.contains(part));
    with.map(|record| record.server.to_string()).collect()
}

#[test]
fn c18_six_servers_two_at_a_time_are_three_batches_and_each_awaits_the_one_before() {
    let case = recipe(&format!("{SIX} task :t {{ run \"x\", :max_hosts => 2; }}"));
    // A server of the second batch that starts before the first has ended would end with an error.
    case.script.on("app1", "x", Answer::new().once_ended("www2", "x"));
    let outcome = case.run(&["t"]);
    assert!(outcome.result.is_ok(), "{:?}", outcome.result);
    assert_eq!(batches(&outcome), [2, 2, 2]);
    assert_eq!(hosts(&outcome, "x"), ["www1", "www2", "app1", "app2", "db1", "db2"]);
}

#[test]
fn c18_after_a_batch_that_failed_no_other_begins() {
    let case = recipe(&format!("{SIX} task :t {{ run \"x\", :max_hosts => 2; }}"));
    case.script.on("www2", "x", Answer::new().exits(3));
    let outcome = case.run(&["t"]);
    assert_eq!(outcome.error().fault, Fault::Failed);
    assert_eq!(hosts(&outcome, "x"), ["www1", "www2"]);
}

#[test]
fn c19_the_tasks_number_holds_for_all_its_commands_and_a_calls_own_wins() {
    let text = format!("{SIX} task :t, :max_hosts => 4 {{ run \"x\"; run \"y\", :max_hosts => 3; }}");
    let outcome = recipe(&text).run(&["t"]);
    assert_eq!(batches(&outcome), [4, 2, 3, 3]);
}

#[test]
fn a_number_of_servers_that_is_none_is_refused() {
    let errors = recipe("task :t, :max_hosts => 0 { }").errors();
    assert_eq!(errors[0].message, "`max_hosts' must be a number from 1");
}

#[test]
fn c20_a_server_that_failed_is_left_out_where_the_recipe_goes_on_and_the_run_has_failed() {
    let text = format!(
        "{SIX} task :t, :roles => [:web, :app], :on_error => :continue {{ run \"first\"; run \"second\"; other; puts \"end\"; }}
         task :other, :roles => :web {{ run \"third\"; }}"
    );
    let case = recipe(&text);
    case.script.on("www1", "first", Answer::new().err("no disk\n").exits(7));
    let outcome = case.run(&["t"]);
    assert_eq!(hosts(&outcome, "second"), ["www2", "app1", "app2"]);
    assert_eq!(
        hosts(&outcome, "third"),
        ["www1", "www2"],
        "an ordinary task tries it again"
    );
    assert_eq!(outcome.printed, ["end"]);
    let error = outcome.error();
    assert_eq!(error.fault, Fault::Failed);
    assert_eq!(error.message, "all tasks ended, but one server failed and was left out");
    assert_eq!(error.servers.len(), 1);
    assert_eq!(error.servers[0].server.to_string(), "www1");
    assert_eq!(error.servers[0].reason, "exit status 7");
    assert_eq!(error.servers[0].stderr, ["no disk"]);
}

#[test]
fn c21_a_server_that_cannot_be_connected_is_left_out_and_the_others_are_not() {
    let case = recipe(&format!(
        "{SIX} task :t, :on_error => :continue {{ put \"text\", \"/tmp/x\"; }}"
    ));
    case.script.refuse("app2", Phase::Connect, "connection refused");
    case.script.on("db2", "/tmp/x", Answer::new().reads_all().exits(1));
    let outcome = case.run(&["t"]);
    assert_eq!(hosts(&outcome, "/tmp/x"), ["www1", "www2", "app1", "db1", "db2"]);
    let failed: Vec<String> = outcome.error().servers.iter().map(|f| f.server.to_string()).collect();
    assert_eq!(failed, ["app2", "db2"]);
}

#[test]
fn c21_when_every_server_has_failed_nothing_is_run_and_the_recipe_goes_on() {
    let text = "role :app, \"app1\"; task :t, :on_error => :continue { run \"a\"; run \"b\"; puts \"end\"; }";
    let case = recipe(text);
    case.script.on("app1", "a", Answer::new().exits(1));
    let outcome = case.run(&["t"]);
    assert_eq!(hosts(&outcome, "b"), [""; 0]);
    assert_eq!(outcome.printed, ["end"]);
}

#[test]
fn c22_a_single_command_may_go_on_too() {
    let case = recipe("role :app, \"app1\"; task :t { run \"a\", :on_error => :continue; run \"b\"; }");
    case.script.on("app1", "a", Answer::new().exits(1));
    let outcome = case.run(&["t"]);
    assert_eq!(hosts(&outcome, "b"), ["app1"]);
    assert_eq!(outcome.error().servers.len(), 1);
}

#[test]
fn c22_a_failure_that_is_gone_on_from_rolls_nothing_back() {
    let text = "role :app, \"app1\";
        task :t { transaction { on_rollback { puts \"undone\"; } run \"a\", :on_error => :continue; } }";
    let case = recipe(text);
    case.script.on("app1", "a", Answer::new().exits(1));
    let outcome = case.run(&["t"]);
    assert_eq!(outcome.printed, [""; 0]);
    assert_eq!(outcome.result.unwrap_err().rollback, Rollback::None);
}

#[test]
fn n2_nobody_matches_and_that_is_no_error_once_said() {
    let text = "role :app; task :t, :roles => :app, :on_no_matching_servers => :continue { run \"x\"; puts \"end\"; }";
    let outcome = recipe(text).run(&["t"]);
    assert!(outcome.result.is_ok());
    assert_eq!(notices(&outcome), ["skipping `t' because no servers matched"]);
    assert_eq!(outcome.printed, ["end"]);
}

fn notices(outcome: &Outcome) -> Vec<&str> {
    let messages = outcome.events.iter().filter_map(|event| match event {
        Event::Message {
            level: Level::Info,
            text,
            ..
        } => Some(text.as_str()),
        _ => None,
    });
    messages.collect()
}

#[test]
fn n3_a_host_filter_that_leaves_nobody_skips_and_preserved_roles_are_an_error() {
    let text = format!("{SIX} task :t, :roles => :app {{ run \"x\"; puts \"end\"; }}");
    let outcome = recipe(&text).env("HOSTFILTER", "www1").run(&["t"]);
    assert!(outcome.result.is_ok());
    assert_eq!(notices(&outcome), ["skipping `t' because no servers matched"]);
    assert_eq!(outcome.printed, ["end"]);
    let mut case = recipe(&text).env("ROLES", "web");
    case.options.preserve_roles = true;
    let outcome = case.run(&["t"]);
    assert!(
        outcome.error().message.contains("no servers matched"),
        "{:?}",
        outcome.error()
    );
}
