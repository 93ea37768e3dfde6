//! `capr test`: recipes and libraries have tests.

use std::fs;

use insta::assert_snapshot;
use regex::Regex;

use crate::fleet::Fleet;
use crate::fleet::place::checkout;
use crate::harness::Case;

const RECIPE: &str = r#"role :app, "app1", "app2";
role :db, "db1";
set :secret_token, "hunter2";
task :restart, :roles => :app {
  run "systemctl restart puma";
}
task :migrate, :roles => :db {
  if capture("cat pending") == "yes" {
    run `migrate --token ${secret_token}`;
  } else {
    info "nothing to migrate";
  }
}
"#;

const TESTS: &str = r#"load "deploy";

test "restart goes to the app servers only" {
  let run = rehearse("restart");
  assert_commands(run, "app1", ["systemctl restart puma"]);
  assert_none(run, "db1");
}

test "a migration that is pending" {
  answer "cat pending", :stdout => "yes";
  assert_ran rehearse("migrate"), "migrate", :hosts => "db1", :times => 1;
}

test "wrong" {
  puts ENV["WHO"];
  assert_commands(rehearse("migrate"), "db1", ["cat pending", `migrate ${secret_token}`]);
}
"#;

/// A project with a recipe and its tests.
fn project() -> Case {
    Case::new()
        .file("config/deploy.rhai", RECIPE)
        .file("config/deploy_test.rhai", TESTS)
}

/// Without times, which differ.
fn timeless(text: &str) -> String {
    let time = Regex::new(r"\[ *\d+\.\d{3}s\]").unwrap();
    time.replace_all(text, "[   0.000s]").into_owned()
}

#[test]
fn tests_run_one_by_one_and_failures_stand_behind_all_others() {
    let finished = project()
        .args(["test", "--jobs", "1", "WHO=anna", "--junit", "junit.xml"])
        .run()
        .code(1);
    assert_eq!(finished.stdout, "");
    assert_snapshot!(timeless(&finished.stderr), @r#"
        Starting 3 tests in 1 file
            PASS [   0.000s] config/deploy_test.rhai restart goes to the app servers only
            PASS [   0.000s] config/deploy_test.rhai a migration that is pending
            FAIL [   0.000s] config/deploy_test.rhai wrong

    FAIL: config/deploy_test.rhai wrong

    error: db1 was given other commands than expected (- expected, + got)
             cat pending
           - migrate [redacted]
      --> config/deploy_test.rhai:16:3
       |
    16 |   assert_commands(rehearse("migrate"), "db1", ["cat pending", `migrate ${secret_token}`]);
       |   ^^^^^^^^^^^^^^^
    it said:
      anna
      nothing to migrate

    ────────────
         Summary [   0.000s] 3 tests run: 2 passed, 1 failed
            FAIL [   0.000s] config/deploy_test.rhai wrong
    "#);
    let junit = finished.file("junit.xml");
    assert!(junit.contains("tests=\"3\" failures=\"1\" errors=\"0\""), "{junit}");
    assert!(junit.contains("config/deploy_test.rhai:16:3"), "{junit}");
    assert!(!junit.contains("hunter2"), "{junit}");
}

#[test]
fn programs_are_told_the_same_and_a_filter_leaves_tests_out() {
    let finished = project()
        .args([
            "test",
            "config",
            "--json",
            "--filter",
            "*servers*",
            "--filter",
            "pending",
        ])
        .run()
        .ok();
    let objects: Vec<serde_json::Value> = finished
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(objects.len(), 3, "{}", finished.stdout);
    assert!(
        objects[..2].iter().all(|object| object["outcome"] == "passed"),
        "{}",
        finished.stdout
    );
    assert_eq!(
        (&objects[2]["type"], &objects[2]["passed"]),
        (&"summary".into(), &2.into())
    );

    let listed = project().args(["test", "--list"]).run().ok();
    assert_eq!(
        listed.stdout,
        "config/deploy_test.rhai: restart goes to the app servers only\n\
         config/deploy_test.rhai: a migration that is pending\n\
         config/deploy_test.rhai: wrong\n"
    );
}

#[test]
fn each_way_to_end_has_its_exit_code() {
    let none = Case::new().args(["test"]).run().code(4);
    assert!(none.stderr.contains("no test file was found"), "{}", none.stderr);
    let filtered = project().args(["test", "--filter", "nothing"]).run().code(4);
    assert!(
        filtered.stderr.contains("no test fits the filter; there are 3"),
        "{}",
        filtered.stderr
    );
    let usage = project().args(["test", "config/deploy.rhai"]).run().code(2);
    assert!(usage.stderr.contains("config/deploy_test.rhai"), "{}", usage.stderr);
    project().args(["check", "--list"]).run().code(2).says("belong to test");
    let broken = Case::new()
        .file("a_test.rhai", "test \"x\" {\n  asert 1 == 1;\n}\n")
        .file("b_test.rhai", "test \"fine\" {}")
        .args(["test"])
        .run()
        .code(3);
    assert!(broken.stderr.contains("a_test.rhai:2:3"), "{}", broken.stderr);
    assert!(broken.stderr.contains("1 passed, 1 broken"), "{}", broken.stderr);
}

#[test]
fn a_test_that_takes_too_long_is_ended_and_the_others_go_on() {
    let finished = Case::new()
        .file(
            "a_test.rhai",
            "test \"hangs\" { loop {} }\ntest \"dies\" { assert false; }\ntest \"fine\" {}\n",
        )
        .args(["test", "--time-limit", "3", "--jobs", "3"])
        .run()
        .code(1);
    let text = &finished.stderr;
    assert!(text.contains("1 passed, 1 failed, 1 timed out"), "{text}");
    assert!(text.contains("the test took longer than 3 s and was ended"), "{text}");

    let first = Case::new()
        .file(
            "a_test.rhai",
            "test \"a\" { assert false; }\ntest \"b\" {}\ntest \"c\" {}\n",
        )
        .args(["test", "--fail-fast", "--jobs", "1"])
        .run()
        .code(1);
    assert!(
        first.stderr.contains("0 passed, 1 failed, 2 not run"),
        "{}",
        first.stderr
    );
}

#[test]
fn nothing_acts_outside_of_a_test() {
    let finished = Case::new()
        .file(
            "a_test.rhai",
            "role :app, \"no.such.host.invalid\";
             task :t { run \"touch remote\"; run_locally \"touch here\"; write_file(\"written\", \"x\"); sleep(100); }
             test \"t\" { rehearse(\"t\"); }",
        )
        .args(["test"])
        .run()
        .ok();
    let left = |name: &str| fs::exists(finished.path(name)).unwrap();
    assert!(!left("here") && !left("written"));
}

#[test]
fn lines_and_branches_that_were_run_are_counted() {
    let finished = project()
        .args([
            "test",
            "--coverage",
            "--lcov",
            "lines.info",
            "--filter",
            "servers only",
            "--filter",
            "pending",
        ])
        .run()
        .ok();
    let table = finished.stderr.split("\nfile ").nth(1).unwrap_or_default();
    assert!(
        table.contains("config/deploy.rhai        8/9  88.9%        1/2  50.0%  11"),
        "{table}"
    );
    let lines = finished.file("lines.info");
    for line in [
        "SF:config/deploy.rhai",
        "DA:5,1",
        "DA:11,0",
        "BRDA:8,0,0,1",
        "BRDA:8,0,1,0",
        "LF:9",
    ] {
        assert!(lines.lines().any(|one| one == line), "{line}\n{lines}");
    }
}

#[test]
fn no_test_runs_for_a_file_that_cannot_be_written() {
    for option in ["--junit", "--lcov"] {
        project()
            .shell(&format!("ln -s . up; capr test {option} up/lines.info"))
            .run()
            .code(1)
            .says("up is a link, and may lead elsewhere")
            .silent_on("Starting");
    }
    // Lines are only shown where that was asked for.
    let finished = project()
        .args(["test", "--lcov", "lines.info", "--filter", "pending"])
        .run()
        .ok();
    assert!(finished.file("lines.info").contains("SF:config/deploy.rhai"));
    finished.silent_on("lines not run");
}

#[test]
fn files_of_a_directory_that_is_uploaded_are_known_by_their_paths() {
    Case::new()
        .file("d/one", "1")
        .file("d/sub/two", "22")
        .file(
            "a_test.rhai",
            "role :app, \"app1\";\ntask :up { upload \"d\", \"/srv/d/\"; put \"x\", \"/srv/x\"; }\n\
             test \"up\" {\n  let run = rehearse(\"up\");\n  assert_sent run, \"/srv/d/sub/two\", \"22\", :hosts => \"app1\";\n  \
             let paths = run.files.map(|file| file.path);\n  paths.sort();\n  assert_eq(paths, [\"/srv/d/one\", \"/srv/d/sub/two\", \"/srv/x\"]);\n}\n",
        )
        .args(["test"])
        .run()
        .ok();
}

#[test]
fn lines_of_functions_and_closures_are_counted_wherever_they_are_called_from() {
    let finished = Case::new()
        .file(
            "sizes.rhai",
            "fn bytes(text) {\n  if text == \"\" {\n    throw \"empty\";\n  }\n  let all = text.split(\",\").map(|sign| {\n    let one = sign;\n    one\n  });\n  \
             for sign in all {\n    if sign == \"k\" { return 1024; }\n  }\n  twice(all.len())\n}\nfn twice(number) {\n  number * 2\n}\n\
             fn String.shout() {\n  this + \"!\"\n}\nfn never() {\n  let x = 1;\n  x\n}\n",
        )
        .file(
            "sizes_test.rhai",
            "import \"sizes\" as sizes;\ntest \"sizes\" {\n  assert_eq(sizes::bytes(\"a,b,c\"), 6);\n  assert_eq(sizes::bytes(\"1,k\"), 1024);\n}\n",
        )
        .args(["test", "--coverage", "--lcov", "lines.info"])
        .run()
        .ok();
    let lines = finished.file("lines.info");
    for line in [
        "DA:2,2", "DA:3,0", "DA:5,2", "DA:6,5", "DA:9,2", "DA:12,1", "DA:15,1", "DA:18,0", "DA:21,0",
    ] {
        assert!(lines.lines().any(|one| one == line), "{line}\n{lines}");
    }
    let branch = |one: &str| one.starts_with("BRDA:10,") && one.ends_with(",0,1");
    assert!(lines.lines().any(branch), "{lines}");
}

#[test]
fn the_same_tests_run_on_real_servers_and_on_no_others() {
    let fleet = Fleet::start(&["app1"]);
    let project = || {
        Case::new()
            .file(
                "a_test.rhai",
                "role :app, \"app1\";\nrole :db, \"db1\";\n\
                 task :make, :roles => :app { run \"echo made > /tmp/made\"; run_locally \"touch here\"; }\n\
                 task :fail, :roles => :app { run \"exit 3\"; }\n\
                 task :away, :roles => :db { run \"touch /tmp/away\"; }\n\
                 test \"made\" {\n  let run = rehearse(\"make\");\n  assert_commands(run, \"app1\", [\"echo made > /tmp/made\"]);\n  \
                 assert_eq(capture(\"cat /tmp/made\", :hosts => \"app1\").strip(), \"made\");\n}\n\
                 test \"fails\" { assert_fails(rehearse(\"fail\"), \"exit status 3\"); }\n\
                 test \"strangers\" { assert_fails rehearse(\"away\"), \"does not name it\", :code => 4; }\n",
            )
            .on(&fleet)
    };
    let config = fleet.ssh_config().display().to_string();
    let finished = project()
        .args(["test", "--servers", "--ssh-config", &config])
        .run()
        .ok();
    assert!(finished.stderr.contains("3 passed"), "{}", finished.stderr);
    assert_eq!(fleet.read("app1", "/tmp/made"), "made");
    assert!(!fs::exists(finished.path("here")).unwrap());
    project().args(["test", "--servers"]).run().code(2).says("--ssh-config");
}

/// Libraries of capr that have tests in the words that users have.
#[test]
fn the_tests_of_the_libraries_pass() {
    let tests = checkout().join("tests/stdlib");
    let finished = Case::new().args(["test", &tests.display().to_string()]).run().ok();
    let said = &finished.stderr;
    assert!(said.contains(" passed") && !said.contains("FAIL"), "{said}");
}
