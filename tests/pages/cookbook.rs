//! docs/cookbook.md: each of its recipes runs on servers that all of them share.

use std::fs;
use std::thread;

use super::Page;
use crate::fleet::Fleet;
use crate::fleet::place::checkout;
use crate::harness::Case;
use crate::trial::{Place, SERVERS, Trial, piece};

/// A recipe under its title. Its blocks are recipes, or lines of a shell.
struct Entry {
    title: String,
    blocks: Vec<String>,
}

fn entries() -> Vec<Entry> {
    let text = fs::read_to_string(checkout().join("docs/cookbook.md")).unwrap();
    let parts = text.split("\n### ").skip(1);
    let entries = parts.map(|part| {
        let (title, body) = part.split_once('\n').unwrap();
        let blocks = body.split("\n```").skip(1).step_by(2);
        let blocks = blocks.filter_map(|block| block.strip_prefix("rhai\n"));
        Entry {
            title: title.to_owned(),
            blocks: blocks.map(|block| format!("{block}\n")).collect(),
        }
    });
    entries.collect()
}

/// A trial by its title.
type Expected = (&'static str, fn(Trial) -> Trial);

/// Those that stand for themselves.
fn alone() -> Vec<Expected> {
    let mut all: Vec<Expected> = commands();
    all.extend(files());
    all.extend(settings());
    all
}

fn commands() -> Vec<Expected> {
    vec![
        ("Run a command on one server only", |t| {
            t.calls(&["seed"])
                .on("app1", "ls /tmp/seeded", "/tmp/seeded")
                .on("app2", "ls /tmp/seeded", "")
        }),
        ("One server at a time", |t| {
            t.calls(&["reboot_workers"])
                .on("app2", "ls /tmp/restarted", "/tmp/restarted")
        }),
        ("Go on although some servers fail", |t| {
            t.program("app1", "hostname", "echo app1")
                .program("app2", "hostname", "echo app2")
                .calls(&["upgrade"])
                .code(1)
                .on("app1", "ls /tmp/upgraded", "/tmp/upgraded")
                .on("app2", "ls /tmp/upgraded", "")
        }),
        ("Ignore the failure of one command", |t| {
            t.calls(&["stop_worker"]).says("no-such-worker")
        }),
        ("A command with a time limit", |t| {
            t.calls(&["check_queue", "-v"]).says("timeout 10 s")
        }),
        ("Run something on all servers in the background", |t| {
            let indexed = "until test -s /tmp/index; do sleep 0.02; done; cat /tmp/index";
            t.calls(&["reindex"])
                .on("app2", &format!("timeout 20 sh -c '{indexed}'"), "indexed")
        }),
        ("Environment variables for all commands", |t| {
            t.calls(&["show_environment"]).on(
                "app1",
                "grep -o '^production /opt/ruby/bin:.*/bin' /tmp/environment | cut -d: -f1",
                "production /opt/ruby/bin",
            )
        }),
        ("A program that is not found", |t| {
            let node = "mkdir -p /home/deploy/.local/bin && printf '#!/bin/sh\\necho v20\\n' > /home/deploy/.local/bin/node && chmod 755 /home/deploy/.local/bin/node";
            t.given("app1", node)
                .given("app2", node)
                .calls(&["versions"])
                .on("app2", "cat /tmp/versions", "v20")
        }),
        ("A task with an argument", |t| {
            t.calls(&["say", "WORD=hello"])
                .on("app1", "ls /tmp/said-hello", "/tmp/said-hello")
        }),
        ("Use what one server says on the others", |t| {
            t.program("db1", "hostname", "echo the-database")
                .calls(&["announce"])
                .on(
                    "app2",
                    "ls /tmp/database-is-the-database",
                    "/tmp/database-is-the-database",
                )
        }),
        ("Compare all servers", |t| {
            t.calls(&["same_kernel"]).prints("4 servers looked at\n")
        }),
        ("Each server's own name in a command", |t| {
            t.calls(&["mark"])
                .on("app1", "cat /tmp/name", "app1")
                .on("app2", "cat /tmp/name", "app2")
        }),
        ("Answer a program that asks", |t| {
            t.calls(&["answer"]).on("app2", "cat /tmp/answer", "yes")
        }),
        ("Try again until it works", |t| t.calls(&["wait_for_port"]).says("done")),
        ("Follow the logs of all servers", |t| {
            t.given("app1", "echo one > /var/log/app.log")
                .given("app2", "echo two > /var/log/app.log")
                .calls(&["logs", "-s", "lines=--"])
                .says("one")
                .says("two")
        }),
        ("Install a package", |t| {
            t.calls(&["install_curl"])
                .answer("Password for sudo", crate::fleet::PASSWORD)
                .says("/sh")
        }),
        ("Measure how long something takes", |t| {
            t.calls(&["measure"]).says("it took ")
        }),
        ("What a dry run takes for an answer", |t| {
            t.calls(&["plan", "-n"]).prints("free: 100\n")
        }),
    ]
}

fn files() -> Vec<Expected> {
    vec![
        ("A configuration file from a template", |t| {
            t.file("app.conf.tpl", "listen {{ app_port }}\n")
                .calls(&["configure"])
                .on(
                    "app2",
                    "cat /tmp/app.conf; stat -c %a /tmp/app.conf",
                    "listen 3000\n644",
                )
        }),
        ("Secrets in a file", |t| {
            t.env("API_TOKEN", "opensesame")
                .calls(&["give_token", "-v"])
                .never("opensesame")
                .on(
                    "app2",
                    "cat /tmp/secrets.env; stat -c %a /tmp/secrets.env",
                    "API_TOKEN=opensesame\n600",
                )
        }),
        ("A secret from a password manager", |t| {
            t.file("secret.txt", "opensesame\n")
                .calls(&["migrate_by_hand", "-v"])
                .never("opensesame")
                .on("db1", "ls /tmp/migrated", "/tmp/migrated")
        }),
        ("Send a directory", |t| {
            t.file("public/a.html", "hello")
                .calls(&["publish"])
                .on("web1", "cat /tmp/public/a.html", "hello")
        }),
        ("Fetch the logs of all servers", |t| {
            t.given("app1", "echo one > /var/log/app.log")
                .given("app2", "echo two > /var/log/app.log")
                .calls(&["fetch_logs"])
                .local("logs/app1.log", "one\n")
                .local("logs/app2.log", "two\n")
        }),
        ("A file that belongs to root", |t| {
            t.calls(&["motd"])
                .answer("Password for sudo", crate::fleet::PASSWORD)
                .on("app2", "stat -c '%U %a' /etc/motd.shop; ls /tmp/motd.new", "root 644")
        }),
        ("Synchronise with rsync", |t| {
            t.calls(&["sync"])
                .local("synced", "rsync -a public/ web1:/srv/public/\n")
        }),
        ("Get a dump of the database", |t| {
            t.with("task :look { puts run_locally(\"gunzip -c backup/*.sql.gz\"); }")
                .calls(&["dump", "look"])
                .prints("select 1;\n")
        }),
        ("Load a local file into a program on a server", |t| {
            t.file("dump.sql", "select 2;\n")
                .calls(&["restore"])
                .on("db1", "cat /tmp/restored.sql", "select 2;")
        }),
        ("Cron jobs", |t| {
            t.calls(&["install_cron"])
                .on("app1", "cat /tmp/crontab", "0 3 * * * /srv/shop/bin/nightly")
        }),
    ]
}

fn settings() -> Vec<Expected> {
    vec![
        ("Ask before it goes to production", |t| {
            t.bare()
                .with("task :deploy { puts \"deployed\"; }")
                .calls(&["deploy"])
                .code(1)
                .says("not deployed")
        }),
        ("Not on Fridays", |t| {
            let trial = t.bare().with("task :deploy { puts \"deployed\"; }");
            trial.calls(&["deploy", "FORCE=1"]).prints("deployed\n")
        }),
        ("Settings in a YAML file", |t| {
            t.bare()
                .file("settings.yml", "production:\n  host: db1.example.com\n")
                .calls(&["show_settings"])
                .prints("the database is on db1.example.com\n")
        }),
        ("Servers from an inventory", |t| {
            t.bare()
                .file("inventory.json", "[{\"address\": \"app2\"}]")
                .with("task :t, :roles => :batch { run \"touch /tmp/batch\"; }")
                .on("app2", "ls /tmp/batch", "/tmp/batch")
        }),
        ("Attributes of your own", |t| {
            t.bare()
                .calls(&["in_europe"])
                .on("app1", "ls /tmp/europe", "/tmp/europe")
                .on("app2", "ls /tmp/europe", "")
        }),
        ("Another user, port or key", |t| {
            t.bare()
                .then("for s in find_servers() { puts s.name; }")
                .prints("admin@old.example.com:2222\n")
        }),
        ("Through a jump host", |t| {
            t.bare().then("puts gateway;").prints("gate.example.com\n")
        }),
        ("The same task for several things", |t| {
            t.calls(&["stop"]).on("app1", "ls /tmp/did-stop", "/tmp/did-stop")
        }),
        ("A private repository, with your own key", |t| {
            t.bare().then("puts ssh_options[\"forward_agent\"];").prints("true\n")
        }),
        ("A server that gets no code", |t| {
            t.bare().then("puts release_roles(:db).len();").prints("0\n")
        }),
        ("Choose the branch on the command line", |t| {
            t.bare()
                .then("puts branch;")
                .calls(&["t", "BRANCH=fix"])
                .prints("fix\n")
        }),
        ("A part of a repository", |t| {
            t.bare().then("puts repo_tree;").prints("services/shop\n")
        }),
        ("Restart by systemd", |t| {
            // What a restart does is tried in tests/deploy/restart.
            t.bare().then("puts restart_units;").prints("[\"shop\"]\n")
        }),
        ("Wait until the application answers", |t| {
            t.bare().then("puts wait_for.tries;").prints("30\n")
        }),
        ("Some servers at a time", |t| {
            t.bare().then("puts max_hosts;").prints("2\n")
        }),
        ("Build once, here, and deploy the result", |t| {
            t.bare().then("puts build_script;").prints("echo built > bundle.js\n")
        }),
        ("Tasks of one's own, for all projects", |t| {
            t.bare().with("role :app, \"app1\";").calls(&["who"]).says("who")
        }),
        ("Staging and production", |t| {
            t.bare()
                .then("for s in roles(:app) { puts s.host; }")
                .prints("app1\napp2\n")
        }),
    ]
}

/// Those that belong to a deploy: one recipe has all of them, and deploys.
const DEPLOYED: [&str; 10] = [
    "Keep uploads and configuration between releases",
    "Remove old releases after each deploy",
    "Install dependencies in each release",
    "Deploy the branch that is checked out here",
    "Refuse to deploy what is not pushed",
    "A file with the version in each release",
    "Warm up after the restart",
    "Tell a chat channel",
    "Mark what was deployed, in Git",
    "Look whether everything is there before a deploy",
];

/// Those of a deploy with migrations.
const MIGRATED: [&str; 2] = ["Migrate the database", "A page for the time of maintenance"];

/// Those that are lines of a command.
const TYPED: [&str; 3] = [
    "Run a command without a task",
    "A shell with the application's environment",
    "Only some of the servers",
];

#[test]
fn every_recipe_of_the_cookbook_does_what_it_says() {
    let mut page = Page::read("docs/cookbook.md");
    let (entries, alone) = (entries(), alone());
    let block = |title: &str| {
        let entry = entries.iter().find(|entry| entry.title == title);
        let entry = entry.unwrap_or_else(|| panic!("the cookbook has no {title:?}"));
        entry.blocks.concat()
    };
    let known = |title: &str| {
        alone.iter().any(|(one, _)| *one == title)
            || [&DEPLOYED[..], &MIGRATED[..], &TYPED[..]].concat().contains(&title)
    };
    for entry in &entries {
        assert!(known(&entry.title), "{:?} has no trial", entry.title);
        entry.blocks.iter().for_each(|block| page.take(block));
    }
    assert!(entries.len() >= 40, "{}", entries.len());
    let fleet = Fleet::start(&SERVERS);
    // Its servers take several at a time; what they write is in files of their own.
    let wrong: Vec<String> = thread::scope(|scope| {
        let (fleet, block) = (&fleet, &block);
        let share = alone.len().div_ceil(3);
        let threads = alone.chunks(share).map(|some| {
            scope.spawn(move || {
                let failed = some.iter().filter_map(|(title, expected)| {
                    let trial = expected(piece(&block(title)).titled(title));
                    Some(format!("{title}\n{}", trial.run(Place::Top, Some(fleet)).err()?))
                });
                failed.collect::<Vec<_>>()
            })
        });
        let threads: Vec<_> = threads.collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    assert!(wrong.is_empty(), "{} wrong:\n\n{}", wrong.len(), wrong.join("\n\n"));
    deployed(&fleet, &DEPLOYED.map(block).concat());
    migrated(&fleet, &MIGRATED.map(block).concat());
    for call in [
        "capr run -- uptime\n$ capr run ROLES=app -- 'df -h / | tail -n 1'\n",
        "capr say WORD=hello\n",
        "capr deploy BRANCH=fix\n$ capr deploy -s branch=fix\n",
        "capr deploy HOSTFILTER=app1\n",
    ] {
        page.take(&format!("$ {call}"));
    }
    page.not_run("rolling 1 { … }", "dots; the reference has an example that is run");
    for call in [
        "capr shell",
        "capr deploy_with_migrations",
        "capr production deploy",
        "capr deploy:check",
    ] {
        page.not_run(call, "words of the text; the pages on them run it");
    }
    page.done();
}

/// The head of a recipe that deploys.
fn head(fleet: &Fleet) -> String {
    let roles = "role :app, \"app1\", \"app2\"; role :web, \"web1\"; role :db, \"db1\", :primary => true;";
    format!(
        "set :application, \"shop\"; set :repository, \"{}\"; set :dialect, 2;\n{roles}\n",
        fleet.git().url
    )
}

fn deployed(fleet: &Fleet, pieces: &str) {
    for host in SERVERS {
        let config = "/u/apps/shop/shared/config";
        fleet.sh(
            host,
            &format!("mkdir -p {config} && echo db > {config}/database.yml && chown -R deploy /u/apps"),
        );
    }
    let recipe = format!("{}{pieces}", head(fleet));
    let line = "git clone -q \"$FLEET_GIT\" clone && cp deploy.rhai clone && cd clone && capr check && capr setup && capr deploy:check && \
                capr deploy HOSTFILTER=app1,app2 && git tag && cat told";
    let case = Case::new()
        .file("deploy.rhai", &recipe)
        .env("FLEET_GIT", &fleet.git().url);
    let finished = case.shell(line).on(fleet).run().ok();
    assert!(finished.stdout.contains("deployed-2"), "{}", finished.stdout);
    assert!(finished.stdout.contains("\"finished\""), "{}", finished.stdout);
    let current = "/u/apps/shop/current";
    assert_eq!(fleet.read("app2", &format!("{current}/config/database.yml")), "db");
    assert!(fleet.read("app2", &format!("{current}/installed")).contains("npm ci"));
    let version = fleet.read("app1", &format!("{current}/version.txt"));
    assert_eq!(version.trim(), fleet.git().revision().unwrap());
    assert!(fleet.exists("app1", "/tmp/warm"));
    assert!(!fleet.exists("web1", current), "web1 was filtered out");
}

fn migrated(fleet: &Fleet, pieces: &str) {
    let recipe = format!("{}{pieces}", head(fleet));
    let run = |command: &str| {
        let case = Case::new().file("deploy.rhai", &recipe);
        case.args(["setup", "deploy_with_migrations", "-s", command])
            .on(fleet)
            .run()
    };
    run("migrate_command=touch /tmp/migrated-by-deploy").ok();
    assert!(fleet.exists("db1", "/tmp/migrated-by-deploy"));
    run("migrate_command=/bin/false").code(1);
    assert!(!fleet.exists("web1", "/u/apps/shop/shared/system/maintenance.html"));
}
