//! `capr port`: recipes of Capistrano are carried over, pass the check and do the same.

use std::fs;
use std::path::Path;

use crate::fleet::Fleet;
use crate::fleet::place::checkout;
use crate::harness::{Case, Finished};

const PROJECT: &[&str] = &[
    "Capfile",
    "config/deploy.rb",
    "config/deploy/production.rb",
    "config/deploy/staging.rb",
    "lib/capistrano/tasks/wiki.rake",
];

fn ruby(name: &str) -> String {
    fs::read_to_string(checkout().join("tests/port").join(name)).unwrap()
}

/// A recipe of its own, carried over.
fn ported(name: &str) -> Finished {
    Case::new()
        .file("config/deploy.rb", &ruby(name))
        .args(["port", "config/deploy.rb"])
        .run()
}

/// The report and the recipe; all that the check may tell are the notes in the recipe.
#[track_caller]
fn carried_over(name: &str, code: i32) -> String {
    let finished = ported(name).code(code);
    let recipe = finished.file("config/deploy.rhai");
    let checked = Case::new()
        .file("deploy.rhai", &recipe)
        .args(["check", "deploy.rhai"])
        .run()
        .ok();
    let told: Vec<&str> = checked
        .stderr
        .lines()
        .filter_map(|line| line.strip_prefix("warning: "))
        .collect();
    let notes = recipe
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("// PORT "));
    let notes: Vec<String> = notes
        .filter_map(|note| note.split_once("): "))
        .filter(|(kind, _)| !kind.ends_with("(fails in Capistrano too"))
        .map(|(_, reason)| format!("`capr port' could not carry this over: {reason}"))
        .collect();
    assert_eq!(told, notes, "{}\n{recipe}", checked.stderr);
    format!("{}\n{recipe}", finished.stdout)
}

#[track_caller]
fn snapshot(name: &str, text: &str) {
    insta::with_settings!({snapshot_path => "port", prepend_module_to_snapshot => false, omit_expression => true}, {
        insta::assert_snapshot!(name, text);
    });
}

#[test]
fn a_recipe_of_capistrano_1_is_carried_over() {
    snapshot("rails1", &carried_over("rails1.rb", 0));
}

#[test]
fn a_recipe_of_capistrano_2_is_carried_over() {
    snapshot("rails2", &carried_over("rails2.rb", 0));
}

#[test]
fn a_recipe_of_capistrano_3_is_carried_over() {
    snapshot("cap3", &carried_over("cap3.rb", 0));
}

#[test]
fn what_is_hard_to_carry_over_is_carried_over_or_stays_visible() {
    snapshot("nasty", &carried_over("nasty.rb", 1));
}

const GEM: &[(&str, &str)] = &[
    ("capistrano-lamp-1.2.0/LICENSE", "The MIT License\n"),
    (
        "capistrano-lamp-1.2.0/lib/capistrano/lamp.rb",
        "require 'capistrano/lamp/helpers'\nload File.expand_path('../tasks/lamp.rake', __FILE__)\n",
    ),
    (
        "capistrano-lamp-1.2.0/lib/capistrano/lamp/helpers.rb",
        "module Capistrano\n  module Lamp\n    def lamp_file(name)\n      \"#{shared_path}/#{name}.lamp\"\n    end\n  end\nend\nself.extend Capistrano::Lamp\n",
    ),
    (
        "capistrano-lamp-1.2.0/lib/capistrano/tasks/lamp.rake",
        "namespace :load do\n  task :defaults do\n    set :lamp_colour, 'white'\n    set :lamp_roles, -> { :app }\n  end\nend\n\
         namespace :lamp do\n  desc 'Turn it on'\n  task :on do\n    on roles(fetch(:lamp_roles)) do\n      execute :touch, lamp_file(fetch(:lamp_colour))\n    end\n  end\n\
         \n  task :dance do\n    Disco.start\n  end\n\n  after 'deploy:published', 'lamp:on'\nend\n",
    ),
];

fn with_gem(folder: &str) -> Case {
    let capfile = "require 'capistrano/setup'\nrequire 'capistrano/deploy'\nrequire 'capistrano/lamp'\n";
    let recipe = "set :application, 'shop'\nset :repo_url, 'https://example.com/shop.git'\nset :lamp_colour, 'red'\n\
                  server 'a.example.com', roles: %w[app]\n";
    let case = Case::new()
        .file("app/Capfile", capfile)
        .file("app/config/deploy.rb", recipe);
    GEM.iter()
        .fold(case, |case, (file, text)| case.file(&format!("{folder}/{file}"), text))
}

#[test]
fn a_library_of_a_gem_comes_along_and_only_the_tasks_that_are_called_need_a_hand() {
    let finished = with_gem("gems").args(["port", "app", "--gems", "gems"]).run().ok();
    let report = &finished.stdout;
    assert!(
        report.contains("from gem capistrano-lamp 1.2.0: lib/capistrano/tasks/lamp.rake\n"),
        "{report}"
    );
    assert!(
        report.contains("nothing needs a hand\nin tasks of gems that nothing here calls: 1 place"),
        "{report}"
    );
    let recipe = finished.file("app/lib/gems/capistrano-lamp/lib/capistrano/tasks/lamp.rhai");
    let head = "// From the gem capistrano-lamp 1.2.0: lib/capistrano/tasks/lamp.rake\n// Licence of the gem: The MIT License\n";
    assert!(recipe.starts_with(head), "{recipe}");
    let files = [
        "Caprfile",
        "config/deploy.rhai",
        "lib/gems/capistrano-lamp/lib/capistrano/lamp.rhai",
    ];
    let case = files.iter().fold(Case::new(), |case, file| {
        case.file(file, &finished.file(&format!("app/{file}")))
    });
    let case = case.file("lib/gems/capistrano-lamp/lib/capistrano/tasks/lamp.rhai", &recipe);
    let run = case.args(["-n", "lamp:on"]).run().ok();
    assert!(run.stderr.contains("shared/red.lamp"), "{}", run.stderr);
}

#[test]
fn a_gem_that_is_locked_and_not_installed_is_named() {
    let case = with_gem("elsewhere").file("app/Gemfile.lock", "GEM\n  specs:\n    capistrano-lamp (1.2.0)\n");
    let finished = case.args(["port", "app", "--check"]).run().code(1);
    let wanted = "`bundle install` brings capistrano-lamp 1.2.0, or --gems names its directory";
    assert!(finished.stdout.contains(wanted), "{}", finished.stdout);
}

#[test]
fn a_directory_of_gems_that_is_not_there_is_an_error() {
    let finished = with_gem("gems")
        .args(["port", "app", "--gems", "nowhere"])
        .run()
        .code(1);
    assert!(finished.stderr.contains("cannot read"), "{}", finished.stderr);
}

fn project() -> Case {
    PROJECT.iter().fold(Case::new(), |case, file| {
        case.file(file, &ruby(&format!("project/{file}")))
    })
}

#[test]
fn a_project_with_stages_and_task_files_is_carried_over() {
    let finished = project().args(["port", "."]).run().ok();
    let mut text = finished.stdout.clone();
    let mut case = Case::new();
    for file in [
        "Caprfile",
        "config/deploy.rhai",
        "config/deploy/production.rhai",
        "config/deploy/staging.rhai",
        "lib/capistrano/tasks/wiki.rhai",
    ] {
        text.push_str(&format!("\n--- {file}\n{}", finished.file(file)));
        case = case.file(file, &finished.file(file));
    }
    let checked = case.args(["check"]).run().ok();
    assert_eq!(checked.stdout, "nothing wrong found\n", "{}\n{text}", checked.stderr);
    snapshot("project", &text);
}

#[test]
fn a_stage_with_the_name_of_a_command_is_reached_by_the_recipe_before_it() {
    let finished = Case::new()
        .file("Capfile", "require 'capistrano/setup'\nrequire 'capistrano/deploy'\n")
        .file("config/deploy.rb", "set :application, 'x'\n")
        .file("config/deploy/test.rb", "server 'a', roles: %w[app]\n")
        .shell("capr port . && capr Caprfile test -T deploy:check; capr test deploy")
        .run()
        .code(2)
        .says("the stage `test` has the name of a command of capr: name the recipe before it, `capr Caprfile test deploy`")
        .says("capr deploy:check");
    let hint = "help: tasks of a stage called `test': name the recipe first, capr Caprfile test deploy";
    assert!(finished.stderr.contains(hint), "{}", finished.stderr);
}

#[test]
fn a_recipe_that_is_there_already_stays() {
    let case = || {
        Case::new()
            .file("deploy.rb", "set :application, 'x'\nrole :app, 'a'\n")
            .file("deploy.rhai", "// mine\n")
    };
    let finished = case()
        .args(["port", "deploy.rb"])
        .run()
        .code(2)
        .says("deploy.rhai is there already");
    assert_eq!(finished.file("deploy.rhai"), "// mine\n");
    let finished = case().args(["port", "deploy.rb", "--check"]).run().ok();
    assert_eq!(finished.file("deploy.rhai"), "// mine\n");
    let finished = case().args(["port", "deploy.rb", "--out", "new/place"]).run().ok();
    assert_eq!(finished.file("deploy.rhai"), "// mine\n");
    assert!(finished.file("new/place/deploy.rhai").contains("role :app, \"a\";"));
    let finished = case().args(["port", "deploy.rb", "--force"]).run().ok();
    assert!(finished.file("deploy.rhai").contains("role :app, \"a\";"));
}

#[test]
fn nothing_is_written_outside_of_the_project_through_a_link_in_it() {
    for force in ["", " --force"] {
        let finished = Case::new()
            .file("out/deploy.rb", "set :application, 'x'\nrole :app, 'a'\n")
            .shell(&format!("mkdir app; ln -s ../out app/config; capr port app{force}"))
            .run()
            .code(1)
            .says("config is a link, and may lead elsewhere");
        assert_eq!(fs::read_dir(finished.path("out")).unwrap().count(), 1);
    }
}

#[test]
fn half_a_port_is_taken_away_again() {
    let finished = Case::new()
        .file("Capfile", "load 'deploy'\nload 'config/deploy'\n")
        .file("config/deploy.rb", "set :application, 'x'\nrole :app, 'a'\n")
        .file("out/config", "mine")
        .args(["port", ".", "--out", "out"])
        .run()
        .code(1)
        .says("cannot write");
    assert!(!finished.path("out/Caprfile").exists());
    assert_eq!(finished.file("out/config"), "mine");
}

#[test]
fn what_port_cannot_read_is_refused() {
    let case = |text: &str| Case::new().file("deploy.rb", text);
    case("x")
        .args(["port"])
        .run()
        .code(2)
        .says("port takes files or a directory");
    case("x").args(["port", "nowhere.rb"]).run().code(2).says("there is no");
    case("x")
        .args(["port", "deploy.rb", "--log", "/nowhere/x"])
        .run()
        .code(2);
    case("\0\u{1}\u{2}")
        .args(["port", "deploy.rb"])
        .run()
        .code(3)
        .says("is no Ruby");
    let prose = "1) Dear ops, end\nplease => deploy } this ] at once!\n".repeat(12);
    case(&prose)
        .args(["port", "deploy.rb"])
        .run()
        .code(3)
        .says("is no Ruby");
    case("x")
        .args(["check", "--force"])
        .run()
        .code(2)
        .says("belong to port");
    Case::new()
        .file("empty/x.txt", "")
        .args(["port", "empty"])
        .run()
        .code(2)
        .says("has no recipe");
}

#[test]
fn the_report_can_be_read_by_programs() {
    let case = Case::new().file(
        "deploy.rb",
        "set :application, 'x'\nrole :app, 'a'\ntask :t do\n  Foo.bar\nend\n",
    );
    let finished = case.args(["port", "deploy.rb", "--check", "--json"]).run().code(1);
    let report: serde_json::Value = serde_json::from_str(&finished.stdout).unwrap();
    assert_eq!(report["version"], 2);
    let note = &report["files"][0]["notes"][0];
    assert_eq!(
        (&note["line"], &note["kind"], &note["ruby"]),
        (&4.into(), &"code".into(), &"Foo.bar".into())
    );
    assert!(!Path::new("deploy.rhai").exists());
}

#[test]
fn a_task_ends_where_it_comes_to_a_note() {
    let fleet = Fleet::start(&["app1"]);
    let text = "role :app, 'app1'\ntask :t do\n  run 'touch /tmp/one'\n  Foo.bar\n  run 'touch /tmp/two'\nend\n";
    let finished = Case::new()
        .file("deploy.rb", text)
        .args(["port", "deploy.rb"])
        .run()
        .code(1);
    let recipe = finished.file("deploy.rhai");
    Case::new()
        .file("deploy.rhai", &recipe)
        .args(["deploy.rhai", "t"])
        .on(&fleet)
        .run()
        .code(1)
        .says("PORT 1: `Foo.bar`");
    assert!(fleet.exists("app1", "/tmp/one") && !fleet.exists("app1", "/tmp/two"));
}

/// Ports a fixture, runs a task of it on the fleet, and returns the recipe.
fn ported_and_run(fleet: &Fleet, fixture: &str, task: &str) -> String {
    let finished = Case::new()
        .file("deploy.rb", &ruby(fixture))
        .args(["port", "deploy.rb"])
        .run()
        .ok();
    let recipe = finished.file("deploy.rhai");
    Case::new()
        .file("deploy.rhai", &recipe)
        .args(["deploy.rhai", task])
        .on(fleet)
        .run()
        .ok();
    recipe
}

#[test]
fn what_was_carried_over_runs_on_servers() {
    let fleet = Fleet::start(&["app1", "app2"]);
    let recipe = ported_and_run(&fleet, "fleet2.rb", "two");
    let read = |path: &str| fleet.sh("app2", &format!("cat {path}"));
    assert_eq!(read("/tmp/file"), "one\ntwo three", "{recipe}");
    assert_eq!(read("/tmp/put"), "text: two three", "{recipe}");
    assert_eq!(read("/tmp/quoted"), "home $x y", "{recipe}");
    let made = fleet.sh("app1", "ls /tmp");
    assert!(made.contains("it's_a") && made.contains("it's_b"), "{made}");
}

#[test]
fn a_test_of_capistrano_3_is_asked_of_each_server() {
    let fleet = Fleet::start(&["app1", "app2"]);
    fleet.sh("app2", "touch /tmp/there");
    let recipe = ported_and_run(&fleet, "fleet3.rb", "three");
    let read = |name: &str| fleet.sh(name, "cat /tmp/answer /tmp/env");
    assert_eq!(read("app1"), "no\nSOME_NAME=value", "{recipe}");
    assert_eq!(read("app2"), "yes\nSOME_NAME=value", "{recipe}");
    assert!(fleet.exists("app1", "/tmp/made") && !fleet.exists("app2", "/tmp/made"));
}

#[test]
fn words_of_files_of_ruby_reach_the_report_without_escape_sequences() {
    let text = "set :application, \"x\"\nrequire \"\u{1b}[5mevil\"\nset :a\u{1b}]0;t\u{7}b, 1\n";
    let finished = Case::new()
        .file("deploy.rb", text)
        .args(["port", "--check", "deploy.rb"])
        .run()
        .code(1);
    assert!(finished.stdout.contains("evil"), "{:?}", finished.stdout);
    assert!(!finished.stdout.contains(['\u{1b}', '\u{7}']), "{:?}", finished.stdout);
}
