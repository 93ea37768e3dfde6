//! Stages: files in `config/deploy` that are loaded before the tasks run.

use crate::harness::Case;

const RECIPE: &str = r#"
set :branch, "main";
set :where { `${branch} on ${stage}` };
task :show { puts where; }
task :go, :roles => :app { run "true"; }
"#;

fn case() -> Case {
    Case::new()
        .file("deploy.rhai", RECIPE)
        .file(
            "config/deploy/production.rhai",
            "set :branch, \"stable\"; role :app, \"live1\";",
        )
        .file(
            "config/deploy/staging.rhai",
            "role :app, \"stage1\"; task :only_here { puts stage; }",
        )
        .args(["deploy.rhai"])
}

#[test]
fn l15_a_stage_before_the_tasks_is_loaded_and_lazy_variables_see_it() {
    assert_eq!(
        case().args(["production", "show"]).run().ok().stdout,
        "stable on production\n"
    );
    assert_eq!(case().args(["staging", "show"]).run().ok().stdout, "main on staging\n");
    assert_eq!(case().args(["staging", "only_here"]).run().ok().stdout, "staging\n");
    let servers = case().args(["staging", "go", "--servers"]).run().ok().stdout;
    assert_eq!(servers, "go: roles: app\n  stage1  app\n");
}

#[test]
fn a_file_beside_the_stages_that_the_recipe_itself_loads_is_none() {
    let case = || {
        Case::new()
            .file(
                "deploy.rhai",
                "load \"config/deploy/database.rhai\"; task :show { puts \"shown\"; }",
            )
            .file(
                "config/deploy/database.rhai",
                "namespace :db { task :setup { puts \"set up\"; } }",
            )
            .args(["deploy.rhai"])
    };
    assert_eq!(case().args(["show", "db:setup"]).run().ok().stdout, "shown\nset up\n");
    let staged = case().file("config/deploy/live.rhai", "role :app, \"live1\";");
    assert_eq!(staged.args(["live", "show"]).run().ok().stdout, "shown\n");
    Case::new()
        .file("deploy.rhai", "load \"config/deploy/database.rhai\";")
        .file("config/deploy/database.rhai", "task :one { puts 1; }")
        .args(["check", "deploy.rhai"])
        .run()
        .ok();
}

#[test]
fn a_server_that_is_this_machine_is_reached_without_ssh() {
    let recipe = "require \"locally\"; role :app, \"bob@localhost\";\n\
                  task :t, :roles => :app { run \"echo here >made\"; put \"sent\", \"put\"; puts capture(\"cat made put\"); }\n";
    let done = Case::new()
        .file("deploy.rhai", recipe)
        .args(["deploy.rhai", "t"])
        .run()
        .ok();
    assert_eq!(done.stdout, "here\nsent\n");
    assert_eq!(done.file("made"), "here\n");
}

#[test]
fn l15_without_a_stage_the_stages_are_listed() {
    let finished = case().args(["show"]).run().code(2);
    assert_eq!(
        finished.stderr,
        "error: no stage was named\nhelp: the stages are production, staging\nhelp: name one before the tasks, or set :default_stage\n"
    );
    case().args(["-T"]).run().ok();
}

#[test]
fn l15_a_slip_in_a_stage_is_told_as_one() {
    let meant = "help: did you mean the stage `staging'?\n";
    let told = |arguments: &[&str]| case().args(arguments).run().code(2).stderr;
    let no_stage = format!("error: there is no stage `stagin'\n{meant}");
    assert_eq!(told(&["stagin", "show"]), no_stage);
    assert_eq!(told(&["stagin", "show", "--servers"]), no_stage);
    assert!(told(&["stagin", "show", "-S", "default_stage=production"]).ends_with(meant));
    let first = "error: the task `check' does not exist\nhelp: the command `check' comes first: capr check …\n";
    assert_eq!(told(&["staging", "check"]), first);
    for option in [&["-T"][..], &["-e", "show"]] {
        let told = told(&[&["stagin"], option].concat());
        assert_eq!(
            told,
            format!("error: {} runs no tasks, but `stagin' was named\n{meant}", option[0])
        );
    }
}

#[test]
fn l15_lists_explanations_and_check_know_a_stage() {
    let described = "desc \"Only here.\"; task :only_here {} role :app, \"stage1\";";
    let case = || case().file("config/deploy/staging.rhai", described);
    let listed = case().args(["staging", "-T", "here"]).run().ok();
    assert_eq!(listed.stdout, "capr only_here   # Only here.\n");
    case()
        .args(["production", "-T", "here"])
        .run()
        .code(1)
        .says("no task matches `here'");
    case()
        .args(["staging", "-e", "only_here"])
        .run()
        .ok()
        .says("Only here.");
    case()
        .args(["-e", "only_here"])
        .run()
        .code(2)
        .says("the task `only_here' does not exist");

    let broken = |stage: &[&str]| {
        let check = Case::new().file("deploy.rhai", RECIPE);
        let check = check.file("config/deploy/production.rhai", "role :app, \"live1\";");
        let check = check.file("config/deploy/staging.rhai", "role :app, nope;");
        check.args(["check", "deploy.rhai"]).args(stage).run()
    };
    broken(&[]).code(3).says("config/deploy/staging.rhai");
    broken(&["staging"]).code(3);
    assert_eq!(broken(&["production"]).ok().stdout, "nothing wrong found\n");
    broken(&["show"])
        .code(2)
        .says("check runs no tasks, but `show' was named");
    broken(&["production", "show"])
        .code(2)
        .says("check runs no tasks, but `show' was named");
}

#[test]
fn v4_what_hosts_names_beside_the_recipe_is_told_by_servers_too() {
    let told = case().args(["staging", "go", "--servers", "HOSTS=stagge1"]).run().ok();
    told.says("HOSTS names `stagge1', which is not in the recipe");
}

#[test]
fn l15_the_default_stage_is_a_variable_and_so_is_the_stage() {
    for option in ["default_stage=staging", "stage=staging"] {
        assert_eq!(
            case().args(["show", "-S", option]).run().ok().stdout,
            "main on staging\n"
        );
    }
    let finished = case().args(["show", "-S", "default_stage=stagging"]).run().code(2);
    finished
        .says("error: there is no stage `stagging'")
        .says("did you mean `staging'?");
}

#[test]
fn l15_a_stage_called_like_a_task_is_refused() {
    let finished = case()
        .file("config/deploy/deploy.rhai", "")
        .args(["production", "show"])
        .run()
        .code(3);
    finished
        .says("error: the stage `deploy' has the name of a task")
        .says("help: rename the task, or the file config/deploy/deploy.rhai");
}

#[test]
fn l15_a_task_may_be_a_stage_where_there_are_no_files() {
    let recipe = "task :production { set :stage, \"production\"; } task :show { puts stage; }";
    let finished = Case::new().recipe(recipe).args(["production", "show"]).run().ok();
    assert_eq!(finished.stdout, "production\n");
}

#[test]
fn what_the_person_sets_holds_over_the_stage() {
    let finished = case().args(["production", "show", "-s", "branch=mine"]).run().ok();
    assert_eq!(finished.stdout, "mine on production\n");
}

#[test]
fn a_stage_alone_is_no_task_and_a_stages_error_names_its_file() {
    case()
        .args(["production"])
        .run()
        .code(2)
        .says("error: no task was named");
    case()
        .file("config/deploy/broken.rhai", "set :x 1;")
        .args(["broken", "show"])
        .run()
        .code(3)
        .says("config/deploy/broken.rhai:1:8");
}

#[test]
fn the_stages_of_config_deploy_rhai_stand_beside_it() {
    let finished = Case::new()
        .file("config/deploy.rhai", RECIPE)
        .file("config/deploy/production.rhai", "set :branch, \"stable\";")
        .args(["production", "show"])
        .run()
        .ok();
    assert_eq!(finished.stdout, "stable on production\n");
}

#[test]
fn check_knows_what_stages_set() {
    let checked = Case::new()
        .file(
            "deploy.rhai",
            "role :web, \"w\"; task :t, :roles => :app { puts domain; }",
        )
        .file("config/deploy/production.rhai", "set :domain, \"x\"; role :app, \"a\";")
        .args(["check", "deploy.rhai"])
        .run()
        .ok();
    assert_eq!(checked.stdout, "nothing wrong found\n");
}

#[test]
fn h9_a_hook_may_name_a_task_that_only_a_stage_defines() {
    let case = || {
        Case::new()
            .recipe("after :show, :notify;\ndesc \"Show\";\ntask :show { puts \"shown\"; }")
            .file("config/deploy/production.rhai", "task :notify { puts \"told\"; }")
            .file("config/deploy/staging.rhai", "set :x, 1;")
    };
    assert_eq!(case().args(["production", "show"]).run().ok().stdout, "shown\ntold\n");
    case().args(["-T"]).run().ok().says("Show");
    case().args(["staging", "show"]).run().code(3).says("the task `notify'");
}

#[test]
fn l15_what_differs_by_stage_stands_in_a_hook_that_runs_before_the_file_of_the_stage() {
    let recipe = r#"
set :size, "none";
on :stage {
  if stage == :staging { set :size, "small"; set :branch, "next"; task :only_staging { puts "here"; } }
}
set :line { `${size} ${branch}` }
task :show { puts line; }
"#;
    let case = || {
        Case::new()
            .file("deploy.rhai", recipe)
            .file("config/deploy/production.rhai", "set :branch, \"stable\";")
            .file("config/deploy/staging.rhai", "set :branch, `of ${size}`;")
            .args(["deploy.rhai"])
    };
    let shown = |stage: &str| case().args([stage, "show"]).run().ok().stdout;
    assert_eq!(
        (shown("staging"), shown("production")),
        ("small of small\n".to_owned(), "none stable\n".to_owned())
    );
    assert_eq!(case().args(["staging", "only_staging"]).run().ok().stdout, "here\n");
    let checked = case().args(["staging", "-e", "show"]).run().ok();
    assert_eq!(checked.stderr, "");
}

#[test]
fn a_check_of_all_stages_gives_each_what_the_recipe_has_set() {
    Case::new()
        .file(
            "config/deploy.rhai",
            "set :kept, [\"a\"]; role :app, \"app1\"; task :t { puts kept; }",
        )
        .file("config/deploy/one.rhai", "set :kept, \"none\"; set :own, 1;")
        .file(
            "config/deploy/two.rhai",
            "set :kept, kept.filter(|name| name != \"a\"); puts fetch(:own, 2);",
        )
        .args(["check"])
        .run()
        .ok()
        .says("nothing wrong found");
}
