//! `capr init`, and what becomes of a standard output that takes nothing.

use std::process::{Command, Stdio};

use insta::assert_snapshot;

use crate::deadline::LimitedCommand;
use crate::fleet::Fleet;
use crate::fleet::place::capr;
use crate::harness::Case;

#[test]
fn l14_init_makes_a_project_whose_recipe_passes_the_check() {
    let finished = Case::new().args(["init"]).run().ok();
    assert_snapshot!(finished.stdout, @r"
    [add] Caprfile
    [add] config/deploy.rhai
    [done] next:
      1. look through config/deploy.rhai: what is deployed, and to which servers
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

/// Programs that the servers of tests do not have: each tells how it was called.
const PROGRAMS: &str = r#"mkdir -p /srv/bin; cd /srv/bin
for program in npm composer bundle systemctl loginctl puma; do
  printf '#!/bin/sh\necho "%s $*" >> /tmp/calls\n' "$program" > "$program"
done
chmod +x *; touch /tmp/calls; chmod 666 /tmp/calls
printf 'Defaults secure_path=/srv/bin:/usr/bin:/bin\ndeploy ALL=(root) NOPASSWD: ALL\n' > /etc/sudoers.d/init
chmod 440 /etc/sudoers.d/init"#;

#[test]
fn init_writes_nothing_through_a_link_of_the_project() {
    let finished = Case::new()
        .file("out/mine", "")
        .shell("mkdir app; ln -s ../out app/config; capr init app </dev/null")
        .run()
        .code(1)
        .says("cannot write config/deploy.rhai: config is a link, and may lead elsewhere");
    assert_eq!(std::fs::read_dir(finished.path("out")).unwrap().count(), 1);
}

#[test]
fn what_init_writes_for_each_kind_is_set_up_and_deployed() {
    let fleet = Fleet::start(&["app1"]);
    fleet.sh("app1", PROGRAMS);
    fleet.git().commit("Gemfile", "").unwrap();
    fleet.configure("app1", "SetEnv PATH=/srv/bin:/usr/bin:/bin");
    let calls = || {
        let calls = fleet.read("app1", "/tmp/calls");
        fleet.sh("app1", ": > /tmp/calls");
        calls.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    for (kind, expected) in [
        ("static", &[][..]),
        (
            "node",
            &[
                "npm ci --omit=dev --no-audit --no-fund",
                "systemctl --user restart shop-node",
                "systemctl --user is-active --quiet -- shop-node",
            ],
        ),
        (
            "php",
            &["systemctl reload php-fpm", "systemctl is-active --quiet -- php-fpm"],
        ),
        (
            "rails",
            &[
                "bundle config set --local path /u/apps/shop-rails/shared/bundle",
                "bundle config set --local deployment true",
                "bundle config set --local without development:test",
                "bundle install --quiet",
                "bundle exec rake assets:precompile",
                "bundle exec rake db:migrate",
                "systemctl --user restart puma_shop-rails",
                "systemctl --user is-active --quiet -- puma_shop-rails",
            ],
        ),
        ("fastcgi", &[]),
    ] {
        let name = format!("shop-{kind}");
        let made = Case::new()
            .file(&format!("{name}/README"), "")
            .args([
                "init",
                &name,
                "--kind",
                kind,
                "--server",
                "app1",
                "--repository",
                &fleet.git().url,
            ])
            .run()
            .ok();
        let recipe = made.file(&format!("{name}/config/deploy.rhai"));
        let run = |arguments: &[&str]| {
            let case = Case::new().file("Caprfile", &made.file(&format!("{name}/Caprfile")));
            case.file("config/deploy.rhai", &recipe)
                .args(arguments)
                .on(&fleet)
                .run()
        };
        run(&["check"]).ok().says("nothing wrong found");
        run(&["setup"]).ok();
        calls();
        run(&["deploy"]).ok();
        // What is started in the background may take its time.
        fleet.sh(
            "app1",
            "n=0; until [ $n = 200 ] || ! pgrep -f '[/]srv/bin/bundle'; do n=$((n + 1)); sleep 0.05; done",
        );
        assert_eq!(calls(), expected, "{kind}");
        assert!(
            fleet.exists("app1", &format!("/u/apps/{name}/current/REVISION")),
            "{kind}"
        );
    }
}

#[test]
fn init_takes_the_libraries_of_what_lies_in_the_directory() {
    for (files, library) in [
        (&["index.php"][..], "// require \"composer\";"),
        (&["composer.json"], "require \"composer\";"),
        (&["composer.json", "artisan"], "require \"laravel\";"),
        (
            &["composer.json", "symfony.lock", "bin/console"],
            "require \"symfony\";",
        ),
    ] {
        let mut case = Case::new();
        for file in files {
            case = case.file(file, "{}");
        }
        let made = case.args(["init", "--server", "app1"]).run().ok();
        let recipe = made.file("config/deploy.rhai");
        assert!(recipe.contains(&format!("\n{library}\n")), "{files:?}: {recipe}");
        let case = Case::new().file("Caprfile", &made.file("Caprfile"));
        case.file("config/deploy.rhai", &recipe)
            .args(["check"])
            .run()
            .ok()
            .says("nothing wrong found");
    }
}

#[test]
fn init_asks_what_is_deployed_and_writes_the_stages() {
    let case = Case::new()
        .file("package.json", "{}")
        .file(".git/config", "[remote \"origin\"]\n\turl = x.git\n");
    let mut running = case.args(["init"]).terminal().start();
    running.answer("What is deployed? rails, node, php, static, fastcgi [node]: ", "cobol");
    running.answer("it can be rails, node, php, static, fastcgi", "");
    running.answer("Its repository [x.git]: ", "git@example.com:\"shop\".git");
    running.answer("separated by blanks (none): ", "staging production");
    running.answer("Servers of staging, separated by blanks: ", "test1");
    running.answer("Servers of production, separated by blanks: ", "app1 deploy@app2:2222");
    let told = running.finish().ok();
    for line in [
        "[add] config/deploy.rhai\r\n[add] config/deploy/staging.rhai\r\n[add] config/deploy/production.rhai\r\n",
        "     capr staging deploy -n    shows what a deploy would do\r\n",
        "  3. capr staging setup        makes the directories on the servers\r\n",
    ] {
        assert!(told.stdout.contains(line), "{}", told.stdout);
    }
    assert!(
        told.file("config/deploy.rhai")
            .contains(r#"set :repository, "git@example.com:\"shop\".git";"#)
    );
    assert!(
        told.file("config/deploy/production.rhai")
            .contains(r#"role :app, "app1", "deploy@app2:2222";"#)
    );
    let mut case = Case::new();
    for file in [
        "Caprfile",
        "config/deploy.rhai",
        "config/deploy/staging.rhai",
        "config/deploy/production.rhai",
    ] {
        case = case.file(file, &told.file(file));
    }
    case.args(["check"]).run().ok().says("nothing wrong found");
}

#[test]
fn init_refuses_what_an_option_cannot_mean() {
    for (arguments, error) in [
        (&["--server", "app1"][..], "init cannot see what is deployed"),
        (
            &["--kind", "node", "--server", "a b"],
            "`a b' is no server: write HOST, USER@HOST or HOST:PORT",
        ),
        (
            &["--kind", "node", "--stage", "../x"],
            "`../x' cannot be the name of a stage",
        ),
        (&["--kind", "cobol"], "invalid value 'cobol' for '--kind <KIND>'"),
    ] {
        let finished = Case::new().args(["init"]).args(arguments).run().code(2).says(error);
        assert!(!finished.path("Caprfile").exists(), "{arguments:?}");
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
