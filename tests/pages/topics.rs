//! docs/roles.md, docs/commands.md and docs/transactions.md.

use super::{Page, blocks, line};
use crate::fleet::Fleet;
use crate::harness::Case;
use crate::trial::{Place, Trial};

/// Runs the blocks of a page in their order, each with what must come of it.
fn in_order(page: &mut Page, path: &str, fleet: &Fleet, expected: &[fn(Trial) -> Trial]) {
    let blocks = blocks(path);
    assert_eq!(blocks.len(), expected.len(), "{path}");
    for (block, expected) in blocks.iter().zip(expected) {
        page.recipe(block, Place::Top, Some(fleet), |trial| expected(trial.bare()));
    }
}

/// Runs a piece that stands in a sentence or in a table, in a task.
fn said(page: &mut Page, snippet: &str, fleet: &Fleet, trial: impl Fn(Trial) -> Trial) {
    page.recipe(snippet, Place::Task, Some(fleet), |one| {
        trial(one.bare().before("role :app, \"app1\", \"app2\";"))
    });
}

#[test]
fn the_page_of_roles_is_true() {
    let path = "docs/roles.md";
    let mut page = Page::read(path);
    let fleet = Fleet::start(&["app1", "app2", "db1", "web1"]);
    let names = "for s in find_servers() { puts s.name; }";
    assert!(names.ends_with('}'));
    in_order(
        &mut page,
        path,
        &fleet,
        &[
            |t| {
                t.then("for s in find_servers(:roles => :db) { puts s.name; }")
                    .prints("db1.example.com\ndb2.example.com\n")
            },
            |t| t.then("puts primary(:db).host;").prints("db1.example.com\n"),
            |t| {
                t.file("servers.txt", "app1\napp2\n")
                    .then("for s in roles(:app) { puts s.host; }")
                    .prints("app1\napp2\n")
            },
            |t| t.calls(&["report", "-n"]).says("date").says("hostname"),
            |t| t.calls(&["mark"]).on("app2", "cat /tmp/marked", "app2"),
            |t| {
                t.calls(&["versions"])
                    .says("I am a web server")
                    .says("I am something else")
            },
            |t| t.then("puts branch;").prints("develop\n"),
            |t| t.then("puts branch;").prints("main\n"),
            |t| {
                t.then("puts url;")
                    .calls(&["t", "-s", "branch=fix"])
                    .prints("https://fix.example.com\n")
            },
        ],
    );
    for option in [
        ":roles => :app",
        ":roles => [:app, :web]",
        ":hosts => \"app1\"",
        ":only => #{ primary: true }",
        ":except => #{ no_release: true }",
        ":once => true",
        ":max_hosts => 2",
        ":on_no_matching_servers => :continue",
    ] {
        let roles = "role :app, \"app1\", :primary => true; role :web, \"web1\";";
        let recipe = format!("{roles} task :t {{ run \"echo on $CAPISTRANO:HOST$\", {option}; }}");
        line("capr t")
            .file("deploy.rhai", &recipe)
            .on(&fleet)
            .run()
            .ok()
            .says("on app1");
    }
    let filtered = Case::new()
        .file(
            "deploy.rhai",
            "role :app, \"app1\", \"app2\"; task :deploy { run \"echo on $CAPISTRANO:HOST$\"; }",
        )
        .args(["deploy", "HOSTFILTER=app1"])
        .on(&fleet)
        .run()
        .ok();
    filtered.says("on app1").silent_on("on app2");
    page.take("$ capr deploy HOSTFILTER=app1\n");
    page.take("$ capr staging deploy\n$ capr production deploy:status\n");
    page.take("capr TASK --servers");
    page.take("capr vars NAME");
    page.recipe("set :default_stage, \"staging\";", Place::Top, None, |trial| {
        trial
            .bare()
            .file("config/deploy/staging.rhai", "set :greeting, \"from staging\";")
            .with("set :greeting, \"none\";")
            .then("puts `${stage} ${greeting}`;")
            .prints("staging from staging\n")
    });
    for call in ["capture(…)", "capture_all(…)"] {
        page.not_run(call, "dots; docs/commands.md has both");
    }
    page.recipe("set :dialect, 3", Place::Top, None, |trial| {
        trial.bare().then("puts dialect;").prints("3\n")
    });
    for shown in [":only => #{ primary: true }", ":except => #{ no_release: true }"] {
        page.left.retain(|one| one != shown);
    }
    page.done();
}

#[test]
fn the_page_of_commands_is_true() {
    let path = "docs/commands.md";
    let mut page = Page::read(path);
    let fleet = Fleet::start(&["app1", "app2"]);
    in_order(
        &mut page,
        path,
        &fleet,
        &[
            |t| t.on("app2", "ls -d \"/tmp/it's here\"", "/tmp/it's here"),
            |t| t.says("/tmp").says("/var").says("production"),
            |t| t.says("/tmp").says("production"),
            |t| t.says("app1 calls itself "),
            |t| {
                t.answer("Password for sudo", crate::fleet::PASSWORD)
                    .says("uid=0(root)")
                    .says("bob")
            },
            |t| t.local("app2.conf", "port 3000\n"),
            |t| {
                t.answer("Password for sudo", crate::fleet::PASSWORD).on(
                    "app1",
                    "stat -c '%U %a' /etc/hosts.shop; ls /tmp/hosts.new",
                    "root 644",
                )
            },
        ],
    );
    said(&mut page, "run `rm ${quote(path)}`;", &fleet, |t| {
        t.first("let path = \"/tmp/it's gone\"; run [\"touch\", path];")
            .on("app1", "ls \"/tmp/it's gone\"", "")
    });
    said(&mut page, "capture(\"uname\")", &fleet, |t| {
        t.then("puts strip(capture(\"uname\"));").prints("Linux\n")
    });
    said(&mut page, "capture_all(\"uname\")", &fleet, |t| {
        t.then("puts capture_all(\"uname\").len();").prints("2\n")
    });
    said(&mut page, "test(\"[ -f /etc/motd ]\")", &fleet, |t| {
        t.then("puts test(\"[ -d /etc ]\");").prints("true\n")
    });
    said(&mut page, "stream \"tail -f log\"", &fleet, |t| {
        t.unseen().code(1).says("tail")
    });
    page.not_run("as :bob { … }", "dots; the reference has an example that is run");
    page.not_run("sudo()", "runs in the block above it");
    page.not_run(
        "run \"…\", |channel, stream, data| { … }",
        "dots; the cookbook runs one",
    );
    said(&mut page, "run \"test -e /tmp/x || touch /tmp/x\";", &fleet, |t| {
        t.on("app2", "ls /tmp/x", "/tmp/x")
    });
    said(&mut page, "run_locally(\"git rev-parse HEAD\")", &fleet, |t| {
        t.code(1).says("git")
    });
    said(&mut page, "system(\"git diff --quiet\")", &fleet, |t| {
        t.unseen().says("git diff")
    });
    page.recipe(
        "set :password { password_prompt(\"Password: \") }",
        Place::Top,
        Some(&fleet),
        |t| {
            t.bare()
                .before("role :app, \"app1\";")
                .then("sudo \"id -u\";")
                .answer("Password: ", crate::fleet::PASSWORD)
                .never(crate::fleet::PASSWORD)
                .says("0")
        },
    );
    page.recipe("set :use_sudo, true;", Place::Top, None, |t| {
        t.bare().then("puts use_sudo;").prints("true\n")
    });
    fleet.sh("app1", "mkdir -p /srv/app/log && echo log > /srv/app/log/app.log && echo l > /var/log/app.log && chown -R deploy /srv/app");
    fleet.sh(
        "app2",
        "mkdir -p /srv/app && echo l > /var/log/app.log && chown -R deploy /srv/app",
    );
    said(
        &mut page,
        "put \"text\", \"/srv/app/.env\", :mode => 0600",
        &fleet,
        |t| t.on("app2", "stat -c %a /srv/app/.env", "600"),
    );
    said(
        &mut page,
        "upload \"config/app.conf\", \"/srv/app/app.conf\"",
        &fleet,
        |t| t.file("config/app.conf", "c").on("app2", "cat /srv/app/app.conf", "c"),
    );
    said(&mut page, "get \"/srv/app/log/app.log\", \"app.log\"", &fleet, |t| {
        t.local("app.log", "log\n")
    });
    said(
        &mut page,
        "download \"/var/log/app.log\", \"logs/$CAPISTRANO:HOST$.log\"",
        &fleet,
        |t| t.local("logs/app2.log", "l\n"),
    );
    said(&mut page, "delete \"/tmp/cache\", :recursive => true", &fleet, |t| {
        t.first("run \"mkdir -p /tmp/cache/x\";")
            .on("app1", "ls -d /tmp/cache", "")
    });
    said(&mut page, "render(\"app.conf.erb\")", &fleet, |t| {
        t.file("app.conf.erb", "{{ 1 + 1 }}")
            .then("puts render(\"app.conf.erb\");")
            .prints("2\n")
    });
    for (snippet, printed) in [
        ("ask(\"Tag to deploy\", \"main\")", "main\n"),
        ("choose(\"Where to\", [\"staging\", \"production\"])", ""),
        ("password_prompt(\"Token: \")", ""),
    ] {
        said(&mut page, snippet, &fleet, |t| {
            if printed.is_empty() {
                let code = if snippet.starts_with("choose") { 1 } else { 3 };
                return t.code(code).says("no terminal");
            }
            t.then(&format!("puts {snippet};")).prints(printed)
        });
    }
    page.recipe("set :tag { ask(\"Tag to deploy\", \"main\") }", Place::Top, None, |t| {
        t.bare().then("puts tag;").calls(&["t", "-s", "tag=v2"]).prints("v2\n")
    });
    for option in [
        ":dir => \"/srv/app\"",
        ":env => #{ RAILS_ENV: \"production\" }",
        ":timeout => 60",
    ] {
        said_option(option, &fleet);
    }
    page.left.retain(|one| !one.starts_with(":") && !one.starts_with("#{"));
    page.done();
}

/// An option of the table is taken by a command.
fn said_option(option: &str, fleet: &Fleet) {
    let recipe = format!("role :app, \"app1\"; task :t {{ run \"true\", {option}; }}");
    line("capr t").file("deploy.rhai", &recipe).on(fleet).run().ok();
}

#[test]
fn the_page_of_transactions_is_true() {
    let path = "docs/transactions.md";
    let mut page = Page::read(path);
    let fleet = Fleet::start(&["app1", "app2"]);
    for host in ["app1", "app2"] {
        fleet.sh(host, &format!("mkdir -p /srv/bin; printf '#!/bin/sh\\necho {host}\\n' > /srv/bin/hostname; chmod 755 /srv/bin/hostname; echo 'PATH=/srv/bin:$PATH' > ~deploy/.bashrc"));
    }
    in_order(
        &mut page,
        path,
        &fleet,
        &[
            |t| t.says("not there, going on"),
            |t| {
                t.code(1)
                    .on("app1", "ls /tmp/went-on", "/tmp/went-on")
                    .on("app2", "ls /tmp/went-on", "")
            },
            |t| {
                t.code(1)
                    .says("rolled back")
                    .on("app1", "ls /tmp/new", "")
                    .on("app2", "ls /tmp/new", "")
            },
            |t| t.prints("first\nsecond\nsecond undone\ncaught no\nthird\n"),
            |t| {
                t.with("namespace :deploy { task :create_symlink { puts \"switched\"; } } set :release_path, \"/tmp/release\"; role :app, \"app1\";")
                    .calls(&["symlink"])
                    .code(1)
                    .never("switched")
            },
            |t| t.then("throw \"no\";").code(1).says("please have a look"),
        ],
    );
    page.recipe("set :restart_in_transaction, true;", Place::Top, None, |t| {
        t.bare().then("puts restart_in_transaction;").prints("true\n")
    });
    for words in ["transaction { … }", "after \"deploy:failed\"", "on :failure"] {
        page.left.retain(|one| one != words);
    }
    // The table of a rollback: its form is tried in src/report/undone.rs.
    page.left.retain(|one| !one.starts_with("rollback   "));
    page.done();
}

/// Tries a job of GitHub Actions.
fn in_a_job() {
    let recipe = "task :deploy { puts \"::notice::of the recipe\"; info \"::error::of another\"; abort \"100% no\"; }";
    let job = line("capr deploy; echo \"ended with $?\"; cat summary").file("deploy.rhai", recipe);
    let place = job.path("");
    let job = job
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_WORKSPACE", place.display());
    let told = job
        .env("GITHUB_STEP_SUMMARY", place.join("summary").display())
        .run()
        .ok();
    assert!(told.stderr.starts_with("::group::deploy\n"), "{}", told.stderr);
    let ended = told.stderr.find("\n::endgroup::\n").unwrap();
    let marked = told.stderr.find("\n::error file=deploy.rhai,line=1,col=").unwrap();
    assert!(
        ended < marked && told.stderr[marked..].contains("title=capr::100%25 no\n"),
        "{}",
        told.stderr
    );
    assert!(!told.stderr.contains("\n::error::"), "{}", told.stderr);
    for said in [
        "::notice::of the recipe\n",
        "ended with 1\n",
        "### ❌ capr deploy\n\nfailed: 1 task",
        "<pre>\nerror: 100% no\n",
    ] {
        assert!(told.stdout.contains(said), "{said}: {}", told.stdout);
    }
    // A run does not fail because its summary cannot be written, but that is said.
    line("capr deploy; echo \"ended with $?\"")
        .file("deploy.rhai", "task :deploy { puts \"x\"; }")
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_STEP_SUMMARY", "missing/summary")
        .run()
        .ok()
        .says("*** cannot write the summary of the job to missing/summary: ")
        .says("ended with 0");
    // What is wrong in a recipe is marked, too.
    let wrong = line("capr check")
        .file("deploy.rhai", "rum \"x\";")
        .env("GITHUB_ACTIONS", "true");
    let place = wrong.path("");
    wrong
        .env("GITHUB_WORKSPACE", place.display())
        .run()
        .code(3)
        .says("::error file=deploy.rhai,line=1,col=1,title=capr::");
    line("capr t --log-format gitlab")
        .run()
        .ok()
        .says("section_start:")
        .says("section_end:");
}

#[test]
fn the_pages_of_ci_and_of_exit_codes_are_true() {
    let mut page = Page::read("docs/ci.md");
    page.recipe("ssh_options[\"verify_host_key\"] = :always;\n", Place::Top, None, |t| {
        t.bare()
            .then("puts ssh_options[\"verify_host_key\"];")
            .prints("always\n")
    });
    page.recipe("set :heartbeat, 30;", Place::Top, None, |t| {
        t.bare().then("puts heartbeat;").prints("30\n")
    });
    page.not_run(
        &page
            .left
            .iter()
            .find(|one| one.starts_with("ssh-keyscan"))
            .unwrap()
            .clone(),
        "a call of ssh's",
    );
    let call = page
        .left
        .iter()
        .find(|one| one.starts_with("capr deploy --log-format"))
        .unwrap()
        .clone();
    page.not_run(&call, "the page of the JSON log is tried by its own test");
    in_a_job();
    let failing = line("capr deploy --log-format json 2> deploy.json || grep -c '\"type\":\"error\"' deploy.json");
    let failing = failing.file("deploy.rhai", "task :deploy { abort \"no\"; }").run().ok();
    assert_eq!(failing.stdout, "1\n");
    for call in [
        "capr check",
        "capr doctor",
        "capr production deploy -n",
        "capr production deploy:check",
        "capr production deploy:pending",
        "capr lib fetch --locked",
        "capr lib vendor",
    ] {
        page.not_run(call, "docs/deploy.md, docs/command-line.md and docs/sharing.md run it");
    }
    page.done();
    let mut page = Page::read("docs/reference.md");
    page.take("capr help");
    page.take("capr --help");
    page.not_run("capr shell", "docs/command-line.md runs it");
    page.not_run("capr lib vendor", "docs/sharing.md runs it");
    page.done();
    // The codes are those of the help.
    let help = line("capr --help").run().ok();
    for code in ["0 done", "1 failed", "2 usage", "3 error", "4 could", "5 rollback"] {
        assert!(help.stdout.contains(code), "{code}");
    }
}
