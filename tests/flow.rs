//! The flow of a deploy and of a rollback in the words of all three Capistranos, on real servers.

use crate::fleet::{Fleet, SSH_PORT};
use crate::harness::{Case, Finished};

const BASE: &str = "/u/apps/shop";
const FIRST: &str = "20260101000001";
const SECOND: &str = "20260101000002";

/// Servers that are all of role app, and a repository.
struct Site {
    fleet: Fleet,
    hosts: Vec<&'static str>,
}

impl Site {
    fn new(hosts: &[&'static str]) -> Self {
        let fleet = Fleet::start(hosts);
        let site = Self {
            fleet,
            hosts: hosts.to_vec(),
        };
        site.run("", &["setup"]).ok();
        site
    }

    /// Runs tasks of the site's recipe with these lines behind it.
    fn run(&self, lines: &str, arguments: &[&str]) -> Finished {
        let hosts: Vec<String> = self.hosts.iter().map(|host| format!("\"{host}\"")).collect();
        let recipe = format!(
            "set :application, \"shop\";\nset :repository, \"{}\";\nrole :app, {};\nset :restart_via, :none;\n{lines}\n",
            self.fleet.git().url,
            hosts.join(", ")
        );
        Case::new().recipe(&recipe).args(arguments).on(&self.fleet).run()
    }

    fn deploy(&self, name: &str, lines: &str) -> Finished {
        self.run(lines, &["-s", &format!("release_name=\"{name}\""), "deploy"])
    }

    fn current(&self, host: &str) -> String {
        let target = self
            .fleet
            .read_link(host, &format!("{BASE}/current"))
            .unwrap_or_default();
        target.rsplit('/').next().unwrap_or_default().to_owned()
    }

    fn are_current(&self, name: &str) {
        for host in &self.hosts {
            assert_eq!(self.current(host), name, "{host}");
        }
    }
}

/// Prints the name of each phase before and behind it, and what `release_path` is.
const TOLD: &str = r#"
for name in ["starting", "check", "check:linked_files", "started", "updating", "updated", "reverting", "reverted", "publishing",
    "symlink:release", "published", "finishing", "finishing_rollback", "finished", "failed", "restart", "cleanup"] {
  before `deploy:${name}` { puts `<${name}`; }
  after `deploy:${name}` { puts `${name}>`; }
}
after "deploy:published" { run "echo at $(basename $(readlink /u/apps/shop/current))", :dir => release_path; }
"#;

#[test]
fn hooks_of_capistrano_3_keep_name_and_place_in_a_deploy_and_in_a_rollback() {
    let site = Site::new(&["app1"]);
    let told = site.deploy(FIRST, TOLD).ok().says(&format!("at {FIRST}"));
    let deploy = "<starting <check <check:linked_files check:linked_files> check> starting> <started started> <updating updating> \
                  <updated updated> <publishing <symlink:release symlink:release> publishing> <published published> <restart \
                  restart> <finishing <cleanup cleanup> finishing> <finished finished>";
    assert_eq!(told.stdout.split_whitespace().collect::<Vec<_>>().join(" "), deploy);
    site.deploy(SECOND, "").ok();
    site.run(TOLD, &["-n", "rollback"]).ok().says("nothing was changed");
    let told = site.run(TOLD, &["rollback"]).ok().says(&format!("at {FIRST}"));
    let rollback = "<starting <check <check:linked_files check:linked_files> check> starting> <started started> <reverting reverting> <reverted reverted> <publishing \
                    <symlink:release symlink:release> publishing> <published published> <restart restart> <finishing_rollback \
                    finishing_rollback> <finished finished>";
    assert_eq!(told.stdout.split_whitespace().collect::<Vec<_>>().join(" "), rollback);
    site.are_current(FIRST);
    // As 3.x does: what is hooked restarts, and so the deploy does not restart once more.
    let restarts = "namespace :deploy { task :restart { puts \"restarted\"; } after :publishing, :restart; }";
    let told = site.deploy(SECOND, restarts).ok();
    assert_eq!(told.stdout, "restarted\n");
    // Words of all three in one recipe.
    let mixed = r#"
        task :after_symlink { puts "one"; }
        after "deploy:create_symlink" { puts "two"; }
        after "deploy:publishing" { puts "three"; }
        before "deploy:update_code" { puts "soon"; }"#;
    let told = site.deploy("20260101000003", mixed).ok();
    assert_eq!(told.stdout, "soon\ntwo\none\nthree\n");
}

#[test]
fn d21_what_fails_in_a_phase_is_undone_as_a_whole_and_then_deploy_failed_runs() {
    let site = Site::new(&["app1", "app2"]);
    site.deploy(FIRST, "").ok();
    let failed =
        "after \"deploy:failed\" { puts `failed, at ${capture(\"basename $(readlink /u/apps/shop/current)\")}`; }";
    for phase in ["deploy:updated", "deploy:published"] {
        let lines = format!("{failed} after \"{phase}\" {{ run \"[ $(hostname) = app1 ]\"; }}");
        let told = site.deploy(SECOND, &lines).code(1).says("rolling back");
        let told = told.says(match phase {
            "deploy:updated" => "help: everything was undone: the new release was never current, and is gone",
            _ => "help: everything was undone: each server is back at the release that was current there before",
        });
        assert_eq!(told.stdout.trim(), format!("failed, at {FIRST}"), "{phase}");
        site.are_current(FIRST);
        assert_eq!(site.fleet.list("app1", &format!("{BASE}/releases")), [FIRST]);
    }
    // Not of a task alone, and not of a rollback.
    let lines = format!("{failed} after \"deploy:updated\" {{ run \"false\"; }} task :other {{ run \"false\"; }}");
    for task in ["update", "other", "rollback"] {
        let told = site.run(&lines, &[task]).code(1);
        assert_eq!(told.stdout, "", "{task}");
    }
}

#[test]
fn a_rollback_whose_phase_fails_is_undone() {
    let site = Site::new(&["app1", "app2"]);
    site.deploy(FIRST, "").ok();
    site.deploy(SECOND, "").ok();
    let lines = "after \"deploy:published\" { run \"[ $(hostname) = app1 ]\"; }";
    site.run(lines, &["rollback"]).code(1).says("rolling back");
    site.are_current(SECOND);
}

#[test]
fn a_task_with_a_name_of_capistrano_1_is_told_or_asked_about_or_another_one() {
    let site = Site::new(&["app1"]);
    let update = "task :update { puts \"mine\"; }";
    // In the words of 1 it takes the place, and that is said.
    let told = site
        .deploy(FIRST, update)
        .ok()
        .says("takes the place of the library's `deploy:update'");
    assert_eq!(told.stderr.matches("takes the place").count(), 1);
    assert_eq!((told.stdout.as_str(), site.current("app1").as_str()), ("mine\n", ""));
    // In a recipe that speaks 2 or 3, nobody can know.
    for other in [
        "namespace :deploy { task :restart { } }",
        "after \"deploy:published\" { }",
        "task :go { deploy.restart; }",
        "task :go { invoke \"deploy:restart\"; }",
    ] {
        let lines = format!("{update} {other}");
        site.deploy(FIRST, &lines)
            .code(3)
            .says("the task `update' may be the library's `deploy:update', or another one")
            .says("namespace :deploy { task :update { … } }")
            .says("give it another name")
            .says("set :dialect, 1");
        site.run(&lines, &["check"]);
    }
    let lines = format!("{update} after \"deploy:restart\" {{ puts \"restarted\"; }}");
    let first = site.deploy(FIRST, &format!("set :dialect, 1; {lines}")).ok();
    assert_eq!(
        (first.stdout.as_str(), site.current("app1").as_str()),
        ("mine\nrestarted\n", "")
    );
    let second = site
        .deploy(FIRST, &format!("{lines} set :dialect, 2;"))
        .ok()
        .silent_on("takes the place");
    assert_eq!(
        (second.stdout.as_str(), site.current("app1").as_str()),
        ("restarted\n", FIRST)
    );
    let own = site.run(&format!("set :dialect, 3; {lines}"), &["update"]).ok();
    assert_eq!(own.stdout, "mine\n");
    site.run("set :dialect, 4;", &["update"]).code(3).says("is 1, 2 or 3");
}

#[test]
fn d14_b19_a_restart_that_fails_says_what_is_current_or_undoes_the_deploy() {
    let site = Site::new(&["app1", "app2"]);
    let restart = |lines: &str| {
        format!(
            "{lines} namespace :deploy {{ task :restart, :roles => :app {{ run \"basename $(readlink {BASE}/current) >> /tmp/restarts; ls {BASE}/releases > /tmp/releases; [ $(hostname) = app1 ] || [ ! -e /tmp/bad ]\"; }} }}"
        )
    };
    site.deploy(FIRST, &restart("")).ok();
    site.fleet.write("app2", "/tmp/bad", "");
    site.deploy(SECOND, &restart(""))
        .code(1)
        .says(&format!(
            "help: {SECOND} is current on app1, app2 and stays, but the restart has failed"
        ))
        .says("deploy:restart, or go back with rollback")
        .silent_on("rolling back");
    site.are_current(SECOND);
    site.run(&restart(""), &["rollback"])
        .code(1)
        .says("help: the release before is current again on app1, app2, but the restart has failed");
    site.are_current(FIRST);
    site.fleet.sh("app2", "rm /tmp/bad");
    site.run(&restart(""), &["rollback"]).ok();
    site.are_current(FIRST);
    // In the transaction: all is undone, and what was restarted is restarted on what it had before.
    site.fleet.sh("app1", "rm /tmp/restarts");
    site.fleet.write("app2", "/tmp/bad", "");
    let lines = restart("set :restart_in_transaction, true; after \"deploy:failed\" { run \"rm -f /tmp/bad\"; }");
    let lines = lines.replace("[ ! -e /tmp/bad ]", "[ ! -e /tmp/bad ] || { rm /tmp/bad; false; }");
    site.deploy(SECOND, &lines)
        .code(1)
        .says("rolling back")
        .silent_on("stays");
    site.are_current(FIRST);
    assert_eq!(site.fleet.read("app1", "/tmp/restarts"), format!("{SECOND}\n{FIRST}"));
    // Only then is the release removed that it had run.
    assert_eq!(site.fleet.read("app1", "/tmp/releases"), format!("{FIRST}\n{SECOND}"));
    assert_eq!(site.fleet.list("app1", &format!("{BASE}/releases")), [FIRST]);
}

#[test]
fn servers_are_switched_and_restarted_by_turns_until_one_is_not_well() {
    let site = Site::new(&["app1", "app2", "app3"]);
    let lines = r#"
        set :max_hosts, 1;
        set :restart_via, :command;
        set :restart_command, "cat REVISION > /tmp/rev; basename $(pwd -P) >> /tmp/restarts";
        set :wait_for, #{ command: "test ! -e /tmp/bad || grep -q 20260101000001 /tmp/restarts && test $(tail -n 1 /tmp/restarts) = 20260101000001 || test ! -e /tmp/bad", tries: 2, interval: 0 };"#;
    let told =
        site.deploy(FIRST, lines)
            .ok()
            .says_in_order(&["turn 1 of 3: app1", "turn 2 of 3: app2", "turn 3 of 3: app3"]);
    assert!(told.stderr.contains("Wait for"), "{}", told.stderr);
    site.are_current(FIRST);
    site.fleet.write("app2", "/tmp/bad", "");
    site.deploy(SECOND, lines)
        .code(1)
        .says("no good answer after 2 tries")
        .says("turn 2 of 3: app2")
        .silent_on("app3: exit");
    site.are_current(FIRST);
    let restarts = |host: &str| site.fleet.read(host, "/tmp/restarts").replace('\n', " ");
    assert_eq!(restarts("app1"), format!("{FIRST} {SECOND} {FIRST}"));
    assert_eq!(restarts("app2"), format!("{FIRST} {SECOND} {FIRST}"));
    assert_eq!(restarts("app3"), FIRST);
    for host in ["app1", "app2", "app3"] {
        assert_eq!(site.fleet.list(host, &format!("{BASE}/releases")), [FIRST], "{host}");
    }
    // A rollback goes by turns, too.
    site.fleet.sh("app2", "rm /tmp/bad");
    site.deploy(SECOND, lines).ok();
    site.run(lines, &["rollback"]).ok().says("turn 3 of 3: app3");
    site.are_current(FIRST);
}

#[test]
fn what_is_waited_for_is_a_url_a_port_or_a_command() {
    let site = Site::new(&["app1"]);
    site.deploy(FIRST, "").ok();
    site.fleet.sh(
        "app1",
        "mkdir -p /srv/bin; printf '#!/bin/sh\\nfor url; do :; done; [ \"$url\" = http://localhost:3000/up ] || { echo \"no route to $url\" >&2; exit 7; }\\n' > /srv/bin/curl; chmod +x /srv/bin/curl",
    );
    let wait = |what: &str| {
        let lines = format!(
            "default_environment[\"PATH\"] = \"/srv/bin:$PATH\"; set :wait_for, #{{ {what}, tries: 2, interval: 0 }};"
        );
        site.run(&lines, &["deploy:wait"])
    };
    wait("url: \"http://localhost:3000/up\"").ok();
    wait("url: \"http://localhost:3000/down\"")
        .code(1)
        .says("http://localhost:3000/down: no good answer after 2 tries: no route to http://localhost:3000/down");
    wait(&format!("port: {SSH_PORT}")).ok();
    wait("port: 4")
        .code(1)
        .says("port 4: no good answer after 2 tries: nothing listens");
    wait("command: \"test -e REVISION\"").ok();
    wait("command: \"echo no such thing; false\"")
        .code(1)
        .says("no such thing");
    for (wrong, said) in [
        ("\"http://x\"", "is a map or ()"),
        ("#{ tries: 3 }", "says one of url, port and command"),
        ("#{ port: 0 }", "cannot have 0 as `port'"),
        ("#{ prot: 80 }", "has no `prot'"),
    ] {
        site.run(&format!("set :wait_for, {wrong};"), &["deploy:wait"])
            .code(3)
            .says(said);
    }
}

#[test]
fn an_application_is_restarted_by_what_runs_it() {
    let site = Site::new(&["app1"]);
    site.deploy(FIRST, "").ok();
    let fleet = &site.fleet;
    // What is told of the calls of programs that the servers of tests do not have.
    fleet.sh(
        "app1",
        "mkdir -p /srv/bin; printf '#!/bin/sh\\necho \"systemctl $*\" >> /tmp/calls\\n' > /srv/bin/systemctl; chmod +x /srv/bin/systemctl; touch /tmp/calls; chmod 666 /tmp/calls; \
         printf 'Defaults secure_path=/srv/bin:/usr/bin:/bin\\ndeploy ALL=(root) NOPASSWD: /srv/bin/systemctl\\n' > /etc/sudoers.d/case; chmod 440 /etc/sudoers.d/case",
    );
    let calls = || {
        let calls = fleet.read("app1", "/tmp/calls");
        fleet.sh("app1", ": > /tmp/calls");
        calls
    };
    let restart = |lines: &str| {
        let path = "default_environment[\"PATH\"] = \"/srv/bin:$PATH\";";
        site.run(&format!("{path} {lines}"), &["deploy:restart"])
    };
    restart("set :restart_via, :systemd;").ok();
    let called = calls();
    assert!(
        called.contains("systemctl restart shop") && called.contains("systemctl is-active --quiet -- shop"),
        "{called}"
    );
    restart("set :restart_via, :systemd_user; set :restart_units, [\"shop-web\", \"shop-jobs\"];").ok();
    assert!(calls().starts_with("systemctl --user restart shop-web shop-jobs\n"));
    restart("set :restart_via, :php_fpm; set :restart_units, [\"php8.3-fpm\"]; set :restart_method, :run;").ok();
    assert!(calls().starts_with("systemctl reload php8.3-fpm\n"));
    // A service that ends at once is no restart.
    fleet.sh(
        "app1",
        "printf '#!/bin/sh\\ncase $1 in is-active) exit 3 ;; status) echo it ended at once ;; esac\\n' > /srv/bin/systemctl",
    );
    restart("set :restart_via, :systemd; set :restart_method, :run;")
        .code(1)
        .says("it ended at once");
    restart("set :restart_via, :passenger;").ok();
    assert!(fleet.exists("app1", &format!("{BASE}/current/tmp/restart.txt")));
    restart("set :restart_via, :command; set :restart_command, \"pwd > /tmp/where\";").ok();
    assert!(fleet.read("app1", "/tmp/where").ends_with("/current"));
    restart("set :restart_via, :command;")
        .code(1)
        .says("set :restart_command");
    restart("set :restart_via, :pumma;")
        .code(3)
        .says("did you mean `puma'?");
    let none = site
        .run("reset :restart_via; set :restart_via, :none;", &["deploy:restart"])
        .ok();
    assert!(!none.stderr.contains("nothing was restarted"), "{}", none.stderr);
}

#[test]
fn puma_and_unicorn_are_signalled_when_they_are_what_the_pid_file_names() {
    let site = Site::new(&["app1"]);
    site.deploy(FIRST, "").ok();
    let fleet = &site.fleet;
    let pids = format!("{BASE}/current/tmp/pids");
    // Stand-ins with the names and signals of the real ones.
    fleet.sh(
        "app1",
        &format!(
            "printf '#!/bin/sh\\ntrap \"echo again >> /tmp/puma.log\" USR2\\necho $$ > {pids}/puma.pid\\nwhile :; do sleep 0.1; done\\n' > /srv/puma
             printf '#!/bin/sh\\ntrap \"exec /srv/unicorn & echo \\$! > /dev/null\" USR2\\ntrap \"echo quit >> /tmp/unicorn.log; exit\" QUIT\\necho $$ > {pids}/unicorn.pid\\nwhile :; do sleep 0.1; done\\n' > /srv/unicorn
             chmod +x /srv/puma /srv/unicorn"
        ),
    );
    let restart = |lines: &str| site.run(lines, &["deploy:restart"]);
    let start = |name: &str| {
        format!(
            "set :restart_via, :{name}; set :start_command, \"env --default-signal=QUIT /srv/{name} > /dev/null 2>&1 < /dev/null &\";"
        )
    };
    restart("set :restart_via, :puma;")
        .code(1)
        .says("no puma runs")
        .says("set :start_command");
    restart(&start("puma")).ok();
    // A pid file that was left names anybody's process.
    let await_pid = |name: &str| {
        fleet.sh("app1", &format!("n=0; until [ -s {pids}/{name}.pid ]; do n=$((n+1)); [ $n -lt 100 ] || exit 1; sleep 0.1; done; cat {pids}/{name}.pid"))
    };
    let first = await_pid("puma");
    restart("set :restart_via, :puma;").ok();
    fleet.sh(
        "app1",
        "n=0; until [ -s /tmp/puma.log ]; do n=$((n+1)); [ $n -lt 100 ] || exit 1; sleep 0.1; done",
    );
    assert_eq!(await_pid("puma"), first);
    restart(&start("unicorn")).ok();
    let old = await_pid("unicorn");
    restart("set :restart_via, :unicorn;").ok();
    assert_ne!(await_pid("unicorn"), old);
    fleet.sh(
        "app1",
        &format!("n=0; while kill -0 {old} 2>/dev/null; do n=$((n+1)); [ $n -lt 100 ] || exit 1; sleep 0.1; done"),
    );
    fleet.sh(
        "app1",
        &format!("sleep 60 > /dev/null 2>&1 < /dev/null & echo $! > {pids}/puma.pid"),
    );
    restart("set :restart_via, :puma;").code(1).says("no puma runs");
}

#[test]
fn d24_a_cold_deploy_works_without_a_spinner_and_gives_the_release_none() {
    let site = Site::new(&["app1"]);
    site.run("", &["cold_deploy"]).ok().says("nothing was started");
    assert!(!site.fleet.exists("app1", &format!("{BASE}/current/script/process")));
    site.run("set :restart_via, :reaper;", &["cold_deploy"])
        .ok()
        .says("nothing was started");
    assert!(
        site.fleet
            .exists("app1", &format!("{BASE}/current/script/process/reaper"))
    );
    site.run("set :restart_via, :systemd_user; set :start_command, \"touch /tmp/started\"; unset :restart_via; set :restart_via, :command;", &["cold_deploy"])
        .ok();
    assert!(site.fleet.exists("app1", "/tmp/started"));
}

#[test]
fn the_repository_on_a_server_is_made_by_a_task_and_what_is_hooked_to_it_comes_before_the_release() {
    let site = Site::new(&["app1"]);
    let told = "set :dialect, 3; set :deploy_via, :remote_cache; set :restart_on_deploy, false;
        before \"deploy:update_code\" { run \"! test -e current\", :dir => deploy_to; };";
    site.run(
        "set :dialect, 3; set :repository, \"/none\";",
        &["deploy:check:repository"],
    )
    .code(1)
    .says("the repository cannot be read from here");
    site.run(told, &["deploy:check:repository", "deploy:mirror", "deploy:mirror"])
        .ok();
    assert!(site.fleet.exists("app1", &format!("{BASE}/repo/HEAD")));
    let hooked = "after \"deploy:mirror\" { run \"git rev-parse HEAD > /tmp/seen && ! ls ../releases/*/REVISION\", :dir => repository_cache; };";
    site.deploy(FIRST, &format!("{told}{hooked}")).ok();
    assert!(site.fleet.exists("app1", "/tmp/seen"));
    site.are_current(FIRST);
}

#[test]
fn a_role_that_is_missing_is_said_before_anything_is_done() {
    let fleet = Fleet::start(&["app1"]);
    let run = |lines: &str, task: &str| {
        let recipe = format!(
            "set :application, \"shop\"; set :repository, \"{}\"; role :web, \"app1\"; {lines}",
            fleet.git().url
        );
        Case::new().recipe(&recipe).args([task]).on(&fleet).run()
    };
    run("", "setup").ok();
    for (lines, task, role) in [
        ("", "deploy", "app"),
        ("set :restart_via, :passenger;", "deploy", "app"),
        ("set :restart_via, :none;", "deploy_with_migrations", "db"),
        ("set :restart_via, :none;", "deploy:cold", "db"),
    ] {
        run(lines, task)
            .code(1)
            .says(&format!("no role :{role} is defined"))
            .says("role :");
        assert_eq!(fleet.list("app1", &format!("{BASE}/releases")), [""; 0]);
    }
    run("set :restart_via, :none;", "deploy").ok();
    run("set :restart_via, :passenger; set :restart_roles, [\"web\"];", "deploy").ok();
    assert!(fleet.exists("app1", &format!("{BASE}/current/tmp/restart.txt")));
}

#[test]
fn a_task_of_the_recipe_that_restarts_nowhere_is_refused_before_it_begins() {
    let fleet = Fleet::start(&["app1"]);
    let run = |lines: &str, arguments: &[&str]| {
        let recipe = format!(
            "set :application, \"shop\"; set :repository, \"{}\"; role :web, \"app1\"; {lines}",
            fleet.git().url
        );
        Case::new().recipe(&recipe).args(arguments).on(&fleet).run()
    };
    run("", &["setup"]).ok();
    let own = "task :deploy { run \"touch /tmp/begun\"; update; restart; }";
    run(own, &["deploy"])
        .code(3)
        .says("no role `app' is defined, and `restart', which `deploy' runs, needs it");
    assert!(!fleet.exists("app1", "/tmp/begun"));
    // Whoever names the servers needs no roles.
    fleet.sh("app1", "mkdir -p /u/apps/shop/shared");
    run(
        &format!("{own} set :reaper_command, \"true\";"),
        &["HOSTS=app1", "deploy"],
    )
    .ok();
    assert!(fleet.exists("app1", "/tmp/begun") && fleet.exists("app1", &format!("{BASE}/current/REVISION")));
}

#[test]
fn tasks_of_the_library_make_what_they_need_or_say_what_makes_it() {
    let fleet = Fleet::start(&["app1"]);
    let run = |lines: &str, task: &str| {
        let recipe = format!(
            "set :application, \"shop\"; set :repository, \"{}\"; set :dialect, 2; role :web, \"app1\"; role :app, \"app1\"; \
             role :db, \"app1\", :primary => true; set :linked_dirs, [\"tmp/pids\"]; set :restart_via, :none; {lines}",
            fleet.git().url
        );
        Case::new().recipe(&recipe).args([task]).on(&fleet).run()
    };
    // Nothing is prepared.
    run("", "disable_web")
        .code(1)
        .says("there is no /u/apps/shop/shared: do setup first");
    run("", "deploy:unlock").ok().says("nothing is locked");
    let reaper = "set :restart_via, :reaper;";
    run(reaper, "deploy:stop").code(1).says("nothing is current");
    // Nothing is deployed.
    run("", "setup").ok();
    run("", "cleanup").ok().silent_on("is not named like a release");
    run("", "migrate")
        .code(1)
        .says("there is no release to migrate: nothing was deployed yet");
    run("", "disable_web").ok();
    assert!(fleet.exists("app1", &format!("{BASE}/shared/system/maintenance.html")));
    run("", "enable_web").ok();
    run("append :linked_dirs, \"public/system\";", "disable_web").ok();
    assert!(fleet.exists("app1", &format!("{BASE}/shared/public/system/maintenance.html")));
    // The programs keep their numbers where the release keeps them.
    run("", "deploy").ok();
    run(reaper, "deploy:stop")
        .code(1)
        .says("the release has no script/process/reaper: set :restart_via, :reaper");
    // In the words of Capistrano 2 there is nothing to stop without a reaper.
    run("", "deploy:stop").ok();
    run(reaper, "deploy").ok();
    let spinner = format!("{BASE}/current/script/process/spinner");
    run(
        &format!("task :begin {{ run \"{spinner} -c true -i 60 -d\"; }}"),
        "begin",
    )
    .ok();
    let pids = format!("{BASE}/shared/tmp/pids");
    assert_eq!(fleet.list("app1", &pids).len(), 1);
    run(reaper, "deploy:stop").ok();
    fleet.sh(
        "app1",
        "n=0; while pgrep -f [s]cript/process/spinner >/dev/null; do n=$((n + 1)); [ $n -lt 100 ] || exit 1; sleep 0.05; done",
    );
}

#[test]
fn servers_that_share_a_directory_are_told_and_nothing_is_left() {
    let site = Site::new(&["app1"]);
    // By its address it is the same machine.
    let other = format!("server \"deploy@{}:{SSH_PORT}\", :app", site.fleet.address("app1"));
    site.deploy(FIRST, &format!("{other};"))
        .code(1)
        .says("makes this release in the same directory: they are one machine under two names, or share a disk")
        .says("no_release");
    assert_eq!(site.fleet.list("app1", &format!("{BASE}/releases")), [""; 0]);
    site.deploy(FIRST, &format!("{other}, :no_release => true;")).ok();
    site.are_current(FIRST);
}

#[test]
fn setup_without_rights_says_it_once_with_all_servers() {
    let fleet = Fleet::start(&["app1", "app2"]);
    let recipe = "set :application, \"shop\"; set :repository, \"/srv/x\"; set :deploy_to, \"/srv/apps/shop\"; role :app, \"app1\", \"app2\";";
    let told = Case::new().recipe(recipe).args(["setup"]).on(&fleet).run().code(1);
    let said =
        "deploy may not write in /srv: set :use_sudo, true, or make /srv/apps/shop as root and give it to that user";
    assert!(told.stderr.matches(said).count() <= 3, "{}", told.stderr);
    told.says(said).says("app1, app2");
    for (path, said) in [
        ("~/shop", "`~' is not expanded here"),
        ("apps/shop", "it is no absolute path"),
    ] {
        let recipe = format!("set :deploy_to, \"{path}\"; role :app, \"app1\";");
        Case::new()
            .recipe(&recipe)
            .args(["setup"])
            .on(&fleet)
            .run()
            .code(3)
            .says(said);
    }
}

#[test]
fn d12_migrations_run_in_what_the_dialect_says() {
    let site = Site::new(&["app1"]);
    site.deploy(FIRST, "").ok();
    let lines = "role :db, \"app1\", :primary => true; set :rake, \"pwd; true\";";
    site.run(lines, &["migrate"]).ok().says(&format!("{BASE}/current"));
    let lines = format!("{lines} after \"deploy:restart\" {{ }}");
    site.run(&lines, &["deploy:migrate"])
        .ok()
        .says(&format!("{BASE}/releases/{FIRST}"));
}

#[test]
fn d23_revisions_log_names_who_deployed_which_branch() {
    let site = Site::new(&["app1"]);
    let recipe = |task: &str| {
        let text = format!(
            "set :application, \"shop\"; set :repository, \"{}\"; set :branch, \"main\"; role :app, \"app1\"; set :restart_via, :none;",
            site.fleet.git().url
        );
        let case = Case::new().recipe(&text).args([task]).env("USER", "ann");
        case.on(&site.fleet).run().ok()
    };
    recipe("deploy");
    let revision = site.fleet.git().revision().unwrap();
    assert!(
        site.fleet
            .read("app1", &format!("{BASE}/revisions.log"))
            .contains(&format!(" ann main {revision} "))
    );
    let releases = recipe("deploy:releases").stdout;
    assert!(
        releases.contains(&format!("  main    {}  ann  current", &revision[..12])),
        "{releases}"
    );
}

#[test]
fn what_a_later_transaction_undoes_is_not_told_of_a_release_that_stays() {
    let site = Site::new(&["app1"]);
    let lines = "task :later { transaction { on_rollback { run \"true\"; } run \"false\"; } }";
    let told = site
        .run(lines, &["-s", &format!("release_name=\"{FIRST}\""), "update", "later"])
        .code(1);
    assert!(!told.stderr.contains("everything was undone"), "{}", told.stderr);
    site.are_current(FIRST);
}
