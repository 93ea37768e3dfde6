//! Tests of libraries, and of recipes that are loaded before the recipe.

use std::collections::HashSet;

use super::{Case, recipe};
use crate::recipe::Recipe;
use crate::recipe::language::syntax::reading::parsed;
use crate::recipe::meaning::claims::Text;
use crate::recipe::meaning::libraries::libraries;
use crate::recipe::meaning::lints::habits;

fn with_libraries(text: &str, directories: &[&str]) -> Case {
    let mut case = recipe(text);
    case.options.libraries = directories.iter().map(Into::into).collect();
    case
}

#[test]
fn a_library_is_found_beside_the_recipe_then_in_the_directories_in_their_order() {
    let text = r#"require "x"; require "y"; require "z"; task :t { puts `${x} ${y} ${z}`; }"#;
    let printed = with_libraries(text, &["one", "two"])
        .file("x.rhai", r#"set :x, "beside";"#)
        .file("one/x.rhai", r#"set :x, "one";"#)
        .file("one/y.rhai", r#"set :y, "one";"#)
        .file("two/y.rhai", r#"set :y, "two";"#)
        .file("two/z.rhai", r#"set :z, "two";"#)
        .run(&["t"])
        .printed();
    assert_eq!(printed, ["beside one two"]);
}

#[test]
fn a_library_is_loaded_once_whatever_it_is_called_by() {
    let text = r#"
        set :count, 0;
        require "x"; require "x.rhai"; require "./x"; require "one/x"; require "one/../one/x"; require "also";
        task :t { puts count; }
    "#;
    let printed = with_libraries(text, &["one"])
        .file("one/x.rhai", "set :count, count + 1;")
        .file("also.rhai", r#"require "x";"#)
        .run(&["t"])
        .printed();
    assert_eq!(printed, ["1"]);
}

#[test]
fn functions_of_two_libraries_do_not_overwrite_each_other() {
    let text = r#"
        fn name() { "recipe" }
        require "one"; require "two";
        task :t { one.show; two.show; puts name(); }
    "#;
    let library =
        |name: &str| format!("fn name() {{ \"{name}\" }}\nnamespace :{name} {{ task :show {{ puts name(); }} }}\n");
    let printed = recipe(text)
        .file("one.rhai", &library("one"))
        .file("two.rhai", &library("two"))
        .run(&["t"])
        .printed();
    assert_eq!(printed, ["one", "two", "recipe"]);
}

/// Returns the findings in a file of this path, each with its line.
fn found_in(path: &str, text: &str) -> Vec<String> {
    let (main, options, surroundings, _log, _directory) = recipe("").file(path, text).prepare();
    let file = main.with_file_name(path);
    let found = Recipe::check(&[file], options, surroundings, &[]).unwrap();
    let told = found.iter().map(|found| {
        let line = found.origin.as_ref().map_or(0, |origin| origin.line);
        format!("{line}: {}", found.message)
    });
    told.collect()
}

#[test]
fn habits_by_which_a_library_breaks_are_warned_of_in_libraries_alone() {
    let text = r#"
        set_default :x_greeting, "hello";
        set_default :x_home, ENV["HOME"];
        set_default :x_dir, `${x_base}/x`;
        set_default :x_later { `${x_base}/x` }
        set_default :x_kind, :app;
        let parts = ["a"];
        set_default :x_parts, parts;
        namespace :x {
            task :bare { run `ls ${x_dir} ${quote(x_dir)} ${x_greeting}`; }
            desc "Said."; task :said { let own_path = quote(x_dir); run `ls ${own_path}`; run ["ls", x_dir]; }
            task :option, :desc => "Said, too." { capture("ls " + x_dir); puts `in ${x_dir}`; }
        }
    "#;
    let text = format!("set_default :x_base, \"shop\";{text}");
    let expected = [
        "4: the default of `x_dir' is worked out while the library is loaded",
        "10: the task `x:bare' has no description",
        "10: the path `x_dir' is not quoted in a command",
        "12: the path `x_dir' is not quoted in a command",
    ];
    let is_habit = |line: &String| {
        ["worked out", "no description", "not quoted"]
            .iter()
            .any(|word| line.contains(word))
    };
    let mut found = found_in("lib/capr/x.rhai", &text);
    found.retain(is_habit);
    assert_eq!(found, expected);
    let mut found = found_in("deploy/x.rhai", &text);
    found.retain(is_habit);
    assert_eq!(found, [""; 0]);
}

#[test]
fn the_variables_of_a_catch_and_of_a_block_are_local() {
    let text = r#"
        try { puts "x"; } catch (out_file) { set_default :x_text, out_file; run `rm ${out_file}`; }
        desc "Removes one."; task :x_rm { puts x_text; on ["a"], |one_path| { run `rm ${one_path}`; } }
    "#;
    assert_eq!(found_in("lib/capr/x.rhai", text), [""; 0]);
}

#[test]
fn a_habit_by_which_a_library_cannot_even_be_loaded_is_told_beside_the_error() {
    let text = "set_default :x_log, `${shared_path}/log`;\nnamespace :x { task :t { run \"x\"; } }";
    assert_eq!(
        found_in("lib/capr/x.rhai", text),
        [
            "1: the default of `x_log' is worked out while the library is loaded",
            "1: which application? Say it in the recipe: set :application, \"flipper\"",
            "2: the task `x:t' has no description"
        ]
    );
    // The same for an error of the recipe itself, at the same place.
    let text = "set_default :x_log, x_nothing;\nnamespace :x { task :t { run \"x\"; } }";
    let found = found_in("lib/capr/x.rhai", text);
    assert_eq!(found.len(), 3, "{found:#?}");
}

#[test]
fn the_libraries_that_come_with_capr_have_no_such_habits() {
    for library in libraries() {
        let (ast, names) = parsed(library.name, &library.text()).unwrap();
        let text = Text::new(library.name.into(), ast.into(), names, HashSet::new());
        let found = habits(&text);
        assert!(found.is_empty(), "{found:#?}");
    }
}

#[test]
fn functions_of_a_library_can_be_imported_from_its_directory() {
    let text = r#"import "x" as x; task :t { puts x::double(21); }"#;
    let printed = with_libraries(text, &["one"])
        .file("one/x.rhai", "fn double(n) { n * 2 }")
        .run(&["t"])
        .printed();
    assert_eq!(printed, ["42"]);
}

#[test]
fn a_recipe_overrides_the_defaults_of_a_library_before_or_after_it() {
    let text = r#"
        set :early, "recipe";
        require "x";
        set :later, "recipe";
        task :t { puts `${early} ${later} ${made}`; }
    "#;
    let library = "set_default :early, \"x\"; set_default :later, \"x\"; set_default :made { `of ${later}` };";
    let printed = with_libraries(text, &["one"])
        .file("one/x.rhai", library)
        .run(&["t"])
        .printed();
    assert_eq!(printed, ["recipe recipe of recipe"]);
}

#[test]
fn errors_name_the_librarys_own_file() {
    let place = |errors: &[crate::diagnostic::Diagnostic]| {
        let origin = errors[0].origin.clone().expect("a place");
        (origin.file.ends_with("one/x.rhai"), origin.line, errors[0].line.clone())
    };
    let case =
        |library: &str| with_libraries(r#"require "x"; task :t { x.fail; }"#, &["one"]).file("one/x.rhai", library);
    let broken = case("\nset :x 1;").errors();
    assert_eq!(place(&broken), (true, 2, Some("set :x 1;".into())));
    let outcome = case("namespace :x {\n  task :fail { puts nothing_of_that_name; }\n}").run(&["t"]);
    let error = outcome.error().clone();
    assert_eq!(error.tasks, ["t", "x:fail"]);
    let (found, line, _) = place(&[error]);
    assert_eq!((found, line), (true, 2));
}

#[test]
fn a_file_with_the_name_of_a_library_is_not_what_it_requires() {
    let printed = with_libraries("load \"two/x\"; task :t { puts made; }", &["one"])
        .file("two/x.rhai", "require \"x\";")
        .file("one/x.rhai", "set :made, \"by the library\";")
        .run(&["t"])
        .printed();
    assert_eq!(printed, ["by the library"]);
}

#[test]
fn a_library_that_is_not_found_is_an_error_with_the_places() {
    let errors = with_libraries(r#"require "no_such_library";"#, &["one"]).errors();
    assert_eq!(errors[0].message, "no library `no_such_library' found");
    let hint = &errors[0].hints[0];
    assert!(hint.starts_with("looked beside this recipe, in "), "{hint}");
    assert!(
        hint.ends_with("/one, in the working directory and in the standard library"),
        "{hint}"
    );
    // `load` takes recipes, not libraries.
    let errors = with_libraries(r#"load "x";"#, &["one"]).file("one/x.rhai", "").errors();
    assert_eq!(errors[0].message, "no recipe `x' found");
}

#[test]
fn l3_the_files_before_the_recipe_are_loaded_in_order_and_may_be_missing() {
    let mut case = recipe("set :seen, `${seen} recipe`; task :t { puts `${seen} ${who}`; }");
    case.options.before = ["system", "missing", "user"].map(Into::into).into();
    let printed = case
        .file("system", r#"set :seen, "system"; set :who, "system";"#)
        .file("user", r#"set :seen, `${seen} user`; set :who, "user";"#)
        .run(&["t"])
        .printed();
    assert_eq!(printed, ["system user recipe user"]);
}
