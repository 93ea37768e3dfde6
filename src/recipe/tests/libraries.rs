//! Tests of libraries, and of recipes that are loaded before the recipe.

use super::{Case, recipe};

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
