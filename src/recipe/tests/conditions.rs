//! Tests of conditions: they are true or false, whatever counts as true in Ruby.

use super::{prints, recipe};
use crate::diagnostic::{Diagnostic, Severity};

fn found(text: &str) -> Vec<Diagnostic> {
    recipe(text).check()
}

#[test]
fn what_is_neither_true_nor_false_is_told_by_check_with_the_way_out() {
    for (condition, message, hint) in [
        ("ENV[\"A\"]", "a variable of the environment", "\"A\" in ENV"),
        ("!ENV[\"A\"]", "a variable of the environment", "\"A\" in ENV"),
        ("ENV.A", "a variable of the environment", "ENV[\"A\"] == \"yes\""),
        ("ENV[\"A\"] && true", "a variable of the environment", "\"A\" in ENV"),
        ("true || ENV[\"A\"]", "a variable of the environment", "\"A\" in ENV"),
        ("ENV[\"A\"] ?? false", "a variable of the environment", "\"A\" in ENV"),
        ("capture(\"x\")", "found string", "test(\"…\")"),
        ("!capture(\"x\")", "found string", "test(\"…\")"),
        ("run_locally(\"x\")", "found string", "system(\"…\")"),
        ("(run(\"x\"))", "found nothing", "test(\"…\")"),
        ("!`x${1}`", "found string", "value == \"yes\""),
    ] {
        for form in [
            "if C { }",
            "while C { break; }",
            "let x = if C { 1 } else { 2 }; puts x;",
        ] {
            let body = form.replace('C', condition);
            let found = found(&format!("role :app, \"a\"; task :t {{ {body} }}"));
            let [told] = found.as_slice() else {
                panic!("{body} {found:#?}")
            };
            assert_eq!(told.severity, Severity::Error, "{body}");
            assert!(told.message.contains(message), "{body} {}", told.message);
            assert!(
                told.hints.iter().any(|told| told.contains(hint)),
                "{body} {:?}",
                told.hints
            );
        }
    }
}

#[test]
fn conditions_that_hold_or_may_hold_are_let_be() {
    for condition in [
        "\"A\" in ENV",
        "!(\"A\" in ENV)",
        "ENV[\"A\"] == \"yes\"",
        "(ENV[\"A\"] ?? \"\") != \"\"",
        "ENV[\"A\"] != ()",
        "test(\"x\")",
        "system(\"x\")",
        "run_locally(\"x\", :result => true).ok",
        "exists(:x)",
        "fetch(:x, false)",
        "true && !false",
        "matches(\"a\", \"a\")",
        "[1].contains(1)",
    ] {
        let text = format!("role :app, \"a\"; task :t {{ if {condition} {{ puts \"x\"; }} else {{ puts \"x\"; }} }}");
        assert!(found(&text).is_empty(), "{condition} {:#?}", found(&text));
        assert_eq!(prints(&text), ["x"], "{condition}");
    }
}

#[test]
fn a_run_names_the_kind_that_is_no_condition_and_the_way_out() {
    for (condition, kind, hint) in [
        ("v", "string", "value == \"yes\""),
        ("!v", "string", "value == \"yes\""),
        ("true && v", "string", "value == \"yes\""),
        ("n", "number", "value != 0"),
        ("!n", "number", "value != 0"),
        ("m.none", "nothing", "value != ()"),
        ("[m][0]", "map", "is_empty()"),
    ] {
        let text = format!("task :t {{ let v = \"a\"; let n = 1; let m = #{{ a: 1 }}; if {condition} {{ }} }}");
        let outcome = recipe(&text).run(&["t"]);
        let error = outcome.error();
        assert_eq!(
            error.message,
            format!("expected truth value, found {kind}"),
            "{condition}"
        );
        assert_eq!(error.label.as_deref(), Some("neither true nor false"), "{condition}");
        assert!(
            error.hints.len() == 1 && error.hints[0].contains(hint),
            "{condition} {:?}",
            error.hints
        );
        assert!(error.origin.is_some(), "{condition}");
    }
}

#[test]
fn a_variable_that_says_yes_or_no_is_told_where_it_is_set_to_something_else() {
    for (set, kind) in [("1", "number"), ("\"yes\"", "string"), ("[1]", "list")] {
        for condition in ["flag", "fetch(:flag, false)", "!flag", "true && flag"] {
            let text = format!("set :flag, {set};\ntask :t {{ if {condition} {{ puts 1; }} }}");
            let found = found(&text);
            let [told] = found.as_slice() else {
                panic!("{text} {found:#?}")
            };
            assert_eq!(told.message, format!("`flag' is a condition, and this is a {kind}"));
            assert_eq!(told.severity, Severity::Warning);
            assert_eq!(told.origin.as_ref().unwrap().column, 12);
        }
    }
    for text in [
        "set :flag, true; task :t { if flag { puts 1; } }",
        "set :flag, 1; task :t { if flag == 1 { puts 1; } }",
        "set :flag, 1; task :t { let flag = true; if flag { puts 1; } puts fetch(:flag); }",
        "set :flag, 1; fn f(flag) { if flag { 1 } else { 2 } } task :t { puts f(true); puts flag; }",
    ] {
        assert!(found(text).is_empty(), "{text} {:#?}", found(text));
    }
}

#[test]
fn a_hint_for_rubys_condition_on_the_environment_is_a_condition_here() {
    for text in [
        "task :t { puts \"x\" if ENV[\"A\"]; }",
        "task :t { unless ENV[\"A\"] { puts \"x\"; } }",
        "task :t { if ENV[\"A\"] then puts \"x\"; end }",
    ] {
        let errors = recipe(text).errors();
        let hints: Vec<&str> = errors
            .iter()
            .flat_map(|error| &error.hints)
            .map(String::as_str)
            .collect();
        assert!(
            hints.iter().any(|hint| hint.contains("\"A\" in ENV")),
            "{text} {hints:?}"
        );
    }
}
