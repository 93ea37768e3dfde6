//! The language of recipes, through the built program: variables, tasks, hooks, servers (cases V, T, H, N) and the command line
//! (L).

use crate::fleet::Fleet;
use crate::harness::{Case, Finished};

fn run(recipe: &str, arguments: &[&str]) -> Finished {
    Case::new().recipe(recipe).args(arguments).run()
}

/// Standard output of the task `t`, which must end well.
#[track_caller]
fn prints(recipe: &str, expected: &str) {
    let finished = run(recipe, &["t"]).ok();
    assert_eq!(finished.stdout, expected, "{}", finished.stderr);
}

/// The recipe is refused, at this line.
#[track_caller]
fn refuses(recipe: &str, line: usize, text: &str) {
    run(recipe, &["t"])
        .code(3)
        .says(&format!("recipe.rhai:{line}"))
        .says(text);
}

#[test]
fn v1_a_variable_is_read_by_its_bare_name_and_by_fetch() {
    prints(
        "set(\"a\", 1);\nset :b, 2;\ntask :t { puts `${a} ${fetch(\"a\")} ${fetch(:b)} ${b}`; }",
        "1 1 2 2\n",
    );
}

#[test]
fn v2_a_lazy_variable_is_evaluated_once() {
    let recipe =
        "set(:a) { run_locally(\"echo x >> evaluated; echo lazy\") }\ntask :t { puts a; puts fetch(:a); puts a; }";
    let finished = run(recipe, &["t"]).ok();
    assert_eq!(finished.stdout.matches("lazy").count(), 3);
    assert_eq!(finished.file("evaluated"), "x\n");
}

#[test]
fn v3_reset_makes_a_lazy_variable_be_evaluated_again() {
    let recipe = "set(:a) { run_locally(\"echo x >> evaluated\"); 1 }\nset :eager, 1;\n\
                  task :t { puts reset(:a); puts a; puts reset(:a); puts a; puts reset(:eager); puts reset(:unknown); }";
    let finished = run(recipe, &["t"]).ok();
    assert_eq!(finished.stdout, "false\n1\ntrue\n1\nfalse\nfalse\n");
    assert_eq!(finished.file("evaluated"), "x\nx\n");
}

#[test]
fn v5_a_variable_of_nothing_exists() {
    prints(
        "set :x, ();\ntask :t { puts exists(:x); puts fetch(:x, \"default\") == (); puts exists(:y); }",
        "true\ntrue\nfalse\n",
    );
}

#[test]
fn v10_a_name_is_the_same_as_text_and_as_symbol() {
    prints(
        "set \"a\", 1;\nset :a, 2;\ntask :t { puts `${a} ${fetch(\"a\")}`; }",
        "2 2\n",
    );
}

#[test]
fn v11_a_variable_that_depends_on_itself_is_an_error_with_the_chain() {
    let recipe = "set(:a) { b }\nset(:b) { a }\ntask :t { puts a; }";
    run(recipe, &["t"])
        .code(3)
        .says("depends on itself")
        .says("a")
        .says("b");
}

#[test]
fn v13_an_unknown_name_is_told_with_its_place_and_the_nearest_names() {
    let recipe =
        "set :password_of_all, \"open sesame\";\nset :application, \"flipper\";\ntask :t {\n  puts aplication;\n}";
    run(recipe, &["t"])
        .code(3)
        .says("aplication")
        .says("recipe.rhai:4:8")
        .says("^")
        .says("application")
        .silent_on("sesame")
        .silent_on("flipper");
}

#[test]
fn v14_small_s_sets_after_the_recipe_and_capital_s_before() {
    let recipe = "if !exists(:a) { set :a, 2; }\nset :eager, `eager ${a}`;\nset(:lazy) { `lazy ${a}` }\ntask :t { puts `${a} ${eager} ${lazy}`; }";
    let plain = "set :a, 2;\ntask :t { puts a; }";
    assert_eq!(run(plain, &["-S", "a=1", "t"]).ok().stdout, "2\n");
    assert_eq!(run(plain, &["-s", "a=1", "t"]).ok().stdout, "1\n");
    assert_eq!(run(recipe, &["-s", "a=1", "t"]).ok().stdout, "1 eager 2 lazy 1\n");
    assert_eq!(run(recipe, &["-S", "a=1", "t"]).ok().stdout, "1 eager 1 lazy 1\n");
}

#[test]
fn v15_values_of_the_command_line_have_types() {
    let recipe = "task :t { puts `${type_of(n)} ${n ?? \"\"}`; }";
    for (value, expected) in [
        ("12", "i64 12"),
        ("1.5", "f64 1.5"),
        ("1.10", "string 1.10"),
        ("2024.10", "string 2024.10"),
        ("007", "string 007"),
        ("true", "bool true"),
        ("\"12\"", "string 12"),
        ("a=b", "string a=b"),
        ("nil", "() "),
    ] {
        let finished = run(recipe, &["-s", &format!("n={value}"), "t"]).ok();
        assert_eq!(finished.stdout, format!("{expected}\n"), "{value}");
    }
}

#[test]
fn v18_a_lazy_variable_may_read_what_is_set_later() {
    prints("set(:a) { fetch(\"b\") }\nset :b, 3;\ntask :t { puts a; }", "3\n");
}

#[test]
fn t1_a_task_gives_the_value_of_its_body() {
    prints(
        "task :five { 5 }\ntask :early { if true { return 6; } 7 }\ntask :t { puts five; puts five() + early(); }",
        "5\n11\n",
    );
}

#[test]
fn t3_the_last_definition_of_a_task_counts() {
    prints(
        "task :a { puts \"first\"; }\ntask :a { puts \"second\"; }\ntask :t { a; }",
        "second\n",
    );
}

#[test]
fn t4_a_description_is_for_the_next_task_only() {
    let recipe = "desc \"Of a.\";\nnamespace :n {\n  task :a { }\n}\ntask :b { }\ndesc \"Of t.\";\ntask :t { }";
    run(recipe, &["-T"])
        .ok()
        .says("n:a")
        .says("Of a.")
        .says("Of t.")
        .silent_on(" b ");
}

#[test]
fn t5_a_task_without_a_body_is_an_error() {
    refuses("task :other { }\ntask :t;", 2, "task");
}

#[test]
fn t8_a_namespace_can_be_opened_again_and_nested() {
    let recipe = "namespace :a { task :x { puts \"x\"; } }\nnamespace :a { task :y { puts \"y\"; } namespace :b { task :z { puts \"z\"; } } }\n\
                  task :t { a.x; a.y(); a.b.z; invoke \"a:b:z\"; }";
    prints(recipe, "x\ny\nz\nz\n");
    assert_eq!(run(recipe, &["a:b:z", "a:x"]).ok().stdout, "z\nx\n");
}

#[test]
fn t9_the_default_task_of_a_namespace_has_its_name() {
    let recipe = "namespace :a { task :default { puts \"default\"; } }\nnamespace :b { task :x { } }";
    assert_eq!(run(recipe, &["a"]).ok().stdout, "default\n");
    run(recipe, &["b"]).code(2).says("`b'");
}

#[test]
fn t11_a_task_called_twice_runs_twice() {
    prints("task :a { puts \"a\"; }\ntask :t { a; a; }", "a\na\n");
}

#[test]
fn t17_names_of_tasks_are_checked_before_anything_runs() {
    run("task :deploy_all { puts \"ran\"; }", &["deploy_all", "deploy_al"])
        .code(2)
        .says("deploy_al")
        .says("deploy_all")
        .silent_on("ran");
}

#[test]
fn h1_h2_hooks_run_around_the_task_in_their_order() {
    prints(
        "before :t, :a;\nbefore :t { puts \"b\"; }\nafter \"t\", \"c\";\nafter :t, :d;\n\
         task :a { puts \"a\"; }\ntask :c { puts \"c\"; }\ntask :d { puts \"d\"; }\ntask :t { puts \"t\"; }",
        "a\nb\nt\nc\nd\n",
    );
    prints(
        "task :before_t { puts 1; }\ntask :after_t { puts 3; }\ntask :t { puts 2; }",
        "1\n2\n3\n",
    );
}

#[test]
fn h3_a_failure_before_keeps_the_body_from_running_and_one_in_it_what_comes_after() {
    let body = run(
        "after :t { puts \"after\"; }\ntask :t { puts \"body\"; abort \"no\"; }",
        &["t"],
    )
    .code(1);
    assert_eq!(body.stdout, "body\n");
    let hook = run("before :t { abort \"no\"; }\ntask :t { puts \"body\"; }", &["t"]).code(1);
    assert_eq!(hook.stdout, "");
}

#[test]
fn h4_a_hook_reaches_the_servers_it_belongs_to() {
    let fleet = Fleet::start(&["app1", "db1"]);
    Case::new()
        .recipe(
            "role :app, \"app1\"; role :db, \"db1\";\n\
             before :t { run \"touch /tmp/block\"; }\nbefore :t, :other;\n\
             task :other, :roles => :db { run \"touch /tmp/task\"; }\ntask :t, :roles => :app { run \"true\"; }",
        )
        .args(["t"])
        .on(&fleet)
        .run()
        .ok();
    assert_eq!(
        (fleet.exists("app1", "/tmp/block"), fleet.exists("app1", "/tmp/task")),
        (true, false)
    );
    assert_eq!(
        (fleet.exists("db1", "/tmp/block"), fleet.exists("db1", "/tmp/task")),
        (false, true)
    );
}

#[test]
fn t2_an_inner_task_has_its_own_servers() {
    let fleet = Fleet::start(&["app1", "db1"]);
    Case::new()
        .recipe(
            "role :app, \"app1\"; role :db, \"db1\";\n\
             task :t { inner; run \"echo outer >> /tmp/log\"; }\n\
             task :inner, :roles => :app { run \"echo inner >> /tmp/log\"; }",
        )
        .args(["t"])
        .on(&fleet)
        .run()
        .ok();
    assert_eq!(fleet.read("app1", "/tmp/log"), "inner\nouter");
    assert_eq!(fleet.read("db1", "/tmp/log"), "outer");
}

#[test]
fn n1_that_no_server_matches_is_an_error_that_names_the_task() {
    run(
        "role :app, \"app1\";\ntask :t, :roles => :app, :only => #{ primary: true } { run \"true\"; }",
        &["t"],
    )
    .code(1)
    .says("`t' is only run for servers matching")
    .says("no servers matched");
}

#[test]
fn a_recipe_of_capistrano_3_goes_on_where_no_server_matches() {
    let roles = "set :dialect, 3; role :app, \"app1\"; role :worker;";
    run(
        &format!("{roles} task :t {{ run \"true\", :roles => :worker; puts \"on\"; }}"),
        &["t"],
    )
    .ok()
    .says("skipping `t' because no servers matched");
    run(
        &format!("{roles} task :t {{ capture(\"true\", :roles => :worker); }}"),
        &["t"],
    )
    .code(1)
    .says("no servers matched");
}

#[test]
fn l4_quiet_shows_what_is_important_only() {
    let recipe = "task :t { info \"by the way\"; warn \"watch out\"; puts \"data\"; }";
    let finished = run(recipe, &["-q", "t"]).ok().says("watch out").silent_on("by the way");
    assert_eq!(finished.stdout, "data\n");
    run(recipe, &["t"]).ok().says("by the way");
}

#[test]
fn l6_tasks_with_a_description_are_listed_with_its_first_sentence() {
    let recipe = "desc \"Ship it. With care.\";\ntask :ship { }\ntask :hidden { }";
    let finished = run(recipe, &["-T"])
        .ok()
        .says("Ship it.")
        .silent_on("With care")
        .silent_on("hidden");
    assert!(finished.stdout.contains("ship"), "{}", finished.stdout);
    run(recipe, &["-e", "ship"]).ok().says("Ship it. With care.");
}

#[test]
fn l9_the_version_is_told() {
    let finished = Case::new().args(["-V"]).run().ok();
    assert!(
        finished.stdout.contains(env!("CARGO_PKG_VERSION")),
        "{}",
        finished.stdout
    );
    Case::new().args(["-h"]).run().ok().says("-T");
}

#[test]
fn l10_an_error_of_the_recipe_has_its_place() {
    run("task :t {\n  let x = ;\n}", &["t"])
        .code(3)
        .says("recipe.rhai:2")
        .says("let x = ;")
        .says("^");
    run("task :t { nested; }\ntask :nested { abort \"enough\"; }", &["t"])
        .code(1)
        .says("enough")
        .says("t > nested");
    Case::new()
        .args(["no-such-file.rhai", "t"])
        .run()
        .code(2)
        .says("no-such-file.rhai");
}

#[test]
fn r4_only_and_except_select_by_attributes() {
    let fleet = Fleet::start(&["db1", "db2"]);
    Case::new()
        .recipe(
            "role :db, \"db1\", :primary => true;\nrole :db, \"db2\", :no_release => true;\n\
             task :t { only; most; }\n\
             task :only, :roles => :db, :only => #{ primary: true } { run \"touch /u/apps/only\"; }\n\
             task :most, :except => #{ no_release: true } { run \"touch /u/apps/most\"; }",
        )
        .args(["t"])
        .on(&fleet)
        .run()
        .ok();
    assert_eq!(fleet.list("db1", "/u/apps"), ["most", "only"]);
    assert_eq!(fleet.list("db2", "/u/apps"), Vec::<String>::new());
}

#[test]
fn l11_events_come_in_their_order_and_none_after_an_error() {
    let recipe = "on(:exit) { puts \"exit\"; }\non(:finish) { puts \"finish\"; }\non(:start) { puts \"start\"; }\n\
                  on(:load) { puts \"load\"; }\ntask :t { puts \"task\"; }\ntask :fails { throw \"no\"; }";
    assert_eq!(run(recipe, &["t"]).ok().stdout, "load\nstart\ntask\nfinish\nexit\n");
    assert_eq!(run(recipe, &["fails"]).says("no").stdout, "load\nstart\n");
}

#[test]
fn l16_roles_and_hosts_are_the_same_before_and_behind_the_tasks() {
    let recipe = "role :web, \"w1\", \"w2\";\nrole :app, \"a1\";\ntask :t { run \"x\"; }";
    for (setting, servers) in [("ROLES=app", vec!["a1"]), ("HOSTS=w1,a1", vec!["w1", "a1"])] {
        let before = run(recipe, &[setting, "t", "--servers"]).ok().stdout;
        let behind = run(recipe, &["t", setting, "--servers"]).ok().stdout;
        assert_eq!(before, behind);
        let shown: Vec<&str> = behind
            .lines()
            .skip(1)
            .filter_map(|line| line.split_whitespace().next())
            .collect();
        assert_eq!(shown, servers, "{behind}");
    }
}

#[test]
fn a_blocks_parameter_in_a_closure_is_no_task() {
    let recipe = "role :web, \"w1\";\ntask :c { throw \"ran\"; }\n\
                  task :t { let f = || { run \"x\", |c, s, t| { puts c; puts t; } }; f.call(); }";
    run(recipe, &["t", "-n"]).ok();
}

#[test]
fn a_parameter_of_a_closure_without_braces_is_known_in_all_of_its_strings() {
    let recipe =
        "set :a_x, 1;\nset :a_y, 1;\ntask :t { puts [\"a\"].filter(|n| fetch(`${n}_x`) == fetch(`${n}_y`)).len(); }";
    prints(recipe, "1\n");
}

#[test]
fn t6_a_name_may_be_that_of_a_task_and_of_a_namespace() {
    let recipe = "task :a { puts \"task\"; }\nnamespace :a { task :b { puts \"inner\"; } }\ntask :t { a; a.b; a(); }";
    prints(recipe, "task\ninner\ntask\n");
    assert_eq!(run(recipe, &["a", "a:b"]).ok().stdout, "task\ninner\n");
}

#[test]
fn r20_a_role_in_a_namespace_is_an_error_that_says_why() {
    refuses(
        "namespace :n {\n  role :app, \"app1\";\n}\ntask :t { }",
        2,
        "`role' cannot stand in a namespace: roles belong to the whole recipe",
    );
}

#[test]
fn h12_a_hook_of_a_missing_task_is_an_error_and_the_order_of_hooks_is_that_of_their_kind() {
    refuses(
        "task :t { }\nafter :t, :tidi;\ntask :tidy { }",
        2,
        "the task `tidi' of this `after' hook does not exist",
    );
    prints(
        "after :t, :b;\nbefore :t, :a;\ntask :t { puts \"t\"; }\ntask :a { puts \"a\"; }\ntask :b { puts \"b\"; }",
        "a\nt\nb\n",
    );
}

#[test]
fn errors_of_all_files_are_told_at_once() {
    Case::new()
        .recipe("load \"one\";\nload \"two\";\ntask :t { run 'x y'; }")
        .file("one.rhai", "set :a 1;")
        .file("two.rhai", "task :u {\n  let x = ;\n}")
        .args(["t"])
        .run()
        .code(3)
        .says("one.rhai:1:8")
        .says("recipe.rhai:3:15")
        .says("two.rhai:2:11");
}

#[test]
fn commands_of_this_machine_have_what_the_recipe_changes_in_its_environment() {
    let text = "ENV[\"SIZE\"] = \"large one\"; ENV[\"HOME\"] = \"/nowhere\";
        task :t { puts run_locally(\"echo $SIZE $HOME\"); system(\"echo $SIZE\", :env => #{ SIZE: \"own\" }); }";
    let finished = Case::new().recipe(text).args(["t"]).run().ok();
    assert!(finished.stdout.contains("large one /nowhere\n"), "{}", finished.stdout);
    assert!(
        finished.stderr.contains("own") || finished.stdout.contains("own"),
        "{}",
        finished.stderr
    );
}
