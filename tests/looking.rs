//! Looking at a recipe connects to nobody and does nothing here; a run looks first.

use std::net::TcpListener;

use crate::fleet::Fleet;
use crate::harness::Case;

/// Every way to look at a recipe, and the dry run.
const LOOKS: [&[&str]; 9] = [
    &["r.rhai", "-T"],
    &["r.rhai", "-e", "deploy"],
    &["r.rhai", "deploy", "--servers"],
    &["check", "r.rhai"],
    &["vars", "r.rhai"],
    &["vars", "r.rhai", "--values"],
    &["definitions", "r.rhai"],
    &["r.rhai", "deploy", "-n"],
    &["doctor", "r.rhai", "-n"],
];

#[test]
fn a_missing_colon_connects_to_nobody_while_a_recipe_is_listed() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    server.set_nonblocking(true).unwrap();
    let place = server.local_addr().unwrap();
    let common = format!(
        "set :application, \"flipper\"; set :repository, \"r\"; role :app, \"{place}\"; role :web, \"{place}\"; \
         role :db, \"{place}\", :primary => true; task :foo {{ run \"touch /tmp/acted\"; }} task :stop_all {{ run \"y\"; }} "
    );
    for (mistake, name) in [
        ("task restart { puts \"mine\"; }", "restart"),
        ("task rollback { puts \"mine\"; }", "rollback"),
        ("task migrate { puts \"mine\"; }", "migrate"),
        ("task cleanup { puts \"mine\"; }", "cleanup"),
        ("task setup { puts \"mine\"; }", "setup"),
        ("task update { puts \"mine\"; }", "update"),
        ("task :late { puts \"x\"; } after :late, foo;", "foo"),
        ("alias_task :x, stop_all;", "stop_all"),
    ] {
        for look in LOOKS {
            let case = Case::new().file("r.rhai", &format!("{common}{mistake}")).args(look);
            let finished = case.run().code(3);
            let said = format!("{}{}", finished.stdout, finished.stderr);
            assert!(
                said.contains(&format!("write `:{name}`: a bare name runs the task")),
                "{look:?} {mistake}\n{said}"
            );
        }
    }
    assert!(server.accept().is_err(), "nobody has connected");
}

#[test]
fn looking_runs_no_command_here_and_writes_no_file() {
    let recipe =
        "set :kernel, run_locally(\"touch acted; uname -s\"); write_file(\"written\", \"x\"); system(\"touch acted\");
        set :who, ask(\"Who?\"); task :deploy { puts kernel; }";
    for look in LOOKS {
        let finished = Case::new().file("r.rhai", recipe).args(look).run().ok();
        assert!(
            !finished.path("acted").exists() && !finished.path("written").exists(),
            "{look:?}"
        );
    }
}

#[test]
fn exit_outside_of_tasks_ends_capr_however_the_recipe_is_looked_at() {
    let recipe =
        |code| format!("fn leave() {{ exit({code}); }} puts \"read\"; leave(); puts \"on\"; task :deploy {{ }}");
    for look in LOOKS {
        let case = Case::new().file("r.rhai", &recipe(7)).args(look);
        let finished = case.run().code(7).says("the recipe called exit with status 7");
        let said = format!("{}{}", finished.stdout, finished.stderr);
        assert!(said.contains("read\n") && !said.contains("on\n"), "{look:?} {said}");
    }
    for look in [&["check", "r.rhai"][..], &["r.rhai", "deploy"]] {
        let finished = Case::new().file("r.rhai", &recipe(0)).args(look).run().ok();
        assert_eq!(
            (finished.stdout.as_str(), finished.stderr.as_str()),
            ("read\n", ""),
            "{look:?}"
        );
    }
}

#[test]
fn a_run_refuses_what_is_wrong_before_it_connects() {
    let fleet = Fleet::start(&["app1"]);
    let recipe =
        "role :app, \"app1\"; task :t { run \"touch /tmp/t\"; } task :deploy { t; restartt; } task :fine { t; }";
    let case = || Case::new().file("r.rhai", recipe).on(&fleet);
    case()
        .args(["r.rhai", "deploy"])
        .run()
        .code(3)
        .says("unknown variable or task `restartt'");
    assert!(!fleet.exists("app1", "/tmp/t"), "it has not begun");
    case().args(["r.rhai", "deploy", "--no-check"]).run().code(3);
    assert!(fleet.exists("app1", "/tmp/t"));
    case().args(["r.rhai", "fine"]).run().ok();
}
