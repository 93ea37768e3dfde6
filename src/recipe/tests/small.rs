//! Tests of defaults, hooks of a failure, and the small verbs for commands and files.

use super::{prints, recipe};
use crate::event::{Event, Level};
use crate::session::scripted::Answer;

#[test]
fn a_default_is_set_only_where_nothing_is_set_and_may_be_lazy() {
    let text = "set :a, 1; set_default :a, 2; set_default :b, 3; set_default :c { puts \"asked\"; b + 1 }
        set_default(:c) { 9 }
        task :t { puts a; puts b; puts c; puts c; }";
    assert_eq!(prints(text), ["1", "3", "asked", "4", "4"]);
    let printed = recipe("set_default :a, 2; task :t { puts a; }")
        .before("a", "7")
        .run(&["t"]);
    assert_eq!(printed.printed(), ["7"]);
}

#[test]
fn v4_a_function_as_default_is_called_with_the_name_and_its_value_is_not_stored() {
    let text = "fn twice(name) { name + name }
        task :t { puts fetch(:nope, |name| twice(name)); puts exists(:nope); set :nope, 1; puts fetch(:nope, |n| n); }";
    assert_eq!(prints(text), ["nopenope", "false", "1"]);
}

#[test]
fn v6_set_default_with_neither_or_both_is_refused_under_its_own_name() {
    let errors = recipe("set_default :x;").errors();
    assert_eq!(errors[0].message, "`set_default :x' has neither a value nor a block");
}

#[test]
fn h5_a_failure_hook_runs_after_the_rollback_and_only_when_a_task_failed() {
    let text = "on :failure { puts \"hook\"; } on :exit { puts \"exit\"; } on :failure, :tell, :only => :other;
        task :tell { puts \"told\"; } task :other { }
        task :good { puts \"good\"; }
        task :bad { transaction { on_rollback { puts \"undone\"; } throw \"broken\"; } }";
    assert_eq!(recipe(text).run(&["good"]).printed(), ["good", "exit"]);
    let outcome = recipe(text).run(&["good", "bad"]);
    assert_eq!(outcome.printed, ["good", "undone", "hook"]);
    assert_eq!(outcome.error().message, "broken");
}

#[test]
fn a_failure_hook_that_fails_is_said_and_the_first_error_stays() {
    let outcome = recipe("on :failure { throw \"second\"; } task :t { throw \"first\"; }").run(&["t"]);
    assert_eq!(outcome.error().message, "first");
    let said = |event: &Event| matches!(event, Event::Message { level: Level::Important, text, .. } if text.contains("second"));
    assert!(outcome.events.iter().any(said), "{:?}", outcome.events);
}

#[test]
fn f11_stream_prints_the_lines_of_all_servers_with_their_names() {
    let case = recipe("role :app, \"app1\", \"app2\"; task :t { stream \"tail\"; }");
    case.script.on("*", "tail", Answer::new().out("one\ntw").out("o\n"));
    assert_eq!(
        case.run(&["t"]).printed(),
        ["[app1] one", "[app1] two", "[app2] one", "[app2] two"]
    );
}

#[test]
fn u9_invoke_command_runs_by_the_verb_that_via_names() {
    let text = "role :app, \"app1\"; set :use_sudo, false;
        task :t { invoke_command \"a\"; invoke_command \"b\", :via => :sudo, :as => \"bob\"; invoke_command \"c\", :via => :try_sudo, :as => \"x\"; }";
    let outcome = recipe(text).run(&["t"]);
    let lines = outcome.script.lines_on("app1");
    assert!(outcome.result.is_ok(), "{:?}", outcome.result);
    assert_eq!(lines.len(), 3);
    assert!(lines[1].contains("sudo") && lines[1].contains("-u bob b"), "{lines:?}");
    assert!(!lines[0].contains("sudo") && !lines[2].contains("sudo"), "{lines:?}");
    let outcome = recipe("role :app, \"app1\"; task :t { invoke_command \"a\", :via => :rum; }").run(&["t"]);
    assert_eq!(outcome.error().message, "`via' is :run, :sudo or :try_sudo, not :rum");
}

#[test]
fn delete_removes_a_file_and_a_directory_only_when_told() {
    let text = "role :app, \"app1\"; task :t { delete \"/tmp/a b\"; delete \"-x\", :recursive => true; }";
    let outcome = recipe(text).run(&["t"]);
    assert!(outcome.result.is_ok(), "{:?}", outcome.result);
    let lines = outcome.script.lines_on("app1");
    assert!(
        lines[0].contains("rm -f") && lines[1].contains("rm -rf ./-x"),
        "{lines:?}"
    );
    assert!(
        recipe("role :app, \"app1\"; task :t { delete \"\"; }")
            .run(&["t"])
            .result
            .is_err()
    );
}

#[test]
fn v19_ask_without_a_terminal_gives_the_default_at_once_and_is_an_error_without_one() {
    let text = "set :branch { ask(\"Branch\", \"main\") } task :t { puts branch; puts choose(\"Where\", [\"a\", \"b\"], \"b\"); puts ask(\"n\", 3) + 1; }";
    assert_eq!(prints(text), ["main", "b", "4"]);
    for (body, message) in [
        ("ask(\"Who?\");", "no terminal to ask on: Who?"),
        ("choose(\"Where\", [\"a\"]);", "no terminal to ask on: Where"),
        ("choose(\"Where\", []);", "`choose' has an empty list"),
    ] {
        let outcome = recipe(&format!("task :t {{ {body} }}")).run(&["t"]);
        assert_eq!(outcome.error().message, message);
    }
}

#[test]
fn v19_ask_gives_what_is_typed_and_choose_asks_until_it_is_one_of_the_list() {
    let mut case = recipe(
        "task :t { puts ask(\"Branch:\", \"main\"); puts ask(\"Branch\", \"main\"); puts ask(\"Who?\"); puts ask(\"Who\");
         for i in 0..3 { puts choose(\"Where\", [\"a\", \"b\"]); } }",
    );
    case.answers = vec!["PROMPT|", "", "PROMPT|", "", "0", "3", "c", "2", "b", "", "1"];
    assert_eq!(
        case.run(&["t"]).printed(),
        ["Branch [main]: |", "main", "Who? |", "", "b", "b", "a"]
    );
}

#[test]
fn a_task_may_be_described_by_an_option() {
    let (loaded, ..) = recipe("desc \"Other.\"; task :t, :desc => \"  Say it.\" { } task :u { }").load();
    let tasks = loaded.unwrap().tasks();
    let of = |name: &str| tasks.iter().find(|task| task.name == name).unwrap().description.clone();
    assert_eq!((of("t").as_deref(), of("u")), (Some("Say it."), None));
}

#[test]
fn u8_try_sudo_becomes_the_user_of_as_or_admin_runner() {
    let text = "role :app, \"app1\"; set :use_sudo, true; set :admin_runner, \"app\";
        task :t { try_sudo \"a\"; try_sudo \"b\", :as => \"bob\"; puts try_sudo(); }";
    let outcome = recipe(text).run(&["t"]);
    let lines = outcome.script.lines_on("app1");
    assert!(outcome.result.is_ok(), "{:?}", outcome.result);
    assert!(
        lines[0].contains("-u app a") && lines[1].contains("-u bob b"),
        "{lines:?}"
    );
    assert!(outcome.printed[0].ends_with("-u app"), "{:?}", outcome.printed);
}

#[test]
fn u9_a_run_method_that_is_set_decides_for_try_sudo() {
    for (settings, sudo) in [
        ("set :use_sudo, true; set :run_method, :run;", false),
        ("set :run_method, :sudo;", true),
        // That of the library only says what `use_sudo` said when it was read.
        ("set :use_sudo, true; puts run_method; set :use_sudo, false;", false),
    ] {
        let outcome = recipe(&format!(
            "role :app, \"app1\"; {settings} task :t {{ try_sudo \"a\"; }}"
        ))
        .run(&["t"]);
        assert!(outcome.result.is_ok(), "{:?}", outcome.result);
        let lines = outcome.script.lines_on("app1");
        assert_eq!(lines[0].contains("sudo"), sudo, "{settings} {lines:?}");
    }
}

#[test]
fn what_try_sudo_and_the_library_read_is_not_told_to_be_read_by_nobody() {
    let found = recipe("set :admin_runner, \"app\"; set :run_method, :sudo; set :git_enable_submodules, true;").check();
    assert!(found.is_empty(), "{found:?}");
}
