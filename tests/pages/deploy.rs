//! docs/deploy.md, on two servers.

use super::Page;
use crate::fleet::Fleet;
use crate::harness::{Case, Finished};
use crate::trial::Place;

const HOSTS: [&str; 2] = ["app1", "app2"];
const BASE: &str = "/u/apps/shop";

#[test]
fn the_page_of_deploys_is_true() {
    let mut page = Page::read("docs/deploy.md");
    let recipe = page.block("// deploy.rhai\n");
    let layout = page.block("/u/apps/shop ");
    let fleet = Fleet::start(&HOSTS);
    let url = fleet.git().url.clone();
    for host in HOSTS {
        fleet.sh(
            host,
            &format!(
                "git -c safe.directory='*' clone -q --bare {url} /srv/git/shop.git && git -C /srv/git/shop.git branch -q -M main && \
                 chown -R deploy /srv/git"
            ),
        );
    }
    let run = |line: &str| -> Finished { Case::new().file("deploy.rhai", &recipe).shell(line).on(&fleet).run() };
    let mut step = |line: &str| -> Finished {
        page.take(line);
        run(line)
    };
    step("capr -T");
    step("capr -e TASK").code(2);
    run("capr deploy.rhai -e deploy").ok().says("transaction");
    step("capr vars --values").ok().says("linked_dirs");
    step("capr deploy.rhai setup").ok();
    // The linked file is not there yet.
    let missing = format!("{BASE}/shared/config/database.yml");
    step("capr deploy.rhai deploy:check")
        .code(1)
        .says(&format!("put them there first: {missing}"));
    run("capr deploy.rhai deploy").code(1).says(&missing);
    for host in HOSTS {
        fleet.sh(host, &format!("mkdir -p {BASE}/shared/config && echo db > {missing}"));
    }
    run("capr deploy.rhai deploy:check").ok().says("ready for a deploy");
    step("capr deploy.rhai deploy")
        .ok()
        .says(&format!("✓ main {} → 2", &fleet.git().revision().unwrap()[..7]));
    for host in HOSTS {
        assert!(fleet.exists(host, &format!("{BASE}/current/tmp/restart.txt")), "{host}");
        assert_eq!(fleet.read(host, &format!("{BASE}/current/config/database.yml")), "db");
        for name in ["current", "releases", "shared", "revisions.log", ".capr"] {
            assert!(fleet.exists(host, &format!("{BASE}/{name}")));
            assert!(layout.lines().any(|line| line.trim_start().starts_with(name)), "{name}");
        }
    }
    run("capr deploy.rhai deploy -s release_name=29991231000000 HOSTS=app1").ok();
    let status = step("capr deploy.rhai deploy:status")
        .ok()
        .says("the servers differ in what is current");
    assert!(
        status
            .stdout
            .lines()
            .any(|line| line.starts_with("app1") && line.contains("29991231000000")),
        "{}",
        status.stdout
    );
    let history = run("capr deploy.rhai deploy:history").ok();
    assert_eq!(
        history.stdout.lines().filter(|line| line.starts_with("app1 ")).count(),
        2
    );
    assert_eq!(
        history.stdout.lines().filter(|line| line.starts_with("app2 ")).count(),
        1
    );
    let releases = run("capr deploy.rhai deploy:releases").ok();
    assert!(
        releases
            .stdout
            .lines()
            .any(|line| line.contains("29991231000000") && line.ends_with("current")),
        "{}",
        releases.stdout
    );
    // Where they differ, a rollback wants to be told where to.
    step("capr deploy.rhai rollback").code(1);
    page.take("capr deploy.rhai rollback ROLLBACK_RELEASE=20261128134517");
    let first = fleet.read_link("app2", &format!("{BASE}/current")).unwrap();
    let name = first.rsplit('/').next().unwrap();
    run(&format!("capr deploy.rhai rollback ROLLBACK_RELEASE={name}")).ok();
    for host in HOSTS {
        assert_eq!(
            fleet.read_link(host, &format!("{BASE}/current")),
            Some(first.clone()),
            "{host}"
        );
        assert_eq!(fleet.list(host, &format!("{BASE}/releases")), [name], "{host}");
    }
    run("capr deploy.rhai deploy:history")
        .ok()
        .says(&format!("rolled back to release {name}"));

    page.take("after \"deploy:update_code\", \"assets:build\";\n");
    page.instance("ssh_options[\"forward_agent\"] = true;", Place::Top, None, |trial| {
        trial
            .bare()
            .then("puts ssh_options[\"forward_agent\"];")
            .prints("true\n")
    });
    let site = "set :application, \"copied\"; set :scm, :none; set :repository, \"site\"; role :app, \"app1\";";
    let copy = page.block("set :deploy_via, :copy;\n");
    page.instance(&copy, Place::Top, Some(&fleet), |trial| {
        let trial = trial
            .bare()
            .before(site)
            .file("site/build.sh", "echo x > made; echo x > .gitignore");
        trial.calls(&["setup", "update"]).on(
            "app1",
            "cat /u/apps/copied/current/made; ls -A /u/apps/copied/current | grep git",
            "x",
        )
    });
    let needs = page.block("depend :remote, :command, \"convert\";\n");
    page.instance(&needs, Place::Top, Some(&fleet), |trial| {
        let trial = trial.bare().before(site).program("app1", "convert", "true");
        trial
            .calls(&["deploy:check"])
            .code(1)
            .says("mount the disk with the uploads")
            .never("there is no program")
    });
    page.recipe("set :use_sudo, true;", Place::Top, None, |trial| {
        trial.bare().then("puts use_sudo;").prints("true\n")
    });
    page.recipe("set :restart_on_deploy, false;", Place::Top, None, |trial| {
        trial.bare().then("puts restart_on_deploy;").prints("false\n")
    });
    page.recipe("invoke \"x\", :again => true;", Place::Task, None, |trial| {
        let tasks = "set :dialect, 3; task :x { puts \"ran\"; } before :t, :x;";
        trial.bare().before(tasks).prints("ran\nran\n")
    });
    let hook = format!(
        "{recipe}namespace :assets {{ task :build {{ run \"touch built\", :dir => release_path; }} }}\nafter \"deploy:update_code\", \"assets:build\";\n"
    );
    Case::new()
        .file("deploy.rhai", &hook)
        .args(["deploy.rhai", "deploy"])
        .on(&fleet)
        .run()
        .ok();
    assert!(fleet.exists("app2", &format!("{BASE}/current/built")));
    page.take("capr RECIPE deploy:lock \"upgrade of the database\"");
    run("capr deploy.rhai deploy:lock \"upgrade of the database\"").ok();
    page.take("capr RECIPE deploy:lock:status");
    run("capr deploy.rhai deploy:lock:status")
        .ok()
        .says("upgrade of the database");
    run("capr deploy.rhai deploy").code(6).says("upgrade of the database");
    page.take("capr RECIPE deploy:unlock");
    run("capr deploy.rhai deploy:unlock").ok();
    run("capr deploy.rhai update").ok();
    // Their words are tried in `locks` and `recover`.
    page.block("error: the servers are locked by ann");
    page.block("$ capr deploy.rhai recover\n");
    let reindex = page.block("task :reindex");
    page.instance(&reindex, Place::Top, None, |trial| {
        trial.bare().then("puts 1;").prints("1\n")
    });
    said(&mut page);
    page.done();
}

/// Checks the page's statements about variables and words; their effect is tried in `flow`.
fn said(page: &mut Page) {
    for (snippet, shown, printed) in [
        ("set :dialect, 2;\n", "dialect", "2"),
        ("set :max_hosts, 2;\n", "max_hosts", "2"),
        ("set :restart_in_transaction, true;\n", "restart_in_transaction", "true"),
        (
            "set :wait_for, #{ url: \"http://localhost:3000/up\", tries: 30, interval: 1, timeout: 5 };\n",
            "wait_for.url",
            "http://localhost:3000/up",
        ),
    ] {
        page.recipe(snippet, Place::Top, None, |trial| {
            trial
                .bare()
                .then(&format!("puts {shown};"))
                .prints(&format!("{printed}\n"))
        });
    }
    page.recipe("set :dialect, 3", Place::Top, None, |trial| {
        trial
            .bare()
            .then("set :application, \"shop\"; puts release_path == current_path;")
            .prints("true\n")
    });
    page.not_run("task :update { … }", "the dots are whatever somebody's task does");
    page.not_run("namespace :deploy", "the word that begins a namespace");
}

#[test]
fn what_is_half_done_and_wrong_is_told() {
    let fleet = Fleet::start(&["app1"]);
    let recipe = format!(
        "set :application, \"shop\"; set :repository, \"{}\"; role :app, \"app1\"; namespace :deploy {{ task :restart {{ }} }}",
        fleet.git().url
    );
    let run = |arguments: &[&str]| Case::new().recipe(&recipe).args(arguments).on(&fleet).run();
    run(&["deploy:check"])
        .code(1)
        .says("/u/apps/shop/releases is not there: do setup first");
    run(&["setup"]).ok();
    let nothing = run(&["deploy:status"]).ok();
    assert!(nothing.stdout.contains("nothing was deployed"), "{}", nothing.stdout);
    run(&["deploy"]).ok();
    fleet.sh(
        "app1",
        "mkdir /u/apps/shop/releases/29991231000000 && echo 'ann 1' > /u/apps/shop/.capr/29991231000000.run && chown -R deploy /u/apps",
    );
    for (task, said) in [
        ("deploy:status", "29991231000000 is not complete"),
        ("deploy:releases", "not complete"),
    ] {
        let finished = run(&[task]).ok();
        assert!(finished.stdout.contains(said), "{}", finished.stdout);
    }
    // What a check finds is all told at once, and nothing is changed.
    fleet.sh(
        "app1",
        "chown root:root /u/apps/shop/releases && chmod 755 /u/apps/shop/releases",
    );
    let before = fleet.sh("app1", "find /u/apps -printf '%p %T@ %u\\n' | sort");
    let more = format!("{recipe}\nset :linked_files, [\".env\"];");
    let case = Case::new().recipe(&more).args(["deploy:check", "-s", "branch=nope"]);
    case.on(&fleet)
        .run()
        .code(1)
        .says("put them there first: /u/apps/shop/shared/.env")
        .says("deploy may not write to /u/apps/shop/releases")
        .says("the repository has no branch or tag nope");
    assert_eq!(fleet.sh("app1", "find /u/apps -printf '%p %T@ %u\\n' | sort"), before);
}
