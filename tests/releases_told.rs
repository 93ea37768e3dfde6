//! The deploy library on real servers: what fails around a switch, the page for visitors, plans, and where code comes from.

use std::process::Command;

use crate::deadline::LimitedCommand;
use crate::fleet::Fleet;
use crate::harness::{Case, Finished};

const APP: [&str; 2] = ["app1", "app2"];
const SHOP: &str = "/u/apps/shop";
const FIRST: &str = "20260101000001";
const SECOND: &str = "20260101000002";
const REAPER_AWAY: &str = "namespace :deploy { task :restart, :roles => :app { run \"touch /tmp/restarted\"; } }";

/// Two servers for the application, one for visitors, one for the database, and git.
struct Shop {
    fleet: Fleet,
}

impl Shop {
    /// After `setup`.
    fn new() -> Self {
        let shop = Self {
            fleet: Fleet::start(&["app1", "app2", "web1", "db1"]),
        };
        shop.run("", &["setup"]).ok();
        shop
    }

    fn case(&self, more: &str, arguments: &[&str]) -> Case {
        let recipe = format!(
            "set :application, \"shop\";\nset :repository, \"{}\";\nrole :app, \"app1\", \"app2\";\nrole :web, \"web1\";\n\
             role :db, \"db1\", :primary => true;\n{REAPER_AWAY}\n{more}\n",
            self.fleet.git().url
        );
        Case::new().recipe(&recipe).args(arguments).on(&self.fleet)
    }

    fn run(&self, more: &str, arguments: &[&str]) -> Finished {
        self.case(more, arguments).run()
    }

    fn deploy(&self, release: &str, more: &str, task: &str) -> Finished {
        self.run(more, &["-s", &format!("release_name={release}"), task])
    }

    /// The release that is current everywhere.
    #[track_caller]
    fn current(&self) -> String {
        let targets: Vec<_> = self
            .fleet
            .names()
            .map(|host| self.fleet.read_link(host, &format!("{SHOP}/current")))
            .collect();
        assert!(targets.iter().all(|target| *target == targets[0]), "{targets:?}");
        targets[0].clone().unwrap().rsplit('/').next().unwrap().to_owned()
    }

    fn releases(&self, host: &str) -> Vec<String> {
        self.fleet.list(host, &format!("{SHOP}/releases"))
    }
}

#[test]
fn d11_a_cleanup_with_fewer_releases_than_are_kept_says_so_and_removes_nothing() {
    let shop = Shop::new();
    shop.deploy(FIRST, "", "deploy").ok();
    shop.deploy(SECOND, "", "deploy").ok();
    shop.run("", &["cleanup"]).ok().says("no old releases to clean up");
    assert_eq!(shop.releases("app1"), [FIRST, SECOND]);
    // The one that a rollback would go to stays.
    shop.run("set :keep_releases, 1;", &["cleanup"]).ok();
    assert_eq!(shop.releases("app1"), [FIRST, SECOND]);
    let third = "20260101000003";
    shop.deploy(third, "", "deploy").ok();
    shop.run("set :keep_releases, 1;", &["cleanup"]).ok();
    assert_eq!(shop.releases("app1"), [SECOND, third]);
}

#[test]
fn d13_visitors_see_a_page_until_it_is_taken_away_or_what_put_it_up_fails() {
    let shop = Shop::new();
    let page = format!("{SHOP}/shared/system/maintenance.html");
    let disable = |task: &str, more: &str| {
        shop.case(more, &[task])
            .env("REASON", "new <disks>")
            .env("UNTIL", "4pm")
            .run()
    };
    disable("disable_web", "").ok();
    let text = shop.fleet.read("web1", &page);
    assert!(
        text.contains("down for new &lt;disks&gt;") && text.contains("back 4pm"),
        "{text}"
    );
    assert_eq!(shop.fleet.sh("web1", &format!("stat -c %a {page}")), "644");
    assert!(!shop.fleet.exists("app1", &page));
    shop.run("", &["enable_web"]).ok();
    assert!(!shop.fleet.exists("web1", &page));
    let later = "task :later { transaction { disable_web; run \"test -e /nowhere\", :roles => :web; } }";
    disable("later", later).code(1).says("web1: exit status 1");
    assert!(!shop.fleet.exists("web1", &page));
}

#[test]
fn d14_a_restart_goes_to_the_application_after_the_switch_and_b19_its_failure_names_the_server_and_leaves_the_new_code()
{
    let shop = Shop::new();
    shop.deploy(FIRST, "", "deploy").ok();
    for (host, expected) in [("app1", true), ("app2", true), ("web1", false), ("db1", false)] {
        assert_eq!(shop.fleet.exists(host, "/tmp/restarted"), expected, "{host}");
    }
    let fails = "namespace :deploy { task :restart, :roles => :app { run `readlink ${current_path}; test $(hostname) = app1`; } }";
    shop.deploy(SECOND, fails, "deploy")
        .code(1)
        .says(&format!("[out :: app2] {SHOP}/releases/{SECOND}"))
        .says("app2: exit status 1")
        .silent_on("app1: exit status")
        .silent_on("rolling back");
    assert_eq!(shop.current(), SECOND);
}

#[test]
fn d16_d17_b20_a_dry_run_plans_a_deploy_and_a_rollback_and_asks_nobody() {
    let shop = Shop::new();
    shop.deploy(FIRST, "", "deploy").ok();
    shop.deploy(SECOND, "", "deploy").ok();
    let steps = [
        "Make the release",
        "Link what is shared",
        "Make the release current",
        "touch /tmp/restarted",
    ];
    let planned = shop.run("", &["deploy", "-n"]).ok().silent_on("connecting");
    let planned = planned.says_in_order(&steps);
    for host in ["app1", "app2", "web1", "db1"] {
        assert!(planned.stderr.contains(host), "{}", planned.stderr);
    }
    let back = ["Make the release before current", "Remove the release that was left"];
    let planned = shop.run("", &["rollback", "-n"]).ok().silent_on("connecting");
    assert!(
        back.iter().all(|step| planned.stderr.contains(step)),
        "{}",
        planned.stderr
    );
    shop.run(
        "task :look { puts `now ${current_release ?? \"unknown\"}`; }",
        &["look", "-n"],
    )
    .ok()
    .says("now ");
    assert_eq!((shop.current(), shop.releases("db1").len()), (SECOND.to_owned(), 2));
}

#[test]
fn d21_what_is_for_the_failure_of_a_deploy_runs_for_no_other_failure() {
    let shop = Shop::new();
    let told = "on :failure, :tell, :only => :deploy; task :tell { puts \"the deploy failed\"; }\n\
                task :part { run \"false\", :roles => :db; } before :symlink, :part;";
    let finished = shop.deploy(FIRST, told, "deploy").code(1);
    assert_eq!(finished.stdout, "the deploy failed\n");
    assert_eq!(shop.run(told, &["part"]).code(1).stdout, "");
    // Within a task that catches it, a failure is none of the deploy.
    let caught = format!("{told}\ntask :other {{ try {{ part; }} catch {{ puts \"caught\"; }} }}");
    assert_eq!(shop.run(&caught, &["other"]).stdout, "caught\n");
}

#[test]
fn d26_a_long_deploy_whose_migration_fails_leaves_no_page_the_old_link_and_no_release() {
    // As recipes of Capistrano 1 have it, and as the library has it.
    let own = "task :long_deploy { transaction { update_code; disable_web; symlink; migrate; } restart; enable_web; }";
    for long in [own, ""] {
        long_deploys(&Shop::new(), long);
    }
}

fn long_deploys(shop: &Shop, long: &str) {
    let rake = |command: &str| format!("set :rake, \"{command}\";\n{long}");
    shop.deploy(FIRST, &rake("touch /tmp/migrated; true"), "long_deploy")
        .ok();
    assert!(shop.fleet.exists("db1", "/tmp/migrated") && !shop.fleet.exists("app1", "/tmp/migrated"));
    assert_eq!(shop.current(), FIRST);
    shop.fleet.sh("app1", "rm /tmp/restarted");
    shop.deploy(SECOND, &rake("false"), "long_deploy")
        .code(1)
        .says("db1: exit status 1")
        .says("rolled back");
    assert_eq!(shop.current(), FIRST);
    for host in ["app1", "app2", "web1", "db1"] {
        assert_eq!(shop.releases(host), [FIRST], "{host}");
        assert!(
            !shop
                .fleet
                .exists(host, &format!("{SHOP}/shared/system/maintenance.html")),
            "{host}"
        );
    }
    assert!(!shop.fleet.exists("app1", "/tmp/restarted"));
}

#[test]
fn b25_work_on_a_slow_server_is_awaited_when_another_fails_at_once() {
    let fleet = Fleet::start(&APP);
    let recipe = "role :app, \"app1\", \"app2\";\n\
        task :t { run \"test $(hostname) = app2 || exit 7; for i in 1 2 3 4 5; do sleep 0.1; done; touch /tmp/whole\"; }";
    let finished = Case::new().recipe(recipe).args(["t"]).on(&fleet).run().code(1);
    finished.says("app1: exit status 7").silent_on("app2: ");
    assert!(fleet.exists("app2", "/tmp/whole"));
}

#[test]
fn g1_a_checkout_of_git_is_on_a_branch_of_its_own_at_the_revision() {
    let shop = Shop::new();
    shop.deploy(FIRST, "", "deploy").ok();
    let release = format!("{SHOP}/releases/{FIRST}");
    let asked = |what: &str| {
        shop.fleet
            .sh("app2", &format!("git -c safe.directory='*' -C {release} {what}"))
    };
    assert_eq!(asked("rev-parse --abbrev-ref HEAD"), "deploy");
    assert_eq!(asked("rev-parse HEAD"), shop.fleet.git().revision().unwrap());
    assert_eq!(asked("status --porcelain -- VERSION app"), "");
    let failed = shop.deploy(SECOND, "set :branch, \"nowhere\";", "deploy").code(1);
    failed.says("the repository has no branch or tag nowhere");
    assert_eq!(shop.releases("app1"), [FIRST]);
}

#[test]
fn g11_without_source_control_a_directory_is_copied_and_g12_a_mirror_is_made_once_and_an_unreachable_repository_makes_no_release()
 {
    let shop = Shop::new();
    for host in ["app1", "app2", "web1", "db1"] {
        shop.fleet.sh(
            host,
            "mkdir -p /srv/code/a; echo x > /srv/code/a/.hidden; chmod -R a+rX /srv/code",
        );
    }
    shop.deploy(FIRST, "set :scm, \"none\"; set :repository, \"/srv/code\";", "deploy")
        .ok();
    assert_eq!(shop.fleet.read("web1", &format!("{SHOP}/current/a/.hidden")), "x");

    let mirror = "set :deploy_via, :remote_cache;";
    let cache = format!("{SHOP}/repo");
    shop.deploy(SECOND, mirror, "deploy").ok();
    let made = shop.fleet.sh("app1", &format!("stat -c %i {cache}"));
    shop.fleet.git().commit("VERSION", "2.0").unwrap();
    shop.deploy("20260101000003", mirror, "deploy").ok();
    assert_eq!(shop.fleet.sh("app1", &format!("stat -c %i {cache}")), made);
    assert_eq!(shop.fleet.read("app1", &format!("{SHOP}/current/VERSION")), "2.0");

    // Commands of git in a release, as Capistrano 2 has them: it needs neither the mirror nor what is left of others.
    let release = format!("{SHOP}/current");
    assert!(!shop.fleet.exists("app1", &format!("{release}/.git")));
    for (name, depth) in [("20260101000005", ""), ("20260101000006", "set :git_shallow_clone, 1;")] {
        shop.deploy(name, &format!("{mirror} set :git_in_release, true; {depth}"), "deploy")
            .ok();
        shop.fleet.sh("app1", &format!("mv {cache} {cache}.away"));
        let told = shop.fleet.sh(
            "app1",
            &format!("cd {release} && git -c safe.directory='*' log --oneline | wc -l && git -c safe.directory='*' status --short && git -c safe.directory='*' remote get-url origin"),
        );
        shop.fleet.sh("app1", &format!("mv {cache}.away {cache}"));
        let commits = told.lines().next().and_then(|count| count.trim().parse::<u32>().ok());
        assert_eq!(commits.map(|commits| commits > 1), Some(depth.is_empty()), "{told}");
        assert!(told.ends_with(&shop.fleet.git().url), "{told}");
    }

    let failed = shop.deploy(
        "20260101000007",
        "set :repository, \"/nowhere\"; set :scm, \"git\";",
        "deploy",
    );
    failed.code(1).says("/nowhere");
    assert_eq!(shop.releases("app1").len(), 5);
    assert_eq!(shop.current(), "20260101000006");
}

#[test]
fn g2_submodules_come_along_where_they_are_asked_for() {
    let shop = Shop::new();
    let url = shop.fleet.git().url.clone();
    let room = tempfile::tempdir().unwrap();
    let library = std::path::Path::new(&url).with_file_name("library.git");
    let script = format!(
        "set -e; export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b\n\
         git init -q library; cd library; echo inside > file; git add .; git commit -q -m library; cd ..\n\
         git clone -q --bare library '{library}'; git clone -q '{url}' whole; cd whole\n\
         git -c protocol.file.allow=always submodule --quiet add '{library}' vendor/library; git commit -q -m vendor; git push -q origin HEAD",
        library = library.display(),
    );
    let made = Command::new("sh")
        .args(["-c", &script])
        .current_dir(room.path())
        .limited_output();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    for host in ["app1", "app2", "web1", "db1"] {
        shop.fleet
            .sh(host, "git config --file ~deploy/.gitconfig protocol.file.allow always");
    }
    shop.deploy(FIRST, "", "deploy").ok();
    assert!(
        shop.fleet
            .list("app1", &format!("{SHOP}/current/vendor/library/"))
            .is_empty()
    );
    let asked = "set :git_enable_submodules, true;";
    shop.deploy(SECOND, asked, "deploy").ok();
    assert_eq!(
        shop.fleet.read("app1", &format!("{SHOP}/current/vendor/library/file")),
        "inside"
    );
    let mirror = format!("{asked} set :deploy_via, :remote_cache;");
    let kept = format!("{mirror} set :git_in_release, true;");
    for (release, lines) in [("20260101000003", &mirror), ("20260101000004", &kept)] {
        shop.deploy(release, lines, "deploy").ok();
        assert_eq!(
            shop.fleet.read("db1", &format!("{SHOP}/current/vendor/library/file")),
            "inside"
        );
    }
}
