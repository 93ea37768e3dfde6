//! The record of a run in the trace-event format, which Perfetto and chrome://tracing open: a row for the tasks, and one for each
//! server.

use std::collections::{BTreeMap, HashMap};

use indexmap::IndexMap;
use serde::Serialize;

use super::{Part, RunRecord};
use crate::event::worded;
use crate::sort;

/// A trace.
#[derive(Serialize)]
struct Trace<'a> {
    #[serde(rename = "traceEvents")]
    events: Vec<Event<'a>>,
    #[serde(rename = "displayTimeUnit")]
    unit: &'static str,
    #[serde(rename = "otherData")]
    other: BTreeMap<&'static str, &'a str>,
}

/// One event: `X` has a beginning and a duration, `i` is a moment, `M` names a row. Times are microseconds.
#[derive(Serialize)]
struct Event<'a> {
    name: String,
    cat: &'static str,
    ph: &'static str,
    ts: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    dur: Option<u64>,
    pid: u32,
    tid: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    s: Option<&'static str>,
    args: BTreeMap<&'static str, Value<'a>>,
}

/// An argument of an event.
#[derive(Serialize)]
#[serde(untagged)]
enum Value<'a> {
    Text(&'a str),
    Number(usize),
    Truth(bool),
}

/// The process that all rows belong to.
const PROCESS: u32 = 1;
/// The row of the tasks; those of the servers follow.
const TASKS: usize = 1;

/// Returns the whole trace as JSON.
pub(super) fn trace(record: &RunRecord) -> String {
    let rows = Rows::of(record);
    let mut events = vec![row("process_name", 0, "capr"), row("thread_name", TASKS, "tasks")];
    let named = rows
        .servers
        .iter()
        .flat_map(|(server, lanes)| lanes.iter().map(move |lane| (server, *lane)));
    events.extend(named.map(|(server, tid)| row("thread_name", tid, server)));
    let since = |at: u64| at.saturating_sub(record.begin) * 1000;
    let until = |begin: u64, end: Option<u64>| Some(end.unwrap_or(record.end).saturating_sub(begin) * 1000);
    let base = |name: String, cat, ts, dur, tid| Event {
        name,
        cat,
        ph: "X",
        ts,
        dur,
        pid: PROCESS,
        tid,
        s: None,
        args: BTreeMap::new(),
    };
    for task in &record.tasks {
        let mut event = base(
            task.name.clone(),
            "task",
            since(task.begin),
            until(task.begin, task.end),
            TASKS,
        );
        event.args.extend(task.ok.map(|ok| ("ok", Value::Truth(ok))));
        events.push(event);
    }
    for (number, action) in record.actions.iter().enumerate() {
        let first = action.command.lines().next().unwrap_or_default();
        let task = action.task.and_then(|task| record.tasks.get(task));
        for (place, part) in action.servers.iter().enumerate() {
            let tid = rows.places.get(&(number, place)).copied().unwrap_or(TASKS);
            let name = worded(&action.verb, first);
            let mut event = base(name, "command", since(part.begin), until(part.begin, part.end), tid);
            event.args.insert("command", Value::Text(&action.command));
            event.args.extend(task.map(|task| ("task", Value::Text(&task.name))));
            event.args.insert("failed", Value::Truth(part.failed));
            event
                .args
                .insert("lines", Value::Number(part.lines.len() + part.last.len()));
            if !part.said.is_empty() {
                event.args.insert("ended", Value::Text(&part.said));
            }
            events.push(event);
        }
    }
    for remark in record
        .remarks
        .iter()
        .filter(|remark| matches!(remark.kind.as_str(), "important" | "rollback"))
    {
        let mut event = base(remark.text.clone(), "message", since(remark.at), None, TASKS);
        (event.ph, event.s) = ("i", Some("p"));
        events.push(event);
    }
    let trace = Trace {
        events,
        unit: "ms",
        other: [("capr", record.capr.as_str()), ("run", record.run.as_str())].into(),
    };
    // The keys of all maps are strings, and this writer cannot fail.
    serde_json::to_string(&trace).unwrap_or_default() + "\n"
}

/// The rows of the servers. Commands that run on one server at the same time (`parallel`) have rows of their own, since events in
/// one row must follow each other or lie one within the other.
struct Rows<'a> {
    /// The rows of each server.
    servers: IndexMap<&'a str, Vec<usize>>,
    /// The row of each part of each action.
    places: HashMap<(usize, usize), usize>,
}

impl<'a> Rows<'a> {
    fn of(record: &'a RunRecord) -> Self {
        let mut parts: Vec<(u64, usize, usize, &Part)> = Vec::new();
        for (number, action) in record.actions.iter().enumerate() {
            let servers = action.servers.iter().enumerate();
            parts.extend(servers.map(|(place, part)| (part.begin, number, place, part)));
        }
        sort::by_key(&mut parts, |(begin, number, place, _)| (*begin, *number, *place));
        let mut lanes: IndexMap<&str, Vec<u64>> = IndexMap::new();
        let mut chosen = Vec::new();
        for (begin, number, place, part) in parts {
            let end = part.end.unwrap_or(record.end).max(begin);
            let of_server = lanes.entry(part.server.as_str()).or_default();
            let lane = match of_server.iter().position(|last| *last <= begin) {
                Some(lane) => lane,
                None => {
                    of_server.push(0);
                    of_server.len() - 1
                }
            };
            of_server.iter_mut().skip(lane).take(1).for_each(|last| *last = end);
            chosen.push(((number, place), (part.server.as_str(), lane)));
        }
        let mut next = TASKS;
        let mut servers: IndexMap<&str, Vec<usize>> = IndexMap::new();
        for (server, ends) in lanes {
            let first = next + 1;
            next += ends.len();
            servers.insert(server, (first..=next).collect());
        }
        let place =
            |(key, (server, lane)): ((usize, usize), (&str, usize))| Some((key, *servers.get(server)?.get(lane)?));
        let places = chosen.into_iter().filter_map(place).collect();
        Self { servers, places }
    }
}

/// Returns the name of a row, or of the process.
fn row<'a>(kind: &str, tid: usize, name: &'a str) -> Event<'a> {
    Event {
        name: kind.to_owned(),
        cat: "__metadata",
        ph: "M",
        ts: 0,
        dur: None,
        pid: PROCESS,
        tid,
        s: None,
        args: [("name", Value::Text(name))].into(),
    }
}
