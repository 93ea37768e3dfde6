//! Tests of the selection of servers for a command.

use super::{Outcome, recipe};
use crate::event::Level;

const SIX: &str = "role :web, \"www1\", \"www2\";\nrole :app, \"app1\", \"app2\";\nrole :db, \"db1\", :primary => true;\n\
                   role :db, \"db2\", :no_release => true;\n";
const ALL: [&str; 6] = ["www1", "www2", "app1", "app2", "db1", "db2"];

fn addressed(outcome: &Outcome) -> Vec<String> {
    assert!(outcome.result.is_ok(), "{:?}", outcome.result);
    outcome
        .script
        .commands()
        .iter()
        .map(|record| record.server.to_string())
        .collect()
}

/// Returns the servers of `run "x"` in a task with these options and this environment.
fn servers(options: &str, environment: &[(&str, &str)]) -> Vec<String> {
    addressed(&run(options, "run \"x\";", environment))
}

fn run(options: &str, body: &str, environment: &[(&str, &str)]) -> Outcome {
    let mut case = recipe(&format!("{SIX}task :t{options} {{ {body} }}"));
    for (name, value) in environment {
        case = case.env(name, value);
    }
    case.run(&["t"])
}

#[test]
fn r1_a_task_without_options_reaches_every_server_once_in_order() {
    assert_eq!(servers("", &[]), ALL);
}

#[test]
fn r2_roles_are_one_name_or_a_list() {
    for options in [", :roles => :app", ", :roles => [:app]", ", \"roles\" => \"app\""] {
        assert_eq!(servers(options, &[]), ["app1", "app2"], "{options}");
    }
    for options in [", :roles => [:db, :web]", ", :roles => \"db,web\""] {
        assert_eq!(servers(options, &[]), ["db1", "db2", "www1", "www2"], "{options}");
    }
}

#[test]
fn r3_a_server_in_two_roles_is_addressed_once() {
    let text = "role :web, \"h\", \"i\"; role :app, \"i\", \"h\"; task :t { run \"x\"; }";
    assert_eq!(addressed(&recipe(text).run(&["t"])), ["h", "i"]);
}

#[test]
fn r4_only_needs_every_attribute_and_except_any() {
    assert_eq!(servers(", :roles => :db, :only => #{ primary: true }", &[]), ["db1"]);
    assert_eq!(servers(", :except => #{ no_release: true }", &[]), ALL[..5]);
    assert_eq!(
        servers(", :except => #{ no_release: true, primary: true }", &[]),
        ALL[..4]
    );
    assert_eq!(servers(", :only => #{ primary: true, no_release: () }", &[]), ["db1"]);
}

#[test]
fn r6_hosts_are_taken_as_they_are() {
    for options in [
        ", :hosts => \"x,y\"",
        ", :hosts => [\"x\", \"y\"]",
        ", :hosts => [\"x\", \"y\"], :roles => :none",
    ] {
        assert_eq!(servers(options, &[]), ["x", "y"], "{options}");
    }
}

#[test]
fn r7_roles_of_the_environment_replace_the_tasks() {
    assert_eq!(servers(", :roles => :db", &[("ROLES", "app")]), ["app1", "app2"]);
    assert_eq!(
        servers(", :roles => :db", &[("ROLES", "app,web")]),
        ["app1", "app2", "www1", "www2"]
    );
}

#[test]
fn r8_hosts_of_the_environment_replace_everything_and_a_stranger_is_said_once() {
    let body = "run \"x\"; run \"y\", :hosts => \"z\";";
    let outcome = run(", :roles => :none", body, &[("HOSTS", "app1,ap2")]);
    assert_eq!(addressed(&outcome), ["app1", "ap2", "app1", "ap2"]);
    assert_eq!(
        super::errors::important(&outcome),
        ["HOSTS names `ap2', which is not in the recipe; did you mean `app2'?"]
    );
    let outcome = recipe("task :t { run \"x\"; }").env("HOSTS", "anything").run(&["t"]);
    assert_eq!(super::errors::important(&outcome), [""; 0]);
}

#[test]
fn r8_a_host_without_releases_is_left_out_of_what_deploys_and_said_once() {
    let body = "run \"x\"; run \"y\"; run \"z\", :except => #{};";
    let outcome = run(", :except => #{ no_release: true }", body, &[("HOSTS", "app1,db2,new")]);
    assert_eq!(
        addressed(&outcome),
        ["app1", "new", "app1", "new", "app1", "db2", "new"]
    );
    assert_eq!(
        super::errors::important(&outcome),
        [
            "HOSTS names `new', which is not in the recipe",
            "HOSTS names `db2', which has no_release: nothing is deployed to it",
        ]
    );
    let text = "role :db, \"db2\", :no_release => true; task :t, :except => #{ no_release: true } { run \"x\"; }";
    let outcome = recipe(text).env("HOSTS", "db2").run(&["t"]);
    assert!(outcome.result.is_err());
    assert!(outcome.script.commands().is_empty());
}

#[test]
fn r10_a_host_filter_narrows_what_was_selected() {
    assert_eq!(servers(", :roles => :app", &[("HOSTFILTER", "app1,www1")]), ["app1"]);
}

#[test]
fn r14_options_of_a_call_replace_the_tasks_of_the_same_name() {
    let outcome = run(
        ", :roles => :db, :once => true",
        "run \"x\", :roles => :app; run \"y\", :once => false;",
        &[],
    );
    assert_eq!(addressed(&outcome), ["app1", "db1", "db2"]);
}

#[test]
fn r17_attributes_are_those_of_their_statement() {
    assert_eq!(servers(", :roles => :db, :only => #{ no_release: true }", &[]), ["db2"]);
}

#[test]
fn r18_a_server_may_be_in_several_roles() {
    let text = "server \"h\", :web, :app, :primary => true; role :app, \"i\"; \
                task :t { run \"x\", :roles => :web; run \"y\", :roles => :app, :only => #{ primary: true }; }";
    assert_eq!(addressed(&recipe(text).run(&["t"])), ["h", "h"]);
}

#[test]
fn r19_user_and_port_in_a_servers_text_win_over_options() {
    let text = "role :app, \"bob@h:2222\", \"i\", :user => \"eve\", :port => 23; role :db, \"h\", \"j:22\"; task :t { run \"x\"; }";
    assert_eq!(
        addressed(&recipe(text).run(&["t"])),
        ["bob@h:2222", "eve@i:23", "h", "j"]
    );
}

#[test]
fn n1_nobody_matches_is_an_error_after_what_came_before() {
    let text = "role :app, \"a\"; role :db; task :t, :roles => :db { puts \"before\"; run \"x\"; puts \"after\"; }";
    let outcome = recipe(text).run(&["t"]);
    assert_eq!(outcome.printed, ["before"]);
    assert_eq!(
        outcome.error().message,
        "`t' is only run for servers matching {roles: db}, but no servers matched"
    );
}

#[test]
fn n4_nobody_matches_outside_any_task_is_told_without_a_task() {
    for (text, message) in [
        (
            "role :app; on :start { run \"x\", :roles => :app; } task :t {}",
            "no servers found to match {roles: app}",
        ),
        (
            "on :start { run \"x\"; } task :t {}",
            "no servers found: there are none",
        ),
    ] {
        assert_eq!(recipe(text).run(&["t"]).error().message, message, "{text}");
    }
}

#[test]
fn n5_a_dry_run_with_nobody_ends_as_the_run_would() {
    let task = |options: &str| format!("role :db; task :t, :roles => :db{options} {{ run \"x\"; puts \"after\"; }}");
    let ended = |options: &str, dry_run| {
        let mut case = recipe(&task(options));
        case.options.dry_run = dry_run;
        case.run(&["t"])
    };
    let (run, planned) = (ended("", false), ended("", true));
    let message = &run.error().message;
    assert!(message.contains("no servers"), "{message}");
    assert_eq!(&planned.error().message, message);
    let skipped = ended(", :on_no_matching_servers => :continue", true);
    assert_eq!(
        skipped.messages(Level::Info),
        ["skipping `t' because no servers matched"]
    );
    assert_eq!(skipped.printed(), ["after"]);
}

#[test]
fn b16_a_server_without_releases_gets_none_in_any_of_its_roles() {
    let text = "role :app, \"a\", \"s\"; role :search, \"s\", :no_release => true;
        task :t, :except => #{ no_release: true } { run \"x\"; }";
    assert_eq!(addressed(&recipe(text).run(&["t"])), ["a"]);
}

#[test]
fn r22_a_server_named_twice_is_one_and_what_is_said_of_it_belongs_to_each_statement() {
    let text = "server \"h\", :web, :zone => 1; server \"h\", :app, :zone => 2; task :t { run \"x\"; }
        task :u, :only => #{ zone: 1 } { run \"y\"; } task :v, :roles => :app, :only => #{ zone: 1 } { run \"z\", :on_no_matching_servers => :continue; }";
    let outcome = recipe(text).run(&["t", "u", "v"]);
    assert_eq!(outcome.script.lines_on("h"), ["x", "y"]);
}

#[test]
fn r23_a_host_filter_is_names_and_no_pattern() {
    for (filter, hosts) in [("app1", &["app1"][..]), ("app", &[]), ("app.*", &[])] {
        let outcome = run("", "run \"x\";", &[("HOSTFILTER", filter)]);
        assert_eq!(addressed(&outcome), hosts, "{filter}");
    }
}
