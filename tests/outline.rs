//! `capr tree`, `explain` and `graph`: what tasks do, read from the recipe. No server is needed.

use insta::assert_snapshot;
use regex::Regex;

use crate::harness::{Case, Finished};

const RECIPE: &str = r#"
set :application, "shop";
role :app, "app1.example.com", "app2.example.com";
role :db, "db1.example.com", :primary => true;

fn stamp(path) {
    run `date > ${path}`;
}

desc "Restart the application.";
task :restart, :roles => :app, :lock => true {
    if exists(:soft) {
        run `touch ${current_path}/tmp/restart.txt`;
    } else {
        sudo "systemctl restart shop";
    }
    run "mysql --password=hunter2", :roles => :db;
    stamp("/tmp/x");
    invoke "check";
}

task :check {
    transaction {
        on_rollback { run "undo"; }
        run `first
second
third`;
    }
}

namespace :web {
    task :ping {
        run_locally "curl http://localhost";
        restart;
    }
}

before :restart, :check;
after :restart, "web:ping";
after :check { run "tail -1 log"; }
"#;

fn told(arguments: &[&str]) -> Finished {
    Case::new().file("r.rhai", RECIPE).args(arguments).run()
}

/// The lines of the library's own settings are not those of this test.
fn without_lines(text: &str) -> String {
    let place = Regex::new(r"(<stdlib>/\w+\.rhai):\d+").unwrap();
    place.replace_all(text, "$1").into_owned()
}

#[test]
fn a_tree_shows_hooks_tasks_commands_and_servers_and_no_secret() {
    let finished = told(&["tree", "r.rhai", "restart"]).ok();
    assert_snapshot!(finished.stdout);
}

#[test]
fn an_explanation_says_what_runs_where_in_which_order_and_what_it_reads() {
    let finished = told(&["explain", "r.rhai", "restart"]).ok();
    assert_snapshot!(without_lines(&finished.stdout));
}

#[test]
fn a_task_without_servers_is_explained_as_such() {
    let case = |recipe: &str| {
        Case::new()
            .file("r.rhai", recipe)
            .args(["explain", "r.rhai", "t"])
            .run()
            .ok()
    };
    for (recipe, said) in [
        (
            "task :t { run \"x\"; }",
            "Its commands run on no server: the recipe names none.\n",
        ),
        (
            "role :app, \"app1\"; role :db, []; task :t, :roles => :db { run \"x\"; }",
            "Its commands run on no server: none matches roles: db.\n",
        ),
    ] {
        let told = case(recipe).stdout;
        assert!(told.contains(said), "{told}");
    }
}

#[test]
fn programs_get_an_object_for_each_task() {
    let finished = told(&["tree", "r.rhai", "check", "web:ping", "--json"]).ok();
    let lines: Vec<serde_json::Value> = finished
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let [check, ping] = lines.as_slice() else {
        panic!("{}", finished.stdout);
    };
    assert_eq!(check["type"], "tree");
    assert_eq!(check["steps"][0]["step"], "transaction");
    assert_eq!(check["steps"][0]["steps"][1]["text"], "first\nsecond\nthird");
    assert_eq!(ping["steps"][1]["task"]["task"], "restart");
    assert_eq!(ping["steps"][1]["task"]["servers"][1], "app2.example.com");
    let explained = told(&["explain", "r.rhai", "check", "--json"]).ok();
    let explained: serde_json::Value = serde_json::from_str(&explained.stdout).unwrap();
    assert_eq!(explained["type"], "explanation");
    assert_eq!(explained["callers"][0]["task"], "restart");
}

#[test]
fn a_graph_is_drawn_in_three_languages() {
    let dot = told(&["graph", "r.rhai"]).ok().stdout;
    assert_snapshot!(dot);
    let mermaid = told(&["graph", "r.rhai", "--format=mermaid", "web:ping"]).ok().stdout;
    assert_snapshot!(mermaid);
    let svg = told(&["graph", "r.rhai", "deploy", "--format=svg"]).ok().stdout;
    assert!(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\"") && svg.ends_with("</svg>\n"));
    assert!(svg.contains(">update_code</text>"), "{svg}");
}

#[test]
fn what_cannot_be_shown_is_told() {
    for (arguments, said) in [
        (&["tree", "r.rhai", "restrat"][..], "did you mean `restart'?"),
        (&["tree", "r.rhai"], "no task was named"),
        (&["explain", "r.rhai", "restart", "check"], "explain takes one task"),
        (
            &["restart", "-f", "r.rhai", "--format=svg"],
            "--format belongs to graph",
        ),
    ] {
        let finished = told(arguments).code(2);
        assert!(finished.stderr.contains(said), "{}", finished.stderr);
    }
}
