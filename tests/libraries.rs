//! Libraries, and files that are loaded before the recipe or besides it.

use std::path::Path;

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
    let chapter = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/libraries.md");
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
    let chapter = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/libraries.md");
    let chapter = std::fs::read_to_string(chapter).unwrap();
    let case = || {
        files(&chapter)
            .iter()
            .fold(Case::new(), |case, (name, text)| case.file(name, text))
    };
    let finished = case().args(["deploy.rhai", "-T", "notify"]).run().ok();
    assert!(
        finished.stdout.contains("Say that a deploy is done."),
        "{}",
        finished.stdout
    );
    for file in ["deploy.rhai", "lib/capr/notify.rhai"] {
        let finished = case().args(["check", file]).run().ok();
        assert_eq!(finished.stdout, "nothing wrong found\n");
    }
    let importing = "import \"notify\" as notify;\ntask :t { puts notify::message(\"begun\"); }";
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
        .says("recipe.rhai:1:14");
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
