//! Tests that reading a recipe never acts.

use super::recipe;

const SERVERS: &str = "role :app, \"app1\"; task :act { run \"x\"; } task :other { run \"y\"; } ";

#[test]
fn while_recipes_are_loaded_no_action_goes_to_a_server() {
    for text in [
        "run \"x\";",
        "sudo \"x\";",
        "set :x, capture(\"x\");",
        "if test(\"x\") { puts \"x\"; }",
        "put \"text\", \"/tmp/x\";",
        "upload recipe_file(), \"/tmp/x\";",
        "download \"/tmp/x\", \"/tmp/y\";",
        "delete \"/tmp/x\";",
        "stream \"x\";",
        "parallel { run \"x\"; }",
        "task :undone { transaction { on_rollback { run \"x\"; } run \"y\"; } } undone;",
        "act;",
        "act();",
        "invoke \"act\";",
        "before :act, :other; act;",
        "on :load, :act;",
        "on :load { run \"x\"; }",
        "fn f() { run \"x\"; } f();",
    ] {
        for only_looks in [false, true] {
            let mut case = recipe(&format!("{SERVERS}{text}"));
            case.options.only_looks = only_looks;
            let script = case.script.clone();
            let wrong = &case.errors()[0];
            assert!(
                wrong
                    .message
                    .ends_with("needs a server, and none is asked while recipes are loaded"),
                "{text}: {wrong:?}"
            );
            assert!(!wrong.hints.is_empty(), "{text}");
            assert!(
                script.commands().is_empty() && script.connections().is_empty(),
                "{text}"
            );
        }
    }
}

#[test]
fn what_is_caught_while_recipes_are_loaded_has_not_acted_either() {
    let case = recipe(&format!("{SERVERS}try {{ act; }} catch {{ }} task :t {{ }}"));
    let script = case.script.clone();
    case.run(&["t"]).printed();
    assert!(script.connections().is_empty());
}

#[test]
fn a_task_that_needs_no_server_may_be_called_while_recipes_are_loaded() {
    let text =
        "task :staging { role :app, \"app1\"; set :where, \"here\"; } staging; task :t { puts where; run \"x\"; }";
    assert_eq!(recipe(text).run(&["t"]).printed(), ["here"]);
}

#[test]
fn a_bare_task_where_a_name_is_meant_is_refused_and_told_as_a_symbol() {
    for text in [
        "task act { puts \"mine\"; }",
        "after :other, act;",
        "before act, :other;",
        "after :other, [act];",
        "on :start, act;",
        "on :start, :other, :only => act;",
        "alias_task :x, act;",
        "set :x, act;",
        "set act, 1;",
        "role act, \"app2\";",
        "role :db, \"db1\", act => true;",
        "namespace :n { task :inner { run \"x\"; } before :inner, act; }",
    ] {
        let wrong = &recipe(&format!("{SERVERS}{text}")).errors()[0];
        assert_eq!(wrong.message, "the bare name `act' would run the task here", "{text}");
        assert_eq!(wrong.hints[0], "write `:act`: a bare name runs the task", "{text}");
    }
    let text = "namespace :n { task :inner { run \"x\"; } } after :act, n.inner;";
    let wrong = &recipe(&format!("{SERVERS}{text}")).errors()[0];
    assert_eq!(wrong.hints[0], "write `\"n:inner\"`: a bare name runs the task");
    // A local variable or one of the recipe is none.
    let text = "let name = \"act\"; set :other_name, \"act\"; after :other, name; before :other, other_name; task :t { puts \"ok\"; }";
    assert_eq!(recipe(&format!("{SERVERS}{text}")).run(&["t"]).printed(), ["ok"]);
}

#[test]
fn check_finds_a_bare_task_within_a_task_too() {
    let found = recipe(&format!("{SERVERS}task :t {{ invoke act; }}")).check();
    assert_eq!(found[0].message, "the bare name `act' would run the task here");
}

#[test]
fn what_is_only_looked_at_runs_no_local_command_writes_no_file_and_asks_nobody() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("written");
    let text = format!(
        "set :a, run_locally(\"x\"); set :b, system(\"y\"); write_file(\"{}\", \"text\"); set :d, temp_dir();
         set :e, ask(\"what?\"); set :f, ask(\"what?\", \"default\"); set :g, password_prompt(); sleep(1000);
         set :h, choose(\"which\", [\"one\", \"two\"]); puts `${{a}}|${{b}}|${{e}}|${{f}}|${{g}}|${{h}}`;",
        file.display()
    );
    for dry_run in [false, true] {
        let mut case = recipe(&text);
        (case.options.only_looks, case.options.dry_run) = (true, dry_run);
        case.answers = vec!["asked"; 9];
        let local = case.local.clone();
        let (loaded, log, _directory) = case.load();
        loaded.unwrap();
        assert!(local.commands().is_empty());
        assert!(!file.exists());
        let printed = format!("{:?}", log.0.borrow());
        assert!(printed.contains("|true||default||one"), "{printed}");
    }
}

#[test]
fn a_command_that_was_not_run_is_told_where_its_output_was_needed() {
    let mut case = recipe("set :first, run_locally(\"git tag\").lines()[3];");
    case.options.only_looks = true;
    let wrong = &case.errors()[0];
    assert!(
        wrong.hints.iter().any(|hint| hint.contains("`run_locally' at ")),
        "{wrong:?}"
    );
}

#[test]
fn a_dry_run_asks_nobody() {
    let mut case = recipe("set :branch { ask(\"which?\", \"main\") } task :t { puts branch; puts ask(\"else?\"); }");
    case.options.dry_run = true;
    case.answers = vec!["asked"; 9];
    assert_eq!(case.run(&["t"]).printed(), ["main", ""]);
}

#[test]
fn what_a_task_comes_to_is_checked_before_it_runs() {
    let text = "fn helper() { if false { nowhere(1) } }
        set :lazy { unknown_name }
        task :unreached { unknown_task; }
        task :good { puts \"good\"; }
        task :bad { good; restartt; }
        task :by_task { bad; }
        task :by_function { helper(); }
        task :by_variable { puts lazy; }
        task :by_fetch { puts fetch(:lazy); }
        task :by_hook { } after :by_hook, :bad;
        task :by_name { } task :after_by_name { bad; }
        task :by_closure { [1].map(|x| nowhere(x)); }
        task :by_invoke { invoke \"bad\"; }
        task :by_block { transaction { on_rollback { bad; } } }";
    let (loaded, ..) = recipe(text).load();
    let loaded = loaded.unwrap();
    let wrong = |task: &str| loaded.wrong_in(&[task.to_owned()]).len();
    assert_eq!(wrong("good"), 0);
    for task in [
        "bad",
        "by_task",
        "by_function",
        "by_variable",
        "by_fetch",
        "by_hook",
        "by_name",
        "by_closure",
        "by_invoke",
        "by_block",
        "unreached",
    ] {
        assert_eq!(wrong(task), 1, "{task}");
    }
}
