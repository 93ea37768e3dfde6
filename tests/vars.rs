//! `capr vars`: the variables of a recipe, who set them, and on demand their values.

use insta::assert_snapshot;
use regex::Regex;

use crate::harness::{Case, Finished};

const RECIPE: &str = r#"
set :application, "flipper";
set_default :application, "other";
set(:deploy_to) { `/srv/${application}` }
set :branch, "main";
role :app, "app1.example.com";
set :db_password, "swordfish";
set :url { `db://app:${db_password}@db1/${application}` };
set :repository, "https://me:pa55@example.com/x";
set :db, #{ adapter: "x", password: "pa" };
set :kernel { capture("uname -r") };
set :who { ask("Who are you?") };
set :asked { password_prompt("Which? ") };
set :broken { nothing_of_that_name };
"#;

/// The lines of the library's own settings are not those of this test.
fn without_lines(text: &str) -> String {
    let place = Regex::new(r#"(<stdlib>/\w+\.rhai)(:\d+|","line":\d+,"column":\d+)"#).unwrap();
    place.replace_all(text, "$1").into_owned()
}

fn vars(arguments: &[&str]) -> Finished {
    let case = Case::new().file("r.rhai", RECIPE).args(["vars", "r.rhai"]);
    case.args(arguments).run()
}

#[test]
fn each_variable_is_told_with_the_place_of_its_setting_and_what_that_overrides() {
    let finished = vars(&[
        "application",
        "deploy_to",
        "branch",
        "rake",
        "dry_run",
        "-s",
        "branch=fix",
        "-S",
        "branch=early",
        "-S",
        "rake=r",
    ]);
    assert_snapshot!(without_lines(&finished.ok().stdout), @r"
    application  r.rhai:2
                 over r.rhai:3, default
                 over <stdlib>/variables.rhai, default, lazy
                 The name of the application.
    branch       -s
                 over r.rhai:5
                 over -S
                 The branch, the tag or the 40 digits of a commit to deploy.
    deploy_to    r.rhai:4, lazy
                 over <stdlib>/variables.rhai, default, lazy
                 The directory of the application on the servers, an absolute path.
    dry_run      capr
    rake         -S
                 over <stdlib>/variables.rhai, default
                 The program that runs the migrations.
    ");
}

#[test]
fn values_are_told_on_demand_and_secrets_never() {
    let names = [
        "application",
        "deploy_to",
        "url",
        "repository",
        "db",
        "db_password",
        "kernel",
        "who",
        "asked",
        "broken",
        "process_programs",
    ];
    let case = Case::new().file("r.rhai", RECIPE).args(["vars", "r.rhai", "--values"]);
    let finished = case.args(names).run().ok().silent_on("swordfish").silent_on("pa55");
    assert_eq!(finished.stderr, "");
    let values = finished.stdout.lines().filter(|line| !line.contains("over <stdlib>"));
    let values: Vec<&str> = values.collect();
    assert_snapshot!(without_lines(&values.join("\n")), @r#"
    application       r.rhai:2
                      = "flipper"
                      over r.rhai:3, default
                      The name of the application.
    asked             r.rhai:13, lazy
                      no value: asks for a secret, and nobody is asked now
    broken            r.rhai:14, lazy
                      no value: unknown variable or task `nothing_of_that_name'
    db                r.rhai:10
                      = #{"adapter": "x", "password": "[redacted]"}
    db_password       r.rhai:7
                      = [redacted]
    deploy_to         r.rhai:4, lazy
                      = "/srv/flipper"
                      The directory of the application on the servers, an absolute path.
    kernel            r.rhai:11, lazy
                      no value: `capture' needs a server, and none is asked now
    process_programs  <stdlib>/spinner.rhai, lazy
                      = "for place in script script/process; do\n  if [ -h \"$place\" ] || { [ -e \"$place\" ] && [ ! -d \"$place\" ]; }; then\n    echo \"$place is no directory: th...
    repository        r.rhai:9
                      = "https://me:[redacted]@example.com/x"
                      The repository with the code: its address, or a directory (`scm` `none`).
    url               r.rhai:8, lazy
                      = "db://app:[redacted]@db1/flipper"
    who               r.rhai:12, lazy
                      no value: no terminal to ask on: Who are you?
    "#);
    vars(&[]).ok().silent_on("flipper").silent_on(" = ");
}

#[test]
fn as_json_each_variable_is_an_object_on_a_line_of_its_own() {
    let finished = vars(&["--json", "application", "-s", "n=1.5", "--values", "db", "n", "kernel"]).ok();
    assert_snapshot!(without_lines(&finished.stdout), @r#"
    {"type":"variable","name":"application","set":{"by":"set","lazy":false,"file":"r.rhai","line":2,"column":1},"overridden":[{"by":"set_default","lazy":true,"file":"<stdlib>/variables.rhai},{"by":"set_default","lazy":false,"file":"r.rhai","line":3,"column":1}],"meaning":"The name of the application.","value":"flipper"}
    {"type":"variable","name":"db","set":{"by":"set","lazy":false,"file":"r.rhai","line":10,"column":1},"overridden":[],"value":{"adapter":"x","password":"[redacted]"}}
    {"type":"variable","name":"kernel","set":{"by":"set","lazy":true,"file":"r.rhai","line":11,"column":1},"overridden":[],"failed":"`capture' needs a server, and none is asked now"}
    {"type":"variable","name":"n","set":{"by":"-s","lazy":false},"overridden":[],"value":1.5}
    "#);
}

#[test]
fn a_stage_can_be_named_and_its_settings_are_told() {
    let case = |arguments: &[&str]| {
        let case = Case::new().file("deploy.rhai", "set :branch, \"main\"; set :where { `at ${branch}` }");
        let case = case.file("config/deploy/production.rhai", "set :branch, \"live\";");
        case.args(["vars"]).args(arguments).run().ok().stdout
    };
    assert_snapshot!(case(&["production", "branch", "where", "stage", "--values"]), @r#"
    branch  config/deploy/production.rhai:1
            = "live"
            over deploy.rhai:1
            The branch, the tag or the 40 digits of a commit to deploy.
    stage   the stage
            = "production"
            The stage that was named.
    where   deploy.rhai:1, lazy
            = "at live"
    "#);
    assert_snapshot!(case(&["branch"]), @r"
    branch  deploy.rhai:1
            The branch, the tag or the 40 digits of a commit to deploy.
    ");
}

#[test]
fn what_cannot_be_told_is_one_error() {
    for (arguments, code, error) in [
        (
            &["vars", "r.rhai", "brunch", "no_*"][..],
            1,
            "error: no variable `brunch' is set\nhelp: did you mean `branch'?\nerror: no variable `no_*' is set\n",
        ),
        (&["vars", "missing.rhai"], 2, "error: there is no recipe missing.rhai\n"),
        (
            &["r.rhai", "t", "--values"],
            2,
            "error: --values belongs to vars: capr vars RECIPE --values\n",
        ),
    ] {
        let finished = Case::new().file("r.rhai", RECIPE).args(arguments).run().code(code);
        assert_eq!((finished.stdout.as_str(), finished.stderr.as_str()), ("", error));
    }
    let asks = "role :app, \"app1\"; set :kernel, capture(\"uname -r\");";
    let finished = Case::new().file("r.rhai", asks).args(["vars", "r.rhai"]).run().code(3);
    finished
        .says("error: `capture' needs a server, and none is asked while recipes are loaded")
        .says("r.rhai:1:33");
    Case::new()
        .file("r.rhai", "sett :x;")
        .args(["vars", "r.rhai"])
        .run()
        .code(3);
}
