//! Ported recipes do what Capistrano does: what the real one has recorded of each recipe in `tests/port/equal` (`record.rb`)
//! is held against a dry run of the ported one. What SSHKit does beside the command itself (asks for the directory and the user
//! beforehand, calls `/usr/bin/env`) has no like here; directory, environment, user and command are the same.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;

use regex::Regex;
use serde_json::Value;

use crate::fleet::place::checkout;
use crate::harness::{Case, Finished};

const CAPFILE: &str = "require \"capistrano/setup\"\nrequire \"capistrano/deploy\"\nrequire \"capistrano/scm/git\"\n\
                       install_plugin Capistrano::SCM::Git\n";

/// A command as it runs on a server.
#[derive(Debug, Default, PartialEq, Eq)]
struct Planned {
    dir: Option<String>,
    environment: BTreeMap<String, String>,
    user: Option<String>,
    command: String,
}

/// The commands of each server in their order.
type Plan = BTreeMap<String, Vec<Planned>>;

fn folder() -> PathBuf {
    checkout().join("tests/port/equal")
}

fn ruby(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

/// A line of SSHKit; nothing for what it asks beforehand.
fn of_capistrano(line: &str) -> Option<Planned> {
    if line.starts_with("if test ! -d ") || line.starts_with("if ! sudo ") {
        return None;
    }
    let parts = Regex::new(
        r#"(?s)^(?:cd (?<dir>\S+) && )?(?<env>\( export (?<pairs>.*?) ; )?(?<sudo>sudo -u (?<user>\S+) (?:.*? )?-- sh -c )?(?<rest>.*)$"#,
    )
    .unwrap();
    let found = parts.captures(line).unwrap();
    let text = |name: &str| found.name(name).map(|text| text.as_str().to_owned());
    let mut rest = text("rest").unwrap();
    if found.name("env").is_some() {
        rest = rest.strip_suffix(" )").unwrap().to_owned();
    }
    if found.name("sudo").is_some() {
        rest = shlex::split(&rest).unwrap().concat();
    }
    let pair = Regex::new(r#"(\w+)="((?:[^"\\]|\\.)*)""#).unwrap();
    let pairs = text("pairs").unwrap_or_default();
    let environment = pair
        .captures_iter(&pairs)
        .map(|pair| (pair[1].to_owned(), pair[2].replace("\\\"", "\"")))
        .collect();
    Some(Planned {
        dir: text("dir"),
        environment,
        user: text("user"),
        command: rest.strip_prefix("/usr/bin/env ").unwrap_or(&rest).to_owned(),
    })
}

/// An action of capr, as its JSON log tells it.
fn of_capr(event: &Value) -> Planned {
    let option = |name: &str| event["options"][name].as_str().map(str::to_owned);
    let mut command = event["command"]
        .as_str()
        .unwrap()
        .replacen("-p 'sudo password: ' ", "", 1);
    let user = option("as");
    if let Some(user) = &user {
        command = command.strip_prefix(&format!("sudo -u {user} ")).unwrap().to_owned();
        if let Some(inner) = command.strip_prefix("sh -c ") {
            command = shlex::split(inner).unwrap().concat();
        }
    }
    // What SSHKit does with a status that is none of its business, the shell does here.
    command = command.strip_suffix(" || true").unwrap_or(&command).to_owned();
    let arrow = Regex::new(r"^(upload|download) (.*) -> (.*)$").unwrap();
    command = arrow.replace(&command, "$1 $2 $3").into_owned();
    if event["verb"] == "put" {
        let to = command.rsplit(' ').next().unwrap();
        command = format!("upload string {to}");
    }
    let said = [option("default_environment"), option("env")];
    let words = said.iter().flatten().flat_map(|text| shlex::split(text).unwrap());
    let environment = words
        .map(|word| {
            let (name, value) = word.split_once('=').unwrap();
            (name.to_owned(), value.to_owned())
        })
        .collect();
    // SSHKit makes one line of several.
    let lines: Vec<&str> = command.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    Planned {
        dir: option("dir"),
        environment,
        user,
        command: lines.join("; "),
    }
}

/// Returns the plan of each task in a dry run.
fn plans(finished: &Finished, tasks: &[String]) -> BTreeMap<String, Plan> {
    let mut plans: BTreeMap<String, Plan> = BTreeMap::new();
    let mut task = String::new();
    for line in finished.stderr.lines().chain(finished.stdout.lines()) {
        let Ok(event) = serde_json::from_str::<Value>(line) else {
            continue;
        };
        match event["type"].as_str() {
            Some("task_started") if event["depth"] == 0 => {
                let name = event["task"].as_str().unwrap();
                if tasks.iter().any(|task| task == name) {
                    task = name.to_owned();
                    plans.entry(task.clone()).or_default();
                }
            }
            Some("action_started") => {
                for server in event["servers"].as_array().unwrap() {
                    let name = server.as_str().unwrap();
                    let host = name.rsplit('@').next().unwrap().split(':').next().unwrap();
                    let plan = plans.entry(task.clone()).or_default();
                    plan.entry(host.to_owned()).or_default().push(of_capr(&event));
                }
            }
            _ => {}
        }
    }
    plans
}

/// Returns the differences for one recipe; empty if everything is the same.
fn differences(path: &Path) -> Vec<String> {
    let name = path.file_stem().unwrap().to_string_lossy().into_owned();
    let record: Value = serde_json::from_str(&ruby(&path.with_extension("json"))).unwrap();
    let ported = Case::new()
        .file("Capfile", CAPFILE)
        .file("config/deploy.rb", &ruby(path))
        .file("config/deploy/production.rb", &ruby(&folder().join("production.rb")))
        .args(["port", "."])
        .run();
    let mut found = Vec::new();
    if !ported.stdout.contains("nothing needs a hand") {
        found.push(format!("{name}: {}", ported.stdout));
    }
    let case = |arguments: &[&str]| {
        ["Caprfile", "config/deploy.rhai", "config/deploy/production.rhai"]
            .iter()
            .fold(Case::new(), |case, file| case.file(file, &ported.file(file)))
            // What is sent.
            .file("config/database.yml", "x")
            .file("public/index.html", "x")
            .file("keys/app1", "x")
            .file("keys/app2", "x")
            .args(arguments.iter().copied())
            .run()
    };
    let tasks = record["tasks"].as_object().unwrap();
    let described: Vec<(&String, &str)> = tasks
        .iter()
        .map(|(task, text)| (task, text.as_str().unwrap()))
        .filter(|(_, text)| !text.is_empty())
        .collect();
    if !described.is_empty() {
        let listed = case(&["production", "-T"]).ok();
        for (task, text) in described {
            let task = task.strip_suffix(":default").unwrap_or(task);
            let line = Regex::new(&format!(
                r"(?m)^capr {} +# {}$",
                regex::escape(task),
                regex::escape(text)
            ))
            .unwrap();
            if !line.is_match(&listed.stdout) {
                found.push(format!("{name}: {task} # {text} is not in\n{}", listed.stdout));
            }
        }
    }
    let runs = record["runs"].as_object().unwrap();
    let names: Vec<String> = runs
        .keys()
        .map(|task| task.strip_suffix(":default").unwrap_or(task).to_owned())
        .collect();
    let mut arguments = vec!["production", "-n", "--log-format", "json"];
    arguments.extend(names.iter().map(String::as_str));
    let finished = case(&arguments);
    let mut plans = plans(&finished, &names);
    for ((task, run), name_here) in runs.iter().zip(&names) {
        assert!(
            run["failed"].is_null(),
            "{name}: {task} has failed when it was recorded"
        );
        let servers = run["servers"].as_object().unwrap();
        let wanted: Plan = servers
            .iter()
            .map(|(host, lines)| {
                let lines = lines.as_array().unwrap().iter();
                (
                    host.clone(),
                    lines.filter_map(|line| of_capistrano(line.as_str().unwrap())).collect(),
                )
            })
            .filter(|(_, lines): &(String, Vec<Planned>)| !lines.is_empty())
            .collect();
        let plan = plans.remove(name_here);
        if plan.as_ref() != Some(&wanted) {
            let here = plan.map_or_else(
                || format!("no such task\n{}", finished.stderr),
                |plan| format!("{plan:#?}"),
            );
            found.push(format!("{name}: {task}\nCapistrano: {wanted:#?}\ncapr: {here}"));
        }
    }
    found
}

#[test]
fn ported_recipes_do_what_capistrano_3_does() {
    let mut recipes: Vec<PathBuf> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .map(|path| path.with_extension("rb"))
        .collect();
    recipes.sort();
    assert!(!recipes.is_empty());
    let (left, found) = (Mutex::new(recipes), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(path) = { left.lock().unwrap().pop() } {
                    let differences = differences(&path);
                    found.lock().unwrap().extend(differences);
                }
            });
        }
    });
    let found = found.into_inner().unwrap();
    assert!(found.is_empty(), "{}", found.join("\n\n"));
}
