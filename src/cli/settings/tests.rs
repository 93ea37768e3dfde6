use std::path::{Path, PathBuf};

use clap::Parser;

use super::{Settings, UsageError, Work};
use crate::cli::arguments::TypedArguments;
use crate::cli::shell::Invocation;
use crate::diagnostic::Diagnostic;

/// Makes a directory with two recipes and a directory that has the name of a task.
fn directory() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for name in ["flipper.rhai", "deploy.rhai", "Recipes"] {
        std::fs::write(directory.path().join(name), "").unwrap();
    }
    std::fs::create_dir(directory.path().join("sub")).unwrap();
    directory
}

fn resolve_in(directory: &Path, arguments: &[&str]) -> Result<Settings, UsageError> {
    let shell = Invocation {
        directory: directory.to_owned(),
        environment: [("HOME", "/home/me"), ("FOO", "old"), ("CAPR_SSH_CONFIG", "a::/b")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        ..Invocation::default()
    };
    let arguments = TypedArguments::try_parse_from(["capr"].iter().chain(arguments)).unwrap();
    Settings::resolve(arguments, &shell)
}

fn resolve(arguments: &[&str]) -> Result<Settings, UsageError> {
    resolve_in(directory().path(), arguments)
}

fn tasks(settings: &Settings) -> Vec<&str> {
    match &settings.work {
        Work::Run { tasks, .. } => tasks.iter().map(String::as_str).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_first_word_is_the_recipe_when_it_is_a_file_or_ends_in_rhai() {
    for (arguments, recipe, named) in [
        (
            &["flipper.rhai", "setup", "deploy"][..],
            "flipper.rhai",
            &["setup", "deploy"][..],
        ),
        (&["Recipes", "setup"], "Recipes", &["setup"]),
        (&["setup", "flipper.rhai"], "deploy.rhai", &["setup", "flipper.rhai"]),
        (&["A=1", "flipper.rhai", "setup"], "flipper.rhai", &["setup"]),
        (&["-f", "Recipes", "flipper.rhai"], "Recipes", &["flipper.rhai"]),
        (&["sub"], "deploy.rhai", &["sub"]),
    ] {
        let settings = resolve(arguments).unwrap();
        assert_eq!(settings.recipes, [Path::new(recipe)], "{arguments:?}");
        assert_eq!(tasks(&settings), named, "{arguments:?}");
    }
    let error = resolve(&["missing.rhai", "setup"]).unwrap_err();
    assert_eq!(error.to_string(), "there is no recipe missing.rhai");
}

#[test]
fn d22_without_a_recipe_one_is_searched_upwards_and_gone_to() {
    let directory = directory();
    let settings = resolve_in(&directory.path().join("sub"), &["setup", "--stdlib", "lib"]).unwrap();
    assert_eq!(settings.directory.as_deref(), Some(directory.path()));
    assert_eq!(settings.recipes, [Path::new("deploy.rhai")]);
    // Paths that were typed are meant from where they were typed.
    assert_eq!(settings.recipe_options.stdlib, Some(directory.path().join("sub/lib")));
    assert_eq!(resolve(&["setup"]).unwrap().directory, None);
    let empty = tempfile::tempdir().unwrap();
    let error = resolve_in(empty.path(), &["setup"]).unwrap_err();
    assert_eq!(error, UsageError::NoRecipe);
}

#[test]
fn v17_l16_name_and_value_go_to_the_environment_wherever_they_stand() {
    let settings = resolve(&["ROLES=app", "setup", "FOO=bar=baz", "deploy", "EMPTY="]).unwrap();
    assert_eq!(tasks(&settings), ["setup", "deploy"]);
    let environment = &settings.recipe_options.environment;
    for (name, value) in [
        ("ROLES", "app"),
        ("FOO", "bar=baz"),
        ("EMPTY", ""),
        ("HOME", "/home/me"),
    ] {
        assert_eq!(environment.get(name).map(String::as_str), Some(value));
    }
    assert_eq!(tasks(&resolve(&["a:b=c"]).unwrap()), ["a:b=c"]);
}

#[test]
fn v15_only_the_first_equals_sign_of_a_variable_separates() {
    let settings = resolve(&["-s", "n=a=b", "-Sm=1", "--set", "o=", "x"]).unwrap();
    let pairs = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        pairs
            .iter()
            .map(|(name, value)| (String::from(*name), String::from(*value)))
            .collect()
    };
    assert_eq!(settings.recipe_options.set_after, pairs(&[("n", "a=b"), ("o", "")]));
    assert_eq!(settings.recipe_options.set_before, pairs(&[("m", "1")]));
    for wrong in ["secret", "=secret"] {
        let error = resolve(&["-s", wrong, "x"]).unwrap_err();
        assert_eq!(error, UsageError::Variable("-s"));
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}

#[test]
fn no_task_is_a_usage_error_that_names_the_list() {
    for arguments in [&["flipper.rhai"][..], &["A=1"], &["-n"]] {
        let error = resolve(arguments).unwrap_err();
        assert_eq!(error, UsageError::NoTask);
        assert_eq!(Diagnostic::from(error).hints, ["-T lists the tasks"]);
    }
}

#[test]
fn l6_the_list_takes_a_pattern_and_its_recipe_from_either_side() {
    for (arguments, recipe, pattern) in [
        (&["-T"][..], "deploy.rhai", None),
        (&["-T", "web"], "deploy.rhai", Some("web")),
        (&["flipper.rhai", "-T"], "flipper.rhai", None),
        (&["-T", "flipper.rhai"], "flipper.rhai", None),
        (&["flipper.rhai", "-T", "web"], "flipper.rhai", Some("web")),
        (&["-t"], "deploy.rhai", None),
    ] {
        let settings = resolve(arguments).unwrap();
        assert_eq!(settings.recipes, [PathBuf::from(recipe)], "{arguments:?}");
        match settings.work {
            Work::List { listing, .. } => assert_eq!(listing.pattern.as_deref(), pattern, "{arguments:?}"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn l2_every_f_is_a_recipe_in_this_order_and_each_must_exist() {
    let settings = resolve(&["-f", "Recipes", "-f", "flipper.rhai", "deploy"]).unwrap();
    assert_eq!(settings.recipes, [Path::new("Recipes"), Path::new("flipper.rhai")]);
    assert_eq!(tasks(&settings), ["deploy"]);
    let error = resolve(&["-f", "Recipes", "-f", "missing", "deploy"]).unwrap_err();
    assert_eq!(error, UsageError::MissingRecipe("missing".into()));
}

#[test]
fn l3_the_files_of_system_and_user_come_first_unless_x_says_otherwise() {
    let (system, user) = (Path::new("/etc/capr.rhai"), Path::new("/home/me/.capr.rhai"));
    for (arguments, files) in [
        (&["x"][..], &[system, user][..]),
        (&["-X", "x"], &[user]),
        (&["-x", "x"], &[system]),
        (&["-xX", "x"], &[]),
    ] {
        assert_eq!(
            resolve(arguments).unwrap().recipe_options.before,
            files,
            "{arguments:?}"
        );
    }
}

#[test]
fn r12_r_narrows_instead_of_replacing() {
    assert!(!resolve(&["x"]).unwrap().recipe_options.preserve_roles);
    assert!(resolve(&["-r", "x"]).unwrap().recipe_options.preserve_roles);
    assert!(
        resolve(&["--preserve-roles", "x"])
            .unwrap()
            .recipe_options
            .preserve_roles
    );
}

#[test]
fn libraries_are_the_projects_then_those_of_the_path_then_the_users() {
    let directory = directory();
    std::fs::create_dir(directory.path().join("config")).unwrap();
    std::fs::write(directory.path().join("config/deploy.rhai"), "").unwrap();
    let shell = Invocation {
        directory: directory.path().to_owned(),
        environment: [("HOME", "/home/me"), ("CAPR_PATH", "a::/b")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        ..Invocation::default()
    };
    let found = |shell: &Invocation, recipe: &str| {
        let arguments = TypedArguments::try_parse_from(["capr", recipe, "x"]).unwrap();
        let options = Settings::resolve(arguments, shell).unwrap().recipe_options;
        [options.libraries, options.libraries_after].concat()
    };
    let a = directory.path().join("a");
    let (a, home) = (a.as_path(), Path::new("/home/me/.config/capr/lib"));
    assert_eq!(
        found(&shell, "flipper.rhai"),
        [Path::new("lib/capr"), a, Path::new("/b"), home]
    );
    assert_eq!(
        found(&shell, "config/deploy.rhai").get(..2).unwrap(),
        [Path::new("lib/capr"), Path::new("config/lib/capr")]
    );
    let mut shell = shell;
    shell.environment.insert("XDG_CONFIG_HOME".into(), "/x".into());
    assert_eq!(
        found(&shell, "flipper.rhai").last().map(PathBuf::as_path),
        Some(Path::new("/x/capr/lib"))
    );
}

#[test]
fn check_is_a_command_in_first_place_and_a_task_elsewhere() {
    let is_check = |arguments: &[&str]| matches!(resolve(arguments).unwrap().work, Work::Check { .. });
    assert!(is_check(&["check"]));
    assert!(is_check(&["check", "flipper.rhai", "--json"]));
    assert!(!is_check(&["flipper.rhai", "check"]));
    assert!(!is_check(&["-f", "Recipes", "check"]));
    assert_eq!(resolve(&["deploy", "--json"]).unwrap_err(), UsageError::Json);
    assert_eq!(resolve(&["check", "--values"]).unwrap_err(), UsageError::Values);
}

#[test]
fn a_list_of_ssh_configurations_is_split_and_meant_from_here() {
    let directory = directory();
    let files = |arguments: &[&str]| resolve_in(directory.path(), arguments).unwrap().ssh.config;
    assert_eq!(
        files(&["x"]),
        Some(vec![directory.path().join("a"), PathBuf::from("/b")])
    );
    assert_eq!(
        files(&["x", "--ssh-config", "c"]),
        Some(vec![directory.path().join("c")])
    );
}
