//! Tests that a missing value is an error, and not an empty string.

use super::{prints, recipe};

const COMMON: &str = "role :app, \"app1\"; set :cfg, #{ dir: \"flipper\" }; fn gives() { } set :unset_so_far, (); ";

#[test]
fn a_missing_value_is_an_error_wherever_a_text_a_command_or_an_option_is_made_of_it() {
    for (body, message) in [
        (
            "run `rm -rf /srv/${cfg.dri}/releases`;",
            "`cfg.dri' has no value: there is no `dri'",
        ),
        (
            "run `rm -rf /srv/${cfg[\"dri\"]}/releases`;",
            "`cfg[\"dri\"]' has no value: there is no `dri'",
        ),
        (
            "run `rm -rf /tmp/${ENV[\"NOPE\"]}`;",
            "the environment variable `NOPE' is not set",
        ),
        (
            "run `rm -rf /tmp/${ENV.NOPE}`;",
            "the environment variable `NOPE' is not set",
        ),
        (
            "let m = #{ key: () }; run `x ${m[\"key\"]}`;",
            "`m[\"key\"]' has no value",
        ),
        ("run \"rm \" + cfg.dri;", "`cfg.dri' has no value: there is no `dri'"),
        ("run cfg.dri + \" x\";", "`cfg.dri' has no value: there is no `dri'"),
        (
            "let s = \"rm \"; s += cfg.dri; run s;",
            "`cfg.dri' has no value: there is no `dri'",
        ),
        (
            "let m = #{ a: #{ b: 1 } }; run `x ${m.a.c}`;",
            "`m.a.c' has no value: there is no `c'",
        ),
        (
            "let x = `${cfg.dri}`; run x;",
            "`cfg.dri' has no value: there is no `dri'",
        ),
        (
            "let all = [`${cfg.dri}`]; all.for_each(|x| run x);",
            "`cfg.dri' has no value: there is no `dri'",
        ),
        ("run `a ${gives()}`;", "`gives()' gave no value"),
        ("run `a ${fetch(:nothing, ())}`;", "`fetch(…)' has no value"),
        ("run `a ${unset_so_far}`;", "`unset_so_far' has no value"),
        (
            "run `a ${quote(cfg.dri)}`;",
            "`cfg.dri' has no value: there is no `dri'",
        ),
        ("run [\"a\", cfg.dri].join(\" \");", "item 2 of the list has no value"),
        (
            "run render(:template => \"{{ x }}\", :x => ());",
            "template, line 1: `x' has no value",
        ),
        ("run cfg.dri;", "`cfg.dri' has no value: there is no `dri'"),
        ("run gives();", "`gives()' gave no value"),
        (
            "run \"x\", :dir => cfg.dri;",
            "`cfg.dri' has no value: there is no `dri'",
        ),
        (
            "run \"x\", :hosts => cfg.hosts;",
            "`cfg.hosts' has no value: there is no `hosts'",
        ),
        ("run \"x\", :roles => [cfg.role];", "a value is missing"),
        (
            "sudo \"x\", :as => cfg.user;",
            "`cfg.user' has no value: there is no `user'",
        ),
        ("let user = cfg.user; sudo \"x\", :as => user;", "`user' has no value"),
        ("put \"x\", cfg.path;", "`cfg.path' has no value: there is no `path'"),
        (
            "put cfg.text, \"/tmp/x\";",
            "`cfg.text' has no value: there is no `text'",
        ),
        ("delete cfg.path;", "`cfg.path' has no value: there is no `path'"),
        ("role :db, cfg.host;", "`cfg.host' has no value: there is no `host'"),
        ("server cfg.host, :db;", "`cfg.host' has no value: there is no `host'"),
    ] {
        let case = recipe(&format!("{COMMON}task :t {{ {body} }}"));
        let outcome = case.run(&["t"]);
        assert_eq!(outcome.error().message, message, "{body}");
        assert!(outcome.error().origin.is_some(), "{body}");
        assert!(outcome.script.commands().is_empty(), "{body}");
    }
}

#[test]
fn a_missing_value_is_told_with_its_place_the_nearest_name_and_the_way_out() {
    for (body, column, nearest, way_out) in [
        (
            "run `rm -rf /srv/${cfg.dri}`;",
            20,
            "did you mean `dir'?",
            "where it may be missing: cfg.dri ?? \"\"",
        ),
        (
            "run `x ${ENV[\"HOMEE\"]}`;",
            10,
            "did you mean `HOME'?",
            "where it may be missing: ENV[\"HOMEE\"] ?? \"\"",
        ),
        (
            "let m = #{ aa: 1 }; run `x ${m.ab}`;",
            30,
            "did you mean `aa'?",
            "where it may be missing: m.ab ?? \"\"",
        ),
    ] {
        let text = format!("{COMMON}task :t {{\n{body}\n}}");
        let outcome = recipe(&text).env("HOME", "/home/me").run(&["t"]);
        let error = outcome.error();
        let place = error.origin.as_ref().unwrap();
        assert_eq!((place.line, place.column), (2, column), "{body}");
        assert_eq!(error.hints, [nearest, way_out], "{body}");
    }
}

#[test]
fn a_text_with_a_missing_value_goes_nowhere() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    let text = format!(
        "{COMMON}task :t {{ try {{ write_file(\"{0}\", `x${{cfg.dri}}`); }} catch {{ }} puts \"after\"; }}",
        file.display()
    );
    assert!(recipe(&text).run(&["t"]).result.is_err());
    assert!(!file.exists());
}

#[test]
fn what_may_be_missing_has_a_default() {
    assert_eq!(
        prints(&format!(
            "{COMMON}task :t {{ puts `${{cfg.dri ?? \"d\"}} ${{ENV[\"X\"] ?? \"e\"}}`; puts ENV[\"X\"] ?? \"f\";
             puts if cfg.dri == () {{ \"none\" }}; puts render(:template => \"[{{{{ x or '' }}}}]\", :x => ());
             puts fetch(:nothing, ()) == (); puts [1, (), 2].filter(|x| x != ()).join(\"-\"); puts \"a\" + 1 + 'c' + true; puts (); }}"
        )),
        ["d e", "f", "none", "[]", "true", "1-2", "a1ctrue", ""]
    );
}

#[test]
fn an_option_that_is_set_to_nothing_says_nothing() {
    let text = format!(
        "{COMMON}task :t {{ sudo \"x\", :as => unset_so_far; run \"x\", :dir => fetch(:no_dir, ()), :env => (); }}"
    );
    recipe(&text).run(&["t"]).printed();
}
