//! Tests of tasks and namespaces.

use super::{prints, recipe};

#[test]
fn t1_a_task_gives_the_value_of_its_body() {
    assert_eq!(
        prints("task :a { 1; 2 } task :b { return \"b\"; 3 } task :t { puts a + 1; puts b; puts invoke(\"a\"); }"),
        ["3", "b", "2"]
    );
}

#[test]
fn t3_a_task_defined_again_replaces_body_options_and_description() {
    let text = "role :app, \"a\"; role :db, \"d\"; desc \"Old.\"; task :t, :roles => :app { run \"old\"; } task :t, :roles => :db { run \"new\"; }";
    let case = recipe(text);
    let (loaded, ..) = recipe(text).load();
    let summary = loaded
        .unwrap()
        .tasks()
        .into_iter()
        .find(|task| task.name == "t")
        .unwrap();
    assert_eq!(summary.description, None);
    let outcome = case.run(&["t"]);
    assert_eq!(outcome.script.lines_on("d"), ["new"]);
    assert_eq!(outcome.script.lines_on("a"), [""; 0]);
}

#[test]
fn t4_a_description_is_the_next_tasks_wherever_that_is() {
    let text = "desc \"In a namespace.\"; namespace :n { task :a { } task :b { } desc \"Nobody's.\"; } task :c { }";
    let (loaded, ..) = recipe(text).load();
    let tasks = loaded.unwrap().tasks();
    let description = |name: &str| tasks.iter().find(|task| task.name == name).unwrap().description.clone();
    assert_eq!(description("n:a").as_deref(), Some("In a namespace."));
    assert_eq!((description("n:b"), description("c")), (None, None));
}

#[test]
fn t7_a_task_may_be_named_like_a_function() {
    assert_eq!(
        prints(
            "task :print { puts \"task\"; } task :sleep { puts \"zzz\"; } task :t { print(); sleep; invoke \"print\"; }"
        )
        .len(),
        3
    );
}

#[test]
fn t8_a_namespace_can_be_opened_again() {
    let text = "namespace :a { namespace :b { task :x { puts \"x\"; } } } namespace :a { namespace :b { task :y { puts \"y\"; x; } } } \
                task :t { a.b.y; invoke \"a:b:x\"; }";
    assert_eq!(prints(text), ["y", "x", "x"]);
    assert_eq!(recipe(text).run(&["a:b:x"]).printed(), ["x"]);
}

#[test]
fn t9_the_default_task_is_called_by_its_own_name_too() {
    // The first has nothing else in it.
    let text =
        "namespace :a { task :default { puts \"a\"; } } namespace :b { task :default { puts \"b\"; } task :x { } }
        task :t { a.default; a.default(); a; b.default; b.default(); b; }";
    assert!(recipe(text).check().is_empty());
    assert_eq!(prints(text), ["a", "a", "a", "b", "b", "b"]);
}

#[test]
fn t9_the_default_task_of_a_namespace_has_its_name() {
    let text = "namespace :a { task :default { puts current_task; } } namespace :b { task :x { } } task :t { a; invoke \"a:default\"; }";
    assert_eq!(prints(text), ["a", "a"]);
    let (loaded, ..) = recipe(text).load();
    let loaded = loaded.unwrap();
    assert!(loaded.unknown_task("a:default").is_none() && loaded.unknown_task("a").is_none());
    let unknown = loaded.unknown_task("b").unwrap();
    assert_eq!(unknown.message, "the task `b' does not exist");
    assert_eq!(unknown.hints[0], "`b' is a namespace without a default task");
}

#[test]
fn t10_names_are_looked_up_from_the_namespace_outwards() {
    let text = "task :u { puts \"u\"; } task :v { puts \"v\"; } namespace :a { task :u { puts \"a:u\"; } \
                namespace :b { task :w { puts \"a:b:w\"; } task :t { w; u; v; b.w; a.u; invoke \"u\"; } } } task :t { a.b.t; u; }";
    assert_eq!(prints(text), ["a:b:w", "a:u", "v", "a:b:w", "a:u", "a:u", "u"]);
}

#[test]
fn t11_a_task_called_twice_runs_twice() {
    assert_eq!(prints("task :a { puts \"a\"; } task :t { a; a(); }"), ["a", "a"]);
}

#[test]
fn t12_the_current_task_is_the_innermost_running_one() {
    let text = "task :a { puts current_task; throw \"x\"; } task :t { puts current_task; try { a; } catch (e) { } puts current_task; } \
                on :exit { puts current_task == (); }";
    assert_eq!(prints(text), ["t", "a", "t", "true"]);
}

#[test]
fn t13_a_copy_of_a_task_stays_as_it_was() {
    let text = "role :app, \"a\"; role :db, \"d\"; desc \"What it does.\"; task :old, :roles => :app { run \"x\"; puts \"old\"; } \
                namespace :n { alias_task :copy, :old; } task :old { puts \"new\"; } task :t { n.copy; old; }";
    let outcome = recipe(text).run(&["t"]);
    assert_eq!(outcome.script.commands().len(), 1);
    assert_eq!(outcome.printed(), ["old", "new"]);
    let (loaded, ..) = recipe(text).load();
    let tasks = loaded.unwrap().tasks();
    let copy = tasks.iter().find(|task| task.name == "n:copy").unwrap();
    assert_eq!(copy.description.as_deref(), Some("What it does."));
}

#[test]
fn t14_descriptions_lose_their_indentation() {
    let (loaded, ..) = recipe("desc `\n    First sentence.\n      deeper\n  `;\ntask :t { }").load();
    let tasks = loaded.unwrap().tasks();
    let task = tasks.iter().find(|task| task.name == "t").unwrap();
    assert_eq!(task.description.as_deref(), Some("First sentence.\n  deeper"));
}

#[test]
fn t16_invoke_runs_by_name_and_knows_who_does_not_exist() {
    let outcome =
        recipe("namespace :a { task :b { puts \"b\"; } } task :t { invoke \"a:b\"; invoke \"a:c\"; }").run(&["t"]);
    assert_eq!(outcome.printed, ["b"]);
    assert_eq!(outcome.error().message, "the task `a:c' does not exist");
    assert_eq!(outcome.error().hints, ["did you mean `a:b'?"]);
}

#[test]
fn t19_a_file_is_found_with_and_without_its_ending_and_a_missing_one_is_named() {
    let text = "load \"lib\"; load \"lib.rhai\"; task :t { puts loaded.len(); helper; }";
    let case = recipe(&format!("set :loaded, []; {text}"));
    let case = case.file("lib.rhai", "loaded.push(1); task :helper { puts \"helps\"; }");
    assert_eq!(case.run(&["t"]).printed(), ["2", "helps"]);
    let errors = recipe("load \"gone\";").errors();
    assert_eq!(errors[0].message, "no recipe `gone' found");
}

#[test]
fn t20_a_file_required_twice_is_loaded_once() {
    let case =
        recipe("set :loaded, []; puts require(\"lib\"); puts require(\"lib.rhai\"); task :t { puts loaded.len(); }");
    let case = case.file("lib.rhai", "loaded.push(1);");
    assert_eq!(case.run(&["t"]).printed(), ["true", "false", "1"]);
}

#[test]
fn tasks_of_the_command_line_run_in_order_and_stop_at_the_first_failure() {
    let text = "task :a { puts \"a\"; } task :b { throw \"b\"; } task :c { puts \"c\"; }";
    let outcome = recipe(text).run(&["a", "b", "c"]);
    assert_eq!(outcome.printed, ["a"]);
    assert_eq!(outcome.error().message, "b");
}
