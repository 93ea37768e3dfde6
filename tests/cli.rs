//! The command line, on recipes that need no server.

use insta::assert_snapshot;
use regex::Regex;
use rustix::process::Signal;

use crate::deadline::LimitedCommand;
use crate::fleet::place::capr;
use crate::harness::Case;

const RECIPE: &str = r#"
role :app, "app1.example.com", "app2.example.com";
set :password, "swordfish";
set :a, fetch(:a, "unset");
set :early, `early ${a}`;
set :late { `late ${a}` };

desc "Wobbles the listeners, as wobble.txt says. Each is awaited.";
task :wobble, :roles => :app {
    run "wobble now";
}

desc "[internal] Shows what it was given.";
task :look {
    puts `${early}, ${late}, FOO=${ENV["FOO"] ?? ""}`;
}

task :kind { puts `${type_of(fetch(:n))} ${fetch(:n)}`; }

task :say {
    warn "important";
    info "info";
    debug "debug";
}

task :typo {
    transaction {
        puts aplication;
    }
}
"#;

#[test]
fn l1_no_arguments_show_the_usage_and_are_a_usage_error() {
    let finished = Case::new().run().code(2);
    assert_eq!(finished.stdout, "");
    let begin =
        "Runs tasks on many servers over SSH and deploys applications\n\nCommands:\n  capr [RECIPE] [STAGE] TASK...";
    assert!(finished.stderr.starts_with(begin), "{}", finished.stderr);
}

#[test]
fn l9_the_version_and_the_help_are_data() {
    let finished = Case::new().args(["-V"]).run().ok();
    assert_eq!(
        (finished.stdout.as_str(), finished.stderr.as_str()),
        ("capr 0.1.0\n", "")
    );
    let finished = Case::new().args(["-h"]).run().ok();
    assert_eq!(finished.stderr, "");
    for said in [
        "capr init [DIR]",
        "HOSTS=app1,app2",
        "HOSTROLEFILTER=",
        "CAPR_TRUST",
        "Exit codes: 0 done",
    ] {
        assert!(finished.stdout.contains(said), "{said}");
    }
    // Nothing is promised that nobody does.
    assert!(!finished.stdout.contains("6 another"));
    let same = |arguments: &[&str]| Case::new().args(arguments).run().ok().stdout;
    assert_eq!(same(&["help"]), finished.stdout);
    assert_eq!(same(&["version"]), "capr 0.1.0\n");
    for arguments in [&["init", "--help"][..], &["init", "-h"], &["help", "init"]] {
        assert!(
            same(arguments).starts_with("Usage: capr init [DIR] [OPTIONS]\n"),
            "{arguments:?}"
        );
    }
    for arguments in [&["help", "chekc"][..], &["help", "a", "b"], &["version", "1"]] {
        Case::new().args(arguments).run().code(2);
    }
    let unknown = Case::new().args(["help", "chekc"]).run();
    unknown
        .says("there is no command, topic, verb or function `chekc'")
        .says("did you mean `check'?");
}

#[test]
fn where_no_recipe_is_found_the_error_says_how_one_is_made() {
    Case::new()
        .args(["deploy"])
        .run()
        .code(2)
        .says("or make one: capr init");
}

#[test]
fn l10_what_makes_no_sense_is_one_error_and_exit_code_2() {
    for (arguments, error) in [
        (&["deploy"][..], "error: no recipe was found\n"),
        (&["missing.rhai", "deploy"], "error: there is no recipe missing.rhai\n"),
        (
            &["-s", "x", "deploy"],
            "error: -s takes name=value, and the name or the `=' is missing\n",
        ),
        (&["--no-such"], "error: unexpected argument '--no-such' found\n"),
        (
            &["-l", "no/such/log", "deploy"],
            "error: cannot write the log no/such/log: No such file or directory",
        ),
    ] {
        let finished = Case::new().args(arguments).run().code(2);
        assert!(finished.stderr.starts_with(error), "{}", finished.stderr);
        assert_eq!(finished.stdout, "");
    }
    let finished = Case::new().recipe(RECIPE).run().code(2);
    assert_eq!(finished.stderr, "error: no task was named\nhelp: -T lists the tasks\n");
}

#[test]
fn l6_tasks_are_listed_with_their_first_sentence_and_hidden_ones_with_v() {
    let list = |arguments: &[&str]| Case::new().recipe(RECIPE).args(arguments).run();
    let wobble = "capr wobble   # Wobbles the listeners, as wobble.txt says.\n";
    assert_eq!(list(&["-T", "wobble"]).ok().stdout, wobble);
    assert_eq!(list(&["-tT", "wob*"]).ok().stdout, "capr wobble\n");
    let hidden = list(&["-vT", "look"]).ok();
    assert_eq!(hidden.stdout, "capr look   # [internal] Shows what it was given.\n");
    let none = list(&["-T", "look"]).code(1);
    assert_eq!(none.stdout, "");
    assert_snapshot!(none.stderr, @r"
    error: no task matches `look'
    help: -v also lists tasks without a description
    ");
}

#[test]
fn l8_a_description_is_shown_whole_or_said_to_be_missing() {
    let explain = |task: &str| Case::new().recipe(RECIPE).args(["-e", task]).run();
    assert_snapshot!(explain("wobble").ok().stdout, @r"
    --------------------------------------------------------------------------------
    capr wobble
    --------------------------------------------------------------------------------
    Wobbles the listeners, as wobble.txt says. Each is awaited.
    ");
    explain("kind").ok().says("There is no description for this task.");
    explain("wobbl").code(2).says("wobble'");
}

#[test]
fn t17_all_unknown_tasks_are_refused_before_anything_runs() {
    let finished = Case::new()
        .recipe(RECIPE)
        .args(["look", "wobbl", "kindd"])
        .run()
        .code(2);
    assert_eq!(finished.stdout, "");
    assert_snapshot!(finished.stderr, @r"
    error: the task `wobbl' does not exist
    help: did you mean `wobble'?
    error: the task `kindd' does not exist
    help: did you mean `kind'?
    ");
}

#[test]
fn a_command_of_nothing_is_a_usage_error() {
    for command in [&[][..], &[""], &[" ", "\t"]] {
        let case = Case::new().file("deploy.rhai", "role :app, \"a\";").args(["run", "--"]);
        let finished = case.args(command).run().code(2);
        finished.says("error: run takes a command behind `--': capr run -- uptime");
    }
}

#[test]
fn v14_a_variable_is_set_before_or_after_the_recipe_is_loaded() {
    for (arguments, shown) in [
        (&[][..], "early unset, late unset, FOO=\n"),
        (&["-S", "a=1"], "early 1, late 1, FOO=\n"),
        (&["-s", "a=1"], "early unset, late 1, FOO=\n"),
    ] {
        let finished = Case::new().recipe(RECIPE).args(["look"]).args(arguments).run().ok();
        assert_eq!(finished.stdout, shown, "{arguments:?}");
    }
}

#[test]
fn v15_a_value_of_the_command_line_has_the_type_it_looks_like() {
    for (value, shown) in [
        ("12", "i64 12\n"),
        ("1.5", "f64 1.5\n"),
        ("true", "bool true\n"),
        ("false", "bool false\n"),
        ("\"12\"", "string 12\n"),
        ("a=b", "string a=b\n"),
    ] {
        let value = format!("n={value}");
        let finished = Case::new().recipe(RECIPE).args(["kind", "-s", &value]).run().ok();
        assert_eq!(finished.stdout, shown, "{value}");
    }
}

#[test]
fn who_deploys_is_known_where_the_environment_does_not_say_it() {
    Case::new()
        .file("Caprfile", "task :t { puts person; }")
        .shell("test \"$(env -u USER -u LOGNAME capr t)\" = \"$(id -un)\"")
        .run()
        .ok();
}

#[test]
fn v17_name_and_value_land_in_the_environment_and_are_no_task() {
    let finished = Case::new().recipe(RECIPE).args(["FOO=bar=1", "look"]).run().ok();
    assert_eq!(finished.stdout, "early unset, late unset, FOO=bar=1\n");
}

#[test]
fn o1_a_dry_run_shows_each_command_with_its_servers_in_capistranos_form() {
    let finished = Case::new().recipe(RECIPE).args(["-n", "wobble"]).run().ok();
    assert_eq!(finished.stdout, "");
    assert_snapshot!(finished.redacted(), @r#"
    $ capr -n wobble
    --- exit status: 0
    --- stdout

    --- stderr
      * executing `wobble'
      * executing "wobble now"
        servers: ["app1.example.com", "app2.example.com"]
     ** done, nothing was changed (dry run): 1 task, 1 command on 2 servers in [time]

    ---
    "#);
}

#[test]
fn o3_l4_q_and_v_choose_what_is_shown() {
    let say = |arguments: &[&str]| {
        let case = Case::new().recipe(RECIPE).args(["say"]).args(arguments);
        let stderr = case.run().ok().stderr;
        let shown: Vec<&str> = stderr.lines().filter(|line| !line.contains("done: ")).collect();
        shown.join("\n")
    };
    assert_eq!(say(&["-q"]), "*** important");
    assert_eq!(say(&[]), "  * executing `say'\n*** important\n ** info");
    let all = "  * executing `say'\n*** important\n ** info\n  * debug";
    for verbose in ["-v", "-vv", "-vvv"] {
        assert_eq!(say(&[verbose]), all);
    }
}

#[test]
fn a_circle_of_tasks_prints_its_error_and_no_turns() {
    let recipe = r#"
        task :a { invoke "b" + ""; }
        before :b { info "hook" + ""; }
        task :b { if ENV["SAY"] == "yes" { info "said"; } invoke "a" + ""; }
        task :down { let left = fetch(:left, 3); set :left, left - 1; if left > 0 { invoke "down"; } }
    "#;
    let run = |recipe: &str, task: &str| Case::new().recipe(recipe).args([task]).run();
    let silent = recipe.replace("before :b", "task :unused");
    let told = run(&silent, "a")
        .code(3)
        .says("tasks are nested more than 50 deep: a → b → a")
        .stderr;
    assert_eq!(told.matches("executing `").count(), 2, "{told}");
    assert!(told.contains("failed: 2 tasks"), "{told}");
    // What was done in each turn is told.
    let told = run(recipe, "a").code(3).stderr;
    assert_eq!(told.matches(" ** hook").count(), 25, "{told}");
    // A task that calls itself and comes to an end is no circle.
    let told = run(recipe, "down").ok().stderr;
    assert_eq!(told.matches("executing `down'").count(), 4, "{told}");
}

#[test]
fn o4_there_is_no_colour_where_there_is_no_terminal() {
    let run = |arguments: &[&str]| Case::new().recipe(RECIPE).args(["typo"]).args(arguments);
    for format in ["pretty", "plain", "json"] {
        run(&["--log-format", format]).run().code(3).silent_on("\u{1b}");
        let forced = run(&["--log-format", format])
            .env("CLICOLOR_FORCE", "1")
            .env("NO_COLOR", "1");
        forced.run().code(3).silent_on("\u{1b}");
    }
    run(&["--color=always"]).run().code(3).says("\u{1b}[");
}

#[test]
fn l10_b21_an_error_in_a_recipe_shows_its_place_and_no_value() {
    let finished = Case::new()
        .recipe(RECIPE)
        .args(["typo", "--no-check"])
        .run()
        .code(3)
        .silent_on("swordfish");
    assert_snapshot!(finished.redacted(), @r"
    $ capr typo --no-check
    --- exit status: 3
    --- stdout

    --- stderr
      * executing `typo'
     ** transaction: start
    *** [transaction start] transaction: rollback
     ** transaction: nothing to roll back
    error: unknown variable or task `aplication'
      --> recipe.rhai:28:14
       |
    28 |         puts aplication;
       |              ^^^^^^^^^^ not known
    task: typo
    help: did you mean `application'?
    *** failed: 1 task, 0 commands in [time]

    ---
    ");
}

#[test]
fn l13_a_log_is_appended_to() {
    let log = |arguments: &[&str]| {
        let case = Case::new().recipe(RECIPE).file("run.log", "before\n");
        case.args(["say", "-l", "run.log"])
            .args(arguments)
            .run()
            .ok()
            .file("run.log")
    };
    let stamp = Regex::new(r"(?m)^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00 ").unwrap();
    for arguments in [&["--log-format=json"][..], &["--log-format=pretty"], &["-q"], &[]] {
        let log = log(arguments);
        assert_eq!(stamp.find_iter(&log).count(), 4, "{log}");
        let log = stamp.replace_all(&log, "");
        assert!(
            log.starts_with("before\n  * executing `say'\n*** important\n ** info\n ** done: "),
            "{log}"
        );
    }
}

#[test]
fn b5_a_stop_request_ends_a_local_command_and_is_rolled_back() {
    let recipe = r#"
        task :slow {
            transaction {
                on_rollback { run_locally "echo undone > undone"; }
                run_locally "echo begun > begun; sleep 60; echo late > late";
            }
        }
    "#;
    for (signal, code) in [(Signal::TERM, 143), (Signal::INT, 130), (Signal::HUP, 129)] {
        let mut running = Case::new().recipe(recipe).args(["slow"]).start();
        running.wait_for("executing locally");
        running.signal(signal);
        let finished = running.finish().code(code);
        assert_eq!(finished.file("undone"), "undone\n");
        assert!(!finished.path("late").exists());
        let closing = finished.stderr.lines().last().unwrap_or_default();
        assert!(closing.starts_with("*** failed, rolled back: "), "{closing}");
        assert!(!finished.stderr.contains("also failed"), "{}", finished.stderr);
    }
}

#[test]
fn a_reader_that_has_seen_enough_does_no_harm() {
    let recipe = "task :count { for i in 0..5000 { puts i; } }";
    let case = Case::new().recipe(recipe);
    let output = std::process::Command::new("sh")
        .args(["-c", "\"$0\" recipe.rhai count | head -1"])
        .arg(capr())
        .current_dir(case.path(""))
        .limited_output();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "0\n");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("done: ") && !stderr.contains("panicked"), "{stderr}");
}
