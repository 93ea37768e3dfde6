//! Ported recipes do what Capistrano does: what the real 1.4.2, 2.15.11 and 3.17.2 have recorded of each fixture in
//! `tests/port/equal` (`record.rb`) is held against what the ported one lists, addresses and plans. What SSHKit does beside the
//! command itself (asks for the directory and the user beforehand, calls `/usr/bin/env`) has no like here; directory,
//! environment, user and command are the same.

mod planned;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;

use regex::Regex;
use serde_json::Value;

use crate::fleet::place::checkout;
use crate::harness::{Case, Finished};
use planned::{Plan, host_of, of_capr, of_record};

const CAPFILE_2: &str = "load \"deploy\"\nload \"config/deploy\"\n";
const CAPFILE_3: &str = "require \"capistrano/setup\"\nrequire \"capistrano/deploy\"\nrequire \"capistrano/scm/git\"\n\
                         install_plugin Capistrano::SCM::Git\n";
/// The files that fixtures send.
const SENT: [&str; 4] = ["config/database.yml", "public/index.html", "keys/app1", "keys/app2"];
/// The second in which all deploys were recorded.
const RELEASE: &str = "20260102030405";

/// The tasks of 3.x that compute their servers when they run: what `--servers` cannot tell.
const COMPUTED: [(&str, &str); 13] = [
    ("nobody", "unmanned"),
    ("numbers", "chooses"),
    ("mark", "each"),
    ("mark", "one"),
    ("mark_live", "each"),
    ("mark_live", "one"),
    ("primary", "marked"),
    ("primary", "unmarked"),
    ("stages", "lists"),
    ("roles", "filters"),
    ("roles", "outside"),
    ("helpers", "through"),
    ("words", "chooses"),
];

/// A recipe or project, and what Capistrano has recorded of it.
struct Fixture {
    version: char,
    name: String,
    path: PathBuf,
    record: Value,
}

/// The doings of a task in a dry run.
#[derive(Default, PartialEq, Eq)]
struct Run {
    order: Vec<String>,
    said: Vec<String>,
    plan: Plan,
}

fn folder() -> PathBuf {
    checkout().join("tests/port/equal")
}

fn fixtures() -> Vec<Fixture> {
    let mut found = Vec::new();
    for version in ['1', '2', '3'] {
        let records = fs::read_to_string(folder().join(format!("{version}.json"))).unwrap();
        let Value::Object(records) = serde_json::from_str(&records).unwrap() else {
            panic!("{version}.json is no object");
        };
        for (name, record) in records {
            let mut path = folder().join(version.to_string()).join(&name);
            if !path.is_dir() {
                path.set_extension("rb");
            }
            found.push(Fixture {
                version,
                name,
                path,
                record,
            });
        }
    }
    found
}

/// Lays out the files of a fixture as `record.rb` does.
fn laid_out(fixture: &Fixture) -> Case {
    let mut case = SENT.iter().fold(Case::new(), |case, file| case.file(file, "x"));
    if fixture.path.is_dir() {
        case = with_files(case, &fixture.path, &fixture.path);
    } else {
        case = case.file("config/deploy.rb", &fs::read_to_string(&fixture.path).unwrap());
        if fixture.version == '3' {
            let stage = fs::read_to_string(folder().join("3/production.stage")).unwrap();
            case = case.file("config/deploy/production.rb", &stage);
        }
    }
    let capfile = match fixture.version {
        '1' => return case,
        '2' => CAPFILE_2,
        _ => CAPFILE_3,
    };
    if case.path("Capfile").exists() {
        return case;
    }
    case.file("Capfile", capfile)
}

fn with_files(mut case: Case, root: &Path, folder: &Path) -> Case {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            case = with_files(case, root, &path);
        } else {
            let name = path.strip_prefix(root).unwrap().to_str().unwrap();
            case = case.file(name, &fs::read_to_string(&path).unwrap());
        }
    }
    case
}

/// Returns the name that capr gives a task of Capistrano.
fn name_here(task: &str) -> &str {
    match task {
        "deploy:migrations" => "deploy_with_migrations",
        task => task.strip_suffix(":default").unwrap_or(task),
    }
}

fn source(fixture: &Fixture) -> String {
    let file = if fixture.path.is_dir() {
        fixture.path.join("config/deploy.rb")
    } else {
        fixture.path.clone()
    };
    fs::read_to_string(file).unwrap()
}

fn stage(fixture: &Fixture) -> String {
    let text = source(fixture);
    let said = text.lines().find_map(|line| line.strip_prefix("# stage: "));
    let default = if fixture.version == '3' { "production" } else { "" };
    said.unwrap_or(default).to_owned()
}

/// The runs in their order; one that fails ends a call of capr.
fn calls(fixture: &Fixture) -> Vec<Vec<&str>> {
    let mut calls = vec![Vec::new()];
    let mut begun = BTreeSet::new();
    for run in fixture.record["runs"].as_array().unwrap() {
        let task = run["task"].as_str().unwrap();
        let order = run["order"].as_str().unwrap_or_default().split_whitespace();
        let tasks: Vec<&str> = order.chain([task]).collect();
        // In 3.x a task runs once in a call.
        if fixture.version == '3' && tasks.iter().any(|task| begun.contains(task)) {
            calls.push(Vec::new());
            begun.clear();
        }
        begun.extend(tasks);
        calls.last_mut().unwrap().push(task);
        // What runs at the start of a call runs once for all its tasks.
        if run["failed"].is_string() || source(fixture).contains("\non :start") {
            calls.push(Vec::new());
            begun.clear();
        }
    }
    calls.retain(|call| !call.is_empty());
    calls
}

/// Ports the fixture, lists its tasks, asks for their servers and runs them.
fn ported(fixture: &Fixture) -> Finished {
    let stage = stage(fixture);
    let tasks = fixture.record["tasks"].as_object().unwrap();
    let tasks: Vec<&str> = tasks.keys().map(|task| name_here(task)).collect();
    let case = laid_out(fixture);
    let mut line = "capr port . > port.txt 2>&1; ".to_owned();
    // The recipe of 1.x stands alone.
    let recipe = if fixture.version == '1' {
        "config/deploy.rhai"
    } else {
        "Caprfile"
    };
    let capr = format!("capr {recipe} {stage}");
    write!(line, "{capr} -T -v > list.txt 2>&1; ").unwrap();
    write!(line, "{capr} {} --servers --json > servers.txt 2>&1; ", tasks.join(" ")).unwrap();
    for (index, call) in calls(fixture).iter().enumerate() {
        let names: Vec<&str> = call.iter().map(|task| name_here(task)).collect();
        write!(
            line,
            "{capr} {} -n --log-format json -s release_name={RELEASE} > run{index}.txt 2>&1; ",
            names.join(" ")
        )
        .unwrap();
    }
    case.shell(&line).run()
}

/// Returns what each task that was named has done in a dry run.
fn runs(fixture: &Fixture, log: &str, names: &[&str]) -> BTreeMap<String, Run> {
    let own = fixture.record["tasks"].as_object().unwrap();
    let own: BTreeSet<&str> = own.keys().map(|task| name_here(task)).collect();
    let mut runs: BTreeMap<String, Run> = BTreeMap::new();
    // The task of the command line, and those that run, with whether what runs is of the fixture.
    let (mut current, mut stack): (String, Vec<(String, bool)>) = (String::new(), Vec::new());
    let mut last = String::new();
    let is_main = |event: &Value, task: &str| event["depth"] == 0 && names.contains(&task);
    for line in log.lines() {
        let Ok(event) = serde_json::from_str::<Value>(line) else {
            continue;
        };
        let kind = event["type"].as_str().unwrap_or_default();
        let task = event["task"].as_str().unwrap_or_default().to_owned();
        if kind == "task_started" && is_main(&event, &task) {
            let before = runs.remove("").unwrap_or_default();
            current.clone_from(&task);
            last.clone_from(&task);
            runs.insert(task.clone(), before);
        } else if stack.is_empty() {
            // Hooks of the one that follows, or of the one before.
            let name = task.rsplit(':').next().unwrap_or_default();
            match event["event"].as_str() {
                Some("before" | "start") => current.clear(),
                Some("after" | "finish") => current.clone_from(&last),
                _ if kind == "task_started" && name.starts_with("before_") => current.clear(),
                _ if kind == "task_started" && name.starts_with("after_") => current.clone_from(&last),
                _ => {}
            }
        }
        let run = runs.entry(current.clone()).or_default();
        let is_own = stack.last().is_none_or(|(_, own)| *own);
        match kind {
            "task_started" => {
                let of_fixture = own.contains(task.as_str());
                if of_fixture {
                    run.order.push(task.clone());
                }
                // A task that is defined several times has its other parts under names of their own.
                let first = task.trim_end_matches(|c: char| c.is_ascii_digit()).strip_suffix('_');
                let is_part = first.is_some_and(|first| own.contains(first));
                stack.push((task, of_fixture || is_part));
            }
            // Blocks of hooks belong to the fixture.
            "hooks_triggered" if event["event"] == "after" => {
                if let Some(top) = stack.last_mut() {
                    top.1 = true;
                }
            }
            "task_finished" => drop(stack.pop()),
            "printed" if is_own => {
                let text = event["text"].as_str().unwrap();
                run.said.extend(text.lines().map(str::to_owned));
            }
            "action_started" if is_own => {
                for server in event["servers"].as_array().unwrap() {
                    let host = host_of(server.as_str().unwrap()).to_owned();
                    let planned = of_capr(fixture.version, &event, &host);
                    run.plan.entry(host).or_default().push(planned);
                }
            }
            _ => {}
        }
    }
    runs
}

/// Returns the run that Capistrano has recorded.
fn recorded(fixture: &Fixture, run: &Value) -> Run {
    let order = run["order"].as_str().unwrap_or_default();
    let said = run["said"].as_array().into_iter().flatten();
    Run {
        order: order
            .split_whitespace()
            .map(|task| name_here(task).to_owned())
            .collect(),
        said: said.map(|line| line.as_str().unwrap().to_owned()).collect(),
        plan: of_record(fixture.version, run),
    }
}

/// Returns the first sentence of a description, as lists of tasks show it.
fn first_sentence(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    text.split_once(". ")
        .map_or(text.clone(), |(first, _)| format!("{first}."))
}

/// Compares the list of tasks with their descriptions. Those of Capistrano's own tasks have other words here.
fn differences_of_tasks(fixture: &Fixture, list: &str) -> Vec<String> {
    let mut found = Vec::new();
    let recipe = fs::read_to_string(&fixture.path).ok();
    let is_own = |_: &&str| recipe.as_ref().is_none_or(|recipe| recipe.contains("desc"));
    for (task, text) in fixture.record["tasks"].as_object().unwrap() {
        let text = first_sentence(text.as_str().filter(|text| is_own(text)).unwrap_or_default());
        // With what it takes in brackets.
        let task = format!(r"{}(?:\[[^ ]*\])?", regex::escape(name_here(task)));
        let line = if text.is_empty() {
            Regex::new(&format!(r"(?m)^capr {task}(?: .*)?$"))
        } else {
            Regex::new(&format!(r"(?m)^capr {task} +# {}$", regex::escape(&text)))
        };
        if !line.unwrap().is_match(list) {
            found.push(format!("{task} # {text} is not listed"));
        }
    }
    found
}

/// Compares the servers of each task; in 3.x those that its `on` blocks name.
fn differences_of_servers(fixture: &Fixture, told: &str) -> Vec<String> {
    // In 3.x the servers of the blocks and commands that name some; without any, those of the task.
    let (mut here, mut whole): (BTreeMap<String, BTreeSet<String>>, BTreeMap<String, BTreeSet<String>>) =
        (BTreeMap::new(), BTreeMap::new());
    for line in told.lines() {
        let Ok(event) = serde_json::from_str::<Value>(line) else {
            continue;
        };
        let names = event["servers"].as_array().into_iter().flatten();
        let names = names.map(|server| host_of(server["server"].as_str().unwrap()).to_owned());
        let task = event["task"].as_str().unwrap().to_owned();
        match event["command"].as_str() {
            None => whole.entry(task).or_default().extend(names),
            Some(_) if fixture.version == '3' => here.entry(task).or_default().extend(names),
            Some(_) => {}
        }
    }
    let mut found = Vec::new();
    for (task, servers) in fixture.record["servers"].as_object().unwrap() {
        let Some(servers) = servers.as_str() else {
            continue;
        };
        let wanted: BTreeSet<String> = servers
            .split_whitespace()
            .map(|host| host_of(host).to_owned())
            .collect();
        let task = name_here(task);
        let addressed = here.get(task).or_else(|| whole.get(task)).cloned().unwrap_or_default();
        let is_computed = COMPUTED.contains(&(fixture.name.as_str(), task));
        if addressed != wanted && !is_computed {
            found.push(format!("{task}: servers\nCapistrano: {wanted:?}\ncapr: {addressed:?}"));
        }
    }
    found
}

/// Returns the differences for one fixture; empty if everything is the same.
fn differences(fixture: &Fixture) -> Vec<String> {
    let finished = ported(fixture);
    let mut found = Vec::new();
    let port = finished.file("port.txt");
    if !port.contains("nothing needs a hand") {
        found.push(port);
    }
    found.extend(differences_of_tasks(fixture, &finished.file("list.txt")));
    found.extend(differences_of_servers(fixture, &finished.file("servers.txt")));
    let records = fixture.record["runs"].as_array().unwrap();
    let records: BTreeMap<&str, &Value> = records.iter().map(|run| (run["task"].as_str().unwrap(), run)).collect();
    for (index, call) in calls(fixture).iter().enumerate() {
        let log = finished.file(&format!("run{index}.txt"));
        let names: Vec<&str> = call.iter().map(|task| name_here(task)).collect();
        let mut here = runs(fixture, &log, &names);
        for task in call {
            let wanted = recorded(fixture, records[task]);
            let run = here.remove(name_here(task));
            match run {
                Some(run) if run == wanted => {}
                Some(run) => found.push(difference(task, &wanted, &run)),
                None => found.push(format!("{task} did not run\n{log}")),
            }
        }
        let failed = log.contains(r#""type":"error""#);
        if failed != records[call.last().unwrap()]["failed"].is_string() {
            found.push(format!("{call:?} ended otherwise\n{log}"));
        }
    }
    let named = |text| format!("{}/{}: {text}", fixture.version, fixture.name);
    found.into_iter().map(named).collect()
}

fn difference(task: &str, wanted: &Run, run: &Run) -> String {
    let mut text = task.to_owned();
    if wanted.order != run.order {
        write!(text, "\nCapistrano ran: {:?}\ncapr: {:?}", wanted.order, run.order).unwrap();
    }
    if wanted.said != run.said {
        write!(text, "\nCapistrano said: {:#?}\ncapr: {:#?}", wanted.said, run.said).unwrap();
    }
    if wanted.plan != run.plan {
        write!(
            text,
            "\nCapistrano's commands: {:#?}\ncapr: {:#?}",
            wanted.plan, run.plan
        )
        .unwrap();
    }
    text
}

#[test]
fn ported_recipes_do_what_capistrano_1_2_and_3_do() {
    let fixtures = fixtures();
    assert!(fixtures.len() >= 60, "{}", fixtures.len());
    let only = std::env::var("EQUAL").ok();
    let chosen = |fixture: &Fixture| {
        let name = format!("{}/{}", fixture.version, fixture.name);
        only.as_ref().is_none_or(|only| name == *only)
    };
    let fixtures: Vec<Fixture> = fixtures.into_iter().filter(chosen).collect();
    let (left, found) = (Mutex::new(fixtures), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(fixture) = { left.lock().unwrap().pop() } {
                    let differences = differences(&fixture);
                    found.lock().unwrap().extend(differences);
                }
            });
        }
    });
    let found = found.into_inner().unwrap();
    assert!(found.is_empty(), "{}", found.join("\n\n"));
}
