//! Tests of the scripts that a deploy sends: each costs a round trip, so steps between which a recipe has nothing of its own share one.
//! And of what is told of a deploy that was stopped.

use super::{Case, recipe};
use crate::event::Event;
use crate::interrupt::Signal;
use crate::session::scripted::Answer;

const ASKED: &str = "# May the release be made?";
const ASKED_BOTH: &str = "# May the release be made? Which revision is that?";
const LOOKED_UP: &str = "# Which revision is that?";
const MADE: &str = "# Make the release";
const MADE_AND_LINKED: &str = "# Make the release. Link what is shared into the release";
const LINKED: &str = "# Link what is shared into the release";
const SWITCHED: &str = "# Make the release current";

/// Returns a recipe whose first server tells the revision `5ca1ab1e`.
fn shop(more: &str) -> Case {
    let text = format!(
        "set :application, \"shop\"; set :repository, \"/srv/code\"; set :scm, :git; set :dialect, 2;\n\
         set :release_name, \"20260101000001\"; role :app, \"a\", \"b\"; {more}"
    );
    let case = recipe(&text);
    for (part, answer) in [(LOOKED_UP, "5ca1ab1e\n"), (ASKED_BOTH, "revision\n5ca1ab1e\n")] {
        case.script.on("a", part, Answer::new().out(answer));
    }
    case
}

/// Returns the first lines of the scripts that a server gets beside those of the lock, which is taken in front of the first question.
fn scripts(host: &str, more: &str, task: &str) -> Vec<String> {
    let outcome = shop(&format!("set :restart_via, :none; {more}")).run(&[task]);
    assert!(outcome.result.is_ok(), "{more}: {:#?}", outcome.result);
    let lines = outcome.script.lines_on(host);
    let of_lock = |line: &str| line.starts_with("# ") && line.ends_with("the lock");
    let title = |script: &String| {
        let question = script.lines().find(|line| line.starts_with(ASKED));
        let first = script.lines().next().filter(|_| !script.lines().any(of_lock));
        question.or(first).map(str::to_owned)
    };
    lines.iter().filter_map(title).collect()
}

#[test]
fn a_deploy_without_anything_of_its_own_sends_three_scripts() {
    for task in ["deploy", "deploy:update"] {
        assert_eq!(
            scripts("a", "", task),
            [ASKED_BOTH, MADE_AND_LINKED, SWITCHED],
            "{task}"
        );
        assert_eq!(
            scripts("b", "", task),
            [ASKED_BOTH, MADE_AND_LINKED, SWITCHED],
            "{task}"
        );
    }
    // A hook after the last of the steps finds all of them done.
    let hook = "after \"deploy:finalize_update\" { run \"true\"; }";
    assert_eq!(
        scripts("a", hook, "deploy"),
        [ASKED_BOTH, MADE_AND_LINKED, "true", SWITCHED]
    );
}

#[test]
fn the_lock_waits_for_a_deploy_to_that_a_server_tells() {
    for dialect in [2, 3] {
        let case = shop(&format!(
            "set :dialect, {dialect}; set :deploy_to {{ `${{capture(\"pwd\")}}/shop` }} set :restart_via, :none;"
        ));
        case.script.on("a", "pwd", Answer::new().out("/home/deploy"));
        let outcome = case.run(&["deploy"]);
        assert!(outcome.result.is_ok(), "{dialect}: {:#?}", outcome.result);
        let lines = outcome.script.lines_on("a");
        let at = |part: &str| lines.iter().position(|line| line.contains(part));
        assert_eq!(at("pwd"), Some(0), "{dialect}");
        assert!(
            at("/home/deploy/shop/.capr").is_some_and(|at| at > 0),
            "{dialect}: {lines:#?}"
        );
    }
}

#[test]
fn a_hook_or_an_own_task_between_two_steps_keeps_them_apart() {
    let linked_later = [
        "before :finalize_update { run \"true\"; }",
        "task :before_finalize_update { run \"true\"; }",
    ];
    for hook in linked_later {
        assert_eq!(
            scripts("a", hook, "deploy"),
            [ASKED_BOTH, MADE, "true", LINKED, SWITCHED],
            "{hook}"
        );
    }
    let own = "namespace :deploy { task :finalize_update { run \"true\"; } }";
    assert_eq!(scripts("a", own, "deploy"), [ASKED_BOTH, MADE, "true", SWITCHED]);
    // What a recipe of Capistrano 2 does in its place need not let the group write.
    let all = |more: &str| {
        let outcome = shop(&format!("set :restart_via, :none; {more}")).run(&["deploy"]);
        outcome.script.lines_on("a").join("\n")
    };
    assert!(all(own).contains("\n( umask 022\n"), "{}", all(own));
    for part in ["mkdir -- ", "rm -f -- \"$release/REVISION\""] {
        assert!(all(own).contains(&format!("\n( umask 022\n{part}")), "{}", all(own));
    }
    assert!(!all("").contains("umask 022"));
    let shared = "after :set_permissions { run \"true\"; }";
    let apart = scripts("a", shared, "deploy");
    assert_eq!(apart.len(), 6, "{apart:?}");
    assert_eq!((&*apart[1], &*apart[3], &*apart[4]), (MADE, "true", LINKED));
}

#[test]
fn a_release_that_an_own_update_code_has_made_becomes_current() {
    let own = "set :restart_via, :none; namespace :deploy { task :update_code { run `mkdir ${release_path}`; } }";
    let outcome = shop(own).run(&["deploy"]);
    let all = outcome.script.lines_on("a").join("\n");
    assert!(all.contains("[ -d \"$release\" ] || {\n"), "{all}");
}

#[test]
fn libraries_of_capistrano_2_act_as_their_gems() {
    let all = |more: &str| {
        let outcome = shop(&format!(
            "set :restart_via, :none; role :db, \"a\", :primary => true; {more}"
        ))
        .env("GEM_HOME", "/home/me/.rvm/gems/ruby-3.3.0@shop")
        .run(&["deploy"]);
        assert!(outcome.result.is_ok(), "{more}: {:#?}", outcome.result);
        outcome.script.lines_on("a").join("\n")
    };
    let crontab = all("require \"whenever\";");
    assert!(
        crontab.contains("--roles=db") && !crontab.contains("HOSTROLES"),
        "{crontab}"
    );
    let several = all("require \"whenever\"; set :whenever_roles, [\"app\", \"db\"];");
    assert!(several.contains("grep -xF -e app -e db | paste -sd ,"), "{several}");
    let local = all("require \"rvm\"; set :rvm_ruby_string, \"local\";");
    assert!(local.contains("rvm-shell ruby-3.3.0@shop"), "{local}");
    let of_release = all("require \"rvm\"; set :rvm_ruby_string, \"release_path\"; set :rvm_type, \"/opt/rvm\";");
    assert!(of_release.contains("/opt/rvm/bin/rvm-shell --path "), "{of_release}");
}

#[test]
fn a_hook_that_may_set_another_branch_keeps_the_look_up_behind_it() {
    for hook in [
        "before \"deploy:update_code\" { set :branch, \"other\"; }",
        "after \"deploy:check\" { set :branch, \"other\"; }",
        "on :before, :only => \"deploy:updating\" { set :branch, \"other\"; }",
    ] {
        // Capistrano 2 asks nothing before what leads to the release.
        if !hook.contains("check") {
            let asked = scripts("a", hook, "deploy");
            assert_eq!(asked, [ASKED_BOTH, MADE_AND_LINKED, SWITCHED], "{hook}");
        }
        let asked = |host: &str| {
            scripts(
                host,
                &format!("set :dialect, 3; set :cleanup_after_deploy, false; {hook}"),
                "deploy",
            )
        };
        assert_eq!(asked("a"), [ASKED, LOOKED_UP, MADE_AND_LINKED, SWITCHED], "{hook}");
        assert_eq!(asked("b"), [ASKED, MADE_AND_LINKED, SWITCHED], "{hook}");
    }
    let known = "set :real_revision, \"5ca1ab1e\";";
    assert_eq!(scripts("a", known, "deploy"), [ASKED, MADE_AND_LINKED, SWITCHED]);
}

#[test]
fn what_is_live_is_told_when_the_restart_is_stopped() {
    let stopped = |more: &str, task: &str| {
        let case = shop(&format!(
            "set :restart_via, :command; set :restart_command, \"begin anew\"; {more}"
        ));
        let interrupt = case.interrupt.clone();
        let restart = Answer::new().calls(move || interrupt.raise(Signal::Int)).hangs();
        case.script.on("a", "begin anew", restart);
        let outcome = case.run(&[task]);
        let rolls_back = outcome
            .events
            .iter()
            .any(|event| matches!(event, Event::RollingBack { .. }));
        (outcome.error().hints.join("; "), rolls_back)
    };
    let (told, rolls_back) = stopped("", "deploy");
    let expected = "20260101000001 is current on a, b and stays, but the restart was broken off: see what it has left and do deploy:restart, \
                    or go back with rollback";
    assert!(told.ends_with(expected) && !rolls_back, "{told}");
    // Within the transaction it is undone, as after any failure.
    let (told, rolls_back) = stopped("set :restart_in_transaction, true;", "deploy");
    assert!(!told.contains("is current on") && rolls_back, "{told}");
}

#[test]
fn a_cold_deploy_waits_for_what_it_has_started_and_says_what_is_live_where_that_fails() {
    let more = "set :restart_via, :command; set :start_command, \"launch\"; set :wait_for, #{ command: \"bin/up\" };";
    let sent = scripts("a", more, "cold_deploy");
    assert_eq!(sent.last().map(String::as_str), Some("# Wait for bin/up"), "{sent:?}");
    let case = shop(more);
    case.script.on("a", "launch", Answer::new().exits(1));
    let told = case.run(&["cold_deploy"]).error().hints.join("; ");
    let expected = "20260101000001 is current on a, b and stays, but the start has failed: mend what it says and do deploy:start, or go back with \
                    rollback";
    assert!(told.contains(expected), "{told}");
}

#[test]
fn a_template_of_the_maintenance_page_knows_the_reason_and_the_deadline() {
    let text = "set(:maintenance_template_path) { join_path(dirname(recipe_file()), \"page.html\") } task :t { puts maintenance_page; }";
    let case = recipe(text).file("page.html", "{{ reason }}|{{ deadline }}");
    let printed = case
        .env("REASON", "new <disks>")
        .env("UNTIL", "4pm")
        .run(&["t"])
        .printed();
    assert_eq!(printed, ["new &lt;disks&gt;|4pm"]);
}
