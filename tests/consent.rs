//! Questions before tasks run: `:confirm`, and stages that are protected.

use crate::harness::{Case, Finished};

const RECIPE: &str = r#"
task :drop, :confirm => "Drop the database of ${application}?" { run_locally "touch dropped"; }
task :reset { run_locally "touch reset"; drop; }
task :plain, :confirm => true { puts "ran"; }
task :computed { let name = "dr" + "op"; invoke name; }
task :free { puts "free"; }
"#;

fn case() -> Case {
    Case::new().file("r.rhai", &RECIPE.replace("${application}", "shop"))
}

fn run(arguments: &[&str]) -> Finished {
    case().args(arguments).run()
}

#[test]
fn a_task_that_wants_to_be_confirmed_is_refused_where_nobody_can_be_asked_and_nothing_was_done() {
    let refused = run(&["r.rhai", "reset"]).code(2);
    assert!(!refused.path("reset").exists() && !refused.path("dropped").exists());
    refused
        .says("the task `drop' wants to be confirmed, and nobody can be asked")
        .says("it asks: drop: Drop the database of shop?")
        .says("-y says yes to all such questions");
    let done = run(&["r.rhai", "reset", "-y"]).ok();
    assert!(done.path("dropped").exists());
    // A name that is computed is met only when its turn comes.
    run(&["r.rhai", "computed"]).code(2).says("wants to be confirmed");
    run(&["r.rhai", "reset", "-n"]).ok();
    run(&["r.rhai", "free"]).ok();
    run(&["tree", "r.rhai", "plain"]).ok().says("plain  (confirm)");
}

#[test]
fn a_person_is_asked_before_anything_is_done() {
    let mut asked = case().args(["r.rhai", "reset"]).terminal().start();
    asked.answer("drop: Drop the database of shop? [y/N] ", "no");
    let refused = asked.finish().code(1).says("the task `drop' was not confirmed");
    assert!(!refused.path("reset").exists());
    let mut asked = case().args(["r.rhai", "plain", "reset"]).terminal().start();
    asked.answer("Run plain? [y/N] ", "yes");
    asked.answer("drop: Drop the database of shop? [y/N] ", "y");
    let done = asked.finish().ok();
    assert!(done.path("reset").exists() && done.path("dropped").exists());
    // The error has a line of its own where the question was left with Ctrl-D.
    let mut asked = case().args(["r.rhai", "plain"]).terminal().start();
    asked.wait_for("Run plain? [y/N] ");
    asked.send("\u{4}");
    asked.finish().code(1).says("[y/N] \r\nerror: no answer");
}

#[test]
fn a_protected_stage_wants_its_name() {
    let staged = || {
        case()
            .file("config/deploy/production.rhai", "set :protected, true;")
            .file("config/deploy/staging.rhai", "")
    };
    staged().args(["r.rhai", "staging", "free"]).run().ok();
    let refused = staged().args(["r.rhai", "production", "reset", "-y"]).run().code(2);
    assert!(!refused.path("reset").exists());
    refused
        .says("the stage `production' is protected, and nobody can be asked for its name; nothing was done")
        .says("say it: --confirm production");
    let wrong = staged()
        .args(["r.rhai", "production", "free", "--confirm", "staging"])
        .run();
    wrong.code(2).says("another name was given");
    staged()
        .args(["r.rhai", "production", "free", "--confirm=production"])
        .run()
        .ok();
    staged().args(["r.rhai", "production", "free", "-n"]).run().ok();
    staged()
        .args(["run", "r.rhai", "production", "--", "uptime"])
        .run()
        .code(2)
        .says("protected");
    let mut asked = staged().args(["r.rhai", "production", "free"]).terminal().start();
    asked.answer("The stage production is protected. Its name, to go on: ", "production");
    asked.finish().ok();
    let alone = Case::new().file(
        "r.rhai",
        "set :application, \"shop\"; set :protected, true; task :t { puts \"ran\"; }",
    );
    alone.args(["r.rhai", "t", "--confirm", "shop"]).run().ok();
}

#[test]
fn what_is_no_question_is_an_error_at_its_place() {
    let wrong = Case::new().file("r.rhai", "task :t, :confirm => 5 { puts \"ran\"; }");
    wrong
        .args(["r.rhai", "t"])
        .run()
        .code(3)
        .says("`confirm' is a question, true or false")
        .says("r.rhai:1");
    let nameless = Case::new().file("r.rhai", "set :protected, true; task :t { puts \"ran\"; }");
    nameless
        .args(["r.rhai", "t"])
        .run()
        .code(3)
        .says("the recipe is protected, but has neither a stage nor an application")
        .says("set :application");
}
