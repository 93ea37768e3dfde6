//! `capr init`, and what becomes of a standard output that takes nothing.

use std::process::{Command, Stdio};

use insta::assert_snapshot;

use crate::deadline::LimitedCommand;
use crate::fleet::place::capr;
use crate::harness::Case;

#[test]
fn l14_init_makes_a_project_whose_recipe_passes_the_check() {
    let finished = Case::new().args(["init"]).run().ok();
    assert_snapshot!(finished.stdout, @r"
    [add] Caprfile
    [add] config/deploy.rhai
    [done] next:
      1. say in config/deploy.rhai what is deployed, and to which servers
      2. capr check        finds what is wrong in it; no server is asked
         capr deploy -n    shows what a deploy would do
      3. capr setup        makes the directories on the servers
         capr cold_deploy  deploys for the first time; capr deploy from then on
    capr -T lists the tasks, capr -e TASK tells more of one.
    ");
    let case = Case::new()
        .file("Caprfile", &finished.file("Caprfile"))
        .file("config/deploy.rhai", &finished.file("config/deploy.rhai"));
    case.args(["check"]).run().ok().says("nothing wrong found");
    // What stands there as a comment can be taken as it is.
    let recipe = finished.file("config/deploy.rhai");
    let taken: String = recipe
        .lines()
        .map(|line| match line.strip_prefix("// ") {
            Some(code) if code.starts_with("  ") || code.ends_with(['{', '}', ';']) || code.starts_with("set ") => code,
            _ => line,
        })
        .map(|line| format!("{line}\n"))
        .collect();
    assert!(
        taken.contains("\nset :user") && taken.contains("\nnamespace :deploy {"),
        "{taken}"
    );
    let case = || {
        let case = Case::new().file("Caprfile", &finished.file("Caprfile"));
        case.file("config/deploy.rhai", &taken)
    };
    case().args(["check"]).run().ok().says("nothing wrong found");
    // The steps that are named are tasks.
    for task in ["setup", "cold_deploy", "deploy"] {
        case().args(["-e", task]).run().ok();
    }
}

#[test]
fn l14_init_leaves_what_is_there_and_refuses_a_bad_directory() {
    let finished = Case::new()
        .file("app/Caprfile", "// mine")
        .args(["init", "app"])
        .run()
        .ok()
        .says("[skip] Caprfile is there already\n[add] config/deploy.rhai\n");
    assert_eq!(finished.file("app/Caprfile"), "// mine");
    assert!(finished.path("app/config/deploy.rhai").is_file());
    for (arguments, code, error) in [
        (&["init", "nowhere"][..], 1, "error: there is no directory nowhere\n"),
        (&["init", "file"], 1, "error: file is no directory\n"),
        (&["init", "a", "b"], 2, "error: init takes one directory at most\n"),
    ] {
        let finished = Case::new().file("file", "").args(arguments).run().code(code);
        assert_eq!((finished.stdout.as_str(), finished.stderr.as_str()), ("", error));
    }
}

#[test]
fn what_does_not_reach_standard_output_is_an_error() {
    let case = Case::new().file("deploy.rhai", "task :t { puts \"x\"; }");
    for (arguments, code) in [("-T", 1), ("-h", 1), ("vars", 1), ("t", 1), ("-T nothing_like_it", 1)] {
        let output = Command::new("sh")
            .args(["-c", &format!("\"$0\" {arguments} > /dev/full")])
            .arg(capr())
            .current_dir(case.path(""))
            .stdout(Stdio::null())
            .limited_output();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments}: {stderr}");
        let says = stderr.contains("error: cannot write to standard output: no space left on device");
        assert_eq!(says, arguments != "-T nothing_like_it", "{arguments}: {stderr}");
    }
}

#[test]
fn l3_the_systems_file_is_the_one_that_the_environment_names() {
    let case = || {
        let case = Case::new().file("etc.rhai", "set :from, \"the system\";");
        case.recipe("task :t { puts fetch(:from, \"nowhere\"); }")
            .args(["t"])
            .env("CAPR_SYSTEM_FILE", "etc.rhai")
    };
    assert_eq!(case().run().ok().stdout, "the system\n");
    assert_eq!(case().args(["-X"]).run().ok().stdout, "nowhere\n");
}
