//! Tests of broken recipes: the message, the place, and the hint.

use super::{Outcome, recipe};
use crate::diagnostic::{Diagnostic, Fault};
use crate::event::Rollback;

fn first_error(case: super::Case) -> Diagnostic {
    let (loaded, ..) = case.load();
    match loaded {
        Err(errors) => errors.into_iter().next().unwrap(),
        Ok(mut recipe) => recipe.run(&["t".to_owned()]).expect_err("an error").diagnostic,
    }
}

fn place(diagnostic: &Diagnostic) -> String {
    match &diagnostic.origin {
        Some(origin) => {
            let file = origin.file.rsplit('/').next().unwrap();
            format!("{file}:{}:{}", origin.line, origin.column)
        }
        None => "nowhere".to_owned(),
    }
}

#[test]
fn a_local_variable_is_assigned_to() {
    let text =
        "task :t { let n = 1; n = 2; if n == 2 { n += 1; } let f = |x| { x = 9; x }; puts `${n} ${f.call(1)}`; }";
    assert_eq!(super::prints(text), ["3 9"]);
}

#[test]
fn a_name_in_a_text_that_a_shell_may_have_meant_is_only_said() {
    // A shell has such names of its own, so that is no error.
    let outcome =
        recipe("set :to, \"/x\"; role :app, \"a\"; task :t { run \"cd ${to}; echo ${HOME} #{pane}\"; }").run(&["t"]);
    assert!(outcome.result.is_ok());
    assert_eq!(outcome.script.lines_on("a"), ["cd ${to}; echo ${HOME} #{pane}"]);
    let said = important(&outcome);
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(
        said[0].contains("recipe.rhai:1:50: `${to}' stays as it is in double quotes"),
        "{said:?}"
    );
}

pub(super) fn important(outcome: &Outcome) -> Vec<String> {
    outcome.messages(crate::event::Level::Important)
}

#[test]
fn h9_a_hook_of_a_task_that_is_never_defined_is_an_error_at_load() {
    let text = "task :restart { }\nbefore :restrat, :t;\nafter :restart, :tt;\ntask :t { }\nafter :restart, :later;\ntask :later { }";
    let errors = recipe(text).errors();
    let told: Vec<_> = errors
        .iter()
        .map(|error| (error.message.as_str(), place(error)))
        .collect();
    assert_eq!(
        told,
        [
            (
                "the task `restrat' of this `before' hook does not exist",
                "recipe.rhai:2:8".to_owned()
            ),
            (
                "the task `tt' of this `after' hook does not exist",
                "recipe.rhai:3:17".to_owned()
            ),
        ]
    );
    assert_eq!(errors[0].hints, ["did you mean `restart'?"]);
}

#[test]
fn an_error_in_a_library_names_the_librarys_file_and_the_tasks_around_it() {
    let case = recipe("require \"lib\";\ntask :t { helper; }").file(
        "lib.rhai",
        "fn compute(x) {\n  x.no_such(1)\n}\ntask :helper {\n  compute(\"x\");\n}",
    );
    let told = first_error(case);
    assert_eq!(told.message, "no function `no_such' takes (string, number)");
    assert_eq!(place(&told), "lib.rhai:2:5");
    assert_eq!(told.tasks, ["t", "helper"]);
    assert_eq!(told.line.as_deref(), Some("  x.no_such(1)"));

    let case = recipe("require \"lib\";").file("lib.rhai", "set :a, 1\nset :b, 2;");
    assert_eq!(place(&first_error(case)), "lib.rhai:1:10");

    let case =
        recipe("import \"lib\" as lib;\ntask :t { lib::f(); }").file("lib.rhai", "fn f() {\n  nowhere_found()\n}");
    let told = first_error(case);
    assert_eq!(place(&told), "lib.rhai:2:3");
    assert_eq!(told.message, "unknown function or task `nowhere_found'");
}

#[test]
fn an_error_in_an_output_block_stands_where_the_block_stands() {
    let case =
        recipe("role :app, \"a\";\ntask :t {\n  run \"x\", |channel, stream, text| {\n    puts misspelt;\n  }\n}");
    case.script
        .on("*", "x", crate::session::scripted::Answer::new().out("line\n"));
    let told = first_error(case);
    assert_eq!(told.message, "unknown variable or task `misspelt'");
    assert_eq!(place(&told), "recipe.rhai:4:10");
}

#[test]
fn an_error_in_a_rollback_handler_is_told_beside_the_first_one() {
    let text = "task :t {\n  transaction {\n    on_rollback { run misspelt; }\n    abort \"first\";\n  }\n}";
    let outcome = recipe(text).run(&["t"]);
    assert_eq!(outcome.error().message, "first");
    assert_eq!(place(outcome.error()), "recipe.rhai:4:5");
    let failed = outcome.events.iter().find_map(|event| match event {
        crate::event::Event::RollbackFailed { task, reason } => Some((task.as_str(), reason.as_str())),
        _ => None,
    });
    assert_eq!(failed, Some(("t", "unknown variable or task `misspelt'")));
    assert_eq!(outcome.result.unwrap_err().rollback, Rollback::Incomplete);
}

#[test]
fn a_closure_that_uses_the_owner_of_its_method_gets_the_form_that_works() {
    let told = first_error(recipe("task :t { let m = #{ a: 1 }; m.keys().map(|k| m[k]); }"));
    assert_eq!(told.message, "a closure uses the value whose method it is given to");
    assert!(
        told.hints[0].contains("let keys = map.keys(); keys.map(|key| map[key])"),
        "{told:?}"
    );
    let works = "task :t { let m = #{ a: 1 }; let keys = m.keys(); puts keys.map(|k| m[k]); }";
    assert!(recipe(works).run(&["t"]).result.is_ok());
}

#[test]
fn the_tasks_around_an_error_are_listed_outermost_first() {
    let told = first_error(recipe(
        "task :t { a.b; } namespace :a { task :b { c; } task :c { throw \"x\"; } }",
    ));
    assert_eq!(told.tasks, ["t", "a:b", "a:c"]);
    assert_eq!((told.message.as_str(), told.fault), ("x", Fault::Failed));
}

#[test]
fn b21_no_error_shows_the_value_of_a_variable() {
    let secret = "hunter2hunter";
    for body in [
        "puts kee;",
        "key.nothing(1);",
        "nothing(key);",
        "1 - key;",
        "key - 1;",
        "parse_int(key);",
        "[1][key];",
        "#{ a: 1 }.b.c(key);",
        "for x in 1 { puts key; }",
        "key.call();",
        "if key { }",
        "let x = 1 + key; x.y;",
        "fetch(key, 1, 2);",
        "run \"x\", :timeout => key;",
        "run \"x\", :pty => key;",
        "put \"x\", \"y\", :mode => #{ a: key }, :nope => key;",
        "switch key { 1 => 2 } nothing(key);",
        "let list = [key]; list[7];",
        "utc_now(key).foo;",
        "key = 1;",
    ] {
        let text = format!("set :key, \"{secret}\";\nrole :app, \"a\";\ntask :t {{\n {body}\n}}");
        let told = first_error(recipe(&text));
        assert!(!format!("{told:?}").contains(secret), "{body}: {told:?}");
        assert!(told.origin.is_some(), "{body}: {told:?}");
    }
}
