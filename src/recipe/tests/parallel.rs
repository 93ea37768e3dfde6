//! Tests of different commands on different scripted servers.

use super::{Outcome, recipe};
use crate::event::Event;
use crate::session::scripted::Answer;

const SIX: &str = r#"role :web, "www1", "www2"; role :app, "app1", "www2"; role :db, "db1", :primary => true;"#;

fn run(body: &str) -> Outcome {
    let outcome = recipe(&format!("{SIX} task :t {{ {body} }}")).run(&["t"]);
    assert!(outcome.result.is_ok(), "{:?}", outcome.result);
    outcome
}

/// Returns each server with the last word of every command that it ran.
fn ran(outcome: &Outcome) -> Vec<String> {
    let commands = outcome.script.commands();
    let word = |line: &str| {
        let line = line.trim_end_matches(['\'', '"']);
        line.rsplit([' ', '\'', '"']).next().unwrap_or_default().to_owned()
    };
    commands
        .iter()
        .map(|record| format!("{} {}", record.server, word(&record.line)))
        .collect()
}

#[test]
fn c24_a_server_runs_what_it_fits_all_at_once_and_else_is_for_those_that_fit_nothing() {
    let text = format!(
        "{SIX} task :t {{ parallel |session| {{
            session.when(\"in?(:web)\", \"one\");
            session.when(:app, \"two\");
            session.else(\"other\");
        }} }}"
    );
    let case = recipe(&text);
    // It ends only if the second one of the same server is started.
    case.script.on("www2", "one", Answer::new().once_started("www2", "two"));
    let outcome = case.run(&["t"]);
    assert!(outcome.result.is_ok(), "{:?}", outcome.result);
    assert_eq!(
        ran(&outcome),
        ["www1 one", "www2 one", "www2 two", "app1 two", "db1 other"]
    );
    let told = outcome.events.iter().find_map(|event| match event {
        Event::ActionStarted {
            verb, command, servers, ..
        } => Some((*verb, command.as_str(), servers.len())),
        _ => None,
    });
    assert_eq!(told, Some(("parallel", "web: one; app: two; else: other", 4)));
}

#[test]
fn c24_without_else_the_others_run_nothing_and_where_nobody_fits_there_is_no_command() {
    assert_eq!(
        ran(&run("parallel |s| { s.when([:db, :app], \"x\"); }")),
        ["www2 x", "app1 x", "db1 x"]
    );
    let outcome = run("parallel |s| { s.when(|server| server.host == \"nobody\", \"x\"); }");
    assert_eq!(ran(&outcome), [""; 0]);
    assert!(outcome.script.connections().is_empty());
}

#[test]
fn c24_last_ends_the_search_for_good() {
    let body = "parallel :roles => :db, |s| { s.when(true, \"one\", #{ last: true }); s.when(true, \"two\"); s.when(true, \"three\"); }";
    assert_eq!(ran(&run(body)), ["db1 one"]);
}

#[test]
fn c24_a_closure_is_given_the_server_with_roles_and_attributes() {
    let body = "parallel |s| {
        s.when(|server| server.attributes.primary == true, \"one\");
        s.when(|server| server.roles.len() == 2, \"two\");
    }";
    assert_eq!(ran(&run(body)), ["www2 two", "db1 one"]);
}

#[test]
fn c24_an_empty_block_an_unknown_role_and_an_unknown_option_are_errors() {
    for (body, message) in [
        ("parallel |s| { }", "the block of `parallel' has no command"),
        ("parallel |s| { s.when(:ap, \"x\"); }", "the role `ap' is not defined"),
        (
            "parallel |s| { s.else(\"x\", #{ lst: true }); }",
            "a branch has no option `lst'",
        ),
        (
            "parallel |s| { s.when(|server| 1, \"x\"); }",
            "a condition's closure is to give true or false",
        ),
    ] {
        let outcome = recipe(&format!("{SIX} task :t {{ {body} }}")).run(&["t"]);
        assert_eq!(outcome.error().message, message);
        assert!(outcome.script.connections().is_empty());
    }
    let told = recipe(&format!("{SIX} task :t {{ parallel; }}")).errors();
    assert_eq!(told[0].message, "`parallel' has no block");
}

#[test]
fn c24_a_server_on_which_two_commands_fail_is_named_once_with_both() {
    let case = recipe(&format!(
        "{SIX} task :t, :roles => :app {{ parallel |s| {{ s.when(:web, \"one\"); s.when(:app, \"two\"); }} }}"
    ));
    case.script.on("www2", "one", Answer::new().exits(3));
    case.script.on("www2", "two", Answer::new().exits(4));
    let outcome = case.run(&["t"]);
    let servers = &outcome.error().servers;
    assert_eq!(servers.len(), 1);
    assert_eq!(servers[0].reason, "exit status 3; exit status 4");
}
