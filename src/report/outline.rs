//! Outlines of tasks: as a tree, in words, and for programs.

use serde::Serialize;

use crate::configuration::{Act, Addressed, Link, Outline, ReadVariable, Servers, TaskStep};
use crate::listed::{and_more, listed};
use crate::origin::Origin;

use super::json::Json;
use super::tasks::paragraphs;
use super::text::wrap;
use super::variables::setting;

/// The most servers that are named; more are counted.
const NAMED_SERVERS: usize = 4;
/// The width of lines if that of the terminal is not known.
const COLUMNS: usize = 100;
/// The least width of words, however deep they stand.
const LEAST_COLUMNS: usize = 30;

/// The tasks that lead to a task, each with its kind of link.
pub(super) type Callers = [(Link, String)];

/// Returns each task with its steps below it.
pub(super) fn tree(outlines: &[Outline]) -> String {
    let mut text = String::new();
    for outline in outlines {
        text.push_str(&format!("{}\n", of_task(outline)));
        branches(&mut text, "", &outline.steps);
    }
    text
}

fn branches(text: &mut String, before: &str, steps: &[TaskStep]) {
    let steps: Vec<&TaskStep> = steps.iter().filter(|step| !only_ends(step)).collect();
    for (at, step) in steps.iter().enumerate() {
        let is_last = at + 1 == steps.len();
        let (branch, below) = if is_last {
            ("└─ ", "   ")
        } else {
            ("├─ ", "│  ")
        };
        text.push_str(&format!("{before}{branch}{}\n", said(step)));
        branches(text, &format!("{before}{below}"), inner(step));
    }
}

/// Returns true for a step that ends with an error and does nothing else.
fn only_ends(step: &TaskStep) -> bool {
    match &step.act {
        Act::Command { verb, .. } => *verb == "abort",
        Act::Under(_) => step.steps.iter().all(only_ends),
        _ => false,
    }
}

/// Returns the steps below a step.
fn inner(step: &TaskStep) -> &[TaskStep] {
    match (&step.act, step.steps.as_slice()) {
        (Act::Task(outline), _) => &outline.steps,
        // A hook that is one task is shown in one line.
        (
            Act::Hook(_),
            [
                TaskStep {
                    act: Act::Task(outline),
                    ..
                },
            ],
        ) => &outline.steps,
        (_, steps) => steps,
    }
}

/// Returns a step in one line; of a script the first line.
fn said(step: &TaskStep) -> String {
    match &step.act {
        Act::Task(outline) => of_task(outline),
        Act::Hook(event) => match step.steps.as_slice() {
            [
                TaskStep {
                    act: Act::Task(outline),
                    ..
                },
            ] => format!("{event}: {}", of_task(outline)),
            _ => format!("{event}:"),
        },
        Act::Command {
            verb, text, addressed, ..
        }
        | Act::Block { verb, text, addressed } => {
            let mut line = format!("{verb} {}", first_line(text)).trim_end().to_owned();
            if let Some(addressed) = addressed {
                line.push_str(&format!("  {}", place(addressed)));
            }
            line
        }
        Act::Under(line) => line.clone(),
    }
}

/// Returns the first line of a script that is not blank, and the number of such lines after it.
fn first_line(text: &str) -> String {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines.next().unwrap_or_default().to_owned();
    match lines.count() {
        0 => first,
        more => format!("{first} …{}", and_more(more, "line")),
    }
}

/// Returns a task with its servers and its options.
fn of_task(outline: &Outline) -> String {
    let mut line = outline.task.clone();
    if touches_servers(&outline.steps) {
        line.push_str(&format!("  {}", place(&outline.addressed)));
    }
    let options: Vec<String> = outline
        .options
        .iter()
        .map(|(name, value)| option(name, value))
        .collect();
    if !options.is_empty() {
        line.push_str(&format!("  ({})", options.join(", ")));
    }
    if outline.is_again {
        line.push_str("  (see above)");
    }
    line
}

fn option(name: &str, value: &str) -> String {
    match value {
        "true" => name.to_owned(),
        value => format!("{name}: {value}"),
    }
}

/// Returns true if one of the task's own steps runs on its servers.
fn touches_servers(steps: &[TaskStep]) -> bool {
    steps.iter().any(|step| match &step.act {
        Act::Command {
            is_local, addressed, ..
        } => !is_local && addressed.is_none(),
        Act::Task(_) | Act::Block { addressed: Some(_), .. } => false,
        Act::Hook(_) | Act::Block { .. } | Act::Under(_) => touches_servers(&step.steps),
    })
}

/// Returns the place of commands: `on app1, app2`, or the reason why they run nowhere.
fn place(addressed: &Addressed) -> String {
    match &addressed.servers {
        Servers::Wrong(reason) => format!("on no server: {reason}"),
        Servers::Found(servers) if servers.is_empty() => "on no server: none matches".to_owned(),
        Servers::Found(servers) => {
            let names: Vec<&str> = servers.iter().map(|(name, _)| name.as_str()).collect();
            format!("on {}", listed(&names, NAMED_SERVERS))
        }
    }
}

/// Returns a task in words.
pub(super) fn explain(outline: &Outline, callers: &Callers, columns: Option<usize>) -> String {
    let mut words = Words {
        text: String::new(),
        columns: columns.unwrap_or(COLUMNS),
    };
    words.line(0, &format!("{}, defined in {}", outline.task, at(&outline.origin)));
    let room = words.columns.saturating_sub(2).max(LEAST_COLUMNS);
    for line in outline.description.iter().flat_map(|text| paragraphs(text, room)) {
        words.line(2, &line);
    }
    words.blank();
    words.line(0, &servers(outline));
    for (name, value) in &outline.options {
        words.line(0, &meaning(name, value));
    }
    if outline.steps.is_empty() {
        words.line(0, "It runs no command, as far as its text says.");
    } else {
        words.blank();
        words.line(0, "What it does, in this order:");
        words.steps(2, "", &outline.steps, &outline.origin.file);
    }
    if !outline.reads.is_empty() {
        words.blank();
        words.line(0, "The variables that it reads:");
        for variable in &outline.reads {
            words.line(2, &format!("{}  {}", variable.name, set_by(variable)));
        }
    }
    words.blank();
    if callers.is_empty() {
        words.line(0, "No other task leads to it.");
    } else {
        words.line(0, "What leads to it:");
        for (link, name) in callers {
            let how = match link {
                Link::Calls => "calls it",
                Link::Before => "has it as a hook before",
                Link::After => "has it as a hook after",
            };
            words.line(2, &format!("{name} {how}"));
        }
    }
    words.text
}

fn servers(outline: &Outline) -> String {
    let addressed = &outline.addressed;
    let conditions = Some(&addressed.conditions).filter(|conditions| !conditions.is_empty());
    let all: Vec<&str> = conditions
        .into_iter()
        .chain(&addressed.filters)
        .map(String::as_str)
        .collect();
    let place = place(addressed);
    let runs_nowhere = match &addressed.servers {
        Servers::Wrong(_) => true,
        Servers::Found(servers) => servers.is_empty(),
    };
    match all.as_slice() {
        all if runs_nowhere => match (&addressed.servers, all) {
            (Servers::Wrong(reason), _) => format!("Its commands run on no server: {reason}."),
            (Servers::Found(_), []) => "Its commands run on no server: the recipe names none.".to_owned(),
            (Servers::Found(_), all) => format!("Its commands run on no server: none matches {}.", all.join("; ")),
        },
        [] => format!("Its commands run {place}: all servers."),
        all => format!("Its commands run {place}: the servers that match {}.", all.join("; ")),
    }
}

fn meaning(name: &str, value: &str) -> String {
    match name {
        "lock" => "It takes the lock of its servers first, and holds it to the end of the run.".to_owned(),
        "confirm" => match value {
            "true" => "A person is asked first whether it is to run; -y says yes.".to_owned(),
            question => format!("A person is asked first: {question} -y says yes."),
        },
        "word" => format!("The word behind its name on the command line becomes {value} of its environment."),
        "arguments" => {
            format!("The words in brackets behind its name on the command line become {value} of its environment.")
        }
        "dir" => format!("Its commands run in {value}."),
        "pty" => format!("Its commands have a terminal: {value}."),
        "timeout" => format!("Each of its commands is ended after {value}."),
        _ => format!("{name}: {value}"),
    }
}

fn set_by(variable: &ReadVariable) -> String {
    match &variable.setting {
        Some(set) => setting(set),
        None => "set nowhere".to_owned(),
    }
}

fn at(origin: &Origin) -> String {
    match origin.line {
        0 => "capr".to_owned(),
        line => format!("{}:{line}", origin.file),
    }
}

/// Words that are filled into lines.
struct Words {
    text: String,
    columns: usize,
}

impl Words {
    fn blank(&mut self) {
        self.text.push('\n');
    }

    fn line(&mut self, indent: usize, line: &str) {
        let room = self.columns.saturating_sub(indent).max(LEAST_COLUMNS);
        for (at, part) in wrap(line, room).iter().enumerate() {
            let more = if at == 0 { 0 } else { 2 };
            self.text.push_str(&format!("{}{part}\n", " ".repeat(indent + more)));
        }
    }

    /// Adds steps with their numbers; `file` is the file of the task.
    fn steps(&mut self, indent: usize, before: &str, steps: &[TaskStep], file: &str) {
        for (at, step) in steps.iter().enumerate() {
            let number = format!("{before}{}", at + 1);
            let place = step.origin.as_ref().map(|origin| match *origin.file == *file {
                true => format!(" (line {})", origin.line),
                false => format!(" ({})", self::at(origin)),
            });
            let line = format!("{number}. {}{}", told(step), place.unwrap_or_default());
            self.line(indent, &line);
            let inside = match &step.act {
                // The steps of another task are in its own explanation.
                Act::Task(_) => &[],
                Act::Hook(_) if matches!(step.steps.as_slice(), [TaskStep { act: Act::Task(_), .. }]) => &[],
                _ => step.steps.as_slice(),
            };
            self.steps(indent + 2, &format!("{number}."), inside, file);
        }
    }
}

/// Returns a step in words.
fn told(step: &TaskStep) -> String {
    match &step.act {
        Act::Task(outline) => format!("runs the task {}", of_task(outline)),
        Act::Hook(event) => {
            let when = match *event {
                "before" => "before all else",
                "after" => "behind all else, where nothing failed",
                "start" => "first, where the command line names the task",
                "finish" => "last, where the command line names the task",
                other => other,
            };
            match step.steps.as_slice() {
                [
                    TaskStep {
                        act: Act::Task(outline),
                        ..
                    },
                ] => format!("{when}: runs the task {}", of_task(outline)),
                _ => format!("{when}, a block:"),
            }
        }
        Act::Command {
            verb,
            text,
            is_local,
            addressed,
        } => {
            let text = first_line(text);
            let place = match addressed {
                Some(addressed) => format!(", {} alone", place(addressed)),
                None => String::new(),
            };
            match (*verb, *is_local) {
                ("abort", _) => format!("ends with an error: {text}"),
                ("invoke", _) => format!("runs the task whose name is {text}"),
                ("ask" | "choose" | "password_prompt", _) => format!("asks you: {text}"),
                (_, true) => format!("on this machine: {text}"),
                ("run" | "execute" | "invoke_command", _) => format!("runs: {text}{place}"),
                ("sudo" | "try_sudo", _) => format!("runs with sudo: {text}{place}"),
                ("capture" | "capture_all", _) => format!("reads the output of: {text}{place}"),
                ("test", _) => format!("tests: {text}{place}"),
                ("stream", _) => format!("shows the output of: {text}{place}"),
                (verb, _) => format!("{verb} {text}{place}"),
            }
        }
        Act::Block { verb, text, addressed } => match *verb {
            "transaction" => "a transaction: where one of these fails, what was done is undone:".to_owned(),
            "on_rollback" => "to undo it, should a later step fail:".to_owned(),
            "parallel" => "these at the same time:".to_owned(),
            "rolling" => format!("on some servers after the others {text}:"),
            "on" => match addressed {
                Some(addressed) => format!("for each of the servers {text}, {}:", place(addressed)),
                None => format!("for each of the servers {text}:"),
            },
            verb => format!("{verb} {text}:"),
        },
        Act::Under(line) => format!("{line}:"),
    }
}

/// Returns one JSON object per line for each task.
pub(super) fn tree_json(outlines: &[Outline], json: &Json) -> String {
    outlines
        .iter()
        .map(|outline| json.line(&Line::new("tree", outline)))
        .collect()
}

/// Returns a task and the tasks that lead to it.
pub(super) fn explain_json(outline: &Outline, callers: &Callers, json: &Json) -> String {
    let callers = callers.iter().map(|(link, task)| Caller {
        task,
        link: match link {
            Link::Calls => "calls",
            Link::Before => "before",
            Link::After => "after",
        },
    });
    json.line(&Explained {
        outline: Line::new("explanation", outline),
        callers: callers.collect(),
    })
}

#[derive(Serialize)]
struct Explained<'a> {
    #[serde(flatten)]
    outline: Line<'a>,
    callers: Vec<Caller<'a>>,
}

#[derive(Serialize)]
struct Caller<'a> {
    task: &'a str,
    link: &'static str,
}

/// A task in JSON.
#[derive(Serialize)]
struct Line<'a> {
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    task: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(flatten)]
    origin: &'a Origin,
    library: bool,
    #[serde(flatten)]
    place: Place<'a>,
    options: Options<'a>,
    reads: Vec<&'a str>,
    again: bool,
    steps: Vec<Told<'a>>,
}

/// Options as an object.
struct Options<'a>(&'a [(&'static str, String)]);

impl Serialize for Options<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

#[derive(Serialize)]
struct Place<'a> {
    conditions: &'a str,
    filters: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    failed: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    servers: Option<Vec<&'a str>>,
}

impl<'a> Place<'a> {
    fn of(addressed: &'a Addressed) -> Self {
        let (failed, servers) = match &addressed.servers {
            Servers::Wrong(reason) => (Some(reason.as_str()), None),
            Servers::Found(servers) => (None, Some(servers.iter().map(|(name, _)| name.as_str()).collect())),
        };
        Self {
            conditions: &addressed.conditions,
            filters: &addressed.filters,
            failed,
            servers,
        }
    }
}

/// A step in JSON.
#[derive(Serialize)]
struct Told<'a> {
    /// `task`, `before`, `after`, a verb, or `under`.
    step: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(flatten)]
    origin: Option<&'a Origin>,
    #[serde(skip_serializing_if = "Option::is_none")]
    local: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    on: Option<Place<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    task: Option<Box<Line<'a>>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    steps: Vec<Self>,
}

impl<'a> Line<'a> {
    fn new(kind: &'static str, outline: &'a Outline) -> Self {
        Self {
            kind: Some(kind),
            ..Self::of(outline)
        }
    }

    fn of(outline: &'a Outline) -> Self {
        Self {
            kind: None,
            task: &outline.task,
            description: outline.description.as_deref(),
            origin: &outline.origin,
            library: outline.is_of_library,
            place: Place::of(&outline.addressed),
            options: Options(&outline.options),
            reads: outline.reads.iter().map(|variable| variable.name.as_str()).collect(),
            again: outline.is_again,
            steps: outline.steps.iter().map(Told::of).collect(),
        }
    }
}

impl<'a> Told<'a> {
    fn of(step: &'a TaskStep) -> Self {
        let mut told = Self {
            step: "task",
            text: None,
            origin: step.origin.as_ref(),
            local: None,
            on: None,
            task: None,
            steps: step.steps.iter().map(Told::of).collect(),
        };
        match &step.act {
            Act::Task(outline) => told.task = Some(Box::new(Line::of(outline))),
            Act::Hook(event) => told.step = event,
            Act::Command {
                verb,
                text,
                is_local,
                addressed,
            } => {
                told.step = verb;
                told.text = Some(text);
                told.local = Some(*is_local);
                told.on = addressed.as_ref().map(Place::of);
            }
            Act::Block { verb, text, addressed } => {
                told.step = verb;
                told.on = addressed.as_ref().map(Place::of);
                told.text = Some(text.as_str()).filter(|text| !text.is_empty());
            }
            Act::Under(line) => {
                told.step = "under";
                told.text = Some(line);
            }
        }
        told
    }
}
