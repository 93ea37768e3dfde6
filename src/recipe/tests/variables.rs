//! Tests of variables: `set`, `fetch`, lazy ones, and those of the command line.

use super::{prints, recipe};

/// A lazy variable that counts how often it is evaluated.
const COUNTED: &str = "set :runs, [];\nset :lazy { runs.push(1); `value ${runs.len()}` }\n";

#[test]
fn a_default_of_a_library_gives_way_to_that_of_a_recipe() {
    let text = "require \"sidekiq\"; set_default :sidekiq_config, \"own\"; set_default :keep_releases, 9; set_default :keep_releases, 8;
        set :rake, \"r\"; set_default :rake, \"s\"; task :t { puts [sidekiq_config, keep_releases, rake]; }";
    assert_eq!(prints(text), ["[\"own\", 9, \"r\"]"]);
    assert_eq!(prints(&format!("set :dialect, 3; {text}")), ["[(), 5, \"r\"]"]);
}

#[test]
fn rake_is_that_of_the_bundle_from_the_require_on_as_in_capistrano_2() {
    let rake = |lines: &str| prints(&format!("{lines} task :t {{ puts rake; }}"));
    assert_eq!(
        rake("require \"bundler\"; set :rake, `${rake} -s`;"),
        ["bundle exec rake -s"]
    );
    assert_eq!(rake("set :rake, \"x\"; require \"bundler\";"), ["x"]);
    assert_eq!(rake("require \"bundler\"; set_default :rake, \"x\";"), ["x"]);
    assert_eq!(rake("set :dialect, 3; require \"bundler\";"), ["rake"]);
}

#[test]
fn v2_a_lazy_variable_is_evaluated_once_at_its_first_read() {
    let text = format!(
        "{COUNTED} task :t {{ puts runs.len(); puts lazy; puts fetch(:lazy); puts `${{lazy}}`; puts runs.len(); }}"
    );
    assert_eq!(prints(&text), ["0", "value 1", "value 1", "value 1", "1"]);
}

#[test]
fn v3_reset_makes_a_lazy_variable_lazy_again_and_is_false_for_any_other() {
    let text = format!(
        "{COUNTED} set :eager, 1; task :t {{ puts reset(:lazy); puts lazy; puts reset(:lazy); puts lazy; \
         puts reset(:eager); puts reset(:unknown); puts eager; puts runs.len(); }}"
    );
    assert_eq!(
        prints(&text),
        ["false", "value 1", "true", "value 2", "false", "false", "1", "2"]
    );
}

#[test]
fn v4_fetch_gives_its_default_and_does_not_store_it() {
    assert_eq!(
        prints("task :t { puts fetch(:x, 7); puts exists(:x); }"),
        ["7", "false"]
    );
    // A function is given no more than it takes, as a block in Ruby.
    assert_eq!(
        prints("task :t { puts fetch(:x, || 7); puts fetch(:x, |name| `no ${name}`); }"),
        ["7", "no x"]
    );
    let outcome = recipe("task :t { fetch(:x, |a, b| a); }").run(&["t"]);
    assert_eq!(
        outcome.error().message,
        "the function given here is to have one parameter, or none"
    );
    let outcome = recipe("task :t { fetch(:x); }").run(&["t"]);
    assert_eq!(outcome.error().message, "variable `x' is not set");
}

#[test]
fn v5_a_variable_that_was_set_to_nothing_exists() {
    assert_eq!(
        prints("set :x, (); task :t { puts exists(:x); puts fetch(:x, \"default\") == (); }"),
        ["true", "true"]
    );
}

#[test]
fn v8_an_unset_variable_is_gone_and_so_is_its_block() {
    let text =
        format!("{COUNTED} task :t {{ puts lazy; unset :lazy; puts exists(:lazy); puts reset(:lazy); fetch(:lazy); }}");
    let outcome = recipe(&text).run(&["t"]);
    assert_eq!(outcome.printed, ["value 1", "false", "false"]);
    assert_eq!(outcome.error().message, "variable `lazy' is not set");
}

#[test]
fn v9_false_is_a_value() {
    assert_eq!(prints("set :x, false; task :t { puts fetch(:x, true); }"), ["false"]);
}

#[test]
fn v10_a_name_is_the_same_as_text_and_as_symbol() {
    assert_eq!(
        prints("set \"a\", 1; set :b, 2; task :t { puts fetch(:a); puts fetch(\"b\"); set :a, 3; puts a; }"),
        ["1", "2", "3"]
    );
}

#[test]
fn v11_a_lazy_variable_that_needs_itself_is_an_error_with_the_chain() {
    let outcome = recipe("set :a { b } set :b { `${c}` } set :c { fetch(:a) } task :t { puts a; }").run(&["t"]);
    assert_eq!(outcome.error().message, "variable `a' depends on itself: a → b → c → a");
    assert!(outcome.error().origin.is_some());
    // The chain is forgotten with the error.
    let text =
        "set :ok, false; set :a { if ok { 1 } else { a } } task :t { try { a } catch (e) { } set :ok, true; puts a; }";
    assert_eq!(prints(text), ["1"]);
}

#[test]
fn v14_the_command_line_sets_before_and_after_the_recipe() {
    let text =
        "set :a, 2; set :built, `at load ${a}`; set :lazy { `at use ${a}` } task :t { puts a; puts built; puts lazy; }";
    assert_eq!(
        recipe(text).before("a", "1").run(&["t"]).printed(),
        ["2", "at load 2", "at use 2"]
    );
    assert_eq!(
        recipe(text).after("a", "1").run(&["t"]).printed(),
        ["1", "at load 2", "at use 1"]
    );
    let text = "set :built, `at load ${a}`; task :t { puts built; }";
    assert_eq!(recipe(text).before("a", "1").run(&["t"]).printed(), ["at load 1"]);
}

#[test]
fn v15_values_of_the_command_line_are_typed() {
    let text = "task :t { puts type_of(fetch(:x)); }";
    for (value, kind) in [
        ("12", "i64"),
        ("1.5", "f64"),
        ("true", "bool"),
        ("nil", "()"),
        ("\"12\"", "string"),
        ("a=b", "string"),
    ] {
        assert_eq!(recipe(text).after("x", value).run(&["t"]).printed(), [kind], "{value}");
    }
}

#[test]
fn v16_hooks_of_load_see_the_variables_set_before_and_not_those_set_after() {
    let text = "on :load { puts exists(:early); puts exists(:late); } task :t { puts late; }";
    let outcome = recipe(text).before("early", "1").after("late", "2").run(&["t"]);
    assert_eq!(outcome.printed(), ["true", "false", "2"]);
}

#[test]
fn v17_the_environment_is_read_and_can_be_changed() {
    let text = "set :mode, ENV[\"MODE\"]; task :t { puts mode; puts ENV.MODE; puts ENV[\"NONE\"] == (); ENV[\"X\"] = \"y\"; puts ENV[\"X\"]; }";
    assert_eq!(
        recipe(text).env("MODE", "fast").run(&["t"]).printed(),
        ["fast", "fast", "true", "y"]
    );
}

#[test]
fn v18_a_lazy_variable_may_use_one_that_is_set_later() {
    assert_eq!(prints("set :a { fetch(:b) + 1 } set :b, 1; task :t { puts a; }"), ["2"]);
}

#[test]
fn a_bare_name_is_a_local_before_a_variable_and_a_variable_before_a_task() {
    let text = "set :x, \"variable\"; task :x { puts \"task\"; } task :t { puts x; x; invoke \"x\"; let x = \"local\"; puts x; }";
    assert_eq!(prints(text), ["variable", "task", "local"]);
}

#[test]
fn maps_and_lists_in_variables_are_changed_in_place() {
    let text = "set :m, #{ a: 1 }; set :l, [1]; default_run_options[\"pty\"] = true; \
                task :t { m.b = 2; m[\"c\"] = 3; l.push(2); l[0] = 5; puts m.len(); puts l; puts `${l} ${m}`; puts default_run_options.pty; }";
    assert_eq!(
        prints(text),
        ["3", "[5, 2]", "[5, 2] #{\"a\": 1, \"b\": 2, \"c\": 3}", "true"]
    );
}

#[test]
fn a_block_keeps_the_locals_it_saw_by_value() {
    let text = "for name in [\"a\", \"b\"] { task name { puts name; } set `v_${name}` { name + \"!\" } } task :t { a; b; puts v_a + v_b; }";
    assert_eq!(prints(text), ["a", "b", "a!b!"]);
}

#[test]
fn b22_the_value_of_a_password_is_shown_nowhere() {
    let text = "set :db_password, \"hunter2hunter\"; role :app, \"a\"; task :t { run `login ${db_password}`; }";
    let case = recipe(text);
    case.script.on(
        "*",
        "login",
        crate::session::scripted::Answer::new()
            .err("no hunter2hunter here\n")
            .exits(3),
    );
    let outcome = case.run(&["t"]);
    assert!(outcome.script.lines_on("a")[0].contains("hunter2hunter"));
    let told = format!("{:?} {:?}", outcome.events, outcome.error());
    assert!(!told.contains("hunter2hunter"), "{told}");
}

#[test]
fn b21_the_line_of_an_error_does_not_show_a_password_either() {
    for text in [
        "set :db_password, \"hunter2hunter\" oops;",
        "set(:api_token, 'hunter2hunter');",
        "set :db_password, \"hunter2hunter\"; nothing_here;",
    ] {
        let told = format!("{:?}", recipe(text).errors());
        assert!(!told.contains("hunter2hunter"), "{told}");
        assert!(told.contains("set"), "{told}");
    }
}

#[test]
fn a_value_that_a_variable_of_the_library_cannot_have_is_refused_where_it_is_written() {
    for text in [
        "set :shared_children, [\"log\", \"../x\"];",
        "task :t { set :shared_children, [\"log\", \"../x\"]; }",
        "set :shared_children { [\"log\", \"../x\"] }",
        "set_default :shared_children, [\"log\", \"../x\"]; task :u { set :shared_children, [:log, \"../x\"]; }",
    ] {
        let errors = recipe(text).errors();
        assert_eq!(
            errors[0].message,
            "the variable `shared_children' cannot hold \"../x\": a part of it is `.' or `..'"
        );
        let origin = errors[0].origin.as_ref().unwrap();
        assert!(origin.file.ends_with("recipe.rhai") && origin.column > 20, "{origin:?}");
        assert_eq!(recipe(text).check()[0].message, errors[0].message, "{text}");
    }
    for (path, fault) in [
        ("//", "everything on the server is in it"),
        ("/srv//../x/", "a part of it is `.' or `..'"),
    ] {
        let told = recipe("task :t { }").after("deploy_to", path).errors();
        assert_eq!(
            told[0].message,
            format!("the variable `deploy_to' cannot be {path:?}: {fault}")
        );
    }
    let text = "set :dialect, 3; set :deploy_to, \"/srv//x/\"; task :t { puts [deploy_to, releases_path, shared_path, current_path]; }";
    assert_eq!(
        recipe(text).run(&["t"]).printed,
        ["[\"/srv//x/\", \"/srv//x/releases\", \"/srv//x/shared\", \"/srv//x/current\"]"]
    );
    let errors = recipe("task :t { }").after("deploy_to", "srv/x").errors();
    assert_eq!(
        errors[0].message,
        "the variable `deploy_to' cannot be \"srv/x\": it is no absolute path"
    );
}

#[test]
fn a_value_that_is_only_known_later_is_refused_when_it_is_read() {
    for text in [
        "set :x, \"..\"; set(:shared_children) { [`${x}/x`] }\ntask :t { puts shared_children; }",
        "set :x, \"..\";\ntask :t { set :shared_children, [`${x}/x`]; }",
        "set :shared_children, [];\ntask :t { shared_children.push(\"../x\"); puts fetch(:shared_children); }",
    ] {
        let outcome = recipe(text).run(&["t"]);
        let error = outcome.error();
        let expected = "the variable `shared_children' cannot hold \"../x\": a part of it is `.' or `..'";
        assert_eq!(error.message, expected, "{text}");
        assert!(
            error.origin.as_ref().unwrap().file.ends_with("recipe.rhai"),
            "{error:?}"
        );
        assert_eq!(outcome.printed, Vec::<String>::new());
    }
}

#[test]
fn what_is_to_be_true_or_false_is_nothing_else() {
    for (text, value) in [
        ("set :git_enable_submodules, 1;", "1"),
        ("set :use_sudo, \"yes\";", "\"yes\""),
        ("set :group_writable, ();", "()"),
    ] {
        let errors = recipe(text).errors();
        assert!(
            errors[0].message.ends_with(&format!("is true or false, not {value}")),
            "{errors:?}"
        );
        assert!(errors[0].hints[0].starts_with("write: set :"), "{errors:?}");
    }
    let errors = recipe("task :t { }").before("use_sudo", "yes").errors();
    assert_eq!(
        errors[0].message,
        "the variable `use_sudo' is true or false, not \"yes\""
    );
}
