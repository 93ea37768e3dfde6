//! Commands as they run on servers: read from the lines that Capistrano has recorded, and from capr's JSON log.

use std::collections::BTreeMap;

use regex::Regex;
use serde_json::Value;

/// A command as it runs on a server.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Planned {
    dir: Option<String>,
    environment: BTreeMap<String, String>,
    user: Option<String>,
    shell: Option<String>,
    command: String,
}

/// The commands of each server in their order.
pub type Plan = BTreeMap<String, Vec<Planned>>;

/// Returns the commands of a recorded run.
pub fn of_record(version: char, run: &Value) -> Plan {
    let mut plan = Plan::new();
    for (hosts, lines) in run["on"].as_object().into_iter().flatten() {
        let lines: Vec<&str> = lines
            .as_array()
            .unwrap()
            .iter()
            .map(|line| line.as_str().unwrap())
            .collect();
        for host in hosts.split(' ') {
            let planned = with_modes(&lines)
                .iter()
                .filter_map(|line| of_capistrano(version, line))
                .collect::<Vec<_>>();
            if !planned.is_empty() {
                plan.entry(host_of(host).to_owned()).or_default().extend(planned);
            }
        }
    }
    plan
}

/// Returns the name of a server without user and port.
pub fn host_of(server: &str) -> &str {
    let host = server.rsplit('@').next().unwrap();
    host.split(':').next().unwrap()
}

/// Makes one line of an upload of 2.x and the `chmod` that sets its mode.
fn with_modes(lines: &[&str]) -> Vec<String> {
    let mode = Regex::new(r"^sh -c 'chmod (\d+) (\S+)'$").unwrap();
    let mut found: Vec<String> = Vec::new();
    for line in lines {
        let uploaded = found.last_mut().filter(|last| last.starts_with("upload "));
        if let (Some(last), Some(parts)) = (uploaded, mode.captures(line))
            && last.ends_with(&format!(" {}", &parts[2]))
        {
            last.push_str(&format!(" {}", &parts[1]));
        } else {
            found.push((*line).to_owned());
        }
    }
    found
}

/// Returns the command of a recorded line; nothing for what SSHKit asks beforehand.
fn of_capistrano(version: char, line: &str) -> Option<Planned> {
    match version {
        '3' => of_sshkit(line),
        '2' => Some(of_shell(line)),
        _ => Some(Planned {
            command: one_line(
                &line
                    .replacen(
                        "sudo ",
                        "sudo -p 'sudo password: ' ",
                        usize::from(line.starts_with("sudo ")),
                    )
                    // `delete` says no more of it.
                    .replacen("rm -rf ", "rm -f ", usize::from(line.starts_with("rm -rf "))),
            ),
            ..Planned::default()
        }),
    }
}

/// A line of 2.x: `env NAME=value sh -c 'COMMAND'`.
fn of_shell(line: &str) -> Planned {
    let Some(words) = shlex::split(line).filter(|_| line.contains(" -c '")) else {
        return Planned {
            command: one_line(line),
            ..Planned::default()
        };
    };
    let pairs = words.iter().skip(1).take_while(|word| word.contains('='));
    let environment: BTreeMap<_, _> = pairs
        .filter(|_| words[0] == "env")
        .map(|word| word.split_once('=').unwrap())
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let shell = &words[if environment.is_empty() {
        0
    } else {
        environment.len() + 1
    }];
    Planned {
        environment,
        shell: (shell != "sh").then(|| shell.clone()),
        command: one_line(words.last().unwrap()),
        ..Planned::default()
    }
}

/// A line of SSHKit.
fn of_sshkit(line: &str) -> Option<Planned> {
    if line.starts_with("if test ! -d ") || line.starts_with("if ! sudo ") {
        return None;
    }
    // What SSHKit takes as it is.
    if !["/usr/bin/env ", "-- sh -c ", "( export "]
        .iter()
        .any(|part| line.contains(part))
    {
        return Some(Planned {
            command: line.to_owned(),
            ..Planned::default()
        });
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
        shell: None,
        command: rest.strip_prefix("/usr/bin/env ").unwrap_or(&rest).to_owned(),
    })
}

/// Joins what is one line for the shell: after a backslash, and after a word that needs another. Each run of blanks is one.
fn one_line(command: &str) -> String {
    let mode = Regex::new(r"^(upload \S+ \S+) 0(\d+)$").unwrap();
    let command = mode.replace(command, "$1 $2");
    let continued = Regex::new(r"\\\r?\n\s*").unwrap();
    let open = Regex::new(r"(&&|\|\||;|\||\bdo|\bthen)[ \t]*\n\s*").unwrap();
    let blanks = Regex::new(r"[ \t]+").unwrap();
    let command = continued.replace_all(command.trim(), " ");
    let command = open.replace_all(&command, "$1 ");
    blanks.replace_all(&command, " ").into_owned()
}

/// An action of capr, as its JSON log tells it.
pub fn of_capr(version: char, event: &Value, host: &str) -> Planned {
    let option = |name: &str| event["options"][name].as_str().map(str::to_owned);
    let mut command = event["command"].as_str().unwrap().replace("$CAPISTRANO:HOST$", host);
    if event["verb"] == "delete" {
        command = command.replacen("delete ", "rm -f ", 1);
    }
    let mut user = None;
    if version == '3' {
        command = command.replacen("-p 'sudo password: ' ", "", 1);
        user = option("as");
    }
    if let Some(user) = &user {
        command = command.strip_prefix(&format!("sudo -u {user} ")).unwrap().to_owned();
        if let Some(inner) = command.strip_prefix("sh -c ") {
            command = shlex::split(inner).unwrap().concat();
        }
    }
    // What SSHKit does with a status that is none of its business, the shell does here.
    if version == '3' {
        command = command.strip_suffix(" || true").unwrap_or(&command).to_owned();
    }
    let arrow = Regex::new(r"^(upload|download|get) (.*) -> (\S*)(?: \(mode 0?(\d+)\))?$").unwrap();
    if let Some(parts) = arrow.captures(&command) {
        let verb = if &parts[1] == "upload" { "upload" } else { "download" };
        let mode = parts
            .get(4)
            .map(|mode| format!(" {}", mode.as_str()))
            .unwrap_or_default();
        command = format!("{verb} {} {}{mode}", &parts[2], &parts[3]);
    }
    let put = Regex::new(r"^put (\S+)(?: \(mode 0?(\d+)\))?$").unwrap();
    if event["verb"] == "put"
        && let Some(parts) = put.captures(&command)
    {
        let mode = parts
            .get(2)
            .map(|mode| format!(" {}", mode.as_str()))
            .unwrap_or_default();
        command = format!("upload string {}{mode}", &parts[1]);
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
    let command = if version == '3' {
        let lines = command.lines().map(str::trim).filter(|line| !line.is_empty());
        lines.collect::<Vec<_>>().join("; ")
    } else {
        one_line(&command)
    };
    Planned {
        dir: option("dir"),
        environment,
        user,
        // The default of 2.x is `sh`.
        shell: option("shell").filter(|shell| version != '3' && shell != "sh"),
        command,
    }
}
