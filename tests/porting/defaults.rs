//! The defaults that the guide names are those of `capr vars`; what it says of linked files holds.

use std::collections::BTreeMap;
use std::fs;

use regex::Regex;
use serde_json::Value;

use crate::fleet::Fleet;
use crate::fleet::place::checkout;
use crate::harness::{Case, Finished};

pub const TITLE: &str = "Defaults";

/// Returns the variables that `capr vars` lists for a recipe which sets only those without a default.
fn defaults() -> BTreeMap<String, Value> {
    let recipe = "set :application, \"APPLICATION\"; set :repository, \"git@example.com:shop.git\";";
    let finished = Case::new()
        .file("deploy.rhai", recipe)
        .args(["vars", "deploy.rhai", "--values", "--json"])
        .run()
        .ok();
    let lines = finished
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines
        .map(|line| (line["name"].as_str().unwrap().to_owned(), line["value"].clone()))
        .collect()
}

#[test]
#[allow(clippy::print_stdout, reason = "a count tells that the table was not empty")]
fn the_defaults_in_the_guide_are_those_of_capr() {
    let guide = fs::read_to_string(checkout().join("docs/porting.md")).unwrap();
    let section = guide.split(&format!("\n## {TITLE}\n")).nth(1).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let (known, ticked) = (defaults(), Regex::new("`([^`]*)`").unwrap());
    let said = |cell: &str| -> Vec<String> { ticked.captures_iter(cell).map(|found| found[1].to_owned()).collect() };
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut rows = 0;
    for row in section.lines().filter_map(|line| line.strip_prefix("| `")) {
        rows += 1;
        let cells: Vec<&str> = row.trim_end_matches(" |").split(" | ").collect();
        assert_eq!(cells.len(), 5, "{row}");
        let (name, expected) = (cells[0].trim_end_matches('`'), said(cells[4]));
        let value = |name: &str| known.get(name).unwrap_or_else(|| panic!("no variable {name}"));
        match name {
            "default_run_options[\"pty\"]" => {
                assert_eq!(value("default_run_options"), &Value::Object(serde_json::Map::new()));
                assert_eq!(cells[4], "not set");
            }
            // Nothing sets it; without it this is deployed.
            "branch" => {
                assert!(!known.contains_key("branch"));
                assert_eq!(expected, [text(value("revision"))]);
            }
            "scm" => assert_eq!(value("scm"), "git"),
            _ => match value(name) {
                Value::Array(list) => assert_eq!(expected, list.iter().map(text).collect::<Vec<_>>(), "{name}"),
                value => assert_eq!(expected, [text(value)], "{name}"),
            },
        }
    }
    assert!(rows >= 15, "{rows}");
    println!("{TITLE}: {rows} rows");
}

#[test]
fn what_the_guide_says_of_linked_files_keeps_what_capistrano_3_has_kept() {
    let guide = fs::read_to_string(checkout().join("docs/porting.md")).unwrap();
    let block = guide
        .split("\n```rhai\n")
        .nth(1)
        .unwrap()
        .split("\n```\n")
        .next()
        .unwrap();
    let fleet = Fleet::start(&["app1", "app2"]);
    for host in ["app1", "app2"] {
        fleet.sh(
            host,
            "mkdir -p /srv/shop/public/uploads /u/apps/shop/shared/public/uploads; touch /srv/shop/public/uploads/.keep; \
             echo example > /srv/shop/.env; echo picture > /u/apps/shop/shared/public/uploads/a.png; chown -R deploy /u/apps/shop",
        );
    }
    let recipe = format!(
        "role :app, \"app1\", \"app2\"; set :application, \"shop\"; set :scm, \"none\"; set :repository, \"/srv/shop\";\n\
         namespace :deploy {{ task :restart {{ }} }}\n{block}\n"
    );
    let run = |arguments: &[&str]| -> Finished {
        let case = Case::new().file("deploy.rhai", &recipe).on(&fleet);
        case.args(["deploy.rhai"]).args(arguments).run()
    };
    let checked = Case::new()
        .file("deploy.rhai", &recipe)
        .args(["check", "deploy.rhai"])
        .run()
        .ok();
    assert_eq!(checked.stdout, "nothing wrong found\n", "{}", checked.stderr);
    run(&["setup"]).ok();
    // 3.x checks first: nothing is changed where a linked file is not there.
    fleet.sh("app1", "echo secret > /u/apps/shop/shared/.env");
    run(&["deploy", "-s", "release_name=20260101000000"])
        .code(1)
        .says("some linked_files are missing, put them there first: /u/apps/shop/shared/.env");
    for host in ["app1", "app2"] {
        assert!(fleet.list(host, "/u/apps/shop/releases").is_empty());
        fleet.sh(host, "echo secret > /u/apps/shop/shared/.env");
    }
    for release in ["20260101000001", "20260101000002"] {
        run(&["deploy", "-s", &format!("release_name={release}")]).ok();
        for host in ["app1", "app2"] {
            let current = format!("/u/apps/shop/releases/{release}");
            assert_eq!(fleet.read_link(host, "/u/apps/shop/current"), Some(current.clone()));
            for name in ["public/uploads", ".env", "log"] {
                let link = fleet.read_link(host, &format!("{current}/{name}"));
                assert_eq!(link, Some(format!("/u/apps/shop/shared/{name}")));
            }
            assert_eq!(fleet.read(host, "/u/apps/shop/current/public/uploads/a.png"), "picture");
            assert_eq!(fleet.read(host, "/u/apps/shop/current/.env"), "secret");
        }
    }
    // What the repository has stays in the repository.
    assert_eq!(fleet.read("app1", "/srv/shop/.env"), "example");
}
