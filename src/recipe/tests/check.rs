//! Tests of `capr check`: its warnings, and its silence on every example of the reference.

use super::{Case, recipe};
use crate::configuration::TaskSummary;
use crate::diagnostic::{Diagnostic, Severity};
use crate::recipe::language::grammar::Tail;
use crate::recipe::language::verb::Verb;
use crate::recipe::language::verbs::VERBS;

fn messages(found: &[Diagnostic]) -> Vec<&str> {
    found.iter().map(|diagnostic| diagnostic.message.as_str()).collect()
}

/// Returns the warnings for a recipe in which nothing else is found.
fn warned(case: Case) -> Vec<String> {
    let found = case.check();
    assert!(
        found.iter().all(|diagnostic| diagnostic.severity == Severity::Warning),
        "{found:#?}"
    );
    messages(&found).into_iter().map(str::to_owned).collect()
}

#[test]
fn the_examples_of_all_verbs_have_nothing_found() {
    for verb in VERBS {
        let found = recipe(verb.example).file("template.txt", "").check();
        assert_eq!(messages(&found), [""; 0], "{}: {}", verb.name, verb.example);
    }
}

#[test]
fn a_verb_that_needs_a_block_and_has_none_is_found() {
    let needs = |verb: &&Verb| matches!(verb.tail, Tail::Required(_) | Tail::Instead(..));
    let mut tried = 0;
    for verb in VERBS.iter().filter(needs) {
        let argument = if verb.arguments.0 > 0 { " :load" } else { "" };
        let text = format!("task :example {{ {}{argument}; }}", verb.name);
        let found = recipe(&text).check();
        let found = messages(&found);
        let is_told = |message: &&str| message.contains(" has no ") || message.contains(" has neither ");
        assert!(found.iter().any(is_told), "{text}: {found:?}");
        tried += 1;
    }
    assert!(tried > 9, "{tried}");
    assert_eq!(
        messages(&recipe("task :t { parallel; }").check()),
        ["`parallel' has no block"]
    );
}

#[test]
fn only_a_description_that_begins_with_internal_makes_a_task_internal() {
    let text = "desc \"Does what an [internal] one does.\"; task :t { } desc \"[internal] Helps.\"; task :u { }";
    assert_eq!(
        warned(recipe(text)),
        ["nothing calls the task `u', which is [internal]"]
    );
    let (loaded, ..) = recipe(text).load();
    let public = loaded.unwrap().tasks().into_iter().filter(TaskSummary::is_public);
    let own: Vec<String> = public.map(|task| task.name).filter(|name| name.len() == 1).collect();
    assert_eq!(own, ["t"]);
}

#[test]
fn a_task_that_takes_the_place_of_one_of_the_library_is_told_with_both_names() {
    let found = recipe("task :update { puts \"x\"; }").check();
    assert_eq!(
        messages(&found),
        ["the task `update' takes the place of the library's task `deploy:update'"]
    );
    assert_eq!(
        found[0].hints[1],
        "where it is meant: namespace :deploy { task :update { … } }"
    );
    for meant in [
        "namespace :deploy { task :update { puts \"x\"; } }",
        "task :restart { puts \"x\"; }",
        "task :setup { puts \"x\"; }",
        "task :deploy { puts \"x\"; }",
        "task :my_update { puts \"x\"; }",
        "namespace :mine { task :update { puts \"x\"; } }",
    ] {
        assert_eq!(warned(recipe(meant)), [""; 0], "{meant}");
    }
}

#[test]
fn a_role_that_a_deploy_will_need_is_asked_for_before() {
    let told = ["no role `app' is defined, and `restart' needs it"];
    let settings = "set :application, \"a\"; set :repository, \"r\"; ";
    for text in [
        format!("{settings} role :web, \"w\";"),
        "role :web, \"w\"; task :go { deploy; }".to_owned(),
    ] {
        assert_eq!(warned(recipe(&text)), told, "{text}");
    }
    for text in [
        format!("{settings} role :app, \"w\";"),
        format!("{settings} role :web, \"w\"; namespace :deploy {{ task :restart, :roles => :web {{ run \"x\"; }} }}"),
        format!("{settings} role :web, \"w\"; task :production {{ server \"x\", :app; }}"),
        format!("{settings} for role_name in [\"app\"] {{ role role_name, \"x\"; }}"),
        "role :web, \"w\"; task :go { run \"uptime\"; }".to_owned(),
        // A whole deploy alone restarts by turns.
        "role :web, \"w\"; role :db, \"d\", :primary => true; task :go { update; migrate; }".to_owned(),
        settings.to_owned(),
    ] {
        assert_eq!(warned(recipe(&text)), [""; 0], "{text}");
    }
}

#[test]
fn a_task_that_runs_one_of_the_library_without_servers_is_refused() {
    let told =
        |role: &str, run: &str| format!("no role `{role}' is defined, and `{run}', which `deploy' runs, needs it");
    for (text, message) in [
        ("task :deploy { update; restart; }", told("app", "restart")),
        (
            "task :deploy { transaction { update_code; symlink; } restart; }",
            told("app", "restart"),
        ),
        ("task :deploy { update; migrate; }", told("db", "migrate")),
        (
            "set :restart_via, :passenger; namespace :deploy { task :default { update; restart; } }",
            told("app", "restart"),
        ),
        (
            "set :restart_roles, [\"jobs\"]; task :deploy { restart; }",
            told("jobs", "restart"),
        ),
    ] {
        let text = format!("role :web, \"w\"; {text}");
        // What is only perhaps run is a warning beside it.
        let mut found = recipe(&text).check();
        found.retain(|told| told.severity == Severity::Error);
        assert_eq!(messages(&found), [message], "{text}");
    }
    for text in [
        "set :restart_via, :none; task :deploy { update; restart; }",
        "set :restart_roles, [\"web\"]; task :deploy { update; restart; }",
        "set :dialect, 2; task :deploy { update; restart; }",
        "append :restart_tasks, \"r\"; task :r { puts \"x\"; } task :deploy { update; restart; }",
        "task :restart, :roles => :web { run \"x\"; } task :deploy { update; restart; }",
        "task :deploy { role :app, \"x\"; update; restart; }",
        "task :deploy { set :restart_roles, [\"web\"]; restart; }",
        "task :deploy { if exists(:x) { migrate; } }",
    ] {
        let text = format!("role :web, \"w\"; {text}");
        let found = recipe(&text).check();
        let errors: Vec<_> = found.iter().filter(|found| found.severity == Severity::Error).collect();
        assert!(errors.is_empty(), "{text}: {errors:?}");
    }
}

#[test]
fn the_item_of_a_loop_is_known_in_its_block_whatever_braces_its_list_has() {
    for list in [
        "[`${a}/x`, `${a}${b}`]",
        "[a, b].map(|x| `${x}`)",
        "[a, b].map(|x| { x })",
        "[a, b].map(|x| if x == a { b } else { a })",
        "(if a == b { [a] } else { [b] })",
        "glob(`${a}`).map(|x| [x])",
    ] {
        let text = format!("let a = \"1\"; let b = \"2\"; for item in {list} {{ puts item; }} task :t {{ }}");
        let found = recipe(&text).check();
        assert_eq!(messages(&found), [""; 0], "{list}");
        // Behind the loop the name is nothing.
        let found = recipe(&format!("{text} puts item;")).check();
        assert_eq!(messages(&found), ["unknown variable or task `item'"], "{list}");
    }
}

#[test]
fn a_function_is_known_in_its_own_file_alone() {
    let node = "fn npm(x) { `npm ${x}` } fn two(a, b) { a + b } private fn hidden() { 1 } task :n { puts npm(\"x\"); }";
    for (body, message) in [
        (
            "require \"node\"; task :t { puts npm(\"x\"); }",
            "unknown function `npm'",
        ),
        (
            "import \"node\" as node; task :t { puts npm(\"x\"); }",
            "unknown function `npm'",
        ),
        (
            "import \"node\" as node; task :t { puts node::nmp(\"x\"); }",
            "node.rhai has no function `nmp'",
        ),
        (
            "import \"node\" as node; task :t { puts node::npm(); }",
            "the function `node::npm' takes 1 argument, not 0",
        ),
        (
            "import \"node\" as node; task :t { node::hidden(); }",
            "node.rhai has no function `hidden'",
        ),
    ] {
        let found = recipe(body).file("node.rhai", node).check();
        assert_eq!(found.len(), 1, "{found:#?}");
        assert!(found[0].message.ends_with(message), "{body}: {}", found[0].message);
        assert!(
            recipe(body).file("node.rhai", node).run(&["t"]).result.is_err(),
            "{body}"
        );
    }
    let found = recipe("require \"node\"; task :t { puts npm(\"x\"); }")
        .file("node.rhai", node)
        .check();
    assert!(
        found[0].hints[0].ends_with("known there alone: import \"node\" as node; node::npm(…)"),
        "{:?}",
        found[0].hints
    );
    let right = "import \"node\" as node; task :t { puts node::npm(\"x\"); puts node::two(\"a\", \"b\"); }";
    assert_eq!(warned(recipe(right).file("node.rhai", node)), [""; 0]);
    assert_eq!(
        recipe(right).file("node.rhai", node).run(&["t"]).printed(),
        ["npm x", "ab"]
    );
}

#[test]
fn an_argument_of_another_kind_than_a_verb_takes_is_an_error_of_check_and_of_the_run() {
    for (text, message) in [
        (
            "task :t { run 5; }",
            "`run' takes a string or a list of words here, not a number",
        ),
        (
            "task :t { capture(true); }",
            "`capture' takes a string or a list of words here, not a truth value",
        ),
        (
            "task :t { upload 5, \"/x\"; }",
            "`upload' takes a path here, not a number",
        ),
        (
            "task :t { put \"a\", [\"/x\"]; }",
            "`put' takes a path here, not a list",
        ),
        ("task :t { delete [\"a\"]; }", "`delete' takes a path here, not a list"),
        (
            "role :web, 5;",
            "`role' takes a host or a list of hosts here, not a number",
        ),
        (
            "role :web, \"a\", 1.5;",
            "`role' takes a host or a list of hosts here, not a decimal number",
        ),
        ("server 5, :web;", "`server' takes a host here, not a number"),
        ("task 5 { }", "`task' takes the name of a task here, not a number"),
        (
            "namespace #{} { }",
            "`namespace' takes the name of a namespace here, not a map",
        ),
        (
            "task :t { } before :t, 5;",
            "`before' takes the name of a task or a list of names here, not a number",
        ),
        (
            "task :t { rolling \"x\" { } }",
            "`rolling' takes a whole number here, not a string",
        ),
        ("set 5, 1;", "`set' takes the name of a variable here, not a number"),
        (
            "require [\"a\", \"b\"];",
            "`require' takes the name of a library here, not a list",
        ),
    ] {
        let text = format!("role :app, \"app1\"; {text}");
        // What stops loading is found by it.
        assert!(
            messages(&recipe(&text).check()).contains(&message),
            "{text}: {:?}",
            messages(&recipe(&text).check())
        );
        let ran = recipe(&text)
            .load()
            .0
            .map(drop)
            .map_err(|errors| errors[0].message.clone());
        let ran = ran.and_then(|()| Err(recipe(&text).run(&["t"]).error().message.clone()));
        assert_eq!(ran, Err::<(), _>(message.to_owned()), "{text}");
    }
    for (text, message) in [
        (
            "let n = 5; run n;",
            "`run' takes a string or a list of words here, not a number",
        ),
        (
            "let l = [1]; upload l, \"/x\";",
            "`upload' takes a path here, not a list",
        ),
    ] {
        let error = recipe(&format!("role :app, \"app1\"; task :t {{ {text} }}"))
            .run(&["t"])
            .error()
            .message
            .clone();
        assert_eq!(error, message, "{text}");
    }
    let right = "role :app, \"app1\", #{ primary: true }; role :web, [\"a\", \"b\"], :x => 1;
        task :t { puts 5; puts [1]; execute :sleep, 5; run [\"sleep\", 5]; put 5, \"/x\", #{ mode: 0644 }; fetch(:application, 5); }
        before :t, [:u, :v]; task :u { } task :v { }";
    assert_eq!(messages(&recipe(right).check()), [""; 0]);
}

#[test]
fn an_argument_of_another_kind_than_a_function_takes_is_an_error() {
    for (body, message) in [
        (
            "sleep(\"x\");",
            "the function `sleep' takes a decimal number or a number here, not a string",
        ),
        (
            "dirname(3);",
            "the function `dirname' takes a string here, not a number",
        ),
        (
            "gsub(\"a\", 2, \"b\");",
            "the function `gsub' takes a string here, not a number",
        ),
        (
            "\"a\".ljust(\"b\");",
            "the function `ljust' takes a number here, not a string",
        ),
        ("lines([1]);", "the function `lines' takes a string here, not a list"),
        (
            "now(true);",
            "the function `now' takes a string here, not a truth value",
        ),
        ("sha256(#{});", "the function `sha256' takes a string here, not a map"),
        (
            "join_path(\"a\", 2);",
            "the function `join_path' takes a list or a string here, not a number",
        ),
        (
            "join_path(#{ a: \"b\" });",
            "the function `join_path' takes a list or a string here, not a map",
        ),
    ] {
        let text = format!("task :t {{ {body} }}");
        let found = recipe(&text).check();
        assert_eq!(messages(&found), [message], "{body}");
        assert!(recipe(&text).run(&["t"]).result.is_err(), "{body}");
    }
    let other = "fn lines(x) { x } task :t { puts lines([1]); puts join([1, \"a\"], \" \"); puts \"a b\".split(\" \"); sleep(0.1); puts quote([1]); puts max(1, 2); }";
    assert_eq!(warned(recipe(other)), [""; 0]);
}

#[test]
fn a_value_that_may_be_missing_in_a_text_is_told() {
    let told = |name: &str| format!("the environment variable `{name}' may not be set");
    let no_key = |key: &str| format!("the map `settings' has no `{key}'");
    let map = "let settings = #{ dir: \"/srv\" };";
    for (body, message) in [
        ("run `rm -rf ${ENV[\"NOPE\"]}/x`;", told("NOPE")),
        ("run `rm -rf ${ENV.NOPE}/x`;", told("NOPE")),
        ("run ENV[\"NOPE\"];", told("NOPE")),
        ("let a = \"a\" + ENV[\"NOPE\"]; puts a;", told("NOPE")),
        (&format!("{map} run `rm -rf ${{settings.dri}}/x`;"), no_key("dri")),
        (&format!("{map} run `rm -rf ${{settings[\"dri\"]}}/x`;"), no_key("dri")),
        (&format!("{map} puts \"a\" + settings.dri;"), no_key("dri")),
    ] {
        let text = format!("role :app, \"a\"; task :t {{ {body} }}");
        assert_eq!(warned(recipe(&text)), [message], "{body}");
        assert!(recipe(&text).run(&["t"]).result.is_err(), "{body}");
    }
    assert_eq!(
        warned(recipe(
            "set :settings, #{ dir: 1 }; role :app, \"a\"; task :t { run `${settings.dri}`; }"
        )),
        [no_key("dri")]
    );
    for body in [
        "run `x ${ENV[\"A\"] ?? \"\"}`;",
        "if \"A\" in ENV { run `x ${ENV[\"A\"]}`; }",
        "if ENV[\"A\"] == () { abort \"no\"; } run ENV[\"A\"];",
        "ENV[\"A\"] = \"1\"; run `x ${ENV[\"A\"]}`;",
        "run `ls ${ENV[\"HOME\"]}`;",
        "let a = ENV[\"A\"]; puts a ?? \"none\";",
        "let s = #{ a: 1 }; s.b = 2; s[\"c\"] = 3; run `${s.a} ${s.b} ${s.c} ${s.d ?? \"\"}`;",
        "let s = #{ a: 1 }; s.mixin(#{ b: 2 }); run `${s.b}`;",
        "let s = #{ a: 1 }; for key in [\"b\"] { s[key] = 2; } run `${s.b}`;",
        "let s = #{ a: 1 }; s += #{ b: 2 }; run `${s.b}`;",
        "let s = parse_yaml(\"{b: 1}\"); run `${s.b}`;",
        "let s = #{ a: #{ b: 1 } }; run `${s.a.b}`;",
    ] {
        let text = format!("role :app, \"a\"; task :t {{ {body} }}");
        assert_eq!(warned(recipe(&text)), [""; 0], "{body}");
    }
}

#[test]
fn a_text_that_ruby_would_run_is_told_where_it_is_compared_or_taken_apart() {
    for (body, count) in [
        ("if `git rev-parse HEAD` == `git rev-parse main` { puts \"same\"; }", 2),
        ("if \"a\" != `cat VERSION` { puts \"other\"; }", 1),
        ("for file in `git ls-files`.split(\"\\n\") { puts file; }", 1),
        ("for line in lines(`ls -1 tmp`) { puts line; }", 1),
        ("if `svn info`.contains(\"x\") { puts \"x\"; }", 1),
        ("let command = `cat x`; run command;", 0),
        ("if current_task() == `test` { puts \"x\"; }", 0),
        ("if \"find it\" == \"find it\" { puts \"x\"; }", 0),
    ] {
        let text = format!("role :app, \"a\"; task :t {{ {body} }}");
        let found = warned(recipe(&text));
        assert_eq!(found, vec!["a string in backticks is not run"; count], "{body}");
    }
}

#[test]
fn an_escape_in_backticks_that_goes_to_no_command_is_told() {
    let told = |escape: &str| vec![format!("`{escape}' stays two characters in backticks")];
    for (body, escape) in [
        ("run \"x\", |ch, stream, data| { ch.send_data(`${data}\\n`); }", "\\n"),
        ("run \"x\", |ch, stream, data| { ch.send_data(data + `\\n`); }", "\\n"),
        ("puts `a\\tb`;", "\\t"),
        ("warn `\\e[1mbold`;", "\\e"),
        ("put `a\\n`, \"/tmp/x\";", "\\n"),
        ("run \"cat\", :data => `a\\n`;", "\\n"),
        ("write_file(\"x\", `a\\n`);", "\\n"),
        ("if capture(\"x\") == `a\\n` { puts \"a\"; }", "\\n"),
        ("let parts = capture(\"x\").split(`\\t`); puts parts;", "\\t"),
    ] {
        let text = format!("role :app, \"a\"; task :t {{ {body} }}");
        assert_eq!(warned(recipe(&text)), told(escape), "{body}");
    }
    for body in [
        "run `printf 'a\\n'`;",
        "put \"x\", `/tmp/a\\n`;",
        "puts \"a\\n\";",
        "puts \"a\\\\n\";",
        "puts gsub(\"a\", `\\n`, \"\"); puts matches(\"a\", `\\t`);",
        "put `#!/bin/sh\nprintf 'a\\n'\n`, \"/tmp/x\";",
    ] {
        let text = format!("role :app, \"a\"; task :t {{ {body} }}");
        assert_eq!(warned(recipe(&text)), [""; 0], "{body}");
    }
}

#[test]
fn a_template_of_ruby_is_told_by_check_and_when_it_is_filled_in() {
    let told = ["`<% … %>' is left as it is in this template"];
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("a.erb");
    std::fs::write(&file, "a\n<%= port %>\n").unwrap();
    let path = file.display();
    for text in [
        "task :t { puts render(:template => \"port <%= port %>\"); }".to_owned(),
        "task :t { puts render(:template => `port <%= port %> ${1 + 1}`); }".to_owned(),
        format!("task :t {{ puts render(\"{path}\"); }}"),
        format!("task :t {{ puts render(:file => \"{path}\"); }}"),
    ] {
        assert_eq!(warned(recipe(&text)), told, "{text}");
        let outcome = recipe(&text).run(&["t"]);
        let said = outcome.messages(crate::event::Level::Important);
        assert!(said[0].contains("`<% … %>' is left as it is"), "{said:?}");
    }
    assert_eq!(
        warned(recipe("task :t { puts render(:template => \"port {{ 1 }}\"); }")),
        [""; 0]
    );
}

#[test]
fn what_port_has_left_to_a_person_is_told_by_check() {
    let text = "// PORT 1 (library): a gem is not here\n//   require \"x\"\ntask :t {\n  // PORT 2 (code): why\n  abort \"PORT 2: why\";\n  \
                // PORT 3 (fails in Capistrano too): so it does\n  // PORTABLE (yes): a comment\n  // PORT of call (x): y\n}";
    let found = recipe(text).check();
    let told: Vec<(String, usize, usize)> = found
        .into_iter()
        .map(|told| {
            let origin = told.origin.unwrap();
            (told.message, origin.line, origin.column)
        })
        .collect();
    let over = |reason: &str| format!("`capr port' could not carry this over: {reason}");
    assert_eq!(told, [(over("a gem is not here"), 1, 1), (over("why"), 4, 3)]);
    assert_eq!(warned(recipe(text)).len(), 2, "they are warnings");
}

#[test]
fn a_mode_that_is_written_out_is_looked_at() {
    for (mode, expected) in [
        ("644", Some("`mode' must be octal: 644 is 0o1204; write 0644")),
        ("400", Some("`mode' must be octal: 400 is 0o620; write 0400")),
        (
            "\"-R\"",
            Some("`mode' must be octal (0644) or as chmod takes it (\"u=rw,go=r\"), not \"-R\""),
        ),
        ("0400", None),
        ("0o500", None),
        ("\"g+w\"", None),
        ("fetch(:mode, 0600)", None),
    ] {
        for call in ["put \"a\", \"/b\"", "upload \"a\", \"/b\"", "get \"a\", \"/b\""] {
            let text = format!("role :app, \"a\"; task :t {{ {call}, :mode => {mode}; }}");
            let found = recipe(&text).check();
            let told: Vec<&str> = found.iter().map(|told| told.message.as_str()).collect();
            assert_eq!(told, expected.into_iter().collect::<Vec<_>>(), "{text}");
        }
    }
}
