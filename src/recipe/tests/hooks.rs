//! Tests of hooks around tasks.

use super::{prints, recipe};

#[test]
fn h1_before_body_after() {
    let text = "before :t, :b; after :t, :a; task :a { puts \"after\"; } task :b { puts \"before\"; } task :t { puts \"body\"; }";
    assert_eq!(prints(text), ["before", "body", "after"]);
}

#[test]
fn h1_tasks_named_before_and_after_run_around_a_task_on_their_own_servers() {
    let text = "role :app, \"a\"; role :web, \"w\"; task :before_t, :roles => :web { run \"before\"; } task :t, :roles => :app { run \"body\"; } \
                task :after_t { puts \"after\"; } namespace :n { task :before_x { puts \"n:before\"; } task :x { puts \"n:x\"; } }";
    let outcome = recipe(text).run(&["t", "n:x"]);
    let commands = outcome.script.commands();
    let lines: Vec<_> = commands
        .iter()
        .map(|record| (record.server.host.as_str(), record.line.as_str()))
        .collect();
    assert_eq!(lines, [("w", "before"), ("a", "body")]);
    assert_eq!(outcome.printed(), ["after", "n:before", "n:x"]);
}

#[test]
fn h1_the_servers_of_tasks_named_before_and_after_are_told_with_their_task() {
    let text = "role :app, \"a\"; role :web, \"w\"; task :before_u, :roles => :web { run \"true\"; } \
                task :after_u, :roles => :web { run \"true\"; } task :u, :roles => :app { }";
    let (loaded, _, _directory) = recipe(text).load();
    let addressed = loaded.unwrap().addressed(&["u".to_owned()]);
    let tasks: Vec<&str> = addressed.iter().map(|one| one.task.as_str()).collect();
    assert_eq!(tasks, ["u", "before_u", "after_u"]);
}

#[test]
fn what_is_added_to_a_task_while_it_ends_runs_in_the_words_of_capistrano_3_alone() {
    let text = "task :t { puts \"body\"; } task :u { puts \"u\"; after \"t\", \"v\"; } task :v { puts \"v\"; } after \"t\", \"u\";";
    assert_eq!(prints(&format!("set :dialect, 3; {text}")), ["body", "u", "v"]);
    assert_eq!(prints(&format!("set :dialect, 2; {text}")), ["body", "u"]);
}

#[test]
fn h2_hooks_run_in_the_order_they_were_registered() {
    let text = "before :t, :a, :b; before :t { puts \"block\"; } before \"t\", [:c]; \
                task :a { puts \"a\"; } task :b { puts \"b\"; } task :c { puts \"c\"; } task :t { }";
    assert_eq!(prints(text), ["a", "b", "block", "c"]);
}

#[test]
fn h3_a_failing_body_has_no_after_and_a_failing_before_no_body() {
    let outcome = recipe("after :t { puts \"after\"; } task :t { throw \"x\"; }").run(&["t"]);
    assert_eq!(outcome.printed, [""; 0]);
    let outcome = recipe("before :t { throw \"early\"; } task :t { puts \"body\"; }").run(&["t"]);
    assert_eq!((outcome.printed.len(), outcome.error().message.as_str()), (0, "early"));
}

#[test]
fn h4_a_blocks_commands_go_to_the_hooked_tasks_servers_a_tasks_to_its_own() {
    let text = "role :app, \"a\"; role :db, \"d\"; before :t { run \"block\"; } before :t, :other; \
                task :other, :roles => :db { run \"other\"; } task :t, :roles => :app { run \"body\"; }";
    let outcome = recipe(text).run(&["t"]);
    assert_eq!(outcome.script.lines_on("a"), ["block", "body"]);
    assert_eq!(outcome.script.lines_on("d"), ["other"]);
}

#[test]
fn h5_events_of_the_command_line_of_every_task_and_of_the_run() {
    let text = "on :load { puts \"load\"; } on :start { puts `start ${current_task ?? \"\"}`; } on :finish { puts \"finish\"; } on :exit { puts \"exit\"; } \
                on :before { puts `before ${current_task}`; } task :a { puts \"a\"; } task :t { a; }";
    let expected = [
        "load", "start ", "before t", "before a", "a", "finish", "start ", "before a", "a", "finish", "exit",
    ];
    assert_eq!(recipe(text).run(&["t", "a"]).printed(), expected);
    let outcome = recipe(&format!("{text} task :bad {{ throw \"x\"; }}")).run(&["bad"]);
    assert_eq!(outcome.printed, ["load", "start ", "before bad"]);
}

#[test]
fn h6_hooks_can_be_for_some_tasks_or_for_all_but_some() {
    let text = "on :before, :hook, :only => [:a, \"n:b\"]; on :after, :tail, :except => :t; on :before, :both, :only => :a, :except => :a; \
                task :hook { puts `hook`; } task :tail { puts \"tail\"; } task :both { puts \"both\"; } \
                task :a { puts \"a\"; } namespace :n { task :b { puts \"b\"; } } task :c { puts \"c\"; } task :t { a; n.b; c; }";
    // The hooks' own runs have a tail as well, except the tail's.
    assert_eq!(
        prints(text),
        [
            "hook", "tail", "both", "tail", "a", "tail", "hook", "tail", "b", "tail", "c", "tail"
        ]
    );
}

#[test]
fn h7_neither_a_block_nor_a_task_or_both_is_an_error() {
    for (text, message) in [
        ("before :t;", "`before' has neither a task nor a block"),
        ("task :a { } after :t, :a { }", "`after' has both tasks and a block"),
        ("on :start;", "`on' has neither a task nor a block"),
    ] {
        assert_eq!(recipe(text).errors()[0].message, message, "{text}");
    }
}

#[test]
fn h8_a_hook_of_all_tasks_is_not_hooked_to_itself() {
    assert_eq!(
        prints("on :before, :hook; task :hook { puts \"hook\"; } task :t { puts \"t\"; }"),
        ["hook", "t"]
    );
}

#[test]
fn h9_a_hook_may_name_tasks_that_are_defined_later() {
    assert_eq!(
        prints("before :t, :later; task :t { } task :later { puts \"later\"; }"),
        ["later"]
    );
    let text = "namespace :n { before :x, :y; task :x { puts \"x\"; } task :y { puts \"y\"; } } task :t { n.x; }";
    assert_eq!(prints(text), ["y", "x"]);
}

#[test]
fn h10_the_default_task_is_hooked_under_both_its_names() {
    let text = "before \"n:default\" { puts \"long\"; } before :n { puts \"short\"; } namespace :n { task :default { puts \"n\"; } } task :t { n; }";
    assert_eq!(prints(text), ["long", "short", "n"]);
}

#[test]
fn h11_handlers_of_a_hook_and_of_its_task_both_run() {
    let text = "before :t { on_rollback { puts \"hook's\"; } } task :t { on_rollback { puts \"task's\"; } throw \"x\"; } \
                task :all { transaction { t; } }";
    let outcome = recipe(text).run(&["all"]);
    assert_eq!(outcome.printed, ["task's", "hook's"]);
}

#[test]
fn the_value_of_a_task_is_its_bodys_whatever_its_hooks_give() {
    assert_eq!(prints("after :a { 2 } task :a { 1 } task :t { puts a; }"), ["1"]);
}
