//! Tests of commands on this machine and of questions to servers.

use super::{prints, recipe};
use crate::session::scripted::Answer;

#[test]
fn a_local_command_tells_how_it_ended_where_it_is_asked_for_its_result() {
    let case = recipe(
        "task :t { let r = run_locally(\"build\", :result => true); puts `${r.ok} ${r.status} ${r.stdout}`;
          puts run_locally(\"fine\", :result => true).ok; run_locally(\"build\"); }",
    );
    case.local.on("*", "build", Answer::new().out("half").exits(3));
    let outcome = case.run(&["t"]);
    assert_eq!(outcome.printed, ["false 3 half", "true"]);
    assert_eq!(outcome.error().message, "`build' failed on localhost");
    assert_eq!(outcome.error().servers[0].reason, "exit status 3");
}

#[test]
fn a_local_command_has_its_directory_environment_input_and_time() {
    let outcome = recipe(
        "task :t { run_locally(\"cat\", :dir => \"/srv/a b\", :env => #{ A: 1 }, :data => \"text\", :timeout => 5); }",
    )
    .run(&["t"]);
    assert!(outcome.result.is_ok(), "{:?}", outcome.result);
    let commands = outcome.local.commands();
    assert_eq!(commands[0].line, "cd '/srv/a b' || exit 1; export A=1; cat");
}

#[test]
fn system_tells_whether_a_local_command_succeeded() {
    let case = recipe("task :t { puts system(\"good\"); puts system(\"bad\"); }");
    case.local.on("*", "bad", Answer::new().err("no\n").exits(1));
    assert_eq!(case.run(&["t"]).printed(), ["true", "false"]);
}

#[test]
fn test_tells_whether_a_command_succeeded_on_the_first_server() {
    let case = recipe(
        "role :app, \"app1\", \"app2\"; task :t { puts test(\"there\"); puts test(\"away\"); puts test(\"away\", :hosts => \"app2\"); }",
    );
    case.script.on("app1", "away", Answer::new().exits(1));
    let outcome = case.run(&["t"]);
    assert_eq!(outcome.printed, ["true", "false", "true"]);
    assert_eq!(outcome.script.lines_on("app2").len(), 1);
    let case = recipe("role :app, \"app1\"; task :t { test(\"away\"); }");
    case.script.on("*", "away", Answer::new().loses_connection("gone"));
    assert!(case.run(&["t"]).result.is_err());
}

#[test]
fn find_servers_gives_those_that_a_command_would_go_to() {
    let text = "role :app, \"app1\", \"bob@app2:2222\", :zone => \"a\"; role :db, \"db1\", :primary => true; role :db, \"db2\";
        task :t, :roles => :app { for s in find_servers() { puts `${s.name} ${s.host} ${s.roles} ${s.attributes.zone}`; }
          puts find_servers(:roles => :db, :only => #{ primary: true })[0].host; puts find_servers(:once => true).len(); }";
    assert_eq!(
        prints(text),
        ["app1 app1 [\"app\"] a", "bob@app2:2222 app2 [\"app\"] a", "db1", "1"]
    );
    let outcome = recipe("role :app, \"app1\"; task :t { find_servers(:roles => :ap); }").run(&["t"]);
    assert_eq!(outcome.error().hints, ["did you mean `app'?"]);
}

#[test]
fn commands_of_a_task_run_in_its_directory() {
    let text = "role :app, \"app1\"; set :current_path, \"/u/x\"; task :t, :dir => \"/srv\", :env => #{ RAILS_ENV: \"production\" } {
        run \"rake\"; run \"ls\", :dir => current_path; run \"pwd\", :dir => \"~/x\"; put \"x\", \"file\"; }";
    let outcome = recipe(text).run(&["t"]);
    assert!(outcome.result.is_ok(), "{:?}", outcome.result);
    let lines = outcome.script.lines_on("app1");
    assert_eq!(lines[0], "cd /srv || exit 1; export RAILS_ENV=production; rake");
    assert!(
        lines[1].starts_with("cd /u/x || exit 1; ") && lines[2].starts_with("cd \"$HOME\"/x || exit 1; "),
        "{lines:?}"
    );
    assert!(!lines[3].contains("/srv"), "{lines:?}");
}
