//! `capr completions`: a shell that has run its script completes recipes, stages, tasks, variables and options.

use std::process::Command;

use crate::deadline::LimitedCommand;
use crate::fleet::place::capr;
use crate::harness::Case;

const RECIPE: &str = r#"
set :branch, "main";
run_locally "touch was-run";
desc "Starts it.\nNot at once.";
task :start { }
namespace :web { task :enable { } task :disable { } }
"#;

/// What bash puts for the last word, which is being typed.
fn completed(words: &[&str]) -> Vec<String> {
    let case = Case::new()
        .recipe(RECIPE)
        .file("config/deploy/production.rhai", "set :only_there, 1; task :audit { }");
    let words: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    let script = format!(
        "eval \"$(capr completions bash)\" || exit 9
         COMP_WORDS=({words}); COMP_CWORD={last}; COMP_TYPE=9
         _clap_complete_capr capr \"${{COMP_WORDS[COMP_CWORD]}}\"
         printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        words = words.join(" "),
        last = words.len() - 1,
    );
    let built = capr().parent().unwrap().to_owned();
    let path = format!("{}:{}", built.display(), std::env::var("PATH").unwrap());
    let told = Command::new("bash")
        .args(["--norc", "-c", &script])
        .env("PATH", path)
        .env("HOME", case.path("../home"))
        .env("CAPR_SYSTEM_FILE", case.path("system.rhai"))
        .current_dir(case.path(""))
        .limited_output();
    assert!(told.status.success(), "{told:?}");
    assert!(!case.path("was-run").exists(), "completing runs no commands");
    let told = String::from_utf8(told.stdout).unwrap();
    told.lines()
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect()
}

#[test]
fn bash_completes_what_the_recipe_has() {
    for (words, expected) in [
        (&["capr", "recipe.rhai", "sta"][..], &["start"][..]),
        (&["capr", "def"], &["definitions"]),
        (&["capr", "rec"], &["recipe.rhai"]),
        (&["capr", "recipe.rhai", "prod"], &["production"]),
        (&["capr", "recipe.rhai", "aud"], &[]),
        (&["capr", "recipe.rhai", "production", "aud"], &["audit"]),
        (&["capr", "recipe.rhai", "web", ":"], &["disable", "enable"]),
        (&["capr", "recipe.rhai", "web", ":", "e"], &["enable"]),
        (&["capr", "recipe.rhai", "-s", "bra"], &["branch="]),
        (&["capr", "-f", "recipe.rhai", "-e", "st"], &["start"]),
        (&["capr", "vars", "recipe.rhai", "bra"], &["branch"]),
        (&["capr", "--log-format", "p"], &["pretty", "plain"]),
        (&["capr", "completions", "z"], &["zsh"]),
    ] {
        assert_eq!(completed(words), expected, "{words:?}");
    }
}

#[test]
fn a_recipe_that_cannot_be_loaded_completes_nothing_and_says_nothing() {
    let told = Case::new()
        .recipe("set :x")
        .env("CAPR_COMPLETE", "fish")
        .args(["--", "capr", "recipe.rhai", "dep"])
        .run();
    let told = told.ok();
    assert_eq!((told.stdout.as_str(), told.stderr.as_str()), ("", ""));
}

#[test]
fn a_shell_that_is_not_known_is_a_usage_error() {
    for arguments in [&["completions", "tcsh"][..], &["completions"]] {
        Case::new().args(arguments).run().code(2).says("completions");
    }
}
