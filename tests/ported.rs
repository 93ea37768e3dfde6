//! Recipes as people bring them from `deploy.rb`: each is clean, its plan is known, and two run on real servers.

use std::fs;
use std::path::Path;

use insta::assert_snapshot;
use regex::Regex;

use crate::fleet::Fleet;
use crate::fleet::place::checkout;
use crate::harness::{Case, redact};

/// A case with the recipe `name` of `tests/ported` and what lies beside it.
fn ported(name: &str) -> Case {
    let folder = checkout().join("tests/ported");
    let mut case = Case::new();
    let (directory, files) = match name.split_once('/') {
        Some((directory, _)) => (
            folder.join(directory),
            vec![
                "deploy.rhai",
                "config/deploy/staging.rhai",
                "config/deploy/production.rhai",
            ],
        ),
        None => (folder, vec![name, "compose.yml"]),
    };
    for file in files {
        case = case.file(file, &fs::read_to_string(directory.join(file)).unwrap());
    }
    case
}

/// Returns the plan of a dry run, with the places.
#[track_caller]
fn plan(name: &str, arguments: &[&str]) -> String {
    let file = name.rsplit('/').next().unwrap();
    let checked = ported(name).args(["check", file]).run().ok();
    assert_eq!(checked.stdout, "nothing wrong found\n", "{}", checked.stderr);
    let finished = ported(name)
        .args([file])
        .args(arguments)
        .args(["-n"])
        .env("TAG", "abc123")
        .env("DB_PASSWORD", "hunter22")
        .run()
        .ok()
        .silent_on("hunter22");
    let lines = finished.stderr.lines().filter(|line| !line.starts_with(" ** done"));
    let lines: Vec<&str> = lines.collect();
    let text = redact(&lines.join("\n"), Path::new("/nowhere"));
    let run = Regex::new(r"\[release\]\.\d+").unwrap();
    let text = run.replace_all(&text, "[run]");
    // How long the library's scripts are is not the point.
    let long = Regex::new(r"\d+ (more lines|bytes)").unwrap();
    long.replace_all(&text, "[n] $1").into_owned()
}

#[test]
fn rails_1_with_mongrel_cluster() {
    let tasks = [
        "setup",
        "cold_deploy",
        "long_deploy",
        "configure_mongrel_cluster",
        "disk",
    ];
    assert_snapshot!(plan("mongrel.rhai", &tasks));
}

#[test]
fn rails_2_with_passenger_delayed_job_and_whenever() {
    assert_snapshot!(plan("passenger.rhai", &["deploy", "db:dump", "delayed_job:stop"]));
}

#[test]
fn rails_5_with_stages_in_the_ways_of_capistrano_3() {
    assert_snapshot!(
        "multistage_staging",
        plan("multistage/deploy.rhai", &["staging", "deploy"])
    );
    assert_snapshot!(
        "multistage_production",
        plan("multistage/deploy.rhai", &["production", "deploy"])
    );
}

#[test]
fn wordpress_with_uploads_and_database() {
    assert_snapshot!(plan("wordpress.rhai", &["setup", "deploy", "uploads:push"]));
}

#[test]
fn node_as_a_systemd_service() {
    assert_snapshot!(plan("node.rhai", &["setup", "deploy", "service:status"]));
}

#[test]
fn docker_compose_on_one_host() {
    assert_snapshot!(plan("compose.rhai", &["setup", "deploy"]));
}

/// A program on a server that writes down how it was called, then does `more`.
fn program(fleet: &Fleet, host: &str, name: &str, more: &str) {
    let text = format!("#!/bin/sh\necho \"{name} $* in $(basename \"$(pwd -P)\")\" >> /tmp/calls\n{more}\n");
    fleet.sh(
        host,
        "mkdir -p /srv/bin; echo 'PATH=/srv/bin:$PATH' > ~deploy/.bashrc; chmod a+r ~deploy/.bashrc",
    );
    fleet.write(host, &format!("/srv/bin/{name}"), &text);
    fleet.sh(host, &format!("chmod 755 /srv/bin/{name}"));
}

#[test]
fn the_passenger_recipe_deploys_and_goes_back_when_the_crontab_fails() {
    let hosts = ["app1.example.com", "app2.example.com", "work1.example.com"];
    let fleet = Fleet::start(&hosts);
    for host in hosts {
        program(&fleet, host, "bundle", "");
        program(
            &fleet,
            host,
            "whenever",
            "case \"$*\" in *clear*) ;; *) test ! -e /tmp/broken ;; esac",
        );
    }
    let deploy = |task: &str, release: &str| {
        let url = &fleet.git().url;
        let case = ported("passenger.rhai").on(&fleet).args(["passenger.rhai", task]);
        let settings = [
            &format!("repository={url}"),
            "deploy_to=/u/apps/bookshop",
            "branch=main",
            // Two deploys may fall into one second.
            &format!("release_name={release}"),
        ];
        settings
            .iter()
            .fold(case, |case, setting| case.args(["-s", setting]))
            .run()
    };
    deploy("setup", "20260101000000").ok();
    let finished = deploy("deploy", "20260101000001").ok();
    assert!(finished.stdout.ends_with("bookshop runs main\n"), "{}", finished.stdout);
    let current = fleet.read_link(hosts[0], "/u/apps/bookshop/current").unwrap();
    let release = current.rsplit('/').next().unwrap();
    assert!(fleet.exists(hosts[1], "/u/apps/bookshop/current/tmp/restart.txt"));
    let calls = fleet.read(hosts[0], "/tmp/calls");
    let expected = [
        format!(
            "bundle install --deployment --quiet --path /u/apps/bookshop/shared/bundle --without development test in {release}"
        ),
        format!("bundle exec rake RAILS_ENV=production assets:precompile in {release}"),
        format!("whenever --update-crontab bookshop in {release}"),
    ];
    assert_eq!(calls.lines().collect::<Vec<_>>(), expected);
    assert!(
        fleet
            .read(hosts[2], "/tmp/calls")
            .contains("script/delayed_job restart")
    );

    fleet.sh(hosts[0], "rm /tmp/calls; touch /tmp/broken");
    deploy("deploy", "20260101000002")
        .code(1)
        .says("app1.example.com: exit status 1");
    for host in hosts {
        assert_eq!(
            fleet.read_link(host, "/u/apps/bookshop/current").as_ref(),
            Some(&current)
        );
        assert_eq!(fleet.list(host, "/u/apps/bookshop/releases"), [release]);
    }
    assert!(
        fleet
            .read(hosts[0], "/tmp/calls")
            .contains("whenever --clear-crontab bookshop")
    );
}

#[test]
fn the_compose_recipe_puts_the_old_tag_back_when_the_containers_do_not_start() {
    let fleet = Fleet::start(&["dock1.example.com"]);
    let host = "dock1.example.com";
    let docker =
        "case \"$*\" in *ps*) echo '{\"Name\":\"web\",\"State\":\"running\"}' ;; *up*) ! grep -q bad .env ;; esac";
    program(&fleet, host, "docker", docker);
    let deploy = |task: &str, tag: &str| {
        let case = ported("compose.rhai").on(&fleet).env("TAG", tag);
        case.args(["compose.rhai", task, "-s", "deploy_to=/u/apps/wiki"]).run()
    };
    deploy("setup", "").ok();
    let finished = deploy("deploy", "good").ok();
    assert_eq!(finished.stdout, "web         running\n");
    assert_eq!(fleet.read(host, "/u/apps/wiki/.env").trim_end(), "TAG=good");
    deploy("deploy", "bad").code(1);
    assert_eq!(fleet.read(host, "/u/apps/wiki/.env").trim_end(), "TAG=good");
    assert!(
        fleet
            .read(host, "/tmp/calls")
            .contains("docker compose --project-name wiki pull --quiet in wiki")
    );
}
