//! Broken recipes: what is said, where, and what helps.

use super::{Outcome, recipe};
use crate::diagnostic::{Diagnostic, Fault};

/// A recipe, and what is said of it: message, `line:column`, a hint, or an empty text where there is none.
type Broken = (&'static str, &'static str, &'static str, &'static str);

fn first_error(case: super::Case) -> Diagnostic {
    let (loaded, ..) = case.load();
    match loaded {
        Err(errors) => errors.into_iter().next().unwrap(),
        Ok(mut recipe) => recipe.run(&["t".to_owned()]).expect_err("an error").diagnostic,
    }
}

fn place(diagnostic: &Diagnostic) -> String {
    match &diagnostic.origin {
        Some((origin, _)) => {
            let file = origin.file.rsplit('/').next().unwrap();
            format!("{file}:{}:{}", origin.line, origin.column)
        }
        None => "nowhere".to_owned(),
    }
}

fn check(table: &[Broken]) {
    for (text, message, position, hint) in table {
        let told = first_error(recipe(text));
        let hints = told.hints.join("\n");
        assert_eq!(
            (told.message.as_str(), place(&told)),
            (*message, format!("recipe.rhai:{position}")),
            "{text}\n{hints}"
        );
        assert!(
            hints.contains(hint) && hint.is_empty() == hints.is_empty(),
            "{text}\n{hints}"
        );
        assert_eq!(told.fault, Fault::Recipe, "{text}");
        let line = told.origin.as_ref().and_then(|(_, line)| line.clone());
        let number: usize = position.split(':').next().unwrap().parse().unwrap();
        assert_eq!(line.as_deref(), text.lines().nth(number - 1), "{text}");
    }
}

#[test]
fn syntax_errors_point_at_the_place_and_say_what_was_expected() {
    let every = "every statement ends with `;'";
    check(&[
        ("set :a, 1\nset :b, 2;", "expected `;' before `set'", "1:10", every),
        (
            "set :a, \"http://x\" // y\n\n// z\nset :b, 2;",
            "expected `;' before `set'",
            "1:19",
            every,
        ),
        (
            "task :t {\n  run \"x\"\n  run \"y\";\n}",
            "expected `;' before `run'",
            "2:10",
            every,
        ),
        (
            "task :t { puts 1 puts 2; }",
            "expected `;' before `puts'",
            "1:18",
            every,
        ),
        (
            "task :t { puts (1; }",
            "expected `)' for a matching ( in this expression, found `;'",
            "1:18",
            "",
        ),
        (
            "set(:a, 1; set :b, 1;",
            "expected `)' for 'set' expression, found `;'",
            "1:10",
            "",
        ),
        (
            "task :t { puts [1, 2; }",
            "expected `,' to separate the items of this array literal, found `;'",
            "1:21",
            "",
        ),
        (
            "task :t {\n  puts 1;\n",
            "expected `}' to terminate this block, found the end",
            "2:10",
            "",
        ),
        (
            "set :a, \"b;\n",
            "this text has no end",
            "1:9",
            "a text in double quotes ends on its line",
        ),
        ("set :a, \"b\" + ;", "unexpected `;'", "1:15", ""),
        ("task :t { break; }", "`break' or `continue' outside a loop", "1:11", ""),
        ("task :t { run \"a\"; }}", "unexpected `}'", "1:21", ""),
    ]);
}

#[test]
fn what_is_written_differently_in_ruby_gets_a_hint() {
    let pair = "a pair is written with `=>'";
    check(&[
        (
            "set :a, 'xy';",
            "single quotes hold no text",
            "1:9",
            "texts stand in double quotes",
        ),
        (
            "task :t {\n  run 'uptime now';\n}",
            "single quotes hold no text",
            "2:7",
            "texts stand in double quotes",
        ),
        (
            "task :t do\n  run \"x\";\nend",
            "expected `;' before `do'",
            "1:9",
            "a block is written in braces",
        ),
        (
            "task :t { run \"x\" if true; }",
            "expected `;' before `if'",
            "1:19",
            "a condition stands in front",
        ),
        (
            "task :t { run \"x\" unless true; }",
            "expected `;' before `unless'",
            "1:19",
            "if !condition",
        ),
        (
            "task :t { unless false { puts 1; } }",
            "expected `;' before `false'",
            "1:18",
            "if !condition",
        ),
        (
            "# a comment\ntask :t {}",
            "`#' begins no comment",
            "1:1",
            "comments begin with //",
        ),
        (
            "task :t { puts 1; # why\n}",
            "`#' begins no comment",
            "1:19",
            "comments begin with //",
        ),
        (
            "set :a, nil;",
            "`nil' is a reserved word",
            "1:9",
            "nothing is written ()",
        ),
        ("task :t { run \"x\", roles: :app; }", "unexpected `:'", "1:25", pair),
        ("task :t, roles: :app { }", "unexpected `:'", "1:15", pair),
        (
            "task :t { run \"x\", :roles = :app; }",
            "this cannot be assigned to",
            "1:11",
            pair,
        ),
        ("@app = 1;", "unexpected `@'", "1:1", "variables have no sign in front"),
        ("$app = 1;", "unexpected `$'", "1:1", "variables have no sign in front"),
        ("def f() { }", "expected `;' before `f'", "1:5", "fn name(parameters)"),
        (
            "task :t { [1].each { |x| puts x } }",
            "expected `;' before `{'",
            "1:20",
            "for item in list",
        ),
        (
            "task :t { puts true ? 1 : 2; }",
            "unknown operator `?'",
            "1:21",
            "if condition { this } else { that }",
        ),
        (
            "task :t { if true then puts 1; end }",
            "expected `{' to start a statement block, found `then'",
            "1:19",
            "a condition is followed by a block",
        ),
        (
            "if true { } elsif false { }",
            "expected `;' before `false'",
            "1:19",
            "} else if condition {",
        ),
    ]);
}

#[test]
fn v13_unknown_names_are_told_with_the_nearest() {
    check(&[
        (
            "set :branch, 1;\ntask :t { puts brunch; }",
            "unknown variable or task `brunch'",
            "2:16",
            "did you mean `branch'?",
        ),
        (
            "task :t { puts zzzzzz; }",
            "unknown variable or task `zzzzzz'",
            "1:16",
            "",
        ),
        (
            "set :branch, 1;\ntask :t { puts fetch(:brunch); }",
            "variable `brunch' is not set",
            "2:16",
            "`branch'",
        ),
        (
            "task :t { zzzzzz(1); }",
            "no function `zzzzzz' takes (number)",
            "1:11",
            "",
        ),
        (
            "task :t { restrat(); }\ntask :restart { }",
            "unknown function or task `restrat'",
            "1:11",
            "`restart'",
        ),
        (
            "task :t { quot(\"x\"); }",
            "no function `quot' takes (text)",
            "1:11",
            "did you mean `quote'?",
        ),
        (
            "task :t { quote(); }",
            "unknown function or task `quote'",
            "1:11",
            "it is written: quote(text)",
        ),
        (
            "task :t { u(1); } task :u { }",
            "`u' is a task and takes no arguments",
            "1:11",
            "",
        ),
        (
            "task :t { deploy.restrat; }",
            "no task or namespace `deploy:restrat'",
            "1:17",
            "`deploy:restart'",
        ),
        (
            "task :t { deploy.restrat(); }",
            "no task or namespace `deploy:restrat'",
            "1:18",
            "`deploy:restart'",
        ),
        (
            "task :t { invoke \"deploy:restrat\"; }",
            "the task `deploy:restrat' does not exist",
            "1:11",
            "`deploy:restart'",
        ),
        (
            "role :app, \"a\";\ntask :t, :roles => :apq { run \"x\"; }",
            "the role `apq' is not defined",
            "2:27",
            "did you mean `app'?",
        ),
        (
            "fn f(x) {\n  x + missing_name\n}\ntask :t { f(1); }",
            "unknown variable or task `missing_name'",
            "2:7",
            "",
        ),
        (
            "task :t { let x = #{ a: 1 }; puts x.b.c; }",
            "no property `c' of nothing",
            "1:39",
            "",
        ),
        (
            "task :t { puts `a ${missing_name} b`; }",
            "unknown variable or task `missing_name'",
            "1:21",
            "",
        ),
        (
            "task :t {\n  for i in [1] {\n    puts i + missing_name;\n  }\n}",
            "unknown variable or task `missing_name'",
            "3:14",
            "",
        ),
        (
            "task :t { let f = |x| { x + missing_name }; f.call(1); }",
            "unknown variable or task `missing_name'",
            "1:29",
            "",
        ),
        (
            "set :lazy {\n  missing_name\n}\ntask :t { puts `x ${lazy}`; }",
            "unknown variable or task `missing_name'",
            "2:3",
            "",
        ),
        (
            "load \"deplo\";",
            "no recipe `deplo' found",
            "1:1",
            "did you mean `deploy'?",
        ),
    ]);
}

#[test]
fn verbs_say_how_they_are_used() {
    let set = "it is written: set :name, value";
    check(&[
        ("set :a;", "`set :a' has neither a value nor a block", "1:1", set),
        ("set :a, 1, 2;", "`set' takes 1 to 2 arguments, not 3", "1:1", set),
        ("set :a, 1 { 2 }", "`set :a' has both a value and a block", "1:1", set),
        (
            "task :t { run; }",
            "`run' takes one argument, not 0",
            "1:11",
            "it is written: run command",
        ),
        (
            "task :t { put \"x\"; }",
            "`put' takes 2 arguments, not 1",
            "1:11",
            "it is written: put data, path",
        ),
        ("task :t;", "task `t' has no body", "1:1", "it is written: task :name"),
        (
            "task :t, :roles => :app;",
            "task `t' has no body",
            "1:1",
            "it is written: task :name",
        ),
        (
            "task :t { transaction; }",
            "`transaction' has no block",
            "1:11",
            "it is written: transaction { … }",
        ),
        (
            "task :t { run \"x\", :rolse => :app; }",
            "`run' has no option `rolse'",
            "1:30",
            "did you mean `roles'?",
        ),
        (
            "task :t, :rolse => :app { }",
            "`task' has no option `rolse'",
            "1:20",
            "did you mean `roles'?",
        ),
        (
            "task :t { run \"x\", :timeout => \"soon\"; }",
            "`timeout' is to be a number of seconds",
            "1:32",
            "",
        ),
        (
            "on :strat { }",
            "there is no event `strat': it is one of before, after, start, finish, load, exit, failure",
            "1:1",
            "it is written: on",
        ),
        (
            "server \"h\";",
            "`server \"h\"' names no role",
            "1:1",
            "it is written: server",
        ),
        (
            "alias_task :a, :nothing;",
            "the task `nothing' does not exist",
            "1:1",
            "",
        ),
        ("transaction { }", "`transaction' can only stand in a task", "1:1", ""),
        ("on_rollback { }", "`on_rollback' can only stand in a task", "1:1", ""),
        (
            "role :app, \"h:99999\";",
            "`h:99999' is not a server: a port is a number from 1 to 65535",
            "1:1",
            "",
        ),
    ]);
}

#[test]
fn a_variable_of_the_recipe_is_not_assigned_to() {
    let hint = "set with `set :name, value;'";
    check(&[
        (
            "deploy_to = \"x\";",
            "`deploy_to' is no local variable and cannot be assigned to",
            "1:1",
            hint,
        ),
        (
            "task :t { branch = \"x\"; }",
            "`branch' is no local variable and cannot be assigned to",
            "1:11",
            hint,
        ),
        (
            "set :n, 1;\ntask :t { n += 1; }",
            "`n' is no local variable and cannot be assigned to",
            "2:11",
            hint,
        ),
    ]);
    let text =
        "task :t { let n = 1; n = 2; if n == 2 { n += 1; } let f = |x| { x = 9; x }; puts `${n} ${f.call(1)}`; }";
    assert_eq!(super::prints(text), ["3 9"]);
}

#[test]
fn a_name_in_a_text_that_is_not_filled_in_is_noticed() {
    check(&[(
        "set :to, \"/x\";\ntask :t { run \"cd #{to} && ls\"; }",
        "`#{to}' is not filled in",
        "2:19",
        "`… ${to} …`",
    )]);
    // A shell has such names of its own, so that is no error.
    let outcome =
        recipe("set :to, \"/x\"; role :app, \"a\"; task :t { run \"cd ${to}; echo ${HOME} #{pane}\"; }").run(&["t"]);
    assert!(outcome.result.is_ok());
    assert_eq!(outcome.script.lines_on("a"), ["sh -c 'cd ${to}; echo ${HOME} #{pane}'"]);
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
    assert_eq!(told.message, "no function `no_such' takes (text, number)");
    assert_eq!(place(&told), "lib.rhai:2:5");
    assert_eq!(told.tasks, ["t", "helper"]);
    assert_eq!(told.origin.unwrap().1.as_deref(), Some("  x.no_such(1)"));

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
    assert_eq!(outcome.result.unwrap_err().rollback, Some(false));
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
