//! Libraries, and files that are loaded before the recipe or besides it.

use crate::fleet::place::checkout;
use crate::harness::Case;

/// The recipes of a chapter: blocks of `rhai` that begin with their file's name in a comment.
fn files(chapter: &str) -> Vec<(String, String)> {
    let blocks = chapter.split("```rhai\n").skip(1);
    blocks
        .map(|block| {
            let text = block.split("```").next().unwrap();
            let name = text.lines().next().unwrap().trim_start_matches("// ");
            (name.to_owned(), text.to_owned())
        })
        .collect()
}

#[test]
fn the_example_of_the_chapter_on_libraries_does_what_it_says() {
    let chapter = checkout().join("docs/libraries.md");
    let chapter = std::fs::read_to_string(chapter).unwrap();
    let mut case = Case::new();
    for (name, text) in files(&chapter) {
        case = case.file(&name, &text);
    }
    let arguments = ["deploy.rhai", "ship"];
    let finished = case.args(arguments).run().ok();
    assert_eq!(
        finished.stdout,
        "#shop begun by tester\nshipping\n#shop done by tester\n"
    );
}

#[test]
fn the_library_of_the_chapter_lists_its_tasks_and_offers_its_function() {
    let chapter = checkout().join("docs/libraries.md");
    let chapter = std::fs::read_to_string(chapter).unwrap();
    let case = || {
        files(&chapter)
            .iter()
            .fold(Case::new(), |case, (name, text)| case.file(name, text))
    };
    let finished = case().args(["deploy.rhai", "-T", "chat"]).run().ok();
    assert!(
        finished.stdout.contains("Say that a deploy is done."),
        "{}",
        finished.stdout
    );
    for file in ["deploy.rhai", "lib/capr/chat.rhai"] {
        let finished = case().args(["check", file]).run().ok();
        assert_eq!(finished.stdout, "nothing wrong found\n");
    }
    let importing = "import \"chat\" as chat;\ntask :t { puts chat::message(\"begun\"); }";
    let finished = case().recipe(importing).args(["t"]).run().ok();
    assert_eq!(finished.stdout, "begun by tester\n");
}

#[test]
fn libraries_are_found_in_the_project_on_capr_path_and_in_the_users_directory() {
    let recipe = r#"require "a"; require "b"; require "c"; task :t { puts `${a} ${b} ${c}`; }"#;
    let case = || {
        let case = Case::new().recipe(recipe).args(["t"]);
        case.file("lib/capr/a.rhai", "set :a, \"project\";")
            .file("shared/a.rhai", "set :a, \"path\";")
            .file("shared/b.rhai", "set :b, \"path\";")
            .file("../home/.config/capr/lib/b.rhai", "set :b, \"user\";")
            .file("../home/.config/capr/lib/c.rhai", "set :c, \"user\";")
    };
    let finished = case().env("CAPR_PATH", "nowhere:shared").run().ok();
    assert_eq!(finished.stdout, "project path user\n");
    let finished = case().run().ok();
    assert_eq!(finished.stdout, "project user user\n");
    case()
        .env("XDG_CONFIG_HOME", "/nowhere")
        .run()
        .code(3)
        .says("error: no library `b' found")
        .says("recipe.rhai:1:22");
}

#[test]
fn l3_the_users_file_is_loaded_before_the_recipe_unless_x_is_given() {
    let case = || {
        Case::new()
            .recipe("task :t { puts fetch(:who, \"nobody\"); }")
            .file("../home/.capr.rhai", "set :who, \"me\";")
            .args(["t"])
    };
    assert_eq!(case().run().ok().stdout, "me\n");
    assert_eq!(case().args(["-x"]).run().ok().stdout, "nobody\n");
    assert_eq!(case().args(["-X"]).run().ok().stdout, "me\n");
}

#[test]
fn l2_recipes_named_by_f_are_loaded_in_order() {
    let finished = Case::new()
        .file("a.rhai", "set :seen, \"a\"; task :t { puts seen; }")
        .file("b.rhai", "set :seen, `${seen} b`;")
        .args(["-f", "a.rhai", "-f", "b.rhai", "t"])
        .run()
        .ok();
    assert_eq!(finished.stdout, "a b\n");
}

#[test]
fn v16_values_of_small_s_come_after_hooks_of_load_and_those_of_big_s_before() {
    let recipe = r#"on :load { puts fetch(:v, "unset"); } task :t { puts v; }"#;
    let case = |option: &str| Case::new().recipe(recipe).args(["t", option, "v=1"]).run().ok();
    assert_eq!(case("-s").stdout, "unset\n1\n");
    assert_eq!(case("-S").stdout, "1\n1\n");
}

#[test]
fn a_library_beside_the_recipe_comes_first_and_that_of_capr_last() {
    let recipe = "require \"notify\"; task :t { puts fetch(:whose, \"capr's\"); puts exists(:notify_mail); }";
    let case = || Case::new().recipe(recipe).args(["t"]);
    assert_eq!(case().run().ok().stdout, "capr's\ntrue\n");
    let own = case()
        .file("lib/capr/notify.rhai", "set :whose, \"project's\";")
        .run()
        .ok();
    assert_eq!(own.stdout, "project's\nfalse\n");
    let beside = case()
        .file("lib/capr/notify.rhai", "set :whose, \"project's\";")
        .file("notify.rhai", "set :whose, \"mine\";")
        .run()
        .ok();
    assert_eq!(beside.stdout, "mine\nfalse\n");
}

#[test]
fn a_recipe_in_config_finds_the_libraries_of_its_project_once() {
    let library = "set :loads, fetch(:loads, 0) + 1; namespace :stock { task :count { puts loads; } }";
    let finished = Case::new()
        .file(
            "config/deploy.rhai",
            "require \"stock\"; require \"stock\"; load \"more\";",
        )
        .file("config/more.rhai", "require \"stock\"; task :t { stock.count; }")
        .file("lib/capr/stock.rhai", library)
        .args(["t", "stock:count"])
        .run()
        .ok();
    assert_eq!(finished.stdout, "1\n1\n");
}

#[test]
fn functions_of_two_libraries_and_the_recipe_stay_apart() {
    let library = |name: &str| {
        format!(
            "fn who() {{ \"{name}\" }} namespace :{name} {{ task :say {{ puts who(); }} }} set :by_{name} {{ who() }}"
        )
    };
    let finished = Case::new()
        .recipe("require \"one\"; require \"two\"; import \"two\" as two;\nfn who() { \"me\" }\ntask :t { one.say; two.say; puts by_one; puts who(); }")
        .file("one.rhai", &library("one"))
        .file("two.rhai", &library("two"))
        .args(["t"])
        .run();
    // A module of the same name as a namespace does not hide it.
    assert_eq!(finished.ok().stdout, "one\ntwo\none\nme\n");
    Case::new()
        .recipe("require \"one\"; task :t { puts who(); }")
        .file("one.rhai", &library("one"))
        .args(["t"])
        .run()
        .code(3)
        .says("unknown function or task `who'")
        .says("recipe.rhai:1");
}

#[test]
fn an_error_in_a_library_names_its_own_file_and_the_tasks_around_it() {
    let case = |library: &str| {
        let case = Case::new()
            .recipe("require \"stock\";\ntask :t { stock.count; }")
            .args(["t"]);
        case.file("lib/capr/stock.rhai", library)
    };
    case("\nset :a 1;").run().code(3).says("--> lib/capr/stock.rhai:2:8");
    let broken = "namespace :stock {\n  task :count { counted(1); }\n}\nfn counted(n) {\n  nothing + n\n}";
    // Before anything runs, or where that is not wanted, in the task.
    for run in [case(broken), case(broken).args(["--no-check"])] {
        run.run()
            .code(3)
            .says("unknown variable or task `nothing'")
            .says("lib/capr/stock.rhai:5:3");
    }
    case(broken).args(["--no-check"]).run().says("task: t > stock:count");
}
