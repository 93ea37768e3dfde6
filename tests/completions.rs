//! `capr completions`: a shell that has run its script completes recipes, stages, tasks, variables and options.

use std::process::Command;

use crate::deadline::LimitedCommand;
use crate::fleet::place::capr;
use crate::harness::{Case, Running};

const RECIPE: &str = r#"
set :branch, "main";
run_locally "touch was-run";
desc "Starts it.\nNot at once.";
task :start { }
role :app, "app1", "app2";
namespace :web { task :enable { puts "enabled"; } task :disable { } }
"#;

/// Returns the completions of bash for the last word, which is being typed.
fn completed(words: &[&str]) -> Vec<String> {
    let case = Case::new()
        .recipe(RECIPE)
        .file("config/deploy/production.rhai", "set :only_there, 1; task :audit { }");
    let case = match words {
        // A recipe is not loaded with a library that was never fetched.
        ["capr", "lib", ..] => case.file(
            "capr.toml",
            "[libraries]\nchat = { path = \"chat\" }\ntools = { path = \"tools\" }\n",
        ),
        _ => case,
    };
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
        (&["capr", "rec"], &["recover", "recipe.rhai"]),
        (&["capr", "recipe.rhai", "prod"], &["production"]),
        (&["capr", "recipe.rhai", "aud"], &[]),
        (&["capr", "recipe.rhai", "production", "aud"], &["audit"]),
        (&["capr", "recipe.rhai", "HOSTS", "=", "app1,"], &["app1,app2"]),
        (&["capr", "recipe.rhai", "ROLES", "="], &["app"]),
        (&["capr", "recipe.rhai", "web", ":"], &["disable", "enable"]),
        (&["capr", "recipe.rhai", "web", ":", "e"], &["enable"]),
        (&["capr", "recipe.rhai", "-s", "bra"], &["branch="]),
        (&["capr", "-f", "recipe.rhai", "-e", "st"], &["start"]),
        (&["capr", "vars", "recipe.rhai", "bra"], &["branch"]),
        (&["capr", "--log-format", "p"], &["pretty", "plain"]),
        (
            &["capr", "recipe.rhai", "HOST"],
            &["HOSTS=", "HOSTFILTER=", "HOSTROLEFILTER="],
        ),
        (&["capr", "help", "ch"], &["check"]),
        (&["capr", "help", "port"], &["port", "porting"]),
        (&["capr", "completions", "z"], &["zsh"]),
        (&["capr", "lib", "remove", "ch"], &["chat"]),
        (&["capr", "lib", "update", "chat", "t"], &["tools"]),
        (&["capr", "lib", "remove", "chat", "t"], &[]),
        (&["capr", "lib", "fetch", "c"], &[]),
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

/// An interactive shell in which the script was run; nobody waits for its prompt, since what is typed is not lost.
fn interactive(shell: &str, script: &str) -> Running {
    let built = capr().parent().unwrap().to_owned();
    let path = format!("{}:{}", built.display(), std::env::var("PATH").unwrap());
    let case = Case::new().recipe(RECIPE).shell(shell).terminal();
    let mut running = case.env("TERM", "xterm").env("PATH", path).start();
    running.send(&format!("{script}; echo rea''dy\r"));
    running.wait_for("ready\r\n");
    running
}

#[test]
fn real_bash_goes_on_behind_a_colon_and_an_equals_sign() {
    let mut bash = interactive("bash --norc --noprofile -i", "eval \"$(capr completions bash)\"");
    bash.send("capr recipe.rhai web:\t\t");
    bash.wait_for("disable  enable");
    bash.send("e\t\r");
    bash.wait_for("enabled\r\n");
    bash.send("echo capr-recipe; capr recipe.rhai deploy:resta\t -n --color=ne\t HOSTS=app1,\t\r");
    bash.wait_for("deploy:restart  -n --color=never  HOSTS=app1,app2 ");
    bash.send("capr recipe.rhai ROL\ta\t web:enable\r");
    bash.wait_for("ROLES=app  web:enable");
    bash.send("exit\r");
    bash.finish();
}

#[test]
fn real_zsh_goes_on_behind_a_colon_and_an_equals_sign() {
    let begin = "autoload -Uz compinit; compinit -u -D; eval \"$(capr completions zsh)\"";
    let mut zsh = interactive("zsh -f -i", begin);
    zsh.send("capr recipe.rhai web:en\t\r");
    zsh.wait_for("enabled\r\n");
    zsh.send("print = capr recipe.rhai ROL\tapp\r");
    zsh.send("capr recipe.rhai HOSTS=app1,\t\t");
    zsh.wait_for("app1,app2");
    zsh.send("\rexit\r");
    zsh.finish();
}

#[test]
fn real_fish_goes_on_behind_a_colon_and_an_equals_sign() {
    let built = capr().parent().unwrap().to_owned();
    let path = format!("{}:{}", built.display(), std::env::var("PATH").unwrap());
    for (typed, offers) in [
        ("web:", "web:disable\nweb:enable\n"),
        ("HOSTS=app1,", "HOSTS=app1,app2\n"),
        ("ROLES=", "ROLES=app\n"),
        (
            "deploy:resta",
            "deploy:restart\tRestart the application on the current release.\n",
        ),
    ] {
        let line = format!("fish -c 'capr completions fish | source; complete -C \"capr recipe.rhai {typed}\"'");
        let case = Case::new().recipe(RECIPE).shell(&line).env("PATH", &path);
        assert_eq!(case.run().ok().stdout, offers, "{typed}");
    }
}
